"""Layers as a spec gives them: what each is, with what attributes, and how it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from derive import catalogue
from derive.catalogue.rows import Entry
from derive.errors import shorten
from derive.language.name_check import check_name
from derive.specs.attributes import read_attributes, unknown_type
from derive.specs.losses import own_loss
from derive.specs.schema import (
    Definition,
    LayerSpec,
    ParameterSpec,
    Spec,
    layer_place,
    read_definition,
)
from derive.specs.user_entries import Own, own_entry, read_axes
from derive.specs.wiring import Node

_KEYS = ("type", "name", "inputs", "share")
_ALL_LAYERS = "merge_bias"  # an attribute that the spec may set for every layer that has it


@dataclass(frozen=True)
class Part:
    """An entry with its attributes: a layer, or the activation after it."""

    row: Entry | Own
    attributes: Mapping[str, Any]

    @property
    def entry(self) -> Entry:
        """The layer's entry in the catalogue, or the one made for it."""
        return self.row.entry if isinstance(self.row, Own) else self.row


@dataclass(frozen=True)
class Planned:
    """A layer of the spec, read: `tag` ends the names of its tensors, `base` is its output's.

    `share` tells which parameters are other layers'.
    """

    place: str
    type: str
    part: Part
    activation: Part | None
    reads: tuple[str, ...] | None
    given: str | None
    share: str | Mapping[str, str] = ""
    tag: str = ""
    base: str = ""

    def name(self, local: str) -> str:
        """The system's name of one of its tensors."""
        if self.base:
            return self.base if local == "y" else f"{local}_{self.base}"
        apart = "_" if local[-1].isdigit() and self.tag[0].isdigit() else ""
        return f"{local}{apart}{self.tag}"

    @property
    def called(self) -> str:
        """The layer's name, its number, or its output."""
        return self.given or self.base or self.tag

    def node(self) -> Node:
        """The layer as others see it."""
        names = (self.name(self.part.entry.output), self.name("y"), *filter(None, [self.given]))
        entry = self.part.entry
        first, *others = entry.inputs_of(self.part.attributes)
        wants = 0 if entry.many else len(first)
        if self.type == catalogue.OWN:
            wants = len(self.reads or ("x",))
        return Node(
            self.place, names, self.reads, wants, first, tuple(others), tuple(self._switches())
        )

    def _switches(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The lists of inputs that it would take as well if a flag were set."""
        entry, attributes = self.part.entry, self.part.attributes
        several = callable(entry.inputs)
        for flag in (a.name for a in entry.attributes if a.kind == "flag" and several):
            if not attributes[flag]:
                for names in entry.inputs_of({**attributes, flag: True}):
                    yield flag, names


class LayerReader:
    """Reads the layers and definitions of one spec; problems are added to the list."""

    def __init__(self, spec: Spec, problems: list[str]) -> None:
        self.spec = spec
        self.problems = problems
        self.own: dict[str, Own | None] = {}
        self._define()

    def layers(self) -> list[Planned | None]:
        """Every layer with its name; None for one with which something is wrong."""
        return self._called([self._read(k, layer) for k, layer in enumerate(self.spec.layers)])

    def _define(self) -> None:
        for name, definition in self.spec.define.items():
            place = f"define.{shorten(name)}"
            wrong = check_name(name, "layer")
            if wrong:
                self.problems.append(f"define: {wrong}")
            elif name == catalogue.OWN:
                self.problems.append(
                    f"{place}: every layer by equations is an '{name}'; take another name"
                )
            if any(loss.type == name for loss in self.spec.loss):
                self.own[name] = own_loss(name, definition, place, self.problems)
            else:
                self.own[name] = own_entry(name, definition, place, self.problems)

    def _read(self, position: int, spec: LayerSpec) -> Planned | None:
        """A layer with its attributes; None where something is wrong with it."""
        place = layer_place(position, spec)
        reads = None if spec.inputs is None else tuple(spec.inputs)
        before = len(self.problems)
        more = spec.more
        row: Entry | Own | None
        if spec.type == catalogue.OWN:
            row, more = self._in_place(spec.type, more, reads, place)
        else:
            row = self._find(spec.type, catalogue.LAYER, place, "layer", catalogue.OWN)
        if spec.name is not None:
            wrong = check_name(spec.name, "layer", written=False)
            if wrong:
                self.problems.append(f"{place}.name: {wrong}")
        if row is None:
            return None
        entry = row.entry if isinstance(row, Own) else row
        if any(a.name == _ALL_LAYERS for a in entry.attributes):
            more = {_ALL_LAYERS: self.spec.merge_bias, **more}
        sizes = read_axes(row, more, place, self.problems) if isinstance(row, Own) else {}
        more = {k: v for k, v in more.items() if k not in sizes}
        known = (*(a.name for a in entry.attributes), *_KEYS)
        for key in [k for k in more if k in ParameterSpec.model_fields and k not in known]:
            del more[key]
            self.problems.append(
                f"{place}: '{key}' is a parameter's, not a layer's; write it below "
                f"[parameters.{'W1' if spec.name is None else f'W_{spec.name}'}]"
            )
        attributes = read_attributes(more, entry.attributes, place, self.problems, _KEYS) | sizes
        activation = None
        if entry.activates:
            activation = self._activation(attributes.pop("activation"), f"{place}.activation")
        if len(self.problems) > before:
            return None
        part = Part(row, attributes)
        return Planned(place, spec.type, part, activation, reads, spec.name, spec.share)

    def _find(
        self, name: str, rows: Mapping[str, Entry], place: str, what: str, *more: str
    ) -> Entry | Own | None:
        """A row of the catalogue or a definition, by name; a problem where there is none."""
        if name in self.own:
            return self.own[name]
        if name not in rows:
            self.problems.append(unknown_type(name, [*rows, *more, *self.own], place, what))
        return rows.get(name)

    def _in_place(
        self, name: str, more: Mapping[str, Any], reads: tuple[str, ...] | None, place: str
    ) -> tuple[Own | None, dict[str, Any]]:
        """A layer by equations in place: its inputs go by the names that it gives for them."""
        mine = {k: v for k, v in more.items() if k in Definition.model_fields}
        rest = {k: v for k, v in more.items() if k not in mine}
        before = len(self.problems)
        definition = read_definition(mine, place, self.problems)
        if definition is None or len(self.problems) > before:
            return None, rest
        inputs = reads or ("x",)
        if len(inputs) == 1 and inputs != ("x",):
            inputs = (*inputs, "x")
        return own_entry(name, definition, place, self.problems, inputs=inputs), rest

    def _activation(self, given: Any, place: str) -> Part | None:
        """The activation that follows a layer's sum; None for nothing."""
        if isinstance(given, str):
            given = {"type": given}
        if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
            self.problems.append(f'{place}: write a name in quotes, or {{ type = "...", ... }}')
            return None
        row = self._find(given["type"], catalogue.ACTIVATION, place, "activation")
        if row is None:
            return None
        entry = row.entry if isinstance(row, Own) else row
        if len(entry.usual_inputs) != 1:
            self.problems.append(f"{place}: it has several inputs; write it as a layer of its own")
        rest = {k: v for k, v in given.items() if k != "type"}
        attributes = read_attributes(rest, entry.attributes, place, self.problems, ("type",))
        return None if entry.is_alias else Part(row, attributes)

    def _called(self, layers: Sequence[Planned | None]) -> list[Planned | None]:
        """Names: given ones; numbers for other layers with parameters; else by type, `flatten1`."""
        numbered = 0
        counts: dict[str, int] = {}
        names: dict[str, str] = {x: f"the input '{x}'" for x in self.spec.inputs}
        called: list[Planned | None] = []
        for layer in layers:
            if layer is None:
                called.append(None)
            elif layer.given is not None:
                if layer.given in names:
                    self.problems.append(
                        f"{layer.place}.name: '{layer.given}' is the name of {names[layer.given]} "
                        "too; take another"
                    )
                again = "_" if layer.given in names else ""  # one message is enough
                names.setdefault(layer.given, layer.place)
                called.append(replace(layer, tag=f"_{layer.given}{again}"))
            elif layer.part.entry.parameters or (
                isinstance(layer.part.row, Own) and layer.part.row.given
            ):
                numbered += 1
                called.append(replace(layer, tag=str(numbered)))
            else:
                counts[layer.type] = counts.get(layer.type, 0) + 1
                called.append(replace(layer, base=f"{layer.type}{counts[layer.type]}"))
        return called
