"""Backward equations made fit to read: copies named once, single uses written in, factors pulled.

Everything here is an equality; each application is a step. What disappears from the sequence is
kept aside, so that every derivative that was formed can still be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from derive.algebra.conditions import asked_once, into_branches
from derive.algebra.delta_elimination import sifted
from derive.algebra.index_rules import elementwise, pull, rename_apart
from derive.algebra.known_sums import KnownSums
from derive.algebra.reads_of_one import copied, count, linear, renamed, with_number
from derive.algebra.simplify import facts_of, simplify, tell_through
from derive.calculus.equation_table import EquationTable
from derive.ir.derivation import Step
from derive.ir.names import primal_of
from derive.ir.notation import Affine, Axis, Equation, Number, Read, Term, affine, domain_of
from derive.ir.numerals import number_text
from derive.ir.system import System
from derive.ir.tree import (
    ONE,
    ZERO,
    add,
    letters,
    reads,
    replace_reads,
    substitute,
    transform,
    walk,
)
from derive.systems.schedule import Loop, NoOrder, members, schedule

_LONGEST_BODY = 400  # nodes; what is longer is written into nothing, and is read by itself


class Tidier:
    """Works on all equations of a backward pass; `run` gives those kept and those inlined.

    `apart`: a sum isn't written into what uses it.
    """

    def __init__(
        self,
        system: System,
        equations: Sequence[Equation],
        wanted: frozenset[str],
        free_name: Callable[..., str],
        steps: list[Step],
        apart: bool = False,
    ) -> None:
        self.system = system
        self.equations = EquationTable(equations)
        self.wanted = wanted
        self.free_name = free_name
        self.steps = steps
        self.apart = apart
        self.facts = facts_of(system.equations)
        self.known_sums = KnownSums(system.equations, system.assumptions)
        self.integers = frozenset(t.name for t in system.tensors if t.integer)
        self.looped = self._looped()

    def run(self) -> tuple[list[Equation], list[Equation]]:
        """The equations that stay, in order of derivation, and those written into others."""
        for name in self.equations.names:
            self._gather(name)
        self._drop_zero()
        self._put_numbers()
        self._share_copies()
        for name in self.equations.names:
            self._put_known_sums(name)
        for name in self.equations.names:
            if name in self.equations:
                self._inline(name)
        for name in self.equations.names:
            self._sift(name)
            self._simplify(name)
        self._drop_unused()
        return list(self.equations), self.equations.removed

    def _looped(self) -> frozenset[str]:
        """Adjoints inside a recurrence: they stay as they are, an equation each."""
        try:
            blocks = schedule(tuple(self.equations))
        except NoOrder:
            return frozenset(self.equations.names)
        return frozenset(e.tensor for b in blocks if isinstance(b, Loop) for e in members(b.body))

    def _step(
        self,
        rule: str,
        before: Equation,
        after: Equation,
        reason: str,
        under: tuple[str, ...] = (),
    ) -> None:
        self.steps.append(Step("equality", rule, before.tensor, before, after, reason, under=under))

    def _gather(self, name: str) -> None:
        """Element-wise contributions become one body; equal sums over equal letters too."""
        equation = self.equations[name]
        if len(equation.terms) < 2:
            return
        merged: dict[tuple[object, ...], Term] = {}
        for term in equation.terms:
            flat = term.reduce == "sum" and term.plain and not term.reduced
            key = (term.target, term.domain, "flat") if flat else (len(merged), term)
            if key in merged:
                merged[key] = replace(term, body=add(merged[key].body, term.body))
            else:
                merged[key] = term
        after = replace(equation, terms=tuple(merged.values()))
        self._step("collect", equation, after, "the contributions add up")
        self.equations.put(after)

    def _drop_zero(self) -> None:
        for equation in self.equations:
            if not equation.terms:
                zero = Term(tuple(affine(a) for a in equation.axes), equation.axes, "sum", ZERO)
                self.equations.put(replace(equation, terms=(zero,)))

    def _put_numbers(self) -> None:
        """`dE0 = 1`: a derivative that is a number is put in wherever it is read."""
        for name in self.equations.names:
            equation = self.equations[name]
            value = equation.terms[0].body
            if (
                equation.axes
                or len(equation.terms) > 1
                or equation.terms[0].domain
                or not isinstance(value, Number)
                or name in self.wanted
            ):
                continue
            self.equations.take_out(name)
            for user in self.equations.users(name):
                after = with_number(user, name, value)
                self._step("put in", user, after, f"{name} is {number_text(value.value)}")
                self.equations.put(after)

    def _put_known_sums(self, name: str) -> None:
        """Sums that assumptions or forward equations give the values of."""
        for term in self.equations[name].terms:
            known = self.known_sums.of(term, self._element_wise)
            if known is None:
                continue
            before = self.equations[name]
            new = Term(term.target, domain_of(before.axes), "sum", simplify(known.value))
            kept = tuple(new if t is term else t for t in before.terms)
            after = replace(before, terms=tuple(t for t in kept if t.body != ZERO) or (new,))
            rule = "known sum" if new.body != ZERO else "sum of 0"
            self._step(rule, before, after, known.reason, known.under)
            self.equations.put(after)
        self._gather_quietly(name)

    def _element_wise(self, name: str) -> Equation | None:
        """The equation of a tensor, if there is one to put in."""
        if name in self.looped:
            return None
        if name in self.equations:
            return self.equations[name]
        return self.system.defined.get(name)

    def _share_copies(self) -> None:
        """`dz[n,i] = dy[n,i]` is one value with two names."""
        earlier = self.system.earlier
        directions = {v for _, v in earlier.directions} if earlier else set()
        for name in self.equations.names:
            equation = self.equations[name]
            original = copied(equation)
            if (
                original is None
                or name in self.wanted
                or name in self.looped
                or (original not in self.equations and original not in directions)
            ):
                continue
            self.equations.take_out(name)
            for user in self.equations.users(name):
                after = renamed(user, name, original)
                self._step("same value", user, after, f"{name} equals {original}")
                self.equations.put(after)

    def _inline(self, name: str) -> None:
        """A derivative that one element-wise equation uses once is written into it."""
        equation = self.equations[name]
        if name in self.wanted or name in self.looped or len(equation.terms) != 1:
            return
        users = self.equations.users(name)
        term = equation.terms[0]
        if sum(1 for _ in walk(term.body)) > _LONGEST_BODY:
            return
        if len(users) != 1 or users[0].tensor in self.looped or not _plain_sum(term):
            return
        user = users[0]
        here = [t for t in user.terms if count(t, name)]
        if (
            len(here) != 1
            or count(here[0], name) != 1
            or not elementwise(replace(user, terms=tuple(here)))
        ):
            return
        read = next(r for r in reads(here[0].body) if r.tensor == name)
        if any(s.axis is None for s in read.subscripts) or len(set(read.subscripts)) != len(
            read.subscripts
        ):
            return
        if term.reduced and not self._may_sum(equation, user, here[0]):
            equation = self._split(equation) or equation
            term = equation.terms[0]
            if term.reduced:
                return
        self._write_in(equation, user, here[0], read)

    def _may_sum(self, equation: Equation, user: Equation, here: Term) -> bool:
        """A sum is written into a single term that multiplies it; else its factors are split."""
        return (
            not self.apart
            and len(user.terms) == 1
            and linear(here.body, equation.tensor)
            and pull(equation.terms[0]).trivial
        )

    def _split(self, equation: Equation) -> Equation | None:
        """`ds[n] = (1/s[n]) * sum(...)`: the bare sum gets a name, the factor stays."""
        term = equation.terms[0]
        pulled = pull(term)
        if not list(reads(pulled.wrap(ONE))):
            return None
        axes = tuple(a for a in equation.axes if a in letters(pulled.core))
        free = letters(pulled.core)
        target = tuple(affine(a) for a in axes)
        domain = domain_of(axes, (a for a in term.domain if a in free or a in term.reduced))
        bare = Equation("", axes, (Term(target, domain, "sum", pulled.core),))
        name = self.equations.same_sum(bare)
        if name is None:
            name = self.free_name("c", f"c_{primal_of(equation.tensor) or equation.tensor}")
            self.equations.put(replace(bare, tensor=name))
        whole = pulled.wrap(Read(name, target))
        after = replace(equation, terms=(Term(term.target, equation.axes, "sum", whole),))
        self._step("pull out", equation, after, "these factors don't depend on the summed letters")
        self.equations.put(after)
        return after

    def _write_in(self, equation: Equation, user: Equation, here: Term, read: Read) -> None:
        places = dict(zip(equation.axes, read.subscripts, strict=True))
        clash = (*here.domain, *equation.axes)
        term = equation.terms[0]
        if term.reduced:
            inner = replace(term, target=(), domain=term.reduced)
            apart = rename_apart(inner, clash)
            term = replace(term, body=apart.body, domain=(*equation.axes, *apart.domain))
            reduced: tuple[Axis, ...] = apart.domain
        else:
            reduced = ()
        inside = substitute(term.body, places)
        body = replace_reads(here.body, lambda r: inside if r == read else None)
        body = transform(body, into_branches)
        new = Term(here.target, (*here.domain, *reduced), "sum", body)
        terms = tuple(new if t is here else t for t in user.terms)
        after = replace(user, terms=terms)
        self._step("write in", user, after, f"{equation.tensor} is used here only")
        self.equations.take_out(equation.tensor)
        self.equations.put(after)
        self._gather_quietly(user.tensor)

    def _gather_quietly(self, name: str) -> None:
        equation = self.equations[name]
        flats = [t for t in equation.terms if t.plain and not t.reduced and t.reduce == "sum"]
        if len(flats) > 1:
            self._gather(name)

    def _sift(self, name: str) -> None:
        """Letters that a delta ties, where no left subscript holds them."""
        equation = self.equations[name]
        shape = tuple(a.extent for a in equation.axes)
        new = []
        for term in equation.terms:
            result = sifted(term, shape, self._shape, self.integers.__contains__)
            new.append(result if result.target == term.target else term)
        after = replace(equation, terms=tuple(new))
        if after != equation:
            self._step("sift", equation, after, "the delta is 1 at this place only")
            self.equations.put(after)

    def _shape(self, name: str) -> tuple[Affine, ...] | None:
        """The shape of a tensor, or of a derivative, which is that of what it is taken by."""
        tensor = self.system.table.get(name) or self.system.table.get(primal_of(name))
        return tensor.shape if tensor else None

    def _simplify(self, name: str) -> None:
        equation = self.equations[name]
        new: list[Term] = []
        used: list[str] = []
        for term in equation.terms:
            body = asked_once(term.body)
            if not term.reduced:
                body, facts = tell_through(body, self.facts if term.plain else {})
                used.extend(facts)
            new.append(replace(term, body=body))
        after = replace(equation, terms=tuple(new))
        if after != equation:
            through = f", told through {', '.join(dict.fromkeys(used))}" if used else ""
            self._step("simplify", equation, after, f"the same value, written shorter{through}")
            self.equations.put(after)

    def _drop_unused(self) -> None:
        work = list(self.equations.names)
        while work:
            name = work.pop()
            if name in self.wanted or name not in self.equations:
                continue
            if all(user.tensor == name for user in self.equations.users(name)):
                gone = self.equations.take_out(name)
                work.extend(r.tensor for t in gone.terms for r in reads(t.body))


def _plain_sum(term: Term) -> bool:
    return term.plain and term.reduce == "sum"
