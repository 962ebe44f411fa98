"""The mathematics: equations in index notation, their derivatives, the proof that they agree."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from derive.answers.assert_gradient import assert_gradient
    from derive.answers.check_function import check_function
    from derive.calculus.differentiate import differentiate
    from derive.calculus.second import (
        gauss_newton_vector,
        hessian,
        hessian_vector,
        jacobian,
        jacobian_vector,
        vector_jacobian,
    )
    from derive.checking import check
    from derive.checks.report import Report
    from derive.errors import ChainruleError
    from derive.ir.derivation import Derivation
    from derive.ir.system import System
    from derive.matrix_calculus.derivatives import derivatives
    from derive.matrix_calculus.expression import matrix
    from derive.specs.load import load, loads
    from derive.specs.parse import parse

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

PART_OF = "chainrule"  # other distributions install a package of this name

# SymPy takes a while to import: a name is fetched when it is first asked for
_HOMES = {
    "ChainruleError": "derive.errors",
    "Derivation": "derive.ir.derivation",
    "Report": "derive.checks.report",
    "System": "derive.ir.system",
    "assert_gradient": "derive.answers.assert_gradient",
    "check": "derive.checking",
    "check_function": "derive.answers.check_function",
    "derivatives": "derive.matrix_calculus.derivatives",
    "differentiate": "derive.calculus.differentiate",
    "gauss_newton_vector": "derive.calculus.second",
    "hessian": "derive.calculus.second",
    "hessian_vector": "derive.calculus.second",
    "jacobian": "derive.calculus.second",
    "jacobian_vector": "derive.calculus.second",
    "load": "derive.specs.load",
    "loads": "derive.specs.load",
    "matrix": "derive.matrix_calculus.expression",
    "parse": "derive.specs.parse",
    "vector_jacobian": "derive.calculus.second",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
