"""Objectives for targets that are numbers."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Loss, Use


def _poisson_nll(use: Use) -> str:
    logarithm = use.attributes["log_input"]
    cost = "exp(y[n,...]) - t[n,...]*y[n,...]"
    if not logarithm:
        cost = "y[n,...] - t[n,...]*log(y[n,...] + eps)"
    if use.attributes["full"]:
        stirling = "t[n,...]*log(t[n,...]) - t[n,...] + log(2*pi*t[n,...])/2"
        cost += f" + where(t[n,...] > 1, {stirling}, 0)"
    return f"E = mean(n,..., {cost})"


def _gaussian_nll(use: Use) -> str:
    lifted = "eps + variance[n,...] - hold(variance[n,...])"
    constant = " + log(2*pi)/2" if use.attributes["full"] else ""
    return f"""\
v[n,...] = where(variance[n,...] > eps, variance[n,...], {lifted})
E = mean(n,..., (log(v[n,...]) + (y[n,...] - t[n,...])**2/v[n,...])/2){constant}"""


def _smooth_l1(use: Use) -> str:
    if use.attributes["beta"] == 0:
        return "E = mean(n,..., abs(y[n,...] - t[n,...]))"
    return """\
r[n,...] = y[n,...] - t[n,...]
E = mean(n,..., where(abs(r[n,...]) < beta, r[n,...]**2/(2*beta), abs(r[n,...]) - beta/2))"""


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
MAE = Loss(
    name="mae",
    about="the mean of the absolute error over all outputs and the batch, as PyTorch's L1Loss",
    equations="E = mean(n,..., abs(y[n,...] - t[n,...]))",
    source="Bishop 2006, section 1.5.5",
    kink="where y = t the derivative is taken as 0",
)
HUBER = Loss(
    name="huber",
    about="half the squared error up to delta, and from there on a straight line with slope delta; "
    "its mean over all outputs and the batch, as PyTorch's HuberLoss",
    equations="""\
r[n,...] = y[n,...] - t[n,...]
E = mean(n,..., where(abs(r[n,...]) <= delta, r[n,...]**2/2, delta*(abs(r[n,...]) - delta/2)))""",
    attributes=(
        Attribute("delta", "positive", "the error from which on it is a line", default=Fraction(1)),
    ),
    source="Huber 1964, Robust estimation of a location parameter",
)
SMOOTH_L1 = Loss(
    name="smooth_l1",
    about="the absolute error, rounded off below beta: huber with delta = beta, divided by beta; "
    "its mean over all outputs and the batch, as PyTorch's SmoothL1Loss. With beta = 0 it is mae",
    equations=_smooth_l1,
    attributes=(
        Attribute(
            "beta", "non-negative", "the error from which on it is a line", default=Fraction(1)
        ),
    ),
    kink="with beta = 0, where y = t the derivative is taken as 0",
    source="Girshick 2015, Fast R-CNN, eq. 3",
)
POISSON_NLL = Loss(
    name="poisson_nll",
    about="of rates y of a Poisson distribution, or of their logarithms, the negative log "
    "likelihood of counts t; its mean over all outputs and the batch, as PyTorch's PoissonNLLLoss",
    equations=_poisson_nll,
    attributes=(
        Attribute(
            "log_input",
            "flag",
            "whether y is the rate's logarithm; the rate exp(y) overflows from y = 710 on, in "
            "float32 from 89 on",
            default=True,
        ),
        Attribute("full", "flag", "whether log(t!) is added, by Stirling's formula", default=False),
        Attribute(
            "eps", "positive", "what a rate gets before its logarithm", default=Fraction("1e-8")
        ),
    ),
    source="Nelder & Wedderburn 1972, Generalized linear models",
)
GAUSSIAN_NLL = Loss(
    name="gaussian_nll",
    about="of means y and variances that the network gives, the negative log likelihood of t under "
    "normal distributions; its mean over all outputs and the batch, as PyTorch's GaussianNLLLoss. "
    "A variance below eps counts as eps, and the derivative passes there as if it were none below",
    equations=_gaussian_nll,
    inputs=("y", "variance"),
    attributes=(
        Attribute("full", "flag", "whether the constant log(2*pi)/2 is added", default=False),
        Attribute("eps", "positive", "the least variance", default=Fraction("1e-6")),
    ),
    source="Nix & Weigend 1994, Estimating the mean and variance of the target probability "
    "distribution",
    kink="a variance below eps has the derivative that it would have at eps",
)

LOSSES = (SQUARED_ERROR, MSE, MAE, HUBER, SMOOTH_L1, POISSON_NLL, GAUSSIAN_NLL)
