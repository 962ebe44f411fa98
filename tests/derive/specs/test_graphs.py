"""Networks as graphs: residuals, any order, what no graph is."""

import numpy as np

from derive.specs.load import load
from tests.derive.specs.nets import GENERATED, dense, net, problems, run

# ---- graphs --------------------------------------------------------------------------------------


def test_a_residual_connection():
    system = load(GENERATED / "residual" / "residual.toml")
    values = run(system)
    np.testing.assert_array_equal(values["y_around"], values["y_first"] + values["y_second"])
    wanted = np.concatenate([values["y_around"], values["x"]], axis=1)
    np.testing.assert_array_equal(values["concat1"], wanted)
    assert [layer.inputs for layer in system.origin.layers] == [
        ("x",),
        ("y_first",),
        ("y_first", "y_second"),
        ("y_around", "x"),
        ("concat1",),
    ]


def test_layers_may_stand_in_any_order():
    system = net(
        {"type": "multiply", "name": "gated", "inputs": ["a", "b", "y1"]},
        dense(4, name="a", inputs=["x"]),
        dense(4, name="b", inputs=["x"], activation="sigmoid"),
        dense(4, inputs=["a"]),
        output="gated",
    )
    assert [layer.name for layer in system.origin.layers] == ["a", "b", "1", "gated"]
    assert system.output == "y_gated"
    assert not system.origin.warnings


def test_the_first_layer_takes_all_inputs():
    system = net({"type": "add"}, inputs={"a": [3], "b": [3]})
    assert system.origin.layers[0].inputs == ("a", "b")
    (found,) = problems(dense(2), inputs={"a": [3], "b": [3]})
    assert found == (
        "layers[1] (dense): it takes one input and would get 2; name one, such as "
        'inputs = ["a"], or join them with a layer of type "concat"'
    )


def test_a_layer_that_nothing_reads_is_warned_about():
    system = net(dense(4), dense(2, inputs=["x"]))
    assert system.origin.warnings == (
        "layers[1] (dense): nothing reads this layer, and it isn't the output",
    )


def test_graphs_that_are_none():
    ring = (
        dense(3, name="a", inputs=["c"]),
        {"type": "relu", "name": "b", "inputs": ["a"]},
        {"type": "relu", "name": "c", "inputs": ["b"]},
    )
    assert problems(*ring) == [
        "layers[1] (dense): the layers wait for each other in a circle: a reads c reads b reads a; "
        "take one of these inputs out"
    ]
    assert problems(dense(3, name="hidden"), dense(2, inputs=["hiden"])) == [
        "layers[2] (dense).inputs: unknown layer 'hiden'; did you mean 'hidden'?"
    ]
    assert problems(dense(3), {"type": "add"}) == [
        'layers[2] (add): it joins two inputs or more; name them, such as inputs = ["a", "b"]'
    ]
    assert problems(dense(3, inputs=[])) == [
        "layers[1] (dense).inputs: the list is empty; name what the layer reads"
    ]
    assert problems(dense(3), output="y3") == ["output: unknown layer 'y3'; known: z1, y1"]
    assert (
        "letter 'i' walks axis 1 of x and has two extents"
        in (problems(dense(2), {"type": "add", "inputs": ["y1", "x"]})[0])
    )


def test_a_layer_without_a_problem_is_not_blamed():
    found = problems(dense(0), dense(3, activation="rellu"), dense(2, inputs=["y9"]), dense(1))
    assert [p.split(":")[0] for p in found] == [
        "layers[1] (dense).units",
        "layers[2] (dense).activation",
    ]
