"""From a person's text and a derivation to the points at which slips are searched."""

from dataclasses import replace

from derive.formulas import _mentioned, _nobody_s, _plain_left, _Text, known_names
from derive.grammar import read_equations
from derive.instances import draw, instance, run_time_extents
from derive.notation import Affine, Read
from derive.numeric import Numbers
from derive.slips import Point, find_slips
from derive.tree import transform

MOST = 30_000


def points_of(derivation, text, tensor, seed=0, sizes=(2, 3)):
    """The real name of a tensor, the derivation over short axes, and its points."""
    problems = []
    written = [_plain_left(w) for w in read_equations(text, "formulas", problems)]
    assert not problems, problems
    known = known_names(derivation, _mentioned(written))
    for name in {w.tensor for w in written} & _nobody_s(derivation):
        known.pop(name, None)
    small = instance(derivation, MOST)
    points = []
    for k, size in enumerate(sizes):
        extents = run_time_extents(small, size)
        numbers = Numbers(small, draw(small, seed + k + 1, extents), extents)
        points.append(_point(_Text(numbers, written, known), known, tensor))
    return known[tensor], small, points


def _point(text, known, tensor):
    marks = {text._mark(n): real for n, real in known.items()}
    mine = text._mine(tensor)
    real = {e.tensor: _real(e, marks) for e in text.equations}
    lefts = {text._mine(n) for n in known}
    own = tuple(e for n, e in real.items() if n not in lefts)
    written = lambda place: text.run.value(mine, place)  # noqa: E731
    return Point(text.all, written, real[mine], own)


def _real(equation, marks):
    def subscript(s):
        terms = tuple(
            (replace(a, tensor=marks.get(a.tensor, a.tensor)), c) if isinstance(a, Read) else (a, c)
            for a, c in s.terms
        )
        return Affine(terms, s.constant)

    def change(node):
        if isinstance(node, Read):
            subs = tuple(subscript(s) for s in node.subscripts)
            return Read(marks.get(node.tensor, node.tensor), subs)
        return None

    terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
    return replace(equation, terms=terms)


def slips_of(derivation, text, tensor, seed=0):
    """The slips of one formula of a text."""
    return find_slips(*points_of(derivation, text, tensor, seed), seconds=3600)
