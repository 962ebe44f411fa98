"""Train each net by the emitted module and by PyTorch: `python -m tests.trained [NET ...]`.

Both begin with the same parameters and see the same batches, in float64, with three seeds. What
comes out is written into `figures.md` and `generated/figures.json`, from which the page of
`generated/` has its table. It needs PyTorch and scikit-learn; OMP_NUM_THREADS=1 gives NumPy one
thread as well.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from codegen.showcase import FIGURES_OF_TRAINING, training_table
from tests.trained.sample import written
from tests.trained.trial import Trial
from tests.trained.trials import TRIALS

HERE = Path(__file__).parent
SEEDS = (0, 1, 2)


def figures(trial: Trial) -> dict[str, Any]:
    """The scores of all seeds, milliseconds of a step, and what a language model writes."""
    rows, times, sample = [], [], ""
    for seed in SEEDS:
        start, params, ours, first = trial.by_module(seed)
        theirs, second = trial.by_pytorch(torch, start, seed)
        rows.append([f"{score:.{trial.digits}f}" for score in (theirs, ours)])
        times.append([1000 * second, 1000 * first])
        if seed == 0:
            sample = written(trial.name, params)
        print(trial.name, seed, *rows[-1], *np.round(times[-1], 2), flush=True)
    spent = [f"{t:.1f}" for t in np.median(times, axis=0)]
    found = {"net": trial.name, "data": trial.data, "measure": trial.measure}
    return {
        **found,
        "pytorch": [a for a, _ in rows],
        "module": [b for _, b in rows],
        "milliseconds": spent,
        "sample": sample,
    }


def main(names: list[str]) -> None:
    """Train, and write what came out beside what is known of the nets that weren't asked for."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    known = json.loads(FIGURES_OF_TRAINING.read_text()) if FIGURES_OF_TRAINING.is_file() else []
    found = {row["net"]: row for row in known}
    for trial in TRIALS:
        if not names or trial.name in names:
            found[trial.name] = figures(trial)
            rows = [found[t.name] for t in TRIALS if t.name in found]
            FIGURES_OF_TRAINING.write_text(json.dumps(rows, indent=1) + "\n")
            (HERE / "figures.md").write_text(page(rows))


def page(rows: list[dict[str, Any]]) -> str:
    """The table, and what the language models write."""
    told = [
        "# Trained for real",
        "",
        "Written by `python -m tests.trained`: both begin with the same parameters and see the",
        "same batches, in float64, with the seeds 0, 1 and 2; a step is timed on one thread.",
        "",
        *training_table(rows),
    ]
    for row in rows:
        if row["sample"]:
            told += ["", f"What {row['net']} writes, a character at a time through `step`:", ""]
            told += ["```", *row["sample"].split("\n"), "```"]
    return "\n".join(told) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
