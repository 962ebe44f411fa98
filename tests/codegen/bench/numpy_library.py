"""NumPy as a library of peers: what the tests run the peers' reading of a program with."""

import numpy as np
from scipy import special

from codegen.bench.peers.operators import OPERATORS
from derive.ir.functions import FUNCTIONS

FUNCTION = {
    **{n: getattr(np, r.names.numpy) for n, r in FUNCTIONS.items() if hasattr(np, r.names.numpy)},
    **{n: getattr(special, r.names.scipy) for n, r in FUNCTIONS.items() if r.names.scipy},
    "sigmoid": special.expit,
    "softplus": lambda x: np.logaddexp(x, 0),
    "relu": lambda x: np.maximum(x, 0),
    "not": np.logical_not,
    "whole": lambda x: np.asarray(x, int),
    "float": lambda x: np.asarray(x, float),
    "delta": lambda a, b: np.asarray(a == b, float),
    "hold": lambda x: x,
}


class NumpyLibrary:
    def constant(self, value):
        return np.asarray(value)

    def call(self, function, args):
        return OPERATORS[function](args) if function in OPERATORS else FUNCTION[function](*args)

    def reduce(self, op, array, axes):
        if op == "logsumexp":
            return special.logsumexp(array, axis=axes)
        return getattr(np, op)(array, axis=axes)

    def matrix(self, op, array):
        linalg = np.linalg
        return {"inv": linalg.inv, "det": linalg.det}.get(op, lambda x: linalg.slogdet(x)[1])(array)

    def product(self, spec, parts):
        return np.einsum(spec, *parts)

    def matmul(self, left, right):
        return np.matmul(left, right)

    def convolve(self, array, kernel, walks):
        ends = [w.ends(n) for w, n in zip(walks, array.shape[2:], strict=True)]
        array = np.pad(array, [(0, 0), (0, 0), *ends])
        out = np.zeros((len(array), len(kernel), *(w.count for w in walks)))
        for place in np.ndindex(out.shape[2:]):
            starts = [p * w.stride for p, w in zip(place, walks, strict=True)]
            index = tuple(
                slice(s, s + w.dilation * (w.reach - 1) + 1, w.dilation)
                for s, w in zip(starts, walks, strict=True)
            )
            rest = tuple(range(1, array.ndim))
            out[(..., *place)] = np.tensordot(array[(..., *index)], kernel, axes=(rest, rest))
        return out

    def transpose(self, array, order):
        return np.transpose(array, order)

    def spread(self, array, shape):
        return np.broadcast_to(array, shape)

    def join(self, parts, axis):
        return np.concatenate(parts, axis)

    def stack(self, parts, axis):
        return np.stack(parts, axis)

    def pad(self, array, axis, ends, fill):
        widths = [(0, 0)] * array.ndim
        widths[axis] = ends
        return np.pad(array, widths, constant_values=fill)

    def put(self, array, index, value, *, adds):
        result = np.array(array)
        result[index] = result[index] + value if adds else value
        return result

    def add_at(self, array, indices, value):
        result = np.array(array)
        indices = np.broadcast_arrays(*indices)
        value = np.broadcast_to(value, (*indices[0].shape, *array.shape[len(indices) :]))
        for place in np.ndindex(indices[0].shape):
            at = tuple(int(i[place]) for i in indices)
            if all(0 <= i < n for i, n in zip(at, array.shape, strict=False)):
                result[at] += value[place]
        return result

    def sample(self, distribution, shape, one, other):
        return np.full(shape, 0.5)
