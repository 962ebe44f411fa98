"""Statements of NumPy source, walked in order: each assignment as a value of whole arrays.

Own functions are written out where they are called. What is assigned anew has a new name, so that
a value read is the one that was there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from derive.errors import meant, shorten
from derive.grammar import check_name
from derive.naming import EPSILON, SAMPLES
from derive.notation import Affine
from derive.numpy_source.constants import Unknown, constant, counts
from derive.numpy_source.steps import Assigned, Step, steps
from derive.syntax import Place, Refused
from derive.vocabulary import Unread
from derive.whole.functions import of_each
from derive.whole.nodes import (
    Array,
    Count,
    Dot,
    Entrywise,
    Extent,
    Hot,
    Like,
    Literal,
    Product,
    Reduce,
    Transpose,
    Whole,
)
from derive.whole.reader import Reader
from derive.whole.walk import arrays

DEEPEST_CALL = 8
MOST_STEPS = 5000

_AUGMENTED: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


_OPTIMISERS = re.compile(r"^[mvs]$|mom|veloc|cache|params|parameters|^adam|^rms|sq")
UPSTREAM = ("dout", "d_out", "dy", "dY", "grad_out", "grad_output", "upstream")
_DICTIONARIES = ("grads", "gradients", "dparams", "derivatives")  # their entries are told
_GRADIENTS = ("grads", "grad", "gradients", "gradient", "dparams", "derivatives")


@dataclass
class _Frame:
    """The names of one function that is being walked."""

    values: dict[str, object] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)
    returned: object = None


class _Return(Exception):
    pass


class Program(Reader):
    """Walks a text's statements."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        super().__init__(name)
        self.tree = tree
        self.place_ = Place(name, 1, 1)
        self.functions: dict[str, ast.FunctionDef | ast.Lambda] = {}
        self.means: dict[str, str] = {}
        self.batch: Affine | None = None
        self.small: Fraction | None = None  # what `eps` is
        self.names: Collection[str] = ()  # what a name that isn't known may be meant for
        self.aims: frozenset[str] = frozenset()  # targets
        self.losses: frozenset[str] = frozenset()  # what reads targets in the model
        self.has_several = False  # layers
        self.of_derivatives: set[str] = set()
        self._gather(tree.body)

    @property
    def start(self) -> Place:
        """Where the text begins."""
        return self.place_

    def _gather(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name):
                    self.functions[name] = statement
                case ast.ClassDef(body=inner):
                    self._gather(inner)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                    self.functions[name] = value
                case _:
                    pass

    # ---- runs ------------------------------------------------------------------------------------

    def run(
        self,
        tensor: Callable[[str, Mapping[str, str]], str | None],
        told: Callable[[str, str | None, Whole, Mapping[str, str]], str | None],
        view: Callable[[Array], Whole],
        given: Collection[str],
        explain: Callable[[Collection[str]], dict[str, str]],
        slope: Callable[[str, str | None, Whole], str | None],
    ) -> list[Assigned]:
        """Every assignment, in order.

        `tensor` tells what a name means, `told` what its value says of that, `view` a tensor as the
        writer has it; `given` are tensors whose values are there before. `explain` has the tensors
        of names that other names explain, `slope` the tensor of an error that passed a slope.
        """
        self.explain, self.slope = explain, slope
        self.guess, self.told, self.view, self.given = tensor, told, view, frozenset(given)
        self.steps_known: frozenset[Step] = frozenset()
        names = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(self.tree) if isinstance(n, ast.Attribute)}
        names |= {str(n.value) for n in ast.walk(self.tree) if isinstance(n, ast.Constant)}
        self.said: dict[str, str] = self.explain(names)
        for again in range(2):
            # the first time only to see which values are steps to another
            self.count: dict[str, int] = {}
            self.found: list[Assigned] = []
            self.unread: list[Unread] = []
            self.lost: list[Unread] = []
            self.ascends = 0  # the line where something is added to a parameter
            self.taken: set[str] = set()
            self.means = {}
            self.steps = 0
            self.depth = 0
            self.frames = [_Frame()]
            self.current: ast.stmt = ast.Pass()
            self._roots()
            if not again:
                self.steps_known = steps(self.found)
        return self.found

    @property
    def frame(self) -> _Frame:
        """The function that is being walked."""
        return self.frames[-1]

    def _roots(self) -> None:
        """The script; where it computes nothing, the functions that no other one calls."""
        self._block(self.tree.body)
        called = {
            _called(n.func)
            for f in self.functions.values()
            for n in ast.walk(f)
            if isinstance(n, ast.Call) and self._own_name(n.func) is not f
        }
        if self.unread or any(a.tensor and a.tensor.startswith("d") for a in self.found):
            called |= {
                _called(n.func)
                for s in self.tree.body
                if not isinstance(s, ast.FunctionDef | ast.ClassDef)
                for n in ast.walk(s)
                if isinstance(n, ast.Call)
            }
        for name, function in self.functions.items():
            if name in called or name == "__init__" or isinstance(function, ast.Lambda):
                continue
            try:
                self._block(function.body)
            except _Return:
                self._returned(name, function)

    def _own_name(self, func: ast.expr) -> object:
        return self.functions.get(_called(func))

    def _returned(self, name: str, function: ast.FunctionDef) -> None:
        """What a root returns: a dictionary's entries by their keys, one value by its name."""
        statement = next((s for s in function.body if isinstance(s, ast.Return)), None)
        value = self.frame.returned
        if statement is None:
            return
        if isinstance(statement.value, ast.Dict):
            for key, entry in zip(statement.value.keys, statement.value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    known = isinstance(entry, ast.Name) and entry.id == key.value
                    if not known:
                        put = self._of_gradients(key.value)
                        self._same_or_assign(put, entry)
            return
        if isinstance(statement.value, ast.Tuple) and isinstance(value, tuple):
            self._nameless(statement.value, value)
            return
        single = not isinstance(value, tuple | Refused) and value is not None
        if single and not isinstance(statement.value, ast.Name) and self.tensor(name) is not None:
            assert statement.value is not None
            self._assign(name, value, statement.value)

    def _nameless(self, statement: ast.Tuple, values: tuple[object, ...]) -> None:
        """Values that are returned without a name, where they are made of more than data."""
        for entry, value in zip(statement.elts, values, strict=False):
            whole = isinstance(value, Product | Dot | Reduce | Transpose | Entrywise)
            if whole and not isinstance(entry, ast.Name | ast.Subscript | ast.Attribute):
                text = shorten(ast.unparse(entry), 30)
                reason = "this value has no name; give it one, such as dW1, before it is returned"
                self.unread.append(Unread(text, self.place(entry).line, reason))

    # ---- statements ------------------------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Refused(self.place(statement), "this is too long; give the formulas alone")
            self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        if len(self.frames) == 1:
            self.current = statement
        match statement:
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Lambda):
                    return
                for target in targets:
                    self._put(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._put(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                self._augmented(target, op, value, statement)
            case ast.For():
                self._loop(statement)
            case ast.If(test=test, body=body, orelse=other):
                self._branch(statement, test, body, other)
            case ast.Return(value=value):
                self.frame.returned = None if value is None else self._try(value)
                raise _Return
            case ast.With() | ast.While() | ast.Try() | ast.AsyncFor() | ast.Match():
                word = type(statement).__name__.lower()
                raise Refused(
                    self.place(statement),
                    f"'{word}' isn't known here; give the array statements alone",
                )
            case _:
                pass  # imports, definitions, text, calls for their effect

    def _branch(
        self, statement: ast.If, test: ast.expr, body: Sequence[ast.stmt], other: Sequence[ast.stmt]
    ) -> None:
        try:
            chosen = constant(test, self.frame.known)
        except Unknown:
            absent = self._is_absent(test)
            if _is_main(test):
                self._block(body)
            elif absent is not None:
                self._block(body if absent else other)
            elif any(_changes(s) for s in (*body, *other)):
                raise Refused(
                    self.place(statement),
                    "'if' isn't known where arrays are changed; write np.where, or one branch",
                ) from None
            return
        self._block(body if chosen else other)

    def _is_absent(self, test: ast.expr) -> bool | None:
        """What `y is None` says of a name that isn't known to be None; else None."""
        match test:
            case ast.Compare(
                left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=None)]
            ) if isinstance(op, ast.Is | ast.IsNot) and self.tensor(name) is not None:
                return isinstance(op, ast.IsNot)
            case _:
                return None

    def _loop(self, statement: ast.For) -> None:
        names = {n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)}
        body = [s for s in statement.body if _changes(s)]
        used = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name)}
        if names.isdisjoint(used):
            self._block(body)  # each turn says the same
            return
        turns = counts(statement.iter, self.frame.known)
        if turns is None or not isinstance(statement.target, ast.Name):
            self._lose(statement)
            return
        for turn in turns:
            self.frame.known[statement.target.id] = turn
            self._block(body)

    def _lose(self, statement: ast.For) -> None:
        """What a loop that can't be written out changes isn't known after it."""
        place = self.place(statement)
        told = "a loop is known over a short range of numbers; write it with whole arrays"
        targets = [
            t
            for s in ast.walk(statement)
            if isinstance(s, ast.Assign | ast.AugAssign)
            for t in (s.targets if isinstance(s, ast.Assign) else [s.target])
        ]
        for target in targets:
            of = target.value if isinstance(target, ast.Subscript) else target
            for one in of.elts if isinstance(of, ast.Tuple | ast.List) else [of]:
                name = self._key(one)
                if name is not None and self.tensor(name) not in self.given:
                    self._assign(name, Refused(place, told), statement.iter, is_change=True)

    def _put(self, target: ast.expr, value: ast.expr) -> None:
        """One target of an assignment."""
        if isinstance(target, ast.Tuple | ast.List):
            self._several(target.elts, value)
            return
        name = self._key(target)
        if name is None:
            self._into(target, value)
            return
        if isinstance(target, ast.Subscript) and self.tensor(name) in self.given:
            self._entry(_dictionary(target), name, value)
            return
        try:
            self.frame.known[name] = constant(value, self.frame.known)
        except Unknown:
            self.frame.known.pop(name, None)
        if isinstance(value, ast.Dict):
            for key, entry in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    if self.tensor(key.value) in self.given:
                        self._entry(name, key.value, entry)
                    else:
                        self._same_or_assign(key.value, entry)
            return
        self._assign(name, self._try(value), value)

    def _entry(self, of: str, key: str, entry: ast.expr) -> None:
        """An entry of a dictionary under a parameter's name: the parameter, or its derivative."""
        value = self._try(entry)
        tensor = self.tensor(key)
        if is_of_gradients(of) or of in self.of_derivatives:
            if not (isinstance(entry, ast.Name) and entry.id == f"d{key}"):
                self._assign(f"d{key}", value, entry)
            return
        read = set() if isinstance(value, Refused | tuple) else self._behind(value)  # type: ignore[arg-type]
        own = f"d{tensor}"
        made = any(n not in self.given for n in read)
        if not made or (tensor in read and own in read) or _OPTIMISERS.search(of.lower()):
            self._assign(key, value, entry)
        elif tensor in read or own in read:
            if value != self.view(Array(own)):
                said = f"{shorten(of)}['{shorten(key)}'] may be the derivative or a new value"
                reason = f"{said}; if it is the derivative, call the dictionary grads"
                self.unread.append(Unread(f"{of}['{key}']", self.place(entry).line, reason))
        else:
            self.of_derivatives.add(of)
            self._assign(f"d{key}", value, entry)

    def _behind(self, value: Whole) -> set[str]:
        """The model's tensors that a value is made of, by way of own values too."""
        own = {a.name: a.node for a in self.found if a.tensor is None}
        seen: set[str] = set()
        work = [value]
        while work:
            for name in arrays(work.pop()):
                if name not in seen:
                    seen.add(name)
                    if name in own:
                        work.append(own[name])
        return seen - set(own)

    def _same_or_assign(self, key: str, entry: ast.expr) -> None:
        if not (isinstance(entry, ast.Name) and entry.id == key):
            self._assign(key, self._try(entry), entry)

    def _several(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        if self._is_given(value) and not any(self._is_slope(t) for t in targets):
            return  # `x, w, b = cache`, which another function made: names are told by themselves
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets):
            values: Sequence[object] = [self._try(v) for v in value.elts]
        elif isinstance(value, ast.Attribute) and value.attr == "shape":
            of = self._try(value.value)
            if isinstance(of, Refused):
                values = [of] * len(targets)
            else:
                place = self.place(value)
                values = [Extent(of, k, place=place) for k in range(len(targets))]  # type: ignore[arg-type]
        else:
            found = self._try(value)
            if isinstance(found, tuple) and len(found) == len(targets):
                values = found
            else:
                told = found if isinstance(found, Refused) else None
                refused = told or Refused(
                    self.place(value), f"this is no {len(targets)} values at once"
                )
                values = [refused] * len(targets)
        for target, one in zip(targets, values, strict=True):
            name = self._key(target)
            if name is not None:
                self._assign(name, one, value)

    def _is_given(self, value: ast.expr) -> bool:
        """Whether a value is a name of which the text says nothing, such as a parameter."""
        match value:
            case ast.Name(id=name):
                frame = self.frame
                known = name in frame.values or name in frame.known
                return not known and self.tensor(name) is None
            case _:
                return False

    def _is_slope(self, target: ast.expr) -> bool:
        name = self._key(target)
        return name is not None and (self.tensor(name) or "").startswith("d")

    def _augmented(
        self, target: ast.expr, op: ast.operator, value: ast.expr, statement: ast.stmt
    ) -> None:
        name = self._key(target)
        if type(op) not in _AUGMENTED:
            raise Refused(self.place(statement), "of these, += -= *= /= and **= are known")
        word = _AUGMENTED[type(op)]
        if name is None:
            self._into(target, value, word)
            return
        try:
            old = self.value(target)
            node: object = of_each(word, old, self.value(value), place=self.place(statement))
        except Refused as refused:
            node = refused
        if word == "+" and self.tensor(name) in self.given and _adds(value):
            self.ascends = statement.lineno
        self.frame.known.pop(name, None)
        self._assign(name, node, value, is_change=True)

    def _into(self, target: ast.expr, value: ast.expr, op: str | None = None) -> None:
        """A part of an array gets other values: where a condition holds, or a one-hot place."""
        place = self.place(target)
        name = self._key(target.value) if isinstance(target, ast.Subscript) else None
        if name is None or not isinstance(target, ast.Subscript):
            raise Refused(place, "what stands left of '=' is a name, or an entry by its key")
        try:
            old = self.value(target.value)
            new = self.value(value)
            picks = target.slice
            node: object
            if isinstance(picks, ast.Slice) and picks.lower is picks.upper is picks.step is None:
                node = new if op is None else of_each(op, old, new, place=place)
            elif isinstance(picks, ast.Tuple):
                node = self._at_classes(place, old, picks, new, op)
            else:
                when = self.value(picks)
                changed = new if op is None else of_each(op, old, new, place=place)
                node = of_each("where", when, changed, old, place=place)
        except Refused as refused:
            node = refused
        self._assign(name, node, value, is_change=True)

    def _at_classes(
        self, place: Place, old: Whole, picks: ast.Tuple, new: Whole, op: str | None
    ) -> Whole:
        """`p[np.arange(n), y] -= 1`."""
        match picks.elts:
            case [ast.Call(func=func), classes] if _called(func) in ("arange", "range"):
                hot = Hot(self.value(classes), Extent(old, 1, place=place), True, place=place)
            case _:
                raise Refused(place, "a part of an array isn't known left of '='")
        if op in ("+", "-"):
            return of_each(op, old, of_each("*", hot, new, place=place), place=place)
        changed = new if op is None else of_each(op, old, new, place=place)
        when = of_each("==", hot, Literal(Fraction(1), place=place), place=place)
        return of_each("where", when, changed, old, place=place)

    # ---- names -----------------------------------------------------------------------------------

    def _key(self, target: ast.expr) -> str | None:
        """A plain name: of `self.W1`, `params["W1"]`, `cache[f"W{l}"]` that is `W1`."""
        match target:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return name
            case ast.Subscript(value=ast.Name() | ast.Attribute(), slice=key):
                try:
                    found = constant(key, self.frame.known)
                except Unknown:
                    return None
                if not isinstance(found, str):
                    return None
                of = _dictionary(target)
                put = is_of_gradients(of) or of in self.of_derivatives
                return self._of_gradients(found) if put else found
            case _:
                return None

    def _of_gradients(self, key: str) -> str:
        """`grads["W2"]` is the derivative by `W2`."""
        return f"d{key}" if self.tensor(key) in self.given else key

    def _try(self, value: ast.expr) -> object:
        try:
            if isinstance(value, ast.Tuple):
                return tuple(self._try(v) for v in value.elts)
            if isinstance(value, ast.Call):
                own = self._call(value)
                if own is not None:
                    return own
            if isinstance(value, ast.Constant) and value.value is None:
                return Refused(self.place(value), "this is no value yet")
            return self.value(value)
        except Refused as refused:
            return refused

    def _assign(self, name: str, value: object, source: ast.expr, is_change: bool = False) -> None:
        """A name gets a value."""
        place = self.place(source)
        if isinstance(value, tuple):
            self.frame.values[name] = value
            return
        if len(self.frames) > 1:
            self.frame.values[name] = value  # inside an own function: no formula of its own
            return
        tensor = self._meant(name, value)
        reads = {n.id for n in ast.walk(source) if isinstance(n, ast.Name)}
        changes = is_change or name in reads
        if tensor in self.given and name not in self.frame.values and not changes:
            return  # data and parameters are what they are
        if tensor is not None and (tensor in self.given or tensor.startswith("next(")):
            tensor = None
        if tensor is not None and name != tensor and self._reads_targets(tensor, value):
            tensor = None  # `p[range(n), y] -= 1` makes an error of an output
        if tensor is not None and self._reads_itself(tensor, value):
            if tensor.startswith("d"):
                reason = f"'{shorten(name)}' is made of itself here; write where it comes from, too"
                self.unread.append(Unread(tensor, place.line, reason))
            tensor = None
        if tensor is not None and value == self.view(Array(tensor)):
            self.means[name] = tensor  # `A1 = cache["A1"]` says nothing new
            self.frame.values[name] = value
            return
        self.count[name] = count = self.count.get(name, 0) + 1
        if (name, count) in self.steps_known:
            tensor = None  # on the way to its last value
        text = shorten(ast.unparse(self.current), 200)
        if isinstance(value, Refused):
            self.frame.values[name] = value
            if tensor is None and name not in _DICTIONARIES:
                self.lost.append(Unread(name, place.line, str(value)))
            elif tensor is not None and tensor.startswith("d"):
                self.unread.append(Unread(tensor, place.line, str(value)))
                self.frame.values[name] = self.view(Array(tensor, place=place))
            return
        assert not isinstance(value, ast.AST)
        node: Whole = value  # type: ignore[assignment]
        if tensor is not None and not (isinstance(node, Literal) and tensor != name):
            self.means[name] = tensor
            self.found.append(Assigned(f"the {tensor}", tensor, node, place, text, name, count))
            self.frame.values[name] = self.view(Array(tensor, place=place))
            return
        if isinstance(node, Literal | Extent | Array | Like):
            self.frame.values[name] = node
            return
        own = self._own(name)
        self.found.append(Assigned(own, None, node, place, text, name, count))
        self.frame.values[name] = Array(own, place=place)

    def _reads_itself(self, tensor: str, value: object) -> bool:
        """Whether a value for a tensor is made of that tensor, which nothing here gave before."""
        if isinstance(value, Refused) or value == self.view(Array(tensor)):
            return False
        given = any(a.tensor == tensor for a in self.found)
        return not given and tensor in self._behind(value)  # type: ignore[arg-type]

    def _reads_targets(self, tensor: str, value: object) -> bool:
        """Whether a value for one of the model's reads targets, where the model doesn't."""
        if isinstance(value, Refused) or tensor.startswith("d"):
            return False
        return bool(self.aims.intersection(arrays(value))) and tensor not in self.losses  # type: ignore[arg-type]

    def tensor(self, name: str) -> str | None:
        """The model's tensor that a name means."""
        return self.guess(name, self.said)

    def _meant(self, name: str, value: object) -> str | None:
        """The tensor that a name means, as what it is given to be may tell."""
        tensor = self.tensor(name)
        if isinstance(value, Refused):
            return tensor
        slope = self.slope(name, tensor, value)  # type: ignore[arg-type]
        if slope is not None or name in self.said:
            return slope or tensor
        found = self.told(name, tensor, value, self.said)  # type: ignore[arg-type]
        if found is not None:
            self.said[name] = found
        return found or tensor

    def _own(self, name: str) -> str:
        """A new name for one of the writer's values."""
        stem = name if check_name(name) is None else f"my_{name}"
        if stem.startswith("d") or self.tensor(stem) is not None or check_name(stem):
            stem = f"my_{stem}"[:50]
        found, count = stem, 2
        while found in self.taken or self.tensor(found) is not None:
            found, count = f"{stem}_{count}", count + 1
        self.taken.add(found)
        return found

    def resolve(self, node: ast.expr) -> Whole | None:
        """Names, attributes of self, entries of dictionaries."""
        name = self._key(node)
        if name is None:
            return None
        place = self.place(node)
        values = self.frame.values
        if name in values:
            found = values[name]
            if isinstance(found, Refused):
                raise found
            if isinstance(found, tuple):
                raise Refused(place, f"'{shorten(name)}' is several values at once")
            return found  # type: ignore[return-value]
        if name in self.frame.known:
            number = self.frame.known[name]
            if isinstance(number, int | float):
                return Literal(self.number(number, place), place=place)
        if isinstance(node, ast.Name) and name in ("np", "numpy", "math"):
            return None
        tensor = self.tensor(name)
        if name in UPSTREAM and name not in self.said and self.has_several:
            tensor = None  # of which layer it comes, the text alone doesn't tell
        if tensor is None:
            if isinstance(node, ast.Subscript) and not _is_key(node):
                return None
            if self.batch is not None and name in SAMPLES:
                return Count(self.batch, place=place)
            if self.small is not None and name in EPSILON:
                return Literal(self.small, place=place)
            raise Refused(
                place,
                f"'{shorten(name)}' is no tensor of the model and has no value before"
                f"{self._near(name)}; write its formula before, or say which it is, such as "
                f'names "{shorten(name)}=..."',
            )
        self.means[name] = tensor
        return self.view(Array(tensor, place=place))

    def _near(self, name: str) -> str:
        """A suggestion, where a name of some length is much like a known one."""
        own = {n for f in self.frames for n in (*f.values, *f.known)}
        alike = [n for n in {*self.names, *own} - {name} if n[:1].lower() == name[:1].lower()]
        return meant(name, alike) if len(name) > 2 else ""

    # ---- own functions ---------------------------------------------------------------------------

    def own_call(self, node: ast.Call) -> Whole | None:
        """The value of an own function, written out."""
        found = self._call(node)
        if isinstance(found, Refused):
            raise found
        if isinstance(found, tuple):
            raise Refused(self.place(node), "this function gives several values; name them")
        return found  # type: ignore[return-value]

    def _call(self, node: ast.Call) -> object:
        name = _called(node.func)
        own = isinstance(node.func, ast.Name) or (
            isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("self", "cls")
        )
        function = self.functions.get(name) if own else None
        if function is None:
            return None
        place = self.place(node)
        if self.depth >= DEEPEST_CALL:
            raise Refused(place, f"'{shorten(name)}' calls itself, or calls too deeply")
        frame = _Frame()
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        if names[:1] == ["self"]:
            names = names[1:]
        defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        given = dict(zip(names, node.args, strict=False))
        given |= {k.arg: k.value for k in node.keywords if k.arg in names}
        if len(node.args) > len(names) or function.args.vararg or function.args.kwarg:
            raise Refused(place, f"'{shorten(name)}' takes {len(names)} arguments")
        for parameter in names:
            value = given.get(parameter) or defaults.get(parameter)
            if value is None:
                raise Refused(place, f"'{shorten(name)}' needs '{shorten(parameter)}'")
            try:
                frame.known[parameter] = constant(value, self.frame.known)
            except Unknown:
                frame.values[parameter] = self._try(value)
        self.frames.append(frame)
        self.depth += 1
        try:
            if isinstance(function, ast.Lambda):
                return self._try(function.body)
            self._block(function.body)
        except _Return:
            return frame.returned
        finally:
            self.frames.pop()
            self.depth -= 1
        return Refused(place, f"'{shorten(name)}' gives no value")


def _called(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _adds(value: ast.expr) -> bool:
    """Whether a change has no sign of its own, as `-lr*dW` has."""
    return not any(isinstance(n, ast.USub | ast.Sub) for n in ast.walk(value))


def _dictionary(node: ast.Subscript) -> str:
    """The name of the dictionary that an entry is of."""
    match node.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def is_of_gradients(name: str) -> bool:
    """Whether a dictionary is one of gradients, by its name."""
    return name.lower().strip("_") in _GRADIENTS


def _is_key(node: ast.Subscript) -> bool:
    return not isinstance(node.slice, ast.Slice | ast.Tuple)


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return True
        case _:
            return False


def _changes(statement: ast.stmt) -> bool:
    """Whether a statement does more than print."""
    return any(
        isinstance(n, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return)
        for n in ast.walk(statement)
    )
