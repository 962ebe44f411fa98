r"""`\partial loss`: letters side by side that are a word, not a product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from derive.readers.latex.syntax.nodes import LATEX, Node, Product, Scripted, Symbol
from derive.readers.vocabulary import Vocabulary

_COMMON = ("loss", "Loss", "cost", "Cost", "net", "err")
_SHORTEST = 3


def words(trees: Sequence[Node], vocabulary: Vocabulary) -> list[Node]:
    """The trees with the model's longer names, and some common words, as one symbol each.

    Letters that are tensors of the model, each of them, are factors.
    """
    shapes = vocabulary.shapes
    known = {n for n in (*shapes, *_COMMON) if len(n) >= _SHORTEST and n.isalpha()}
    known = {n for n in known if not all(letter in shapes for letter in n)}

    def changed(node: Node) -> Node:
        new = LATEX.over(node, changed)
        if not isinstance(new, Product):
            return new
        items = tuple(_joined(new.items, known))
        return items[0] if len(items) == 1 else replace(new, items=items)

    return [changed(tree) for tree in trees]


def _joined(items: Sequence[Node], known: set[str]) -> Iterator[Node]:
    k = 0
    while k < len(items):
        word = max((w for w in known if _spells(items[k : k + len(w)], w)), key=len, default="")
        if word:
            last = items[k + len(word) - 1]
            symbol = Symbol(items[k].at, word, "word")
            yield replace(last, at=symbol.at, base=symbol) if isinstance(last, Scripted) else symbol
            k += len(word)
        else:
            yield items[k]
            k += 1


def _spells(items: Sequence[Node], word: str) -> bool:
    """Whether items are the letters of a word; the last one may have scripts."""
    if len(items) != len(word):
        return False
    last = items[-1].base if isinstance(items[-1], Scripted) else items[-1]
    letters = (*items[:-1], last)
    return all(
        isinstance(i, Symbol) and i.kind == "letter" and i.name == x
        for i, x in zip(letters, word, strict=True)
    )
