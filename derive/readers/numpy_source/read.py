"""`read_numpy`: a function or a script of array statements -> formulas in the equation language."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from fractions import Fraction

from derive.arrays.entries import Entries, shape_text
from derive.arrays.nodes import ARRAYS, Entrywise, Whole
from derive.arrays.python_syntax import parsed
from derive.arrays.shape_mismatch import Apart, OtherShape
from derive.arrays.to_equations import Elaborator
from derive.arrays.walk import arrays
from derive.errors import ChainruleError, meant, shorten
from derive.ir.names import adjoint_of, is_adjoint, is_next
from derive.ir.tree import equation_reads
from derive.language.syntax import Num, Refused, Written
from derive.readers.name_rules import Context
from derive.readers.name_table import guessed, told_by_others
from derive.readers.number_names import small_number
from derive.readers.numpy_source.intermediates import Assigned
from derive.readers.numpy_source.meanings_by_value import of_slope, told
from derive.readers.numpy_source.names import UPSTREAM
from derive.readers.numpy_source.orientations import Convention, conventions
from derive.readers.numpy_source.statements import Program
from derive.readers.numpy_source.unmatched_names import leftovers
from derive.readers.vocabulary import (
    NoFit,
    Shape,
    Translation,
    Unread,
    Vocabulary,
)

PLACE = "formulas"


def read_numpy(
    text: str, vocabulary: Vocabulary, names: Mapping[str, str] | None = None
) -> Translation:
    """The formulas in NumPy source: what gives a tensor of the model, and what that needs.

    Nothing is executed. `names` says which tensors names mean (`{"a1": "y1"}`, and `"W1.T"` for a
    transpose); others are guessed. Arrays may lie as the model's do, or with weights `[in, out]`,
    or with samples in columns; which of these it is, shapes tell. Raises `ChainruleError`.
    """
    given = {n: t.removesuffix(".T") for n, t in (names or {}).items()}
    unknown = [
        f"names: unknown tensor '{shorten(t)}' for '{shorten(n)}'{meant(t, vocabulary.shapes)}"
        for n, t in given.items()
        if t not in vocabulary.shapes
    ]
    if unknown:
        raise ChainruleError(*unknown)
    turned = {given[n]: True for n, t in (names or {}).items() if t.endswith(".T")}
    turned |= {adjoint_of(t): True for t in turned if adjoint_of(t) in vocabulary.shapes}
    try:
        tree = parsed(text, PLACE)
        own: set[str] = set()
        while True:
            refusals: list[Refused] = []
            for convention in conventions(vocabulary, turned, _counts(tree)):
                reading = _Reading(vocabulary, given, convention, own)
                try:
                    return reading.read(Program(tree, PLACE))
                except Refused as refused:
                    refusals.append(refused)
            first = refusals[0]
            if not isinstance(first, _NoFit) or first.name in (*own, *given):
                first = max(refusals, key=_how_far)
            if not isinstance(first, _NoFit) or first.name in (*own, *given):
                if isinstance(first, OtherShape | Apart):
                    return _with_misfits(vocabulary, given, turned, tree, own)
                raise ChainruleError(str(first))
            own.add(first.name)
    except Refused as refused:
        raise ChainruleError(str(refused)) from None
    except RecursionError:
        raise ChainruleError(f"{PLACE}: this is nested too deeply; split it") from None


def _how_far(refused: Refused) -> tuple[int, bool]:
    """How far a text was understood: of several refusals the last one in it tells most."""
    return refused.place.line, isinstance(refused, OtherShape | Apart)


def _counts(tree: ast.Module) -> bool:
    """Whether a text sums over something, or asks how long something is."""
    words = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    words |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return not words.isdisjoint(("sum", "mean", "average", "shape", "size", "len", "einsum", "m"))


def _with_misfits(
    vocabulary: Vocabulary,
    given: Mapping[str, str],
    turned: Mapping[str, bool],
    tree: ast.Module,
    own: Collection[str],
) -> Translation:
    """What doesn't fit its tensor is told, or spread where adding it to the tensor would spread it.

    Of the ways in which arrays may lie, the one with the fewest of these. Raises `Refused` where
    there is none.
    """
    found: list[tuple[int, Translation]] = []
    first: Refused | None = None
    for convention in conventions(vocabulary, turned, _counts(tree)):
        reading = _Reading(vocabulary, given, convention, own, strict=False)
        try:
            read = reading.read(Program(tree, PLACE))
        except Refused as refused:
            first = first or refused
        else:
            # where most don't fit, the arrays lie in a way that isn't known here
            if reading.apart > max(1, reading.fitting):
                first = first or reading.first
                continue
            found.append((len(read.misfits) + len(read.unread) + reading.spread, read))
    if not found:
        raise first or ChainruleError(f"{PLACE}: nothing fits")
    return min(found, key=lambda pair: pair[0])[1]


def _refuse_broken(one: Assigned, broken: Mapping[str, Apart]) -> None:
    """Raise what an own value that is read was refused for."""
    for name in arrays(one.node):
        if name in broken:
            raise broken[name]


def _is_less(node: Whole, targets: Collection[str]) -> bool:
    """Whether a value has a target less something else."""
    match node:
        case Entrywise(op="-", args=(left, right)):
            if set(arrays(left)) & set(targets) and not set(arrays(right)) & set(targets):
                return True
    return any(_is_less(part, targets) for part in ARRAYS.children(node))


class _NoFit(Refused):
    """A value that can't be the tensor for which its name was taken."""

    def __init__(self, name: str, refused: Refused) -> None:
        Exception.__init__(self, str(refused))
        self.place = refused.place
        self.name = name


def _told(refused: OtherShape) -> NoFit:
    wanted, given = refused.wanted.shape, refused.given.shape
    return NoFit(
        refused.tensor,
        shape_text(refused.wanted),
        shape_text(refused.given),
        str(refused).partition(": ")[2],
        transposed=len(given) > 1 and given == wanted[::-1],
    )


def _apart(tensor: str, refused: Apart, shape: Shape) -> NoFit:
    derived = shape_text(Entries(shape, lambda *_: Num(refused.place, Fraction(0))))
    return NoFit(tensor, derived, refused.shapes, refused.said)


class _Reading:
    def __init__(
        self,
        vocabulary: Vocabulary,
        given: Mapping[str, str],
        convention: Convention,
        own: Collection[str],
        strict: bool = True,
    ) -> None:
        self.strict = strict
        self.spread = self.apart = self.fitting = 0
        self.first: Refused | None = None
        self.misfits: list[NoFit] = []
        self.told_of: list[Apart] = []
        self.vocabulary = vocabulary
        self.given = given
        self.convention = convention
        self.own = own
        self.taken: dict[str, str] = {}

    def tensor(self, name: str, said: Mapping[str, str]) -> str | None:
        """The model's tensor that a name means; None where it is the writer's own."""
        if name in self.own:
            return None
        return self.given.get(name) or guessed(name, self.vocabulary, said)

    def without_negatives(self, assigned: list[Assigned], program: Program) -> list[Assigned]:
        """Without derivatives that the text adds to the weights: their sign is turned."""
        line = program.ascends
        reason = (
            f"line {line} adds it to the weights, and it begins with the target less the output"
        )
        turned = [a for a in assigned if a.tensor and is_adjoint(a.tensor)]
        told = f"{reason}: this is the derivative with its sign turned; turn it to have it checked"
        for one in turned:
            program.unread.append(Unread(one.tensor or one.name, one.place.line, told))
        return [a for a in assigned if a not in turned]

    def explain(self, names: Collection[str]) -> dict[str, str]:
        """The tensors of names that other names explain."""
        return told_by_others(names, self.vocabulary)

    def slope(self, name: str, tensor: str | None, value: Whole) -> str | None:
        """The error term that has passed a slope, by whatever name."""
        return None if name in self.given else of_slope(name, tensor, value, self.vocabulary)

    def told(
        self, name: str, tensor: str | None, value: Whole, said: Mapping[str, str]
    ) -> str | None:
        """The tensor that a name means by what it is given to be."""
        if name in self.given:
            return None
        return told(name, tensor, value, self.vocabulary, said)

    def reading_targets(self, targets: Collection[str]) -> frozenset[str]:
        """The model's tensors whose equations read targets."""
        equations = self.vocabulary.system.equations
        return frozenset(
            e.tensor for e in equations if any(r.tensor in targets for r in equation_reads(e))
        )

    def read(self, program: Program) -> Translation:
        """All formulas. Raises `Refused`."""
        roles = {t.name: t.role for t in self.vocabulary.system.tensors}
        given = {n for n, r in roles.items() if r not in ("intermediate", "next")}
        program.names = [n for n in self.vocabulary.shapes if not is_next(n)]
        program.aims = frozenset(n for n, r in roles.items() if r == "target")
        program.losses = self.reading_targets(program.aims)
        several = Context(self.vocabulary).layers > 1
        program.has_several = several and not any(n in self.given for n in UPSTREAM)
        program.batch = self.vocabulary.batch
        program.small = small_number(self.vocabulary.system)
        program.meet(self.tensor, self.told, self.convention.view, given, self.explain, self.slope)
        assigned = program.run()
        if program.ascends and any(_is_less(a.node, program.aims) for a in assigned):
            assigned = self.without_negatives(assigned, program)
        doubted = self.convention.doubted
        seen = [a for a in assigned if a.tensor in doubted or doubted.intersection(arrays(a.node))]
        if len(seen) == 1 and seen[0].tensor not in doubted:
            cure = 'say it, such as names "W2=W2.T"'
            raise Refused(seen[0].place, f"how the weights lie isn't told; {cure}")
        shapes = {n: s for n, s in self.vocabulary.shapes.items() if not is_next(n)}
        elaborator = Elaborator(
            shapes, batch=self.vocabulary.batch, taken=[adjoint_of(n) for n in shapes]
        )
        written: dict[str, Written] = {}
        wanted: list[str] = []
        kept = self.needed_of(assigned)
        broken: dict[str, Apart] = {}
        for one in kept:
            try:
                _refuse_broken(one, broken)
                equation = self.equation(one, elaborator, wanted)
            except Apart as refused:
                if self.strict:
                    raise
                elaborator.before.clear()
                self._set_apart(one, refused, broken, program)
                continue
            if equation is None:
                continue
            for before in elaborator.before:
                written[before.tensor] = before
            elaborator.before.clear()
            written[equation.tensor] = equation
        self.fitting = len(wanted) - len([m for m in self.misfits if m.tensor in wanted])
        unread = (
            *dict.fromkeys(program.unread),
            *self.leftovers(assigned, kept, elaborator, program),
        )
        if not wanted and not self.misfits and unread:
            raise ChainruleError(unread[0].reason)
        if not wanted and not self.misfits:
            raise Refused(
                program.start,
                "nothing here gives a tensor of the model or a derivative, such as dW1 = ...; "
                'say which names do, such as names "my_gradient=dW1"',
            )
        for name, tensor in program.means.items():
            shown = self.convention.shown(tensor)
            if name != shown:
                self.taken[name] = shown
        return Translation(tuple(written.values()), dict(self.taken), tuple(self.misfits), unread)

    def leftovers(
        self,
        assigned: list[Assigned],
        kept: list[Assigned],
        elaborator: Elaborator,
        program: Program,
    ) -> list[Unread]:
        """What looks like a derivative and is none of the model's."""
        derivatives = [n for n in self.vocabulary.shapes if is_adjoint(n)]

        def fits(one: Assigned) -> list[str]:
            try:
                entries = elaborator.entries(one.node)
            except Refused:
                return []
            elaborator.shapes.setdefault(one.name, entries.shape)
            found = []
            for name in derivatives:
                turned = name in self.convention.transposed
                for shape in (entries.shape, entries.shape[::-1]):
                    if shape == self.vocabulary.shapes[name]:
                        as_is = (shape == entries.shape) != turned
                        found.append(name if as_is else f"{name}.T")
                        break
            return found

        own = [a for a in assigned if a.tensor is None and a not in kept]
        return leftovers(
            assigned,
            {a.name for a in kept},
            {a.name: fits(a) for a in own},
            program.lost,
            program.unread,
        )

    def equation(self, one: Assigned, elaborator: Elaborator, wanted: list[str]) -> Written | None:
        """One formula by indices; None where it is told otherwise. Raises `Refused`."""
        node = one.node
        if one.tensor is None:
            entries = elaborator.entries(node)
            equation = elaborator.equation(one.name, node, one.place, one.text)
            if not elaborator.walked(equation):
                elaborator.known[one.name] = entries
                return None
            elaborator.shapes[one.name] = entries.shape
            return equation
        node = self.convention.back(one.tensor, node)
        shape = self.vocabulary.shapes[one.tensor]
        elaborator.entries(node)
        try:
            equation = elaborator.equation(one.tensor, node, one.place, one.text, shape)
        except Refused as refused:
            guess = one.written != one.tensor and not is_adjoint(one.tensor)
            if guess:
                raise _NoFit(one.written, refused) from None
            if self.strict or not isinstance(refused, OtherShape):
                raise
            spread = refused.broadcast
            wanted.append(one.tensor)
            if spread is None:
                self.misfits.append(_told(refused))
                elaborator.before.clear()
                return None
            self.spread += 1
            return elaborator.equation_of(one.tensor, spread, one.place, one.text)
        wanted.append(one.tensor)
        return equation

    def _set_apart(
        self, one: Assigned, refused: Apart, broken: dict[str, Apart], program: Program
    ) -> None:
        """A formula whose arrays don't go together is different; what reads it isn't checked."""
        if one.tensor is None:
            broken[one.name] = refused
            return
        certain = is_adjoint(one.tensor) or one.written in (one.tensor, *self.given)
        if refused in self.told_of or not certain:
            program.unread.append(Unread(one.tensor, one.place.line, str(refused)))
            return
        self.told_of.append(refused)
        self.apart += 1
        self.first = self.first or refused
        self.misfits.append(_apart(one.tensor, refused, self.vocabulary.shapes[one.tensor]))

    def needed_of(self, assigned: list[Assigned]) -> list[Assigned]:
        """The formulas of the model's tensors, and what they read of the writer's own."""
        by_name = {a.name: a for a in assigned}
        keep: set[str] = set()
        work = [a for a in assigned if a.tensor is not None]
        while work:
            one = work.pop()
            if one.name in keep:
                continue
            keep.add(one.name)
            work += [by_name[n] for n in arrays(one.node) if n in by_name]
        return [a for a in assigned if a.name in keep]
