"""Normalisation within a sample: over features, over groups of channels, over places."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derive.catalogue.rows import Attribute, Entry, Example, Extents, Parameter, Unfit, Use
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

_GAIN = Parameter("g", Initializer("constant", (("value", Fraction(1)),)))
_SHIFT = Parameter("b", Initializer("zeros"))
_EPS = Attribute("eps", "positive", "is added to the variance", default=Fraction("1e-5"))
_LETTERS = "ijkl"


def _normalised(use: Use) -> str:
    """The letters of the last axes that are normalised, the last alone where nothing is said."""
    given = use.attributes["normalized_shape"]
    if given is None:
        if use.rank < 2:
            raise Unfit("the input has no axis but the batch's; give it one")
        return "i"
    wanted = given if isinstance(given, tuple) else (given,)
    shape = use.shapes[0][1:]
    if len(wanted) > len(_LETTERS):
        raise Unfit(f"normalized_shape has more than {len(_LETTERS)} axes; flatten them first")
    if len(wanted) > len(shape) or shape[len(shape) - len(wanted) :] != tuple(map(affine, wanted)):
        shown = ", ".join("?" if e.number is None else str(e.number) for e in shape)
        raise Unfit(
            f"normalized_shape = {list(wanted)} isn't how the input's shape ends, which is "
            f"[{shown}] for a sample; give the extents of its last axes"
        )
    return _LETTERS[: len(wanted)]


def _shape(use: Use) -> Mapping[tuple[str, int], Affine]:
    """The shape of gain and shift, that of the normalised axes."""
    if not use.attributes["elementwise_affine"]:
        return {}
    last = use.shapes[0][use.rank - len(_normalised(use)) :]
    for extent in last:
        if extent.number is None:
            raise Unfit(
                "the extent of a normalised axis is known at run time only, and a gain needs a "
                "number; give it in inputs, or elementwise_affine = false"
            )
    return {(p.name, k): e for p in _gain_and_shift(use) for k, e in enumerate(last)}


def _gain_and_shift(use: Use) -> tuple[Parameter, ...]:
    if not use.attributes["elementwise_affine"]:
        return ()
    return (_GAIN, _SHIFT) if use.attributes.get("bias") else (_GAIN,)


def _scaled(parameters: tuple[Parameter, ...], letters: str, value: str) -> str:
    """The value times the gain plus the shift, those of them that there are."""
    names = [p.name for p in parameters]
    if "g" in names:
        value = f"g[{letters}]*{value}"
    return f"{value} + b[{letters}]" if "b" in names else value


def _layer_norm(use: Use) -> str:
    letters = ",".join(_normalised(use))
    x = f"x[n,...,{letters}]"
    value = f"({x} - m[n,...])/sqrt(v[n,...] + eps)"
    return f"""\
m[n,...] = mean({letters}, {x})
v[n,...] = mean({letters}, ({x} - m[n,...])**2)
y[n,...,{letters}] = {_scaled(_gain_and_shift(use), letters, value)}"""


def _rms_norm(use: Use) -> str:
    letters = ",".join(_normalised(use))
    x = f"x[n,...,{letters}]"
    value = f"{x}/r[n,...]"
    return f"""\
r[n,...] = sqrt(mean({letters}, {x}**2) + eps)
y[n,...,{letters}] = {_scaled(_gain_and_shift(use), letters, value)}"""


def _channels(use: Use) -> int:
    result = use.shapes[0][1].number if use.rank > 1 else None
    if result is None:
        raise Unfit("the number of channels, axis 1, is not known; give it in inputs")
    return result


def _in_group(use: Use) -> int:
    channels, groups = _channels(use), use.attributes["groups"]
    if channels % groups:
        raise Unfit(f"groups = {groups} doesn't divide the {channels} channels; take one that does")
    return int(channels // groups)


def _per_channel(use: Use) -> tuple[Parameter, ...]:
    return (_GAIN, _SHIFT) if use.attributes["affine"] else ()


def _group_norm(use: Use) -> str:
    size = _in_group(use)
    member = f"x[n,{size}*k+q,...]" if size > 1 else "x[n,k+q,...]"
    group = f"c//{size}" if size > 1 else "c"
    value = f"(x[n,c,...] - m[n,{group}])/sqrt(v[n,{group}] + eps)"
    return f"""\
m[n,k] = mean(q,..., {member})
v[n,k] = mean(q,..., ({member} - m[n,k])**2)
y[n,c,...] = {_scaled(_per_channel(use), "c", value)}"""


def _group_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    groups = affine(use.attributes["groups"])
    return {("m", 1): groups, ("v", 1): groups, ("x", 1): use.shapes[0][1]}


def _instance_norm(use: Use) -> str:
    _channels(use)
    if use.rank < 3:
        raise Unfit("the input has no axis behind the channels, over which a mean could be taken")
    value = "(x[n,c,...] - m[n,c])/sqrt(v[n,c] + eps)"
    return f"""\
m[n,c] = mean(..., x[n,c,...])
v[n,c] = mean(..., (x[n,c,...] - m[n,c])**2)
y[n,c,...] = {_scaled(_per_channel(use), "c", value)}"""


_NORMALIZED_SHAPE = Attribute(
    "normalized_shape",
    "extents",
    "the extents of the last axes, over which it is normalised; the last axis if not given",
    default=None,
)
_ELEMENTWISE = Attribute(
    "elementwise_affine", "flag", "whether a gain g is learned for each entry", default=True
)

LAYER_NORM = Entry(
    name="layer_norm",
    about="the features of a sample with mean 0 and variance 1, over the last axis or more of them",
    equations=_layer_norm,
    parameters=_gain_and_shift,
    attributes=(
        _NORMALIZED_SHAPE,
        _EPS,
        _ELEMENTWISE,
        Attribute("bias", "flag", "whether a shift b is learned beside the gain", default=True),
    ),
    extents=Extents(_shape),
    source="Ba, Kiros & Hinton 2016, Layer normalization, eq. 3 and 4",
)
RMS_NORM = Entry(
    name="rms_norm",
    about="the features of a sample divided by the root of their mean square",
    equations=_rms_norm,
    parameters=_gain_and_shift,
    attributes=(
        _NORMALIZED_SHAPE,
        Attribute(
            "eps",
            "positive",
            "is added to the mean square; PyTorch's default is the smallest step after 1",
            default=Fraction("1e-5"),
        ),
        _ELEMENTWISE,
    ),
    extents=Extents(_shape),
    source="Zhang & Sennrich 2019, Root mean square layer normalization, eq. 4",
)
GROUP_NORM = Entry(
    name="group_norm",
    about="the channels of a sample fall into groups, each with mean 0 and variance 1 over its "
    "channels and all places",
    equations=_group_norm,
    parameters=_per_channel,
    attributes=(
        Attribute("groups", "extent", "how many groups; PyTorch's num_groups"),
        _EPS,
        Attribute("affine", "flag", "whether each channel has a gain and a shift", default=True),
    ),
    extents=Extents(axes=_group_extents, letters=lambda use: {"q": _in_group(use)}),
    source="Wu & He 2018, Group normalization, eq. 1 to 3 and 7",
    example=Example((6, 5)),
)
INSTANCE_NORM = Entry(
    name="instance_norm",
    about="each channel of a sample with mean 0 and variance 1 over all places; without running "
    "statistics",
    equations=_instance_norm,
    parameters=_per_channel,
    attributes=(
        _EPS,
        Attribute("affine", "flag", "whether each channel has a gain and a shift", default=False),
    ),
    source="Ulyanov, Vedaldi & Lempitsky 2016, Instance normalization",
    example=Example((4, 5)),
)

LAYERS = (LAYER_NORM, RMS_NORM, GROUP_NORM, INSTANCE_NORM)
