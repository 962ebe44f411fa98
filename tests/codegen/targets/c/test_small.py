"""C for small devices: single precision, nothing of 64 bits, a few KB; run under an emulator."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from codegen.commands.device_size import size_text
from codegen.pipeline import c_files
from codegen.program.interpreter import Interpreter
from derive.calculus.differentiate import differentiate
from derive.specs.load import load
from tests.codegen.commands.running import GENDER
from tests.codegen.program.programs import net, stages
from tests.codegen.targets.c.compiled import STRICT
from tests.codegen.targets.c.main_program import MainProgram
from tests.oracles.against_autograd import differences

M4 = ["arm-none-eabi-gcc", "-Os", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard"]
M4 += ["-mfpu=fpv4-sp-d16", "-Wdouble-promotion", *STRICT]
A7 = ["arm-linux-gnueabihf-gcc", "-static", "-O2", *STRICT]


def needs(*programs):
    missing = [p for p in programs if shutil.which(p) is None]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


DENSE = {"type": "dense", "units": 3, "activation": "tanh"}
NETS = {
    "demonstration": (differentiate(load(GENDER)), (16, 2)),
    "adam and dropout": (
        net(DENSE, {"type": "dropout", "p": 0.5}, DENSE, optimizer={"type": "adam"}),
        (5, 4),
    ),
    "gru": (net({"type": "gru", "units": 3}, shape=("s", 2)), (3, 5, 2)),
    "attention": (
        net({"type": "multi_head_attention", "heads": 2}, {"type": "layer_norm"}, shape=("s", 4)),
        (2, 5, 4),
    ),
    "convolution": (
        net({"type": "conv2d", "channels": 2, "kernel_size": 3}, shape=(1, 5, 5)),
        (3, 1, 5, 5),
    ),
    "every initialiser": (
        net(
            *[DENSE] * 4,
            parameters={
                "W1": {"init": "orthogonal"},
                "W2": {"init": "truncated_normal"},
                "W3": {"init": "he_normal"},
                "W4": {"init": "eye"},
            },
        ),
        (5, 4),
    ),
}
FIRST = ("demonstration", "adam and dropout", "gru")  # the others are left to the second tier
each_net = pytest.mark.parametrize(
    "name", [n if n in FIRST else pytest.param(n, marks=pytest.mark.slow) for n in NETS]
)


@each_net
def test_no_double_precision_and_nothing_of_64_bits(name):
    texts = c_files(NETS[name][0], device="small")
    code = re.sub(r"/\*.*?\*/", "", texts.header + texts.source, flags=re.DOTALL)
    assert not re.findall(r"\b(?:double|u?int64_t|long|SUM|vector)\b|0x[\da-f]{9,}", code)
    assert not re.findall(r"(?<![\w.])(?:\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+)(?![\w.])", code)


@needs("arm-none-eabi-gcc", "arm-none-eabi-nm")
@each_net
def test_what_the_compiler_for_a_small_device_makes_of_it(name, tmp_path):
    texts = c_files(NETS[name][0], device="small")
    (tmp_path / "net.h").write_text(texts.header)
    (tmp_path / "net.c").write_text(texts.source)
    done = subprocess.run(
        [*M4, "-c", "net.c"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    listed = subprocess.run(
        ["arm-none-eabi-nm", "-u", "net.o"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    called = {line.split()[-1] for line in listed.stdout.splitlines()}
    assert called <= {"memset", "memcpy", "sqrtf", "logf", "cosf", "powf"}


@needs("arm-none-eabi-gcc")
def test_the_net_of_the_demonstration_takes_little():
    arena, code = size_text(c_files(NETS["demonstration"][0], device="small")).splitlines()
    rows, rest = map(int, re.fullmatch(r"arena: N\*(\d+) \+ (\d+) bytes", arena).groups())
    assert int(code.split()[1]) < 4096
    parameters, state, data = 4 * 13, 4, 16 * 3 * 4
    assert rows * 16 + rest + parameters + state + data < 2048


@needs("arm-linux-gnueabihf-gcc", "qemu-arm")
@each_net
def test_gradients_under_an_emulator(name, tmp_path):
    derivation, shape = NETS[name]
    *_, (_, module) = stages(derivation)
    rng = np.random.default_rng(0)
    params = {
        t.name: rng.normal(size=[e.number for e in t.shape])
        for t in derivation.system.having("parameter")
    }
    x = rng.normal(size=shape)
    interpreter = Interpreter(module)
    t = rng.normal(size=np.shape(interpreter.call("forward", params, x)))
    program = MainProgram(module, tmp_path, A7, "float32", small=True)
    found = program.gradients(params, [x, t], ["qemu-arm"])
    wanted = interpreter.call("gradients", params, x, t, inputs=True)
    assert not differences(found, wanted, 1e-5, least=0.1)
