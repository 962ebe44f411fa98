"""Gradients as a person writes them, from the literature, against what is derived.

Each text is checked as a user checks it. What stands upstream is random where no loss is named. For
each layer a mistake that people make must be found, at the tensor where it was made and nowhere
else, with numbers that show it.
"""

import json
from functools import cache

import pytest

from derive import ChainruleError, check, differentiate, load
from derive.answers.check_text import check_formulas
from derive.systems.train_or_infer import in_mode

pytestmark = pytest.mark.sampled

RIGHT = ("equal", "equal at points")


def network(layers, inputs, of=None, **more):
    spec = {"name": "net", "inputs": inputs, "layers": layers, "loss": "squared_error", **more}
    return differentiate(in_mode(load(spec), training=True), of=of)


DENSE = """
dz2[n,i] = dy2[n,i]*(1 - y2[n,i]**2)
dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])
db2[i] = sum(n, dz2[n,i])
dz1[n,j] = sum(i, W2[i,j]*dz2[n,i])*y1[n,j]*(1 - y1[n,j])
dW1[i,j] = sum(n, dz1[n,i]*x[n,j])
db1[i] = sum(n, dz1[n,i])
dx[n,j] = sum(i, W1[i,j]*dz1[n,i])
"""

# Bishop 2006, eq. 4.109, for the mean over a batch
SOFTMAX = """
y[n,i] = exp(z1[n,i])/sum(k, exp(z1[n,k]))
dz1[n,i] = (y[n,i] - t[n,i])/size(n)
dW1[i,j] = sum(n, (y[n,i] - t[n,i])*x[n,j])/size(n)
db1[i] = sum(n, y[n,i] - t[n,i])/size(n)
dx[n,j] = sum(i, W1[i,j]*(y[n,i] - t[n,i]))/size(n)
"""

# Ioffe & Szegedy 2015, with the chain of section 3 worked out; x^ is the normalised input
BATCH_NORM = """
N = size(x, 0)
mu[c] = sum(n, x[n,c])/N
var[c] = sum(n, (x[n,c] - mu[c])**2)/N
xhat[n,c] = (x[n,c] - mu[c])/sqrt(var[c] + 1e-5)
dg1[c] = sum(n, dy1[n,c]*xhat[n,c])
db1[c] = sum(n, dy1[n,c])
dx[n,c] = g1[c]/(N*sqrt(var[c] + 1e-5))*(N*dy1[n,c] - db1[c] - xhat[n,c]*dg1[c])
next(running_mean1)[c] = 0.9*running_mean1[c] + 0.1*mu[c]
next(running_var1)[c] = 0.9*running_var1[c] + 0.1*var[c]*where(N > 1, N/(N - 1), 1)
"""

# Goodfellow et al. 2016, eq. 9.11 and 9.13; the input's gradient is a full correlation of the
# outputs' with the kernel turned around. Stride 1, one zero around the input.
CONVOLUTION = """
turned[o,c,u,v] = W1[o,c,size(u)-1-u,size(v)-1-v]
dx[n,c,i,j] = sum(o,u,v, turned[o,c,u,v]*dz1[n,o,i+u+2-size(u),j+v+2-size(v)])
dW1[o,c,u,v] = sum(n,i,j, dz1[n,o,i,j]*x[n,c,i+u-1,j+v-1])
db1[o] = sum(n,i,j, dz1[n,o,i,j])
"""

# Greff et al. 2017, LSTM: a search space odyssey, section II, without peepholes; their z, y and R
# are g, h and U, and h is the output; U's gradient sums dz[t+1]*h[t]
LSTM = """
dh1[n,t,k] = dy1[n,t,k] + sum(l, Ui1[l,k]*dz1[n,t+1,l]) + sum(l, Uf1[l,k]*dz_f1[n,t+1,l])
dh1_[n,t,k] = sum(l, Ug1[l,k]*dz_g1[n,t+1,l]) + sum(l, Uo1[l,k]*dz_o1[n,t+1,l])
dz_o1[n,t,k] = dh1[n,t,k]*tanh(c1[n,t,k])*o1[n,t,k]*(1 - o1[n,t,k])
dc1[n,t,k] = dh1[n,t,k]*o1[n,t,k]*(1 - tanh(c1[n,t,k])**2) + dc1[n,t+1,k]*f1[n,t+1,k]
dz_f1[n,t,k] = dc1[n,t,k]*c1[n,t-1,k]*f1[n,t,k]*(1 - f1[n,t,k])
dz1[n,t,k] = dc1[n,t,k]*g1[n,t,k]*i1[n,t,k]*(1 - i1[n,t,k])
dz_g1[n,t,k] = dc1[n,t,k]*i1[n,t,k]*(1 - g1[n,t,k]**2)
dx[n,t,j] = sum(k, Wi1[k,j]*dz1[n,t,k] + Wf1[k,j]*dz_f1[n,t,k] + Wg1[k,j]*dz_g1[n,t,k] \
+ Wo1[k,j]*dz_o1[n,t,k])
dWi1[k,j] = sum(n,t, dz1[n,t,k]*x[n,t,j])
dWf1[k,j] = sum(n,t, dz_f1[n,t,k]*x[n,t,j])
dWg1[k,j] = sum(n,t, dz_g1[n,t,k]*x[n,t,j])
dWo1[k,j] = sum(n,t, dz_o1[n,t,k]*x[n,t,j])
dUi1[k,l] = sum(n,t, dz1[n,t+1,k]*h1[n,t,l])
dUf1[k,l] = sum(n,t, dz_f1[n,t+1,k]*h1[n,t,l])
dUg1[k,l] = sum(n,t, dz_g1[n,t+1,k]*h1[n,t,l])
dUo1[k,l] = sum(n,t, dz_o1[n,t+1,k]*h1[n,t,l])
dbi1[k] = sum(n,t, dz1[n,t,k])
dbf1[k] = sum(n,t, dz_f1[n,t,k])
dbg1[k] = sum(n,t, dz_g1[n,t,k])
dbo1[k] = sum(n,t, dz_o1[n,t,k])
""".replace("\ndh1_[n,t,k] =", " +")

# torch.nn.GRU's equations, h = (1 - u)*c + u*h before, differentiated by hand; m is what the
# reset gate weighs
GRU = """
dh1[n,t,k] = dy1[n,t,k] + dh1[n,t+1,k]*u1[n,t+1,k] + sum(l, dz1[n,t+1,l]*Ur1[l,k] \
+ dz_u1[n,t+1,l]*Uu1[l,k] + dz_c1[n,t+1,l]*r1[n,t+1,l]*Uc1[l,k])
dz_u1[n,t,k] = dh1[n,t,k]*(h1[n,t-1,k] - c1[n,t,k])*u1[n,t,k]*(1 - u1[n,t,k])
dz_c1[n,t,k] = dh1[n,t,k]*(1 - u1[n,t,k])*(1 - c1[n,t,k]**2)
heard[n,t,k] = sum(l, Uc1[k,l]*h1[n,t-1,l]) + vc1[k]
dz1[n,t,k] = dz_c1[n,t,k]*heard[n,t,k]*r1[n,t,k]*(1 - r1[n,t,k])
dx[n,t,j] = sum(k, dz1[n,t,k]*Wr1[k,j] + dz_u1[n,t,k]*Wu1[k,j] + dz_c1[n,t,k]*Wc1[k,j])
dWr1[k,j] = sum(n,t, dz1[n,t,k]*x[n,t,j])
dWu1[k,j] = sum(n,t, dz_u1[n,t,k]*x[n,t,j])
dWc1[k,j] = sum(n,t, dz_c1[n,t,k]*x[n,t,j])
dUr1[k,l] = sum(n,t, dz1[n,t,k]*h1[n,t-1,l])
dUu1[k,l] = sum(n,t, dz_u1[n,t,k]*h1[n,t-1,l])
dUc1[k,l] = sum(n,t, dz_c1[n,t,k]*r1[n,t,k]*h1[n,t-1,l])
dbc1[k] = sum(n,t, dz_c1[n,t,k])
dvc1[k] = sum(n,t, dz_c1[n,t,k]*r1[n,t,k])
"""

# Vaswani et al. 2017, eq. 1: y = a v, a = softmax(s), s = q k'/sqrt(d); softmax's Jacobian whole
ATTENTION = """
score[n,t,u] = sum(d, q[n,t,d]*k[n,u,d])/sqrt(size(d))
a_out[n,t,u] = exp(score[n,t,u])/sum(w, exp(score[n,t,w]))
da_out[n,t,u] = sum(i, dy_out[n,t,i]*v[n,u,i])
jacobian[n,t,u,w] = a_out[n,t,u]*(delta(u, w) - a_out[n,t,w])
dscore[n,t,u] = sum(w, da_out[n,t,w]*jacobian[n,t,w,u])
dq[n,t,d] = sum(u, dscore[n,t,u]*k[n,u,d])/sqrt(size(d))
dk[n,u,d] = sum(t, dscore[n,t,u]*q[n,t,d])/sqrt(size(d))
dv[n,u,i] = sum(t, a_out[n,t,u]*dy_out[n,t,i])
"""


@cache
def derived(name):
    layers = [{"type": "dense", "units": 3, "activation": "sigmoid"}]
    match name:
        case "dense":
            layers.append({"type": "dense", "units": 2, "activation": "tanh"})
            return network(layers, {"x": [2]}, of="y2")
        case "softmax":
            loss = "softmax_cross_entropy"
            stated = ["sum(i, t[n,i]) == 1"]
            layers = [{"type": "dense", "units": 3}]
            return network(layers, {"x": [2]}, loss=loss, assume=stated)
        case "batch_norm":
            return network([{"type": "batch_norm1d"}], {"x": [3]}, of="y1")
        case "convolution":
            layers = [{"type": "conv2d", "channels": 2, "kernel_size": 2, "padding": 1}]
            return network(layers, {"x": [2, 2, 3]}, of="y1")
        case "lstm" | "gru":
            return network([{"type": name, "units": 2}], {"x": [2, 2]}, of="y1")
        case "attention":
            inputs = {"q": [2, 2], "k": [2, 2], "v": [2, 3]}
            layers = [{"type": "attention", "inputs": ["q", "k", "v"], "name": "out"}]
            return network(layers, inputs, of="y_out")


TEXTS = {
    "dense": DENSE,
    "softmax": SOFTMAX,
    "batch_norm": BATCH_NORM,
    "convolution": CONVOLUTION,
    "lstm": LSTM,
    "gru": GRU,
    "attention": ATTENTION,
}


def told(rows):
    return {row.name: row for row in rows if row.check == "formula"}


@pytest.mark.parametrize("name", TEXTS)
def test_what_the_literature_says(name):
    rows = told(check_formulas(derived(name), TEXTS[name], 0))
    assert {row.name: row.verdict for row in rows.values() if row.verdict not in RIGHT} == {}
    derivation = derived(name)
    gradients = {derivation.adjoint[n] for n in derivation.wrt}
    assert len(gradients & set(rows)) >= 3


def test_the_whole_report():
    report = check(derived("dense"), DENSE)
    assert report.ok
    assert list(told(report.rows)) == ["dz2", "dW2", "db2", "dz1", "dW1", "db1", "dx"]


MISTAKES = [
    ("dense", "dz1", "missing f'", "*y1[n,j]*(1 - y1[n,j])", ""),
    ("dense", "db1", "no sum over the batch", "sum(n, dz1[n,i])", "dz1[0,i]"),
    ("dense", "dW2", "one sample", "sum(n, dz2[n,i]*y1[n,j])", "dz2[0,i]*y1[0,j]"),
    ("softmax", "dz1", "f' of a sigmoid", "(y[n,i] - t[n,i])/", "(y[n,i] - t[n,i])*y[n,i]/"),
    ("softmax", "dW1", "sum, no mean", "*x[n,j])/size(n)", "*x[n,j])"),
    ("batch_norm", "dx", "the variance constant", " - xhat[n,c]*dg1[c]", ""),
    ("batch_norm", "next(running_var1)", "no Bessel", "*where(N > 1, N/(N - 1), 1)", ""),
    ("convolution", "dx", "kernel not turned", "turned[o,c,u,v]*", "W1[o,c,u,v]*"),
    ("convolution", "dx", "transposed", "turned[o,c,u,v]*", "turned[o,c,v,u]*"),
    ("convolution", "dW1", "no zero around", "x[n,c,i+u-1,j+v-1]", "x[n,c,i+u,j+v]"),
    ("lstm", "dc1", "the memory's own way", " + dc1[n,t+1,k]*f1[n,t+1,k]", ""),
    ("lstm", "dz_g1", "missing f'", "*(1 - g1[n,t,k]**2)", ""),
    ("lstm", "dUf1", "lag", "dz_f1[n,t+1,k]*h1[n,t,l]", "dz_f1[n,t,k]*h1[n,t,l]"),
    ("gru", "dz_u1", "sign", "(h1[n,t-1,k] - c1[n,t,k])", "(c1[n,t,k] - h1[n,t-1,k])"),
    ("gru", "dUc1", "reset after", "dz_c1[n,t,k]*r1[n,t,k]*h1", "dz_c1[n,t,k]*h1"),
    ("attention", "dq", "no scale", "k[n,u,d])/sqrt(size(d))", "k[n,u,d])"),
    ("attention", "dk", "scores transposed", "dscore[n,t,u]*q[n,t,d]", "dscore[n,u,t]*q[n,t,d]"),
    ("attention", "dv", "no weights", "a_out[n,t,u]*dy_out", "score[n,t,u]*dy_out"),
]


@pytest.mark.parametrize(
    ("name", "tensor", "old", "new"),
    [pytest.param(n, t, o, w, id=f"{n}-{t}-{why}") for n, t, why, o, w in MISTAKES],
)
def test_a_mistake_is_found_where_it_was_made(name, tensor, old, new):
    lines = TEXTS[name].splitlines()
    (right,) = [line for line in lines if line.startswith(f"{tensor}[") and old in line]
    text = TEXTS[name].replace(right, right.replace(old, new))
    rows = told(check_formulas(derived(name), text, 0))
    assert [row.name for row in rows.values() if not row.ok] == [tensor]
    example = rows[tensor].data["counterexample"]
    assert example["written"] != example["derived"]
    json.dumps(example)


@pytest.mark.parametrize("name", ["dense", "convolution", "lstm"])
def test_sums_of_products_are_told_symbol_for_symbol(name):
    rows = told(check_formulas(derived(name), TEXTS[name], 0))
    assert {n for n, row in rows.items() if row.verdict == "equal"} >= set(rows) - {
        "dz_o1",  # these go through a tensor that the text passes by
        "dz_f1",
        "dz_g1",
        "dz1" if name == "lstm" else "",
    }


def test_an_update_may_be_written():
    layers = [{"type": "dense", "units": 2}]
    derivation = network(layers, {"x": [3]}, optimizer="adam")
    text = """
next(m_W1)[i,j] = m_W1[i,j] + (1 - beta1)*(dW1[i,j] - m_W1[i,j])
next(v_W1)[i,j] = beta2*v_W1[i,j] + (1 - beta2)*dW1[i,j]**2
average[i,j] = next(m_W1)[i,j]/(1 - beta1**next(step))
square[i,j] = next(v_W1)[i,j]/(1 - beta2**(step + 1))
next(W1)[i,j] = W1[i,j] - learning_rate*average[i,j]/(sqrt(square[i,j]) + eps)
next(b1)[i] = b1[i] + learning_rate*db1[i]
next(c)[i] = 1
"""
    rows = told(check_formulas(derivation, text, 0))
    assert {name: row.verdict for name, row in rows.items()} == {
        "next(m_W1)": "equal",
        "next(v_W1)": "equal",
        "next(W1)": "equal at points",
        "next(b1)": "different",
        "next(c)": "not checked",
    }
    with pytest.raises(ChainruleError, match=r"unknown tensor 'next\(W2\)'"):
        list(check_formulas(derivation, "next(W1)[i,j] = next(W2)[i,j]", 0))
