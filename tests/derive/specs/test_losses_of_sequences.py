"""Losses of sequences, and losses that learn parameters of their own."""

import itertools

import numpy as np
import pytest

import codegen
from codegen.verify import verify_module
from derive import check, differentiate, load
from derive.errors import ChainruleError

CHAIN = """
f[n,s,k] = y[n,s,k] + where(s > 0, logsumexp(j, f[n,s-1,j] + A[j,k]), 0)
E = mean(n, logsumexp(k, f[n,size(f,1)-1,k]) - sum(s, y[n,s,t[n,s]] + \
where(s > 0, A[t[n,s-1],t[n,s]], 0)))
"""


def net(loss, shape=("s", 3), layer="dense", **more):
    layers = [{"type": layer, **({"units": 3} if layer == "dense" else {})}]
    return load({"inputs": {"x": list(shape)}, "layers": layers, "loss": loss, **more})


def module(system, **more):
    return codegen.load_module(codegen.emit(differentiate(system), **more))


def problems(*args, **more):
    with pytest.raises(ChainruleError) as caught:
        net(*args, **more)
    return list(caught.value.problems)


def right(system):
    derivation = differentiate(system)
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    assert not derivation.warnings


# ---- parameters of a loss ------------------------------------------------------------------------


def test_a_loss_brings_parameters():
    system = net("crf", parameters={"A": {"l2": 0.5}, "start": {"trainable": False}})
    right(system)
    assert system.trainable == ("W1", "b1", "A", "end")
    made = module(system)
    assert {k: v for k, v in made.PARAMETERS.items() if k[-1] != "1"} == {
        "A": (3, 3),
        "start": (3,),
        "end": (3,),
    }
    assert np.abs(made.init_params()["A"]).max() <= 0.1


@pytest.mark.parametrize("inline", [True, False])
def test_own_losses_have_parameters_too(inline):
    own = {"equations": CHAIN, "parameters": {"A": {"init": "zeros"}}, "integers": ["t"]}
    more = {} if inline else {"define": {"chain": own}}
    made = module(net(own if inline else "chain", **more))
    params = made.init_params()
    assert not params["A"].any()
    x, t = np.random.default_rng(1).normal(size=(4, 5, 3)), np.ones((4, 5), int)
    state = made.init_state(params)
    losses = [made.train_step(params, state, x, t) for _ in range(5)]
    assert losses[-1] < losses[0]
    assert params["A"].argmax() == 4  # the step from 1 to 1


def test_a_loss_gives_way_where_a_name_is_taken():
    layers = [{"type": "tanh", "inputs": ["A"]}]
    system = load({"inputs": {"A": [4, 2]}, "layers": layers, "loss": "crf"})
    assert system.trainable == ("A_loss", "start", "end")


# ---- crf -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_crf_sums_over_every_path(steps, dtype):
    made = module(net("crf", layer="identity"), dtype=dtype)
    rng = np.random.default_rng(steps)
    params = {k: rng.normal(size=shape).astype(dtype) for k, shape in made.PARAMETERS.items()}
    y, t = rng.normal(size=(2, steps, 3)), rng.integers(0, 3, (2, steps))
    cost, chances = 0, np.zeros(y.shape)
    for n in range(2):
        weight = {
            path: np.exp(
                params["start"][path[0]]
                + params["end"][path[-1]]
                + sum(y[n, s, k] for s, k in enumerate(path))
                + sum(params["A"][step] for step in itertools.pairwise(path))
            )
            for path in itertools.product(range(3), repeat=steps)
        }
        whole = sum(weight.values())
        cost -= np.log(weight[tuple(t[n].tolist())] / whole) / 2
        for path, w in weight.items():
            for s, k in enumerate(path):
                chances[n, s, k] += w / whole
    near = {"rtol": 1e-10 if dtype == "float64" else 1e-4}
    np.testing.assert_allclose(made.loss(params, y, t), cost, **near)
    np.testing.assert_allclose(made.probabilities(params, y), chances, **near)


def test_steps_that_are_masked_do_not_count():
    made = module(
        load(
            {
                "inputs": {"x": ["s", 3], "mask": ["s"]},
                "layers": [{"type": "identity", "name": "y", "inputs": ["x"]}],
                "loss": {"type": "crf", "masked": True, "inputs": ["y", "mask"]},
            }
        )
    )
    params = made.init_params(3)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(1, 5, 3)), np.array([[0, 2, 1, 1, 0]])
    mask = np.array([[1.0, 1, 1, 0, 0]])
    other, tags = x + 7 * (mask == 0)[..., None], np.where(mask > 0, t, 2)
    short = x[:, :3], np.ones((1, 3)), t[:, :3]
    wanted = made.loss(params, *short)
    np.testing.assert_allclose(made.loss(params, x, mask, t), wanted, 1e-12)
    np.testing.assert_allclose(made.loss(params, other, mask, tags), wanted, 1e-12)
    found = made.probabilities(params, x, mask)[:, :3]
    np.testing.assert_allclose(found, made.probabilities(params, *short[:2]), 1e-12)
    assert not made.gradients(params, x, mask, t, inputs=True)[1]["x"][:, 3:].any()


def test_a_tagger_learns_what_only_the_chain_knows():
    """Every second tag is the other one, and the input tells the first alone."""
    made = module(net("crf", ("s", 3)))
    rng = np.random.default_rng(5)
    first = rng.integers(0, 2, 40)
    tags = (first[:, None] + np.arange(6)) % 2
    x = np.zeros((40, 6, 3))
    x[np.arange(40), 0, first] = 1
    names = np.array(["a", "b", "c"])[tags]
    names[0, 5] = "c"  # three labels, so that none is left out
    model = made.Model(epochs=60, learning_rate=0.5).fit(x, names)
    assert model.score(x, names) > 0.98
    assert model.predict(x).shape == (40, 6)
    chances = model.predict_proba(x)
    np.testing.assert_allclose(chances.sum(-1), 1)


# ---- ctc -----------------------------------------------------------------------------------------


def collapsed(path, blank=0):
    """What a path of classes says: repeats taken out, then blanks."""
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def test_ctc_sums_over_every_path():
    made = module(net({"type": "ctc", "labels": 2}, (4, 3), "log_softmax"))
    x = np.random.default_rng(2).normal(size=(3, 4, 3))
    p = np.exp(made.forward({}, x))
    t = np.array([[1, 2], [2, 2], [1, 0]])
    cost = 0
    for n in range(3):
        wanted = tuple(t[n][t[n] > 0].tolist())
        whole = sum(
            np.prod([p[n, s, k] for s, k in enumerate(path)])
            for path in itertools.product(range(3), repeat=4)
            if collapsed(path) == wanted
        )
        cost -= np.log(whole) / len(wanted) / 3
    np.testing.assert_allclose(made.loss({}, x, t), cost, 1e-12)


def test_ctc_is_right():
    right(net("ctc", (3, 3), "log_softmax"))


def test_a_check_takes_labels_for_which_there_are_steps_enough():
    """Where they don't fit, the objective is 1e9 and differences have no digits left."""
    spec = {
        "inputs": {"x": ["s", 4], "mask": ["s"]},
        "layers": [{"type": "log_softmax", "name": "y", "inputs": ["x"]}],
        "loss": {"type": "ctc", "masked": True, "inputs": ["y", "mask"]},
    }
    rows = verify_module(differentiate(load(spec)))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []


def test_the_room_for_labels_is_an_extent_of_its_own():
    """Even where the steps, or another loss's labels, have its letter."""
    layers = [{"type": "dense", "units": 3}, {"type": "log_softmax"}]
    system = load({"inputs": {"x": ["l", 2]}, "layers": layers, "loss": ["ctc", "ctc"]})
    made = module(system)
    params, x = made.init_params(), np.ones((2, 4, 2))
    t, other = np.array([[1, 2], [2, 0]]), np.array([[1, 1, 2], [2, 0, 0]])
    alone = module(load({"inputs": {"x": ["s", 2]}, "layers": layers, "loss": "ctc"}))
    wanted = alone.loss(params, x, t) + alone.loss(params, x, other)
    assert np.isclose(made.loss(params, x, t, other), wanted, 1e-12)


def test_labels_for_which_there_are_too_few_steps():
    x, t = np.zeros((2, 2, 3)), np.array([[1, 1, 0], [1, 2, 0]])
    dear = module(net("ctc", layer="log_softmax"))
    free = module(net({"type": "ctc", "zero_infinity": True}, layer="log_softmax"))
    fits = np.log(9) / 2
    assert np.isclose(dear.loss({}, x, t), (1e9 / 2 + fits) / 2, 1e-6)
    assert np.isclose(free.loss({}, x, t), fits / 2, 1e-12)
    assert not free.gradients({}, x[:1], t[:1], inputs=True)[1]["x"].any()


def test_a_net_learns_to_read():
    """Blocks of a column each: the labels are told, and not where they stand."""
    spec = {
        "inputs": {"x": ["s", 3]},
        "layers": [{"type": "dense", "units": 3}, {"type": "log_softmax"}],
        "loss": "ctc",
        "optimizer": {"type": "adam", "learning_rate": 0.05},
    }
    made = module(load(spec))
    said = np.array([[1, 2, 1], [2, 1, 2], [1, 2, 0], [2, 1, 0]] * 8)
    path = np.stack([np.repeat(row, 2) for row in said])
    x = np.eye(3)[path]
    model = made.Model(epochs=60, batch_size=8, seed=1).fit(x, said)
    assert model.mean_loss(x, said) < 0.2
    read = [collapsed(row) for row in model.predict(x).argmax(-1).tolist()]
    assert read == [tuple(row[row > 0].tolist()) for row in said]


def test_what_losses_of_sequences_refuse():
    assert problems("ctc", (4,)) == [
        "loss (ctc): ctc takes steps with log probabilities y[n,s,k], and this output has 2 axes; "
        "give it a sequence"
    ]
    assert problems("crf", (4,))[0].startswith("loss (crf): crf takes steps with scores y[n,s,k]")
    assert problems({"type": "ctc", "blank": 3}) == [
        "loss (ctc): blank = 3: the classes are 0 to 2; give one of them"
    ]
    assert problems("ctc", task="classification") == [
        "task: what is predicted isn't one of the labels; take it out"
    ]
    assert problems({"type": "crf", "masked": True}) == [
        "loss (crf): it takes 2 inputs (y, mask) and would get 1; name them, such as inputs = "
        '["y", "mask"]'
    ]
