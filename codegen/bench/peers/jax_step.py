"""A training step in JAX, compiled as a whole: the equations, JAX's derivatives, the optimiser."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from codegen.bench.contenders import Step, Task
from codegen.bench.peers.convolution import Walk
from codegen.bench.peers.library import Index
from codegen.bench.peers.operators import OPERATORS
from codegen.bench.peers.training import Training
from derive.ir.functions import FUNCTIONS


def step_of(task: Task, contender: str) -> Step:
    """One step under `jit`, whose parameters are given away."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", task.dtype == "float64")
    key = jax.random.key(0)
    library = Jax(jax, task.dtype)
    training = Training(task, library)
    names = training.trainable
    fixed = {n: v for n, v in training.held.items() if n not in names}

    def move(params: Any, state: Any, data: Any, key: Any) -> Any:
        library.key = key
        value, gradients = jax.value_and_grad(lambda p: training.objective({**data, **p}))(params)
        moved = training.moved({**data, **params}, gradients, state)
        return value, moved, state, library.key

    compiled = jax.jit(move, donate_argnums=(0, 1))
    params = {n: training.held[n] for n in names}
    now = [params, training.state, key]

    def step() -> float:
        value, *now[:] = compiled(now[0], now[1], fixed, now[2])
        return float(value)

    return step


class Jax:
    """JAX under the names of the program's nodes."""

    def __init__(self, jax: Any, dtype: str) -> None:
        self.jax = jax
        self.np = jax.numpy
        self.dtype = dtype
        self.key: Any = None
        special = jax.scipy.special
        self.functions: dict[str, Any] = {
            **{n: getattr(self.np, r.names.numpy) for n, r in FUNCTIONS.items() if r.names.numpy},
            **{n: getattr(special, r.names.scipy) for n, r in FUNCTIONS.items() if r.names.scipy},
            "sigmoid": jax.nn.sigmoid,
            "softplus": lambda x: self.np.logaddexp(x, 0),
            "relu": jax.nn.relu,
            "not": self.np.logical_not,
            "whole": lambda x: self.np.asarray(x, int),
            "float": lambda x: self.np.asarray(x, dtype),
            "hold": jax.lax.stop_gradient,
            "delta": lambda a, b: self.np.asarray(a == b, dtype),
        }

    def constant(self, value: Any) -> Any:
        """An array of numbers."""
        array = np.asarray(value)
        return self.np.asarray(array, self.dtype if array.dtype.kind == "f" else None)

    def call(self, function: str, args: Sequence[Any]) -> Any:
        """An element-wise function of arrays that broadcast, or of numbers."""
        if function in OPERATORS:
            return OPERATORS[function](args)
        return self.functions[function](*args)

    def reduce(self, op: str, array: Any, axes: tuple[int, ...]) -> Any:
        """A reduction over axes."""
        if op == "logsumexp":
            return self.jax.nn.logsumexp(array, axis=axes)
        return getattr(self.np, op)(array, axis=axes)

    def matrix(self, op: str, array: Any) -> Any:
        """The inverse or a determinant of the matrices in the last two axes."""
        linalg = self.np.linalg
        return {"inv": linalg.inv, "det": linalg.det}.get(op, lambda x: linalg.slogdet(x)[1])(array)

    def product(self, spec: str, parts: Sequence[Any]) -> Any:
        """A contraction, as `einsum` writes it."""
        return self.np.einsum(spec, *parts)

    def matmul(self, left: Any, right: Any) -> Any:
        """A product of matrices."""
        return self.np.matmul(left, right)

    def convolve(self, array: Any, kernel: Any, walks: Sequence[Walk]) -> Any:
        """A correlation over the axes behind the batch and the channels."""
        result = self.jax.lax.conv_general_dilated(
            array,
            kernel,
            tuple(w.stride for w in walks),
            [w.ends(n) for w, n in zip(walks, array.shape[2:], strict=True)],
            rhs_dilation=tuple(w.dilation for w in walks),
        )
        return result[(..., *(slice(w.count) for w in walks))]

    def transpose(self, array: Any, order: Sequence[int]) -> Any:
        """The axes in another order."""
        return self.np.transpose(array, tuple(order))

    def spread(self, array: Any, shape: Sequence[int]) -> Any:
        """An array made larger."""
        return self.np.broadcast_to(self.np.asarray(array, self.dtype), tuple(shape))

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays one behind the other."""
        return self.np.concatenate(list(parts), axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays side by side along a new axis."""
        return self.np.stack(list(parts), axis)

    def pad(self, array: Any, axis: int, ends: tuple[int, int], fill: float) -> Any:
        """An array made longer along an axis."""
        widths = [(0, 0)] * array.ndim
        widths[axis] = ends
        return self.np.pad(array, widths, constant_values=fill)

    def put(self, array: Any, index: Index, value: Any, *, adds: bool) -> Any:
        """The array with other numbers in some places, or with these added."""
        place = array.at[index]
        return place.add(value) if adds else place.set(value)

    def add_at(self, array: Any, indices: Sequence[Any], value: Any) -> Any:
        """The array with numbers added at integer places along the first axes."""
        far = [self.np.where(i < 0, n, i) for i, n in zip(indices, array.shape, strict=False)]
        return array.at[tuple(far)].add(value, mode="drop")

    def sample(self, distribution: str, shape: Sequence[int], one: float, other: float) -> Any:
        """Random numbers: of a mean and a deviation, of ends, or ones with a probability."""
        random, size = self.jax.random, tuple(shape)
        self.key, key = random.split(self.key)
        match distribution:
            case "bernoulli":
                return self.np.asarray(random.bernoulli(key, one, size), self.dtype)
            case "uniform":
                return random.uniform(key, size, self.dtype, one, other)
            case _:
                return one + other * random.normal(key, size, self.dtype)
