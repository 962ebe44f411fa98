"""`run_source`: NumPy source in a process of its own, with arrays in and arrays out."""

from __future__ import annotations

import io
import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from codegen.sandbox.whitelist import calls, check_source
from derive.errors import ChainruleError, shorten

SECONDS = 5.0
MEGABYTES = 256
_STARTING = 5.0  # seconds that Python and NumPy may take to start
_INSIDE = Path(__file__).with_name("child.py")
_MOST_ANSWER = 32 * 2**20  # bytes
_LONGEST_HEAD = 100_000
_MOST_LINES = 10**6
_MOST_AXES = 64
_PART = 2**20
_KINDS = frozenset(np.dtype(c).str for c in "?bBhHiIlLqQefdg")


def run_source(
    text: str,
    arrays: Mapping[str, np.ndarray],
    outputs: Sequence[str],
    *,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
    place: str = "formulas",
) -> dict[str, np.ndarray]:
    """The arrays of these names after a source has run; a name that it didn't give is absent.

    The source sees the given arrays by their names, `np` and `math`. Functions that nothing calls
    are called with the arrays that their parameters name; what they return counts by the names in
    their last `return`, or by the keys of a dictionary. The child has `seconds` of time and
    `megabytes` beside what NumPy takes, no environment, an empty folder, and a filter of the
    kernel's that lets it compute, answer and end: no file, socket, process or signal. Where the
    kernel has none, nothing is run. Raises `ChainruleError` in one line.
    """
    if sys.platform != "linux":
        raise ChainruleError(f"{place}: --run needs Linux, whose kernel fences the source in")
    tree = check_source(text, place)
    job = {
        "text": text,
        "outputs": list(outputs),
        "calls": [asdict(c) for c in calls(tree)],
        "seconds": math.ceil(seconds),
        "megabytes": megabytes,
    }
    head = json.dumps(job).encode()
    content = len(head).to_bytes(8, "big") + head + _npz(arrays)
    return _arrays(_answer(content, seconds, place), outputs, place)


def _arrays(data: bytes, outputs: Sequence[str], place: str) -> dict[str, np.ndarray]:
    """The arrays of an answer. The child is not trusted: nothing is unpacked, all is checked."""
    no_answer = ChainruleError(f"{place}: the source was stopped: it gave no answer")
    length = int.from_bytes(data[:8], "big")
    head = data[8 : 8 + min(length, _LONGEST_HEAD)]
    try:
        match json.loads(head):
            case {"error": None, "arrays": list(rows)}:
                kinds = [_kind(row, outputs) for row in rows]
            case {"error": str(error), "line": int(line)} if type(line) is int:
                where = f", line {line}" if 0 < line < _MOST_LINES else ""
                raise ChainruleError(f"{place}{where}: {shorten(error, 200)}")
            case _:
                raise no_answer
        result, start = {}, 8 + len(head)
        for name, kind, shape in kinds:
            count = math.prod(shape)
            result[name] = np.frombuffer(data, kind, count, start).reshape(shape).copy()
            start += count * kind.itemsize
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise no_answer from None
    return result


def _kind(row: Any, outputs: Sequence[str]) -> tuple[str, np.dtype, tuple[int, ...]]:
    """A name, a type and a shape. Raises `ValueError` for anything else."""
    match row:
        case [str(name), str(kind), list(shape)]:
            whole = all(type(n) is int and 0 <= n < _MOST_ANSWER for n in shape)
            if name in outputs and kind in _KINDS and whole and len(shape) <= _MOST_AXES:
                return name, np.dtype(kind), tuple(shape)
    raise ValueError


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{n: np.asarray(a) for n, a in arrays.items()})  # type: ignore[arg-type]
    return file.getvalue()


def _answer(content: bytes, seconds: float, place: str) -> bytes:
    """The child's answer; the child is gone in any case when this returns."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as job:
        job.write(content)
        job.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-I", "-B", str(_INSIDE)],
            stdin=job,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            data = _read(child, time.monotonic() + seconds + _STARTING)
            child.wait(_STARTING)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise ChainruleError(_too_long(place, seconds)) from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    if len(data) > _MOST_ANSWER:
        raise ChainruleError(
            f"{place}: the source gives more than {_MOST_ANSWER >> 20} MiB; give smaller arrays"
        )
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ChainruleError(_too_long(place, seconds))
    if child.returncode or len(data) < 8:
        raise ChainruleError(f"{place}: the source was stopped: it gave no answer")
    return data


def _read(child: subprocess.Popen[bytes], end: float) -> bytes:
    """The bytes that the child writes, up to the most that an answer has. Raises `TimeoutError`."""
    assert child.stdout is not None
    parts: list[bytes] = []
    length = 0
    while length <= _MOST_ANSWER:
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(child.stdout.fileno(), _PART)
        if not part:
            return b"".join(parts)
        parts.append(part)
        length += len(part)
    os.killpg(child.pid, signal.SIGKILL)
    return b"".join(parts)


def _too_long(place: str, seconds: float) -> str:
    return f"{place}: the source was stopped after {seconds:g} seconds; make it shorter"
