"""Numbers for everything that a derivation speaks of, from the interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from derive.calculus.total_differential import (
    differential_of,
    passages,
    total_differential,
    with_differentials,
)
from derive.checks.points import draw, run_time_extents
from derive.ir.derivation import Derivation
from derive.ir.notation import Call, Tensor
from derive.ir.tree import equation_reads, walk
from derive.semantics.interpreter import Interpreter

SMALL = 1e-5


# ---- numbers for everything that a derivation speaks of ------------------------------------------


class Facts:
    """Numbers for the tensors of one derivation, and for what they change by.

    `given` are the leaves' numbers; else random ones.
    """

    def __init__(self, derivation: Derivation, seed: int = 1, given=None, extents=None) -> None:
        self.derivation = derivation
        self.extents = dict(extents or run_time_extents(derivation))
        drawn = given if given is not None else draw(derivation, seed, self.extents)
        self.leaves = {n: _numbers(derivation.table[n], a) for n, a in drawn.items()}
        d = self.derivation
        every = (*d.forward, *d.inlined, *d.backward, *d.curvature)
        self.equations = tuple({e.tensor: e for e in every}.values())
        with np.errstate(all="ignore"):
            run = Interpreter(self.equations, d.table, self.leaves, extents=self.extents)
            self.arrays = {e.tensor: run.array(e.tensor) for e in self.equations}
        self.arrays.update(self.leaves)
        for tensor in d.tensors:
            if tensor.name not in self.arrays and tensor.value is not None:
                self.arrays[tensor.name] = np.asarray(float(tensor.value))
        self.through: dict[str, list] = {}
        for passage in passages(derivation):
            self.through.setdefault(passage.output, []).append(passage)
        source = np.random.default_rng(seed)
        self.tangents = {
            n: source.uniform(0.3, 1.2, np.shape(self.arrays[n]))
            for n in derivation.wrt
            if n in self.leaves
        }
        self.changes = self._carried()

    def _carried(self) -> dict[str, np.ndarray]:
        """The differentials: the leaves' tangents carried through each equation's own."""
        d = self.derivation
        given = {differential_of(n): a for n, a in self.tangents.items()}
        for name in self.arrays:
            if name not in self.through and differential_of(name) not in given:
                given[differential_of(name)] = np.zeros(np.shape(self.arrays[name]))
        told = [total_differential(d, p) for p in self.through.values()]
        run = Interpreter(
            told, with_differentials(d), {**self.arrays, **given}, extents=self.extents
        )
        return {**given, **{e.tensor: run.array(e.tensor) for e in told}}

    @np.errstate(invalid="ignore")
    def quotients(self) -> dict[str, np.ndarray]:
        """What all that is computed changes by, from the forward pass at two places near by.

        An equation of which all is held stays where it is.
        """
        d = self.derivation
        held = {
            e.tensor: self.arrays[e.tensor]
            for e in d.forward
            if e.tensor not in self.through and self.holds(e.tensor)
        }

        def forward(step: float) -> Interpreter:
            moved = {n: self.leaves[n] + step * a for n, a in self.tangents.items()}
            values = {**self.leaves, **moved, **held}
            return Interpreter(d.forward, d.table, values, extents=self.extents)

        ahead, back = forward(SMALL), forward(-SMALL)
        return {
            e.tensor: (ahead.array(e.tensor) - back.array(e.tensor)) / (2 * SMALL)
            for e in d.forward
            if e.tensor in self.through  # what the objective isn't computed from has no passage
        }

    def holds(self, output: str) -> bool:
        """Whether something is held in this equation, whose derivative is then 0 by agreement."""
        return any(
            isinstance(node, Call) and node.function == "hold"
            for e in self.derivation.forward
            if e.tensor == output
            for t in e.terms
            for node in walk(t.body)
        )

    def slope(self, output: str, at, wrt: str, direction: np.ndarray) -> float:
        """What one entry changes by where its equation reads other entries, all else fixed."""
        d = self.derivation
        equation = next(e for e in d.forward if e.tensor == output)
        alone = replace(equation, tensor="alone")
        shape = tuple(a.extent for a in equation.axes)
        table = {**d.table, "alone": Tensor("alone", shape, "intermediate")}
        read = {r.tensor: self.arrays[r.tensor] for r in equation_reads(equation)}
        found = []
        for step in (SMALL, -SMALL):
            moved = {**read, wrt: self.arrays[wrt] + step * direction}
            run = Interpreter([alone], table, moved, extents=self.extents)
            found.append(run.value("alone", at))
        return float(found[0] - found[1]) / (2 * SMALL)

    def moves(self, output: str, wrt: str, at: tuple[int, ...]) -> np.ndarray:
        """What a tensor's equation changes by with one entry of what it reads, all else fixed."""
        d = self.derivation
        equation = next(e for e in d.forward if e.tensor == output)
        alone = replace(equation, tensor="alone")
        shape = tuple(a.extent for a in equation.axes)
        table = {**d.table, "alone": Tensor("alone", shape, "intermediate")}
        read = {r.tensor: self.arrays[r.tensor] for r in equation_reads(equation)}
        direction = np.zeros(np.shape(self.arrays[wrt]))
        direction[at] = SMALL
        ahead, back = (
            Interpreter(
                [alone], table, {**read, wrt: self.arrays[wrt] + d_}, extents=self.extents
            ).array("alone")
            for d_ in (direction, -direction)
        )
        with np.errstate(invalid="ignore"):
            return (ahead - back) / (2 * SMALL)  # what a mask hides is minus infinity


def _numbers(tensor: Tensor, array) -> np.ndarray:
    return np.asarray(array).astype(int if tensor.integer else float)
