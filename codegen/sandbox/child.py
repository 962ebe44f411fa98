"""The child: takes a source and arrays from standard input, gives arrays back, and can do no more.

It is started by its path in Python's isolated mode, knows nothing of this package, and closes the
doors before a line of the source runs: limits of memory and time, no import but NumPy and math, no
file, socket or process. Standard input holds a length, JSON, and an npz; so does standard output.
"""

from __future__ import annotations

import builtins
import io
import json
import math
import os
import resource
import sys
from typing import Any

import numpy as np
import numpy.linalg
import numpy.random  # imported now: later no file is read

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
    *("property", "classmethod", "staticmethod"),
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


def _close_doors() -> None:
    """From here on what reaches beyond arrays is an error."""

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


def _packed(head: dict[str, Any], arrays: dict[str, Any]) -> bytes:
    text = json.dumps(head).encode()
    file = io.BytesIO()
    np.savez(file, **arrays)
    return len(text).to_bytes(8, "big") + text + file.getvalue()


def _line(error: BaseException) -> int:
    """The line of the source at which it stopped."""
    found, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == "source":
            found = step.tb_lineno
        step = step.tb_next
    return found


def main() -> None:
    """Read, run, answer."""
    data = sys.stdin.buffer.read()
    length = int.from_bytes(data[:8], "big")
    job = json.loads(data[8 : 8 + length])
    with np.load(io.BytesIO(data[8 + length :]), allow_pickle=False) as file:
        arrays = {n: file[n] for n in file.files}
    answer = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what the source prints goes nowhere
    os.dup2(nowhere, 2)
    empty = _packed({"error": "MemoryError: there is not enough memory", "line": 0}, {})
    np.seterr(all="ignore")
    _limit(job["megabytes"], job["seconds"])
    _close_doors()
    try:
        space = _run(job, arrays)
        found = {}
        for name in job["outputs"]:
            if name in space:
                value = np.asarray(space[name])
                if value.dtype.kind in "biuf":
                    found[name] = value
        content = _packed({"error": None, "line": 0}, found)
    except MemoryError:
        content = empty
    except BaseException as error:
        told = f"{type(error).__name__}: {error}"[:300]
        content = _packed({"error": told, "line": _line(error)}, {})
    answer.write(content)
    answer.flush()
    os._exit(0)  # nothing of the source runs on the way out


if __name__ == "__main__":
    main()
