"""Statements of a text, walked in order: what each name holds, and a record of its values."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derive.arrays.nodes import All, Extent, Hot, Indexed, Literal, New, Whole
from derive.arrays.numpy_functions import of_each
from derive.errors import meant, shorten
from derive.ir.names import adjoint_of, is_next
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.arrays import FAILS, LONGEST, Arrays, reason
from derive.readers.numpy_source.calls import Calls, Endless
from derive.readers.numpy_source.expressions import Expressions, Steps, TooLong
from derive.readers.numpy_source.model import Model
from derive.readers.numpy_source.numbers import FUNCTIONS
from derive.readers.numpy_source.records import LEAF, Again, Records, is_of_gradients
from derive.readers.numpy_source.values import (
    Broken,
    Class,
    Function,
    Instance,
    Method,
    Module,
    Number,
    Parent,
    Unknown,
    Value,
    literal,
    numbers,
    plain,
)

DEEPEST_CALL = 25
_AUGMENTED = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult)
_ABSENT = (
    "reg",
    "lambd",
    "lambda_",
    "lmbda",
    "lam",
    "weight_decay",
    "l2",
    "l2_reg",
    "reg_strength",
)
_OWN = object()


class Return(Exception):
    """A function's end."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Break(Exception):
    """A loop's end."""


class Continue(Exception):
    """A turn's end."""


@dataclass
class Frame:
    """The names of one function that is being walked; `given` are parameters without a value."""

    serial: int
    values: dict[str, Any] = field(default_factory=dict)
    seen: tuple[dict[str, Any], ...] = ()
    outer: frozenset[str] = frozenset()


class Program:
    """Walks a text's statements."""

    def __init__(self, tree: ast.Module, name: str, model: Model, records: Records, steps: Steps):
        self.tree = tree
        self.model = model
        self.records = records
        self.arrays = Arrays(name, records.symbolic)
        self.calls = Calls(self.arrays, self)
        self.expressions = Expressions(self.arrays, self.calls, self, steps)
        self.globals: dict[str, Any] = {"__name__": "__main__"}
        self.elsewhere: dict[str, Any] = {}  # the last value of each name in functions' frames
        self.frames = [Frame(0, self.globals)]
        self.instances: list[Instance] = []
        self.unknown: dict[str, Unknown] = {}
        self.leaves: dict[str, Any] = {}
        self.serial = 0
        self.current: ast.stmt = ast.Pass()

    # ---- what expressions ask ----------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The function that is being walked."""
        return self.frames[-1]

    def found(self, name: str) -> Any:
        """What a name holds, `_OWN` where it holds nothing."""
        for values in (self.frame.values, *self.frame.seen, self.globals):
            if name in values:
                return values[name]
        return _OWN

    def lookup(self, node: ast.expr, name: str) -> Any:
        """The value of a name."""
        held = self.found(name)
        return self.leaf(node, name) if held is _OWN else held

    def leaf(self, node: ast.AST, name: str, of: str = "") -> Any:
        """What a name means that holds nothing: a tensor, a number, or something unknown."""
        place = self.arrays.place(node)
        if name in self.leaves:
            return self.leaves[name]
        tensor = self.model.leaf(name)
        if of and is_of_gradients(of) and tensor in self.model.leaves:
            return self.leaf(node, adjoint_of(name))
        if name in ("np", "numpy", "math", "scipy", "special"):
            return Module(name)
        if tensor is not None:
            self.records.read(name, tensor)
        known: Any = self.model.known(name, place)
        if known is None:
            known = self.elsewhere.get(name)
        if known is None and name in ("float", "int", "bool", "str", "object"):
            return Module(name)
        if known is None and name in _ABSENT:
            return literal(0, place)
        if known is None:
            return self.unknown.setdefault(name, Unknown(name, self.why_unknown(name)))
        if tensor is not None:
            self.leaves[name] = known
        return known

    def why_unknown(self, name: str) -> str:
        """What is told of a name without a meaning."""
        names = [n for n in self.model.vocabulary.shapes if not is_next(n)]
        own = [n for f in self.frames for n in f.values]
        alike = [n for n in {*names, *own} - {name} if n[:1].lower() == name[:1].lower()]
        near = meant(name, alike) if len(name) > 2 else ""
        shown = shorten(name)
        return (
            f"'{shown}' is no tensor of the model and has no value before{near}; write its formula "
            f'before, or say which it is, such as names "{shown}=..."'
        )

    def part(self, node: ast.expr, of: Unknown, key: Any) -> Any:
        """`cache["A1"]`, `params.W1`, `weights[-1]`."""
        if key in of.parts:
            return of.parts[key]
        if isinstance(key, str):
            return self.leaf(node, key, of.name)
        members = self.model.members(of)
        if isinstance(key, int) and members and -len(members) <= key < len(members):
            return self.leaf(node, members[key], of.name)
        raise Refused(self.arrays.place(node), of.why or "a part of this isn't known here")

    def members(self, node: ast.AST, of: Unknown) -> list[Any]:
        """The entries of a list that the text is given; of a dictionary its keys."""
        names = self.model.members(of)
        if names is None:
            raise Refused(self.arrays.place(node), of.why)
        if of.name.lower().strip("_") in ("params", "parameters", "model", "p"):
            return list(names)
        return [self.leaf(node, n) for n in names]

    def member(self, node: ast.expr, of: Instance, name: str) -> Any:
        """An attribute of an object."""
        if name in of.attributes:
            return of.attributes[name]
        found = of.of.member(name)
        if isinstance(found, Function):
            bound = bound_to(found, of)
            return self.run(node, bound, [], {}) if "property" in decorators(found) else bound
        return self.leaf(node, name) if found is None else found

    def function(self, name: str) -> Any:
        """A function by its bare name."""
        held = self.found(name)
        if held is _OWN:
            return None
        return held

    def this(self, node: ast.AST) -> Any:
        """`self`."""
        return self.found("self")

    def closure(self, node: ast.Lambda | ast.FunctionDef) -> Function:
        """A function of the text's own."""
        inner = () if len(self.frames) == 1 else (self.frame.values,)
        return Function(node, (*inner, *self.frame.seen))

    def decided(self) -> None:
        """Numbers of arrays decide what is done next."""
        self.arrays.symbolic = False

    def changed(self, old: Any, new: Any) -> None:
        """All names of an array get what it is now."""
        for values in self.containers():
            for key, held in list(values.items()):
                if held is old:
                    values[key] = new
                elif isinstance(held, list):
                    held[:] = [new if h is old else h for h in held]
                elif isinstance(held, dict):
                    held.update({k: new for k, h in held.items() if h is old})

    def containers(self) -> Iterator[dict[Any, Any]]:
        """Everything that holds values by name."""
        yield from (f.values for f in self.frames)
        yield from (s for f in self.frames for s in f.seen)
        yield self.globals
        yield self.leaves
        yield self.elsewhere
        yield from (i.attributes for i in self.instances)
        yield from (u.parts for u in list(self.unknown.values()))

    # ---- names get values --------------------------------------------------------------------

    def bind(self, target: ast.expr, value: Any) -> None:
        """What stands left of `=` gets a value."""
        match target:
            case ast.Name(id=name):
                names = self.globals if name in self.frame.outer else self.frame.values
                self.hold(names, name, name, value, target)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                self.unpack(parts, value, target)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Attribute(value=of, attr=name):
                holder = self.expressions.value(of)
                if isinstance(holder, Instance):
                    self.hold(holder.attributes, name, name, value, target)
                elif isinstance(holder, Unknown):
                    self.hold(holder.parts, name, name, value, target)
                elif isinstance(holder, Value) and name == "shape":
                    shape = list(value) if isinstance(value, tuple) else [value]
                    args = [holder, *shape]
                    self.bind(of, self.arrays.apply(target, FUNCTIONS["reshape"], args, "reshape"))
                elif isinstance(holder, Value):
                    self.hold({}, name, name, value, target)  # `self.weights.dW = ...`
                else:
                    raise Refused(self.arrays.place(target), "this can't be assigned to here")
            case ast.Subscript(value=of, slice=picks):
                self.enter(
                    target, of, self.expressions.value(of), self.expressions.picks(picks), value
                )
            case _:
                raise Refused(self.arrays.place(target), "this can't be assigned to here")

    def hold(
        self,
        values: dict[Any, Any],
        key: Any,
        name: str,
        value: Any,
        node: ast.AST,
        part: bool = False,
    ) -> None:
        """A name gets a value, which may be a tensor of the model."""
        place = self.arrays.place(node)
        if isinstance(value, Broken) and self.model.is_given(name):
            values.pop(key, None)  # made by what isn't known here
            return
        held = self.records.meant(name, value, place, self.shown, self.frame.serial, part)
        if held is LEAF:
            tensor = self.model.tensor(name) or name
            self.records.read(name, tensor)
            values[key] = self.model.value(tensor, place)  # data and parameters are what they are
            return
        if self.records.moved_now:
            self.records.moved.append((values, key, self.records.moved_now))
            self.records.moved_now = ""
        values[key] = held
        if len(self.frames) > 1 and not isinstance(held, Broken):
            self.elsewhere[name] = held

    def shown(self) -> str:
        """The statement that is being walked, as text."""
        return shorten(ast.unparse(self.current), 200)

    def unpack(self, parts: Sequence[ast.expr], value: Any, node: ast.AST) -> None:
        """Several names get the parts of a value."""
        if isinstance(value, Unknown):
            return  # `x, w, b = cache`, which another function made: names are told by themselves
        if isinstance(value, Broken):
            for part in parts:
                self.bind(part, value)
            return
        entries = self.calls.entries(node, value)
        stars = [k for k, p in enumerate(parts) if isinstance(p, ast.Starred)]
        if stars:
            first, rest = stars[0], len(parts) - stars[0] - 1
            last = len(entries) - rest
            entries = [*entries[:first], entries[first:last], *entries[last:]]
        if len(entries) != len(parts):
            why = Refused(self.arrays.place(node), f"this is no {len(parts)} values at once")
            entries = [Broken(why)] * len(parts)
        for part, entry in zip(parts, entries, strict=True):
            self.bind(part, entry)

    def enter(self, node: ast.Subscript, of: ast.expr, holder: Any, key: Any, value: Any) -> None:
        """An entry of a container, or a part of an array, gets a value."""
        place = self.arrays.place(node)
        match holder:
            case dict() | Unknown():
                values = holder if isinstance(holder, dict) else holder.parts
                word = plain(key)
                if isinstance(word, str):
                    self.entry(values, word, base_name(of), value, node)
                else:
                    values[word] = value
            case list():
                try:
                    at = key if isinstance(key, slice) else int(key.value)
                    old = holder[at]
                    holder[at] = value
                except FAILS:
                    raise Refused(place, "there is no such entry") from None
                del old
                self.records.entry_of_list(base_name(of), holder, value, place, self.shown)
            case Value():
                new = (
                    value if isinstance(value, Broken) else self.with_part(node, holder, key, value)
                )
                self.replace(of, holder, new, part=True)
            case _:
                raise Refused(place, "an entry of this isn't known here")

    def entry(self, values: dict[Any, Any], key: str, of: str, value: Any, node: ast.AST) -> None:
        """`grads["W2"] = ...`."""
        name = self.records.entry_name(of, key, value)
        self.hold(values, key, name, value, node)

    def replace(self, of: ast.expr, old: Any, new: Any, part: bool) -> None:
        """An array is changed where it stands."""
        name = base_name(of) or "it"
        place, serial = self.arrays.place(of), self.frame.serial
        held = self.records.meant(name, new, place, self.shown, serial, part, change=True)
        if held is LEAF:
            held = self.model.value(self.model.tensor(name) or name, place)
        if self.records.moved_now:
            self.records.moved.append((self.leaves, name, self.records.moved_now))
            self.records.moved_now = ""
        self.changed(old, held)
        if isinstance(of, ast.Name) and self.found(of.id) is not held:
            self.frame.values[of.id] = held

    def with_part(self, node: ast.AST, old: Value, key: Any, value: Any) -> Value:
        """An array with other numbers in one part."""
        if isinstance(value, Unknown):
            raise Refused(self.arrays.place(node), value.why)
        array = None
        why: Refused | None = None
        try:
            more = numbers(value)
            new = np.array(numbers(old), dtype=float if more.dtype.kind == "f" else None)
            at = self.arrays.index(key)
            new[at] = more.reshape(()) if more.size == 1 else more
            array = new
        except FAILS as error:
            why = Refused(self.arrays.place(node), reason(error, [old, value]))
        expression: Whole | None = None
        if self.arrays.symbolic and old.node is not None:
            expression = self.part_expression(node, old.node, key, value)
        if array is None and expression is None:
            raise why or Refused(self.arrays.place(node), "this part isn't known here")
        return self.arrays.array(array, expression, [old, key, value])

    def part_expression(self, node: ast.AST, old: Whole, key: Any, value: Any) -> Whole | None:
        """`p[np.arange(n), y] = v`, `dz[z <= 0] = 0`, `x[:] = y` over whole arrays."""
        place = self.arrays.place(node)
        new = value.node if isinstance(value, Value | Number) else None
        if new is None:
            return None
        match key:
            case slice(start=None, stop=None, step=None):
                return new
            case Value(node=Whole_) if Whole_ is not None and _is_mask(key):
                return of_each("where", Whole_, new, old, place=place)
            case (Value(counts=True) | range(), Value(node=classes)) if classes is not None:
                hot = Hot(classes, Extent(old, 1, place=place), True, place=place)
                if isinstance(value, Value) and len(value.shape) == 1:
                    new = Indexed(new, (All(place=place), New(place=place)), place=place)
                one = Literal(literal(1, place).node.value, place=place)  # type: ignore[union-attr]
                return of_each("where", of_each("==", hot, one, place=place), new, old, place=place)
            case _:
                return None

    # ---- functions ---------------------------------------------------------------------------

    def invoke(
        self, node: ast.Call, function: Any, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """A call of the text's own."""
        match function:
            case Class():
                made = Instance(function)
                self.instances.append(made)
                start = function.member("__init__")
                if isinstance(start, Function):
                    self.run(node, Function(start.node, start.seen, made), args, options)
                return made
            case Instance():
                for word in ("__call__", "forward"):
                    found = function.of.member(word)
                    if isinstance(found, Function):
                        return self.run(
                            node, Function(found.node, found.seen, function), args, options
                        )
                raise Refused(self.arrays.place(node), "this object can't be called")
            case Method(of=Parent(of=Instance() as this), name=name):
                bases = (b.member(name) for b in this.of.bases)
                found = next((b for b in bases if isinstance(b, Function)), None)
                if found is None:
                    return None
                return self.run(node, Function(found.node, found.seen, this), args, options)
            case Function():
                return self.run(node, function, args, options)
            case _:
                raise Refused(self.arrays.place(node), "this can't be called here")

    def run(
        self, node: ast.AST, function: Function, args: list[Any], options: dict[str, Any]
    ) -> Any:
        """The value of a call, written out."""
        place = self.arrays.place(node)
        if len(self.frames) > DEEPEST_CALL:
            raise Refused(place, f"'{shorten(function.name)}' calls itself, or calls too deeply")
        self.serial += 1
        frame = Frame(self.serial, {}, function.seen)
        taken = [function.bound, *args] if function.bound is not None else args
        self.arguments(function, frame, taken, options, place)
        return self.body(function, frame)

    def body(self, function: Function, frame: Frame) -> Any:
        """What a function gives, its parameters set."""
        self.frames.append(frame)
        before = self.current
        try:
            if isinstance(function.node, ast.Lambda):
                return self.expressions.value(function.node.body)
            self.block(function.node.body)
        except Return as returned:
            return returned.value
        except RecursionError:
            raise Refused(Place("formulas", 1, 1), "this is nested too deeply") from None
        finally:
            self.frames.pop()
            self.current = before
        return None

    def arguments(
        self,
        function: Function,
        frame: Frame,
        args: list[Any],
        options: dict[str, Any],
        place: Place,
    ) -> None:
        """Sets a function's parameters."""
        spec = function.node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        shown = shorten(function.name)
        if len(args) > len(names) and spec.vararg is None:
            raise Refused(place, f"'{shown}' takes {len(names)} arguments")
        given = dict(zip(names, args, strict=False))
        if spec.vararg is not None:
            given[spec.vararg.arg] = tuple(args[len(names) :])
        only = [a.arg for a in spec.kwonlyargs]
        more = {k: v for k, v in options.items() if k not in names and k not in only}
        given |= {k: v for k, v in options.items() if k not in more}
        if spec.kwarg is not None:
            given[spec.kwarg.arg] = dict(more)
        elif more:
            raise Refused(place, f"'{shown}' has no parameter '{shorten(min(more))}'")
        defaults = dict(zip(names[::-1], spec.defaults[::-1], strict=False))
        defaults |= {n: d for n, d in zip(only, spec.kw_defaults, strict=True) if d is not None}
        for name in (*names, *only):
            if name not in given and name not in defaults:
                raise Refused(place, f"'{shown}' needs '{shorten(name)}'")
        for name, default in defaults.items():
            if name not in given:
                given[name] = self.expressions.attempt(default)
        for name, value in given.items():
            if not (isinstance(value, Unknown) and self.model.tensor(name) is not None):
                frame.values[name] = value

    # ---- statements --------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        for statement in body:
            self.expressions.steps.take(self.arrays.place, statement)
            self.current = statement
            symbolic = self.arrays.symbolic
            try:
                self.statement(statement)
            except (TooLong, RecursionError):
                raise
            except Refused as refused:
                self.lose([statement], refused)
            finally:
                self.arrays.symbolic = symbolic

    def statement(self, statement: ast.stmt) -> None:
        """One statement. Raises `Refused` where what it assigns isn't known."""
        match statement:
            case ast.Assign(targets=targets, value=value):
                found = self.expressions.attempt(value)
                if isinstance(value, ast.Dict):
                    self.named_entries(base_name(targets[0]), value, found)
                for target in targets:
                    self.bind(target, found)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.bind(target, self.expressions.attempt(value))
            case ast.AugAssign(target=target, op=op, value=value):
                self.augmented(target, op, value, statement)
            case ast.FunctionDef(name=name):
                self.frame.values[name] = self.closure(statement)
            case ast.ClassDef():
                self.define(statement)
            case ast.For():
                self.loop(statement)
            case ast.While():
                self.repeat(statement)
            case ast.If(test=test, body=body, orelse=other):
                chosen = self.expressions.truth(test, self.expressions.value(test))
                self.block(body if chosen else other)
            case ast.Return(value=value):
                found = None if value is None else self.expressions.attempt(value)
                if isinstance(value, ast.Dict):
                    self.named_entries("", value, found)
                raise Return(found)
            case ast.Expr(value=value):
                self.expressions.attempt(value)
            case ast.With(body=body) | ast.Try(body=body):
                self.block(body)
            case ast.Break():
                raise Break
            case ast.Continue():
                raise Continue
            case ast.Global(names=names):
                self.frame.outer |= frozenset(names)
            case ast.Import(names=names):
                for one in names:
                    self.globals[one.asname or one.name.partition(".")[0]] = Module(
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=names):
                for one in names:
                    self.globals[one.asname or one.name] = Module(f"{module or ''}.{one.name}")
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.frame.values.pop(target.id, None)
            case _:
                pass

    def define(self, node: ast.ClassDef) -> None:
        """A class."""
        bases = [self.found(b.id) for b in node.bases if isinstance(b, ast.Name)]
        made = Class(node, tuple(b for b in bases if isinstance(b, Class)), {})
        for statement in node.body:
            match statement:
                case ast.FunctionDef(name=name):
                    made.members[name] = self.closure(statement)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    made.members[name] = self.expressions.attempt(value)
                case _:
                    pass
        self.frame.values[node.name] = made

    def augmented(
        self, target: ast.expr, op: ast.operator, value: ast.expr, statement: ast.stmt
    ) -> None:
        """`x += ...`."""
        if not isinstance(op, _AUGMENTED):
            raise Refused(self.arrays.place(statement), "of these, += -= *= /= and **= are known")
        if isinstance(target, ast.Subscript):
            holder = self.expressions.value(target.value)
            if isinstance(holder, Value):
                key = self.expressions.picks(target.slice)
                more = self.expressions.attempt(value)
                new = (
                    more if isinstance(more, Broken) else self.added(target, holder, key, op, more)
                )
                self.replace(target.value, holder, new, part=True)
                return
        old = self.expressions.value(target)
        try:
            new = self.arrays.binary(statement, op, old, self.expressions.value(value))
        except TooLong:
            raise
        except Refused as refused:
            new = Broken(refused)
        in_place = isinstance(old, Value) and (old.shape or old.array is None)
        if isinstance(old, list) and isinstance(new, list):
            old[:] = new
        elif in_place and not isinstance(target, ast.Subscript):
            self.replace(target, old, new, part=False)
        else:
            with self.records.changing():
                self.bind(target, new)

    def added(self, node: ast.AST, old: Value, key: Any, op: ast.operator, more: Any) -> Value:
        """`p[np.arange(n), y] -= 1`, `dz[z <= 0] *= 0.1`."""
        part = self.arrays.picked(node, old, key)
        found = self.with_part(node, old, key, self.arrays.binary(node, op, part, more))
        by = more.node if isinstance(more, Value | Number) else None
        if not self.arrays.symbolic or old.node is None or by is None:
            return found
        whole = self.arrays.binary(node, op, Value(None, old.node), Value(None, by))
        match key:
            case (Value(counts=True) | range(), Value(node=classes)) if classes is not None:
                if isinstance(op, ast.Add | ast.Sub):
                    place = self.arrays.place(node)
                    hot = Hot(classes, Extent(old.node, 1, place=place), True, place=place)
                    if len(part.shape) == 1 and isinstance(more, Value) and more.shape:
                        by = Indexed(by, (All(place=place), New(place=place)), place=place)
                    each = Value(None, of_each("*", hot, by, place=place))
                    whole = self.arrays.binary(node, op, Value(None, old.node), each)
                    return replace(found, node=whole.node)
            case _:
                pass
        shown = self.part_expression(node, old.node, key, whole)
        return replace(found, node=shown)

    def loop(self, statement: ast.For) -> None:
        """`for`, turn by turn; of a training loop the first."""
        over = self.expressions.value(statement.iter)
        try:
            entries = self.calls.entries(statement, over)
        except Endless:
            self.once(statement, over)
            return
        target, body = statement.target, statement.body

        def turns() -> Iterator[None]:
            for entry in entries:
                self.bind_entry(target, entry)
                yield

        self.turns(turns(), body)
        self.block(statement.orelse)

    def bind_entry(self, target: ast.expr, entry: Any) -> None:
        """The name of a loop gets an entry: no value of the writer's own."""
        if isinstance(target, ast.Name):
            self.frame.values[target.id] = entry
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(entry, tuple | list):
            for part, one in zip(target.elts, entry, strict=False):
                self.bind_entry(part, one)
        else:
            self.bind(target, entry)

    def once(self, statement: ast.For, over: Any) -> None:
        """A long loop: its first turn, where it trains, or where each turn says the same."""
        names = {n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)}
        used = {n.id for s in statement.body for n in ast.walk(s) if isinstance(n, ast.Name)}
        self.bind_entry(statement.target, Number(over[0]) if isinstance(over, range) else None)
        moved = len(self.records.moved)
        with self.records.kept() as undo:
            self.turn(statement.body)
            if len(self.records.moved) == moved and not names.isdisjoint(used):
                undo()
                raise Endless(self.arrays.place(statement))
        self.still(moved)

    def repeat(self, statement: ast.While) -> None:
        """`while`, as long as it is known; of a training loop the first turn."""

        def turns() -> Iterator[None]:
            for k in range(LONGEST):
                try:
                    if not self.expressions.truth(
                        statement.test, self.expressions.value(statement.test)
                    ):
                        return
                except TooLong:
                    raise
                except Refused:
                    if k:
                        return
                yield

        self.turns(turns(), statement.body)

    def turns(self, turns: Iterator[None], body: Sequence[ast.stmt]) -> None:
        """Turns of a loop, until it begins to move parameters once more."""
        moved = len(self.records.moved)
        for _ in turns:
            kept = self.snapshot() if len(self.records.moved) > moved else None
            with self.records.kept() as undo:
                try:
                    ended = self.turn(body)
                except Again as again:
                    if again.tensor not in {t for _, _, t in self.records.moved[moved:]}:
                        raise
                    undo()
                    if kept is not None:
                        self.restore(kept)
                    break
            if ended:
                break
        self.still(moved)

    def turn(self, body: Sequence[ast.stmt]) -> bool:
        """One turn; whether the loop ends with it."""
        try:
            self.block(body)
        except Break:
            return True
        except Continue:
            pass
        return False

    def still(self, since: int) -> None:
        """Behind a loop that trains, parameters are what they were at its start."""
        tensors = [t for _, _, t in self.records.moved[since:]]
        if tensors and self.records.repeats:
            for values, key, tensor in self.records.moved[since:]:
                values[key] = self.model.value(tensor, Place("formulas", 1, 1))
            del self.records.moved[since:]
            self.records.repeats = False

    def snapshot(self) -> list[tuple[dict[Any, Any], dict[Any, Any]]]:
        """What all names hold."""
        return [(c, dict(c)) for c in self.containers()]

    def restore(self, kept: list[tuple[dict[Any, Any], dict[Any, Any]]]) -> None:
        """What all names held."""
        for values, before in kept:
            values.clear()
            values.update(before)

    def lose(self, body: Sequence[ast.stmt], why: Refused) -> None:
        """What statements would have changed isn't known after them."""
        for statement in body:
            for inner in ast.walk(statement):
                targets: list[ast.expr] = []
                if isinstance(inner, ast.Assign):
                    targets = list(inner.targets)
                elif isinstance(inner, ast.AugAssign | ast.AnnAssign):
                    targets = [inner.target]
                for target in targets:
                    self.lose_target(target, why)

    def lose_target(self, target: ast.expr, why: Refused) -> None:
        """One target of an assignment that isn't known."""
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.lose_target(part, why)
            return
        while isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Constant):
            target = target.value
        try:
            self.bind(target, Broken(why))
        except TooLong:
            raise
        except Refused:
            pass

    # ---- the whole text ----------------------------------------------------------------------

    def walk(self) -> None:
        """The script, and then the functions that nothing calls."""
        self.block(self.tree.body)
        calls = {
            getattr(n.func, "id", getattr(n.func, "attr", ""))
            for n in ast.walk(self.tree)
            if isinstance(n, ast.Call)
        }
        for statement in self.tree.body:
            match statement:
                case ast.FunctionDef(name=name) if name not in calls:
                    self.root(Function(statement))
                case ast.ClassDef(name=name):
                    self.object_of(name, calls)
                case _:
                    pass

    def object_of(self, name: str, calls: set[str]) -> None:
        """The methods of a class that nothing calls."""
        made = self.globals.get(name)
        if not isinstance(made, Class):
            return
        this = next((i for i in reversed(self.instances) if i.of is made), None)
        if this is None:
            this = Instance(made)
            self.instances.append(this)
            start = made.members.get("__init__")
            if isinstance(start, Function):
                self.root(Function(start.node, start.seen, this))
        for word, member in made.members.items():
            if isinstance(member, Function) and word not in calls and word != "__init__":
                self.root(bound_to(member, this))

    def root(self, function: Function) -> None:
        """A function that nothing calls: its parameters are what their names mean."""
        self.serial += 1
        self.leaves.clear()
        frame = Frame(self.serial, {}, function.seen)
        spec = function.node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
        if function.bound is not None and names:
            frame.values[names[0]] = function.bound
        defaults = dict(zip([a.arg for a in spec.args][::-1], spec.defaults[::-1], strict=False))
        for name in names:
            if name in self.globals and name not in frame.values:
                place = Place("formulas", 1, 1)
                found = self.model.known(name, place) if self.model.tensor(name) else None
                if found is not None:
                    frame.values[name] = found
            default = defaults.get(name)
            if default is not None and self.model.tensor(name) is None and name not in frame.values:
                frame.values[name] = self.expressions.attempt(default)
        if isinstance(function.node, ast.Lambda):
            return
        try:
            value = self.body(function, frame)
        except Again:
            return
        returns = [s for s in ast.walk(function.node) if isinstance(s, ast.Return)]
        if returns and returns[-1].value is not None:
            self.current = returns[-1]
            self.returned(function.name, returns[-1].value, value)

    def returned(self, name: str, node: ast.expr, value: Any) -> None:
        """What a function that nothing calls gives, by its keys or the function's name."""
        if isinstance(value, tuple) and isinstance(node, ast.Tuple):
            for part, entry in zip(node.elts, value, strict=False):
                self.nameless(part, entry, alone=False)
        elif not isinstance(node, ast.Name) and self.model.tensor(name) is not None:
            self.hold({}, name, name, value, node)
        else:
            self.nameless(node, value, alone=True)

    def nameless(self, node: ast.expr, value: Any, alone: bool) -> None:
        """A value that is returned without a name."""
        if isinstance(value, Value) and not isinstance(
            node, ast.Name | ast.Subscript | ast.Attribute | ast.Constant
        ):
            text = shorten(ast.unparse(node), 30)
            self.records.nameless(text, value, self.arrays.place(node), alone)

    def named_entries(self, of: str, node: ast.Dict, held: Any) -> None:
        """The entries of `grads = {"W1": ...}`, each by its key."""
        if not isinstance(held, dict):
            return
        for key, entry in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in held:
                same = isinstance(entry, ast.Name) and entry.id == key.value
                if not same and isinstance(held[key.value], Value | Broken):
                    self.entry(held, key.value, of, held[key.value], entry)


def decorators(function: Function) -> list[str]:
    """What stands behind `@` before a function."""
    return [getattr(d, "id", "") for d in getattr(function.node, "decorator_list", [])]


def bound_to(function: Function, this: Instance) -> Function:
    """A method of an object."""
    free = "staticmethod" in decorators(function)
    return Function(function.node, function.seen, None if free else this)


def base_name(node: ast.expr) -> str:
    """The name of what is changed: of `self.W`, `grads["W"]` that is `W`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case ast.Subscript(value=of):
            return base_name(of)
        case _:
            return ""


def _is_mask(key: Any) -> bool:
    return isinstance(key, Value) and (key.array is None or key.array.dtype.kind == "b")
