"""Specs with a place for something bad."""

import pytest

from derive.errors import ChainruleError
from derive.specs.load import load_text

EQUATIONS = """
equations = '''{text}'''
parameters = ["w"]
inputs = ["x"]
targets = ["t"]
objective = "E"
batch = "n"
{more}
"""
NETWORK = """
inputs = {{ x = [2] }}
[[layers]]
type = "dense"
units = 3
{layers}
[loss]
type = "mse"
{more}
"""
FINE = "E = sum(n, i, (w*x[n,i] - t[n,i])**2)"


def equations(text=FINE, more=""):
    return EQUATIONS.format(text=text, more=more)


def network(layers="", more=""):
    return NETWORK.format(layers=layers, more=more)


def problems_of(text):
    with pytest.raises(ChainruleError) as caught:
        load_text(text, "net.toml")
    found = caught.value.problems
    assert str(caught.value).splitlines() == list(found)
    assert all(p.startswith("net.toml: ") for p in found)
    assert len(set(found)) == len(found)
    return [p.removeprefix("net.toml: ") for p in found]
