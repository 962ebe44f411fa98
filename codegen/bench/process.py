"""A contender in a process of its own, so that no library's threads are in another one's way."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter, process_time
from typing import Any

from codegen.bench.contenders import Task, step_of
from codegen.bench.memory import forget, most_resident, resident
from derive.errors import ChainruleError

_ONE_THREAD = {
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NET_THREADS",
        ),
        "1",
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}
_WARM = 3  # steps before any is timed


@dataclass(frozen=True)
class Ready:
    """What a contender says once it is warm: two losses, the memory it took, seconds a step."""

    losses: tuple[float, float]
    memory: int | None
    seconds: float


@dataclass(frozen=True)
class Chunk:
    """Seconds a step, of processor time and by the wall's clock."""

    processor: float
    wall: float


class Contender:
    """The process of a contender: it does as many steps as it is asked for."""

    def __init__(self, name: str, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, name, task), daemon=True)
        with _one_thread():
            self._process.start()
        theirs.close()

    def ready(self) -> Ready:
        """Wait until it is warm. Raises `ChainruleError` with the reason where it can't run."""
        result: Ready = self._answer()
        return result

    def run(self, steps: int) -> Chunk:
        """So many steps."""
        self._ours.send(steps)
        result: Chunk = self._answer()
        return result

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.terminate()

    def _answer(self) -> Any:
        try:
            result = self._ours.recv()
        except (EOFError, OSError):
            self._process.join(5)
            code = self._process.exitcode
            raise ChainruleError(f"{self.name}: its process ended with code {code}") from None
        if isinstance(result, str):
            raise ChainruleError(f"{self.name}: {result}")
        return result


@contextmanager
def _one_thread() -> Iterator[None]:
    """Environment variables that libraries read when they are loaded."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(connection: Connection, name: str, task: Task) -> None:
    """The life of a contender's process."""
    warnings.simplefilter("ignore")  # what overflows on random numbers is no matter here
    try:
        _pin()
        step = step_of(name, task)
        forget()
        before = resident()
        losses = step(), step()
        for _ in range(_WARM):
            step()
        start = perf_counter()
        step()
        spent = perf_counter() - start
        after = most_resident()
    except Exception as error:
        first, *_ = str(error).splitlines() or [""]
        connection.send(f"{type(error).__name__}: {first}" if first else type(error).__name__)
        return
    memory = None if before is None or after is None else max(after - before, 0)
    connection.send(Ready(losses, memory, spent))
    try:
        while True:
            connection.send(_timed(step, connection.recv()))
    except (EOFError, OSError):
        return


def _timed(step: Any, steps: int) -> Chunk:
    step()
    wall, processor = perf_counter(), process_time()
    for _ in range(steps):
        step()
    return Chunk((process_time() - processor) / steps, (perf_counter() - wall) / steps)


def _pin() -> None:
    """Stay on one processor, where the system can be asked for that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
