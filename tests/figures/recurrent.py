"""Recurrent layers beside PyTorch's modules, whose stacked weights are put together from ours."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.figures.case import Case, layer

CLASSES = {"rnn": ("RNN", ("",)), "lstm": ("LSTM", tuple("ifgo")), "gru": ("GRU", tuple("ruc"))}
KINDS = {"W": "weight_ih", "U": "weight_hh", "b": "bias_ih", "v": "bias_hh"}
Walked = Callable[[Any, Any, tuple[Any, ...] | None], tuple[Any, Any]]


def own(local: str, layer_: int, back: bool) -> str:
    """The name of a parameter of the net's only layer, numbered 1."""
    name = f"{local}{layer_ if layer_ > 1 else ''}{'_r' if back else ''}"
    return f"{name}_1" if name[-1].isdigit() else f"{name}1"


def module(torch: Any, kind: str, x: Any, leaves: dict[str, Any], given: dict[str, Any]) -> Walked:
    """PyTorch's module with our parameters: (x, states) -> (every step, the last)."""
    called, gates = CLASSES[kind]
    settings = {"layers": 1, "bidirectional": False, "bias": True, **given}
    more = {k: v for k, v in given.items() if k == "nonlinearity"}
    net = getattr(torch.nn, called)(
        x.shape[2],
        given["units"],
        num_layers=settings["layers"],
        bidirectional=settings["bidirectional"],
        bias=settings["bias"],
        batch_first=True,
        dtype=x.dtype,
        **more,
    )
    parameters = {}
    for n in range(settings["layers"]):
        for back in (False, True) if settings["bidirectional"] else (False,):
            for local, theirs in KINDS.items():
                mine = [own(local + gate, n + 1, back) for gate in gates]
                if mine[0] in leaves:
                    name = f"{theirs}_l{n}{'_reverse' if back else ''}"
                    parameters[name] = torch.cat([leaves[m] for m in mine])

    def walked(x: Any, states: tuple[Any, ...] | None) -> tuple[Any, Any]:
        first = states[0] if states and kind != "lstm" else states
        return torch.func.functional_call(net, parameters, (x, first))

    return walked


def started(torch: Any, leaves: dict[str, Any], kind: str, walks: int) -> tuple[Any, ...] | None:
    """The states to begin with as PyTorch wants them: walks first."""
    names = ("h0", "c0") if kind == "lstm" else ("h0",)
    if "h0" not in leaves:
        return None
    states = (leaves[name] for name in names)
    return tuple((s.transpose(0, 1) if walks > 1 else s[None]).contiguous() for s in states)


def recurrent(kind: str, name: str, shape: tuple[Any, ...], **more: Any) -> Case:
    """A case of one layer; `lengths` masks the steps behind each sequence's own end."""
    given: dict[str, Any] = {"units": 2, **more.pop("attributes", {})}
    start, lengths = more.pop("start", False), more.pop("lengths", None)
    walks = given.get("layers", 1) * (2 if given.get("bidirectional") else 1)
    state = [walks, given["units"]] if walks > 1 else [given["units"]]
    spec = layer(kind, shape, **given)
    if start:
        spec["inputs"].update(dict.fromkeys(("h0", "c0") if kind == "lstm" else ("h0",), state))
    if lengths:
        spec["layers"][0]["masked"] = True
        spec["inputs"]["mask"] = [shape[0]]
        drawn = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(float)
        more["draws"] = {"mask": lambda rng, _: drawn}

    def reference(torch: Any, x: Any, t: Any, **leaves: Any) -> Any:
        walked = module(torch, kind, x, leaves, given)
        states = started(torch, leaves, kind, walks)
        if lengths:
            return (t * by_length(torch, walked, x, states, lengths, given)).sum()
        every, last = walked(x, states)
        if given.get("return_sequences", True):
            return (t * every).sum()
        last = last[0] if kind == "lstm" else last
        ends = last[-2:] if given.get("bidirectional") else last[-1:]
        return (t * torch.cat(tuple(ends), dim=1)).sum()

    return Case(f"{kind} {name}", (kind,), spec, reference, **more)


def by_length(
    torch: Any, walked: Walked, x: Any, states: Any, lengths: list[int], given: dict[str, Any]
) -> Any:
    """Each sequence alone, cut at its end; behind it the forward walk's state stays as it was.

    The walk from the end begins there with what it is given, so that this stands behind the end.
    """
    rows = []
    for n, length in enumerate(lengths):
        mine = None if states is None else tuple(s[:, n : n + 1].contiguous() for s in states)
        every, _ = walked(x[n : n + 1, :length], mine)
        rest = x.shape[1] - length
        units = given["units"]
        behind = [every[:, -1:, :units].expand(-1, rest, -1)]
        if given.get("bidirectional"):
            begin = torch.zeros_like(every[:, -1, units:]) if mine is None else mine[0][-1]
            behind.append(begin[:, None].expand(-1, rest, -1))
        rows.append(torch.cat([every, torch.cat(behind, dim=2)], dim=1))
    found = torch.cat(rows)
    return found if given.get("return_sequences", True) else found[:, -1]


def family(kind: str) -> tuple[Case, ...]:
    both, two = {"bidirectional": True}, {"layers": 2}
    last = {"return_sequences": False}
    return (
        recurrent(kind, "all steps", (5, 3)),
        recurrent(kind, "run-time length", ("s", 3), runtime={"s": 5}),
        recurrent(kind, "last step", (5, 3), attributes=last),
        recurrent(kind, "one step", (1, 3), attributes={"units": 3}),
        recurrent(kind, "one step, both directions", (1, 3), attributes=both | last),
        recurrent(kind, "batch of one", (3, 2), runtime={"n": 1}),
        recurrent(kind, "one unit, one feature", (3, 1), attributes={"units": 1}),
        recurrent(kind, "no bias", (5, 3), attributes={"bias": False}),
        recurrent(kind, "two layers", (3, 3), attributes=two),
        recurrent(kind, "both directions", (5, 3), attributes=both),
        recurrent(kind, "both directions, last step", (3, 3), attributes=both | last),
        recurrent(kind, "two layers, both directions", (3, 3), attributes=both | two),
        recurrent(kind, "start", (3, 3), start=True),
        recurrent(
            kind, "start of two layers, both directions", (3, 3), attributes=both | two, start=True
        ),
        recurrent(kind, "mask", (5, 3), lengths=[3, 5, 1]),
        recurrent(
            kind, "mask, last step", ("s", 3), attributes=last, lengths=[2, 5, 1], runtime={"s": 5}
        ),
        recurrent(
            kind,
            "mask, both directions, start",
            (5, 3),
            attributes=both,
            start=True,
            lengths=[3, 5, 1],
        ),
    )


CASES: tuple[Case, ...] = (
    *family("rnn"),
    recurrent("rnn", "relu", (5, 3), attributes={"nonlinearity": "relu"}),
    recurrent("rnn", "relu, two layers", (5, 3), attributes={"nonlinearity": "relu", "layers": 2}),
    recurrent("rnn", "three layers", (3, 3), attributes={"layers": 3}),
    *family("lstm"),
    *family("gru"),
)
