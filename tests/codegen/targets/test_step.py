"""`step` goes along a sequence place by place and gives what `forward` gives for the whole."""

import shutil

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, load, parse
from derive.systems.stepping import stepping

pytestmark = pytest.mark.sampled

LENGTH, BATCH = 5, 3
TARGET = "numpy"
KINDS = ("rnn", "lstm", "gru")
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True, params=["numpy", pytest.param("c", marks=pytest.mark.slow)])
def target(request, monkeypatch, tmp_path):
    """Each target's module walks alike."""
    if request.param == "c" and shutil.which("gcc") is None:
        pytest.skip("gcc isn't there: no C text is compiled")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(f"{__name__}.TARGET", request.param)


def emitted(system, **more):
    return load_module(emit(differentiate(system), target=TARGET, part="math", **more))


def net(*layers, **more):
    return load({"inputs": {"x": ["s", 3]}, "layers": list(layers), "loss": "mse", **more})


def filled(module, seed=0):
    """Parameters none of which is 0."""
    rng = np.random.default_rng(seed)
    shapes = {**module.PARAMETERS, **module.BUFFERS}
    return {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}


def drawn(shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)


def place_by_place(module, params, along, given=(), axis=1, **first):
    """The outputs of all places together, as `forward` has them."""
    state = module.init_step(params, *given, **first)
    outputs = []
    for t in range(np.shape(along[0])[axis]):
        before = {k: np.copy(v) for k, v in state.items()}
        was = state
        y, state = module.step(params, state, *(np.take(x, t, axis) for x in along))
        assert was is not state and state.keys() == was.keys()
        assert all(np.array_equal(before[k], was[k]) for k in was), "a state was changed in place"
        outputs.append(y)
    return np.stack(outputs, axis)


def agree(system, along, given=(), order=None, **first):
    """`step` against `forward`, whose arguments stand in the order that is declared."""
    module = emitted(system)
    params = filled(module)
    whole = module.forward(params, *(order or (*along, *given)))
    assert np.ptp(whole, axis=1).min() > 1e-3, "every place gives the same: nothing is shown"
    stepped = place_by_place(module, params, along, given, **first)
    np.testing.assert_allclose(stepped, whole, rtol=1e-12, atol=1e-12)
    return module, params


@each_kind
@pytest.mark.parametrize("layers", [1, 2])
def test_recurrent_layers(kind, layers):
    system = net({"type": kind, "units": 4, "layers": layers}, {"type": "dense", "units": 2})
    module, params = agree(system, [drawn((BATCH, LENGTH, 3))], batch=BATCH)
    assert len(module.init_step(params)) == layers * (2 if kind == "lstm" else 1)


@each_kind
@pytest.mark.parametrize("layers", [1, 2])
def test_an_initial_state(kind, layers):
    names = ("h0", "c0") if kind == "lstm" else ("h0",)
    shape = [4] if layers == 1 else [layers, 4]
    system = net(
        {"type": kind, "units": 4, "layers": layers},
        inputs={"x": ["s", 3], **dict.fromkeys(names, shape)},
    )
    given = [drawn((BATCH, *shape), seed) for seed, _ in enumerate(names, 5)]
    module, params = agree(system, [drawn((BATCH, LENGTH, 3))], given)
    if layers == 1:  # the state to begin with is the state: nothing is asked at each place
        assert np.array_equal(module.init_step(params, *given)["h1"], given[0])
        assert module.init_step(params, *given).keys() == {n.replace("0", "1") for n in names}


def test_masked_steps_carry_the_state_on():
    layer = {"type": "lstm", "units": 4, "masked": True}
    system = net(layer, inputs={"x": ["s", 3], "h0": [4], "c0": [4], "mask": ["s"]})
    mask = np.array([[1, 1, 0, 1, 1], [1, 0, 0, 1, 0], [0, 1, 1, 1, 1]])
    x, states = drawn((BATCH, LENGTH, 3)), [drawn((BATCH, 4), 7), drawn((BATCH, 4), 8)]
    module = emitted(system)
    params = filled(module)
    whole = module.forward(params, x, *states, mask)
    stepped = place_by_place(module, params, [x, mask], states)
    np.testing.assert_allclose(stepped, whole, rtol=1e-12, atol=1e-12)


def test_symbols_go_in_and_chances_come_out():
    system = net(
        {"type": "embedding", "num_embeddings": 7, "embedding_dim": 3},
        {"type": "gru", "units": 4},
        {"type": "dropout", "p": 0.4},
        {"type": "dense", "units": 7},
        inputs={"x": ["s"]},
        integers=["x"],
        loss={"type": "softmax_cross_entropy", "targets": "classes"},
    )
    agree(system, [np.random.default_rng(0).integers(0, 7, (BATCH, LENGTH))], batch=BATCH)


def test_float32():
    system = net({"type": "lstm", "units": 4})
    module = emitted(system, dtype="float32")
    params = {k: v.astype("float32") for k, v in filled(module).items()}
    y, state = module.step(params, module.init_step(params), drawn((1, 3)))
    assert {y.dtype, *(v.dtype for v in state.values())} == {np.dtype("float32")}


@pytest.mark.parametrize("length", ["s", 8])
@pytest.mark.parametrize("learned", [True, False])
def test_the_number_of_the_place_counts(learned, length):
    """A learned table of 8 places has an end, and so has a fixed length."""
    most = {"max_length": 8} if length == "s" else {}
    system = net(
        {"type": "positional_encoding", "learned": learned, **most},
        {"type": "rnn", "units": 4},
        inputs={"x": [length, 3]},
    )
    module, params = agree(system, [drawn((BATCH, 8, 3))], batch=BATCH)
    state = module.init_step(params)
    assert state["place"] == 0
    for _ in range(8):
        _, state = module.step(params, state, np.zeros((1, 3)))
    assert state["place"] == 8
    if length == 8 or learned:
        with pytest.raises(ValueError, match=r"a sequence has (8|more) places"):
            module.step(params, state, np.zeros((1, 3)))


def test_more_places_than_were_trained_on():
    """A length in a spec is the length of a sample; the walk has none."""
    fixed = net({"type": "gru", "units": 4}, inputs={"x": [LENGTH, 3]})
    free = net({"type": "gru", "units": 4})
    module, params = agree(fixed, [drawn((BATCH, LENGTH, 3))], batch=BATCH)
    x = drawn((BATCH, 2 * LENGTH, 3))
    whole = emitted(free).forward(params, x)
    stepped = place_by_place(module, params, [x], batch=BATCH)
    np.testing.assert_allclose(stepped, whole, rtol=1e-12, atol=1e-12)


# ---- equations -----------------------------------------------------------------------------------


def model(equations, **more):
    given = {"inputs": ["x"], "batch": "n", "output": "y", "objective": "E"}
    return parse(f"{equations}\nE = sum(n,t,i, y[n,t,i]**2)", **{**given, **more})


def test_lags_of_one_and_three():
    system = model(
        "y[n,t,i] = x[n,t,i] + a[i]*y[n,t-1,i] + b[i]*y[n,t-3,i]*x[n,t-2,i]",
        parameters=["a", "b"],
        sizes={"i": 2},
    )
    module, params = agree(system, [drawn((BATCH, 7, 2))], batch=BATCH)
    assert module.init_step(params).keys() == {
        *("y", "y_before2", "y_before3"),
        *("x", "x_before2"),
    }


def test_a_start_that_is_not_asked_for_everywhere():
    """`h` begins at h0 in one equation and at 0 in the other, so that the place is counted."""
    system = model(
        "h[n,t,i] = tanh(x[n,t,i] + where(t > 0, h[n,t-1,i], h0[n,i]))\n"
        "y[n,t,i] = h[n,t,i] + a[i]*h[n,t-1,i]",
        inputs=["x", "h0"],
        parameters=["a"],
        sizes={"i": 2},
    )
    module, params = agree(system, [drawn((BATCH, 6, 2))], [drawn((BATCH, 2), 4)])
    assert "place" in module.init_step(params, drawn((BATCH, 2), 4))


@pytest.mark.parametrize(
    "start",
    [
        "where(t > 0, h[n,t-1,l], h0[l])",
        "where(t >= 1, h[n,t-1,l], h0[l])",
        "where(t > 0, h[n,t-1,l], 0.5)",
        "where(t == 0, h0[l], h[n,t-1,l])",
    ],
)
def test_a_learned_or_constant_beginning(start):
    system = model(
        f"h[n,t,i] = tanh(sum(j, W[i,j]*x[n,t,j]) + sum(l, U[i,l]*{start}))\ny[n,t,i] = h[n,t,i]",
        inputs=["x"],
        parameters=["W", "U", *(["h0"] if "h0" in start else [])],
        sizes={"i": 2, "l": 2, "j": 2},
    )
    agree(system, [drawn((BATCH, 6, 2))], batch=BATCH)


def test_what_is_known_before_is_computed_once():
    """The whole of another sequence, and a weight that is normalised."""
    system = model(
        "m[n,i] = mean(s, u[n,s,i])\n"
        "g[i,k] = w[i,k]/sqrt(sum(l, w[i,l]**2))\n"
        "h[n,t,i] = tanh(x[n,t,i] + m[n,i] + sum(k, g[i,k]*h[n,t-1,k]))\n"
        "y[n,t,i] = h[n,t,i]*m[n,i]",
        inputs=["x", "u"],
        parameters=["w"],
        sizes={"i": 2},
    )
    u = drawn((BATCH, 4, 2), 3)
    module, params = agree(system, [drawn((BATCH, 6, 2))], [u])
    assert module.init_step(params, u).keys() == {"h", "m", "g"}


def test_a_grid_keeps_its_second_loop():
    system = parse(
        "h[n,t,i] = tanh(x[n,t,i] + a*h[n,t-1,i] + b*h[n,t,i-1])\nE = sum(n,t,i, h[n,t,i]**2)",
        inputs=["x"],
        parameters=["a", "b"],
        batch="n",
        output="h",
        objective="E",
        sizes={"i": 4},
    )
    agree(system, [drawn((BATCH, LENGTH, 4))], batch=BATCH)


def test_letters_that_are_called_like_the_place():
    system = model(
        "h[n,j,i] = tanh(sum(t, w[i,t]*h[n,j-1,t]) + x[n,j,i]*cos(j))\n"
        "y[n,t,i] = h[n,t,i] + sum(k, w[i,k]*x[n,t,k])*t",
        parameters=["w"],
        sizes={"i": 3},
    )
    agree(system, [drawn((BATCH, LENGTH, 3))], batch=BATCH)


def test_symbols_of_the_place_before_begin_at_0():
    system = model(
        "y[n,t,i] = A[s[n,t-1],s[n,t],i] + y[n,t-1,i]/2",
        inputs=["s"],
        integers=["s"],
        parameters=["A"],
        sizes={"i": 2, "A.0": 4, "A.1": 4},
    )
    module, params = agree(
        system, [np.random.default_rng(0).integers(0, 4, (BATCH, 7))], batch=BATCH
    )
    assert module.init_step(params)["s"].dtype.kind == "i"


def test_no_batch():
    system = parse(
        "y[t] = a*y[t-1] + x[t]\nE = sum(t, y[t]**2)",
        inputs=["x"],
        parameters=["a"],
        output="y",
        objective="E",
    )
    module = emitted(system)
    params = filled(module)
    x = drawn(6)
    stepped = place_by_place(module, params, [x], axis=0)
    np.testing.assert_allclose(stepped, module.forward(params, x), rtol=1e-12)


# ---- where there is none -------------------------------------------------------------------------

NONE = {
    "from the end": net({"type": "gru", "units": 4, "bidirectional": True}),
    "the last step alone": net({"type": "gru", "units": 4, "return_sequences": False}),
    "no memory": net({"type": "dense", "units": 4}),
    "all places at once": net(
        {"type": "gru", "units": 4},
        {"type": "multi_head_attention", "heads": 2, "causal": True},
    ),
    "no output": parse(
        "h[n,t] = a*h[n,t-1] + x[n,t]\nE = sum(n,t, h[n,t]**2)",
        inputs=["x"],
        parameters=["a"],
        batch="n",
        objective="E",
    ),
    "a target": model(
        "y[n,t,i] = a*y[n,t-1,i] + r[n,t,i] + x[n,t,i]",
        parameters=["a"],
        targets=["r"],
        sizes={"i": 2},
    ),
    "read ahead": model(
        "y[n,t,i] = a*y[n,t-1,i] + x[n,t,i] + x[n,t+1,i]", parameters=["a"], sizes={"i": 2}
    ),
    "the length": model(
        "y[n,t,i] = a*y[n,t-1,i] + x[n,t,i]*(size(t) - t)", parameters=["a"], sizes={"i": 2}
    ),
    "the mean of the input": model(
        "m[n,i] = mean(t, x[n,t,i])\ny[n,t,i] = a*y[n,t-1,i] + x[n,t,i] - m[n,i]",
        parameters=["a"],
        sizes={"i": 2},
    ),
}


@pytest.mark.parametrize("system", [pytest.param(s, id=n) for n, s in NONE.items()])
def test_where_there_is_none(system):
    assert stepping(system) is None
    assert not hasattr(emitted(system), "step")


def test_a_state_of_another_batch_is_told():
    module = emitted(net({"type": "gru", "units": 4}))
    params = filled(module)
    state = module.init_step(params, batch=2)
    with pytest.raises(ValueError, match=r"state h1 has shape \(2, 4\), not \(3, 4\)"):
        module.step(params, state, drawn((3, 3)))
