"""What a module means: its procedures, run one instruction after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any

import numpy as np

from codegen.program.array_interpreter import Arrays
from codegen.program.nodes import Assign, Statement
from codegen.program.operands import (
    AsNumber,
    Call,
    Entry,
    Literal,
    Memory,
    NoState,
    Operand,
    Own,
    Place,
    Result,
    Table,
    Variable,
    ZerosLike,
)
from codegen.program.procedures import (
    EVERY,
    AtMost,
    Before,
    Check,
    Convert,
    Counter,
    EachParameter,
    Extent,
    FreshGenerator,
    Group,
    IfGiven,
    Instruction,
    Let,
    Measure,
    Module,
    NotEmpty,
    NotNegative,
    Overall,
    Procedure,
    Put,
    Return,
    Sample,
    SetExtent,
    Unpack,
    Update,
)
from derive.ir.names import current_of, next_of
from derive.ir.runtime_extents import dims_of_extent


@dataclass(frozen=True)
class Interpreter:
    """A module that can be called."""

    module: Module

    def call(self, procedure: str, *arguments: Any, **named: Any) -> Any:
        """What a procedure gives back."""
        (result,) = (p for p in self.module.procedures if p.name == procedure)
        return _Frame(self, result, arguments, named).run()


class _Returned(Exception):
    """The end of a procedure, with what it gives back."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Frame:
    """One call of a procedure: what it was given and what it has worked out."""

    def __init__(
        self,
        interpreter: Interpreter,
        procedure: Procedure,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> None:
        self.interpreter = interpreter
        self.own: dict[str, Any] = {}
        self.places = dict(procedure.places)
        module = interpreter.module
        constants = {t.name: float(t.value) for t in module.tensors if t.value is not None}
        self.arrays = Arrays(_Tensors(self, constants))
        self.body = procedure.body
        given = iter(arguments)
        for argument in procedure.arguments:
            default = argument.default.value if argument.default else None
            name = _name_of(argument.what)
            value: Any = named[name] if name in named else next(given, default)
            match argument.what:
                case Variable(tensor):
                    self.arrays.tensors[tensor] = value
                case Own(name):
                    self.own[name] = value
                case Extent(dim):
                    self.arrays.dims[dim] = int(value)
        modes = (t.name for t in module.tensors if t.role == "mode")
        for tensor in modes:
            self.arrays.tensors[tensor] = int(bool(self.own.get("training")))

    def run(self) -> Any:
        """Its instructions, up to a return."""
        try:
            self._all(self.body)
        except _Returned as end:
            return end.value
        return None

    def _all(self, body: Iterable[Instruction]) -> None:
        for one in body:
            self._do(one)

    # operands

    def value(self, operand: Operand) -> Any:
        """The value of an operand."""
        match operand:
            case Variable(tensor):
                return self.arrays.tensors[tensor]
            case Own(name):
                return self.own[name]
            case Literal(value):
                return value
            case Entry(of, key):
                return self.own[of][key]
            case Place(axis, plus):
                return self.arrays.letters[axis] + plus
            case AsNumber(of):
                return float(self.value(of))
            case ZerosLike(like):
                return np.zeros(np.shape(self.value(like)))
            case NoState(shape, integer):
                extents = [self.arrays.integer(e) for e in shape]
                return np.zeros(extents, np.intp if integer else float)
            case Call(procedure, arguments, _, named):
                handed = [self.value(a) for a in arguments]
                more = {name: self.value(a) for name, a in named}
                return self.interpreter.call(procedure, *handed, **more)
            case Result(call, position, first):
                values = self.value(call)
                return values[:first] if position is None else values[position]
            case Table(rows, before):
                table = dict(self.interpreter.module.hyperparameters) if before else {}
                return table | {key: self.value(value) for key, value in rows}
            case Memory():
                return self._memory(operand)

    def _memory(self, memory: Memory) -> dict[str, Any]:
        params = self.own["params"]
        names = [
            b.tensor.name
            for b in self.interpreter.module.beginnings
            if b.tensor.role == "parameter"
        ]
        return {
            name: np.zeros(np.shape(params[name]))
            for name in names
            if (not memory.ranks or np.ndim(params[name]) in memory.ranks)
            and np.ndim(params[name]) not in memory.other_than
        }

    # instructions

    @singledispatchmethod
    def _do(self, one: Instruction) -> None:
        assert isinstance(one, Statement), f"{type(one).__name__} has no meaning yet"
        self.arrays.run(one)

    @_do.register
    def _unpack(self, one: Unpack) -> None:
        for tensor, key in one.rows:
            self.arrays.tensors[tensor] = self.own[one.of][key]

    @_do.register
    def _check(self, one: Check) -> None:
        array = np.asarray(self.value(one.source))
        wanted = [e for e in one.shape if dims_of_extent(e) <= one.known]
        result = [n for e, n in zip(one.shape, array.shape, strict=True) if e in wanted]
        if result != [self.arrays.integer(e) for e in wanted]:
            raise ValueError(f"{one.label} has the shape {array.shape}")
        for row in one.places:
            places = (array >= 0) & (array < self.arrays.integer(row.extent))
            if not np.all(places | np.isin(array, row.besides)):
                raise ValueError(f"{one.label} holds a number that is no place")
        kind = np.intp if one.integer else float
        self.arrays.tensors[one.tensor] = array.astype(kind)

    @_do.register
    def _measure(self, one: Measure) -> None:
        shape = np.shape(self.arrays.tensors[one.tensor])
        self.arrays.dims[one.dim] = shape[one.position]

    @_do.register
    def _set_extent(self, one: SetExtent) -> None:
        pass  # the argument is the extent already

    @_do.register
    def _convert(self, one: Convert) -> None:
        kind = np.intp if one.integer else float
        self.arrays.tensors[one.tensor] = np.asarray(self.arrays.tensors[one.tensor], kind)

    @_do.register
    def _at_most(self, one: AtMost) -> None:
        if self.arrays.integer(one.extent) > one.most:
            raise ValueError(f"there is room for {one.most} places")

    @_do.register
    def _not_negative(self, one: NotNegative) -> None:
        if not np.all(self.arrays.tensors[one.tensor] >= 0):
            raise ValueError(f"{one.tensor} holds NaN or a number below 0")

    @_do.register
    def _not_empty(self, one: NotEmpty) -> None:
        if self.arrays.dims[one.dim] == 0:
            raise ValueError("the batch has 0 rows")

    @_do.register
    def _counter(self, one: Counter) -> None:
        self.arrays.letters[one.axis] = self.value(one.source)

    @_do.register
    def _before(self, one: Before) -> None:
        if self.arrays.letters[one.axis] >= one.length:
            raise ValueError(f"a sequence has {one.length} places")

    @_do.register
    def _generator(self, one: FreshGenerator) -> None:
        if self.own["rng"] is None:
            self.own["rng"] = np.random.default_rng()

    @_do.register
    def _sample(self, one: Sample) -> None:
        shape = [self.arrays.integer(e) for e in one.shape]
        value = np.full(shape, one.draw.mean)
        if self.own["training"]:
            attributes, rng = dict(one.draw.attributes), self.own["rng"]
            match one.draw.distribution:
                case "bernoulli":
                    value = (rng.random(shape) < one.draw.mean).astype(float)
                case "uniform":
                    ends = attributes.get("low", 0.0), attributes.get("high", 1.0)
                    value = rng.uniform(*ends, shape)
                case _:
                    value = rng.normal(one.draw.mean, attributes.get("std", 1.0), shape)
        self.arrays.tensors[one.tensor] = value

    @_do.register
    def _call(self, one: Call) -> None:
        values = self.value(one)
        for name, value in zip(
            one.results, values if len(one.results) > 1 else (values,), strict=True
        ):
            if isinstance(name, Own):
                self.own[name.name] = value
            else:
                self.arrays.tensors[name.tensor] = value

    @_do.register
    def _let(self, one: Let) -> None:
        self.own[one.name] = self.value(one.value)

    @_do.register
    def _put(self, one: Put) -> None:
        self.own[one.of][one.key] = self.value(one.value)

    @_do.register
    def _if_given(self, one: IfGiven) -> None:
        if self.own[one.flag]:
            self._all(one.body)

    @_do.register
    def _update(self, one: Update) -> None:
        self.own[one.of].update(self.own[one.entries])

    @_do.register
    def _return(self, one: Return) -> None:
        values = tuple(self.value(v) for v in one.values)
        raise _Returned(values if len(values) > 1 else values[0])

    # optimisers

    @_do.register
    def _overall(self, one: Overall) -> None:
        gradients = self.own["gradient"].values() if one.over_parameters else (None,)
        totals = [self._generic(one.body, one.name, {"g": g}, {}) for g in gradients]
        value = sum(totals)
        self.arrays.tensors[one.name] = value
        if one.remembered:
            self.own["state"][current_of(one.name)] = value

    @_do.register
    def _each_parameter(self, one: EachParameter) -> None:
        ranks = [g.rank for g in one.groups]
        for name, gradient in self.own["gradient"].items():
            rank = np.ndim(gradient)
            (group,) = (g for g in one.groups if g.rank == (rank if rank in ranks else None))
            self._move(one, group, name, gradient)

    def _move(self, one: EachParameter, group: Group, name: str, gradient: Any) -> None:
        params, state = self.own["params"], self.own["state"]
        kept = [s for s in group.stored if s != one.parameter]
        tensors = {one.parameter: params[name], one.gradient: gradient}
        tensors |= {s: state[s][name] for s in kept}
        dims = dict(zip(group.sizes, np.shape(gradient), strict=True)) if group.sizes else {}
        moved = next_of(one.parameter)
        params[name] = self._generic(group.body, moved, tensors, dims).reshape(params[name].shape)
        for s in kept:
            state[s][name] = np.reshape(tensors[next_of(s)], state[s][name].shape)

    def _generic(
        self,
        body: Iterable[Any],
        wanted: str,
        tensors: dict[str, Any],
        dims: dict[str, int],
    ) -> Any:
        """Rules over the entries of one parameter: what the wanted tensor becomes."""
        shared = {n: v for n, v in self.arrays.tensors.items() if n not in tensors}
        inner = Arrays({**shared, **tensors}, dims, every=EVERY)
        for one in body:
            assert isinstance(one, Assign)
            if one.op == "+=":
                before = current_of(one.tensor)
                inner.tensors[one.tensor] = inner.tensors[before]
                value = inner.aligned(one.value, one.axes)
                old = np.asarray(inner.tensors[before])
                inner.tensors[one.tensor] = old + value.reshape(old.shape)
            else:
                inner.assign(one)
            tensors[one.tensor] = inner.tensors[one.tensor]
        return np.asarray(inner.tensors[wanted])


class _Tensors(dict[str, Any]):
    """Tensors by name, some of which are entries of dictionaries."""

    def __init__(self, frame: _Frame, constants: Mapping[str, Any]) -> None:
        super().__init__(constants)
        self._frame = frame

    def __getitem__(self, name: str) -> Any:
        place = self._frame.places.get(name)
        return super().__getitem__(name) if place is None else self._frame.value(place)

    def __setitem__(self, name: str, value: Any) -> None:
        place = self._frame.places.get(name)
        if place is None:
            super().__setitem__(name, value)
        else:
            self._frame.own[place.of][place.key] = value


def _name_of(what: Variable | Own | Extent) -> str:
    match what:
        case Variable(tensor):
            return tensor
        case Own(name):
            return name
        case Extent(dim, name):
            return name or dim
