"""What stands left of `=`: names, several at once, entries of dictionaries, parts of arrays."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from fractions import Fraction

from derive.arrays.nodes import (
    Array,
    Extent,
    Hot,
    Literal,
    Whole,
)
from derive.arrays.numpy_functions import of_each
from derive.errors import shorten
from derive.ir.names import adjoint_of, is_adjoint
from derive.language.syntax import Place, Refused
from derive.readers.numpy_source.ast_shapes import (
    adds,
    called,
    dictionary,
    is_of_gradients,
)
from derive.readers.numpy_source.constant_folding import Unknown, constant
from derive.readers.numpy_source.inlined_calls import Calls
from derive.readers.vocabulary import Unread

_AUGMENTED: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_OPTIMISERS = re.compile(r"^[mvs]$|mom|veloc|cache|params|parameters|^adam|^rms|sq")


class Targets(Calls):
    """Assignments to whatever can be assigned to."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        super().__init__(tree, name)
        self.ascends = 0  # the line where something is added to a parameter

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
            self._entry(dictionary(target), name, value)
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
            if not (isinstance(entry, ast.Name) and entry.id == adjoint_of(key)):
                self._assign(adjoint_of(key), value, entry)
            return
        read = set() if isinstance(value, Refused | tuple) else self._behind(value)  # type: ignore[arg-type]
        own = adjoint_of(tensor or "")
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
            self._assign(adjoint_of(key), value, entry)

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
            kept = self.frame.values.get(self._key(value) or "")  # `cache = (x, w, b)`
            found = kept if isinstance(kept, tuple) else self._try(value)
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
        return name is not None and is_adjoint(self.tensor(name) or "")

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
        if word == "+" and self.tensor(name) in self.given and adds(value):
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
            case [ast.Call(func=func), classes] if called(func) in ("arange", "range"):
                if isinstance(classes, ast.Call) and called(classes.func) in ("list", "array"):
                    classes = classes.args[0] if len(classes.args) == 1 else classes
                hot = Hot(self.value(classes), Extent(old, 1, place=place), True, place=place)
            case _:
                raise Refused(place, "a part of an array isn't known left of '='")
        if op in ("+", "-"):
            return of_each(op, old, of_each("*", hot, new, place=place), place=place)
        changed = new if op is None else of_each(op, old, new, place=place)
        when = of_each("==", hot, Literal(Fraction(1), place=place), place=place)
        return of_each("where", when, changed, old, place=place)
