"""The derivatives of the activations of a model, in the two forms that people write.

An activation is an element-wise forward equation of one tensor, `y = f(z)`, whose derivative
depends on `z`; so is a function that stands inside a longer equation, as the `tanh(c)` of
`h = o*tanh(c)`. The derivative is written by the argument, `f'(z)`, and where there is such a form
by the value, as `y*(1 - y)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from derive.algebra.simplify import reexpress
from derive.calculus.rule import partial
from derive.ir.notation import Affine, Call, Equation, Expr, Read
from derive.ir.system import System
from derive.ir.tree import ONE, ZERO, reads, substitute, walk

_PLAIN = ("hold", "delta", "where", "abs", "sign", "exp", "log", "sqrt", "maximum", "minimum")


@dataclass(frozen=True)
class Slope:
    """The derivative of an activation: `of` is its argument, `value` the forward value.

    `forms` are equal expressions, each with the read that it is written by.
    """

    of: Read
    value: Read | None
    forms: tuple[tuple[Read, Expr], ...]

    @property
    def tensors(self) -> frozenset[str]:
        """The tensors that its forms read."""
        return frozenset(r.tensor for _, form in self.forms for r in reads(form))

    def at(self, subscripts: tuple[Affine, ...], form: int = 0) -> Expr:
        """The derivative at the place that subscripts name."""
        read, expr = self.forms[form]
        pairs = zip(read.subscripts, subscripts, strict=True)
        return substitute(expr, {s.axis: place for s, place in pairs if s.axis is not None})


def slopes(equations: Iterable[Equation]) -> tuple[Slope, ...]:
    """The derivative of each activation."""
    return tuple(dict.fromkeys(slope for equation in equations for slope in _of(equation)))


def _of(equation: Equation) -> Iterator[Slope]:
    term = equation.terms[0]
    body = term.body
    read = set(reads(body))
    one = next(iter(read), None)
    whole = len(equation.terms) == 1 and term.plain and not term.reduced and len(read) == 1
    if whole and one is not None and _walks(one, term.target):
        value = Read(equation.tensor, term.target)
        slope = _slope(body, one, value)
        if slope is not None:
            yield slope
            return
    for each in equation.terms:
        for node in walk(each.body):
            match node:
                case Call(function, (Read() as inner,)) if function not in _PLAIN:
                    slope = _slope(node, inner, None)
                    if slope is not None:
                        yield slope


def _walks(read: Read, target: tuple[object, ...]) -> bool:
    return set(read.subscripts) == set(target) and len(read.subscripts) == len(target)


def _slope(body: Expr, read: Read, value: Read | None) -> Slope | None:
    local = partial(body, read)
    if local in (ZERO, ONE) or read not in set(reads(local)):
        return None
    forms = [(read, local)]
    if value is not None:
        by_value = reexpress(local, body, value)
        if by_value != local and read not in set(reads(by_value)):
            forms.append((value, by_value))
    return Slope(read, value, tuple(forms))


def steps(system: System) -> tuple[tuple[str, str], ...]:
    """Argument and value of each activation, those that sum over an axis included.

    The value has the argument's shape, and is made of that one alone.
    """
    result = []
    for equation in system.equations:
        shape = system.table[equation.tensor].shape
        if all(isinstance(t.body, Read) for t in equation.terms):
            continue  # another name of the same
        for read in dict.fromkeys(r.tensor for t in equation.terms for r in reads(t.body)):
            tensor = system.table[read]
            if tensor.shape == shape and shape and _alone(system, equation.tensor, read):
                result.append((read, equation.tensor))
    return tuple(result)


def _alone(system: System, tensor: str, source: str) -> bool:
    work, seen = [tensor], {source}
    while work:
        name = work.pop()
        if name in seen:
            continue
        seen.add(name)
        equation = system.defined.get(name)
        if equation is None:
            if system.table[name].value is None:
                return False
            continue
        work.extend(r.tensor for t in equation.terms for r in reads(t.body))
    return True
