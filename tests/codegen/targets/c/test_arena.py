"""Values share a place in the arena only where they are never needed at the same time."""

from codegen.targets.c.arena import Lives, slots
from codegen.targets.c.integers import variable, whole
from codegen.targets.c.loops import Branch, Line, Loop
from codegen.targets.c.module import Printer
from tests.codegen.program.programs import net, stages

N = variable("N")


def placed(nodes, lasting=(), brief=(), **counts):
    lives = Lives({"run": nodes}, frozenset(counts), frozenset(brief), {"run": set(lasting)})
    lives.run("run")
    return [slot.names for slot in slots(counts, [lives])]


def test_one_after_the_other():
    lines = [Line("a[0] = 1;"), Line("b[0] = a[0];"), Line("c[0] = b[0];")]
    assert placed(lines, a=N, b=N, c=N) == [("a", "c"), ("b",)]


def test_what_is_read_when_all_is_done():
    lines = [Line("a[0] = 1;"), Line("b[0] = 1;")]
    assert placed(lines, ["a"], a=N, b=N) == [("a",), ("b",)]
    assert placed(lines, ["b"], a=N, b=N) == [("a", "b")]


def test_a_loop_may_read_again_the_next_time():
    loop = [Loop("t", N, (Line("a[0] = b[0];"), Line("c[0] = 1;"), Line("b[0] = c[0];")))]
    assert placed(loop, a=N, b=N, c=N) == [("a",), ("b",), ("c",)]
    assert placed(loop, brief=["a", "c"], a=N, b=N, c=N) == [("a", "c"), ("b",)]


def test_a_smaller_one_lies_in_a_larger_one_if_that_is_sure():
    lines = [Line("a[0] = 1;"), Branch("b[0] > 0", (Line("c[0] = 1;"),))]
    assert placed(lines, a=N * 4, b=N * 2, c=N) == [("a", "b", "c")]
    assert placed(lines, a=N, b=whole(9), c=variable("T")) == [("a",), ("c",), ("b",)]


def test_a_function_runs_where_it_is_called():
    bodies = {
        "run": [Line("const int status = inner(net);"), Line("c[0] = a[0];")],
        "inner": [Line("a[0] = 1;"), Line("b[0] = a[0];")],
    }
    lives = Lives(bodies, frozenset("abc"), frozenset(), {"inner": {"b"}})
    lives.run("run")
    assert [s.names for s in slots(dict.fromkeys("abc", N), [lives])] == [("a",), ("b", "c")]


def test_what_nobody_asks_for_has_a_place_of_its_own():
    assert [s.names for s in slots({"a": N, "b": N}, [])] == [("a",), ("b",)]


def test_a_deep_net_takes_less_than_all_its_values():
    layers = [{"type": "dense", "units": 8, "activation": "tanh"}] * 6
    *_, (_, module) = stages(net(*layers, shape=(8,)))
    printer = Printer(module, "float64")
    printer.texts()
    kept = sum(8 for s in printer.program.slots if str(s.count) == "N*8")
    every = sum(8 for n in printer.program.scope.buffers.values() if str(n) == "N*8")
    assert kept <= every * 2 / 3
