"""Optimisers that give each entry of a parameter a step of its own length."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.optimizers.schedules import (
    DECOUPLED,
    WEIGHT_DECAY,
    direction,
    moved,
    rate,
    settings,
    written,
)
from derive.catalogue.rows import Attribute, Optimizer, Use


def share(name: str, meaning: str, default: str) -> Attribute:
    """A share: a number from 0 to 1."""
    return Attribute(name, "probability", meaning, default=Fraction(default))


def small(default: str = "1e-8") -> Attribute:
    """A small number that is added to a divisor."""
    meaning = "keeps the divisor from 0; with 0 a gradient that was always 0 gives no number"
    return Attribute("eps", "non-negative", meaning, default=Fraction(default))


BETAS = (
    share("beta1", "how much of the mean of the gradients stays", "0.9"),
    share("beta2", "how much of the mean of their squares stays", "0.999"),
)
_FIRST = "next(m)[...] = beta1*m[...] + (1 - beta1)*{g}"
_SECOND = "next(v)[...] = beta2*v[...] + (1 - beta2)*{g}**2"


def _adagrad(use: Use) -> str:
    lines, g = direction(use)
    lines.append(f"next(s)[...] = s[...] + {g}**2")
    if use.attributes["lr_decay"]:
        root = "((sqrt(next(s)[...]) + eps)*(1 + (next(step) - 1)*lr_decay))"
        return written(use, [*lines, moved(use, f"{g}/{root}")], counts=True)
    return written(use, [*lines, moved(use, f"{g}/(sqrt(next(s)[...]) + eps)")])


def _adadelta(use: Use) -> str:
    lines, g = direction(use)
    lines += [
        f"next(s)[...] = rho*s[...] + (1 - rho)*{g}**2",
        f"d[...] = sqrt(a[...] + eps)/sqrt(next(s)[...] + eps)*{g}",
        "next(a)[...] = rho*a[...] + (1 - rho)*d[...]**2",
    ]
    return written(use, [*lines, moved(use, "d[...]")])


def _rmsprop(use: Use) -> str:
    lines, g = direction(use)
    lines.append(f"next(s)[...] = alpha*s[...] + (1 - alpha)*{g}**2")
    square = "next(s)[...]"
    if use.attributes["centered"]:
        lines.append(f"next(a)[...] = alpha*a[...] + (1 - alpha)*{g}")
        square = "next(s)[...] - next(a)[...]**2"
    step = f"{g}/(sqrt({square}) + eps)"
    if use.attributes["momentum"]:
        lines.append(f"next(m)[...] = momentum*m[...] + {step}")
        step = "next(m)[...]"
    return written(use, [*lines, moved(use, step)])


def adam_step(use: Use, lines: list[str], g: str, weight: str = "w[...]", pace: str = "") -> str:
    """Adam's means and its step; `weight` is what the step begins at, `pace` its length."""
    lines += [_FIRST.format(g=g), _SECOND.format(g=g)]
    second = "next(v)[...]"
    if use.attributes.get("amsgrad"):
        lines.append("next(h)[...] = maximum(h[...], next(v)[...])")
        second = "next(h)[...]"
    lines += [
        "c1 = 1 - beta1**next(step)",
        "c2 = 1 - beta2**next(step)",
        moved(use, f"next(m)[...]/c1/(sqrt({second}/c2) + eps)", weight, pace),
    ]
    return written(use, lines, counts=True)


def _adam(use: Use) -> str:
    return adam_step(use, *direction(use))


def decayed(use: Use, pace: str = "") -> str:
    """The parameter less what decays of it, beside the gradient."""
    if not use.attributes["weight_decay"]:
        return "w[...]"
    return f"w[...]*(1 - {pace or rate(use)}*weight_decay)"


def _adamw(use: Use) -> str:
    return adam_step(use, *direction(use, decay=False), decayed(use))


def _nadam(use: Use) -> str:
    lines, g = direction(use)
    lines += [
        _FIRST.format(g=g),
        _SECOND.format(g=g),
        "mu = beta1*(1 - 0.96**(next(step)*momentum_decay)/2)",
        "mu2 = beta1*(1 - 0.96**((next(step) + 1)*momentum_decay)/2)",
        "next(factor2) = factor2*mu",
        "c2 = 1 - beta2**next(step)",
        f"d[...] = (1 - mu)/(1 - next(factor2))*{g} + mu2/(1 - next(factor2)*mu2)*next(m)[...]",
        moved(use, "d[...]/(sqrt(next(v)[...]/c2) + eps)"),
    ]
    return written(use, lines, counts=True)


def _adamax(use: Use) -> str:
    lines, g = direction(use)
    lines += [
        _FIRST.format(g=g),
        f"next(v)[...] = maximum(beta2*v[...], abs({g}) + eps)",
        "c1 = 1 - beta1**next(step)",
        moved(use, "next(m)[...]/c1/next(v)[...]"),
    ]
    return written(use, lines, counts=True)


def _radam(use: Use) -> str:
    lines, g = direction(use)
    lines += [
        _FIRST.format(g=g),
        _SECOND.format(g=g),
        "c1 = 1 - beta1**next(step)",
        "c2 = 1 - beta2**next(step)",
        "most = 2/(1 - beta2) - 1",
        "rho = most - 2*next(step)*beta2**next(step)/c2",
        "r = sqrt(maximum((rho - 4)*(rho - 2)*most, 0)/((most - 4)*(most - 2)*maximum(rho, 4)))",
        moved(
            use,
            "next(m)[...]/c1*where(rho > 5, r*sqrt(c2)/(sqrt(next(v)[...]) + eps), 1)",
        ),
    ]
    return written(use, lines, counts=True)


def _lion(use: Use) -> str:
    lines, g = direction(use, decay=False)
    lines += [
        f"d[...] = sign(beta1*m[...] + (1 - beta1)*{g})",
        f"next(m)[...] = beta2*m[...] + (1 - beta2)*{g}",
        moved(use, "d[...]", decayed(use)),
    ]
    return written(use, lines)


def _lamb(use: Use) -> str:
    lines, g = direction(use, decay=False)
    lines += [
        _FIRST.format(g=g),
        _SECOND.format(g=g),
        "c1 = 1 - beta1**next(step)",
        "c2 = 1 - beta2**next(step)",
        "d[...] = next(m)[...]/c1/(sqrt(next(v)[...]/c2) + eps) + weight_decay*w[...]",
        "a = sum(..., w[...]**2)",
        "b = sum(..., d[...]**2)",
        "trust = where(a > 0 and b > 0, sqrt(a/maximum(b, 1e-300)), 1)",
        moved(use, "trust*d[...]"),
    ]
    return written(use, lines, counts=True)


_KINGMA = "Kingma & Ba 2015, Adam, algorithm"
_AMSGRAD = Attribute(
    "amsgrad", "flag", "whether the largest mean of squares so far counts", default=False
)

ADAGRAD = Optimizer(
    name="adagrad",
    about="shorter steps where gradients were large, as PyTorch's Adagrad",
    equations=_adagrad,
    attributes=(
        *settings("0.01"),
        WEIGHT_DECAY,
        Attribute("lr_decay", "non-negative", "how fast all steps shrink", default=Fraction(0)),
        small("1e-10"),
    ),
    source="Duchi, Hazan & Singer 2011, Adaptive subgradient methods, figure 1",
)
ADADELTA = Optimizer(
    name="adadelta",
    about="steps of the size of the last ones, as PyTorch's Adadelta",
    equations=_adadelta,
    attributes=(
        *settings("1"),
        WEIGHT_DECAY,
        share("rho", "how much of the means of squares stays", "0.9"),
        small("1e-6"),
    ),
    source="Zeiler 2012, Adadelta, algorithm 1",
)
RMSPROP = Optimizer(
    name="rmsprop",
    about="gradients over the root of the mean of their squares, as PyTorch's RMSprop",
    equations=_rmsprop,
    attributes=(
        *settings("0.01"),
        WEIGHT_DECAY,
        share("alpha", "how much of the mean of squares stays", "0.99"),
        share("momentum", "how much of the last step stays", "0"),
        Attribute("centered", "flag", "whether the mean's own square is taken off", default=False),
        small(),
    ),
    source="Tieleman & Hinton 2012, Lecture 6.5; centered: Graves 2013, eq. 38 to 45",
)
ADAM = Optimizer(
    name="adam",
    about="means of the gradients over the root of the mean of their squares, both freed of their "
    "beginning at 0, as PyTorch's Adam",
    equations=_adam,
    attributes=(*settings("0.001"), WEIGHT_DECAY, *BETAS, _AMSGRAD, small()),
    source=f"{_KINGMA} 1; amsgrad: Reddi, Kale & Kumar 2018, algorithm 2",
)
ADAMW = Optimizer(
    name="adamw",
    about="adam with a decay of the weights beside the gradient, as PyTorch's AdamW",
    equations=_adamw,
    attributes=(*settings("0.001"), DECOUPLED, *BETAS, _AMSGRAD, small()),
    source="Loshchilov & Hutter 2019, Decoupled weight decay regularization, algorithm 2",
)
NADAM = Optimizer(
    name="nadam",
    about="adam with Nesterov's look ahead, as PyTorch's NAdam",
    equations=_nadam,
    attributes=(
        *settings("0.002"),
        WEIGHT_DECAY,
        *BETAS,
        Attribute(
            "momentum_decay", "non-negative", "how fast beta1 is reached", default=Fraction("0.004")
        ),
        small(),
    ),
    source="Dozat 2016, Incorporating Nesterov momentum into Adam, algorithm 2",
)
ADAMAX = Optimizer(
    name="adamax",
    about="adam with the largest gradient in place of the mean of squares, as PyTorch's Adamax",
    equations=_adamax,
    attributes=(*settings("0.002"), WEIGHT_DECAY, *BETAS, small()),
    source=f"{_KINGMA} 2",
)
RADAM = Optimizer(
    name="radam",
    about="adam that begins with plain momentum while the mean of squares is little known, as "
    "PyTorch's RAdam",
    equations=_radam,
    attributes=(*settings("0.001"), WEIGHT_DECAY, *BETAS, small()),
    source="Liu et al. 2020, On the variance of the adaptive learning rate, algorithm 2",
)
LION = Optimizer(
    name="lion",
    about="steps of one length, by the sign of a mean of the gradients",
    equations=_lion,
    attributes=(
        *settings("0.0001"),
        DECOUPLED,
        share("beta1", "how much of the mean counts beside the gradient", "0.9"),
        share("beta2", "how much of the mean of the gradients stays", "0.99"),
    ),
    source="Chen et al. 2023, Symbolic discovery of optimization algorithms, program 1",
)
LAMB = Optimizer(
    name="lamb",
    about="adam whose step is as long as a share of the parameter, for large batches",
    equations=_lamb,
    attributes=(*settings("0.001"), DECOUPLED, *BETAS, small("1e-6")),
    source="You et al. 2020, Large batch optimization for deep learning, algorithm 2",
)

OPTIMIZERS = (ADAGRAD, ADADELTA, RMSPROP, ADAM, ADAMW, NADAM, ADAMAX, RADAM, LION, LAMB)
