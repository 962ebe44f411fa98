"""Networks: names, shapes, the bias inside the weights, and a published forward pass."""

from itertools import pairwise

import numpy as np
import pytest

from derive.calculus.differentiate import differentiate
from derive.errors import ChainruleError
from derive.ir.notation import Dim, affine
from derive.ir.system import Initializer
from derive.semantics.interpreter import evaluate
from derive.specs.load import load
from tests.derive.specs.nets import GENERATED, dense, lines, net, problems, run, shape

# ---- names ---------------------------------------------------------------------------------------


def test_the_contracts_net():
    system = load(GENERATED / "gender" / "gender.toml")
    assert lines(system) == [
        "z1[n,i] = sum(j, W1[i,j]*x[n,j]) + b1[i]",
        "y1[n,i] = sigmoid(z1[n,i])",
        "z2[n,i] = sum(j, W2[i,j]*y1[n,j]) + b2[i]",
        "y2[n,i] = sigmoid(z2[n,i])",
        "E = sum(n,i, (y2[n,i] - t[n,i])**2)/(2*size(n))",
    ]
    assert [t.name for t in system.having("parameter")] == ["W1", "b1", "W2", "b2"]
    assert (system.objective, system.output, system.batch) == ("E", "y2", "n")
    assert (system.training.task, system.training.target_kind) == ("classification", "binary")
    assert system.origin.loss_type == "squared_error"
    assert system.origin.sources == (
        "dense: Rumelhart, Hinton & Williams 1986, eq. 1",
        "sigmoid: Rumelhart, Hinton & Williams 1986, eq. 2",
        "squared_error: Rumelhart, Hinton & Williams 1986, eq. 3",
    )


def test_named_layers_take_no_number():
    system = net(
        dense(4, activation="relu"),
        dense(4, name="hidden", activation="tanh"),
        {"type": "relu"},
        dense(2),
        inputs={"x": [3]},
    )
    assert [layer.name for layer in system.origin.layers] == ["1", "hidden", "relu1", "2"]
    assert [layer.output for layer in system.origin.layers] == ["y1", "y_hidden", "relu1", "z2"]
    assert system.origin.layers[1].tensors == ("W_hidden", "b_hidden", "z_hidden", "y_hidden")
    assert system.origin.layers[1].activation == "tanh"
    assert system.origin.aliases == (("y2", "z2"),)
    assert system.output == "z2"


def test_layers_without_parameters_are_named_by_type():
    system = net(
        {"type": "softmax"},
        {"type": "relu"},
        {"type": "softmax", "name": "last"},
        {"type": "identity"},
        inputs={"x": [3]},
    )
    assert [e.tensor for e in system.equations][:-1] == [
        *("m_softmax1", "s_softmax1", "softmax1"),
        "relu1",
        *("m_last", "s_last", "y_last"),
    ]
    assert system.origin.aliases == (("identity1", "y_last"),)


def test_intermediates_have_the_layers_number():
    system = load(GENERATED / "rbf" / "rbf.toml")
    assert lines(system)[:3] == [
        "s1[n,i] = sum(j, (x[n,j] - c1[i,j])**2)",
        "z1[n,i] = -g1[i]*s1[n,i]",
        "y1[n,i] = exp(z1[n,i])",
    ]
    assert set(system.origin.layers[0].tensors) == {"c1", "g1", "s1", "z1", "y1"}


def test_the_losses_own_names_give_way():
    system = net(dense(3), loss="softmax_cross_entropy", inputs={"m": [2]})
    assert [e.tensor for e in system.equations] == ["z1", "m_loss", "s", "p", "E"]
    assert system.probabilities == "p"


def test_names_that_are_taken():
    assert problems(dense(2), inputs={"W1": [3]}) == [
        "layers[1] (dense): the name 'W1' is taken by the input 'W1'; give the layer another name, "
        "or rename the other"
    ]
    assert problems(dense(2), inputs={"E": [3], "t": [3]})[:2] == [
        "inputs.E: 'E' is the objective of a network; take another name",
        "inputs.t: 't' is the target of a network; take another name",
    ]
    assert problems(dense(2, name="a"), dense(2, name="a")) == [
        "layers[2] (dense).name: 'a' is the name of layers[1] (dense) too; take another"
    ]
    assert problems(dense(2, name="x")) == [
        "layers[1] (dense).name: 'x' is the name of the input 'x' too; take another"
    ]


# ---- shapes --------------------------------------------------------------------------------------


def test_dense_acts_on_the_last_axis_at_any_rank():
    system = net(dense(5, activation="softmax"), dense(2), inputs={"x": [7, 3]})
    assert shape(system, "z1") == ("n", 7, 5)
    values = run(system)
    z = values["x"] @ values["W1"].T + values["b1"]
    y = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(values["z2"], y @ values["W2"].T + values["b2"])


def test_an_axis_that_is_known_at_run_time_keeps_its_name():
    system = net(dense(4, activation="gelu"), dense(2), inputs={"x": ["t", 5]})
    assert lines(system)[:2] == [
        "z1[n,t,i] = sum(j, W1[i,j]*x[n,t,j]) + b1[i]",
        "y1[n,t,i] = z1[n,t,i]*normcdf(z1[n,t,i])",
    ]
    assert system.table["t"].shape[1] == affine(Dim("t"))
    assert lines(system)[-1] == "E = sum(n,i,j, (z2[n,i,j] - t[n,i,j])**2)/(2*size(n))"


def test_two_inputs_share_a_run_time_axis():
    system = net(
        {"type": "concat", "inputs": ["u", "v"]},
        {"type": "concat", "inputs": ["concat1", "concat1"], "dim": 1},
        inputs={"u": ["t", 3], "v": ["t", 5]},
    )
    u, v = np.arange(12.0).reshape(2, 2, 3), np.arange(20.0).reshape(2, 2, 5)
    values = run(system, u=u, v=v, t=np.zeros((2, 4, 8)))
    both = np.concatenate([u, v], axis=-1)
    np.testing.assert_array_equal(values["concat2"], np.concatenate([both, both], axis=1))


@pytest.mark.parametrize("dim", [1, 2, 3, -1, -2])
def test_concat_along_any_axis(dim):
    parts = [[2, 3, 5], [2, 3, 5], [2, 3, 5]]
    for k, part in enumerate(parts):
        part[dim - 1 if dim > 0 else dim] += k
    system = net(
        {"type": "concat", "inputs": ["a", "b", "c"], "dim": dim},
        inputs=dict(zip("abc", parts, strict=True)),
    )
    values = run(system)
    wanted = np.concatenate([values[k] for k in "abc"], axis=dim)
    np.testing.assert_array_equal(values["concat1"], wanted)


@pytest.mark.parametrize(("start", "end"), [(1, -1), (1, 2), (2, 3), (2, -1), (1, 1), (3, 3)])
def test_flatten_as_in_memory(start, end):
    system = net({"type": "flatten", "start_dim": start, "end_dim": end}, inputs={"x": [2, 3, 5]})
    values = run(system)
    last = end % 4
    sizes = values["x"].shape
    wanted = (*sizes[:start], int(np.prod(sizes[start : last + 1])), *sizes[last + 1 :])
    np.testing.assert_array_equal(values["flatten1"], values["x"].reshape(wanted))


def test_flatten_of_a_number_for_each_sample():
    system = net({"type": "flatten"}, dense(2), inputs={"x": []})
    assert shape(system, "flatten1") == ("n", 1)


def test_what_flatten_and_concat_cannot_take():
    assert problems({"type": "flatten"}, inputs={"x": [3, "t"]}) == [
        "layers[1] (flatten): axis 2 is known at run time only, and only the first axis that is "
        "merged may be; start at it with start_dim = 2"
    ]
    assert problems({"type": "flatten", "start_dim": 4}) == [
        "layers[1] (flatten): start_dim = 4: the input has 2 axes, the batch's is 0; give 1, "
        "or -1 for the last"
    ]
    both = {"type": "concat", "inputs": ["u", "v"]}
    assert problems(both, inputs={"u": [3], "v": [2, 3]}) == [
        "layers[1] (concat): the inputs have 2 and 3 axes; flatten one of them first"
    ]
    assert (
        "two extents: 3 (declared) and 4 (declared)"
        in (problems({**both, "dim": 1}, inputs={"u": [2, 3], "v": [2, 4]})[0])
    )


# ---- the bias inside the weights -----------------------------------------------------------------


def test_the_bias_inside_the_weights_is_the_same_net():
    apart = load(GENERATED / "gender" / "gender.toml")
    merged = load(GENERATED / "gender_merged" / "gender_merged.toml")
    assert lines(merged)[:2] == [
        "xa1[n,j] = where(j < 2, x[n,j], 1)",
        "z1[n,i] = sum(j, W1[i,j]*xa1[n,j])",
    ]
    assert dict(merged.training.initializers) == {
        name: Initializer("glorot_uniform", (("bias_column", True),)) for name in ("W1", "W2")
    }
    values = run(apart)
    joined = {f"W{k}": np.column_stack([values[f"W{k}"], values[f"b{k}"]]) for k in (1, 2)}
    given = {"x": values["x"], "t": values["t"]}
    again = run(merged, **given, **joined)
    np.testing.assert_allclose(again["E"], values["E"])
    gradients = []
    for system, known in ((apart, values), (merged, again)):
        found = differentiate(system)
        leaves = {t.name: known[t.name] for t in system.having("input", "target", "parameter")}
        everything = evaluate((*found.forward, *found.backward), found.table, leaves)
        gradients.append({w: everything[found.adjoint[w]] for w in system.trainable})
    for k in (1, 2):
        pair = np.column_stack([gradients[0][f"W{k}"], gradients[0][f"b{k}"]])
        np.testing.assert_allclose(gradients[1][f"W{k}"], pair)


def test_merging_for_one_layer_and_its_initialiser():
    system = net(
        dense(4, merge_bias=True, activation="relu"),
        dense(2),
        parameters={"W1": {"init": "he"}},
    )
    assert dict(system.training.initializers)["W1"] == Initializer(
        "he_normal", (("bias_column", True),)
    )
    assert shape(system, "W1") == (4, 4)
    assert problems(dense(2), merge_bias=True, parameters={"b1": {"init": "zeros"}}) == [
        "parameters.b1: there is no such parameter; known: W1"
    ]
    assert shape(net(dense(2, bias=False), merge_bias=True), "W1") == (2, 3)


# ---- Mazur ---------------------------------------------------------------------------------------


def test_mazurs_forward_pass():
    system = load(GENERATED / "mazur" / "mazur.toml")
    assert system.trainable == ("W1", "W2")
    values = run(system, **{k: np.array(v) for k, v in system.training.example})
    assert round(values["E"].item(), 9) == 0.298371109


def test_depth_costs_no_more_than_its_length():
    systems = [net(*[dense(3, activation="tanh")] * depth, loss="mse") for depth in (2, 8, 32)]
    assert [len(s.equations) for s in systems] == [5, 17, 65]
    assert all(len(a.tensors) < len(b.tensors) for a, b in pairwise(systems))


def test_a_layer_that_the_loss_s_equations_read_is_read():
    spec = {
        "inputs": {"x": [3]},
        "layers": [{"type": "dense", "name": n, "units": 2, "inputs": ["x"]} for n in "ab"],
        "output": "a",
        "loss": {"equations": "E = mean(n,i, (z_a[n,i] - z_b[n,i])**2)"},
    }
    assert load(spec).origin.warnings == ()
    spec["loss"] = {"equations": "E = mean(n,i, z_a[n,i]**2)"}
    assert "nothing reads this layer" in load(spec).origin.warnings[0]


def test_messages_are_of_bounded_length():
    many = [{"type": f"foo{k}"} for k in range(70)]
    with pytest.raises(ChainruleError) as caught:
        load({"inputs": {"x": [2]}, "layers": many, "loss": "mse"})
    told = caught.value.problems
    assert len(told) == 51
    assert max(map(len, told)) <= 400
    assert told[0].endswith("`chainrule layers` lists what there is")
    assert told[-1].startswith("and ")
    assert len(str(ChainruleError("a " * 1000))) <= 400
