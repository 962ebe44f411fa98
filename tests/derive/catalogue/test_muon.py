"""Muon, whose rules are of matrices and of all others, and the mechanism that lets it be said."""

from dataclasses import replace

import numpy as np
import pytest

from codegen import document, emit, load_module
from derive import differentiate, load
from derive.calculus.optimizer_updates import rules_for, rules_of
from derive.semantics.interpreter import evaluate

SAME = 1e-10
STEPS = 20
# matrices that are tall and wide, vectors, and a kernel of four axes
NET = {
    "name": "net",
    "inputs": {"x": [1, 5, 5]},
    "layers": [
        {"type": "conv2d", "channels": 2, "kernel_size": 4},
        {"type": "flatten"},
        {"type": "dense", "units": 11, "activation": "tanh"},
        {"type": "dense", "units": 3},
    ],
    "loss": "mse",
}
LINE = {
    "name": "line",
    "inputs": {"x": [4]},
    "layers": [{"type": "dense", "units": 6, "bias": False}, {"type": "dense", "units": 2}],
    "loss": "mse",
}


def moved_by(spec, **settings):
    return differentiate(load({**spec, "optimizer": {"type": "muon", **settings}}))


def started(derivation, dtype="float64"):
    """The module, parameters, state, and a batch."""
    module = load_module(emit(derivation, dtype=dtype))
    params = module.init_params(seed=1)
    rng = np.random.default_rng(3)
    table = derivation.table
    data = [
        rng.normal(size=(9, *(e.number for e in table[name].shape[1:]))).astype(dtype)
        for name in ("x", "t")
    ]
    return module, params, module.init_state(params), data


def orthogonal(X, eps):
    """Five iterations on the smaller side, as in the author's post."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = X.shape[0] > X.shape[1]
    X = X.T if tall else X
    X = X / (np.linalg.norm(X) + eps)
    for _ in range(5):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X.T if tall else X


class Plain:
    """Muon and AdamW in a few lines of NumPy."""

    def __init__(self, params, lr=0.02, momentum=0.95, decay=0.1, nesterov=True, fit=False, part=1):
        self.rate, self.momentum, self.decay = lr, momentum, decay
        self.nesterov, self.fit, self.part = nesterov, fit, part
        self.m = {n: np.zeros_like(w) for n, w in params.items()}
        self.v = {n: np.zeros_like(w) for n, w in params.items()}
        self.count = 0

    def step(self, params, gradient):
        self.count += 1
        for name, g in gradient.items():
            w, m = params[name], self.m[name]
            if w.ndim == 2:
                m *= self.momentum
                m += (1 - self.momentum) * g
                u = self.momentum * m + (1 - self.momentum) * g if self.nesterov else m
                rows, columns = w.shape
                length = max(1, rows / columns) ** 0.5
                if self.fit:
                    length = 0.2 * max(rows, columns) ** 0.5
                w *= 1 - self.rate * self.decay
                w -= self.rate * length * orthogonal(u, 1e-7)
                continue
            rate, v = self.rate * self.part, self.v[name]
            m[...] = 0.9 * m + 0.1 * g
            v[...] = 0.999 * v + 0.001 * g**2
            mean, square = m / (1 - 0.9**self.count), v / (1 - 0.999**self.count)
            w *= 1 - rate * self.decay
            w -= rate * mean / (np.sqrt(square) + 1e-7)


@pytest.mark.parametrize(
    ("settings", "plain"),
    [
        ({}, {}),
        ({"nesterov": False, "momentum": 0.7}, {"nesterov": False, "momentum": 0.7}),
        (
            {"adjust_lr_fn": "match_rms_adamw", "adamw_scale": 0.25, "weight_decay": 0},
            {"fit": True, "part": 0.25, "decay": 0},
        ),
    ],
)
def test_twenty_steps_beside_plain_numpy(settings, plain):
    module, params, state, data = started(moved_by(NET, learning_rate=0.02, **settings))
    wanted = {name: value.copy() for name, value in params.items()}
    assert sorted({w.ndim for w in params.values()}) == [1, 2, 4]
    other = Plain(wanted, **plain)
    for _ in range(STEPS):
        loss, gradient = module.gradients(wanted, *data)
        assert module.train_step(params, state, *data) == pytest.approx(loss, rel=SAME)
        other.step(wanted, gradient)
    for name, value in wanted.items():
        np.testing.assert_allclose(params[name], value, rtol=SAME, atol=SAME, err_msg=name)
        np.testing.assert_allclose(state["m"][name], other.m[name], rtol=SAME, atol=SAME)


def test_singular_values_come_near_to_one():
    X = np.random.default_rng(0).normal(size=(6, 4))
    found = np.linalg.svd(orthogonal(X, 1e-7), compute_uv=False)
    assert 0.6 < found.min() < found.max() < 1.3


def test_the_equations_give_what_the_module_does():
    derivation = moved_by(LINE, learning_rate=0.03, clip_norm=0.1)
    module, params, state, data = started(derivation)
    leaves = {n: w.copy() for n, w in params.items()}
    leaves |= {"x": data[0], "t": data[1]}
    leaves |= {t.name: float(t.value) for t in derivation.tensors if t.value is not None}
    leaves |= {
        t.name: np.zeros([e.number for e in t.shape])
        for t in derivation.tensors
        if t.role == "state"
    }
    module.train_step(params, state, *data)
    equations = (*derivation.forward, *derivation.backward, *derivation.updates)
    found = evaluate(equations, derivation.table, leaves)
    for name, value in params.items():
        np.testing.assert_allclose(found[f"next({name})"], value, rtol=SAME, err_msg=name)
        np.testing.assert_allclose(found[f"next(m_{name})"], state["m"][name], rtol=SAME)


def test_a_parameter_remembers_what_moves_it():
    derivation = moved_by(LINE)
    _, _, state, _ = started(derivation)
    assert (set(state["m"]), set(state["v"])) == ({"W1", "W2", "b2"}, {"b2"})
    states = {t.name for t in derivation.tensors if t.role == "state"}
    assert states == {"step", "m_W1", "m_W2", "m_b2", "v_b2"}


def test_rules_that_no_parameter_has_are_not_there():
    only = {**LINE, "layers": [{"type": "dense", "units": 6, "bias": False}]}
    derivation = moved_by(only)
    _, _, state, _ = started(derivation)
    assert "v" not in state and "step" not in state
    assert "beta1" not in {t.name for t in derivation.tensors}
    text = emit(derivation, part="math")
    assert ".ndim" not in text and "beta2 *" not in text
    vector = {
        "equations": "E = sum(i, (w[i] - 1)**2)",
        "parameters": ["w"],
        "objective": "E",
        "sizes": {"i": 3},
    }
    text = emit(moved_by(vector), part="math")
    assert ".ndim" not in text and "multi_dot" not in text and "momentum *" not in text


def test_the_step_reads_well():
    text = emit(moved_by(LINE), part="math")
    for lines in (
        """
    for name, g in gradient.items():
        if g.ndim == 2:
            w, m = params[name], state["m"][name]
            rows, columns = g.shape
            # next(m)[i,j] = momentum*m[i,j] + (1 - momentum)*g[i,j]
            m = momentum * m + (1 - momentum) * g
""",
        """
            # P1[i,j] = sum(k,l, X0[i,l]*X0[k,l]*X0[k,j])
            P1 = np.linalg.multi_dot([X0, X0.T, X0])
            # Q1[i,j] = sum(k,l, P1[i,l]*X0[k,l]*X0[k,j])
            Q1 = np.linalg.multi_dot([P1, X0.T, X0])
            # X1[i,j] = 3.4445*X0[i,j] - 4.7750*P1[i,j] + 2.0315*Q1[i,j]
            X1 = 3.4445 * X0 - 4.775 * P1 + 2.0315 * Q1
""",
        """
            params[name], state["m"][name] = w, m
        else:
            w, m, v = params[name], state["m"][name], state["v"][name]
            # next(m)[...] = beta1*m[...] + (1 - beta1)*g[...]
            m = beta1 * m + (1 - beta1) * g
""",
    ):
        assert lines in text


def test_the_document_tells_it_in_matrices():
    text = document(moved_by(LINE), format="tex")
    X, P = "X^{(0,W^{(1)})}", "P^{(1,W^{(1)})}"
    assert rf"{P} &= {X}\,\bigl({X}\bigr)^{{\top}}\,{X}" in text
    assert r"- \sqrt{\frac{3}{2}}\,\eta\,X^{(5,W^{(1)})}" in text
    assert r"- \eta\,X^{(5,W^{(2)})}" in text


def test_a_net_learns():
    module, params, state, _ = started(moved_by(LINE, learning_rate=0.02))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4))
    t = x @ rng.normal(size=(4, 2)) + 1
    losses = [module.train_step(params, state, x, t) for _ in range(200)]
    assert losses[-1] < 0.01 * losses[0]


def test_a_saved_model_goes_on_alike(tmp_path):
    """Its memory is not of all parameters."""
    text = emit(moved_by(LINE, learning_rate=0.02))
    module = load_module(text)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    model = module.Model(epochs=2, seed=0, batch_size=10).fit(x, t)
    model.save(tmp_path / "model.npz")
    again = module.Model.load(tmp_path / "model.npz")
    for one in (model, again):
        one.partial_fit(x, t)
    np.testing.assert_array_equal(model.predict(x), again.predict(x))


def with_rules(derivation, *lines):
    """The same net moved by rules of one's own."""
    training = derivation.system.training
    training = replace(training, optimizer=replace(training.optimizer, update_text=lines))
    return differentiate(replace(derivation.system, training=training))


def test_a_rule_of_its_own_for_each_rank():
    derivation = with_rules(
        moved_by(NET, learning_rate=0.5),
        "next(w)[i] = w[i] - learning_rate*g[i]",
        "next(w)[a,b] = w[a,b] - g[a,b]",
        "next(w)[...] = 2*w[...]",
    )
    module, params, state, data = started(derivation)
    before = {name: value.copy() for name, value in params.items()}
    _, gradient = module.gradients(params, *data)
    module.train_step(params, state, *data)
    for name, w in before.items():
        wanted = {1: w - 0.5 * gradient[name], 2: w - gradient[name]}.get(w.ndim, 2 * w)
        np.testing.assert_allclose(params[name], wanted, rtol=SAME)
    assert "        elif g.ndim == 2:" in emit(derivation, part="math")


def test_values_along_one_axis():
    """A value may have fewer letters than the parameter: here the rows' lengths."""
    derivation = with_rules(
        moved_by(LINE, learning_rate=0.5),
        "r[i] = sum(j, g[i,j]**2)",
        "next(w)[i,j] = w[i,j] - learning_rate*g[i,j]/sqrt(r[i] + eps)*size(j)",
        "next(w)[...] = w[...] - learning_rate*g[...]",
    )
    assert {e.tensor for e in derivation.updates if e.tensor.startswith("r")} == {"r_W1", "r_W2"}
    assert [a.extent.number for a in derivation.updates[0].axes] == [6]
    module, params, state, data = started(derivation)
    before = {name: value.copy() for name, value in params.items()}
    _, gradient = module.gradients(params, *data)
    module.train_step(params, state, *data)
    for name in ("W1", "W2"):
        w, g = before[name], gradient[name]
        length = np.sqrt((g**2).sum(1, keepdims=True) + 1e-7)
        np.testing.assert_allclose(params[name], w - 0.5 * g / length * w.shape[1], rtol=SAME)


def test_the_rules_that_a_next_value_needs():
    lines = (
        "next(step) = step + 1",
        "next(m)[i,j] = m[i,j] + g[i,j]",
        "next(m)[...] = m[...] - g[...]",
        "next(v)[...] = v[...] + g[...]",
        "next(w)[i,j] = w[i,j] - m[i,j]",
        "next(w)[...] = w[...] - v[...]/step",
    )
    rules = rules_of(lines)
    assert [r.rank for r in rules] == [None, 2, None, None, 2, None]
    # m is read as it was, and goes on being remembered
    assert [r.text for r in rules_for(rules, 2)] == [lines[1], lines[4]]
    assert [r.text for r in rules_for(rules, 3)] == [lines[0], lines[3], lines[5]]


def test_three_matrices_in_a_row_of_run_time_extents():
    derivation = differentiate(
        load(
            {
                "equations": "p[i,j] = sum(k,l, A[i,k]*B[l,k]*C[l,j])\nE = sum(i,j, w*p[i,j]**2)",
                "parameters": ["w"],
                "inputs": ["A", "B", "C"],
                "objective": "E",
                "output": "p",
            }
        )
    )
    text = emit(derivation, part="math")
    assert "p = np.linalg.multi_dot([A, B.T, C])" in text
    assert "dB = np.linalg.multi_dot([C, dp.T, A])" in text
    module = load_module(text)
    rng = np.random.default_rng(0)
    for shapes in (((2, 30), (3, 30), (3, 40)), ((30, 2), (40, 2), (40, 3))):
        A, B, C = (rng.normal(size=shape) for shape in shapes)
        p = np.einsum("ik,lk,lj->ij", A, B, C)
        params = {"w": np.array(0.5)}
        np.testing.assert_allclose(module.forward(params, A, B, C), p, rtol=SAME)
        _, found = module.gradients(params, A, B, C, inputs=True)
        np.testing.assert_allclose(found["A"], p @ C.T @ B, rtol=1e-9)
        np.testing.assert_allclose(found["B"], C @ p.T @ A, rtol=1e-9)
        np.testing.assert_allclose(found["C"], B @ A.T @ p, rtol=1e-9)
