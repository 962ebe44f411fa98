"""Formulas read back from LaTeX and worked out with numbers: what a reader takes them to say.

Knows typography only: subscripts, big operators with what stands beneath, brackets as 1 or 0, the
order of operations on paper. Nothing here is shared with the printer.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

from tests.read_back.assignment import SYMBOLS, Assignment, Sight
from tests.read_back.functions import NAMED, compare, slope
from tests.read_back.tokens import (
    RELATIONS,
    is_letter,
    joined,
    lex,
    lines_of,
    prime_count,
    range_of,
    spoken,
    subscripts_in,
)

_BIG = {r"\sum": sum, r"\prod": math.prod, r"\max": max, r"\min": min}


@dataclass
class Reader(Sight):
    """Reads one formula in index notation. The letters' values are in `at`."""

    at: dict[str, Any] = field(default_factory=dict)

    def inner(self, tokens: list[str], **more: Any) -> Reader:
        return Reader(tokens, self.assignment, {**self.at, **more})

    def whole(self) -> Any:
        value = self.sum()
        assert not self.peek(), f"{self.tokens[self.place :]} is left"
        return value

    # ---- order of operations ---------------------------------------------------------------------

    def sum(self) -> Any:
        sign = 1
        if self.peek() == "-":
            self.take()
            sign = -1
        total = sign * self.product()
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total = total + sign * self.product()
        if self.peek() == r"\bmod":
            self.take()
            total = total % self.product()
        return total

    def product(self) -> Any:
        """Factors side by side; one that is a false bracket makes the whole 0, whatever follows."""
        begin = self.place
        end = self.skip_product()
        pieces = self.split_factors(begin, end)
        for tokens in pieces:
            if tokens[0] == "[" and not self.inner(tokens).bracket():
                self.place = end
                return 0
        value: Any = 1
        under = False
        self.place = begin
        while self.place < end:
            if self.peek() in (r"\cdot", r"\times", "{", "}"):
                self.take()
                continue
            if self.peek() == "/":
                self.take()
                under = True
                continue
            factor = self.factor(end)
            value = value / factor if under else value * factor
            under = False
        return value

    def skip_product(self) -> int:
        """Where the product ends: at a sign, a relation or a closing delimiter."""
        depth, at = 0, self.place
        while at < len(self.tokens):
            token = self.tokens[at]
            if token in ("{", "(", "[", r"\lfloor", r"\lvert", r"\lVert", r"\begin"):
                depth += 1
            elif token in ("}", ")", "]", r"\rfloor", r"\rvert", r"\rVert", r"\end"):
                if not depth:
                    break
                depth -= 1
            elif not depth and (
                token in ("+", "-", ",", "&", r"\\", r"\wedge", r"\vee", r"\bmod")
                or token in RELATIONS
            ):
                break
            at += 1
        return at

    def split_factors(self, begin: int, end: int) -> list[list[str]]:
        """The factors that can be told without reading them: brackets at the outermost level."""
        found, depth, start = [], 0, None
        for at in range(begin, end):
            token = self.tokens[at]
            if token in ("\\sum", "\\prod", "\\max", "\\min", "\\log") and not depth:
                break  # what follows belongs to the operator
            if token in ("[", "(", "{", r"\begin"):
                if token == "[" and not depth:
                    start = at
                depth += 1
            elif token in ("]", ")", "}", r"\end"):
                depth -= 1
                if token == "]" and not depth and start is not None:
                    found.append(self.tokens[start : at + 1])
                    start = None
        return found

    def factor(self, end: int) -> Any:
        value = self.base(end)
        while self.peek() == "^":
            self.take()
            value = value ** self.inner(self.group()).whole()
        return value

    def base(self, end: int) -> Any:
        token = self.peek()
        if token[0].isdigit():
            self.take()
            return float(token) if "." in token else int(token)
        match token:
            case "(":
                self.take()
                value = self.sum()
                self.take(")")
                return value
            case "[":
                return self.bracket()
            case r"\frac":
                return self.fraction()
            case r"\sqrt":
                self.take()
                return math.sqrt(self.inner(self.group()).whole())
            case r"\lfloor":
                self.take()
                value = self.sum()
                self.take(r"\rfloor")
                return math.floor(value)
            case r"\lvert":
                self.take()
                primes = prime_count(self.tokens, self.place + 1)
                if self.peek(1 + primes) == r"\rvert":
                    word = self.peek() + "'" * primes
                    name = rf"\lvert {word}\rvert"
                    if name in self.assignment.extents:
                        self.place += 2 + primes
                        return self.assignment.extents[name]
                value = self.sum()
                self.take(r"\rvert")
                return abs(value)
            case r"\begin":
                return self.cases()
            case r"\pi" | r"\infty":
                self.take()
                return math.pi if token == r"\pi" else math.inf
            case "e" if self.peek(1) == "^" and not self.assignment.holds("e"):
                self.take()
                self.take()
                return math.exp(self.inner(self.group()).whole())
        if token in _BIG and self.peek(1) == "_":
            return self.big(_BIG[self.take()], end)
        if token == r"\log" and self.peek(1) == r"\sum":
            self.take()
            self.take()
            return math.log(self.big(sum, end))
        return self.named(end)

    # ---- functions and choices -------------------------------------------------------------------

    def named(self, end: int) -> Any:
        token = self.peek()
        if token == r"\sigma" and self.peek(1) in ("^", "_"):
            return self.symbol()  # a standard deviation, not the logistic function
        name = token
        ahead = 1
        if token == r"\operatorname":
            name = "".join(self.tokens[self.place + 2 : self.tokens.index("}", self.place)])
            ahead = len(lex(name)) + 3
        squared = self.peek(ahead) == "^" and name in NAMED
        if name == r"\delta" and not self.assignment.holds(name) and self.peek(1) == "_":
            return self.kronecker()
        if (name in NAMED or name in (r"\max", r"\min")) and not self.assignment.holds(name):
            self.place += ahead
            exponent = 1
            if self.peek() == "'":
                self.take()
                self.take("(")
                at = self.sum()
                self.take(")")
                return slope(NAMED[name], at)
            if squared:
                self.take("^")
                exponent = self.inner(self.group()).whole()
            self.take("(")
            arguments = [self.sum()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.sum())
            self.take(")")
            if name in (r"\max", r"\min"):
                return (max if name == r"\max" else min)(arguments)
            return NAMED[name](*arguments) ** exponent
        return self.symbol()

    def kronecker(self) -> int:
        """A delta that is no error term: 1 where its two subscripts are equal."""
        self.take()
        self.take("_")
        one, other = subscripts_in(self.group(), 2)
        return int(self.inner(one).whole() == self.inner(other).whole())

    def bracket(self) -> int:
        self.take("[")
        value = self.condition()
        self.take("]")
        return int(value)

    def condition(self) -> bool:
        if self.peek() == r"\neg":
            self.take()
            self.take("(")
            value = not self.condition()
            self.take(")")
        else:
            value = self.relation()
        if self.peek() == r"\wedge":
            self.take()
            right = self.condition()
            return value and right
        if self.peek() == r"\vee":
            self.take()
            right = self.condition()
            return value or right
        return value

    def relation(self) -> bool:
        sides, signs = [self.sum()], []
        while self.peek() in RELATIONS:
            signs.append(RELATIONS[self.take()])
            sides.append(self.sum())
        assert signs, f"no relation at {self.peek()}"
        return all(compare(s, a, b) for s, a, b in zip(signs, sides[:-1], sides[1:], strict=True))

    def cases(self) -> Any:
        for row in self.rows("cases"):
            cut = row.index("&")
            value, when = row[:cut], row[cut + 1 :]
            while value[:2] == ["{", "}"]:
                value = value[2:]
            if when[0] == r"\text" or self.inner(when).condition():
                return self.inner(value).whole()
        raise AssertionError("no case holds")

    # ---- big operators ---------------------------------------------------------------------------

    def big(self, operator: Any, end: int) -> Any:
        self.take("_")
        beneath = self.group()
        body = self.tokens[self.place : end]
        self.place = end
        lines = lines_of(beneath)
        ranges: dict[str, range] = {}
        conditions = []
        for line in lines:
            chain = range_of(line)
            if chain is not None:
                letters, stop = chain
                ranges.update(
                    (x, range(self.inner(stop).whole())) for x in letters if x not in ranges
                )
            elif all(c == "," or is_letter(c) for c in spoken(line)):
                for letter in (x for x in spoken(line) if x != ","):
                    ranges[letter] = range(self.extent_of(letter, [*body, *beneath]))
            else:
                conditions.append(line)
        values = []
        for place in itertools.product(*ranges.values()):
            at = dict(zip(ranges, place, strict=True))
            if all(self.inner(c, **at).condition() for c in conditions):
                values.append(self.inner(body, **at).whole())
        return operator(values)

    def extent_of(self, letter: str, tokens: list[str]) -> int:
        """How far a letter runs: over the axis on which it stands alone."""
        found = []
        reader = Reader(tokens, self.assignment)
        for k, token in enumerate(tokens):
            if token != "_":
                continue
            for start in range(k - 1, max(-1, k - 45), -1):
                reader.place = start
                symbol = reader.longest_symbol()
                if symbol and reader.place == k:
                    reader.take("_")
                    parts = subscripts_in(reader.group(), self.assignment.tensors[symbol].ndim)
                    found.extend(
                        self.assignment.tensors[symbol].shape[axis]
                        for axis, part in enumerate(parts)
                        if joined(part) == letter
                    )
                    break
        assert found, f"nothing says how far {letter} runs in {' '.join(tokens)}"
        return max(found)

    # ---- tensors ---------------------------------------------------------------------------------

    def symbol(self) -> Any:
        begin = self.place
        symbol = self.longest_symbol()
        after = self.place
        self.place = begin
        letter = self.peek() + "'" * prime_count(self.tokens, begin + 1)
        if letter in self.at and not (symbol and (after > begin + 1 or self.peek(1) == "_")):
            self.place += 1 + letter.count("'")
            return self.at[letter]
        if symbol:
            self.place = after
            return self.entry(symbol)
        text = self.take()
        if text in self.assignment.extents:
            return self.assignment.extents[text]
        raise AssertionError(f"{text} means nothing in {' '.join(self.tokens)}")

    def entry(self, symbol: str) -> Any:
        array = self.assignment.tensors[symbol]
        if not array.ndim:
            return array.item()
        self.take("_")
        parts = subscripts_in(self.group(), array.ndim)
        return self.look_up(symbol, parts)

    def look_up(self, symbol: str, parts: list[list[str]]) -> Any:
        array = self.assignment.tensors[symbol]
        place = tuple(int(self.inner(p).whole()) for p in parts)
        inside = all(0 <= p < size for p, size in zip(place, array.shape, strict=True))
        return array[place] if inside else 0.0

    def fraction(self) -> Any:
        begin = self.place
        self.take()
        over, under = self.group(), self.group()
        if over[:1] != [r"\partial"]:
            above = self.inner(over).whole()
            return above / self.inner(under).whole()
        # a derivative is a tensor of its own: its symbol is that without the subscripts
        by = under[1:]
        for cut in range(len(by), 0, -1):
            name = rf"\frac{{{''.join(over)}}}{{\partial{''.join(by[:cut])}}}"
            shown = SYMBOLS[id(self.assignment)].get(name)
            if shown is None:
                continue
            rest = by[cut:]
            array = self.assignment.tensors[shown]
            if not array.ndim and not rest:
                return array.item()
            if array.ndim and rest[:2] == ["_", "{"]:
                return self.look_up(shown, subscripts_in(rest[2:-1], array.ndim))
        raise AssertionError(f"no derivative {self.tokens[begin : self.place]}")


def read(text: str, assignment: Assignment, at: dict[str, int]) -> float:
    """The value of a formula's right side where the letters have these values."""
    return Reader(lex(text), assignment, dict(at)).whole()


def subscripts_of(left: str, assignment: Assignment) -> list[str]:
    """The letters of a left side."""
    tokens = lex(left)
    known = SYMBOLS[id(assignment)].get(joined(tokens))
    if known is not None and not assignment.tensors[known].ndim:
        return []
    if tokens[0] == r"\frac":
        reader = Reader(tokens, assignment)
        reader.take()
        reader.group()
        tokens = reader.group()[1:]
    if "_" not in tokens:
        return []
    cut = len(tokens) - 1 - tokens[::-1].index("_")
    inside = tokens[cut + 2 : -1]
    if inside and inside[0].isdigit():
        return []
    return [joined(p) for p in subscripts_in(inside, None)]
