"""A training step in PyTorch: the model's equations, torch's derivatives, the optimiser's rules."""

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
from derive.errors import ChainruleError
from derive.ir.functions import FUNCTIONS


def step_of(task: Task, contender: str) -> Step:
    """One step; compiled as a whole where the contender is `torch-compile`."""
    torch = import_module("torch")
    torch.set_num_threads(1)
    training = Training(task, Torch(torch, getattr(torch, task.dtype)))
    names = training.trainable
    if not names:
        raise ChainruleError("no parameter is trained")
    held = training.held
    state = training.state
    for name in names:
        held[name].requires_grad_()
    forward = training.objective
    if contender == "torch-compile":
        forward = torch.compile(forward)

    def step() -> float:
        objective = forward(held)
        gradients = torch.autograd.grad(objective, [held[n] for n in names], allow_unused=True)
        with torch.no_grad():
            moved = training.moved(held, dict(zip(names, gradients, strict=True)), state)
            for name, value in moved.items():
                held[name] = value.requires_grad_()
        return float(objective.detach())

    return step


class Torch:
    """PyTorch under the names of the program's nodes."""

    def __init__(self, torch: Any, dtype: Any) -> None:
        self.torch = torch
        self.dtype = dtype
        special = torch.special
        self.functions: dict[str, Any] = {
            **{n: getattr(torch, r.names.numpy) for n, r in FUNCTIONS.items() if r.names.numpy},
            **{n: getattr(special, r.names.scipy) for n, r in FUNCTIONS.items() if r.names.scipy},
            "sigmoid": torch.sigmoid,
            "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
            "relu": torch.relu,
            "not": torch.logical_not,
            "whole": lambda x: x.long(),
            "float": lambda x: x.to(dtype),
            "hold": lambda x: x.detach(),
        }

    def constant(self, value: Any) -> Any:
        """An array of numbers."""
        array = np.asarray(value)
        kind = self.dtype if array.dtype.kind == "f" else None
        return self.torch.as_tensor(array.copy(), dtype=kind)

    def call(self, function: str, args: Sequence[Any]) -> Any:
        """An element-wise function of arrays that broadcast, or of numbers."""
        if function in OPERATORS:
            return OPERATORS[function](args)
        if function == "delta":
            return (args[0] == args[1]).to(self.dtype)
        if function == "where":
            condition, *arms = args
            numbers = all(isinstance(a, int | float) for a in arms)
            return self.torch.where(condition, *(map(self._array, arms) if numbers else arms))
        return self.functions[function](*map(self._array, args))

    def _array(self, value: Any) -> Any:
        if isinstance(value, int | float | bool):
            return self.torch.tensor(value, dtype=self.dtype)
        return value

    def reduce(self, op: str, array: Any, axes: tuple[int, ...]) -> Any:
        """A reduction over axes."""
        torch = self.torch
        match op:
            case "sum":
                return torch.sum(array, axes)
            case "max":
                return torch.amax(array, axes)
            case "min":
                return torch.amin(array, axes)
            case "prod":
                for axis in sorted(axes, reverse=True):
                    array = torch.prod(array, axis)
                return array
            case _:
                return torch.logsumexp(array, axes)

    def matrix(self, op: str, array: Any) -> Any:
        """The inverse or a determinant of the matrices in the last two axes."""
        linalg = self.torch.linalg
        return {"inv": linalg.inv, "det": linalg.det}.get(op, lambda x: linalg.slogdet(x)[1])(array)

    def product(self, spec: str, parts: Sequence[Any]) -> Any:
        """A contraction, as `einsum` writes it."""
        return self.torch.einsum(spec, *parts)

    def matmul(self, left: Any, right: Any) -> Any:
        """A product of matrices."""
        return self.torch.matmul(left, right)

    def convolve(self, array: Any, kernel: Any, walks: Sequence[Walk]) -> Any:
        """A correlation over the axes behind the batch and the channels."""
        ends = [w.ends(n) for w, n in zip(walks, array.shape[2:], strict=True)]
        if all(before == behind for before, behind in ends):
            pads = tuple(before for before, _ in ends)
        else:
            flat = [n for pair in reversed(ends) for n in pair]
            array, pads = self.torch.nn.functional.pad(array, flat), (0,) * len(walks)
        call = getattr(self.torch.nn.functional, f"conv{len(walks)}d")
        strides, dilation = tuple(w.stride for w in walks), tuple(w.dilation for w in walks)
        result = call(array, kernel, None, strides, pads, dilation)
        if tuple(result.shape[2:]) == tuple(w.count for w in walks):
            return result
        return result[(..., *(slice(w.count) for w in walks))]

    def transpose(self, array: Any, order: Sequence[int]) -> Any:
        """The axes in another order."""
        return self.torch.permute(array, tuple(order))

    def spread(self, array: Any, shape: Sequence[int]) -> Any:
        """An array made larger."""
        return self.torch.broadcast_to(self._array(array), tuple(shape))

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays one behind the other."""
        return self.torch.cat(list(parts), axis)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays side by side along a new axis."""
        return self.torch.stack(list(parts), axis)

    def pad(self, array: Any, axis: int, ends: tuple[int, int], fill: float) -> Any:
        """An array made longer along an axis."""
        flat = [0, 0] * (array.ndim - 1 - axis) + list(ends)
        return self.torch.nn.functional.pad(array, flat, value=fill)

    def put(self, array: Any, index: Index, value: Any, *, adds: bool) -> Any:
        """The array with other numbers in some places, or with these added."""
        result = array.clone()
        result[index] = result[index] + value if adds else value
        return result

    def add_at(self, array: Any, indices: Sequence[Any], value: Any) -> Any:
        """The array with numbers added at integer places along the first axes."""
        inside: Any = self.torch.tensor(True)
        for index, size in zip(indices, array.shape, strict=False):
            inside = inside & (index >= 0) & (index < size)
        kept = tuple(self.torch.broadcast_to(i, inside.shape)[inside] for i in indices)
        value = self.torch.broadcast_to(
            self._array(value), (*inside.shape, *array.shape[len(indices) :])
        )
        return array.index_put(kept, value[inside], accumulate=True)

    def sample(self, distribution: str, shape: Sequence[int], one: float, other: float) -> Any:
        """Random numbers: of a mean and a deviation, of ends, or ones with a probability."""
        torch = self.torch
        match distribution:
            case "bernoulli":
                return torch.bernoulli(torch.full(tuple(shape), one, dtype=self.dtype))
            case "uniform":
                return one + (other - one) * torch.rand(tuple(shape), dtype=self.dtype)
            case _:
                return one + other * torch.randn(tuple(shape), dtype=self.dtype)
