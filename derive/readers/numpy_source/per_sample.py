"""Training sample by sample: of a loop over the samples the turn of one."""

from __future__ import annotations

import ast
from typing import Any

from derive.readers.name_table import guessed
from derive.readers.vocabulary import Vocabulary


def of_one_sample(tree: ast.Module, vocabulary: Vocabulary) -> ast.Module:
    """A text in which `for n in range(len(x))` that moves parameters is the turn of one sample.

    `vocabulary` is that of one sample: `x[n]` is its `x`.
    """
    return _OneTurn(vocabulary).visit(tree) if vocabulary.batch is None else tree


class _OneTurn(ast.NodeTransformer):
    """Puts the turn in the loop's place; the given tree stays as it is."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.data = {t.name for r in ("input", "target") for t in vocabulary.system.having(r)}
        self.parameters = {t.name for t in vocabulary.system.having("parameter")}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A copy of a node with its parts visited."""
        fields: dict[str, Any] = {}
        for name, old in ast.iter_fields(node):
            if isinstance(old, list):
                parts: list[Any] = []
                for part in old:
                    new = self.visit(part) if isinstance(part, ast.AST) else part
                    parts.extend(new if isinstance(new, list) else [new])
                fields[name] = parts
            else:
                fields[name] = self.visit(old) if isinstance(old, ast.AST) else old
        return ast.copy_location(type(node)(**fields), node)

    def visit_For(self, node: ast.For) -> Any:
        """A loop over samples that trains becomes its body."""
        match node:
            case ast.For(
                target=ast.Name(id=index), iter=ast.Call(func=ast.Name(id="range")), orelse=[]
            ) if self._trains(node):
                turn = _Sample(index, self)
                body = [turn.visit(self.generic_visit(s)) for s in node.body]
                names = (n for s in body for n in ast.walk(s) if isinstance(n, ast.Name))
                if turn.is_used and not any(n.id == index for n in names):
                    return body
            case _:
                pass
        return self.generic_visit(node)

    def _trains(self, node: ast.For) -> bool:
        """Whether a turn itself moves a parameter."""
        moved = (s.target for s in node.body if isinstance(s, ast.AugAssign))
        return any(
            isinstance(t, ast.Name) and guessed(t.id, self.vocabulary) in self.parameters
            for t in moved
        )

    def is_data(self, name: str) -> bool:
        """Whether a name is one of inputs or targets."""
        return guessed(name, self.vocabulary) in self.data


class _Sample(ast.NodeTransformer):
    """Takes `x` for `x[n]`."""

    def __init__(self, index: str, turn: _OneTurn) -> None:
        self.index = index
        self.turn = turn
        self.is_used = False

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """The index of a sample is left out."""
        match node:
            case ast.Subscript(value=ast.Name(id=name) as of, slice=ast.Name(id=self.index)):
                if self.turn.is_data(name):
                    self.is_used = True
                    return of
            case _:
                pass
        return self.generic_visit(node)
