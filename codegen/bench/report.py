"""What was measured as a table of 80 columns, and as JSON."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Iterable

from codegen.bench.machine import machine_text
from codegen.bench.measure import Measured, Result
from codegen.bench.profile import Share

WIDTH = 80
_NOTE = (
    "Processor time of one thread, the median of rounds in which all take turns. Memory is what "
    "training takes beyond the library, the parameters and the data."
)


def as_text(measured: Measured) -> str:
    """Two tables: the contenders, and the formulas of the NumPy module by their shares."""
    task = measured.task
    sizes = ", ".join(f"{name} = {size}" for name, size in task.extents)
    title = f"{task.derivation.system.name}: a training step{', ' if sizes else ''}{sizes}"
    lines = [f"{title}, {task.dtype}", ""]
    lines += _contenders(measured.results)
    if measured.shares:
        lines += ["", *_formulas(measured.shares)]
    lines += ["", *textwrap.wrap(_NOTE, WIDTH), *textwrap.wrap(machine_text(), WIDTH)]
    return "\n".join(lines) + "\n"


def as_json(measured: Measured) -> str:
    """All of it, times in seconds and memory in bytes."""
    task = measured.task
    content = {
        "model": task.derivation.system.name,
        "extents": dict(task.extents),
        "dtype": task.dtype,
        "rounds": measured.rounds,
        "machine": machine_text(),
        "contenders": [_row(r) for r in measured.results],
        "formulas": [
            {"formula": s.formula, "seconds": s.seconds, "products": s.products}
            for s in measured.shares
        ],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _row(result: Result) -> dict[str, object]:
    if result.missing:
        return {"contender": result.contender, "missing": result.missing}
    losses = [x if math.isfinite(x) else None for x in result.losses]
    return {
        "contender": result.contender,
        "seconds": result.seconds,
        "times": result.times,
        "memory": result.memory,
        "losses": losses,
    }


def _contenders(results: Iterable[Result]) -> list[str]:
    rows = list(results)
    width = max(len(r.contender) for r in rows)
    first = next((r.contender for r in rows if not r.missing), rows[0].contender)
    head = f"{'':{width}}  {'a step':>9}  {f'of {first}':>9}  {'memory':>9}  losses of two steps"
    lines = [head]
    for r in rows:
        start = f"{r.contender:{width}}"
        if r.missing:
            further = " " * (width + 2)
            lines += textwrap.wrap(f"{start}  {r.missing}", WIDTH, subsequent_indent=further)
            continue
        memory = "" if r.memory is None else f"{r.memory / 2**20:.1f} MB"
        losses = " ".join(f"{x:.6g}" for x in r.losses)
        lines.append(f"{start}  {time_text(r.seconds):>9}  {r.times:>9.2f}  {memory:>9}  {losses}")
    return lines


def _formulas(shares: tuple[Share, ...]) -> list[str]:
    total = sum(s.seconds for s in shares)
    products = sum(s.products for s in shares)
    head = f"numpy by formula; bare matrix products are {_percent(products / total)} of the step"
    lines = [head, " share  products"]
    for s in shares:
        in_products = _percent(s.products / total) if s.products else ""
        start = f"{_percent(s.seconds / total):>6}  {in_products:>8}  "
        text = s.formula or "the rest: arguments, checks, calls"
        further = " " * (len(start) + 4)
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=start, subsequent_indent=further, break_on_hyphens=False
        )
    return lines


def time_text(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds / 1e-6:.4g} us"


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %"
