"""`read_numpy`: a function or a script of array statements -> formulas in the equation language."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from derive.errors import ChainruleError, meant, shorten
from derive.naming import guessed
from derive.numpy_source.conventions import Convention, conventions
from derive.numpy_source.program import Assigned, Program
from derive.syntax import Refused, Written
from derive.vocabulary import NoFit, Reading, Vocabulary
from derive.whole.elaborate import Elaborator
from derive.whole.entries import shape_told
from derive.whole.misfit import OtherShape
from derive.whole.reader import parsed
from derive.whole.walk import arrays

PLACE = "formulas"


def read_numpy(
    text: str, vocabulary: Vocabulary, names: Mapping[str, str] | None = None
) -> Reading:
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
    turned |= {f"d{t}": True for t in turned if f"d{t}" in vocabulary.shapes}
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
                if isinstance(first, OtherShape):
                    return _with_misfits(vocabulary, given, turned, tree, own)
                raise ChainruleError(str(first))
            own.add(first.name)
    except Refused as refused:
        raise ChainruleError(str(refused)) from None
    except RecursionError:
        raise ChainruleError(f"{PLACE}: this is nested too deeply; split it") from None


def _how_far(refused: Refused) -> tuple[int, bool]:
    """How far a text was understood: of several refusals the last one in it tells most."""
    return refused.place.line, isinstance(refused, OtherShape)


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
) -> Reading:
    """What doesn't fit its tensor is told, or spread where adding it to the tensor would spread it.

    Of the ways in which arrays may lie, the one with the fewest of these. Raises `Refused` where
    there is none.
    """
    found: list[tuple[int, Reading]] = []
    first: Refused | None = None
    for convention in conventions(vocabulary, turned, _counts(tree)):
        reading = _Reading(vocabulary, given, convention, own, strict=False)
        try:
            read = reading.read(Program(tree, PLACE))
        except Refused as refused:
            first = first or refused
        else:
            found.append((len(read.misfits) + reading.spread, read))
    if not found:
        raise first or ChainruleError(f"{PLACE}: nothing fits")
    return min(found, key=lambda pair: pair[0])[1]


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
        shape_told(refused.wanted),
        shape_told(refused.given),
        str(refused).partition(": ")[2],
        transposed=len(given) > 1 and given == wanted[::-1],
    )


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
        self.spread = 0
        self.misfits: list[NoFit] = []
        self.vocabulary = vocabulary
        self.given = given
        self.convention = convention
        self.own = own
        self.taken: dict[str, str] = {}

    def tensor(self, name: str) -> str | None:
        """The model's tensor that a name means; None where it is the writer's own."""
        if name in self.own:
            return None
        return self.given.get(name) or guessed(name, self.vocabulary)

    def read(self, program: Program) -> Reading:
        """All formulas. Raises `Refused`."""
        roles = {t.name: t.role for t in self.vocabulary.system.tensors}
        given = {n for n, r in roles.items() if r not in ("intermediate", "next")}
        program.batch = self.vocabulary.batch
        assigned = program.run(self.tensor, self.convention.view, given)
        shapes = {n: s for n, s in self.vocabulary.shapes.items() if not n.startswith("next(")}
        elaborator = Elaborator(
            shapes, batch=self.vocabulary.batch, taken=[f"d{n}" for n in shapes]
        )
        written: dict[str, Written] = {}
        needed: dict[str, list[str]] = {}
        wanted: list[str] = []
        for one in self.needed_of(assigned):
            node = one.node
            if one.tensor is not None:
                node = self.convention.back(one.tensor, node)
                shape = self.vocabulary.shapes[one.tensor]
                elaborator.entries(node)
                try:
                    equation = elaborator.equation(one.tensor, node, one.place, one.text, shape)
                except Refused as refused:
                    guess = one.written != one.tensor and not one.tensor.startswith("d")
                    if guess:
                        raise _NoFit(one.written, refused) from None
                    if self.strict or not isinstance(refused, OtherShape):
                        raise
                    spread = refused.broadcast
                    wanted.append(one.tensor)
                    if spread is None:
                        self.misfits.append(_told(refused))
                        elaborator.before.clear()
                        continue
                    self.spread += 1
                    equation = elaborator.told(one.tensor, spread, one.place, one.text)
                else:
                    wanted.append(one.tensor)
            else:
                entries = elaborator.entries(node)
                equation = elaborator.equation(one.name, node, one.place, one.text)
                if not elaborator.walked(equation):
                    elaborator.known[one.name] = entries
                    continue
                elaborator.shapes[one.name] = entries.shape
            for before in elaborator.before:
                written[before.tensor] = before
                needed[before.tensor] = []
            needed[equation.tensor] = [b.tensor for b in elaborator.before]
            elaborator.before.clear()
            written[equation.tensor] = equation
        if not wanted:
            raise Refused(
                program.start,
                "nothing here gives a tensor of the model or a derivative, such as dW1 = ...; "
                'say which names do, such as names "my_gradient=dW1"',
            )
        for name, tensor in program.means.items():
            shown = f"{tensor}.T" if self.convention.is_turned(tensor) else tensor
            if name != shown:
                self.taken[name] = shown
        return Reading(tuple(written.values()), dict(self.taken), tuple(self.misfits))

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
            if one.refused is not None:
                raise one.refused
            work += [by_name[n] for n in arrays(one.node) if n in by_name]
        return [a for a in assigned if a.name in keep]
