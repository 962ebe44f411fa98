"""What a layer of the catalogue can't take is told in one line, with a cure."""

import pytest

from derive.errors import ChainruleError
from derive.specs.load import load

CONV = {"channels": 3, "kernel_size": 3}
REFUSED = [
    ("conv2d", (2, 7), CONV, "takes 3: the channels and 2 of places; reshape it first"),
    ("conv2d", (2, 2, 7), CONV, "a window reaches over 3 places, and there are 2"),
    ("conv2d", (2, 7, 7), {**CONV, "stride": [1, 2, 3]}, "stride has 3 numbers for 2 axes"),
    ("conv2d", (2, 7, 7), {**CONV, "padding": "sam"}, 'or "same", or "valid"; did you mean'),
    ("conv2d", (2, 7, 7), {**CONV, "padding": -1}, "an integer of at least 0, or a list"),
    ("conv2d", (2, 7, 7), {**CONV, "padding": "same", "stride": 2}, "needs stride = 1"),
    ("conv2d", (2, 7, 7), {**CONV, "groups": 2}, "groups = 2 doesn't divide the channels, 3"),
    ("conv2d", (2, 7, 7), {**CONV, "groups": 3}, "doesn't divide the input's channels, 2"),
    ("conv1d", (2, "s"), {**CONV, "stride": 2}, "needs a number; give one in inputs"),
    ("conv1d", ("s", 7), CONV, "the number of channels is known at run time only"),
    ("conv2d", (2, 7, 7), {"channels": 3}, "'kernel_size' is missing; add kernel_size = 3"),
    ("conv_transpose1d", (2, 7), {**CONV, "output_padding": 1}, "is not below stride"),
    ("conv_transpose1d", (2, 1), {**CONV, "padding": 2}, "leaves nothing of the output"),
    ("max_pool2d", (2, 7, 7), {"kernel_size": 2, "padding": 2}, "more than half of kernel_size"),
    ("max_pool2d", (2, 7, 7), {"kernel_size": 0}, "an integer above 0, or a list of them"),
    ("max_pool2d", (2, 7, 7), {"kernel_size": []}, "an integer above 0, or a list of them"),
    ("avg_pool1d", (2, 7), {"kernel_size": True}, "an integer above 0, or a list of them"),
    ("adaptive_avg_pool1d", (2, "s"), {"output_size": 2}, "take global_avg_pool"),
    ("global_avg_pool", (2,), {}, "no axis behind the channels"),
    ("upsample", (2,), {"scale_factor": 2}, "channels and 1 to 3 axes of places"),
    ("upsample", (2, 3), {"scale_factor": 2, "mode": "bilinear"}, 'write "nearest"'),
    ("layer_norm", (3, 5), {"normalized_shape": 3}, r"which is \[3, 5\] for a sample"),
    ("layer_norm", ("s",), {}, "elementwise_affine = false"),
    ("layer_norm", (), {}, "no axis but the batch's"),
    ("group_norm", (5, 3), {"groups": 2}, "groups = 2 doesn't divide the 5 channels"),
    ("instance_norm", (5,), {}, "no axis behind the channels"),
    ("reshape", (4, 9), {"shape": [5, -1]}, "doesn't fit the 36 entries of a sample"),
    ("reshape", (4, 9), {"shape": [-1, -1]}, "-1 once at most"),
    ("reshape", (4, "s"), {"shape": [-1]}, "axis 2 is known at run time only"),
    ("permute", (4, 9), {"dims": [1, 0, 2]}, r"such as \[0, 2, 1\]; the batch's, 0, stays"),
    ("slice", (4, 9), {"start": 9}, "nothing is left of axis 2, which has 9"),
    ("slice", ("s", 9), {"dim": 1, "step": 2}, "with step = 1"),
    ("positional_encoding", (4,), {}, "takes 2: places and features"),
    ("positional_encoding", ("s", 4), {"learned": True}, "give max_length"),
    ("positional_encoding", (9, 4), {"learned": True, "max_length": 5}, "max_length is 5"),
    ("lstm", (4,), {"units": 3}, "lstm takes 2: steps and features"),
    ("rnn", (5, 4), {"units": 3, "nonlinearity": "sigmoid"}, 'write "tanh" or "relu"'),
    ("gru", (5, 4), {"units": 3, "masked": True}, r"2 \(x, mask\) or 3 \(x, h0, mask\)"),
    ("multi_head_attention", (5, 4), {"heads": 3}, "heads = 3 must divide the 4 features"),
    (
        "multi_head_attention",
        (5, "s"),
        {"heads": 3},
        "features is known at run time only, and the heads",
    ),
    ("multi_head_attention", (5, 2, 4), {"heads": 2}, "takes 2: places and features"),
    ("transformer_encoder_layer", (5, 4), {}, "'heads' is missing; add heads = 2"),
    ("batch_norm1d", ("t",), {}, r"axis 0 of its parameter 'g1' has the extent size\(t\)"),
    ("batch_norm2d", ("c", 4, 4), {"affine": False}, "its buffer 'running_mean1' .* number for c"),
    ("dense", (3, "t"), {"units": 2}, "axis 1 of its parameter 'W1' .* a number for t in inputs"),
    ("lstm", (3, "t"), {"units": 2}, "axis 1 of its parameter 'Wi1' .* a number for t in inputs"),
    ("glu", (3, "t"), {}, "whose extent is known at run time only"),
]


SEVERAL = [
    ("lstm", {"units": 3}, {"x": [5, 4], "h0": [3]}, r"1 \(x\) or 3 \(x, h0, c0\) and would get 2"),
    ("gru", {"units": 3}, {"x": [5, 4], "h0": [2]}, r"h0, has the extents \[2\] .* give it \[3\]"),
    (
        "gru",
        {"units": 3, "bidirectional": True},
        {"x": [5, 4], "h0": [3]},
        r"has the extents \[3\] for a sample; give it \[2, 3\]",
    ),
    ("rnn", {"units": 3, "masked": True}, {"x": ["s", 4], "mask": ["t"]}, "a number for each step"),
    (
        "multi_head_attention",
        {"heads": 2, "masked": True},
        {"x": [5, 4], "memory": [3, 4], "mask": [5]},
        "the mask needs a number for each place of the keys",
    ),
    ("gru", {"units": 3}, {"x": ["s", 4], "mask": ["s"]}, "or say masked = true if it is a mask"),
    ("lstm", {"units": 3}, {"x": [5, 4], "m": [5]}, r"with masked = true it takes 2 \(x, mask\)"),
    (
        "multi_head_attention",
        {"heads": 2},
        {"x": [5, 4], "mask": [5]},
        "memory has 1 axis without the batch's, .* say masked = true if it is a mask",
    ),
    ("attention", {}, {"q": [4], "k": [4], "v": [4]}, "have one number of axes"),
]


@pytest.mark.parametrize(("kind", "attributes", "inputs", "told"), SEVERAL)
def test_it_is_told_of_several_inputs(kind, attributes, inputs, told):
    layer = {"type": kind, "inputs": list(inputs), **attributes}
    spec = {"name": "refused", "inputs": inputs, "layers": [layer], "loss": "mse"}
    with pytest.raises(ChainruleError, match=told) as caught:
        load(spec)
    assert len(str(caught.value).splitlines()) == 1
    assert kind in str(caught.value)


@pytest.mark.parametrize(("kind", "shape", "attributes", "told"), REFUSED)
def test_it_is_told(kind, shape, attributes, told):
    spec = {
        "name": "refused",
        "inputs": {"x": list(shape)},
        "layers": [{"type": kind, **attributes}],
        "loss": "mse",
    }
    with pytest.raises(ChainruleError, match=told) as caught:
        load(spec)
    assert len(str(caught.value).splitlines()) == 1
    assert kind in str(caught.value)


def test_what_is_learned_has_numbers_as_extents():
    def told(inputs, *layers):
        with pytest.raises(ChainruleError) as caught:
            load({"inputs": inputs, "layers": list(layers), "loss": "mse"})
        return str(caught.value)

    dense = {"type": "dense", "units": 3}
    assert told({"x": ["t", 2]}, {"type": "flatten"}, dense) == (
        "layers[2] (dense): axis 1 of its parameter 'W1' has the extent 2*size(t), which is known "
        "at run time only; give a number for t in inputs"
    )
    bilinear = {"type": "bilinear", "units": 2, "inputs": ["x", "v"]}
    assert "axis 2 of its parameter 'W1'" in told({"x": [2], "v": ["t"]}, bilinear)
    own = {"type": "equation", "equations": "y[n,j] = x[n,j]*s[n]", "parameters": ["s"]}
    assert told({"x": [2]}, own).endswith("take 'n' out of 's1'")


ELSEWHERE = [
    ({"layers": [{"type": "Linear"}]}, "unknown layer 'Linear'; did you mean 'dense'?"),
    ({"layers": [{"type": "MaxPooling2D"}]}, "did you mean 'max_pool2d'?"),
    ({"layers": [{"type": "BatchNorm2d"}]}, "did you mean 'batch_norm2d'?"),
    ({"layers": [{"type": "ReLU"}]}, "did you mean 'relu'?"),
    ({"layers": [{"type": "dense", "out_features": 3}]}, "did you mean 'units'?"),
    (
        {
            "inputs": {"x": [1, 8, 8]},
            "layers": [{"type": "conv2d", "kernel_size": 3, "out_channels": 4}],
        },
        "unknown key 'out_channels'; did you mean 'channels'?",
    ),
    ({"loss": "BCEWithLogitsLoss"}, "did you mean 'binary_cross_entropy_with_logits'?"),
    ({"loss": "L1Loss"}, "did you mean 'mae'?"),
    ({"optimizer": {"type": "adam", "lr": 0.1}}, "'lr'; did you mean 'learning_rate'?"),
    ({"optimizer": {"type": "adam", "betas": 1}}, "'betas'; did you mean 'beta1' and 'beta2'?"),
    (
        {"layers": [{"type": "dense", "units": 3, "l2": 0.1}]},
        "'l2' is a parameter's, not a layer's; write it below [parameters.W1]",
    ),
]


@pytest.mark.parametrize(("part", "told"), ELSEWHERE)
def test_names_of_other_libraries(part, told):
    """One line each, also where a key was required."""
    spec = {"inputs": {"x": [2]}, "layers": [{"type": "dense", "units": 3}], "loss": "mse"}
    with pytest.raises(ChainruleError) as caught:
        load({**spec, **part})
    assert len(caught.value.problems) == 1
    assert told in caught.value.problems[0]


def test_an_embedding_reads_an_input():
    spec = {
        "name": "refused",
        "inputs": {"x": [3]},
        "layers": [
            {"type": "relu"},
            {"type": "embedding", "num_embeddings": 5, "embedding_dim": 2},
        ],
        "loss": "mse",
    }
    with pytest.raises(ChainruleError, match="reads integers from 'x', and 'relu1' is computed"):
        load(spec)
