"""The right formula in the forms that a person may have started from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from derive.answers.slips.nested import (
    MOST_NODES,
    Nested,
    multiplied_out,
    nested,
    written_in,
)
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation
from derive.ir.tree import reads

_ROUNDS = 12
FAR = 40
_MOST_TOLD = 3


def right_forms(
    tensor: str, derivation: Derivation, mentioned: Collection[str]
) -> dict[Nested, int]:
    """What was derived for a tensor, with the equations of what it reads written in or not.

    `mentioned` is what the written formula reads: a form that reads the same is the likeliest.
    With each form what is taken off its edits for being far from what was written.
    """
    errors = _by_name((*derivation.backward, *derivation.inlined))
    forward = _by_name(derivation.forward)
    updates = _by_name((*derivation.system.updates, *derivation.updates))
    equation = errors.get(tensor) or forward.get(tensor) or updates.get(tensor)
    if equation is None:
        return {}
    start = nested(equation)
    both = {**forward, **errors}
    twice = _unfolded(_unfolded(start, errors, tensor), errors, tensor)
    found = [
        (start, 0),
        (_towards(start, errors, mentioned, tensor), 1),
        (_towards(start, both, mentioned, tensor), 3),
        (_unfolded(start, errors, tensor), FAR),
        (twice, FAR + 1),
        (_unfolded(start, both, tensor), FAR + 2),
    ]
    found.extend((form, 4 + k) for k, form in enumerate(_as_it_came(tensor, derivation)))
    outs = [(multiplied_out(form), FAR + 3 + far) for form, far in found[:3]]
    found.extend((form, far) for form, far in outs if form is not None)
    forms: dict[Nested, int] = {}
    for form, far in found:
        if form.size <= MOST_NODES:
            forms.setdefault(form, far)
    return forms


def _as_it_came(tensor: str, derivation: Derivation) -> list[Nested]:
    """The derivative as the rule gave it, before it was told through other values."""
    chains = [s for s in derivation.steps if s.subject == tensor and s.kind == "chain"]
    if len(chains) != 1:
        return []
    told = [s.after for s in derivation.steps if s.subject == tensor]
    return [nested(e) for e in told[:_MOST_TOLD] if e.tensor == tensor]


def _by_name(equations: Iterable[Equation]) -> dict[str, Equation]:
    return {e.tensor: e for e in equations}


def _towards(
    start: Nested, given: Mapping[str, Equation], mentioned: Collection[str], barred: str
) -> Nested:
    """Write in what the written formula doesn't read, until it reads the rest."""
    form = start
    for _ in range(_ROUNDS):
        wanted = {
            r.tensor: nested(given[r.tensor])
            for r in reads(form.expr)
            if r.tensor in given and r.tensor not in mentioned and r.tensor != barred
        }
        if not wanted:
            break
        new = written_in(form, wanted)
        if new.size > MOST_NODES:
            break
        form = new
    return form


def _unfolded(start: Nested, given: Mapping[str, Equation], barred: str) -> Nested:
    wanted = {
        r.tensor: nested(given[r.tensor])
        for r in reads(start.expr)
        if r.tensor in given and r.tensor != barred
    }
    new = written_in(start, wanted) if wanted else start
    return new if new.size <= MOST_NODES else start
