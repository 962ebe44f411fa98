"""Functions along the last axis: the softmax family, and gates that halve it."""

from __future__ import annotations

from collections.abc import Mapping

from derive.catalogue.rows import Attribute, Entry, Extents, Unfit, Use
from derive.ir.notation import Affine, affine


def _gate(function: str) -> str:
    """The first half of the last axis, u, times a function of the second half, v."""
    return f"""\
u[n,...,i] = x[n,...,i]
v[n,...,i] = x[n,...,i+size(i)]
y[n,...,i] = u[n,...,i]*{function}"""


def _geglu(use: Use) -> str:
    if use.attributes["approximate"] == "none":
        return _gate("v[n,...,i]*normcdf(v[n,...,i])")
    return _gate("v[n,...,i]*(1 + tanh(sqrt(2/pi)*(v[n,...,i] + 0.044715*v[n,...,i]**3)))/2")


def _halved(use: Use) -> Mapping[tuple[str, int], Affine]:
    last = use.rank - 1
    extent = use.shapes[0][last].number if last else None
    if extent is None or extent % 2:
        long = (
            f", which has {extent} entries"
            if extent
            else ", whose extent is known at run time only"
        )
        problem = long if last else ", which is the batch"
        raise Unfit(f"it halves the last axis{problem}; give it an even number of features")
    return {("x", last): affine(extent), **{(half, last): affine(extent // 2) for half in "uvy"}}


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
LOG_SOFTMAX = Entry(
    name="log_softmax",
    about="the logarithm of the softmax along the last axis, finite where a softmax is 0; the "
    "shift m changes no value and keeps exp from overflowing, so it is held constant",
    equations="""\
m[n,...] = hold(max(i, x[n,...,i]))
s[n,...] = sum(i, exp(x[n,...,i] - m[n,...]))
y[n,...,i] = x[n,...,i] - m[n,...] - log(s[n,...])""",
    source="Goodfellow, Bengio & Courville 2016, eq. 6.30",
)
SOFTMIN = Entry(
    name="softmin",
    about="the softmax of -x along the last axis: the least gets the most; the shift m changes no "
    "value and keeps exp from overflowing, so it is held constant",
    equations="""\
m[n,...] = hold(min(i, x[n,...,i]))
s[n,...] = sum(i, exp(m[n,...] - x[n,...,i]))
y[n,...,i] = exp(m[n,...] - x[n,...,i])/s[n,...]""",
    source="Goodfellow, Bengio & Courville 2016, eq. 6.29",
)
GLU = Entry(
    name="glu",
    about="the first half of the last axis times the sigmoid of the second half",
    equations=_gate("sigmoid(v[n,...,i])"),
    extents=Extents(_halved),
    source="Dauphin, Fan, Auli & Grangier 2017, eq. 1",
)
SWIGLU = Entry(
    name="swiglu",
    about="the first half of the last axis times the silu of the second half",
    equations=_gate("v[n,...,i]*sigmoid(v[n,...,i])"),
    extents=Extents(_halved),
    source="Shazeer 2020, GLU variants improve transformer, eq. 5",
)
GEGLU = Entry(
    name="geglu",
    about="the first half of the last axis times the gelu of the second half",
    equations=_geglu,
    attributes=(
        Attribute(
            "approximate",
            "choice",
            'by the normal distribution ("none") or by tanh',
            default="none",
            choices=("none", "tanh"),
        ),
    ),
    extents=Extents(_halved),
    source="Shazeer 2020, GLU variants improve transformer, eq. 5",
)

ACTIVATIONS = (SOFTMAX, LOG_SOFTMAX, SOFTMIN, GLU, SWIGLU, GEGLU)
