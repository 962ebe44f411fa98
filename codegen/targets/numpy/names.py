"""Names in emitted code: tensors keep theirs unless it would shadow something."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping

from codegen.python_module.tables import HELPED
from derive.ir.names import current_of, is_next
from derive.ir.notation import Axis

# what the module itself uses; a tensor of that name gets an underscore behind it
TAKEN = frozenset(HELPED) | frozenset(
    """
    np params state rng training inputs gradient sigmoid range reversed float int max min
    abs sum dict tuple len print name value learning_rate DTYPE NAME PARAMETERS BUFFERS
    HYPERPARAMETERS init_params forward loss gradients init_state train_step probabilities
    init_step step batch
    Model main argparse csv io json os sys
    """.split()  # noqa: SIM905 - a list of words reads better so
)


TRAINING = "training"  # what tells training from inference; no tensor is called so


class Names:
    """Python names of tensors, run-time extents and loop letters, all distinct.

    `given` are names that some tensors have already, `dtype` is that of the arrays' kind.
    """

    def __init__(
        self,
        tensors: Iterable[str],
        dims: Iterable[str],
        given: Mapping[str, str] | None = None,
        dtype: str = "DTYPE",
    ) -> None:
        self.dtype = dtype
        self._tensor: dict[str, str] = dict(given or {})
        used = set(TAKEN)
        for tensor in tensors:
            if tensor in self._tensor:
                continue
            name = current_of(tensor)
            if is_next(tensor):
                name = f"next_{name}"
            if name.startswith("_"):
                name += "_"  # the module's own functions begin so, and end otherwise
            while name in used or keyword.iskeyword(name) or keyword.issoftkeyword(name):
                name += "_"
            used.add(name)
            self._tensor[tensor] = name
        self._dim: dict[str, str] = {}
        for dim in dims:
            name = dim.upper() if len(dim) == 1 else f"{dim}_size"
            if name in used:
                name = f"{dim}_size"
            while name in used:
                name += "_"
            used.add(name)
            self._dim[dim] = name
        self._used = used
        self._letter: dict[str, str] = {}

    def __contains__(self, tensor: str) -> bool:
        return tensor in self._tensor

    def tensor(self, name: str) -> str:
        """The variable that holds a tensor."""
        return self._tensor[name]

    def dim(self, name: str) -> str:
        """The variable that holds a run-time extent."""
        return self._dim[name]

    def letter(self, axis: Axis) -> str:
        """A loop's variable."""
        result = self._letter.get(axis.letter)
        if result is None:
            result = axis.letter
            while result in self._used or keyword.iskeyword(result):
                result += "_"
            self._used.add(result)
            self._letter[axis.letter] = result
        return result


class LocalNames(Names):
    """Names in one function: entries of dictionaries for some tensors, else those of `outer`.

    What `outer` doesn't know goes by its own name, such as an optimiser's values.
    """

    def __init__(self, outer: Names | None = None, places: Mapping[str, str] | None = None) -> None:
        super().__init__((), (), dtype=outer.dtype if outer else "DTYPE")
        self._outer = outer
        self._places = places or {}

    def tensor(self, name: str) -> str:
        """The variable, or the entry of a dictionary."""
        if name in self._places:
            return self._places[name]
        if self._outer is not None and name in self._outer:
            return self._outer.tensor(name)
        return current_of(name)

    def dim(self, name: str) -> str:
        """The variable that holds an extent; of a parameter it goes by its own name."""
        return name if self._outer is None else self._outer.dim(name)
