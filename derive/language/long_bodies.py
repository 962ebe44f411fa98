"""What a long body repeats, and functions of functions of functions, get names of their own.

A formula that can be read at a glance stays as its author wrote it. A longer one is the graph of
its parts: equal parts are one, so that neither derivative nor text grows faster than it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from derive.algebra.bodies import cost
from derive.ir.notation import Call, Compare, Expr, Index, Logic, Number, Pow, Read
from derive.ir.tree import children, rebuild

_LONG = 60.0  # what a body may cost without names
_WORTH = 4.0  # what a part costs, at least, that is named
_DEEP = 3  # functions inside each other
_PLAIN = ("hold", "delta", "where", "abs", "sign", "relu", "maximum", "minimum")


def with_names(body: Expr, name: Callable[[Expr], Expr]) -> Expr:
    """The body with its parts named, inner ones first; `name` gives a part as it is read."""
    if _depth(body) < _DEEP and cost(body) < _LONG:
        return body
    graph = _Graph()
    root = graph.node(body)
    named: list[Expr] = []
    for k, part in enumerate(graph.parts):
        inside = tuple(named[c] for c in graph.below[k])
        rebuilt = rebuild(part, inside) if inside else part
        named.append(name(rebuilt) if k != root and graph.is_named(k) else rebuilt)
    return named[root]


class _Graph:
    """Equal parts as one, inner ones first, and how often each is read by a larger one."""

    def __init__(self) -> None:
        self.parts: list[Expr] = []
        self.below: list[tuple[int, ...]] = []
        self._known: dict[object, int] = {}
        self._uses: Counter[int] = Counter()
        self._inside: set[int] = set()

    def node(self, expr: Expr, inside: bool = False) -> int:
        """The number of an expression; `inside` a function or a power."""
        deeper = inside or _is_function(expr) or isinstance(expr, Pow)
        below = tuple(self.node(c, deeper) for c in children(expr))
        sign = getattr(expr, "function", getattr(expr, "op", ""))
        key = (type(expr), sign, below) if below else expr
        if key not in self._known:
            self._known[key] = len(self.parts)
            self._uses.update(below)
            self.parts.append(expr)
            self.below.append(below)
        result = self._known[key]
        if inside:
            self._inside.add(result)
        return result

    def is_named(self, number: int) -> bool:
        """Whether a part is a function inside another one, or long and read more than once."""
        part = self.parts[number]
        if isinstance(part, Read | Index | Number | Compare | Logic) or not _varies(part):
            return False
        nested = number in self._inside and _is_function(part)
        return nested or (self._uses[number] > 1 and cost(part) >= _WORTH)


def _varies(expr: Expr) -> bool:
    return isinstance(expr, Read) or any(_varies(c) for c in children(expr))


def _is_function(expr: Expr) -> bool:
    match expr:
        case Call(function, _):
            return function not in _PLAIN
        case Pow(_, Number(value)):
            return value.denominator != 1
        case Pow():
            return True
        case _:
            return False


def _depth(expr: Expr) -> int:
    """The number of functions inside each other."""
    inside = max((_depth(c) for c in children(expr)), default=0)
    return inside + _is_function(expr)
