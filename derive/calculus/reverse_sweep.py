"""The reverse sweep: a system and its objective -> error terms, gradients, and the steps.

Every equation is asked once what it contributes (`calculus`); contributions to one tensor are
collected; what is used once is written where it is used; bodies are simplified by algebra alone.
What is recorded as a step is what was done, in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from derive.algebra.conditions import settled
from derive.algebra.index_rules import solve_target
from derive.algebra.simplify import reexpress, simplify
from derive.algebra.sympy_bridge import Unreal
from derive.calculus.adjoint_names import AdjointNames
from derive.calculus.letters import letters_of
from derive.calculus.masks import Masks, When
from derive.calculus.rule import Contribution, contributions, differentiable_reads, selected, weigh
from derive.calculus.tidy import Tidier
from derive.calculus.zero_factors import zero_factor_warnings
from derive.errors import ChainruleError, meant_or_known, shorten
from derive.ir.derivation import Derivation, Derivatives, Step
from derive.ir.matrix_terms import holding
from derive.ir.notation import Axis, Equation, Expr, Read, Tensor, Term, affine
from derive.ir.system import System
from derive.ir.tree import ONE, ZERO, needed_by, reached, reads, users_of
from derive.ir.wellformed import check_derivation
from derive.systems.as_system import as_system
from derive.systems.schedule import NoOrder, members, schedule


def derivatives(
    system: System | Derivation,
    of: str | None = None,
    wrt: Iterable[str] | None = None,
    apart: bool = False,
) -> Derivation:
    """What `differentiate` gives, without the updates; `apart` as `sweep_of` has it.

    Raises `ChainruleError` as that does.
    """
    result = sweep_of(system, of, wrt, apart).derivation()
    check_derivation(result)
    return result


def sweep_of(
    system: System | Derivation,
    of: str | None,
    wrt: Iterable[str] | None,
    apart: bool = False,
) -> Sweep:
    """The sweep that forms the derivatives of `of` by the tensors of `wrt`.

    `apart`: a sum keeps an equation of its own, also where it is used once.

    Raises `ChainruleError` for an unknown tensor, and where there is nothing to differentiate.
    """
    if isinstance(system, Derivation):
        system = as_system(system)
    of = system.unaliased(of) if of else system.objective
    if of is None:
        raise ChainruleError(
            f"{system.name}: there is no objective; name the tensor to differentiate "
            '(objective = "E")'
        )
    return Sweep(system, of, _wanted(system, of, wrt), wrt is not None, apart)


def _wanted(system: System, of: str, wrt: Iterable[str] | None) -> tuple[str, ...]:
    known = {**system.table, **dict(system.origin.aliases)}
    if of not in system.table:
        raise ChainruleError(f"of: unknown tensor '{shorten(of)}'{meant_or_known(of, known)}")
    if wrt is None:
        inputs = [t.name for t in system.having("input") if not t.integer]
        return (*system.trainable, *inputs)
    result = []
    for name in [wrt] if isinstance(wrt, str) else wrt:
        real = system.unaliased(name)
        if real not in system.table:
            raise ChainruleError(
                f"wrt: unknown tensor '{shorten(name)}'{meant_or_known(name, known)}"
            )
        if system.table[real].integer:
            raise ChainruleError(f"wrt: '{name}' holds integers; there is no derivative by it")
        result.append(real)
    return tuple(dict.fromkeys(result))


class Sweep:
    """One sweep: the derivatives of `of` by `wrt`, which may be asked for once."""

    def __init__(
        self, system: System, of: str, wrt: tuple[str, ...], explicit: bool, apart: bool
    ) -> None:
        self.system = system
        self.of = of
        self.wrt = wrt
        self.explicit = explicit
        self.apart = apart
        self.steps: list[Step] = []
        self.names = AdjointNames(system)
        self.feeds_itself = False
        self.masks = Masks(system, lambda of: self.names.free(f"c_{of}"))
        self.reads: dict[str, list[Read]] = {}
        for equation in system.equations:
            for term in equation.terms:
                for read in reads(term.body):
                    # the letters of an inverse are those that its matrix is told with
                    rewritten = (
                        replace(read, subscripts=term.target) if term.reduce == "inv" else read
                    )
                    self.reads.setdefault(read.tensor, []).append(rewritten)

    @property
    def is_scalar(self) -> bool:
        """Whether a number is differentiated, whose derivative by itself is 1."""
        return not self.system.table[self.of].shape

    def derivation(self) -> Derivation:
        """Everything, which whoever asks for it checks.

        Raises `ChainruleError` where a part of the equations is no real number.
        """
        try:
            return self._derivation()
        except Unreal:
            raise ChainruleError(
                f"{self.system.name}: a part of the equations is infinite or no real number "
                "whatever the numbers are, as x/(x - x) is; take it out"
            ) from None

    def _derivation(self) -> Derivation:
        active = self._active()
        depends = [t for t in self.wrt if t in active]
        warnings = [*self.system.origin.warnings]
        warnings.extend(
            f"the objective {self.of} does not depend on {name}"
            for name in self._without_effect(active)
        )
        for name in dict.fromkeys((self.of, *active)):
            self.names.name(name)
        seed = () if self.is_scalar else (self._seed(),)
        if self.of in active and self.feeds_itself:
            self.names.name(self.of)
        gathered, helpers = self._contributions(active, seed)
        warnings.extend(self.masks.warnings.values())
        forward = self.system.equations
        warnings.extend(zero_factor_warnings(forward, active, lambda e: self.masks.of(e).condition))
        equations = [*helpers]
        equations.extend(self._collect(name, terms) for name, terms in gathered.items())
        kept = {n for n in depends if n != self.of or self.is_scalar}
        tidier = Tidier(
            self.system,
            equations,
            wanted=frozenset(self.names.adjoint[n] for n in kept),
            free_name=self.names.free,
            steps=self.steps,
            apart=self.apart,
        )
        backward, inlined = tidier.run()
        try:
            backward = list(members(schedule(backward)))
        except NoOrder as cycle:
            raise ChainruleError(
                f"the derivative of {', '.join(cycle.group)} has no order of computation: "
                f"{cycle.reason}"
            ) from None
        return self._finish(backward, inlined, seed, tuple(warnings), depends)

    def _without_effect(self, active: Collection[str]) -> Iterable[str]:
        """What the objective doesn't depend on.

        Nobody asked for the derivative by an input that conditions alone read, or that is read as
        an integer, such as a mask: that one isn't told.
        """
        above = needed_by({self.of}, self.system.equations)
        inputs = {t.name: t.integer for t in self.system.having("input")}
        for name in self.wrt:
            if name not in active and (self.explicit or name not in inputs or name not in above):
                yield name
        if not self.explicit:
            yield from (n for n, integer in inputs.items() if integer and n not in above)

    def _finish(
        self,
        backward: list[Equation],
        inlined: list[Equation],
        seed: tuple[Tensor, ...],
        warnings: tuple[str, ...],
        depends: list[str],
    ) -> Derivation:
        system = self.system
        new = [
            Tensor(e.tensor, tuple(a.extent for a in e.axes), "adjoint")
            for e in (*backward, *inlined)
        ]
        names = self.names.adjoint.items()
        adjoints = {n: a for n, a in names if n != self.of or self.feeds_itself}
        return Derivation(
            system=system,
            tensors=(*system.tensors, *seed, *new),
            backward=tuple(backward),
            inlined=tuple(inlined),
            updates=(),
            steps=tuple(self.steps),
            derivatives=Derivatives(self.of, tuple(depends), tuple(adjoints.items())),
            warnings=warnings,
        )

    def _seed(self) -> Tensor:
        return Tensor(self.names.adjoint[self.of], self.system.table[self.of].shape, "input")

    def _active(self) -> dict[str, None]:
        """Tensors on a path of values from `wrt` to the objective, the objective first."""
        feeds = {
            e.tensor: [r.tensor for t in e.terms for r in differentiable_reads(t.body)]
            for e in self.system.equations
        }
        users = users_of(feeds)
        above = reached({self.of}, lambda name: feeds.get(name, ()))
        below = reached(self.wrt, lambda name: users.get(name, ()))
        self.feeds_itself = not above.isdisjoint(users.get(self.of, ()))
        order = [e.tensor for e in reversed(self.system.equations)]
        order.extend(t.name for t in self.system.tensors)
        return {n: None for n in order if n in above and n in below}

    def _contributions(
        self, active: dict[str, None], seed: tuple[Tensor, ...]
    ) -> tuple[dict[str, list[Term]], list[Equation]]:
        gathered: dict[str, list[Term]] = {n: [] for n in active if n != self.of}
        if self.of in active and self.feeds_itself:
            axes = self.axes(self.of)
            target = tuple(affine(a) for a in axes)
            gathered[self.of] = [Term(target, axes, "sum", Read(t.name, target)) for t in seed]
        helpers: list[Equation] = []
        wanted = frozenset(gathered)
        known = set(self.system.defined)
        last: dict[str, int] = {}
        for sweep, equation in enumerate(reversed(self.system.equations)):
            name = equation.tensor
            if name not in active:
                continue
            incoming = None if name == self.of and self.is_scalar else self.names.adjoint[name]
            helper = self._helper(equation, helpers)
            mask = self.masks.around(equation)
            for result in contributions(equation, incoming, helper, wanted, mask):
                for new in result.helpers:
                    if new.tensor not in known:
                        known.add(new.tensor)
                        helpers.append(new)
                self.masks.note(result, equation if incoming else None)
                rewritten = self._recorded(equation, result, mask)
                if rewritten.body != ZERO:
                    gathered[result.wrt].append(rewritten)
                last[result.wrt] = sweep
        all_terms = (t for terms in gathered.values() for t in terms)
        helpers.extend(self.masks.counts_read(all_terms))
        # a derivative is complete when the last equation that reads its tensor has been asked
        order = sorted(gathered, key=lambda n: (last.get(n, -1), self._turn(n)))
        return {n: gathered[n] for n in order}, helpers

    def _helper(self, equation: Equation, helpers: Sequence[Equation]) -> str:
        """A name for a value that a reduction's derivative needs; an inverse may be there."""
        term = equation.terms[0]
        match term.reduce:
            case "max" | "min":
                return self.names.free(f"c_{equation.tensor}")
            case "prod":
                return self.names.free(f"q_{equation.tensor}")
            case "det" | "logdet":
                of = term.matrix or ""
                there = holding("inv", of, (*self.system.equations, *helpers))
                return there or self.names.free(f"{of}_inv")
            case _:
                return ""

    def _turn(self, name: str) -> int:
        return {"parameter": 0, "intermediate": 1}.get(self.system.table[name].role, 2)

    def _recorded(self, equation: Equation, contribution: Contribution, mask: When) -> Term:
        """One contribution: recorded as the rule gives it, then told through the output."""
        wrt, term = contribution.wrt, contribution.term
        axes = self.axes(wrt)
        name = self.names.adjoint[wrt]
        raw = Equation(name, axes, (term,))
        self.steps.append(
            Step(
                "chain",
                "total differential",
                name,
                equation,
                raw,
                f"a change of {wrt} changes {_path(equation.tensor, self.of)}",
                wrt=wrt,
            )
        )
        source = contribution.source
        if source.reduce == "sum":
            better = self._better(equation, source, contribution.local)
            if better != contribution.local:
                upstream: Expr = ONE
                if not (equation.tensor == self.of and self.is_scalar):
                    upstream = Read(self.names.adjoint[equation.tensor], source.target)
                rewritten = replace(term, body=weigh(upstream, better))
                rewritten = selected(rewritten, mask(source, better), upstream, better)
                has = any(r.tensor == equation.tensor for r in reads(better))
                reason = f"the forward pass already has {equation.tensor}" if has else "simplified"
                self._equal("re-express", raw, Equation(name, axes, (rewritten,)), reason)
                term = rewritten
        solved = solve_target(term, axes)
        solved = replace(solved, body=settled(solved.body))
        if solved.target != term.target:
            changed = [a for a, b in zip(term.target, solved.target, strict=True) if a != b]
            renamed = all(a.axis is not None for a in changed)
            self._equal(
                "rename" if renamed else "solve subscript",
                Equation(name, axes, (term,)),
                Equation(name, axes, (solved,)),
                f"with the letters of {wrt}"
                if renamed
                else "the left subscript is solved, so that one entry stands on the left",
            )
        return solved

    def _better(self, equation: Equation, source: Term, local: Expr) -> Expr:
        """A cheaper form of a local derivative, told through the output where there is one."""
        if len(equation.terms) == 1 and not source.reduced and source.plain:
            return reexpress(local, source.body, Read(equation.tensor, source.target))
        return simplify(local)

    def _equal(self, rule: str, before: Equation, after: Equation, reason: str) -> None:
        self.steps.append(Step("equality", rule, before.tensor, before, after, reason))

    def axes(self, name: str) -> tuple[Axis, ...]:
        """The letters of a derivative."""
        return letters_of(self.system, name, self.reads.get(name, ()))

    def _collect(self, name: str, terms: Sequence[Term]) -> Equation:
        axes = self.axes(name)
        adjoint = self.names.adjoint[name]
        return Equation(adjoint, axes, tuple(terms))


def _path(through: str, to: str) -> str:
    return to if through == to else f"{through}, and through it {to}"
