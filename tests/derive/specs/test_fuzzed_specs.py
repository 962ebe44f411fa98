"""Texts and tables by chance: only our own error comes out."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derive.errors import ChainruleError
from derive.specs.load import load, load_text
from derive.specs.parse import parse
from derive.specs.schema import Spec
from tests.derive.specs.bad_specs import FINE, equations, network

# ---- fuzzing: only our own error comes out -------------------------------------------------------

WORDS = (
    "E y x t w n i j k 0 1 2 0.5 1e-3 1e999 9**9 = == != < <= + - * / ** // % ^ ( ) [ ] { } , ... "
    ". : ; @ & | ~ # \\ \n \t ' \" `sum mean prod max min logsumexp exp log sqrt where maximum "
    "delta hold size relu softplus next and or not if else for in is lambda import __import__ "
    "None True pi inf é 𝑥 \x00 \x7f ① sum(j, x[n,j]) W[i,j] x[n,...,j] y[n,i] = next(w) = "
    "h[n,t-1,i] size(x,1) E = sum(n,"
)
PIECES = st.sampled_from(WORDS.split(" "))
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.lists(PIECES, max_size=25).map("".join),
    st.text(string.ascii_letters + string.digits + "[](),.+-*/%=<> \n", max_size=60),
)
NAMES = st.lists(st.sampled_from(["x", "t", "w", "W", "y", "h", "E", "é", "class", ""]), max_size=4)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(10**400),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["dense", "relu", "sgd", "x", "y1", "zeros", "E = 1", "n", "mse"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "units", "x", "init", "equations", "inputs", "name", "p"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([*Spec.model_fields, "other"])


def survives(action, *args, **kwargs):
    """Whether it works or tells what is wrong: any other exception fails the test."""
    try:
        action(*args, **kwargs)
    except ChainruleError as error:
        return bool(error.problems) and all("\n" not in p for p in error.problems)
    return True


@settings(max_examples=400, deadline=None)
@given(
    text=TEXTS,
    parameters=NAMES,
    inputs=NAMES,
    targets=NAMES,
    batch=st.sampled_from(["", "n", "class", ("n", "i")]),
    objective=st.sampled_from([None, "E", "y", "é"]),
    sizes=st.dictionaries(
        st.sampled_from(["i", "x.1", "x.9", ".", "q.1", "n"]), st.integers(-1, 4)
    ),
)
@example("E = sum(n,...,x[n,...])", [], ["x"], [], "n", "E", {})
@example("E = " + "-" * 5000 + "1", [], [], [], "", "E", {})
@example("E = x[" + "x[" * 60 + "0" + "]" * 61, [], ["x"], [], "", "E", {})
@example("E = size(x, 99999999999999999999)", [], ["x"], [], "", "E", {})
@example("y[i] = x[i//0]", [], ["x"], [], "", None, {"i": 2})
@example("y[i] = x[i]**-1/0", [], ["x"], [], "", None, {"i": 2})
def test_the_parser_raises_nothing_but_our_error(
    text, parameters, inputs, targets, batch, objective, sizes
):
    assert survives(
        parse,
        text,
        parameters=parameters,
        inputs=inputs,
        targets=targets,
        batch=batch,
        objective=objective,
        sizes=sizes,
    )


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_no_text_of_a_spec_raises_anything_else(text):
    with pytest.raises(ChainruleError):
        load_text(text)
    for whole in (equations(text.replace("'''", "")), network(text), network(more=text)):
        assert survives(load_text, whole)


@settings(max_examples=500, deadline=None)
@given(data=st.dictionaries(KEYS, VALUES, max_size=6))
def test_no_table_raises_anything_else(data):
    base = {"inputs": {"x": [2]}, "layers": [{"type": "dense", "units": 2}], "loss": "mse"}
    for whole in (data, {**base, **data}, {"equations": FINE, "objective": "E", **data}):
        assert survives(load, whole)


@settings(max_examples=300, deadline=None)
@given(layers=st.lists(st.dictionaries(st.text(max_size=6) | KEYS, VALUES, max_size=4), max_size=3))
def test_no_layer_raises_anything_else(layers):
    rows = [{"type": "dense", "units": 2, **row} for row in layers]
    assert survives(load, {"inputs": {"x": [2]}, "layers": rows, "loss": "squared_error"})
