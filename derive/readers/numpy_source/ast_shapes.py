"""What a piece of Python's syntax is, by its form alone."""

from __future__ import annotations

import ast

_GRADIENTS = ("grads", "grad", "gradients", "gradient", "dparams", "derivatives")


def called(func: ast.expr) -> str:
    """The name by which something is called."""
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def adds(value: ast.expr) -> bool:
    """Whether a change has no sign of its own, as `-lr*dW` has."""
    return not any(isinstance(n, ast.USub | ast.Sub) for n in ast.walk(value))


def dictionary(node: ast.Subscript) -> str:
    """The name of the dictionary that an entry is of."""
    match node.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def is_of_gradients(name: str) -> bool:
    """Whether a dictionary is one of gradients, by its name."""
    return name.lower().strip("_") in _GRADIENTS


def is_key(node: ast.Subscript) -> bool:
    """Whether an entry is asked for, not a part."""
    return not isinstance(node.slice, ast.Slice | ast.Tuple)


def is_main(test: ast.expr) -> bool:
    """Whether a branch is the one of a text that is run by itself."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return True
        case _:
            return False


def changes(statement: ast.stmt) -> bool:
    """Whether a statement does more than print."""
    return any(
        isinstance(n, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return)
        for n in ast.walk(statement)
    )
