"""Functions that follow a layer, entry by entry or along the last axis."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.entry import Attribute, Entry, Use


def _gelu(use: Use) -> str:
    if use.attributes["approximate"] == "none":
        return "y[n,...] = x[n,...]*(1 + erf(x[n,...]/sqrt(2)))/2"
    return "y[n,...] = x[n,...]*(1 + tanh(sqrt(2/pi)*(x[n,...] + 0.044715*x[n,...]**3)))/2"


IDENTITY = Entry(
    name="identity",
    about="the value itself: the output is another name for it",
    equations="y[n,...] = x[n,...]",
    is_alias=True,
    source="Bishop 2006, section 5.1",
)
SIGMOID = Entry(
    name="sigmoid",
    about="from 0 to 1: 1/(1 + exp(-x))",
    equations="y[n,...] = sigmoid(x[n,...])",
    source="Rumelhart, Hinton & Williams 1986, eq. 2",
)
TANH = Entry(
    name="tanh",
    about="from -1 to 1",
    equations="y[n,...] = tanh(x[n,...])",
    source="Bishop 2006, eq. 5.59",
)
RELU = Entry(
    name="relu",
    about="what is negative becomes 0",
    equations="y[n,...] = relu(x[n,...])",
    source="Glorot, Bordes & Bengio 2011, section 3",
    kink="at x = 0 the derivative is taken as 0",
)
LEAKY_RELU = Entry(
    name="leaky_relu",
    about="what is negative becomes small",
    equations="y[n,...] = where(x[n,...] > 0, x[n,...], negative_slope*x[n,...])",
    attributes=(
        Attribute("negative_slope", "number", "the slope left of 0", default=Fraction("0.01")),
    ),
    source="Maas, Hannun & Ng 2013, section 2",
    kink="at x = 0 the derivative is taken as negative_slope",
)
SOFTPLUS = Entry(
    name="softplus",
    about="a smooth relu: log(1 + exp(x))",
    equations="y[n,...] = softplus(x[n,...])",
    source="Goodfellow, Bengio & Courville 2016, eq. 3.31",
)
GELU = Entry(
    name="gelu",
    about="x times the chance that a standard normal variable is below it",
    equations=_gelu,
    attributes=(
        Attribute(
            "approximate",
            "choice",
            'by erf ("none") or by tanh',
            default="none",
            choices=("none", "tanh"),
        ),
    ),
    source="Hendrycks & Gimpel 2016, section 2",
)
SILU = Entry(
    name="silu",
    about="x times its sigmoid, also called swish",
    equations="y[n,...] = x[n,...]*sigmoid(x[n,...])",
    source="Elfwing, Uchibe & Doya 2018, section 2",
)
SOFTMAX = Entry(
    name="softmax",
    about="positive numbers with sum 1 along the last axis; the shift m changes no value and "
    "keeps exp from overflowing, so it is held constant",
    equations="""\
m[n,...] = hold(max(i, x[n,...,i]))
s[n,...] = sum(i, exp(x[n,...,i] - m[n,...]))
y[n,...,i] = exp(x[n,...,i] - m[n,...])/s[n,...]""",
    source="Goodfellow, Bengio & Courville 2016, eq. 6.29 and 6.33",
)

ACTIVATIONS = (IDENTITY, SIGMOID, TANH, RELU, LEAKY_RELU, SOFTPLUS, GELU, SILU, SOFTMAX)
