"""The transformer's layers: attention, and a small net at each place, each with a way around it.

A tensor's ending tells its part: `_a` attention of x to itself, `_m` attention to the memory, `_f`
the small net, whose weights are Wu up and Wd down. What x's own attention brings has no ending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from derive.catalogue.layers.attention import (
    BIAS,
    CAUSAL,
    HEADS,
    MASK,
    MASKED,
    MEMORY,
    Heads,
    equally_wide,
    lists,
    places,
    width_of,
)
from derive.catalogue.rows import Attribute, Entry, Example, Extents, Parameter, Use, within
from derive.ir.notation import Affine
from derive.ir.system import Initializer

_WEIGHTS = Initializer("glorot_uniform")
_ZEROS = Initializer("zeros")
_ONES = Initializer("constant", (("value", Fraction(1)),))
_ACTIVATIONS = {"relu": "relu({0})", "gelu": "{0}*normcdf({0})"}

# From the tensor that a part reads and the one that it gives to its equations.
Part = Callable[[str, str], str]


def _norm(part: str, x: str, output: str, bias: bool) -> str:
    """Layer normalisation, with a gain and a shift."""
    mean, spread, x = f"mu_{part}[n,t]", f"sigma_{part}[n,t]", f"{x}[n,t,i]"
    shift = f" + b_{part}[i]" if bias else ""
    return f"""\
{mean} = mean(i, {x})
{spread} = sqrt(mean(i, ({x} - {mean})**2) + eps)
{output}[n,t,i] = g_{part}[i]*({x} - {mean})/{spread}{shift}"""


def _around(use: Use, part: str, x: str, output: str, inside: Part) -> str:
    """A part and the way around it, normalised before the part or after the sum."""
    bias, z, summed = use.attributes["bias"], f"z_{part}", f"r_{part}"
    if use.attributes["norm_first"]:
        normed = f"n_{part}"
        lines = (
            _norm(part, x, normed, bias),
            inside(normed, z),
            f"{output}[n,t,i] = {x}[n,t,i] + {z}[n,t,i]",
        )
    else:
        lines = (
            inside(x, z),
            f"{summed}[n,t,i] = {x}[n,t,i] + {z}[n,t,i]",
            _norm(part, summed, output, bias),
        )
    return "\n".join(lines)


def _small_net(use: Use) -> Part:
    """The same two dense layers at each place."""
    up, down = (" + bu[l]", " + bd[i]") if use.attributes["bias"] else ("", "")
    active = _ACTIVATIONS[use.attributes["activation"]].format("p[n,t,l]")

    def equations(x: str, output: str) -> str:
        return f"""\
p[n,t,l] = sum(i, Wu[l,i]*{x}[n,t,i]){up}
f[n,t,l] = {active}
{output}[n,t,i] = sum(l, Wd[i,l]*f[n,t,l]){down}"""

    return equations


def _heads(use: Use) -> dict[str, Heads]:
    """The attentions by the parts that they are; x stands for what each will read."""
    attributes = use.attributes
    itself = Heads(
        attributes["heads"], width_of(use), "x", "x", attributes["bias"], attributes["causal"]
    )
    masked = use.shape(MASK) is not None
    if use.shape(MEMORY) is None:
        return {"a": replace(itself, masked=masked)}
    return {
        "a": itself,
        "m": replace(
            itself,
            memory=MEMORY,
            causal=False,
            masked=masked,
            tail="_m",
            stacked=equally_wide(use),
        ),
    }


def _looking(heads: Heads) -> Part:
    def equations(x: str, output: str) -> str:
        memory = x if heads.memory == "x" else heads.memory
        return replace(heads, x=x, memory=memory).equations(output)

    return equations


def _equations(use: Use) -> str:
    insides = {part: _looking(heads) for part, heads in _heads(use).items()}
    insides["f"] = _small_net(use)
    lines, x = [], "x"
    for part, inside in insides.items():
        output = "y" if part == "f" else f"x_{part}"
        lines.append(_around(use, part, x, output, inside))
        x = output
    return "\n".join(lines)


def _parameters(use: Use) -> tuple[Parameter, ...]:
    bias = use.attributes["bias"]
    heads = _heads(use)
    rows = [p for h in heads.values() for p in h.parameters()]
    for local, fan in (("u", heads["a"].width), ("d", use.attributes["dim_feedforward"])):
        rows.append(Parameter(f"W{local}", _WEIGHTS, pytorch=within(fan)))
        rows += [Parameter(f"b{local}", _ZEROS, pytorch=within(fan))] if bias else []
    for part in (*heads, "f"):
        rows.append(Parameter(f"g_{part}", _ONES))
        rows += [Parameter(f"b_{part}", _ZEROS, pytorch=_ZEROS)] if bias else []
    return tuple(rows)


def _extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    result = places(use)
    for heads in _heads(use).values():
        result.update(heads.extents())
    return result


def _layer(name: str, about: str, source: str, causal: Attribute, *memory: str) -> Entry:
    return Entry(
        name=name,
        about=about,
        equations=_equations,
        inputs=lists(("x", *memory)),
        parameters=_parameters,
        attributes=(
            HEADS,
            Attribute(
                "dim_feedforward", "extent", "how wide the small net is", default=2048, letter="l"
            ),
            Attribute(
                "activation",
                "choice",
                "what follows the small net's first sum",
                default="relu",
                choices=("relu", "gelu"),
            ),
            Attribute(
                "norm_first",
                "flag",
                "whether a part reads what is normalised, or its sum with x is normalised",
                default=False,
            ),
            Attribute("eps", "positive", "is added to the variances", default=Fraction("1e-5")),
            BIAS,
            causal,
            replace(
                MASKED, meaning=f"{MASKED.meaning}; of the memory's" if memory else MASKED.meaning
            ),
        ),
        extents=Extents(axes=_extents, letters=lambda use: _heads(use)["a"].letters()),
        source=source,
        kink="relu has derivative 0 at 0",
        example=Example((5, 4), ((MASK, (5,)),)),
    )


ENCODER_LAYER = _layer(
    "transformer_encoder_layer",
    "attention of x to itself, then a small net at each place, each added to what it reads and "
    "normalised; without dropout",
    "Vaswani et al. 2017, Attention is all you need, section 3.1; norm_first: Xiong et al. 2020",
    CAUSAL,
)
DECODER_LAYER = _layer(
    "transformer_decoder_layer",
    "attention of x to itself, to the memory, then a small net at each place, each added to what "
    "it reads and normalised; without dropout",
    "Vaswani et al. 2017, Attention is all you need, section 3.1; norm_first: Xiong et al. 2020",
    replace(CAUSAL, default=True),
    MEMORY,
)

LAYERS = (ENCODER_LAYER, DECODER_LAYER)
