"""The names that formulas may use: every tensor, its aliases, and `d` + either for a derivative."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from derive.ir.derivation import Derivation
from derive.ir.names import adjoint_of, next_of, primal_of
from derive.ir.notation import Dim, affine
from derive.ir.system import System
from derive.language.occurrences import names_read
from derive.language.syntax import Written
from derive.readers.vocabulary import Vocabulary


def known_names(derivation: Derivation, mentioned: Collection[str] = ()) -> dict[str, str]:
    """For each name that a formula may use, the derivation's own name of that tensor.

    What updates give, `next(W1)`, is there where it is mentioned.
    """
    names = {t.name: t.name for t in derivation.tensors if t.role != "next" or t.name in mentioned}
    aliases = dict(derivation.system.origin.aliases)
    names.update(aliases)
    for tensor, adjoint in derivation.adjoints:
        names.setdefault(adjoint_of(tensor), adjoint)
    for alias, tensor in aliases.items():
        if tensor in derivation.adjoint:
            names.setdefault(adjoint_of(alias), derivation.adjoint[tensor])
    return names


def vocabulary(derivation: Derivation) -> Vocabulary:
    """The same with shapes, for readers of formulas in other languages."""
    table = derivation.table
    every = {t.name for t in derivation.tensors}
    shapes = {n: table[real].shape for n, real in known_names(derivation, every).items()}
    for name in engine_s(derivation):
        shapes.pop(name, None)
    batch = derivation.system.batch
    return Vocabulary(derivation.system, shapes, affine(Dim(batch)) if batch else None)


def engine_s(derivation: Derivation) -> set[str]:
    """Names that the engine gave, such as `c` to a common part: a text may mean its own by them."""
    table = derivation.system.table
    adjoints = {name for _, name in derivation.adjoints}
    unnamed = [e for e in derivation.forward if not e.source]
    made = {e.tensor for e in (*unnamed, *derivation.backward, *derivation.inlined)} - adjoints
    made |= _inside_the_loss(derivation.system)
    if (
        derivation.system.earlier is not None
    ):  # second derivatives and Jacobians have names to ask by
        made -= {block.tensor for block in derivation.system.earlier.blocks}
    return {name for name in made if primal_of(name) not in table}


def _inside_the_loss(system: System) -> set[str]:
    """The intermediates of a network's loss, such as a sum of exponentials."""
    if not system.origin.layers:
        return set()
    named = {n for layer in system.origin.layers for n in (*layer.tensors, layer.output)}
    named |= {*system.results.named}
    named |= {n for pair in system.origin.aliases for n in pair}
    return {e.tensor for e in system.equations} - named


def plain_left(written: Written) -> Written:
    """An equation for what will be, `next(m)[i] = ...`, as one for a tensor of that name."""
    if not written.is_next:
        return written
    return replace(written, tensor=next_of(written.tensor), is_next=False)


def names_in(written: Sequence[Written]) -> set[str]:
    """Every name in a text, left sides included."""
    return {w.tensor for w in written}.union(*map(names_read, written))
