"""Reductions: letters bound anew, letters that are absent, broadcasts, entries outside."""

import autograd.numpy as np

from tests.oracles.model import OracleModel
from tests.oracles.models_indexing import weighted
from tests.oracles.reference import logsumexp


def _windows_of_three(x):
    w = np.stack([x[:-2], x[1:-1], x[2:]])
    extremes = np.max(w, axis=0) + np.min(w, axis=0)
    return extremes + np.prod(2 + w, axis=0) + logsumexp(w, 0) + np.mean(w, axis=0)


REDUCTIONS = (
    weighted(
        "cumulative_sum",
        "sums up to and with t",
        "y[t] = sum(u, where(u <= t, x[u], 0))**2 + x[t]",
        lambda x: np.cumsum(x) ** 2 + x,
        {"x": (7,)},
        (7,),
        sizes={"x.0": 7},
    ),
    weighted(
        "broadcast_left",
        "a letter on the left only, along each axis",
        "y[i,j,k] = b[j]",
        lambda b: np.broadcast_to(b[None, :, None], (2, 3, 5)) * np.ones((2, 3, 5)),
        {"b": (3,)},
        (2, 3, 5),
        sizes={"y.0": 2, "y.1": 3, "y.2": 5},
    ),
    weighted(
        "sum_of_absent_letter",
        "sum(k, x[i]) is size(k)*x[i]; prod is a power, max and mean are x[i]",
        "y[i] = sum(k, x[i]) + prod(k, x[i]) + max(k, x[i]) + mean(k, x[i]) + logsumexp(k, x[i])",
        lambda x: 3 * x + x**3 + 2 * x + np.log(3) + x,
        {"x": (5,)},
        (5,),
        sizes={"i": 5, "k": 3},
    ),
    weighted(
        "letter_bound_anew",
        "i outside, i inside",
        "y[i] = exp(x[i])/sum(i, exp(x[i])) - logsumexp(i, x[i] + sum(i, x[i]**2)) + max(i, x[i])",
        lambda x: np.exp(x - logsumexp(x)) - logsumexp(x) - np.sum(x**2) + np.max(x),
        {"x": (5,)},
        (5,),
        sizes={"i": 5},
    ),
    weighted(
        "nested_reductions",
        "five kinds within each other",
        "y[i] = sum(j, max(k, x[i,j,k])*prod(k, 1 + x[i,j,k])) + logsumexp(j, min(k, x[i,j,k]))",
        lambda x: (
            np.sum(np.max(x, axis=2) * np.prod(1 + x, axis=2), axis=1)
            + logsumexp(np.min(x, axis=2), 1)
        ),
        {"x": (5, 3, 2)},
        (5,),
        sizes={"x.0": 5, "x.1": 3, "x.2": 2},
    ),
    weighted(
        "zero_under_every_reduction",
        "an entry outside counts as 0 under max, min, prod and logsumexp",
        "y[i] = (max(u, x[i+u-1]) + min(u, x[i+u-1]) + prod(u, 2 + x[i+u-1])\n"
        "        + logsumexp(u, x[i+u-1]) + mean(u, x[i+u-1]))",
        lambda x: _windows_of_three(np.concatenate([np.zeros(1), x, np.zeros(1)])),
        {"x": (7,)},
        (7,),
        sizes={"x.0": 7, "y.0": 7, "u": 3},
    ),
)


def _trace_of_product(A, B):
    return np.trace(A @ B @ A.T)


TRACE_OF_PRODUCT = OracleModel(
    name="trace_of_product",
    source="tr(A B A^T), Petersen & Pedersen 2012, equation 111",
    equations="E = sum(i,j,k, A[i,j]*B[j,k]*A[i,k])",
    parameters={"A": (3, 5), "B": (5, 5)},
    sizes={"i": 3, "j": 5, "k": 5},
    reference=_trace_of_product,
)

MODELS = (*REDUCTIONS, TRACE_OF_PRODUCT)
