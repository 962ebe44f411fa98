"""Pooling: the largest or the mean of windows, of adaptive windows, of everything."""

from __future__ import annotations

from collections.abc import Mapping

from derive.catalogue.layers.windows import (
    KERNEL,
    SPACE,
    Slide,
    listed,
    per_axis,
    places,
    slides,
    subscript,
)
from derive.catalogue.rows import Attribute, Entry, Example, Extents, Unfit, Use
from derive.ir.notation import Affine, affine

_TIES = "maxima that tie share the derivative equally; PyTorch gives all of it to the first of them"


def _windows(use: Use, axes: int) -> tuple[Slide, ...]:
    result = slides(use, axes)
    for slide in result:
        if 2 * slide.before > slide.size:
            raise Unfit(
                f"padding = {slide.before} is more than half of kernel_size = {slide.size}, so "
                "that a window could be outside; take less"
            )
    return result


def _read(windows: tuple[Slide, ...]) -> str:
    return "x[n,c" + "".join(f",{s.place}" for s in windows) + "]"


def _extents(axes: int) -> Extents:
    def of_axes(use: Use) -> Mapping[tuple[str, int], Affine]:
        result = {}
        for k, slide in enumerate(_windows(use, axes), 2):
            result[("x", k)] = slide.extent
            result[("y", k)] = slide.count
        return result

    def of_letters(use: Use) -> Mapping[str, int]:
        return {s.inner: s.size for s in _windows(use, axes)}

    return Extents(of_axes, of_letters)


_STRIDE = Attribute(
    "stride", "extents", "the step from window to window; kernel_size if not given", None, sample=1
)


def _max_pool(axes: int) -> Entry:
    space, kernel = SPACE[:axes], KERNEL[:axes]

    def equations(use: Use) -> str:
        windows = _windows(use, axes)
        read = _read(windows)
        inside = [
            f"0 <= {s.place} < size(x, {k})"
            for k, s in enumerate(windows, 2)
            if s.before or s.after
        ]
        if inside:
            read = f"where({' and '.join(inside)}, {read}, -inf)"
        return f"y[n,c{listed(space)}] = max({','.join(kernel)}, {read})"

    return Entry(
        name=f"max_pool{axes}d",
        about="the largest entry of each window, each channel by itself; padding counts as minus "
        "infinity",
        equations=equations,
        attributes=(
            Attribute("kernel_size", "extents", "how far a window reaches"),
            _STRIDE,
            Attribute("padding", "counts", "how far windows begin outside", default=0, sample=1),
            Attribute("dilation", "extents", "the step inside a window", default=1, sample=2),
        ),
        extents=_extents(axes),
        source="Goodfellow, Bengio & Courville 2016, section 9.3; overlapping: Krizhevsky et al. "
        "2012, section 3.4",
        kink=_TIES,
        example=Example((2, *(7,) * axes)),
    )


def _places_inside(slide: Slide, axis: int) -> str:
    """The number of places of window `i` that are inside, along one axis."""
    i = subscript((slide.stride, slide.letter))
    end = f"{i}{slide.size - slide.before:+d}" if slide.size != slide.before else i
    return f"(minimum({end}, size(x, {axis})) - maximum({i}-{slide.before}, 0))"


def _avg_pool(axes: int) -> Entry:
    space, kernel = SPACE[:axes], KERNEL[:axes]

    def equations(use: Use) -> str:
        windows = _windows(use, axes)
        left, bound, read = f"y[n,c{listed(space)}]", ",".join(kernel), _read(windows)
        padded = any(s.before for s in windows)
        if not padded or use.attributes["count_include_pad"]:
            return f"{left} = mean({bound}, {read})"
        counts = "*".join(
            _places_inside(s, k) if s.before else str(s.size) for k, s in enumerate(windows, 2)
        )
        return f"{left} = sum({bound}, {read})/({counts})"

    return Entry(
        name=f"avg_pool{axes}d",
        about="the mean of each window, each channel by itself",
        equations=equations,
        attributes=(
            Attribute("kernel_size", "extents", "how far a window reaches"),
            _STRIDE,
            Attribute("padding", "counts", "how far windows begin outside", default=0, sample=1),
            Attribute(
                "count_include_pad",
                "flag",
                "whether places outside, which are 0, count in the mean",
                default=True,
            ),
        ),
        extents=_extents(axes),
        source="LeCun et al. 1998, section II.B, without its weights; Goodfellow, Bengio & "
        "Courville 2016, section 9.3",
        example=Example((2, *(7,) * axes)),
    )


def _sizes(use: Use, axes: int) -> tuple[tuple[int, int], ...]:
    """The extents of the input and of the output, by axis."""
    result = []
    for given, wanted in zip(places(use, axes), per_axis(use, "output_size", axes), strict=True):
        if given.number is None:
            raise Unfit(
                "an axis of places is known at run time only; give its extent in inputs, or take "
                "global_avg_pool"
            )
        result.append((given.number, wanted))
    return tuple(result)


def _adaptive(axes: int) -> Entry:
    """Window `i` is from `i*size//count` up to `(i+1)*size/count`, rounded up."""
    space, inner = SPACE[:axes], "abd"[:axes]

    def even(use: Use) -> bool:
        return all(given % wanted == 0 for given, wanted in _sizes(use, axes))

    def equations(use: Use) -> str:
        sizes = _sizes(use, axes)
        left, bound = f"y[n,c{listed(space)}]", ",".join(inner)
        if even(use):
            read = "".join(
                f",{subscript((g // w, i), (1, a))}"
                for i, a, (g, w) in zip(space, inner, sizes, strict=True)
            )
            return f"{left} = mean({bound}, x[n,c{read}])"
        shares, lines = [], []
        for i, a, (g, w) in zip(space, inner, sizes, strict=True):
            start, end = f"{g}*{i}//{w}", f"({g}*{i}+{g + w - 1})//{w}"
            lines.append(f"{a}{i}[{i},{a}] = where({start} <= {a} < {end}, 1/({end} - {start}), 0)")
            shares.append(f"{a}{i}[{i},{a}]")
        read = f"x[n,c{listed(inner)}]"
        return "\n".join([*lines, f"{left} = sum({bound}, {'*'.join(shares)}*{read})"])

    def extents(use: Use) -> Mapping[tuple[str, int], Affine]:
        result = {}
        for k, (i, a, (given, wanted)) in enumerate(
            zip(space, inner, _sizes(use, axes), strict=True)
        ):
            result[("x", k + 2)] = affine(given)
            result[("y", k + 2)] = affine(wanted)
            if not even(use):
                result[(f"{a}{i}", 0)] = affine(wanted)
                result[(f"{a}{i}", 1)] = affine(given)
        return result

    def letters(use: Use) -> Mapping[str, int]:
        sizes = _sizes(use, axes)
        return {a: g // w if even(use) else g for a, (g, w) in zip(inner, sizes, strict=True)}

    return Entry(
        name=f"adaptive_avg_pool{axes}d",
        about="the mean of windows that are laid so that there are output_size of them; they "
        "overlap where the extent is no multiple of it",
        equations=equations,
        attributes=(Attribute("output_size", "extents", "how many windows", sample=2),),
        extents=Extents(axes=extents, letters=letters),
        source="windows of any number over any extent: He et al. 2015, Spatial pyramid pooling, "
        "section 2.2; their limits are PyTorch's",
        example=Example((2, *(6,) * axes)),
    )


def _spatial(use: Use) -> None:
    if use.rank < 3:
        raise Unfit("the input has no axis behind the channels; take the layer out")


def _global_avg(use: Use) -> str:
    _spatial(use)
    return "y[n,c] = mean(..., x[n,c,...])"


def _global_max(use: Use) -> str:
    _spatial(use)
    return "y[n,c] = max(..., x[n,c,...])"


GLOBAL_AVG = Entry(
    name="global_avg_pool",
    about="the mean over all places: one number for each channel",
    equations=_global_avg,
    source="Lin, Chen & Yan 2014, Network in network, section 3.2",
    example=Example((2, 3, 5)),
)
GLOBAL_MAX = Entry(
    name="global_max_pool",
    about="the largest entry over all places: one number for each channel",
    equations=_global_max,
    source="Oquab et al. 2015, Is object localization for free?, section 3",
    kink=_TIES,
    example=Example((2, 3, 5)),
)

LAYERS = (
    *(_max_pool(axes) for axes in (1, 2, 3)),
    *(_avg_pool(axes) for axes in (1, 2, 3)),
    *(_adaptive(axes) for axes in (1, 2, 3)),
    GLOBAL_AVG,
    GLOBAL_MAX,
)
