"""Sums over edges by `delta(v, dst[e])`: added up, gathered backward, without a matrix."""

import tracemalloc

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, parse
from derive.language.printer import equation_text

TEXT = (
    "a[v,i] = sum(e, delta(v, dst[e])*m[e,i]*w[v])\n"
    "E = sum(v,i, sin(a[v,i])) + sum(v,e, delta(dst[e], v)*u[v]**2)"
)


def emitted(nodes, edges):
    sizes = {"v": nodes, "e": edges, "i": 2}
    spec = {"parameters": ["m", "w", "u"], "inputs": ["dst"], "integers": ["dst"]}
    derivation = differentiate(parse(TEXT, objective="E", sizes=sizes, **spec))
    return derivation, load_module(emit(derivation, part="math"))


def test_the_text_of_the_gradient_gathers():
    derivation, _ = emitted(5, 7)
    assert equation_text(derivation.gradient("m")) == "dm[e,i] = da[dst[e],i]*w[dst[e]]"


@pytest.mark.parametrize("dst", [[0, 1, 4, 4, 0, 2, 1], [0, -1, 4, 9, 0, 2, 5]])
def test_what_points_nowhere_counts_nowhere(dst):
    _, module = emitted(5, 7)
    numbers = np.random.default_rng(0)
    params = {n: numbers.normal(size=s) for n, s in module.PARAMETERS.items()}
    edges = [(e, v) for e, v in enumerate(dst) if 0 <= v < 5]
    sums = np.zeros((5, 2))
    for e, v in edges:
        sums[v] += params["m"][e] * params["w"][v]
    loss, gradients = module.gradients(params, np.array(dst))
    wanted = np.sin(sums).sum() + sum(params["u"][v] ** 2 for _, v in edges)
    np.testing.assert_allclose(loss, wanted, rtol=1e-12)
    right = {n: np.zeros_like(a) for n, a in params.items()}
    for e, v in edges:
        right["m"][e] += np.cos(sums[v]) * params["w"][v]
        right["w"][v] += np.cos(sums[v]) @ params["m"][e]
        right["u"][v] += 2 * params["u"][v]
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, right[name], rtol=1e-12, atol=1e-12)


def test_no_matrix_of_nodes_and_edges_is_made():
    nodes, edges = 2000, 3000
    _, module = emitted(nodes, edges)
    params = {n: np.ones(s) for n, s in module.PARAMETERS.items()}
    dst = np.arange(edges) % nodes
    tracemalloc.start()
    module.gradients(params, dst)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < nodes * edges
