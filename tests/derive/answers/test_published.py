"""Derivations from books, courses and pages about networks, against what is derived.

Each text says what the source says, with its names, and is checked as a user checks it; the report
also proves the derivation itself. `test_published_layers` does the same for layers, and
`test_by_hand` has dense layers, softmax with cross-entropy, convolution, LSTM, GRU and attention as
the catalogue has them. `test_from_the_wild` has what goes wrong in the wild.
"""

from functools import cache

import pytest
import sympy

from derive import check, differentiate, parse
from derive.calculus.second import directional
from derive.checks.exact import SYMBOLS
from derive.semantics.interpreter import Interpreter
from tests.corpora.published import proved, verdicts

pytestmark = pytest.mark.sampled

# ---- Nielsen 2015, Neural networks and deep learning, chapter 2 ----------------------------------


@cache
def nielsen(layers):
    """One sample, quadratic cost, sigmoids; layer 1 is the input."""
    lines = []
    for k in range(2, layers + 1):
        lines.append(f"z{k}[j] = sum(k, w{k}[j,k]*a{k - 1}[k]) + b{k}[j]")
        lines.append(f"a{k}[j] = sigmoid(z{k}[j])")
    lines.append(f"C = sum(j, (y[j] - a{layers}[j])**2)/2")
    return differentiate(
        parse(
            "\n".join(lines),
            parameters=[f"{p}{k}" for k in range(2, layers + 1) for p in "wb"],
            inputs=["a1"],
            targets=["y"],
            sizes={f"a{k}.0": 2 + (k == 2) for k in range(1, layers + 1)},
            objective="C",
        )
    )


def bp(layers, slope, error="dz{}"):
    """Equations BP1 to BP4; `slope` is how the sigmoid's derivative is written."""
    names = {k: error.format(k) for k in range(2, layers + 1)}
    last = f"{names[layers]}[j] = (a{layers}[j] - y[j])*{slope.format(layers)}"
    lines = [last]
    for k in range(layers - 1, 1, -1):
        back = f"sum(k, w{k + 1}[k,j]*{names[k + 1]}[k])"
        lines.append(f"{names[k]}[j] = {back}*{slope.format(k)}")
    for k, name in names.items():
        lines += [f"db{k}[j] = {name}[j]", f"dw{k}[j,k] = a{k - 1}[k]*{name}[j]"]
    return "\n".join(lines)


@pytest.mark.parametrize("layers", [3, 4])
def test_nielsen_bp1_to_bp4(layers):
    depths = range(2, layers + 1)
    found = proved(nielsen(layers), bp(layers, "a{0}[j]*(1 - a{0}[j])"))
    assert found == ({f"{p}{k}" for k in depths for p in ("dz", "db", "dw")}, set())


@pytest.mark.parametrize("layers", [3, 4])
def test_nielsen_with_the_slope_at_z(layers):
    """sigma'(z) as a function of z is the same thing: a2 is written out by its own equation."""
    text = bp(layers, "sigmoid(z{0}[j])*(1 - sigmoid(z{0}[j]))")
    found = proved(nielsen(layers), text, again=True)
    assert found == ({f"{p}{k}" for k in range(2, layers + 1) for p in ("dz", "db", "dw")}, set())


def test_nielsen_with_errors_of_one_s_own():
    """delta under a name of the text's own is as good as `dz3`."""
    text = bp(3, "a{0}[j]*(1 - a{0}[j])", "error{}") + "\ndz2[j] = error2[j]"
    found = proved(nielsen(3), text, again=True)
    assert found == ({"dz2", "db2", "dw2", "db3", "dw3"}, set())


# ---- Bishop 2006, Pattern recognition and machine learning, section 5.3 --------------------------

OUTPUTS = {
    "sum of squares": """
y[k] = sum(j, w2[k,j]*z[j])
E = sum(k, (y[k] - t[k])**2)/2
""",
    "logistic": """
b[k] = sum(j, w2[k,j]*z[j])
y[k] = sigmoid(b[k])
E = -sum(k, t[k]*log(y[k]) + (1 - t[k])*log(1 - y[k]))
""",
    "softmax": """
b[k] = sum(j, w2[k,j]*z[j])
y[k] = exp(b[k])/sum(l, exp(b[l]))
E = -sum(k, t[k]*log(y[k]))
""",
}


def bishop(outputs):
    hidden = "a[j] = sum(i, w1[j,i]*x[i])\nz[j] = tanh(a[j])"
    return differentiate(
        parse(
            hidden + OUTPUTS[outputs],
            parameters=["w1", "w2"],
            inputs=["x"],
            targets=["t"],
            sizes={"a.0": 3, "x.0": 2, "y.0": 2},
            objective="E",
            assume=["sum(k, t[k]) == 1"] if outputs == "softmax" else [],
        )
    )


@pytest.mark.parametrize("outputs", OUTPUTS)
def test_bishop_5_53_to_5_56(outputs):
    """5.54 for the outputs, 5.56 for tanh, 5.53 for the weights; three canonical links (5.18)."""
    out = "dy" if outputs == "sum of squares" else "db"
    text = f"""
{out}[k] = y[k] - t[k]
da[j] = (1 - z[j]**2)*sum(k, w2[k,j]*{out}[k])
dw2[k,j] = {out}[k]*z[j]
dw1[j,i] = da[j]*x[i]
"""
    assert proved(bishop(outputs), text) == ({out, "da", "dw2", "dw1"}, set())


def test_bishop_5_55_the_chain_rule_written_out():
    """delta_j as a sum over outputs of delta_k times the derivative of a_k by a_j."""
    text = """
delta_k[k] = y[k] - t[k]
slope[k,j] = w2[k,j]*(1 - tanh(a[j])**2)
delta_j[j] = sum(k, delta_k[k]*slope[k,j])
dw2[k,j] = delta_k[k]*z[j]
dw1[j,i] = delta_j[j]*x[i]
da[j] = delta_j[j]
"""
    assert set(verdicts(bishop("sum of squares"), text, again=True)) == {"dw2", "dw1", "da"}


# ---- CS231n, notes of Karpathy and others, 2015 --------------------------------------------------

SCORES = """
p[n,k] = exp(f[n,k])/sum(j, exp(f[n,j]))
loss = mean(n, -log(p[n,y[n]])) + reg*sum(d,j, W[d,j]**2)/2
"""


def classifier(text, sizes, **more):
    given = {"parameters": ["W", "b"], "constants": {"reg": 0.001}, "batch": "n", **more}
    roles = {"inputs": ["X"], "targets": ["y"], "integers": ["y"], "objective": "loss"}
    return differentiate(parse(text, sizes=sizes, **roles, **given))


def test_cs231n_linear_softmax_classifier():
    """'Linear classification' and the case study: p, less 1 at the right class, over N."""
    scores = "f[n,k] = sum(d, X[n,d]*W[d,k]) + b[k]"
    text = """
dscores[n,k] = (p[n,k] - where(k == y[n], 1, 0))/size(n)
df[n,k] = dscores[n,k]
dW[d,k] = sum(n, X[n,d]*dscores[n,k]) + reg*W[d,k]
db[k] = sum(n, dscores[n,k])
"""
    derivation = classifier(scores + SCORES, {"d": 2, "k": 3})
    assert set(verdicts(derivation, text)) == {"df", "dW", "db"}
    text = """
df[n,k] = (p[n,k] - delta(k, y[n]))/size(n)
dW[d,k] = sum(n, X[n,d]*df[n,k]) + reg*W[d,k]
db[k] = sum(n, df[n,k])
"""
    assert proved(derivation, text, again=True) == ({"dW", "db", "df"}, set())


def test_cs231n_two_layers():
    """The case study: what flows into a hidden unit that is 0 stops there."""
    model = """
h[n,j] = maximum(0, sum(d, X[n,d]*W[d,j]) + b[j])
f[n,k] = sum(j, h[n,j]*W2[j,k]) + b2[k]
"""
    text = """
dscores[n,k] = (p[n,k] - delta(k, y[n]))/size(n)
dW2[j,k] = sum(n, h[n,j]*dscores[n,k]) + reg*W2[j,k]
db2[k] = sum(n, dscores[n,k])
dhidden[n,j] = where(h[n,j] <= 0, 0, sum(k, dscores[n,k]*W2[j,k]))
dW[d,j] = sum(n, X[n,d]*dhidden[n,j]) + reg*W[d,j]
db[j] = sum(n, dhidden[n,j])
"""
    scores = SCORES.rstrip() + " + reg*sum(j,k, W2[j,k]**2)/2"
    derivation = classifier(
        model + scores, {"d": 2, "h.1": 3, "p.1": 3}, parameters=["W", "b", "W2", "b2"]
    )
    assert set(verdicts(derivation, text)) == {"dW2", "db2", "dW", "db"}


def test_cs231n_hinge_loss():
    """'Optimization': the row of the right class counts the margins that were missed."""
    model = """
s[j] = sum(d, W[j,d]*x[d])
L = sum(j, where(j == y, 0, maximum(0, s[j] - s[y] + margin)))
"""
    text = """
over[j] = where(j == y or s[j] - s[y] + margin <= 0, 0, 1)
dW[j,d] = where(j == y, -sum(k, over[k])*x[d], over[j]*x[d])
"""
    spec = {"parameters": ["W"], "inputs": ["x"], "targets": ["y"], "integers": ["y"]}
    constants, sizes = {"margin": 1}, {"s.0": 3, "d": 2}
    derivation = differentiate(
        parse(model, objective="L", constants=constants, sizes=sizes, **spec)
    )
    assert set(verdicts(derivation, text)) == {"dW"}


NEURON = {"w0": 2, "w1": -3, "w2": -3, "x0": -1, "x1": -2}
IN_THE_NOTES = {"w0": "-0.20", "w1": "-0.39", "w2": "0.20", "x0": "0.39", "x1": "-0.59"}


def neuron():
    text = "f = sigmoid(w0*x0 + w1*x1 + w2)"
    return differentiate(
        parse(text, parameters=["w0", "w1", "w2"], inputs=["x0", "x1"], objective="f")
    )


def test_cs231n_the_neuron_staged():
    """'Backpropagation': their names, `dot` and `ddot` among them."""
    text = """
dot = w0*x0 + w1*x1 + w2
out = 1/(1 + exp(-dot))
f = out
ddot = (1 - f)*f
dx0 = w0*ddot
dx1 = w1*ddot
dw0 = x0*ddot
dw1 = x1*ddot
dw2 = 1.0*ddot
"""
    assert proved(neuron(), text) == ({"f", "dx0", "dx1", "dw0", "dw1", "dw2"}, set())


def test_cs231n_the_neuron_in_numbers():
    """Two digits as printed, and exactly: the dot product is 1."""
    derivation = neuron()
    equations = (*derivation.forward, *derivation.backward, *derivation.inlined)
    run = Interpreter(equations, derivation.table, NEURON, SYMBOLS)
    f = run.value("f").expr
    assert sympy.simplify(f - sympy.E / (sympy.E + 1)) == 0
    assert f"{float(f):.2f}" == "0.73"
    partner = {"w0": -1, "w1": -2, "w2": 1, "x0": 2, "x1": -3}
    for name, printed in IN_THE_NOTES.items():
        found = run.value(derivation.adjoint[name]).expr
        assert f"{float(found):.2f}" == printed
        assert sympy.simplify(found - partner[name] * sympy.E / (sympy.E + 1) ** 2) == 0


# ---- softmax: its Jacobian, and the Hessian of cross-entropy -------------------------------------

SOFTMAX = "y[i] = exp(z[i])/sum(k, exp(z[k]))"


def test_softmax_s_jacobian():
    """dy_i/dz_j = y_i (delta_ij - y_j), Bishop 2006, eq. 4.106: one entry, and along any dy."""
    model = SOFTMAX + "\nchosen = y[a]"
    roles = {"inputs": ["z", "a"], "integers": ["a"], "sizes": {"i": 3}}
    entry = differentiate(parse(model, objective="chosen", **roles))
    assert set(verdicts(entry, "dz[j] = y[a]*(delta(a, j) - y[j])")) == {"dz"}
    whole = differentiate(parse(SOFTMAX, inputs=["z"], sizes={"i": 3}, output="y"), of="y")
    text = """
jacobian[i,j] = y[i]*(delta(i, j) - y[j])
dz[j] = sum(i, dy[i]*jacobian[i,j])
"""
    assert set(verdicts(whole, text)) == {"dz"}


HESSIAN = """
H[i,j] = sum(k, t[k])*(y[i]*delta(i, j) - y[i]*y[j])
"""


def cross_entropy():
    text = SOFTMAX + "\nE = -sum(i, t[i]*log(y[i]))"
    return differentiate(
        parse(text, inputs=["z"], targets=["t"], sizes={"i": 3}, objective="E"), wrt=["z"]
    )


def test_cross_entropy_s_hessian():
    """diag(p) - p p', times the targets' sum: Bishop 2006, eq. 4.110, by a second derivative."""
    first = cross_entropy()
    assert set(verdicts(first, "dz[i] = y[i]*sum(k, t[k]) - t[i]")) == {"dz"}
    again = differentiate(first, of="dz", wrt=["z"])
    name = again.adjoint["z"]
    assert set(verdicts(again, f"{HESSIAN}{name}[i] = sum(j, H[i,j]*ddz[j])")) == {name}
    along = differentiate(directional(first), wrt=["z"])
    name = along.adjoint["z"]
    assert set(verdicts(along, f"{HESSIAN}{name}[i] = sum(j, H[i,j]*v_z[j])")) == {name}
    report = check(
        along, HESSIAN.replace("sum(k, t[k])*", "") + f"{name}[i] = sum(j, H[i,j]*v_z[j])"
    )
    (row,) = [row for row in report.rows if row.check == "formula"]
    assert (row.verdict, row.data["assumption"]) == ("equal if", "the rows of t sum to 1")
