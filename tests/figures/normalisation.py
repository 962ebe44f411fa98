"""Normalisation beside PyTorch's."""

from typing import Any

import numpy as np

from tests.figures.case import Case, layer


def _threes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, 3.0)


def layer_norm(name: str, shape: tuple[Any, ...], last: Any = None, **more: Any) -> Case:
    given = dict(more.pop("attributes", {}))
    if last is not None:
        given["normalized_shape"] = last
    normalised = [shape[-1]] if last is None else [last] if isinstance(last, int) else last
    eps = given.get("eps", 1e-5)

    def reference(torch: Any, x: Any, t: Any, g1: Any = None, b1: Any = None) -> Any:
        return (t * torch.nn.functional.layer_norm(x, normalised, g1, b1, eps)).sum()

    return Case(
        f"layer_norm {name}",
        ("layer_norm",),
        layer("layer_norm", shape, **given),
        reference,
        **more,
    )


def rms_norm(name: str, shape: tuple[Any, ...], last: Any = None, **more: Any) -> Case:
    given = dict(more.pop("attributes", {}))
    if last is not None:
        given["normalized_shape"] = last
    normalised = [shape[-1]] if last is None else [last] if isinstance(last, int) else last
    eps = given.get("eps", 1e-5)

    def reference(torch: Any, x: Any, t: Any, g1: Any = None) -> Any:
        return (t * torch.nn.functional.rms_norm(x, normalised, g1, eps)).sum()

    return Case(
        f"rms_norm {name}", ("rms_norm",), layer("rms_norm", shape, **given), reference, **more
    )


def group_norm(name: str, shape: tuple[Any, ...], groups: int, **more: Any) -> Case:
    given = {"groups": groups, **more.pop("attributes", {})}
    eps = given.get("eps", 1e-5)

    def reference(torch: Any, x: Any, t: Any, g1: Any = None, b1: Any = None) -> Any:
        return (t * torch.nn.functional.group_norm(x, groups, g1, b1, eps)).sum()

    return Case(
        f"group_norm {name}",
        ("group_norm",),
        layer("group_norm", shape, **given),
        reference,
        **more,
    )


def instance_norm(name: str, shape: tuple[Any, ...], **more: Any) -> Case:
    given = dict(more.pop("attributes", {}))

    def reference(torch: Any, x: Any, t: Any, g1: Any = None, b1: Any = None) -> Any:
        return (t * torch.nn.functional.instance_norm(x, weight=g1, bias=b1)).sum()

    spec = layer("instance_norm", shape, **given)
    return Case(f"instance_norm {name}", ("instance_norm",), spec, reference, **more)


PLAIN = {"attributes": {"elementwise_affine": False}}
CASES: tuple[Case, ...] = (
    layer_norm("vector", (5,)),
    layer_norm("sequence", (7, 5)),
    layer_norm("two axes", (2, 3, 5), [3, 5]),
    layer_norm("named last axis", (3, 5), 5),
    layer_norm("all axes", (2, 3, 5), [2, 3, 5]),
    layer_norm("no gain", (3, 5), **PLAIN),
    layer_norm("no shift", (3, 5), attributes={"bias": False, "eps": 0.1}),
    layer_norm("run-time length", ("s", 5), runtime={"s": 7}),
    layer_norm("constant", (2, 3), draws={"x": _threes}),
    layer_norm("one feature", (3, 1)),
    rms_norm("vector", (5,)),
    rms_norm("sequence", (7, 5), attributes={"eps": 0.1}),
    rms_norm("two axes", (2, 3, 5), [3, 5]),
    rms_norm("no gain", (3, 5), **PLAIN),
    rms_norm("zeros", (3, 5), draws={"x": lambda rng, shape: np.zeros(shape)}),
    group_norm("images", (6, 3, 5), 2),
    group_norm("sequence", (6, 5), 3),
    group_norm("vector", (6,), 2),
    group_norm("volume", (4, 3, 2, 5), 2, attributes={"affine": False}),
    group_norm("one group", (6, 3), 1, attributes={"eps": 0.1}),
    group_norm("a group for each channel", (3, 5), 3),
    group_norm("constant", (4, 3), 2, draws={"x": _threes}),
    group_norm("run-time extents", (6, "h", "w"), 2, runtime={"h": 3, "w": 5}),
    instance_norm("images", (3, 5, 7)),
    instance_norm("sequence", (3, 5), attributes={"affine": True}),
    instance_norm("volume", (2, 3, 2, 5), attributes={"affine": True}),
    instance_norm("constant", (2, 3), draws={"x": _threes}),
    instance_norm("run-time extents", (3, "h", "w"), runtime={"h": 3, "w": 5}),
)
