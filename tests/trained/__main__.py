"""Train each net by the emitted module and by PyTorch: `python -m tests.trained`.

Both begin with the same parameters and see the same batches, in float64, with three seeds. What
comes out is written into `figures.md`; it needs PyTorch and scikit-learn.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits

import codegen
from derive import differentiate, load
from tests.trained import nets

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SEEDS = (0, 1, 2)
BATCH = 32
HELD_OUT = 397

Arrays = dict[str, np.ndarray]


def digits(image: bool) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits, 1797 of 8 x 8 pixels from 0 to 1, in an order of their own."""
    x, t = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x = x[order] / 16
    return (x.reshape(-1, 1, 8, 8) if image else x), t[order]


def batches(count: int, epochs: int, seed: int) -> list[np.ndarray]:
    """The same batches for both."""
    rng = np.random.default_rng(seed)
    return [
        part
        for _ in range(epochs)
        for part in np.array_split(rng.permutation(count), count // BATCH)
    ]


def by_module(name: str, x: Any, t: Any, epochs: int, seed: int) -> tuple[Arrays, Any, float]:
    """Trained by the emitted module: where it began, how it predicts, seconds."""
    derivation = differentiate(load(ROOT / "generated" / name / f"{name}.toml"))
    module = codegen.load_module(codegen.emit(derivation))
    params = module.init_params(seed)
    start = {n: v.copy() for n, v in params.items()}
    state = module.init_state(params)
    begin = perf_counter()
    for rows in batches(len(x), epochs, seed):
        module.train_step(params, state, x[rows], t[rows])
    seconds = perf_counter() - begin
    return start, lambda held: module.forward(params, held), seconds


def by_pytorch(
    name: str, start: Arrays, x: Any, t: Any, epochs: int, seed: int, rate: float
) -> tuple[Any, float]:
    """The same with PyTorch's own modules."""
    net, named = getattr(nets, name)(torch)
    net.double()
    with torch.no_grad():
        for key, tensor in named.items():
            tensor.copy_(torch.tensor(start[key]))
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    cost = torch.nn.MSELoss() if name == "autoencoder" else torch.nn.CrossEntropyLoss()
    inputs, targets = torch.tensor(x), torch.tensor(t)
    net.train()
    begin = perf_counter()
    for rows in batches(len(x), epochs, seed):
        optimizer.zero_grad()
        cost(net(inputs[rows]), targets[rows]).backward()
        optimizer.step()
    seconds = perf_counter() - begin
    net.eval()
    return lambda held: net(torch.tensor(held)).detach().numpy(), seconds


def main() -> None:
    """Write the table."""
    torch.set_num_threads(1)
    lines = [
        "| net | measure on 397 digits held out | seed | emitted NumPy | PyTorch |",
        "|---|---|---|---|---|",
    ]
    ratios = []
    for name, epochs, rate in (
        ("lenet", 12, 0.003),
        ("autoencoder", 40, 0.005),
        ("resnet", 10, 0.003),
    ):
        x, t = digits(image=name != "autoencoder")
        aim = x if name == "autoencoder" else t
        train, held = slice(HELD_OUT, None), slice(HELD_OUT)
        ours_s = theirs_s = 0.0
        for seed in SEEDS:
            start, ours, first = by_module(name, x[train], aim[train], epochs, seed)
            theirs, second = by_pytorch(name, start, x[train], aim[train], epochs, seed, rate)
            ours_s, theirs_s = ours_s + first, theirs_s + second
            if name == "autoencoder":
                what = "mean squared error"
                a, b = (f"{np.mean((f(x[held]) - x[held]) ** 2):.6f}" for f in (ours, theirs))
            else:
                what = "accuracy"
                a, b = (f"{np.mean(f(x[held]).argmax(1) == t[held]):.4f}" for f in (ours, theirs))
            lines.append(f"| {name} | {what}, {epochs} epochs | {seed} | {a} | {b} |")
            print(lines[-1], flush=True)
        ratios.append(f"{name} {ours_s / theirs_s:.2f}")
    told = (
        "# Trained for real\n\nWritten by `python -m tests.trained`: both begin with the same "
        "parameters and see the same\nbatches, in float64. Times of training, emitted NumPy over "
        f"PyTorch on one thread: {', '.join(ratios)}.\n\n"
    )
    (HERE / "figures.md").write_text(told + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
