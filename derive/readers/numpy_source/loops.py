"""Loops of a text: short ones turn by turn, of those that train the first turn."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from derive.language.syntax import Refused
from derive.readers.numpy_source.arrays import LONGEST
from derive.readers.numpy_source.assignments import Assignments
from derive.readers.numpy_source.calls import Endless
from derive.readers.numpy_source.descent import Again
from derive.readers.numpy_source.expressions import TooLong
from derive.readers.numpy_source.values import Number


class Break(Exception):
    """A loop's end."""


class Continue(Exception):
    """A turn's end."""


class Loops:
    """Walks loops; `block` walks the statements of a turn."""

    def __init__(
        self, assignments: Assignments, block: Callable[[Sequence[ast.stmt]], None]
    ) -> None:
        self.assignments = assignments
        self.names = assignments.names
        self.expressions = assignments.expressions
        self.descent = assignments.meanings.descent
        self.block = block

    def loop(self, statement: ast.For) -> None:
        """`for`, turn by turn; of a training loop the first."""
        over = self.expressions.value(statement.iter)
        try:
            entries = self.expressions.calls.entries(statement, over)
        except Endless:
            self._once(statement, over)
            return
        target, body = statement.target, statement.body

        def turns() -> Iterator[None]:
            for entry in entries:
                self._bind_entry(target, entry)
                yield

        self._turns(turns(), body)
        self.block(statement.orelse)

    def _bind_entry(self, target: ast.expr, entry: Any) -> None:
        """The name of a loop gets an entry: no value of the writer's own."""
        if isinstance(target, ast.Name):
            self.names.frame.values[target.id] = entry
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(entry, tuple | list):
            for part, one in zip(target.elts, entry, strict=False):
                self._bind_entry(part, one)
        else:
            self.assignments.bind(target, entry)

    def _once(self, statement: ast.For, over: Any) -> None:
        """A long loop: its first turn, where it trains, or where each turn says the same."""
        names = {n.id for n in ast.walk(statement.target) if isinstance(n, ast.Name)}
        used = {n.id for s in statement.body for n in ast.walk(s) if isinstance(n, ast.Name)}
        self._bind_entry(statement.target, Number(over[0]) if isinstance(over, range) else None)
        moved = len(self.descent.moved)
        with self.names.records.kept() as undo:
            self._turn(statement.body)
            if len(self.descent.moved) == moved and not names.isdisjoint(used):
                undo()
                raise Endless(self.names.arrays.place(statement))
        self.descent.put_back(moved)

    def repeat(self, statement: ast.While) -> None:
        """`while`, as long as it is known; of a training loop the first turn."""

        def turns() -> Iterator[None]:
            for k in range(LONGEST):
                try:
                    if not self.expressions.truth(
                        statement.test, self.expressions.value(statement.test)
                    ):
                        return
                except TooLong:
                    raise
                except Refused:
                    if k:
                        return
                yield

        self._turns(turns(), statement.body)

    def _turns(self, turns: Iterator[None], body: Sequence[ast.stmt]) -> None:
        """Turns of a loop, until it begins to move parameters once more."""
        moved = len(self.descent.moved)
        for _ in turns:
            kept = self.names.snapshot() if len(self.descent.moved) > moved else None
            with self.names.records.kept() as undo:
                try:
                    ended = self._turn(body)
                except Again as again:
                    if again.tensor not in {t for _, _, t in self.descent.moved[moved:]}:
                        raise
                    undo()
                    if kept is not None:
                        self.names.restore(kept)
                    break
            if ended:
                break
        self.descent.put_back(moved)

    def _turn(self, body: Sequence[ast.stmt]) -> bool:
        """One turn; whether the loop ends with it."""
        try:
            self.block(body)
        except Break:
            return True
        except Continue:
            pass
        return False
