"""What goes into a place that is there already isn't made as large first."""

from codegen.passes.implicit_broadcast import implicit_broadcast
from codegen.program.nodes import Assign, Choose, Spread, Whole
from codegen.program.walk import ARRAYS, instructions
from derive.calculus.differentiate import differentiate
from derive.specs.parse import parse
from tests.codegen.program.programs import stages

TEXT = """
h[n,t,i] = x[n,t,i]*where(t > 0, h[n,t-1,i], b[i])
E = sum(n,t,i, h[n,t,i]**2)
"""


def placed(module):
    """The values that go into places of arrays that are there."""
    for procedure in module.procedures:
        for one in instructions(procedure.body):
            if not isinstance(one, Assign):
                continue
            whole = one.picks is None or all(isinstance(p, Whole) for p in one.picks)
            if one.op == "+=" or not whole:
                yield one.value


def spread(value):
    """Whether a value, or an arm of a choice in it, is made larger than it is."""
    arms = (a for c in ARRAYS.walk(value) if isinstance(c, Choose) for a in (c.yes, c.no))
    return any(isinstance(a, Spread) for a in (value, *arms))


def test_no_value_is_spread_for_a_place():
    given = {"inputs": ["x"], "parameters": ["b"], "objective": "E", "sizes": {"i": 3}}
    derivation = differentiate(parse(TEXT, batch="n", **given))
    before = dict(stages(derivation))["lowered"]
    assert any(map(spread, placed(before))), "nothing is shown"
    assert not any(map(spread, placed(implicit_broadcast(before))))
