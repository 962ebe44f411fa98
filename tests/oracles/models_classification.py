"""Objectives of linear scores for several classes; a class number is an integer target."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, distribution, unit_interval
from tests.oracles.reference import hold, log_softmax, relu, sigmoid, softmax


def classes(name, source, loss, function, *, classes_in="t", **constants):
    """A loss of linear scores `z[n,k]` and a class number `t[n]`, or a distribution `t[n,k]`."""

    def reference(x, t, W, **constants):
        z = x @ W.T
        return function(z, t, np.arange(len(t)), **constants), z

    numbers = classes_in == "t"
    return OracleModel(
        name=name,
        source=source,
        equations=f"z[n,k] = sum(j, W[k,j]*x[n,j])\nE = ({loss})",
        parameters={"W": (3, 5)},
        inputs={"x": ("n", 5)},
        targets={"t": ("n",) if numbers else ("n", 3)},
        integers={"t": 3} if numbers else {},
        draws={} if numbers else {"t": distribution},
        sizes={"x.1": 5, "z.1": 3},
        constants=constants,
        output="z",
        **BATCH,
        reference=reference,
    )


def _weston_watkins(z, t, rows):
    margins = relu(1 + z - z[rows, t][:, None])
    return np.mean(np.sum(margins, axis=1) - 1)


def _crammer_singer(z, t, rows):
    others = z + (np.arange(z.shape[1]) != t[:, None])
    return np.mean(np.max(others, axis=1) - z[rows, t])


def _distillation(z, t, rows, tau):
    teacher = hold(softmax(z**2, 1))
    soft = -np.mean(np.sum(teacher * log_softmax(z / tau), axis=1)) * tau**2
    return soft - np.mean(log_softmax(z)[rows, t])


def _smoothed(z, t, rows, eps):
    target = (1 - eps) * np.eye(z.shape[1])[t] + eps / z.shape[1]
    return -np.mean(np.sum(target * log_softmax(z), axis=1))


CLASSES = (
    classes(
        "weston_watkins",
        "Weston & Watkins 1999",
        "mean(n, sum(k, where(k == t[n], 0, relu(1 + z[n,k] - z[n,t[n]]))))",
        _weston_watkins,
    ),
    classes(
        "crammer_singer",
        "Crammer & Singer 2001, equation 4",
        "mean(n, max(k, z[n,k] + where(k != t[n], 1, 0)) - z[n,t[n]])",
        _crammer_singer,
    ),
    classes(
        "label_smoothing",
        "Szegedy et al. 2016, section 7",
        "-mean(n, sum(k, ((1 - eps)*where(t[n] == k, 1, 0) + eps/size(k))\n"
        "    *(z[n,k] - logsumexp(j, z[n,j]))))",
        _smoothed,
        eps=0.1,
    ),
    classes(
        "soft_targets",
        "cross-entropy with a distribution, by nested reductions",
        "-mean(n, sum(k, t[n,k]*log(exp(z[n,k])/sum(k, exp(z[n,k])))))",
        lambda z, t, rows: -np.mean(np.sum(t * log_softmax(z), axis=1)),
        classes_in="distribution",
    ),
    classes(
        "distillation",
        "Hinton et al. 2015, section 2, with a teacher that is held",
        "mean(n, logsumexp(k, z[n,k]) - z[n,t[n]])\n"
        "    - tau**2*mean(n, sum(k, hold(exp(z[n,k]**2)/sum(k, exp(z[n,k]**2)))\n"
        "        *(z[n,k]/tau - logsumexp(k, z[n,k]/tau))))",
        _distillation,
        tau=1.7,
    ),
    classes(
        "brier",
        "Brier 1950",
        "mean(n, sum(k, (exp(z[n,k])/sum(k, exp(z[n,k])) - delta(k, t[n]))**2))",
        lambda z, t, rows: np.mean(np.sum((softmax(z) - np.eye(3)[t]) ** 2, axis=1)),
    ),
)


def _ordinal(x, t, w, c):
    score = x @ w
    cuts = np.concatenate([np.array([-np.inf]), np.cumsum(np.array([c[0], c[1] ** 2]))])
    likely = 0.0
    for k in range(3):
        above = sigmoid(score - cuts[k]) if k else np.ones(len(t))
        beyond = sigmoid(score - cuts[k + 1]) if k < 2 else np.zeros(len(t))
        likely = likely + np.where(t == k, above - beyond, 0.0)
    return -np.mean(np.log(likely))


ORDINAL = OracleModel(
    name="ordinal_regression",
    source="McCullagh 1980: P(t >= k) = sigmoid(score - cut_k), the cuts ordered",
    equations="""
s[n] = sum(j, w[j]*x[n,j])
g0[n] = sigmoid(s[n] - c[0])
g1[n] = sigmoid(s[n] - c[0] - c[1]**2)
p[n] = where(t[n] == 0, 1 - g0[n], where(t[n] == 1, g0[n] - g1[n], g1[n]))
E = -mean(n, log(p[n]))
""",
    parameters={"w": (5,), "c": (2,)},
    inputs={"x": ("n", 5)},
    targets={"t": ("n",)},
    integers={"t": 3},
    draws={"c": unit_interval},
    sizes={"j": 5, "c.0": 2},
    **BATCH,
    reference=_ordinal,
)

MODELS = (*CLASSES, ORDINAL)
