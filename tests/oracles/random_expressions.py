"""Random expressions in given letters: what stands on the right of a random equation.

Functions stay in safe domains, `log(2 + sin(e))`, `e/(1 + f**2)`, or behind a condition. Exact ties
occur only between values that move alike or not at all, where equal shares give the right
derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy

from tests.oracles.random_tree import (
    Between,
    Binary,
    Call,
    Guarded,
    Letter,
    Negative,
    Node,
    Not,
    Number,
    Read,
    Reduce,
    Size,
    SizeOf,
)

LETTERS = ("i", "j", "k", "u", "v")
LARGEST_GRID = 1000
PLAIN = ("tanh", "sin", "sigmoid", "relu", "abs", "cos", "atan", "softplus", "erf")
POLES = ("log", "sqrt")  # of what is above a bound
BOUNDED = ("exp", "expm1", "sinh", "cosh", "tan")  # of a sine


def plus(node: Node, number: int) -> Node:
    if number == 0:
        return node
    return Binary("+" if number > 0 else "-", node, Number(str(abs(number))))


def times(left: Node, right: Node) -> Node:
    return Binary("*", left, right)


def one_plus_square(node: Node) -> Node:
    return Binary("+", Number("1"), Binary("**", node, Number("2")))


def walks(node: Node, letter: str) -> list[tuple[str, int]]:
    """(tensor, position) of every axis that a free letter walks plainly."""
    return [
        (read.tensor, position)
        for read, bound in node.walk()
        if isinstance(read, Read) and letter not in bound
        for position, subscript in enumerate(read.subscripts)
        if subscript == Letter(letter)
    ]


@dataclass
class Expressions:
    """Draws expressions over the tensors that can be read so far.

    A scope says of each letter whether it stands on the left or is bound by a reduction. `by_slot`:
    extents are declared by tensor and position, so that every bound letter has to walk an axis.
    """

    below: Callable[[int], int]  # a number from 0 up to this; 0 is the simplest
    by_slot: bool = False
    batch: bool = False
    extents: dict[str, int] = field(default_factory=dict)  # by letter, the batch's included
    shapes: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    drawn: list[tuple[dict[str, str], Node]] = field(default_factory=list)  # with their scopes

    def pick(self, items: Sequence):
        """One of these, the first as the simplest."""
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        """True in so many cases of a hundred."""
        return self.below(100) >= 100 - percent

    def expression(self, scope: dict[str, str], depth: int) -> Node:
        if depth == 0:
            return self.leaf(scope)
        kinds = (
            self.leaf,
            lambda s: Binary(self.pick("+-"), *(self.expression(s, depth - 1) for _ in "ab")),
            lambda s: times(*(self.expression(s, depth - 1) for _ in "ab")),
            lambda s: Call(self.pick(PLAIN), (self.expression(s, depth - 1),)),
            lambda s: self._reduction(s, depth - 1),
            lambda s: self._reduction(s, depth - 1),
            lambda s: self._composed(s, depth - 1),
            lambda s: self._where(s, depth - 1),
            lambda s: Negative(self.expression(s, depth - 1)),
            lambda s: times(self._condition(s), self.expression(s, depth - 1)),
            lambda s: self._guarded(s, depth - 1),
            lambda s: self._scatter(s, depth - 1),
            self._again,
        )
        node = self.pick(kinds)(scope)
        self.drawn.append((scope, node))
        return node

    def _again(self, scope: dict[str, str]) -> Node:
        """What was drawn before, in letters that are all here: one value, written twice."""
        found = [node for told, node in self.drawn if told.items() <= scope.items()]
        return self.pick(found[::-1]) if found else self.leaf(scope)

    def _guarded(self, scope: dict[str, str], depth: int) -> Node:
        inside, other = (self.expression(scope, depth) for _ in "ab")
        argument = Binary("+", inside, Read("s"))  # no constant, which might be refused
        return Guarded(self.pick(POLES), argument, Number(self.pick(("0.3", "0.8"))), other)

    def _scatter(self, scope: dict[str, str], depth: int) -> Node:
        """Values added up at the places that an integer tensor names."""
        pool = self._gathers((*LETTERS, "n") if self.batch else LETTERS)
        pool = [x for x in pool if x not in scope]
        letters = [x for x in scope if x != "n"]
        if not pool or not letters:
            return self.leaf(scope)
        edge = self.pick(pool)
        inside = {**scope, edge: "bound"}
        if self._grid(inside) > LARGEST_GRID:
            return self.leaf(scope)
        sides = [Letter(self.pick(letters)), Read("q", (Letter(edge),))]
        where = Call("delta", tuple(sides if self.chance(50) else sides[::-1]))
        return Reduce("sum", (edge,), times(where, self.expression(inside, depth)))

    def _grid(self, letters: Sequence[str]) -> int:
        return int(numpy.prod([self.extents[x] for x in letters]))

    def _composed(self, scope: dict[str, str], depth: int) -> Node:
        e = self.expression(scope, depth)
        f = self.expression(scope, depth)
        sine, two = Call("sin", (e,)), Number("2")
        forms = (
            lambda: Binary("/", f, one_plus_square(e)),
            lambda: Call(self.pick(BOUNDED), (sine,)),
            lambda: Call("log", (Binary("+", two, sine),)),
            lambda: Call("sqrt", (one_plus_square(e),)),
            lambda: Call("log1p", (Binary("**", e, two),)),
            lambda: Binary("**", e, Number(self.pick("23"))),
            lambda: Binary("**", Binary("+", two, sine), Negative(Number("1"))),
            lambda: Binary("**", two, sine),
            lambda: Binary("/", Binary("/", f, Number("3")), Binary("+", two, sine)),
            lambda: Binary("-", f, Binary("-", e, Number("0.25"))),
            lambda: Call(self.pick(("maximum", "minimum")), (e, f)),
            lambda: times(Call("hold", (Call("tanh", (f,)),)), e),
            lambda: Negative(Binary("**", e, two)),
            lambda: times(Call("sign", (e,)), f),
            lambda: Binary("**", sine, self._letter(scope)),
            lambda: Binary("**", Negative(Number("1")), self._letter(scope)),
        )
        return self.pick(forms)()

    def _letter(self, scope: dict[str, str]) -> Node:
        letters = [x for x in scope if x != "n"]
        return Letter(self.pick(letters)) if letters else Number("2")

    def _where(self, scope: dict[str, str], depth: int) -> Node:
        arms = (self.expression(scope, depth), self.expression(scope, depth))
        return Call("where", (self._condition(scope), *arms))

    def _condition(self, scope: dict[str, str]) -> Node:
        forms = [lambda: self._condition_on_values(scope)]
        letters = [x for x in scope if x != "n"]
        if letters:
            forms.insert(0, lambda: self._condition_on_letters(letters))
            forms.insert(1, lambda: self._condition_on_letters(letters))
            forms.append(lambda: Binary("and", *(f() for f in forms[1:3])))
            forms.append(lambda: Binary("or", *(f() for f in forms[1:3])))
        return self.pick(forms)()

    def _condition_on_values(self, scope: dict[str, str]) -> Node:
        """Of a tensor's values, of integers, or of what nothing moves."""
        one, other = self._read(scope), self._read(scope)
        bound = Number(self.pick(("0.3", "0.1")))
        forms = [
            lambda: Binary(self.pick(("<", "<=", ">", ">=")), one, bound),
            lambda: Binary(self.pick("<>"), one, other),
            lambda: Not(Binary(">", Call("abs", (one,)), bound)),
            lambda: Binary(">", Call("sin", (one,)), Call("hold", (other,))),
            lambda: Binary("<", Call("cos", (Number("1"),)), Number("1")),
        ]
        if gathers := self._gathers(scope):
            q = Read("q", (Letter(self.pick(gathers)),))
            to = self._letter(scope)
            forms.append(lambda: Binary(self.pick(("==", "!=", "<")), q, to))
            forms.append(lambda: Between(Number("0"), q, Number("2")))
        return self.pick(forms)()

    def _condition_on_letters(self, letters: list[str]) -> Node:
        one, other = Letter(self.pick(letters)), Letter(self.pick(letters))
        sign = self.pick(("<", "<=", ">", "==", "!=", ">="))
        simple = Binary(sign, one, plus(other, self.below(2)))
        return self.pick(
            (
                simple,
                Binary("==", Binary("%", one, Number("2")), Number("0")),
                Binary("<", Binary("+", one, other), Size(one.letter)),
                Not(simple),
                Binary("and", simple, Binary(">", one, Number("0"))),
                Binary("or", simple, Binary("==", other, Number("1"))),
                Between(Number("0"), Binary("-", one, other), Number("2")),
            )
        )

    def _reduction(self, scope: dict[str, str], depth: int) -> Node:
        kind = self.pick(("sum", "mean", "max", "min", "prod", "logsumexp", "sum"))
        pool = (*LETTERS, "n") if self.batch else LETTERS
        letters = tuple(dict.fromkeys(self.pick(pool) for _ in range(1 + self.below(2))))
        if self._grid((*scope, *letters)) > LARGEST_GRID:
            return self.leaf(scope)
        inside = {**scope, **dict.fromkeys(letters, "bound")}
        body = self.expression(inside, depth)
        return self.reduce(kind, letters, body, tuple(x for x in scope if x not in letters))

    def reduce(self, kind, letters, body: Node, outside: tuple[str, ...] = ()) -> Node:
        """The reduction; every letter whose extent nothing else says gets a tensor to walk."""
        for letter in letters:
            if (self.by_slot or letter == "n") and not walks(body, letter):
                walked = "g" if letter == "n" else f"w{self.extents[letter]}"
                body = times(body, Read(walked, (Letter(letter),)))
        outside = tuple(x for x in outside if x != "n")
        if kind in ("max", "logsumexp") and outside and "n" not in letters and self.chance(30):
            inside = Binary("<=", Letter(letters[0]), Letter(self.pick(outside)))  # 0 always is
            body = Call("where", (inside, body, Negative(Number("inf"))))
        return Reduce(kind, letters, body)

    def leaf(self, scope: dict[str, str]) -> Node:
        letters = [x for x in scope if x != "n"]
        if not self.chance(15):
            return self._read(scope)
        forms = [lambda: Number(self.pick(("0.5", "2", "1.25", "3", "pi"))), lambda: Read("c")]
        if gathers := self._gathers(scope):
            q = Read("q", (Letter(self.pick(gathers)),))
            forms.append(lambda: Call("delta", (q, self._letter(scope))))
            forms.append(lambda: Binary("/", q, Number("4")))
        read = self._read(scope)
        if read.subscripts and "(" not in read.tensor:
            extent = SizeOf(read.tensor, self.below(len(read.subscripts)))
            forms.append(lambda: Binary("/", read, extent))
        if letters:
            one = self.pick(letters)
            forms.append(lambda: Binary("/", plus(Letter(one), 1), Size(one)))
            forms.append(lambda: Call("delta", (Letter(one), Letter(self.pick(letters)))))
            forms.append(lambda: Binary("-", Letter(one), Number("1.5")))
        return self.pick(forms)()

    def _read(self, scope: dict[str, str]) -> Read:
        names = [x for x in self.shapes if x != "q" and ("n" in scope or "n" not in self.shapes[x])]
        name = self.pick(names[::-1])
        letters = [x for x in scope if x != "n"]
        short = letters if self.by_slot and name in ("A", "B") else ()
        return Read(
            name,
            tuple(
                Letter("n")
                if extent == "n"
                else self._short(scope, short, extent) or self.subscript(letters, extent, scope)
                for extent in self.shapes[name]
            ),
        )

    def _short(self, scope: dict[str, str], letters: Sequence[str], extent: int) -> Node | None:
        """Now and then a longer letter of the left side walks a declared shorter axis."""
        longer = [x for x in letters if scope[x] == "left" and self.extents[x] > extent]
        return Letter(self.pick(longer)) if longer and self.chance(10) else None

    def subscript(self, letters: Sequence[str], extent: int, scope: Sequence[str] = ()) -> Node:
        plain = [x for x in letters if self.extents[x] == extent]
        if plain and not self.chance(40):
            return Letter(self.pick(plain))
        if not letters:
            return Number(str(self.pick((0, extent - 1))))
        one, other = Letter(self.pick(letters)), Letter(self.pick(letters))
        forms = [
            lambda: plus(one, self.pick((-1, 1, -2, 2))),
            lambda: plus(times(Number("2"), one), self.pick((0, -1, 1))),
            lambda: Binary("-", Number(str(extent - 1)), one),
            lambda: Binary("-", Binary("-", Size(one.letter), Number("1")), one),
            lambda: plus(Binary("+", one, other), -1),
            lambda: plus(Binary("-", one, other), 1),
            lambda: Binary(self.pick(("//", "%")), one, Number("2")),
            lambda: Binary("%", plus(Binary("+", one, other), 1), Number(str(extent))),
            lambda: Binary("//", plus(times(Number("2"), one), 1), Number("3")),
            lambda: plus(times(Number("3"), Binary("-", one, other)), 2),
            lambda: Number(str(self.pick((0, extent - 1)))),
        ]
        if self._gathers(scope):
            forms.append(lambda: Read("q", (Letter(self.pick(self._gathers(scope))),)))
        return self.pick(forms)()

    def _gathers(self, scope: Sequence[str]) -> list[str]:
        walked = self.shapes["q"][0]
        return [x for x in scope if walked == ("n" if x == "n" else self.extents[x])]
