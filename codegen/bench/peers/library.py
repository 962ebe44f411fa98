"""What is asked of a library of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from codegen.bench.peers.convolution import Walk

Index = tuple[Any, ...]


class Library(Protocol):
    """A library of arrays, under the names of the program's nodes."""

    def constant(self, value: Any) -> Any:
        """An array of numbers."""

    def call(self, function: str, args: Sequence[Any]) -> Any:
        """An element-wise function of arrays that broadcast, or of numbers."""

    def reduce(self, op: str, array: Any, axes: tuple[int, ...]) -> Any:
        """A reduction over axes."""

    def matrix(self, op: str, array: Any) -> Any:
        """The inverse or a determinant of the matrices in the last two axes."""

    def product(self, spec: str, parts: Sequence[Any]) -> Any:
        """A contraction, as `einsum` writes it."""

    def matmul(self, left: Any, right: Any) -> Any:
        """A product of matrices."""

    def convolve(self, array: Any, kernel: Any, walks: Sequence[Walk]) -> Any:
        """A correlation over the axes behind the batch and the channels."""

    def transpose(self, array: Any, order: Sequence[int]) -> Any:
        """The axes in another order."""

    def spread(self, array: Any, shape: Sequence[int]) -> Any:
        """An array made larger."""

    def join(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays one behind the other."""

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Arrays side by side along a new axis."""

    def pad(self, array: Any, axis: int, ends: tuple[int, int], fill: float) -> Any:
        """An array made longer along an axis."""

    def put(self, array: Any, index: Index, value: Any, *, adds: bool) -> Any:
        """The array with other numbers in some places, or with these added."""

    def add_at(self, array: Any, indices: Sequence[Any], value: Any) -> Any:
        """The array with numbers added at integer places along the first axes."""

    def sample(self, distribution: str, shape: Sequence[int], low: float, high: float) -> Any:
        """Random numbers: of a mean and a deviation, of ends, or ones with a probability."""
