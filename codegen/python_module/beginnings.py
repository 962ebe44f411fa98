"""`init_params`: one line a parameter, from its initialiser or the example's numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from codegen.program.procedures import Beginning
from codegen.python_module.line_breaking import wrap
from codegen.python_module.tables import UNARY, number_code
from derive.catalogue import INITIALIZER
from derive.catalogue.rows import BIAS_COLUMN
from derive.ir.notation import Tensor
from derive.ir.system import Initializer
from derive.language.parser import read_value
from derive.language.syntax import Fn, Name, Num, Op, Syntax

_HELPED = ("truncated_normal", "orthogonal")
_FIXED = ("values", "eye", "constant")  # distributions from which nothing is drawn


def beginning_lines(beginnings: Sequence[Beginning]) -> list[str]:
    """The body of `init_params` after its docstring."""
    rows: list[str] = []
    for one in beginnings:
        if one.initializer is None:
            code = f"np.array({_nested(one.numbers)}, dtype=DTYPE)"
        else:
            code = _code(one.tensor, one.initializer)
        rows += wrap(f'        "{one.tensor.name}": ', code, "        ", ",")
    drawn = any(_distribution(one) not in _FIXED for one in beginnings)
    lines = ["    rng = np.random.default_rng(seed)"] if drawn else []
    return [*lines, "    return {", *rows, "    }"] if rows else [*lines, "    return {}"]


def drawing_helpers(beginnings: Sequence[Beginning]) -> set[str]:
    """The helper functions that draw numbers."""
    return {f"_{d}" for one in beginnings if (d := _distribution(one)) in _HELPED}


def _distribution(one: Beginning) -> str:
    return INITIALIZER[one.initializer.type].distribution if one.initializer else "values"


def _nested(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_nested(v) for v in value)}]"
    return repr(float(value))


def _code(tensor: Tensor, chosen: Initializer) -> str:
    entry = INITIALIZER[chosen.type]
    attributes = {a.name: a.default for a in entry.attributes} | dict(chosen.attributes)
    shape = [e.number for e in tensor.shape]
    sizes = [n if n is not None else 1 for n in shape]
    if attributes.pop(BIAS_COLUMN, False):
        inner = [*sizes[:-1], sizes[-1] - 1]
        core = _draw(entry, attributes, inner)
        zeros = f"np.zeros(({', '.join(str(s) for s in [*sizes[:-1], 1])}))"
        return f"np.concatenate([{core}, {zeros}], axis=-1).astype(DTYPE)"
    if entry.distribution == "values":
        return f"np.array({_nested(attributes['values'])}, dtype=DTYPE)"
    if entry.distribution == "eye":
        gain = _formula("gain", attributes, sizes)
        eye = f"np.eye({', '.join(map(str, sizes))}, dtype=DTYPE)"
        return eye if gain == "1.0" else f"{gain} * {eye}"
    if entry.distribution == "constant":
        value = _formula(dict(entry.formulas)["value"], attributes, sizes)
        if value == "0":
            return f"np.zeros({_shape(sizes)}, dtype=DTYPE)"
        return f"np.full({_shape(sizes)}, {value}, dtype=DTYPE)"
    return (
        f"{_draw(entry, attributes, sizes)}.astype(DTYPE)"
        if sizes
        else (f"np.asarray({_draw(entry, attributes, sizes)}, dtype=DTYPE)")
    )


def _draw(entry: Any, attributes: dict[str, Any], sizes: list[int]) -> str:
    limits = [_formula(text, attributes, sizes) for _, text in entry.formulas]
    if entry.distribution in _HELPED:
        return f"_{entry.distribution}(rng, {', '.join(limits)}, {_shape(sizes)})"
    return f"rng.{entry.distribution}({', '.join(limits)}, {_shape(sizes)})"


def _shape(sizes: list[int]) -> str:
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(str(s) for s in sizes)})"


def fans(sizes: Sequence[int]) -> dict[str, int]:
    """How many inputs and outputs a unit has.

    A weight is laid out `W[out, in, ...]`; what follows are the places of a window.
    """
    window = prod(sizes[2:])
    fan_out = sizes[0] * window if sizes else 1
    return {"fan_in": (sizes[1] if len(sizes) > 1 else fan_out) * window, "fan_out": fan_out}


def _formula(text: str, attributes: dict[str, Any], sizes: list[int]) -> str:
    """A formula of the catalogue over `fan_in`, `fan_out` and attributes, as NumPy source."""
    return source(read_value(text, "initializer"), {**fans(sizes), **attributes}, _NUMPY)


def source(node: Syntax, values: dict[str, Any], style: Style) -> str:
    """A formula as source, with numbers in the place of names."""
    match node:
        case Num(value=value):
            code, level = style.number(value)
            return code if level >= UNARY else f"({code})"
        case Name(name=name):
            return style.given(values[name])
        case Op(op="neg", args=(one,)):
            return f"-{source(one, values, style)}"
        case Op(op=op, args=(one, other)):
            left, right = (source(n, values, style) for n in (one, other))
            right = f"({right})" if isinstance(other, Op) else right
            return f"{left} {op} {right}"
        case Fn(name=name, args=(one,)):
            return f"{style.functions}{name}({source(one, values, style)})"
        case _:
            raise AssertionError("an initialiser's formula is arithmetic")


@dataclass(frozen=True)
class Style:
    """How numbers of a formula, given values and functions are written."""

    number: Callable[[Fraction], tuple[str, int]]
    given: Callable[[Any], str]
    functions: str


def _given(value: Any) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


_NUMPY = Style(number_code, _given, "np.")
