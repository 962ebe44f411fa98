"""Regression and classification objectives over one linear predictor."""

import autograd.numpy as np

from tests.oracles.model import (
    BATCH,
    OracleModel,
    binary,
    counts,
    distribution,
    plus_or_minus,
    unit_interval,
)
from tests.oracles.reference import hold, log_softmax, logsumexp, relu, sigmoid, softmax


def linear(name, source, loss, function, *, draw=None, **constants):
    """A loss of one prediction `y[n] = sum(j, w[j]*x[n,j]) + b` and its target `t[n]`."""

    def reference(x, t, w, b, **constants):
        y = x @ w + b
        return function(y, t, w, **constants), y

    return OracleModel(
        name=name,
        source=source,
        equations=f"y[n] = sum(j, w[j]*x[n,j]) + b\nE = ({loss})",
        parameters={"w": (5,), "b": ()},
        inputs={"x": ("n", 5)},
        targets={"t": ("n",)},
        draws={"t": draw} if draw else {},
        sizes={"j": 5},
        constants=constants,
        output="y",
        **BATCH,
        reference=reference,
    )


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


def _huber(y, t, w, c):
    error = np.abs(y - t)
    return np.mean(np.where(error <= c, error**2 / 2, c * error - c**2 / 2))


def _bernoulli(y, t, w):
    return -np.mean(t * np.log(sigmoid(y)) + (1 - t) * np.log(1 - sigmoid(y)))


def _focal(y, t, w, gamma):
    right = np.where(t > 0.5, sigmoid(y), sigmoid(-y))
    return -np.mean((1 - right) ** gamma * np.log(right))


def _dice(y, t, w):
    p = sigmoid(y)
    return 1 - (2 * np.sum(p * t) + 1) / (np.sum(p) + np.sum(t) + 1)


def _pearson(y, t, w):
    a, b = y - np.mean(y), t - np.mean(t)
    return 1 - np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b) + 0.01)


def _concordance(y, t, w):
    covariance = np.mean(y * t) - np.mean(y) * np.mean(t)
    return 1 - 2 * covariance / (np.var(y) + np.var(t) + (np.mean(y) - np.mean(t)) ** 2)


def _rank_net(y, t, w):
    higher = t[:, None] > t[None, :]
    return np.sum(np.where(higher, np.log1p(np.exp(y[None, :] - y[:, None])), 0.0))


def _list_net(y, t, w):
    return -np.sum(softmax(t, 0) * log_softmax(y, 0))


def _cox(y, t, w):
    total = 0.0
    for patient in range(len(t)):
        at_risk = np.where(t >= t[patient], y, -np.inf)
        total = total - y[patient] + logsumexp(at_risk, 0)
    return total


LINEAR = (
    linear(
        "poisson_regression_l1",
        "McCullagh & Nelder 1989, chapter 6; Tibshirani 1996",
        "mean(n, exp(y[n]) - t[n]*y[n]) + lam*sum(j, abs(w[j]))",
        lambda y, t, w, lam: np.mean(np.exp(y) - t * y) + lam * np.sum(np.abs(w)),
        draw=counts,
        lam=0.1,
    ),
    linear(
        "logistic_with_logits",
        "Bishop 2006, equation 4.90",
        "mean(n, softplus(y[n]) - t[n]*y[n])",
        _bernoulli,
        draw=binary,
    ),
    linear(
        "logistic_by_probability",
        "Bishop 2006, equation 4.90",
        "-mean(n, t[n]*log(sigmoid(y[n])) + (1 - t[n])*log(1 - sigmoid(y[n])))",
        _bernoulli,
        draw=binary,
    ),
    linear(
        "huber",
        "Huber 1964",
        "mean(n, where(abs(y[n] - t[n]) <= c, (y[n] - t[n])**2/2, c*(abs(y[n] - t[n]) - c/2)))",
        _huber,
        c=0.8,
    ),
    linear(
        "quantile",
        "Koenker & Bassett 1978",
        "mean(n, maximum(q*(t[n] - y[n]), (q - 1)*(t[n] - y[n])))",
        lambda y, t, w, q: np.mean(np.where(t > y, q * (t - y), (1 - q) * (y - t))),
        q=0.3,
    ),
    linear(
        "hinge",
        "Cortes & Vapnik 1995",
        "mean(n, relu(1 - t[n]*y[n])) + lam/2*sum(j, w[j]**2)",
        lambda y, t, w, lam: np.mean(relu(1 - t * y)) + lam / 2 * np.dot(w, w),
        draw=plus_or_minus,
        lam=0.05,
    ),
    linear(
        "squared_hinge",
        "Lee & Mangasarian 2001",
        "sum(n, maximum(0, 1 - t[n]*y[n])**2)/size(n)",
        lambda y, t, w: np.mean(relu(1 - t * y) ** 2),
        draw=plus_or_minus,
    ),
    linear(
        "elastic_net",
        "Zou & Hastie 2005, equation 3",
        "mean(n, (t[n] - y[n])**2)/2 + lam*sum(j, a*abs(w[j]) + (1 - a)/2*w[j]**2)",
        lambda y, t, w, lam, a: np.mean((t - y) ** 2) / 2
        + lam * (a * np.sum(np.abs(w)) + (1 - a) / 2 * np.sum(w**2)),
        lam=0.1,
        a=0.4,
    ),
    linear(
        "log_cosh",
        "Saleh & Saleh 2022",
        "mean(n, log(cosh(y[n] - t[n])))",
        lambda y, t, w: np.mean(np.logaddexp(y - t, t - y) - np.log(2.0)),
    ),
    linear(
        "focal",
        "Lin et al. 2017, equation 4",
        "-mean(n, where(t[n] == 1, (1 - sigmoid(y[n]))**gamma*log(sigmoid(y[n])),\n"
        "    sigmoid(y[n])**gamma*log(1 - sigmoid(y[n]))))",
        _focal,
        draw=binary,
        gamma=2,
    ),
    linear(
        "dice",
        "Milletari et al. 2016, smoothed",
        "1 - (2*sum(n, sigmoid(y[n])*t[n]) + 1)/(sum(n, sigmoid(y[n])) + sum(n, t[n]) + 1)",
        _dice,
        draw=binary,
    ),
    linear(
        "pearson",
        "Pearson's correlation, smoothed",
        "1 - (sum(n, (y[n] - mean(m, y[m]))*(t[n] - mean(m, t[m])))\n"
        "    /sqrt(sum(n, (y[n] - mean(m, y[m]))**2)*sum(n, (t[n] - mean(m, t[m]))**2) + 1/100))",
        _pearson,
    ),
    linear(
        "concordance",
        "Lin 1989",
        "(1 - 2*mean(n, (y[n] - mean(m, y[m]))*(t[n] - mean(m, t[m])))\n"
        "    /(mean(n, (y[n] - mean(n, y[n]))**2) + mean(n, (t[n] - mean(n, t[n]))**2)\n"
        "        + (mean(n, y[n]) - mean(n, t[n]))**2))",
        _concordance,
    ),
    linear(
        "rank_net",
        "Burges et al. 2005, equation 3: every pair of the batch",
        "sum(a,b, where(t[a] > t[b], softplus(y[b] - y[a]), 0))",
        _rank_net,
    ),
    linear(
        "list_net",
        "Cao et al. 2007: top-one probabilities over the batch",
        "-sum(n, exp(t[n])/sum(m, exp(t[m]))*(y[n] - logsumexp(m, y[m])))",
        _list_net,
    ),
    linear(
        "cox_partial_likelihood",
        "Cox 1972: everybody who lives as long is at risk",
        "sum(n, logsumexp(m, where(t[m] >= t[n], y[m], -inf)) - y[n])",
        _cox,
    ),
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


def _ridge(x, t, w, lam):
    return np.sum((x @ w - t) ** 2) + lam * np.dot(w, w)


RIDGE = OracleModel(
    name="ridge_without_batch",
    source="Hoerl & Kennard 1970",
    equations="E = sum(n, (sum(j, x[n,j]*w[j]) - t[n])**2) + lam*sum(j, w[j]**2)",
    parameters={"w": (5,)},
    inputs={"x": (7, 5)},
    targets={"t": (7,)},
    sizes={"n": 7, "j": 5},
    constants={"lam": 0.1},
    reference=_ridge,
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

MODELS = (*LINEAR, *CLASSES, RIDGE, ORDINAL)
