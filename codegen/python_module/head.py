"""The head of an emitted Python module: its docstring, what it is made of."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from codegen.program.procedures import Module
from codegen.python_module.line_breaking import LINE
from derive.ir.notation import Tensor


def doc_lines(module: Module, means: str, stands: str) -> list[str]:
    """The module's docstring: what it is, by which means, and what stands under its formula."""
    clean = "".join(c if c.isprintable() and c not in '"\\' else "'" for c in module.name)
    headline = f"{clean}: forward pass, gradients and training, in {means}."
    lines = [*textwrap.wrap(headline, LINE - 3), ""]
    lines.extend(textwrap.wrap(f"The objective is {module.objective}.", LINE - 4))
    lines.append(f"Derived and written by chainrule; each {stands} under its formula.")
    if module.sources:
        lines.extend(("", "Sources:"))
        for source in module.sources:
            lines.extend(textwrap.wrap(f"* {source}", LINE, subsequent_indent="  "))
    return lines


def dict_lines(title: str, rows: Sequence[tuple[str, object]]) -> list[str]:
    """A dictionary under a name, on one line where it fits."""
    parts = [f'"{name}": {shape}' for name, shape in rows]
    line = f"{title} = {{{', '.join(parts)}}}"
    if len(line) <= LINE:
        return [line]
    return [f"{title} = {{", *(f"    {p}," for p in parts), "}"]


def shapes(tensors: Sequence[Tensor]) -> list[tuple[str, object]]:
    """Tensors of fixed extents, each with its shape."""
    return [(t.name, tuple(e.number for e in t.shape)) for t in tensors]
