"""The child: takes a source and arrays from standard input, gives arrays back, and can do no more.

It is started by its path in Python's isolated mode and knows nothing of this package. Before a
line of the source runs it forgets its environment, closes what is open, sets limits of memory and
time, and puts up the kernel's fence; an import hook and an audit hook say in words what the kernel
would only refuse. Standard input holds a length, JSON, and an npz. The answer is a length, JSON
that names the arrays, and their bytes one after the other: nothing in it has to be unpacked.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import json
import math
import os
import resource
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    os.environ.update((f"{name}_NUM_THREADS", "1") for name in ("OPENBLAS", "OMP", "MKL"))

import numpy as np
import numpy.fft  # these are imported now: later no file is read
import numpy.linalg
import numpy.ma
import numpy.polynomial
import numpy.random

_ALLOWED = ("numpy", "math")
_FORBIDDEN = (
    *("open", "socket.", "subprocess.", "os.", "shutil.", "ctypes.", "pty.", "mmap.", "fcntl."),
    *("tempfile.", "glob.", "pathlib.", "sqlite3.", "urllib.", "http.", "ftplib.", "smtplib."),
    *("webbrowser.", "syslog.", "signal.", "code.__new__", "marshal.", "pickle.", "resource."),
    *("gc.", "sys.settrace", "sys.setprofile", "sys._current_frames", "sys.addaudithook"),
)
_BUILTINS = (
    *("abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "filter", "float"),
    *("frozenset", "int", "isinstance", "iter", "len", "list", "map", "max", "min", "next", "pow"),
    *("print", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum"),
    *("tuple", "zip", "True", "False", "None", "__build_class__"),
    *("object", "property", "classmethod", "staticmethod"),
    *("Exception", "ArithmeticError", "AssertionError", "IndexError", "KeyError", "RuntimeError"),
    *("TypeError", "ValueError", "ZeroDivisionError", "NotImplementedError"),
)


def _limit(megabytes: int, seconds: int) -> None:
    """Memory beside what Python and NumPy have taken, and seconds of work."""
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _refuse_in_words() -> None:
    """From here on what reaches beyond arrays is an error of Python's, with a reason."""

    def refuse(event: str, _: tuple[object, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"'{event}' isn't allowed here")

    real = builtins.__import__

    def only(name: str, *rest: Any) -> Any:
        if name.split(".", maxsplit=1)[0] not in _ALLOWED and name not in sys.modules:
            raise ImportError(f"'{name}' isn't imported here; numpy and math are")
        return real(name, *rest)

    builtins.__import__ = only  # type: ignore[assignment]
    sys.addaudithook(refuse)


def _import_for_source(name: str, *rest: Any) -> Any:
    if name.split(".", maxsplit=1)[0] not in _ALLOWED:
        raise ImportError(f"'{name}' isn't imported here; numpy and math are")
    return builtins.__import__(name, *rest)


def _run(job: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """Run the source over the arrays; call its functions where their arguments are there."""
    known = {n: getattr(builtins, n) for n in _BUILTINS}
    known["__import__"] = _import_for_source
    space: dict[str, Any] = {
        **arrays,
        "np": np,
        "numpy": np,
        "math": math,
        "__builtins__": known,
        "__name__": "source",
    }
    program = compile(job["text"], "source", "exec")
    exec(program, space)  # noqa: S102 - this is what the child is for
    for call in job["calls"]:
        arguments = call["arguments"]
        tables = {n: dict(arrays) for n in call["tables"]}
        if all(n in space or n in tables for n in arguments):
            value = space[call["function"]](*(tables.get(n, space.get(n)) for n in arguments))
            if isinstance(value, dict):
                space.update((str(k), v) for k, v in value.items())
            elif isinstance(value, tuple) and len(value) == len(call["returns"]):
                space.update((n, v) for n, v in zip(call["returns"], value, strict=True) if n)
            elif len(call["returns"]) == 1:
                space[call["returns"][0]] = value
    return space


def _packed(error: str | None, line: int, arrays: dict[str, Any]) -> bytes:
    """An answer: a length, a head that says what follows, and the arrays' bytes."""
    plain = {n: np.ascontiguousarray(a).reshape(a.shape) for n, a in arrays.items()}
    kinds = [(n, a.dtype.str, a.shape) for n, a in plain.items()]
    head = json.dumps({"error": error, "line": line, "arrays": kinds}).encode()
    return b"".join((len(head).to_bytes(8, "big"), head, *(a.tobytes() for a in plain.values())))


def _beside() -> Any:
    """The module of the kernel's fence, from the file beside this one."""
    place = Path(__file__).with_name("kernel_fence.py")
    spec = importlib.util.spec_from_file_location("kernel_fence", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _line(error: BaseException) -> int:
    """The line of the source at which it stopped."""
    result, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "source":
            result = step.tb_lineno
        step = step.tb_next
    return result


def _outputs(space: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Those of the names that are arrays of numbers now."""
    arrays = {n: np.asarray(space[n]) for n in names if n in space}
    return {n: a for n, a in arrays.items() if a.dtype.kind in "biuf"}


def main() -> None:
    """Read, run, answer."""
    data = sys.stdin.buffer.read()
    length = int.from_bytes(data[:8], "big")
    job = json.loads(data[8 : 8 + length])
    with np.load(io.BytesIO(data[8 + length :]), allow_pickle=False) as file:
        arrays = {n: file[n] for n in file.files}
    answer = os.fdopen(os.dup(1), "wb", closefd=False)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)  # what the source prints goes nowhere
    os.close(nowhere)
    os.environ.clear()
    np.seterr(all="ignore")
    np.ones((2, 2)) @ np.ones((2, 2))  # what the libraries make when first used
    empty = _packed("MemoryError: there is not enough memory", 0, {})
    _limit(job["megabytes"], job["seconds"])
    fence = _beside()
    try:
        fence.close()
    except OSError:
        content = _packed(fence.NO_FENCE, 0, {})
    else:
        content = _answer(job, arrays, empty)
    answer.write(content)
    answer.flush()
    os._exit(0)  # nothing of the source runs on the way out


def _answer(job: dict[str, Any], arrays: dict[str, Any], empty: bytes) -> bytes:
    _refuse_in_words()
    try:
        return _packed(None, 0, _outputs(_run(job, arrays), job["outputs"]))
    except MemoryError:
        return empty
    except BaseException as error:
        return _packed(f"{type(error).__name__}: {error}"[:300], _line(error), {})


if __name__ == "__main__":
    main()
