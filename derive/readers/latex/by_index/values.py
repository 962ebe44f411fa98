"""The values of a formula by indices: syntax of the equation language, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derive.language.syntax import Fn, Name, Num, Op, Place, Syntax
from derive.readers.latex.by_index.comparisons import compared
from derive.readers.latex.by_index.ranges import reduction
from derive.readers.latex.calls import call, head
from derive.readers.latex.conditions import conditional, indicator
from derive.readers.latex.context import BATCH_SIZE, Formula, NotByIndex, Scope, letter_of
from derive.readers.latex.derivatives import Slope, as_product, slope_value
from derive.readers.latex.integers import shifted
from derive.readers.latex.labels import extent_letter, pieces
from derive.readers.latex.references import position, reference
from derive.readers.latex.symbol_parts import SymbolParts, parts_of
from derive.readers.latex.syntax.nodes import (
    Accent,
    Cases,
    Group,
    Logic,
    Node,
    Number,
    Operator,
    Relation,
    Scripted,
    Symbol,
    bare,
)
from derive.readers.latex.text_facts import BIG
from derive.readers.latex.values import ValueReader
from derive.readers.name_rules import letter_name

_UNREAD = frozenset(
    ("lim", "det", "arg", "argmax", "argmin", "inf", "sup", "Re", "sec", "csc", "cot", "coth")
) | frozenset(("arcsin", "arccos", "softmax", "diag", "tr", "vec", "rank", "Var", "Cov"))
_CURES = {
    "softmax": "write it out, such as \\frac{e^{z_i}}{\\sum_k e^{z_k}}",
    "det": "write the equations without LaTeX, with det(X) or logdet(X)",
}
_OPERATORS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "**",
        "neg",
        "%",
        "//",
        "and",
        "or",
        "not",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
    ]
)


def value(formula: Formula, node: Node, scope: Scope) -> Syntax:
    """What a node means. Raises `Refused`, `NotByIndex` for a tensor that lacks its subscripts."""
    return EntryReader(formula, scope).value(node)


class EntryReader(ValueReader[Syntax]):
    """Reads values entry by entry."""

    def __init__(self, formula: Formula, scope: Scope) -> None:
        super().__init__(formula)
        self.letters = scope

    @property
    def scope(self) -> Scope:
        """The letters that run."""
        return self.letters

    def number(self, value: Fraction, place: Place) -> Syntax:
        """An exact number."""
        return Num(place, value)

    def constant(self, name: str, place: Place) -> Syntax:
        """`pi` or `inf`."""
        return Name(place, name)

    def apply(self, op: str, args: tuple[Syntax, ...], place: Place) -> Syntax:
        """An operator or a function of entries."""
        return Op(place, op, args) if op in _OPERATORS else Fn(place, op, args)

    def argument(self, value: Syntax, place: Place) -> Syntax:
        """The value itself."""
        return value

    def product(self, node: Node, items: Sequence[Node]) -> Syntax:
        """Things side by side, and the signs between them."""
        formula = self.formula
        self.check_length(node, items)
        result: Syntax | None = None
        sign = ""
        k = 0
        while k < len(items):
            item = items[k]
            if isinstance(item, Operator):
                if result is None or sign or k == len(items) - 1:
                    raise formula.refuse(item, "a factor is missing beside this sign")
                sign = self._sign(item)
                k += 1
                continue
            part, taken = self.factor(items[k:])
            if sign == "/":
                _check_denominator(formula, items, k, taken)
            result = part if result is None else Op(part.place, sign or "*", (result, part))
            sign = ""
            k += taken
        assert result is not None
        return result

    def _sign(self, item: Operator) -> str:
        if item.name not in ("*", "/", "%"):
            shown = {"odot": "\\odot", "oslash": "\\oslash"}.get(item.name, item.name)
            raise NotByIndex(
                item.at,
                f"'{shown}' is for whole arrays; in index form factors stand side by side",
            )
        return item.name

    def derivative(self, node: Node, slope: Slope) -> Syntax:
        """A derivative as a value."""
        return slope_value(self.formula, slope, self.scope)

    def leading(self, items: Sequence[Node]) -> tuple[Syntax, int] | None:
        """A sum, an indicator, or a call that begins the items, and how many it takes."""
        formula, first = self.formula, items[0]
        big = _big(first)
        if big is not None:
            return self._reduction(*big, items), len(items)
        result = indicator(self, items) or call(self, items)
        if result is not None:
            return result
        if isinstance(first, Symbol) and first.name in ("partial", "d") and len(items) > 1:
            inner = parts_of(items[1])
            is_name = inner is not None and not formula.names.is_declared("d")
            if first.kind != "letter" or is_name:
                raise formula.refuse(first, "a differential isn't read; give the derivative")
        return None

    def _reduction(self, op: str, node: Scripted, items: Sequence[Node]) -> Syntax:
        formula, first = self.formula, items[0]
        if len(items) == 1:
            raise formula.refuse(first, f"nothing follows \\{op}; write what is reduced")
        if op != "sum" and any(isinstance(i, Operator) and i.name == "/" for i in items[1:]):
            raise formula.refuse(
                first, f"where does the \\{op} end? put what it reduces in brackets"
            )
        return reduction(formula, node, op, self.scope, as_product(items[1:]))

    def fenced(self, node: Group, inner: Node) -> Syntax:
        """Something between bars, double bars or floor brackets."""
        formula, place = self.formula, self.formula.place(node)
        if node.kind == "norm":
            raise NotByIndex(
                node.at, "a norm is for whole arrays; in index form write \\sum_{i} x_i^2"
            )
        if node.kind == "floor":
            # integer arithmetic as a value
            return shifted(position(formula, node, self.scope, "", 0), formula.facts.first)
        letter = letter_of(inner)
        if letter is not None and (letter in self.scope or not formula.names.is_declared(letter)):
            return Fn(place, "size", (Name(place, letter),))
        return Fn(place, "abs", (self.value(inner),))

    def conditional(self, node: Relation | Logic | Cases) -> Syntax:
        """A condition, or values by conditions."""
        return conditional(self, node)

    def compare(self, op: str, left: Syntax, right: Syntax, place: Place) -> Syntax:
        """A comparison, without what both sides have too many."""
        return compared(op, left, right, self.scope)

    def unnamed(self, node: Node) -> Syntax:
        """Something in brackets with scripts, or a sign."""
        if not isinstance(node, Scripted):
            return _constant_symbol(self.formula, node)
        if node.below or node.primes or len(node.above) != 1:
            raise self.formula.refuse(
                node, "scripts of a bracket: only a power can be read; take them out"
            )
        return self.raised(node, self.value(node.base), node.above[0])

    def letter(self, node: Node) -> Syntax | None:
        """A letter that runs."""
        letter = letter_of(node)
        if letter is None or letter not in self.scope:
            return None
        return shifted(Name(self.formula.place(node), letter), self.formula.offset(letter))

    def named(self, node: Node, written: SymbolParts) -> Syntax:
        """A name without its power."""
        formula, place = self.formula, self.formula.place(node)
        names = formula.names
        if written.is_transposed:
            raise NotByIndex(
                node.at, "a transpose is for whole arrays; swap the subscripts instead"
            )
        if written.is_next:
            raise formula.refuse(node, "what a tensor will be stands left of '=' only")
        if _is_kronecker(formula, written):
            parts = pieces(written, split=True)
            sides = [position(formula, p, self.scope, "", 0) for p in parts]
            return Fn(place, "delta", tuple(sides))
        length = extent_letter(formula, written)
        if length is not None and (length in self.scope or length in formula.letters):
            return Fn(place, "size", (Name(place, length),))
        if written.below or written.layer:
            return reference(formula, written, self.scope)
        running = self.letter(without_superscripts(node))
        if running is not None:
            return running
        # beside weights \pi_k, a \pi alone is the number
        if written.base == "pi" and (
            not names.is_declared("pi") or formula.facts.ranks.get(("pi", written.layer))
        ):
            return Name(place, "pi")
        is_end = letter_name(written.base) in formula.facts.ends
        if not (names.is_spelled(written.base) if is_end else names.is_declared(written.base)):
            extent = _extent(formula, written)
            if extent is not None:
                return Fn(place, "size", (Name(place, extent),))
        return reference(formula, written, self.scope)

    def raised(self, node: Node, value: Syntax, above: Node) -> Syntax:
        """A value to a power."""
        inner = bare(above)
        if isinstance(inner, Symbol) and inner.name in ("T", "top", "intercal"):
            raise NotByIndex(
                node.at, "a transpose is for whole arrays; swap the subscripts instead"
            )
        power = self.value(above)
        result = parts_of(node)
        if result is not None and _is_minus_one(power) and len(pieces(result, split=True)) == 2:
            raise self.formula.refuse(
                node,
                "this can be an entry of the inverse, or one over an entry; write "
                f"\\frac{{1}}{{{result.base}_{{ij}}}}, or, of equations, inv(X)[i,j] without LaTeX",
            )
        return Op(self.formula.place(node), "**", (value, power))

    def of_arrays(self, word: str, node: Node) -> None:
        """None: a word of whole arrays sends the formula there."""
        if word in _UNREAD and not self.formula.names.is_declared(word):
            cure = _CURES.get(
                word, "write what it says with sums and the functions of the equation language"
            )
            raise NotByIndex(node.at, f"'{word}' can't be read in index form; {cure}")


def _check_denominator(formula: Formula, items: Sequence[Node], k: int, taken: int) -> None:
    """`a/b c` is read by one as (a/b)c and by another as a/(bc)."""
    after = items[k + taken] if k + taken < len(items) else None
    simple = isinstance(items[k], Number) and all(isinstance(i, Number) for i in items[: k - 1])
    if (
        after is not None
        and isinstance(after, Symbol | Scripted | Accent | Number)
        and head(after) is None
        and not simple
        and not (isinstance(after, Scripted) and isinstance(after.base, Group))
    ):
        raise formula.refuse(after, "where does the denominator end? write it with \\frac")


def _big(node: Node) -> tuple[str, Scripted] | None:
    match node:
        case Scripted(base=Symbol(name=name, kind=kind), below=below) if (
            name in BIG and kind != "letter" and below
        ):
            return name, node
        case Symbol(name="sum" | "prod" as name, kind="command"):
            return name, Scripted(node.at, node, (), (), 0)
        case _:
            return None


def _is_minus_one(value: Syntax) -> bool:
    match value:
        case Num(value=number):
            return number == -1
        case Op(op="neg", args=(Num(value=number),)):
            return number == 1
        case _:
            return False


def without_superscripts(node: Node) -> Node:
    """A symbol without what stands above it."""
    node = bare(node)
    return node.base if isinstance(node, Scripted) and not node.below else node


def _extent(formula: Formula, written: SymbolParts) -> str | None:
    """The letter whose extent a name such as `N` is."""
    name = letter_name(written.base)
    if name in formula.facts.ends:
        return formula.facts.ends[name]
    vocabulary = formula.names.vocabulary
    if name in ("N", "m", "B", "M", "batch") and vocabulary and vocabulary.batch is not None:
        return BATCH_SIZE
    if len(name) == 1 and name.isupper() and name.lower() in formula.letters:
        return name.lower()
    return None


def _is_kronecker(formula: Formula, written: SymbolParts) -> bool:
    """Whether a delta is Kronecker's: two subscripts, and no error term is meant.

    An error term has a layer, stands on a left side, or walks the batch.
    """
    names, facts = formula.names, formula.facts
    if written.base != "delta" or written.layer or len(pieces(written, split=True)) != 2:
        return False
    if ("delta", "") in facts.defined or ("delta", "") in names.own:
        return False
    if any("delta" in k for k in names.given):
        return False
    if names.vocabulary is None:
        return "delta_" not in names.known
    if names.vocabulary.batch is None:
        return True
    first = letter_of(pieces(written, split=True)[0])
    return first not in facts.batch


def _constant_symbol(formula: Formula, node: Node) -> Syntax:
    place = formula.place(node)
    match bare(node):
        case Symbol(name="ones"):
            raise NotByIndex(
                node.at, "a 1 in bold is for whole arrays; in index form write the number 1"
            )
        case Symbol(name="dots"):
            raise formula.refuse(node, "dots aren't read here; write the sum, such as \\sum_{j}")
        case Symbol(name="infty"):
            return Name(place, "inf")
        case Symbol(name=name) if name in ("sum", "prod", "max", "min"):
            raise formula.refuse(node, f"nothing follows \\{name}; write what is reduced")
        case Symbol(name="partial" | "nabla"):
            raise formula.refuse(
                node, "write a derivative as \\frac{\\partial E}{\\partial W_{ij}}"
            )
        case Symbol(name="otherwise"):
            raise formula.refuse(node, "'otherwise' stands alone behind the last case's '&'")
        case Symbol(name=name):
            raise formula.refuse(node, f"the argument of {name} is missing; write it in brackets")
        case _:
            raise formula.refuse(node, "this is no value; write a tensor, such as W_{ij}")
