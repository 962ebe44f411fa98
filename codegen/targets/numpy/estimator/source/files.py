"""Arrays from files, files that are written whole, and the line of progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from codegen.targets.numpy.stand_in import Arrays


def _pack(
    tree: dict[str, Any], arrays: dict[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """Nested dictionaries without their arrays, which move into `arrays` by path."""
    packed = {}
    for name, value in tree.items():
        packed[name] = value
        if isinstance(value, dict):
            packed[name] = _pack(value, arrays, f"{prefix}{name}/")
        elif isinstance(value, (np.ndarray, np.generic)):
            arrays[prefix + name] = value
            packed[name] = None  # keeps the place of `name` among the others
    return packed


def _unpack(packed: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """What `_pack` took apart, put together again."""
    for path, array in arrays.items():
        *parents, name = path.split("/")
        tree = packed
        for parent in parents:
            tree = tree[parent]
        tree[name] = array
    return packed


def _load_arrays(path: str) -> Arrays:
    """The arrays of an .npz file by name; nothing in it is ever run."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except OSError:
        raise
    except Exception:  # whatever NumPy and zipfile make of other bytes
        raise ValueError(f"{path} is not an .npz file of arrays") from None


def _replace_file(path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file all or nothing: beside it, down to the disk, then in its place."""
    if os.path.isdir(path):
        raise ValueError(f"{path} can't be written: it is a folder")
    beside = f"{path}.part"
    try:
        with open(beside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"{path} can't be written: {reason}") from None
    finally:
        if os.path.isfile(beside):  # something went wrong
            os.remove(beside)


def _show_progress(epochs: int, history: dict[str, list[float]]) -> None:
    """A line that changes in place on a terminal, about ten lines elsewhere."""
    epoch = len(history["loss"])
    line = f"epoch {epoch}/{epochs}"
    for name, values in history.items():
        line += f"  {name.replace('_', ' ')} {values[-1]:.6g}"
    if sys.stderr.isatty():
        print("\r" + line.ljust(78), end="", file=sys.stderr, flush=True)
    elif epoch in (1, epochs) or epoch % max(1, epochs // 10) == 0:
        print(line, file=sys.stderr, flush=True)
