"""Shapes, embeddings and what joins several inputs beside PyTorch's."""

from typing import Any

import numpy as np

from tests.figures.case import UPSTREAM, Case, Draw, layer


def of(kind: str, name: str, given: tuple[Any, ...], function: Any, **attributes: Any) -> Case:
    """One layer with one input."""
    runtime = attributes.pop("runtime", {})

    def reference(torch: Any, x: Any, t: Any) -> Any:
        return (t * function(torch, x)).sum()

    return Case(
        f"{kind} {name}", (kind,), layer(kind, given, **attributes), reference, runtime=runtime
    )


def reshaped(name: str, shape: tuple[Any, ...], wanted: list[int], **more: Any) -> Case:
    return of("reshape", name, shape, lambda _, x: x.reshape(len(x), *wanted), shape=wanted, **more)


def permuted(name: str, shape: tuple[Any, ...], dims: list[int], **more: Any) -> Case:
    return of("permute", name, shape, lambda _, x: x.permute(dims), dims=dims, **more)


def flattened(name: str, shape: tuple[Any, ...], **attributes: Any) -> Case:
    ends = {k: v for k, v in attributes.items() if k.endswith("dim")}
    ends = {"start_dim": 1, **ends}
    return of("flatten", name, shape, lambda _, x: x.flatten(**ends), **attributes)


def sliced(name: str, shape: tuple[Any, ...], place: Any, **attributes: Any) -> Case:
    return of("slice", name, shape, lambda _, x: x[place], **attributes)


def joined(kind: str, name: str, shapes: tuple[tuple[int, ...], ...], **attributes: Any) -> Case:
    names = [f"x{k}" for k, _ in enumerate(shapes, 1)]
    functions = {
        "add": lambda torch, xs: sum(xs),
        "multiply": lambda torch, xs: torch.stack(xs).prod(0),
        "concat": lambda torch, xs: torch.cat(xs, **{"dim": -1, **attributes}),
    }

    def reference(torch: Any, t: Any, **xs: Any) -> Any:
        return (t * functions[kind](torch, [xs[n] for n in names])).sum()

    spec = {
        "inputs": {n: list(s) for n, s in zip(names, shapes, strict=True)},
        "layers": [{"type": kind, "inputs": names, **attributes}],
        "loss": UPSTREAM,
    }
    return Case(f"{kind} {name}", (kind,), spec, reference)


def bilinear(name: str, first: tuple[int, ...], second: tuple[int, ...], **more: Any) -> Case:
    def reference(torch: Any, u: Any, v: Any, t: Any, W1: Any, b1: Any = None) -> Any:
        y = torch.nn.functional.bilinear(u, v, W1, b1)
        return (t * (torch.tanh(y) if more.get("activation") else y)).sum()

    spec = {
        "inputs": {"u": list(first), "v": list(second)},
        "layers": [{"type": "bilinear", "inputs": ["u", "v"], "units": 3, **more}],
        "loss": UPSTREAM,
    }
    return Case(f"bilinear {name}", ("bilinear",), spec, reference)


def numbers(below: int) -> Draw:
    return lambda rng, shape: rng.integers(0, below, shape)


def embedding(name: str, shape: tuple[Any, ...], **more: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any, W1: Any) -> Any:
        return (t * torch.nn.functional.embedding(x, W1)).sum()

    spec = layer("embedding", shape, num_embeddings=5, embedding_dim=3)
    draws = {"x": numbers(5)}
    return Case(f"embedding {name}", ("embedding",), spec, reference, draws=draws, **more)


def _waves(torch: Any, length: int, width: int) -> Any:
    """The table as the paper's section 3.5 has it."""
    table = torch.zeros(length, width, dtype=torch.float64)
    place = torch.arange(length, dtype=torch.float64)[:, None]
    rate = 10000.0 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    table[:, 0::2] = torch.sin(place / rate)
    table[:, 1::2] = torch.cos(place / rate[: width // 2])
    return table


def waves(name: str, shape: tuple[Any, ...], **more: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any) -> Any:
        return (t * (x + _waves(torch, *x.shape[1:])) ** 2).sum()

    spec = layer("positional_encoding", shape)
    spec["layers"] = [*spec["layers"], {"type": "multiply", "inputs": ["a", "a"]}]
    spec["layers"][0] = {**spec["layers"][0], "name": "a"}
    return Case(f"positional_encoding {name}", ("positional_encoding",), spec, reference, **more)


def learned(name: str, shape: tuple[Any, ...], runtime: Any = None, **attributes: Any) -> Case:
    def reference(torch: Any, x: Any, t: Any, P1: Any) -> Any:
        return (t * (x + P1[: x.shape[1]])).sum()

    spec = layer("positional_encoding", shape, learned=True, **attributes)
    return Case(
        f"positional_encoding {name}",
        ("positional_encoding",),
        spec,
        reference,
        runtime=runtime or {},
    )


CASES: tuple[Case, ...] = (
    flattened("vector", (5,)),
    flattened("image", (2, 3, 5)),
    flattened("middle", (2, 3, 5, 2), start_dim=2, end_dim=3),
    flattened("first", (2, 3, 5), end_dim=2),
    flattened("run-time length", ("s", 3), runtime={"s": 5}),
    flattened("ones", (1, 3, 1)),
    reshaped("vector to image", (30,), [2, 3, 5]),
    reshaped("image to vector", (2, 3, 5), [-1]),
    reshaped("other factors", (4, 9), [6, 6]),
    reshaped("what is left", (4, 9), [3, -1, 2]),
    reshaped("the same", (2, 3), [2, 3]),
    reshaped("ones", (5,), [1, 5, 1]),
    reshaped("run-time length", ("s", 6), [-1, 2, 3], runtime={"s": 5}),
    reshaped("longer run-time length", ("s", 6), [-1, 2], runtime={"s": 5}),
    permuted("matrix", (3, 5), [0, 2, 1]),
    permuted("image", (2, 3, 5), [0, 2, 3, 1]),
    permuted("image back", (2, 3, 5), [0, 3, 1, 2]),
    permuted("from the end", (2, 3, 5), [0, -1, 1, 2]),
    permuted("run-time length", ("s", 3), [0, 2, 1], runtime={"s": 5}),
    sliced("start", (3, 7), np.s_[..., 2:], start=2),
    sliced("stop", (3, 7), np.s_[..., :-2], stop=-2),
    sliced("step", (7, 3), np.s_[:, 1:6:2], dim=1, start=1, stop=6, step=2),
    sliced("last", (7, 3), np.s_[:, -1:], dim=1, start=-1),
    sliced("all", (3, 7), np.s_[:], start=0),
    sliced("middle axis", (2, 5, 3), np.s_[:, :, 3:9], dim=2, start=3, stop=9),
    sliced("run-time length", ("s", 3), np.s_[:, 1:-2], dim=1, start=1, stop=-2, runtime={"s": 7}),
    joined("add", "two", ((3, 5), (3, 5))),
    joined("multiply", "three", ((5,), (5,), (5,))),
    joined("concat", "last axis", ((3, 2), (3, 5), (3, 1))),
    joined("concat", "first axis", ((2, 3), (5, 3)), dim=1),
    bilinear("vectors", (5,), (7,)),
    bilinear("sequences", (2, 5), (2, 7), bias=False),
    bilinear("activation", (5,), (2,), activation="tanh"),
    bilinear("ones", (1,), (1,)),
    embedding("sequence", (7,)),
    embedding("one symbol", ()),
    embedding("grid", (2, 3)),
    embedding("run-time length", ("s",), runtime={"s": 7}),
    waves("even width", (7, 4)),
    waves("odd width", (3, 5)),
    waves("run-time length", ("s", 4), runtime={"s": 7}),
    learned("learned", (5, 3)),
    learned("learned for longer", (5, 3), max_length=7),
    learned("learned at run time", ("s", 3), runtime={"s": 5}, max_length=7),
)
