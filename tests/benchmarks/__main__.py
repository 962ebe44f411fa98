"""`make bench`: how long things take, beside what they may take.

One thread. Whole processes are measured with their bytecode cached, as they run from the second
time on; ratios come from runs that take turns. A shared machine makes all of it slower, so the
smallest time counts.
"""

import os
import sys

from rich.console import Console
from rich.table import Table

from tests.benchmarks import derivations, layers, nets, processes, steps

PARTS = {"processes": processes, "derivations": derivations, "steps": steps, "layers": layers}
BY_NAME = {**PARTS, "nets": nets}  # takes minutes, and writes a page
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(names):
    unknown = [n for n in names if n not in BY_NAME]
    if unknown:
        print(f"there is no {', '.join(unknown)}, only {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))  # read when the libraries are loaded
        os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks", *names])
    table = Table("what", "measured", "may be", "", box=None)
    for name in names or PARTS:
        for row in BY_NAME[name].measure():
            table.add_row(row.what, row.shown, row.limit_shown, row.verdict)
    console = Console(width=120)
    console.print(table)
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > os.cpu_count():
        console.print("This machine is busy: take wall times as upper limits only.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
