"""Names of derivatives, and of what they need on the way, each once in a system."""

from __future__ import annotations

from derive.ir.fresh_names import UsedNames
from derive.ir.names import adjoint_of
from derive.ir.system import System


class AdjointNames:
    """Names that a sweep gives; `adjoint` has that of the derivative by a tensor.

    Where the system holds derivatives already, it says what theirs are called.
    """

    def __init__(self, system: System) -> None:
        self.adjoint: dict[str, str] = {}
        self._used = UsedNames(
            (*(t.name for t in system.tensors), *(a for a, _ in system.origin.aliases))
        )
        self._along = dict(system.earlier.names) if system.earlier else {}

    def name(self, tensor: str) -> None:
        """Give the derivative by a tensor a name: `dW`, or `d2_W` where that is taken."""
        wish = self._along.get(tensor, adjoint_of(tensor))
        kind, of = wish.split("_", 1) if tensor in self._along else ("d", tensor)
        order = 2
        while wish in self._used.names:
            wish = f"{kind}{order}_{of}"
            order += 1
        self._used.names.add(wish)
        self.adjoint[tensor] = wish

    def free(self, *wishes: str) -> str:
        """The first wish that is free, else the last one with a number."""
        return self._used.fresh(*wishes)
