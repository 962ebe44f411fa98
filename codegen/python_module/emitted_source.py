"""Real Python source made fit for one module: without types, and without what it never uses.

The source is edited line by line, so that comments and layout stay as they were written.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from codegen.python_module import runtime

Facts = Mapping[str, object]
"""What is known of a model when its module is written: the values of constants by name."""

Lines = list[str | None]
"""The lines of a source by their first places; None where one is taken out."""

Decided = Mapping[ast.AST, bool]
"""The conditions that the facts decide, and how."""

_UNKNOWN = object()


@cache
def definitions(path: Path) -> str:
    """The text of a file below its docstring and its imports."""
    text = path.read_text(encoding="utf-8")
    imports = [s for s in ast.parse(text).body if isinstance(s, ast.Import | ast.ImportFrom)]
    below = text.splitlines()[imports[-1].end_lineno :]
    return "\n".join(below).strip("\n") + "\n"


@lru_cache(maxsize=4)
def _nodes(text: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text)))


@lru_cache(maxsize=4)
def _conditions(text: str) -> tuple[tuple[int, ast.expr], ...]:
    """What decides between branches, with its place among the nodes."""
    tests: set[ast.AST] = set()
    for node in _nodes(text):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test):
                tests.add(test)
            case ast.BoolOp(op=ast.And(), values=parts):
                tests.update(parts[:-1])
    return tuple(
        (k, n) for k, n in enumerate(_nodes(text)) if isinstance(n, ast.expr) and n in tests
    )


@cache
def _runtime() -> str:
    return specialised(definitions(Path(runtime.__file__)), {})


def helper_text(wanted: Collection[str]) -> list[str]:
    """The functions of `runtime` that are called, and those that they call, in fixed order."""
    text = pruned(_runtime(), wanted).rstrip("\n")
    return text.split("\n\n\n") if text else []


def specialised(
    text: str, facts: Facts, absent: Collection[str] = (), ignored: Collection[str] = ()
) -> str:
    """The source as one model needs it, without annotations.

    An `if` that the facts decide gives way to the branch that is taken. The names in `absent` leave
    the parameters of all functions and the arguments of all calls; those in `ignored` leave the
    calls only and become optional.
    """
    values = ((k, value(test, facts)) for k, test in _conditions(text))
    known = frozenset((k, bool(found)) for k, found in values if found is not _UNKNOWN)
    return _specialised(text, known, frozenset(absent), frozenset(ignored))


@lru_cache(maxsize=64)
def _specialised(
    text: str, known: Set[tuple[int, bool]], absent: Set[str], ignored: Set[str]
) -> str:
    """The same by the conditions that are decided; models differ in few of them."""
    lines: Lines = [*text.splitlines()]
    nodes = _nodes(text)
    decided: Decided = {nodes[k]: outcome for k, outcome in known}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            _print_head(lines, node, absent, ignored)
    _cut(lines, nodes, absent | ignored, decided)
    # inner ones first: what is left of one is a part of the one around it
    choices = [node for node in nodes if isinstance(node, ast.If)]
    for node in sorted(choices, key=lambda node: -node.lineno):
        otherwise = _elif_of(node)
        if node.test in decided:
            _take_branch(lines, node, decided[node.test])
        elif otherwise is not None and otherwise.test in decided:
            raise ValueError(f"decided below what isn't: elif {ast.unparse(otherwise.test)}")
    return _laid_out(line for line in lines if line is not None)


def pruned(text: str, roots: Collection[str] | None = None) -> str:
    """The source without the definitions that nothing leads to from the roots.

    Without `roots`, all that is public is one, and so are statements that define nothing.
    """
    lines: Lines = [*text.splitlines()]
    found = _defined(text)
    kept = _reachable(found, roots)
    for one in found:
        if one.name not in kept:
            lines[one.first : one.end] = [None] * (one.end - one.first)
    return _laid_out(line for line in lines if line is not None)


def value(test: ast.expr, facts: Facts) -> object:
    """What a condition comes to by the facts alone, or that this is unknown."""
    match test:
        case ast.Constant():
            return test.value
        case ast.Tuple():
            items = tuple(value(item, facts) for item in test.elts)
            return _UNKNOWN if _UNKNOWN in items else items
        case ast.Name():
            return facts.get(test.id, _UNKNOWN)
        case ast.UnaryOp(op=ast.Not()):
            inner = value(test.operand, facts)
            return inner if inner is _UNKNOWN else not inner
        case ast.BoolOp():
            either = isinstance(test.op, ast.Or)
            values = [value(part, facts) for part in test.values]
            if any(part is not _UNKNOWN and bool(part) is either for part in values):
                return either
            return _UNKNOWN if _UNKNOWN in values else not either
        case ast.Compare(ops=[op], comparators=[other]):
            left, right = value(test.left, facts), value(other, facts)
            if _UNKNOWN in (left, right):
                return _UNKNOWN
            match op:
                case ast.Eq() | ast.Is():
                    return left == right
                case ast.NotEq() | ast.IsNot():
                    return left != right
                case ast.In() if isinstance(right, Collection):
                    return left in right
    return _UNKNOWN


class _Defined(NamedTuple):
    """A definition: where its lines begin and end, and the names that it uses."""

    name: str
    first: int
    end: int
    uses: frozenset[str]


@lru_cache(maxsize=64)
def _defined(text: str) -> tuple[_Defined, ...]:
    """Every definition of a source, in order."""
    found = []
    for name, node in _definitions(ast.parse(text)):
        first = min(n.lineno for n in [node, *getattr(node, "decorator_list", [])]) - 1
        inside = node.bases if isinstance(node, ast.ClassDef) else [node]
        parts = [part for top in inside for part in ast.walk(top)]
        used = {part.id for part in parts if isinstance(part, ast.Name)}
        used |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
        found.append(_Defined(name, first, node.end_lineno or 0, frozenset(used)))
    return tuple(found)


def _reachable(found: Iterable[_Defined], roots: Collection[str] | None) -> set[str]:
    """The names that the roots lead to."""
    uses: dict[str, set[str]] = {}
    waiting = set(roots or ())
    for one in found:
        uses.setdefault(one.name, set()).update(one.uses)
        if roots is None and (not one.name.startswith("_") or one.name.endswith("__")):
            waiting.add(one.name)
    kept: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in uses and name not in kept:
            kept.add(name)
            waiting |= uses[name]
    return kept


def _definitions(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    """Every statement of a module or of a class in it, with the name that it defines."""
    for node in tree.body:
        match node:
            case ast.ClassDef():
                yield node.name, node
                yield from _definitions(node)
            case ast.FunctionDef():
                yield node.name, node
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, node
            case _:
                yield "", node


def _print_head(
    lines: Lines, node: ast.FunctionDef, absent: Collection[str], ignored: Collection[str]
) -> None:
    """The first line of a function: parameters without annotations, some left out."""
    given = node.args
    first = len(given.args) - len(given.defaults)
    shown = []
    for k, arg in enumerate(given.args):
        default = ast.unparse(given.defaults[k - first]) if k >= first else ""
        default = default.replace("'", '"')
        if arg.arg in ignored:
            default = "None"
        if arg.arg not in absent:
            shown.append(f"{arg.arg}={default}" if default else arg.arg)
    if given.vararg:
        shown.append(f"*{given.vararg.arg}")
    elif given.kwonlyargs:
        shown.append("*")
    for arg, plain in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        shown.append(f"{arg.arg}={ast.unparse(plain)}" if plain else arg.arg)
    if given.kwarg:
        shown.append(f"**{given.kwarg.arg}")
    end = node.body[0].lineno - 1
    lines[node.lineno - 1 : end] = [None] * (end - node.lineno + 1)
    lines[node.lineno - 1] = f"{' ' * node.col_offset}def {node.name}({', '.join(shown)}):"


def _cut(lines: Lines, nodes: Iterable[ast.AST], names: Collection[str], decided: Decided) -> None:
    """Take out annotations, arguments of these names, and conditions that are decided."""
    cuts: set[tuple[int, int, int]] = set()  # line, start, end
    for node in nodes:
        match node:
            case ast.AnnAssign(value=None):
                lines[node.lineno - 1] = None
            case ast.AnnAssign(target=target, annotation=annotation):
                cuts.add((node.lineno, _end(target), _end(annotation)))
            case ast.Call(args=args, keywords=keywords):
                cuts |= set(_without([*args, *keywords], names))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                taken = decided.get(test)
                if taken:
                    cuts.add((node.lineno, _end(body), _end(node)))
                elif taken is not None:
                    cuts.add((node.lineno, node.col_offset, orelse.col_offset))
            case ast.BoolOp(op=ast.And(), values=parts):
                for part, following in pairwise(parts):
                    if decided.get(part):
                        cuts.add((part.lineno, part.col_offset, following.col_offset))
    for number, start, end in sorted(cuts, reverse=True):
        wider = [(s, e) for n, s, e in cuts if n == number and s <= start and end <= e]
        line = lines[number - 1]
        if len(wider) == 1 and line is not None:
            lines[number - 1] = line[:start] + line[end:]


def _without(
    arguments: Sequence[ast.expr | ast.keyword], names: Collection[str]
) -> Iterator[tuple[int, int, int]]:
    """Where arguments of a call stand that have one of these names."""
    kept = [
        (a.id if isinstance(a, ast.Name) else getattr(a, "arg", None)) not in names
        for a in arguments
    ]
    for k, argument in enumerate(arguments):
        if kept[k]:
            continue
        if any(kept[k:]):
            yield argument.lineno, argument.col_offset, arguments[k + 1].col_offset
        else:
            before = [_end(a) for a, stays in zip(arguments, kept, strict=True) if stays]
            start = before[-1] if before else arguments[0].col_offset
            yield argument.lineno, start, _end(arguments[-1])


def _end(node: ast.expr | ast.keyword) -> int:
    assert node.end_col_offset is not None
    return node.end_col_offset


def _elif_of(node: ast.If) -> ast.If | None:
    match node.orelse:
        case [ast.If() as other] if other.col_offset == node.col_offset:
            return other
    return None


def _take_branch(lines: Lines, node: ast.If, taken: bool) -> None:
    """Leave one branch of an `if` where the whole has been."""
    start, stop = node.lineno - 1, node.end_lineno or 0
    between = node.body[-1].end_lineno or 0
    otherwise = _elif_of(node)
    if taken:
        kept = range(node.test.end_lineno or 0, between)
    elif otherwise is not None:
        kept = range(otherwise.lineno - 1, stop)
    elif node.orelse:
        word = next(k for k in range(between, stop) if (lines[k] or "").strip() == "else:")
        kept = range(word + 1, stop)
    else:
        kept = range(0)
    for k in range(start, stop):
        line = lines[k]
        if k not in kept or line is None:
            lines[k] = None
        elif taken or otherwise is None:
            lines[k] = line.removeprefix("    ")
        elif k == kept.start:
            lines[k] = line.replace("elif", "if", 1)


def _laid_out(lines: Iterable[str]) -> str:
    """The text, with one blank line at most, or two before what isn't indented."""
    laid: list[str] = []
    blank = 0
    for line in lines:
        if not line.strip():
            blank += 1
            continue
        if laid and not laid[-1].endswith(":"):
            laid += [""] * min(blank, 1 if line.startswith(" ") else 2)
        laid.append(line)
        blank = 0
    return "\n".join(laid) + "\n"
