"""Names that say what a tensor is: `next(W)`, what W will be, and `dW`, the derivative by W.

Formulas are written with them, in files and by people, so they are plain text. How they are made,
and how they are taken apart, is known here alone.
"""

from __future__ import annotations

_NEXT, _END = "next(", ")"
_WRITTEN = " as written"  # no name of a model has a space


def next_of(name: str) -> str:
    """The name of a tensor's next value."""
    return f"{_NEXT}{name}{_END}"


def is_next(name: str) -> bool:
    """Whether it is the name of a next value."""
    return name.startswith(_NEXT)


def current_of(name: str) -> str:
    """The tensor whose next value is named; of any other name itself."""
    return name[len(_NEXT) : -len(_END)] if is_next(name) else name


def without_next(text: str) -> str:
    """A text, such as a longer name, with the tensors' own names for their next values."""
    return text.replace(_NEXT, "").replace(_END, "")


def adjoint_of(name: str) -> str:
    """The name that the objective's derivative by a tensor has, where nothing else has it."""
    return f"d{name}"


def primal_of(name: str) -> str:
    """The tensor by which a derivative is, by its name alone; "" where that is none's."""
    return name[1:] if is_adjoint(name) else ""


def is_adjoint(name: str) -> bool:
    """Whether a name is that of a derivative, so far as a name tells."""
    return len(name) > 1 and name[0] == "d"


def as_written(name: str) -> str:
    """The name of what somebody wrote for a tensor, beside the right one."""
    return f"{name}{_WRITTEN}"


def without_marks(text: str) -> str:
    """A text with the tensors' own names for what was written for them."""
    return text.replace(_WRITTEN, "")
