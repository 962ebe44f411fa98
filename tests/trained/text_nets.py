"""Language models and the table with holes in PyTorch, as `nets` has the others."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.trained.data import LENGTH, SYMBOLS

GATES = {"LSTM": "ifgo", "GRU": "ruc"}


def _cost(torch: Any, y: Any, t: Any) -> Any:
    """The mean over all places of all pieces."""
    return torch.nn.functional.cross_entropy(y.flatten(0, 1), t.flatten())


def recurrent(kind: str, torch: Any) -> Any:
    """An LSTM or a GRU between an embedding and a dense layer."""
    nn = torch.nn

    class Reader(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.symbols = nn.Embedding(len(SYMBOLS), 24)
            self.walk = getattr(nn, kind)(24, 64, batch_first=True)
            self.out = nn.Linear(64, len(SYMBOLS))

        def forward(self, x: Any) -> Any:
            return self.out(self.walk(self.symbols(x))[0])

    net = Reader()
    named = {"W_symbols": net.symbols.weight, "W_out": net.out.weight, "b_out": net.out.bias}
    for local, theirs in (
        ("W", "weight_ih"),
        ("U", "weight_hh"),
        ("b", "bias_ih"),
        ("v", "bias_hh"),
    ):
        stacked = getattr(net.walk, f"{theirs}_l0").split(64)
        named |= {
            f"{local}{gate}_{kind.lower()}": part
            for gate, part in zip(GATES[kind], stacked, strict=True)
        }
    return net, named, partial(_cost, torch)


def transformer(torch: Any) -> Any:
    """Two encoder layers that look back only."""
    nn = torch.nn

    class Reader(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.symbols = nn.Embedding(len(SYMBOLS), 32)
            settings = {"dropout": 0.0, "batch_first": True, "norm_first": True}
            self.a = nn.TransformerEncoderLayer(32, 4, 64, **settings)
            self.b = nn.TransformerEncoderLayer(32, 4, 64, **settings)
            self.norm = nn.LayerNorm(32)
            self.out = nn.Linear(32, len(SYMBOLS))
            even = torch.arange(0, 32, 2)
            angle = torch.arange(LENGTH)[:, None] / 10000 ** (even / 32)
            self.waves = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)

        def forward(self, x: Any) -> Any:
            later = torch.ones(LENGTH, LENGTH).triu(1).bool()
            y = self.symbols(x) + self.waves
            y = self.b(self.a(y, src_mask=later), src_mask=later)
            return self.out(self.norm(y))

    net = Reader()
    named = {"W_symbols": net.symbols.weight, "g_norm": net.norm.weight, "b_norm": net.norm.bias}
    named |= {"W_out": net.out.weight, "b_out": net.out.bias}
    for name in "ab":
        layer = getattr(net, name)
        for local, part in zip("qkv", layer.self_attn.in_proj_weight.split(32), strict=True):
            named[f"W{local}_{name}"] = part
        for local, part in zip("qkv", layer.self_attn.in_proj_bias.split(32), strict=True):
            named[f"b{local}_{name}"] = part
        dense = (("o", layer.self_attn.out_proj), ("u", layer.linear1), ("d", layer.linear2))
        for local, part in dense:
            named |= {f"W{local}_{name}": part.weight, f"b{local}_{name}": part.bias}
        for local, part in (("a", layer.norm1), ("f", layer.norm2)):
            named |= {f"g_{local}_{name}": part.weight, f"b_{local}_{name}": part.bias}
    return net, named, partial(_cost, torch)


def factorise(torch: Any) -> Any:
    """The product of two tables, and what `generated/factorise` minimises."""
    nn = torch.nn

    class Product(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.U = nn.Parameter(torch.empty(50, 5))
            self.V = nn.Parameter(torch.empty(40, 5))

        def forward(self, mask: Any) -> Any:
            self.mask = mask
            return self.U @ self.V.T

    net = Product()

    def cost(p: Any, r: Any) -> Any:
        size = (net.U**2).sum() + (net.V**2).sum()
        return (net.mask * (p - r) ** 2).sum() + 0.1 * size

    return net, {"U": net.U, "V": net.V}, cost
