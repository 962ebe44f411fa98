"""Layers that walk along a sequence: the state of one step enters the next.

Each gate has tensors of its own, as the literature writes it: `W` weighs the input, `U` the state
before, `b` and `v` are PyTorch's two biases. The second layer's names end in 2, those of the walk
from the end to the beginning in _r.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from derive.catalogue.rows import Attribute, Entry, Example, Extents, Parameter, Unfit, Use, within
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

_WEIGHTS = Initializer("glorot_uniform")
_ZEROS = Initializer("zeros")
_START, _MASK = "h0", "mask"


@dataclass(frozen=True)
class _Walk:
    """One layer's walk in one direction. `place` counts the walks, as PyTorch counts its states."""

    use: Use
    layer: int
    back: bool
    place: int

    def name(self, local: str) -> str:
        """A tensor of this walk."""
        return f"{local}{self.layer if self.layer > 1 else ''}{'_r' if self.back else ''}"

    @property
    def reads(self) -> str:
        """The sequence that it walks along."""
        if self.layer == 1:
            return "x"
        return f"{'s' if self.use.attributes['bidirectional'] else 'h'}{_number(self.layer - 1)}"

    def now(self, local: str) -> str:
        """A tensor of this walk at the step `t` and the unit `k`."""
        return f"{self.name(local)}[n,t,k]"

    def before(self, state: str, unit: str = "k") -> str:
        """A state after the step before, at the first step the one to begin with."""
        read = f"{self.name(state)}[n,{'t+1' if self.back else 't-1'},{unit}]"
        start = f"{state}0"
        if self.use.shape(start) is None:
            return read
        inside = "t < size(t)-1" if self.back else "t > 0"
        begin = f"{self.place},{unit}" if _walks(self.use.attributes) > 1 else unit
        return f"where({inside}, {read}, {start}[n,{begin}])"

    def seen(self, gate: str) -> str:
        """The input's part of a gate."""
        bias = f" + {self.name('b' + gate)}[k]" if self.use.attributes["bias"] else ""
        return f"sum(j, {self.name('W' + gate)}[k,j]*{self.reads}[n,t,j]){bias}"

    def remembered(self, gate: str) -> str:
        """The previous state's part of a gate."""
        bias = f" + {self.name('v' + gate)}[k]" if self.use.attributes["bias"] else ""
        return f"sum(l, {self.name('U' + gate)}[k,l]*{self.before('h', 'l')}){bias}"

    def state(self, local: str, value: str) -> str:
        """The equation of a state, which a masked step carries on."""
        if self.use.shape(_MASK) is not None:
            value = f"where(mask[n,t] > 0, {value}, {self.before(local)})"
        return f"{self.now(local)} = {value}"


def _number(layer: int) -> str:
    return str(layer) if layer > 1 else ""


def _walks(attributes: Mapping[str, Any]) -> int:
    return int(attributes["layers"]) * (2 if attributes["bidirectional"] else 1)


def _each(use: Use) -> Iterator[_Walk]:
    directions = (False, True) if use.attributes["bidirectional"] else (False,)
    for layer in range(1, use.attributes["layers"] + 1):
        for back in directions:
            yield _Walk(use, layer, back, (layer - 1) * len(directions) + back)


def _elman(walk: _Walk) -> str:
    both = f"{walk.seen('')} + {walk.remembered('')}"
    return walk.state("h", f"{walk.use.attributes['nonlinearity']}({both})")


def _gate(walk: _Walk, gate: str, function: str = "sigmoid") -> str:
    return f"{walk.now(gate)} = {function}({walk.seen(gate)} + {walk.remembered(gate)})"


def _lstm(walk: _Walk) -> str:
    i, f, g, o = (walk.now(gate) for gate in "ifgo")
    return "\n".join(
        (
            _gate(walk, "i"),
            _gate(walk, "f"),
            _gate(walk, "g", "tanh"),
            _gate(walk, "o"),
            walk.state("c", f"{f}*{walk.before('c')} + {i}*{g}"),
            walk.state("h", f"{o}*tanh({walk.now('c')})"),
        )
    )


def _gru(walk: _Walk) -> str:
    r, u, m, c = (walk.now(local) for local in "rumc")
    return "\n".join(
        (
            _gate(walk, "r"),
            _gate(walk, "u"),
            f"{m} = {walk.remembered('c')}",
            f"{c} = tanh({walk.seen('c')} + {r}*{m})",
            walk.state("h", f"(1 - {u})*{c} + {u}*{walk.before('h')}"),
        )
    )


def _joined(use: Use, output: str, layer: int) -> str:
    """Both directions one after the other, or the only one; all steps, or the last of each walk."""
    h = f"h{_number(layer)}"
    every = output != "y" or use.attributes["return_sequences"]
    step, last = ("t,", "t") if every else ("", f"size({h},1)-1")
    if not use.attributes["bidirectional"]:
        return f"{output}[n,{step}k] = {h}[n,{last},k]"
    first = "t" if every else "0"
    return f"{output}[n,{step}u] = {h}[n,{last},u] + {h}_r[n,{first},u-size({h},2)]"


@dataclass(frozen=True)
class _Kind:
    """A kind of recurrent layer: the equations of a walk, its gates, its states."""

    name: str
    cell: Callable[[_Walk], str]
    gates: tuple[str, ...]
    states: str = "h"

    @property
    def starts(self) -> tuple[str, ...]:
        """The inputs that hold the states to begin with."""
        return tuple(f"{state}0" for state in self.states)

    def equations(self, use: Use) -> str:
        """Every walk, and what joins those of one layer."""
        self.check(use)
        lines = []
        for walk in _each(use):
            lines.append(self.cell(walk))
            last = walk.layer == use.attributes["layers"]
            if walk.back and not last:
                lines.append(_joined(use, f"s{_number(walk.layer)}", walk.layer))
        return "\n".join((*lines, _joined(use, "y", use.attributes["layers"])))

    def parameters(self, use: Use) -> tuple[Parameter, ...]:
        """The tensors of each gate of each walk."""
        rows = [("W", _WEIGHTS), ("U", _WEIGHTS)]
        if use.attributes["bias"]:
            rows += [("b", _ZEROS), ("v", _ZEROS)]
        pytorch = within(use.attributes["units"])
        return tuple(
            Parameter(walk.name(f"{kind}{gate}"), init, pytorch=pytorch)
            for walk in _each(use)
            for gate in self.gates
            for kind, init in rows
        )

    def extents(self, use: Use) -> Mapping[tuple[str, int], Affine]:
        """As many steps as the input has, as many units as are asked for."""
        self.check(use)
        units = use.attributes["units"]
        result = {("x", axis): use.shapes[0][axis] for axis in (1, 2)}
        for walk in _each(use):
            result[(walk.name("h"), 1)] = use.shapes[0][1]
            result[(walk.name("h"), 2)] = affine(units)
            result.update(((walk.name(f"W{g}"), 0), affine(units)) for g in self.gates)
            if walk.back and walk.layer < use.attributes["layers"]:
                result[(f"s{_number(walk.layer)}", 2)] = affine(2 * units)
        if use.attributes["bidirectional"]:
            result[("y", 2 if use.attributes["return_sequences"] else 1)] = affine(2 * units)
        return result

    def check(self, use: Use) -> None:
        """Raise `Unfit` where an input has other axes or extents than the layer takes."""
        if use.rank != 3:
            raise Unfit(
                f"the input has {use.rank - 1} axes without the batch's, and {self.name} takes 2: "
                "steps and features"
            )
        walks, units = _walks(use.attributes), affine(use.attributes["units"])
        wanted = (affine(walks), units) if walks > 1 else (units,)
        steps = use.shapes[0][1:2]
        for start in self.starts:
            shape = use.shape(start)
            if shape is not None and shape[1:] != wanted:
                a_mask = ", or say masked = true if it is a mask" if shape[1:] == steps else ""
                raise Unfit(
                    f"the state to begin with, {start}, has the extents "
                    f"[{_listed(shape[1:])}] for a sample; give it [{_listed(wanted)}]{a_mask}"
                )
        mask = use.shape(_MASK)
        if mask is not None and mask[1:] != steps:
            raise Unfit(
                f"the mask has the extents [{_listed(mask[1:])}] for a sample; "
                f"give it [{_listed(steps)}], a number for each step"
            )

    def input_lists(self, attributes: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
        """The input alone, or with the states to begin with; a mask stands last."""
        mask = (_MASK,) if attributes["masked"] else ()
        return (("x", *mask), ("x", *self.starts, *mask))


_UNITS = Attribute("units", "extent", "the length of the state", letter="k")
_ATTRIBUTES = (
    Attribute("layers", "extent", "how many stand one on the other", default=1, sample=2),
    Attribute(
        "bidirectional",
        "flag",
        "whether a second walk goes from the end to the beginning; the states of both then "
        "stand one after the other",
        default=False,
    ),
    Attribute("bias", "flag", "whether biases b and v are added", default=True),
    Attribute(
        "return_sequences",
        "flag",
        "whether the state after each step comes out, or that after the last alone (of a "
        "walk from the end: after the first)",
        default=True,
    ),
    Attribute(
        "masked",
        "flag",
        "whether a last input mask[n,t] tells the steps that count by numbers above 0; any "
        "other carries the state on",
        default=False,
    ),
)


def _entry(
    kind: _Kind, about: str, source: str, own: tuple[Attribute, ...] = (), kink: str = ""
) -> Entry:
    return Entry(
        name=kind.name,
        about=about,
        equations=kind.equations,
        inputs=kind.input_lists,
        parameters=kind.parameters,
        extents=Extents(axes=kind.extents, letters=lambda use: {"l": int(use.attributes["units"])}),
        attributes=(_UNITS, *own, *_ATTRIBUTES),
        source=source,
        kink=kink,
        example=Example((5, 4), ((_MASK, (5,)),)),
    )


def _listed(extents: tuple[Affine, ...]) -> str:
    return ", ".join(str(e.number) if e.number is not None else "?" for e in extents)


RNN = _entry(
    _Kind("rnn", _elman, ("",)),
    "Elman's recurrent net: input and state before give the state; inputs x, or x and the state "
    "h0 to begin with, which is 0 otherwise",
    "Elman 1990, Finding structure in time; torch.nn.RNN",
    (
        Attribute(
            "nonlinearity",
            "choice",
            "what follows the sum",
            default="tanh",
            choices=("tanh", "relu"),
        ),
    ),
    kink="relu has derivative 0 at 0",
)
LSTM = _entry(
    _Kind("lstm", _lstm, tuple("ifgo"), "hc"),
    "long short-term memory: gates i, f and o say what enters the memory c, stays and comes out; "
    "inputs x, or x and the states h0 and c0 to begin with, which are 0 otherwise",
    "Hochreiter & Schmidhuber 1997; Gers et al. 2000, the gate f; torch.nn.LSTM",
)
GRU = _entry(
    _Kind("gru", _gru, tuple("ruc")),
    "a gated recurrent unit: u says how much of the state stays, r how much of its word m the "
    "candidate c hears; inputs x, or x and the state h0 to begin with, which is 0 otherwise",
    "Cho et al. 2014, eq. 5 to 8, with biases as torch.nn.GRU",
)

LAYERS = (RNN, LSTM, GRU)
