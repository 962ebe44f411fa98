"""Python's own parser, for texts that people wrote."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Literal, overload

_SIGNS = re.compile(r"(?:[-+~]\s*){100}|(?:\bnot\s+){50}")


def nests_beyond(text: str, deepest: int) -> bool:
    """Whether brackets, signs or negations nest deeper than is read."""
    depth = reached = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        reached = max(reached, depth)
    return reached > deepest or _SIGNS.search(text) is not None


def python_s_message(error: SyntaxError) -> str:
    """What Python says of a text, without its guesses."""
    return re.split(r"\. (?:Perhaps|Maybe)", error.msg or "this can't be read")[0]


@overload
def python_tree(text: str) -> ast.Module: ...
@overload
def python_tree(text: str, mode: Literal["eval"]) -> ast.Expression: ...
def python_tree(text: str, mode: str = "exec") -> ast.AST:
    """The syntax tree. What Python warns of, such as `2if`, never reaches the terminal.

    Raises what `ast.parse` raises: `SyntaxError`, and for texts that are too long or too deep
    `ValueError`, `MemoryError` and `RecursionError`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, mode=mode)
