"""Optimisers: updates of a parameter `w` by its gradient `g`."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.optimizers import adaptive, muon, second_order
from derive.catalogue.optimizers.schedules import WEIGHT_DECAY, direction, moved, settings, written
from derive.catalogue.rows import Attribute, Optimizer, Use


def _sgd(use: Use) -> str:
    lines, g = direction(use, once=not use.attributes["nesterov"])
    if not use.attributes["momentum"]:
        return written(use, [*lines, moved(use, g)])
    lines.append(f"next(m)[...] = momentum*m[...] + {g}")
    if use.attributes["nesterov"]:
        return written(use, [*lines, moved(use, f"({g} + momentum*next(m)[...])")])
    return written(use, [*lines, moved(use, "next(m)[...]")])


SGD = Optimizer(
    name="sgd",
    about="a step against the gradient of a batch, with momentum if asked, as PyTorch's SGD",
    equations=_sgd,
    attributes=(
        *settings("0.1"),
        WEIGHT_DECAY,
        Attribute(
            "momentum", "probability", "how much of the last step stays", default=Fraction(0)
        ),
        Attribute(
            "nesterov", "flag", "whether the gradient is taken one step ahead", default=False
        ),
    ),
    source="Rumelhart, Hinton & Williams 1986, eq. 8 and 9; L2: Goodfellow et al. 2016, eq. 7.4; "
    "nesterov: Sutskever et al. 2013, eq. 3 and 4",
)

OPTIMIZERS = (SGD, *adaptive.OPTIMIZERS, *muon.OPTIMIZERS, *second_order.OPTIMIZERS)
