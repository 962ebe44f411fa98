"""Calls that change an array where it stands, as the assignments that they are.

`np.copyto(a, b)` is `a[:] = b`, `np.add(x, y, out=a)` is `a[:] = np.add(x, y)`. Of what isn't known
here, such as `a.sort()`, the array that it changes is named, whose value is lost.
"""

from __future__ import annotations

import ast

_SETS = ("copyto", "fill")
_BY_METHOD = ("sort", "partition", "put", "resize", "itemset", "setfield", "byteswap")
_BY_FUNCTION = ("put", "place", "putmask", "fill_diagonal", "shuffle", "put_along_axis")
_IN_NUMPY = ("np", "numpy", "random", "rng")
_OF_TWO = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "matmul", "dot")
_OF_ONE = ("exp", "log", "sqrt", "tanh", "negative", "square", "abs", "sign")


def assignment(call: ast.Call) -> ast.Assign | None:
    """The assignment that a call is; None where it is none."""
    name, of = _callee(call)
    args, options = call.args, [k for k in call.keywords if k.arg != "out"]
    target = next((k.value for k in call.keywords if k.arg == "out"), None)
    value: ast.expr
    if target is not None:
        value = ast.Call(call.func, args, options)
    elif len(args) == {**dict.fromkeys(_OF_TWO, 3), **dict.fromkeys(_OF_ONE, 2)}.get(name):
        target, value = args[-1], ast.Call(call.func, args[:-1], options)
    elif name in _SETS and not options and len(both := [*of, *args]) == len(_SETS):
        target, value = both
    else:
        return None
    whole = ast.Subscript(target, ast.Slice(), ast.Store())
    return ast.fix_missing_locations(ast.copy_location(ast.Assign([whole], value), call))


def changed(call: ast.Call) -> ast.expr | None:
    """The array that a call changes in a way that isn't known here."""
    name, of = _callee(call)
    if of and (name in _BY_METHOD or name.startswith("__i")):
        return of[0]
    if name == "nan_to_num" and any(k.arg == "copy" for k in call.keywords):
        return call.args[0] if call.args else None
    places = name == "at" or name in _BY_FUNCTION
    return call.args[0] if places and not of and call.args else None


def _callee(call: ast.Call) -> tuple[str, list[ast.expr]]:
    """What is called, and the object that it is a method of; of a function of NumPy's none."""
    match call.func:
        case ast.Attribute(value=ast.Attribute(), attr="at"):
            return "at", []
        case ast.Attribute(value=ast.Name(id=home), attr=name) if home in _IN_NUMPY:
            return name, []
        case ast.Attribute(value=ast.Attribute(attr="random"), attr=name):
            return name, []
        case ast.Attribute(value=of, attr=name):
            return name, [of]
        case ast.Name(id=name):
            return name, []
        case _:
            return "", []
