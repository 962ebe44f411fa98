"""Jacobians and Hessians that formulas give, `J_y_W` and `H_W_U`, beside a model's gradients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from derive.answers.known_names import known_names
from derive.calculus.differentiate import differentiate
from derive.calculus.second.full_blocks import block_name, hessian, jacobian, jacobian_name, joined
from derive.ir.derivation import Derivation
from derive.ir.system import Block, Earlier

_WORD = re.compile(r"[A-Za-z]\w*")


def full_derivatives_named(names: Iterable[str], derivation: Derivation) -> tuple[Block, ...]:
    """The Jacobians and blocks of the Hessian that such names mean, of tensors of the model."""
    known = known_names(derivation)
    if derivation.system.earlier is not None:
        return ()
    found = (_meant(name, known) for name in dict.fromkeys(names) if name not in known)
    return tuple(block for block in found if block is not None)


def _meant(name: str, known: Iterable[str]) -> Block | None:
    kind, _, rest = name.partition("_")
    if kind not in ("J", "H"):
        return None
    pairs = ((one, rest.removeprefix(f"{one}_")) for one in known if rest.startswith(f"{one}_"))
    return next((Block(name, a, b, kind == "H") for a, b in pairs if b in known), None)


def with_full_derivatives(derivation: Derivation, asked: Iterable[Block]) -> Derivation:
    """The derivation with such derivatives among its forward equations, under the names asked by.

    Raises `ChainruleError` where there is none, as of a Hessian by a tensor on which the objective
    doesn't depend.
    """
    asked = tuple(asked)
    if not asked or derivation.system.earlier is not None:
        return derivation
    known = known_names(derivation)
    system, blocks = derivation.system, list[Block]()
    aliases = dict(system.origin.aliases)
    for block in asked:
        first, second = known.get(block.first, block.first), known.get(block.second, block.second)
        name = block_name(first, second) if block.twice else jacobian_name(first, second)
        if name not in system.table:
            more = (
                hessian(system, dict.fromkeys((first, second)))
                if block.twice
                else jacobian(system, first, [second])
            )
            system = joined(system, more)
            blocks += more.earlier.blocks if more.earlier else ()
        if block.tensor != name:
            aliases[block.tensor] = name
    earlier = Earlier(derivation.objective, (), blocks=tuple(dict.fromkeys(blocks)))
    origin = replace(system.origin, aliases=tuple(aliases.items()))
    system = replace(system, origin=origin, earlier=earlier)
    return differentiate(system, derivation.objective, derivation.wrt)


def identifiers(text: str) -> Iterator[str]:
    """The words of a text that may name such a derivative."""
    return (w for w in _WORD.findall(text) if w[:2] in ("J_", "H_"))
