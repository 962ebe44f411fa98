"""Formulas that a person wrote, against a derivation.

The text is in the language of equations; a known tensor on a left side (`dW2`, an alias such as
`y1`, a value such as `z1`) is compared, any other name is an intermediate of the text's own. What
later formulas read of known tensors is the right value, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from derive.errors import ChainruleError, meant
from derive.exact import near
from derive.extents import Sizes
from derive.grammar import read_equations
from derive.instance import bare_names
from derive.instances import NoInstance, draw, instance, run_time_extents
from derive.interpret import Interpreter
from derive.language import Declarations, assemble
from derive.notation import Derivation, System
from derive.numeric import DIGITS, TOLERANCE, Numbers
from derive.report import Row
from derive.scope import refs
from derive.syntax import Fn, Name, Op, Red, Ref, Syntax, Written

MOST = 30_000  # bodies that are worked out at each instance
_SIZES = (1, 2, 3)  # of the batch; the first that shows a difference is the smallest
_PLACE = "formulas"
_MARK = "_derivative_"  # a model may not name a tensor like a derivative; here they carry a mark


def check_formulas(derivation: Derivation, text: str, seed: int) -> Iterator[Row]:
    """A row for each formula that gives a known tensor.

    Raises `ChainruleError` for what can't be read, and where no known tensor is given.
    """
    problems: list[str] = []
    written = read_equations(text, _PLACE, problems)
    if problems:
        raise ChainruleError(*problems)
    known = known_names(derivation)
    wanted = [w.tensor for w in written if w.tensor in known and not w.is_next]
    if not wanted:
        raise ChainruleError(
            f"{_PLACE}: no equation gives a tensor of the model or a derivative, such as "
            f"{next((a for _, a in derivation.adjoints), 'dW')}"
        )
    rows: dict[str, Row] = {}
    small = instance(derivation, MOST)
    for size in _SIZES:
        extents = run_time_extents(small, size)
        try:
            values = draw(small, seed + size, extents)
        except NoInstance as none:
            yield from (Row(name, "formula", "not checked", str(none)) for name in wanted)
            return
        numbers = Numbers(small, values, extents)
        text_ = _Text(numbers, written, known)
        for name in wanted:
            if name not in rows or rows[name].ok:
                rows[name] = text_.compare(name)
        if not extents:
            break
    yield from rows.values()
    yield from _unplaced(written, known)


def _unplaced(written: Sequence[Written], known: dict[str, str]) -> Iterator[Row]:
    """A row for each name that neither the model has nor another formula reads."""
    read = {r.name for w in written for r in refs(w.right)} | bare_names(written)
    for name in dict.fromkeys(w.tensor for w in written):
        if name not in known and name not in read:
            detail = f"the model has no '{name}', and no other formula reads it{meant(name, known)}"
            yield Row(name, "formula", "not checked", detail)


def known_names(derivation: Derivation) -> dict[str, str]:
    """What a formula may name: all tensors, aliases of them, and `d` + either.

    For each the derivation's own name.
    """
    names = {t.name: t.name for t in derivation.tensors if t.role != "next"}
    aliases = dict(derivation.system.aliases)
    names.update(aliases)
    for tensor, adjoint in derivation.adjoints:
        names.setdefault(f"d{tensor}", adjoint)
    for alias, tensor in aliases.items():
        if tensor in derivation.adjoint:
            names.setdefault(f"d{alias}", derivation.adjoint[tensor])
    return names


class _Text:
    """A person's equations at one instance, beside the right values of all known tensors."""

    def __init__(self, numbers: Numbers, written: Sequence[Written], known: dict[str, str]) -> None:
        self.numbers = numbers
        self.known = known
        self.given = {w.tensor for w in written}
        self.system = self._assembled(written)
        own = {self._mark(n): self._mine(n) for n in self.given & set(known)}
        table = dict(self.system.table)
        table.update({new: replace(table[old], name=new) for old, new in own.items()})
        equations = [replace(e, tensor=own.get(e.tensor, e.tensor)) for e in self.system.equations]
        right = {
            self._mark(n): numbers.all.array(real)
            for n, real in known.items()
            if self._mark(n) in table
        }
        self.run = Interpreter(equations, table, right, DIGITS)

    def compare(self, name: str) -> Row:
        """One formula's verdict at this instance."""
        right = self.known[name]
        for place in np.ndindex(*self.numbers.all.shape(right)):
            theirs = self.run.value(self._mine(name), place)
            ours = self.numbers.all.value(right, place)
            if not near(theirs, ours, TOLERANCE):
                example = {
                    "at": list(place),
                    "written": float(theirs),
                    "derived": float(ours),
                    "values": {n: _plain(v) for n, v in self.numbers.values.items()},
                }
                where = f"{name}{list(place)}" if place else name
                detail = f"{where} is {float(ours):.6g}; the formula gives {float(theirs):.6g}"
                return Row(name, "formula", "different", detail, {"counterexample": example})
        return Row(name, "formula", "equal at points")

    def _mark(self, name: str) -> str:
        known = name in self.known or name in self.given
        return f"{name}{_MARK}" if known and name.startswith("d") else name

    def _mine(self, name: str) -> str:
        return f"{name} as written"

    def _assembled(self, written: Sequence[Written]) -> System:
        """The text's equations over the sizes of this instance; all that is known is an input."""
        table = self.numbers.derivation.table
        tensors = {n: table[real] for n, real in self.known.items()}
        shapes = {n: self.numbers.all.shape(real) for n, real in self.known.items()}
        declared = Declarations(
            name=_PLACE,
            roles={
                self._mark(n): "constant" if t.value is not None else "input"
                for n, t in tensors.items()
                if n not in self.given
            },
            constants={self._mark(n): t.value for n, t in tensors.items() if t.value is not None},
            integers=frozenset(self._mark(n) for n, t in tensors.items() if t.integer),
            ranks={self._mark(n): len(s) for n, s in shapes.items()},
            sizes=Sizes(
                slots={(self._mark(n), k): e for n, s in shapes.items() for k, e in enumerate(s)}
            ),
        )
        try:
            return assemble([_renamed(w, self._mark) for w in written], declared)
        except ChainruleError as refused:
            raise ChainruleError(*(p.replace(_MARK, "") for p in refused.problems)) from None


def _renamed(written: Written, name: Callable[[str], str]) -> Written:
    def new(node: Syntax) -> Any:
        match node:
            case Name():
                return replace(node, name=name(node.name))
            case Ref():
                parts = tuple(new(s) for s in node.subscripts)
                return replace(node, name=name(node.name), subscripts=parts)
            case Op() | Fn():
                return replace(node, args=tuple(new(a) for a in node.args))
            case Red():
                letters = tuple(new(x) for x in node.letters)
                return replace(node, letters=letters, body=new(node.body))
            case _:
                return node

    return replace(
        written,
        tensor=name(written.tensor),
        letters=tuple(new(x) for x in written.letters),
        right=new(written.right),
    )


def _plain(array: np.ndarray) -> Any:
    return np.vectorize(float, otypes=[float])(array).tolist()
