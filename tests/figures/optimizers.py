"""Optimisers beside PyTorch's, step by step; `lion` and `lamb` beside their papers."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive import differentiate, load
from derive.ir.derivation import Derivation

STEPS = 20
SHAPES = {"W1": (3, 2), "b1": (3,), "W2": (1, 3), "b2": (1,), "x": (5, 2), "t": (5, 1)}
NET = {
    "name": "net",
    "inputs": {"x": [2]},
    "layers": [
        {"type": "dense", "units": 3, "activation": "tanh"},
        {"type": "dense", "units": 1},
    ],
    "loss": "mse",
}


@dataclass(frozen=True, eq=False)
class Course:
    """An optimiser with settings, and the same in PyTorch.

    `reference` gets the module `torch` and the list of parameters, and returns an object with
    `step()`, and perhaps a second one, whose `step()` moves the learning rate.
    """

    name: str
    entries: tuple[str, ...]
    settings: dict[str, Any]
    reference: Callable[..., Any]

    def derivation(self) -> Derivation:
        """The net with this optimiser."""
        return differentiate(load({**NET, "optimizer": self.settings}))

    def arrays(self) -> dict[str, np.ndarray]:
        """Parameters to begin with, and data."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return {name: rng.normal(size=shape) for name, shape in SHAPES.items()}

    def after(self, torch: Any) -> dict[str, Any]:
        """Losses, and the parameters at the end, by PyTorch."""
        leaves = {n: torch.tensor(a) for n, a in self.arrays().items()}
        parameters = [leaves[n].requires_grad_() for n in ("W1", "b1", "W2", "b2")]
        made = self.reference(torch, parameters)
        movers = made if isinstance(made, tuple) else (made,)
        losses = []
        for _ in range(STEPS):
            W1, b1, W2, b2 = parameters
            y = torch.tanh(leaves["x"] @ W1.T + b1) @ W2.T + b2
            loss = ((y - leaves["t"]) ** 2).mean()
            for parameter in parameters:
                parameter.grad = None
            loss.backward()
            for mover in movers:
                mover.step()
            losses.append(loss.item())
        return {
            "losses": losses,
            "parameters": dict(
                zip(("W1", "b1", "W2", "b2"), (p.tolist() for p in parameters), strict=True)
            ),
        }


class Clipped:
    """Gradients cut before another optimiser's step."""

    def __init__(self, cut: Callable[[], Any], optimizer: Any) -> None:
        self.cut = cut
        self.optimizer = optimizer

    def step(self) -> None:
        """Cut, then step."""
        self.cut()
        self.optimizer.step()


class Lion:
    """Program 1 of the paper, line by line."""

    def __init__(self, torch: Any, parameters: list[Any], rate: float, decay: float) -> None:
        self.torch, self.parameters, self.rate, self.decay = torch, parameters, rate, decay
        self.means = [torch.zeros_like(p) for p in parameters]

    def step(self) -> None:
        """One update."""
        with self.torch.no_grad():
            for p, m in zip(self.parameters, self.means, strict=True):
                update = self.torch.sign(0.9 * m + 0.1 * p.grad) + self.decay * p
                m.copy_(0.99 * m + 0.01 * p.grad)
                p.sub_(self.rate * update)


class Lamb:
    """Algorithm 2 of the paper, with the identity as scaling function."""

    def __init__(self, torch: Any, parameters: list[Any], rate: float, decay: float) -> None:
        self.torch, self.parameters, self.rate, self.decay = torch, parameters, rate, decay
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        self.count = 0

    def step(self) -> None:
        """One update."""
        self.count += 1
        with self.torch.no_grad():
            for p, (m, v) in zip(self.parameters, self.moments, strict=True):
                m.copy_(0.9 * m + 0.1 * p.grad)
                v.copy_(0.999 * v + 0.001 * p.grad**2)
                mean, square = m / (1 - 0.9**self.count), v / (1 - 0.999**self.count)
                r = mean / (self.torch.sqrt(square) + 1e-6) + self.decay * p
                p.sub_(self.rate * self.torch.norm(p) / self.torch.norm(r) * r)


class Muon:
    """Muon for matrices beside AdamW for the rest, with the iteration in double precision.

    PyTorch iterates in bfloat16, of which two digits are right; here what would turn a matrix into
    it leaves it as it is.
    """

    def __init__(
        self, torch: Any, p: list[Any], lr: float, scale: float, decay: float, **settings: Any
    ) -> None:
        self.torch = torch
        matrices, others = [w for w in p if w.ndim == 2], [w for w in p if w.ndim != 2]
        self.movers = (
            torch.optim.Muon(matrices, lr=lr, weight_decay=decay, **settings),
            torch.optim.AdamW(others, lr=lr * scale, weight_decay=decay, eps=TINY),
        )

    def step(self) -> None:
        """One update."""
        rounded = self.torch.Tensor.bfloat16
        self.torch.Tensor.bfloat16 = lambda matrix: matrix.clone()
        try:
            for mover in self.movers:
                mover.step()
        finally:
            self.torch.Tensor.bfloat16 = rounded


def of(name: str, kind: str, lr: float, torch_settings: dict[str, Any], **settings: Any) -> Course:
    """A course of one of PyTorch's own optimisers."""
    return Course(
        name,
        (settings["type"],),
        {"learning_rate": lr, **settings},
        lambda torch, p: getattr(torch.optim, kind)(p, lr=lr, **torch_settings),
    )


def scheduled(name: str, make: Callable[..., Any], **settings: Any) -> Course:
    """Gradient descent with a schedule."""

    def reference(torch: Any, p: list[Any]) -> Any:
        optimizer = torch.optim.SGD(p, lr=0.1)
        return optimizer, make(torch.optim.lr_scheduler, optimizer)

    return Course(
        f"schedule {name}", ("sgd",), {"type": "sgd", "learning_rate": 0.1, **settings}, reference
    )


# PyTorch takes the larger of a norm and eps, where we add eps: with this one both are the same
TINY = 1e-16
BETAS = {"betas": (0.8, 0.95)}
OURS = {"beta1": 0.8, "beta2": 0.95}

COURSES = (
    of("sgd", "SGD", 0.1, {}, type="sgd"),
    of("sgd decay", "SGD", 0.1, {"weight_decay": 0.03}, type="sgd", weight_decay=0.03),
    of("momentum", "SGD", 0.1, {"momentum": 0.9}, type="sgd", momentum=0.9),
    of(
        "nesterov",
        "SGD",
        0.05,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
        type="sgd",
        momentum=0.8,
        nesterov=True,
        weight_decay=0.1,
    ),
    of("adagrad", "Adagrad", 0.1, {}, type="adagrad"),
    of(
        "adagrad decay",
        "Adagrad",
        0.1,
        {"lr_decay": 0.1, "weight_decay": 0.1},
        type="adagrad",
        lr_decay=0.1,
        weight_decay=0.1,
    ),
    of("adadelta", "Adadelta", 1.0, {}, type="adadelta"),
    of(
        "adadelta rho",
        "Adadelta",
        0.5,
        {"rho": 0.7, "eps": 1e-3},
        type="adadelta",
        rho=0.7,
        eps=1e-3,
    ),
    of("rmsprop", "RMSprop", 0.01, {}, type="rmsprop"),
    of(
        "rmsprop centered",
        "RMSprop",
        0.01,
        {"centered": True, "momentum": 0.9, "alpha": 0.9, "weight_decay": 0.1},
        type="rmsprop",
        centered=True,
        momentum=0.9,
        alpha=0.9,
        weight_decay=0.1,
    ),
    of("adam", "Adam", 0.01, {}, type="adam"),
    of("adam eps 0", "Adam", 0.01, {"eps": 0.0}, type="adam", eps=0),
    of(
        "adam betas",
        "Adam",
        0.05,
        {**BETAS, "weight_decay": 0.1},
        type="adam",
        weight_decay=0.1,
        **OURS,
    ),
    of("amsgrad", "Adam", 0.05, {**BETAS, "amsgrad": True}, type="adam", amsgrad=True, **OURS),
    of("adamw", "AdamW", 0.01, {"weight_decay": 0.2}, type="adamw", weight_decay=0.2),
    of(
        "adamw amsgrad",
        "AdamW",
        0.05,
        {**BETAS, "amsgrad": True},
        type="adamw",
        amsgrad=True,
        **OURS,
    ),
    of("nadam", "NAdam", 0.02, {}, type="nadam"),
    of(
        "nadam betas",
        "NAdam",
        0.02,
        {**BETAS, "momentum_decay": 0.1},
        type="nadam",
        momentum_decay=0.1,
        **OURS,
    ),
    of("adamax", "Adamax", 0.02, {"weight_decay": 0.1}, type="adamax", weight_decay=0.1),
    of("radam", "RAdam", 0.02, {}, type="radam"),
    of("radam betas", "RAdam", 0.02, BETAS, type="radam", **OURS),
    Course(
        "lion",
        ("lion",),
        {"type": "lion", "learning_rate": 0.01, "weight_decay": 0.1},
        lambda torch, p: Lion(torch, p, 0.01, 0.1),
    ),
    Course(
        "lamb",
        ("lamb",),
        {"type": "lamb", "learning_rate": 0.01, "weight_decay": 0.1},
        lambda torch, p: Lamb(torch, p, 0.01, 0.1),
    ),
    Course(
        "muon",
        ("muon",),
        {"type": "muon", "learning_rate": 0.02, "eps": TINY},
        lambda torch, p: Muon(torch, p, 0.02, 1, 0.1),
    ),
    Course(
        "muon match",
        ("muon",),
        {
            "type": "muon",
            "learning_rate": 0.05,
            "adamw_scale": 0.5,
            "weight_decay": 0.3,
            "momentum": 0.8,
            "nesterov": False,
            "adjust_lr_fn": "match_rms_adamw",
            "eps": TINY,
        },
        lambda torch, p: Muon(
            torch, p, 0.05, 0.5, 0.3, momentum=0.8, nesterov=False, adjust_lr_fn="match_rms_adamw"
        ),
    ),
    Course(
        "clip norm",
        ("sgd",),
        {"type": "sgd", "learning_rate": 0.1, "clip_norm": 0.5},
        lambda torch, p: Clipped(
            lambda: torch.nn.utils.clip_grad_norm_(p, 0.5), torch.optim.SGD(p, lr=0.1)
        ),
    ),
    Course(
        "clip value",
        ("adam",),
        {"type": "adam", "learning_rate": 0.1, "clip_value": 0.2},
        lambda torch, p: Clipped(
            lambda: torch.nn.utils.clip_grad_value_(p, 0.2), torch.optim.Adam(p, lr=0.1)
        ),
    ),
    scheduled(
        "exponential", lambda s, o: s.ExponentialLR(o, 0.9), schedule="exponential", gamma=0.9
    ),
    scheduled("step", lambda s, o: s.StepLR(o, 6, 0.5), schedule="step", step_size=6, gamma=0.5),
    scheduled(
        "linear",
        lambda s, o: s.LinearLR(o, 1.0, 0.0, 15),
        schedule="linear",
        total_steps=15,
    ),
    scheduled(
        "cosine",
        lambda s, o: s.CosineAnnealingLR(o, STEPS),
        schedule="cosine",
        total_steps=STEPS,
    ),
    scheduled(
        "one cycle",
        lambda s, o: s.OneCycleLR(o, 0.1, STEPS + 1, cycle_momentum=False),
        schedule="one_cycle",
        total_steps=STEPS + 1,
    ),
    scheduled("warm-up", lambda s, o: s.LambdaLR(o, lambda k: min((k + 1) / 8, 1)), warmup=8),
)
