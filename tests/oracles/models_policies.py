"""Reinforcement learning and preferences: actions as integers, targets that are held."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel
from tests.oracles.reference import hold, log_softmax, logsumexp, relu, softplus


def _returns(s, r, a, W, gamma):
    total = 0.0
    for t in range(s.shape[1]):
        later = np.arange(t, s.shape[1])
        gain = np.sum(gamma ** (later - t) * r[:, t:], axis=1)
        scores = s[:, t] @ W.T
        chosen = scores[np.arange(len(s)), a[:, t]] - logsumexp(scores, 1)
        total = total - np.mean(gain * chosen)
    return total


RETURNS = OracleModel(
    name="reinforce",
    source="Williams 1992; returns by a backward recurrence, the actions as integers",
    equations="""
g[n,t] = r[n,t] + gamma*g[n,t+1]
z[n,t,k] = sum(j, W[k,j]*s[n,t,j])
E = -mean(n, sum(t, g[n,t]*(z[n,t,a[n,t]] - logsumexp(k, z[n,t,k]))))
""",
    parameters={"W": (3, 2)},
    inputs={"s": ("n", "T", 2), "r": ("n", "T"), "a": ("n", "T")},
    integers={"a": 3},
    sizes={"k": 3, "j": 2},
    constants={"gamma": 0.9},
    batch=("n",),
    runtime={"n": 5, "T": 7},
    reference=_returns,
)


def _proximal(s, a, g, old, W, eps):
    log_chance = log_softmax(s @ W.T)[np.arange(len(a)), a]
    ratio = np.exp(log_chance - old)
    clipped = np.where(ratio > 1 + eps, 1 + eps, np.where(ratio < 1 - eps, 1 - eps, ratio))
    return -np.mean(np.where(ratio * g < clipped * g, ratio * g, clipped * g))


PROXIMAL = OracleModel(
    name="proximal_policy",
    source="Schulman et al. 2017, equation 7; unclipped, the two products tie and move alike",
    equations="""
z[n,k] = sum(j, W[k,j]*s[n,j])
q[n] = exp(z[n,a[n]] - logsumexp(k, z[n,k]) - old[n])
E = -mean(n, minimum(q[n]*g[n], minimum(maximum(q[n], 1 - eps), 1 + eps)*g[n]))
""",
    parameters={"W": (3, 5)},
    inputs={"s": ("n", 5), "a": ("n",), "g": ("n",), "old": ("n",)},
    integers={"a": 3},
    draws={"old": lambda rng, shape: rng.uniform(-1.3, -0.9, shape)},
    sizes={"k": 3, "j": 5},
    constants={"eps": 0.2},
    **BATCH,
    reference=_proximal,
)


def _q_learning(s, s2, a, r, W, gamma):
    goal = r + gamma * hold(np.max(s2 @ W.T, axis=1))
    return np.mean(((s @ W.T)[np.arange(len(a)), a] - goal) ** 2)


Q_LEARNING = OracleModel(
    name="q_learning",
    source="Mnih et al. 2015, equation 2: the target is held",
    equations="""
q[n,k] = sum(j, W[k,j]*s[n,j])
g[n] = hold(r[n] + gamma*max(k, sum(j, W[k,j]*s2[n,j])))
E = mean(n, (q[n,a[n]] - g[n])**2)
""",
    parameters={"W": (3, 5)},
    inputs={"s": ("n", 5), "s2": ("n", 5), "a": ("n",)},
    targets={"r": ("n",)},
    integers={"a": 3},
    sizes={"k": 3, "j": 5},
    constants={"gamma": 0.9},
    **BATCH,
    reference=_q_learning,
)


def _preference(x, y, v, w, beta):
    margin = (y - x) @ w
    return np.mean(softplus(beta * margin)) + np.mean(relu(v - y @ w))


PREFERENCE = OracleModel(
    name="direct_preference",
    source="Rafailov et al. 2023, equation 7, for linear log-ratios",
    equations="""
p[n] = sum(j, w[j]*x[n,j])
q[n] = sum(j, w[j]*y[n,j])
E = -mean(n, log(sigmoid(beta*(p[n] - q[n])))) + mean(n, relu(v[n] - q[n]))
""",
    parameters={"w": (5,)},
    inputs={"x": ("n", 5), "y": ("n", 5), "v": ("n",)},
    sizes={"j": 5},
    constants={"beta": 0.5},
    **BATCH,
    reference=_preference,
)

MODELS = (RETURNS, PROXIMAL, Q_LEARNING, PREFERENCE)
