"""The demo's experiment: train the emitted module on people, measure it on those held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from codegen.demo.people import SEED, People

EPOCHS = 300
SAMPLE = (72.0, 176.0)  # kg, cm: nobody of the 200
COLUMN = 12  # where the text begins on a line of the report


@dataclass(frozen=True)
class Outcome:
    """What training gave: the model, and its losses by epoch on both parts of the people."""

    model: Any
    held_out_losses: tuple[float, ...]
    people: People

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean of the losses met in each epoch."""
        return tuple(self.model.history_["loss"])

    def right(self, sex: str) -> int:
        """How many of one sex among those held out are told right."""
        x, known = self.people.part(held_out=True)
        return int(((self.model.predict(x) == known) & (known == sex)).sum())

    def sample(self) -> tuple[str, float]:
        """The sex of the sample and its probability."""
        (probabilities,) = self.model.predict_proba(np.array([SAMPLE]))
        best = int(np.argmax(probabilities))
        return str(self.model.classes_[best]), float(probabilities[best])


def run_experiment(
    module: ModuleType, people: People, after_epoch: Callable[[], None] = lambda: None
) -> Outcome:
    """Standardised weights and heights in, the sex out."""
    model = module.Model(epochs=EPOCHS, seed=SEED)
    held_out = people.part(held_out=True)
    losses: list[float] = []

    def measured(trained: Any) -> None:
        losses.append(trained.mean_loss(*held_out))
        after_epoch()

    model.fit(*people.part(held_out=False), after_epoch=measured)
    return Outcome(model, tuple(losses), people)


def report(outcome: Outcome) -> str:
    """What came out, with no more digits than every machine agrees on."""
    people = outcome.people
    x, sex = people.part(held_out=True)
    right = outcome.right("F") + outcome.right("M")
    share = (sex == "F").mean()
    label, probability = outcome.sample()
    train = len(people.x) - len(x)
    shown = [
        ("data", f"{len(people.x)} people, {people.count('F')} F and {people.count('M')} M"),
        ("", f"row {people.swapped} has weight and height swapped in the original: swapped back"),
        ("training", f"{train} people, {EPOCHS} epochs, batches of {outcome.model.batch_size}"),
        (
            "loss",
            f"{outcome.losses[0]:.4f} in the first epoch, {outcome.losses[-1]:.4f} in the last",
        ),
        ("held out", f"{len(x)} people, {right} right: accuracy {right / len(x):.2f}"),
        (
            "",
            f"F {outcome.right('F')} of {(sex == 'F').sum()}, "
            f"M {outcome.right('M')} of {(sex == 'M').sum()}; always F would give {share:.2f}",
        ),
        ("sample", f"{SAMPLE[0]:g} kg, {SAMPLE[1]:g} cm: {label}, probability {probability:.2f}"),
    ]
    return "".join(f"{name:<{COLUMN}}{text}\n" for name, text in shown)
