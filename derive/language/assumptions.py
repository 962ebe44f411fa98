"""What a user states: `sum(i, t[n,i]) == 1`, for simplification to use."""

from __future__ import annotations

from collections.abc import Collection

from derive.errors import ChainruleError, meant, shorten
from derive.ir.system import Assumption
from derive.language.elaborate import Meaning, refs_of
from derive.language.normal_form import Normalizer
from derive.language.parser import LONGEST_EQUATION, read_value
from derive.language.scope import refs, resolve
from derive.language.syntax import (
    CONSTANTS,
    Fn,
    Letter,
    LetterVar,
    Name,
    Op,
    Place,
    Red,
    Ref,
    Refused,
    Syntax,
    Written,
)


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
    free = _free_names(node)
    letters_ = tuple(Name(node.place, n) for n in free if n not in scalars)
    try:
        sides = []
        for side in node.args:
            written = Written(node.place, "assumed_", letters_, side, text)
            scoped = resolve(written, meaning.rank, scalars, frozenset(names))
            for var, slot, _ in _plain_walks(scoped.right):
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


def _plain_walks(node: Syntax) -> list[tuple[LetterVar, tuple[str, int], Place]]:
    from_refs = []
    for ref in refs_of(node):
        for position, part in enumerate(ref.subscripts):
            if isinstance(part, Letter):
                from_refs.append((part.var, (ref.name, position), part.place))
    return from_refs


def _free_names(node: Syntax, bound: frozenset[str] = frozenset()) -> list[str]:
    match node:
        case Name(name=name):
            return [] if name in bound or name in CONSTANTS else [name]
        case Ref(subscripts=parts) | Op(args=parts) | Fn(args=parts):
            return list(dict.fromkeys(n for p in parts for n in _free_names(p, bound)))
        case Red(letters=letters_, body=body):
            names = {x.name for x in letters_ if isinstance(x, Name)}
            return _free_names(body, bound | names)
        case _:
            return []
