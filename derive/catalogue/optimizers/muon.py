"""Optimisers that move a matrix as a whole, and all other parameters entry by entry."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.optimizers.adaptive import BETAS, adam_step, decayed, share, small
from derive.catalogue.optimizers.schedules import direction, rate, settings
from derive.catalogue.rows import Attribute, Optimizer, Use

_TIMES = 5
# Of each singular value s of X an iteration makes 3.4445 s - 4.7750 s^3 + 2.0315 s^5; after five
# they lie about 1. P and Q have the third and the fifth powers: so said, (X X^T) X and X (X^T X)
# are one sum, and whoever computes it takes the cheaper of the two.
_ITERATION = (
    "P{new}[i,j] = sum(k,l, X{old}[i,l]*X{old}[k,l]*X{old}[k,j])",
    "Q{new}[i,j] = sum(k,l, P{new}[i,l]*X{old}[k,l]*X{old}[k,j])",
    "X{new}[i,j] = 3.4445*X{old}[i,j] - 4.7750*P{new}[i,j] + 2.0315*Q{new}[i,j]",
)
_LENGTHS = {
    "original": "sqrt(maximum(1, size(i)/size(j)))",
    "match_rms_adamw": "0.2*sqrt(maximum(size(i), size(j)))",
}


def _muon(use: Use) -> str:
    lines, g = direction(use, decay=False)
    own = g.replace("[...]", "[i,j]")
    lines.append(f"next(m)[i,j] = momentum*m[i,j] + (1 - momentum)*{own}")
    mean = "next(m)[i,j]"
    if use.attributes["nesterov"]:
        lines.append(f"a[i,j] = momentum*next(m)[i,j] + (1 - momentum)*{own}")
        mean = "a[i,j]"
    lines += [f"s = sum(i,j, {mean}**2)", f"X0[i,j] = {mean}/(sqrt(s) + eps)"]
    for k in range(_TIMES):
        lines += [text.format(old=k, new=k + 1) for text in _ITERATION]
    weight = decayed(use).replace("[...]", "[i,j]")
    length = _LENGTHS[use.attributes["adjust_lr_fn"]]
    lines.append(f"next(w)[i,j] = {weight} - {rate(use)}*{length}*X{_TIMES}[i,j]")
    pace = rate(use)
    if use.attributes["adamw_scale"] != 1:
        lines.append(f"pace = {pace}*adamw_scale")
        pace = "pace"
    return adam_step(use, lines, g, decayed(use, pace), pace)


MUON = Optimizer(
    name="muon",
    about="a matrix moves by the mean of its gradients with all singular values made about 1, as "
    "PyTorch's Muon; every other parameter as by adamw",
    equations=_muon,
    attributes=(
        *settings("0.001"),
        Attribute(
            "weight_decay",
            "non-negative",
            "at each step a parameter loses this share of itself, times the learning rate",
            default=Fraction("0.1"),
        ),
        share("momentum", "how much of the mean of a matrix' gradients stays", "0.95"),
        Attribute("nesterov", "flag", "whether the mean is taken one step ahead", default=True),
        Attribute(
            "adjust_lr_fn",
            "choice",
            "how a matrix' step grows with its size: original with the root of rows over columns, "
            "match_rms_adamw with that of the larger one, so that it is as long as adamw's",
            default="original",
            choices=tuple(_LENGTHS),
        ),
        Attribute(
            "adamw_scale",
            "positive",
            "the learning rate of what is no matrix, over that of matrices",
            default=Fraction(1),
        ),
        *BETAS,
        small("1e-7"),
    ),
    source="Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks; "
    "match_rms_adamw: Liu et al. 2025, Muon is scalable for LLM training, eq. 4; adamw: "
    "Loshchilov & Hutter 2019, algorithm 2",
)

OPTIMIZERS = (MUON,)
