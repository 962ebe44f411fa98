"""Losses of classes beside PyTorch's."""

from __future__ import annotations

from typing import Any

from tests.figures.case import Case, Draw
from tests.figures.loss_cases import (
    DEEP,
    FLAT,
    PLAIN,
    N,
    all_left_out,
    chances,
    class_numbers,
    distributions,
    logarithms,
    loss_case,
    signs,
    some_left_out,
    sure_chances,
    zeros_and_ones,
)

# ---- classes -------------------------------------------------------------------------------------


def _last(y: Any) -> Any:
    """The classes on axis 1, where PyTorch has them."""
    return y.movedim(-1, 1)


def _focal(f: Any, y: Any, t: Any, alpha: float = 0.25, gamma: float = 2.0) -> Any:
    p = y.sigmoid()
    cost = f.binary_cross_entropy_with_logits(y, t, reduction="none")
    right = p * t + (1 - p) * (1 - t)
    return ((alpha * t + (1 - alpha) * (1 - t)) * cost * (1 - right) ** gamma).mean()


def _dice(f: Any, y: Any, t: Any, smooth: float = 1.0, power: int = 1) -> Any:
    y, t = y.reshape(N, -1), t.reshape(N, -1)
    whole = (y**power).sum(1) + (t**power).sum(1)
    return (1 - (2 * (y * t).sum(1) + smooth) / (whole + smooth)).mean()


def _entropy(
    name: str,
    draw: Draw,
    targets: str,
    shape: tuple[int, ...] = PLAIN,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    **attributes: Any,
) -> Case:
    """The mean over batch and places, or by what the targets weigh."""
    if ignore_index != -100:
        attributes["ignore_index"] = ignore_index
    if label_smoothing:
        attributes["label_smoothing"] = label_smoothing

    def reference(f: Any, y: Any, t: Any, weight: Any = None) -> Any:
        t = t if targets == "classes" else _last(t)
        options = {"ignore_index": ignore_index, "label_smoothing": label_smoothing}
        return f.cross_entropy(_last(y), t, weight, **options)

    name = f"softmax_cross_entropy {name}"
    return loss_case(
        name, reference, shape, {"t": draw, "weight": chances}, targets=targets, **attributes
    )


WEIGHT = [0.5, 1, 2]
ENTROPIES = (
    _entropy("one_hot", sure_chances, "one_hot"),
    _entropy("of distributions, deep", distributions, "one_hot", DEEP),
    _entropy("weight", distributions, "one_hot", DEEP, weight=WEIGHT),
    _entropy("smoothed", sure_chances, "one_hot", DEEP, label_smoothing=0.1),
    _entropy("smoothed, weight", sure_chances, "one_hot", (3,), weight=WEIGHT, label_smoothing=0.3),
    _entropy("classes", class_numbers(4), "classes"),
    _entropy("classes, deep", class_numbers(3), "classes", DEEP),
    _entropy("classes, weight", class_numbers(3), "classes", (3,), weight=WEIGHT),
    _entropy("classes, weight, deep", class_numbers(3), "classes", DEEP, weight=WEIGHT),
    _entropy("classes, two never met", class_numbers(1), "classes", (3,), weight=WEIGHT),
    _entropy("classes, ignored", some_left_out(3, 1), "classes", DEEP, ignore_index=1),
    _entropy("classes, ignored -1", some_left_out(3, -1), "classes", DEEP, ignore_index=-1),
    _entropy(
        "classes, ignored, weight",
        some_left_out(3, -1),
        "classes",
        DEEP,
        ignore_index=-1,
        weight=WEIGHT,
    ),
    _entropy("classes, smoothed", class_numbers(3), "classes", DEEP, label_smoothing=0.1),
    _entropy(
        "classes, smoothed, weight",
        class_numbers(3),
        "classes",
        DEEP,
        label_smoothing=0.1,
        weight=WEIGHT,
    ),
    _entropy(
        "classes, smoothed, ignored, weight",
        some_left_out(3, 2),
        "classes",
        DEEP,
        ignore_index=2,
        label_smoothing=0.1,
        weight=WEIGHT,
    ),
    loss_case(
        "softmax_cross_entropy all ignored",
        lambda f, y, t: 0 * y.sum(),  # PyTorch's is 0/0
        draws={"t": all_left_out(1)},
        targets="classes",
        ignore_index=1,
    ),
)
CLASSIFICATION = (
    *(
        loss_case(
            f"binary_cross_entropy {s}",
            lambda f, y, t: f.binary_cross_entropy(y, t),
            s,
            {"x": chances, "t": zeros_and_ones},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(
        loss_case(
            f"binary_cross_entropy_with_logits {s}",
            lambda f, y, t: f.binary_cross_entropy_with_logits(y, t),
            s,
            {"t": zeros_and_ones},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(loss_case(f"focal {s}", _focal, s, {"t": zeros_and_ones}) for s in (FLAT, PLAIN, DEEP)),
    loss_case(
        "focal alpha 0.7, gamma 0.5",
        lambda f, y, t: _focal(f, y, t, 0.7, 0.5),
        draws={"t": zeros_and_ones},
        alpha=0.7,
        gamma=0.5,
    ),
    *ENTROPIES,
    *(
        loss_case(
            f"nll {s}",
            lambda f, y, t: f.nll_loss(_last(y), t),
            s,
            {"x": logarithms, "t": class_numbers(3)},
        )
        for s in ((3,), DEEP)
    ),
    *(
        loss_case(
            f"nll weight {s}",
            lambda f, y, t, weight: f.nll_loss(_last(y), t, weight),
            s,
            {"x": logarithms, "t": class_numbers(3), "weight": chances},
            weight=WEIGHT,
        )
        for s in ((3,), DEEP)
    ),
    loss_case(
        "nll ignored",
        lambda f, y, t: f.nll_loss(_last(y), t, ignore_index=-100),
        DEEP,
        {"x": logarithms, "t": some_left_out(3, -100)},
        ignore_index=-100,
    ),
    *(
        loss_case(
            f"kl_divergence {s}",
            lambda f, y, t: f.kl_div(y, t, reduction="batchmean"),
            s,
            {"x": logarithms, "t": distributions},
        )
        for s in (PLAIN, DEEP)
    ),
    loss_case(
        "kl_divergence from what is sure",
        lambda f, y, t: f.kl_div(y, t, reduction="batchmean"),
        draws={"x": logarithms, "t": sure_chances},
    ),
    loss_case(
        "kl_divergence log_target",
        lambda f, y, t: f.kl_div(y, t, reduction="batchmean", log_target=True),
        draws={"x": logarithms, "t": logarithms},
        log_target=True,
    ),
    *(
        loss_case(f"hinge {s}", lambda f, y, t: (1 - t * y).clamp(min=0).mean(), s, {"t": signs})
        for s in (FLAT, PLAIN, DEEP)
    ),
    *(
        loss_case(
            f"squared_hinge {s}",
            lambda f, y, t: ((1 - t * y).clamp(min=0) ** 2).mean(),
            s,
            {"t": signs},
        )
        for s in (FLAT, PLAIN, DEEP)
    ),
    loss_case(
        "multi_margin",
        lambda f, y, t: f.multi_margin_loss(y, t),
        draws={"t": class_numbers(4)},
    ),
    loss_case(
        "multi_margin deep",
        lambda f, y, t: f.multi_margin_loss(y.reshape(-1, 3), t.reshape(-1)),
        DEEP,
        {"t": class_numbers(3)},
    ),
    loss_case(
        "multi_margin p 2, margin 0.5",
        lambda f, y, t: f.multi_margin_loss(y, t, p=2, margin=0.5),
        draws={"t": class_numbers(4)},
        p=2,
        margin=0.5,
    ),
    loss_case(
        "multi_margin weight",
        lambda f, y, t, weight: f.multi_margin_loss(y, t, weight=weight),
        (3,),
        {"t": class_numbers(3), "weight": chances},
        weight=WEIGHT,
    ),
    *(
        loss_case(f"dice {s}", _dice, s, {"x": chances, "t": zeros_and_ones})
        for s in (FLAT, PLAIN, DEEP)
    ),
    loss_case(
        "dice squared, smooth 0.1",
        lambda f, y, t: _dice(f, y, t, 0.1, 2),
        DEEP,
        {"x": chances, "t": zeros_and_ones},
        squared=True,
        smooth=0.1,
    ),
)
