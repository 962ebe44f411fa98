"""A derivation to the source of a module: the whole way."""

from __future__ import annotations

from codegen.lowering.common_values import Shared, shared
from codegen.lowering.module import lowered
from codegen.module.build import module_of
from codegen.module.context import context_of
from codegen.module.model_facts import estimator_of
from codegen.passes import PASSES
from codegen.passes.report import Passed, passes_report
from codegen.program.procedures import Module
from codegen.program.wellformed import check_module
from codegen.targets.c.module import Texts, c_texts
from codegen.targets.c.python import python_text
from codegen.targets.numpy.module import module_text
from derive.errors import ChainruleError, meant
from derive.ir.derivation import Derivation
from derive.ir.runtime_extents import dims_of, equation_dims
from derive.specs.subject import demand_derivation

TARGETS = {"numpy": module_text, "c": python_text}
STYLES = ("plain",)
DTYPES = ("float64", "float32")
PARTS = ("all", "math")
DEVICES = ("host", "small")


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
    _demand(derivation, target, style, dtype, part)
    once = shared(derivation)
    estimator = estimator_of(once.derivation) if part == "all" else None
    return TARGETS[target](_program_of(derivation, once), dtype, estimator)


def c_files(
    derivation: Derivation, dtype: str = "float64", header: str = "net.h", device: str = "host"
) -> Texts:
    """The texts of a C source and of the header of this name, which it includes.

    With `device="small"` for a device that has neither double precision nor vectors.

    Raises `ChainruleError` as `emit` does, and for what C can't say yet.
    """
    _demand(derivation, "c", "plain", dtype, "math")
    if device not in DEVICES:
        known = ", ".join(DEVICES)
        raise ChainruleError(f"device: unknown '{device}'{meant(device, DEVICES)}; known: {known}")
    program = _program_of(derivation, shared(derivation))
    return c_texts(program, dtype, header, device == "small")


def explained_passes(derivation: Derivation) -> tuple[Passed, ...]:
    """What each pass does to a derivation's module. Raises `ChainruleError` as `emit` does."""
    _demand(derivation, "numpy", "plain", "float64", "math")
    return passes_report(lowered(_equations_of(derivation, shared(derivation))))


def demand_servable(derivation: Derivation, target: str, dtype: str) -> None:
    """Raises `ChainruleError` where a module can't be written, before it is tried."""
    _demand(derivation, target, "plain", dtype, "math")


def _program_of(derivation: Derivation, once: Shared) -> Module:
    return array_program(_equations_of(derivation, once))


def _equations_of(derivation: Derivation, once: Shared) -> Module:
    """The module whose procedures hold equations yet."""
    return module_of(context_of(derivation, once.derivation, once.windows))


def array_program(module: Module) -> Module:
    """The module over whole arrays, as a target prints it."""
    for change in (lowered, *PASSES):
        check_module(module)
        module = change(module)
    check_module(module)
    return module


def _demand(derivation: Derivation, target: str, style: str, dtype: str, part: str) -> None:
    """Refuse what can't be served."""
    demand_derivation(derivation)
    for what, value, known in (
        ("target", target, tuple(TARGETS)),
        ("style", style, STYLES),
        ("dtype", dtype, DTYPES),
        ("part", part, PARTS),
    ):
        if value not in known:
            raise ChainruleError(
                f"{what}: unknown '{value}'{meant(value, known)}; known: {', '.join(known)}"
            )
    if derivation.table[derivation.objective].shape:
        raise ChainruleError(
            f"{derivation.system.name}: '{derivation.objective}' has axes; a module trains on "
            "a scalar objective"
        )
    _demand_extents(derivation)


def _demand_extents(derivation: Derivation) -> None:
    system = derivation.system
    known = dims_of((*system.having("input"), *system.having("target")))
    needed = {d for e in (*derivation.forward, *derivation.backward) for d in equation_dims(e)}
    for letter in sorted(needed - known):
        raise ChainruleError(
            f"{system.name}: no input or target is walked by '{letter}', so nothing tells how far "
            f"it runs; take it out of batch and give its size, such as {letter} = 5"
        )
