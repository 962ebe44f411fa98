"""Every model of the oracles in C, against the program's interpreter."""

import numpy as np
import pytest

from codegen.program.interpreter import Interpreter
from tests.codegen.program.programs import stages
from tests.codegen.targets.c.compiled import Compiled, needs_compiler
from tests.oracles import MODELS
from tests.oracles.against_autograd import derivation_of, differences

pytestmark = [needs_compiler, pytest.mark.sampled]


@pytest.mark.parametrize("model", [pytest.param(m, id=m.name) for m in MODELS])
def test_loss_and_gradients(model, tmp_path):
    derivation, arrays = derivation_of(model), model.example()
    *_, (_, module) = stages(derivation)
    params = {name: arrays[name] for name in model.parameters}
    given = [arrays[name] for name in (*model.inputs, *model.targets)]
    with np.errstate(all="ignore"):
        wanted = Interpreter(module).call("gradients", params, *given, inputs=True)
    found = Compiled(module, tmp_path).gradients(params, *given)
    assert not differences(found, wanted)
