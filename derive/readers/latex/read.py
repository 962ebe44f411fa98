"""Formulas in LaTeX -> formulas in the equation language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.errors import ChainruleError, shorten
from derive.ir.notation import affine
from derive.language.syntax import Refused, Written
from derive.readers.latex.equations import batch_letters, equations_of, facts_of, trees_of
from derive.readers.latex.functions import check_functions
from derive.readers.latex.name_resolution import Names, check_names
from derive.readers.latex.rewrites import rewritten
from derive.readers.latex.symbol_parts import parts_of
from derive.readers.latex.syntax.lexer import Text, tokens_of
from derive.readers.latex.syntax.lines import formulas_of
from derive.readers.latex.syntax.nodes import LATEX, Node
from derive.readers.latex.syntax.parser import parse
from derive.readers.latex.text_facts import Facts
from derive.readers.name_rules import ERRORS, WEIGHTS, join, letter_name
from derive.readers.own_loss import of_own_losses
from derive.readers.reading import WITNESSES, Orientation, Reading, Scored, choose, readings
from derive.readers.vocabulary import Translation, Unread, Vocabulary


def read_latex(
    text: str, vocabulary: Vocabulary, names: Mapping[str, str] | None = None
) -> Translation:
    r"""Formulas about a model.

    `names` tells which tensor a written name means, `{"a": "y", "\delta^{(2)}": "dz2"}`; other
    names are guessed. Of a chain `a = b = c` the last side is the formula. Raises `ChainruleError`
    with every problem, one line each, and `NotFormed` for a Jacobian that the vocabulary lacks.
    """
    return read_latex_of(text, (vocabulary,), names)[0]


def read_latex_of(
    text: str, both: Sequence[Vocabulary], names: Mapping[str, str] | None = None
) -> tuple[Translation, Reading]:
    """Formulas about the batch, or about one sample: `both` has the vocabularies, in this order.

    One sample is tried first: the letters and the shapes decide. Raises `ChainruleError` as for
    the one that goes furthest.
    """
    given = {_plain_name(k): v for k, v in (names or {}).items()}
    check_names(given, both[0])

    problems: list[str] = []
    source = Text(text, "formulas")
    parsed = trees_of(source, problems)
    texts = [_text(source, parsed, problems, vocabulary, given) for vocabulary in both]

    def translated(reading: Reading) -> Scored[Translation]:
        return texts[reading.sample].read(reading.orientation)

    reading, result = choose(_readings(both), translated, _furthest)
    return result, reading


def _readings(both: Sequence[Vocabulary]) -> Iterator[Reading]:
    """One sample before the batch; samples in columns only where there are some."""
    for reading in readings((True, False)[-len(both) :]):
        if both[reading.sample].batch is not None or not reading.orientation.columns:
            yield reading


def _furthest(refused: Sequence[tuple[Reading, ChainruleError]]) -> ChainruleError:
    """Of the refusals of arrays that lie as the model's, the one that goes furthest in the text."""
    first: dict[bool, ChainruleError] = {}
    for reading, error in refused:
        first.setdefault(reading.sample, error)
    return max(first.values(), key=_progress)


def _progress(error: ChainruleError) -> tuple[int, list[int]]:
    """How far a text was read: few problems, then the place of the first."""
    numbers = re.findall(r"(?:line|column) (\d+)", error.problems[0])[:2]
    return -len(error.problems), [int(n) for n in numbers]


@dataclass(frozen=True)
class _Text:
    """A text about one vocabulary, before it is known how arrays lie in it."""

    source: Text
    trees: Sequence[Node]
    facts: Facts
    problems: Sequence[str]
    vocabulary: Vocabulary
    given: Mapping[str, str]

    def read(self, way: Orientation) -> Scored[Translation]:
        """The formulas where arrays lie so. Raises `ChainruleError`."""
        problems, unread = list(self.problems), list[Unread]()
        names = Names(self.vocabulary, self.given, self.facts, orientation=way)
        self.facts.batch.update(batch_letters(self.trees, names))
        equations = equations_of(self.trees, self.source, names, {}, problems, unread)
        if not equations and not problems:
            problems.append(
                "formulas, line 1, column 1: there is no formula; write one, such as y_{ni} = ..."
            )
        if problems:
            raise ChainruleError(*dict.fromkeys(problems))
        result = Translation(tuple(equations), dict(names.taken), unread=tuple(unread))
        if _divides_later(self.facts):
            result = of_own_losses(result, self.vocabulary)
        return Scored(result, unread=len(unread), witnesses=self.witnesses(way))

    def witnesses(self, way: Orientation) -> int:
        """How many formulas tell how weights lie, where there is a doubt."""
        if not way.is_doubtful(self.vocabulary):
            return WITNESSES
        if not self.facts.read.isdisjoint(WEIGHTS):
            every = sum(not WEIGHTS.isdisjoint(_bases(tree)) for tree in self.trees)
            return WITNESSES if self.given else every
        parameters = self.vocabulary.system.having("parameter")
        # no formula reads weights; those of a single output are as often a column as a row
        matrices = any(len(p.shape) > 1 and affine(1) not in p.shape for p in parameters)
        return 0 if way.columns and matrices else WITNESSES


def _text(
    source: Text,
    parsed: Sequence[Node],
    problems: Sequence[str],
    vocabulary: Vocabulary,
    given: Mapping[str, str],
) -> _Text:
    more = list(problems)
    trees = rewritten(parsed, vocabulary)
    return _Text(source, trees, facts_of(trees, source, more), more, vocabulary, given)


def _divides_later(facts: Facts) -> bool:
    """Whether error terms that no formula gives are each sample's own, as vectors.

    A gradient divides what it makes of them by the number of samples.
    """
    given = any(base in ERRORS for base, _ in facts.defined)
    ranks = [rank for (base, _), rank in facts.ranks.items() if base in ERRORS]
    return facts.per_sample and not given and max(ranks, default=0) == 1


def _bases(tree: Node) -> set[str]:
    return {result.base for node in LATEX.walk(tree) if (result := parts_of(node)) is not None}


def latex_equations(
    text: str,
    place: str,
    problems: list[str],
    functions: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> list[Written]:
    """A model's equations; what can't be read is added to `problems`, one line each.

    `functions` tells which function a letter is, `known` which tensors are declared beside them.
    Raises `ChainruleError` where LaTeX can't be read at all.
    """
    before = len(problems)
    check_functions(functions or {}, problems, "functions")
    if len(problems) > before:
        return []
    source = Text(text, place)
    trees = trees_of(source, problems)
    names = Names(None, {}, facts_of(trees, source, problems), known)
    return equations_of(trees, source, names, functions or {}, problems)


def _plain_name(written: str) -> str:
    r"""A key of a mapping in plain letters: `\delta^{(2)}` is `delta2`."""
    if not re.search(r"[\\^{]", written):
        return written
    try:
        source = Text(written, "names")
        rows = formulas_of(tokens_of(source))
        spelled = parts_of(parse(rows[0], source)) if rows else None
    except Refused as refused:
        raise ChainruleError(f"{refused}") from None
    if spelled is None:
        raise ChainruleError(
            f"names: '{shorten(written)}' is no name; write one such as \\delta^{{(2)}} or delta2"
        )
    layer = spelled.layer or (spelled.doubtful.text if spelled.doubtful else "")
    if spelled.sample is not None:
        layer = spelled.sample.name
    return join(letter_name(spelled.base), layer)
