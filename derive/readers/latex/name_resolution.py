"""The names of one text in LaTeX: the model's tensors, and the writer's own."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from derive.errors import ChainruleError, meant, shorten
from derive.ir.names import adjoint_of, primal_of
from derive.readers.latex.symbol_parts import SymbolParts, shown
from derive.readers.latex.text_facts import Facts
from derive.readers.name_rules import Context, WrittenName, forms, join, letter_name, usable
from derive.readers.name_table import candidates, given_tensors
from derive.readers.reading import AS_THE_MODEL, Layout, Orientation
from derive.readers.vocabulary import Shape, Vocabulary

OBJECTIVE = "the objective"  # what a differential is the derivative of


@dataclass
class Names:
    """Names of one text.

    `given` overrides guesses, by the name in plain letters. `taken` gathers what was taken for
    something else than it is spelled, `own` the writer's own intermediates. Without a vocabulary
    names are what they are spelled like; `known` then holds those that are declared.
    """

    vocabulary: Vocabulary | None
    given: Mapping[str, str]
    facts: Facts
    known: Collection[str] = ()
    orientation: Orientation = AS_THE_MODEL
    taken: dict[str, str] = field(default_factory=dict)
    own: dict[tuple[str, str], str] = field(default_factory=dict)
    own_shapes: dict[str, Shape] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every tensor whose shape is known."""
        return ChainMap(self.own_shapes, dict(self.vocabulary.shapes) if self.vocabulary else {})

    @cached_property
    def context(self) -> Context:
        """What tells what a name means."""
        facts = self.facts
        assert self.vocabulary is not None
        return Context(
            self.vocabulary,
            is_code=False,
            used=facts.used,
            read=facts.read,
            before=facts.before,
            after=facts.after,
            given=self.given,
        )

    @cached_property
    def layout(self) -> Layout:
        """How the model's tensors lie in this text."""
        return self.orientation.layout(self.vocabulary) if self.vocabulary else Layout()

    def rank(self, tensor: str) -> int | None:
        """How many axes a tensor has, where that is known."""
        shape = self.shapes.get(tensor)
        return None if shape is None else len(shape)

    def find(self, base: str, layer: str = "", rank: int | None = None) -> str | None:
        """The tensor that is meant; None where none is."""
        if (base, layer) in self.own:
            return self.own[base, layer]
        if self.vocabulary is None:
            return self._spelled(base, layer)
        result = candidates(WrittenName(base, layer, rank=rank), self.context)
        return self._fitting([c for c in result if c in self.shapes], rank)

    def _fitting(self, names: Sequence[str], rank: int | None) -> str | None:
        """The first with so many axes, else the first."""
        fitting = (c for c in names if rank is None or self.rank(c) == rank)
        return next(fitting, next(iter(names), None))

    def take(self, base: str, layer: str = "", rank: int | None = None) -> str | None:
        """The tensor that is meant, noted where it isn't what is written."""
        if base == OBJECTIVE:
            return None if self.vocabulary is None else self.vocabulary.system.objective
        name = self.find(base, layer, rank)
        if name in self.shapes:
            assert name is not None
            self._note(base, layer, name, name)
        return name

    def _note(self, base: str, layer: str, name: str, what: str) -> None:
        """Note what a name was taken for, where it isn't what is written."""
        lying = f"{name}.T" if what in self.layout.transposed else name
        if lying != join(base, layer):
            self.taken[shown(base, layer)] = lying

    def define(self, spelled: SymbolParts, rank: int) -> str:
        """The tensor that a left side gives: one of the model, or the writer's own."""
        result = self.take(spelled.base, spelled.layer, rank)
        if result is not None:
            return result
        name = usable(join(letter_name(spelled.base), spelled.layer))
        taken = {*self.shapes, *self.own.values()}
        while name in taken or primal_of(name) in taken or adjoint_of(name) in taken:
            name += "_"
        self.own[spelled.base, spelled.layer] = name
        return name

    def _spelled(self, base: str, layer: str) -> str | None:
        """Without a model: the name as it is spelled, in the form that was declared."""
        plain = letter_name(base)
        result = [join(plain, layer), f"{plain}{layer}"]
        name, _, accent = plain.partition("_")
        if accent:
            result.append(f"{name}{accent}")
            # beside a plain `y`, and on a left side, a `\hat{y}` is another tensor
            plainly = any(letter_name(b) == name and x == layer for b, x in self.facts.used)
            if not plainly and (base, layer) not in self.facts.defined:
                result.append(join(name, layer))
        result.extend(usable(f) for f in list(result))
        if base == "lambda":
            result.append("lambda_")
        return next((f for f in result if f in self.known), usable(result[0]))

    def is_declared(self, base: str) -> bool:
        """Whether a name without subscripts and layer is a tensor for certain."""
        if (base, "") in self.facts.defined:
            return True
        if self.vocabulary is None:
            return self._spelled(base, "") in self.known
        name = self.find(base, "", 0)
        return name is not None and not self.rank(name)

    def is_spelled(self, base: str) -> bool:
        """Whether a name without subscripts is a tensor by its spelling, not by a guess."""
        if (base, "") in self.facts.defined:
            return True
        result = [*forms(letter_name(base), "")]
        if self.vocabulary is not None:
            result += given_tensors(WrittenName(base), self.context)
        return any(f in self.known or self.rank(f) == 0 for f in result)

    def derived(self, base: str, layer: str, rank: int | None = None) -> str | None:
        """The tensor that a derivative is by: one that something depends on."""
        assert self.vocabulary is not None
        result = [self.own.get((base, layer), base)]
        every = candidates(WrittenName(base, layer, rank=rank), self.context)
        result += [c for c in every if c in self.shapes]
        name = self._fitting([c for c in result if adjoint_of(c) in self.shapes], rank)
        if name is not None:
            self._note(base, layer, name, adjoint_of(name))
        return name

    @property
    def layers(self) -> int:
        """The number of the last numbered layer."""
        return self.context.layers if self.vocabulary is not None else 0

    def numbers(self) -> range:
        """The layers that a letter may stand for."""
        return range(1, self.layers + 1)


def check_names(names: Mapping[str, str], vocabulary: Vocabulary) -> None:
    """Raise `ChainruleError` for tensors of a mapping that the model doesn't have."""
    problems = [
        f"names: unknown tensor '{shorten(tensor)}' for '{shorten(written)}'"
        f"{meant(tensor, vocabulary.shapes) or '; write one of the model'}"
        for written, tensor in names.items()
        if tensor not in vocabulary.shapes
        and not any(re.fullmatch(rf"{re.escape(tensor)}\d+", n) for n in vocabulary.shapes)
    ]
    if problems:
        raise ChainruleError(*problems)
