"""Six nets beside PyTorch and JAX, as the page on `bench` shows them: `make bench ARGS=nets`.

Where both libraries are installed, the table in docs/bench.md is written anew.
"""

from pathlib import Path

from codegen.bench.contenders import Task, is_installed
from codegen.bench.data import extents_of
from codegen.bench.machine import machine_text
from codegen.bench.measure import measured
from codegen.bench.report import time_text
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.benchmarks.rows import Measured

PAGE = Path(__file__).parents[2] / "docs" / "bench.md"
BEGIN, END = "<!-- written by `make bench ARGS=nets` -->\n", "<!-- up to here -->\n"
CONTENDERS = ("numpy", "c", "torch", "jax")
ROUNDS = 5
GELU = {"type": "gelu", "approximate": "tanh"}


def _dense(units, activation=None, **more):
    row = {"type": "dense", "units": units, **more}
    return row if activation is None else {**row, "activation": activation}


def _conv(channels, padding):
    row = {"type": "conv2d", "channels": channels, "kernel_size": 5, "padding": padding}
    return [{**row, "activation": "relu"}, {"type": "max_pool2d", "kernel_size": 2}]


CLASSES = {"type": "softmax_cross_entropy", "targets": "classes"}
NETS = {
    "2-3-1, sigmoid": (
        32,
        {"x": [2]},
        [_dense(3, "sigmoid"), _dense(1, "sigmoid")],
        "mse",
    ),
    "784-256-128-10, relu": (
        128,
        {"x": [784]},
        [_dense(256, "relu"), _dense(128, "relu"), _dense(10)],
        CLASSES,
    ),
    "1024-2048-2048-1024, gelu": (
        512,
        {"x": [1024]},
        [_dense(2048, GELU), _dense(2048, GELU), _dense(1024)],
        "mse",
    ),
    "LeNet, 28x28": (
        64,
        {"x": [1, 28, 28]},
        [
            *_conv(6, 2),
            *_conv(16, 0),
            {"type": "flatten"},
            *[_dense(120, "relu"), _dense(84, "relu"), _dense(10)],
        ],
        CLASSES,
    ),
    "LSTM, 32 steps, 64 to 128": (
        32,
        {"x": [32, 64]},
        [{"type": "lstm", "units": 128, "return_sequences": False}, _dense(10)],
        CLASSES,
    ),
    "transformer block, 64 tokens": (
        16,
        {"x": [64, 128]},
        [
            {"type": "layer_norm", "name": "n1", "inputs": ["x"]},
            {"type": "multi_head_attention", "name": "m", "inputs": ["n1"], "heads": 4},
            {"type": "add", "name": "r1", "inputs": ["x", "m"]},
            {"type": "layer_norm", "name": "n2", "inputs": ["r1"]},
            _dense(512, GELU, name="f", inputs=["n2"]),
            _dense(128, name="g", inputs=["f"]),
            {"type": "add", "name": "r2", "inputs": ["r1", "g"]},
        ],
        "mse",
    ),
}


def task_of(name):
    batch, inputs, layers, loss = NETS[name]
    spec = {"inputs": inputs, "layers": layers, "loss": loss}
    derivation = differentiate(load({**spec, "optimizer": {"type": "sgd", "learning_rate": 0.05}}))
    return Task(derivation, tuple(extents_of(derivation, batch, {}).items()), "float32")


def measure():
    lines = [f"| net, batch | {' | '.join(CONTENDERS)} |", "|---" * (len(CONTENDERS) + 1) + "|"]
    for name, (batch, *_) in NETS.items():
        result = measured(task_of(name), CONTENDERS, ROUNDS)
        cells = []
        for one in result.results:
            if one.missing:
                cells.append("")
            elif one.contender == "numpy":
                cells.append(time_text(one.seconds))
            else:
                cells.append(f"{one.times:.2f}")
                yield Measured(f"{name}: {one.contender} over numpy", one.times, unit="times")
        lines.append(f"| {name}, {batch} | {' | '.join(cells)} |")
    if all(map(is_installed, CONTENDERS)):
        page = PAGE.read_text()
        head, _, rest = page.partition(BEGIN)
        tail = rest.partition(END)[2]
        table = "\n".join([*lines, "", machine_text() + "."])
        PAGE.write_text(f"{head}{BEGIN}\n{table}\n\n{END}{tail}")
