"""Losses of sequences: ctc beside PyTorch's, crf beside the sum over every path of tags."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Any

import numpy as np

from tests.figures.case import Case, Draw

_CLASSES, _TAGS = 4, 3


def _ctc(
    name: str,
    steps: int | str,
    targets: tuple[tuple[int, ...], ...],
    lengths: tuple[int, ...] = (),
    runtime: Mapping[str, int] = {},
    fill: int = 0,
    **attributes: Any,
) -> Case:
    """Logits through log_softmax; `lengths` are the numbers of steps that count.

    Lists of labels are filled up to the room that there is.
    """
    room = max(map(len, targets))
    blank = attributes.get("blank", 0)

    def draw(_: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        rows = [[*found, *[fill] * (shape[1] - len(found))] for found in targets[: shape[0]]]
        return np.array(rows)

    def mask(_: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return (np.arange(shape[1]) < np.array(lengths)[:, None]).astype(float)

    def reference(torch: Any, x: Any, t: Any, mask: Any = None) -> Any:
        counted = [x.shape[1]] * len(x) if mask is None else mask.sum(1).int().tolist()
        return torch.nn.functional.ctc_loss(
            torch.log_softmax(x, -1).transpose(0, 1),
            t.clamp(min=0),
            counted,
            [*map(len, targets)],
            blank=blank,
            zero_infinity=attributes.get("zero_infinity", False),
        )

    masked = ["mask"] if lengths else []
    spec = {
        "inputs": {"x": [steps, _CLASSES], **{m: [steps] for m in masked}},
        "layers": [{"type": "log_softmax", "name": "y", "inputs": ["x"]}],
        "loss": {
            "type": "ctc",
            "inputs": ["y", *masked],
            "masked": bool(masked),
            **attributes,
        },
    }
    draws = {"t": draw, **({"mask": mask} if masked else {})}
    return Case(name, ("ctc",), spec, reference, draws, runtime={"l": room, **runtime})


def _crf(
    name: str,
    steps: int | str,
    lengths: tuple[int, ...] = (),
    runtime: Mapping[str, int] = {},
) -> Case:
    """Every path of tags, one by one."""

    def mask(_: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return (np.arange(shape[1]) < np.array(lengths)[:, None]).astype(float)

    def reference(
        torch: Any, x: Any, t: Any, A: Any, start: Any, end: Any, mask: Any = None
    ) -> Any:
        def score(scores: Any, path: Any) -> Any:
            total = start[path[0]] + end[path[-1]]
            total = total + sum(scores[s, k] for s, k in enumerate(path))
            return total + sum(A[k, j] for k, j in pairwise(path))

        total = 0
        for row, (scores, tags) in enumerate(zip(x, t, strict=True)):
            count = len(scores) if mask is None else int(mask[row].sum())
            paths = product(range(_TAGS), repeat=count)
            every = torch.stack([score(scores, path) for path in paths])
            total = total + every.logsumexp(0) - score(scores, tags[:count].tolist())
        return total / len(x)

    masked = ["mask"] if lengths else []
    spec = {
        "inputs": {"x": [steps, _TAGS], **{m: [steps] for m in masked}},
        "layers": [{"type": "identity", "inputs": ["x"]}],
        "loss": {"type": "crf", "inputs": ["x", *masked], "masked": bool(masked)},
    }
    draws: dict[str, Draw] = {"t": lambda rng, shape: rng.integers(0, _TAGS, shape)}
    if masked:
        draws["mask"] = mask
    return Case(name, ("crf",), spec, reference, draws, runtime=runtime)


_THREE = ((1, 2, 2), (3, 1), (2,))

CASES = (
    _ctc("ctc", 6, _THREE),
    _ctc("ctc with room given", 5, ((1, 3), (2, 1), (3, 3)), labels=2),
    _ctc("ctc of repeated labels in just enough steps", 5, ((2, 2, 2), (1, 1, 3), (1,))),
    _ctc("ctc of one label and one step", 1, ((1,), (2,), (3,))),
    _ctc("ctc of no label", 4, ((), (3,), (1, 2))),
    _ctc("ctc of any length", "s", _THREE, runtime={"s": 7}),
    _ctc("ctc masked", 6, _THREE, (6, 3, 1)),
    _ctc("ctc masked, of any length", "s", _THREE, (5, 4, 2), {"s": 5}),
    _ctc("ctc blank 3", 6, ((1, 2, 0), (0, 1), (2, 2, 1)), fill=3, blank=3),
    _ctc("ctc filled up with -1", 6, _THREE, fill=-1),
    _ctc("ctc blank 2, filled up with -1", 6, ((1, 0), (3,), (0, 0, 1)), fill=-1, blank=2),
    _ctc("ctc zero_infinity", 2, ((1, 2, 3), (1, 1), (1, 2)), zero_infinity=True),
    _crf("crf", 4),
    _crf("crf of one step", 1),
    _crf("crf of two steps", 2),
    _crf("crf of any length", "s", runtime={"s": 3}),
    _crf("crf masked", 4, (4, 2, 1)),
    _crf("crf masked, of any length", "s", (1, 5, 3), {"s": 5}),
)
