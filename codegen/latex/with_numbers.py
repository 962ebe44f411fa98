"""Numbers put in: a formula with the example's numbers in the place of its symbols, and the result.

The matrices' printer does it, with a tensor's numbers where its symbol would stand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.symbol import Symbol, node_symbol
from derive.calculus.optimizer_updates import FACTOR
from derive.ir.derivation import Derivation
from derive.ir.names import current_of, is_next
from derive.ir.notation import Dim, Equation, Tensor, affine
from derive.semantics.interpreter import Interpreter, Undefined

_DIGITS = 9
_MOST_ROWS, _MOST_COLUMNS = 8, 6
_LEAVES = ("input", "target", "parameter", "buffer", "random")


def example_of(derivation: Derivation) -> Mapping[str, np.ndarray] | None:
    """The example's numbers for all that is given; None where some are missing."""
    given = dict(derivation.system.training.example)
    wanted = [t for t in derivation.system.tensors if t.role in _LEAVES]
    if not given or any(t.name not in given for t in wanted):
        return None
    return {t.name: np.asarray(given[t.name], dtype=int if t.integer else float) for t in wanted}


def first_sample(one: Derivation, leaves: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """The numbers of a batch's first sample, for the derivation of one."""
    return {n: a[0] if a.ndim > one.table[n].rank else a for n, a in leaves.items()}


def samples_in(derivation: Derivation, leaves: Mapping[str, np.ndarray]) -> int:
    """The number of samples in a batch's numbers."""
    batch = affine(Dim(derivation.system.batch or ""))
    sizes = (
        size
        for name, array in leaves.items()
        for extent, size in zip(derivation.table[name].shape, array.shape, strict=True)
        if extent == batch
    )
    return next(sizes, 1)


class WorkedExample:
    """Prints the equations of one derivation with the numbers of one example."""

    def __init__(
        self,
        derivation: Derivation,
        leaves: Mapping[str, np.ndarray],
        matrix: MatrixPrinter,
        updates: bool = True,
        first_of_several: bool = False,
    ) -> None:
        """`updates` where they are of these numbers, `first_of_several` for one sample of many."""
        self.derivation = derivation
        self.first_of_several = first_of_several
        self.updates = updates and bool(derivation.updates)
        self.symbols = matrix.index.names
        forward = (*derivation.forward, *derivation.inlined, *derivation.backward)
        first = Interpreter(forward, derivation.table, leaves)
        remembered = {
            t.name: np.full(first.shape(t.name), float(t.name.startswith(FACTOR)))
            for t in derivation.tensors
            if t.role == "state"
        }
        known = {e.tensor for e in forward}
        later = (*(e for e in derivation.curvature if e.tensor not in known), *derivation.updates)
        self.run = first.beside(later, (), remembered)
        self.leaves = leaves
        self.updates = self.updates and self._moves()
        numbers = _Numbers(self, matrix)
        index = IndexPrinter(numbers, matrix.index.table)  # type: ignore[arg-type]
        self.matrix = MatrixPrinter(index, matrix.batch, matrix.turned)
        self.plain = matrix

    def _moves(self) -> bool:
        """Whether the update gives numbers: a matrix without an inverse gives none."""
        try:
            self.objective_after()
        except Undefined:
            return False
        return True

    def formula(self, equation: Equation) -> Formula | None:
        """The formula with numbers, and what it gives; None where that is too large to print."""
        if is_next(equation.tensor) and not self.updates:
            return None
        try:
            result = self.laid(equation.tensor)
            if result is None:
                return None
            made = self.matrix.formula(equation)
        except (_TooLarge, Undefined):
            return None
        left = str(self.symbols[equation.tensor])
        relation = r"\leftarrow" if is_next(equation.tensor) else "="
        right = made.right if made is not None else ()
        return Formula(left, (*(r for r in right if r != result), result), relation)

    def objective_after(self) -> Formula:
        """The objective with the parameters that the update gave."""
        parameters = {t.name for t in self.derivation.system.having("parameter")}
        moved = {
            current_of(e.tensor): self.run.array(e.tensor)
            for e in self.derivation.updates
            if current_of(e.tensor) in parameters
        }
        run = Interpreter(self.derivation.forward, self.derivation.table, {**self.leaves, **moved})
        value = run.value(self.derivation.objective)
        return Formula(str(self.symbols.objective), (number(float(value)),))

    def laid(self, name: str) -> str | None:
        """A tensor's numbers as they lie in matrices."""
        tensor = self.derivation.table[name]
        array = np.asarray(self.run.array(name) if tensor.shape else self.run.value(name))
        if array.ndim > 2 or not np.all(np.isfinite(array.astype(float))):
            return None
        if array.ndim == 0:
            return number(float(array))
        if array.ndim == 1:
            array = array[:, None]
        if self.turned(tensor):
            array = array.T
        rows, columns = array.shape
        if rows > _MOST_ROWS or columns > _MOST_COLUMNS:
            return None
        if array.size == 1:
            return number(float(array[0, 0]))
        text = r" \\ ".join(" & ".join(number(float(x)) for x in row) for row in array)
        return rf"\begin{{pmatrix}} {text} \end{{pmatrix}}"

    def turned(self, tensor: Tensor) -> bool:
        """Whether its rows lie as columns: samples in columns, derivatives in numerator layout."""
        batch = [self.plain.is_batch(e) for e in tensor.shape]
        lies = batch in ([True], [True, False])
        return lies != (tensor.name in self.plain.turned)


class _TooLarge(Exception):
    pass


class _Numbers:
    """Names whose symbols are numbers."""

    def __init__(self, worked: WorkedExample, matrix: MatrixPrinter) -> None:
        self.worked = worked
        self.real = matrix.index.names
        self.occupied = self.real.occupied
        self.objective = self.real.objective
        self.nodes: dict[str, tuple[str, str]] = {}  # an inverse is worked out, not defined

    def __getitem__(self, name: str) -> Symbol:
        """The tensor's numbers."""
        text = self.worked.laid(name)
        if text is None:
            raise _TooLarge
        if text.startswith("-"):
            text = f"({text})"
        return Symbol(text, rigid=text.startswith(r"\begin"))

    def node(self, node: str, of: str) -> Symbol:
        """A matrix's inverse or determinant, the matrix in numbers."""
        return node_symbol(node, self[of])

    def dim(self, dim: Dim) -> str:
        """An extent's number."""
        return str(self.worked.run.extents[dim.name])


def number(value: float) -> str:
    """A number in a few digits, a tiny one by a power of ten."""
    text = f"{value:.{_DIGITS}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"
