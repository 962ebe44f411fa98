"""The first part, for beginners: a neuron, its bias, an objective, descent."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.documents.blocks import Block, Display, Math, Paragraph, Picture, Section
from codegen.documents.context import DocumentContext
from codegen.documents.drawings import diagrams
from codegen.latex.formula import Formula

_NEURON = Formula("y", (r"f\bigl(w^{\top} x + b\bigr)", r"f\Bigl(\sum_{j} w_{j}\,x_{j} + b\Bigr)"))
_JOINED = (
    Formula(r"\tilde{w}", (r"\begin{pmatrix} w \\ b \end{pmatrix}",)),
    Formula(r"\tilde{x}", (r"\begin{pmatrix} x \\ 1 \end{pmatrix}",)),
    Formula("y", (r"f\bigl(\tilde{w}^{\top} \tilde{x}\bigr)",)),
)
_LAYER = Formula("y", (r"f(W x + b)",))
_DIFFERENTIAL = Formula(
    r"\mathrm{d}E", (r"\sum_{j} \frac{\partial E}{\partial w_{j}}\,\mathrm{d}w_{j}",)
)
_STEP = Formula("w", (r"w - \eta\,\frac{\partial E}{\partial w}",), r"\leftarrow")


def introduction(context: DocumentContext) -> Iterator[Section]:
    """The part before the notation; nothing of it for equations that are no network's."""
    if not any(layer.type == "dense" for layer in context.system.origin.layers):
        return
    say = context.say
    blocks: list[Block] = [
        Paragraph(
            say("a neuron", w=Math("w"), x=Math("x"), b=Math("b"), f=Math("f")),
            say("a neuron title"),
        ),
        Display((_NEURON,)),
        Paragraph(say("a bias"), say("a bias title")),
        Display(_JOINED),
        Paragraph(say("a layer", W=Math("W")), say("a layer title")),
        Display((_LAYER,)),
        Paragraph(
            say("an objective", E=Math("E"), y=Math("y"), t=Math("t")), say("an objective title")
        ),
        Paragraph(say("a differential", dE=Math(r"\mathrm{d}E")), say("a differential title")),
        Display((_DIFFERENTIAL,)),
        Paragraph(say("a descent", eta=Math(r"\eta")), say("a descent title")),
        Display((_STEP,)),
        Picture(diagrams.descent(), say("a descent picture", E=Math("E"))),
    ]
    yield Section(say("first"), tuple(blocks))
