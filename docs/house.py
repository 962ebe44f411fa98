"""The rooms of the house, drawn from its imports: `make drawing` writes `docs/figures/house.svg`.

A room is a package or module right under `derive` or `codegen`; the floors are the layers that
import-linter enforces. Of the imports only those are drawn that don't follow from others.
"""

from __future__ import annotations

import re
import tomllib
from html import escape
from importlib import import_module
from pathlib import Path
from textwrap import wrap

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "figures" / "house.svg"
WIDTH, FLOOR, BOX, EDGE = 1080, 92, 44, 16
STYLE = """
svg { font-family: "Helvetica Neue", Arial, sans-serif; background: #ffffff; }
rect { stroke: #30506e; stroke-width: 1; }
.derive { fill: #e8f1fa; } .codegen { fill: #fdf1e3; }
.name { font-size: 13px; font-weight: bold; text-anchor: middle; fill: #1b2a38; }
.about { font-size: 9.5px; text-anchor: middle; fill: #3d4d5c; }
path { stroke: #7d93a8; stroke-width: 1.1; fill: none; }
"""


def floors() -> list[list[str]]:
    """The rooms of each floor, the highest floor first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["id"]: c for c in config["tool"]["importlinter"]["contracts"]}
    found = []
    for package in ("codegen", "derive"):
        for layer in contracts[package]["layers"]:
            names = layer.replace(":", "|").split("|")
            found.append([f"{package}.{name.strip()}" for name in names])
    return found


def arrows(rooms: list[str]) -> list[tuple[str, str]]:
    """Who imports whom, without what follows from other arrows."""
    graph = grimp.build_graph("derive", "codegen")
    pairs = {
        (a, b)
        for a in rooms
        for b in rooms
        if a != b and graph.direct_import_exists(importer=a, imported=b, as_packages=True)
    }
    below: dict[str, set[str]] = {}
    for room in reversed(rooms):  # each imports those of lower floors, or of its own, only
        below[room] = {b for a, b in pairs if a == room}
    reach: dict[str, set[str]] = {}

    def reached(room: str) -> set[str]:
        if room not in reach:
            reach[room] = set().union(*({b} | reached(b) for b in below[room]))
        return reach[room]

    return sorted((a, b) for a, b in pairs if not any(b in reached(c) for c in below[a] if c != b))


def about(room: str, width: float) -> list[str]:
    """What a room's docstring says up to its first colon or comma, in as many letters as fit."""
    sentence = (import_module(room).__doc__ or "").split("\n\n")[0].replace("\n", " ")
    text = re.split(r"[:;?]|[.,]\s", sentence)[0].replace("`", "")
    return wrap(text, int(width / 5.4))[:2]


def drawing() -> str:
    """The picture as SVG."""
    rows = floors()
    place: dict[str, tuple[float, float, float]] = {}
    for k, row in enumerate(rows):
        width = min(190.0, (WIDTH - 2 * EDGE) / len(row) - 12)
        gap = (WIDTH - len(row) * width) / (len(row) + 1)
        for j, room in enumerate(row):
            place[room] = (gap + j * (width + gap), EDGE + k * FLOOR, width)
    parts = []
    for a, b in arrows([room for row in rows for room in row]):
        (x, y, w), (u, v, s) = place[a], place[b]
        if y == v:
            continue
        start, end = (x + w / 2, y + BOX), (u + s / 2, v)
        bend = (end[1] - start[1]) / 2
        parts.append(
            f'<path d="M{start[0]:.0f} {start[1]:.0f} C{start[0]:.0f} {start[1] + bend:.0f} '
            f'{end[0]:.0f} {end[1] - bend:.0f} {end[0]:.0f} {end[1]:.0f}" marker-end="url(#tip)"/>'
        )
    for room, (x, y, w) in place.items():
        package, name = room.split(".")
        box = f'x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{BOX}" rx="5"'
        parts.append(f'<rect class="{package}" {box}/>')
        parts.append(f'<text class="name" x="{x + w / 2:.0f}" y="{y + 15:.0f}">{name}</text>')
        for line, text in enumerate(about(room, w)):
            at = y + 27 + 11 * line
            parts.append(
                f'<text class="about" x="{x + w / 2:.0f}" y="{at:.0f}">{escape(text)}</text>'
            )
    height = EDGE + len(rows) * FLOOR - (FLOOR - BOX) + EDGE
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" style="fill:#7d93a8;stroke:none"/></marker>'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        "<title>The rooms of derive and codegen, and which imports which</title>"
        f"<style>{STYLE}</style><defs>{tip}</defs>"
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
