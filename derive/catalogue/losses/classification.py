"""Objectives for targets that are classes, or chances of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from derive.catalogue.rows import Attribute, Extents, Loss, Parameter, Unfit, Use
from derive.ir.input_limits import Inside, Limit
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

_SHIFTED = """\
m[n,...] = hold(max(i, y[n,...,i]))
s[n,...] = sum(i, exp(y[n,...,i] - m[n,...]))
p[n,...,i] = exp(y[n,...,i] - m[n,...])/s[n,...]
"""
# Where no target counts, a sum of weights is 0; nothing is lost then, and nothing divided by 0.
_LEAST_WEIGHT = "1e-30"
_PLACES = "jklmopqrabcdefghstuvwxyz"


def _weights(use: Use) -> tuple[Parameter, ...]:
    """Class weights, kept beside the parameters as numbers that nothing moves."""
    weight: Sequence[Fraction] | None = use.attributes["weight"]
    if weight is None:
        return ()
    return (Parameter("weight", Initializer("values", (("values", tuple(weight)),))),)


def _weight_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    weight: Sequence[Fraction] | None = use.attributes["weight"]
    if weight is None:
        return {}
    classes = use.shapes[0][-1].number
    if classes not in (None, len(weight)):
        raise Unfit(f"weight has {len(weight)} numbers for {classes} classes; give one for each")
    return {("weight", 0): affine(len(weight))}


def _counts(use: Use) -> str:
    """The weight of a target by its class; nothing where every target counts 1."""
    ignored = use.attributes.get("ignore_index")
    weight = "1" if use.attributes["weight"] is None else "weight[t[n,...]]"
    if ignored is not None:
        return f"where(t[n,...] == {ignored}, 0, {weight})"
    return "" if weight == "1" else weight


def _softmax_cross_entropy(use: Use) -> str:
    by_class = use.attributes["targets"] == "classes"
    ignored = use.attributes["ignore_index"]
    if ignored is not None and not by_class:
        raise Unfit('ignore_index is the number of a class; write targets = "classes"')
    text = _SHIFTED
    counts = _counts(use) if by_class else ""
    weighed = f"maximum(sum(n,..., w[n,...]), {_LEAST_WEIGHT})"
    if counts:
        text += f"w[n,...] = {counts}\n"
    if by_class and not use.attributes["label_smoothing"]:
        cost = "log(s[n,...]) - (y[n,...,t[n,...]] - m[n,...])"
        if counts:
            return f"{text}E = sum(n,..., w[n,...]*({cost}))/{weighed}"
        return f"{text}E = mean(n,..., {cost})"
    target = "t[n,...,i]"
    if use.attributes["label_smoothing"]:
        hit = "(i == t[n,...])" if by_class else target
        smooth = f"(1 - label_smoothing)*{hit} + label_smoothing/size(i)"
        if ignored is not None:
            smooth = f"where(t[n,...] == {ignored}, 0, {smooth})"
        text += f"q[n,...,i] = {smooth}\n"
        target = "q[n,...,i]"
    if use.attributes["weight"] is not None:
        target = f"weight[i]*{target}"
    cost = f"{target}*(log(s[n,...]) - (y[n,...,i] - m[n,...]))"
    if counts:
        return f"{text}E = sum(n,...,i, {cost})/{weighed}"
    return f"{text}E = mean(n,..., sum(i, {cost}))"


def _nll(use: Use) -> str:
    counts = _counts(use)
    shown = "p[n,...,i] = exp(y[n,...,i])\n"
    if not counts:
        return f"{shown}E = -mean(n,..., y[n,...,t[n,...]])"
    return f"""\
{shown}w[n,...] = {counts}
E = -sum(n,..., w[n,...]*y[n,...,t[n,...]])/maximum(sum(n,..., w[n,...]), {_LEAST_WEIGHT})"""


def _kl_divergence(use: Use) -> str:
    if use.attributes["log_target"]:
        return "E = sum(n,..., exp(t[n,...])*(t[n,...] - y[n,...]))/size(n)"
    return "E = sum(n,..., where(t[n,...] > 0, t[n,...]*(log(t[n,...]) - y[n,...]), 0))/size(n)"


def _multi_margin(use: Use) -> str:
    power = use.attributes["p"]
    if power not in (1, 2):
        raise Unfit(f"p = {power}: give 1 or 2")
    weight = "" if use.attributes["weight"] is None else "weight[t[n,...]]*"
    return f"""\
r[n,...,i] = where(i == t[n,...], 0, relu(y[n,...,i] - y[n,...,t[n,...]] + margin))
E = mean(n,...,i, {weight}r[n,...,i]{"**2" * (power == 2)})"""


def _dice(use: Use) -> str:
    power = "**2" if use.attributes["squared"] else ""
    cost = "1 - (2*shared[n] + smooth)/(whole[n] + smooth)"
    if not use.attributes["smooth"]:  # nothing there and nothing found is right: the limit is 0
        cost = "where(whole[n] > 0, 1 - 2*shared[n]/whole[n], 0)"
    return f"""\
shared[n] = sum(..., y[n,...]*t[n,...])
whole[n] = sum(..., y[n,...]{power}) + sum(..., t[n,...]{power})
E = mean(n, {cost})"""


def _kind_of_target(use: Use) -> str:
    return "classes" if use.attributes["targets"] == "classes" else "one_hot"


def _rows_sum_to_one(use: Use) -> str:
    """What a target is, where it isn't just a weight for each class."""
    if use.attributes["targets"] not in ("one_hot", "distribution"):
        return ""
    return f"sum(i, t[{','.join(('n', *_PLACES[: use.rank - 2]))},i]) == 1"


def _classes(use: Use) -> tuple[Limit, ...]:
    """Targets that are classes are those of the output, or what isn't to count."""
    if use.attributes.get("targets", "classes") != "classes":
        return ()
    ignored = use.attributes.get("ignore_index")
    return (Inside("t", "y", -1, () if ignored is None else (ignored,)),)


_WEIGHT = Attribute(
    "weight",
    "numbers",
    "what each class weighs; kept in params, where no gradient moves it",
    default=None,
    sample=[1, 2, 3],
)
_IGNORE_INDEX = Attribute(
    "ignore_index",
    "integer",
    "the class of targets that don't count, one of the output's or another number such as -100",
    default=None,
)

BINARY_CROSS_ENTROPY = Loss(
    name="binary_cross_entropy",
    about="of probabilities y, its mean over all outputs and the batch, as PyTorch's BCELoss. "
    "A probability below 1e-30 counts as 1e-30, so that no logarithm is infinite (PyTorch stops "
    "the logarithm at -100). binary_cross_entropy_with_logits needs no such limit",
    equations="""\
u[n,...] = maximum(y[n,...], 1e-30)
v[n,...] = maximum(1 - y[n,...], 1e-30)
E = -mean(n,..., t[n,...]*log(u[n,...]) + (1 - t[n,...])*log(v[n,...]))""",
    target="binary",
    probabilities="y",
    source="Bishop 2006, eq. 5.21",
    kink="where y is exactly at a limit, half of the derivative passes; beyond it, none",
)
BINARY_CROSS_ENTROPY_WITH_LOGITS = Loss(
    name="binary_cross_entropy_with_logits",
    about="of logits y, its mean over all outputs and the batch, as PyTorch's BCEWithLogitsLoss; "
    "the probabilities are p",
    equations="""\
p[n,...] = sigmoid(y[n,...])
E = mean(n,..., softplus(y[n,...]) - t[n,...]*y[n,...])""",
    target="binary",
    probabilities="p",
    source="Goodfellow, Bengio & Courville 2016, eq. 6.26",
)
FOCAL = Loss(
    name="focal",
    about="of logits y and targets 0 or 1, a cross-entropy in which what is well classified counts "
    "less: -a*(1 - q)**gamma*log(q) for the probability q = sigmoid(z) of the right answer; its "
    "mean over all outputs and the batch. The probabilities are p",
    equations="""\
p[n,...] = sigmoid(y[n,...])
z[n,...] = (2*t[n,...] - 1)*y[n,...]
a[n,...] = alpha*t[n,...] + (1 - alpha)*(1 - t[n,...])
E = mean(n,..., a[n,...]*exp(-gamma*softplus(z[n,...]))*softplus(-z[n,...]))""",
    attributes=(
        Attribute("alpha", "probability", "what a target 1 weighs", default=Fraction("0.25")),
        Attribute("gamma", "non-negative", "how much less", default=Fraction(2)),
    ),
    target="binary",
    probabilities="p",
    source="Lin, Goyal, Girshick, He & Dollár 2017, eq. 5",
)
SOFTMAX_CROSS_ENTROPY = Loss(
    name="softmax_cross_entropy",
    about="of logits y along the last axis, its mean over batch and places (the axes in between), "
    "as PyTorch's CrossEntropyLoss; the probabilities are p. The shift m changes no value and "
    'keeps exp from overflowing, so it is held constant. With targets = "classes" and a weight or '
    "ignore_index, it is divided by what the targets weigh together",
    equations=_softmax_cross_entropy,
    buffers=_weights,
    extents=Extents(axes=_weight_extents, limits=_classes),
    attributes=(
        Attribute(
            "targets",
            "choice",
            "a 1 in the place of the class (one_hot), the chance of each class (distribution), the "
            "number of the class, counted from 0 (classes), or any weight of each class (weights); "
            "that the rows of the first two sum to 1 is assumed",
            default="one_hot",
            choices=("one_hot", "distribution", "classes", "weights"),
        ),
        _WEIGHT,
        _IGNORE_INDEX,
        Attribute(
            "label_smoothing",
            "probability",
            "the share of each target that is spread over all classes (Szegedy et al. 2016, "
            "Rethinking the inception architecture, section 7)",
            default=Fraction(0),
            sample=Fraction("0.1"),
        ),
    ),
    target=_kind_of_target,
    probabilities="p",
    assume=_rows_sum_to_one,
    source="Bishop 2006, eq. 5.24",
)
NLL = Loss(
    name="nll",
    about="the negative of the log probability of the right class, from log probabilities y along "
    "the last axis, such as log_softmax gives; its mean over batch and places, by what the targets "
    "weigh, as PyTorch's NLLLoss. The probabilities are p",
    equations=_nll,
    buffers=_weights,
    extents=Extents(axes=_weight_extents, limits=_classes),
    attributes=(_WEIGHT, _IGNORE_INDEX),
    target="classes",
    probabilities="p",
    source="Bishop 2006, eq. 4.108",
)
KL_DIVERGENCE = Loss(
    name="kl_divergence",
    about="of log probabilities y from probabilities t, summed over all outputs, its mean over the "
    'batch, as PyTorch\'s KLDivLoss with reduction "batchmean"',
    equations=_kl_divergence,
    attributes=(
        Attribute("log_target", "flag", "whether t are log probabilities, too", default=False),
    ),
    source="Bishop 2006, eq. 1.113",
)
HINGE = Loss(
    name="hinge",
    about="how far a score y falls short of 1 on its target's side; targets are -1 or 1. Its mean "
    "over all outputs and the batch",
    equations="E = mean(n,..., relu(1 - t[n,...]*y[n,...]))",
    target="signs",
    source="Bishop 2006, eq. 7.45",
    kink="where t*y = 1 the derivative is taken as 0",
)
SQUARED_HINGE = Loss(
    name="squared_hinge",
    about="the square of hinge: how far a score y falls short of 1 on its target's side; targets "
    "are -1 or 1. Its mean over all outputs and the batch",
    equations="E = mean(n,..., relu(1 - t[n,...]*y[n,...])**2)",
    target="signs",
    source="Tang 2013, Deep learning using linear support vector machines",
)
MULTI_MARGIN = Loss(
    name="multi_margin",
    about="how far the right class falls short of a lead of margin over each other class, in "
    "scores y along the last axis: summed over the other classes, divided by the number of all, "
    "its mean over batch and places, as PyTorch's MultiMarginLoss",
    equations=_multi_margin,
    buffers=_weights,
    extents=Extents(axes=_weight_extents, limits=_classes),
    attributes=(
        Attribute("margin", "number", "the lead", default=Fraction(1)),
        Attribute("p", "integer", "the power of what is lacking: 1 or 2", default=1, sample=2),
        _WEIGHT,
    ),
    target="classes",
    source="Weston & Watkins 1999, Support vector machines for multi-class pattern recognition",
    kink="where the margin is just reached the derivative is taken as 0",
)
DICE = Loss(
    name="dice",
    about="1 less the overlap of probabilities y with targets t: twice what they share, divided by "
    "what they have together, over all outputs of a sample; its mean over the batch",
    equations=_dice,
    attributes=(
        Attribute(
            "smooth",
            "non-negative",
            "what is added above and below; with 0, a sample without anything in either costs 0",
            Fraction(1),
        ),
        Attribute("squared", "flag", "whether squares are summed below the line", default=False),
    ),
    target="binary",
    probabilities="y",
    source="Milletari, Navab & Ahmadi 2016, V-Net, section 3",
)

LOSSES = (
    BINARY_CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY_WITH_LOGITS,
    FOCAL,
    SOFTMAX_CROSS_ENTROPY,
    NLL,
    KL_DIVERGENCE,
    HINGE,
    SQUARED_HINGE,
    MULTI_MARGIN,
    DICE,
)
