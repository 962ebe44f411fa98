"""Assumptions of a user, `sum(i, t[n,i]) == 1`, for simplification to use."""

from __future__ import annotations

from collections.abc import Collection

from derive.errors import ChainruleError, meant, shorten
from derive.ir.system import Assumption
from derive.language.elaborate import Meaning
from derive.language.extent_inference import walks
from derive.language.normal_form import Normalizer
from derive.language.occurrences import free_names, refs
from derive.language.parser import LONGEST_EQUATION, read_value
from derive.language.scope import resolve
from derive.language.syntax import Name, Op, Refused, Written


def read_assumption(
    text: str, meaning: Meaning, scalars: frozenset[str], names: Collection[str]
) -> Assumption:
    """`sum(i, t[n,i]) == 1`: letters left free hold for every place."""
    if len(text) > LONGEST_EQUATION:
        raise ChainruleError(f"assume: '{shorten(text)}' is too long; shorten it")
    try:
        node = read_value(text, "assume")
    except Refused as refused:
        raise ChainruleError(str(refused)) from None
    if not (isinstance(node, Op) and node.op == "==" and len(node.args) == 2):
        raise ChainruleError(f"assume: '{shorten(text)}' is no equation; write left == right")
    for ref in refs(node):
        if ref.name != ref.of:
            raise ChainruleError(
                f"{ref.place}: an assumption is about tensors; give {shorten(ref.name)} a name of "
                "its own by an equation, and write that"
            )
        if ref.name not in names:
            raise ChainruleError(
                f"{ref.place}: unknown tensor '{shorten(ref.name)}'"
                f"{meant(ref.name, names) or '; an assumption is about known tensors'}"
            )
    free = dict.fromkeys(free_names(node))
    letters_ = tuple(Name(node.place, n) for n in free if n not in scalars)
    try:
        sides = []
        for side in node.args:
            written = Written(node.place, "assumed_", letters_, side, text)
            scoped = resolve(written, meaning.rank, scalars, frozenset(names))
            for var, slot, _ in walks(scoped.right):
                value = meaning.extents.get(slot)
                if value is not None and meaning.extents.get(var) is None:
                    meaning.extents.put(var, value, "as its axis", var.place)
            sides.append(scoped)
        for a, b in zip(sides[0].left, sides[1].left, strict=True):
            value = meaning.extents.get(a)
            if value is not None:
                meaning.extents.put(b, value, "as its axis", b.place)
        axes = tuple(meaning.axis(v) for v in sides[0].left)
        maker = Normalizer(lambda *w: w[0], lambda n: False)
        maker.equation("assumed_", axes, meaning.value(sides[0].right), text)
        return Assumption(axes, maker.equations[-1], meaning.value(sides[1].right), text)
    except Refused as refused:
        raise ChainruleError(str(refused)) from None
