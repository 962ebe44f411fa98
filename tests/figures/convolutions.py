"""Convolutions, their transposes and upsampling beside PyTorch's."""

from typing import Any

from tests.figures.case import Case, layer

# distinct primes, so that no two axes can be exchanged by luck
SHAPES = {1: (2, 7), 2: (2, 5, 3), 3: (2, 3, 2, 3)}
SHORT = {1: (2, 5), 2: (2, 3, 2), 3: (2, 2, 1, 2)}


def convolution(name: str, shape: tuple[int, ...], **attributes: Any) -> Case:
    axes = len(shape) - 1
    passed = {k: v for k, v in attributes.items() if k not in ("channels", "kernel_size", "bias")}

    def reference(torch: Any, x: Any, t: Any, W1: Any, b1: Any = None) -> Any:
        function = getattr(torch.nn.functional, f"conv{axes}d")
        return (t * function(x, W1, b1, **passed)).sum()

    kind = f"conv{axes}d"
    spec = layer(kind, shape, **attributes)
    return Case(f"{kind} {name}", (kind,), spec, reference, runtime={"n": 2})


def transposed(name: str, shape: tuple[int, ...], **attributes: Any) -> Case:
    axes = len(shape) - 1
    passed = {k: v for k, v in attributes.items() if k not in ("channels", "kernel_size", "bias")}

    def reference(torch: Any, x: Any, t: Any, W1: Any, b1: Any = None) -> Any:
        function = getattr(torch.nn.functional, f"conv_transpose{axes}d")
        return (t * function(x, W1, b1, **passed)).sum()

    kind = f"conv_transpose{axes}d"
    spec = layer(kind, shape, **attributes)
    return Case(f"{kind} {name}", (kind,), spec, reference, runtime={"n": 2})


def upsampling(name: str, shape: tuple[int, ...], scale_factor: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any) -> Any:
        factor = tuple(scale_factor) if isinstance(scale_factor, list) else scale_factor
        return (t * torch.nn.functional.interpolate(x, scale_factor=factor, mode="nearest")).sum()

    spec = layer("upsample", shape, scale_factor=scale_factor)
    return Case(f"upsample {name}", ("upsample",), spec, reference)


def _each(axes: int) -> tuple[Case, ...]:
    """What every rank is asked, in numbers of its own."""
    shape = SHAPES[axes]
    short = SHORT[axes]  # a delta makes a sum over all places of both sides
    grouped = (6, *shape[1:])
    most = {"stride": 2, "padding": 1, "dilation": 2}
    more = {**most, "output_padding": 1}
    return (
        convolution("plain", shape, channels=3, kernel_size=2),
        convolution("pointwise", shape, channels=3, kernel_size=1),
        convolution("all at once", shape, channels=3, kernel_size=2, **most),
        convolution("same", shape, channels=3, kernel_size=2, padding="same"),
        convolution("valid", shape, channels=3, kernel_size=2, padding="valid", bias=False),
        convolution("groups", grouped, channels=4, kernel_size=2, groups=2),
        convolution("depthwise", (3, *shape[1:]), channels=3, kernel_size=2, groups=3),
        transposed("plain", short, channels=3, kernel_size=2),
        transposed("all at once", short, channels=2, kernel_size=2, **more),
        transposed("groups", (4, *short[1:]), channels=2, kernel_size=2, groups=2),
        transposed("depthwise", (3, *short[1:]), channels=3, kernel_size=2, groups=3, bias=False),
    )


def _activated(torch: Any, x: Any, t: Any, W1: Any, b1: Any) -> Any:
    return (t * torch.tanh(torch.nn.functional.conv2d(x, W1, b1, padding=1))).sum()


def _run_time(torch: Any, x: Any, t: Any, W1: Any, b1: Any) -> Any:
    return (t * torch.nn.functional.conv1d(x, W1, b1, padding=1, dilation=2)).sum()


def _run_time_transposed(torch: Any, x: Any, t: Any, W1: Any, b1: Any) -> Any:
    return (t * torch.nn.functional.conv_transpose1d(x, W1, b1, stride=2, padding=1)).sum()


def _stacked(torch: Any, x: Any, t: Any, **p: Any) -> Any:
    f = torch.nn.functional
    h = torch.relu(f.conv2d(x, p["W1"], p["b1"], padding=1))
    h = f.max_pool2d(h, 2)
    h = torch.relu(f.conv2d(h, p["W2"], p["b2"], stride=2))
    return (t * (h.flatten(1) @ p["W3"].T + p["b3"])).sum()


CASES: tuple[Case, ...] = (
    *(case for axes in (1, 2, 3) for case in _each(axes)),
    convolution(
        "by axis", (2, 7, 5), channels=3, kernel_size=[3, 2], stride=[2, 3], padding=[2, 0]
    ),
    convolution(
        "other by axis", (3, 7, 5), channels=2, kernel_size=[1, 4], dilation=[3, 1], padding=[0, 2]
    ),
    convolution(
        "same dilated", (2, 7, 5), channels=3, kernel_size=[2, 3], padding="same", dilation=2
    ),
    convolution("larger stride than kernel", (2, 7, 5), channels=3, kernel_size=2, stride=3),
    convolution("kernel as large as the image", (2, 3, 5), channels=2, kernel_size=[3, 5]),
    convolution("one place", (2, 1, 1), channels=3, kernel_size=3, padding=1),
    convolution("one channel", (1, 5, 3), channels=1, kernel_size=2, stride=2, padding=1),
    convolution(
        "several for each channel", (2, 5, 3), channels=6, kernel_size=3, groups=2, padding="same"
    ),
    convolution("groups of one output", (6, 5, 3), channels=3, kernel_size=2, groups=3, stride=2),
    transposed("by axis", (2, 3, 2), channels=3, kernel_size=[3, 2], stride=[2, 3], padding=[2, 0]),
    transposed(
        "dilated", (2, 2, 3), channels=3, kernel_size=[2, 3], dilation=[3, 2], output_padding=1
    ),
    transposed("one place", (2, 1, 1), channels=3, kernel_size=3, stride=2),
    transposed("groups of one output", (6, 3, 2), channels=3, kernel_size=2, groups=3, padding=1),
    transposed("groups of one input", (3, 3, 2), channels=6, kernel_size=2, groups=3, stride=2),
    upsampling("1d", (2, 3), 5),
    upsampling("2d", (2, 3, 5), 2),
    upsampling("by axis", (2, 3, 5), [3, 1]),
    upsampling("3d", (2, 3, 1, 2), [2, 3, 2]),
    Case(
        "conv2d activation",
        ("conv2d",),
        layer("conv2d", (2, 5, 3), channels=3, kernel_size=3, padding=1, activation="tanh"),
        _activated,
    ),
    Case(
        "conv1d of run-time length",
        ("conv1d",),
        layer("conv1d", (2, "s"), channels=3, kernel_size=2, padding=1, dilation=2),
        _run_time,
        runtime={"s": 7},
    ),
    Case(
        "conv_transpose1d of run-time length",
        ("conv_transpose1d",),
        layer("conv_transpose1d", (2, "s"), channels=3, kernel_size=3, padding=1, stride=2),
        _run_time_transposed,
        runtime={"s": 7},
    ),
    Case(
        "a small image network",
        ("conv2d", "max_pool2d", "flatten"),
        {
            **layer("conv2d", (2, 7, 9), channels=3, kernel_size=3, padding=1, activation="relu"),
            "layers": [
                {
                    "type": "conv2d",
                    "channels": 3,
                    "kernel_size": 3,
                    "padding": 1,
                    "activation": "relu",
                },
                {"type": "max_pool2d", "kernel_size": 2},
                {
                    "type": "conv2d",
                    "channels": 5,
                    "kernel_size": 2,
                    "stride": 2,
                    "activation": "relu",
                },
                {"type": "flatten"},
                {"type": "dense", "units": 3},
            ],
        },
        _stacked,
    ),
)
