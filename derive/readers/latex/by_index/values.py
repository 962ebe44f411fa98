"""The value of a formula's parts, in index form: the tree of what stands on paper -> syntax."""

from __future__ import annotations

from fractions import Fraction

from derive.language.syntax import (
    Fn,
    Name,
    Num,
    Op,
    Syntax,
)
from derive.readers.latex.by_index.calls import head, letter_call, named_call
from derive.readers.latex.by_index.conditions import cases, condition, indicator
from derive.readers.latex.by_index.derivatives import as_product, derivative_of, slope_value
from derive.readers.latex.by_index.integers import shifted
from derive.readers.latex.by_index.ranges import reduction
from derive.readers.latex.by_index.references import (
    pieces,
    position,
    reference,
    settled,
)
from derive.readers.latex.context import (
    BATCH_SIZE,
    DEEPEST,
    MOST_IN_A_ROW,
    Formula,
    Scope,
    Whole,
    letter_of,
)
from derive.readers.latex.symbol_parts import Spelled, spell
from derive.readers.latex.syntax.nodes import (
    Accent,
    Cases,
    Group,
    Logic,
    Node,
    Number,
    Operator,
    Over,
    Product,
    Relation,
    Root,
    Scripted,
    Sum,
    Symbol,
    bare,
)
from derive.readers.latex.text_facts import BIG
from derive.readers.name_rules import letter_name


def value(formula: Formula, node: Node, scope: Scope) -> Syntax:
    """What a node means. Raises `Refused`, `Whole` for a tensor that lacks its subscripts."""
    formula.deep += 1
    if formula.deep > DEEPEST:
        raise formula.refuse(node, "this is nested too deeply; split it with named intermediates")
    try:
        return _value(formula, node, scope)
    finally:
        formula.deep -= 1


def _value(formula: Formula, node: Node, scope: Scope) -> Syntax:
    place = formula.place(node)
    match node:
        case Number():
            return formula.number(node)
        case Sum(terms=terms):
            return _sum(formula, node, terms, scope)
        case Product():
            return _product(formula, node, scope)
        case Over(top=top, bottom=bottom):
            found = derivative_of(formula, (node,))
            if found is not None:
                return slope_value(formula, found[0], scope)
            return Op(place, "/", (formula.value(top, scope), formula.value(bottom, scope)))
        case Root(degree=degree, of=of):
            inner = formula.value(of, scope)
            if degree is None or (isinstance(degree, Number) and degree.text == "2"):
                return Fn(place, "sqrt", (inner,))
            one = Num(place, Fraction(1))
            return Op(place, "**", (inner, Op(place, "/", (one, formula.value(degree, scope)))))
        case Group():
            return _group(formula, node, scope)
        case Relation() | Logic():
            return condition(formula, node, scope)
        case Cases(rows=rows):
            return cases(formula, node, rows, scope)
        case Operator():
            raise formula.refuse(node, "a factor is missing beside this sign")
        case Symbol() | Scripted() | Accent():
            return _scripted(formula, node, scope)


def _sum(formula: Formula, node: Node, terms: tuple[tuple[str, Node], ...], scope: Scope) -> Syntax:
    if len(terms) > MOST_IN_A_ROW:
        raise formula.refuse(node, "this is too long; split it with named intermediates")
    whole: Syntax | None = None
    for sign, term in terms:
        part = formula.value(term, scope)
        if whole is None:
            whole = Op(part.place, "neg", (part,)) if sign == "-" else part
        else:
            whole = Op(part.place, sign, (whole, part))
    assert whole is not None
    return whole


def _product(formula: Formula, node: Product, scope: Scope) -> Syntax:
    items = node.items
    if len(items) > MOST_IN_A_ROW:
        raise formula.refuse(node, "this is too long; split it with named intermediates")
    whole: Syntax | None = None
    sign = ""
    k = 0
    while k < len(items):
        item = items[k]
        if isinstance(item, Operator):
            if whole is None or sign or k == len(items) - 1:
                raise formula.refuse(item, "a factor is missing beside this sign")
            if item.name not in ("*", "/", "%"):
                told = {"odot": "\\odot", "oslash": "\\oslash"}.get(item.name, item.name)
                raise Whole(
                    item.at,
                    f"'{told}' is for whole arrays; in index form factors stand side by side",
                )
            sign = item.name
            k += 1
            continue
        part, taken = _factor(formula, items[k:], scope)
        if sign == "/":
            _check_denominator(formula, items, k, taken)
        whole = part if whole is None else Op(part.place, sign or "*", (whole, part))
        sign = ""
        k += taken
    assert whole is not None
    return whole


def _check_denominator(formula: Formula, items: tuple[Node, ...], k: int, taken: int) -> None:
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


def _factor(formula: Formula, items: tuple[Node, ...], scope: Scope) -> tuple[Syntax, int]:
    """The value that begins the items, and how many it takes."""
    first = items[0]
    found = derivative_of(formula, items)
    if found is not None:
        return slope_value(formula, found[0], scope), found[1]
    big = _big(first)
    if big is not None:
        op, node = big
        if len(items) == 1:
            raise formula.refuse(first, f"nothing follows \\{op}; write what is reduced")
        rest = as_product(items[1:])
        if op != "sum" and any(isinstance(i, Operator) and i.name == "/" for i in items[1:]):
            raise formula.refuse(
                first, f"where does the \\{op} end? put what it reduces in brackets"
            )
        return reduction(formula, node, op, items[1:], scope, rest), len(items)
    chosen = indicator(formula, items, scope)
    if chosen is not None:
        return chosen
    called = named_call(formula, items, scope) or letter_call(formula, items, scope)
    if called is not None:
        return called
    if isinstance(first, Symbol) and first.name in ("partial", "d") and len(items) > 1:
        inner = spell(items[1])
        mark = first.kind != "letter" or (inner is not None and not formula.names.is_declared("d"))
        if mark:
            raise formula.refuse(first, "a differential isn't read; give the derivative")
    return formula.value(first, scope), 1


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


def _group(formula: Formula, node: Group, scope: Scope) -> Syntax:
    place = formula.place(node)
    if len(node.items) != 1:
        told = "one value stands between these brackets" if node.items else "nothing stands here"
        raise formula.refuse(node, f"{told}; write one")
    inner = node.items[0]
    match node.kind:
        case "|":
            letter = letter_of(inner)
            if letter is not None and letter in scope:
                return Fn(place, "size", (Name(place, letter),))
            if letter is not None and not formula.names.is_declared(letter):
                return Fn(place, "size", (Name(place, letter),))
            return Fn(place, "abs", (formula.value(inner, scope),))
        case "norm":
            raise Whole(node.at, "a norm is for whole arrays; in index form write \\sum_{i} x_i^2")
        case "floor":
            return position_value(formula, node, scope)
        case _:
            return formula.value(inner, scope)


def position_value(formula: Formula, node: Node, scope: Scope) -> Syntax:
    r"""Integer arithmetic as a value, such as `\lfloor u/2 \rfloor`."""
    count = formula.facts.first
    return shifted(position(formula, node, scope, "", 0), count)


def _scripted(formula: Formula, node: Node, scope: Scope) -> Syntax:
    """A symbol with its scripts: a letter, a tensor's entry, a constant, a power of these."""
    place = formula.place(node)
    letter = letter_of(node)
    if letter is not None and letter in scope:
        return shifted(Name(place, letter), formula.offset(letter))
    if isinstance(node, Scripted) and spell(node) is None:
        return _power(formula, node, scope)
    found = spell(node)
    if found is None:
        return _constant_symbol(formula, node)
    if found.primes:
        raise formula.refuse(node, "a derivative needs its argument: write f'(z_{ni})")
    euler = found.base == "e" and not found.below and not found.layer
    if euler and not found.is_word and not formula.names.is_declared("e"):
        exponent = found.power or found.doubtful
        inner = Num(place, Fraction(1)) if exponent is None else formula.value(exponent, scope)
        return Fn(place, "exp", (inner,))
    found = settled(formula, found, scope)
    if found.is_turned:
        raise Whole(node.at, "a transpose is for whole arrays; swap the subscripts instead")
    if found.is_next:
        raise formula.refuse(node, "what a tensor will be stands left of '=' only")
    base = _entry(formula, found, node, scope)
    if found.power is None:
        return base
    raised = formula.value(found.power, scope)
    if _is_minus_one(raised) and len(pieces(found, split=True)) == 2:
        raise formula.refuse(
            node,
            "this can be an entry of the inverse, or one over an entry; write "
            f"\\frac{{1}}{{{found.base}_{{ij}}}}, or, of equations, inv(X)[i,j] without LaTeX",
        )
    return Op(place, "**", (base, raised))


def _is_minus_one(value: Syntax) -> bool:
    match value:
        case Num(value=number):
            return number == -1
        case Op(op="neg", args=(Num(value=number),)):
            return number == 1
        case _:
            return False


def _entry(formula: Formula, found: Spelled, node: Node, scope: Scope) -> Syntax:
    place = formula.place(node)
    names = formula.names
    if _is_kronecker(formula, found):
        parts = pieces(found, split=True)
        sides = [position(formula, p, scope, "", 0) for p in parts]
        return Fn(place, "delta", tuple(sides))
    if found.below or found.layer:
        return reference(formula, found, scope)
    letter = letter_of(found_symbol(node))
    if letter is not None and letter in scope:
        return shifted(Name(place, letter), formula.offset(letter))
    # beside weights \pi_k, a \pi alone is the number
    if found.base == "pi" and (
        not names.is_declared("pi") or formula.facts.ranks.get(("pi", found.layer))
    ):
        return Name(place, "pi")
    is_end = letter_name(found.base) in formula.facts.ends
    if not (names.is_spelled(found.base) if is_end else names.is_declared(found.base)):
        extent = _extent(formula, found)
        if extent is not None:
            return Fn(place, "size", (Name(place, extent),))
    return reference(formula, found, scope)


def found_symbol(node: Node) -> Node:
    """A symbol without what stands above it."""
    node = bare(node)
    return node.base if isinstance(node, Scripted) and not node.below else node


def _extent(formula: Formula, found: Spelled) -> str | None:
    """The letter whose extent a name such as `N` is."""
    name = letter_name(found.base)
    if name in formula.facts.ends:
        return formula.facts.ends[name]
    vocabulary = formula.names.vocabulary
    if name in ("N", "m", "B", "M", "batch") and vocabulary and vocabulary.batch is not None:
        return BATCH_SIZE
    if len(name) == 1 and name.isupper() and name.lower() in formula.letters:
        return name.lower()
    return None


def _is_kronecker(formula: Formula, found: Spelled) -> bool:
    """Whether a delta is Kronecker's: two subscripts, and no error term is meant.

    An error term has a layer, stands on a left side, or walks the batch.
    """
    names, facts = formula.names, formula.facts
    if found.base != "delta" or found.layer or len(pieces(found, split=True)) != 2:
        return False
    if ("delta", "") in facts.defined or ("delta", "") in names.own:
        return False
    if any("delta" in k for k in names.given):
        return False
    if names.vocabulary is None:
        return "delta_" not in names.known
    if names.vocabulary.batch is None:
        return True
    first = letter_of(pieces(found, split=True)[0])
    return first not in facts.batch


def _constant_symbol(formula: Formula, node: Node) -> Syntax:
    place = formula.place(node)
    match bare(node):
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


def _power(formula: Formula, node: Scripted, scope: Scope) -> Syntax:
    """Something in brackets with scripts."""
    place = formula.place(node)
    if node.below or node.primes or len(node.above) != 1:
        raise formula.refuse(node, "scripts of a bracket: only a power can be read; take them out")
    above = bare(node.above[0])
    if isinstance(above, Symbol) and above.name in ("T", "top", "intercal"):
        raise Whole(node.at, "a transpose is for whole arrays; swap the subscripts instead")
    return Op(place, "**", (formula.value(node.base, scope), formula.value(above, scope)))
