"""What the interpreter makes of a text."""

import math
import re

from derive.semantics.interpreter import evaluate
from derive.semantics.number_systems import FLOATS
from derive.specs.parse import parse

INF = math.inf


def of(text, values, arithmetic=FLOATS, wanted=None, **declared):
    """The array that the last equation of a text defines."""
    # a size that speaks of nothing is refused: the tables give more sizes than each text needs
    sizes = declared.get("sizes", {}).items()
    declared["sizes"] = {
        k: v for k, v in sizes if re.search(rf"\b{k.split('.')[0]}\b", text) or "." in k
    }
    declared.setdefault("inputs", [n for n in values if n not in declared.get("parameters", ())])
    system = parse(text, **declared)
    arrays = evaluate(system.equations, system.table, values, arithmetic)
    return arrays[wanted or text.strip().splitlines()[-1].split("=")[0].split("[")[0].strip()]


def scalar(text, values=None, **declared):
    return of(f"E = {text}", values or {}, **declared).item()


X = [3.0, 1.0, 2.0]
M = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
