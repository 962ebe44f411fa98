"""Initialisers of parameters."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Initial

_GLOROT = "Glorot & Bengio 2010"
_LECUN = "LeCun et al. 1998, Efficient backprop"
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
LECUN_UNIFORM = Initial(
    name="lecun_uniform",
    about="keeps the variance of values where an activation keeps it",
    distribution="uniform",
    formulas=(("low", "-sqrt(3/fan_in)"), ("high", "sqrt(3/fan_in)")),
    source=f"{_LECUN}, section 4.6",
)
LECUN_NORMAL = Initial(
    name="lecun_normal",
    about="the same variance, normally distributed, as selu wants it",
    distribution="normal",
    formulas=(("mean", "0"), ("std", "sqrt(1/fan_in)")),
    source=f"{_LECUN}, section 4.6",
)
FAN_IN_UNIFORM = Initial(
    name="fan_in_uniform",
    about='what PyTorch\'s dense layers and convolutions begin with; init = "pytorch" in a spec '
    "gives it to all of them, to their biases too, and to other layers what they have there",
    distribution="uniform",
    formulas=(("low", "-sqrt(1/fan_in)"), ("high", "sqrt(1/fan_in)")),
    source=f"{_LECUN}, section 4.6, as PyTorch has it",
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
TRUNCATED_NORMAL = Initial(
    name="truncated_normal",
    about="normally distributed, drawn again where a number is beyond a limit",
    distribution="truncated_normal",
    formulas=(("mean", "mean"), ("std", "std"), ("low", "low"), ("high", "high")),
    attributes=(
        Attribute("mean", "number", "the mean, were there no limits", default=Fraction("0")),
        Attribute(
            "std", "positive", "the standard deviation, were there none", default=Fraction("0.1")
        ),
        Attribute("low", "number", "the lower limit", default=Fraction("-0.2"), below="high"),
        Attribute("high", "number", "the upper limit", default=Fraction("0.2")),
    ),
)
ORTHOGONAL = Initial(
    name="orthogonal",
    about="rows, or columns where they are fewer, at right angles and of one length; further axes "
    "count as columns",
    distribution="orthogonal",
    formulas=(("gain", "gain"),),
    attributes=(Attribute("gain", "positive", "that length", default=Fraction(1)),),
    source="Saxe, McClelland & Ganguli 2014, Exact solutions to the nonlinear dynamics of "
    "learning, section 3",
)
EYE = Initial(
    name="eye",
    about="1 where row and column have one number, else 0; for a parameter of two axes",
    distribution="eye",
    formulas=(("gain", "gain"),),
    attributes=(Attribute("gain", "number", "what stands for the 1", default=Fraction(1)),),
    source="Le, Jaitly & Hinton 2015, A simple way to initialize recurrent networks, section 3",
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
    LECUN_UNIFORM,
    LECUN_NORMAL,
    FAN_IN_UNIFORM,
    UNIFORM,
    NORMAL,
    TRUNCATED_NORMAL,
    ORTHOGONAL,
    EYE,
    ZEROS,
    CONSTANT,
    VALUES,
)
