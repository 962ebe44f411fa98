"""What a report says of each pass is what happened to the module."""

from codegen.lowering.module import lowered
from codegen.passes import PASSES
from codegen.passes.report import Change, passes_report, passes_text
from derive.calculus.differentiate import differentiate
from derive.specs.parse import parse
from tests.codegen.program.programs import built, net

GATED = """
g[n,h] = sum(i, W[h,i]*x[n,i])
s[n,h] = sum(i, V[h,i]*x[n,i])
y[n,j] = sum(h, U[j,h]*g[n,h]**2*s[n,h])
E = sum(n,j, (y[n,j] - t[n,j])**2)
"""


def changes(derivation):
    return {one.name: one.changes for one in passes_report(lowered(built(derivation)))}


def test_every_pass_has_a_name_and_a_reason():
    told = passes_report(lowered(built(net({"type": "dense", "units": 2}))))
    assert [one.name for one in told] == [change.__name__ for change in PASSES]
    assert all(one.reason.endswith(".") for one in told)
    assert passes_text(told).count("nothing to do here") == sum(not one.changes for one in told)


def test_what_got_a_name_and_what_reads_it():
    given = {"parameters": ["W", "V", "U"], "inputs": ["x"], "targets": ["t"], "objective": "E"}
    derivation = differentiate(parse(GATED, batch="n", sizes={"i": 2, "h": 3, "j": 2}, **given))
    assert changes(derivation)["named_once"] == (
        Change("gradients", "named", ("dy_U",)),
        Change("gradients", "written anew", ("ds", "dg")),
    )


def test_what_was_turned_and_nothing_that_follows_from_it():
    told = changes(net({"type": "rnn", "units": 3, "return_sequences": False}, shape=("s", 2)))
    (turned,) = told["walked_first"]
    assert (turned.procedure, turned.what) == ("everywhere", "turned")
    assert {"z1", "h1", "dz1", "dh1"} <= set(turned.names)


def test_what_was_left_out():
    told = changes(net({"type": "dense", "units": 2}))
    assert told["without_unused"] == (
        Change("_propagate", "left out", ("size(n)",)),
        Change("_evaluate", "left out", ("x",)),
    )
