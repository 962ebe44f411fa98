"""Objectives for sequences of labels: their paths are summed over by a recurrence along time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.catalogue.rows import (
    OWN_EXTENT,
    Attribute,
    Example,
    Extents,
    Loss,
    Parameter,
    Unfit,
    Use,
)
from derive.ir.input_limits import Inside, Limit
from derive.ir.notation import Affine, Dim, affine
from derive.ir.system import Initializer

_MASK = "mask"
_NEVER = "-1e9"  # the logarithm of what can't be, finite so that differences can be taken


def _input_lists(attributes: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    return (("y", _MASK),) if attributes["masked"] else (("y",),)


def _masked(meaning: str = "") -> Attribute:
    return Attribute(
        "masked",
        "flag",
        "whether a second input mask[n,s] tells the steps that count by numbers above 0; the first "
        f"always counts{meaning}",
        default=False,
    )


def _need_steps(use: Use, name: str) -> None:
    if use.rank != 3:
        raise Unfit(
            f"{name} takes steps with {'scores' if name == 'crf' else 'log probabilities'} "
            f"y[n,s,k], and this output has {use.rank} axes; give it a sequence"
        )


def _ctc(use: Use) -> str:
    """The states are the labels with a blank before, between and after them: 2*size(l) + 1."""
    _need_steps(use, "ctc")
    blank, classes = use.attributes["blank"], use.shapes[0][-1].number
    if not 0 <= blank < (classes or 2**31):
        range_ = f"the classes are 0 to {classes - 1}" if classes else "classes count from 0"
        raise Unfit(f"blank = {blank}: {range_}; give one of them")
    label = "t[n,l] > 0" if blank == 0 else f"t[n,l] >= 0 and t[n,l] != {blank}"
    step = f"""e[n,s,u] + where(s > 0, \
logsumexp(k, where(u >= k, f[n,s-1,u-k], {_NEVER}) + b[n,u,k]), where(u < 2, 0, {_NEVER}))"""
    if use.shape(_MASK) is not None:
        step = f"where(s == 0 or mask[n,s] > 0, {step}, f[n,s-1,u])"
    cost = "c[n]/maximum(m[n], 1)"
    if use.attributes["zero_infinity"]:
        cost = f"where(c[n] < 1e8, {cost}, 0)"
    return f"""\
m[n] = sum(l, where({label}, 1, 0))
e[n,s,u] = where(u % 2 == 1, y[n,s,t[n,u//2]], y[n,s,{blank}])
b[n,u,k] = where(k < 2 or (u % 2 == 1 and t[n,u//2] != t[n,u//2-1]), 0, {_NEVER})
f[n,s,u] = {step}
c[n] = -logsumexp(u, where(u >= 2*m[n] - 1 and u <= 2*m[n], f[n,size(f,1)-1,u], {_NEVER}))
E = mean(n, {cost})"""


def _ctc_extents(use: Use) -> Mapping[tuple[str, int], Affine]:
    given = use.attributes["labels"]
    labels = affine(Dim(f"{OWN_EXTENT}l")) if given is None else affine(given)
    states = labels * 2 + 1
    return {("t", 1): labels, ("e", 2): states, ("b", 1): states, ("f", 2): states}


def _crf(use: Use) -> str:
    _need_steps(use, "crf")
    if use.shape(_MASK) is None:
        on, counted, more = "", "{}", "s + 1 < size(s)"
        carried, last = "{}", "end[t[n,size(t,1)-1]]"
    else:
        on = "on[n,s] = where(s == 0 or mask[n,s] > 0, 1, 0)\n"
        counted, more = "where(on[n,s] > 0, {}, 0)", "on[n,s+1] > 0"
        carried = "where(on[n,s] > 0, {}, f[n,s-1,k])"
        last = "sum(s, where(on[n,s] > 0 and on[n,s+1] == 0, end[t[n,s]], 0))"
    step = "y[n,s,k] + where(s > 0, logsumexp(j, f[n,s-1,j] + A[j,k]), start[k])"
    path = "y[n,s,t[n,s]] + where(s > 0, A[t[n,s-1],t[n,s]], 0)"
    return f"""\
{on}f[n,s,k] = {carried.format(step)}
v[n] = logsumexp(k, f[n,size(f,1)-1,k] + end[k])
g[n,s,k] = where({more}, logsumexp(j, A[k,j] + y[n,s+1,j] + g[n,s+1,j]), end[k])
p[n,s,k] = exp(f[n,s,k] + g[n,s,k] - v[n])
r[n] = start[t[n,0]] + sum(s, {counted.format(path)}) + {last}
E = mean(n, v[n] - r[n])"""


def _fillable(_: Use) -> tuple[Limit, ...]:
    return (Inside("t", "y", -1, (-1,)),)


def _tags(use: Use) -> tuple[Limit, ...]:
    """The tags of steps that don't count may be -1."""
    return (Inside("t", "y", -1, () if use.shape(_MASK) is None else (-1,)),)


_SMALL = Initializer("uniform", (("high", Fraction("0.1")), ("low", Fraction("-0.1"))))

CTC = Loss(
    name="ctc",
    about="of log probabilities y[n,s,k] for each step, such as log_softmax gives, and a shorter "
    "list of labels t[n,l], filled up with blanks or -1: the negative log probability of "
    "all paths that give these labels once repeats and then blanks are taken out. It is "
    "divided by the number of labels, and its mean over the batch is taken, as PyTorch's "
    "CTCLoss does. Labels that no path gives in so few steps cost 1e9 before that",
    equations=_ctc,
    inputs=_input_lists,
    extents=Extents(axes=_ctc_extents, letters=lambda _: {"k": 3}, limits=_fillable),
    attributes=(
        Attribute("blank", "integer", "the class that stands for no label", default=0),
        Attribute(
            "labels",
            "extent",
            "how many labels a target has room for; read at run time without it",
            default=None,
        ),
        Attribute(
            "zero_infinity",
            "flag",
            "whether labels that no path gives cost nothing",
            default=False,
        ),
        _masked(),
    ),
    target="labels",
    source="Graves, Fernández, Gomez & Schmidhuber 2006, Connectionist temporal classification, "
    "section 4",
    example=Example((5, 4), ((_MASK, (5,)),)),
)
CRF = Loss(
    name="crf",
    about="of scores y[n,s,k] of each tag at each step, the negative log probability of the path "
    "of tags t[n,s] in a chain with scores A[j,k] of tag k after tag j, and those of start and "
    "end; its mean over the batch. The probabilities p are those of each tag at each step, over "
    "all paths",
    equations=_crf,
    inputs=_input_lists,
    parameters=(Parameter("A", _SMALL), Parameter("start", _SMALL), Parameter("end", _SMALL)),
    extents=Extents(limits=_tags),
    attributes=(
        _masked(", and after one that doesn't none may; the tag of one that doesn't may be -1"),
    ),
    target="classes",
    probabilities="p",
    source="Lafferty, McCallum & Pereira 2001, Conditional random fields, section 3",
    example=Example((5, 4), ((_MASK, (5,)),)),
)

LOSSES = (CTC, CRF)
