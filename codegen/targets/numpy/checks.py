"""Arguments made arrays of the right shape, and random tensors: lines at the head of a function."""

from __future__ import annotations

from codegen.program.procedures import Check, Sample
from codegen.python_module.line_breaking import wrap
from codegen.targets.numpy.printer import Printer
from derive.ir.runtime_extents import dims_of_extent
from derive.ir.system import Draw


def check_lines(one: Check, printer: Printer, source: str, indent: str) -> list[str]:
    """An argument that comes from `source`, checked."""
    name = printer.names.tensor(one.tensor)
    asked = f'"{one.label}", {_shape(one, printer)}'
    if not one.places:
        return wrap(f"{indent}{name} = ", f"{helper_of(one)}({source}, {asked})", indent)
    lines: list[str] = []
    for row in one.places:
        besides = [printer.entries([str(b) for b in row.besides])] if row.besides else []
        more = ", ".join([asked, printer.index(row.extent), *besides])
        lines += wrap(f"{indent}{name} = ", f"{helper_of(one)}({source}, {more})", indent)
        source = name
    return lines


def helper_of(one: Check) -> str:
    """The function that checks an argument."""
    return "_places" if one.places else "_integers" if one.integer else "_array"


def _shape(one: Check, printer: Printer) -> str:
    """The extents of an argument; those that it brings itself are letters."""
    extents = []
    for extent in one.shape:
        code = printer.index(extent)
        extents.append(code if dims_of_extent(extent) <= one.known else f'"{code}"')
    return printer.entries(extents)


def sample_lines(one: Sample, printer: Printer, indent: str) -> list[str]:
    """The statements that give a random tensor its values."""
    shape = printer.entries([printer.index(e) for e in one.shape])
    sample, mean = _draw_code(one.draw, shape)
    variable = printer.names.tensor(one.tensor)
    full = f"np.full({shape}, {mean}, dtype={printer.dtype})"
    return [
        *wrap(f"{indent}{variable} = ", full, indent),
        f"{indent}if training:",
        *wrap(f"{indent}    {variable} = ", f"({sample}).astype({printer.dtype})", f"{indent}    "),
    ]


def _draw_code(draw: Draw, shape: str) -> tuple[str, str]:
    attributes = dict(draw.attributes)
    if draw.distribution == "bernoulli":
        return f"rng.random({shape}) < {draw.mean!r}", repr(draw.mean)
    if draw.distribution == "uniform":
        low, high = attributes.get("low", 0.0), attributes.get("high", 1.0)
        return f"rng.uniform({low!r}, {high!r}, {shape})", repr(draw.mean)
    std = attributes.get("std", 1.0)
    return f"rng.normal({draw.mean!r}, {std!r}, {shape})", repr(draw.mean)
