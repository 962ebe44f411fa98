"""What a text says of its own names: a sum of products, or a function of one; data, or a result."""

from __future__ import annotations

import re
from collections.abc import Mapping

from derive.arrays.nodes import (
    Dot,
    Einsum,
    Entrywise,
    Product,
    Reshape,
    Transpose,
    Whole,
)
from derive.arrays.walk import arrays
from derive.readers.name_rules import Context
from derive.readers.vocabulary import Vocabulary


def is_sum(node: Whole) -> bool:
    """Whether a value is a product of arrays plus something: what an activation is taken of."""
    match node:
        case Product() | Dot() | Einsum():
            return True
        case Transpose(of=of) | Reshape(of=of):
            return is_sum(of)
        case Entrywise(op="+" | "-", args=args):
            return any(map(is_sum, args))
        case _:
            return False


def told(
    name: str, tensor: str | None, node: Whole, vocabulary: Vocabulary, said: Mapping[str, str]
) -> str | None:
    """The tensor that a name means by its value, where that is another than the guess.

    Some call the sum `a` and its activation `z`, or the last sum `out`; some call the output `y`.
    """
    if tensor is None:
        return None
    shapes = vocabulary.shapes
    by_role = {t.name: t.role for t in vocabulary.system.tensors}
    number = tensor[1:]
    if by_role.get(tensor) == "target" and name != tensor:
        if all(by_role.get(n) in ("input", "target") for n in arrays(node)):
            return None
        found = next(iter(Context(vocabulary).outputs), None)
        return found and ((_sum_of(found, vocabulary) if is_sum(node) else None) or found)
    if name != tensor and is_sum(node):
        return _sum_of(tensor, vocabulary)
    if name in (f"z{number}", f"Z{number}") and re.fullmatch(r"z\d+", tensor) and not is_sum(node):
        # `z1 = sigmoid(a1)` where `a1` was told to be the sum
        meant = {s for n, s in said.items() if n != name}
        if tensor in meant and set(arrays(node)) == {tensor}:
            activated = f"y{number}"
            if vocabulary.system.output in (tensor, activated):
                return next(iter(Context(vocabulary).outputs), None)
            return activated if activated in shapes else None
    return None


def of_slope(name: str, tensor: str | None, node: Whole, vocabulary: Vocabulary) -> str | None:
    """The error term of a sum, where a name for that of an activation is given it.

    Some go on saying `dh` for what has passed the activation's slope.
    """
    if tensor is None or name == tensor or not re.fullmatch(r"d[yh]\d+", tensor):
        return None
    found = f"dz{tensor[2:]}"
    return found if found in vocabulary.shapes and passed(node, tensor[2:]) else None


def passed(node: Whole, number: str) -> bool:
    """Whether a value is an error that was given the slope of the layer of that number."""
    own = {f"z{number}", f"y{number}", f"h{number}"}
    read = [set(arrays(factor)) for factor in _factors(node)]
    return any(r and r <= own for r in read) and any(r - own for r in read)


def _factors(node: Whole) -> list[Whole]:
    """What stands above the fraction bar of a product."""
    match node:
        case Entrywise(op="*", args=args):
            return [f for a in args for f in _factors(a)]
        case Entrywise(op="/", args=(over, _)) | Entrywise(op="neg", args=(over,)):
            return _factors(over)
        case Entrywise(op="where", args=(test, *values)):
            return [test, *(f for v in values for f in _factors(v))]
        case Transpose(of=of):
            return _factors(of)
        case _:
            return [node]


def _sum_of(tensor: str, vocabulary: Vocabulary) -> str | None:
    """The pre-activation of a value of a layer."""
    if tensor == vocabulary.system.probabilities != vocabulary.system.output:
        return vocabulary.system.output
    sum_ = f"z{tensor[1:]}"
    return sum_ if tensor[:1] in ("y", "h") and sum_ in vocabulary.shapes else None
