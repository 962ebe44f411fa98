"""`generated/`: what chainrule writes for its showcase specs; `make generated` writes it anew.

For each `generated/NAME/NAME.toml` the derivation as .tex and .md and the module, for the demo's
spec its report too, and a page that lists them. The bytes depend on nothing but the code, so that
they can be compared; the figures of `docs/` are drawn along with them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codegen.demo.experiment import report, run_experiment
from codegen.demo.people import read_people
from codegen.documents.write import document, markdown_beside
from codegen.files import write_whole
from codegen.pipeline import emit
from codegen.targets.numpy.load_module import load_module
from codegen.terminal import say
from derive.calculus.differentiate import differentiate
from derive.specs.load import load

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated"
FIGURES = ROOT / "docs" / "figures"
FIGURES_OF_TRAINING = GENERATED / "figures.json"
INDEX = "README.md"
REPORT = "report.txt"
_DEMO = "gender"
_DESCENT = "descent"


def specs() -> list[Path]:
    """The showcase specs, by name."""
    return sorted(GENERATED.glob("*/*.toml"))


def names(spec: Path) -> tuple[str, ...]:
    """What the files that belong beside a spec are called."""
    return tuple(written(spec))


@cache
def written(spec: Path) -> Mapping[str, str]:
    """The files that belong beside a spec, by name."""
    derivation = differentiate(load(spec))
    source = emit(derivation)
    text, pictures = markdown_beside(derivation, spec.stem)
    result = {f"{spec.stem}.tex": document(derivation, format="tex"), f"{spec.stem}.md": text}
    result.update(pictures)
    result[f"{spec.stem}.py"] = source
    if spec.stem == _DEMO:
        result[f"{spec.stem}.zh.tex"] = document(derivation, format="tex", lang="zh")
        result[REPORT] = report(run_experiment(load_module(source), read_people()))
    return result


def index() -> str:
    """The page that lists what there is: for each spec its first comment, and its files."""
    lines = [
        "# What chainrule writes",
        "",
        "Each folder holds a spec and what `make generated` makes of it: the derivation (.tex and",
        ".md) and the module (.py), which imports NumPy alone. Only the specs are written by hand;",
        "a test compares every byte.",
        "",
        "| spec | what it is | written |",
        "|---|---|---|",
    ]
    for spec in specs():
        name = spec.stem
        files = [f for f in names(spec) if not f.endswith(".svg")]
        links = ", ".join(f"[{file}]({name}/{file})" for file in files)
        lines.append(f"| [{name}]({name}/{spec.name}) | {_first_comment(spec)} | {links} |")
    rows = json.loads(FIGURES_OF_TRAINING.read_text(encoding="utf-8"))
    lines += [
        "",
        "## Trained beside PyTorch",
        "",
        "Each net here and by hand in PyTorch, from the same parameters with the same batches, in",
        "float64, with the seeds 0, 1 and 2. A step is the fastest that was seen, in milliseconds",
        "of processor time on one thread.",
        "",
        *training_table(rows),
        "",
        "`python -m tests.trained` trains them anew; [figures.md](../tests/trained/figures.md) has",
        "what the language models write.",
    ]
    return "\n".join(lines) + "\n"


def training_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What nets came to by PyTorch and by their modules, and how long a step of each took."""
    lines = [
        "| net | data | measure | PyTorch | emitted | ms a step, PyTorch | emitted |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["net"], row["data"], row["measure"]]
        cells += [", ".join(row["pytorch"]), ", ".join(row["module"]), *row["milliseconds"]]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _first_comment(spec: Path) -> str:
    """The comment that a spec begins with, as one line."""
    words = []
    for line in spec.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        words.append(line.removeprefix("#").strip())
    return " ".join(words).removeprefix(f"{spec.name}: ").replace("|", r"\|")


def figures() -> dict[str, bytes]:
    """The figures of the docs; none where there is no matplotlib."""
    if find_spec("matplotlib") is None:
        return {}
    pictures = import_module("codegen.demo.pictures")
    module = load_module(emit(differentiate(load(GENERATED / _DESCENT / f"{_DESCENT}.toml"))))
    return {
        f"descent-{name}.png": pictures.descent_picture(module, *drawn)
        for name, *drawn in pictures.DESCENTS
    }


def stale() -> list[Path]:
    """What lies in `generated/` and belongs to no spec."""
    kept = {GENERATED / INDEX, FIGURES_OF_TRAINING, *specs()}
    kept.update(spec.with_name(name) for spec in specs() for name in names(spec))
    result = (p for p in GENERATED.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return sorted(p for p in result if p not in kept)


def main() -> int:
    """Write everything anew and take away what is stale."""
    for spec in specs():
        for name, text in written(spec).items():
            write_whole(spec.with_name(name), text)
    write_whole(GENERATED / INDEX, index())
    for path in stale():
        path.unlink()
        say(f"removed {path.relative_to(ROOT)}\n")
    drawn = figures()
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, picture in drawn.items():
        write_whole(FIGURES / name, picture)
    say(f"{len(specs())} specs in generated/, {len(drawn)} figures in docs/figures/\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
