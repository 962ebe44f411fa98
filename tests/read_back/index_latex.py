"""Formulas read back from LaTeX and worked out with numbers: what a reader takes them to say.

Knows typography only: subscripts, big operators with what stands beneath, brackets as 1 or 0, the
order of operations on paper. Nothing here is shared with the printer.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[,;!\\]|\d+(?:\.\d+)?|[A-Za-z]|\S")
_SIZES = {"bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "left", "right"}
_NOTHING = {r"\,", r"\;", r"\!", r"\limits"}
_RELATIONS = {"=": "==", "<": "<", ">": ">", r"\le": "<=", r"\ge": ">=", r"\ne": "!="}
_BIG = {r"\sum": sum, r"\prod": math.prod, r"\max": max, r"\min": min}
_NAMED = {
    r"\log": math.log,
    r"\exp": math.exp,
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\tan": math.tan,
    r"\tanh": math.tanh,
    r"\sinh": math.sinh,
    r"\cosh": math.cosh,
    r"\arctan": math.atan,
    r"\sigma": lambda x: 1 / (1 + math.exp(-x)),
    "erf": math.erf,
    r"\Phi": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "normcdf": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "sgn": lambda x: float(x > 0) - float(x < 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "relu": lambda x: max(x, 0.0),
    "hold": lambda x: x,
}


def lex(text: str) -> list[str]:
    """Tokens; sizes of delimiters and thin spaces mean nothing."""
    # the letter of a gate is part of a tensor's name, and what follows it are its subscripts
    text = re.sub(r"_\{(\\mathrm\{[a-z]\}),", r"_{\1}_{", text)
    found = []
    for token in _TOKEN.findall(text):
        is_size = token.startswith("\\") and token[1:] in _SIZES
        if token not in _NOTHING and not is_size:
            found.append(token)
    return found


@dataclass
class World:
    """Numbers for what the symbols stand for: arrays and extents by their LaTeX."""

    tensors: dict[str, np.ndarray]
    extents: dict[str, int]

    def holds(self, symbol: str) -> bool:
        return symbol in self.tensors


@dataclass
class Reader:
    """Reads one formula in index notation. The letters' values are in `at`."""

    tokens: list[str]
    world: World
    at: dict[str, Any] = field(default_factory=dict)
    place: int = 0

    # ---- tokens ----------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        where = self.place + ahead
        return self.tokens[where] if where < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        assert wanted is None or token == wanted, f"{wanted} wanted, {token} found"
        self.place += 1
        return token

    def group(self) -> list[str]:
        """What stands in braces, or the one token that stands alone."""
        if self.peek() != "{":
            return [self.take()]
        self.take("{")
        found, depth = [], 1
        while True:
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                return found
            found.append(token)

    def inner(self, tokens: list[str], **more: Any) -> Reader:
        return Reader(tokens, self.world, {**self.at, **more})

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
                or token in _RELATIONS
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
                primes = _primes(self.tokens, self.place + 1)
                if self.peek(1 + primes) == r"\rvert":
                    word = self.peek() + "'" * primes
                    name = rf"\lvert {word}\rvert"
                    if name in self.world.extents:
                        self.place += 2 + primes
                        return self.world.extents[name]
                value = self.sum()
                self.take(r"\rvert")
                return abs(value)
            case r"\begin":
                return self.cases()
            case r"\pi" | r"\infty":
                self.take()
                return math.pi if token == r"\pi" else math.inf
            case "e" if self.peek(1) == "^" and not self.world.holds("e"):
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
        squared = self.peek(ahead) == "^" and name in _NAMED
        if name == r"\delta" and not self.world.holds(name) and self.peek(1) == "_":
            return self.kronecker()
        if (name in _NAMED or name in (r"\max", r"\min")) and not self.world.holds(name):
            self.place += ahead
            exponent = 1
            if self.peek() == "'":
                self.take()
                self.take("(")
                at = self.sum()
                self.take(")")
                return slope(_NAMED[name], at)
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
            return _NAMED[name](*arguments) ** exponent
        return self.symbol()

    def kronecker(self) -> int:
        """A delta that is no error term: 1 where its two subscripts are equal."""
        self.take()
        self.take("_")
        one, other = _subscripts(self.group(), 2)
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
        while self.peek() in _RELATIONS:
            signs.append(_RELATIONS[self.take()])
            sides.append(self.sum())
        assert signs, f"no relation at {self.peek()}"
        return all(_compare(s, a, b) for s, a, b in zip(signs, sides[:-1], sides[1:], strict=True))

    def cases(self) -> Any:
        self.take(r"\begin")
        assert "".join(self.group()) == "cases"
        rows: list[list[str]] = [[]]
        depth = 0
        while depth or self.peek() != r"\end":
            token = self.take()
            depth += (token in ("{", r"\begin")) - (token in ("}", r"\end"))
            if token == r"\\" and not depth:
                rows.append([])
            else:
                rows[-1].append(token)
        self.take(r"\end")
        self.group()
        for row in rows:
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
        lines = _lines(beneath)
        ranges: dict[str, range] = {}
        conditions = []
        for line in lines:
            chain = _range_of(line)
            if chain is not None:
                letters, stop = chain
                ranges.update(
                    (x, range(self.inner(stop).whole())) for x in letters if x not in ranges
                )
            elif all(c == "," or _is_letter(c) for c in _spoken(line)):
                for letter in (x for x in _spoken(line) if x != ","):
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
        reader = Reader(tokens, self.world)
        for k, token in enumerate(tokens):
            if token != "_":
                continue
            for start in range(k - 1, max(-1, k - 45), -1):
                reader.place = start
                symbol = reader.longest_symbol()
                if symbol and reader.place == k:
                    reader.take("_")
                    parts = _subscripts(reader.group(), self.world.tensors[symbol].ndim)
                    found.extend(
                        self.world.tensors[symbol].shape[axis]
                        for axis, part in enumerate(parts)
                        if joined(part) == letter
                    )
                    break
        assert found, f"nothing says how far {letter} runs in {' '.join(tokens)}"
        return max(found)

    # ---- tensors ---------------------------------------------------------------------------------

    def longest_symbol(self) -> str:
        """The longest run of tokens that is a tensor's symbol; the place moves behind it."""
        best, behind = "", self.place
        text = ""
        for k in range(self.place, min(len(self.tokens), self.place + 45)):
            text += self.tokens[k]
            shown = SYMBOLS.get(id(self.world), {}).get(text)
            if shown is not None:
                best, behind = shown, k + 1
        self.place = behind
        return best

    def symbol(self) -> Any:
        begin = self.place
        symbol = self.longest_symbol()
        after = self.place
        self.place = begin
        letter = self.peek() + "'" * _primes(self.tokens, begin + 1)
        if letter in self.at and not (symbol and (after > begin + 1 or self.peek(1) == "_")):
            self.place += 1 + letter.count("'")
            return self.at[letter]
        if symbol:
            self.place = after
            return self.entry(symbol)
        text = self.take()
        if text in self.world.extents:
            return self.world.extents[text]
        raise AssertionError(f"{text} means nothing in {' '.join(self.tokens)}")

    def entry(self, symbol: str) -> Any:
        array = self.world.tensors[symbol]
        if not array.ndim:
            return array.item()
        self.take("_")
        parts = _subscripts(self.group(), array.ndim)
        return self.look_up(symbol, parts)

    def look_up(self, symbol: str, parts: list[list[str]]) -> Any:
        array = self.world.tensors[symbol]
        place = tuple(int(self.inner(p).integer()) for p in parts)
        inside = all(0 <= p < size for p, size in zip(place, array.shape, strict=True))
        return array[place] if inside else 0.0

    def integer(self) -> int:
        return self.whole()

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
            shown = SYMBOLS[id(self.world)].get(name)
            if shown is None:
                continue
            rest = by[cut:]
            array = self.world.tensors[shown]
            if not array.ndim and not rest:
                return array.item()
            if array.ndim and rest[:2] == ["_", "{"]:
                return self.look_up(shown, _subscripts(rest[2:-1], array.ndim))
        raise AssertionError(f"no derivative {self.tokens[begin : self.place]}")


def slope(function: Any, at: Any) -> Any:
    """What a function with a prime means."""
    step = 1e-6
    return (function(at + step) - function(at - step)) / (2 * step)


SYMBOLS: dict[int, dict[str, str]] = {}


def world_of(tensors: dict[str, np.ndarray], extents: dict[str, int]) -> World:
    """A world; symbols are found by their tokens."""
    world = World(tensors, extents)
    SYMBOLS[id(world)] = {"".join(lex(s)): s for s in tensors}
    return world


def read(text: str, world: World, at: dict[str, int]) -> float:
    """The value of a formula's right side where the letters have these values."""
    return Reader(lex(text), world, dict(at)).whole()


def subscripts_of(left: str, world: World) -> list[str]:
    """The letters of a left side."""
    tokens = lex(left)
    known = SYMBOLS[id(world)].get(joined(tokens))
    if known is not None and not world.tensors[known].ndim:
        return []
    if tokens[0] == r"\frac":
        reader = Reader(tokens, world)
        reader.take()
        reader.group()
        tokens = reader.group()[1:]
    if "_" not in tokens:
        return []
    cut = len(tokens) - 1 - tokens[::-1].index("_")
    inside = tokens[cut + 2 : -1]
    if inside and inside[0].isdigit():
        return []
    return [joined(p) for p in _subscripts(inside, None)]


def joined(tokens: list[str]) -> str:
    return "".join(tokens)


def _primes(tokens: list[str], at: int) -> int:
    count = 0
    while at + count < len(tokens) and tokens[at + count] == "'":
        count += 1
    return count


def _spoken(line: list[str]) -> list[str]:
    """Letters with their primes and numbers as one."""
    found: list[str] = []
    for token in line:
        if token == "'":
            found[-1] += token
        else:
            found.append(token)
    return found


def _is_letter(token: str) -> bool:
    return bool(re.fullmatch(r"([A-Za-z]|\\[a-z]+)'*", token)) and token not in _RELATIONS


def _lines(beneath: list[str]) -> list[list[str]]:
    if beneath[0] == r"\substack":
        beneath = beneath[2:-1]
    lines: list[list[str]] = [[]]
    for token in beneath:
        if token == r"\\":
            lines.append([])
        else:
            lines[-1].append(token)
    return lines


def _range_of(line: list[str]) -> tuple[list[str], list[str]] | None:
    """The letters and the end of `0 <= i,j < 5`."""
    if line[:2] != ["0", r"\le"] or "<" not in line:
        return None
    cut = line.index("<")
    middle = _spoken(line[2:cut])
    if all(x == "," or _is_letter(x) for x in middle):
        return [x for x in middle if x != ","], line[cut + 1 :]
    return None


def _subscripts(tokens: list[str], rank: int | None) -> list[list[str]]:
    """The subscripts: between commas, or letter by letter where there is none."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in ("{", "(")) - (token in ("}", ")"))
        if token == "," and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) > 1 or rank == 1:
        return parts
    found: list[list[str]] = []
    for token in parts[0]:
        if token == "'":
            found[-1].append(token)
        else:
            found.append([token])
    return found


def _compare(sign: str, a: float, b: float) -> bool:
    equal = a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) < 1e-12)
    return {
        "==": equal,
        "!=": not equal,
        "<": a < b and not equal,
        ">": a > b and not equal,
        "<=": a < b or equal,
        ">=": a > b or equal,
    }[sign]
