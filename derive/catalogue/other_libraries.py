"""Other libraries' names for the catalogue's entries, for `did you mean`."""

from __future__ import annotations

import re
from collections.abc import Collection

from derive.errors import meant

# Types, as `_folded` has them: an ending such as 2d stays where it was.
_TYPES = {
    "linear": "dense",
    "fc": "dense",
    "fullyconnected": "dense",
    "innerproduct": "dense",
    "batchnorm": "batch_norm1d",
    "batchnormalization": "batch_norm1d",
    "layernormalization": "layer_norm",
    "groupnormalization": "group_norm",
    "rmsnormalization": "rms_norm",
    "conv": "conv2d",
    "convolution": "conv2d",
    "convolution1d": "conv1d",
    "convolution2d": "conv2d",
    "convolution3d": "conv3d",
    "conv1dtranspose": "conv_transpose1d",
    "conv2dtranspose": "conv_transpose2d",
    "conv3dtranspose": "conv_transpose3d",
    "maxpooling1d": "max_pool1d",
    "maxpooling2d": "max_pool2d",
    "maxpooling3d": "max_pool3d",
    "averagepooling1d": "avg_pool1d",
    "averagepooling2d": "avg_pool2d",
    "averagepooling3d": "avg_pool3d",
    "globalaveragepooling1d": "global_avg_pool",
    "globalaveragepooling2d": "global_avg_pool",
    "globalmaxpooling1d": "global_max_pool",
    "globalmaxpooling2d": "global_max_pool",
    "upsampling1d": "upsample",
    "upsampling2d": "upsample",
    "simplernn": "rnn",
    "concatenate": "concat",
    "cat": "concat",
    "transpose": "permute",
    "view": "reshape",
    "swish": "silu",
    "logistic": "sigmoid",
    "crossentropy": "softmax_cross_entropy",
    "categoricalcrossentropy": "softmax_cross_entropy",
    "sparsecategoricalcrossentropy": "softmax_cross_entropy",
    "bce": "binary_cross_entropy",
    "binarycrossentropy": "binary_cross_entropy",
    "bcewithlogits": "binary_cross_entropy_with_logits",
    "meansquarederror": "mse",
    "l1": "mae",
    "meanabsoluteerror": "mae",
    "kldiv": "kl_divergence",
    "negativeloglikelihood": "nll",
    "momentum": "sgd",
}
# Keys; of several names the first that the place has, of those joined by + all.
_KEYS = {
    "lr": ("learning_rate",),
    "betas": ("beta1+beta2",),
    "epsilon": ("eps",),
    "rate": ("p",),
    "outfeatures": ("units",),
    "outchannels": ("channels",),
    "filters": ("channels",),
    "hiddensize": ("units",),
    "hiddendim": ("units",),
    "neurons": ("units",),
    "numlayers": ("layers",),
    "numheads": ("heads",),
    "nhead": ("heads",),
    "numgroups": ("groups",),
    "dffn": ("dim_feedforward",),
    "kernel": ("kernel_size",),
    "poolsize": ("kernel_size",),
    "strides": ("stride",),
    "dilationrate": ("dilation",),
    "usebias": ("bias",),
    "axis": ("dim",),
    "alpha": ("negative_slope",),
    "inputdim": ("num_embeddings",),
    "outputdim": ("embedding_dim",),
    "vocabsize": ("num_embeddings",),
    "classweight": ("weight",),
    "decay": ("weight_decay",),
    "maxnorm": ("clip_norm",),
}


def _folded(name: str) -> str:
    """A name without its style of writing: BatchNorm2D, batch_norm2d and batch-norm-2d are one."""
    return re.sub(r"[\W_]", "", name[:60]).lower()


def called_here(name: str, known: Collection[str]) -> str | None:
    """A type under another library's name or in another style, as the catalogue has it."""
    folded = _folded(name)
    styled = {_folded(k): k for k in known}
    for name_ in (folded, folded.removesuffix("loss"), folded.removesuffix("layer")):
        for result in (styled.get(name_), _TYPES.get(name_)):
            if result in known:
                return result
    return None


def known_type(name: str, known: Collection[str]) -> str:
    """`; did you mean 'x'?` of a type: another style, another library's name, or a near one."""
    result = called_here(name, known)
    return f"; did you mean '{result}'?" if result else meant(name, known)


def known_key(name: str, known: Collection[str]) -> str:
    """The same of a key."""
    for name_ in _KEYS.get(_folded(name), ()):
        result = name_.split("+")
        if all(f in known for f in result):
            return f"; did you mean {' and '.join(repr(f) for f in result)}?"
    return meant(name, known)


def key_for(name: str, known: Collection[str]) -> str | None:
    """The one key that was probably meant, if there is one."""
    result = known_key(name, known).split("'")
    return result[1] if len(result) == 3 else None
