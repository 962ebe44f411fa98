"""Attention: each place takes a mean of values, weighed by how its query fits their keys.

A mask is a last input `mask[n,u]`, above 0 where a key counts. What is hidden by it scores -1e9,
whose exponential is 0 beside any other's: a row without a key that counts is then the mean of all
values that it may see, where minus infinity would give no number. The exact checks take differences
of 1e-18 in fifty digits, so that a much larger number would leave them none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive.catalogue.rows import (
    Attribute,
    Entry,
    Example,
    Extents,
    InputLists,
    Parameter,
    Unfit,
    Use,
    limited,
    within,
)
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer

MASK = "mask"
MEMORY = "memory"
HEADS = Attribute("heads", "extent", "into how many heads the features fall", sample=2)
CAUSAL = Attribute(
    "causal", "flag", "whether a place sees itself and what is before it only", default=False
)
BIAS = Attribute("bias", "flag", "whether biases are added", default=True)
MASKED = Attribute(
    "masked",
    "flag",
    "whether a last input mask[n,u] tells the keys that count by numbers above 0",
    default=False,
)
_WEIGHTS = Initializer("glorot_uniform")
_ZEROS = Initializer("zeros")


def weighed(scores: str, axes: str, causal: bool, masked: bool, tail: str = "") -> str:
    """The weights `a` of the keys `u` from their scores, a softmax; `axes` are all before `u`."""
    if masked:
        scores = f"where({MASK}[n,u] > 0, {scores}, -1e9)"
    if causal:
        scores = f"where(u <= t, {scores}, -inf)"
    s, m = f"s{tail}[{axes},u]", f"m{tail}[{axes}]"
    return f"""\
{s} = {scores}
{m} = hold(max(u, {s}))
a{tail}[{axes},u] = exp({s} - {m})/sum(u, exp({s} - {m}))"""


@dataclass(frozen=True)
class Heads:
    """Attention of several heads from `x` to `memory`, its tensors' names ending in `tail`.

    The head `h` has the features `size*h` to `size*h + size - 1` of queries, keys and values.
    `stacked` tells that x and memory are equally wide, so that PyTorch has one weight for the
    three and draws it by the fans of the whole.
    """

    heads: int
    width: int
    x: str
    memory: str
    bias: bool
    causal: bool = False
    masked: bool = False
    tail: str = ""
    stacked: bool = True

    @property
    def size(self) -> int:
        """The number of features of a head."""
        return self.width // self.heads

    def _projected(self, local: str, of: str) -> str:
        bias = f" + b{local}{self.tail}[e]" if self.bias else ""
        weights = f"W{local}{self.tail}[e,j]"
        return f"{local}{self.tail}[n,t,e] = sum(j, {weights}*{of}[n,t,j]){bias}"

    def equations(self, output: str) -> str:
        """The heads' values joined, as the tensor `output`."""
        tail, feature = self.tail, f"{self.size}*h+d" if self.size > 1 else "h+d"
        scores = f"sum(d, q{tail}[n,t,{feature}]*k{tail}[n,u,{feature}])/sqrt(size(d))"
        bias = f" + bo{tail}[i]" if self.bias else ""
        return f"""\
{self._projected("q", self.x)}
{self._projected("k", self.memory)}
{self._projected("v", self.memory)}
{weighed(scores, "n,h,t", self.causal, self.masked, tail)}
o{tail}[n,t,h,d] = sum(u, a{tail}[n,h,t,u]*v{tail}[n,u,{feature}])
{output}[n,t,i] = sum(h,d, Wo{tail}[i,{feature}]*o{tail}[n,t,h,d]){bias}"""

    def parameters(self) -> tuple[Parameter, ...]:
        """The weights and biases of the four projections."""
        projected = limited(6, 4 * self.width) if self.stacked else _WEIGHTS
        rows = []
        for local in "qkvo":
            pytorch = within(self.width) if local == "o" else projected
            rows.append(Parameter(f"W{local}{self.tail}", _WEIGHTS, pytorch=pytorch))
            if self.bias:
                rows.append(Parameter(f"b{local}{self.tail}", _ZEROS, pytorch=_ZEROS))
        return tuple(rows)

    def extents(self) -> dict[tuple[str, int], Affine]:
        """The axes that are read head by head."""
        width = affine(self.width)
        result = {(f"{local}{self.tail}", 2): width for local in "qkv"}
        return {**result, (f"Wo{self.tail}", 1): width, (f"Wo{self.tail}", 0): width}

    def letters(self) -> dict[str, int]:
        """The letters of heads and of features in a head."""
        return {"h": self.heads, "d": self.size}


def width_of(use: Use) -> int:
    """The number of features of a sequence, which the heads divide."""
    for name, shape in zip(use.inputs, use.shapes, strict=True):
        if name != MASK and len(shape) != 3:
            axes = "1 axis" if len(shape) == 2 else f"{len(shape) - 1} axes"
            problem = f"{name} has {axes} without the batch's, and it takes 2: places and features"
            raise Unfit(problem + "; say masked = true if it is a mask" * (name == MEMORY))
    width, heads = use.shapes[0][2].number, use.attributes["heads"]
    if width is None:
        raise Unfit(
            "the number of features is known at run time only, and the heads divide it; give it in "
            "inputs"
        )
    if width % heads:
        raise Unfit(f"heads = {heads} must divide the {width} features; take a number that does")
    check_mask(use, use.shape(MEMORY) or use.shapes[0], 1)
    return width


def equally_wide(use: Use) -> bool:
    """Whether the memory has as many features as x."""
    memory = use.shape(MEMORY)
    return memory is None or memory[2] == use.shapes[0][2]


def check_mask(use: Use, keys: tuple[Affine, ...], axis: int) -> None:
    """That a mask has a number for each key."""
    mask = use.shape(MASK)
    if mask is not None and mask[1:] != keys[axis : axis + 1]:
        raise Unfit("the mask needs a number for each place of the keys, and no other axis")


def places(use: Use) -> dict[tuple[str, int], Affine]:
    """The extents of the inputs, which no walk of an equation's letters can tell."""
    return {
        (name, k): extent
        for name, shape in zip(use.inputs, use.shapes, strict=True)
        for k, extent in enumerate(shape)
        if k
    }


def _attention(use: Use) -> str:
    ranks = [len(shape) for name, shape in zip(use.inputs, use.shapes, strict=True) if name != MASK]
    if min(ranks) < 3 or len(set(ranks)) > 1:
        raise Unfit(
            "queries, keys and values have one number of axes: the batch, heads if any, places and "
            "features"
        )
    check_mask(use, use.shapes[1], len(use.shapes[1]) - 2)
    scores = "sum(d, q[n,...,t,d]*k[n,...,u,d])/sqrt(size(d))"
    causal, masked = use.attributes["causal"], use.attributes["masked"]
    return f"""\
{weighed(scores, "n,...,t", causal, masked)}
y[n,...,t,i] = sum(u, a[n,...,t,u]*v[n,...,u,i])"""


def lists(*usual: tuple[str, ...]) -> InputLists:
    """The lists of inputs, with a mask where it is masked."""

    def of(attributes: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
        return tuple((*names, MASK) if attributes["masked"] else names for names in usual)

    return of


def _of(use: Use) -> Heads:
    memory = MEMORY if use.shape(MEMORY) is not None else "x"
    attributes = use.attributes
    return Heads(
        heads=attributes["heads"],
        width=width_of(use),
        x="x",
        memory=memory,
        bias=attributes["bias"],
        causal=attributes["causal"],
        masked=attributes["masked"],
        stacked=equally_wide(use),
    )


ATTENTION = Entry(
    name="attention",
    about="scaled dot products: each place of q takes the mean of v by how it fits the places of "
    "k; a fourth input is the mask; axes between batch and places are heads; the shift m changes "
    "no value and is held constant",
    equations=_attention,
    inputs=lists(("q", "k", "v")),
    attributes=(CAUSAL, MASKED),
    extents=Extents(places),
    source="Vaswani et al. 2017, Attention is all you need, eq. 1",
    example=Example((5, 4), ((MASK, (5,)),)),
)
MULTI_HEAD_ATTENTION = Entry(
    name="multi_head_attention",
    about="attention of several heads: from x to itself, or to a second input, memory; the shift m "
    "changes no value and is held constant",
    equations=lambda use: _of(use).equations("y"),
    inputs=lists(("x",), ("x", MEMORY)),
    parameters=lambda use: _of(use).parameters(),
    attributes=(HEADS, CAUSAL, BIAS, MASKED),
    extents=Extents(
        axes=lambda use: {**places(use), **_of(use).extents()},
        letters=lambda use: _of(use).letters(),
    ),
    source="Vaswani et al. 2017, Attention is all you need, section 3.2.2; "
    "torch.nn.MultiheadAttention",
    example=Example((5, 4), ((MASK, (5,)),)),
)

LAYERS = (ATTENTION, MULTI_HEAD_ATTENTION)
