"""What a loop walks lies with that axis first: a step then reads and writes one block of memory.

With the batch first a step's rows lie as far apart as a whole sequence is long, and a product over
all steps has to gather them before it can multiply. What others are handed keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from codegen.passes.axis_order import Orders, lies, turned, turned_entries
from codegen.program.nodes import (
    AddAt,
    Assign,
    At,
    Fold,
    For,
    Load,
    Pick,
    Reshape,
    Spread,
    Take,
    When,
    Window,
    Zeros,
)
from codegen.program.operands import Call, Operand, Result, Variable
from codegen.program.procedures import (
    EachParameter,
    IfGiven,
    Instruction,
    Module,
    Overall,
    Procedure,
    Return,
)
from codegen.program.walk import ARRAYS, arrays_in, instructions, operands_in, with_arrays
from derive.ir.notation import Axis
from derive.ir.tree import affine_axes

_NOTE = "what a loop walks has that axis first"


def walked_first(module: Module) -> Module:
    """The module with the tensors of its loops turned, wherever they are named."""
    orders = _orders(module)
    if not orders:
        return module
    return replace(
        module,
        tensors=tuple(
            replace(t, shape=turned_entries(t.shape, orders[t.name])) if t.name in orders else t
            for t in module.tensors
        ),
        procedures=tuple(_procedure(p, orders) for p in module.procedures),
    )


def _procedure(procedure: Procedure, orders: Orders) -> Procedure:
    own = _own(procedure)
    here = {name: order for name, order in orders.items() if name not in own}
    body = [_instruction(one, here) for one in procedure.body]
    for k, one in enumerate(body):
        if isinstance(one, Zeros) and one.tensor in here and not one.note:
            body[k] = replace(one, note=_NOTE)
            break
    return replace(procedure, body=tuple(body))


def _instruction(one: Instruction, orders: Orders) -> Instruction:
    match one:
        case For(body=body) | When(body=body):
            inner = tuple(_instruction(s, orders) for s in body)
            return replace(one, body=inner)  # type: ignore[arg-type]
        case IfGiven(body=body):
            return replace(one, body=tuple(_instruction(s, orders) for s in body))
        case Zeros(tensor, shape) if tensor in orders:
            return replace(one, shape=turned_entries(shape, orders[tensor]))
        case Assign(tensor, picks, _, value, axes):
            if tensor not in orders:
                return replace(one, value=turned(value, orders, None))
            order = orders[tensor]
            if picks is None:
                own = turned_entries(axes, order)
            else:
                free = iter(axes)
                named = [None if isinstance(p, At) else next(free) for p in picks]
                own = tuple(a for a in turned_entries(tuple(named), order) if a is not None)
                picks = turned_entries(picks, order)
            return replace(one, picks=picks, axes=own, value=turned(value, orders, own))
        case Overall() | EachParameter():
            return one  # its names stand for tensors of any parameter
        case _:
            return with_arrays(one, lambda _, array: turned(array, orders, None))


# ---- which tensors, and how ----------------------------------------------------------------------


def _orders(module: Module) -> dict[str, tuple[int, ...]]:
    """How the axes of each tensor that loops walk are to lie, where that isn't how they lie."""
    seen = _Seen({}, set())
    for procedure in module.procedures:
        own = _own(procedure)
        seen.fixed.update(own & {t for i in procedure.body for t in _results(i)})
        seen.fixed.update(name for name, _ in procedure.places)
        _look(procedure.body, (), own, seen)
    fixed = seen.fixed | _handed_out(module) | _given(module)
    result: dict[str, tuple[int, ...]] = {}
    for name, walks in seen.walks.items():
        if name in fixed or len(walks) > 1:
            continue
        (first,) = walks
        rank = len(next(t for t in module.tensors if t.name == name).shape)
        order = (*first, *(k for k in range(rank) if k not in first))
        if order != tuple(range(rank)):
            result[name] = order
    wholes = [
        one
        for procedure in module.procedures
        for one in _inside(procedure.body)
        if isinstance(one, Assign) and one.picks is None and one.tensor not in _own(procedure)
    ]
    while True:
        # without one, what is made of it may not lie so either
        left = {one.tensor for one in wholes if not _made_so(one, result)}
        if not left & set(result):
            return result
        result = {name: order for name, order in result.items() if name not in left}


def _made_so(one: Assign, orders: Orders) -> bool:
    """Whether a tensor's array is made in the order in which it is to lie."""
    if one.tensor not in orders:
        return True
    wanted = turned_entries(one.axes, orders[one.tensor])
    copied = one.own and isinstance(one.value, Load | Spread)
    return copied or lies(turned(one.value, orders, wanted), wanted)


@dataclass
class _Seen:
    """By tensor, the positions that loops walk, outer loops first; and what can't be turned."""

    walks: dict[str, set[tuple[int, ...]]]
    fixed: set[str]


def _look(body: Iterable[Instruction], loops: tuple[Axis, ...], own: set[str], seen: _Seen) -> None:
    for one in body:
        for tensor, picks in _places(one):
            if tensor in own:
                continue
            walks = tuple(
                k
                for letter in loops
                for k, p in enumerate(picks)
                if isinstance(p, At) and letter in affine_axes(p.place)
            )
            if walks:
                seen.walks.setdefault(tensor, set()).add(walks)
        for array in arrays_in(one):
            # a place among an array's axes is counted there, or it stands for all of them
            counted = isinstance(array, Window | Fold | Reshape | Take)
            for inside in ARRAYS.walk(array) if counted else (array,):
                if isinstance(inside, Load) and (counted or _partly_named(inside)):
                    seen.fixed.add(inside.tensor)
        match one:
            case For(letter, _, inner):
                _look(inner, (*loops, letter), own, seen)
            case When(_, inner) | IfGiven(_, inner):
                _look(inner, loops, own, seen)
            case AddAt(tensor=tensor):
                seen.fixed.add(tensor)
            case _:
                pass


def _places(one: Instruction) -> Iterator[tuple[str, tuple[Pick, ...]]]:
    if isinstance(one, Assign) and one.picks is not None:
        yield one.tensor, one.picks
    for array in arrays_in(one):
        if isinstance(array, Load):
            yield array.tensor, array.picks


def _inside(body: Iterable[Instruction]) -> Iterator[Instruction]:
    """Every instruction but those of an optimiser's rules, which have names of their own."""
    for one in body:
        yield one
        if isinstance(one, For | When | IfGiven):
            yield from _inside(one.body)


def _own(procedure: Procedure) -> set[str]:
    """The tensors that have another shape here than in the module."""
    return {t.name for t in procedure.tensors}


def _partly_named(array: Load) -> bool:
    return len(array.axes) != sum(not isinstance(p, At) for p in array.picks)


def _results(one: Instruction) -> Iterator[str]:
    if isinstance(one, Call):
        yield from (r.tensor for r in one.results if isinstance(r, Variable))


def _given(module: Module) -> set[str]:
    """The tensors that aren't made by statements alone."""
    made: set[str] = set()
    other: set[str] = set()
    for procedure in module.procedures:
        for one in _inside(procedure.body):
            if isinstance(one, Assign | Zeros):
                made.add(one.tensor)
            elif not isinstance(one, Call):
                named = getattr(one, "tensor", None)
                other |= {named} if isinstance(named, str) else set()
    return ({t.name for t in module.tensors} - made) | other


def _handed_out(module: Module) -> set[str]:
    """The tensors whose arrays a caller of the module sees."""
    result: set[str] = set()
    for procedure in module.procedures:
        own = _own(procedure)
        for one in instructions(procedure.body):
            if isinstance(one, Return) and procedure.name.startswith("_"):
                continue
            operands = list(operands_in(one))
            parts = {id(o.call) for o in operands if isinstance(o, Result)}
            for operand in operands:
                if id(operand) not in parts:
                    result |= _shown(operand, module) - own
    return result


def _shown(operand: Operand, module: Module) -> set[str]:
    returned: Mapping[str, tuple[Operand, ...]] = {
        p.name: i.values for p in module.procedures for i in p.body if isinstance(i, Return)
    }
    match operand:
        case Variable(tensor):
            return {tensor}
        case Result(call, position, first):
            values = returned[call.procedure]
            chosen = values[:first] if position is None else (values[position],)
            return {v.tensor for v in chosen if isinstance(v, Variable)}
        case Call(procedure):
            return {v.tensor for v in returned[procedure] if isinstance(v, Variable)}
        case _:
            return set()
