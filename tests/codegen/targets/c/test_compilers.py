"""The oracles' models by two compilers, at every level, under the sanitizers and valgrind."""

import shutil

import numpy as np
import pytest

from codegen.program.interpreter import Interpreter
from codegen.targets.c.binding import _FLAGS
from tests.codegen.program.programs import stages
from tests.codegen.targets.c.compiled import STRICT
from tests.codegen.targets.c.main_program import MainProgram
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, differences

DELIVERED = [f for f in _FLAGS.split() if f not in ("-shared", "-fPIC")]
SANITIZED = ["-O1", "-g", "-march=native", "-DNET_SIMD", "-fopenmp-simd"]
SANITIZED += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILERS = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"no {name}"))
    for name in ("gcc", "clang")
]
models = pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS])
pytestmark = pytest.mark.slow


class Example:
    """A model's module and its data."""

    def __init__(self, model):
        self.model = model
        *_, (_, self.module) = stages(derivation_of(model))

    @property
    def ways(self):
        """Run-time extents: as the model has them; batches of 1 and 13 where those are free."""
        return ({}, {"n": 1}, {"n": 13}) if "n" in self.model.runtime else ({},)

    def given(self, **runtime):
        """Parameters and data."""
        model, arrays = self.model, self.model.example(**runtime)
        params = {name: arrays[name] for name in model.parameters}
        data = [arrays[name] for name in (*model.inputs, *model.targets)]
        return params, data

    def wanted(self, params, data):
        with np.errstate(all="ignore"):
            return Interpreter(self.module).call("gradients", params, *data, inputs=True)

    def agrees(self, folder, command, run=()):
        """The program that a command compiles gives what the interpreter gives."""
        program = MainProgram(self.module, folder, command)
        for runtime in self.ways:
            given = self.given(**runtime)
            assert not differences(program.gradients(*given, run), self.wanted(*given)), runtime


def flags(compiler, *more):
    """What a compiler is told; Clang doesn't know one of GCC's switches, and warns where a sum
    isn't made of vectors.
    """
    if compiler == "gcc":
        return [compiler, *STRICT, *more]
    kept = [f for f in more if "tree-loop" not in f]
    return [compiler, *STRICT, "-Wno-pass-failed", *kept]


@models
@pytest.mark.parametrize("compiler", COMPILERS)
def test_as_delivered(compiler, model, tmp_path):
    Example(model).agrees(tmp_path, flags(compiler, *DELIVERED))


@models
@pytest.mark.parametrize("compiler", COMPILERS)
def test_levels_agree_in_single_precision(compiler, model, tmp_path):
    example = Example(model)
    plain, *others = (
        MainProgram(example.module, tmp_path, flags(one, *level), "float32").gradients(
            *example.given()
        )
        for one, level in (("gcc", ["-O0"]), (compiler, ["-O2"]), (compiler, DELIVERED))
    )
    for found in others:
        assert not differences(found, plain, 1e-5, least=0.1)


@models
def test_sanitizers_are_silent(model, tmp_path):
    Example(model).agrees(tmp_path, flags("gcc", *SANITIZED))


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind")
@pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS[::20]])
def test_valgrind_is_silent(model, tmp_path):
    run = "valgrind", "-q", "--error-exitcode=9", "--leak-check=full"
    Example(model).agrees(tmp_path, flags("gcc", "-O1", "-g"), run)
