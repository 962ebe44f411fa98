"""Derivations of layers as papers and books print them, against what is derived.

Each layer is written as its source defines it, with the source's names; `test_published` tells how
the texts are checked. What stands upstream is random.
"""

from functools import cache

import pytest

from derive import differentiate, parse
from tests.corpora.published import proved, verdicts

pytestmark = pytest.mark.sampled

EPS = {"eps": 1e-5}


def layer(text, of, **spec):
    return differentiate(parse(text, output=of, **spec), of=of)


# ---- batch norm: Ioffe & Szegedy 2015 ------------------------------------------------------------


@cache
def batch_norm():
    text = """
mu[c] = mean(n, x[n,c])
var[c] = mean(n, (x[n,c] - mu[c])**2)
xhat[n,c] = (x[n,c] - mu[c])/sqrt(var[c] + eps)
y[n,c] = gamma[c]*xhat[n,c] + beta[c]
"""
    spec = {"parameters": ["gamma", "beta"], "inputs": ["x"], "constants": EPS}
    return layer(text, "y", sizes={"c": 2}, batch="n", **spec)


def test_batch_norm_s_chain():
    """Section 3, all six derivatives, the whole one by the mean with its second part included."""
    text = """
dxhat[n,c] = dy[n,c]*gamma[c]
dvar[c] = sum(n, dxhat[n,c]*(x[n,c] - mu[c]))*(-1/2)*(var[c] + eps)**(-3/2)
dmu[c] = -sum(n, dxhat[n,c])/sqrt(var[c] + eps) + dvar[c]*sum(n, -2*(x[n,c] - mu[c]))/size(n)
dx[n,c] = dxhat[n,c]/sqrt(var[c] + eps) + dvar[c]*2*(x[n,c] - mu[c])/size(n) + dmu[c]/size(n)
dgamma[c] = sum(n, dy[n,c]*xhat[n,c])
dbeta[c] = sum(n, dy[n,c])
"""
    every = {"dxhat", "dvar", "dmu", "dx", "dgamma", "dbeta"}
    assert proved(batch_norm(), text) == (every, set())


def test_batch_norm_in_one_line():
    """The chain put together: mean and variance are gone, three sums over the batch are left."""
    text = """
N = size(x, 0)
inv_std[c] = 1/sqrt(var[c] + eps)
along[c] = sum(n, dy[n,c]*xhat[n,c])
dx[n,c] = (1/N)*gamma[c]*inv_std[c]*(N*dy[n,c] - sum(m, dy[m,c]) - xhat[n,c]*along[c])
"""
    assert set(verdicts(batch_norm(), text, again=True)) == {"dx"}


# ---- layer norm and RMS norm ---------------------------------------------------------------------


@cache
def layer_norm():
    text = """
mu = mean(i, x[i])
var = mean(i, (x[i] - mu)**2)
xhat[i] = (x[i] - mu)/sqrt(var + eps)
y[i] = g[i]*xhat[i] + b[i]
"""
    spec = {"parameters": ["g", "b"], "inputs": ["x"], "constants": EPS}
    return layer(text, "y", sizes={"i": 3}, **spec)


def test_layer_norm_in_closed_form():
    """Ba et al. 2016, eq. 3 and 4, differentiated: batch norm's form, along the features."""
    text = """
H = size(x, 0)
sigma = sqrt(var + eps)
dxhat[i] = g[i]*dy[i]
dx[i] = (1/(H*sigma))*(H*dxhat[i] - sum(j, dxhat[j]) - xhat[i]*sum(j, dxhat[j]*xhat[j]))
dg[i] = dy[i]*xhat[i]
db[i] = dy[i]
"""
    assert proved(layer_norm(), text) == ({"dxhat", "dx", "dg", "db"}, set())


def test_layer_norm_as_a_projection():
    """Xu et al. 2019, section 3: what is along 1 and along the normalised input is taken away."""
    text = """
W[i,j] = delta(i, j) - (1 + xhat[i]*xhat[j])/size(x, 0)
dx[i] = sum(j, W[i,j]*dxhat[j])/sqrt(var + eps)
"""
    assert set(verdicts(layer_norm(), text, again=True)) == {"dx"}


def test_rms_norm():
    """Zhang & Sennrich 2019, section 4: the matrix R, and with its product worked out."""
    model = "rms = sqrt(mean(i, a[i]**2))\nout[i] = a[i]/rms*g[i]"
    derivation = layer(model, "out", parameters=["g"], inputs=["a"], sizes={"i": 3})
    text = """
R[i,j] = (delta(i, j) - a[i]*a[j]/(size(a, 0)*rms**2))/rms
da[j] = sum(i, R[i,j]*g[i]*dout[i])
dg[i] = dout[i]*a[i]/rms
"""
    assert proved(derivation, text) == ({"dg", "da"}, set())
    text = """
ahat[i] = a[i]/rms
da[i] = (g[i]*dout[i] - ahat[i]*mean(j, g[j]*dout[j]*ahat[j]))/rms
"""
    assert set(verdicts(derivation, text, again=True)) == {"da"}


# ---- LSTM with peepholes: Greff et al. 2017, section II and its backward pass --------------------

GATES = "zifo"


def lstm():
    """The vanilla LSTM; a block's input and its gates before their squashing carry a b for a bar.

    Delta is what comes from the layer above.
    """
    peepholes = {
        "z": "",
        "i": " + pi_[k]*c[t-1,k]",
        "f": " + pf[k]*c[t-1,k]",
        "o": " + po[k]*c[t,k]",
    }
    squash = {"z": "tanh", "i": "sigmoid", "f": "sigmoid", "o": "sigmoid"}
    lines = ["c[t,k] = z[t,k]*i[t,k] + c[t-1,k]*f[t,k]", "y[t,k] = tanh(c[t,k])*o[t,k]"]
    for g in GATES:
        walked = f"sum(j, W{g}[k,j]*x[t,j]) + sum(j, R{g}[k,j]*y[t-1,j])"
        lines.append(f"{g}b[t,k] = {walked}{peepholes[g]} + b{g}[k]")
        lines.append(f"{g}[t,k] = {squash[g]}({g}b[t,k])")
    lines.append("E = sum(t,k, Delta[t,k]*y[t,k])")
    return differentiate(
        parse(
            "\n".join(lines),
            parameters=[*(p + g for p in "WRb" for g in GATES), "pi_", "pf", "po"],
            inputs=["x", "Delta"],
            sizes={"t": 3, "k": 2, "x.1": 2},
            objective="E",
        )
    )


BLOCKS = """
dy[t,k] = Delta[t,k] + sum(l, Rz[l,k]*dzb[t+1,l] + Ri[l,k]*dib[t+1,l] \
+ Rf[l,k]*dfb[t+1,l] + Ro[l,k]*dob[t+1,l])
dob[t,k] = dy[t,k]*tanh(c[t,k])*o[t,k]*(1 - o[t,k])
dc[t,k] = dy[t,k]*o[t,k]*(1 - tanh(c[t,k])**2) + po[k]*dob[t,k] \
+ pi_[k]*dib[t+1,k] + pf[k]*dfb[t+1,k] + dc[t+1,k]*f[t+1,k]
dfb[t,k] = dc[t,k]*c[t-1,k]*f[t,k]*(1 - f[t,k])
dib[t,k] = dc[t,k]*z[t,k]*i[t,k]*(1 - i[t,k])
dzb[t,k] = dc[t,k]*i[t,k]*(1 - z[t,k]**2)
dx[t,j] = sum(k, Wz[k,j]*dzb[t,k] + Wi[k,j]*dib[t,k] + Wf[k,j]*dfb[t,k] + Wo[k,j]*dob[t,k])
dpi_[k] = sum(t, c[t,k]*dib[t+1,k])
dpf[k] = sum(t, c[t,k]*dfb[t+1,k])
dpo[k] = sum(t, c[t,k]*dob[t,k])
"""
WEIGHTS = """
dW{0}[k,j] = sum(t, d{0}b[t,k]*x[t,j])
dR{0}[k,j] = sum(t, d{0}b[t+1,k]*y[t,j])
db{0}[k] = sum(t, d{0}b[t,k])
"""


def test_greff_lstm_with_peepholes():
    text = BLOCKS + "".join(WEIGHTS.format(g) for g in GATES)
    sure, rest = proved(lstm(), text)
    assert rest == set()
    weights = {f"d{p}{g}" for p in "WRb" for g in GATES}
    errors = {"dob", "dfb", "dib", "dzb"}  # told through dc and dy, derived without them
    assert sure == {"dy", "dc", "dx", "dpi_", "dpf", "dpo", *errors, *weights}


# ---- convolution with a stride: Goodfellow et al. 2016, section 9.5 ------------------------------


@pytest.mark.parametrize("s", [1, 2, 3])
def test_goodfellow_strided_convolution(s):
    """Eq. 9.11 (g, by the kernel) and 9.13 (h, by the input), counted from 0; rows to spare."""
    model = f"Z[i,j,k] = sum(l,m,n, V[l,{s}*j+m,{s}*k+n]*K[i,l,m,n])"
    sizes = {"i": 2, "l": 1, "m": 2, "n": 2, "j": 2, "k": 2, "V.1": s + 2, "V.2": s + 3}
    derivation = layer(model, "Z", parameters=["K"], inputs=["V"], sizes=sizes)
    text = f"""
dK[i,j,k,l] = sum(m,n, dZ[i,m,n]*V[j,{s}*m+k,{s}*n+l])
dV[i,j,k] = sum(l,m,n,p,q, where({s}*l+m == j and {s}*n+p == k, K[q,i,m,p]*dZ[q,l,n], 0))
"""
    assert proved(derivation, text) == ({"dK", "dV"}, set())
    text = f"dV[i,j,k] = sum(l,m,n,p,q, delta({s}*l+m, j)*delta({s}*n+p, k)*K[q,i,m,p]*dZ[q,l,n])"
    assert proved(derivation, text, again=True) == ({"dV"}, set())


# ---- attention: Dao et al. 2022, FlashAttention, appendix B.2 ------------------------------------


def test_flash_attention_s_backward_pass():
    """dS from P and dP: softmax's Jacobian, the row sums, and the row sums as dO times O."""
    model = """
S[i,j] = sum(d, Q[i,d]*K[j,d])
P[i,j] = exp(S[i,j])/sum(l, exp(S[i,l]))
O[i,d] = sum(j, P[i,j]*V[j,d])
"""
    sizes = {"Q.0": 2, "K.0": 3, "Q.1": 2, "V.1": 2}
    derivation = layer(model, "O", inputs=["Q", "K", "V"], sizes=sizes)
    text = """
dV[j,d] = sum(i, P[i,j]*dO[i,d])
dP[i,j] = sum(d, dO[i,d]*V[j,d])
D[i] = sum(d, dO[i,d]*O[i,d])
dS[i,j] = P[i,j]*(dP[i,j] - D[i])
dQ[i,d] = sum(j, dS[i,j]*K[j,d])
dK[j,d] = sum(i, dS[i,j]*Q[i,d])
"""
    assert proved(derivation, text) == ({"dV", "dP", "dQ", "dK", "dS"}, set())
    for row in (
        "sum(l, (P[i,l]*delta(l, j) - P[i,l]*P[i,j])*dP[i,l])",
        "P[i,j]*(dP[i,j] - sum(l, P[i,l]*dP[i,l]))",
    ):
        assert set(verdicts(derivation, f"dS[i,j] = {row}", again=True)) == {"dS"}
