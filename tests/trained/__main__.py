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

from codegen.demo.showcase import FIGURES_OF_TRAINING, training_table
from tests.trained.sample import written
from tests.trained.trial import Trial
from tests.trained.trials import TRIALS

HERE = Path(__file__).parent
SEEDS = (0, 1, 2)


def figures(trial: Trial) -> dict[str, Any]:
    """The scores of all seeds, milliseconds of the fastest step, what a language model writes."""
    rows, times, sample = [], [], ""
    for seed in SEEDS:
        ours = trial.here(seed)
        theirs = trial.in_pytorch(torch, dict(ours.params))
        times.append(trial.seconds((theirs, ours), seed))
        rows.append([f"{learner.score():.{trial.digits}f}" for learner in (theirs, ours)])
        if seed == 0:
            sample = written(trial.name, dict(ours.params))
        print(trial.name, seed, *rows[-1], *np.round(times[-1], 5), flush=True)
    spent = [f"{1000 * t:.3g}" for t in np.min(times, axis=0)]
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
    for trial in TRIALS:
        if not names or trial.name in names:
            new = figures(trial)
            found = {row["net"]: row for row in json.loads(FIGURES_OF_TRAINING.read_text())}
            found[trial.name] = new
            rows = [found[t.name] for t in TRIALS if t.name in found]
            FIGURES_OF_TRAINING.write_text(json.dumps(rows, indent=1) + "\n")
            (HERE / "figures.md").write_text(page(rows))


def page(rows: list[dict[str, Any]]) -> str:
    """The table, and what the language models write."""
    told = [
        "# Trained for real",
        "",
        "Written by `python -m tests.trained`: both begin with the same parameters and see the",
        "same batches, in float64, with the seeds 0, 1 and 2. A step is the fastest that was seen,",
        "in milliseconds of processor time on one thread.",
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
