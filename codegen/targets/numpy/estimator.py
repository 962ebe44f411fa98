"""The lower half of an emitted module: the estimator `Model` and the command line.

The templates under `templates/estimator/` hold the layout. Here stand the few facts about a model
that they need, and the words and choices that follow from those facts.
"""

import textwrap
from dataclasses import dataclass

from codegen.module.model_facts import Argument, Estimator, Shape, entries, is_open
from codegen.templating import render


@dataclass(frozen=True)
class Setting:
    """One keyword of `Model`."""

    name: str
    default: str
    text: str


def settings(e: Estimator) -> list[Setting]:
    """The keywords of `Model`, in order."""
    found = [Setting("epochs", repr(e.epochs), "passes over the data")]
    if e.has_batch:
        found.append(Setting("batch_size", repr(e.batch_size), "samples per update"))
    for name, default in e.hyperparameters:
        found.append(
            Setting(name, repr(float(default)), f"the optimiser's {name.replace('_', ' ')}")
        )
    if e.has_batch:
        text = "the share of the samples that is held out"
        found.append(Setting("validation", "0.0", text))
    text = "stop after so many epochs without a lower loss and keep the best"
    found.append(Setting("patience", "None", text))
    if e.standardizes:
        text = "bring each feature to mean 0 and spread 1 first"
        found.append(Setting("standardize", "False", text))
    found.append(Setting("seed", "0", "decides parameters, order and draws"))
    found.append(Setting("verbose", "False", "show progress on standard error"))
    return found


def imports() -> tuple[str, ...]:
    """The modules of the standard library that the lower half uses, for the top of the file."""
    return ("argparse", "csv", "io", "json", "os", "sys")


def render_estimator(e: Estimator) -> str:
    """The text of the lower half, from the divider to the last line of the module."""
    return render(
        "estimator.py.j2",
        **_facts(e),
        **_words(e),
        **_expressions(e),
        settings=settings(e),
        tables=_tables(e),
    )


def _facts(e: Estimator) -> dict[str, object]:
    """What is left out or put in."""
    single_label = e.classifier and e.label_shape == ()
    return {
        "has_inputs": bool(e.inputs),
        "has_targets": bool(e.targets),
        "has_data": bool(e.data),
        "has_batch": e.has_batch,
        "has_integers": any(argument.integer for argument in e.data),
        "several": len(e.inputs) > 1 or len(e.targets) > 1,
        "classifier": e.classifier,
        "regressor": e.regressor,
        "one_hot": e.kind == "one_hot",
        "single_label": single_label,
        "stacked": single_label and e.kind == "binary",
        "one_output": e.has_batch and e.output_shape == (1,),
        "in_chunks": e.has_batch and bool(e.inputs) and e.output_shape is not None,
        "standardizes": e.standardizes,
        "free_axes": any(map(is_open, e.inputs)),
        "open_axes": any(map(is_open, e.data)),
        "reads_csv": e.reads_csv,
        "classes": e.classes,
        "probabilities": e.probabilities is not None,
        "weighted": e.weighted,
        "ignored": e.ignored,
        "no_class": _no_class(e),
    }


def _no_class(e: Estimator) -> str:
    """The ignored numbers outside the classes: each as a number and as text, and what it is."""
    outside = [number for number in e.ignored if not 0 <= number < e.classes]
    rows = [f'{number}: {number}, "{number}": {number}' for number in outside]
    return f"{{{', '.join(rows)}}}" if rows else ""


def _expressions(e: Estimator) -> dict[str, object]:
    """Pieces of code that follow from the facts."""
    x, t = ["x"] * bool(e.inputs), ["t"] * bool(e.targets)
    ignored = ["t=None"] if e.inputs and not e.targets else t
    scaled = "self._scaled({})" if e.standardizes else "{}"
    coded = "self._coded(targets)" if e.classifier else "targets"
    weight = ["sample_weight=None"] * e.weighted
    groups = ["_INPUTS"] * bool(e.inputs) + ["_TARGETS"] * bool(e.targets)
    sizes = [entries(argument.shape) for argument in e.inputs]
    return {
        "data_parameters": "".join(f", {name}" for name in x + ignored + weight),
        "data_arguments": ", ".join(x + t + ["sample_weight=sample_weight"] * e.weighted),
        "classes_parameters": "".join(f", {name}" for name in [*x, *t, "classes=None", *weight]),
        "input_parameters": "".join(f", {name}" for name in x),
        "input_arguments": ", ".join(x),
        "prepared": f"{scaled.format('inputs')} + {coded}",
        "prepared_inputs": scaled.format("_arrays(x, _INPUTS)"),
        "checked_targets": _checked_targets(e),
        "read_data": f"_read_data(model, options, {', '.join(groups)})",
        "read_inputs": "_read_data(model, options, _INPUTS)",
        "read_targets": (
            "_read_labels(path, model)" if e.classifier else "_read_columns(path, targets, _number)"
        ),
        "data_commands": "(train, predict, score)" if e.inputs else "(train, score)",
        "function": e.probabilities or "forward",
        "hyperparameters": [name for name, _ in e.hyperparameters],
        "rate": "learning_rate" if "learning_rate" in dict(e.hyperparameters) else "",
        "n_features": sum(sizes) if e.reads_csv else None,
        "n_targets": _target_columns(e),
        **_label_expressions(e),
    }


def _checked_targets(e: Estimator) -> str:
    if e.classifier:
        return "[_labels(t)]"
    return "_arrays(t, _TARGETS)" if e.targets else "[]"


def _target_columns(e: Estimator) -> int:
    """How many columns of a table the targets take."""
    shapes = [e.label_shape] if e.classifier else [argument.shape for argument in e.targets]
    return sum(map(entries, shapes))


def _label_expressions(e: Estimator) -> dict[str, object]:
    """How labels become targets and scores become labels."""
    names = ("label_shape_rows", "one_hot_rank", "coded", "picked")
    if not e.classifier:
        return dict.fromkeys(names, "")
    codes = "codes.reshape(-1, 1)" if e.targets[0].shape == (1,) else "codes"
    coded = {
        "binary": f"{codes}.astype(DTYPE)",
        "signs": f"(2 * {codes} - 1).astype(DTYPE)",
        "one_hot": "np.eye(_CLASSES, dtype=DTYPE)[codes]",
        "classes": "codes",
    }[e.kind]
    flat = ".reshape(-1)" if e.label_shape == () else ""
    # of two labels the second one, where the score is on its side
    second = {"binary": "0.5", "signs": "0"}.get(e.kind)
    return {
        "label_shape_rows": _shape_code(("samples", *e.label_shape)),
        "one_hot_rank": len(e.label_shape) + 2,
        "coded": coded,
        "picked": (
            f"(scores{flat} >= {second}).astype(int)" if second else "scores.argmax(axis=-1)"
        ),
    }


def _tables(e: Estimator) -> list[str]:
    """The module's tables of names and shapes, wrapped where they are long."""
    tables = []
    for title, arguments in (("_INPUTS", e.inputs), ("_TARGETS", e.targets)):
        if not arguments:
            continue
        rows = [f'"{argument.name}": {_shape_code(argument.shape)}' for argument in arguments]
        tables.append(_wrapped(f"{title} = {{", rows, "}"))
    integers = [f'"{argument.name}"' for argument in e.data if argument.integer]
    if integers:
        tables.append(_wrapped("_INTEGERS = {", integers, "}"))
    return tables


def _shape_code(shape: Shape) -> str:
    return str(shape).replace("'", '"')


def _wrapped(start: str, items: list[str], end: str) -> str:
    line = start + ", ".join(items) + end
    if len(line) <= 88:
        return line
    return "\n".join([start, *(f"    {item}," for item in items), end])


def _words(e: Estimator) -> dict[str, object]:
    """Sentences for docstrings, messages and help."""
    about = "samples" if e.has_batch else "data"
    columns = "a CSV file or " if e.reads_csv else ""
    kind = "classifier" if e.classifier else "regressor" if e.regressor else ""
    tags = {"classifier": "ClassifierTags, ", "regressor": "RegressorTags, "}.get(kind, "")
    return {
        "headline": f"The model {e.name}, to be trained on {about} and kept in a file.",
        "data_lines": textwrap.wrap(_data_text(e), 80),
        "learned_lines": textwrap.wrap(_learned_text(e), 80),
        "tag_names": f"{tags}Tags, TargetTags",
        "kind": kind,
        "predict_text": _predict_text(e),
        "probability_text": (
            "The probability of the second label, for each output."
            if e.kind == "binary"
            else "The probabilities of the labels, in the order of `classes_`."
        ),
        "measure": "accuracy" if e.classifier else "r2" if e.regressor else "",
        "data_text": f"{columns}an .npz file of arrays",
    }


def _predict_text(e: Estimator) -> str:
    if e.has_batch and e.output_shape is not None:
        return "The output for each sample."
    return "What `forward` gives for the parameters that were learned."


def _data_text(e: Estimator) -> str:
    if not e.data:
        return "There is no data: `fit` takes no arrays."
    sentences = []
    for letter, arguments in (("x", e.inputs), ("t", e.targets)):
        if letter == "t" and e.classifier:
            sentences.append(_label_text(e))
        elif len(arguments) == 1:
            sentences.append(f"`{letter}` is {_array_text(e, arguments[0])}.")
        elif arguments:
            parts = ", ".join(
                f"{argument.name} {_shape_text(e, argument)}" for argument in arguments
            )
            table = ", or a table with all their columns" if e.reads_csv else ""
            sentences.append(f"`{letter}` is a tuple of arrays ({parts}){table}.")
    if e.weighted:
        sentences.append("`sample_weight` holds what each sample counts, all alike without it.")
    if e.ignored:
        numbers = " or ".join(map(str, e.ignored))
        sentences.append(f"A label whose number is {numbers} doesn't count.")
    return " ".join(sentences)


def _label_text(e: Estimator) -> str:
    if e.label_shape == ():
        return "`t` holds a label of any kind for each sample."
    shape = _shape_text(e, Argument(e.targets[0].name, e.label_shape))
    return f"`t` holds labels of any kind, in shape {shape}."


def _array_text(e: Estimator, argument: Argument) -> str:
    numbers = "whole numbers" if argument.integer else "numbers"
    return f"an array of {numbers} of shape {_shape_text(e, argument)}"


def _shape_text(e: Estimator, argument: Argument) -> str:
    extents = [str(extent) for extent in argument.shape]
    if e.has_batch:
        extents.insert(0, "samples")
    return f"({', '.join(extents)}{',' if len(extents) == 1 else ''})"


def _learned_text(e: Estimator) -> str:
    parts = ["`params_`", "`state_` (the optimiser's)", "`history_` (the losses by epoch)"]
    if e.classifier:
        parts.append("`classes_` (the labels in order)")
    if e.standardizes:
        parts.append("`mean_` and `scale_` (of the features)")
    parts.append("`rng_`")
    return f"What is learned ends in an underscore: {', '.join(parts)}."
