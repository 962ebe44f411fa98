"""Pictures: loss curve, decision boundary, paths of gradient descent. Needs matplotlib.

A picture is a PNG as bytes, the same for the same numbers: no clock, no screen, no global state.
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from codegen.demo.experiment import SAMPLE, Outcome
from codegen.demo.people import People

# Okabe & Ito's colours: told apart by everybody, and in grey by their lightness
BLUE, ORANGE, INK, GREY = "#0072B2", "#D55E00", "#222222", "#767676"
_SEXES = {"F": (ORANGE, "o", "women"), "M": (BLUE, "^", "men")}
_SIZE = (6.2, 4.4)
_PRINT, _PAGE = 200, 110  # dots per inch
_COLORS = 96

# name, what it is, learning rate, steps; from 0.5 on, the steps along y grow
DESCENTS = (
    ("too-small", "a step that is too small", 0.01, 20),
    ("right", "a step that is right", 0.3, 20),
    ("too-large", "a step that is too large", 0.52, 20),
)


def loss_picture(outcome: Outcome) -> bytes:
    """The loss on both parts of the people, epoch by epoch."""
    figure = Figure(figsize=_SIZE, layout="constrained", dpi=_PRINT)
    axes = figure.subplots()
    epochs = np.arange(1, len(outcome.losses) + 1)
    curves = (
        ("people trained on", outcome.losses, BLUE, "-"),
        ("people held out", outcome.held_out_losses, ORANGE, "--"),
    )
    for label, losses, color, style in curves:
        axes.plot(epochs, losses, style, color=color, lw=1.8)
        axes.annotate(
            f"{label}: {losses[-1]:.3f}",
            (epochs[-1], losses[-1]),
            xytext=(0, 9 if label == max(curves, key=lambda c: c[1][-1])[0] else -14),
            textcoords="offset points",
            ha="right",
            color=color,
        )
    axes.set_xlim(0, epochs[-1])
    axes.set_ylim(0, None)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss: mean of ½ (y − t)²")
    return _png(figure, axes)


def boundary_picture(outcome: Outcome) -> bytes:
    """Who is where, and what the model says there, in kilograms and centimetres."""
    people = outcome.people
    figure = Figure(figsize=_SIZE, layout="constrained", dpi=_PRINT)
    axes = figure.subplots()
    room = np.array([4, 5])
    low, high = people.x.min(axis=0) - room, people.x.max(axis=0) + room
    weights, heights = np.linspace(low[0], high[0], 161), np.linspace(low[1], high[1], 161)
    grid = np.stack(np.meshgrid(weights, heights), axis=-1)
    chance = outcome.model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(grid.shape[:2])
    tint = LinearSegmentedColormap.from_list("tint", ["#F8D3BC", "#FFFFFF", "#BBDCEF"])
    shades = axes.contourf(weights, heights, chance, np.linspace(0, 1, 11), cmap=tint, zorder=0)
    shades.set_edgecolor("face")
    lines = axes.contour(
        weights, heights, chance, (0.1, 0.5, 0.9), colors=INK, linewidths=(0.7, 1.8, 0.7)
    )
    left = 12  # the labels stand where nobody is
    places = [(weights[left], np.interp(c, chance[:, left], heights)) for c in lines.levels]
    axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=8, manual=places)
    _draw_people(axes, outcome)
    axes.plot(*SAMPLE, "*", color=INK, ms=13, mec="white", mew=1.0, zorder=5)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_xlabel("weight in kg")
    axes.set_ylabel("height in cm")
    bar = figure.colorbar(shades, ax=axes, ticks=np.linspace(0, 1, 6), pad=0.02)
    bar.set_label("probability of a man, by the model")
    bar.outline.set_visible(False)
    _legend(axes, people)
    return _png(figure, axes)


def _draw_people(axes: Any, outcome: Outcome) -> None:
    """Filled: trained on; hollow: held out; crossed: held out and told wrong."""
    people = outcome.people
    wrong = people.held_out & (outcome.model.predict(people.x) != people.sex)
    for sex, (color, marker, _) in _SEXES.items():
        own = people.sex == sex
        style = {"marker": marker, "s": 26, "edgecolors": color, "linewidths": 1.1, "zorder": 3}
        trained, held = own & ~people.held_out, own & people.held_out
        axes.scatter(*people.x[trained].T, facecolors=color, alpha=0.75, **style)
        axes.scatter(*people.x[held].T, facecolors="white", **style)
    axes.scatter(*people.x[wrong].T, marker="x", s=70, color=INK, linewidths=1.2, zorder=4)


def _legend(axes: Any, people: People) -> None:
    def handle(marker: str, color: str, face: str, label: str) -> Line2D:
        return Line2D(
            [], [], ls="", marker=marker, mec=color, mfc=face, color=color, ms=5.5, label=label
        )

    handles = [handle(m, c, c, f"{name} trained on") for c, m, name in _SEXES.values()]
    handles += [handle(m, c, "white", f"{name} held out") for c, m, name in _SEXES.values()]
    handles += [
        handle("x", INK, INK, "held out, told wrong"),
        handle("*", INK, INK, f"{SAMPLE[0]:g} kg, {SAMPLE[1]:g} cm"),
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=8, framealpha=0.9, edgecolor="none")


# ---- gradient descent ------------------------------------------------------------------------


def descent_path(module: ModuleType, learning_rate: float, steps: int) -> np.ndarray:
    """The places that an emitted module with parameters x and y walks through, the loss third."""
    params = module.init_params()
    state = module.init_state(params)
    state["learning_rate"] = learning_rate
    places = []
    for _ in range(steps):
        place = float(params["x"]), float(params["y"])
        places.append((*place, module.train_step(params, state)))
    places.append((float(params["x"]), float(params["y"]), module.loss(params)))
    return np.array(places)


def descent_picture(module: ModuleType, title: str, learning_rate: float, steps: int) -> bytes:
    """The path on the contour lines of the objective, with the loss beside it."""
    path = descent_path(module, learning_rate, steps)
    figure = Figure(figsize=(7.4, 3.5), layout="constrained", dpi=_PAGE)
    hill, curve = figure.subplots(1, 2, width_ratios=(1.45, 1))
    xs, ys = np.linspace(-3, 9, 121), np.linspace(-6, 4, 101)
    loss = np.array([[module.loss({"x": x, "y": y}) for x in xs] for y in ys])
    hill.contour(xs, ys, loss, [0.5, 2, 5, 10, 17, 26, 37, 50], colors=GREY, linewidths=0.7)
    hill.plot(*path[:, :2].T, "-o", color=BLUE, lw=1.2, ms=3.5)
    hill.plot(3, -1, "+", color=ORANGE, ms=12, mew=2.2)
    _number(hill, path)
    hill.set_xlim(xs[0], xs[-1])
    hill.set_ylim(ys[0], ys[-1])
    hill.set_xlabel("x")
    hill.set_ylabel("y", rotation=0)
    curve.semilogy(path[:, 2], "-o", color=BLUE, lw=1.2, ms=3.5)
    curve.set_ylim(1e-8, 1e3)
    curve.set_xlim(0, steps)
    curve.set_xlabel("step")
    curve.set_ylabel("E")
    figure.suptitle(f"{title}: learning rate {learning_rate:g}", fontsize=11)
    return _in_few_colors(_png(figure, hill, curve))


def _number(axes: Any, path: np.ndarray) -> None:
    """The number of the step beside each place that isn't too near to one that has its number."""
    placed: list[np.ndarray] = []
    for step, place in enumerate(path[:, :2]):
        if all(np.hypot(*(place - other)) > 0.5 for other in placed):
            placed.append(place)
            axes.annotate(
                f"{step}",
                place,
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
                clip_on=True,
            )


def _png(figure: Figure, *axes: Any) -> bytes:
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(labelsize=9)
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _in_few_colors(png: bytes) -> bytes:
    """The same picture as a much smaller file, for pages; of lines it loses nothing."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(_COLORS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, format="png", optimize=True)
    return file.getvalue()
