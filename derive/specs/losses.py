"""Losses: one of the catalogue, or equations over `y`, `t` and `E`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from derive import catalogue
from derive.catalogue.rows import Loss, Use
from derive.errors import meant, shorten
from derive.language.instantiate import unknown_names
from derive.language.name_check import check_name
from derive.language.occurrences import tensors_of
from derive.language.shape_inference import Shape
from derive.language.user_numbers import exact
from derive.specs.attributes import read_attributes, unknown_type
from derive.specs.builder import Building
from derive.specs.sample_weights import WEIGHT, put_weights, weighted
from derive.specs.schema import Definition, LossSpec, read_definition
from derive.specs.user_entries import Own, own_entry, read_axes

OUTPUT, TARGET, OBJECTIVE = "y", "t", "E"
TASKS = ("classification", "regression")
INTEGERS = ("classes", "labels")  # the targets that are whole numbers


@dataclass(frozen=True)
class Placed:
    """A loss that has been put in.

    `inputs` are the tensors that it reads as its own, `target` says what its targets are,
    `probabilities` is the tensor that holds them.
    """

    type: str
    inputs: tuple[str, ...]
    target: str
    probabilities: str | None
    task: str


def read_task(task: str, problems: list[str]) -> str:
    """`classification`, `regression`, or nothing."""
    if task and task not in TASKS:
        problems.append(unknown_type(task, TASKS, "task", "task"))
        return ""
    return task


def kind_of_target(shape: Shape, integer: bool) -> str:
    """The kind of a classification's targets, from the shape of the output."""
    if integer:
        return "classes"
    return "binary" if len(shape) < 2 or shape[-1].number == 1 else "one_hot"


def put_loss(
    spec: LossSpec,
    built: Building,
    output: str | None,
    named: Mapping[str, str],
    defined: Mapping[str, Own | None],
    task: str,
    objective: str = OBJECTIVE,
    aim: str = TARGET,
) -> Placed | None:
    """Put the loss in, the target with it; None where it doesn't work.

    `named` are the tensors that it may name as its inputs, by the names of their layers;
    `objective` is what its `E` is called, `aim` what its `t` is.
    """
    problems, place = built.problems, f"loss ({spec.type})" if spec.type else "loss"
    row, given = _row(spec, place, defined, problems)
    if row is None:
        return None
    before = len(problems)
    attributes = _attributes(row, given, place, problems)
    if len(problems) > before or output is None or output not in built.shapes:
        return None
    inputs = _inputs(spec, row, attributes, place, output, named, problems)
    if inputs is None or any(tensor not in built.shapes for tensor in inputs.values()):
        return None
    use = Use(attributes, tuple(built.shapes[tensor] for tensor in inputs.values()))
    fixed = {}
    aimed = row.target_of(use) if isinstance(row, Loss) else TARGET in tensors_of(row.equations)
    if aimed:
        built.claim(aim, "the target of the loss")
        built.roles[aim] = "target"
        fixed = {TARGET: aim}
    if isinstance(row, Own):
        problems.extend(unknown_names(row.equations, {OUTPUT, TARGET, *row.tensors, *built.shapes}))
        if len(problems) > before:
            return None

    name = partial(_free, built, objective)
    rewrite = weighted if spec.sample_weight else None
    names = built.put(row, attributes, inputs, name, place, fixed, rewrite=rewrite)
    if names is None:
        return None
    if built.shapes.get(objective) != ():
        problems.append(f"{place}: the objective '{OBJECTIVE}' has axes; sum over them")
        return None
    target, probabilities = "real", None
    if isinstance(row, Loss):
        assumed = row.assumed_of(use)
        if assumed:
            built.training.assumed[assumed.replace(f"{TARGET}[", f"{aim}[")] = None
        built.origin.cite(row.name, row.source)
        target = row.target_of(use) or target
        probabilities = {**inputs, **names}.get(row.probabilities)
        if target in INTEGERS:
            built.integers.add(aim)
    result = Placed(spec.type or "equation", tuple(inputs.values()), target, probabilities, task)
    return _for_task(
        result, kind_of_target(built.shapes[output], aim in built.integers), output, problems
    )


def _attributes(
    row: Loss | Own, given: Mapping[str, Any], place: str, problems: list[str]
) -> dict[str, Any]:
    """The attributes that a spec gives, the extents of a user's loss among them."""
    if isinstance(row, Loss):
        return read_attributes(given, row.attributes, place, problems, ("type",))
    sizes = read_axes(row, given, place, problems)
    rest = {k: v for k, v in given.items() if k not in sizes}
    return read_attributes(rest, row.entry.attributes, place, problems, ("type",)) | sizes


def _free(built: Building, objective: str, local: str) -> str:
    """A free name in the system for a tensor of the loss."""
    if local == OBJECTIVE:
        return objective
    if local in built.taken:
        local = f"{local}_loss"
    while local in built.taken:
        local += "_"
    return local


def _for_task(placed: Placed, kind: str, output: str, problems: list[str]) -> Placed:
    """The loss of a model for this task; `kind` is that of the classes the output stands for."""
    target, probabilities, task = placed.target, placed.probabilities, placed.task
    if target == "labels":
        if task == "classification":
            problems.append("task: what is predicted isn't one of the labels; take it out")
        target = "real"
    if target == "real" and task == "classification":
        target, probabilities = kind, output
    if task == "regression" and target == "classes":
        problems.append('task: with targets = "classes" the model is a classifier; take it out')
    elif task == "regression":
        target, probabilities = "real", None
    task = task or ("regression" if target == "real" else "classification")
    return replace(placed, target=target, probabilities=probabilities, task=task)


def put_losses(
    specs: Sequence[LossSpec],
    built: Building,
    output: str | None,
    named: Mapping[str, str],
    defined: Mapping[str, Own | None],
    task: str,
    parts: bool,
) -> tuple[Placed | None, tuple[tuple[Fraction, str], ...]]:
    """All losses: what the first one is, and (factor, tensor) of each part of the objective.

    Where there is one and no other `parts`, it is the objective itself.
    """
    problems = built.problems
    if not specs:
        problems.append('loss: it is missing; add [loss] with type = "squared_error"')
        return None, ()
    parts = parts or len(specs) > 1 or specs[0].factor is not None
    weighs = any(spec.sample_weight for spec in specs)
    if weighs:
        put_weights(built)
    placed: list[Placed | None] = []
    result: list[tuple[Fraction, str]] = []
    for k, spec in enumerate(specs, 1):
        place = f"loss[{k}]" if len(specs) > 1 else "loss"
        name = f"{OBJECTIVE}{k if len(specs) > 1 else 0}" if parts else OBJECTIVE
        judged = output
        if spec.of is not None:
            judged = named.get(spec.of)
            if judged is None:
                cure = meant(spec.of, named) or f"; known: {', '.join(named)}"
                problems.append(f"{place}.of: unknown layer '{shorten(spec.of)}'{cure}")
                continue
        aim = spec.target or (TARGET if k == 1 else f"{TARGET}{k}")
        wrong = check_name(aim)
        if wrong:
            problems.append(f"{place}.target: {wrong}")
            continue
        factor = (
            Fraction(1) if spec.factor is None else exact(spec.factor, f"{place}.factor", problems)
        )
        asked = task if k == 1 else ""  # the first loss says what is predicted
        placed.append(put_loss(spec, built, judged, named, defined, asked, name, aim))
        result.append((factor, name))
    if None in placed or len(placed) < len(specs):
        return None, ()
    if weighs:
        built.roles[WEIGHT] = "target"  # after the targets, and so a function's last argument
    first = placed[0]
    assert first is not None
    read = tuple(t for p in placed if p for t in p.inputs)
    return replace(first, inputs=read), tuple(result) if parts else ()


def _inputs(
    spec: LossSpec,
    row: Loss | Own,
    attributes: Mapping[str, Any],
    place: str,
    output: str,
    named: Mapping[str, str],
    problems: list[str],
) -> dict[str, str] | None:
    """The inputs of a loss beside the target, by its own names; the network's output is `y`."""
    wanted = row.inputs_of(attributes)[0] if isinstance(row, Loss) else (OUTPUT,)
    if isinstance(row, Own) and spec.inputs is not None:
        problems.append(f"{place}.inputs: a loss reads y and t by these names; take this out")
        return None
    if spec.inputs is None and wanted == (OUTPUT,):
        return {OUTPUT: output}
    given = spec.inputs or []
    if len(given) != len(wanted):
        listed = ", ".join(f'"{name}"' for name in wanted)
        problems.append(
            f"{place}: it takes {len(wanted)} inputs ({', '.join(wanted)}) and would get "
            f"{len(given) or 1}; name them, such as inputs = [{listed}]"
        )
        return None
    unknown = [x for x in given if x not in named]
    problems.extend(
        f"{place}.inputs: unknown layer '{shorten(x)}'"
        f"{meant(x, named) or '; known: ' + ', '.join(named)}"
        for x in unknown
    )
    return None if unknown else {w: named[x] for w, x in zip(wanted, given, strict=True)}


def _row(
    spec: LossSpec, place: str, defined: Mapping[str, Own | None], problems: list[str]
) -> tuple[Loss | Own | None, dict[str, Any]]:
    """The loss that a spec asks for, and the attributes that it gives."""
    mine = {k: v for k, v in spec.more.items() if k in Definition.model_fields}
    rest = {k: v for k, v in spec.more.items() if k not in mine}
    if spec.type is not None:
        if spec.type in defined:
            return defined[spec.type], spec.more
        if spec.type not in catalogue.LOSS:
            problems.append(unknown_type(spec.type, [*catalogue.LOSS, *defined], place, "loss"))
        return catalogue.LOSS.get(spec.type), spec.more
    if "equations" not in mine:
        problems.append(
            'loss: it has no type and no equations; add type = "squared_error", or '
            "equations over y and t that define E"
        )
        return None, rest
    before = len(problems)
    definition = read_definition(mine, place, problems)
    if definition is None or len(problems) > before:
        return None, rest
    return own_loss("equation", definition, place, problems), rest


def own_loss(name: str, definition: Definition, place: str, problems: list[str]) -> Own | None:
    """A loss by own equations, which may read every tensor of the network."""
    if definition.inputs:
        problems.append(f"{place}.inputs: a loss reads y and t by these names; take this out")
    return own_entry(name, definition, place, problems, None, (OUTPUT, TARGET), OBJECTIVE)
