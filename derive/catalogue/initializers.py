"""What a parameter is before training."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.entry import Attribute, Initial

_GLOROT = "Glorot & Bengio 2010"
_HE = "He et al. 2015, Delving deep into rectifiers"

GLOROT_UNIFORM = Initial(
    name="glorot_uniform",
    about="keeps the variance of values and of error terms alike from layer to layer",
    distribution="uniform",
    formulas=(
        ("low", "-sqrt(6/(fan_in + fan_out))"),
        ("high", "sqrt(6/(fan_in + fan_out))"),
    ),
    aliases=("glorot", "xavier_uniform"),
    source=f"{_GLOROT}, eq. 16",
)
GLOROT_NORMAL = Initial(
    name="glorot_normal",
    about="the same variance, normally distributed",
    distribution="normal",
    formulas=(("mean", "0"), ("std", "sqrt(2/(fan_in + fan_out))")),
    aliases=("xavier_normal",),
    source=f"{_GLOROT}, eq. 12",
)
HE_UNIFORM = Initial(
    name="he_uniform",
    about="keeps the variance of values where relu halves it",
    distribution="uniform",
    formulas=(("low", "-sqrt(6/fan_in)"), ("high", "sqrt(6/fan_in)")),
    aliases=("kaiming_uniform",),
    source=f"{_HE}, eq. 10",
)
HE_NORMAL = Initial(
    name="he_normal",
    about="the same variance, normally distributed",
    distribution="normal",
    formulas=(("mean", "0"), ("std", "sqrt(2/fan_in)")),
    aliases=("he", "kaiming_normal"),
    source=f"{_HE}, eq. 10",
)
UNIFORM = Initial(
    name="uniform",
    about="any number between two limits",
    distribution="uniform",
    formulas=(("low", "low"), ("high", "high")),
    attributes=(
        Attribute("low", "number", "the lower limit", default=Fraction("-0.1"), below="high"),
        Attribute("high", "number", "the upper limit", default=Fraction("0.1")),
    ),
)
NORMAL = Initial(
    name="normal",
    about="normally distributed",
    distribution="normal",
    formulas=(("mean", "mean"), ("std", "std")),
    attributes=(
        Attribute("mean", "number", "the mean", default=Fraction("0")),
        Attribute("std", "non-negative", "the standard deviation", default=Fraction("0.1")),
    ),
)
ZEROS = Initial(
    name="zeros",
    about="0 everywhere",
    distribution="constant",
    formulas=(("value", "0"),),
)
CONSTANT = Initial(
    name="constant",
    about="one number everywhere",
    distribution="constant",
    formulas=(("value", "value"),),
    attributes=(Attribute("value", "number", "the number"),),
)
VALUES = Initial(
    name="values",
    about="the numbers that are given, for a parameter of one axis",
    distribution="values",
    formulas=(("values", "values"),),
    attributes=(Attribute("values", "numbers", "a number for each entry", sample=(1, 2, 3)),),
)

INITIALIZERS = (
    GLOROT_UNIFORM,
    GLOROT_NORMAL,
    HE_UNIFORM,
    HE_NORMAL,
    UNIFORM,
    NORMAL,
    ZEROS,
    CONSTANT,
    VALUES,
)
