"""Formulas of a text, one by one: their trees, the facts that they tell, their equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from derive.language.parser import MOST_PROBLEMS
from derive.language.syntax import SYNTAX, Name, Op, Ref, Refused, Syntax, Written
from derive.readers.latex.by_array.equations import array_equations
from derive.readers.latex.by_array.sums_over_samples import sum_letter
from derive.readers.latex.by_index.left_sides import left_of
from derive.readers.latex.by_index.values import value
from derive.readers.latex.context import Formula, NotByIndex, letter_of
from derive.readers.latex.extents_from_text import settled_sizes
from derive.readers.latex.labels import pieces
from derive.readers.latex.name_resolution import Names
from derive.readers.latex.symbol_parts import parts_of
from derive.readers.latex.syntax.lexer import MOST_FORMULAS, Text, tokens_of
from derive.readers.latex.syntax.lines import formulas_of
from derive.readers.latex.syntax.nodes import LATEX, Node, Relation, Scripted, Symbol
from derive.readers.latex.syntax.parser import parse
from derive.readers.latex.text_facts import DEFINING, Facts, bound_letters, check_depth, gather
from derive.readers.latex.to_text import written_text
from derive.readers.vocabulary import Unread

MOST_DEEP = 160


def trees_of(source: Text, problems: list[str]) -> list[Node]:
    """The tree of each formula; what can't be read is added to the problems."""
    try:
        rows = formulas_of(tokens_of(source))
    except Refused as refused:
        problems.append(str(refused))
        return []
    result = []
    if len(rows) > MOST_FORMULAS:
        problems.append(
            f"{source.name}: there are {len(rows)} formulas; give at most {MOST_FORMULAS}"
        )
        return []
    for tokens in rows:
        if len(problems) >= MOST_PROBLEMS:
            break
        try:
            tree = parse(tokens, source)
            check_depth(tree, source)
            result.append(tree)
        except Refused as refused:
            problems.append(str(refused))
    return result


def facts_of(trees: Sequence[Node], source: Text, problems: list[str]) -> Facts:
    """What the formulas say as a whole; contradictions are added to the problems."""
    try:
        return gather(trees, source)
    except Refused as refused:
        problems.append(str(refused))
        return Facts()


def batch_letters(trees: Sequence[Node], names: Names) -> set[str]:
    """The letters that walk the batch: the first subscripts of tensors whose first axis it is."""
    vocabulary = names.vocabulary
    result: set[str] = set()
    if vocabulary is None or vocabulary.batch is None:
        return result
    for tree in trees:
        for node in LATEX.walk(tree):
            spelled = parts_of(node) if isinstance(node, Symbol | Scripted) else None
            if spelled is None or not spelled.below or spelled.base == "delta":
                continue
            parts = pieces(spelled, split=True)
            name = names.find(spelled.base, spelled.layer, len(parts))
            shape = names.shapes.get(name or "")
            letter = letter_of(parts[0])
            if letter and shape and len(shape) == len(parts) and shape[0] == vocabulary.batch:
                result.add(letter)
    return result


def equations_of(
    trees: Sequence[Node],
    source: Text,
    names: Names,
    functions: Mapping[str, str],
    problems: list[str],
    unread: list[Unread] | None = None,
) -> list[Written]:
    """The equations; `unread` gathers formulas of known tensors that can't be read."""
    for tree in trees:
        _announce(Formula(source, names, functions, value, tree), tree)
    read: dict[int, list[Written]] = {}
    reasons: dict[int, str] = {}
    for turn in range(2):
        # what is read of another formula's array may need its shape: once more in the end
        for k, tree in enumerate(trees):
            if k in read or (turn and k not in reasons):
                continue
            try:
                read[k] = _formula(Formula(source, names, functions, value, tree), tree)
                reasons.pop(k, None)
            except Refused as refused:
                reasons[k] = str(refused)
        if not reasons or names.vocabulary is None:
            break
    if unread is not None and read:
        for k in list(reasons):
            name = _left_name(Formula(source, names, functions, value, trees[k]))
            if name is not None:
                line = source.place(trees[k].at).line
                unread.append(Unread(name, line, reasons.pop(k)))
    problems.extend(reasons[k] for k in sorted(reasons)[:MOST_PROBLEMS])
    result = [e for k in sorted(read) for e in read[k]]
    try:
        result = settled_sizes(result, names)
    except Refused as refused:
        problems.append(str(refused))
    problems.extend(
        f"{e.place}: this is too long; split it with named intermediates"
        for e in result
        if _is_deep(e.right)
    )
    return [replace(e, text=written_text(e)) for e in result] if not problems else result


def _left_name(formula: Formula) -> str | None:
    """The tensor of the model that a formula gives; None where that can't be told."""
    tree, shapes = formula.tree, formula.names.vocabulary
    if not isinstance(tree, Relation) or tree.signs[0] not in DEFINING or shapes is None:
        return None
    try:
        name = left_of(formula, tree.sides[0], tree.signs[0], whole=True).tensor
    except (Refused, NotByIndex):
        return None
    return name if name in shapes.shapes else None


def _announce(formula: Formula, tree: Node) -> None:
    """Note what a formula gives, so that formulas before it may read it."""
    if isinstance(tree, Relation) and tree.signs[0] in DEFINING and not _names_layer(tree):
        with suppress(Refused):
            left_of(formula, tree.sides[0], tree.signs[0], whole=True)


def _formula(formula: Formula, tree: Node) -> list[Written]:
    """A formula; one of a layer l is one for every layer at which all its names mean something."""
    if not _names_layer(tree):
        return _either_form(formula, tree)
    if formula.names.vocabulary is None:
        raise formula.refuse(
            tree, "a formula of a layer l can't be a model's equation; write one for each layer"
        )
    result: list[Written] = []
    refused: Refused | None = None
    for number in formula.names.numbers():
        taken = dict(formula.names.taken)
        own = dict(formula.names.own)
        one = replace(formula, layer=number, moved={})
        try:
            result.extend(_either_form(one, tree))
        except Refused as problem:
            refused = problem
            formula.names.taken.clear()
            formula.names.taken.update(taken)
            formula.names.own.clear()
            formula.names.own.update(own)
    if not result:
        raise refused or formula.refuse(tree, "the model has no numbered layers")
    return result


def _names_layer(tree: Node) -> bool:
    for node in LATEX.walk(tree):
        spelled = parts_of(node) if isinstance(node, Symbol | Scripted) else None
        if spelled is not None and any(
            m[:1] == "l" and len(m) < 5 and (m == "l" or m[1] in "+-")
            for m in spelled.layer.split(",")
        ):
            return True
    return False


def _either_form(formula: Formula, tree: Node) -> list[Written]:
    """A formula by indices, or over whole arrays where a tensor with axes has no subscripts."""
    try:
        return [_written(formula, tree)]
    except NotByIndex as whole:
        by_indices = Refused(formula.text.place(whole.at), whole.reason)
        if formula.names.vocabulary is None or not isinstance(tree, Relation):
            raise by_indices from None
    try:
        return array_equations(formula, tree)
    except Refused as refused:
        if _has_subscripts(tree.sides[0]) or not _sums_samples(tree):
            raise (by_indices if _has_subscripts(tree) else refused) from None
        raise


def _sums_samples(tree: Node) -> bool:
    return any(sum_letter(n) is not None for n in LATEX.walk(tree))


def _has_subscripts(tree: Node) -> bool:
    """Whether an author wrote letters below a symbol; a number there is a layer."""
    return any(
        isinstance(n, Scripted)
        and parts_of(n) is not None
        and any(isinstance(i, Symbol) for b in n.below for i in LATEX.walk(b))
        for n in LATEX.walk(tree)
    )


def _written(formula: Formula, tree: Node) -> Written:
    if not isinstance(tree, Relation):
        raise formula.refuse(tree, "expected 'tensor = value', found no '='")
    if tree.signs[0] not in DEFINING or any(s != "=" for s in tree.signs[1:]):
        bad = next(s for k, s in enumerate(tree.signs) if s not in (DEFINING if not k else "="))
        raise formula.refuse(tree, f"'{bad}' is no equation; write one with '='")
    left = left_of(formula, tree.sides[0], tree.signs[0])
    formula.left = left.tensor
    formula.letters = bound_letters(tree) | {x.name for x in left.letters}
    scope = frozenset(x.name for x in left.letters)
    right = formula.value(tree.sides[-1], scope)
    place = formula.place(tree)
    if left.is_change:
        now: Syntax = (
            Ref(place, left.tensor, left.letters) if left.letters else Name(place, left.tensor)
        )
        right = Op(place, "+", (now, right))
    return Written(place, left.tensor, left.letters, right, "", left.is_next)


def _is_deep(node: Syntax) -> bool:
    level: list[Syntax] = [node]
    for _ in range(MOST_DEEP + 200):
        level = [p for n in level for p in SYNTAX.children(n)]
        if not level:
            return False
    return True
