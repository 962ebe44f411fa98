"""`chainrule layers`: the catalogue as text, the gradients of an entry derived on the spot.

An entry is put into a net of its own with a few units, differentiated, and told in its own names.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from derive import catalogue
from derive.calculus.differentiate import differentiate
from derive.catalogue.other_libraries import called_here
from derive.catalogue.rows import KINDS, REQUIRED, Attribute, EntryInfo, Initial, defaults
from derive.errors import ChainruleError
from derive.ir.names import adjoint_of
from derive.ir.system import Initializer, System
from derive.language.printer import equation_text
from derive.specs.load import load

WIDTH = 80
_WORD = re.compile(r"[^\W\d]\w*")
_LEFT = re.compile(r"^(\w+)[^=]*=", re.MULTILINE)  # what an entry's equation gives
_TAG = re.compile(r"(?<=\d)_1$|1$")  # what the net's first layer adds to a name
_KINDS = {
    "layer": "layers",
    "activation": "activations (each is a layer, too)",
    "loss": "losses",
    "optimizer": "optimisers",
    "initializer": "initialisers",
}


def catalogue_page(found: Sequence[EntryInfo] | None = None, width: int = WIDTH) -> str:
    """Every entry, or those found, with a line on what it is; of any length where `width` is 0."""
    lines = []
    for kind, group in groupby(catalogue.entries() if found is None else found, key=_kind):
        family = list(group)
        longest = max(len(e.name) for e in family)
        rows = (_row(e.name.ljust(longest), e.about, width) for e in family)
        lines += ["", _KINDS[kind], *rows]
    lines += ["", "chainrule layers NAME shows one: equations, gradients, attributes, source"]
    return "\n".join(lines[1:]) + "\n"


def _kind(info: EntryInfo) -> str:
    return info.kind


def _row(name: str, about: str, width: int) -> str:
    if width:
        about = textwrap.shorten(about, width - len(name) - 4, placeholder=" ...")
    return f"  {name}  {about}"


def looked_up(word: str) -> tuple[EntryInfo, ...]:
    """The entries that a word means: one by its name, here or elsewhere, a group, or a search.

    Raises `ChainruleError` where nothing is found.
    """
    every = catalogue.entries()
    groups = {name: kind for kind, title in _KINDS.items() for name in (kind, title.split()[0])}
    kind = groups.get(word.lower().replace("optimizers", "optimizer"))
    if kind is not None:
        return tuple(e for e in every if e.kind == kind)
    try:
        return (catalogue.describe(word),)
    except ChainruleError:
        elsewhere = called_here(word, [e.name for e in every])
        if elsewhere is not None:
            return (catalogue.describe(elsewhere),)
        found = tuple(e for e in every if word.lower() in f"{e.name} {e.about}".lower())
        if not found:
            raise
        return found


def entry_data(info: EntryInfo) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "name": info.name,
        "kind": info.kind,
        "about": info.about,
        "equations": [{"with": condition, "text": text} for condition, text in info.equations],
        "parameters": {p.name: _initial(p.init) for p in info.parameters},
        "attributes": [
            {
                "name": a.name,
                "kind": a.kind,
                "required": a.default is REQUIRED,
                "default": None if a.default is REQUIRED else a.default,
                "choices": list(a.choices),
                "meaning": a.meaning,
            }
            for a in info.attributes
        ],
        "source": info.row.source,
    }


def entry_page(name: str) -> str:
    """All about one entry. Raises `ChainruleError` for a name that isn't there."""
    info = catalogue.describe(name)
    titled = f"{info.name}: {info.about}"
    parts: list[tuple[str, Iterable[str]]] = [
        ("equations", _equations(info)),
        ("parameters", [f"{p.name}  {_initial(p.init)}" for p in info.parameters]),
        ("attributes", [line for a in info.attributes for line in _attribute(a)]),
        ("attributes of every optimiser", _of_every_optimizer(info)),
        (_derived(info), _gradients(info)),
        ("at a kink", _wrapped(info.kink)),
        ("what is assumed of the targets", [info.assumed] if info.assumed else []),
        ("other names", info.row.aliases if isinstance(info.row, Initial) else ()),
        ("source", _wrapped(info.row.source)),
        ("in a spec", _use(info)),
    ]
    lines = [*textwrap.wrap(titled, WIDTH, subsequent_indent="  ")]
    for title, body in parts:
        indented = [f"  {line}" for line in body]
        if indented:
            lines += ["", title, *indented]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH - 2, subsequent_indent=indent)


def _long(text: str) -> list[str]:
    """An equation, broken between its parts where it is too long for a line."""
    return textwrap.wrap(
        text, WIDTH - 2, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _equations(info: EntryInfo) -> Iterator[str]:
    for condition, text in info.equations:
        if condition:
            yield f"{condition}:" if info.kind == "initializer" else f"with {condition}:"
        for line in text.splitlines():
            yield from _long(line)
    if info.name == catalogue.OWN:
        yield "your own, such as y[n,i] = exp(-g[i]*sum(j, (x[n,j] - c[i,j])**2))"


def _initial(initializer: Initializer) -> str:
    given = ", ".join(f"{k} = {_value(v)}" for k, v in initializer.attributes)
    return f"{initializer.type} ({given})" if given else initializer.type


def _attribute(attribute: Attribute) -> list[str]:
    words = [f'"{c}"' for c in attribute.choices]
    kind = KINDS.get(attribute.kind, attribute.kind)
    values = " or ".join(words if attribute.kind == "choice" else [kind, *words])
    default = "required" if attribute.default is REQUIRED else f"{_value(attribute.default)}"
    text = f"{attribute.name} ({default}): {attribute.meaning}; {values}"
    return _wrapped(text, indent="    ")


def _of_every_optimizer(info: EntryInfo) -> list[str]:
    """Those that the first optimiser's page tells of."""
    rows = catalogue.OPTIMIZER[info.name].attributes if info.kind == "optimizer" else ()
    elsewhere = [a.name for a in rows if a not in info.attributes]
    if not elsewhere:
        return []
    first = catalogue.OPTIMIZERS[0].name
    return _wrapped(f"{', '.join(elsewhere)}: as chainrule layers {first} tells")


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple() | list():
            return f"[{', '.join(_value(v) for v in value)}]"
        case None:
            return "none"
        case int():
            return str(value)
        case _:
            return f"{float(value):g}"


# ---- gradients -------------------------------------------------------------------------------


def _derived(info: EntryInfo) -> str:
    given = "" if info.kind == "loss" else f", {adjoint_of(info.output)} being given"
    return f"derivatives of the objective, derived just now{given}"


def _gradients(info: EntryInfo) -> Iterator[str]:
    """Of the usual form, and of each other form that brings something new."""
    if info.kind not in ("layer", "activation", "loss") or info.name == catalogue.OWN:
        return
    known: set[str] = set()
    for condition, _ in info.equations:
        lines = gradient_lines(info, tomllib.loads(condition))
        if condition and not known.issuperset(lines):
            yield f"with {condition}:"
        if not known.issuperset(lines):
            for line in lines:
                yield from _long(line)
        known.update(lines)


def gradient_lines(info: EntryInfo, setting: Mapping[str, Any]) -> list[str]:
    """The derivatives by inputs and parameters, the one by the output being given.

    Behind them stand the values that they name and the entry's own equations don't, such as the `z`
    inside a gate.
    """
    system = load(_alone(info, setting))
    derivation = differentiate(system, of="E" if info.kind == "loss" else system.output)
    own = _own_names(info, system)

    def word(match: re.Match[str]) -> str:
        return own.get(match.group(), match.group())

    lines = [_WORD.sub(word, equation_text(e)) for e in derivation.backward]
    read = {name for line in lines for name in _WORD.findall(line)}
    own_left = {name for _, text in info.equations for name in _LEFT.findall(text)}
    for equation in system.equations:
        name = own.get(equation.tensor, equation.tensor)
        if name not in own_left and not read.isdisjoint((name, adjoint_of(name))):
            lines.append(f"where {_WORD.sub(word, equation_text(equation))}")
    return lines or [f"{adjoint_of(info.inputs[0])}[n,...] = {adjoint_of(info.output)}[n,...]"]


def _alone(info: EntryInfo, setting: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with this entry and nothing else that has a derivative."""
    needed = {a.name: a.usual for a in info.attributes if a.default is REQUIRED}
    attributes = {**defaults(info.attributes), **setting}
    if info.kind == "loss":
        judge = catalogue.LOSS[info.name]
        reads = judge.inputs_of(attributes)[0]
        layer: dict[str, Any] = {"type": "identity", "inputs": [reads[0]]}
        loss = {"type": info.name, "inputs": list(reads), **setting}
        inputs = {name: list(judge.example.of(name)) for name in reads}
    else:
        row = catalogue.LAYER[info.name]
        names = ("x1", "x2") if row.many else row.inputs_of(attributes)[0]
        inputs = {name: list(row.example.of(name)) for name in names}
        layer = {"type": info.name, "inputs": list(inputs), **needed, **setting}
        loss = {"type": "squared_error"}
    return {"name": info.name, "inputs": inputs, "layers": [layer], "loss": loss}


def _own_names(info: EntryInfo, system: System) -> dict[str, str]:
    """What a tensor of the net is called in the entry: W for W1, y for sigmoid1."""
    own = {}
    if info.kind != "loss":
        for name in system.origin.layers[0].tensors:
            local = _TAG.sub("", name).removesuffix(f"_{info.name}")
            own[name] = info.output if local == info.name else local
    return {**own, **{adjoint_of(name): adjoint_of(local) for name, local in own.items()}}


def _use(info: EntryInfo) -> list[str]:
    """How a spec names the entry."""
    needed = [
        f"{a.name} = {_value(a.usual)}"
        for a in info.attributes
        if a.default is REQUIRED and a.kind != "text"
    ]
    match info.kind:
        case "layer" | "activation":
            rows = ["[[layers]]", f'type = "{info.name}"', *needed]
        case "loss" | "optimizer":
            rows = [f"[{info.kind}]", f'type = "{info.name}"', *needed]
        case _:
            # two show how it is written
            given = [f"{a.name} = {_value(_sample(a))}" for a in info.attributes[:2]]
            name = f'"{info.name}"'
            table = f"{{ {', '.join((f'type = {name}', *given))} }}"
            rows = ["[parameters.W1]", f"init = {table if given else name}"]
    if info.name == catalogue.OWN:
        rows += ['equations = "y[n,i] = ..."', 'parameters = ["c", "g"]']
    reads = catalogue.LOSS[info.name].usual_inputs if info.kind == "loss" else ()
    if len(reads) > 1:
        rows.append(f"inputs = {_value(reads)}")
    if info.inputs == ("x1", "x2", "..."):
        rows.append('inputs = ["first", "second"]')
    elif info.kind == "layer" and len(info.inputs) > 1:
        rows.append(f"inputs = {_value(info.inputs)}")
    return rows


def _sample(attribute: Attribute) -> Any:
    plain = attribute.default is REQUIRED and attribute.sample is None
    return 1 if plain else attribute.usual
