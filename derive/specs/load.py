"""A spec from a file, a text or a table -> System."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from derive import catalogue
from derive.errors import ChainruleError, shorten
from derive.ir.notation import affine
from derive.ir.system import Initializer, System, Training
from derive.language.printer import affine_text
from derive.specs.example import read_example
from derive.specs.exclusive_keys import wrong_keys
from derive.specs.losses import kind_of_target, read_task
from derive.specs.network import build_network
from derive.specs.optimizer import DEFAULT, read_optimizer
from derive.specs.parse import parse
from derive.specs.schema import read_spec
from derive.specs.user_entries import initial

LARGEST_FILE = 5_000_000
_MOST_PARTS = 50  # of a key such as a.b.c


def load(source: str | os.PathLike[str] | Mapping[str, Any], **overrides: Any) -> System:
    """The system of a spec: a TOML file's path, or a table with the same keys.

    `overrides` replace keys of the spec; a table is merged into the spec's table of that name.
    A file's name is the model's where the spec gives none.
    Raises `ChainruleError` with all problems, one line each.
    """
    if isinstance(source, Mapping):
        return _load(source, "", overrides)
    path = Path(source)
    name = shorten(str(path), 200)
    try:
        if path.is_dir():
            raise ChainruleError(f"{name}: this is a folder; give a spec's file, such as net.toml")
        with path.open("rb") as file:
            result = file.read(LARGEST_FILE + 1)
        if len(result) > LARGEST_FILE:
            raise ChainruleError(
                f"{name}: the file has more than {LARGEST_FILE} bytes, which can't be a spec; "
                "shorten it"
            )
        text = result.decode("utf-8-sig")
    except FileNotFoundError:
        raise ChainruleError(f"{name}: there is no such file; {_near(path)}") from None
    except UnicodeDecodeError as error:
        raise ChainruleError(
            f"{name}: byte {error.start + 1} is no UTF-8; save the file as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ChainruleError(f"{name}: this can't be read: {why}; give another file") from None
    title = re.sub(r"^\W+|[^\w .-]", "_", path.stem)[:60] or "model"
    return _load(_read_toml(text, name), name, overrides, title)


def loads(text: str, **overrides: Any) -> System:
    """The system of a spec's TOML text, as `load` has that of a file or a table.

    Raises `ChainruleError` with all problems, one line each.
    """
    return load_text(text, **overrides)


def load_text(text: str, place: str = "spec", **overrides: Any) -> System:
    """The system of a spec's TOML text; `place` is what errors call it."""
    return _load(_read_toml(text, place), place, overrides)


def _read_toml(text: str, place: str) -> dict[str, Any]:
    if len(text) > LARGEST_FILE:
        raise ChainruleError(
            f"{place}: the text has {len(text)} characters, at most {LARGEST_FILE} can be "
            "read; shorten it"
        )
    if _nests_deeply(text):
        raise ChainruleError(
            f"{place}: a key has more than {_MOST_PARTS} parts with dots between them; shorten it"
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ChainruleError(f"{place}: {_toml_problem(str(error))}") from None
    except (ValueError, RecursionError):  # an integer of 4300 digits, brackets in brackets
        raise ChainruleError(
            f"{place}: this TOML can't be read: a number is too long, or brackets are nested too "
            "deeply; shorten it"
        ) from None


def _nests_deeply(text: str) -> bool:
    """Whether a key such as `a.b.c` has so many parts that reading it takes their square."""
    close = ".".join(part.strip(" \t") for part in text.split("."))
    names = re.findall(r"[\w.\-\"']+", close)
    return any(sum(map(bool, name.split("."))) > _MOST_PARTS for name in names)


def _toml_problem(message: str) -> str:
    problem, _, where = message.rpartition(" (at ")
    if not problem:
        return f"no valid TOML: {shorten(message)}; see https://toml.io"
    return f"{where.rstrip(')')}: no valid TOML: {shorten(problem)}; see https://toml.io"


def _near(path: Path) -> str:
    try:
        result = sorted(p.name for p in path.parent.glob("*.toml"))[:5]
    except (OSError, ValueError):
        result = []
    return f"in that folder are {', '.join(result)}" if result else "check the path"


def _load(
    data: Mapping[str, Any], place: str, overrides: Mapping[str, Any], name: str = "model"
) -> System:
    """The system of a table; `name` is the model's where the table has none."""
    try:
        return _System({"name": name, **_merged(data, overrides)}).system()
    except ChainruleError as error:
        if not place:
            raise
        raise ChainruleError(
            *(f"{place}: {p.removeprefix('spec: ')}" for p in error.problems)
        ) from None


def _merged(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(data)
    for key, value in overrides.items():
        old = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(old, Mapping)
        merged[key] = {**old, **value} if both else value  # type: ignore[dict-item]
    return merged


class _System:
    """A spec on its way; every problem is gathered before the first is told."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        spec = read_spec(data, self.problems)
        if spec is None:
            raise ChainruleError(*dict.fromkeys(self.problems))
        self.problems.extend(wrong_keys(spec))
        if spec.is_network is None:
            raise ChainruleError(*dict.fromkeys(self.problems))
        self.spec = spec

    def system(self) -> System:
        spec = self.spec
        training = self.training()
        build = self.network if spec.is_network else self.equations
        try:
            system = build(training)
        except ChainruleError as error:
            self.problems.extend(p for p in error.problems if p not in self.problems)
            raise ChainruleError(*self.problems) from None
        self.check_initializers(system)
        example = read_example(spec.example, system, self.problems)
        if self.problems:
            raise ChainruleError(*dict.fromkeys(self.problems))
        return replace(
            system,
            training=replace(system.training, example=example),
            origin=replace(system.origin, notes=tuple(spec.notes)),
        )

    def training(self) -> Training:
        """The optimiser and its hyper-parameters."""
        given = self.spec.optimizer
        name, more = (given.type, given.more) if given else (DEFAULT, {})
        return Training(
            optimizer=read_optimizer(name, more, self.problems),
            task=read_task(self.spec.task, self.problems),
        )

    def network(self, training: Training) -> System:
        return build_network(self.spec, training, list(self.problems))

    def equations(self, training: Training) -> System:
        """A model by equations alone."""
        spec, problems = self.spec, self.problems
        initializers: list[tuple[str, Initializer]] = []
        frozen = []
        for rows, where, usual in (
            (spec.parameters, "parameters", "normal"),
            (spec.buffers, "buffers", "zeros"),
        ):
            for name, row in rows.items():
                place = f"{where}.{shorten(name)}"
                initializers.append((name, initial(row, place, usual, problems)))
                if not row.trainable:
                    frozen.append(name)
        for name, shape in spec.inputs.items():
            if shape is not None:
                problems.append(
                    f"inputs.{shorten(name)}: extents stand in sizes here; write "
                    f'inputs = ["{shorten(name)}"] and sizes = {{ "{shorten(name)}.1" = 2 }}'
                )
        if spec.objective is None:
            problems.append('objective: it is missing; name what is minimised: objective = "E"')
        system = parse(
            spec.equations or "",
            name=spec.name,
            parameters=list(spec.parameters),
            inputs=list(spec.inputs),
            targets=spec.targets,
            buffers=list(spec.buffers),
            integers=spec.integers,
            constants=spec.constants,
            sizes=spec.sizes,
            batch=spec.batch,
            objective=spec.objective,
            output=spec.output,
            assume=spec.assume,
            functions=spec.functions,
            random={k: {"distribution": v.distribution, **v.more} for k, v in spec.random.items()},
            training=replace(
                training, initializers=tuple(initializers), frozen=tuple(dict.fromkeys(frozen))
            ),
        )
        return self.with_target(system)

    def with_target(self, system: System) -> System:
        """The system with the kind of its targets, where it is a classifier."""
        if system.training.task != "classification" or system.output is None:
            return system
        integer = any(t.integer for t in system.having("target"))
        kind = kind_of_target(system.table[system.output].shape, integer)
        return replace(
            system,
            results=replace(system.results, probabilities=system.output),
            training=replace(system.training, target_kind=kind),
        )

    def check_initializers(self, system: System) -> None:
        """A fan needs two axes, given numbers need one of their length."""
        for name, result in system.training.initializers:
            row = catalogue.INITIALIZER[result.type]
            rank = system.table[name].rank
            if row.distribution == "eye" and rank > 2:
                self.problems.append(
                    f"parameters.{name}: eye needs a parameter with two axes, and "
                    f"'{name}' has {rank}; "
                    'write init = "orthogonal"'
                )
            if rank < row.least_axes:
                self.problems.append(
                    f"parameters.{name}: {row.name} needs a parameter with two axes or more, and "
                    f"'{name}' has {rank}; write init = \"normal\""
                )
            shape = system.table[name].shape
            values = dict(result.attributes).get("values")
            if values is not None and shape != (affine(len(values)),):
                self.problems.append(
                    f"parameters.{name}: {len(values)} values don't fit '{name}', whose extents "
                    f"are ({', '.join(map(affine_text, shape))}); give one for each entry of its "
                    "single axis"
                )
