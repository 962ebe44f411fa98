"""Whole processes: the command from the shell."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.benchmarks.rows import Measured

ROOT = Path(__file__).parents[2]
GENDER = ROOT / "generated" / "gender" / "gender.toml"
ROUNDS = 7
COMMANDS = (
    ("chainrule --help, whole process", ("--help",), 0.3),
    ("emit of the 2-3-1 net, whole process", ("emit", str(GENDER)), 1.5),
)


def measure():
    command = Path(sys.executable).with_name("chainrule")
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for what, arguments, limit in COMMANDS:
            walls, works = [], []
            for _ in range(ROUNDS + 1):
                before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
                subprocess.run(
                    [sys.executable, command, *arguments],
                    env=environment,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                walls.append(perf_counter() - start)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                works.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            note = f"(processor {min(works[1:]):.2f} s)"
            yield Measured(what, min(walls[1:]), limit, note=note)
