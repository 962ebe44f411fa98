"""Python's own parser, for texts that people wrote."""

from __future__ import annotations

import ast
import warnings
from typing import Literal, overload


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
