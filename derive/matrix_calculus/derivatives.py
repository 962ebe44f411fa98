"""The derivative of an expression, in matrix notation where there is such a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.arrays.canonical import Builder
from derive.arrays.explicit_extents import sized
from derive.arrays.frame import NoMatrix
from derive.arrays.from_equations import Recoverer
from derive.arrays.monomials import ZERO
from derive.arrays.nodes import Fill, Whole
from derive.arrays.printer import text
from derive.arrays.substitute import rebuilt
from derive.arrays.to_equations import Elaborator
from derive.arrays.walk import arrays
from derive.calculus.differentiate import differentiate
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import fresh_name
from derive.ir.names import is_adjoint, primal_of
from derive.ir.notation import Affine, Equation
from derive.ir.tree import reads
from derive.language.printer import equation_text
from derive.language.syntax import Refused
from derive.matrix_calculus.expression import Asked, read_matrix
from derive.matrix_calculus.jacobian import NotLinear, jacobian

_LONG = 320  # characters: an answer that is longer keeps names for its parts
_HOPELESS = 6 * _LONG  # written out, before it is simplified: what is longer isn't tried
_SHORT = 24  # characters: a name's value as short as this is written where the name was


@dataclass(frozen=True)
class Answer:
    """The derivative of `of` by `wrt`.

    `value` is in matrix notation, over the declared arrays and the names in `where`, in order;
    None where matrices can't say it: then `equations` do, by indices, the derivative's the last.
    """

    of: str
    wrt: str
    value: Whole | None
    where: tuple[tuple[str, Whole], ...]
    equations: tuple[Equation, ...]
    shape: tuple[Affine, ...]
    build: Builder = field(repr=False, compare=False)

    def is_number(self, node: Whole) -> bool:
        """Whether a node is a single number."""
        return self.build.is_number(node)

    def is_vector(self, node: Whole) -> bool:
        """Whether a node is a column or a row."""
        return self.build.is_column(node) or self.build.is_row(node)

    @property
    def text(self) -> str:
        """On one line; by indices one line an equation."""
        if self.value is None:
            return "\n".join(equation_text(e) for e in self.equations)
        before = [f"{name} = {text(part)}" for name, part in self.where]
        whole = "; ".join([*before, text(self.value)])
        for name, _ in self.where:
            # dz is the language's word for a derivative; who reads the line again needs another
            if is_adjoint(name):
                used = {*re.findall(r"\w+", whole), *self.build.ranks}
                other = fresh_name(used, f"g{primal_of(name)}")
                whole = re.sub(rf"\b{re.escape(name)}\b", other, whole)
        return whole

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Answers:
    """An expression, and its derivative by each array that was named."""

    asked: Asked
    derivation: Derivation
    each: tuple[Answer, ...]

    def __repr__(self) -> str:
        return f"<Answers: {'; '.join(f'{a.wrt}: {a.text}' for a in self.each)}>"

    def __str__(self) -> str:
        if len(self.each) == 1:
            return self.each[0].text
        return "\n".join(f"{a.wrt}: {a.text}" for a in self.each)


def derivatives(
    expression: str,
    shapes: str | Mapping[str, object],
    wrt: str | Iterable[str] = (),
) -> Answers:
    """The derivatives of an expression in matrix notation: `str` of it is the answer's line.

    Of a number the gradient, in the shape of what it is taken by; of a vector or a matrix the
    Jacobian, the letters of the value first. Without `wrt` by every array. Raises `ChainruleError`.
    """
    asked = read_matrix(expression, shapes, wrt)
    derivation = differentiate(asked.system, of=asked.result, wrt=asked.wrt)
    each = tuple(_Answering(asked, derivation).answer(name) for name in asked.wrt)
    return Answers(asked, derivation, each)


class _Answering:
    def __init__(self, asked: Asked, derivation: Derivation) -> None:
        self.asked = asked
        self.derivation = derivation
        ranks = {t.name: t.rank for t in derivation.tensors}
        self.build = Builder(ranks, asked.declared.symmetric)
        self.recoverer = Recoverer(derivation.table, self.build)
        equations = (*derivation.forward, *derivation.inlined, *derivation.backward)
        self.equations = {e.tensor: e for e in equations}

    def answer(self, wrt: str) -> Answer:
        """The derivative by one array."""
        of = self.asked.result
        shapes = self.asked.shapes
        shape = (*shapes[of], *shapes[wrt])
        none = Fill(Fraction(0), shape) if shape else ZERO
        try:
            if shapes[of]:
                equation = jacobian(self.derivation, of, wrt)
            else:
                equation = self.derivation.gradient(wrt)
        except KeyError:
            return Answer(of, wrt, none, (), (), shape, self.build)
        except NotLinear:
            return Answer(
                of, wrt, None, (), self.by_indices(self.derivation.gradient(wrt)), shape, self.build
            )
        if not equation.terms:
            return Answer(of, wrt, none, (), (), shape, self.build)
        try:
            value, where = self.inlined(self.recoverer.equation(equation))
            if value == ZERO:
                return Answer(of, wrt, none, (), (), shape, self.build)
            value, where = self.verified(value, where, shape)
            return Answer(of, wrt, value, where, self.by_indices(equation), shape, self.build)
        except (NoMatrix, Refused):
            return Answer(of, wrt, None, (), self.by_indices(equation), shape, self.build)

    def verified(
        self, value: Whole, where: tuple[tuple[str, Whole], ...], shape: tuple[Affine, ...]
    ) -> tuple[Whole, tuple[tuple[str, Whole], ...]]:
        """The same, ones and identities with their extents.

        Raises `NoMatrix` where the answer's shape isn't the derivative's.
        """
        elaborator = Elaborator(self.asked.declared.shapes, column=True)
        parts: list[tuple[str, Whole]] = []
        for name, node in where:
            own = elaborator.shapes[name] = elaborator.entries(node).shape
            parts.append((name, sized(node, own, elaborator)))
        value = sized(value, shape, elaborator)
        entries = elaborator.entries(value)
        if entries.lies == "row" or entries.shape != shape:
            raise NoMatrix
        return value, tuple(parts)

    def by_indices(self, equation: Equation) -> tuple[Equation, ...]:
        """The equation, after those that it reads and the arrays given aren't."""
        given = set(self.asked.declared.shapes)
        needed: dict[str, Equation] = {}

        def visit(one: Equation) -> None:
            for term in one.terms:
                for read in (r.tensor for r in reads(term.body)):
                    if read not in given and read in self.equations and read not in needed:
                        visit(self.equations[read])
            needed[one.tensor] = one

        visit(equation)
        return tuple(needed.values())

    # ---- names -----------------------------------------------------------------------------------

    def inlined(self, value: Whole) -> tuple[Whole, tuple[tuple[str, Whole], ...]]:
        """An answer without names, but for parts that are long and read more than once."""
        nodes: dict[str, Whole] = {}
        order: list[str] = []
        self.gather(value, nodes, order)
        lengths: dict[str, int] = {}
        for name in order:
            lengths[name] = _length(nodes[name], lengths)
        if _length(value, lengths) <= _HOPELESS:
            whole = value
            for name in reversed(order):
                whole = rebuilt(self.build, whole, {name: nodes[name]})
            whole = self.build.add([whole])
            if len(text(whole)) <= _LONG:
                return whole, ()
        for name in reversed(order):
            # each one has but readers that come later
            readers = [value, *(nodes[n] for n in order[order.index(name) + 1 :] if n in nodes)]
            count = sum(arrays(r).count(name) for r in readers)
            if not count:
                nodes.pop(name)
            elif count == 1 or (len(text(nodes[name])) <= _SHORT and lengths[name] <= 4 * _SHORT):
                here = {name: nodes.pop(name)}
                value = rebuilt(self.build, value, here)
                nodes = {n: rebuilt(self.build, v, here) for n, v in nodes.items()}
        return value, tuple((n, nodes[n]) for n in order if n in nodes)

    def gather(self, node: Whole, nodes: dict[str, Whole], order: list[str]) -> None:
        """The values of all names in a node that aren't declared, those read by others first."""
        for name in dict.fromkeys(arrays(node)):
            if name in self.asked.declared.shapes or name in nodes:
                continue
            result = self.recoverer.equation(self.equations[name])
            nodes[name] = result
            self.gather(result, nodes, order)
            order.append(name)


def _length(node: Whole, lengths: Mapping[str, int]) -> int:
    """The length of a node's text with the names written out."""
    return len(text(node)) + sum(lengths[n] - len(n) for n in arrays(node) if n in lengths)
