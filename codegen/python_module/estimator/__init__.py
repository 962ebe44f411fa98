"""The lower half of an emitted module: the estimator `Model` and the command line.

It is ordinary Python, in `source/`. Here stand the facts about a model as the constants that this
Python reads, and the head of `Model`: what the model takes, and its settings.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from codegen.module.model_facts import Estimator, entries
from codegen.python_module.emitted_source import definitions, pruned, specialised
from codegen.python_module.estimator.words import description, learned, settings
from codegen.python_module.line_breaking import LINE
from codegen.templating import render


class Code(str):
    """The name of what a constant is, instead of a text."""


_PARTS = (
    "model",
    "settings",
    "arrays",
    "labels",
    "measures",
    "saved",
    "files",
    "columns",
    "tables",
    "command",
)

_COMMENTS = {
    "_IGNORED": "the numbers of classes that don't count",
    "_NO_CLASS": "labels of what has no class",
    "_WHOLE": "those that are whole numbers",
    "_FEATURE_COLUMNS": "so many columns of a table are inputs",
    "_TARGET_COLUMNS": "and so many are targets",
    "_LABEL_SHAPE": "the shape of one sample's labels",
    "_SCORES": "what predictions are made of",
    "_SETTINGS": "what `Model` can be told, and what each means",
    "_CHUNK": "so many samples at once go through the model in `predict`",
}


def imports() -> tuple[str, ...]:
    """The modules of the standard library that the lower half uses, for the top of the file."""
    return ("argparse", "csv", "io", "json", "os", "sys")


def render_estimator(e: Estimator) -> str:
    """The text of the lower half, from the divider to the last line of the module."""
    facts = facts_of(e)
    known = {**facts, "HYPERPARAMETERS": dict(e.hyperparameters)}
    given = {"x": e.inputs, "t": e.targets, "sample_weight": e.weighted, "classes": e.classifier}
    absent = {name for name, is_there in given.items() if not is_there}
    # scikit-learn hands a target to every `fit` that has data
    ignored = absent & {"t"} if e.inputs else set()
    text = pruned(specialised(whole_source(), known, absent - ignored, ignored))
    _, methods = text.split("\n    def __repr__", 1)
    mentioned = {*re.findall(r"\w+", methods)}
    return render(
        "estimator.py.j2",
        name=e.name,
        data="samples" if e.has_batch else "data",
        description=description(e),
        learned=learned(e),
        role=_code(e.role),
        settings=settings(e),
        constants=[_line(n, fact) for n, fact in facts.items() if n in mentioned],
        methods=f"    def __repr__{methods.rstrip()}",
    )


@cache
def whole_source() -> str:
    """The text of `source/`, with every branch."""
    folder = Path(__file__).with_name("source")
    return "\n\n".join(definitions(folder / f"{part}.py") for part in _PARTS)


def facts_of(e: Estimator) -> dict[str, object]:
    """The constants of `stand_in` for one model: at the top of its lower half where read there."""
    labels = e.labels
    outside = [number for number in labels.ignored if not 0 <= number < labels.classes]
    targets = [e.label_shape] if e.classifier else [argument.shape for argument in e.targets]
    return {
        "_INPUTS": {argument.name: argument.shape for argument in e.inputs},
        "_TARGETS": {argument.name: argument.shape for argument in e.targets},
        "_WHOLE": [argument.name for argument in e.data if argument.integer],
        "_FEATURE_COLUMNS": sum(entries(argument.shape) for argument in e.inputs),
        "_TARGET_COLUMNS": sum(map(entries, targets)),
        "_CLASSES": labels.classes,
        "_LABEL_SHAPE": e.label_shape if e.classifier else (),
        "_IGNORED": labels.ignored,
        "_NO_CLASS": {text: number for number in outside for text in (number, str(number))},
        "_SCORES": Code(labels.probabilities or "forward"),
        "_CHUNK": 1024,
        "_SETTINGS": {setting.name: setting.text for setting in settings(e)},
        # what branches hang on, and hardly ever read
        "_ROLE": e.role,
        "_KIND": labels.kind,
        "_BATCHED": e.has_batch,
        "_SEVERAL": len(e.inputs) > 1 or len(e.targets) > 1,
        "_STANDARDIZES": e.standardizes,
        "_IN_CHUNKS": e.has_batch and bool(e.inputs) and e.output_shape is not None,
        "_COLUMN": labels.kind != "one_hot" and e.targets and e.targets[0].shape == (1,),
        "_ONE_OUTPUT": e.has_batch and e.output_shape == (1,),
        "_READS_TARGET": e.reads_target,
        "_PROBABILITIES": labels.probabilities is not None,
        "_WEIGHTED": e.weighted,
        "_FROM_TABLE": e.reads_csv,
    }


def _line(name: str, constant: object) -> str:
    """The line, or the lines, of one constant."""
    comment = f"  # {_COMMENTS[name]}" if name in _COMMENTS else ""
    line = f"{name} = {_code(constant)}{comment}"
    if isinstance(constant, dict) and (len(line) > LINE or name == "_SETTINGS"):
        rows = [f"    {_code(key)}: {_code(item)}," for key, item in constant.items()]
        return "\n".join([f"{name} = {{{comment}", *rows, "}"])
    return line


def _code(constant: object) -> str:
    """A constant in Python, with the quotes that a formatter gives it."""
    match constant:
        case Code():
            return constant
        case str():
            return json.dumps(constant, ensure_ascii=False)
        case dict():
            return f"{{{', '.join(f'{_code(k)}: {_code(v)}' for k, v in constant.items())}}}"
        case list():
            return f"[{', '.join(map(_code, constant))}]"
        case tuple():
            return f"({', '.join(map(_code, constant))}{',' * (len(constant) == 1)})"
    return repr(constant)
