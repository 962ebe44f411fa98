"""Answers of others: asserted in tests, given as functions, in folders, as scripts that are run."""

import json

import numpy as np
import pytest

import derive
from codegen import emit, load_module
from codegen.cli import main
from derive import ChainruleError
from derive.answers.languages import Answer
from derive.checking import check_answer
from tests.derive.answers.two_layer_net import NET, SAME_MISTAKE, net

# ---- from Python ---------------------------------------------------------------------------------


def test_assert_gradient():
    derive.assert_gradient(NET, "W2", "sum(n, dz2[n,i]*y1[n,j])")
    derive.assert_gradient(net(), "W2", "dW2[o,u] = sum(n, dz2[n,o]*y1[n,u])")
    derive.assert_gradient(net(), "W2", "dz2.T @ y1")
    derive.assert_gradient(net(), "b2", "e[n,i] = dz2[n,i]\ndb2[i] = sum(n, e[n,i])")
    derive.assert_gradient(net(), "W2", r"\frac{\partial E}{\partial W^{(2)}_{ij}} = "
                           r"\sum_n \delta^{(2)}_{ni} y^{(1)}_{nj}")  # fmt: skip
    with pytest.raises(AssertionError, match="likely slip: factor"):
        derive.assert_gradient(NET, "W2", "2*sum(n, dz2[n,i]*y1[n,j])")
    with pytest.raises(AssertionError, match="no equation gives dW2"):
        derive.assert_gradient(NET, "W2", "db2[i] = sum(n, dz2[n,i])")
    with pytest.raises(AssertionError, match="likely slip: factor"):
        derive.assert_gradient(net(), "W2", "2 * dz2.T @ y1")
    with pytest.raises(ChainruleError, match="the formula is a text, not 'NoneType'"):
        derive.assert_gradient(net(), "W2", None)
    with pytest.raises(ChainruleError, match="no derivative by 'W7'"):
        derive.assert_gradient(NET, "W7", "1")


def test_a_function_against_the_derivation():
    derivation = net()
    gradients = load_module(emit(derivation)).gradients
    report = derive.check_function(derivation, gradients)
    assert report.ok
    assert [r.name for r in report.rows] == ["E", "W1", "b1", "W2", "b2"]

    def wrong(params, *given):
        loss, found = gradients(params, *given)
        return loss, {**found, "W1": found["W1"] * given[0].shape[0], "b1": found["b1"][:1]}

    told = {r.name: r for r in derive.check_function(derivation, wrong).rows}
    assert [n for n, r in told.items() if not r.ok] == ["W1", "b1"]
    assert told["W1"].data["counterexample"]["values"]["x"]
    assert told["b1"].detail == "its shape is (1,), not (3,)"

    def one(params, *given):
        return {"W1": gradients(params, *given)[1]["W1"]}

    only = derive.check_function(derivation.system, one)
    assert [r.name for r in only.rows] == ["W1"]
    assert derive.check_function(NET, gradients).ok

    def misspelt(params, *given):
        return {("w2" if n == "W2" else n): g for n, g in gradients(params, *given)[1].items()}

    told = {r.name: r for r in derive.check_function(derivation, misspelt).rows}
    assert [n for n, r in told.items() if not r.ok] == ["w2"]
    assert "did you mean 'W2'?" in told["w2"].detail
    for nothing in (lambda *_: None, lambda *_: {"V": 1}):
        with pytest.raises(ChainruleError, match="the function returned"):
            derive.check_function(derivation, nothing)


@pytest.mark.parametrize(
    ("loss", "gradient", "told"),
    [
        (None, lambda g: g + 1e-3j, "it is complex; return its real part"),
        (None, lambda g: [[1.0], [1.0, 2.0]], "it is no array of numbers but 'list'"),
        (None, lambda g: [["a"]], "it is no array of numbers"),
        (None, lambda g: None, "it is no array of numbers"),
        (np.zeros(3), lambda g: g, "its shape is (3,), not ()"),
        ("0.5", lambda g: g, "it is no array of numbers"),
    ],
)
def test_a_function_that_returns_something_else(loss, gradient, told):
    derivation = net()
    gradients = load_module(emit(derivation)).gradients

    def given(params, *arrays):
        right, found = gradients(params, *arrays)
        return right if loss is None else loss, {"W2": gradient(found["W2"])}

    report = derive.check_function(derivation, given)
    assert [r.detail for r in report.rows if not r.ok] == [told]


# ---- folders of answers --------------------------------------------------------------------------


def test_homework(tmp_path, capsys):
    spec, folder = tmp_path / "net.toml", tmp_path / "answers"
    spec.write_text(
        'name = "net"\ninputs = { x = [2] }\nlayers = [{ type = "dense", units = 3, activation = '
        '"sigmoid" }, { type = "dense", units = 2 }]\nloss = "squared_error"\n'
    )
    folder.mkdir()
    (folder / "anna.txt").write_text("dW2[i,j] = -sum(n, dz2[n,i]*y1[n,j])\n")
    (folder / "ben.tex").write_text(SAME_MISTAKE["latex"].replace(r"^{(1)}", "^{(1)}"))
    (folder / "carl.txt").write_text("dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])\n")
    (folder / "dora.txt").write_bytes(b"\xff\xfe")
    (folder / "emil.txt").write_text("dW2[i,j = sum(")
    assert main(["check", str(spec), "--against", str(folder)]) == 1
    out = capsys.readouterr().out
    assert [line.split()[:2] for line in out.splitlines()[2:5]] == [
        ["anna.txt", "wrong"],
        ["ben.tex", "wrong"],
        ["carl.txt", "right"],
    ]
    assert "can't be read" in out
    assert all(len(line) <= 80 for line in out.splitlines() if "comments in" not in line)
    comments = {p.name: p.read_text() for p in (folder / "comments").iterdir()}
    assert set(comments) == {f"{p.name}.md" for p in folder.iterdir() if p.is_file()}
    assert "likely slip: sign" in comments["anna.txt.md"]
    assert "This can't be read" in comments["emil.txt.md"]
    # a folder for a student; what is no text is told; a link is left alone
    (folder / "fred").mkdir()
    (folder / "fred" / "a.txt").write_text("dW2[i,j] = sum(n, dz2[n,i]*foo[n,j])\nb2[i] = 1")
    (folder / "gina.ipynb").write_text("{}")
    (folder / "link.txt").symlink_to(folder / "carl.txt")
    assert main(["check", str(spec), "--against", str(folder)]) == 1
    out = capsys.readouterr().out
    assert any(line.split()[:3] == ["fred/a.txt", "not", "checked"] for line in out.splitlines())
    assert ".ipynb files aren't read; save it as .py" in out
    assert "link.txt" not in out
    assert (folder / "comments" / "fred" / "a.txt.md").exists()
    for name in ("fred/a.txt", "gina.ipynb", "link.txt"):
        (folder / name).unlink()
    (folder / "fred").rmdir()
    for option in ("--fail-fast", "--markdown"):
        assert main(["check", str(spec), "--against", str(folder), option]) == 2
        assert "isn't for a folder of answers" in capsys.readouterr().err
    # once more, as data, with the comments elsewhere
    elsewhere = str(tmp_path / "comments")
    assert main(["check", str(spec), "--against", str(folder), "--json", "-o", elsewhere]) == 1
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [a["verdict"] for a in answers] == ["wrong", "wrong", "right"] + ["can't be read"] * 2
    assert main(["check", str(spec), "--against", str(tmp_path / "comments")]) in (1, 2)


# ---- NumPy source: read, and run -----------------------------------------------------------------

BACKWARD = """\
import numpy as np

def sigmoid(v):
    return 1/(1 + np.exp(-v))

def backward(x, t, params):
    a1 = sigmoid(x @ params["W1"].T + params["b1"])
    a2 = sigmoid(a1 @ params["W2"].T + params["b2"])
    delta2 = (a2 - t)*a2*(1 - a2)/len(x)
    dW2 = delta2.T @ a1
    db2 = delta2.sum(axis=0)
    delta1 = delta2 @ params["W2"]*a1*(1 - a1)
    dW1 = delta1.T @ x
    return dW1, dW2, db2
"""


def numpy_rows(source):
    return {r.name: r for r in check_answer(net(), Answer(source, "numpy")).rows}


def test_a_source_is_read():
    found = numpy_rows(BACKWARD)
    assert {n: r.verdict for n, r in found.items()} == dict.fromkeys(
        ["y1", "y2", "dz2", "dW2", "db2", "dz1", "dW1"], "equal"
    )


def test_a_bias_gradient_that_is_one_number():
    """NumPy would spread it over the biases as it is subtracted: Bot-Academy's nn.py."""
    found = numpy_rows(BACKWARD.replace("delta2.sum(axis=0)", "np.sum(delta2)"))
    assert [n for n, r in found.items() if not r.ok] == ["db2"]
    assert found["db2"].data["slips"][0] == "extra sum"


def test_a_gradient_of_another_shape():
    found = numpy_rows(BACKWARD.replace("dW2 = delta2.T @ a1", "dW2 = a1.T @ delta2"))
    assert [n for n, r in found.items() if not r.ok] == ["dW2"]
    row = found["dW2"]
    assert row.data["slips"] == ["transpose"]
    shapes = row.data["counterexample"]["shapes"]
    assert (shapes["derived"], shapes["written"]) == ("2 x 3", "3 x 2")


def run_it(tmp_path, source, capsys):
    spec, file = tmp_path / "net.toml", tmp_path / "backward.py"
    spec.write_text(
        'name = "net"\ninputs = { x = [2] }\nloss = "squared_error"\nlayers = [\n'
        '{ type = "dense", units = 3, activation = "sigmoid" },\n'
        '{ type = "dense", units = 2, activation = "sigmoid" }]\n'
    )
    file.write_text(source)
    code = main(["check", str(spec), "--against", str(file), "--run", "--json"])
    out, err = capsys.readouterr()
    return code, {r["tensor"]: r for r in json.loads(out)["formulas"]} if out else {}, err


def test_a_source_is_run(tmp_path, capsys):
    code, found, _ = run_it(tmp_path, BACKWARD, capsys)
    assert code == 0
    assert {n: r["verdict"] for n, r in found.items()} == dict.fromkeys(
        ["dW1", "dW2", "db2"], "equal at points"
    )
    wrong = BACKWARD.replace("/len(x)", "").replace("delta2.sum(axis=0)", "np.sum(delta2)")
    code, found, _ = run_it(tmp_path, wrong, capsys)
    assert code == 1
    assert {r["verdict"] for r in found.values()} == {"different"}
    assert found["dW2"]["counterexample"]["values"]["x"]
    assert found["db2"]["detail"] == "db2 has shape (2,), and the source gives ()"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import os\ndW1 = 3", "'os' isn't imported"),
        ("v = 3", "nothing here gives a tensor"),
        ("def f(unknown):\n    dW1 = unknown\n    return dW1\n", "it ran, and set none of dW1"),
        ("dW1 = np.zeros(3)\nwhile True:\n    pass", "stopped after"),
    ],
)
def test_what_is_not_run(tmp_path, capsys, source, problem):
    code, found, err = run_it(tmp_path, source, capsys)
    assert (code, found) == (2, {})
    assert problem in err
    assert len(err.splitlines()) == 1


CLASS = """\
class Net:
    def forward(self, X):
        self.z1 = np.dot(X, self.W1) + self.b1
        self.a1 = 1/(1 + np.exp(-self.z1))
        self.z2 = np.dot(self.a1, self.W2) + self.b2
        self.a2 = 1/(1 + np.exp(-self.z2))
        return self.a2

    def backward(self, X, y):
        out = self.forward(X)
        d2 = (out - y)*out*(1 - out)/num_examples
        self.dW2 = self.a1.T @ d2
        self.db2 = np.sum(d2, axis=0, keepdims=True)
        d1 = (d2 @ self.W2.T)*self.a1*(1 - self.a1)
        self.dW1 = X.T @ d1
        self.W1 -= self.lr*self.dW1
"""


def test_a_tutorial_s_class():
    """Weights [in, out], `self`, the number of examples by a name of its own."""
    report = check_answer(net(), Answer(CLASS))
    found = {r.name: r.verdict for r in report.rows}
    names = ["z1", "y1", "z2", "y2", "dz2", "dW2", "db2", "dz1", "dW1", "next(W1)"]
    assert found == dict.fromkeys(names, "equal")
    assert dict(report.names)["W1"] == "W1.T"


def test_what_a_script_sets_to_no_array_is_told(tmp_path, capsys):
    source = tmp_path / "answer.py"
    source.write_text('dW2 = dz2.T @ y1\ndW1 = "hello"\ndb2 = None\n')
    spec = "generated/gender/gender.toml"
    assert main(["check", spec, "--against", str(source), "--run", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["formulas"]
    assert {f["tensor"]: f["verdict"] for f in told} == {
        "dW2": "equal at points",
        "dW1": "not checked",
        "db2": "not checked",
    }
