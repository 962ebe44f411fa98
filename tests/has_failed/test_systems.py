"""Systems that have failed before: a row for each, so that it doesn't come back."""

import numpy as np
import pytest

from codegen import emit, load_module
from derive import differentiate, load, parse
from derive.errors import ChainruleError
from derive.language.printer import equation_text
from tests.has_failed.right import right


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


@pytest.mark.parametrize(
    ("read", "sizes"),
    [
        ("B[i%2,j,j//2]", {"B.0": 3, "B.1": 5, "B.2": 5}),
        ("B[2*j-1,2*i,j]", {"i": 1, "B.0": 5, "B.1": 2, "B.2": 5}),
        ("B[j,2*i,q[j]]", {"B.0": 5, "B.1": 4, "B.2": 5}),
    ],
)
def test_a_letter_in_two_subscripts_beside_one_that_walks_a_part(read, sizes):
    integers = ["q"] if "q" in read else []
    spec = {"inputs": integers, "integers": integers, "sizes": {"i": 2, "j": 5} | sizes}
    right(parse(f"E = sum(i,j, exp({read}*w[i]))", parameters=["B", "w"], objective="E", **spec))


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


def test_a_letter_that_is_renamed_is_caught_by_no_other_reduction():
    """`mean(v, max(j, ...))` under a left `v`: v became j, and the maximum's j caught it."""
    text = "y[v] = sum(v, max(j, x[v]*w[j])*w[v])\nE = sum(v, y[v]**2)"
    derivation = right(
        parse(text, parameters=["w"], inputs=["x"], objective="E", sizes={"v": 3, "j": 3})
    )
    module = load_module(emit(derivation, part="math"))
    w, x = np.array([1.0, 2, 3]), np.array([2.0, 1, -1])
    assert module.loss({"w": w}, x) == 3 * (6 * 1 + 3 * 2 - 1 * 3) ** 2


def test_an_objective_that_is_given_is_refused():
    with pytest.raises(ChainruleError, match="objective: 'w' is given, as parameter"):
        parse("E = w**2", parameters=["w"], objective="w")


def test_a_convolution_over_no_channels_is_refused():
    layers = [{"type": "conv2d", "channels": 6, "kernel_size": 3}]
    with pytest.raises(ChainruleError, match="the input has no axis of channels"):
        load({"inputs": {"x": []}, "layers": layers, "loss": "mse"})


@pytest.mark.parametrize(
    ("problems", "told"), [(51, "1 more problem like"), (53, "3 more problems")]
)
def test_problems_that_are_left_out_are_counted(problems, told):
    last = ChainruleError(*map(str, range(problems))).problems[-1]
    assert last.startswith(f"and {told}")


def test_what_is_compared_and_selected_may_hold_an_inverse():
    value = "max(i,j, inv(M)[0,i-j+1]*w[i]*v[j]) + v[1]"
    sizes = {"M.0": 2, "M.1": 2, "w.0": 2, "v.0": 2}
    text = f"E = where({value} > 0.1, sqrt({value}), 2)"
    right(parse(text, parameters=["M", "w", "v"], objective="E", sizes=sizes))


@pytest.mark.parametrize("before", ["h[i,k,v-1]", "h[i-1,k,v] + h[i,k,v-1]"])
def test_what_a_loop_gives_is_scattered(before):
    """Values lay in the order of a loop's axes, their places in that of their letters."""
    body = f"tanh({before} + x[i]*B[v,q[i],v-k+1])"
    text = f"h[i,k,v] = {body}\nE = sum(i,k,v, w[v]*h[i,k,v])"
    sizes = {"i": 3, "k": 3, "v": 4, "B.1": 5, "B.2": 4}
    spec = {"parameters": ["w", "B"], "inputs": ["x", "q"], "integers": ["q"], "sizes": sizes}
    right(parse(text, objective="E", **spec))


NESTED = {
    "sum": "sum({0}, x[{0}]*{1})",
    "mean": "mean({0}, x[{0}]*{1})",
    "max": "max({0}, x[{0}]*{1})",
    "logsumexp": "logsumexp({0}, x[{0}]*{1})",
}


@pytest.mark.parametrize("kind", NESTED)
def test_deeply_nested_reductions_have_names(kind):
    """The names grow with the depth, s_s_s_..., and beyond 60 characters there was none."""
    body = "w[0]"
    for k in range(32):
        body = NESTED[kind].format("ij"[k % 2], body)
    sizes = {"i": 2, "j": 2, "w.0": 2, "x.0": 2}
    text = f"E = {body}"
    system = parse(text, inputs=["x"], parameters=["w"], objective="E", sizes=sizes)
    assert max(len(e.tensor) for e in system.equations) <= 60
    right(system)


@pytest.mark.parametrize("length", [50, 58, 60])
def test_what_belongs_to_a_long_name_has_a_name(length):
    name = "q" * length
    text = f"{name}[n] = sum(i, w[i]*max(j, x[n,j]*w[i]))\nE = sum(n, {name}[n]**2)"
    sizes = dict.fromkeys("ij", 2)
    right(parse(text, inputs=["x"], parameters=["w"], objective="E", batch="n", sizes=sizes))


@pytest.mark.parametrize(
    "body",
    [
        "where(s - s > 0.8, log(s - s), x[i]*s)",
        "where(-s + s >= 1, 1/(s - s), x[i]*s)",
        "where(s*0 > 1, sqrt(s - s - 1), x[i]*s)",
        "where(2 < 1, log(s - s), x[i]*s)",
        "where(s - s == 0, x[i]*s, log(s - s))",
        "where(s - s != 0, log(s - s), x[i]*s)",
        "where(x[i] - x[i] < 0, log(x[i] - x[i]), x[i]*s)",
        "where(s <= s - 1, log(s - s - 1), x[i]*s)",
        "tanh(where(s - s > 0.8, log(s - s), x[i]*s))",
        "where(s - s > 0.8, where(s > 0, log(s - s), s), x[i]*s)",
    ],
)
def test_a_branch_that_is_never_taken_may_be_undefined(body):
    right(
        parse(
            f"E = sum(i, {body})",
            inputs=["x"],
            parameters=["s"],
            objective="E",
            sizes={"i": 3},
        )
    )
