"""Losses of numbers beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.figures.case import Case, Draw
from tests.figures.loss_cases import DEEP, FLAT, PLAIN, N, chances, counts, loss_case, signs

# ---- numbers -------------------------------------------------------------------------------------


def _gaussian(name: str, variance: Draw, **attributes: Any) -> Case:
    spec = {
        "inputs": {"y": [4], "variance": [4]},
        "layers": [{"type": "identity", "inputs": ["y"]}],
        "loss": {"type": "gaussian_nll", "inputs": ["y", "variance"], **attributes},
    }

    def reference(torch: Any, y: Any, variance: Any, t: Any) -> Any:
        return torch.nn.functional.gaussian_nll_loss(y, t, variance, **attributes)

    return Case(name, ("gaussian_nll",), spec, reference, {"variance": variance})


REGRESSION = (
    *(
        loss_case(f"squared_error {s}", lambda f, y, t: ((y - t) ** 2).sum() / 2 / N, s)
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(loss_case(f"mse {s}", lambda f, y, t: f.mse_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    *(loss_case(f"mae {s}", lambda f, y, t: f.l1_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    loss_case("mae at 0", lambda f, y, t: f.l1_loss(y, t), draws={"x": signs, "t": signs}),
    *(loss_case(f"huber {s}", lambda f, y, t: f.huber_loss(y, t), s) for s in (FLAT, PLAIN, DEEP)),
    loss_case("huber delta 0.3", lambda f, y, t: f.huber_loss(y, t, delta=0.3), delta=0.3),
    loss_case(
        "huber at delta",
        lambda f, y, t: f.huber_loss(y, t, delta=2.0),
        draws={"x": signs, "t": signs},
        delta=2,
    ),
    *(loss_case(f"smooth_l1 {s}", lambda f, y, t: f.smooth_l1_loss(y, t), s) for s in (FLAT, DEEP)),
    loss_case("smooth_l1 beta 0.3", lambda f, y, t: f.smooth_l1_loss(y, t, beta=0.3), beta=0.3),
    loss_case("smooth_l1 beta 0", lambda f, y, t: f.smooth_l1_loss(y, t, beta=0.0), beta=0),
    *(
        loss_case(f"poisson_nll {s}", lambda f, y, t: f.poisson_nll_loss(y, t), s, {"t": counts})
        for s in (FLAT, PLAIN, DEEP)
    ),
    loss_case(
        "poisson_nll of rates",
        lambda f, y, t: f.poisson_nll_loss(y, t, log_input=False, eps=1e-3),
        draws={"x": chances, "t": counts},
        log_input=False,
        eps=1e-3,
    ),
    loss_case(
        "poisson_nll full",
        lambda f, y, t: f.poisson_nll_loss(y, t, full=True),
        draws={"t": counts},
        full=True,
    ),
    _gaussian("gaussian_nll", chances),
    _gaussian("gaussian_nll full", chances, full=True),
    _gaussian("gaussian_nll of no variance", lambda rng, s: np.zeros(s), eps=0.01),
)
