"""The models that invert matrices or take determinants, by their names."""

import pytest

from tests.oracles.models_matrices import MATRICES

BY_NAME = {m.name: m for m in MATRICES}


def chosen(*names):
    return pytest.mark.parametrize("model", [pytest.param(BY_NAME[n], id=n) for n in names])
