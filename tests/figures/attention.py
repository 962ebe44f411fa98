"""Attention beside PyTorch's functions and modules."""

from typing import Any

import numpy as np

from tests.figures.case import UPSTREAM, Case, layer


def attention(name: str, q: tuple[Any, ...], k: tuple[Any, ...], width: int, **more: Any) -> Case:
    """Queries of one shape, keys of another, values as many as keys and `width` wide."""
    given = dict(more.pop("attributes", {}))
    names = ["q", "k", "v"]
    shapes = [list(q), list(k), [*k[:-1], width]]
    counted = more.pop("mask", None)
    if counted is not None:
        given["masked"] = True
        names.append("mask")
        shapes.append([k[-2]])
        more["draws"] = {"mask": lambda rng, _: np.array(counted, float)}
    spec = {
        "inputs": dict(zip(names, shapes, strict=True)),
        "layers": [{"type": "attention", "inputs": names, **given}],
        "loss": UPSTREAM,
    }

    def reference(torch: Any, q: Any, k: Any, v: Any, t: Any, mask: Any = None) -> Any:
        seen = None
        if given.get("causal"):
            seen = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        if mask is not None:
            keys = (mask > 0).reshape(len(q), *(1,) * (q.ndim - 2), -1)
            seen = keys if seen is None else seen & keys
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return (t * y).sum()

    return Case(f"attention {name}", ("attention",), spec, reference, **more)


PROJECTIONS = {
    "q_proj_weight": "Wq",
    "k_proj_weight": "Wk",
    "v_proj_weight": "Wv",
}


def heads_of(leaves: dict[str, Any], torch: Any, tail: str = "", together: bool = True) -> Any:
    """PyTorch's parameters of a multi-head attention, from ours."""
    found = {"out_proj.weight": leaves[f"Wo{tail}1"]}
    weights = [leaves[f"W{local}{tail}1"] for local in "qkv"]
    if together:
        found["in_proj_weight"] = torch.cat(weights)
    else:
        found.update(zip(PROJECTIONS, weights, strict=True))
    if f"bo{tail}1" in leaves:
        found["out_proj.bias"] = leaves[f"bo{tail}1"]
        found["in_proj_bias"] = torch.cat([leaves[f"b{local}{tail}1"] for local in "qkv"])
    return found


def multi_head(name: str, shape: tuple[Any, ...], heads: int, **more: Any) -> Case:
    """From `x` to itself, or to `memory` where its shape is given."""
    given = {"heads": heads, **more.pop("attributes", {})}
    memory, counted = more.pop("memory", None), more.pop("mask", None)
    if counted is not None:
        given["masked"] = True
        more["draws"] = {"mask": lambda rng, _: np.array(counted, float)}
    spec = layer("multi_head_attention", shape, **given)
    if memory:
        spec["inputs"]["memory"] = list(memory)
    if counted is not None:
        spec["inputs"]["mask"] = [(memory or shape)[0]]

    def reference(torch: Any, x: Any, t: Any, **leaves: Any) -> Any:
        keys = leaves.get("memory", x)
        together = keys.shape[2] == x.shape[2]
        net = torch.nn.MultiheadAttention(
            x.shape[2],
            heads,
            bias=given.get("bias", True),
            kdim=keys.shape[2],
            vdim=keys.shape[2],
            batch_first=True,
            dtype=x.dtype,
        )
        hidden = None
        if given.get("causal"):
            hidden = ~torch.ones(x.shape[1], keys.shape[1], dtype=torch.bool).tril()
        mask = leaves.get("mask")
        y, _ = torch.func.functional_call(
            net,
            heads_of(leaves, torch, together=together),
            (x, keys, keys),
            {"attn_mask": hidden, "key_padding_mask": None if mask is None else mask <= 0},
        )
        return (t * y).sum()

    return Case(f"multi_head_attention {name}", ("multi_head_attention",), spec, reference, **more)


def transformer(kind: str, name: str, shape: tuple[Any, ...], heads: int, **more: Any) -> Case:
    """An encoder's layer, or a decoder's where the shape of the memory is given."""
    given = {"heads": heads, "dim_feedforward": 5, **more.pop("attributes", {})}
    memory, counted = more.pop("memory", None), more.pop("mask", None)
    if counted is not None:
        given["masked"] = True
        more["draws"] = {"mask": lambda rng, _: np.array(counted, float)}
    spec = layer(f"transformer_{kind}_layer", shape, **given)
    if memory:
        spec["inputs"]["memory"] = list(memory)
    if counted is not None:
        spec["inputs"]["mask"] = [(memory or shape)[0]]

    def reference(torch: Any, x: Any, t: Any, **leaves: Any) -> Any:
        called = {"encoder": "TransformerEncoderLayer", "decoder": "TransformerDecoderLayer"}
        net = getattr(torch.nn, called[kind])(
            x.shape[2],
            heads,
            given["dim_feedforward"],
            dropout=0.0,
            activation=given.get("activation", "relu"),
            layer_norm_eps=given.get("eps", 1e-5),
            batch_first=True,
            norm_first=given.get("norm_first", False),
            bias=given.get("bias", True),
            dtype=x.dtype,
        )
        parts = {"self_attn": ""} | ({"multihead_attn": "_m"} if memory else {})
        parameters = {
            f"{part}.{n}": w
            for part, tail in parts.items()
            for n, w in heads_of(leaves, torch, tail).items()
        }
        ends = {"linear1": "u", "linear2": "d"}
        ends |= {f"norm{k}": f"_{p}" for k, p in enumerate("amf" if memory else "af", 1)}
        for theirs, mine in ends.items():
            parameters[f"{theirs}.weight"] = leaves[f"{'W' if mine in 'ud' else 'g'}{mine}1"]
            if given.get("bias", True):
                parameters[f"{theirs}.bias"] = leaves[f"b{mine}1"]
        hidden = None
        if given.get("causal", kind == "decoder"):
            hidden = ~torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        mask = leaves.get("mask")
        ignored = None if mask is None else mask <= 0
        if memory:
            read: tuple[Any, ...] = (x, leaves["memory"])
            masks = {"tgt_mask": hidden, "memory_key_padding_mask": ignored}
        else:
            read, masks = (x,), {"src_mask": hidden, "src_key_padding_mask": ignored}
        y = torch.func.functional_call(net, parameters, read, masks)
        return (t * y).sum()

    return Case(f"{kind} {name}", (f"transformer_{kind}_layer",), spec, reference, **more)


def encoder(name: str, shape: tuple[Any, ...], heads: int = 2, **more: Any) -> Case:
    return transformer("encoder", name, shape, heads, **more)


def decoder(
    name: str, shape: tuple[Any, ...], memory: tuple[Any, ...], heads: int = 2, **more: Any
) -> Case:
    return transformer("decoder", name, shape, heads, memory=memory, **more)


CAUSAL = {"causal": True}
FIRST = {"norm_first": True}
GELU = {"activation": "gelu"}
THREE = [[1, 1, 0], [1, 0, 1], [1, 1, 1]]
CASES: tuple[Case, ...] = (
    attention("one head", (5, 2), (3, 2), 3),
    attention("two heads", (2, 5, 3), (2, 3, 3), 2),
    attention("causal", (5, 3), (5, 3), 2, attributes=CAUSAL),
    attention("causal, more queries than keys", (5, 3), (3, 3), 2, attributes=CAUSAL),
    attention("causal, two heads", (2, 3, 2), (2, 3, 2), 3, attributes=CAUSAL),
    attention("run-time lengths", ("a", 3), ("b", 3), 2, runtime={"a": 5, "b": 3}),
    attention("one place", (1, 3), (1, 3), 2),
    attention("one feature", (3, 1), (5, 1), 1),
    attention("batch of one", (3, 2), (5, 2), 3, runtime={"n": 1}),
    attention("mask", (5, 2), (3, 2), 3, mask=THREE),
    attention("mask, two heads, causal", (2, 3, 2), (2, 3, 2), 3, mask=THREE, attributes=CAUSAL),
    attention(
        "large scores",
        (3, 2),
        (5, 2),
        3,
        draws={"q": lambda rng, shape: rng.integers(-9, 9, shape) * 1e3},
    ),
    multi_head("itself", (5, 6), 2),
    multi_head("three heads", (3, 6), 3),
    multi_head("one head", (5, 3), 1),
    multi_head("heads of one feature", (3, 3), 3),
    multi_head("causal", (5, 4), 2, attributes=CAUSAL),
    multi_head("no bias", (3, 4), 2, attributes={"bias": False}),
    multi_head("run-time length", ("s", 4), 2, attributes=CAUSAL, runtime={"s": 5}),
    multi_head("one place", (1, 4), 2),
    multi_head("batch of one", (3, 4), 2, runtime={"n": 1}),
    multi_head("mask", (3, 4), 2, mask=THREE),
    multi_head("mask, causal", (3, 4), 2, mask=THREE, attributes=CAUSAL),
    multi_head("memory", (5, 4), 2, memory=(3, 4)),
    multi_head("memory of another width", (5, 4), 2, memory=(3, 5)),
    multi_head("memory, mask", (5, 4), 2, memory=(3, 5), mask=THREE),
    multi_head("memory, run-time lengths", ("a", 4), 2, memory=("b", 3), runtime={"a": 3, "b": 5}),
    encoder("after the sum", (3, 4)),
    encoder("before the part", (3, 4), attributes=FIRST),
    encoder("gelu, causal", (3, 6), 3, attributes=GELU | CAUSAL),
    encoder("gelu, before the part, causal", (3, 4), attributes=GELU | CAUSAL | FIRST),
    encoder("no bias", (3, 4), attributes={"bias": False, "eps": 0.1}),
    encoder("mask", (3, 4), mask=THREE),
    encoder("one place", (1, 4), attributes=FIRST),
    encoder("batch of one", (3, 4), runtime={"n": 1}),
    encoder("run-time length", ("s", 4), attributes=CAUSAL, runtime={"s": 3}),
    decoder("after the sum", (3, 4), (5, 4)),
    decoder("before the part", (3, 4), (2, 4), attributes=FIRST),
    decoder("gelu, not causal", (3, 4), (2, 4), attributes=GELU | {"causal": False}),
    decoder("no bias, before the part", (2, 4), (3, 4), attributes=FIRST | {"bias": False}),
    decoder("mask", (2, 4), (3, 4), mask=THREE),
    decoder("one place", (1, 4), (1, 4)),
    decoder("run-time lengths", ("a", 4), ("b", 4), runtime={"a": 2, "b": 3}),
)
