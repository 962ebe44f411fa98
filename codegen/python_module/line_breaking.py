"""How emitted lines are laid out: formulas as comments, long statements broken at operators."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise

LINE = 88
SHORT = 12  # such arguments share a line

# from those that bind least
_OPERATORS = (
    (" if ", " else "),
    (" & ", " | "),
    (" == ", " != ", " < ", " <= ", " > ", " >= "),
    (" + ", " - "),
    (" * ", " / ", " @ "),
)


def comment(note: str, indent: str) -> list[str]:
    """A formula as comment lines, broken where it is too long."""
    if not note:
        return []
    lines: list[str] = []
    width = LINE - len(indent) - 2
    for piece in note.split("; "):
        rows = _Words(width).wrap(piece)
        lines.extend(rows if max(map(len, rows)) <= width else _Factors(width).wrap(piece))
    return [f"{indent}# {line}" for line in lines]


class _Words(textwrap.TextWrapper):
    """Breaks a formula at spaces."""

    def __init__(self, width: int) -> None:
        super().__init__(
            width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )


class _Factors(_Words):
    """Breaks a formula behind factors too, for one that has too few spaces."""

    wordsep_simple_re = re.compile(r"( +|(?<=[^*][*/])(?=[^*/]))")


def listed(before: str, names: Sequence[str], after: str = "") -> list[str]:
    """`return a, b, c` or `a, b, c = f(x)`, the names in brackets where they are too many."""
    left = f"    {before}{', '.join(names)}"
    if _fits(left, after):
        return [left + after]
    _, equals, call = after.partition(" = ")
    if call and len(left) <= LINE // 2:
        return wrap(left + equals, call, "    ")
    rows = textwrap.wrap(", ".join(names) + ",", LINE - 8, break_long_words=False)
    lines = [f"    {before}(", *(f"        {row}" for row in rows)]
    return [*lines, *(wrap(f"    ){equals}", call, "    ") if call else [f"    ){after}"])]


def wrap(left: str, code: str, indent: str, after: str = "") -> list[str]:
    """One statement, over several lines where it is too long.

    It is broken at its outermost operators, and inside brackets where it has none.
    """
    return _broken(left.removeprefix(indent), code, after, indent)


def defined(name: str, parameters: str) -> list[str]:
    """`def f(a, b):`, the parameters in rows of their own where it is too long."""
    line = f"def {name}({parameters}):"
    if _fits(line):
        return [line]
    rows = textwrap.wrap(parameters + ",", LINE - 4, break_long_words=False)
    return [f"def {name}(", *(f"    {row}" for row in rows), "):"]


def _broken(before: str, code: str, after: str, indent: str) -> list[str]:
    """The lines of `before code after`, in brackets of its own where an operator begins one."""
    if _fits(indent, before, code, after):
        return [f"{indent}{before}{code}{after}"]
    parts = _operands(code)
    if len(parts) == 1 and not (code.isidentifier() and before.endswith("= ")):
        return _opened(before, code, after, indent)
    return [f"{indent}{before}(", *_filled(parts, indent + "    "), f"{indent}){after}"]


def _filled(parts: list[str], indent: str) -> list[str]:
    """Operands inside brackets, each with its operator in front, as many on a line as it takes."""
    lines: list[str] = []
    room = False
    for part in parts:
        if room and len(lines[-1]) + len(part) + 1 <= LINE:
            lines[-1] += f" {part}"
            continue
        room = _fits(indent, part)
        lines.extend([indent + part] if room else _operand(part, indent))
    return lines


def _operand(part: str, indent: str) -> list[str]:
    """One operand that is too long for a line, inside brackets."""
    operator, code = _operator(part)
    parts = _operands(code)
    if not operator and len(parts) > 1:
        return _filled(parts, indent)
    inner = indent + "    "
    if len(parts) == 1:
        return _opened(operator, code, "", indent)
    if not all(_fits(inner, p) for p in parts):
        for lines in (_opened(operator, code, "", indent), _chained(operator, parts, indent)):
            if lines and all(map(_fits, lines)):
                return lines
    first, *rest = _filled(parts, inner)
    return [f"{indent}{operator}{first.lstrip()}", *rest]


def _chained(operator: str, parts: list[str], indent: str) -> list[str]:
    """Long operands in brackets, each begun where the one before ends; none where that can't be."""
    lines: list[str] = []
    for part in (operator + parts[0], *parts[1:]):
        first, *rest = _operand(part, indent)
        if not lines:
            lines.append(first)
        elif lines[-1] == f"{indent})":
            lines[-1] += f" {first.lstrip()}"
        else:
            return []
        lines.extend(rest)
    return lines


def _opened(before: str, code: str, after: str, indent: str) -> list[str]:
    """`before f(a, b) after` with what stands in the longest bracket on lines of its own."""
    start, end = max(_brackets(code), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    head, tail = f"{indent}{before}{code[: start + 1]}", f"{indent}{code[end:]}{after}"
    inner = indent + "    "
    inside = code[start + 1 : end]
    arguments = _pieces(inside, (",",))
    if not arguments or len(head) > LINE or len(tail) > LINE:
        return [f"{indent}{before}{code}{after}"]
    if len(arguments) > 1 and _fits(inner, inside):
        return [head, inner + inside, tail]
    if len(arguments) == 1 and not code[:end].endswith(","):
        return [head, *_filled(_operands(arguments[0]), inner), tail]
    lines = [head]
    short = False
    for argument in (a.removeprefix(",").strip() for a in arguments):
        if short and len(argument) <= SHORT and len(lines[-1]) + len(argument) + 2 <= LINE:
            lines[-1] += f" {argument},"
        else:
            lines.extend(_broken("", argument, ",", inner))
            short = len(argument) <= SHORT
    return [*lines, tail]


def _fits(*parts: str) -> bool:
    return sum(map(len, parts)) <= LINE


def _outermost(code: str) -> Iterator[tuple[int, str]]:
    """The places of a source text outside quotes and brackets, the brackets themselves included."""
    depth, quoted = 0, False
    for k, character in enumerate(code):
        quoted ^= character == '"'
        if quoted:
            continue
        depth -= character in ")]}"
        if not depth:
            yield k, character
        depth += character in "([{"


def _brackets(code: str) -> Iterator[tuple[int, int]]:
    """Where each outermost bracket opens and closes."""
    begin = 0
    for k, character in _outermost(code):
        if character in "([{":
            begin = k
        elif character in ")]}":
            yield begin, k


def _pieces(code: str, separators: tuple[str, ...]) -> list[str]:
    """The text cut before each separator that stands outside brackets."""
    cuts = [0, *(k for k, _ in _outermost(code) if code.startswith(separators, k)), len(code)]
    return [code[i:j].strip() for i, j in pairwise(cuts) if code[i:j].strip(" ,")]


def _operands(code: str) -> list[str]:
    """The operands of the outermost operators of least rank, each with its operator in front."""
    for operators in _OPERATORS:
        parts = _pieces(code, operators)
        if len(parts) > 1:
            return parts
    return [code]


def _operator(part: str) -> tuple[str, str]:
    """The operator in front of an operand, and the operand."""
    word, _, rest = part.partition(" ")
    known = any(f" {word} " in operators for operators in _OPERATORS)
    return (f"{word} ", rest) if known and rest else ("", part)
