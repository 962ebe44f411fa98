"""Ways in which a text of formulas may be meant: a `Reading`, its `Score`, and the choice.

A text doesn't say how its arrays lie, whether it speaks of the batch or of one sample, or where it
divides by the number of samples. Each combination is a `Reading`, a value without behaviour. A
reader takes the text as if one of them held and says what came of it, a `Score`:

    def translated(reading: Reading) -> Scored[Translation]:
        vocabulary = both[reading.sample]
        layout = reading.orientation.layout(vocabulary)
        ...  # `layout.view(Array("W1"))` is W1 as this writer has it
        return Scored(result, unread=len(result.unread) + len(result.misfits))

    reading, result = choose(readings(), translated)

`readings()` has the likeliest first. The first with which nothing is left over is taken, else the
one with the least left over. Any departure from the model's own way needs a second witness: two
formulas that speak for it, because one alone is as likely a slip (`W @ delta` for `W.T @ delta`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from derive.arrays.nodes import All, Array, Indexed, New, Transpose, Whole
from derive.errors import ChainruleError
from derive.ir.names import adjoint_of
from derive.readers.vocabulary import Vocabulary

WITNESSES = 2  # formulas that must speak for a reading that isn't the model's own


@dataclass(frozen=True)
class Layout:
    """How a writer's arrays lie beside the model's, tensor by tensor.

    `transposed` are those of which the writer has the transpose, `columns` the vectors that have an
    axis of extent 1 behind them.
    """

    transposed: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()

    def view(self, array: Array) -> Whole:
        """A tensor of the model as the writer has it."""
        place = array.place
        if array.name in self.transposed:
            return Transpose(array, place=place)
        if array.name in self.columns:
            return Indexed(array, (All(place=place), New(place=place)), place=place)
        return array

    def back(self, tensor: str, value: Whole) -> Whole:
        """A writer's value for a tensor as the model has it."""
        return Transpose(value, place=value.place) if tensor in self.transposed else value

    def shown(self, tensor: str) -> str:
        """A tensor as the writer has it, in words: `W1.T`."""
        return f"{tensor}.T" if tensor in self.transposed else tensor


@dataclass(frozen=True)
class Orientation:
    """How a writer's arrays lie beside the model's, as a rule for all of them.

    `columns`: samples are columns, as are vectors. `weights`: a matrix of weights, and the
    derivative by it, is `[in, out]`. The model has samples in rows and weights `[out, in]`.
    """

    columns: bool = False
    weights: bool = False

    def is_doubtful(self, vocabulary: Vocabulary) -> bool:
        """Whether shapes alone don't tell how weights lie, and two formulas have to.

        In a batch of rows they do. `W @ delta` for `W.T @ delta` is the commonest slip of all.
        """
        return self.weights and (self.columns or vocabulary.batch is None)

    def layout(self, vocabulary: Vocabulary, given: Mapping[str, bool] | None = None) -> Layout:
        """The same for each tensor; `given` has those of which the writer said how they lie."""
        shapes, batch = vocabulary.shapes, vocabulary.batch
        transposed: set[str] = set()
        vectors: set[str] = set()
        if self.columns:
            transposed = {
                n for n, s in shapes.items() if len(s) == 2 and batch is not None and s[0] == batch
            }
            vectors = {
                n for n, s in shapes.items() if len(s) == 1 and (batch is None or s[0] != batch)
            }
        if self.weights:
            transposed |= matrices_of_weights(vocabulary)
        for name, is_transposed in (given or {}).items():
            (transposed.add if is_transposed else transposed.discard)(name)
        return Layout(frozenset(transposed), frozenset(vectors))


def matrices_of_weights(vocabulary: Vocabulary) -> frozenset[str]:
    """Parameters with two axes, and the derivatives by them."""
    parameters = {t.name for t in vocabulary.system.having("parameter")}
    parameters |= {adjoint_of(n) for n in parameters}
    return frozenset(n for n in parameters if len(vocabulary.shapes.get(n, ())) == 2)


AS_THE_MODEL = Orientation()
ORIENTATIONS = (
    AS_THE_MODEL,
    Orientation(weights=True),
    Orientation(columns=True),
    Orientation(columns=True, weights=True),
)


@dataclass(frozen=True)
class Reading:
    """One way in which a text may be meant.

    `sample`: it speaks of one sample, not of the batch. `orientation` says how its arrays lie.
    `own_loss`: where the objective is a mean over samples, its error terms are derivatives of each
    sample's own loss, and the division by the number of samples comes where samples are summed.
    `names` has what the writer said that names mean, or what own ones were taken for.
    """

    sample: bool = False
    orientation: Orientation = AS_THE_MODEL
    own_loss: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


def readings(
    samples: Sequence[bool] = (False, True), orientations: Sequence[Orientation] = ORIENTATIONS
) -> Iterator[Reading]:
    """The combinations, in the order in which they are tried."""
    return (Reading(sample, way) for sample in samples for way in orientations)


Result = TypeVar("Result")


@dataclass(frozen=True)
class Scored(Generic[Result]):
    """What came of a reading; the less is left over the better.

    `unread` counts formulas that can't be read or whose shapes don't fit, `wrong` those that were
    judged wrong. Where a reader knows values, `right` are those that are the model's: under another
    reading they are neither wrong nor unread, but nothing at all. `witnesses` are the formulas that
    speak for this reading and against the model's own, which needs none. `lost` counts what
    another reading may still give a meaning, though it is no formula; `fits` says that all arrays
    go together, which makes it needless to ask whether a text about the batch is about one sample.
    """

    result: Result
    unread: int = 0
    wrong: int = 0
    right: int = 0
    lost: int = 0
    fits: bool = False
    witnesses: int = WITNESSES

    @property
    def score(self) -> tuple[int, int]:
        """What is left over; what is right outweighs what can't be read."""
        return self.unread - 2 * self.right, self.wrong

    @property
    def is_complete(self) -> bool:
        """Whether no other reading can have less left over."""
        return not (self.unread or self.wrong or self.lost)

    @property
    def stands(self) -> bool:
        """Whether enough formulas speak for it."""
        return self.witnesses >= WITNESSES


def choose(
    every: Iterable[Reading],
    judged: Callable[[Reading], Scored[Result]],
    refusal: Callable[[Sequence[tuple[Reading, ChainruleError]]], ChainruleError] | None = None,
) -> tuple[Reading, Result]:
    """The best reading and what comes of it; of equals, the first.

    A reading may raise `ChainruleError`. If all do, this raises the first of them, or what
    `refusal` takes.
    """
    best: tuple[Reading, Scored[Result]] | None = None
    refused: list[tuple[Reading, ChainruleError]] = []
    for reading in every:
        if reading.sample and best is not None and best[1].fits:
            break
        try:
            result = judged(reading)
        except ChainruleError as error:
            refused.append((reading, error))
            continue
        if not result.stands:
            continue
        if best is None or result.score < best[1].score:
            best = reading, result
        if result.is_complete:
            break
    if best is not None:
        return best[0], best[1].result
    raise refusal(refused) if refusal is not None else refused[0][1]
