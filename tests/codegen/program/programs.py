"""Modules of derivations as data, stage by stage."""

from codegen.lowering.common_values import shared
from codegen.lowering.module import lowered
from codegen.module.build import module_of
from codegen.module.context import context_of
from codegen.passes import PASSES
from derive.calculus.differentiate import differentiate
from derive.specs.load import load


def built(derivation):
    """The module before its equations are lowered."""
    once = shared(derivation)
    return module_of(context_of(derivation, once.derivation, once.windows))


def stages(derivation):
    """The lowered module, and what each pass makes of it, by name."""
    module = lowered(built(derivation))
    yield "lowered", module
    for change in PASSES:
        module = change(module)
        yield change.__name__, module


def net(*layers, shape=(4,), **more):
    """A derived network."""
    return differentiate(
        load({"inputs": {"x": list(shape)}, "layers": list(layers), "loss": "mse", **more})
    )
