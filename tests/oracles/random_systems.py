"""Random small systems in the equation language, as oracle models.

`random_model(seed)` is a plain generator, `systems()` the same drawn by Hypothesis. What is drawn
is a tree (`random_tree.py`): its text is the model's equations, its value the model's reference.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field

import autograd.numpy as np
import numpy
from hypothesis import assume
from hypothesis import strategies as st

from tests.oracles.model import OracleModel
from tests.oracles.random_expressions import LETTERS, Expressions, plus, times, walks
from tests.oracles.random_tree import (
    Binary,
    Call,
    Equation,
    Group,
    Letter,
    Node,
    Number,
    Read,
    Reduce,
)
from tests.oracles.reference import evaluate

EXTENTS = (3, 2, 5, 1)
ALIKE = 3
BATCH = 3
LARGEST_OBJECTIVE = 1000.0


def random_model(seed: int, alike: bool = False) -> OracleModel:
    """The system that belongs to this seed; with all axes of one length where they are `alike`.

    Different lengths show an axis that is taken for another, equal ones a letter that is.
    """
    source = random.Random(seed)
    while True:
        extents = (ALIKE,) if alike else EXTENTS
        model = _Builder(source.randrange, choice=extents).model(f"random_{seed}")
        if _moderate(model):
            return model


@st.composite
def systems(draw: st.DrawFn) -> OracleModel:
    """Random systems for Hypothesis, which shrinks them."""
    model = _Builder(lambda count: draw(st.integers(0, count - 1))).model()
    assume(_moderate(model))
    return model


def _moderate(model: OracleModel) -> bool:
    """Is rounding out of the question as the cause of a difference?"""
    return abs(evaluate(model, model.example())[0]) < LARGEST_OBJECTIVE


@dataclass
class _Builder(Expressions):
    choice: tuple[int, ...] = EXTENTS
    leaves: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def model(self, name: str | None = None) -> OracleModel:
        """Draw letters, leaves, equations and an objective in which every one of them counts."""
        self.batch = self.chance(50)
        self.by_slot = self.chance(50)  # sizes said as "A.1" rather than by letter
        self.extents = {letter: self.pick(self.choice) for letter in LETTERS}
        if self.batch:
            self.extents["n"] = BATCH
        self._draw_leaves()
        for number in range(1 + self.below(4)):
            kinds = (self._equation, self._equation, self._recurrence, self._matrix)
            self.pick(kinds)(number)
        self.groups.append(Group((Equation("E", (), self._objective()),)))
        return self._finish(name)

    def _draw_leaves(self) -> None:
        for extent in sorted({self.extents[letter] for letter in LETTERS}):
            self._leaf(f"w{extent}", (extent,))
        self._leaf("s", ())
        self._leaf("A", (self._extent(), self._extent()))
        self._leaf("B", (self._extent(), self._extent(), self._extent()))
        if self.batch:
            self._leaf("g", ("n",))
            self._leaf("x", ("n", self._extent()))
            self._leaf("q", ("n",))
        else:
            self._leaf("x", (self._extent(), self._extent()))
            self._leaf("q", (self._extent(),))

    def _extent(self) -> int:
        return self.extents[self.pick(LETTERS)]

    def _leaf(self, name: str, shape: tuple[str | int, ...]) -> None:
        self.leaves.append(name)
        self.shapes[name] = shape

    def _left_letters(self, most: int = 2) -> tuple[str, ...]:
        letters = list(LETTERS)
        chosen = [letters.pop(self.below(len(letters))) for _ in range(self.below(most + 1))]
        return ("n", *chosen) if self.batch and self.chance(60) else tuple(chosen)

    def _shape(self, letters: tuple[str, ...]) -> tuple[str | int, ...]:
        return tuple("n" if letter == "n" else self.extents[letter] for letter in letters)

    def _equation(self, number: int) -> None:
        letters = self._left_letters()
        body = self.expression(dict.fromkeys(letters, "left"), 3)
        if self.chance(40):
            body = Call("tanh", (body,))
        self._define(Equation(f"y{number}", letters, body))

    def _define(self, *equations: Equation, loops=(), matrix: bool = False) -> None:
        self.groups.append(Group(equations, tuple(loops), matrix))
        for equation in equations:
            self.shapes[equation.tensor] = self._shape(equation.letters)
        self.drawn.clear()  # what is defined may be read where it wasn't yet

    def _matrix(self, number: int) -> None:
        """A matrix far from singular; from now on its inverse and determinants can be read."""
        pairs = [(i, j) for i in LETTERS for j in LETTERS if i < j]
        pairs = [(i, j) for i, j in pairs if self.extents[i] == self.extents[j]]
        rows = self.pick(pairs)
        letters = ("n", *rows) if self.batch and self.chance(40) else rows
        body = Call("sin", (self.expression(dict.fromkeys(letters, "left"), 2),))
        one = times(Number("6"), Call("delta", (Letter(rows[0]), Letter(rows[1]))))
        name = f"M{number}"
        self._define(Equation(name, letters, Binary("+", body, one)), matrix=True)
        shape = self.shapes[name]
        self.shapes[f"inv({name})"] = shape
        self.shapes[f"logdet({name})"] = shape[:-2]

    def _recurrence(self, number: int) -> None:
        time = self.pick(LETTERS)
        letters = tuple(x for x in self._left_letters() if x != time)
        at = self.below(len(letters) + 1)
        letters = (*letters[:at], time, *letters[at:])
        scope, backward = dict.fromkeys(letters, "left"), self.chance(30)
        others = [x for x in letters if x not in (time, "n")]
        across = self.pick(others) if others and self.chance(30) else None
        loops = [(time, backward)]
        h, g = f"h{number}", f"g{number}"

        def earlier(tensor: str, lag: int, scope: dict[str, str] = scope) -> Node:
            inside = [x for x in scope if x not in (time, "n")]

            def at(letter: str) -> Node:
                if letter == time:
                    return plus(Letter(time), lag if backward else -lag)
                if letter == "n":
                    return Letter("n")
                return self.subscript(inside, self.extents[letter], scope)

            return Read(tensor, tuple(at(letter) for letter in letters))

        last = earlier(h, 1)
        if self.chance(30) and not backward:
            start = self.expression({x: "left" for x in letters if x != time}, 0)
            last = Call("where", (Binary(">", Letter(time), Number("0")), last, start))
        if self.chance(40):
            last = Binary("+", last, times(self.leaf(scope), earlier(h, 2)))
        if across:
            left = self.chance(30)
            loops.append((across, left))
            beside = plus(Letter(across), 1 if left else -1)
            read = Read(h, tuple(beside if x == across else Letter(x) for x in letters))
            last = Binary("+", last, times(self.leaf(scope), read))
        edges = [x for x in self._gathers(LETTERS) if x not in letters]
        if self.chance(40):
            inner = self.pick([x for x in LETTERS if x != time])
            summed = earlier(h, 1, {**scope, inner: "bound"})
            last = Binary("+", last, self.reduce("sum", (inner,), summed))
        if others and edges and self.chance(40):
            edge = self.pick(edges)
            where = (Letter(self.pick(others)), Read("q", (Letter(edge),)))
            message = earlier(h, 1, {**scope, edge: "bound"})
            scattered = Reduce("sum", (edge,), times(Call("delta", where), message))
            last = Binary("+", last, scattered)
        base = self.expression(scope, 2)
        if self.chance(30):
            pair = Call("tanh", (Binary("+", base, last),))
            now = Read(g, tuple(Letter(x) for x in letters))
            step = Call("sin", (Binary("-", times(now, earlier(h, 1)), now),))
            equations = (Equation(g, letters, pair), Equation(h, letters, step))
        else:
            equations = (Equation(h, letters, Call("tanh", (Binary("+", last, base),))),)
        self._define(*equations, loops=loops)

    def _objective(self) -> Node:
        total: Node | None = None
        for group in self.groups:
            for equation in group.equations:
                read = Read(equation.tensor, tuple(Letter(x) for x in equation.letters))
                term: Node = Binary("**", read, Number("2"))
                if self.chance(60):
                    term = times(self.leaf(dict.fromkeys(equation.letters, "bound")), read)
                letters = tuple(x for x in equation.letters if x != "n")
                if letters:
                    term = Reduce(self.pick(("sum", "mean")), letters, term)
                if "n" in equation.letters:  # some leaf has to say how large the batch is
                    walked = Read("g", (Letter("n"),))
                    term = Reduce("mean", ("n",), times(walked, term))
                total = term if total is None else Binary("+", total, term)
        return total

    def _finish(self, name: str | None) -> OracleModel:
        equations = [e for group in self.groups for e in group.equations]
        text = "".join(e.text() + "\n" for e in equations)
        nodes = [node for e in equations for node, _ in e.body.walk()]
        read = {node.tensor for node in nodes if isinstance(node, Read)}
        shapes = {x: self.shapes[x] for x in self.leaves if x in read}
        given = ("x", "g", "q")
        groups, fixed = tuple(self.groups), dict(self.extents)

        def reference(**tensors):
            extents = dict(fixed)
            if "n" in extents:
                known = [numpy.shape(tensors[x])[0] for x in shapes if shapes[x][:1] == ("n",)]
                extents["n"] = known[0] if known else BATCH
            values = dict(tensors)
            for group in groups:
                group.evaluate(values, extents)
            return np.reshape(values["E"], ())

        batch = self.batch and ("n" in {x for s in shapes.values() for x in s})
        return OracleModel(
            name=name or f"drawn_{zlib.crc32(text.encode()):08x}",
            source="drawn at random",
            equations=text,
            parameters={x: s for x, s in shapes.items() if x not in given},
            inputs={x: s for x, s in shapes.items() if x in given},
            integers={"q": max(EXTENTS)} if "q" in shapes else {},
            draws={"q": lambda rng, shape: rng.integers(-1, max(EXTENTS) + 1, shape)},
            sizes=self._sizes(equations, shapes),
            batch=("n",) if batch else (),
            runtime={"n": BATCH} if batch else {},
            constants={"c": 0.75} if "c" in read else {},
            reference=reference,
        )

    def _sizes(self, equations: list[Equation], shapes) -> dict[str, int]:
        walked = {
            (tensor, position): letter
            for e in equations
            for letter in {*LETTERS}
            for tensor, position in _axes_walked(e, letter)
        }
        if not self.by_slot:
            letters = {x for e in equations for x in e.letters}
            for e in equations:
                letters |= {x for n, _ in e.body.walk() if isinstance(n, Reduce) for x in n.letters}
            by_letter = {x: self.extents[x] for x in sorted(letters - {"n"})}
            rest = [
                (tensor, position)
                for tensor, shape in shapes.items()
                for position, extent in enumerate(shape)
                if extent != "n" and (tensor, position) not in walked
            ]
            return {**by_letter, **{f"{t}.{p}": shapes[t][p] for t, p in rest}}
        left_open = self.chance(30)  # what an input's own arrays say
        sizes = {
            f"{tensor}.{position}": extent
            for tensor, shape in shapes.items()
            if not (left_open and tensor in ("x", "q"))
            for position, extent in enumerate(shape)
            if extent != "n"
        }
        for e in equations:
            for position, letter in enumerate(e.letters):
                if letter != "n" and not (self.chance(50) and self._follows(e, letter)):
                    sizes[f"{e.tensor}.{position}"] = self.extents[letter]
        return sizes

    def _follows(self, equation: Equation, letter: str) -> bool:
        """Does a leaf that the letter walks say its extent, and nothing shorter contradict?"""
        axes = [
            (t, self.shapes[t][p]) for t, p in walks(equation.body, letter) if t != equation.tensor
        ]
        exact = all(extent == self.extents[letter] for _, extent in axes)
        return exact and any(t in self.leaves for t, _ in axes)


def _axes_walked(equation: Equation, letter: str) -> list[tuple[str, int]]:
    """As `_walks`, for the letter of the left side and for those that reductions bind."""
    nodes = [equation.body, *(n.body for n, _ in equation.body.walk() if isinstance(n, Reduce))]
    return [axis for node in nodes for axis in walks(node, letter)]
