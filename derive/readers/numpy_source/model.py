"""The model as a text sees it: which tensor a name means, and which one a value is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import numpy as np

from derive.arrays.nodes import Array, Count
from derive.ir.names import is_adjoint, primal_of
from derive.ir.tree import equation_reads
from derive.language.syntax import Place
from derive.readers.name_rules import Context
from derive.readers.name_table import guessed, inferred_names
from derive.readers.number_names import EPSILON, SAMPLES, small_number
from derive.readers.numpy_source.values import Number, Unknown, Value, literal
from derive.readers.reading import Layout
from derive.readers.vocabulary import Vocabulary

CLOSE = 2e-6  # relative: constants are rounded, and guards such as 1e-8 stand in denominators
UPSTREAM = ("dout", "d_out", "dy", "dY", "grad_out", "grad_output", "upstream")
_FAMILIES = {
    **dict.fromkeys(("W", "Ws", "w", "weights", "weight", "theta", "thetas"), "W"),
    **dict.fromkeys(("b", "bs", "biases", "bias"), "b"),
}
_PARAMETERS = ("params", "parameters", "weights", "model", "p")
_STARTS = re.compile(
    r"[hcs]_?(?:prev|0|init|start)|(?:prev|init)_?[hcs]|(?:prev|init)_?state|h_?last"
)
_DEPTHS = ("num_layers", "n_layers")


@dataclass(frozen=True)
class Match:
    """A tensor that a value is: `scale` times it."""

    tensor: str
    scale: float = 1


@dataclass(frozen=True)
class Model:
    """What a vocabulary says to a text whose arrays lie in one way, with numbers at one point."""

    vocabulary: Vocabulary
    given: Mapping[str, str]  # what the writer says of names
    layout: Layout
    numbers: Mapping[str, np.ndarray]
    words: frozenset[str]  # all names of the text

    @cached_property
    def roles(self) -> dict[str, str]:
        """The role of each tensor of the system."""
        return {t.name: t.role for t in self.vocabulary.system.tensors}

    @cached_property
    def leaves(self) -> frozenset[str]:
        """Tensors whose values are there before."""
        return frozenset(n for n, r in self.roles.items() if r not in ("intermediate", "next"))

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The tensors that training moves."""
        return frozenset(n for n, r in self.roles.items() if r == "parameter")

    @cached_property
    def inferred(self) -> dict[str, str]:
        """What names say of each other."""
        return inferred_names(self.words, self.vocabulary)

    @cached_property
    def samples(self) -> int:
        """How many there are at this point; 0 where there is no batch."""
        batch = self.vocabulary.batch
        for name, shape in self.vocabulary.shapes.items():
            if batch is not None and batch in shape and name in self.numbers:
                return int(self.numbers[name].shape[shape.index(batch)])
        return 0

    # ---- names -------------------------------------------------------------------------------

    def tensor(self, name: str) -> str | None:
        """The tensor that a name may mean."""
        if name not in self._guessed:
            result = self.given.get(name) or guessed(name, self.vocabulary, self.inferred)
            self._guessed[name] = result
        return self._guessed[name]

    def is_own_name(self, name: str) -> bool:
        """Whether a name is the model's own for a derivative: `db2`, or `grad_b2` for that by `b2`.

        Any other that may mean a derivative may be of another numbering.
        """
        tensor = self.tensor(name) or ""
        primal = primal_of(tensor)
        if name == tensor or not primal:
            return name == tensor
        return name.endswith(f"_{primal}") or name.startswith(f"{primal}_")

    @cached_property
    def _guessed(self) -> dict[str, str | None]:
        return {}

    @cached_property
    def has_several(self) -> bool:
        """Whether there is more than one layer, and nobody says where errors come from."""
        return Context(self.vocabulary).layers > 1 and not any(n in self.given for n in UPSTREAM)

    def view(self, tensor: str) -> np.ndarray | None:
        """The numbers of a tensor as the writer has them."""
        array = self.numbers.get(tensor)
        if array is None:
            return None
        if tensor in self.layout.transposed:
            return array.T
        return array[:, None] if tensor in self.layout.columns else array

    def value(self, tensor: str, place: Place) -> Value:
        """A tensor as the writer has it."""
        behind = frozenset((self.mark(tensor),))
        node = self.layout.view(Array(tensor, place=place))
        return Value(self.view(tensor), node, behind, classes=self.has_classes(tensor))

    def has_classes(self, tensor: str) -> bool:
        """Whether a tensor is a target with a single 1 in each row."""
        array = self.numbers.get(tensor)
        if self.roles.get(tensor) != "target" or array is None or array.dtype.kind != "f":
            return False
        rows = array.ndim > 0 and array.shape[-1] > 1 and tensor not in self.layout.transposed
        return bool(rows and ((array == 0) | (array == 1)).all() and (array.sum(-1) == 1).all())

    def mark(self, tensor: str) -> int:
        """What a value is made of that reads a tensor: a number that no record has."""
        return -1 - list(self.vocabulary.shapes).index(tensor)

    def leaf(self, name: str) -> str | None:
        """The tensor that a name means which the text never sets."""
        if name in UPSTREAM and name not in (*self.inferred, *self.given) and self.has_several:
            return None  # of which layer it comes, the text alone doesn't tell
        return self.tensor(name)

    def known(self, name: str, place: Place) -> Value | Number | None:
        """What a name is that the text never sets."""
        tensor = self.leaf(name)
        if tensor is not None:
            return self.value(tensor, place)
        if self.samples and name in SAMPLES:
            return Number(
                self.samples,
                Count(self.vocabulary.batch, place=place) if self.vocabulary.batch else None,
            )
        start = self.start(name)
        if start is not None:
            return Value(start)
        small = small_number(self.vocabulary.system)
        if small is not None and name in EPSILON:
            return literal(float(small), place)
        return Number(Context(self.vocabulary).layers + 1) if name in _DEPTHS else None

    def start(self, name: str) -> np.ndarray | None:
        """The zeros with which a recurrent net begins."""
        if not _STARTS.fullmatch(name):
            return None
        for name_ in self._states:
            array = self.numbers.get(name_)
            if array is not None and array.ndim:
                batch = self.vocabulary.batch in self.vocabulary.shapes[name_]
                zeros: np.ndarray = np.zeros_like(np.take(array, 0, axis=int(batch)))
                columns = bool(self.layout.columns) and zeros.ndim == 1
                return zeros[:, None] if columns else zeros
        return None

    @cached_property
    def _states(self) -> list[str]:
        """What is read at a place before its own."""
        every = (r for e in self.vocabulary.system.equations for r in equation_reads(e))
        lagged = (r.tensor for r in every if any(s.terms and s.constant < 0 for s in r.subscripts))
        return [n for n in dict.fromkeys(lagged) if n not in self.leaves and n in self.numbers]

    def members(self, of: Unknown) -> list[str] | None:
        """The names of the entries of a list or a dictionary that a text is given."""
        family = _FAMILIES.get(of.name)
        if family is not None:
            pattern = re.compile(rf"{family}_?\d+")
            result = [n for n in self.vocabulary.shapes if pattern.fullmatch(n)]
            if result:
                return sorted(result, key=lambda n: int(re.sub(r"\D", "", n)))
        if of.name.lower().strip("_") in _PARAMETERS:
            return [t.name for t in self.vocabulary.system.having("parameter")]
        return None

    def is_given(self, name: str) -> bool:
        """Whether a name is one for all parameters, or for how many layers there are."""
        return name in _DEPTHS or self.members(Unknown(name)) is not None

    # ---- values ------------------------------------------------------------------------------

    @cached_property
    def _sizes(self) -> dict[int, list[tuple[str, float]]]:
        result: dict[int, list[tuple[str, float]]] = {}
        for name in self.vocabulary.shapes:
            array = self.numbers.get(name)
            if array is None or self.roles.get(name) in ("input", "target", "hyperparameter"):
                continue
            total = float(np.abs(array).sum())
            if total and np.isfinite(total):
                result.setdefault(array.size, []).append((name, total))
        return result

    def matches(self, array: np.ndarray, read: frozenset[str]) -> list[Match]:
        """The tensors that a value is, as it stands or times the number of samples or -1.

        Of the tensors in `read` the writer's own way to lie is known.
        """
        if array.dtype.kind != "f" or array.size not in self._sizes:
            return []
        total = float(np.abs(array).sum())
        result = []
        for name, other in self._sizes[array.size]:
            for scale in (1, self.samples) if self.of_samples(name) else (1,):
                if abs(total - scale * other) <= 10 * CLOSE * scale * other:
                    result += [
                        Match(name, sign * scale)
                        for sign in (1, -1)
                        if self.aligned(array / (sign * scale), name, read) is not None
                    ]
        return result

    def of_samples(self, name: str) -> bool:
        """Whether a tensor is an error term that each sample has."""
        if not is_adjoint(name) or name in self.roles:
            return False
        return self.vocabulary.batch in self.vocabulary.shapes[name]

    def aligned(self, array: np.ndarray, name: str, read: frozenset[str]) -> np.ndarray | None:
        """The tensor that a value is, in the value's shape; None where it is another."""
        real = self.numbers[name]
        fixed = (primal_of(name) or name) in read and (primal_of(name) or name) in self.parameters
        scale = np.abs(real).max()
        for other in _ways(real, self.view(name), fixed):
            same = _squeezed(array) == _squeezed(other)
            same = same or (array.size == other.size and (array.size == 1 or not fixed))
            if same and np.allclose(array.ravel(), other.ravel(), CLOSE, CLOSE * scale):
                return other.reshape(array.shape)
        return None

    def fits(self, value: Value, tensor: str) -> bool:
        """Whether a value has a tensor's shape, as it may lie, axes of extent 1 apart."""
        real = self.view(tensor)
        if real is None or value.array is None:
            return value.array is None
        return sorted(_squeezed(value.array)) == sorted(_squeezed(real))

    def spreads(self, value: Value, tensor: str) -> bool:
        """Whether a value would spread over a tensor."""
        real = self.view(tensor)
        if real is None or value.array is None:
            return False
        try:
            return np.broadcast_shapes(value.array.shape, real.shape) == real.shape
        except ValueError:
            return False


def _squeezed(array: np.ndarray) -> tuple[int, ...]:
    return tuple(n for n in array.shape if n != 1)


def _ways(real: np.ndarray, own: np.ndarray | None, fixed: bool) -> Iterator[np.ndarray]:
    """How a tensor may lie: as the writer has it; where that isn't `fixed`, in any order."""
    if own is not None:
        yield own
    if not fixed and 2 <= real.ndim <= 4:
        for axes in permutations(range(real.ndim)):
            yield real.transpose(axes)
