"""Oracle models taken all the way, and compared: text, system, derivation, module, autograd."""

from __future__ import annotations

import warnings
from functools import cache
from types import ModuleType

import numpy as np

import codegen
from derive import differentiate, parse
from derive.ir.derivation import Derivation
from derive.ir.system import System
from tests.oracles.model import Arrays, OracleModel
from tests.oracles.reference import loss_and_gradients


def system_of(model: OracleModel) -> System:
    """The model's text, read."""
    return parse(model.equations, **_roles(model))


def _roles(model: OracleModel) -> dict[str, object]:
    spec = model.spec()
    spec.pop("equations")
    return spec


def module_of(derivation: Derivation, dtype: str = "float64") -> ModuleType:
    """The mathematics of a derivation, emitted and loaded."""
    return codegen.load_module(codegen.emit(derivation, dtype=dtype, part="math"))


@cache
def derivation_of(model: OracleModel) -> Derivation:
    """The model's text, read and differentiated; once for all tests of a process."""
    return differentiate(system_of(model))


def emitted(model: OracleModel, dtype: str = "float64") -> ModuleType:
    """The model as an emitted module."""
    return module_of(derivation_of(model), dtype)


def run(module: ModuleType, model: OracleModel, arrays: Arrays) -> tuple[float, Arrays]:
    """Loss and every gradient by the module; a warning is an error."""
    parameters = {name: arrays[name] for name in model.parameters}
    given = [arrays[name] for name in (*model.inputs, *model.targets)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return module.gradients(parameters, *given, inputs=True)


def reference(model: OracleModel, arrays: Arrays) -> tuple[float, Arrays]:
    """Loss and every gradient by autograd, whose own warnings are none of ours."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return loss_and_gradients(model, arrays)


def differences(
    found: tuple[float, Arrays],
    wanted: tuple[float, Arrays],
    relative: float = 1e-9,
    least: float = 1e-3,
) -> list[str]:
    """What differs by more than the tolerance times the tensor's largest entry, in words.

    `least` is taken where all entries are smaller: what cancels to 0 isn't held to its own size.
    """
    (loss, gradients), (right_loss, right_gradients) = found, wanted
    pairs = [("the loss", loss, right_loss)]
    pairs += [(f"d{name}", gradients.get(name), g) for name, g in right_gradients.items()]
    said = (_difference(name, one, other, relative, least) for name, one, other in pairs)
    return [words for words in said if words]


def _difference(name: str, found: object, wanted: object, relative: float, least: float) -> str:
    if found is None:
        return f"{name} is missing"
    one, other = np.asarray(found), np.asarray(wanted)
    if one.shape != other.shape:
        return f"{name} has shape {one.shape}, not {other.shape}"
    if not other.size:
        return ""
    scale = max(float(np.max(np.abs(other))), least)
    error = float(np.max(np.abs(one - other))) / scale
    return "" if error <= relative else f"{name} is off by {error:.1e}"


def check_against_autograd(
    model: OracleModel, module: ModuleType | None = None, **runtime: int
) -> None:
    """The module's loss and gradients are the reference's."""
    module = emitted(model) if module is None else module
    arrays = model.example(**runtime)
    assert not differences(run(module, model, arrays), reference(model, arrays))
