"""Functions made of pieces, entry by entry. At a kink each takes the derivative that PyTorch takes.

`where` never looks at the piece that isn't taken, so an exponential that overflows there does no
harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derive.catalogue.rows import Attribute, Entry, Extents, Parameter, Unfit, Use
from derive.ir.notation import Affine, affine
from derive.ir.system import Draw, Initializer


def _prelu(use: Use) -> str:
    if use.attributes["num_parameters"] == 1:
        return "y[n,...] = where(x[n,...] > 0, x[n,...], a[0]*x[n,...])"
    return "y[n,c,...] = where(x[n,c,...] > 0, x[n,c,...], a[c]*x[n,c,...])"


def _prelu_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    slopes = use.attributes["num_parameters"]
    if slopes != 1 and (use.rank < 2 or use.shapes[0][1] != affine(slopes)):
        channels = use.shapes[0][1].number if use.rank > 1 else 0
        raise Unfit(
            f"num_parameters = {slopes}, and the input has {channels or 'no known number of'} "
            "channels on axis 1; give 1, or one for each channel"
        )
    return {("a", 0): affine(slopes)}


def _slopes(use: Use) -> tuple[tuple[str, Draw], ...]:
    lower, upper = float(use.attributes["lower"]), float(use.attributes["upper"])
    return (("slope", Draw("uniform", (("high", upper), ("low", lower)))),)


RELU = Entry(
    name="relu",
    about="what is negative becomes 0",
    equations="y[n,...] = relu(x[n,...])",
    source="Glorot, Bordes & Bengio 2011, section 3",
    kink="at x = 0 the derivative is taken as 0",
)
RELU6 = Entry(
    name="relu6",
    about="relu that stops at 6",
    equations="y[n,...] = where(x[n,...] <= 0, 0, where(x[n,...] < 6, x[n,...], 6))",
    source="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10",
    kink="at x = 0 and x = 6 the derivative is taken as 0",
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
PRELU = Entry(
    name="prelu",
    about="a leaky_relu whose slope is learned: one for all, or one for each channel of axis 1",
    equations=_prelu,
    parameters=(Parameter("a", Initializer("constant", (("value", Fraction(1, 4)),))),),
    attributes=(
        Attribute("num_parameters", "extent", "the number of slopes", default=1, sample=4),
    ),
    extents=Extents(_prelu_extents),
    source="He et al. 2015, Delving deep into rectifiers, eq. 1",
    kink="at x = 0 the derivative by x is taken as a",
)
RRELU = Entry(
    name="rrelu",
    about="a leaky_relu whose slopes are drawn, each entry's between two limits, in training; in "
    "inference the middle of the limits",
    equations="y[n,...] = where(x[n,...] > 0, x[n,...], slope[n,...]*x[n,...])",
    draws=_slopes,
    attributes=(
        Attribute("lower", "number", "the least slope", default=Fraction(1, 8), below="upper"),
        Attribute("upper", "number", "the greatest slope", default=Fraction(1, 3)),
    ),
    source="Xu, Wang, Chen & Li 2015, Empirical evaluation of rectified activations",
    kink="at x = 0 the derivative is taken as the slope",
)
ELU = Entry(
    name="elu",
    about="what is negative nears -alpha",
    equations="y[n,...] = where(x[n,...] > 0, x[n,...], alpha*expm1(x[n,...]))",
    attributes=(Attribute("alpha", "number", "how far below 0 it goes", default=Fraction(1)),),
    source="Clevert, Unterthiner & Hochreiter 2016, section 3",
    kink="at x = 0 the derivative is taken as alpha",
)
SELU = Entry(
    name="selu",
    about="an elu scaled so that means of 0 and variances of 1 stay so",
    equations="""\
alpha = 1.6732632423543772
scale = 1.0507009873554805
y[n,...] = scale*where(x[n,...] > 0, x[n,...], alpha*expm1(x[n,...]))""",
    source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, eq. 2",
    kink="at x = 0 the derivative is taken as scale*alpha",
)
CELU = Entry(
    name="celu",
    about="what is negative nears -alpha, with slope 1 at 0 for any alpha",
    equations="y[n,...] = where(x[n,...] > 0, x[n,...], alpha*expm1(x[n,...]/alpha))",
    attributes=(Attribute("alpha", "positive", "how far below 0 it goes", default=Fraction(1)),),
    source="Barron 2017, Continuously differentiable exponential linear units",
)
HARD_SIGMOID = Entry(
    name="hard_sigmoid",
    about="from 0 at -3 to 1 at 3 on a straight line",
    equations="y[n,...] = where(x[n,...] <= -3, 0, where(x[n,...] < 3, x[n,...]/6 + 1/2, 1))",
    source="Howard et al. 2019, Searching for MobileNetV3, section 5.2",
    kink="at x = -3 and x = 3 the derivative is taken as 0",
)
HARD_TANH = Entry(
    name="hard_tanh",
    about="the value itself between two limits",
    equations="y[n,...] = where(x[n,...] <= min_val, min_val, "
    "where(x[n,...] < max_val, x[n,...], max_val))",
    attributes=(
        Attribute("min_val", "number", "the least", default=Fraction(-1), below="max_val"),
        Attribute("max_val", "number", "the greatest", default=Fraction(1)),
    ),
    source="Collobert 2004, Large scale machine learning",
    kink="at a limit the derivative is taken as 0",
)
HARD_SWISH = Entry(
    name="hard_swish",
    about="x times its hard_sigmoid",
    equations="y[n,...] = where(x[n,...] <= -3, 0, "
    "where(x[n,...] < 3, x[n,...]*(x[n,...]/6 + 1/2), x[n,...]))",
    source="Howard et al. 2019, Searching for MobileNetV3, section 5.2",
    kink="at x = -3 the derivative is taken as 0, at x = 3 as 1",
)
SOFTSHRINK = Entry(
    name="softshrink",
    about="nearer to 0 by lambd, and 0 between -lambd and lambd",
    equations="y[n,...] = where(x[n,...] > lambd, x[n,...] - lambd, "
    "where(x[n,...] < -lambd, x[n,...] + lambd, 0))",
    attributes=(Attribute("lambd", "non-negative", "how much", default=Fraction(1, 2)),),
    source="Donoho 1995, De-noising by soft-thresholding",
    kink="at x = -lambd and x = lambd the derivative is taken as 0",
)
HARDSHRINK = Entry(
    name="hardshrink",
    about="0 between -lambd and lambd, the value itself elsewhere",
    equations="y[n,...] = where(abs(x[n,...]) > lambd, x[n,...], 0)",
    attributes=(Attribute("lambd", "non-negative", "the limit", default=Fraction(1, 2)),),
    source="Donoho & Johnstone 1994, Ideal spatial adaptation by wavelet shrinkage",
    kink="at x = -lambd and x = lambd the derivative is taken as 0",
)
THRESHOLD = Entry(
    name="threshold",
    about="the value itself above a threshold, else another value",
    equations="y[n,...] = where(x[n,...] > threshold, x[n,...], value)",
    attributes=(
        Attribute("threshold", "number", "the limit"),
        Attribute("value", "number", "what stands in up to the limit"),
    ),
    source="PyTorch, torch.nn.Threshold",
    kink="at x = threshold the derivative is taken as 0",
)

ACTIVATIONS = (
    RELU,
    RELU6,
    LEAKY_RELU,
    PRELU,
    RRELU,
    ELU,
    SELU,
    CELU,
    HARD_SIGMOID,
    HARD_TANH,
    HARD_SWISH,
    SOFTSHRINK,
    HARDSHRINK,
    THRESHOLD,
)
