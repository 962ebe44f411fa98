"""Windows that slide along the axes behind the channels: what convolution and pooling share."""

from __future__ import annotations

from dataclasses import dataclass

from derive.catalogue.rows import Unfit, Use
from derive.ir.notation import Affine, affine

SPACE, KERNEL = "ijk", "uvw"  # the letters of places and of places inside a window


def listed(letters: str) -> str:
    """Letters as further subscripts: `,i,j`."""
    return "".join(f",{letter}" for letter in letters)


def per_axis(use: Use, key: str, axes: int) -> tuple[int, ...]:
    """An attribute's number for each axis: one for all, or a list."""
    value = use.attributes[key]
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        raise Unfit(f"{key} has {len(value)} numbers for {axes} axes; give one, or one for each")
    return value


def places(use: Use, axes: int) -> tuple[Affine, ...]:
    """The extents of the axes behind batch and channels, of which there must be so many."""
    if use.rank != axes + 2:
        raise Unfit(
            f"the input has {use.rank - 1} axes without the batch's, and this layer takes "
            f"{axes + 1}: the channels and {axes} of places; reshape it first"
        )
    return use.shapes[0][2:]


def subscript(*terms: tuple[int, str], less: int = 0) -> str:
    """The text of an integer: `2*i+u-1`."""
    shown = "+".join(t if c == 1 else f"{c}*{t}" for c, t in terms if c)
    return f"{shown}{-less:+d}" if less else shown


@dataclass(frozen=True)
class Slide:
    """A window along one axis: place `u` of window `i` is `stride*i + dilation*u - before`."""

    letter: str
    inner: str
    extent: Affine
    size: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def place(self) -> str:
        """The place at which the window reads, as text."""
        return subscript((self.stride, self.letter), (self.dilation, self.inner), less=self.before)

    @property
    def count(self) -> Affine:
        """The number of windows: Dumoulin & Visin 2016, relationship 15."""
        reach = self.dilation * (self.size - 1) + 1
        room = self.extent + (self.before + self.after - reach)
        if self.stride == 1:
            result = room + 1
        elif room.number is None:
            raise Unfit(
                f"the extent {_text(self.extent)} is known at run time only, and a stride of "
                f"{self.stride} needs a number; give one in inputs, or take stride = 1"
            )
        else:
            result = affine(room.number // self.stride + 1)
        if result.number is not None and result.number < 1:
            raise Unfit(
                f"a window reaches over {reach} places, and there are "
                f"{_text(self.extent + (self.before + self.after))}; take a smaller kernel, or pad"
            )
        return result


def _text(extent: Affine) -> str:
    return str(extent.number) if extent.number is not None else "of an axis"


def slides(use: Use, axes: int) -> tuple[Slide, ...]:
    """The windows of a layer with kernel_size, stride, padding and perhaps dilation."""
    extents = places(use, axes)
    sizes = per_axis(use, "kernel_size", axes)
    given = use.attributes["stride"]
    strides = sizes if given is None else per_axis(use, "stride", axes)
    dilations = per_axis(use, "dilation", axes) if "dilation" in use.attributes else (1,) * axes
    padding = use.attributes["padding"]
    pads: list[tuple[int, int]] = []
    for k in range(axes):
        if padding == "same":
            if strides[k] != 1:
                raise Unfit('padding = "same" needs stride = 1; give the padding as a number')
            total = dilations[k] * (sizes[k] - 1)
            pads.append((total // 2, total - total // 2))
        else:
            number = 0 if padding == "valid" else per_axis(use, "padding", axes)[k]
            pads.append((number, number))
    return tuple(
        Slide(SPACE[k], KERNEL[k], extents[k], sizes[k], strides[k], dilations[k], *pads[k])
        for k in range(axes)
    )
