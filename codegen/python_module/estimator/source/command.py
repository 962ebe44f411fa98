"""The command line: train, predict and score, with data from files."""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from codegen.python_module.estimator.source.files import (
    _brief,
    _check_place,
    _replace_file,
    _tell,
)
from codegen.python_module.estimator.source.labels import _codes, _labels
from codegen.python_module.estimator.source.measures import (
    _class_lines,
    _confusion,
    _macro_f1,
)
from codegen.python_module.estimator.source.model import Model
from codegen.python_module.estimator.source.tables import _read_data
from codegen.python_module.stand_in import (
    _BATCHED,
    _FROM_TABLE,
    _INPUTS,
    _LABEL_SHAPE,
    _PROBABILITIES,
    _ROLE,
    _SETTINGS,
    _STANDARDIZES,
    _TARGETS,
    _WEIGHTED,
    NAME,
    PARAMETERS,
    init_params,
    init_state,
)


def _train_command(options: argparse.Namespace) -> None:
    """Fit a model and save it."""
    _check_place(options.output)
    _check_overwrites(options)
    if not (options.resume or options.force) and os.path.exists(options.output):
        shown = _brief(options.output)
        advice = "--resume goes on with it, --force trains anew"
        raise ValueError(f"{shown} is there: {advice}, -o names another")
    given = {k: v for k, v in vars(options).items() if v is not None}
    settings = {name: given[name] for name in _SETTINGS if name in given}
    resumes = options.resume and os.path.exists(options.output)
    if resumes:
        model = Model.load(options.output)
        _refuse_changes(model, options, settings)
        if "learning_rate" in settings:
            model.state_["learning_rate"] = settings["learning_rate"]
    else:
        model = Model()
    model.set_params(**settings)
    model.verbose = not options.quiet
    if options.resume and model.verbose:
        _tell(_where_it_begins(model, options.output))
    data = _read_data(model, options) if _INPUTS or _TARGETS else {}

    def checkpoint(model: Model) -> None:
        every = options.checkpoint_every
        if every and len(model.history_["loss"]) % every == 0:
            model.save(options.output)

    train = model.resume if resumes else model.fit
    train(**data, after_epoch=checkpoint)
    model.save(options.output)
    if model.verbose:
        _tell(f"saved {options.output}")


def _where_it_begins(model: Model, path: str) -> str:
    """Where a training that is to be resumed begins, in words."""
    done = len(model.history_["loss"]) if hasattr(model, "history_") else 0
    if not done:
        return f"there is no {_brief(path)} yet: training begins"
    if done >= model.epochs:
        return f"all {done} epochs are done: nothing to do; --epochs asks for more"
    return f"{done} of {model.epochs} epochs are done: training goes on"


def _check_overwrites(options: argparse.Namespace) -> None:
    """Refuse to write over what is read."""
    for path in (getattr(options, "data", None), getattr(options, "model", None)):
        if path and options.output and os.path.exists(options.output):
            if os.path.exists(path) and os.path.samefile(path, options.output):
                raise ValueError(f"{_brief(path)} is read: name another file with -o")


def _refuse_changes(
    model: Model, options: argparse.Namespace, settings: dict[str, Any]
) -> None:
    """A training that is resumed keeps all but the learning rate and the epochs."""
    asked = {**settings, "epochs": None, "learning_rate": None}
    if _FROM_TABLE:
        asked["columns_"] = options.features
    if _FROM_TABLE and _TARGETS:
        asked["target_names_"] = options.target
    for name, value in asked.items():
        kept = getattr(model, name, value)
        if isinstance(kept, dict):
            kept = [*kept]
        if value is not None and value != kept:
            plain = name.strip("_")
            message = f"--resume keeps {plain}={_brief(kept)}"
            raise ValueError(f"{message}; it can't be {_brief(value)}")


def _predict_command(options: argparse.Namespace) -> None:
    """Write what the model predicts, as CSV or, to an .npz file, as arrays."""
    _check_overwrites(options)
    model = Model.load(options.model)
    data = _read_data(model, options, with_targets=False) if _INPUTS else {}
    results = {"prediction": model.predict(**data)}
    if _PROBABILITIES:
        results["probability"] = model.predict_proba(**data)
    if options.output and options.output.endswith(".npz"):
        _replace_file(options.output, lambda file: np.savez(file, **results))
        return
    header, columns = [], []
    for name, result in results.items():
        rows = np.atleast_1d(result)
        rows = rows.reshape(len(rows), -1)  # one for each sample
        columns.append(rows.tolist())
        header += _column_names(model, name, rows.shape[1])
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    for parts in zip(*columns):
        table.writerow([entry for part in parts for entry in part])
    if options.output:
        content = text.getvalue().encode()
        _replace_file(options.output, lambda file: file.write(content))
    else:
        sys.stdout.write(text.getvalue())


def _column_names(model: Model, name: str, count: int) -> list[str]:
    """Names for the columns of a result: its targets, its labels or numbers."""
    names = getattr(model, "target_names_", [])
    if _PROBABILITIES and name == "probability":
        parts = model.classes_.tolist() if _LABEL_SHAPE == () else names
        names = [f"{name}_{part}" for part in parts]
    if len(names) == count:
        return names
    return [name] if count == 1 else [f"{name}_{k}" for k in range(count)]


def _score_command(options: argparse.Namespace) -> None:
    """Print how well a model does on the data in a file."""
    model = Model.load(options.model)
    data = _read_data(model, options)
    print(f"loss {model.mean_loss(**data):.6g}")
    if _ROLE == "classifier":
        print(f"accuracy {model.score(**data):.6g}")
        codes = _codes(_labels(data["t"]), model.classes_)
        picked = _codes(model.predict(data["x"]), model.classes_)
        table = _confusion(codes, picked)
        print(f"f1 {_macro_f1(table):.6g}\n")
        print(*_class_lines(model.classes_.tolist(), table), sep="\n")
    elif _ROLE == "regressor":
        print(f"r2 {model.score(**data):.6g}")


def _summary_command(options: argparse.Namespace) -> None:
    """Print the arrays of the model, and how much there is to learn and to keep."""
    params = init_params()
    state = init_state(params)
    rows: list[tuple[str, ...]] = [("array", "shape", "numbers", "what it is")]
    for what, shapes in (("input", _INPUTS), ("target", _TARGETS)):
        for name, extents in shapes.items():
            shown = ", ".join(map(str, ["samples", *extents] if _BATCHED else extents))
            rows.append((name, f"({shown})", "", what))
    for name, array in params.items():
        kind = "parameter" if name in PARAMETERS else "buffer"
        rows.append((name, str(np.shape(array)), str(np.size(array)), kind))
    wide = [max(len(row[k]) for row in rows) for k in range(3)]
    for name, shape, count, kind in rows:
        print(f"{name:<{wide[0]}}  {shape:<{wide[1]}}  {count:>{wide[2]}}  {kind}")
    learned = sum(np.size(params[name]) for name in PARAMETERS)
    kept = [*params.values()]
    kept += [
        a for part in state.values() if isinstance(part, dict) for a in part.values()
    ]
    size = sum(np.asarray(array).nbytes for array in kept)
    print(f"\n{learned} parameters; with the optimiser's state {size} bytes")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        _tell(_brief(f"{self.prog}: {message}", 400))
        self.exit(2)


def _parser() -> argparse.ArgumentParser:
    """All that the command line understands."""
    parser = _Parser(description=f"Train and use the model {NAME}.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="fit the model and save it")
    train.set_defaults(command=_train_command)
    for name, default in Model().get_params().items():
        kind = int if default is None else type(default)
        if kind is not bool:
            text = f"{_SETTINGS[name]} ({default})"
            train.add_argument("--" + name.replace("_", "-"), type=kind, help=text)
    if _STANDARDIZES:
        train.add_argument(
            "--no-standardize",
            dest="standardize",
            action="store_false",
            default=None,
            help="leave the features as they are",
        )
    train.add_argument("-o", "--output", default="model.npz", help="what to save")
    train.add_argument("--checkpoint-every", type=int, help="save every so many epochs")
    train.add_argument("--resume", action="store_true", help="go on with the output")
    train.add_argument("--force", action="store_true", help="replace the output")
    train.add_argument("--quiet", action="store_true", help="show no progress")

    summary = commands.add_parser("summary", help="print shapes and sizes")
    summary.set_defaults(command=_summary_command)

    predict = commands.add_parser("predict", help="write predictions as CSV or .npz")
    predict.set_defaults(command=_predict_command)
    predict.add_argument("--model", default="model.npz", help="what train has saved")
    predict.add_argument("-o", "--output", help="a file instead of standard output")

    if _INPUTS or _TARGETS:
        score = commands.add_parser("score", help="print how good the predictions are")
        score.set_defaults(command=_score_command)
        score.add_argument("--model", default="model.npz", help="what train has saved")

        for command in [train, predict, score] if _INPUTS else [train, score]:
            text = "a CSV or .npz file" if _FROM_TABLE else "an .npz file of arrays"
            command.add_argument("data", help=text)
            if _FROM_TABLE and _TARGETS:
                text = "columns to predict"
                command.add_argument("--target", nargs="+", action="extend", help=text)
            if _FROM_TABLE:
                text = "columns to predict from"
                command.add_argument("--features", nargs="+", help=text)
        if _FROM_TABLE:
            text = "leave rows with a missing entry out, or fill in the mean"
            train.add_argument("--missing", choices=["drop", "mean"], help=text)
            text = "leave rows with a missing entry out"
            score.add_argument("--missing", choices=["drop"], help=text)
        if _FROM_TABLE and _WEIGHTED:
            for command in (train, score):
                text = "the column with the weights"
                command.add_argument("--sample-weight", help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 when done, 2 when it can't be done, with one line why."""
    if sys.stdout is None:  # closed, which is as good as not read
        sys.stdout = io.StringIO()
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has seen enough
        _abandon_output()
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except (ArithmeticError, MemoryError, OSError, ValueError) as error:
        _tell(_brief(f"{sys.argv[0]}: {_reason(error)}", 400))
        if isinstance(error, OSError) and error.errno and not error.filename:
            _abandon_output()
        return 2
    return 0


def _abandon_output() -> None:
    """Let what can't be written any more go nowhere, instead of failing at the end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = io.StringIO()


def _reason(error: Exception) -> str:
    """What went wrong, in one line."""
    text = str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and error.filename:
        text = f"there is no file {_brief(error.filename)}"
    elif isinstance(error, OSError) and error.filename:
        text = f"{_brief(error.filename)} can't be read: {error.strerror}"
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
