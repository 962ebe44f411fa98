"""The page that the demo ends with: what came out, the pictures, the files, and how to go on."""

from __future__ import annotations

from collections.abc import Collection

from codegen.templating import render

PAGE = "index.html"
COMMANDS = (
    ("chainrule explain gender.toml W1", "how one gradient comes about"),
    (
        'echo "dW2[i,j] = sum(n, dz2[n,i]*y1[n,j])" | chainrule check gender.toml --against -',
        "yours",
    ),
    ("chainrule new mlp --data people.csv --target sex -o mine.toml", "a net of your own"),
    ("chainrule emit mine.toml -o mine.py", "its module"),
    ("python mine.py train people.csv --target sex -o mine.npz", "trained"),
    ("python mine.py score people.csv --model mine.npz", "and measured"),
)
_PICTURES = (
    ("boundary.png", "Who is where, and what the model says there"),
    ("loss.png", "The loss, epoch by epoch"),
)
_FILES = (
    ("gender.html", "the derivation of every gradient, step by step"),
    ("gender.pdf", "the same on paper"),
    ("gender.tex", "the same for a paper of yours"),
    ("gender.toml", "the spec that all of it comes from"),
    ("gender.py", "the module: each line under its formula, NumPy alone"),
    ("checks.txt", "what was checked, and how"),
    ("people.csv", "the people"),
)


def demo_page(report: str, written: Collection[str]) -> str:
    """The page, with links to what was written beside it."""
    return render(
        "demo.html.j2",
        title="From equations to predictions",
        report=report,
        pictures=[row for row in _PICTURES if row[0] in written],
        files=[row for row in _FILES if row[0] in written],
        commands=COMMANDS,
    )
