"""Where the time of a training step goes: the emitted source with a clock after each line.

The source is read as Python's syntax tree, and a call that stops the time is put behind every
statement. What is spent belongs to the formula that stands above the statement, and of that what
is spent in matrix products is counted apart.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from types import ModuleType
from typing import Any

from codegen.targets.numpy.load_module import load_module

REST = ""  # what stands under no formula: arguments, checks, calls
_CLOCK, _PRODUCT = "_clock", "_product"
_PRODUCTS = ("np.einsum", "np.tensordot", "np.linalg.multi_dot")
_FORMULA = re.compile(r"^[^=]*\S \+?= \S")


@dataclass(frozen=True)
class Share:
    """What a formula takes of a step: seconds, and how many of them go into bare products."""

    formula: str
    seconds: float
    products: float


@dataclass
class _Clock:
    """What was spent in one step, by formula."""

    spent: dict[str, float] = field(default_factory=dict)
    products: dict[str, float] = field(default_factory=dict)
    last: float = 0.0

    def start(self) -> None:
        """Begin a step."""
        self.spent, self.products = {}, {}
        self.last = perf_counter()

    def stop(self, formula: str) -> None:
        """What was spent since the last stop belongs to a formula."""
        now = perf_counter()
        self.spent[formula] = self.spent.get(formula, 0.0) + now - self.last
        self.last = perf_counter()

    def product(self, formula: str, function: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """A matrix product, timed by itself."""
        before = perf_counter()
        result = function(*given, **more)
        spent = perf_counter() - before
        self.products[formula] = self.products.get(formula, 0.0) + spent
        return result


def shares_of(
    source: str, step: Callable[[ModuleType], Callable[[], object]], steps: int
) -> tuple[Share, ...]:
    """The formulas of a NumPy module in the order in which a step comes to them, with medians.

    `step` makes of the module what does one training step.
    """
    clock = _Clock()
    tree = ast.fix_missing_locations(_Marked(source).visit(ast.parse(source)))
    module = load_module(ast.unparse(tree), "profiled")
    vars(module).update({_CLOCK: clock.stop, _PRODUCT: clock.product})
    one = step(module)
    seen: list[_Clock] = []
    for _ in range(steps + 1):
        clock.start()
        one()
        clock.stop(REST)
        seen.append(_Clock(clock.spent, clock.products))
    seen = seen[1:]  # the first one is slower
    return tuple(
        Share(
            formula,
            statistics.median(one.spent.get(formula, 0.0) for one in seen),
            statistics.median(one.products.get(formula, 0.0) for one in seen),
        )
        for formula in dict.fromkeys(f for one in seen for f in one.spent)
    )


class _Marked(ast.NodeTransformer):
    """The tree with clocks in it."""

    def __init__(self, source: str) -> None:
        self.lines = source.splitlines()
        self.formula = REST

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function: its statements are marked, but for the helpers', which hold no formula."""
        inside = self.lines[node.lineno : node.end_lineno]
        if any(_FORMULA.match(line.strip()[2:]) for line in inside if line.strip()[:2] == "# "):
            self.formula = REST
            node.body = list(self._marked(node.body))
        return node

    def _marked(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for one in body:
            self.formula = self._above(one.lineno) or self.formula
            match one:
                case ast.Return():
                    yield from self._stop(self.formula)
                    yield one
                case ast.For() | ast.If() | ast.With():
                    before = self.formula
                    one.body = list(self._marked(one.body))
                    if isinstance(one, ast.If):  # it may not come to that
                        one.orelse = list(self._marked(one.orelse))
                        self.formula = before
                    yield one
                case ast.Assign(value=ast.Dict() | ast.Call(func=ast.Name())) if self._called(one):
                    yield one
                    yield from self._stop(REST)
                case _:
                    yield self.generic_visit(one)  # type: ignore[misc]
                    yield from self._stop(self.formula)

    @staticmethod
    def _called(one: ast.Assign) -> bool:
        """Whether a statement makes a table, or calls a function that has formulas of its own."""
        value = one.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            return value.func.id in ("_propagate", "_evaluate", "_differentiate", "gradients")
        return isinstance(value, ast.Dict)

    def _above(self, line: int) -> str:
        """The formula in the comment above a line, if there is one."""
        found: list[str] = []
        at = line - 2
        while at >= 0 and self.lines[at].strip().startswith("# "):
            found.insert(0, self.lines[at].strip()[2:].strip())
            at -= 1
        for k, text in enumerate(found):
            if _FORMULA.match(text):
                return " ".join(found[k:])
        return ""

    @staticmethod
    def _stop(formula: str) -> Iterator[ast.stmt]:
        yield ast.Expr(ast.Call(ast.Name(_CLOCK, ast.Load()), [ast.Constant(formula)], []))

    def _timed(self, function: ast.expr, given: list[ast.expr], more: Any = ()) -> ast.expr:
        arguments = [ast.Constant(self.formula), function, *given]
        return ast.Call(ast.Name(_PRODUCT, ast.Load()), arguments, list(more))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """`a @ b` by the clock."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        matmul = ast.Attribute(ast.Name("np", ast.Load()), "matmul", ast.Load())
        return self._timed(matmul, [node.left, node.right])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call of NumPy's that is a product, by the clock."""
        self.generic_visit(node)
        if ast.unparse(node.func) not in _PRODUCTS:
            return node
        return self._timed(node.func, node.args, node.keywords)
