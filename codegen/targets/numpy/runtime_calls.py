"""The functions of `runtime` that a module calls."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.program.facts import slides
from codegen.program.nodes import AddAt, Array, Fold, Map, Reduce, Take, Window
from codegen.program.procedures import Check, Module
from codegen.program.walk import arrays_in, instructions
from codegen.python_module.tables import HELPED, OVER
from codegen.targets.numpy.checks import helper_of


def runtime_calls(module: Module) -> set[str]:
    """Their names."""
    return set(_helpers(module))


def _helpers(module: Module) -> Iterator[str]:
    for procedure in module.procedures:
        for one in instructions(procedure.body):
            match one:
                case Check():
                    yield helper_of(one)
                case AddAt(checked=checked, positions=positions):
                    if checked or positions != tuple(range(len(positions))):
                        yield "_add_at"
                case _:
                    pass
            for array in arrays_in(one):
                yield from _helper(array)


def _helper(array: Array) -> Iterator[str]:
    match array:
        case Window():
            yield "_window"
        case Fold():
            yield "_fold"
        case Take(checked=True):
            yield "_take"
        case Reduce(op="logsumexp"):
            yield "_logsumexp"
        case Reduce(op=op) if op in OVER and by_places(array):
            yield "_over"
        case Map(function=function) if function in HELPED:
            yield HELPED[function]
        case _:
            pass


def by_places(array: Reduce) -> bool:
    """Whether a reduction goes over a few places of windows, each a whole array."""
    return len(array.letters) < len(array.of.axes) and slides(array.of, array.letters)
