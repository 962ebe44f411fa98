"""The command line of a stub's module, and a table that it is trained on."""

import csv
from pathlib import Path
from typing import Any

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import SEX, X

TABLE: dict[str, Any] = {
    "id": [f"n{k}" for k in range(60)],
    "weight": X[:, 0] * 10 + 70,
    "height": X[:, 1] * 8 + 170,
    "sex": SEX,
}
LONGEST_ERROR = 400  # characters, of one line
TRAIN = ["train", "data.csv", "--target", "sex", "--epochs", "60", "--learning-rate", "3"]


def write_csv(path: Path, columns: dict[str, Any]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))


def run(name: str, *arguments: str) -> int:
    try:
        return int(stubs.module(name).main(list(arguments)))
    except SystemExit as stop:  # argparse's own way out
        return int(stop.code or 0)
