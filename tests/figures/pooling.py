"""Pooling beside PyTorch's; numbers drawn from the normal distribution have no ties."""

from typing import Any

from tests.figures.case import Case, layer

SHAPES = {1: (2, 11), 2: (2, 5, 7), 3: (2, 3, 4, 3)}


def pooling(kind: str, name: str, shape: tuple[int, ...], **attributes: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any) -> Any:
        return (t * getattr(torch.nn.functional, kind)(x, **attributes)).sum()

    spec = layer(kind, shape, **attributes)
    return Case(f"{kind} {name}", (kind,), spec, reference, runtime={"n": 2})


def _each(axes: int) -> tuple[Case, ...]:
    shape = SHAPES[axes]
    largest, mean = f"max_pool{axes}d", f"avg_pool{axes}d"
    adaptive = f"adaptive_avg_pool{axes}d"
    padded = {"kernel_size": 3, "stride": 2, "padding": 1}
    return (
        pooling(largest, "plain", shape, kernel_size=2),
        pooling(largest, "overlapping", shape, kernel_size=2, stride=1),
        pooling(largest, "padded", shape, **padded),
        pooling(largest, "dilated", shape, kernel_size=2, stride=2, padding=1, dilation=2),
        pooling(mean, "plain", shape, kernel_size=2),
        pooling(mean, "overlapping", shape, kernel_size=2, stride=1),
        pooling(mean, "padded", shape, **padded),
        pooling(mean, "padding not counted", shape, **padded, count_include_pad=False),
        pooling(adaptive, "of one", shape, output_size=1),
        pooling(adaptive, "uneven", shape, output_size=2),
    )


def _global(kind: str, name: str, shape: tuple[Any, ...], **more: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any) -> Any:
        flat = x.flatten(2)
        return (t * (flat.amax(2) if "max" in kind else flat.mean(2))).sum()

    return Case(f"{kind} {name}", (kind,), layer(kind, shape), reference, **more)


CASES: tuple[Case, ...] = (
    *(case for axes in (1, 2, 3) for case in _each(axes)),
    pooling("max_pool2d", "by axis", (2, 5, 7), kernel_size=[2, 5], stride=[3, 2], padding=[0, 2]),
    pooling("max_pool2d", "of one place", (2, 5, 3), kernel_size=1),
    pooling("max_pool2d", "of an image as large", (3, 2, 2), kernel_size=2),
    pooling("max_pool2d", "with gaps", (2, 7, 8), kernel_size=2, stride=3),
    pooling("max_pool2d", "that fits", (3, 2, 6), kernel_size=2),
    pooling("avg_pool2d", "that fits", (3, 2, 6), kernel_size=2),
    pooling("avg_pool2d", "by axis", (2, 5, 7), kernel_size=[2, 5], stride=[3, 2], padding=[0, 2]),
    pooling(
        "avg_pool2d",
        "padding of one axis not counted",
        (2, 5, 7),
        kernel_size=[2, 5],
        stride=[3, 2],
        padding=[1, 0],
        count_include_pad=False,
    ),
    pooling("avg_pool2d", "of one place", (2, 1, 1), kernel_size=1),
    pooling("adaptive_avg_pool2d", "even", (2, 6, 4), output_size=[3, 2]),
    pooling("adaptive_avg_pool2d", "by axis", (2, 5, 7), output_size=[5, 3]),
    pooling("adaptive_avg_pool1d", "longer than the input", (2, 3), output_size=5),
    *(
        _global(f"global_{kind}_pool", f"{axes}d", SHAPES[axes])
        for kind in ("max", "avg")
        for axes in (1, 2, 3)
    ),
    _global("global_avg_pool", "of run-time extents", (2, "h", "w"), runtime={"h": 3, "w": 5}),
    _global("global_max_pool", "of run-time extents", (2, "h", "w"), runtime={"h": 3, "w": 5}),
)
