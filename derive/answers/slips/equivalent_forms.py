"""The right formula in the forms that a person may have started from."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from derive.answers.slips.nested import MOST_NODES, Nested, multiplied_out, nested, written_in
from derive.ir.derivation import Derivation
from derive.ir.notation import Equation

_ROUNDS = 12
FAR = 40
_MOST_STAGES = 3


def right_forms(
    tensor: str, derivation: Derivation, mentioned: Collection[str]
) -> dict[Nested, int]:
    """The derived equation of a tensor, with the equations of what it reads written in or not.

    `mentioned` is what the written formula reads: a form that reads the same is the likeliest.
    With each form what is added to the ranks of its edits, for being unlike what was written.
    """
    errors = _by_name((*derivation.backward, *derivation.inlined))
    forward = _by_name(derivation.forward)
    updates = _by_name((*derivation.system.updates, *derivation.updates))
    equation = errors.get(tensor) or forward.get(tensor) or updates.get(tensor)
    if equation is None:
        return {}
    start = nested(equation)
    errors.pop(tensor, None)
    both = {n: e for n, e in {**forward, **errors}.items() if n != tensor}
    unread = [{n: e for n, e in given.items() if n not in mentioned} for given in (errors, both)]
    ranked = [
        (start, 0),
        (written_in(start, unread[0], _ROUNDS), 1),
        (written_in(start, unread[1], _ROUNDS), 3),
        (written_in(start, errors), FAR),
        (written_in(start, errors, 2), FAR + 1),
        (written_in(start, both), FAR + 2),
    ]
    ranked.extend((form, 4 + k) for k, form in enumerate(_as_it_came(tensor, derivation)))
    outs = [(multiplied_out(form), FAR + 3 + far) for form, far in ranked[:3]]
    ranked.extend((form, far) for form, far in outs if form is not None)
    forms: dict[Nested, int] = {}
    for form, far in ranked:
        if form.size <= MOST_NODES:
            forms.setdefault(form, far)
    return forms


def _as_it_came(tensor: str, derivation: Derivation) -> list[Nested]:
    """The derivative as the rule gave it, before it was written by other values."""
    chains = [s for s in derivation.steps if s.subject == tensor and s.kind == "chain"]
    if len(chains) != 1:
        return []
    stages = [s.after for s in derivation.steps if s.subject == tensor]
    return [nested(e) for e in stages[:_MOST_STAGES] if e.tensor == tensor]


def _by_name(equations: Iterable[Equation]) -> dict[str, Equation]:
    return {e.tensor: e for e in equations}
