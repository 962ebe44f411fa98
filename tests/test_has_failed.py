"""What has failed before: a row for each, so that it doesn't come back."""

import ast

import numpy as np
import pytest

from codegen import emit, load_module
from codegen.verify import verify_module
from derive import check, differentiate, load, parse
from derive.errors import ChainruleError
from derive.text import equation_text


def right(system):
    derivation = differentiate(system)
    rows = (*check(derivation).rows, *verify_module(derivation))
    assert [(row.name, row.detail) for row in rows if not row.ok] == []
    return derivation


def test_a_letter_that_is_written_in_is_none_of_the_writer_s():
    """`W2[i,i]` stood where `W2[j,i]` belongs, with two layers of one width behind a third axis."""
    layers = [{"type": "dense", "units": 2, "activation": "tanh"}, {"type": "dense", "units": 2}]
    derivation = right(load({"inputs": {"x": [5, 3]}, "layers": layers, "loss": "mse"}))
    told = {e.tensor: equation_text(e) for e in derivation.backward}["dz1"]
    assert told == "dz1[n,k,i] = sum(l, dz2[n,k,l]*W2[l,i])*(1 - y1[n,k,i]**2)"
    text = "z[k,i]=x[k,i]*w[i]\ny[i,j]=tanh(z[i,j])\nE=sum(i,k,sum(j,W[k,j]*y[i,j])**2)"
    sizes = dict.fromkeys("ijk", 3)
    right(parse(text, inputs=["x"], parameters=["w", "W"], objective="E", sizes=sizes))


@pytest.mark.parametrize(
    "body",
    [
        "abs(w[i])**(1/3)",
        "(w[i]**2 + 1)**(-1/3)",
        "(w[i]**2 + 8)**(2/3)",
        "(w[i]**2 + 1)**(1/size(w, 0))",
        "(1/3)**w[i]",
        "2**(1/3)*w[i]",
    ],
)
def test_powers_that_are_quotients(body):
    right(parse(f"E = sum(i, {body})", parameters=["w"], objective="E", sizes={"i": 3}))


@pytest.mark.parametrize(
    "read",
    ["h[t-1,idx[t]]", "h[t-1,i+t]", "h[t+1,2*i+t]", "h[t-1,(i+t)%4]", "h[t-1,i,i]", "h[t-1,0]"],
)
def test_recurrences_that_read_elsewhere_along_other_axes(read):
    rank = read.count(",") + 1
    left = "h[t,i]" if rank == 2 else "h[t,i,j]"
    text = f"{left} = sin(x[t,i] + w[i]*{read})\nE = sum(t,i,{'j,' * (rank > 2)} {left}*g[t,i])"
    integers = ["idx"] if "idx" in read else []
    sizes = {"t": 5, "i": 4} | ({"j": 4} if rank > 2 else {})
    inputs = ["x", "g", *integers]
    spec = {"parameters": ["w"], "inputs": inputs, "integers": integers, "sizes": sizes}
    right(parse(text, objective="E", **spec))


def test_a_system_from_python_has_an_optimiser():
    derivation = right(
        parse("E = sum(i, (w[i] - 1)**2)", parameters=["w"], objective="E", sizes={"i": 3})
    )
    assert [e.tensor for e in derivation.updates] == ["next(w)"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("E = log(0)*w", "log(0) is infinite or no real number"),
        ("E = sqrt(-1)*w", "sqrt(-1) is infinite or no real number"),
        ("E = w*tan(pi/2)", "infinite or no real number whatever the numbers are"),
        ("E = 0**w", "a power of 0 is real for some exponents only"),
        ("E = (-2)**w", "a power of -2 is real for some exponents only"),
        ("E = (w - w)**w", "infinite or no real number"),
        ("E = w*(1 - 3)**0.5", "infinite or no real number"),
        ("E = w/(w - w)", "infinite or no real number"),
        ("E = w*1e400", "this number is no float64"),
        ("E = exp(1000)*w", "exp(1000) is infinite"),
        ("next(w) = w\nE = w", "'w' is a parameter, which the optimiser moves"),
        ("a = b\nb = a\nE = a*w", "at the same place (lag 0)"),
        ("E = F = w", "invalid syntax near"),
        (f"E = w*{'1' * 5000}", "this number is too long"),
        (f"E = {'+'.join(['w'] * 5000)}", "split it with named intermediates"),
        ("E = w*x[99999999999999999999]", "this subscript is too large"),
    ],
)
def test_what_has_no_answer_is_refused_in_our_words(text, told):
    inputs = ["x"] if "x[" in text else []
    with pytest.raises(ChainruleError) as caught:
        differentiate(parse(text, parameters=["w"], inputs=inputs, objective="E"))
    (problem,) = caught.value.problems
    assert told in problem


def test_an_input_of_integers_that_nothing_reads_is_told():
    spec = {"inputs": {"x": [2], "k": []}, "integers": ["k"], "loss": "mse"}
    layers = [{"type": "dense", "units": 2, "inputs": ["x"]}]
    assert differentiate(load({**spec, "layers": layers})).warnings == (
        "the objective E does not depend on k",
    )


def test_an_activation_may_have_a_parameter_of_the_layer_s_name():
    spec = {
        "inputs": {"x": [2]},
        "define": {"act": {"equations": "y[n,i] = tanh(x[n,i] + b[i])", "parameters": ["b"]}},
        "layers": [{"type": "dense", "units": 3, "activation": "act"}],
        "loss": "mse",
    }
    assert load(spec).trainable == ("W1", "b1", "b_act1")


def test_a_letter_in_two_left_subscripts_is_short_once():
    text = "E = sum(i,j, (sin(w[j])*A[j,1-j]*v[j%2] + v[j+2])*x[i,j]) + sum(k, v[k]*v[4-k]**2)"
    sizes = {"i": 3, "j": 2, "v.0": 5, "A.1": 2}
    right(parse(text, parameters=["w", "v", "A"], inputs=["x"], objective="E", sizes=sizes))


def test_what_two_buffers_need_on_the_way_has_names():
    text = (
        "y[n] = x[n]*w\nE = sum(n, y[n]**2)\n"
        "next(a) = 2*sum(n, y[n])*sum(n, x[n])\nnext(b) = 3*sum(n, y[n]**2)*sum(n, x[n]**2)"
    )
    spec = {"parameters": ["w"], "inputs": ["x"], "buffers": ["a", "b"], "batch": "n"}
    right(parse(text, objective="E", **spec))


def test_names_of_the_optimiser_may_be_the_model_s():
    text = "E = sum(i, (w[i]*eps[i] - learning_rate[i])**2) + step*beta1 + m_w"
    names = ["w", "eps", "learning_rate", "step", "beta1", "m_w"]
    derivation = right(
        load(
            {
                "equations": text,
                "parameters": names,
                "objective": "E",
                "sizes": {"i": 3},
                "optimizer": {"type": "adam", "schedule": "cosine"},
            }
        )
    )
    assert len({t.name for t in derivation.tensors}) == len(derivation.tensors)


@pytest.mark.parametrize("task", ["", "classification"])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_a_classifier_by_hinge_aims_at_minus_one_and_one(loss, task):
    """Its targets were 0 and 1, so that the first class asked nothing of the score."""
    layers = [{"type": "dense", "units": 1}]
    derivation = differentiate(
        load({"inputs": {"x": [2]}, "layers": layers, "loss": loss, "task": task})
    )
    module = load_module(emit(derivation))
    x = np.random.default_rng(3).normal(size=(60, 2)) + 4
    labels = np.where(x @ [1, -2] > -4, "up", "down")
    model = module.Model(epochs=100, batch_size=60, learning_rate=0.1, standardize=True).fit(
        x, labels
    )
    assert model.score(x, labels) > 0.9
    same = module.Model(epochs=100, batch_size=60, learning_rate=0.1, standardize=True)
    same.fit(x, np.where(labels == "up", 1, -1))
    assert all(np.array_equal(same.params_[k], model.params_[k]) for k in model.params_)
    scaled = (x - x.mean(0)) / x.std(0)
    signs = np.where(labels == "up", 1.0, -1.0)[:, None]
    assert np.isclose(model.mean_loss(x, labels), module.loss(model.params_, scaled, signs), 1e-12)


def test_a_formula_that_has_no_place_is_told():
    text = "E = sum(i, w[i]**2)"
    derivation = differentiate(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    rows = check(derivation, "dw[i] = 2*w[i]\ndW[i] = 0").rows
    told = {row.name: (row.verdict, row.detail) for row in rows if row.check == "formula"}
    assert told["dw"][0] == "identical"
    assert told["dW"] == (
        "not checked",
        "the model has no 'dW', and no other formula reads it; did you mean 'dw'?",
    )


def test_a_formula_for_what_will_be_is_compared():
    """`next(w)[i] = ...` was passed over in silence."""
    text = "E = sum(i, w[i]**2)"
    derivation = differentiate(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    rows = check(derivation, "next(w)[i] = w[i] + learning_rate*dw[i]").rows
    assert [row.verdict for row in rows if row.check == "formula"] == ["different"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a[i]**b[i]", "where(a[i] == 0, 0, a[i]**b[i]*log(a[i]))"),
        ("(a[i]**2 + 1)**b[i]", "(a[i]**2 + 1)**b[i]*log(a[i]**2 + 1)"),
        ("2**b[i]*a[i]", "log(2)*2**b[i]*a[i]"),
    ],
)
def test_a_power_by_its_exponent_at_a_base_of_0(body, told):
    """It was 0*log(0); and (a*c)**b by a was b*(a*c)**b/a."""
    text = f"E = sum(i, {body})"
    derivation = right(parse(text, parameters=["a", "b"], objective="E", sizes={"i": 3}))
    assert equation_text(derivation.gradient("b")) == f"db[i] = {told}"
    params = {"a": np.array([0.0, 2.0, 0.0]), "b": np.array([2.0, 3.0, 1.0])}
    _, gradients = load_module(emit(derivation)).gradients(params)
    assert all(np.isfinite(g).all() for g in gradients.values())


def test_a_power_of_a_product_is_not_divided_by_a_factor():
    text = "E = sum(i, (a[i]*c)**(b[i]**2))"
    spec = {"parameters": ["a", "b", "c"], "sizes": {"i": 3}}
    derivation = right(parse(text, objective="E", **spec))
    assert equation_text(derivation.gradient("a")) == "da[i] = (a[i]*c)**(b[i]**2 - 1)*c*b[i]**2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**3)", "1.5*b[i]"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i])", "1/(2*b[i])"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**2*w[i]**(3/2))", "2.5*b[i]**3"),
        ("b[i] = 1/sqrt(w[i])\nE = sum(i, b[i])", "-b[i]**3/2"),
        ("b[i] = sqrt(w[i])\nE = sum(i, b[i]**2*x[i])", "x[i]"),
    ],
)
def test_a_root_is_told_through_its_output(text, told):
    """`b**2*sqrt(z)` stood where `b**3` is meant."""
    inputs = ["x"] if "x[" in text else []
    spec = {"parameters": ["w"], "inputs": inputs, "sizes": {"i": 3}}
    derivation = right(parse(text, objective="E", **spec))
    assert equation_text(derivation.gradient("w")) == f"dw[i] = {told}"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_number_of_many_digits_is_one_literal(dtype):
    text = "E = sum(i, 1.6732632423543772*1.0507009873554805*w[i]**2 + w[i]**(1.23456789/3))"
    derivation = right(parse(text, parameters=["w"], objective="E", sizes={"i": 3}))
    module = load_module(source := emit(derivation, dtype=dtype))
    assert "1.7580993408473768 * w**2" in source
    numbers = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    assert max(n for n in numbers if isinstance(n, int | float)) < 100_000
    w = np.array([0.5, 1.0, 2.0], dtype)
    _, gradients = module.gradients({"w": w})
    assert gradients["w"].dtype == dtype
    wanted = 2 * 1.6732632423543772 * 1.0507009873554805 * w + 0.41152263 * w ** (0.41152263 - 1)
    np.testing.assert_allclose(gradients["w"], wanted, rtol=1e-6)


def told(text, formulas, seed=0, **spec):
    derivation = differentiate(parse(text, objective="E", **spec))
    rows = check(derivation, formulas, seed).rows
    return {row.name: row.verdict for row in rows if row.check == "formula"}


def test_a_formula_that_is_right_in_one_branch_is_not_right():
    """`dw = v` was called identical where all numbers drawn for w were positive."""
    for seed in range(8):
        text, spec = "E = relu(w)*v", {"parameters": ["w", "v"]}
        assert told(text, "dw = v\ndv = w", seed, **spec) == {"dw": "different", "dv": "different"}
    right = "dw = where(w > 0, v, 0)\ndv = relu(w)"
    assert told(text, right, **spec) == {"dw": "equal at points", "dv": "equal at points"}


def test_a_text_may_name_what_looks_like_derivatives_of_its_own():
    """CS231n's `dot` and `ddot` were refused, and so was any text about a second derivative."""
    text, spec = "E = sigmoid(w*x)", {"parameters": ["w"], "inputs": ["x"]}
    formulas = "dot = w*x\nout = sigmoid(dot)\nddot = out*(1 - out)\ndw = ddot*x"
    assert told(text, formulas, **spec) == {"dw": "equal at points"}
    again = differentiate(differentiate(parse(text, objective="E", **spec)), of="dw", wrt=["w"])
    rows = check(again, f"{again.adjoint['w']} = E*(1 - E)*(1 - 2*E)*x**2").rows
    assert [row.verdict for row in rows if row.check == "formula"] == ["identical"]
    with pytest.raises(ChainruleError, match="column 6: 'dwx' is bound nowhere"):
        check(again, "dw = dwx")


def test_a_text_s_own_names_are_none_of_the_engine_s():
    """`s` and `c` stand for parts that nobody named; they took the place of the text's own."""
    text = "y[i] = exp(z[i])/sum(k, exp(z[k]))\nE = -sum(i, t[i]*log(y[i]))"
    spec = {"parameters": ["z"], "targets": ["t"], "sizes": {"i": 3}}
    for name in ("s", "c", "total"):
        formulas = f"{name} = sum(k, t[k])\ndz[i] = y[i]*{name} - t[i]"
        assert told(text, formulas, **spec) == {"dz": "equal at points"}
    formulas = "s[i] = y[i]*dy[i]\ndy[i] = -t[i]/y[i]\ndz[i] = s[i] - y[i]*sum(k, s[k])"
    assert told(text, formulas, **spec) == {"dy": "identical", "dz": "equal at points"}
    # read and not given, they are what the engine means, as its documents print them
    assert told(text, "y[i] = exp(z[i])/s", **spec) == {"y": "identical"}


ONE_CYCLE = {
    1: [4e-07],
    2: [0.0811745653949763, 4e-07],
    3: [0.09944154354509119, 0.046263710266697504, 4e-07],
    4: [0.004, 0.0811745653949763, 0.028306099820869922, 4e-07],
    5: [0.004, 0.09504846320134738, 0.06112620219362893, 0.0188258346050237, 4e-07],
}


@pytest.mark.parametrize("steps", ONE_CYCLE)
def test_one_cycle_of_few_steps(steps):
    """Of two or three steps it began with the lowest rate; the figures are PyTorch's OneCycleLR."""
    optimizer = {"type": "sgd", "learning_rate": 0.1, "schedule": "one_cycle", "total_steps": steps}
    spec = {"equations": "E = w", "parameters": ["w"], "objective": "E", "optimizer": optimizer}
    module = load_module(emit(differentiate(load(spec))))
    params = {"w": np.array(0.0)}
    state = module.init_state(params)
    rates = []
    for _ in range(steps):
        before = float(params["w"])
        module.train_step(params, state)
        rates.append(before - float(params["w"]))
    np.testing.assert_allclose(rates, ONE_CYCLE[steps], rtol=1e-9, atol=1e-15)
