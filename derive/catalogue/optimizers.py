"""How a parameter `w` moves when its gradient is `g`."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.entry import Attribute, Optimizer, Use


def _sgd(use: Use) -> str:
    if not use.attributes["weight_decay"]:
        return "next(w)[...] = w[...] - learning_rate*g[...]"
    return "next(w)[...] = w[...] - learning_rate*(g[...] + weight_decay*w[...])"


SGD = Optimizer(
    name="sgd",
    about="a step against the gradient of a batch",
    equations=_sgd,
    attributes=(
        Attribute("learning_rate", "positive", "the length of the step", default=Fraction("0.1")),
        Attribute(
            "weight_decay",
            "non-negative",
            "L2: the gradient of weight_decay/2 * sum of squares is added, for each parameter",
            default=Fraction("0"),
        ),
    ),
    source="Rumelhart, Hinton & Williams 1986, eq. 8; L2: Goodfellow et al. 2016, eq. 7.4",
)

OPTIMIZERS = (SGD,)
