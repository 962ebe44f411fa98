"""The context of a document's parts: a derivation with its symbols, printers and words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from codegen.documents.blocks import Block, Display, Fold, Math, Paragraph, Ref, Section, Text
from codegen.documents.messages import Words
from codegen.documents.options import DocumentOptions
from codegen.documents.repeated_layers import Same, repeated
from codegen.latex.formula import Formula
from codegen.latex.index_printer import IndexPrinter
from codegen.latex.matrix_printer import MatrixPrinter
from codegen.latex.step_printer import StepPrinter
from codegen.latex.symbol import ERROR
from codegen.latex.symbols import Names
from codegen.latex.with_numbers import WorkedExample
from derive.calculus.total_differential import with_differentials
from derive.ir.derivation import Derivation
from derive.ir.notation import Call, Equation, Expr
from derive.ir.system import Assumption, Layer, System
from derive.ir.tree import walk


class DocumentContext:
    """One derivation with its symbols, printers and words: what all parts of a document share."""

    def __init__(self, derivation: Derivation, options: DocumentOptions, words: Words) -> None:
        self.derivation = derivation
        self.options = options
        self.words = words
        self.names = _names(derivation, options)
        table = with_differentials(derivation)
        self.index = IndexPrinter(self.names, table, words.plain("otherwise"))
        turned = (a for _, a in derivation.adjoints) if options.layout == "numerator" else ()
        self.matrix = MatrixPrinter(self.index, frozenset(), frozenset(turned))
        self.steps = StepPrinter(derivation, self.index)
        self.labels: dict[str, None] = {}  # of formulas, in the order of the document
        self.example: WorkedExample | None = None

    @property
    def system(self) -> System:
        """The system that is differentiated."""
        return self.derivation.system

    def say(self, key: str, **slots: str | Math | Ref | Text) -> Text:
        """A message with its slots filled."""
        return self.words.say(key, **slots)

    @cached_property
    def layer_of(self) -> Mapping[str, Layer]:
        """The layer that a tensor belongs to, by the tensor's name."""
        result = {t: layer for layer in self.system.origin.layers for t in layer.tensors}
        earlier = self.system.earlier
        for of, adjoint in earlier.adjoints if earlier else ():
            if of in result:
                result[adjoint] = result[of]
        return result

    @cached_property
    def of(self) -> Mapping[str, str]:
        """The tensor that a derivative is by, by the derivative's name."""
        return {a: t for t, a in self.derivation.adjoints}

    @cached_property
    def inlined(self) -> Mapping[str, Equation]:
        """The derivatives that were written into their only use, by name."""
        return {e.tensor: e for e in self.derivation.inlined}

    # ---- formulas --------------------------------------------------------------------------------

    def labelled(self, label: str, formula: Formula, matrix: Formula | None = None) -> Display:
        """A display of a formula that can be referred to, in the notation that was asked for."""
        self.labels[label] = None
        formulas = self.both(formula, matrix)
        return Display(formulas, (label,))

    def both(self, plain: Formula, matrix: Formula | None) -> tuple[Formula, ...]:
        """A formula with subscripts, in matrices, or the one after the other."""
        if self.options.notation == "index" or matrix is None or matrix == plain:
            return (plain,)
        return (matrix,) if self.options.notation == "matrix" else (plain, matrix)

    def references(self, *labels: str) -> Text:
        """References to the formulas among these that stand in the document already."""
        return self.words.listed(Ref(x) for x in labels if x in self.labels)

    def equation_blocks(self, equations: Iterable[Equation], kind: str) -> list[Block]:
        """Equations in the notation that was asked for, as one display, labelled `kind`:tensor."""
        equations = tuple(equations)
        formulas: list[Formula] = []
        labels: list[str] = []
        matrices: list[Formula] = []
        for equation in equations:
            plain, matrix = self.index.formula(equation), self.matrix.formula(equation)
            first, *others = self.both(plain, matrix)
            label = f"{kind}:{equation.tensor}"
            self.labels[label] = None
            formulas.append(first)
            labels.append(label)
            matrices.extend(others)
        if not formulas:
            return []
        unlabelled = [""] * len(matrices)
        display = Display((*formulas, *matrices), (*labels, *unlabelled))
        return [display, *self.with_numbers(equations)]

    def one_notation(self, equations: Iterable[Equation], kind: str) -> list[Block]:
        """Equations that are carried out in order, each in one notation."""
        equations = tuple(equations)
        formulas = []
        for equation in equations:
            plain, matrix = self.index.formula(equation), self.matrix.formula(equation)
            formulas.append(self.both(plain, matrix)[-1])
            self.labels[f"{kind}:{equation.tensor}"] = None
        display = Display(tuple(formulas), tuple(f"{kind}:{e.tensor}" for e in equations))
        return [display, *self.with_numbers(equations)] if equations else []

    def with_numbers(self, equations: Iterable[Equation]) -> list[Block]:
        """The formulas with the example's numbers put in, where there are any."""
        if self.example is None:
            return []
        made = [f for e in equations if (f := self.example.formula(e)) is not None]
        key = "with numbers of the first" if self.example.first_of_several else "with numbers"
        return [Paragraph(self.say(key)), Display(tuple(made))] if made else []

    def matrix_form(self, equation: Equation) -> Formula | None:
        """A derivative in matrices; an error term also with the activation's slope as $f'$."""
        if self.options.notation == "index":
            return None
        formula = self.matrix.formula(equation)
        generic = self.steps.textbook(equation)
        first = self.matrix.formula(generic) if generic else None
        return chained(first, formula) if first and formula else formula

    def slope(self, equation: Equation) -> list[Block]:
        """A sentence that defines f, where the activation has no name of its own."""
        generic = self.steps.textbook(equation)
        if generic is None:
            return []
        calls = (n for t in generic.terms for n in walk(t.body) if isinstance(n, Call))
        slope = next((c for c in calls if c.function.endswith("'") and len(c.function) == 2), None)
        if slope is None:
            return []
        step = self.derivation.steps_of[equation.tensor][0]
        forward = self.index.left(step.before)
        inner = self.index.box(slope.args[0]).text
        name = slope.function
        sentence = self.say(
            "slope_is",
            slope=Math(name),
            function=Math(name[:-1]),
            forward=Math(f"{forward} = {name[:-1]}({inner})"),
        )
        return [Paragraph(sentence)]

    # ---- words -----------------------------------------------------------------------------------

    def symbol(self, name: str) -> Math:
        """A tensor's symbol, for a line of text."""
        return Math(self.names[name].inline())

    def symbols(self, names: Iterable[str]) -> Text:
        """Tensors' symbols, for a line of text."""
        return self.words.listed(self.symbol(n) for n in names)

    def value(self, expr: Expr) -> Math:
        """An expression, for a line of text."""
        return Math(self.index.box(expr, inline=True).text)

    def assumed(self, assumption: Assumption) -> str:
        """An assumption as a formula, for a line of text."""
        left = self.index.right(assumption.left.terms).text
        return Formula(left, (self.index.box(assumption.right).text,)).latex()

    def layer_title(self, tensor: str) -> Text:
        """The heading of a tensor: its layer, the inputs or the objective; none without layers."""
        if not self.system.origin.layers:
            return ()
        layer = self.layer_of.get(tensor)
        if layer is None:
            role = self.derivation.table[tensor].role
            return self.say("inputs" if role == "input" else "objective")
        return self.titled(layer)

    def titled(self, layer: Layer) -> Text:
        """A layer's number, type and activation."""
        type_ = self.words.own(layer.type, "type")
        if layer.activation in ("", "identity"):
            return self.say("layer", name=layer.name, type=type_)
        return self.say("layer_with", name=layer.name, type=type_, activation=layer.activation)

    @cached_property
    def same_forward(self) -> Mapping[str, Same]:
        """The layers whose equations have the form of an earlier one's."""
        return repeated(self.system.origin.layers, self.forward_of(), self.derivation.table)

    @cached_property
    def same_backward(self) -> Mapping[str, Same]:
        """The layers whose derivatives have the form of a later one's."""
        layers = reversed(self.system.origin.layers)
        return repeated(layers, self.backward_of(), self.derivation.table)

    def is_repeated(self, equation: Equation) -> bool:
        """Whether an equation of the forward or backward pass is one of a repeated layer."""
        of = self.of.get(equation.tensor)
        layer = self.layer_of.get(equation.tensor if of is None else of)
        same = self.same_forward if of is None else self.same_backward
        return layer is not None and layer.name in same

    def forward_of(self) -> dict[str, list[Equation]]:
        """The equations of each layer, by its name."""
        result: dict[str, list[Equation]] = {}
        for equation in self.derivation.forward:
            layer = self.layer_of.get(equation.tensor)
            if layer is not None:
                result.setdefault(layer.name, []).append(equation)
        return result

    def backward_of(self) -> dict[str, list[Equation]]:
        """The derivatives by each layer's tensors, by its name."""
        result: dict[str, list[Equation]] = {}
        for equation in (*self.derivation.backward, *self.derivation.inlined):
            layer = self.layer_of.get(self.of.get(equation.tensor, ""))
            if layer is not None:
                result.setdefault(layer.name, []).append(equation)
        return result

    def is_objective(self, equation: Equation) -> bool:
        """Whether an equation belongs to the objective rather than to the forward pass."""
        if self.system.origin.layers:
            return equation.tensor not in self.layer_of
        return equation.tensor == self.derivation.objective


def _names(derivation: Derivation, options: DocumentOptions) -> Names:
    """The symbols; partial derivatives where a bare delta would be mistaken for Kronecker's."""
    names = Names(derivation, options.errors)
    has_deltas = options.calculus == "kronecker" and options.detail != "result"
    if has_deltas and any(str(names[e]) == ERROR for e in names.errors):
        return Names(derivation, "partial")
    return names


def chained(first: Formula, then: Formula) -> Formula:
    """Two formulas with the same left side as one chain of equalities."""
    if first.right == then.right:
        return then
    return Formula(then.left, (*first.right, *then.right), then.relation)


def by_layer(title: Text, parts: Sequence[tuple[Text, Sequence[Block]]]) -> Iterator[Section]:
    """A section with a subsection for each run of blocks under one heading."""
    groups: list[tuple[Text, list[Block]]] = []
    for name, blocks in parts:
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        groups[-1][1].extend(blocks)
    first = together(groups.pop(0)[1]) if groups and not groups[0][0] else ()
    yield Section(title, first)
    for name, result in groups:
        yield Section(name, together(result), level=2)


def together(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks, with consecutive displays merged into one."""
    result: list[Block] = []
    for block in blocks:
        last = result[-1] if result else None
        if isinstance(block, Display) and isinstance(last, Display):
            labels = (*_padded(last), *_padded(block))
            result[-1] = Display((*last.formulas, *block.formulas), labels)
        elif isinstance(block, Fold):
            result.append(Fold(block.title, together(block.blocks)))
        else:
            result.append(block)
    return tuple(result)


def _padded(display: Display) -> tuple[str, ...]:
    return (*display.labels, *[""] * (len(display.formulas) - len(display.labels)))
