"""Objectives of one linear predictor: regression, two classes, rankings, survival."""

import autograd.numpy as np

from tests.oracles.model import BATCH, OracleModel, binary, counts, plus_or_minus
from tests.oracles.reference import log_softmax, logsumexp, relu, sigmoid, softmax


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
        lambda y, t, w, lam, a: (
            np.mean((t - y) ** 2) / 2 + lam * (a * np.sum(np.abs(w)) + (1 - a) / 2 * np.sum(w**2))
        ),
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


MODELS = (*LINEAR, RIDGE)
