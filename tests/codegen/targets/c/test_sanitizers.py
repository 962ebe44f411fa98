"""A step of several nets under the sanitizers: nothing outside is touched, nothing undefined."""

import subprocess

import numpy as np
import pytest

from codegen.targets.c.module import c_texts
from tests.codegen.program.programs import net, stages
from tests.codegen.targets.c.compiled import STRICT, needs_compiler

DENSE = {"type": "dense", "units": 20, "activation": "tanh"}
NETS = {
    "dense": (net(DENSE, DENSE, shape=(30,), optimizer={"type": "adam"}), (50, 30)),
    "lstm": (net({"type": "lstm", "units": 3}, shape=("s", 2)), (4, 5, 2)),
    "convolution": (
        net(
            {"type": "conv2d", "channels": 3, "kernel_size": 3, "padding": 1},
            {"type": "max_pool2d", "kernel_size": 2},
            shape=(2, 6, 6),
        ),
        (3, 2, 6, 6),
    ),
    "attention": (
        net({"type": "multi_head_attention", "heads": 2}, shape=("s", 4)),
        (2, 5, 4),
    ),
}

_MAIN = """
#include <stdio.h>
#include <stdlib.h>

static real *drawn(integer count)
{{
    real *a = malloc(sizeof(real) * (size_t)count);
    for (integer i = 0; i < count; i++)
        a[i] = (real)sin((double)i + 1.0) / 2;
    return a;
}}

int main(void)
{{
    struct net_params *params = (struct net_params *)(void *)drawn(sizeof *params / sizeof(real));
    struct net_state *state = malloc(sizeof *state);
    const size_t bytes = net_arena_size({dims});
    void *arena = malloc(bytes);
    real *x = drawn({inputs}), *t = drawn({targets}), result = 0;
    net_init_state(state);
    int status = 0;
    for (int step = 0; step < 2; step++)
        status |= net_train_step(params, state, x, t, {dims}, &result, arena, bytes);
    printf("%d %g %d\\n", status, (double)result,
        net_train_step(params, state, x, t, {dims}, &result, arena, bytes - 1));
    free(params), free(state), free(arena), free(x), free(t);
    return status;
}}
"""


@needs_compiler
@pytest.mark.sampled
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_silent(name, dtype, tmp_path):
    derivation, shape = NETS[name]
    *_, (_, module) = stages(derivation)
    texts = c_texts(module, dtype)
    runtime = dict(zip("ns", shape, strict=False))
    (t,) = derivation.system.having("target")
    target = [_size(e, runtime) for e in t.shape]
    main = _MAIN.format(
        dims=", ".join(str(runtime[d]) for d in module.dims),
        inputs=int(np.prod(shape)),
        targets=int(np.prod(target)),
    )
    (tmp_path / "net.h").write_text(texts.header)
    (tmp_path / "net.c").write_text(texts.source + main)
    command = ["gcc", *STRICT, "-O1", "-g", "-fsanitize=address,undefined", "-march=native"]
    command += ["-fno-sanitize-recover=all", "-DNET_SIMD", "-fopenmp-simd"]
    done = subprocess.run(
        [*command, "-o", tmp_path / "net", tmp_path / "net.c", "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[:3000]
    ran = subprocess.run([tmp_path / "net"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    status, loss, refused = ran.stdout.split()
    assert status == "0" and np.isfinite(float(loss)) and refused == "5"


def _size(extent, runtime):
    return extent.constant + sum(runtime[atom.name] * c for atom, c in extent.terms)
