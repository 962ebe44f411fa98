"""Random tensors in emitted functions: drawn in training, their mean otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.targets.numpy.functions.arguments import Writer
from codegen.targets.numpy.line_breaking import wrap
from codegen.targets.numpy.printer import Printer
from derive.ir.system import Draw

FRESH_RNG = "    rng = np.random.default_rng() if rng is None else rng"


def draw_lines(writer: Writer, draws: Mapping[str, Draw]) -> list[str]:
    """The statements that give random tensors their values."""
    lines = []
    for name, draw in draws.items():
        shape = Printer.entries([writer.printer.index(e) for e in writer.table[name].shape])
        if not writer.table[name].shape:
            shape = "()"
        sample, mean = _draw_code(draw, shape)
        variable = writer.names.tensor(name)
        full = f"np.full({shape}, {mean}, dtype=DTYPE)"
        lines += wrap(f"    {variable} = ", full, "    ")
        lines.append("    if training:")
        sample = f"({sample}).astype(DTYPE)"
        lines += wrap(f"        {variable} = ", sample, "        ")
    return lines


def _draw_code(draw: Draw, shape: str) -> tuple[str, str]:
    attributes = dict(draw.attributes)
    if draw.distribution == "bernoulli":
        return f"rng.random({shape}) < {draw.mean!r}", repr(draw.mean)
    if draw.distribution == "uniform":
        low, high = attributes.get("low", 0.0), attributes.get("high", 1.0)
        return f"rng.uniform({low!r}, {high!r}, {shape})", repr(draw.mean)
    std = attributes.get("std", 1.0)
    return f"rng.normal({draw.mean!r}, {std!r}, {shape})", repr(draw.mean)
