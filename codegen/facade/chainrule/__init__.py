"""All that there is for Python, under one name: `import chainrule as cr`.

The names are those of `derive` and `codegen`, fetched when first asked for. The whole way, aloud::

    derivation = cr.differentiate(cr.load("gender.toml"))
    assert cr.check(derivation).ok
    text = cr.document(derivation, format="md")
    module = cr.load_module(cr.emit(derivation))
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codegen import document, emit, load_module
    from derive import (
        ChainruleError,
        Derivation,
        Report,
        System,
        assert_gradient,
        check,
        check_function,
        derivatives,
        differentiate,
        gauss_newton_vector,
        hessian,
        hessian_vector,
        jacobian,
        jacobian_vector,
        load,
        loads,
        matrix,
        parse,
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
    "document",
    "emit",
    "gauss_newton_vector",
    "hessian",
    "hessian_vector",
    "jacobian",
    "jacobian_vector",
    "load",
    "load_module",
    "loads",
    "matrix",
    "parse",
    "vector_jacobian",
]


def _own(name: str) -> ModuleType:
    """One of our two packages; other distributions install packages of the same names.

    Raises `ImportError` where another package is found under the name.
    """
    package = import_module(name)
    if getattr(package, "PART_OF", "") != "chainrule":
        raise ImportError(
            f"another package called {name} is installed here, in {package.__file__}; "
            "install chainrule into an environment of its own: python -m venv"
        )
    return package


_PARTS = (_own("derive"), _own("codegen"))


def __getattr__(name: str) -> Any:
    for part in _PARTS:
        if name in part.__all__:
            return getattr(part, name)
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
