"""What a network minimises: a loss of the catalogue, or equations over `y`, `t` and `E`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive import catalogue
from derive.attributes import read_attributes, unknown_type
from derive.building import Building
from derive.catalogue.entry import Loss, Use
from derive.definitions import Own, own_entry, read_axes
from derive.inference import Shape
from derive.instance import tensors_of, unknown_names
from derive.spec import Definition, LossSpec, read_definition

OUTPUT, TARGET, OBJECTIVE = "y", "t", "E"
TASKS = ("classification", "regression")


@dataclass(frozen=True)
class Placed:
    """A loss that has been put in: what its targets are, and which tensor holds probabilities."""

    type: str
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
    """What the targets of a classification are, from the shape of the output."""
    if integer:
        return "classes"
    return "binary" if len(shape) < 2 or shape[-1].number == 1 else "one_hot"


def put_loss(
    spec: LossSpec | None,
    built: Building,
    output: str | None,
    defined: Mapping[str, Own | None],
    task: str,
) -> Placed | None:
    """Put the loss in, the target with it; None where it doesn't work."""
    problems = built.problems
    if spec is None:
        problems.append('loss: it is missing; add [loss] with type = "squared_error"')
        return None
    place = f"loss ({spec.type})" if spec.type else "loss"
    row, given = _row(spec, place, defined, problems)
    if row is None:
        return None
    attributes_of = row.attributes if isinstance(row, Loss) else row.entry.attributes
    before = len(problems)
    sizes = read_axes(row, given, place, problems) if isinstance(row, Own) else {}
    given = {k: v for k, v in given.items() if k not in sizes}
    attributes = read_attributes(given, attributes_of, place, problems, ("type",)) | sizes
    if len(problems) > before or output is None or output not in built.shapes:
        return None
    fixed = {}
    if isinstance(row, Loss) or TARGET in tensors_of(row.equations):
        built.claim(TARGET, "the target of the loss")
        built.roles[TARGET] = "target"
        fixed = {TARGET: TARGET}
    if isinstance(row, Own):
        problems.extend(unknown_names(row.equations, {OUTPUT, TARGET, *row.tensors, *built.shapes}))
        if len(problems) > before:
            return None

    def name(local: str) -> str:
        return local if local == OBJECTIVE or local not in built.taken else f"{local}_loss"

    names = built.put(row, attributes, {OUTPUT: output}, name, place, fixed)
    if names is None:
        return None
    if built.shapes.get(OBJECTIVE) != ():
        problems.append(f"{place}: the objective '{OBJECTIVE}' has axes; sum over them")
        return None
    target, probabilities = "real", None
    if isinstance(row, Loss):
        built.cite(row.name, row.source)
        use = Use(attributes, (built.shapes[output],))
        target = row.target(use) if callable(row.target) else row.target
        probabilities = {OUTPUT: output, **names}.get(row.probabilities)
        if target == "classes":
            built.integers.add(TARGET)
    if target == "real" and task == "classification":
        target = kind_of_target(built.shapes[output], TARGET in built.integers)
        probabilities = output
    if task == "regression" and target == "classes":
        problems.append('task: with targets = "classes" the model is a classifier; take it out')
    elif task == "regression":
        target, probabilities = "real", None
    task = task or ("regression" if target == "real" else "classification")
    return Placed(spec.type or "equation", target, probabilities, task)


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
