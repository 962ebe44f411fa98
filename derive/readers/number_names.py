"""Names of numbers that a model doesn't name: how many samples there are, what keeps off 0."""

from __future__ import annotations

from fractions import Fraction

from derive.ir.notation import Number
from derive.ir.system import System
from derive.ir.tree import walk
from derive.readers.name_rules import words

SAMPLES = words(
    "n N m B batch batch_size batchsize n_samples num_samples n_examples num_examples N_samples"
)
SAMPLES_ON_PAPER = words("N m B M")
EPSILON = words("eps epsilon")
_SMALL = Fraction(1, 1000)


def small_number(system: System) -> Fraction | None:
    """What a model adds to keep off 0, where there is one such number: what `eps` means."""
    result = {
        node.value
        for equation in system.equations
        for term in equation.terms
        for node in walk(term.body)
        if isinstance(node, Number) and 0 < node.value <= _SMALL
    }
    return result.pop() if len(result) == 1 else None
