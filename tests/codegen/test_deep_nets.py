"""Layers by the thousand: no nest of expressions grows with them."""

import pytest

from codegen.pipeline import emit
from derive.calculus.differentiate import differentiate
from derive.specs.load import load


@pytest.mark.slow
def test_a_thousand_layers_without_parameters():
    layers = [{"type": "relu"}] * 1000
    derivation = differentiate(load({"inputs": {"x": [2]}, "layers": layers, "loss": "mse"}))
    assert "def gradients" in emit(derivation)
