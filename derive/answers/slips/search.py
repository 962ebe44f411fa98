"""The search: the right formula changed into the written one, or the written one into the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from derive.answers.slips.budget import NO_VALUE, Budget
from derive.answers.slips.candidates import Candidate, candidates
from derive.answers.slips.edits.context import Context, Tensors, tensors_of
from derive.answers.slips.edits.every import every_edit
from derive.answers.slips.edits.scales import scales_of
from derive.answers.slips.equivalent_forms import FAR
from derive.answers.slips.evaluator import Array, Evaluator
from derive.answers.slips.missing_layer import skipped_activations
from derive.answers.slips.own_equations import own_equations
from derive.answers.slips.positions import Edit
from derive.answers.slips.ranking import Explanation, Ranking
from derive.answers.slips.samples import Samples, same
from derive.answers.slips.slip import Slip
from derive.answers.slips.wording import clause
from derive.ir.derivation import Derivation

_SKIPPED_ACTIVATION = 15  # the rank of this mistake, which no edit makes
_SURE = 12  # no later form explains a formula better than this
_GOOD = 40  # good enough not to ask forms that are further from what was written
_GUESSED = 3
_WITHIN = 25  # of the best one's rank: what is named beside it
_MOST_TOLD = 3


@dataclass(frozen=True)
class Trial:
    """An edit that explains nothing alone, and its values at the first point."""

    candidate: Candidate
    edit: Edit
    count: int
    value: Array


@dataclass(frozen=True)
class Search:
    """The search for the slips in one formula, at points where it differs from what is right."""

    derivation: Derivation
    points: Sequence[Samples]
    tensors: Tensors
    candidates: tuple[Candidate, ...]
    budget: Budget
    trials: list[Trial] = field(default_factory=list)

    @property
    def ranking(self) -> Ranking:
        """The judge of what is found."""
        return Ranking(self.derivation, self.points[0], self.candidates, self.tensors)

    def single_mistakes(self) -> tuple[Slip, ...]:
        """The single mistakes that explain the formula, likeliest first, each kind once."""
        explanations = sorted(self._explanations(), key=lambda e: e.rank)
        kinds: dict[str, Slip] = {}
        for explanation in explanations:
            if explanation.rank[0] <= explanations[0].rank[0] + _WITHIN:
                kinds.setdefault(explanation.slip.kind, explanation.slip)
        return tuple(kinds.values())[:_MOST_TOLD]

    def _explanations(self) -> list[Explanation]:
        explanations = [
            Explanation((_SKIPPED_ACTIVATION, 0, 0), slip)
            for slip in skipped_activations(self.tensors, self.derivation, self.points)
        ]
        for candidate in self.candidates:
            best = min((e.rank[0] for e in explanations), default=2 * FAR)
            sure = best <= candidate.far + _SURE
            if sure or (best <= _GOOD and candidate.far >= _GUESSED):
                continue
            try:
                explanations.extend(self._of_candidate(candidate))
            except NO_VALUE:
                continue
        if not explanations and not self.budget.spent:
            explanations.extend(self._of_own_equations())
        return explanations

    def _of_candidate(self, candidate: Candidate) -> Iterator[Explanation]:
        first = self.points[0].first
        evaluator = candidate.evaluator(0, first)
        wanted = first.written if candidate.right else first.right
        for count, edit in enumerate(every_edit(self._context(candidate, evaluator))):
            value = self.budget.value(evaluator, edit.expr)
            if value is None:
                continue
            if same(value, wanted) and self._holds(candidate, edit):
                explanation = self.ranking.explanation(candidate, edit, count)
                if explanation is not None:
                    yield explanation
            elif candidate.far < FAR:
                self.trials.append(Trial(candidate, edit, count, value))
            if self.budget.spent:
                return

    def _context(self, candidate: Candidate, evaluator: Evaluator) -> Context:
        scales = tuple(scales_of(evaluator, candidate.whole))
        return Context(candidate.whole, candidate.right, evaluator, self.tensors, scales)

    def _holds(self, candidate: Candidate, edit: Edit) -> bool:
        """Whether an edit gives what it should at every entry of every point."""
        for which, samples in enumerate(self.points):
            value = self.value(candidate, which, edit)
            wanted = samples.written if candidate.right else samples.right
            if value is None or not same(value, wanted):
                return False
        return True

    def value(self, candidate: Candidate, which: int, edit: Edit) -> Array | None:
        """The values of an edited candidate, at a point's entries."""
        try:
            evaluator = candidate.evaluator(which, self.points[which])
        except NO_VALUE:
            return None
        return self.budget.value(evaluator, edit.expr)

    def _of_own_equations(self) -> Iterator[Explanation]:
        """One thing changed in an equation of the writer's own, wherever that is read."""
        for own in own_equations(self.points):
            try:
                context = self._context(own.candidate, own.evaluator(0))
            except NO_VALUE:
                continue
            for count, edit in enumerate(every_edit(context)):
                for which, samples in enumerate(self.points):
                    try:
                        evaluator, expr = own.changed(which, samples, edit.expr)
                    except NO_VALUE:
                        break
                    value = self.budget.value(evaluator, expr)
                    if value is None or not same(value, samples.right):
                        break
                else:
                    slip = Slip(edit.mistake.back, clause(edit, False))
                    yield Explanation((edit.mistake.rank, 2, count), slip)
                if self.budget.spent:
                    return


def search_of(
    tensor: str, derivation: Derivation, points: Sequence[Samples], budget: Budget
) -> Search:
    """A search among all candidates."""
    return Search(
        derivation,
        points,
        tensors_of(tensor, derivation, points[0]),
        tuple(candidates(tensor, derivation, [s.point for s in points])),
        budget,
    )
