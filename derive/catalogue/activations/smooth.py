"""Functions that follow a layer, entry by entry: the smooth ones."""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Entry, Use


def _gelu(use: Use) -> str:
    if use.attributes["approximate"] == "none":
        return "y[n,...] = x[n,...]*normcdf(x[n,...])"
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
LOG_SIGMOID = Entry(
    name="log_sigmoid",
    about="the logarithm of the sigmoid, without the infinity that log(sigmoid(x)) would give",
    equations="y[n,...] = -softplus(-x[n,...])",
    source="Goodfellow, Bengio & Courville 2016, section 3.10",
)
TANH = Entry(
    name="tanh",
    about="from -1 to 1",
    equations="y[n,...] = tanh(x[n,...])",
    source="Bishop 2006, eq. 5.59",
)
TANHSHRINK = Entry(
    name="tanhshrink",
    about="what tanh takes away",
    equations="y[n,...] = x[n,...] - tanh(x[n,...])",
    source="PyTorch, torch.nn.Tanhshrink",
)
SOFTSIGN = Entry(
    name="softsign",
    about="from -1 to 1, slower than tanh",
    equations="y[n,...] = x[n,...]/(1 + abs(x[n,...]))",
    source="Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward "
    "neural networks",
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
            'by the normal distribution ("none") or by tanh',
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
MISH = Entry(
    name="mish",
    about="x times the tanh of its softplus",
    equations="y[n,...] = x[n,...]*tanh(softplus(x[n,...]))",
    source="Misra 2020, Mish: a self regularized non-monotonic activation function",
)
SINE = Entry(
    name="sine",
    about="a wave, for functions of coordinates",
    equations="y[n,...] = sin(omega*x[n,...])",
    attributes=(
        Attribute("omega", "number", "the frequency; a SIREN takes 30", default=Fraction(1)),
    ),
    source="Sitzmann et al. 2020, Implicit neural representations with periodic activation "
    "functions, section 3",
)
GAUSSIAN = Entry(
    name="gaussian",
    about="a bell around 0",
    equations="y[n,...] = exp(-x[n,...]**2)",
    source="Broomhead & Lowe 1988, Multivariable functional interpolation and adaptive networks",
)

ACTIVATIONS = (
    IDENTITY,
    SIGMOID,
    LOG_SIGMOID,
    TANH,
    TANHSHRINK,
    SOFTSIGN,
    SOFTPLUS,
    GELU,
    SILU,
    MISH,
    SINE,
    GAUSSIAN,
)
