"""`chainrule new`: a spec to begin with, commented; from a table, one that fits its columns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.commands.files_in_out import check_output, deliver
from codegen.python_module.estimator.source.columns import _suited, _survey, _widened
from codegen.templating import render
from derive.errors import ChainruleError, meant_or_known, shorten

KINDS = ("mlp", "cnn", "lstm", "transformer", "objective", "layer", "loss")
_WIDTH = 96
_MOST_CLASSES = 10  # of a target of whole numbers: more are amounts


@dataclass(frozen=True)
class Table:
    """What a net is to make of a table: its inputs and its target, in words and numbers."""

    path: str
    target: str
    inputs: tuple[str, ...]
    texts: Mapping[str, list[str]]
    left_out: Mapping[str, str]
    labels: tuple[str, ...]
    incomplete: tuple[str, ...]

    @property
    def loss(self) -> str:
        """The loss that fits the target."""
        if not self.labels:
            return "squared_error"
        two = len(self.labels) == 2
        return "binary_cross_entropy_with_logits" if two else "softmax_cross_entropy"

    @property
    def units(self) -> int:
        """How many numbers the net gives."""
        return len(self.labels) if len(self.labels) > 2 else 1

    @property
    def meaning(self) -> str:
        """What these numbers are."""
        if not self.labels:
            return _word(self.target)
        first, second = _word(self.labels[0]), _word(self.labels[1])
        return f"above 0: {second}, below: {first}" if self.units == 1 else "a score for each label"

    @property
    def remarks(self) -> list[str]:
        """What was seen, in lines."""
        found = [f"Inputs: {', '.join(map(_word, self.inputs))}."]
        for name, texts in self.texts.items():
            if texts:
                kinds = ", ".join(map(_word, texts))
                found.append(f"{_word(name)} holds texts, an input for each: {kinds}.")
        found += [f"{_word(name)} is left out: {why}." for name, why in self.left_out.items()]
        if self.labels:
            found.append(f"Labels: {', '.join(map(_word, self.labels))}.")
        if self.incomplete:
            names = ", ".join(map(_word, self.incomplete))
            found.append(f"Entries are missing: {names}. Train with --missing mean, or drop.")
        return [line for text in found for line in textwrap.wrap(text, _WIDTH)]


def run(kind: str, output: str | None, data: str | None, target: str | None) -> int:
    """Write the spec; nothing that is there is written over."""
    if kind not in KINDS:
        raise ChainruleError(f"new: '{shorten(kind)}' is no kind{meant_or_known(kind, KINDS)}")
    if (data is None) != (target is None):
        raise ChainruleError("new: --data and --target go together; name a table and its column")
    if data is not None and kind != "mlp":
        raise ChainruleError("new: --data is for mlp, whose samples are rows of a table")
    check_output("-", output)
    if output is not None and Path(output).exists():
        raise ChainruleError(f"{output}: this is there already; give another name")
    name = _name(output, kind)
    more = _of_table(name, data, target) if data and target else _of_nothing(name)
    deliver(render(f"new/{kind}.toml.j2", name=name, **(more if kind == "mlp" else {})), output)
    return 0


def _name(output: str | None, kind: str) -> str:
    """The model's name: the file's, as far as it may be a part of other files' names."""
    stem = Path(output).stem if output else kind
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in stem)
    return name[:60] or kind


def _of_nothing(name: str) -> dict[str, Any]:
    """A net that tells two kinds of samples of four numbers apart."""
    return {
        "what": "a net of two dense layers that tells two kinds of samples apart",
        "remarks": ["From a table: chainrule new mlp --data people.csv --target sex"],
        "commands": _commands(name, "people.csv", "sex"),
        "features": 4,
        "units": 1,
        "meaning": "above 0: the second label, below: the first",
        "loss": "binary_cross_entropy_with_logits",
    }


def _of_table(name: str, path: str, target: str) -> dict[str, Any]:
    table = _looked_at(path, target)
    fill = " --missing mean" if table.incomplete else ""
    drop = " --missing drop" if target in table.incomplete else ""
    return {
        "what": f"a net of two dense layers that tells {_word(target)} in {_word(path)}",
        "remarks": table.remarks,
        "commands": _commands(name, path, target, fill, drop),
        "features": len(table.inputs),
        "units": table.units,
        "meaning": table.meaning,
        "loss": table.loss,
    }


def _commands(name: str, path: str, target: str, fill: str = "", drop: str = "") -> list[str]:
    return [
        f"chainrule derive {name}.toml -o {name}.html",
        f"chainrule emit {name}.toml -o {name}.py",
        f"python {name}.py train {_quoted(path)} --target {_quoted(target)}{fill}",
        f"python {name}.py score {_quoted(path)}{drop}",
    ]


def _looked_at(path: str, target: str) -> Table:
    """The columns as the command line of a module will read them."""
    try:
        survey = _survey(path)
        if target not in survey:
            near = meant_or_known(target, survey)
            raise ChainruleError(f"{path}: there is no column '{shorten(target)}'{near}")
        texts, left_out = _suited(path, [target])
    except ValueError as error:
        raise ChainruleError(f"new: {error}") from None
    if not texts:
        reasons = "; ".join(f"{shorten(n)}: {why}" for n, why in left_out.items())
        raise ChainruleError(f"{path}: no column is fit to learn from ({reasons})")
    return Table(
        path=path,
        target=target,
        inputs=tuple(_widened(texts)),
        texts=texts,
        left_out=left_out,
        labels=_labels(path, target, survey[target]),
        incomplete=tuple(n for n in (*texts, target) if survey[n]["missing"]),
    )


def _labels(path: str, name: str, column: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels of a target in order; none where it is an amount."""
    texts = column["texts"]
    if len(texts) < 2:
        raise ChainruleError(f"{path}: column '{shorten(name)}' has one value only; name another")
    if column["numbers"]:
        whole = all(text.lstrip("+-").isdigit() for text in texts)
        return tuple(sorted(texts, key=int)) if whole and len(texts) <= _MOST_CLASSES else ()
    if column["many"]:
        raise ChainruleError(
            f"{path}: column '{shorten(name)}' has more than {len(texts) - 1} different texts, too "
            "many to be labels; name another column"
        )
    return tuple(sorted(texts))


def _word(text: str) -> str:
    """A name or an entry of a table, fit for a comment."""
    return shorten(text, 40) or "(nothing)"


def _quoted(text: str) -> str:
    """A word for a shell."""
    shown = shorten(text, 200)
    plain = shown and all(c.isalnum() or c in "_-./" for c in shown)
    return shown if plain else "'" + shown.replace("'", "'\\''") + "'"
