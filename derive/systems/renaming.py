"""Layers that are alike: their equations are the same up to the names of tensors and the letters.

A deep net is the same block over and over. What is told of the first holds of the others with other
names, and the names are found here, so that nothing need be told twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from derive.ir.derivation import Derivation
from derive.ir.notation import (
    Affine,
    Atom,
    Axis,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Mod,
    Read,
    Tensor,
    affine,
)
from derive.ir.system import Layer
from derive.ir.tree import (
    equation_reads,
    floordiv,
    index,
    modulo,
    substitute_term,
    transform,
)

Names = dict[str, str]


@dataclass(frozen=True)
class Likeness:
    """Layers of one form: the first, and the others with what stands for the first one's names.

    `forward` and `backward` are the first one's equations; the derivative by its output is not
    among them, for what stands behind the layer gives it.
    """

    first: Layer
    others: tuple[tuple[Layer, Mapping[str, str]], ...]
    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]


def likenesses(derivation: Derivation, backward: bool = True) -> tuple[Likeness, ...]:
    """Every layer once, in order: as the first of its form, or among those that are like it.

    Layers may be alike going forward only: the error term of the last one is the loss's. Without
    `backward` nothing else is asked.
    """
    owner = _owners(derivation)
    parts = {
        layer.name: (
            _of(layer, derivation.forward, owner),
            _of(layer, (*derivation.backward, *derivation.inlined), owner) if backward else (),
        )
        for layer in derivation.system.layers
    }
    found: list[Likeness] = []
    for layer in derivation.system.layers:
        ahead, behind = parts[layer.name]
        for k, group in enumerate(found):
            names = _alike(group, layer, ahead, behind, derivation)
            if names is not None:
                found[k] = replace(group, others=(*group.others, (layer, names)))
                break
        else:
            found.append(Likeness(layer, (), ahead, behind))
    return tuple(found)


def renaming(one: Sequence[Equation], other: Sequence[Equation]) -> Names | None:
    """What the first equations' tensors are called in the others, which are else the same.

    Letters may differ. None where there is no such renaming: each name has one place, both ways.
    """
    if len(one) != len(other):
        return None
    there: Names = {}
    back: Names = {}
    for mine, theirs in zip(one, other, strict=True):
        names = [mine.tensor, *(r.tensor for r in equation_reads(mine))]
        places = [theirs.tensor, *(r.tensor for r in equation_reads(theirs))]
        if len(names) != len(places):
            return None
        for name, place in zip(names, places, strict=True):
            if there.setdefault(name, place) != place or back.setdefault(place, name) != name:
                return None
        if _lettered(renamed(mine, there)) != _lettered(theirs):
            return None
    return there


def renamed(equation: Equation, names: Mapping[str, str]) -> Equation:
    """The equation about other tensors."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Read():
                return read(node)
            case Index(value):
                return index(subscript(value))
            case _:
                return None

    def read(node: Read) -> Read:
        places = tuple(subscript(s) for s in node.subscripts)
        return Read(names.get(node.tensor, node.tensor), places)

    def subscript(value: Affine) -> Affine:
        total = affine(value.constant)
        for atom, coefficient in value.terms:
            total += inside(atom) * coefficient
        return total

    def inside(atom: Atom) -> Affine:
        match atom:
            case Read():
                return affine(read(atom))
            case FloorDiv(of, by):
                return floordiv(subscript(of), by)
            case Mod(of, by):
                return modulo(subscript(of), by)
            case _:
                return affine(atom)

    terms = tuple(
        replace(t, target=tuple(map(subscript, t.target)), body=transform(t.body, change))
        for t in equation.terms
    )
    tensor = names.get(equation.tensor, equation.tensor)
    return replace(equation, tensor=tensor, terms=terms, source="")


def _lettered(equation: Equation) -> Equation:
    """The equation with letters that tell their order and nothing else."""
    axes = {a: Axis(f"@{k}", a.extent) for k, a in enumerate(equation.axes)}
    terms = []
    for term in equation.terms:
        new = dict(axes)
        for axis in term.domain:
            new.setdefault(axis, Axis(f"@{len(new)}", axis.extent))
        terms.append(substitute_term(term, {a: affine(b) for a, b in new.items()}))
    return replace(equation, axes=tuple(axes.values()), terms=tuple(terms), source="")


def _owners(derivation: Derivation) -> dict[str, str]:
    """The layer that each tensor's equation belongs to."""
    layers = derivation.system.layers
    adjoint = derivation.adjoint
    own = {t: layer.name for layer in layers for t in layer.tensors}
    found = dict(own)
    found.update({adjoint[t]: name for t, name in own.items() if t in adjoint})
    # the derivative by what a layer reads is that layer's, where no other reads it
    readers = Counter(i for layer in layers for i in dict.fromkeys(layer.inputs))
    for layer in layers:
        found.pop(adjoint.get(layer.output, ""), None)
    for layer in layers:
        for name in layer.inputs:
            if readers[name] == 1 and name in adjoint:
                found[adjoint[name]] = layer.name
    for equation in (*derivation.backward, *derivation.inlined):
        if equation.tensor not in adjoint.values():
            tensors = [r.tensor for r in equation_reads(equation)]
            votes = Counter(own[t] for t in tensors if t in own)
            votes = votes or Counter(found[t] for t in tensors if t in found)
            if votes:
                found[equation.tensor] = votes.most_common(1)[0][0]
    return found


def _of(
    layer: Layer, equations: Iterable[Equation], owner: Mapping[str, str]
) -> tuple[Equation, ...]:
    return tuple(e for e in equations if owner.get(e.tensor) == layer.name)


def _alike(
    group: Likeness,
    layer: Layer,
    forward: tuple[Equation, ...],
    backward: tuple[Equation, ...],
    derivation: Derivation,
) -> Names | None:
    first = group.first
    if (first.type, first.activation) != (layer.type, layer.activation):
        return None
    names = renaming((*group.forward, *group.backward), (*forward, *backward))
    if names is None or not names:
        return None
    table, adjoint = derivation.table, derivation.adjoint
    own, theirs = set(first.tensors), set(layer.tensors)
    for name, place in names.items():
        if not _same_kind(table[name], table[place], name in own and place in theirs):
            return None
        if adjoint.get(name) in names and adjoint.get(place) != names[adjoint[name]]:
            return None
    return names


def _same_kind(one: Tensor, other: Tensor, own: bool) -> bool:
    """What a layer reads may be an input here and computed there; its own parts may not."""
    same = (one.shape, one.integer, one.value) == (other.shape, other.integer, other.value)
    return same and (not own or one.role == other.role)
