"""A network while it is being built: what is known so far, and how one more entry is put in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from derive.catalogue.rows import OWN_EXTENT, Entry, Loss, Parameter, Unfit, Use
from derive.errors import meant, shorten
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Affine, Dim, affine
from derive.ir.system import Draw
from derive.language.elaborate import LARGEST_EXTENT
from derive.language.ellipsis import without_dots
from derive.language.extent_inference import Sizes, Slot, axis_name
from derive.language.instantiate import Names, instantiate
from derive.language.occurrences import tensors_of
from derive.language.parser import read_equations
from derive.language.printer import affine_text
from derive.language.shape_inference import Shape, shapes_of
from derive.language.syntax import Refused, Written
from derive.specs.drafts import OriginDraft, SizesDraft, TrainingDraft
from derive.specs.user_entries import BATCH, Own

Global = Callable[[str], str]
Rewrite = Callable[[list[Written]], list[Written]]


@dataclass
class Building:
    """Everything that `assemble` will need, as far as it is known.

    `shapes` holds the shape of each tensor so far, `taken` who brought it, for messages.
    """

    problems: list[str]
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    integers: set[str] = field(default_factory=set)
    sizes: SizesDraft = field(default_factory=SizesDraft)
    training: TrainingDraft = field(default_factory=TrainingDraft)
    origin: OriginDraft = field(default_factory=OriginDraft)

    def claim(self, name: str, place: str) -> bool:
        """Take a tensor's name; a problem where it is taken already."""
        if name in self.taken:
            self.problems.append(
                f"{place}: the name '{name}' is taken by {self.taken[name]}; "
                "give the layer another name, or rename the other"
            )
            return False
        self.taken[name] = place
        return True

    def put(
        self,
        row: Entry | Loss | Own,
        attributes: Mapping[str, Any],
        inputs: Mapping[str, str],
        name: Global,
        place: str,
        fixed: Mapping[str, str] | None = None,
        share: str | Mapping[str, str] = "",
        rewrite: Rewrite | None = None,
    ) -> dict[str, str] | None:
        """Put an entry in; the names of what it brings, or None where it doesn't work.

        `inputs` gives the tensor that each of the entry's inputs is, `name` the system's name of
        each of its other tensors, but for those of `fixed`; `share` tells which of its parameters
        are there already, `rewrite` what its equations become (or `Refused`). `place` is the
        layer's, for messages; it is the scope too.
        """
        if any(tensor not in self.shapes for tensor in inputs.values()):
            return None  # what comes before doesn't work: told already
        use = Use(attributes, tuple(self.shapes[t] for t in inputs.values()), tuple(inputs))
        result = self._brought(row, use, place)
        shared = self._shared(share, result.parameters, place) if result else None
        if result is None or shared is None:
            return None
        result = replace(
            result, parameters=tuple(p for p in result.parameters if p.name not in shared)
        )
        mine = {local: name(local) for local in result.tensors}
        names = {**inputs, **(fixed or {}), **shared, **mine}
        claimed = [self.claim(tensor, place) for tensor in mine.values()]
        if not all(claimed):
            return None
        self._declare(
            {"parameter": result.parameters, "buffer": result.buffers}, result.draws, names
        )
        entry = row.entry if isinstance(row, Own) else row
        if isinstance(entry, Entry):
            self._read_integers(entry.integers, names, place)
        self.training.limits.extend(
            replace(limit, tensor=names[limit.tensor], of=names[limit.of])
            for limit in entry.extents.limits(use)
        )
        settings: dict[str, Any] = {a.name: attributes.get(a.name) for a in entry.attributes}
        numbers = {k: v for k, v in settings.items() if isinstance(v, Fraction)}
        where = row.place_in(place) if isinstance(row, Own) else place
        written = instantiate(result.equations, Names(names, numbers), place, where)
        try:
            written = rewrite(written) if rewrite else written
        except Refused as refused:
            self.problems.append(str(refused))
            return None
        letters, slots = _sizes(entry, result, attributes, names, place)
        if not self._infer(written, names, letters, slots, place, shared.values()):
            return None
        kept = [*(p.name for p in result.parameters), *(b.name for b in result.buffers)]
        return mine if all(self._fixed(names[local], place) for local in kept) else None

    def _brought(self, row: Entry | Loss | Own, use: Use, place: str) -> _Brought | None:
        """The parts that an entry brings for this use; None where it doesn't fit."""
        before = len(self.problems)
        entry = row.entry if isinstance(row, Own) else row
        extents: Mapping[tuple[str, int], Affine] = {}
        counts: Mapping[str, int] = {}
        equations: list[Written] = []
        try:
            extents = self._named(entry.extents.axes(use))
            counts = entry.extents.letters(use)
            if isinstance(row, Own):
                equations = list(row.equations)
            else:
                equations = read_equations(entry.equations_of(use), place, self.problems)
        except Unfit as unfit:
            self.problems.append(f"{place}: {unfit}")
        if any((e.number or 0) >= LARGEST_EXTENT for e in extents.values()):
            self.problems.append(f"{place}: its output is longer than 2147483647; take less")
        if len(self.problems) > before:
            return None
        return _Brought(
            tuple(equations),
            extents,
            counts,
            entry.parameters_of(use),
            entry.buffers_of(use),
            entry.draws_of(use),
        )

    def _fixed(self, tensor: str, place: str) -> bool:
        """Whether a tensor that is kept from batch to batch has numbers as extents."""
        for axis, extent in enumerate(self.shapes.get(tensor, ())):
            if extent.number is not None:
                continue
            dims = tuple(_dims(extent))
            if BATCH in dims:
                cure = f"the batch is no axis of what is kept; take '{BATCH}' out of '{tensor}'"
            else:
                cure = f"give a number for {' and '.join(dims)} in inputs"
            self.problems.append(
                f"{place}: axis {axis} of its {self.roles[tensor]} '{tensor}' has the extent "
                f"{affine_text(extent)}, which is known at run time only; {cure}"
            )
            return False
        return True

    def _named(self, extents: Mapping[tuple[str, int], Affine]) -> dict[tuple[str, int], Affine]:
        """The extents, with a free name for each that is the entry's own."""
        owns = sorted({d for e in extents.values() for d in _dims(e) if d[:1] == OWN_EXTENT})
        if not owns:
            return dict(extents)
        known = {d for shape in self.shapes.values() for e in shape for d in _dims(e)}
        names = {own: fresh_name(known, own.removeprefix(OWN_EXTENT)) for own in owns}
        return {key: _renamed(extent, names) for key, extent in extents.items()}

    def _shared(
        self, share: str | Mapping[str, str], parameters: Sequence[Parameter], place: str
    ) -> dict[str, str] | None:
        """The tensors that an entry's parameters are where another layer has brought them."""
        locals_ = [p.name for p in parameters]
        if share and not locals_:
            self.problems.append(f"{place}.share: this layer has no parameters; take it out")
            return None
        if not share:
            return {}
        known = [n for n, role in self.roles.items() if role == "parameter"]
        if isinstance(share, str):
            wanted = {local: f"{local}_{share}" for local in locals_}
            missing = [local for local, tensor in wanted.items() if tensor not in known]
            if missing:
                problem = _layer_without(share, missing, locals_, known)
                self.problems.append(f"{place}.share: {problem}")
                return None
        else:
            wanted = dict(share)
        before = len(self.problems)
        for local, tensor in wanted.items():
            if local not in locals_:
                cure = meant(local, locals_) or f"; it has {', '.join(locals_) or 'none'}"
                self.problems.append(f"{place}.share: no parameter '{shorten(local)}' here{cure}")
            elif tensor not in known:
                self.problems.append(
                    f"{place}.share: no layer before this one has a parameter '{shorten(tensor)}'"
                    f"{meant(tensor, known) or '; name that layer, and put it before this one'}"
                )
        return None if len(self.problems) > before else wanted

    def _declare(
        self,
        rows: Mapping[str, tuple[Parameter, ...]],
        draws: Sequence[tuple[str, Draw]],
        names: Mapping[str, str],
    ) -> None:
        """The tensors that an entry brings beside its equations: `rows` has them by role."""
        for role, tensors in rows.items():
            for row in tensors:
                tensor = names[row.name]
                self.roles[tensor] = role
                self.training.initializers[tensor] = row.init
                if row.pytorch is not None:
                    self.training.pytorch[tensor] = row.pytorch
                if not row.trainable:
                    self.training.frozen.append(tensor)
        for local, draw in draws:
            self.roles[names[local]] = draw.role
            self.training.draws.append((names[local], draw))

    def _read_integers(self, integers: Sequence[str], names: Mapping[str, str], place: str) -> None:
        self.integers.update(names[local] for local in integers)
        self.problems.extend(
            f"{place}: it reads integers from '{local}', and '{names[local]}' is computed; "
            "connect it with an input"
            for local in integers
            if self.roles.get(names[local]) not in ("input", "target", "buffer")
        )

    def _infer(
        self,
        written: list[Written],
        names: Mapping[str, str],
        letters: Mapping[tuple[str, str], int],
        slots: Mapping[tuple[str, int], Affine],
        place: str,
        shared: Collection[str],
    ) -> bool:
        """Find the shapes of what the equations bring, and keep the equations.

        What is `shared` has the shape that this layer would give it.
        """
        reads = set(tensors_of(written))
        before = len(self.problems)
        scalars = {n for n in names.values() if n in self.roles and n not in reads}
        known = {t: self.shapes[t] for t in sorted(reads) if t in self.shapes}
        try:
            written = without_dots(written, known)
        except Refused as refused:
            self.problems.append(str(refused))
            return False
        sizes = Sizes(slots=slots, letters=letters, batch=(BATCH,))
        bare = frozenset({*scalars, *self.constants})
        if shared:
            own = {t: s for t, s in known.items() if t not in shared}
            alone = shapes_of(written, own, bare, sizes, self.problems)
            apart = [
                f"'{t}' is {_shape_text(known[t])} and would be {_shape_text(alone.shapes[t])} here"
                for t in shared
                if t in known and alone.shapes.get(t, known[t]) != known[t]
            ]
            if apart:
                self.problems.append(f"{place}.share: {', '.join(apart)}; make them agree")
                return False
        result = shapes_of(written, known, bare, sizes, self.problems)
        if len(self.problems) == before and result.open:
            self.problems.append(f"{place}: {_open(result.open, names)}")
        self.problems.extend(
            f"{place}: '{tensor}' has {len(result.shapes[tensor])} axes, counted from 0; "
            f"there is no axis {position}"
            for tensor, position in slots
            if position >= len(result.shapes.get(tensor, range(position + 1)))
        )
        if len(self.problems) > before:
            return False
        self.shapes.update((t, s) for t, s in result.shapes.items() if t not in self.constants)
        self.written.extend(written)
        self.sizes.letters.update(letters)
        self.sizes.slots.update(slots)
        return True


@dataclass(frozen=True)
class _Brought:
    """The parts of an entry for one use; `counts` has the extents of letters, by letter."""

    equations: tuple[Written, ...]
    extents: Mapping[tuple[str, int], Affine]
    counts: Mapping[str, int]
    parameters: tuple[Parameter, ...]
    buffers: tuple[Parameter, ...]
    draws: tuple[tuple[str, Draw], ...]

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors that it brings, by the entry's own names."""
        return (
            *(p.name for p in self.parameters),
            *(b.name for b in self.buffers),
            *(n for n, _ in self.draws),
            *(e.tensor for e in self.equations if not e.is_next),
        )


def _sizes(
    entry: Entry | Loss,
    unknown: _Brought,
    attributes: Mapping[str, Any],
    names: Mapping[str, str],
    place: str,
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, int], Affine]]:
    """The extents that attributes give to letters and to axes."""
    letters = {
        (place, a.letter): int(attributes[a.name])
        for a in entry.attributes
        if a.letter and attributes.get(a.name) is not None
    }
    letters.update(((place, letter), count) for letter, count in unknown.counts.items())
    slots = {(names[t], k): extent for (t, k), extent in unknown.extents.items()}
    for key, extent in attributes.items():
        tensor, dot, axis = key.partition(".")
        if dot:
            slots[(names[tensor], int(axis))] = affine(extent)
    return letters, slots


def _layer_without(
    layer: str, missing: Sequence[str], locals_: Sequence[str], known: Sequence[str]
) -> str:
    """Why a layer's parameters can't be shared: there is no such layer, or it has other ones."""
    ends = {
        tensor.removeprefix(f"{local}_")
        for tensor in known
        for local in locals_
        if tensor.startswith(f"{local}_")
    }
    if layer in ends:
        return (
            f"'{shorten(layer)}' has no {' and '.join(missing)} as this layer has; name those that "
            'both have, such as share = { W = "..." }'
        )
    return (
        f"no layer before this one is called '{shorten(layer)}' and has such parameters"
        f"{meant(layer, ends) or '; name that layer, and put it before this one'}"
    )


def _dims(extent: Affine) -> Iterator[str]:
    return (a.name for a, _ in extent.terms if isinstance(a, Dim))


def _renamed(extent: Affine, names: Mapping[str, str]) -> Affine:
    result = affine(extent.constant)
    for atom, factor in extent.terms:
        new = Dim(names.get(atom.name, atom.name)) if isinstance(atom, Dim) else atom
        result += affine(new) * factor
    return result


def _shape_text(shape: Shape) -> str:
    return " x ".join(affine_text(e) for e in shape) or "a number"


def _open(unknown: Sequence[str | Slot], names: Mapping[str, str]) -> str:
    """The message for extents that nothing gives; `names` has the layer's own names of tensors."""
    own = {tensor: local for local, tensor in names.items()}
    places = [f"letter '{x}'" if isinstance(x, str) else axis_name(x) for x in unknown]
    cures = [x if isinstance(x, str) else f'"{own.get(x[0], x[0])}.{x[1]}"' for x in unknown]
    return f"the extent of {' and '.join(places)} is open; give it here, such as {cures[0]} = 8"
