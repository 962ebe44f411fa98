"""The measurement: contenders take turns, and medians count."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.bench.contenders import Task, is_installed, module_step
from codegen.bench.process import Chunk, Contender, Ready
from codegen.bench.profile import Share, shares_of
from codegen.pipeline import emit
from derive.errors import ChainruleError

_CHUNK = 0.05  # seconds that a contender has in a round
_PROFILED = 1.0  # seconds that go into the shares of formulas


@dataclass(frozen=True)
class Result:
    """What a contender took; `missing` says why it took no part, and the rest is nothing then.

    `seconds` is the median of processor time a step, `times` that of the rounds' ratios to the
    first contender; `memory` is in bytes, beyond the library, the parameters and the data.
    """

    contender: str
    seconds: float = 0.0
    times: float = 1.0
    memory: int | None = None
    losses: tuple[float, float] = (0.0, 0.0)
    missing: str = ""


@dataclass(frozen=True)
class Measured:
    """A training step of a model: by contender, and of the NumPy module by formula."""

    task: Task
    rounds: int
    results: tuple[Result, ...]
    shares: tuple[Share, ...]


def measured(task: Task, contenders: Sequence[str], rounds: int) -> Measured:
    """Time all contenders in turns. The first one is what others are compared with.

    Raises `ChainruleError` where one of chainrule's own modules can't run.
    """
    absent = [name for name in contenders if not is_installed(name)]
    running: list[tuple[Contender, Ready]] = []
    missing = dict.fromkeys(absent, "not installed")
    try:
        for name in contenders:
            if name in absent:
                continue
            contender = Contender(name, task)
            try:
                running.append((contender, contender.ready()))
            except ChainruleError as error:
                contender.close()
                missing[name] = str(error).removeprefix(f"{name}: ")
        chunks = _turns(running, rounds)
    finally:
        for contender, _ in running:
            contender.close()
    found = {c.name: _result(c.name, ready, chunks) for c, ready in running}
    results = [found.get(n) or Result(n, missing=missing[n]) for n in contenders]
    profiled = found["numpy"].seconds if "numpy" in found else None
    shares = () if profiled is None else _shares(task, profiled)
    return Measured(task, rounds, tuple(results), shares)


def _turns(running: list[tuple[Contender, Ready]], rounds: int) -> dict[str, list[Chunk]]:
    result: dict[str, list[Chunk]] = {c.name: [] for c, _ in running}
    for turn in range(rounds):
        at = turn % len(running) if running else 0
        for contender, ready in (*running[at:], *running[:at]):
            steps = max(1, round(_CHUNK / ready.seconds))
            result[contender.name].append(contender.run(steps))
    return result


def _result(name: str, ready: Ready, chunks: dict[str, list[Chunk]]) -> Result:
    own, first = chunks[name], next(iter(chunks.values()))
    return Result(
        name,
        statistics.median(c.processor for c in own),
        statistics.median(a.processor / b.processor for a, b in zip(own, first, strict=True)),
        ready.memory,
        ready.losses,
    )


def _shares(task: Task, seconds: float) -> tuple[Share, ...]:
    source = emit(task.derivation, dtype=task.dtype, part="math")
    steps = min(max(round(_PROFILED / seconds), 5), 200)
    return shares_of(source, lambda module: module_step(module, task), steps)
