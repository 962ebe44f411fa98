"""Recurrent networks: Elman, GRU, LSTM, both directions, attention and convolution inside."""

import autograd.numpy as np

from tests.oracles.model import OracleModel
from tests.oracles.reference import half_squares, sigmoid

SEQUENCE = {"output": "h", "batch": ("n",), "runtime": {"n": 5, "T": 7}}
LOSS = "E = mean(n, sum(t,k, (h[n,t,k] - r[n,t,k])**2))/2\n"
X, R = {"x": ("n", "T", 2)}, {"r": ("n", "T", 3)}


def weights(*names):
    """Matrices from input to state (W...), from state to state (U...), biases (b...)."""
    shapes = {"W": (3, 2), "U": (3, 3), "b": (3,)}
    return {name: shapes[name[0]] for name in names}


def unroll(step, state, x):
    """The states after each time step, time as second axis."""
    states = []
    for t in range(x.shape[1]):
        state = step(state, x[:, t])
        states.append(state)
    return np.stack(states, axis=1)


def _elman(x, r, W, U, b):
    h = unroll(lambda h, x: np.tanh(x @ W.T + h @ U.T + b), np.zeros((len(x), 3)), x)
    return half_squares(h, r), h


ELMAN = OracleModel(
    name="elman",
    source="Elman 1990; Goodfellow et al. 2016, equation 10.8",
    equations="""
h[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*h[n,t-1,i]) + b[k])
"""
    + LOSS,
    parameters=weights("W", "U", "b"),
    inputs=X,
    targets=R,
    sizes={"j": 2, "h.2": 3},
    **SEQUENCE,
    reference=_elman,
)


def _reverse(x, r, W, U, b):
    h = unroll(lambda h, x: np.tanh(x @ W.T + h @ U.T + b), np.zeros((len(x), 3)), x[:, ::-1])
    return half_squares(h[:, ::-1], r), h[:, ::-1]


REVERSE = OracleModel(
    name="reverse_recurrence",
    source="Schuster & Paliwal 1997, the backward half",
    equations="""
h[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*h[n,t+1,i]) + b[k])
"""
    + LOSS,
    parameters=weights("W", "U", "b"),
    inputs=X,
    targets=R,
    sizes={"j": 2, "h.2": 3},
    **SEQUENCE,
    reference=_reverse,
)


def _bidirectional(x, r, W, U, W2, U2):
    start = np.zeros((len(x), 3))
    ahead = unroll(lambda h, x: np.tanh(x @ W.T + h @ U.T), start, x)
    back = unroll(lambda h, x: np.tanh(x @ W2.T + h @ U2.T), start, x[:, ::-1])[:, ::-1]
    h = ahead * back + ahead
    return half_squares(h, r), h


BIDIRECTIONAL = OracleModel(
    name="bidirectional",
    source="Schuster & Paliwal 1997",
    equations="""
f[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*f[n,t-1,i]))
g[n,t,k] = tanh(sum(j, W2[k,j]*x[n,t,j]) + sum(i, U2[k,i]*g[n,t+1,i]))
h[n,t,k] = f[n,t,k]*g[n,t,k] + f[n,t,k]
"""
    + LOSS,
    parameters=weights("W", "U", "W2", "U2"),
    inputs=X,
    targets=R,
    sizes={"j": 2, "f.2": 3, "g.2": 3},
    **SEQUENCE,
    reference=_bidirectional,
)


def _second_order(x, r, W, U, U2):
    states = [np.zeros((len(x), 3))] * 2
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ W.T + states[-1] @ U.T + states[-2] @ U2.T))
    h = np.stack(states[2:], axis=1)
    return half_squares(h, r), h


SECOND_ORDER = OracleModel(
    name="second_order_lag",
    source="Soltani & Jiang 2016, higher-order RNNs, equation 4",
    equations="""
h[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*h[n,t-1,i] + U2[k,i]*h[n,t-2,i]))
"""
    + LOSS,
    parameters=weights("W", "U", "U2"),
    inputs=X,
    targets=R,
    sizes={"j": 2, "h.2": 3},
    **SEQUENCE,
    reference=_second_order,
)


def _initial_state(x, h0, r, W, U):
    h = unroll(lambda h, x: np.tanh(x @ W.T + h @ U.T), h0, x)
    return half_squares(h[:, -1], r), h[:, -1]


INITIAL_STATE = OracleModel(
    name="initial_state_and_last_place",
    source="an initial state by where, the last state by size(t)-1",
    equations="""
p[n,t,k] = where(t > 0, h[n,t-1,k], h0[n,k])
h[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*p[n,t,i]))
y[n,k] = h[n,size(t)-1,k]
E = mean(n, sum(k, (y[n,k] - r[n,k])**2))/2
""",
    parameters=weights("W", "U"),
    inputs={**X, "h0": ("n", 3)},
    targets={"r": ("n", 3)},
    sizes={"j": 2, "h.2": 3, "h0.1": 3},
    **{**SEQUENCE, "output": "y"},
    reference=_initial_state,
)


def gru_step(h, x, Wr, Ur, br, Wz, Uz, bz, Wc, Uc, bc, bu):
    """PyTorch's GRU cell: the reset gate acts on the state's product."""
    reset = sigmoid(x @ Wr.T + h @ Ur.T + br)
    update = sigmoid(x @ Wz.T + h @ Uz.T + bz)
    candidate = np.tanh(x @ Wc.T + bc + reset * (h @ Uc.T + bu))
    return (1 - update) * candidate + update * h


def _gru(x, r, **cell):
    h = unroll(lambda h, x: gru_step(h, x, **cell), np.zeros((len(x), 3)), x)
    return half_squares(h, r), h


GATES = """
q[n,t,k] = sigmoid(sum(j, Wr[k,j]*x[n,t,j]) + sum(i, Ur[k,i]*h[n,t-1,i]) + br[k])
z[n,t,k] = sigmoid(sum(j, Wz[k,j]*x[n,t,j]) + sum(i, Uz[k,i]*h[n,t-1,i]) + bz[k])
c[n,t,k] = tanh(sum(j, Wc[k,j]*x[n,t,j]) + bc[k] + q[n,t,k]*(sum(i, Uc[k,i]*h[n,t-1,i]) + bu[k]))
"""
GRU_WEIGHTS = weights("Wr", "Ur", "br", "Wz", "Uz", "bz", "Wc", "Uc", "bc", "bu")
GRU = OracleModel(
    name="gru",
    source="Cho et al. 2014, equations 5 to 8, as PyTorch's torch.nn.GRU",
    equations=GATES
    + """
h[n,t,k] = (1 - z[n,t,k])*c[n,t,k] + z[n,t,k]*h[n,t-1,k]
"""
    + LOSS,
    parameters=GRU_WEIGHTS,
    inputs=X,
    targets=R,
    sizes={"j": 2, "k": 3},
    **SEQUENCE,
    reference=_gru,
)


def _masked_gru(x, lengths, r, **cell):
    h, states = np.zeros((len(x), 3)), []
    for t in range(x.shape[1]):
        alive = (lengths > t)[:, None]
        h = np.where(alive, gru_step(h, x[:, t], **cell), h)
        states.append(h)
    h = np.stack(states, axis=1)
    return half_squares(h, r), h


def _lengths(rng, shape):
    return rng.integers(1, 8, shape)


MASKED_GRU = OracleModel(
    name="gru_with_lengths",
    source="beyond a sequence's length the state stays; lengths are an integer input",
    equations=GATES
    + """
p[n,t,k] = (1 - z[n,t,k])*c[n,t,k] + z[n,t,k]*h[n,t-1,k]
h[n,t,k] = where(t < lengths[n], p[n,t,k], h[n,t-1,k])
"""
    + LOSS,
    parameters=GRU_WEIGHTS,
    inputs={**X, "lengths": ("n",)},
    integers={"lengths": 8},
    draws={"lengths": _lengths},
    targets=R,
    sizes={"j": 2, "k": 3},
    **SEQUENCE,
    reference=_masked_gru,
)


def _lstm(x, r, W, U, b, v):
    h, cell, states = np.zeros((len(x), 3)), np.zeros((len(x), 3)), []
    for t in range(x.shape[1]):
        a = np.einsum("gkj,nj->ngk", W, x[:, t]) + np.einsum("gki,ni->ngk", U, h) + b + v
        cell = sigmoid(a[:, 1]) * cell + sigmoid(a[:, 0]) * np.tanh(a[:, 2])
        h = sigmoid(a[:, 3]) * np.tanh(cell)
        states.append(h)
    h = np.stack(states, axis=1)
    return half_squares(h, r), h


LSTM = OracleModel(
    name="lstm",
    source="Hochreiter & Schmidhuber 1997; Gers et al. 2000; torch.nn.LSTM, gates i f g o",
    equations="""
a[n,t,g,k] = sum(j, W[g,k,j]*x[n,t,j]) + b[g,k] + sum(i, U[g,k,i]*h[n,t-1,i]) + v[g,k]
c[n,t,k] = sigmoid(a[n,t,1,k])*c[n,t-1,k] + sigmoid(a[n,t,0,k])*tanh(a[n,t,2,k])
h[n,t,k] = sigmoid(a[n,t,3,k])*tanh(c[n,t,k])
"""
    + LOSS,
    parameters={"W": (4, 3, 2), "U": (4, 3, 3), "b": (4, 3), "v": (4, 3)},
    inputs=X,
    targets=R,
    sizes={"g": 4, "j": 2, "k": 3},
    **SEQUENCE,
    reference=_lstm,
)


def _peephole_lstm(x, r, Wi, Ui, Pi, Wf, Uf, Pf, Wc, Uc, Wo, Uo, Po):
    h, cell, states = np.zeros((len(x), 3)), np.zeros((len(x), 3)), []
    for t in range(x.shape[1]):
        x_t = x[:, t]
        taken = sigmoid(x_t @ Wi.T + h @ Ui.T + Pi * cell)
        kept = sigmoid(x_t @ Wf.T + h @ Uf.T + Pf * cell)
        cell = kept * cell + taken * np.tanh(x_t @ Wc.T + h @ Uc.T)
        h = sigmoid(x_t @ Wo.T + h @ Uo.T + Po * cell) * np.tanh(cell)
        states.append(h)
    h = np.stack(states, axis=1)
    return half_squares(h, r), h


PEEPHOLE_LSTM = OracleModel(
    name="peephole_lstm",
    source="Gers & Schmidhuber 2000; Graves 2013, equations 7 to 11",
    equations="""
i[n,t,k] = sigmoid(sum(j, Wi[k,j]*x[n,t,j]) + sum(i, Ui[k,i]*h[n,t-1,i]) + Pi[k]*c[n,t-1,k])
f[n,t,k] = sigmoid(sum(j, Wf[k,j]*x[n,t,j]) + sum(i, Uf[k,i]*h[n,t-1,i]) + Pf[k]*c[n,t-1,k])
c[n,t,k] = (f[n,t,k]*c[n,t-1,k]
            + i[n,t,k]*tanh(sum(j, Wc[k,j]*x[n,t,j]) + sum(i, Uc[k,i]*h[n,t-1,i])))
o[n,t,k] = sigmoid(sum(j, Wo[k,j]*x[n,t,j]) + sum(i, Uo[k,i]*h[n,t-1,i]) + Po[k]*c[n,t,k])
h[n,t,k] = o[n,t,k]*tanh(c[n,t,k])
"""
    + LOSS,
    parameters={
        **weights("Wi", "Ui", "Wf", "Uf", "Wc", "Uc", "Wo", "Uo"),
        **dict.fromkeys(("Pi", "Pf", "Po"), (3,)),
    },
    inputs=X,
    targets=R,
    sizes={"j": 2, "k": 3},
    **SEQUENCE,
    reference=_peephole_lstm,
)


def _stacked(x, r, W, U, W2, U2):
    start = np.zeros((len(x), 3))
    lower = unroll(lambda h, x: np.tanh(x @ W.T + h @ U.T), start, x)
    h = unroll(lambda h, x: np.tanh(x @ W2.T + h @ U2.T), start, lower)
    return half_squares(h, r), h


STACKED = OracleModel(
    name="two_stacked_elman_layers",
    source="Graves 2013, equation 11: two groups, one after the other",
    equations="""
g[n,t,k] = tanh(sum(j, W[k,j]*x[n,t,j]) + sum(i, U[k,i]*g[n,t-1,i]))
h[n,t,k] = tanh(sum(j, W2[k,j]*g[n,t,j]) + sum(i, U2[k,i]*h[n,t-1,i]))
"""
    + LOSS,
    parameters={**weights("W", "U", "U2"), "W2": (3, 3)},
    inputs=X,
    targets=R,
    sizes={"x.2": 2, "g.2": 3, "h.2": 3},
    **SEQUENCE,
    reference=_stacked,
)

MODELS = (
    ELMAN,
    REVERSE,
    BIDIRECTIONAL,
    SECOND_ORDER,
    INITIAL_STATE,
    GRU,
    MASKED_GRU,
    LSTM,
    PEEPHOLE_LSTM,
    STACKED,
)
