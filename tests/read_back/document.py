"""A document's formulas read back: all right sides of one agree, and with what stands on the left.

The numbers come from the interpreter: of the forward equations, of the derived ones, and, for
differentials, of tangents that are carried forward.
"""

from __future__ import annotations

import random
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np

from codegen.documents.builder import DocumentBuilder
from codegen.documents.context import DocumentContext
from codegen.documents.formats.form import displays
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from derive.calculus.total_differential import (
    differential_of,
    passages,
    total_differential,
    with_differentials,
)
from derive.checks.points import draw, run_time_extents
from derive.ir.derivation import Derivation
from derive.ir.notation import Call, Dim, Equation, Tensor
from derive.ir.tree import equation_reads, walk
from derive.semantics.interpreter import Interpreter
from tests.read_back import index_latex, matrix_latex
from tests.read_back.index_latex import World

MOST_PLACES = 3
MOST_MOVED = 40
SMALL = 1e-5


_UNNAMED = re.compile(r"(?<![A-Za-z])[fgh]'(\\[bB]igg?l)?\(")  # an activation without a name
_SUMMED = re.compile(r"\\sum_\{((?:[^{}]|\{[^{}]*\})*)\} ")
_LOCAL = re.compile(r"\\frac\{\\partial .*\}\{\\partial .*\}", re.DOTALL)


# ---- numbers for everything that a derivation speaks of ------------------------------------------


class Facts:
    """Numbers for the tensors of one derivation, and for what they change by.

    `given` are the leaves' numbers; else random ones.
    """

    def __init__(self, derivation: Derivation, seed: int = 1, given=None, extents=None) -> None:
        self.derivation = derivation
        self.extents = dict(extents or run_time_extents(derivation))
        drawn = given if given is not None else draw(derivation, seed, self.extents)
        self.leaves = {n: _numbers(derivation.table[n], a) for n, a in drawn.items()}
        d = self.derivation
        every = (*d.forward, *d.inlined, *d.backward, *d.curvature)
        self.equations = tuple({e.tensor: e for e in every}.values())
        with np.errstate(all="ignore"):
            run = Interpreter(self.equations, d.table, self.leaves, extents=self.extents)
            self.arrays = {e.tensor: run.array(e.tensor) for e in self.equations}
        self.arrays.update(self.leaves)
        for tensor in d.tensors:
            if tensor.name not in self.arrays and tensor.value is not None:
                self.arrays[tensor.name] = np.asarray(float(tensor.value))
        self.through: dict[str, list] = {}
        for passage in passages(derivation):
            self.through.setdefault(passage.output, []).append(passage)
        source = np.random.default_rng(seed)
        self.tangents = {
            n: source.uniform(0.3, 1.2, np.shape(self.arrays[n]))
            for n in derivation.wrt
            if n in self.leaves
        }
        self.changes = self._carried()

    def _carried(self) -> dict[str, np.ndarray]:
        """The differentials: the leaves' tangents carried through each equation's own."""
        d = self.derivation
        given = {differential_of(n): a for n, a in self.tangents.items()}
        for name in self.arrays:
            if name not in self.through and differential_of(name) not in given:
                given[differential_of(name)] = np.zeros(np.shape(self.arrays[name]))
        told = [total_differential(d, p) for p in self.through.values()]
        run = Interpreter(
            told, with_differentials(d), {**self.arrays, **given}, extents=self.extents
        )
        return {**given, **{e.tensor: run.array(e.tensor) for e in told}}

    @np.errstate(invalid="ignore")
    def quotients(self) -> dict[str, np.ndarray]:
        """What all that is computed changes by, from the forward pass at two places near by.

        An equation of which all is held stays where it is.
        """
        d = self.derivation
        held = {
            e.tensor: self.arrays[e.tensor]
            for e in d.forward
            if e.tensor not in self.through and self.holds(e.tensor)
        }

        def forward(step: float) -> Interpreter:
            moved = {n: self.leaves[n] + step * a for n, a in self.tangents.items()}
            values = {**self.leaves, **moved, **held}
            return Interpreter(d.forward, d.table, values, extents=self.extents)

        ahead, back = forward(SMALL), forward(-SMALL)
        return {
            e.tensor: (ahead.array(e.tensor) - back.array(e.tensor)) / (2 * SMALL)
            for e in d.forward
            if e.tensor in self.through  # what the objective isn't computed from has no passage
        }

    def holds(self, output: str) -> bool:
        """Whether something is held in this equation, whose derivative is then 0 by agreement."""
        return any(
            isinstance(node, Call) and node.function == "hold"
            for e in self.derivation.forward
            if e.tensor == output
            for t in e.terms
            for node in walk(t.body)
        )

    def slope(self, output: str, at, wrt: str, direction: np.ndarray) -> float:
        """What one entry changes by where its equation reads other entries, all else fixed."""
        d = self.derivation
        equation = next(e for e in d.forward if e.tensor == output)
        alone = replace(equation, tensor="alone")
        shape = tuple(a.extent for a in equation.axes)
        table = {**d.table, "alone": Tensor("alone", shape, "intermediate")}
        read = {r.tensor: self.arrays[r.tensor] for r in equation_reads(equation)}
        found = []
        for step in (SMALL, -SMALL):
            moved = {**read, wrt: self.arrays[wrt] + step * direction}
            run = Interpreter([alone], table, moved, extents=self.extents)
            found.append(run.value("alone", at))
        return float(found[0] - found[1]) / (2 * SMALL)

    def moves(self, output: str, wrt: str, at: tuple[int, ...]) -> np.ndarray:
        """What a tensor's equation changes by with one entry of what it reads, all else fixed."""
        d = self.derivation
        equation = next(e for e in d.forward if e.tensor == output)
        alone = replace(equation, tensor="alone")
        shape = tuple(a.extent for a in equation.axes)
        table = {**d.table, "alone": Tensor("alone", shape, "intermediate")}
        read = {r.tensor: self.arrays[r.tensor] for r in equation_reads(equation)}
        direction = np.zeros(np.shape(self.arrays[wrt]))
        direction[at] = SMALL
        ahead, back = (
            Interpreter(
                [alone], table, {**read, wrt: self.arrays[wrt] + d_}, extents=self.extents
            ).array("alone")
            for d_ in (direction, -direction)
        )
        with np.errstate(invalid="ignore"):
            return (ahead - back) / (2 * SMALL)  # what a mask hides is minus infinity


def _numbers(tensor: Tensor, array) -> np.ndarray:
    return np.asarray(array).astype(int if tensor.integer else float)


# ---- the worlds of the readers -------------------------------------------------------------------


class Told:
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
        self.worlds = self.both(self.arrays)
        self.after = dict(self._updated())
        self.chains = 0  # middles of chains that were worked out

    def both(self, arrays: Mapping[str, np.ndarray]) -> tuple[World, World]:
        """The world of formulas with subscripts, and that of matrices."""
        plain = {str(self.names[n]): np.asarray(a) for n, a in arrays.items()}
        lying = {
            str(self.names[n]): self.lies(n, np.asarray(a))
            for n, a in arrays.items()
            if np.ndim(a) <= 2 and not n.startswith("d(")
        }
        return (
            index_latex.world_of(plain, self.extents),
            index_latex.world_of(lying, self.extents),
        )

    def lies(self, name: str, array: np.ndarray):
        """A tensor as it lies in the matrices of this document."""
        found = matrix_latex.arranged(array, [False] * np.ndim(array))
        of = {a for _, a in self.derivation.adjoints}
        is_turned = self.context.options.layout == "numerator" and name in of
        return found.T if is_turned and np.ndim(found) else found

    def _updated(self) -> Iterator[tuple[str, tuple[Equation, tuple[World, World], np.ndarray]]]:
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
        world = self.worlds[0]
        if relies and self._plain(formula.left, name):
            try:
                return self.with_subscripts(formula, world, self.arrays[name])
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
        tokens = index_latex.lex(left)
        known = index_latex.SYMBOLS[id(self.worlds[0])]
        by_symbol = {str(self.names[n]): n for n in self.arrays}
        whole = known.get("".join(tokens))
        if whole is not None:
            return by_symbol[whole]
        reader = index_latex.Reader(tokens, self.worlds[0])
        try:
            for symbol in _candidates(reader, tokens, known):
                return by_symbol[symbol]
        except AssertionError:
            return None
        return None

    def _plain(self, left: str, name: str) -> bool:
        """Whether a left side has a letter for each axis."""
        letters = index_latex.subscripts_of(left, self.worlds[0])
        return len(letters) == np.ndim(self.arrays[name]) and all(
            index_latex._is_letter(x) for x in letters
        )

    def with_subscripts(self, formula: Formula, world: World, wanted: np.ndarray) -> str:
        """Every right side at some of the places of the left."""
        letters = index_latex.subscripts_of(formula.left, world)
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
                found = index_latex.read(side, world, at)
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
            first, *others = (index_latex.read(s, self.worlds[0], at) for s in sides)
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
            outer = index_latex.read(upstream, self.worlds[0], values)
            found += outer * moved[tuple(values[x] for x in over)]
        if np.isfinite(found):
            agree(found, wanted, f"{formula.latex()} at {at}: {side}", within=1e-4)
            self.chains += 1

    def ranges(self, formula: Formula, name: str) -> dict[str, int]:
        """How far each letter of a left side runs."""
        if not np.ndim(self.arrays[name]):
            return {}
        parts = index_latex.subscripts_of(formula.left, self.worlds[0])
        found: dict[str, int] = {}
        tokens = index_latex.lex(" ".join(flat(s) for s in formula.right))
        reader = index_latex.Reader(tokens, self.worlds[0])
        for part, size in zip(parts, np.shape(self.arrays[name]), strict=True):
            if index_latex._is_letter(part):
                found[part] = size
                continue
            for letter in index_latex._spoken(index_latex.lex(part)):
                known = letter in found or letter in self.extents
                if index_latex._is_letter(letter) and not known:
                    found[letter] = reader.extent_of(letter, tokens)
        return found

    def local(self, formula: Formula) -> str:
        """A local derivative: its change in a direction is what the forward equation says."""
        world = self.worlds[0]
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
                found += direction[place] * index_latex.read(side, world, letters_at)
            agree(found, wanted, f"{formula.latex()}: {side}", within=1e-5)
        return "left"

    def entries_of(self, local: str) -> list[tuple[str, list[str]]]:
        """The two tensors of a local derivative, each with its subscripts."""
        world = self.worlds[0]
        reader = index_latex.Reader(index_latex.lex(local), world)
        reader.take(r"\frac")
        by_symbol = {str(self.names[n]): n for n in self.arrays}
        entries = []
        for tokens in (reader.group()[1:], reader.group()[1:]):
            part = index_latex.Reader(tokens, world)
            name = by_symbol[part.longest_symbol()]
            rank = np.ndim(self.arrays[name])
            letters: list[list[str]] = []
            if rank:
                part.take("_")
                letters = index_latex._subscripts(part.group(), rank)
            # before them a name may have a part below, as a gate's letter
            entries.append((name, ["".join(x) for x in letters][-rank:] if rank else []))
        return entries

    def parts(self, formula: Formula, over, output: str, under, wrt: str) -> str:
        """A part of a local derivative: its forms are one."""
        sizes = (*np.shape(self.arrays[output]), *np.shape(self.arrays[wrt]))
        places = list(product(*(range(n) for n in sizes)))
        for place in spread(places):
            at = dict(zip((*over, *under), place, strict=True))
            first, *others = (index_latex.read(flat(s), self.worlds[0], at) for s in formula.right)
            for other in others:
                agree(other, first, f"{formula.latex()} at {at}")
        return "right"

    def matrix_form(self, formula: Formula) -> str:
        """Every right side of a formula between matrices."""
        by_symbol = {str(self.names[n]): n for n in self.arrays if not n.startswith("d(")}
        wanted = self.worlds[1].tensors[str(self.names[by_symbol[formula.left]])]
        return self.matrices(formula, self.worlds[1], wanted)

    def matrices(self, formula: Formula, world: World, wanted) -> str:
        """Every right side."""
        for side in formula.right:
            if is_local(flat(side), self.names):
                continue
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = matrix_latex.read(flat(side), world)
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
        for name, (equation, worlds, value) in self.after.items():
            if formula.left == self.context.index.left(equation) and np.ndim(value):
                return self.with_subscripts(formula, worlds[0], value)
            if formula.left == str(self.names[name]):
                if not np.ndim(value):
                    return self.with_subscripts(formula, worlds[0], value)
                kept = name[5:-1] if name.startswith("next(") else name
                return self.matrices(formula, worlds[1], self.lies(kept, value))
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


# ---- all formulas of a document ------------------------------------------------------------------


class Read:
    """A story's formulas, each read once however often its like was read before."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.facts: dict[bool, Facts] = {}
        self.done: set[tuple[object, ...]] = set()

    def facts_of(self, derivation: Derivation) -> Facts:
        """Numbers for a derivation: of one sample, or of a batch."""
        key = derivation.system.batch is None
        if key not in self.facts:
            self.facts[key] = Facts(derivation, self.seed)
        return self.facts[key]

    def check(self, story: DocumentBuilder) -> Counter[str]:
        """Reads every formula; how many there are of each kind. Raises where one isn't true."""
        told: dict[tuple[bool, bool], Told] = {}
        count: Counter[str] = Counter()
        for context, label, formula in formulas_of(story):
            is_worked = has_numbers(formula)
            key = (context is story.whole, is_worked)
            if key not in told:
                told[key] = Told(context, example(context) if is_worked else self.of(context))
            like = (key, formula, label[:7], *self.lies(context, formula))
            if like in self.done:
                count["known"] += 1
                continue
            self.done.add(like)
            if is_worked and count["update"] and formula.left == str(context.names.objective):
                count["after"] += told[key].objective_after(formula)
                continue
            count["update"] += formula.relation == r"\leftarrow"
            count[told[key].check(formula, label)] += 1
        return count

    def of(self, context: DocumentContext) -> Facts:
        """The numbers that a context's symbols stand for."""
        return self.facts_of(context.derivation)

    def lies(self, context: DocumentContext, formula: Formula) -> tuple[str, ...]:
        """What the meaning of a formula depends on besides its text."""
        return (context.options.samples, context.options.layout, context.options.errors)


_COMMAND = re.compile(r"\\[A-Za-z]+|pmatrix|sigmoid|relu|mathbf")


def has_numbers(formula: Formula) -> bool:
    """Whether the example's numbers are put in."""
    right = " ".join(formula.right)
    bare = _COMMAND.sub("", right)
    return "." in bare and not re.search("[A-Za-z]", bare)


def example(context: DocumentContext) -> Facts:
    """The numbers of the spec's example."""
    worked = context.example
    assert worked is not None
    return Facts(context.derivation, given=worked.leaves, extents=worked.run.extents)


def formulas_of(story: DocumentBuilder) -> Iterator[tuple[DocumentContext, str, Formula]]:
    """Who tells it, its label, and the formula; the general ones of the first part are left out."""
    first = story.context.say("first")
    batch = story.whole.say("batch title") if story.whole is not None else None
    for section in story.document().sections:
        if section.title == first:
            continue
        context = story.whole if section.title == batch else story.context
        for display in displays(section.blocks):
            labels = (*display.labels, *[""] * len(display.formulas))
            for formula, label in zip(display.formulas, labels, strict=False):
                if label == "inference":
                    continue  # true of another system than the one that is told
                yield context, label, formula
