"""The schema of a spec: its keys and their kinds. Their meaning is `network.py`'s and `load`'s.

Errors are told in our own words, all at once, each with the place as a spec's author sees it:
`layers[2] (dense): unknown key 'unit'; did you mean 'units'?`. Layers count from 1, as `W1` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from derive.errors import nearest, shorten, shown
from derive.specs.attributes import unknown_key


def _text(value: Any) -> Any:
    """Equations: one text, or a list of lines."""
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return "\n".join(value)
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is no text; write equations = "y[n,i] = ..."')
    return value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _names(value: Any) -> Any:
    """A list of names."""
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is no list; write [{_quoted(value)}]")
    if not isinstance(value, list | tuple):
        raise ValueError(f'{shown(value)} is no list of names; write ["x"]')
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"{shown(item)} is no name; write it in quotes")
    return list(value)


def _distinct(value: Any) -> Any:
    """A list of names, each once."""
    names = _names(value)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{shorten(name)}' stands twice; take one out")
    return names


def _letters(value: Any) -> Any:
    return [value] if isinstance(value, str) else _distinct(value)


def _rows(value: Any) -> Any:
    """A list of names, or a table with a row for each."""
    return value if isinstance(value, Mapping) else {name: {} for name in _distinct(value)}


def _inputs(value: Any) -> Any:
    """A table of extents per sample, or a list of names (equation models)."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(_distinct(value))
    for name, shape in value.items():
        if not isinstance(shape, list | tuple):
            raise ValueError(
                f"the extents of '{shorten(str(name))}' are no list; write "
                f"{shorten(str(name))} = [2], the batch not counted"
            )
        for extent in shape:
            if isinstance(extent, bool) or not isinstance(extent, int | str):
                raise ValueError(
                    f"{shown(extent)} in '{shorten(str(name))}' is no extent; give an integer, or "
                    "a letter for what is known at run time only"
                )
    return {name: list(shape) for name, shape in value.items()}


def _typed(value: Any) -> Any:
    """A name, or a table with a type and its attributes."""
    if not isinstance(value, str | Mapping | BaseModel):
        raise ValueError(
            f'{shown(value)} is no type; write a name in quotes, or {{ type = "..." }}'
        )
    return {"type": value} if isinstance(value, str) else value


def _losses(value: Any) -> Any:
    """One loss or several."""
    return [_typed(v) for v in value] if isinstance(value, list | tuple) else [_typed(value)]


def _quoted(text: str) -> str:
    return '"' + shorten(text) + '"'


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | list[str])]
Names = Annotated[list[str], BeforeValidator(_distinct)]
Letters = Annotated[list[str], BeforeValidator(_letters, json_schema_input_type=str | list[str])]
Inputs = Annotated[
    dict[str, list[int | str] | None],
    BeforeValidator(_inputs, json_schema_input_type=dict[str, list[int | str]] | list[str]),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Open(BaseModel):
    """A table with further keys, which depend on its type."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    @property
    def more(self) -> dict[str, Any]:
        """The further keys."""
        return dict(self.__pydantic_extra__ or {})


class Setting(_Open):
    """A type of the catalogue and its attributes."""

    type: str


OneSetting = Annotated[
    Setting | None, BeforeValidator(_typed, json_schema_input_type=Setting | str | None)
]


class ParameterSpec(_Strict):
    """A parameter's table: its initialiser, whether it is trained, and what its size costs."""

    init: OneSetting = None
    trainable: bool = True
    l1: Any = None
    l2: Any = None


Parameters = Annotated[
    dict[str, ParameterSpec],
    BeforeValidator(_rows, json_schema_input_type=dict[str, ParameterSpec] | list[str]),
]


class RandomSpec(_Open):
    """A random tensor."""

    distribution: str


class Definition(_Strict):
    """A layer, activation or loss by its own equations.

    `functions` tells which function a letter is, where the equations are LaTeX.
    """

    equations: Text
    functions: dict[str, str] = {}
    inputs: Names = []
    parameters: Parameters = {}
    buffers: Parameters = {}
    integers: Names = []
    random: dict[str, RandomSpec] = {}
    constants: dict[str, Any] = {}


class LayerSpec(_Open):
    """One layer; what other keys it has depends on its type.

    `share` names parameters of other layers: all of one layer's, or each by its own name.
    """

    type: str
    name: str | None = None
    share: str | dict[str, str] = {}
    inputs: Annotated[list[str] | None, BeforeValidator(_names)] = None


class LossSpec(_Open):
    """A loss: a type, or equations; `inputs` names what a loss reads that reads several.

    Of several losses each may say whose output it judges (`of`), what its target is called, and
    by what factor it counts. `sample_weight` makes its mean over the batch a weighted one.
    """

    type: str | None = None
    inputs: Annotated[list[str] | None, BeforeValidator(_names)] = None
    of: str | None = None
    target: str | None = None
    factor: Any = None
    sample_weight: bool = False


Losses = Annotated[
    list[LossSpec],
    BeforeValidator(_losses, json_schema_input_type=LossSpec | str | list[LossSpec | str]),
]


class NetworkKeys(_Strict):
    """What only a network has."""

    layers: Annotated[list[LayerSpec], BeforeValidator(_listed)] = []
    define: dict[str, Definition] = {}
    loss: Losses = []
    merge_bias: bool = False
    init: str = ""


class EquationKeys(_Strict):
    """What only a model by equations alone has."""

    equations: Text | None = None
    functions: dict[str, str] = {}
    objective: str | None = None
    sizes: dict[str, Any] = {}
    batch: Letters = []
    targets: Names = []
    buffers: Parameters = {}
    random: dict[str, RandomSpec] = {}


class TensorKeys(_Strict):
    """What both say of their tensors."""

    inputs: Inputs = {}
    integers: Names = []
    constants: dict[str, Any] = {}
    parameters: Parameters = {}
    assume: Names = []
    output: str | None = None
    example: dict[str, Any] = {}


class Spec(EquationKeys, NetworkKeys, TensorKeys):
    """A whole spec: a network of layers, or a model by equations alone."""

    name: str = "model"
    task: str = ""
    notes: Names = []
    optimizer: OneSetting = None

    @property
    def is_network(self) -> bool | None:
        """Whether it has layers or equations; None where it has both or neither."""
        layers, equations = ("layers" in self.model_fields_set, self.equations is not None)
        return layers if layers != equations else None


_SHAPES = {
    "string_type": "no text; write it in quotes",
    "list_type": "no list; write it in [ ]",
    "dict_type": "no table; write it as { key = value }",
    "model_type": "no table; write it as { key = value }",
    "bool_type": "neither; write true or false",
}
_MODELS: dict[str, type[BaseModel]] = {
    "define": Definition,
    "parameters": ParameterSpec,
    "buffers": ParameterSpec,
}


def read_spec(data: Mapping[str, Any], problems: list[str]) -> Spec | None:
    """A spec from a table; None where so much is wrong with its keys that no more can be said."""
    result = _validated(Spec, data, "", problems)
    return result if isinstance(result, Spec) else None


def read_definition(data: Mapping[str, Any], place: str, problems: list[str]) -> Definition | None:
    """A layer's or a loss's own equations."""
    result = _validated(Definition, data, place, problems)
    return result if isinstance(result, Definition) else None


def _validated(
    model: type[BaseModel], data: Any, place: str, problems: list[str]
) -> BaseModel | None:
    """The model; where only keys are unknown, as if they had been written as they were meant."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = error.errors()
    except RecursionError:
        problems.append(f"{place or 'spec'}: this is nested too deeply; take some brackets out")
        return None
    problems.extend(dict.fromkeys(_worded(e, model, place, data) for e in errors))
    if any(e["type"] != "extra_forbidden" for e in errors):
        return None
    try:
        return model.model_validate(_mended(data, errors, model))
    except ValidationError:
        return None


def _mended(data: Any, errors: Sequence[ErrorDetails], model: type[BaseModel]) -> Any:
    unknown = {tuple(e["loc"]) for e in errors}

    def mend(part: Any, path: tuple[int | str, ...]) -> Any:
        if isinstance(part, Mapping):
            result = {}
            for key, value in part.items():
                if (*path, key) not in unknown:
                    result[key] = mend(value, (*path, key))
            for key, value in part.items():
                near = nearest(str(key), _known(path, model))
                if (*path, key) in unknown and near:
                    result.setdefault(near, value)
            return result
        if isinstance(part, list | tuple):
            return [mend(p, (*path, k)) for k, p in enumerate(part)]
        return part

    return mend(data, ())


def _worded(error: ErrorDetails, model: type[BaseModel], place: str, whole: Any) -> str:
    """One error of pydantic's in our words."""
    path = [p for p in error["loc"] if not (isinstance(p, str) and p.startswith("function-"))]
    kind = error["type"]
    if kind == "extra_forbidden":
        where = _place(path[:-1], place, whole)
        return unknown_key(str(path[-1]), _known(path[:-1], model), where)
    if kind == "missing":
        where = _place(path[:-1], place, whole)
        return f"{where}: '{path[-1]}' is missing; add {path[-1]} = \"...\""
    where = _place(path, place, whole)
    if kind == "value_error":
        return f"{where}: {error['ctx']['error']}"
    if kind == "string_type" and path and path[-1] == "[key]":
        return f"{where}: the key {shown(error['input'])} is no text; write it in quotes"
    return f"{where}: {shown(error['input'])} is {_SHAPES.get(kind, 'not fit to stand here')}"


def _known(path: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    for key in path:
        model = _MODELS.get(str(key), model)
    return list(model.model_fields)


def _place(path: Sequence[str | int], place: str, whole: Any) -> str:
    """`layers[2] (dense).name`, as an author would say it."""
    shown_place = place
    for k, part in enumerate(path):
        if part == "[key]":
            break
        if isinstance(part, int) and isinstance(_at(whole, path[:k]), list | tuple):
            shown_place += f"[{part + 1}]"
            row = _at(whole, path[: k + 1])
            if isinstance(row, Mapping) and isinstance(row.get("type"), str):
                shown_place += f" ({shorten(row['type'])})"
        elif part != 0 or path[:k] != ["loss"]:  # one loss is read as a list of one
            shown_place += f".{shorten(str(part))}" if shown_place else shorten(str(part))
    return shown_place or "spec"


def _at(data: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def layer_place(position: int, layer: LayerSpec) -> str:
    """A layer's name in an error; `position` counts from 0."""
    return f"layers[{position + 1}] ({shorten(layer.type)})"
