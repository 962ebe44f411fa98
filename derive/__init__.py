"""The mathematics: equations in index notation, their derivatives, the proof that they agree."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.against.asserting import assert_gradient
    from derive.against.functions import check_function
    from derive.backprop import differentiate
    from derive.checking import check
    from derive.equations import parse
    from derive.errors import ChainruleError
    from derive.loading import load, loads
    from derive.matrix_notation.answer import derivatives
    from derive.matrix_notation.asked import matrix
    from derive.notation import Derivation, System
    from derive.report import Report
    from derive.second import (
        gauss_newton_vector,
        hessian,
        hessian_vector,
        jacobian,
        jacobian_vector,
        vector_jacobian,
    )

__all__ = [
    "ChainruleError",
    "Derivation",
    "Report",
    "System",
    "assert_gradient",
    "check",
    "check_function",
    "derivatives",
    "differentiate",
    "gauss_newton_vector",
    "hessian",
    "hessian_vector",
    "jacobian",
    "jacobian_vector",
    "load",
    "loads",
    "matrix",
    "parse",
    "vector_jacobian",
]

# SymPy takes a while to import: a name is fetched when it is first asked for
_HOMES = {
    "ChainruleError": "derive.errors",
    "Derivation": "derive.notation",
    "Report": "derive.report",
    "System": "derive.notation",
    "assert_gradient": "derive.against.asserting",
    "check": "derive.checking",
    "check_function": "derive.against.functions",
    "derivatives": "derive.matrix_notation.answer",
    "differentiate": "derive.backprop",
    "gauss_newton_vector": "derive.second",
    "hessian": "derive.second",
    "hessian_vector": "derive.second",
    "jacobian": "derive.second",
    "jacobian_vector": "derive.second",
    "load": "derive.loading",
    "loads": "derive.loading",
    "matrix": "derive.matrix_notation.asked",
    "parse": "derive.equations",
    "vector_jacobian": "derive.second",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
