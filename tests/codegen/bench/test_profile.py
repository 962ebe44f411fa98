"""Every formula of a step has its share, and the module computes the same with clocks in it."""

import pytest

from codegen.bench.contenders import Task, module_step
from codegen.bench.data import extents_of
from codegen.bench.profile import REST, shares_of
from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.codegen.commands.running import ROOT


def profiled(name):
    derivation = differentiate(load(str(ROOT / "generated" / name / f"{name}.toml")))
    extents = tuple(extents_of(derivation, None, {}).items())
    task = Task(derivation, extents, "float64")
    source = emit(derivation, part="math")
    losses = []

    def step(module):
        one = module_step(module, task)
        return lambda: losses.append(one())

    return task, source, shares_of(source, step, 2), losses


@pytest.mark.parametrize("name", ["gender", "gru"])
def test_each_formula_of_a_step_has_its_share(name):
    task, _, shares, _ = profiled(name)
    found = {s.formula: s for s in shares}
    assert len(found) == len(shares)
    assert REST in found
    left = [e.tensor for e in task.derivation.backward if e.tensor != "dx"]
    for tensor in left:
        assert any(f.startswith((f"{tensor}[", f"{tensor} ")) for f in found), tensor
    assert not any(f.startswith("dx[") for f in found)  # a step asks for no gradient by an input


def test_products_are_part_of_the_formula_that_forms_them():
    _, _, shares, _ = profiled("gender")
    for share in shares:
        assert 0 <= share.products <= share.seconds
        has_product = "sum(j, W" in share.formula or share.formula.startswith(("dW", "dz1"))
        assert bool(share.products) == has_product, share.formula


@pytest.mark.parametrize("name", ["gender", "gru"])
def test_the_clocks_change_no_value(name):
    task, source, _, losses = profiled(name)
    plain = module_step(load_module(source), task)
    assert losses == [plain() for _ in losses]
