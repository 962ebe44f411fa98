"""Second derivatives: the Hessian times a direction, step by step, and the Hessian in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from codegen.documents.blocks import Block, Display, Fold, Paragraph, Ref, Section, Text
from codegen.documents.context import DocumentContext, together
from codegen.documents.sections.backward import Backward
from derive.calculus.second import hessian, hessian_vector
from derive.ir.derivation import Derivation, Derivatives
from derive.ir.system import System

_MOST = 24  # equations of Hessians that a document shows


class Second:
    """The second derivatives of a document's derivation, by some of its tensors.

    `along` holds the Hessian times a direction, `whole` the Hessian in full.
    """

    def __init__(self, first: DocumentContext, wrt: tuple[str, ...] = ()) -> None:
        self.first = first
        derivation = first.derivation
        trainable = [n for n in derivation.system.trainable if n in derivation.wrt]
        names = wrt or tuple(trainable) or derivation.wrt
        options = replace(first.options, layout="denominator")
        self.along = DocumentContext(hessian_vector(derivation.system, names), options, first.words)
        self.names = names
        self.known = {x: x for x in first.labels if x.startswith("forward:")}
        for _, adjoint in derivation.adjoints:
            if f"backward:{adjoint}" in first.labels:
                self.known[f"forward:{adjoint}"] = f"backward:{adjoint}"
        self.along.labels.update(dict.fromkeys(self.known))
        self.wholes = [
            (by, DocumentContext(_as_derivation(system, self.along.system), options, first.words))
            for by, system in self._hessians(derivation.system)
        ]

    def _hessians(self, system: System) -> Iterator[tuple[tuple[str, ...], System]]:
        """The Hessian by what the loss reads, and by the tensors asked for where it is short."""
        output = system.output
        if output is not None and output in system.defined and self.names != (output,):
            inner = hessian(system, [output])
            if _new(inner):
                yield (output,), inner
        whole = hessian(system, self.names)
        if 0 < len(_new(whole)) <= _MOST:
            yield self.names, whole

    def sections(self) -> Iterator[Section]:
        """The sections on a direction, on the product with it and on the matrix."""
        say, along = self.first.say, self.along
        derivation = along.derivation
        earlier = derivation.system.earlier
        assert earlier is not None
        directions = along.symbols(v for _, v in earlier.directions)
        tensors = along.symbols(n for n, _ in earlier.directions)
        objective = derivation.system.defined[derivation.objective]
        rate = along.symbol(derivation.objective)
        blocks: list[Block] = [
            Paragraph(say("second", tensors=tensors, directions=directions)),
            along.labelled(f"forward:{objective.tensor}", along.index.formula(objective)),
            Paragraph(say("second again", rate=rate, objective=along.symbol(earlier.objective))),
        ]
        yield Section(say("second title"), self.apart(blocks))
        result: list[Section] = []
        for section in Backward(along).sections():
            title = say("second along") if section.level == 1 else section.title
            if section.blocks and result and result[-1].title == title:
                blocks = [*result[-1].blocks, *section.blocks]
                result[-1] = replace(section, title=title, blocks=together(blocks), level=2)
            elif section.blocks:
                result.append(replace(section, title=title, level=2))
        yield from (replace(s, blocks=self.apart(s.blocks)) for s in result)
        if self.wholes:
            yield Section(say("second full title"), tuple(self._in_full()), level=2)

    def _in_full(self) -> Iterator[Block]:
        """The blocks of Hessians, each a formula."""
        for k, (names, whole) in enumerate(self.wholes):
            by = whole.symbols(names)
            first = k == 0
            sentence = (
                whole.say("second full", tensors=by) if first else whole.say("and by", tensors=by)
            )
            yield Paragraph(sentence)
            yield Display(tuple(whole.index.formula(e) for e in whole.derivation.backward))

    def apart(self, blocks: Iterable[Block]) -> tuple[Block, ...]:
        """The blocks with labels of their own."""
        return tuple(_relabelled(b, self._label) for b in blocks)

    def _label(self, name: str) -> str:
        return self.known.get(name, f"second {name}") if name else ""


def _new(system: System) -> list[str]:
    """The tensors of a Hessian's system that hold derivatives with two tensors' letters."""
    earlier = system.earlier
    assert earlier is not None
    return [b.tensor for b in earlier.blocks]


def _as_derivation(system: System, before: System) -> Derivation:
    """A Hessian's system as a derivation without steps: its blocks, and what comes `before`."""
    earlier = system.earlier
    assert earlier is not None
    return Derivation(
        system=replace(
            system, equations=tuple(e for e in system.equations if e.tensor in before.defined)
        ),
        tensors=system.tensors,
        backward=tuple(e for e in system.equations if e.tensor not in before.defined),
        inlined=(),
        updates=(),
        steps=(),
        derivatives=Derivatives(earlier.objective),
    )


def _relabelled(block: Block, label: Callable[[str], str]) -> Block:
    """A block with other labels, in its references as well."""

    def text(parts: Text) -> Text:
        return tuple(Ref(label(p.label)) if isinstance(p, Ref) else p for p in parts)

    match block:
        case Paragraph():
            return Paragraph(text(block.text), text(block.title))
        case Display():
            return replace(block, labels=tuple(label(x) for x in block.labels))
        case Fold():
            return Fold(text(block.title), tuple(_relabelled(b, label) for b in block.blocks))
        case _:
            return block
