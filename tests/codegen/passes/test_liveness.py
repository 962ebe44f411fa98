"""What nothing needs is left out; what is needed stays."""

from codegen.lowering.module import lowered
from codegen.passes.liveness import without_unused
from codegen.program.procedures import Convert, Measure
from codegen.program.walk import instructions
from tests.codegen.program.programs import built, net

DENSE = {"type": "dense", "units": 2}


def measured(module, name, kind):
    (procedure,) = (p for p in module.procedures if p.name == name)
    return [i for i in instructions(procedure.body) if isinstance(i, kind)]


def test_extents_and_arguments_that_nothing_asks_for_are_left_out():
    before = lowered(built(net(DENSE)))
    after = without_unused(before)
    assert [m.dim for m in measured(before, "_propagate", Measure)] == ["n"]
    assert measured(after, "_propagate", Measure) == []
    assert [c.tensor for c in measured(before, "_evaluate", Convert)] == ["x"]
    assert measured(after, "_evaluate", Convert) == []


def test_what_is_asked_for_stays():
    after = without_unused(lowered(built(net(DENSE))))
    assert [m.dim for m in measured(after, "_evaluate", Measure)] == ["n"], "a mean over the batch"
    assert [c.tensor for c in measured(after, "gradients", Convert)] == ["x", "t"]
    assert [m.tensor for m in measured(after, "gradients", Measure)] == ["x"]
