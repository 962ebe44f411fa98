"""Edits of the writer's own equations: a slip there shows at every place where the name is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from derive.answers.slips.candidates import Form
from derive.answers.slips.evaluator import Bench, TooMany
from derive.answers.slips.nested import Nested, nested, written_in
from derive.answers.slips.positions import Edit
from derive.answers.slips.samples import Target
from derive.answers.slips.slip import Point
from derive.ir.tree import reads
from derive.language.printer import expr_text

_ROUNDS = 8
Edits = Callable[[Form, Bench], Iterator[Edit]]


def own_edits(
    targets: Sequence[Target], edits: Edits
) -> Iterator[tuple[int, Edit, tuple[Nested, ...]]]:
    """Each edit of each own equation that is read more than once; the whole formula per point."""
    first = targets[0].point
    for name in _read_often(first):
        tables = []
        for goal in targets:
            try:
                tables.append(_by_key(name, goal, edits))
            except (TooMany, ValueError, KeyError):
                break
        if len(tables) < len(targets):
            continue
        for count, (key, edit) in enumerate(tables[0].items()):
            if all(key in t for t in tables):
                yield (
                    count,
                    edit,
                    tuple(
                        _whole(g.point, name, t[key]) for g, t in zip(targets, tables, strict=True)
                    ),
                )


def _read_often(point: Point) -> list[str]:
    every = [point.equation, *point.own] if point.equation is not None else []
    counts: dict[str, int] = {}
    for equation in every:
        for read in reads(nested(equation).expr):
            counts[read.tensor] = counts.get(read.tensor, 0) + 1
    return [e.tensor for e in point.own if e.source and counts.get(e.tensor, 0) > 1]


def _by_key(name: str, goal: Target, edits: Edits) -> dict[tuple[object, ...], Edit]:
    """Edits by what is the same at every point: where they are, and what they say."""
    (equation,) = (e for e in goal.point.own if e.tensor == name)
    whole = nested(equation)
    form = Form(whole, False, 0, (whole,))
    bench = Bench(goal.values, whole.axes, goal.places_of(name))
    bench.keep(whole.expr)
    found: dict[tuple[object, ...], Edit] = {}
    for edit in edits(form, bench):
        after = (
            edit.after
            if isinstance(edit.after, str) or edit.after is None
            else (expr_text(edit.after))
        )
        found.setdefault((edit.what, edit.back, edit.paths, after), edit)
    return found


def _whole(point: Point, name: str, edit: Edit) -> Nested:
    assert point.equation is not None
    given = {e.tensor: nested(e) for e in point.own}
    given[name] = Nested(given[name].axes, edit.expr)
    whole = nested(point.equation)
    for _ in range(_ROUNDS):
        wanted = {r.tensor: given[r.tensor] for r in reads(whole.expr) if r.tensor in given}
        if not wanted:
            break
        whole = written_in(whole, wanted)
    return whole
