"""What stands at the head of a procedure: parameters unpacked, arguments checked and measured.

Every extent is measured and every array converted here; what is of no use is left out by a pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from codegen.module.context import Context, read_by
from codegen.module.input_limits import Bounds
from codegen.program.operands import Entry, Variable
from codegen.program.procedures import (
    AtMost,
    Check,
    Convert,
    FreshGenerator,
    Instruction,
    Measure,
    NotEmpty,
    NotNegative,
    Sample,
    Unpack,
)
from derive.ir.notation import Dim, Equation, Tensor, affine
from derive.ir.runtime_extents import dims_of, dims_of_extent


def unpacked(context: Context, equations: Iterable[Equation]) -> list[Instruction]:
    """The parameters and buffers that equations read."""
    read = read_by(equations)
    rows = tuple((t.name, t.name) for t in context.stored if t.name in read)
    return [Unpack("params", rows)] if rows else []


def checked(
    bounds: Bounds,
    tensors: Sequence[Tensor],
    known: Sequence[Tensor] = (),
    sources: Mapping[str, tuple[Entry, str]] | None = None,
) -> list[Instruction]:
    """Arguments as arrays whose shapes are right, and the run-time extents that they bring.

    The shapes of `known` ones are right. `sources` has where a tensor comes from and what it is
    called, for one that is no argument.
    """
    bound = dims_of(known)
    result: list[Instruction] = []
    for tensor in tensors:
        new = dims_of([tensor]) - bound
        own = Variable(tensor.name), tensor.name
        source, label = (sources or {}).get(tensor.name, own)
        places = tuple(p for p in bounds.places if p.tensor == tensor.name)
        result.append(
            Check(
                tensor.name, label, source, tensor.shape, frozenset(bound), tensor.integer, places
            )
        )
        result += measured(sorted(new), [tensor])
        result += _refused(bounds, tensor, bound, new)
        bound |= new
    return result


def _refused(
    bounds: Bounds, tensor: Tensor, known: Collection[str], new: Collection[str]
) -> list[Instruction]:
    """What refuses an argument that is too long, or weights below 0."""
    result: list[Instruction] = []
    for extent, most in bounds.longest:
        dims = dims_of_extent(extent)
        if dims <= {*known, *new} and not dims <= set(known):
            result.append(AtMost(extent, most))
    if tensor.name == bounds.weight:
        result.append(NotNegative(tensor.name))
    return result


def not_empty(context: Context) -> list[Instruction]:
    """What refuses a batch of no rows."""
    batch = context.system.batch
    return [NotEmpty(batch)] if batch in dims_of(context.data) else []


def over_batch(context: Context, equations: Iterable[Equation]) -> bool:
    """Whether some value is made of all rows of the batch."""
    batch = affine(Dim(context.system.batch or ""))
    terms = [term for equation in equations for term in equation.terms]
    return any(axis.extent == batch for term in terms for axis in term.reduced)


def measured(dims: Iterable[str], tensors: Sequence[Tensor]) -> list[Instruction]:
    """Run-time extents, each read off the first array that has an axis of just this extent."""
    result: list[Instruction] = []
    for dim in dims:
        for tensor in tensors:
            places = [k for k, e in enumerate(tensor.shape) if e == affine(Dim(dim))]
            if places:
                result.append(Measure(dim, tensor.name, places[0]))
                break
    return result


def converted(tensors: Iterable[Tensor]) -> list[Instruction]:
    """Arguments, whose shapes are right, as arrays of the module's kind."""
    return [Convert(t.name, t.integer) for t in tensors]


def drawn(context: Context) -> list[Instruction]:
    """The random tensors."""
    table = context.derivation.table
    return [Sample(name, table[name].shape, draw) for name, draw in context.draws.items()]


def generator(context: Context) -> list[Instruction]:
    """A generator of random numbers, where some are drawn."""
    return [FreshGenerator()] if context.draws else []
