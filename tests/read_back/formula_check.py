"""A formula read back: all its right sides agree, and with what stands on the left.

The numbers come from the interpreter: of the forward equations, of the derived ones, and, for
differentials, of tangents that are carried forward.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from codegen.documents.context import DocumentContext
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from derive.ir.notation import Dim, Equation
from derive.semantics.interpreter import Interpreter
from tests.read_back import index_latex, matrix_latex
from tests.read_back.assignment import SYMBOLS, Assignment, assignment_of
from tests.read_back.facts import Facts
from tests.read_back.tokens import is_letter, lex, spoken, subscripts_in

MOST_PLACES = 3
MOST_MOVED = 40


_UNNAMED = re.compile(r"(?<![A-Za-z])[fgh]'(\\[bB]igg?l)?\(")  # an activation without a name
_SUMMED = re.compile(r"\\sum_\{((?:[^{}]|\{[^{}]*\})*)\} ")
_LOCAL = re.compile(r"\\frac\{\\partial .*\}\{\\partial .*\}", re.DOTALL)


# ---- the assignments of the readers -------------------------------------------------------------


class FormulaCheck:
    """One context, and numbers for its symbols."""

    def __init__(self, context: DocumentContext, facts: Facts) -> None:
        self.context = context
        self.facts = facts
        self.names = context.names
        self.derivation = context.derivation
        dims = {
            a.name
            for t in self.derivation.tensors
            for e in t.shape
            for a, _ in e.terms
            if isinstance(a, Dim)
        }
        self.extents = {self.names.dim(Dim(n)): facts.extents[n] for n in sorted(dims)}
        self.arrays = {**facts.arrays, **facts.changes}
        self.assignments = self.both(self.arrays)
        self.after = dict(self._updated())
        self.chains = 0  # middles of chains that were worked out

    def both(self, arrays: Mapping[str, np.ndarray]) -> tuple[Assignment, Assignment]:
        """The assignment of formulas with subscripts, and that of matrices."""
        plain = {str(self.names[n]): np.asarray(a) for n, a in arrays.items()}
        lying = {
            str(self.names[n]): self.lies(n, np.asarray(a))
            for n, a in arrays.items()
            if np.ndim(a) <= 2 and not n.startswith("d(")
        }
        return (
            assignment_of(plain, self.extents),
            assignment_of(lying, self.extents),
        )

    def lies(self, name: str, array: np.ndarray):
        """A tensor as it lies in the matrices of this document."""
        found = matrix_latex.arranged(array, [False] * np.ndim(array))
        of = {a for _, a in self.derivation.adjoints}
        is_turned = self.context.options.layout == "numerator" and name in of
        return found.T if is_turned and np.ndim(found) else found

    def _updated(
        self,
    ) -> Iterator[tuple[str, tuple[Equation, tuple[Assignment, Assignment], np.ndarray]]]:
        """What an update stands for: each reads what those before it have changed."""
        d = self.derivation
        equations = (*d.system.updates, *d.updates)
        if not equations:
            return
        given = dict(self.facts.arrays)
        source = np.random.default_rng(7)
        for tensor in d.tensors:
            if tensor.role == "state":
                shape = [self.size(e) for e in tensor.shape]
                given[tensor.name] = source.uniform(0.2, 0.9, shape)
        run = Interpreter(equations, d.table, given, extents=self.facts.extents)
        now = {**given, **self.facts.changes}
        for equation in equations:
            value = run.array(equation.tensor)
            yield equation.tensor, (equation, self.both(now), value)
            name = equation.tensor
            now[name[5:-1] if name.startswith("next(") else name] = value

    def size(self, extent) -> int:
        """An extent in numbers."""
        return extent.constant + sum(c * self.facts.extents[a.name] for a, c in extent.terms)

    # ---- one formula -----------------------------------------------------------------------------

    def check(self, formula: Formula, label: str = "") -> str:
        """What was compared: "left" with the left side too, "right" right sides only, or "none"."""
        if formula.relation == r"\leftarrow" or label.startswith("update:"):
            return self.update(formula)
        if formula.left in self._wholes():
            return self.matrix_form(formula)
        name = self._entry_of(formula.left)
        if name is None and _LOCAL.fullmatch(formula.left):
            return self.local(formula)
        if name is None:
            raise AssertionError(f"nothing is {formula.left}: {formula.latex()}")
        relies = formula.relation == "=" and not label.startswith("sorted:")
        assignment = self.assignments[0]
        if relies and self._plain(formula.left, name):
            try:
                return self.with_subscripts(formula, assignment, self.arrays[name])
            except (AssertionError, AttributeError, IndexError) as error:
                if np.ndim(self.arrays[name]) or isinstance(error, Differs):
                    raise
                return self.matrix_form(formula)  # a scalar's: both have the same left side
        return self.among_themselves(formula, name)

    def _wholes(self) -> dict[str, str]:
        return {
            str(self.names[n]): n
            for n, a in self.arrays.items()
            if np.ndim(a) and not n.startswith("d(")
        }

    def _entry_of(self, left: str) -> str | None:
        """The tensor of which a left side is an entry."""
        tokens = lex(left)
        known = SYMBOLS[id(self.assignments[0])]
        by_symbol = {str(self.names[n]): n for n in self.arrays}
        whole = known.get("".join(tokens))
        if whole is not None:
            return by_symbol[whole]
        reader = index_latex.Reader(tokens, self.assignments[0])
        try:
            for symbol in _candidates(reader, tokens, known):
                return by_symbol[symbol]
        except AssertionError:
            return None
        return None

    def _plain(self, left: str, name: str) -> bool:
        """Whether a left side has a letter for each axis."""
        letters = index_latex.subscripts_of(left, self.assignments[0])
        return len(letters) == np.ndim(self.arrays[name]) and all(is_letter(x) for x in letters)

    def with_subscripts(self, formula: Formula, assignment: Assignment, wanted: np.ndarray) -> str:
        """Every right side at some of the places of the left."""
        letters = index_latex.subscripts_of(formula.left, assignment)
        places = list(np.ndindex(*np.shape(wanted)))
        read = False
        for side in map(flat, formula.right):
            local = is_local(side, self.names)
            read |= not local
            for place in spread(places):
                at = dict(zip(letters, place, strict=True))
                if local:
                    self.chain_rule(side, at, wanted[place], formula)
                    continue
                found = index_latex.read(side, assignment, at)
                agree(found, wanted[place], f"{formula.latex()} at {at}: {side}")
        return "left" if read else "none"

    def among_themselves(self, formula: Formula, name: str) -> str:
        """The right sides at some values of the letters of the left side."""
        sides = [flat(s) for s in formula.right if not is_local(flat(s), self.names)]
        local = [s for s in map(flat, formula.right) if is_local(s, self.names)]
        if not sides or len(sides) + len(local) < 2:
            return "none"
        if len(sides) < 2 and not self._plain(formula.left, name):
            return "none"  # how far its letters run is said nowhere
        letters = self.ranges(formula, name)
        places = list(product(*(range(n) for n in letters.values())))
        for place in spread(places):
            at = dict(zip(letters, place, strict=True))
            first, *others = (index_latex.read(s, self.assignments[0], at) for s in sides)
            for other in others:
                agree(other, first, f"{formula.latex()} at {at}")
            for side in local:
                self.chain_rule(side, at, first, formula)
        return "right" if len(sides) > 1 else "chain"

    def chain_rule(self, side: str, at: Mapping[str, int], wanted: float, formula: Formula) -> None:
        """The middle of a chain, `sum dE/dY dY/dX`: by what the equation of Y changes with X."""
        cut = side.rfind(r"\frac{\partial ")
        summed = _SUMMED.match(side)
        if cut <= 0 or not _LOCAL.fullmatch(side[cut:]):
            return  # an activation's f'
        upstream = side[summed.end() if summed else 0 : cut].strip().removesuffix(r"\,")
        (output, over), (wrt, under) = self.entries_of(side[cut:])
        run = summed.group(1).split(",") if summed else []
        sizes = dict(zip(over, np.shape(self.arrays[output]), strict=True))
        known = {*at, *run} - {str(self.names[n]) for n in self.arrays}  # `w[q]` by data `q`
        if self.facts.holds(output) or not {*over, *under} <= known or not {*run} <= {*sizes}:
            return
        moved = self.facts.moves(output, wrt, tuple(at[x] for x in under))
        found = 0.0
        for place in product(*(range(sizes[letter]) for letter in run)):
            values = {**at, **dict(zip(run, place, strict=True))}
            outer = index_latex.read(upstream, self.assignments[0], values)
            found += outer * moved[tuple(values[x] for x in over)]
        if np.isfinite(found):
            agree(found, wanted, f"{formula.latex()} at {at}: {side}", within=1e-4)
            self.chains += 1

    def ranges(self, formula: Formula, name: str) -> dict[str, int]:
        """How far each letter of a left side runs."""
        if not np.ndim(self.arrays[name]):
            return {}
        parts = index_latex.subscripts_of(formula.left, self.assignments[0])
        found: dict[str, int] = {}
        tokens = lex(" ".join(flat(s) for s in formula.right))
        reader = index_latex.Reader(tokens, self.assignments[0])
        for part, size in zip(parts, np.shape(self.arrays[name]), strict=True):
            if is_letter(part):
                found[part] = size
                continue
            for letter in spoken(lex(part)):
                known = letter in found or letter in self.extents
                if is_letter(letter) and not known:
                    found[letter] = reader.extent_of(letter, tokens)
        return found

    def local(self, formula: Formula) -> str:
        """A local derivative: its change in a direction is what the forward equation says."""
        assignment = self.assignments[0]
        (output, over), (wrt, under) = self.entries_of(formula.left)
        if formula.relation != "=":
            return self.parts(formula, over, output, under, wrt)
        if self.facts.holds(output):
            return "none"  # what is held has the derivative 0 by agreement, and no quotient has
        source = random.Random(f"{output} {wrt}")
        finite = [p for p, x in np.ndenumerate(self.arrays[output]) if np.isfinite(x)]
        at = source.choice(finite)
        places = list(np.ndindex(*np.shape(self.arrays[wrt])))
        places = source.sample(places, min(len(places), MOST_MOVED))
        direction = np.zeros(np.shape(self.arrays[wrt]))
        for place in places:
            direction[place] = source.uniform(0.5, 1.5)
        wanted = self.facts.slope(output, at, wrt, direction)
        for side in map(flat, formula.right):
            found = 0.0
            for place in places:
                letters_at = dict(zip((*over, *under), (*at, *place), strict=True))
                found += direction[place] * index_latex.read(side, assignment, letters_at)
            agree(found, wanted, f"{formula.latex()}: {side}", within=1e-5)
        return "left"

    def entries_of(self, local: str) -> list[tuple[str, list[str]]]:
        """The two tensors of a local derivative, each with its subscripts."""
        assignment = self.assignments[0]
        reader = index_latex.Reader(lex(local), assignment)
        reader.take(r"\frac")
        by_symbol = {str(self.names[n]): n for n in self.arrays}
        entries = []
        for tokens in (reader.group()[1:], reader.group()[1:]):
            part = index_latex.Reader(tokens, assignment)
            name = by_symbol[part.longest_symbol()]
            rank = np.ndim(self.arrays[name])
            letters: list[list[str]] = []
            if rank:
                part.take("_")
                letters = subscripts_in(part.group(), rank)
            # before them a name may have a part below, as a gate's letter
            entries.append((name, ["".join(x) for x in letters][-rank:] if rank else []))
        return entries

    def parts(self, formula: Formula, over, output: str, under, wrt: str) -> str:
        """A part of a local derivative: its forms are one."""
        sizes = (*np.shape(self.arrays[output]), *np.shape(self.arrays[wrt]))
        places = list(product(*(range(n) for n in sizes)))
        for place in spread(places):
            at = dict(zip((*over, *under), place, strict=True))
            first, *others = (
                index_latex.read(flat(s), self.assignments[0], at) for s in formula.right
            )
            for other in others:
                agree(other, first, f"{formula.latex()} at {at}")
        return "right"

    def matrix_form(self, formula: Formula) -> str:
        """Every right side of a formula between matrices."""
        by_symbol = {str(self.names[n]): n for n in self.arrays if not n.startswith("d(")}
        wanted = self.assignments[1].tensors[str(self.names[by_symbol[formula.left]])]
        return self.matrices(formula, self.assignments[1], wanted)

    def matrices(self, formula: Formula, assignment: Assignment, wanted) -> str:
        """Every right side."""
        for side in formula.right:
            if is_local(flat(side), self.names):
                continue
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = matrix_latex.read(flat(side), assignment)
            found = matrix_latex.whole(found, np.shape(wanted))
            if np.size(found) == np.size(wanted) == 1:
                found = np.reshape(found, np.shape(wanted))  # a matrix of one entry is a number
            same = np.broadcast_shapes(np.shape(found), np.shape(wanted)) == np.shape(wanted)
            if np.ndim(found) != np.ndim(wanted) or not same:
                raise Differs(f"{formula.latex()}: {np.shape(found)}, not {np.shape(wanted)}")
            if not np.allclose(found, wanted, rtol=1e-6, atol=1e-8, equal_nan=True):
                raise Differs(f"{formula.latex()}: {found}, not {wanted}: {flat(side)}")
        return "left"

    def update(self, formula: Formula) -> str:
        """An update, at the numbers that those before it left."""
        for name, (equation, assignments, value) in self.after.items():
            if formula.left == self.context.index.left(equation) and np.ndim(value):
                return self.with_subscripts(formula, assignments[0], value)
            if formula.left == str(self.names[name]):
                if not np.ndim(value):
                    return self.with_subscripts(formula, assignments[0], value)
                kept = name[5:-1] if name.startswith("next(") else name
                return self.matrices(formula, assignments[1], self.lies(kept, value))
        raise AssertionError(f"no update of {formula.left}")

    def objective_after(self, formula: Formula) -> bool:
        """The objective in numbers, with the parameters that the update gave."""
        d, facts = self.derivation, self.facts
        moved = {n[5:-1]: value for n, (_, _, value) in self.after.items()}
        run = Interpreter(d.forward, d.table, {**facts.leaves, **moved}, extents=facts.extents)
        agree(float(formula.right[-1]), run.value(d.objective), formula.latex())
        return True


class Differs(AssertionError):
    """A formula that isn't true."""


def agree(found: float, wanted: float, told: str, within: float = 1e-6) -> None:
    """Whether two numbers are one, but for rounding."""
    if not np.isclose(found, wanted, rtol=within, atol=within / 100, equal_nan=True):
        raise Differs(f"{found}, not {wanted}: {told}")


def is_local(side: str, names) -> bool:
    """Whether a side has a derivative of something else than the objective, or f' for short."""
    rest = side.replace(rf"\frac{{\partial {names.objective}}}", "")
    return r"\frac{\partial" in rest or bool(_UNNAMED.search(rest))


def spread(places: list) -> list:
    """Some of the places, far from each other."""
    return places[:: max(1, len(places) // MOST_PLACES)][: MOST_PLACES + 1]


def _candidates(reader, tokens: list[str], known: Mapping[str, str]) -> Iterator[str]:
    """The longest symbol of which the tokens are an entry."""
    if tokens[0] == r"\frac":
        reader.take()
        over, under = reader.group(), reader.group()
        for cut in range(len(under) - 1, 0, -1):
            name = rf"\frac{{{''.join(over)}}}{{{''.join(under[:cut])}}}"
            if name in known:
                yield known[name]
        return
    symbol = reader.longest_symbol()
    if symbol:
        yield symbol
