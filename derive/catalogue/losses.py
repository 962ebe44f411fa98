"""Objectives: what the output `y` costs beside the target `t`."""

from __future__ import annotations

from derive.catalogue.entry import Attribute, Loss, Use

_SHIFTED = """\
m[n,...] = hold(max(i, y[n,...,i]))
s[n,...] = sum(i, exp(y[n,...,i] - m[n,...]))
p[n,...,i] = exp(y[n,...,i] - m[n,...])/s[n,...]
"""


def _softmax_cross_entropy(use: Use) -> str:
    if use.attributes["targets"] == "classes":
        cost = "E = sum(n,..., log(s[n,...]) + m[n,...] - y[n,...,t[n,...]])/size(n)"
    else:
        cost = "E = sum(n,...,i, t[n,...,i]*(log(s[n,...]) + m[n,...] - y[n,...,i]))/size(n)"
    return _SHIFTED + cost


def _kind_of_target(use: Use) -> str:
    return str(use.attributes["targets"])


SQUARED_ERROR = Loss(
    name="squared_error",
    about="half the squared error, summed over the outputs, its mean over the batch",
    equations="E = sum(n,..., (y[n,...] - t[n,...])**2)/(2*size(n))",
    source="Rumelhart, Hinton & Williams 1986, eq. 3",
)
MSE = Loss(
    name="mse",
    about="the mean of the squared error over all outputs and the batch, as PyTorch's MSELoss",
    equations="E = mean(n,..., (y[n,...] - t[n,...])**2)",
    source="Goodfellow, Bengio & Courville 2016, eq. 5.4",
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
SOFTMAX_CROSS_ENTROPY = Loss(
    name="softmax_cross_entropy",
    about="of logits y along the last axis, summed over what lies between, its mean over the "
    "batch; the probabilities are p. The shift m changes no value and keeps exp from "
    "overflowing, so it is held constant",
    equations=_softmax_cross_entropy,
    attributes=(
        Attribute(
            "targets",
            "choice",
            "a weight for each class (one_hot, or any distribution), or the number of the class, "
            "counted from 0",
            default="one_hot",
            choices=("one_hot", "classes"),
        ),
    ),
    target=_kind_of_target,
    probabilities="p",
    assume="sum(i, t[n,i]) == 1",
    source="Bishop 2006, eq. 5.24",
)

LOSSES = (
    SQUARED_ERROR,
    MSE,
    BINARY_CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY_WITH_LOGITS,
    SOFTMAX_CROSS_ENTROPY,
)
