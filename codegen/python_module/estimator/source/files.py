"""Files in and out, and words for people: as much as a line of a terminal bears."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import IO

import numpy as np

from codegen.python_module.stand_in import Arrays


def _load_arrays(path: str) -> Arrays:
    """The arrays of an .npz file by name; nothing in it is ever run."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # whatever NumPy and zipfile make of other bytes
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(f"{_brief(path)} is not an .npz file of arrays") from None


def _replace_file(path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file all or nothing: beside it, down to the disk, then in its place."""
    _check_place(path)
    beside = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")
    try:
        with open(beside, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(beside, os.stat(path).st_mode & 0o7777)
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{_brief(path)} can't be written: {reason}") from None
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def _check_place(path: str) -> None:
    """Refuse to write where no file can be, and through a link or a pipe."""
    folder, is_there = os.path.dirname(path) or ".", os.path.lexists(path)
    reasons = {
        f"there is no folder {_brief(folder)}": not os.path.isdir(folder),
        "it is a folder": os.path.isdir(path),
        "it is a link": os.path.islink(path),
        "it is no file": is_there and not os.path.isfile(path),
        "it is read-only": is_there and not os.access(path, os.W_OK),
        "its folder is read-only": not os.access(folder, os.W_OK),
    }
    for reason, holds in reasons.items():
        if holds:
            raise ValueError(f"{_brief(path)} can't be written: {reason}")


def _brief(value: object, room: int = 120) -> str:
    """A value in words, without its middle where that is long."""
    text = str(value)
    half = (room - 5) // 2
    return text if len(text) <= room else f"{text[:half]} ... {text[-half:]}"


def _listed(names: Sequence[object]) -> str:
    """Names in a row, the first few of many."""
    shown = [_brief(name, 24) for name in names[:6]]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(shown) + more


def _show_progress(
    epochs: int,
    history: dict[str, list[float]],
    measures: Callable[[], dict[str, float]],
) -> None:
    """A line that changes in place on a terminal, about ten lines elsewhere."""
    epoch = len(history["loss"])
    told = epoch in (1, epochs) or epoch % max(1, epochs // 10) == 0
    if not (told or _on_terminal()):
        return
    line = f"epoch {epoch}/{epochs}"
    for name, values in history.items():
        line += f"  {name.replace('_', ' ')} {values[-1]:.6g}"
    for name, value in measures().items():
        line += f"  {name} {value:.3f}"
    if _on_terminal():
        _tell("\r" + line.ljust(78), end="")
    else:
        _tell(line)


def _on_terminal() -> bool:
    """Whether standard error is a terminal; it may be closed."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _tell(line: str, end: str = "\n") -> None:
    """Print on standard error; that nobody reads it any more stops nothing."""
    if sys.stderr is None:
        return
    # no terminal is to take it for a command
    shown = "".join(c if c.isprintable() or c == "\r" else "?" for c in line)
    try:
        print(shown, end=end, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        sys.stderr = io.StringIO()
