"""Distributions, from which random tensors are drawn anew at every call in training."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Distribution
from derive.ir.system import MODE

BERNOULLI = Distribution(
    name="bernoulli",
    about="1 with probability p, else 0",
    attributes=(Attribute("p", "probability", "the probability of 1", default=Fraction("0.5")),),
)
NORMAL = Distribution(
    name="normal",
    about="normally distributed",
    attributes=(
        Attribute("mean", "number", "the mean", default=Fraction("0")),
        Attribute("std", "non-negative", "the standard deviation", default=Fraction("1")),
    ),
)
UNIFORM = Distribution(
    name="uniform",
    about="any number between two limits",
    attributes=(
        Attribute("low", "number", "the lower limit", default=Fraction("0"), below="high"),
        Attribute("high", "number", "the upper limit", default=Fraction("1")),
    ),
)
TRAINING = Distribution(
    name=MODE,
    about="1 in training, 0 in inference: where(on > 0, ...) tells the two apart",
)

DISTRIBUTIONS = (BERNOULLI, NORMAL, UNIFORM, TRAINING)
