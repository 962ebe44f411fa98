"""Layers that are one matrix product."""

from __future__ import annotations

from collections.abc import Mapping

from derive.catalogue.rows import BIAS_COLUMN, Attribute, Entry, Extents, Parameter, Use, within
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

_PLAIN = "z[n,...,i] = sum(j, W[i,j]*x[n,...,j])"


def _parameters(use: Use) -> tuple[Parameter, ...]:
    weights = Parameter("W", Initializer("glorot_uniform"))
    if not use.attributes["bias"]:
        return (weights,)
    if use.attributes["merge_bias"]:
        return (Parameter("W", Initializer("glorot_uniform", ((BIAS_COLUMN, True),))),)
    return (weights, Parameter("b", Initializer("zeros")))


def _dense(use: Use) -> str:
    if not use.attributes["bias"]:
        return _PLAIN
    if not use.attributes["merge_bias"]:
        return f"{_PLAIN} + b[i]"
    return (
        f"xa[n,...,j] = where(j < size(x, {use.rank - 1}), x[n,...,j], 1)\n"
        "z[n,...,i] = sum(j, W[i,j]*xa[n,...,j])"
    )


def _extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    if not (use.attributes["bias"] and use.attributes["merge_bias"]):
        return {}
    last = use.rank - 1
    width = use.shapes[0][last]
    return {("x", last): width, ("xa", last): width + affine(1)}


DENSE = Entry(
    name="dense",
    about="fully connected: each unit weighs all features of the last axis, at any rank",
    equations=_dense,
    output="z",
    parameters=_parameters,
    attributes=(
        Attribute("units", "extent", "the number of outputs", letter="i"),
        Attribute("activation", "activation", "what follows the sum", default="identity"),
        Attribute("bias", "flag", "whether a bias is added", default=True),
        Attribute(
            "merge_bias",
            "flag",
            "whether the bias is the last column of W, against an input 1 added to x: xa = [x, 1]; "
            "the spec's own merge_bias sets it for all layers (Bishop 2006, eq. 5.8)",
            default=False,
        ),
    ),
    extents=Extents(_extents),
    source="Rumelhart, Hinton & Williams 1986, eq. 1",
    activates=True,
)


def _bilinear(use: Use) -> str:
    bias = " + b[o]" if use.attributes["bias"] else ""
    return f"z[n,...,o] = sum(i,j, x1[n,...,i]*W[o,i,j]*x2[n,...,j]){bias}"


def _bilinear_parameters(use: Use) -> tuple[Parameter, ...]:
    pytorch = within(use.shapes[0][-1].number or 1)  # by the first input alone
    weights = Parameter("W", Initializer("glorot_uniform"), pytorch=pytorch)
    bias = Parameter("b", Initializer("zeros"), pytorch=pytorch)
    return (weights, bias) if use.attributes["bias"] else (weights,)


BILINEAR = Entry(
    name="bilinear",
    about="each unit weighs all products of a feature of one input and a feature of the other",
    equations=_bilinear,
    inputs=("x1", "x2"),
    output="z",
    parameters=_bilinear_parameters,
    attributes=(
        Attribute("units", "extent", "the number of outputs", letter="o"),
        Attribute("activation", "activation", "what follows the sum", default="identity"),
        Attribute("bias", "flag", "whether a bias is added", default=True),
    ),
    source="Tenenbaum & Freeman 2000, Separating style and content with bilinear models",
    activates=True,
)

LAYERS = (DENSE, BILINEAR)
