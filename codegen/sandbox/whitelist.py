"""What a source may say before it is run at all: arrays and arithmetic, nothing of the machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from derive.errors import ChainruleError, shorten

MODULES = ("numpy", "math")
LONGEST = 100_000

# names of Python's that reach further than arithmetic
_NAMES = frozenset(
    """
    __import__ breakpoint compile delattr dir eval exec exit getattr globals help id input locals
    memoryview open object quit setattr super type vars
    """.split()  # noqa: SIM905 - a list of words reads better so
)
# attributes of NumPy's that reach files, memory or other modules
_ATTRIBUTES = frozenset(
    """
    ag_frame core cr_frame ctypes ctypeslib data DataSource distutils dump dumps f2py f_back
    f_builtins f_globals f_locals frombuffer fromfile fromregex genfromtxt get_include gi_frame lib
    load loads loadtxt memmap os rec save savetxt savez savez_compressed show_config source sys
    tb_frame test testing tofile typing
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Call:
    """A function of the source's that is to be called: by which arrays, and what it returns.

    `tables` are those arguments that are asked by name, such as `params["W1"]`.
    """

    function: str
    arguments: tuple[str, ...]
    returns: tuple[str, ...]
    tables: tuple[str, ...] = ()


def check_source(text: str, place: str) -> ast.Module:
    """The syntax tree. Raises `ChainruleError` for what isn't run, with its line."""
    if len(text) > LONGEST:
        raise ChainruleError(f"{place}: more than {LONGEST} characters aren't run; shorten it")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        told = shorten(error.msg or "this can't be read")
        raise ChainruleError(f"{place}, line {error.lineno or 1}: {told}") from None
    except (ValueError, MemoryError, RecursionError):
        raise ChainruleError(f"{place}: this is too long or nested too deeply") from None
    for node in ast.walk(tree):
        problem = _problem(node)
        if problem:
            raise ChainruleError(f"{place}, line {getattr(node, 'lineno', 1)}: {problem}")
    return tree


def _problem(node: ast.AST) -> str | None:
    match node:
        case ast.Import(names=names):
            wrong = [n.name for n in names if n.name.split(".")[0] not in MODULES]
            return f"'{shorten(wrong[0])}' isn't imported; numpy and math are" if wrong else None
        case ast.ImportFrom(module=module, names=names, level=level):
            if level or (module or "").split(".")[0] not in MODULES:
                return f"'{shorten(module or '.')}' isn't imported; numpy and math are"
            wrong = [n.name for n in names if n.name in _ATTRIBUTES or n.name.startswith("_")]
            return (
                f"'{shorten(wrong[0])}' isn't there; arrays and arithmetic are" if wrong else None
            )
        case ast.Name(id=name) if name in _NAMES or (name.startswith("__") and name != "__name__"):
            return f"'{shorten(name)}' isn't there; arrays and arithmetic are"
        case ast.Attribute(attr=attr) if attr in _ATTRIBUTES or attr.startswith("_"):
            return f"'.{shorten(attr)}' isn't there; arrays and arithmetic are"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "'async' isn't there; arrays and arithmetic are"
        case _:
            return None


def calls(tree: ast.Module) -> tuple[Call, ...]:
    """The functions of the source that no other one calls, with the names of what they return."""
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef)]
    called = {
        n.func.id
        for s in tree.body
        for n in ast.walk(s)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    found = []
    for function in functions:
        arguments = [*function.args.posonlyargs, *function.args.args]
        needed = arguments[: len(arguments) - len(function.args.defaults)]
        returns = next((s for s in reversed(function.body) if isinstance(s, ast.Return)), None)
        if function.name not in called and returns is not None:
            names = tuple(a.arg for a in needed)
            told = _names(function.name, returns.value)
            asked = {table for table, _ in keys(function)}
            tables = tuple(n for n in names if n in asked)
            found.append(Call(function.name, names, told, tables))
    return tuple(found)


def keys(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What is asked by a name in quotation marks: the table's name, and the word."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=table), slice=ast.Constant(value=str() as word)):
                yield table, word
            case _:
                pass


def _names(function: str, value: ast.expr | None) -> tuple[str, ...]:
    """What is returned, by names: `return dW1, db1`; of a dictionary its own keys are names."""
    match value:
        case ast.Tuple(elts=parts):
            return tuple(p.id if isinstance(p, ast.Name) else "" for p in parts)
        case ast.Name(id=name):
            return (name,)
        case _:
            return (function,)
