"""The catalogue: built-in layers, activations, losses, optimisers and initialisers as data.

A row is forward equations and facts. To add one, write it in its family's file and name it in
that file's tuple; everything else follows from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.catalogue import activations, distributions, initializers, losses, optimizers
from derive.catalogue.layers import (
    attention,
    convolution,
    dense,
    embedding,
    normalisation,
    pooling,
    recurrent,
    shape,
    train_or_infer,
    transformer,
)
from derive.catalogue.other_libraries import known_type
from derive.catalogue.rows import (
    REQUIRED,
    Attribute,
    Distribution,
    Entry,
    EntryInfo,
    Initial,
    Loss,
    Optimizer,
    Row,
    Use,
    defaults,
)
from derive.errors import ChainruleError, shorten
from derive.ir.names import next_of
from derive.ir.notation import affine

LAYERS: tuple[Entry, ...] = (
    *dense.LAYERS,
    *embedding.LAYERS,
    *shape.LAYERS,
    *convolution.LAYERS,
    *pooling.LAYERS,
    *normalisation.LAYERS,
    *train_or_infer.LAYERS,
    *recurrent.LAYERS,
    *attention.LAYERS,
    *transformer.LAYERS,
)
ACTIVATIONS: tuple[Entry, ...] = activations.ACTIVATIONS
LOSSES: tuple[Loss, ...] = losses.LOSSES
OPTIMIZERS: tuple[Optimizer, ...] = optimizers.OPTIMIZERS
INITIALIZERS: tuple[Initial, ...] = initializers.INITIALIZERS
DISTRIBUTIONS: tuple[Distribution, ...] = distributions.DISTRIBUTIONS

# A layer without an entry: its equations stand in the spec.
OWN = "equation"
_COMMON = "schedules, warm-up and clipping are as sgd's"

LAYER: Mapping[str, Entry] = {e.name: e for e in (*LAYERS, *ACTIVATIONS)}
ACTIVATION: Mapping[str, Entry] = {e.name: e for e in ACTIVATIONS}
LOSS: Mapping[str, Loss] = {e.name: e for e in LOSSES}
OPTIMIZER: Mapping[str, Optimizer] = {e.name: e for e in OPTIMIZERS}
INITIALIZER: Mapping[str, Initial] = {n: e for e in INITIALIZERS for n in (e.name, *e.aliases)}
DISTRIBUTION: Mapping[str, Distribution] = {e.name: e for e in DISTRIBUTIONS}

_OWN = Entry(
    name=OWN,
    about="a layer by its own equations: input x, output y, batch letter n; letters whose extent "
    "nothing fixes are its attributes, such as i = 8",
    equations="",
    attributes=(
        Attribute("equations", "text", "the equations, one a line"),
        Attribute("parameters", "names", "the tensors that are learned", default=()),
        Attribute("inputs", "names", "the layers that it reads, by these names", default=("x",)),
    ),
)
_FAMILIES: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("layer", (LAYERS[0], _OWN, *LAYERS[1:])),
    ("activation", ACTIVATIONS),
    ("loss", LOSSES),
    ("optimizer", OPTIMIZERS),
    ("initializer", INITIALIZERS),
)


def entries() -> tuple[EntryInfo, ...]:
    """The whole catalogue, in its order."""
    return tuple(_info(kind, row) for kind, rows in _FAMILIES for row in rows)


def describe(name: str) -> EntryInfo:
    """One entry. Raises `ChainruleError` for a name that isn't there."""
    for kind, rows in _FAMILIES:
        for row in rows:
            if name == row.name or (isinstance(row, Initial) and name in row.aliases):
                return _info(kind, row)
    known = [OWN, *LAYER, *LOSS, *OPTIMIZER, *INITIALIZER]
    raise ChainruleError(
        f"'{shorten(name)}' is not in the catalogue"
        f"{known_type(name, known) or '; chainrule layers lists it'}"
    )


def _info(kind: str, row: Row) -> EntryInfo:
    if isinstance(row, Initial):
        formulas = ", ".join(f"{n} = {t}" for n, t in row.formulas)
        return EntryInfo(row, kind, row.about, ((row.distribution, formulas),), row.attributes)
    if isinstance(row, Optimizer):
        is_alone = row is OPTIMIZERS[0] or row.curvature
        about = row.about if is_alone else f"{row.about}; {_COMMON}"
        return EntryInfo(row, kind, about, _forms(row), _attributes(row), ("w", "g"), next_of("w"))
    use = _use(row, defaults(row.attributes))
    if isinstance(row, Loss):
        inputs, output = ((*row.usual_inputs, "t") if row.target else row.usual_inputs), "E"
    else:
        inputs, output = (("x1", "x2", "...") if row.many else row.usual_inputs), row.output
    return EntryInfo(
        row,
        kind,
        row.about,
        _forms(row),
        row.attributes,
        inputs,
        output,
        row.parameters_of(use),
        row.assumed_of(use) if isinstance(row, Loss) else "",
    )


def _use(row: Entry | Loss | Optimizer, attributes: Mapping[str, Any]) -> Use:
    """A small use: the inputs that the entry then has, in the shapes of its page, a batch of 5."""
    if isinstance(row, Optimizer):
        return Use(attributes, ((affine(5), affine(3)),))
    many = isinstance(row, Entry) and row.many
    names = ("x1", "x2") if many else row.inputs_of(attributes)[0]
    shapes = tuple(tuple(affine(k) for k in (5, *row.example.of(name))) for name in names)
    return Use(attributes, shapes, names)


def _attributes(row: Entry | Loss | Optimizer) -> tuple[Attribute, ...]:
    """The attributes that the entry's page tells of."""
    return tuple(a for a in row.attributes if not a.common or row is OPTIMIZERS[0])


def _forms(row: Entry | Loss | Optimizer) -> tuple[tuple[str, str], ...]:
    """Every text that the entry can have, with the setting that gives it."""
    if isinstance(row.equations, str):
        return (("", row.equations),) if row.equations else ()
    settings: list[tuple[str, dict[str, Any]]] = [("", {})]
    for a in _attributes(row):
        match a.kind:
            case "flag":
                other = not a.default
                settings.append((f"{a.name} = {str(other).lower()}", {a.name: other}))
            case "choice":
                settings.extend(
                    (f'{a.name} = "{c}"', {a.name: c}) for c in a.choices if c != a.default
                )
            case "non-negative":
                settings.append((f"{a.name} above 0", {a.name: 1}))
            case _ if a.sample is not None and a.default is not REQUIRED:
                value = float(a.sample) if isinstance(a.sample, Fraction) else a.sample
                settings.append((f"{a.name} = {value}", {a.name: a.sample}))
    forms: dict[str, str] = {}
    for heading, setting in settings:
        text = row.equations(_use(row, {**defaults(row.attributes), **setting}))
        forms.setdefault(text, heading)
    return tuple((heading, text) for text, heading in forms.items())
