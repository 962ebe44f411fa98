"""The procedures that go along a sequence place by place: `init_step` and `step`."""

from __future__ import annotations

from codegen.module.arguments import checked, unpacked
from codegen.module.context import PARAMS, STATE, Context, arguments, variables
from codegen.module.forward import shape_text
from codegen.program.operands import Entry, Literal, NoState, Operand, Place, Table, Variable
from codegen.program.procedures import (
    Argument,
    Before,
    Compute,
    Counter,
    Extent,
    Instruction,
    Procedure,
    Return,
    SetExtent,
)
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Tensor
from derive.ir.runtime_extents import equation_dims
from derive.systems.stepping import Stepping


def step_procedures(context: Context) -> list[Procedure]:
    """Both, where the output follows from what is there and from what was before; else none."""
    walk = context.walk
    return [] if walk is None else [_init_step(context, walk), _step(context, walk)]


def _init_step(context: Context, walk: Stepping) -> Procedure:
    """The state before the first place."""
    known = {e.tensor for e in walk.before} | {t.name for t in walk.given}
    rows: list[tuple[str, Operand]] = [
        (k.key, Variable(k.tensor.name) if k.tensor.name in known else _none(k.tensor))
        for k in walk.kept
    ]
    if walk.place:
        rows.append((_place(walk), Literal(0)))
    batch = context.system.batch
    free = [Extent(d, "batch" if d == batch else "") for d in walk.free]
    asked = {d for e in walk.before for d in equation_dims(e)}
    begun = frozenset(k.tensor.name for k in walk.kept if k.begins)
    return Procedure(
        "init_step",
        (
            *arguments([PARAMS], variables(walk.given)),
            *(Argument(extent, Literal(1)) for extent in free),
        ),
        ("The state before the first place of a sequence, for `step`.",),
        (
            *unpacked(context, walk.before),
            *checked(context.bounds, walk.given),
            *(SetExtent(e.dim, e.name) for e in free if e.name and e.dim in asked),
            Compute(walk.before, begun),
            Return((Table(tuple(rows)),)),
        ),
        walk.tensors,
    )


def _step(context: Context, walk: Stepping) -> Procedure:
    """The output at one place, and the state behind it."""
    sources = {k.tensor.name: (Entry("state", k.key), f"state {k.key}") for k in walk.kept}
    body: list[Instruction] = [*unpacked(context, walk.equations)]
    kept = tuple(k.tensor for k in walk.kept)
    body += checked(context.bounds, (*walk.inputs, *kept), sources=sources)
    rows: list[tuple[str, Operand]] = [(k.key, Variable(k.after)) for k in walk.kept]
    if walk.place:
        body.append(Counter(walk.place, Entry("state", _place(walk))))
        length = walk.place.extent.number
        if length is None:
            length = dict(context.bounds.longest).get(walk.place.extent)
        if length is not None:  # what depends on the place is known so far only
            body.append(Before(walk.place, length))
        rows.append((_place(walk), Place(walk.place, 1)))
    fixed = (walk.place,) if walk.place else ()
    begun = frozenset(k.tensor.name for k in walk.kept if k.begins)
    body.append(Compute(walk.equations, begun, fixed))
    body.append(Return((Variable(walk.output), Table(tuple(rows)))))
    (output,) = (t for t in walk.tensors if t.name == walk.output)
    return Procedure(
        "step",
        arguments([PARAMS, STATE], variables(walk.inputs)),
        (
            "One place of a sequence: the output ",
            Variable(output.name),
            *shape_text(output),
            ", and the state for the next one.",
        ),
        tuple(body),
        walk.tensors,
    )


def _none(tensor: Tensor) -> NoState:
    return NoState(tensor.shape, tensor.integer)


def _place(walk: Stepping) -> str:
    """The state's key for the number of the place."""
    return fresh_name({k.key for k in walk.kept}, "place")
