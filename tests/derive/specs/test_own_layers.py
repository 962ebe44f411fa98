"""Layers, activations and losses by equations of their own."""

import numpy as np
import pytest

from derive.ir.system import Initializer
from derive.language.printer import equation_text
from tests.derive.specs.nets import dense, lines, net, problems, run, shape

# ---- layers by own equations ---------------------------------------------------------------------

NORM = {
    "equations": """
    m[n] = mean(i, x[n,i])
    v[n] = mean(i, (x[n,i] - m[n])**2)
    y[n,i] = g[i]*(x[n,i] - m[n])/sqrt(v[n] + eps) + h[i]
    """,
    "parameters": {"g": {"init": {"type": "constant", "value": 1}}, "h": {"init": "zeros"}},
    "constants": {"eps": 1e-5},
}


def test_a_definition_is_used_twice():
    system = net(
        {"type": "norm"},
        dense(5),
        {"type": "norm", "eps": 0.5, "name": "last"},
        define={"norm": NORM},
    )
    values = run(system)
    z = values["z2"]
    wanted = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 0.5)
    np.testing.assert_allclose(values["y_last"], values["g_last"] * wanted + values["h_last"])
    assert dict(system.training.initializers)["h1"] == Initializer("zeros")
    assert shape(system, "g1") == (3,)
    assert shape(system, "g_last") == (5,)


def test_letters_are_local_to_a_layer():
    rbf = {
        "equations": "y[n,i] = exp(-g[i]*sum(j, (x[n,j] - c[i,j])**2))/size(i)",
        "parameters": ["c", "g"],
    }
    system = net({"type": "rbf", "i": 7}, {"type": "rbf", "i": 2}, define={"rbf": rbf})
    assert [shape(system, c) for c in ("c1", "c2")] == [(7, 3), (2, 7)]
    assert "/7" in lines(system)[2] and "/2" in lines(system)[5]


def test_a_layer_by_equations_in_place():
    system = net(
        dense(4, name="a"),
        dense(4, name="b", inputs=["x"]),
        {
            "type": "equation",
            "inputs": ["a", "b"],
            "equations": "y[n,k] = sum(i,j, a[n,i]*T[k,i,j]*b[n,j]) + c[k]",
            "parameters": ["T", "c"],
            "k": 2,
        },
        {"type": "equation", "inputs": ["y1"], "equations": "y[n] = sum(k, x[n,k]**2)"},
    )
    values = run(system)
    wanted = np.einsum("ni,kij,nj->nk", values["z_a"], values["T1"], values["z_b"]) + values["c1"]
    np.testing.assert_allclose(values["equation1"], (wanted**2).sum(1))
    assert shape(system, "t") == ("n",)


def test_an_activation_of_ones_own():
    bent = {
        "equations": "y[n,...] = where(x[n,...] > 0, x[n,...], a*x[n,...])",
        "parameters": {"a": {"init": {"type": "constant", "value": 0.25}}},
    }
    system = net(dense(4, activation="bent"), {"type": "bent"}, define={"bent": bent})
    assert [t.name for t in system.having("parameter")] == ["W1", "b1", "a1", "a2"]
    assert lines(system)[1] == "y1[n,i] = where(z1[n,i] > 0, z1[n,i], a1*z1[n,i])"


def test_state_and_draws_of_a_definition():
    system = net(
        {"type": "drop"},
        {"type": "centre"},
        define={
            "drop": {
                "equations": "y[n,i] = mask[n,i]*x[n,i]/p",
                "random": {"mask": {"distribution": "bernoulli", "p": 0.9}},
                "constants": {"p": 0.9},
            },
            "centre": {
                "equations": "y[n,i] = x[n,i] - m[i]\nnext(m)[i] = (m[i] + mean(n, x[n,i]))/2",
                "buffers": ["m"],
            },
        },
    )
    assert system.training.draws[0][0] == "mask1"
    assert [e.tensor for e in system.updates] == ["next(m2)"]
    assert system.table["m2"].role == "buffer"


def test_a_loss_of_ones_own():
    bounded = {
        "equations": """
        d[n,...] = y[n,...] - t[n,...]
        E = mean(n,..., where(abs(d[n,...]) < beta, d[n,...]**2/2, beta*abs(d[n,...]) - beta**2/2))
        """,
        "constants": {"beta": 1},
    }
    system = net(dense(2), loss={"type": "bounded", "beta": 0.5}, define={"bounded": bounded})
    values = run(system)
    d = np.abs(values["z1"] - values["t"])
    wanted = np.where(d < 0.5, d**2 / 2, 0.5 * d - 0.125).mean()
    np.testing.assert_allclose(values["E"], wanted)
    assert system.origin.loss_type == "bounded"


def test_a_loss_may_read_any_tensor_and_needs_no_target():
    system = net(
        dense(4, name="code"),
        dense(3),
        loss={
            "equations": "E = mean(n, sum(i, (y[n,i] - x[n,i])**2)) + lam*sum(i,j, abs(W1[i,j]))",
            "constants": {"lam": 0.1},
        },
    )
    assert not system.having("target")
    values = run(system)
    wanted = ((values["z1"] - values["x"]) ** 2).sum(1).mean() + 0.1 * np.abs(values["W1"]).sum()
    np.testing.assert_allclose(values["E"], wanted)


@pytest.mark.parametrize(
    ("definition", "layer", "wanted"),
    [
        (
            {"equations": "y[n,i] = g[i]*q[n,i]", "parameters": ["g"]},
            {},
            "define.f.equations, line 1, column 15: unknown tensor 'q'; name it in parameters or",
        ),
        (
            {"equations": "y[n,i] = x[n,i]", "parameters": ["g"]},
            {},
            "define.f.parameters: no equation reads 'g'; take it out, or use it",
        ),
        (
            {"equations": "z[n,i] = x[n,i]"},
            {},
            "define.f.equations: no equation defines 'y', the output of a layer; write y[n,i] =",
        ),
        (
            {"equations": "y[n,i] = sum(j, g[i,j]*x[n,j])", "parameters": ["g"]},
            {},
            "layers[1] (f): the extent of letter 'i' is open; give it here, such as i = 8",
        ),
        (
            {"equations": "y[n,i] = sum(j, g[i,j]*x[n,j])", "parameters": ["g"]},
            {"i": 2, "j": 5},
            "layers[1] (f): define.f.equations, line 1, column 28: letter 'j' walks axis 1 of x "
            "and has two extents: 5 (sizes give 'j') and 3 (declared)",
        ),
        (
            {"equations": "y[n,i] = sum(j, g[i,j]*x[n,j])", "parameters": ["g"]},
            {"k": 2},
            "layers[1] (f): unknown key 'k'; known: type, name, inputs, share, i, j",
        ),
        (
            {"equations": "y[n,i] = x[n,i,2]"},
            {},
            "layers[1] (f): define.f.equations, line 1, column 10: 'x' has 3 subscripts here and 2",
        ),
        (
            {"equations": "y[n,i] = x[n,i"},
            {},
            "define.f.equations, line 1, column 1: a bracket is opened and never closed; close it",
        ),
        (
            {"equations": "x[n,i] = 2\ny[n,i] = x[n,i]"},
            {},
            "define.f.equations, line 1, column 1: 'x' stands among the inputs and is defined by",
        ),
        (
            {"equations": "y[n,i] = x[n,i]\ny[n,i] = 2*x[n,i]"},
            {},
            "define.f.equations, line 2, column 1: 'y' is defined twice; give one of them another",
        ),
        (
            {"equations": "y[n,i] = x[n,i]*g[i]", "parameters": ["g"], "buffers": ["g"]},
            {},
            "define.f.buffers: 'g' stands among the parameters too; take it out of one",
        ),
    ],
)
def test_definitions_that_do_not_work(definition, layer, wanted):
    (found,) = problems({"type": "f", **layer}, define={"f": definition})
    assert found.startswith(wanted)


def test_an_embedding_of_ones_own():
    embedding = {
        "equations": "y[n,...,d] = W[x[n,...],d]",
        "parameters": ["W"],
        "integers": ["x"],
    }
    layers = [{"type": "embedding", "d": 4, "W.0": 11}, dense(2)]
    system = net(*layers, inputs={"x": ["t"]}, define={"embedding": embedding})
    assert system.table["x"].integer
    assert [shape(system, w) for w in ("W1", "z2")] == [(11, 4), ("n", "t", 2)]
    found = problems(dense(3), *layers, define={"embedding": embedding})
    assert found == [
        "layers[2] (embedding): it reads integers from 'x', and 'z1' is computed; connect it with "
        "an input"
    ]


def test_a_definition_comes_before_the_catalogue():
    """The catalogue grows; what somebody defined goes on to mean what it meant."""
    twice = {"equations": "y[n,i] = 2*x[n,i]"}
    system = net({"type": "mish"}, define={"mish": twice})
    assert equation_text(system.equations[0]) == "mish1[n,i] = 2*x[n,i]"
    assert problems(dense(2), define={"equation": twice})[0] == (
        "define.equation: every layer by equations is an 'equation'; take another name"
    )
