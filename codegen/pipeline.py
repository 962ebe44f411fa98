"""A derivation to the source of a module: the whole way."""

from __future__ import annotations

from codegen.targets.numpy.functions.frame import Frame
from codegen.targets.numpy.module import module_text
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation
from derive.ir.runtime_extents import dims_of, equation_dims
from derive.specs.subject import demand_derivation

TARGETS = ("numpy",)
STYLES = ("plain",)
DTYPES = ("float64", "float32")
PARTS = ("all", "math")


def emit(
    derivation: Derivation,
    target: str = "numpy",
    style: str = "plain",
    dtype: str = "float64",
    part: str = "all",
) -> str:
    """The source of a module that computes and trains what the derivation says.

    `part="math"` leaves the estimator and the command line out. Raises `ChainruleError` for an
    unknown target, style or dtype, and where there is no scalar objective.
    """
    demand_derivation(derivation)
    for what, value, known in (
        ("target", target, TARGETS),
        ("style", style, STYLES),
        ("dtype", dtype, DTYPES),
        ("part", part, PARTS),
    ):
        if value not in known:
            raise ChainruleError(
                f"{what}: unknown '{value}'{meant(value, known)}; known: {', '.join(known)}"
            )
    table = derivation.table
    if table[derivation.objective].shape:
        raise ChainruleError(
            f"{derivation.system.name}: '{derivation.objective}' has axes; a module trains on "
            "a scalar objective"
        )
    _demand_extents(derivation)
    return module_text(Frame(derivation), dtype, part)


def _demand_extents(derivation: Derivation) -> None:
    system = derivation.system
    told = dims_of((*system.having("input"), *system.having("target")))
    asked = {d for e in (*derivation.forward, *derivation.backward) for d in equation_dims(e)}
    for letter in sorted(asked - told):
        raise ChainruleError(
            f"{system.name}: no input or target is walked by '{letter}', so nothing tells how far "
            f"it runs; take it out of batch and give its size, such as {letter} = 5"
        )
