"""A net of two layers, the verdicts on formulas about it, and one mistake in every language."""

import derive
from derive import differentiate
from derive.answers.check_text import check_formulas

NET = {
    "name": "net",
    "inputs": {"x": [2]},
    "layers": [
        {"type": "dense", "units": 3, "activation": "sigmoid"},
        {"type": "dense", "units": 2, "activation": "sigmoid"},
    ],
    "loss": "squared_error",
}


def net(**more):
    return differentiate(derive.load({**NET, **more}))


def rows(derivation, text):
    return {row.name: row for row in check_formulas(derivation, text)}


SAME_MISTAKE = {
    "equations": "dz1[n,i] = sum(k, W2[k,i]*dz2[n,k])",
    "numpy": "import numpy as np\ndz1 = dz2 @ W2\n",
    "latex": r"\delta^{(1)}_{ni} = \sum_k W^{(2)}_{ki} \delta^{(2)}_{nk}",
}


def verdict_and_slip(derivation, text):
    """Verdict and first likely slip by name."""
    rows = check_formulas(derivation, text)
    return {r.name: (r.verdict, *r.data.get("slips", ())[:1], *r.data.get("explained", ())[:1])
            for r in rows}  # fmt: skip
