"""A written formula at concrete sizes, ready to be evaluated beside the reference values.

The known tensors that it reads have their right values. Its own tensor, and the writer's
intermediates, have names that no model can have: `dW2 as written`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from derive.answers.batch_or_sample import Instance, Setting
from derive.answers.known_names import names_in
from derive.answers.reversed_letters import reversed_letters
from derive.errors import ChainruleError, meant
from derive.ir.names import as_written, current_of, is_adjoint, is_next, next_of
from derive.ir.notation import Equation, Tensor
from derive.ir.system import System
from derive.ir.tree import needed_by
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.instantiate import Names, instantiate
from derive.language.syntax import Written
from derive.semantics.interpreter import Interpreter
from derive.systems.renaming import renamed

PLACE = "formulas"
_MARK = "the_derivative_"  # a model may not name a tensor like a derivative; here they carry a mark
_ASIDE = "beside_"
_UNKNOWN = re.compile(r"unknown tensor '(\w+)'")
_NEXT = "next_value_of_"  # nor read what will be; here that is a tensor like any other


@dataclass(frozen=True)
class Formula:
    """A person's formula for one tensor.

    `own` are the writer's own intermediates that it needs, in order. `real` is the derivation's
    name of the tensor, and `meanings` says which known tensor an own intermediate was found to
    mean. `beside` is the rest of the text, which may settle the extent of a letter.
    """

    name: str
    real: str
    written: Written
    own: tuple[Written, ...]
    setting: Setting
    meanings: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[Written, ...] = ()

    @property
    def known(self) -> dict[str, str]:
        """The names that are read as right values."""
        own = {w.tensor for w in self.own}
        both = {**self.setting.known, **self.meanings}
        return {n: real for n, real in both.items() if n not in own}

    @property
    def mentioned(self) -> set[str]:
        """Every name in it."""
        return names_in((self.written, *self.own))


@dataclass(frozen=True)
class FormulaInstance:
    """A formula's equations at concrete sizes, with its tensors; `tensor` is its own."""

    tensor: str
    equations: tuple[Equation, ...]
    tensors: tuple[Tensor, ...]

    @property
    def equation(self) -> Equation:
        """The formula itself."""
        return next(e for e in self.equations if e.tensor == self.tensor)

    @property
    def own(self) -> tuple[Equation, ...]:
        """The writer's own intermediates."""
        return tuple(e for e in self.equations if e.tensor != self.tensor)

    def beside(self, right: Interpreter) -> Interpreter:
        """An interpreter that knows the right values and what was written."""
        return right.beside(self.equations, self.tensors, {})


def at_sizes(formula: Formula, at: Instance) -> FormulaInstance:
    """The formula at an instance's sizes. Raises `ChainruleError` where it has no meaning there."""
    known = formula.known
    try:
        system = _assembled(formula, at)
    except ChainruleError:
        if not formula.beside:
            raise
        system = _amid_the_text(formula, at)
    mine = as_written(formula.name)
    own = {n for n in (e.tensor for e in system.equations) if n != _mark(formula.name)}
    names = {_mark(n): real for n, real in known.items()}
    names.update({n: as_written(_unmarked(n)) for n in own})
    if formula.name not in known:
        names[_mark(formula.name)] = mine
    equations = []
    for equation in system.equations:
        new = renamed(equation, names)
        tensor = mine if equation.tensor == _mark(formula.name) else names[equation.tensor]
        equations.append(replace(new, tensor=tensor))
    table = system.table
    tensors = [
        replace(table[e.tensor], name=n.tensor)
        for e, n in zip(system.equations, equations, strict=True)
    ]
    return FormulaInstance(mine, tuple(equations), tuple(tensors))


def _assembled(formula: Formula, at: Instance, beside: tuple[Written, ...] = ()) -> System:
    """The equations over these sizes; all that is known is an input."""
    table, known = at.derivation.table, formula.known
    mentioned = formula.mentioned | names_in(beside)
    needed = {n: known[n] for n in mentioned if n in known}
    tensors = {n: table[real] for n, real in needed.items()}
    shapes = {n: table[real].shape for n, real in needed.items()}
    marked = {n: _mark(n) for n in needed}
    axes = {marked[n]: s for n, s in shapes.items()}
    axes |= {f"{_ASIDE}{_mark(w.tensor)}": shapes[w.tensor] for w in beside if w.tensor in shapes}
    written = [
        *(renamed_written(w, _mark) for w in (*formula.own, formula.written)),
        *(_aside(w) for w in beside),
    ]
    declared = Declarations(
        name=PLACE,
        roles={
            marked[n]: "constant" if t.value is not None else "input"
            for n, t in tensors.items()
            if n != formula.name
        },
        constants={marked[n]: t.value for n, t in tensors.items() if t.value is not None},
        integers=frozenset(marked[n] for n, t in tensors.items() if t.integer),
        sizes=replace(Sizes.of(axes), letters=reversed_letters(written, axes)),
    )
    try:
        return assemble(written, declared)
    except ChainruleError as refused:
        problems = [_unknown(_unmarked(p), formula) for p in refused.problems]
        raise ChainruleError(*problems) from None


def _unknown(problem: str, formula: Formula) -> str:
    """The cure for an unknown tensor: here nothing is declared."""
    result = _UNKNOWN.search(problem)
    if result is None:
        return problem
    near = meant(result[1], [*formula.known, *(w.tensor for w in formula.own)])
    return f"{problem[: result.end(1)]}'{near or '; give an equation for it'}"


def _amid_the_text(formula: Formula, at: Instance) -> System:
    """The same amid the whole text. Raises the formula's own error where that is no help."""
    kept = {_mark(w.tensor) for w in (*formula.own, formula.written)}
    try:
        system = _assembled(formula, at, formula.beside)
    except ChainruleError:
        return _assembled(formula, at)
    wanted = needed_by(kept, system.equations)
    return replace(system, equations=tuple(e for e in system.equations if e.tensor in wanted))


def _mark(name: str) -> str:
    if is_next(name):
        return f"{_NEXT}{current_of(name)}"
    return f"{_MARK}{name}" if is_adjoint(name) else name


def _aside(written: Written) -> Written:
    """Another formula of the text under a name that nothing reads, for the letters in it."""
    new = renamed_written(written, _mark)
    return replace(new, tensor=f"{_ASIDE}{new.tensor}")


def _unmarked(problem: str) -> str:
    return re.sub(rf"\b{_NEXT}(\w+)", lambda m: next_of(m[1]), problem.replace(_MARK, ""))


def renamed_written(written: Written, name: Callable[[str], str]) -> Written:
    """The equation with other names of tensors; letters stay."""
    names = Names({n: name(n) for n in names_in([written])}, {})
    (result,) = instantiate([written], names, written.scope, written.place.text)
    return result
