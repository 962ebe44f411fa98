"""What must hold of a module after every stage: names before use, axes agree, calls fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from codegen.program.extents import dims_in
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Chain,
    Choose,
    Dot,
    Fold,
    For,
    Join,
    Load,
    Map,
    Matrix,
    Pick,
    Reduce,
    Reshape,
    Span,
    Spread,
    Take,
    When,
    Window,
    Zeros,
)
from codegen.program.operands import Call, Entry, Own, Variable
from codegen.program.procedures import (
    Check,
    Compute,
    Convert,
    Counter,
    EachParameter,
    Extent,
    IfGiven,
    Instruction,
    Let,
    Measure,
    Module,
    Overall,
    Procedure,
    Put,
    Return,
    Sample,
    SetExtent,
    Unpack,
    Update,
)
from codegen.program.walk import ARRAYS, arrays_in, operands_in, read_in
from derive.ir.notation import Affine, Axis
from derive.ir.tree import affine_axes
from derive.ir.wellformed import Malformed


def check_module(module: Module) -> None:
    """Raise `Malformed` where something doesn't hold."""
    callable_ = {p.name: p for p in module.procedures}
    if len(callable_) < len(module.procedures):
        raise Malformed(f"{module.name}: two procedures of one name")
    given = {t.name for t in module.tensors if t.role in ("constant", "mode", "hyperparameter")}
    for procedure in module.procedures:
        _Check(procedure, callable_, set(given)).run()


@dataclass
class _Check:
    """What is known at a place in a procedure."""

    procedure: Procedure
    callable_: dict[str, Procedure]
    tensors: set[str]
    names: set[str] = field(default_factory=set)
    dims: set[str] = field(default_factory=set)
    letters: set[Axis] = field(default_factory=set)

    def run(self) -> None:
        for argument in self.procedure.arguments:
            self._define(argument.what)
        self.tensors |= {name for name, _ in self.procedure.places}
        ends = [isinstance(i, Return) for i in self.procedure.body]
        self._demand(any(ends), "it gives nothing back")
        self._demand(not any(ends[:-1]), "something follows a return")
        self._all(self.procedure.body)

    def _all(self, body: Iterable[Instruction]) -> None:
        for one in body:
            self._reads(one)
            self._inside(one)
            self._defines(one)

    def _demand(self, condition: bool, complaint: str) -> None:
        if not condition:
            raise Malformed(f"{self.procedure.name}: {complaint}")

    # names

    def _define(self, what: Variable | Own | Extent) -> None:
        match what:
            case Variable(tensor):
                self.tensors.add(tensor)
            case Own(name):
                self.names.add(name)
            case Extent(dim):
                self.dims.add(dim)

    def _reads(self, one: Instruction) -> None:
        if isinstance(one, Compute):
            return  # equations have a check of their own
        for name in sorted(read_in(one) - self.tensors):
            self._demand(False, f"{name} is read before it is there")
        for dim in sorted(dims_in(one) - self.dims):
            self._demand(False, f"the extent {dim} is asked for before it is measured")
        for operand in operands_in(one):
            match operand:
                case Own(name) | Entry(name, _):
                    self._demand(name in self.names, f"{name} is no name yet")
                case Call():
                    self._call(operand)
                case _:
                    pass
        match one:
            case Unpack(of=name) | Put(of=name) | Update(of=name):
                self._demand(name in self.names, f"{name} is no name yet")
            case Call():
                self._call(one)
            case _:
                pass
        for array in arrays_in(one):
            complaint = _complaint(array)
            self._demand(not complaint, complaint)
            for letter in _walked(array):
                self._demand(letter in self.letters, f"{letter.letter} is no loop's letter")

    def _call(self, call: Call) -> None:
        called = self.callable_.get(call.procedure)
        self._demand(called is not None, f"there is no {call.procedure}")
        assert called is not None
        needed = [a for a in called.arguments if a.default is None]
        count = len(call.arguments)
        fits = len(needed) <= count <= len(called.arguments)
        self._demand(fits, f"{call.procedure} takes other arguments")

    def _inside(self, one: Instruction) -> None:
        match one:
            case For(letter, _, body):
                self.letters.add(letter)
                self._all(body)
                self.letters.discard(letter)
            case When(_, body) | IfGiven(_, body):
                self._all(body)
            case Assign() | AddAt():
                complaint = _misplaced(one)
                self._demand(not complaint, complaint)
            case _:
                pass

    def _defines(self, one: Instruction) -> None:
        match one:
            case Assign(tensor=tensor) | Zeros(tensor=tensor) | Check(tensor=tensor):
                self.tensors.add(tensor)
            case Convert(tensor=tensor) | Sample(tensor=tensor) | Overall(name=tensor):
                self.tensors.add(tensor)
            case Compute(equations):
                self.tensors |= {e.tensor for e in equations}
            case Unpack(_, rows):
                self.tensors |= {tensor for tensor, _ in rows}
            case Measure(dim=dim) | SetExtent(dim=dim):
                self.dims.add(dim)
            case Counter(axis):
                self.letters.add(axis)
            case Call(results=results):
                for result in results:
                    self._define(result)
            case Let(name):
                self.names.add(name)
            case EachParameter():
                pass
            case _:
                pass


def _walked(array: Array) -> list[Axis]:
    """The letters of loops that a slice asks for."""
    if not isinstance(array, Load):
        return []
    return [a for value in _of_picks(array.picks) for a in affine_axes(value)]


def _of_picks(picks: Iterable[Pick]) -> list[Affine]:
    result: list[Affine] = []
    for pick in picks:
        match pick:
            case At(place):
                result.append(place)
            case Span(start, stop):
                result += [start] if stop is None else [start, stop]
            case _:
                pass
    return result


def _misplaced(one: Assign | AddAt) -> str:
    """What is wrong with where a value goes."""
    axes = one.axes if isinstance(one, Assign) else (*one.index_axes, *one.axes)
    if not set(one.value.axes) <= set(axes):
        return f"a value with an axis that {one.tensor} hasn't"
    if isinstance(one, Assign) and one.picks is not None:
        free = sum(not isinstance(p, At) for p in one.picks)
        return "" if free == len(one.axes) else f"{free} axes of {one.tensor} are free"
    return ""


def _complaint(array: Array) -> str:
    """What is wrong with the axes of an array, if something is."""
    what = type(array).__name__
    if len(set(array.axes)) < len(array.axes):
        return f"{what} with one axis twice"
    return "" if _agrees(array) else f"the axes of {what} disagree with those of its parts"


def _agrees(array: Array) -> bool:
    own = set(array.axes)
    inside = {a for part in ARRAYS.children(array) for a in part.axes}
    match array:
        case Map() | Choose() | Join() | Spread():
            return inside <= own and (not isinstance(array, Map) or inside == own)
        case Reduce(_, of, letters, axes):
            kept = tuple(a for a in of.axes if a not in letters)
            return set(letters) <= set(of.axes) and kept == axes
        case Matrix(_, of, letters, _):
            return set(letters) <= set(of.axes) and len(letters) == 2
        case Dot(left, right, _):
            return own <= {*left.axes, *right.axes}
        case Chain(parts, axes):
            return len(axes) == 2 and all(len(p.axes) == 2 for p in parts)
        case Window(runs=runs):
            return {a for _, a, _ in runs} <= own
        case Fold(of=of, runs=runs):
            return {a for _, a, _ in runs} <= set(of.axes)
        case Take(indices=indices):
            count = len({a for i in indices for a in i.axes})
            return {a for i in indices for a in i.axes} == set(array.axes[:count])
        case Load(picks=picks):
            return len(array.axes) <= sum(not isinstance(p, At) for p in picks)
        case Reshape(shape=shape):
            return len(array.axes) <= len(shape)
        case _:
            return True
