"""How emitted lines are laid out: formulas as comments, long statements broken at operators."""

from __future__ import annotations

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
    for piece in note.split("; "):
        lines.extend(
            textwrap.wrap(
                piece,
                LINE - len(indent) - 2,
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return [f"{indent}# {line}" for line in lines]


def listed(before: str, names: Sequence[str], after: str = "") -> list[str]:
    """`return a, b, c` or `a, b, c = f(x)`, the names in brackets where they are too many."""
    line = f"    {before}{', '.join(names)}{after}"
    if _fits(line):
        return [line]
    names = textwrap.wrap(", ".join(names) + ",", LINE - 8, break_long_words=False)
    return [f"    {before}(", *(f"        {row}" for row in names), f"    ){after}"]


def wrap(left: str, code: str, indent: str) -> list[str]:
    """One statement, over several lines where it is too long.

    It is broken at its outermost operators, and inside brackets where it has none.
    """
    return _broken(left.removeprefix(indent), code, "", indent)


def _broken(before: str, code: str, after: str, indent: str) -> list[str]:
    """The lines of `before code after`, in brackets of its own where an operator begins one."""
    if _fits(indent, before, code, after):
        return [f"{indent}{before}{code}{after}"]
    parts = _operands(code)
    if len(parts) == 1:
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
    if len(parts) > 1 and all(_fits(inner, p) for p in parts):
        first, *rest = _filled(parts, inner)
        return [f"{indent}{operator}{first.lstrip()}", *rest]
    return _opened(operator, code, "", indent)


def _opened(before: str, code: str, after: str, indent: str) -> list[str]:
    """`before f(a, b) after` with what stands in the longest bracket on lines of its own."""
    start, end = max(_brackets(code), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    head, tail = f"{indent}{before}{code[: start + 1]}", f"{indent}{code[end:]}{after}"
    inner = indent + "    "
    arguments = _pieces(code[start + 1 : end], (",",))
    if not arguments or len(head) > LINE or len(tail) > LINE:
        return [f"{indent}{before}{code}{after}"]
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
