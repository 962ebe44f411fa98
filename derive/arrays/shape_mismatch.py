"""A value of another shape than the tensor's to which it is given."""

from __future__ import annotations

from derive.arrays.entries import ONE, Entries, Scope, Subscripts, number, shape_text
from derive.language.syntax import Place, Refused, Syntax


class Apart(Refused):
    """Two arrays that don't go together: both shapes, and what is wrong."""

    def __init__(self, place: Place, shapes: tuple[Entries, Entries], problem: str) -> None:
        self.shapes = f"{shape_text(shapes[0])} and {shape_text(shapes[1])}"
        self.problem = problem
        super().__init__(place, problem)


class OtherShape(Refused):
    """A value that hasn't the shape of the tensor to which it is given."""

    def __init__(self, tensor: str, wanted: Entries, given: Entries, place: Place) -> None:
        self.tensor = tensor
        self.wanted = wanted
        self.given = given
        problem = (
            f"{tensor} is {shape_text(wanted)}, and the value given to it is {shape_text(given)}"
        )
        super().__init__(place, problem)

    @property
    def broadcast(self) -> Entries | None:
        """The value as adding it to the tensor would spread it; None where it can't be."""
        wanted, given = self.wanted.shape, self.given.shape
        behind = wanted[len(wanted) - len(given) :]
        if len(given) > len(wanted) or not all(
            one in (ONE, other) for one, other in zip(given, behind, strict=True)
        ):
            return None

        def at(subscripts: Subscripts, scope: Scope) -> Syntax:
            last = subscripts[len(wanted) - len(given) :]
            kept = (number(s.place, 0) if e == ONE else s for s, e in zip(last, given, strict=True))
            return self.given.value(tuple(kept), scope)

        return Entries(wanted, at)
