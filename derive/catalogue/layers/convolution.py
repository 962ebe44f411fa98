"""Convolutions and their transposes, and upsampling: one function for each rank of a family."""

from __future__ import annotations

from collections.abc import Mapping

from derive.catalogue.layers.windows import (
    KERNEL,
    SPACE,
    listed,
    per_axis,
    places,
    slides,
    subscript,
)
from derive.catalogue.rows import Attribute, Entry, Example, Extents, Parameter, Unfit, Use
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

_Sizes = Mapping[tuple[str, int], Affine]


def _parameters(use: Use) -> tuple[Parameter, ...]:
    weights = Parameter("W", Initializer("glorot_uniform"))
    bias = Parameter("b", Initializer("zeros"))
    return (weights, bias) if use.attributes["bias"] else (weights,)


def _of_groups(use: Use) -> tuple[int, int]:
    """The channels of one group: of the input and of the output."""
    channels, groups = use.attributes["channels"], use.attributes["groups"]
    if use.rank < 2:
        raise Unfit("the input has no axis of channels; give it, such as x = [1, 28, 28]")
    given = use.shapes[0][1].number
    if given is None:
        raise Unfit("the number of channels is known at run time only; give it in inputs")
    for what, number in (("input's channels", given), ("channels", channels)):
        if number % groups:
            raise Unfit(
                f"groups = {groups} doesn't divide the {what}, {number}; take one that does"
            )
    return given // groups, channels // groups


def _in_group(letter: str, inner: str, size: int, by: int, groups: int) -> str:
    """The place of entry `inner` of the group to which an output channel belongs."""
    if groups == 1:
        return inner
    group = letter if by == 1 else f"{letter}//{by}"
    if size == 1:
        return group
    return f"{size}*{group}+{inner}" if by == 1 else f"{size}*({group})+{inner}"


def _shared(axes: int) -> tuple[Attribute, ...]:
    what = "for each axis" if axes > 1 else "in a list"
    return (
        Attribute("channels", "extent", "the number of output channels", letter="o"),
        Attribute(
            "kernel_size", "extents", f"how far the kernel reaches; one number, or one {what}"
        ),
        Attribute("stride", "extents", "the step from window to window", default=1, sample=2),
    )


def _convolution(axes: int) -> Entry:
    """Windows of the input, each weighed by the kernel."""
    kernel, space = listed(KERNEL[:axes]), listed(SPACE[:axes])

    def equations(use: Use) -> str:
        inputs, outputs = _of_groups(use)
        groups = use.attributes["groups"]
        channel = _in_group("o", "c", inputs, outputs, groups)
        read = "".join(f",{s.place}" for s in slides(use, axes))
        bias = " + b[o]" if use.attributes["bias"] else ""
        return f"z[n,o{space}] = sum(c{kernel}, W[o,c{kernel}]*x[n,{channel}{read}]){bias}"

    def extents(use: Use) -> _Sizes:
        inputs, _ = _of_groups(use)
        result = {("W", 1): affine(inputs)}
        for k, slide in enumerate(slides(use, axes), 2):
            result[("W", k)] = affine(slide.size)
            result[("z", k)] = slide.count
            result[("x", k)] = slide.extent
        result[("x", 1)] = use.shapes[0][1]
        return result

    return Entry(
        name=f"conv{axes}d",
        about=f"a kernel that weighs windows of {axes} {'axis' if axes == 1 else 'axes'}, channels "
        "first, by cross-correlation, as PyTorch has it; outside the input is 0",
        equations=equations,
        output="z",
        parameters=_parameters,
        attributes=(
            *_shared(axes),
            Attribute(
                "padding",
                "counts",
                'how many zeros stand before and after each axis; with "same" the output is as '
                "long as the input (for an odd number the larger half stands after it)",
                default=0,
                choices=("same", "valid"),
                sample=1,
            ),
            Attribute("dilation", "extents", "the step inside a window", default=1, sample=2),
            Attribute(
                "groups",
                "extent",
                "the channels fall into so many groups that don't mix; as many as the input has "
                "channels make it depthwise",
                default=1,
                sample=3,
            ),
            Attribute("bias", "flag", "whether a bias is added to each channel", default=True),
            Attribute("activation", "activation", "what follows the sum", default="identity"),
        ),
        extents=Extents(extents),
        source="Goodfellow, Bengio & Courville 2016, eq. 9.7; stride, padding and dilation: "
        "Dumoulin & Visin 2016, relationship 15; groups: Krizhevsky et al. 2012, section 3.2",
        activates=True,
        example=Example((3, *(7,) * axes)),
    )


def _scattered(use: Use, axes: int) -> str:
    """Each entry of the input times the kernel, added where the kernel's places fall."""
    kernel, space = listed(KERNEL[:axes]), listed(SPACE[:axes])
    letters = "abc"[:axes]
    inputs, outputs = _of_groups(use)
    groups = use.attributes["groups"]
    hits = "".join(
        f"delta({letter}, {subscript((s, i), (d, u), less=p)})*"
        for letter, s, i, d, u, p in zip(
            letters,
            per_axis(use, "stride", axes),
            SPACE[:axes],
            per_axis(use, "dilation", axes),
            KERNEL[:axes],
            per_axis(use, "padding", axes),
            strict=True,
        )
    )
    channel = _in_group("o", "q", inputs, outputs, groups)
    output = "o" if groups == 1 else f"o%{outputs}" if outputs > 1 else "0"
    bound = f"{'q' if channel.endswith('q') else ''}{space}{kernel}".lstrip(",")
    bias = " + b[o]" if use.attributes["bias"] else ""
    return (
        f"z[n,o{listed(letters)}] = sum({bound}, "
        f"{hits}W[{channel},{output}{kernel}]*x[n,{channel}{space}]){bias}"
    )


def _scattered_extents(use: Use, axes: int) -> _Sizes:
    _, outputs = _of_groups(use)
    given = places(use, axes)
    result = {("W", 0): use.shapes[0][1], ("W", 1): affine(outputs)}
    for k in range(axes):
        size, stride, dilation, padding, more = (
            per_axis(use, key, axes)[k]
            for key in ("kernel_size", "stride", "dilation", "padding", "output_padding")
        )
        if more >= max(stride, dilation):
            raise Unfit(
                f"output_padding = {more} is not below stride or dilation; take a smaller one"
            )
        length = given[k] * stride + (dilation * (size - 1) + 1 - stride - 2 * padding + more)
        if length.number is not None and length.number < 1:
            raise Unfit(f"padding = {padding} leaves nothing of the output; take less")
        result[("W", k + 2)] = affine(size)
        result[("z", k + 2)] = length
    return result


def _transposed(axes: int) -> Entry:
    """Each entry of the input adds a kernel to the output: what a convolution's input gets back."""
    return Entry(
        name=f"conv_transpose{axes}d",
        about="the transpose of a convolution: each entry of the input adds its multiple of the "
        "kernel to the output",
        equations=lambda use: _scattered(use, axes),
        output="z",
        parameters=_parameters,
        attributes=(
            *_shared(axes),
            Attribute(
                "padding", "counts", "how many places fall away at both ends", default=0, sample=1
            ),
            Attribute("output_padding", "counts", "further places at the end", default=0),
            Attribute("dilation", "extents", "the step inside the kernel", default=1, sample=2),
            Attribute(
                "groups",
                "extent",
                "the channels fall into so many groups that don't mix",
                default=1,
                sample=3,
            ),
            Attribute("bias", "flag", "whether a bias is added to each channel", default=True),
            Attribute("activation", "activation", "what follows the sum", default="identity"),
        ),
        extents=Extents(
            axes=lambda use: _scattered_extents(use, axes),
            letters=lambda use: {"q": _of_groups(use)[0]},
        ),
        source="Dumoulin & Visin 2016, section 4, relationship 14; as PyTorch has it, the kernel "
        "is W[in,out/groups,...]",
        activates=True,
        example=Example((3, *(5,) * axes)),
    )


def _factors(use: Use) -> tuple[int, ...]:
    if not 3 <= use.rank <= 5:
        raise Unfit(
            f"the input has {use.rank - 1} axes without the batch's; upsample takes channels and "
            "1 to 3 axes of places"
        )
    return per_axis(use, "scale_factor", use.rank - 2)


def _upsample(use: Use) -> str:
    factors = _factors(use)
    letters = SPACE[: len(factors)]
    read = "".join(
        f",{i}//{f}" if f > 1 else f",{i}" for i, f in zip(letters, factors, strict=True)
    )
    return f"y[n,c{listed(letters)}] = x[n,c{read}]"


def _upsample_extents(use: Use) -> _Sizes:
    return {("y", k): use.shapes[0][k] * f for k, f in enumerate(_factors(use), 2)}


UPSAMPLE = Entry(
    name="upsample",
    about="each place behind the channels becomes several with the same value",
    equations=_upsample,
    attributes=(
        Attribute("scale_factor", "extents", "how many; one number, or one for each axis"),
        Attribute("mode", "choice", "which value", default="nearest", choices=("nearest",)),
    ),
    extents=Extents(_upsample_extents),
    source="nearest neighbour: Odena, Dumoulin & Olah 2016, Deconvolution and checkerboard "
    "artifacts",
    example=Example((2, 3, 5)),
)

LAYERS = (
    *(_convolution(axes) for axes in (1, 2, 3)),
    *(_transposed(axes) for axes in (1, 2, 3)),
    UPSAMPLE,
)
