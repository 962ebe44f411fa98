"""Losses in a spec: several inputs, class weights, and what is refused."""

import numpy as np
import pytest

import codegen
from derive import differentiate, load
from derive.errors import ChainruleError


def dense(name, units=3, **more):
    return {"type": "dense", "name": name, "units": units, "inputs": ["x"], **more}


def net(*layers, loss, **more):
    return load({"inputs": {"x": [3]}, "layers": list(layers), "loss": loss, **more})


def problems(*layers, loss, **more):
    with pytest.raises(ChainruleError) as caught:
        net(*layers, loss=loss, **more)
    return list(caught.value.problems)


def module(system, **more):
    return codegen.load_module(codegen.emit(differentiate(system), **more))


# ---- several inputs ------------------------------------------------------------------------------


def test_a_loss_reads_layers_by_name():
    system = net(
        dense("middle"),
        dense("spread", activation="softplus"),
        loss={"type": "gaussian_nll", "inputs": ["middle", "spread"]},
        output="middle",
    )
    assert system.output == "z_middle"
    assert not system.origin.warnings
    assert {t.name for t in system.having("target")} == {"t"}


def test_a_loss_may_read_an_input_and_want_no_target():
    system = net(dense("place"), loss={"type": "info_nce", "inputs": ["place", "x"]})
    assert not system.having("target")
    made = module(system)
    params = made.init_params()
    x = np.random.default_rng(3).normal(size=(5, 3))
    state = made.init_state(params)
    losses = [made.train_step(params, state, x) for _ in range(30)]
    assert losses[-1] < losses[0]
    assert made.Model(epochs=3).fit(x).predict(x).shape == (5, 3)


def test_a_loss_of_one_input_may_name_another_than_the_output():
    layers = dense("first"), dense("second")
    system = net(*layers, loss={"type": "mse", "inputs": ["first"]})
    assert system.output == "z_second"
    warnings = differentiate(system).warnings
    assert warnings[0] == "the objective E does not depend on W_second"


def test_wrong_inputs_of_a_loss():
    loss = {"type": "triplet_margin"}
    assert problems(dense("a"), loss=loss) == [
        "loss (triplet_margin): it takes 3 inputs (anchor, positive, negative) and would get 1; "
        'name them, such as inputs = ["anchor", "positive", "negative"]'
    ]
    assert problems(dense("left"), loss={**loss, "inputs": ["left", "lefd", "x"]}) == [
        "loss (triplet_margin).inputs: unknown layer 'lefd'; did you mean 'left'?"
    ]
    own = {"equations": "E = mean(n, sum(i, (y[n,i] - t[n,i])**2))", "inputs": ["a"]}
    assert problems(dense("a"), loss=own) == [
        "loss.inputs: a loss reads y and t by these names; take this out"
    ]


# ---- class weights -------------------------------------------------------------------------------


def weighed(**more):
    loss = {"type": "softmax_cross_entropy", "targets": "classes", "weight": [0.5, 1, 2]}
    return net(dense("a"), loss={**loss, **more})


def test_class_weights_are_kept_and_not_moved():
    made = module(weighed())
    params = made.init_params()
    assert made.BUFFERS == {"weight": (3,)}
    assert params["weight"].tolist() == [0.5, 1, 2]
    x, t = np.eye(3), np.array([0, 1, 1])
    made.train_step(params, made.init_state(params), x, t)
    assert params["weight"].tolist() == [0.5, 1, 2]
    assert "weight" not in made.gradients(params, x, t)[1]


def test_class_weights_in_single_precision():
    assert module(weighed(), dtype="float32").init_params()["weight"].dtype == np.float32


def test_wrong_class_weights():
    loss = {"type": "softmax_cross_entropy"}
    said = "loss (softmax_cross_entropy)"
    assert problems(dense("a"), loss={**loss, "weight": [1, 2]}) == [
        f"{said}: weight has 2 numbers for 3 classes; give one for each"
    ]
    assert problems(dense("a"), loss={**loss, "weight": 2}) == [
        f"{said}.weight: '2' is no list of numbers; write one such as [1, 2]"
    ]
    assert problems(dense("a"), loss={**loss, "weight": [1, "a", 2]}) == [
        f"{said}.weight[2]: 'a' is no finite number; write one such as 0.5"
    ]
    assert problems(dense("a"), loss={**loss, "ignore_index": 2}) == [
        f'{said}: ignore_index is the number of a class; write targets = "classes"'
    ]


def test_scores_are_no_probabilities():
    made = module(net(dense("a"), loss="multi_margin"))
    assert not hasattr(made.Model, "predict_proba")
    x = np.random.default_rng(1).normal(size=(60, 3))
    assert made.Model(epochs=50).fit(x, x.argmax(1)).score(x, x.argmax(1)) > 0.8


# ---- activations with conditions of their own ----------------------------------------------------


def test_what_an_activation_refuses():
    glu = problems(dense("a"), {"type": "glu"}, loss="mse")
    assert glu == [
        "layers[2] (glu): it halves the last axis, which has 3 entries; give it an even number of "
        "features"
    ]
    assert problems(dense("a"), {"type": "prelu", "num_parameters": 2}, loss="mse") == [
        "layers[2] (prelu): num_parameters = 2, and the input has 3 channels on axis 1; give 1, or "
        "one for each channel"
    ]
    assert problems({"type": "hard_tanh", "min_val": 2}, loss="mse") == [
        "layers[1] (hard_tanh): min_val is not below max_val; exchange them"
    ]


# ---- given numbers -------------------------------------------------------------------------------


def test_parameters_that_begin_with_given_numbers():
    values = {"type": "values", "values": [1, 2.5, -3]}
    system = net(dense("a"), loss="mse", parameters={"b_a": {"init": values}})
    assert module(system).init_params()["b_a"].tolist() == [1, 2.5, -3]
    for parameter, extents in (("b_a", "3"), ("W_a", "3, 3")):
        values = {"type": "values", "values": [1, 2]}
        said = problems(dense("a"), loss="mse", parameters={parameter: {"init": values}})
        assert said == [
            f"parameters.{parameter}: 2 values don't fit '{parameter}', whose extents are "
            f"({extents}); give one for each entry of its single axis"
        ]
