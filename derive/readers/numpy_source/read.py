"""`read_numpy`: a text in NumPy -> formulas in the equation language, and what its numbers say.

A text is walked once for each way in which its arrays may lie; the way in which most of its values
are tensors of the model is taken. Then, from its beginning on, what is wrong is taken for right.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from derive.arrays.python_syntax import parsed
from derive.errors import ChainruleError, meant, shorten
from derive.ir.names import adjoint_of
from derive.language.syntax import Refused
from derive.readers.name_table import guessed
from derive.readers.numpy_source.expressions import Steps, TooLong
from derive.readers.numpy_source.formulas import translated
from derive.readers.numpy_source.per_sample import of_one_sample
from derive.readers.numpy_source.records import Records
from derive.readers.numpy_source.way import PLACE, Way, words
from derive.readers.reading import WITNESSES, Reading, Scored, choose, matrices_of_weights, readings
from derive.readers.vocabulary import Translation, Vocabulary

Result = TypeVar("Result")

MOST_STEPS = 300_000  # over all ways to read a text: some seconds
MOST_WRONG = 12


def read_numpy(
    text: str,
    vocabulary: Vocabulary,
    names: Mapping[str, str] | None = None,
    sample: Vocabulary | None = None,
) -> Translation:
    """The formulas in NumPy source: what gives a tensor of the model, and what that needs.

    Nothing is executed. `names` says which tensors names mean (`{"a1": "y1"}`, and `"W1.T"` for a
    transpose); others are guessed. Arrays may lie as the model's do, or with weights `[in, out]`,
    or with samples in columns, and a text may be about one `sample`; which of these it is, the
    values tell. Raises `ChainruleError`.
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
        both = [v for v in (vocabulary, sample) if v is not None]
        trees = [tree, *(of_one_sample(tree, v) for v in both[1:])]
        source = _Text(trees, both, given, turned, Steps(MOST_STEPS))
        way = source.with_shapes(choose(source.readings(), source.judged)[1])
        return translated(*_corrected(way))
    except Refused as refused:
        raise ChainruleError(str(refused)) from None
    except RecursionError:
        raise ChainruleError(f"{PLACE}: this is nested too deeply; split it") from None


def counts(tree: ast.Module, vocabulary: Vocabulary) -> bool:
    """Whether a text sums over something, or asks how long its data are."""
    if not {"sum", "mean", "average", "einsum", "m"}.isdisjoint(words(tree)):
        return True
    parameters = {t.name for t in vocabulary.system.having("parameter")}
    for node in ast.walk(tree):
        match node:
            case (
                ast.Attribute(value=ast.Name(id=name), attr="shape" | "size")
                | ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)])
            ):
                tensor = guessed(name, vocabulary)
                if tensor is not None and tensor not in parameters:
                    return True
            case _:
                pass
    return False


@dataclass(frozen=True)
class _Text:
    """A text about the batch and, where it may be, about one sample; before it is known how.

    `shapeless` counts, for each reading that stands, the formulas without a shape.
    """

    trees: Sequence[ast.Module]
    vocabularies: Sequence[Vocabulary]
    given: Mapping[str, str]
    transposed: Mapping[str, bool]
    steps: Steps
    shapeless: list[tuple[int, Way]] = field(default_factory=list)

    def readings(self) -> Iterator[Reading]:
        """The readings, as long as there are steps left."""
        counted = counts(self.trees[0], self.vocabularies[0])
        for reading in readings((False, True)[: len(self.vocabularies)]):
            # where a text neither sums nor asks for a size, what has one column is one sample
            batch = self.vocabularies[reading.sample].batch
            possible = counted or batch is None or not reading.orientation.columns
            if possible and self.steps.left >= 0:
                yield replace(reading, names=self.given)

    def judged(self, reading: Reading) -> Scored[Way]:
        """What comes of a reading. Raises `ChainruleError` where it takes too long."""
        vocabulary = self.vocabularies[reading.sample]
        layout = reading.orientation.layout(vocabulary, self.transposed)
        way = Way(self.trees[reading.sample], vocabulary, reading, layout, self.steps)
        try:
            records = way.walked(symbolic=False)
        except TooLong as refused:
            raise ChainruleError(str(refused)) from None
        # not so with `W @ delta` for `W.T @ delta`, `sum(axis=1)` for `sum(axis=0)`
        is_witnessed = _is_witnessed(way, records)
        if is_witnessed:
            self.shapeless.append((len(records.unread) + len(records.lost), way))
        return replace(_scored(way, records), witnesses=WITNESSES if is_witnessed else 0)

    def with_shapes(self, best: Way) -> Way:
        """The best way, or one with fewer formulas without a shape in which as much is right.

        What reads a formula without a shape takes the right value. Before the two are compared,
        what reads a wrong value takes the right one, too.
        """
        mine = next(count for count, way in self.shapeless if way is best)
        alike = [(n, w) for n, w in self.shapeless if w.reading.sample == best.reading.sample]
        rivals = [way for count, way in alike if count < mine]
        try:
            wanted = _right(_settled(best)) if rivals else 0
            return next((way for way in rivals if _right(_settled(way)) >= wanted), best)
        except TooLong:
            return best


def _is_witnessed(way: Way, records: Records) -> bool:
    """Whether enough formulas speak for a way that one alone may fit by a slip.

    Of samples in columns those speak, too, that are right once what is wrong is taken for right.
    """
    doubted = matrices_of_weights(way.vocabulary)
    if not way.is_doubtful or records.tells(doubted):
        return True
    if way.reading.orientation.is_doubtful(way.vocabulary):
        return False
    try:
        return any(_settled(way.of_losses(own)).tells(doubted) for own in (False, True))
    except TooLong:
        return False


def _settled(way: Way) -> Records:
    """A walk in which what is wrong is taken for right. Raises `TooLong`."""
    way = replace(way, steps=Steps(MOST_STEPS // 10))
    records = way.walked(symbolic=False)
    while (wrong := records.mismatched()) and len(way.wrong) < MOST_WRONG:
        way = replace(way, wrong=way.wrong | {wrong[0].spot})
        records = way.walked(symbolic=False)
    return records


def _scored(result: Result, records: Records) -> Scored[Result]:
    """How much of a walk is right, and how little is wrong; `result` is what comes of it."""
    down = {s.tensor for s in records.steps if (s.rate or 0) > 0}
    return Scored(
        result,
        unread=len(records.unread),
        wrong=len(records.mismatched()),
        right=_right(records) + len(down),
        lost=len(records.lost) + (not records.right),
        fits=records.unfit == 0,
    )


def _right(records: Records) -> int:
    """How many tensors are right."""
    return len({r.tensor for r in records.right})


def _corrected(way: Way) -> tuple[Records, Way]:
    """The walk in which what is wrong is taken for right by what reads it."""
    records = way.walked(symbolic=True)
    while (result := records.mismatched()) and len(way.wrong) < MOST_WRONG:
        other = records.otherwise(result[0])
        if other is not None:
            named = replace(way, wrong=way.wrong | {other.spot})
            fewer, again = _of_either_loss(named)
            if len(fewer.mismatched()) < len(result):
                way, records = again, fewer
                continue
        way = replace(way, wrong=way.wrong | {result[0].spot})
        records = way.walked(symbolic=True)
    if any(r.wrong and r.tensor and records.model.of_samples(r.tensor) for r in records.values):
        return _of_either_loss(way, records)
    return records, way


def _of_either_loss(way: Way, walked: Records | None = None) -> tuple[Records, Way]:
    """The walk as it is, or with error terms of each sample's own loss where less is left over."""
    ways = {one.reading.own_loss: one for one in (way.of_losses(), way)}

    def judged(reading: Reading) -> Scored[tuple[Records, Way]]:
        one = ways[reading.own_loss]
        records = walked if one is way and walked else one.walked(symbolic=True)
        return _scored((records, one), records)

    return choose((ways[own].reading for own in sorted(ways)), judged)[1]
