"""Random small systems in the equation language, as oracle models.

`random_model(seed)` is a plain generator, `systems()` the same drawn by Hypothesis. What is drawn
is a tree (`random_tree.py`): its text is the model's equations, its value the model's reference.
Functions stay in safe domains: `log(2 + sin(e))`, `e/(1 + f**2)`. Exact ties occur only between
values that move alike or not at all, where equal shares give the right derivative.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import autograd.numpy as np
import numpy
from hypothesis import assume
from hypothesis import strategies as st

from tests.oracles.model import OracleModel
from tests.oracles.random_tree import (
    Binary,
    Call,
    Equation,
    Group,
    Letter,
    Negative,
    Node,
    Not,
    Number,
    Read,
    Reduce,
    Size,
)
from tests.oracles.reference import evaluate

LETTERS = ("i", "j", "k", "u", "v")
EXTENTS = (3, 2, 5, 1)
BATCH = 3
LARGEST_GRID = 1000
LARGEST_OBJECTIVE = 1000.0
PLAIN = ("tanh", "sin", "sigmoid", "relu", "abs", "cos", "atan", "softplus", "erf")
BOUNDED = ("exp", "expm1", "sinh", "cosh", "tan")  # of a sine


def random_model(seed: int) -> OracleModel:
    """The system that belongs to this seed."""
    source = random.Random(seed)
    while True:
        model = _Builder(source.randrange).model(f"random_{seed}")
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


def _plus(node: Node, number: int) -> Node:
    if number == 0:
        return node
    return Binary("+" if number > 0 else "-", node, Number(str(abs(number))))


def _times(left: Node, right: Node) -> Node:
    return Binary("*", left, right)


def _one_plus_square(node: Node) -> Node:
    return Binary("+", Number("1"), Binary("**", node, Number("2")))


def _walks(node: Node, letter: str) -> list[tuple[str, int]]:
    """(tensor, position) of every axis that a free letter walks plainly."""
    return [
        (read.tensor, position)
        for read, bound in node.walk()
        if isinstance(read, Read) and letter not in bound
        for position, subscript in enumerate(read.subscripts)
        if subscript == Letter(letter)
    ]


@dataclass
class _Builder:
    below: Callable[[int], int]  # a number from 0 up to this; 0 is the simplest
    extents: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, tuple[str | int, ...]] = field(default_factory=dict)  # all readable tensors
    leaves: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def pick(self, items: Sequence):
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        return self.below(100) >= 100 - percent

    def model(self, name: str | None = None) -> OracleModel:
        """Draw letters, leaves, equations and an objective in which every one of them counts."""
        self.batch = self.chance(50)
        self.by_slot = self.chance(50)  # sizes said as "A.1" rather than by letter
        self.extents = {letter: self.pick(EXTENTS) for letter in LETTERS}
        if self.batch:
            self.extents["n"] = BATCH
        self._draw_leaves()
        for number in range(1 + self.below(4)):
            (self._recurrence if self.chance(30) else self._equation)(number)
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

    # ---- equations -------------------------------------------------------------------------------

    def _left_letters(self, most: int = 2) -> tuple[str, ...]:
        letters = list(LETTERS)
        chosen = [letters.pop(self.below(len(letters))) for _ in range(self.below(most + 1))]
        return ("n", *chosen) if self.batch and self.chance(60) else tuple(chosen)

    def _shape(self, letters: tuple[str, ...]) -> tuple[str | int, ...]:
        return tuple("n" if letter == "n" else self.extents[letter] for letter in letters)

    def _equation(self, number: int) -> None:
        letters = self._left_letters()
        body = self._expression(dict.fromkeys(letters, "left"), 3)
        if self.chance(40):
            body = Call("tanh", (body,))
        self._define(Equation(f"y{number}", letters, body))

    def _define(self, *equations: Equation, time: str | None = None, backward: bool = False):
        self.groups.append(Group(equations, time, backward))
        for equation in equations:
            self.shapes[equation.tensor] = self._shape(equation.letters)

    def _recurrence(self, number: int) -> None:
        time = self.pick(LETTERS)
        letters = tuple(x for x in self._left_letters(1) if x != time)
        at = self.below(len(letters) + 1)
        letters = (*letters[:at], time, *letters[at:])
        scope, backward = dict.fromkeys(letters, "left"), self.chance(30)
        h, g = f"h{number}", f"g{number}"

        def earlier(tensor: str, lag: int, letters=letters, scope=scope) -> Node:
            here = Letter(time)
            inside = [x for x in scope if x not in (time, "n")]
            return Read(
                tensor,
                tuple(
                    _plus(here, lag if backward else -lag)
                    if letter == time
                    else Letter("n")
                    if letter == "n"
                    else self._subscript(inside, self.extents[letter])
                    for letter in letters
                ),
            )

        last = earlier(h, 1)
        if self.chance(30) and not backward:
            start = self._expression({x: "left" for x in letters if x != time}, 0)
            last = Call("where", (Binary(">", Letter(time), Number("0")), last, start))
        if self.chance(40):
            last = Binary("+", last, _times(self._leaf_node(scope), earlier(h, 2)))
        if self.chance(40):
            inner = self.pick([x for x in LETTERS if x != time])
            summed = earlier(h, 1, scope={**scope, inner: "bound"})
            last = Binary("+", last, self._reduce("sum", (inner,), summed))
        base = self._expression(scope, 2)
        if self.chance(30):
            pair = Call("tanh", (Binary("+", base, last),))
            now = Read(g, tuple(Letter(x) for x in letters))
            step = Call("sin", (Binary("-", _times(now, earlier(h, 1)), now),))
            equations = (Equation(g, letters, pair), Equation(h, letters, step))
        else:
            equations = (Equation(h, letters, Call("tanh", (Binary("+", last, base),))),)
        self._define(*equations, time=time, backward=backward)

    def _objective(self) -> Node:
        total: Node | None = None
        for group in self.groups:
            for equation in group.equations:
                read = Read(equation.tensor, tuple(Letter(x) for x in equation.letters))
                term: Node = Binary("**", read, Number("2"))
                if self.chance(60):
                    term = _times(self._leaf_node(dict.fromkeys(equation.letters, "bound")), read)
                letters = tuple(x for x in equation.letters if x != "n")
                if letters:
                    term = Reduce(self.pick(("sum", "mean")), letters, term)
                if "n" in equation.letters:  # some leaf has to say how large the batch is
                    walked = Read("g", (Letter("n"),))
                    term = Reduce("mean", ("n",), _times(walked, term))
                total = term if total is None else Binary("+", total, term)
        return total

    # ---- expressions -----------------------------------------------------------------------------

    def _expression(self, scope: dict[str, str], depth: int) -> Node:
        if depth == 0:
            return self._leaf_node(scope)
        kinds = (
            self._leaf_node,
            lambda s: Binary(self.pick("+-"), *(self._expression(s, depth - 1) for _ in "ab")),
            lambda s: _times(*(self._expression(s, depth - 1) for _ in "ab")),
            lambda s: Call(self.pick(PLAIN), (self._expression(s, depth - 1),)),
            lambda s: self._reduction(s, depth - 1),
            lambda s: self._reduction(s, depth - 1),
            lambda s: self._composed(s, depth - 1),
            lambda s: self._where(s, depth - 1),
            lambda s: Negative(self._expression(s, depth - 1)),
        )
        return self.pick(kinds)(scope)

    def _composed(self, scope: dict[str, str], depth: int) -> Node:
        e = self._expression(scope, depth)
        f = self._expression(scope, depth)
        sine, two = Call("sin", (e,)), Number("2")
        forms = (
            lambda: Binary("/", f, _one_plus_square(e)),
            lambda: Call(self.pick(BOUNDED), (sine,)),
            lambda: Call("log", (Binary("+", two, sine),)),
            lambda: Call("sqrt", (_one_plus_square(e),)),
            lambda: Call("log1p", (Binary("**", e, two),)),
            lambda: Binary("**", e, Number(self.pick("23"))),
            lambda: Binary("**", Binary("+", two, sine), Negative(Number("1"))),
            lambda: Binary("**", two, sine),
            lambda: Binary("/", Binary("/", f, Number("3")), Binary("+", two, sine)),
            lambda: Binary("-", f, Binary("-", e, Number("0.25"))),
            lambda: Call(self.pick(("maximum", "minimum")), (e, f)),
            lambda: _times(Call("hold", (Call("tanh", (f,)),)), e),
            lambda: Negative(Binary("**", e, two)),
        )
        return self.pick(forms)()

    def _where(self, scope: dict[str, str], depth: int) -> Node:
        arms = (self._expression(scope, depth), self._expression(scope, depth))
        letters = [x for x in scope if x != "n"]
        return Call("where", (self._condition(letters), *arms)) if letters else arms[0]

    def _condition(self, letters: list[str]) -> Node:
        one, other = Letter(self.pick(letters)), Letter(self.pick(letters))
        simple = Binary(self.pick(("<", "<=", ">", "==", "!=")), one, _plus(other, self.below(2)))
        return self.pick(
            (
                simple,
                Binary("==", Binary("%", one, Number("2")), Number("0")),
                Binary("<", Binary("+", one, other), Size(one.letter)),
                Not(simple),
                Binary("and", simple, Binary(">", one, Number("0"))),
                Binary("or", simple, Binary("==", other, Number("1"))),
            )
        )

    def _reduction(self, scope: dict[str, str], depth: int) -> Node:
        kind = self.pick(("sum", "mean", "max", "min", "prod", "logsumexp", "sum"))
        pool = (*LETTERS, "n") if self.batch else LETTERS
        letters = tuple(dict.fromkeys(self.pick(pool) for _ in range(1 + self.below(2))))
        grid = numpy.prod([self.extents[x] for x in (*scope, *letters)])
        if grid > LARGEST_GRID:
            return self._leaf_node(scope)
        inside = {**scope, **dict.fromkeys(letters, "bound")}
        body = self._expression(inside, depth)
        return self._reduce(kind, letters, body, tuple(x for x in scope if x not in letters))

    def _reduce(self, kind, letters, body: Node, outside: tuple[str, ...] = ()) -> Node:
        """The reduction; every letter whose extent nothing else says gets a tensor to walk."""
        for letter in letters:
            if (self.by_slot or letter == "n") and not _walks(body, letter):
                walked = "g" if letter == "n" else f"w{self.extents[letter]}"
                body = _times(body, Read(walked, (Letter(letter),)))
        outside = tuple(x for x in outside if x != "n")
        if kind in ("max", "logsumexp") and outside and "n" not in letters and self.chance(30):
            inside = Binary("<=", Letter(letters[0]), Letter(self.pick(outside)))  # 0 always is
            body = Call("where", (inside, body, Negative(Number("inf"))))
        return Reduce(kind, letters, body)

    def _leaf_node(self, scope: dict[str, str]) -> Node:
        letters = [x for x in scope if x != "n"]
        if not self.chance(15):
            return self._read(scope)
        forms = [lambda: Number(self.pick(("0.5", "2", "1.25", "3"))), lambda: Read("c")]
        if letters:
            one = self.pick(letters)
            forms.append(lambda: Binary("/", _plus(Letter(one), 1), Size(one)))
            forms.append(lambda: Call("delta", (Letter(one), Letter(self.pick(letters)))))
            forms.append(lambda: Binary("-", Letter(one), Number("1.5")))
        return self.pick(forms)()

    def _read(self, scope: dict[str, str]) -> Node:
        names = [x for x in self.shapes if x != "q" and ("n" in scope or "n" not in self.shapes[x])]
        name = self.pick(names[::-1])
        letters = [x for x in scope if x != "n"]
        short = letters if self.by_slot and name in ("A", "B") else ()
        return Read(
            name,
            tuple(
                Letter("n")
                if extent == "n"
                else self._short(scope, short, extent) or self._subscript(letters, extent, scope)
                for extent in self.shapes[name]
            ),
        )

    def _short(self, scope: dict[str, str], letters: Sequence[str], extent: int) -> Node | None:
        """Now and then a longer letter of the left side walks a declared shorter axis."""
        longer = [x for x in letters if scope[x] == "left" and self.extents[x] > extent]
        return Letter(self.pick(longer)) if longer and self.chance(10) else None

    def _subscript(self, letters: Sequence[str], extent: int, scope: Sequence[str] = ()) -> Node:
        plain = [x for x in letters if self.extents[x] == extent]
        if plain and not self.chance(40):
            return Letter(self.pick(plain))
        if not letters:
            return Number(str(self.pick((0, extent - 1))))
        one, other = Letter(self.pick(letters)), Letter(self.pick(letters))
        forms = [
            lambda: _plus(one, self.pick((-1, 1, -2, 2))),
            lambda: _plus(_times(Number("2"), one), self.pick((0, -1, 1))),
            lambda: Binary("-", Number(str(extent - 1)), one),
            lambda: Binary("-", Binary("-", Size(one.letter), Number("1")), one),
            lambda: _plus(Binary("+", one, other), -1),
            lambda: _plus(Binary("-", one, other), 1),
            lambda: Binary(self.pick(("//", "%")), one, Number("2")),
            lambda: Number(str(self.pick((0, extent - 1)))),
        ]
        if self._gathers(scope):
            forms.append(lambda: Read("q", (Letter(self.pick(self._gathers(scope))),)))
        return self.pick(forms)()

    def _gathers(self, scope: Sequence[str]) -> list[str]:
        walked = self.shapes["q"][0]
        return [x for x in scope if walked == ("n" if x == "n" else self.extents[x])]

    # ---- the model -------------------------------------------------------------------------------

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
            for tensor, position in _walks_anywhere(e, letter)
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
            (t, self.shapes[t][p]) for t, p in _walks(equation.body, letter) if t != equation.tensor
        ]
        exact = all(extent == self.extents[letter] for _, extent in axes)
        return exact and any(t in self.leaves for t, _ in axes)


def _walks_anywhere(equation: Equation, letter: str) -> list[tuple[str, int]]:
    """As `_walks`, for the letter of the left side and for those that reductions bind."""
    nodes = [equation.body, *(n.body for n, _ in equation.body.walk() if isinstance(n, Reduce))]
    return [axis for node in nodes for axis in _walks(node, letter)]
