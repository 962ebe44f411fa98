"""Ways of writing that are put into others before a formula is understood, tree to tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derive.readers.latex.rewrites.differentials import differentials
from derive.readers.latex.rewrites.hypotheses import hypotheses
from derive.readers.latex.rewrites.sums_with_dots import sums_with_dots
from derive.readers.latex.rewrites.times import times
from derive.readers.latex.rewrites.words import words
from derive.readers.latex.syntax.nodes import Node
from derive.readers.vocabulary import Vocabulary

Rewrite = Callable[[Sequence[Node], Vocabulary], list[Node]]
REWRITES: tuple[Rewrite, ...] = (words, sums_with_dots, times, differentials, hypotheses)


def rewritten(trees: Sequence[Node], vocabulary: Vocabulary) -> list[Node]:
    """The trees after all of them, in this order."""
    result = list(trees)
    for rewrite in REWRITES:
        result = rewrite(result, vocabulary)
    return result
