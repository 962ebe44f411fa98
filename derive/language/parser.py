"""Text -> checked syntax. A subset of Python's expressions, read through `ast`, never evaluated.

One equation a line (brackets may run over lines, `#` starts a comment)::

    equation  = left "=" value
    left      = name | name "[" letter, ... "]" | "next(" name ")" [ "[" letter, ... "]" ]
    value     = number | name | name "[" subscript, ... "]" | "-" value | value op value
              | value compare value | value "and"/"or" value | "not" value
              | reduction "(" letter, ... "," value ")" | function "(" value, ... ")"
              | "inv(" name ")" "[" subscript, ... "]"
              | ("det(" | "logdet(") name ")" [ "[" subscript, ... "]" ]
    subscript = integer arithmetic on letters, sizes, integer tensors | "..."

Everything else that Python can say is refused with its place and a cure.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from derive.errors import meant, shorten
from derive.ir.functions import FUNCTIONS
from derive.ir.names import next_of
from derive.ir.notation import MATRIX
from derive.language.lines import equals_sign, left_side, logical_lines
from derive.language.name_check import check_name
from derive.language.python_operators import BINARY, COMPARE, REFUSED, SUMS
from derive.language.python_tree import nests_beyond, python_s_message, python_tree
from derive.language.syntax import (
    REDUCING,
    Dots,
    Fn,
    Name,
    Num,
    Op,
    Place,
    Red,
    Ref,
    Refused,
    Syntax,
    Written,
)

LONGEST_EQUATION = 20_000
LONGEST_TEXT = 1_000_000
DEEPEST = 80
LONGEST_CHAIN = 200
MOST_PROBLEMS = 20


def read_equations(text: str, name: str, problems: list[str]) -> list[Written]:
    """All equations of a text; what can't be read is added to `problems`, one line each."""
    if len(text) > LONGEST_TEXT:
        problems.append(
            f"{name}: the text has {len(text)} characters, at most {LONGEST_TEXT} can be read; "
            "shorten it"
        )
        return []
    result = []
    for line, piece in logical_lines(text, name, problems):
        if len(problems) >= MOST_PROBLEMS:
            break
        try:
            result.append(_Reader(name, line, piece).equation())
        except Refused as refused:
            problems.append(str(refused))
    return result


def read_value(text: str, name: str) -> Syntax:
    """One value, such as a side of an assumption. Raises `Refused`."""
    return _Reader(name, 1, text).value(text, 0)


class _Reader:
    """Reads one equation; places count from its first line in the user's text."""

    def __init__(self, name: str, line: int, text: str) -> None:
        self.name = name
        self.line = line
        self.text = text

    def place(self, offset: int) -> Place:
        before = self.text[:offset]
        return Place(
            self.name, self.line + before.count("\n"), offset - (before.rfind("\n") + 1) + 1
        )

    def equation(self) -> Written:
        text = self.text
        if len(text) > LONGEST_EQUATION:
            raise Refused(
                self.place(0),
                f"the equation has {len(text)} characters, at most {LONGEST_EQUATION} can be read; "
                "split it with named intermediates",
            )
        split = equals_sign(text)
        if split is None:
            raise Refused(self.place(0), "expected 'tensor[letters] = value', found no '='")
        left, right = text[:split], text[split + 1 :]
        if not right.strip():
            raise Refused(self.place(split), "nothing stands after '='")
        place = self.place(len(left) - len(left.lstrip()))
        tensor, letters, is_next = left_side(left, self.place)
        value = self.value(right, split + 1)
        return Written(place, tensor, letters, value, " ".join(text.split()), is_next)

    def value(self, piece: str, offset: int) -> Syntax:
        """A value that begins `offset` characters into the equation's text."""
        lead = len(piece) - len(piece.lstrip())
        source = piece.strip()
        self.check_brackets(source, offset + lead)
        # parenthesised, so that line breaks count for nothing; columns are mapped back below
        try:
            tree = python_tree("(" + source + "\n)", "eval").body
        except SyntaxError as error:
            raise self.syntax_problem(error, source, offset + lead) from None
        except (ValueError, MemoryError, RecursionError):
            raise Refused(
                self.place(offset + lead),
                "this is too long or nested too deeply; split it with named intermediates",
            ) from None
        starts = [0]
        for line in source.split("\n"):
            starts.append(starts[-1] + len(line) + 1)

        def at(node: ast.AST) -> int:
            line = getattr(node, "lineno", 1)
            column = getattr(node, "col_offset", 0)
            text_line = ("(" + source).split("\n")[line - 1]
            column = len(text_line.encode()[:column].decode(errors="ignore"))
            return offset + lead + starts[line - 1] + column - (1 if line == 1 else 0)

        return self.convert(tree, at, source, 0)

    def check_brackets(self, source: str, offset: int) -> None:
        if nests_beyond(source, DEEPEST):
            raise Refused(
                self.place(offset),
                "this is nested too deeply; split it with named intermediates",
            )
        hidden = re.search(r"[^\x20-\x7e\n\t]", source)
        if hidden:
            raise Refused(
                self.place(offset + hidden.start()),
                f"the character {shorten(hidden.group()) or '?'!r} can't stand in an equation; "
                "use ASCII",
            )

    def syntax_problem(self, error: SyntaxError, source: str, offset: int) -> Refused:
        for word in re.finditer(r"[A-Za-z_]\w*", source):
            if keyword.iskeyword(word.group()) and word.group() not in ("and", "or", "not", "if"):
                if word.group() in ("lambda", "else", "for", "in", "is"):
                    continue
                return Refused(
                    self.place(offset + word.start()),
                    f"'{word.group()}' is a keyword of Python; take another name, "
                    f"such as '{word.group()}_'",
                )
        line, column = error.lineno or 1, error.offset or 1
        before = sum(len(x) + 1 for x in source.split("\n")[: line - 1])
        spot = max(0, min(len(source), before + column - (2 if line == 1 else 1)))
        detail = python_s_message(error)
        if "digits" in detail:
            return Refused(
                self.place(offset + spot), "this number is too long; write it with fewer digits"
            )
        near = shorten(source[spot : spot + 20])
        result = f"near '{near}'" if near else "at the end"
        return Refused(
            self.place(offset + spot), f"{detail} {result}; expected a value such as 2*x[n,i]"
        )

    def convert(
        self, node: ast.AST, at: Callable[[ast.AST], int], source: str, depth: int
    ) -> Syntax:
        here = self.place(at(node))
        if depth > DEEPEST:
            raise Refused(here, "this is nested too deeply; split it with named intermediates")

        def inside(part: ast.AST) -> Syntax:
            return self.convert(part, at, source, depth + 1)

        match node:
            case ast.Constant(value=value) if value is Ellipsis:
                return Dots(here)
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise Refused(here, f"'{shorten(repr(value))}' is no number")
                begin = at(node)
                width = (node.end_col_offset or 0) - node.col_offset
                text = self.text[begin : begin + width]
                return Num(here, self.number(text, here))
            case ast.Name(id=name):
                return Name(here, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Op(here, "neg", (inside(operand),))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return inside(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Op(here, "not", (inside(operand),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self.binary(node, BINARY[type(op)], left, right, at, source, depth)
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return Op(here, word, tuple(inside(v) for v in values))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self.comparison(here, ops, [inside(p) for p in (left, *comparators)])
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=elts)):
                return Ref(here, name, tuple(inside(e) for e in elts))
            case ast.Subscript(value=ast.Name(id=name), slice=one):
                return Ref(here, name, (inside(one),))
            case ast.Subscript(value=ast.Call(func=ast.Name(id=word)) as called, slice=one) if (
                word == "next" or word in MATRIX
            ):
                name = (
                    self.next_of(called, here) if word == "next" else self.matrix_of(called, here)
                )
                elements = one.elts if isinstance(one, ast.Tuple) else [one]
                return Ref(here, name, tuple(inside(e) for e in elements))
            case ast.Subscript():
                raise Refused(here, "subscripts stand after a tensor's name only")
            case ast.Call():
                return self.call(node, here, inside)
            case _:
                kind: Any = type(getattr(node, "op", node))
                message = REFUSED.get(kind, REFUSED.get(type(node)))
                raise Refused(here, message or "this is no part of the equation language")

    @staticmethod
    def comparison(here: Place, ops: list[ast.cmpop], sides: list[Syntax]) -> Syntax:
        """`a < b`, or a chain `a < b < c`, all of which must hold."""
        tests: list[Syntax] = []
        for op, left, right in zip(ops, sides, sides[1:], strict=False):
            if type(op) not in COMPARE:
                raise Refused(here, "'in' and 'is' are not known; compare with == or <")
            tests.append(Op(here, COMPARE[type(op)], (left, right)))
        return tests[0] if len(tests) == 1 else Op(here, "and", tuple(tests))

    def binary(
        self,
        node: ast.AST,
        op: str,
        left: ast.AST,
        right: ast.AST,
        at: Callable[[ast.AST], int],
        source: str,
        depth: int,
    ) -> Syntax:
        """Long sums and products lean to the left: they are unrolled, not descended.

        A sum of very many terms becomes a tree of even depth, for what walks it later descends.
        """
        chain: list[tuple[ast.AST, str, ast.AST]] = [(node, op, right)]
        while isinstance(left, ast.BinOp) and type(left.op) in BINARY:
            chain.append((left, BINARY[type(left.op)], left.right))
            left = left.left
        links = [
            (self.place(at(whole)), sign, self.convert(part, at, source, depth + 1))
            for whole, sign, part in reversed(chain)
        ]
        value = self.convert(left, at, source, depth + 1)
        products = next((k for k, (_, sign, _) in enumerate(links) if sign in SUMS), len(links))
        others = [sign for _, sign, _ in links[products:] if sign not in SUMS]
        if products > LONGEST_CHAIN or (others and len(links) > LONGEST_CHAIN):
            raise Refused(
                self.place(at(node)), "this is too long; split it with named intermediates"
            )
        if len(links) <= LONGEST_CHAIN:
            return _chained(value, links)
        return _balanced(_chained(value, links[:products]), links[products:])

    def call(self, node: ast.Call, here: Place, inside: Callable[[ast.AST], Syntax]) -> Syntax:
        if not isinstance(node.func, ast.Name):
            what = REFUSED.get(type(node.func), "only functions of the language can be called")
            raise Refused(here, what)
        name = node.func.id
        if node.keywords:
            raise Refused(here, f"{name}(...) takes no named arguments")
        if name in REDUCING:
            return self.reduction(node, name, here, inside)
        if name == "next":
            return Ref(here, self.next_of(node, here), ())
        if name in MATRIX:
            return Ref(here, self.matrix_of(node, here), ())
        if name not in FUNCTIONS:
            near = meant(name, (*FUNCTIONS, *REDUCING, *MATRIX))
            raise Refused(
                here,
                f"unknown function '{shorten(name)}'{near or '; known: ' + ' '.join(FUNCTIONS)}",
            )
        low, high = FUNCTIONS[name].arity
        if not low <= len(node.args) <= high:
            count = str(low) if low == high else f"{low} or {high}"
            raise Refused(here, f"{name} takes {count} arguments, {len(node.args)} were given")
        return Fn(here, name, tuple(inside(a) for a in node.args))

    @staticmethod
    def next_of(node: ast.Call, here: Place) -> str:
        """`next(m)` as the name of a tensor."""
        match node:
            case ast.Call(args=[ast.Name(id=name)], keywords=[]):
                return next_of(name)
            case _:
                raise Refused(here, "next takes the name of one tensor, such as next(m)[i]")

    @staticmethod
    def matrix_of(node: ast.Call, here: Place) -> str:
        """`inv(X)` as the name of a tensor."""
        match node:
            case ast.Call(func=ast.Name(id=word), args=[ast.Name(id=name)], keywords=[]):
                return f"{word}({name})"
            case ast.Call(func=ast.Name(id=word)):
                read = "inv(M)[i,j]" if word == "inv" else f"{word}(M)"
                raise Refused(
                    here,
                    f"{word} takes the name of one tensor; name the matrix first, "
                    f"M[i,j] = ..., and write {read}",
                )
            case _:
                raise AssertionError(node)

    def reduction(
        self, node: ast.Call, name: str, here: Place, inside: Callable[[ast.AST], Syntax]
    ) -> Syntax:
        if len(node.args) < 2:
            raise Refused(
                here, f"{name} takes letters and a value, such as {name}(j, x[n,j]); add the letter"
            )
        parts = [inside(a) for a in node.args]
        letters = []
        for part in parts[:-1]:
            if not isinstance(part, Name | Dots):
                hint = {"max": "maximum", "min": "minimum"}.get(name)
                cure = f"; for the larger or smaller of two values write {hint}" if hint else ""
                raise Refused(part.place, f"{name} binds letters first, then one value{cure}")
            if isinstance(part, Name):
                problem = check_name(part.name, "letter")
                if problem:
                    raise Refused(part.place, problem)
            letters.append(part)
        names = [x.name for x in letters if isinstance(x, Name)]
        if len(set(names)) != len(names):
            raise Refused(here, f"{name} binds a letter twice")
        return Red(here, name, tuple(letters), parts[-1])

    def number(self, text: str, here: Place) -> Fraction:
        text = text.replace("_", "")
        if not re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", text) or len(text) > 200:
            raise Refused(here, f"'{shorten(text)}' can't be read as a number; write 0.5 or 5e-1")
        return Fraction(text)


_Links = Sequence[tuple[Place, str, Syntax]]


def _chained(value: Syntax, links: _Links) -> Syntax:
    """`value + a - b ...`, from the left."""
    for place, sign, other in links:
        value = Op(place, sign, (value, other))
    return value


def _balanced(value: Syntax, links: _Links) -> Syntax:
    """The same sum as `_chained`, as a tree of even depth."""
    if len(links) <= 2:
        return _chained(value, links)
    middle = len(links) // 2
    place, sign, first = links[middle]
    first = Op(place, "neg", (first,)) if sign == "-" else first
    return Op(place, "+", (_balanced(value, links[:middle]), _balanced(first, links[middle + 1 :])))
