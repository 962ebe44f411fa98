"""The notation of a document: the table of tensors, the conventions that its formulas rely on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from codegen.documents.blocks import Code, Math, Table, Text
from codegen.documents.context import DocumentContext
from codegen.documents.sections import inverses
from codegen.latex.box import flat
from codegen.latex.formula import Formula
from codegen.latex.orientation import ODOT, ONES, OSLASH
from codegen.latex.symbol import DIFFERENTIAL, Partial, Symbol
from codegen.latex.symbols import Names
from derive import catalogue
from derive.algebra.conditions import decide, implied
from derive.algebra.hazards import Hazards
from derive.catalogue.meanings import meaning_of
from derive.ir.derivation import Derivation
from derive.ir.notation import (
    Affine,
    Call,
    Compare,
    Dim,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Read,
    Tensor,
    affine,
)
from derive.ir.tree import ONE, ZERO, children, contains, index, walk

_VARIABLE = "u"
_FORMULAS = {
    "sigmoid": r"%s(%s) = 1/(1 + e^{-%s})",
    "softplus": r"%s(%s) = \log(1 + e^{%s})",
    "relu": r"%s(%s) = \max(%s, 0)",
    "erf": r"%s(%s) = \frac{2}{\sqrt{\pi}} \int_{0}^{%s} e^{-v^{2}}\,dv",
    "normcdf": r"%s(%s) = \frac{1}{\sqrt{2\pi}} \int_{-\infty}^{%s} e^{-v^{2}/2}\,dv",
}


def tensor_table(context: DocumentContext) -> Table:
    """Every symbol, its name in code, its part and its shape."""
    derivation, names, printer = context.derivation, context.names, context.index
    rows = []
    same = context.same_forward
    for tensor in derivation.tensors:
        layer = context.layer_of.get(context.of.get(tensor.name, tensor.name))
        if layer is not None and layer.name in same:
            continue
        meaning = _meaning(context, tensor)
        if meaning is None:
            continue
        shape: Text = context.say("scalar")
        if tensor.shape:
            extents = (flat(printer.integers.integer(e).at_least(2).text) for e in tensor.shape)
            shape = (Math(r" \times ".join(extents)),)
        rows.append(((Math(str(names[tensor.name])),), (Code(tensor.name),), meaning, shape))
    header = tuple(context.say(key) for key in ("symbol", "code", "meaning", "shape"))
    return Table(header, tuple(rows))


def _meaning(context: DocumentContext, tensor: Tensor) -> Text | None:
    derivation, names, say = context.derivation, context.names, context.say
    system, name = derivation.system, tensor.name
    if tensor.role == "next" or (
        tensor.role == "adjoint" and name in _gradients(derivation, names)
    ):
        return None
    sentence: Text
    earlier = system.earlier
    first = {a: of for of, a in earlier.adjoints} if earlier else {}
    moves = {v: of for of, v in earlier.directions} if earlier else {}
    if name in first:
        if not isinstance(names[name], Symbol):
            return None
        partial = Partial(names.of(earlier.objective if earlier else ""), names.of(first[name]))
        return say("role_error", partial=Math(partial.inline()))
    if name in moves or name in {a for of, a in derivation.adjoints if of in first}:
        return say("role_change")
    match tensor.role:
        case "adjoint" if name in names.errors:
            partial = Partial(names.objective, names.of(names.errors[name]))
            return say("role_error", partial=Math(partial.inline()))
        case "adjoint":
            return say("role_helper")
        case "constant" | "hyperparameter":
            number = Number(tensor.value if tensor.value is not None else Fraction(0))
            value = context.index.box(number, inline=True)
            sentence = say(f"role_{tensor.role}", value=Math(flat(value.text)))
        case "parameter" if name in system.training.frozen:
            sentence = say("role_frozen")
        case "input" if name not in system.table:
            return say(
                "role_seed",
                objective=Math(str(names.objective)),
                output=Math(str(names[derivation.objective])),
            )
        case "input" if tensor.integer:
            sentence = say("role_integer")
        case "target" if name == system.training.sample_weight:
            sentence = say("role_weight")
        case "intermediate" if name == derivation.objective:
            sentence = say("role_objective")
        case "intermediate" if name == system.output:
            sentence = say("role_output")
        case role:
            sentence = _in_the_field_s_words(context, tensor, f"role_{role}")
    layer = next((x for x in system.origin.layers if name in x.tensors), None)
    if layer is not None:
        sentence = say("of_layer", meaning=sentence, name=layer.name)
    also = [a for a, real in system.origin.aliases if real == name]
    if also:
        codes: Text = tuple(p for a in also for p in (", ", Code(a)))[1:]
        sentence = say("alias", meaning=sentence, names=codes)
    return sentence


def _gradients(derivation: Derivation, names: Names) -> frozenset[str]:
    """The derivatives that are printed as fractions."""
    return frozenset(a for _, a in derivation.adjoints if a not in names.errors)


def _in_the_field_s_words(context: DocumentContext, tensor: Tensor, role: str) -> Text:
    """What a tensor is to its layer or to the loss; else where it is computed."""
    words = context.words
    meaning = meaning_of(context.system, tensor.name, context.layer_of.get(tensor.name))
    if meaning:
        parts = (words.own(part, "meaning") for part in meaning.split(", "))
        return (words.plain("apart").join(parts),)
    own = _role(context, tensor)
    where = context.references(f"forward:{tensor.name}")
    if not own and where and tensor.role == "intermediate":
        return context.say("computed in", formula=where)
    return context.say(own or role)


def _role(context: DocumentContext, tensor: Tensor) -> str:
    """The message key of the field's name for a layer's tensor; empty for others."""
    layer = context.layer_of.get(tensor.name)
    if layer is None:
        return ""
    base = context.names.of(tensor.name).base
    if tensor.role == "parameter" and base == "W" and tensor.rank == 2:
        return "role_weights"
    if tensor.role == "parameter" and base == "b" and tensor.rank == 1:
        return "role_bias"
    if tensor.role == "intermediate" and tensor.name == layer.output:
        return "role_layer_output"
    if tensor.role == "intermediate" and base == "z" and layer.activation != "identity":
        return "role_preactivation"
    return ""


def conventions(
    context: DocumentContext, formulas: Sequence[Formula], whole: DocumentContext | None
) -> tuple[Text, ...]:
    """The conventions that the formulas rely on, and no others.

    `whole` is the document over a batch, where the formulas are of one sample.
    """
    return tuple(_conventions(context, formulas, whole))


def _conventions(
    context: DocumentContext, formulas: Sequence[Formula], whole: DocumentContext | None
) -> Iterator[Text]:
    derivation, names, say = context.derivation, context.names, context.say
    system, listed = derivation.system, context.words.listed
    if context.same_forward:
        yield say("layers alike")
    text = " ".join(f.latex() for f in formulas)
    if any(t.shape for t in derivation.tensors):
        yield say("letters")
    dims = _dims(derivation)
    if whole is not None:
        letter = whole.system.batch or ""
        size = Math(whole.names.dim(Dim(letter)))
        yield say("one sample", letter=Math(letter), extent=size)
    if system.batch in dims:
        batch = Math(names.dim(Dim(system.batch or "")))
        yield say("batch", letter=Math(system.batch or ""), extent=batch)
    others = [Math(names.dim(Dim(d))) for d in dims if d != system.batch]
    if others:
        yield say("dims" if len(others) > 1 else "dim", extents=listed(others))
    passes = (e for e in (*derivation.forward, *derivation.backward) if not context.is_repeated(e))
    equations = (*passes, *derivation.updates)
    if _reads_outside(derivation, equations):
        yield say("outside")
    if "[" in text:
        factors_only = _undefined_products(derivation)
        of = {"of": context.symbols(factors_only)} if factors_only else {}
        yield say("brackets as factors" if factors_only else "brackets", **of)
    if r"\mathrel{+}=" in text:
        yield say("plus", sign=Math("{+}{=}"), equals=Math("="))
    if ODOT in text or ONES in text or r"^{\top}" in text:
        yield from _matrix_conventions(context, dims)
    yield from _choices(context, text)
    yield from _functions(context, equations)
    yield from inverses.conventions(context, text)


def _matrix_conventions(context: DocumentContext, dims: Sequence[str]) -> Iterator[Text]:
    signs = {"ones": Math(ONES), "odot": Math(ODOT), "oslash": Math(OSLASH)}
    batch = context.system.batch
    if batch not in dims:
        yield context.say("entrywise", **signs)
        return
    yield context.say("rows", extent=Math(context.names.dim(Dim(batch or ""))), **signs)


def _choices(context: DocumentContext, text: str) -> Iterator[Text]:
    """The conventions that the document's options chose, where it shows."""
    options = context.options
    if r"\partial" in text:
        yield context.say(f"layout_{options.layout}")
    if DIFFERENTIAL in text:
        yield context.say("differentials", sign=Math(DIFFERENTIAL))
    if options.calculus == "kronecker" and options.detail != "result":
        yield context.say("kronecker", delta=Math(r"\delta_{ik}"))


def _dims(derivation: Derivation) -> list[str]:
    atoms = (a for t in derivation.tensors for e in t.shape for a, _ in e.terms)
    return list(dict.fromkeys(a.name for a in atoms if isinstance(a, Dim)))


def _bodies(equations: Iterable[Equation]) -> Iterator[Expr]:
    for equation in equations:
        for term in equation.terms:
            yield from walk(term.body)


def _undefined_products(derivation: Derivation) -> list[str]:
    """The tensors of equations that multiply by a condition what may be infinite or undefined."""
    hazards = Hazards(derivation.forward, derivation.table)

    def multiplies(node: Expr) -> bool:
        match node:
            case Mul(args):
                conditions = [a for a in args if _is_indicator(a)]
                return bool(conditions) and any(map(hazards.unsound, args))
            case _:
                return False

    bodies = {e.tensor: [t.body for t in e.terms] for e in derivation.forward}
    return [n for n, parts in bodies.items() if any(contains(b, multiplies) for b in parts)]


def _is_indicator(expr: Expr) -> bool:
    """A condition as a number; where one chooses, the choice holds the value itself."""
    return isinstance(expr, Call) and expr.function == "where" and expr.args[1:] == (ONE, ZERO)


def _reads_outside(derivation: Derivation, equations: Iterable[Equation]) -> bool:
    return any(
        _leaves(term.body, derivation, frozenset())
        for equation in equations
        for term in equation.terms
    )


def _leaves(expr: Expr, derivation: Derivation, known: frozenset[Affine]) -> bool:
    """Whether a read may lie outside of its tensor, where no condition says that it doesn't."""
    match expr:
        case Call("where", (condition, yes, no)):
            inside = known | implied(condition)
            return _leaves(yes, derivation, inside) or _leaves(no, derivation, known)
        case Read(tensor, subscripts):
            shape = derivation.table[tensor].shape
            return any(
                not decide(_within(s, e), known) for s, e in zip(subscripts, shape, strict=True)
            )
        case _:
            return any(_leaves(part, derivation, known) for part in children(expr))


def _within(subscript: Affine, extent: Affine) -> Expr:
    return Logic(
        "and",
        (
            Compare(">=", Index(subscript), index(affine(0))),
            Compare("<", Index(subscript), index(extent)),
        ),
    )


def _functions(context: DocumentContext, equations: Sequence[Equation]) -> Iterator[Text]:
    derivation, printer, say = context.derivation, context.index, context.say
    listed = context.words.listed
    used = {n.function for n in _bodies(equations) if isinstance(n, Call)}
    for name, formula in _FORMULAS.items():
        if name in used:
            symbol = printer.functions[name]
            whole = formula % (symbol, _VARIABLE, _VARIABLE)
            yield say(name, function=Math(symbol), formula=Math(whole))
    if "abs" in used:
        yield say("abs", function=Math(rf"\lvert {_VARIABLE}\rvert"))
    if "sign" in used:
        yield say("sign", function=Math(printer.functions["sign"]))
    pairs = [Math(printer.functions[f]) for f in ("maximum", "minimum") if f in used]
    if pairs:
        yield say("extremum", functions=listed(pairs))
    through = {t.reduce for s in derivation.steps if s.kind == "chain" for t in s.before.terms}
    ties = [Math(rf"\{op}") for op in ("max", "min") if op in through]
    if ties:
        yield say("ties", functions=listed(ties))
    if "hold" in used:
        yield say("hold", function=Math(printer.functions["hold"]))
    for layer in derivation.system.origin.layers:
        entry = catalogue.ACTIVATION.get(layer.activation) or catalogue.LAYER.get(layer.type)
        if entry is not None and entry.kink and entry.name != "relu":
            yield say("kink", name=entry.name, kink=context.words.own(entry.kink))
    loss = catalogue.LOSS.get(derivation.system.origin.loss_type)
    if loss is not None and loss.kink:
        yield say("kink", name=loss.name, kink=context.words.own(loss.kink))
