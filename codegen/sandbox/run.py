"""`run_source`: NumPy source in a process of its own, with arrays in and arrays out."""

from __future__ import annotations

import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from codegen.sandbox.whitelist import calls, check_source
from derive.errors import ChainruleError, shorten

SECONDS = 5.0
MEGABYTES = 256
_STARTING = 5.0  # seconds that Python and NumPy may take to start
_INSIDE = Path(__file__).with_name("child.py")


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
    `megabytes` beside what NumPy takes, no environment, an empty folder, no import but numpy and
    math, and no file, socket or process as far as Python's audit hooks see them; they are a fence
    against accidents and simple mischief, no wall. Raises `ChainruleError` in one line.
    """
    if sys.platform != "linux":
        raise ChainruleError(f"{place}: sources are run on Linux only, where memory has limits")
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
    data = _answer(content, seconds, place)
    length = int.from_bytes(data[:8], "big")
    try:
        told = json.loads(data[8 : 8 + length])
        with np.load(io.BytesIO(data[8 + length :]), allow_pickle=False) as file:
            found = {n: file[n] for n in file.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile):
        raise ChainruleError(f"{place}: the source was stopped: it gave no answer") from None
    if told["error"] is not None:
        line = f", line {told['line']}" if told["line"] else ""
        raise ChainruleError(f"{place}{line}: {shorten(str(told['error']), 200)}")
    return found


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{n: np.asarray(a) for n, a in arrays.items()})  # type: ignore[arg-type]
    return file.getvalue()


def _answer(content: bytes, seconds: float, place: str) -> bytes:
    """What the child says; it is gone in any case when this returns."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.Popen(
            [sys.executable, "-I", "-B", str(_INSIDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=threads,
            start_new_session=True,
        )
        try:
            data, _ = child.communicate(content, timeout=seconds + _STARTING)
        except subprocess.TimeoutExpired:
            raise ChainruleError(_too_long(place, seconds)) from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
    if child.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise ChainruleError(_too_long(place, seconds))
    if child.returncode or len(data) < 8:
        raise ChainruleError(f"{place}: the source was stopped: it gave no answer")
    return data


def _too_long(place: str, seconds: float) -> str:
    return f"{place}: the source was stopped after {seconds:g} seconds; make it shorter"
