"""Layers that are one thing in training and another in inference."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Entry, Example, Parameter, Unfit, Use
from derive.ir.system import MODE, Draw, Initializer

_AXES = "ijk"
_ONES = Initializer("constant", (("value", Fraction(1)),))


def _batch_norm(axes: int) -> Entry:
    """One of the three: PyTorch has a name for each number of axes behind the channels."""
    ranks = (2, 3) if axes == 1 else (axes + 2,)

    def equations(use: Use) -> str:
        if use.rank not in ranks:
            axes = " or ".join(str(r - 1) for r in ranks)
            raise Unfit(
                f"the input has {use.rank - 1} axes without the batch's, and this one takes {axes}"
            )
        letters = "".join(f",{c}" for c in _AXES[: use.rank - 2])
        count = "*".join(f"size({c})" for c in ("n", *_AXES[: use.rank - 2]))
        scaled = f"(x[n,c{letters}] - m[c])/sqrt(v[c] + eps)"
        if use.attributes["affine"]:
            scaled = f"g[c]*{scaled} + b[c]"
        return f"""\
mu[c] = mean(n{letters}, x[n,c{letters}])
s[c] = mean(n{letters}, (x[n,c{letters}] - mu[c])**2)
m[c] = where(on > 0, mu[c], running_mean[c])
v[c] = where(on > 0, s[c], running_var[c])
y[n,c{letters}] = {scaled}
count = {count}
next(running_mean)[c] = (1 - momentum)*running_mean[c] + momentum*mu[c]
next(running_var)[c] = (1 - momentum)*running_var[c] \
+ momentum*s[c]*count/maximum(count - 1, 1)"""

    def parameters(use: Use) -> tuple[Parameter, ...]:
        if not use.attributes["affine"]:
            return ()
        return (Parameter("g", _ONES), Parameter("b", Initializer("zeros")))

    return Entry(
        name=f"batch_norm{axes}d",
        about="each channel (axis 1) with mean 0 and variance 1: over the batch in training, by "
        "running statistics in inference. As PyTorch has it, the batch is divided by the root of "
        "its biased variance, and the unbiased one enters the running one with weight momentum",
        equations=equations,
        parameters=parameters,
        buffers=(
            Parameter("running_mean", Initializer("zeros")),
            Parameter("running_var", _ONES),
        ),
        draws=(("on", Draw(MODE)),),
        attributes=(
            Attribute("eps", "positive", "is added to the variance", default=Fraction("1e-5")),
            Attribute(
                "momentum", "probability", "the weight of the new batch", default=Fraction("0.1")
            ),
            Attribute("affine", "flag", "whether a scale and a shift are learned", default=True),
        ),
        example=Example((4, *(3,) * (ranks[-1] - 2))),
        source="Ioffe & Szegedy 2015, Batch normalization, algorithm 1",
    )


def _dropout(use: Use) -> str:
    if use.attributes["p"] == 1:  # nothing is kept, and 1 - p divides nothing
        return "y[n,...] = where(on > 0, 0, x[n,...])"
    return "y[n,...] = x[n,...]*mask[n,...]/(1 - p)"


def _kept(use: Use) -> tuple[tuple[str, Draw], ...]:
    if use.attributes["p"] == 1:
        return (("on", Draw(MODE)),)
    return (("mask", Draw("bernoulli", (("p", float(1 - use.attributes["p"])),))),)


DROPOUT = Entry(
    name="dropout",
    about="each entry is 0 with probability p in training, and the others are larger, so that the "
    "mean stays; in inference the value itself",
    equations=_dropout,
    draws=_kept,
    attributes=(Attribute("p", "probability", "the probability of 0", default=Fraction("0.5")),),
    source="Srivastava et al. 2014, Dropout, section 4, scaled as in section 10",
)

LAYERS = (*(_batch_norm(axes) for axes in (1, 2, 3)), DROPOUT)
