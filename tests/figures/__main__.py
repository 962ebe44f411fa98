"""Compute the figures anew: `python -m tests.figures [FAMILY ...]`. Needs PyTorch."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import torch

from tests.figures import FAMILIES
from tests.figures.case import HERE, Case
from tests.figures.optimizers import COURSES

OPTIMIZERS = "optimizers"


def compute(case: Case) -> dict[str, object]:
    """The objective and every gradient, by PyTorch in float64."""
    derivation = case.derivation()
    arrays = case.arrays(derivation)
    leaves = {n: torch.tensor(a) for n, a in arrays.items()}
    for name in derivation.wrt:
        leaves[name].requires_grad_()
    value = case.reference(torch, **leaves)
    value.backward()
    gradients = {
        n: (leaves[n].grad if leaves[n].grad is not None else torch.zeros_like(leaves[n])).tolist()
        for n in derivation.wrt
    }
    return {
        "arrays": {n: a.tolist() for n, a in arrays.items()},
        "E": value.item(),
        "gradients": gradients,
    }


def main(families: list[str]) -> None:
    """Write one file a family."""
    torch.set_default_dtype(torch.float64)  # NAdam keeps a number of its own in it
    for family in families or (*FAMILIES, OPTIMIZERS):
        if family == OPTIMIZERS:
            found = {course.name: course.after(torch) for course in COURSES}
        else:
            cases = import_module(f"tests.figures.{family}").CASES
            found = {case.name: compute(case) for case in cases}
        rows = ",\n".join(f"{json.dumps(n)}: {json.dumps(f)}" for n, f in found.items())
        (HERE / f"{family}.json").write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
