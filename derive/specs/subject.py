"""The subject of a check, however it is given: a derivation, a system, or a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derive.calculus.differentiate import differentiate
from derive.errors import ChainruleError, shorten
from derive.ir.derivation import Derivation
from derive.ir.system import System
from derive.specs.load import load

Subject = Derivation | System | Mapping[str, Any] | str | Path


def demand_derivation(given: object) -> None:
    """Raises `ChainruleError` for what is no derivation."""
    if isinstance(given, System):
        raise ChainruleError(
            f"{shorten(given.name)} is a system, no derivation; differentiate it first, with "
            "derive.differentiate"
        )
    if not isinstance(given, Derivation):
        raise ChainruleError(f"a derivation is wanted, not '{shorten(type(given).__name__)}'")


def derivation_of(subject: Subject) -> Derivation:
    """The derivation. Raises `ChainruleError` for a spec that can't be read."""
    if isinstance(subject, Derivation):
        return subject
    return differentiate(subject if isinstance(subject, System) else load(subject))
