"""Inference of extents: they belong to axes, and flow to letters and along plain walking.

A letter that stands alone as a subscript walks that axis plainly: both have one extent. What is
declared (sizes, shapes of inputs, the batch) is put in first; what contradicts it is an error
that names both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derive.ir.notation import Affine, Dim, affine
from derive.language.occurrences import bound_letters, refs
from derive.language.scope import Scoped
from derive.language.syntax import Letter, LetterVar, Place, Ref, Refused, Syntax, parted

Slot = tuple[str, int]
_DECLARED = "declared"
Node = LetterVar | Slot


@dataclass(frozen=True)
class Sizes:
    """What is declared of tensors' axes: how many there are, and their extents.

    `slots` fixes axes by (tensor, position), `letters` by (scope, letter); `batch` names letters
    of the batch, `batch_slots` axes that are the batch's.
    """

    ranks: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[Slot, Affine | int] = field(default_factory=dict)
    letters: Mapping[tuple[str, str], int] = field(default_factory=dict)
    batch: tuple[str, ...] = ()
    batch_slots: tuple[Slot, ...] = ()
    open_at_run_time: frozenset[str] = frozenset()

    @classmethod
    def of(cls, shapes: Mapping[str, Sequence[Affine]]) -> Sizes:
        """Those of tensors whose shapes are known."""
        return cls(
            ranks={n: len(s) for n, s in shapes.items()},
            slots={(n, k): e for n, s in shapes.items() for k, e in enumerate(s)},
        )


class Extents:
    """Classes of letters and axes that share one extent."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}
        self._value: dict[Node, tuple[Affine, str]] = {}

    def root(self, node: Node) -> Node:
        """The class of a letter or an axis."""
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def get(self, node: Node) -> Affine | None:
        """The extent, if known."""
        result = self._value.get(self.root(node))
        return result[0] if result else None

    def why(self, node: Node) -> str:
        """The origin of the extent, in words."""
        return self._value[self.root(node)][1]

    def put(self, node: Node, value: Affine, why: str, place: Place) -> None:
        """Give an extent. Raises `Refused` where another is known."""
        root = self.root(node)
        known = self._value.get(root)
        if known is None:
            self._value[root] = (value, why)
        elif known[0] != value:
            raise Refused(place, conflict(node, (value, why), known))

    def join(self, one: Node, other: Node, place: Place) -> None:
        """Both have one extent. Raises `Refused` where they have two."""
        a, b = self.root(one), self.root(other)
        if a == b:
            return
        left, right = self._value.get(a), self._value.get(b)
        if left and right and left[0] != right[0]:
            raise Refused(place, conflict(one, left, right, other))
        self._parent[b] = a
        if right and not left:
            self._value[a] = right
        self._value.pop(b, None)


def conflict(
    node: Node, one: tuple[Affine, str], other: tuple[Affine, str], second: Node | None = None
) -> str:
    """The line that tells of two extents."""
    name = f"letter '{node.name}'" if isinstance(node, LetterVar) else axis_name(node)
    walks = f" walks {axis_name(second)} and" if isinstance(second, tuple) else ""
    cure = "make them agree or use two letters"
    partly = isinstance(node, LetterVar) and node.on_left and other[1] != _DECLARED
    if isinstance(second, tuple) and partly:
        tensor, position = second
        cure = f'make them agree, or say "{tensor}.{position}" = {show(other[0])} to read a part'
    return (
        f"{name}{walks} has two extents: {show(one[0])} ({one[1]}) and "
        f"{show(other[0])} ({other[1]}); {cure}"
    )


def axis_name(slot: Slot) -> str:
    """An axis in words."""
    return f"axis {slot[1]} of {slot[0]}"


def show(extent: Affine) -> str:
    """An extent in words."""
    if not extent.terms:
        return str(extent.constant)
    return " + ".join(a.name for a, _ in extent.terms if isinstance(a, Dim))


def walks(node: Syntax) -> Iterator[tuple[LetterVar, Slot, Place]]:
    """Every plain walk of a letter along a tensor's axis."""
    for ref in refs(node):
        for position, part in enumerate(ref.subscripts):
            if isinstance(part, Letter):
                yield part.var, (ref.of, position), part.place


def infer(
    equations: Sequence[Scoped], rank: Mapping[str, int], sizes: Sizes, problems: list[str]
) -> Extents:
    """The extent of every letter and axis that can be known; problems are added to the list."""
    extents = Extents()
    start = equations[0].written.place if equations else Place("sizes", 1, 1)

    def attempt(action: object, *args: object) -> None:
        try:
            action(*args)  # type: ignore[operator]
        except Refused as refused:
            if str(refused) not in problems:
                problems.append(str(refused))

    for slot, number in sizes.slots.items():
        attempt(extents.put, slot, affine(number), _DECLARED, start)
    for slot in sizes.batch_slots:
        attempt(extents.put, slot, affine(Dim(sizes.batch[0])), "the batch", start)
    late: list[tuple[LetterVar, Slot, Place]] = []
    for equation in equations:
        letters = [*equation.left, *bound_letters(equation.right)]
        for var in letters:
            if var.name in sizes.batch:
                attempt(extents.put, var, affine(Dim(sizes.batch[0])), "the batch", var.place)
            declared = sizes.letters.get((var.scope, var.name))
            if declared is not None:
                why = f"sizes give '{var.name}'"
                attempt(extents.put, var, affine(declared), why, var.place)
    for equation in equations:
        written = equation.written
        for position, var in enumerate(equation.left):
            attempt(extents.join, var, (written.tensor, position), written.place)
        for var, slot, place in walks(equation.right):
            if var.on_left and slot in sizes.slots:
                late.append((var, slot, place))
            else:
                attempt(extents.join, var, slot, place)
    for equation in equations:
        for ref in _matrices(equation.right):
            rows = rank[ref.of] - 2
            attempt(_square, extents, ref, rows)
    whole = {slot for e in equations for var, slot, _ in walks(e.right) if not var.on_left}
    _walk_declared(extents, late, _follow(equations, sizes), whole, attempt)
    _name_open(extents, equations, rank, sizes)
    _from_elsewhere(extents, equations)
    return extents


def _follow(equations: Sequence[Scoped], sizes: Sizes) -> dict[LetterVar, Slot]:
    """The left letters whose extent isn't declared, by letter or axis, with the axes they are."""
    declared = {*sizes.slots, *sizes.batch_slots}
    return {
        var: slot
        for e in equations
        for k, var in enumerate(e.left)
        if (slot := (e.written.tensor, k)) not in declared
        and (var.scope, var.name) not in sizes.letters
        and var.name not in sizes.batch
    }


def _matrices(node: Syntax) -> Iterator[Ref]:
    """Every read of an inverse or a determinant."""
    return (ref for ref in refs(node) if parted(ref.name)[0])


def _square(extents: Extents, ref: Ref, rows: int) -> None:
    """The matrices of a tensor have as many columns as rows."""
    one, other = (extents.get((ref.of, rows + k)) for k in range(2))
    if one is not None and other is not None and one != other:
        raise Refused(
            ref.place,
            f"{ref.name} takes a square matrix, and '{ref.of}' has {show(one)} rows and "
            f"{show(other)} columns; make the extents agree",
        )
    extents.join((ref.of, rows), (ref.of, rows + 1), ref.place)


def _walk_declared(
    extents: Extents,
    late: list[tuple[LetterVar, Slot, Place]],
    follow: Mapping[LetterVar, Slot],
    whole: Collection[Slot],
    attempt: object,
) -> None:
    """A left letter over a declared axis: it takes that extent, or reads 0 beyond its end.

    The latter where its extent is declared. One that only follows from how others read the
    tensor on the left (`follow`, with that axis) has to agree; `whole` axes are summed somewhere.
    """
    given = [item for item in late if extents.get(item[0]) is not None]
    for item in late:
        if item not in given:
            attempt(extents.join, *item)  # type: ignore[operator]
        elif item[0] in follow:
            attempt(_agree, extents, *item, follow[item[0]], whole)  # type: ignore[operator]


def _agree(
    extents: Extents,
    var: LetterVar,
    slot: Slot,
    place: Place,
    own: Slot,
    whole: Collection[Slot],
) -> None:
    one, other = extents.get(var), extents.get(slot)
    if one != other and one is not None and other is not None:
        longer = one if own in whole else max(one, other, key=lambda e: e.constant)
        raise Refused(
            place,
            f"letter '{var.name}' walks {axis_name(slot)} and has two extents: "
            f"{show(one)} ({extents.why(var)}) and {show(other)} ({extents.why(slot)}); make them "
            f'agree, or say how long {own[0]} is: "{own[0]}.{own[1]}" = {show(longer)}',
        )


def _name_open(
    extents: Extents, equations: Sequence[Scoped], rank: Mapping[str, int], sizes: Sizes
) -> None:
    """An axis of an input that nothing fixes is known at run time; its letter names it."""
    names: dict[Node, str] = {}
    for equation in equations:
        for var in (*equation.left, *bound_letters(equation.right)):
            names.setdefault(extents.root(var), var.name)
    taken = set(sizes.batch)
    for tensor in rank:
        if tensor not in sizes.open_at_run_time:
            continue
        for position in range(rank[tensor]):
            slot = (tensor, position)
            if extents.get(slot) is None:
                name = names.get(extents.root(slot), f"{tensor}{position}")
                while name in taken:
                    name += "_"
                taken.add(name)
                place = Place("sizes", 1, 1)
                extents.put(slot, affine(Dim(name)), "known at run time", place)


def _from_elsewhere(extents: Extents, equations: Sequence[Scoped]) -> None:
    """A letter that walks nothing takes the extent that its name has everywhere else."""
    letters = [var for e in equations for var in (*e.left, *bound_letters(e.right))]
    elsewhere: dict[tuple[str, str], set[Affine]] = {}
    for var in letters:
        known = extents.get(var)
        if known is not None:
            elsewhere.setdefault((var.scope, var.name), set()).add(known)
    for var in letters:
        result = elsewhere.get((var.scope, var.name), set())
        if extents.get(var) is None and len(result) == 1:
            extents.put(var, next(iter(result)), "as elsewhere", var.place)
