"""Recurrences from outside neural networks: filters, simulations, optimisers, hidden states."""

import autograd.numpy as np

from tests.oracles.model import OracleModel, unit_interval
from tests.oracles.reference import sigmoid, softmax


def _neural_ode(x, t_end, W, dt):
    h = x
    for _ in range(6):
        h = h + dt * np.tanh(W @ h)
    return np.sum((h - t_end) ** 2), h


NEURAL_ODE = OracleModel(
    name="neural_ode_euler",
    source="Chen et al. 2018, equation 1, with 6 explicit Euler steps",
    equations="""
h[s,i] = where(s > 0, h[s-1,i] + dt*tanh(sum(j, W[i,j]*h[s-1,j])), x[i])
y[i] = h[6,i]
E = sum(i, (y[i] - t_end[i])**2)
""",
    parameters={"W": (5, 5)},
    inputs={"x": (5,)},
    targets={"t_end": (5,)},
    sizes={"s": 7, "x.0": 5},
    constants={"dt": 0.1},
    output="y",
    reference=_neural_ode,
)


def _heat(u0, f, a):
    u = u0
    for _ in range(4):
        wide = np.concatenate([np.zeros(1), u, np.zeros(1)])
        u = u + sigmoid(a) / 2 * (wide[:-2] - 2 * u + wide[2:])
    return np.sum((u - f) ** 2), u


HEAT = OracleModel(
    name="heat_equation",
    source="explicit finite differences, 0 at both ends: lag and shift in one subscript list",
    equations="""
u[t,i] = where(t > 0,
    u[t-1,i] + sigmoid(a)/2*(u[t-1,i-1] - 2*u[t-1,i] + u[t-1,i+1]),
    u0[i])
y[i] = u[size(t)-1,i]
E = sum(i, (y[i] - f[i])**2)
""",
    parameters={"a": ()},
    inputs={"u0": (7,)},
    targets={"f": (7,)},
    sizes={"u.0": 5, "u.1": 7},
    output="y",
    reference=_heat,
)


def _average(x, r, a):
    keep, m, total = sigmoid(a), 0.0, 0.0
    for t in range(x.shape[1]):
        m = keep * m + (1 - keep) * x[:, t]
        total = total + (m - r[:, t]) ** 2
    return np.mean(total)


AVERAGE = OracleModel(
    name="exponential_moving_average",
    source="Brown 1959; the smoothing factor is learned",
    equations="""
m[n,t] = sigmoid(a)*m[n,t-1] + (1 - sigmoid(a))*x[n,t]
E = mean(n, sum(t, (m[n,t] - r[n,t])**2))
""",
    parameters={"a": ()},
    inputs={"x": ("n", "T")},
    targets={"r": ("n", "T")},
    batch=("n",),
    runtime={"n": 5, "T": 11},
    reference=_average,
)


def _autoregression(x, a, b):
    error, total = {-1: np.zeros(len(x)), -2: np.zeros(len(x))}, 0.0
    for t in range(x.shape[1]):
        one = x[:, t - 1] if t >= 1 else 0.0
        two = x[:, t - 2] if t >= 2 else 0.0
        error[t] = x[:, t] - a[0] * one - a[1] * two - b * error[t - 1]
        total = total + error[t] ** 2
    return np.mean(total)


AUTOREGRESSION = OracleModel(
    name="arma_2_1",
    source="Box & Jenkins 1970, conditional sum of squares",
    equations="""
e[n,t] = x[n,t] - a[0]*x[n,t-1] - a[1]*x[n,t-2] - b*e[n,t-1]
E = mean(n, sum(t, e[n,t]**2))
""",
    parameters={"a": (2,), "b": ()},
    inputs={"x": ("n", "T")},
    sizes={"a.0": 2},
    batch=("n",),
    runtime={"n": 5, "T": 7},
    reference=_autoregression,
)


def _kalman(z, f, lq, lr):
    mean, variance, total = 0.0, 0.0, 0.0
    for t in range(len(z)):
        predicted = f**2 * variance + np.exp(lq)
        spread = predicted + np.exp(lr)
        total = total + 0.5 * (np.log(spread) + (z[t] - f * mean) ** 2 / spread)
        gain = predicted / spread
        mean, variance = f * mean + gain * (z[t] - f * mean), (1 - gain) * predicted
    return total


KALMAN = OracleModel(
    name="kalman_filter_scalar",
    source="Kalman 1960; Durbin & Koopman 2012, section 2.2, prediction-error likelihood",
    equations="""
p[t] = f**2*v[t-1] + exp(lq)
k[t] = p[t]/(p[t] + exp(lr))
m[t] = f*m[t-1] + k[t]*(z[t] - f*m[t-1])
v[t] = (1 - k[t])*p[t]
E = sum(t, log(p[t] + exp(lr)) + (z[t] - f*m[t-1])**2/(p[t] + exp(lr)))/2
""",
    parameters={"f": (), "lq": (), "lr": ()},
    inputs={"z": ("T",)},
    runtime={"T": 11},
    reference=_kalman,
)


def _momentum(w0, A, b, mu, lr):
    w, velocity = w0, np.zeros(3)
    for _ in range(6):
        velocity = mu * velocity + A @ w - b
        w = w - lr * velocity
    return 0.5 * w @ A @ w - b @ w, w


MOMENTUM = OracleModel(
    name="momentum_unrolled",
    source="Polyak 1964 on a quadratic; the derivative by its hyper-parameters, Maclaurin 2015",
    equations="""
v[t,i] = where(t > 0, mu*v[t-1,i] + sum(j, A[i,j]*w[t-1,j]) - b[i], 0)
w[t,i] = where(t > 0, w[t-1,i] - lr*v[t,i], w0[i])
y[i] = w[size(w, 0)-1,i]
E = sum(i,j, y[i]*A[i,j]*y[j])/2 - sum(i, b[i]*y[i])
""",
    parameters={"mu": (), "lr": (), "w0": (3,)},
    inputs={"A": (3, 3), "b": (3,)},
    draws={"mu": unit_interval, "lr": unit_interval},
    sizes={"t": 7, "i": 3, "j": 3},
    output="y",
    reference=_momentum,
)


def _epidemic(c, b, g):
    s, i, total = 0.9, 0.1, 0.0
    for t in range(len(c)):
        if t:
            s, i = s - sigmoid(b) * s * i, i + sigmoid(b) * s * i - sigmoid(g) * i
        total = total + (i - c[t]) ** 2
    return total


EPIDEMIC = OracleModel(
    name="epidemic_sir",
    source="Kermack & McKendrick 1927, daily steps: two states in one group",
    equations="""
s[t] = where(t > 0, s[t-1] - sigmoid(b)*s[t-1]*i[t-1], 0.9)
i[t] = where(t > 0, i[t-1] + sigmoid(b)*s[t-1]*i[t-1] - sigmoid(g)*i[t-1], 0.1)
E = sum(t, (i[t] - c[t])**2)
""",
    parameters={"b": (), "g": ()},
    targets={"c": (7,)},
    draws={"c": unit_interval},
    sizes={"t": 7},
    reference=_epidemic,
)


def _hmm(o, A0, B0, p0):
    A, B = softmax(A0, 1), softmax(B0, 1)
    total = 0.0
    for n in range(len(o)):
        forward = softmax(p0, 0) * B[:, o[n, 0]]
        for t in range(1, o.shape[1]):
            forward = (forward @ A) * B[:, o[n, t]]
        total = total - np.log(np.sum(forward))
    return total / len(o)


HMM = OracleModel(
    name="hidden_markov_model",
    source="Rabiner 1989, equations 19 to 21",
    equations="""
A[j,k] = exp(A0[j,k])/sum(k, exp(A0[j,k]))
B[k,s] = exp(B0[k,s])/sum(s, exp(B0[k,s]))
p[k] = exp(p0[k])/sum(k, exp(p0[k]))
f[n,t,k] = where(t > 0, sum(j, f[n,t-1,j]*A[j,k]), p[k])*B[k,o[n,t]]
E = -mean(n, log(sum(k, f[n,size(o, 1)-1,k])))
""",
    parameters={"A0": (3, 3), "B0": (3, 5), "p0": (3,)},
    inputs={"o": ("n", "T")},
    integers={"o": 5},
    sizes={"j": 3, "k": 3, "s": 5},
    batch=("n",),
    runtime={"n": 2, "T": 7},
    reference=_hmm,
)


def _viterbi(e, A):
    best = e[:, 0]
    for t in range(1, e.shape[1]):
        best = np.max(best[:, :, None] + A, axis=1) + e[:, t]
    return np.mean(np.max(best, axis=1))


VITERBI = OracleModel(
    name="viterbi_score",
    source="Viterbi 1967: max inside a recurrence",
    equations="""
v[n,t,k] = e[n,t,k] + where(t > 0, max(j, v[n,t-1,j] + A[j,k]), 0)
E = mean(n, max(k, v[n,size(t)-1,k]))
""",
    parameters={"A": (3, 3)},
    inputs={"e": ("n", "T", 3)},
    sizes={"j": 3, "k": 3},
    batch=("n",),
    runtime={"n": 2, "T": 7},
    reference=_viterbi,
)


MODELS = (
    NEURAL_ODE,
    HEAT,
    AVERAGE,
    AUTOREGRESSION,
    KALMAN,
    MOMENTUM,
    EPIDEMIC,
    HMM,
    VITERBI,
)
