"""Formulas in LaTeX -> formulas in the equation language."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from derive.errors import ChainruleError, shorten
from derive.grammar import MOST_PROBLEMS, read_equations
from derive.latex.differentials import differentials
from derive.latex.facts import DEFINING, Facts, bound_letters, check_depth, gather, walk
from derive.latex.formula import Formula, Whole, letter_of
from derive.latex.functions import check_functions
from derive.latex.grammar import parse
from derive.latex.hypotheses import hypotheses
from derive.latex.lefts import left_of
from derive.latex.names import ERRORS, WEIGHTS, Names, check_names
from derive.latex.nodes import Node, Relation, Scripted, Symbol
from derive.latex.references import pieces
from derive.latex.rows import formulas_of
from derive.latex.samples import sum_letter
from derive.latex.say import written_text
from derive.latex.sizes import settled_sizes
from derive.latex.spelling import join, letter_name, spell
from derive.latex.tokens import MOST_FORMULAS, Text, tokens_of
from derive.latex.values import value
from derive.latex.wholes import whole_equations
from derive.notation import affine
from derive.syntax import Name, Op, Ref, Refused, Syntax, Written
from derive.vocabulary import Reading, Unread, Vocabulary

_COMMAND = re.compile(r"\\[A-Za-z]{2,}|\\\\|\\\[|\$|[A-Za-z0-9)}]\s*[_^]\s*\{")
_LANGUAGE = re.compile(r"\w\s*\[|\*\*|\b(?:sum|prod|mean|where)\s*\(")
MOST_DEEP = 160

_WEIGHTS = frozenset(WEIGHTS)


def looks_like_latex(text: str) -> bool:
    """Whether a text is LaTeX, not the equation language: it has commands or braced scripts.

    `y_i = x_i^2` is LaTeX, too; `y_i = 2*x_i` names three scalars of the equation language.
    """
    plain = "\n".join(line.split("#", 1)[0] for line in text.splitlines())
    if "\\" not in plain.replace("\\\n", "\n") and _LANGUAGE.search(plain):
        return False
    scripts = "^" in plain and re.search(r"[A-Za-z]_\w", plain)
    return bool(_COMMAND.search(plain) or scripts)


def read_either(
    text: str,
    place: str,
    problems: list[str],
    functions: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> list[Written]:
    """A model's equations, in the equation language or in LaTeX."""
    if looks_like_latex(text) or (functions and not _LANGUAGE.search(text)):
        return latex_equations(text, place, problems, functions, known)
    if functions:
        problems.append(
            f"{place}: functions tell what the letters of LaTeX are, and this is none; write the "
            "function's name into the equations"
        )
    return read_equations(text, place, problems)


class _Alike(Exception):
    """Another way in which arrays may lie, of which the text says nothing."""


def read_latex(
    text: str, vocabulary: Vocabulary, names: Mapping[str, str] | None = None
) -> Reading:
    r"""Formulas about a model.

    `names` tells which tensor a written name means, `{"a": "y", "\delta^{(2)}": "dz2"}`; other
    names are guessed. Of a chain `a = b = c` the last side is the formula. Raises `ChainruleError`
    with every problem, one line each.
    """
    given = {_plain_name(k): v for k, v in (names or {}).items()}
    check_names(given, vocabulary)
    first: ChainruleError | None = None
    found: list[Reading] = []
    # whole arrays may lie the other way round: samples in columns, weights as inputs by outputs
    # (of one sample only the latter)
    every = ("", "samples", "weights", "both")
    ways = every if vocabulary.batch is not None else ("", "weights")
    for turned in ways:
        try:
            reading = _read(text, vocabulary, given, turned)
        except _Alike:
            continue
        except ChainruleError as error:
            first = first or error
            continue
        if not reading.unread:
            return reading
        found.append(reading)
    if found:
        return min(found, key=lambda r: len(r.unread))
    assert first is not None
    raise first


def _read(text: str, vocabulary: Vocabulary, given: Mapping[str, str], turned: str) -> Reading:
    """The formulas, whose arrays lie in one way. Raises `ChainruleError`."""
    problems: list[str] = []
    source = Text(text, "formulas")
    trees = _trees(source, problems)
    trees = hypotheses(differentials(trees))
    facts = _facts(trees, source, problems)
    if turned == "both" and facts.read.isdisjoint(WEIGHTS):
        parameters = vocabulary.system.having("parameter")
        # weights of a single output are as often a column as a row
        if any(len(p.shape) > 1 and affine(1) not in p.shape for p in parameters):
            raise _Alike
    # `W \delta` is the commonest slip of all: it takes a second formula to say that W lies so
    doubted = not given and (turned == "both" or (turned == "weights" and not vocabulary.batch))
    told = sum(not _WEIGHTS.isdisjoint(_bases(t)) for t in trees)
    if doubted and told == 1 and not facts.read.isdisjoint(WEIGHTS):
        raise _Alike
    facts.turned = turned
    # each sample's error term, a vector, that a gradient divides by the number of samples
    given_terms = any(base in ERRORS for base, _ in facts.defined)
    ranks = [rank for (base, _), rank in facts.ranks.items() if base in ERRORS]
    of_vectors = facts.per_sample and not given_terms and max(ranks, default=0) == 1
    facts.scaled = of_vectors
    found = Names(vocabulary, given, facts)
    facts.batch.update(_batch_letters(trees, found))
    unread: list[Unread] = []
    equations = _equations(trees, source, found, facts, {}, problems, unread)
    if not equations and not problems:
        problems.append(
            "formulas, line 1, column 1: there is no formula; write one, such as y_{ni} = ..."
        )
    if problems:
        raise ChainruleError(*dict.fromkeys(problems))
    return Reading(tuple(equations), dict(found.taken), unread=tuple(unread))


def _bases(tree: Node) -> set[str]:
    return {found.base for node in walk(tree) if (found := spell(node)) is not None}


def read_latex_of(
    text: str, vocabularies: Sequence[Vocabulary], names: Mapping[str, str] | None = None
) -> tuple[Reading, Vocabulary]:
    """Formulas about one of several vocabularies: the first that they can be read with.

    Given that of one sample, then that of the batch, this tells which of the two is meant: the
    letters and the shapes decide. Raises `ChainruleError` as for the one that goes furthest.
    """
    errors = []
    found: list[tuple[Reading, Vocabulary]] = []
    for vocabulary in vocabularies:
        try:
            reading = read_latex(text, vocabulary, names)
        except ChainruleError as error:
            errors.append(error)
            continue
        if not reading.unread:
            return reading, vocabulary
        found.append((reading, vocabulary))
    if found:
        return min(found, key=lambda pair: len(pair[0].unread))
    raise max(errors, key=_progress)


def _progress(error: ChainruleError) -> tuple[int, list[int]]:
    """How far a text was read: few problems, then the place of the first."""
    numbers = re.findall(r"(?:line|column) (\d+)", error.problems[0])[:2]
    return -len(error.problems), [int(n) for n in numbers]


def latex_equations(
    text: str,
    place: str,
    problems: list[str],
    functions: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> list[Written]:
    """A model's equations; what can't be read is added to `problems`, one line each.

    `functions` tells which function a letter is, `known` which tensors are declared beside them.
    Raises `ChainruleError` where LaTeX can't be read at all.
    """
    before = len(problems)
    check_functions(functions or {}, problems, "functions")
    if len(problems) > before:
        return []
    source = Text(text, place)
    trees = _trees(source, problems)
    facts = _facts(trees, source, problems)
    names = Names(None, {}, facts, known)
    return _equations(trees, source, names, facts, functions or {}, problems)


def _trees(source: Text, problems: list[str]) -> list[Node]:
    try:
        rows = formulas_of(tokens_of(source))
    except Refused as refused:
        problems.append(str(refused))
        return []
    found = []
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
            found.append(tree)
        except Refused as refused:
            problems.append(str(refused))
    return found


def _facts(trees: Sequence[Node], source: Text, problems: list[str]) -> Facts:
    try:
        return gather(trees, source)
    except Refused as refused:
        problems.append(str(refused))
        return Facts()


def _batch_letters(trees: Sequence[Node], names: Names) -> set[str]:
    """The letters that walk the batch, told by the tensors whose first subscript they are."""
    vocabulary = names.vocabulary
    found: set[str] = set()
    if vocabulary is None or vocabulary.batch is None:
        return found
    for tree in trees:
        for node in walk(tree):
            spelled = spell(node) if isinstance(node, Symbol | Scripted) else None
            if spelled is None or not spelled.below or spelled.base == "delta":
                continue
            parts = pieces(spelled, split=True)
            name = names.find(spelled.base, spelled.layer, len(parts))
            shape = names.shapes.get(name or "")
            letter = letter_of(parts[0])
            if letter and shape and len(shape) == len(parts) and shape[0] == vocabulary.batch:
                found.add(letter)
    return found


def _equations(
    trees: Sequence[Node],
    source: Text,
    names: Names,
    facts: Facts,
    functions: Mapping[str, str],
    problems: list[str],
    unread: list[Unread] | None = None,
) -> list[Written]:
    """The equations; `unread` gathers formulas of known tensors that can't be read."""
    for tree in trees:
        _announce(Formula(source, names, facts, functions, value, tree), tree)
    read: dict[int, list[Written]] = {}
    told: dict[int, str] = {}
    for turn in range(2):
        # what is read of another formula's array may need its shape: once more in the end
        for k, tree in enumerate(trees):
            if k in read or (turn and k not in told):
                continue
            try:
                read[k] = _formula(Formula(source, names, facts, functions, value, tree), tree)
                told.pop(k, None)
            except Refused as refused:
                told[k] = str(refused)
        if not told or names.vocabulary is None:
            break
    if unread is not None and read:
        for k in list(told):
            name = _left_name(Formula(source, names, facts, functions, value, trees[k]))
            if name is not None:
                line = source.place(trees[k].at).line
                unread.append(Unread(name, line, told.pop(k)))
    problems.extend(told[k] for k in sorted(told)[:MOST_PROBLEMS])
    found = [e for k in sorted(read) for e in read[k]]
    try:
        found = settled_sizes(found, names)
    except Refused as refused:
        problems.append(str(refused))
    problems.extend(
        f"{e.place}: this is too long; split it with named intermediates"
        for e in found
        if _is_deep(e.right)
    )
    return [replace(e, text=written_text(e)) for e in found] if not problems else found


def _left_name(formula: Formula) -> str | None:
    """The tensor of the model that a formula gives; None where that can't be told."""
    tree, shapes = formula.tree, formula.names.vocabulary
    if not isinstance(tree, Relation) or tree.signs[0] not in DEFINING or shapes is None:
        return None
    try:
        name = left_of(formula, tree.sides[0], tree.signs[0], whole=True).tensor
    except (Refused, Whole):
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
    found: list[Written] = []
    refused: Refused | None = None
    for number in formula.names.numbers():
        taken = dict(formula.names.taken)
        own = dict(formula.names.own)
        one = replace(formula, layer=number, moved={})
        try:
            found.extend(_either_form(one, tree))
        except Refused as problem:
            refused = problem
            formula.names.taken.clear()
            formula.names.taken.update(taken)
            formula.names.own.clear()
            formula.names.own.update(own)
    if not found:
        raise refused or formula.refuse(tree, "the model has no numbered layers")
    return found


def _names_layer(tree: Node) -> bool:
    for node in walk(tree):
        spelled = spell(node) if isinstance(node, Symbol | Scripted) else None
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
    except Whole as whole:
        by_indices = Refused(formula.text.place(whole.at), whole.told)
        if formula.names.vocabulary is None or not isinstance(tree, Relation):
            raise by_indices from None
    try:
        return whole_equations(formula, tree)
    except Refused as refused:
        if _has_subscripts(tree.sides[0]) or not _sums_samples(tree):
            raise (by_indices if _has_subscripts(tree) else refused) from None
        raise


def _sums_samples(tree: Node) -> bool:
    return any(sum_letter(n) is not None for n in walk(tree))


def _has_subscripts(tree: Node) -> bool:
    """Whether an author wrote letters below a symbol; a number there is a layer."""
    return any(
        isinstance(n, Scripted)
        and spell(n) is not None
        and any(isinstance(i, Symbol) for b in n.below for i in walk(b))
        for n in walk(tree)
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
        level = [p for n in level for p in _parts(n)]
        if not level:
            return False
    return True


def _parts(node: Syntax) -> tuple[Syntax, ...]:
    match node:
        case Ref(subscripts=parts) | Op(args=parts):
            return parts
        case _ if hasattr(node, "args"):
            return tuple(node.args)
        case _ if hasattr(node, "body"):
            return (node.body,)
        case _:
            return ()


def _plain_name(written: str) -> str:
    r"""A key of a mapping in plain letters: `\delta^{(2)}` is `delta2`."""
    if not re.search(r"[\\^{]", written):
        return written
    try:
        source = Text(written, "names")
        rows = formulas_of(tokens_of(source))
        spelled = spell(parse(rows[0], source)) if rows else None
    except Refused as refused:
        raise ChainruleError(f"{refused}") from None
    if spelled is None:
        raise ChainruleError(
            f"names: '{shorten(written)}' is no name; write one such as \\delta^{{(2)}} or delta2"
        )
    layer = spelled.layer or (spelled.doubtful.text if spelled.doubtful else "")
    if spelled.sample is not None:
        layer = spelled.sample.name
    return join(letter_name(spelled.base), layer)
