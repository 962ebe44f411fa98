"""The keys that a spec gives beside a type, checked against what the catalogue says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from derive.catalogue import DISTRIBUTION, INITIALIZER
from derive.catalogue.other_libraries import key_for, known_key, known_type
from derive.catalogue.rows import KINDS, REQUIRED, Attribute
from derive.errors import meant, shorten, shown
from derive.ir.system import Draw, Initializer
from derive.language.user_numbers import exact, extent

_LEAST = {"extents": 1, "counts": 0}
_WIDTH = 300  # of a list of names in a message


def read_attributes(
    given: Mapping[str, Any],
    attributes: Iterable[Attribute],
    place: str,
    problems: list[str],
    keys: Iterable[str] = (),
) -> dict[str, Any]:
    """Every attribute's value: numbers exact, defaults filled in; problems are added.

    `keys` are further keys that may stand at this place: they count for `did you mean`.
    """
    attributes = tuple(attributes)
    known = [*keys, *(a.name for a in attributes)]
    problems.extend(unknown_key(key, known, place) for key in given if key not in known)
    given = {**_as_meant(given, known), **given}  # one line for what is missing by another name
    before = len(problems)
    values = {a.name: _value(given.get(a.name, a.default), a, place, problems) for a in attributes}
    for a in attributes:
        if a.below and len(problems) == before and values[a.name] >= values[a.below]:
            problems.append(f"{place}: {a.name} is not below {a.below}; exchange them")
    return values


def _as_meant(given: Mapping[str, Any], known: list[str]) -> dict[str, Any]:
    """The values of unknown keys under the keys that were probably meant."""
    near = {key_for(key, known): value for key, value in given.items() if key not in known}
    return {key: value for key, value in near.items() if key is not None}


def unknown_key(key: str, known: Iterable[str], place: str) -> str:
    """The line that tells of a key that nothing reads."""
    known = tuple(known)
    listed = f"; known: {', '.join(known)}" if known else "; take it out"
    return f"{place}: unknown key '{shorten(str(key))}'{known_key(str(key), known) or listed}"


def unknown_type(name: str, known: Iterable[str], place: str, what: str) -> str:
    """The line that tells of a name that the catalogue doesn't have."""
    known = tuple(known)
    listed = f"; known: {', '.join(known)}"
    if len(listed) > _WIDTH:
        listed = "; `chainrule layers` lists what there is"
    return f"{place}: unknown {what} '{shorten(name)}'{known_type(name, known) or listed}"


def _value(value: Any, attribute: Attribute, place: str, problems: list[str]) -> Any:
    where = f"{place}.{attribute.name}"
    if value is REQUIRED:
        problems.append(f"{place}: '{attribute.name}' is missing; add {_sample(attribute)}")
        return attribute.usual
    if value is None and attribute.default is None:
        return None
    match attribute.kind:
        case "extent":
            return extent(value, where, problems)
        case "integer":
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
                problems.append(f"{where}: {shown(value)} is no integer; write one such as 1")
                return 1
        case "flag":
            if not isinstance(value, bool):
                problems.append(f"{where}: {shown(value)} is neither; write true or false")
                return attribute.default
        case "choice":
            if value not in attribute.choices:
                words = " or ".join(f'"{c}"' for c in attribute.choices)
                near = meant(value, attribute.choices) if isinstance(value, str) else ""
                problems.append(f"{where}: {shown(value)} is not known; write {words}{near}")
                return attribute.default
        case "number" | "positive" | "non-negative" | "probability":
            return _number(value, attribute, where, problems)
        case "numbers":
            return _numbers(value, attribute, where, problems)
        case "extents" | "counts" | "integers":
            return _integers(value, attribute, where, problems)
        case _:
            pass
    return value


def _integers(value: Any, attribute: Attribute, where: str, problems: list[str]) -> Any:
    """An integer, several as a tuple, or one of the attribute's words."""
    if isinstance(value, str) and value in attribute.choices:
        return value
    several = isinstance(value, list | tuple)
    least = _LEAST.get(attribute.kind, 1 - 2**31)
    result = tuple(value) if several else (value,)
    fit = (isinstance(v, int) and not isinstance(v, bool) and least <= v < 2**31 for v in result)
    if result and all(fit):
        return result if several else value
    words = "".join(f', or "{c}"' for c in attribute.choices)
    near = meant(value, attribute.choices) if isinstance(value, str) else ""
    wanted = KINDS[attribute.kind]
    problems.append(f"{where}: {shown(value)} doesn't fit; write {wanted}{words}{near}")
    return attribute.usual


def _numbers(value: Any, attribute: Attribute, where: str, problems: list[str]) -> Any:
    if not isinstance(value, list | tuple) or not value:
        problems.append(f"{where}: {shown(value)} is no list of numbers; write one such as [1, 2]")
        return attribute.usual
    return tuple(exact(v, f"{where}[{k}]", problems) for k, v in enumerate(value, 1))


def _number(value: Any, attribute: Attribute, where: str, problems: list[str]) -> Fraction:
    before = len(problems)
    number = exact(value, where, problems)
    if len(problems) > before:
        return Fraction(1)
    if attribute.kind == "positive" and number <= 0:
        problems.append(f"{where}: {shown(value)} is not above 0; write a number such as 0.1")
    if attribute.kind == "non-negative" and number < 0:
        problems.append(f"{where}: {shown(value)} is below 0; write 0 or a number above it")
    if attribute.kind == "probability" and not 0 <= number <= 1:
        problems.append(f"{where}: {shown(value)} is no probability; write a number from 0 to 1")
    return number


def _sample(attribute: Attribute) -> str:
    number = attribute.kind in ("extent", "extents", "counts", "integers")
    value = attribute.usual if number else 0.5
    return f"{attribute.name} = {list(value) if isinstance(value, tuple) else value}"


def read_initializer(
    type_: str, given: Mapping[str, Any], place: str, problems: list[str]
) -> Initializer:
    """An initialiser by its name in the catalogue and its attributes."""
    row = INITIALIZER.get(type_)
    if row is None:
        problems.append(unknown_type(type_, INITIALIZER, place, "initialiser"))
        return Initializer("zeros")
    values = read_attributes(given, row.attributes, place, problems)
    return Initializer(row.name, tuple(sorted(values.items())))


def read_draw(type_: str, given: Mapping[str, Any], place: str, problems: list[str]) -> Draw:
    """The distribution of a random tensor."""
    row = DISTRIBUTION.get(type_)
    if row is None:
        problems.append(unknown_type(type_, DISTRIBUTION, place, "distribution"))
        return Draw("normal")
    values = read_attributes(given, row.attributes, place, problems)
    return Draw(row.name, tuple(sorted((k, float(v)) for k, v in values.items())))
