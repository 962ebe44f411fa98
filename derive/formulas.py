"""Formulas that a person wrote, against a derivation.

The text is in the language of equations; a known tensor on a left side (`dW2`, an alias such as
`y1`, a value such as `z1`, an update `next(W1)`) is compared, any other name is an intermediate of
the text's own. What later formulas read of known tensors is the right value, so that one mistake is
told once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from derive.arithmetic import Arithmetic
from derive.errors import ChainruleError, meant
from derive.exact import SYMBOLS, as_symbols, near, spread, vanishes
from derive.extents import Sizes
from derive.grammar import read_equations
from derive.instance import bare_names
from derive.instances import NoInstance, draw, instance, run_time_extents, work
from derive.interpret import Interpreter
from derive.language import Declarations, assemble
from derive.notation import Derivation, System
from derive.numeric import DIGITS, TOLERANCE, Numbers
from derive.report import Row
from derive.scope import refs
from derive.syntax import Fn, Name, Op, Red, Ref, Syntax, Written
from derive.tree import equation_reads, needed_by

MOST = 30_000  # bodies that are worked out at each instance
MOST_WRITTEN = 600  # bodies that are written out in symbols
EQUAL = "equal at points"
_SIZES = (1, 2, 3)  # of the batch; the first that shows a difference is the smallest
_POINTS = 8  # where something branches: a formula may be right in one branch only
_PLACE = "formulas"
_MARK = "the_derivative_"  # a model may not name a tensor like a derivative; here they carry a mark
_NEXT = "next_value_of_"  # nor read what will be; here that is a tensor like any other


def check_formulas(derivation: Derivation, text: str, seed: int) -> Iterator[Row]:
    """A row for each formula that gives a known tensor.

    Raises `ChainruleError` for what can't be read, and where no known tensor is given.
    """
    problems: list[str] = []
    written = [_plain_left(w) for w in read_equations(text, _PLACE, problems)]
    if problems:
        raise ChainruleError(*problems)
    known = known_names(derivation, _mentioned(written))
    for name in {w.tensor for w in written} & _nobody_s(derivation):
        known.pop(name, None)
    wanted = [w.tensor for w in written if w.tensor in known]
    if not wanted:
        raise ChainruleError(
            f"{_PLACE}: no equation gives a tensor of the model or a derivative, such as "
            f"{next((a for _, a in derivation.adjoints), 'dW')}"
        )
    rows: dict[str, Row] = {}
    small = instance(derivation, MOST)
    for point in range(_POINTS):
        extents = run_time_extents(small, _SIZES[min(point, len(_SIZES) - 1)])
        try:
            values = draw(small, seed + point + 1, extents)
        except NoInstance as none:
            yield from (Row(name, "formula", "not checked", str(none)) for name in wanted)
            return
        numbers = Numbers(small, values, extents)
        text_ = _Text(numbers, written, known)
        for name in wanted:
            if name not in rows or rows[name].ok:
                rows[name] = text_.compare(name)
        if point + 1 >= len(_SIZES) and not _worth_more(numbers, point + 1):
            break
    for name, row in rows.items():
        proved = row.verdict == EQUAL and text_.identical(name)
        yield Row(name, "formula", "identical") if proved else row
    yield from _unplaced(written, known)


def _worth_more(numbers: Numbers, points: int) -> bool:
    """Whether there are branches that some points may all have missed, and little to work out."""
    branches = numbers.all.margin < math.inf
    return branches and work(numbers.equations, numbers.extents) * points <= MOST


def _plain_left(written: Written) -> Written:
    """An equation for what will be, `next(m)[i] = ...`, as one for a tensor of that name."""
    if not written.is_next:
        return written
    return replace(written, tensor=f"next({written.tensor})", is_next=False)


def _mentioned(written: Sequence[Written]) -> set[str]:
    """Every name in a text."""
    read = {r.name for w in written for r in refs(w.right)}
    return read | bare_names(written) | {w.tensor for w in written}


def _nobody_s(derivation: Derivation) -> set[str]:
    """Names that the engine gave, such as `c` to a common part: a text may mean its own by them."""
    table = derivation.system.table
    adjoints = {name for _, name in derivation.adjoints}
    unnamed = [e for e in derivation.forward if not e.source]
    made = {e.tensor for e in (*unnamed, *derivation.backward, *derivation.inlined)} - adjoints
    return {name for name in made if not (name.startswith("d") and name[1:] in table)}


def _unplaced(written: Sequence[Written], known: dict[str, str]) -> Iterator[Row]:
    """A row for each name that neither the model has nor another formula reads."""
    read = {r.name for w in written for r in refs(w.right)} | bare_names(written)
    for name in dict.fromkeys(w.tensor for w in written):
        if name not in known and name not in read:
            detail = f"the model has no '{name}', and no other formula reads it{meant(name, known)}"
            yield Row(name, "formula", "not checked", detail)


def known_names(derivation: Derivation, mentioned: Collection[str]) -> dict[str, str]:
    """What a formula may name: all tensors, aliases of them, and `d` + either.

    For each the derivation's own name. What updates give is there where it is mentioned.
    """
    names = {t.name: t.name for t in derivation.tensors if t.role != "next" or t.name in mentioned}
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
        derivation = numbers.derivation
        updates = (*derivation.system.updates, *derivation.updates)
        self.derived = {e.tensor: e for e in (*numbers.equations, *updates)}
        self.all = numbers.all.beside(updates, (), {})
        self.known = known
        self.given = {w.tensor for w in written}
        self.system = self._assembled(written)
        own = {self._mark(n): self._mine(n) for n in self.given & set(known)}
        table = dict(self.system.table)
        table.update({new: replace(table[old], name=new) for old, new in own.items()})
        self.equations = [
            replace(e, tensor=own.get(e.tensor, e.tensor)) for e in self.system.equations
        ]
        self.table = table
        self.right = {real: self.all.array(real) for real in known.values()}
        self.run = self._run(self.right, DIGITS)

    def _run(self, right: Mapping[str, np.ndarray], arithmetic: Arithmetic) -> Interpreter:
        """The text's equations with arrays for all that is known."""
        marked = {n: (self._mark(n), real) for n, real in self.known.items()}
        values = {mark: right[real] for mark, real in marked.values() if mark in self.table}
        return Interpreter(self.equations, self.table, values, arithmetic)

    def compare(self, name: str) -> Row:
        """One formula's verdict at this instance."""
        right = self.known[name]
        for place in np.ndindex(*self.all.shape(right)):
            theirs = self.run.value(self._mine(name), place)
            ours = self.all.value(right, place)
            if not near(ours, ours, TOLERANCE):
                return Row(name, "formula", "not checked", "it is no number at the numbers drawn")
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
        return Row(name, "formula", EQUAL)

    def identical(self, name: str) -> bool:
        """Whether a formula is what was derived whatever the numbers are.

        All that is known is a symbol for each entry, in the formula and in the derived equation.
        Where the numbers at hand choose a branch, the other one isn't proved.
        """
        real = self.known[name]
        derived = self.derived.get(real)
        if derived is None:
            return False
        extents = self.all.extents
        places = spread(self.all.shape(real))
        needed = needed_by({self._mine(name)}, self.equations)
        own = [e for e in self.equations if e.tensor in needed and e.tensor != self._mine(name)]
        both = [derived, *(e for e in self.equations if e.tensor == self._mine(name))]
        each = work(both, extents) * len(places) // max(math.prod(self.all.shape(real)), 1)
        if each + work(own, extents) > MOST_WRITTEN:
            return False
        table = self.numbers.table
        symbols = {n: a if table[n].integer else as_symbols(n, a) for n, a in self.right.items()}
        for read in equation_reads(derived):
            if read.tensor not in symbols and not table[read.tensor].integer:
                symbols[read.tensor] = as_symbols(read.tensor, self.all.array(read.tensor))
        chosen: list[bool] = []

        def compare(op: str, one: Any, other: Any) -> bool:
            chosen.append(bool((one.expr - other.expr).free_symbols))
            return SYMBOLS.compare(op, one, other)

        arithmetic = replace(SYMBOLS, compare=compare)
        again = replace(derived, tensor=self._mine(name))
        ours_table = {**table, again.tensor: replace(table[real], name=again.tensor)}
        ours = Interpreter((again,), ours_table, symbols, arithmetic, extents)
        theirs = self._run(symbols, arithmetic)
        same = all(
            vanishes(ours.value(again.tensor, place).expr - theirs.value(again.tensor, place).expr)
            for place in places
        )
        return same and not any(chosen)

    def _mark(self, name: str) -> str:
        if name.startswith("next("):
            return f"{_NEXT}{name[5:-1]}"
        known = name in self.known or name in self.given
        return f"{_MARK}{name}" if known and name.startswith("d") else name

    def _mine(self, name: str) -> str:
        return f"{name} as written"

    def _assembled(self, written: Sequence[Written]) -> System:
        """The text's equations over the sizes of this instance; all that is known is an input."""
        table = self.numbers.derivation.table
        tensors = {n: table[real] for n, real in self.known.items()}
        shapes = {n: self.all.shape(real) for n, real in self.known.items()}
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
            raise ChainruleError(*map(_unmarked, refused.problems)) from None


def _unmarked(problem: str) -> str:
    return re.sub(rf"\b{_NEXT}(\w+)", r"next(\1)", problem.replace(_MARK, ""))


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
