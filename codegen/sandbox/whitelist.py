"""A whitelist of the syntax that is run: arrays and arithmetic, nothing of the machine."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass

from derive.errors import ChainruleError, shorten
from derive.language.python_tree import python_tree

MODULES = ("numpy", "math")
LONGEST = 100_000

# names of Python's that reach further than arithmetic
_NAMES = frozenset(
    """
    __import__ breakpoint compile delattr dir eval exec exit getattr globals help id input locals
    memoryview open object quit setattr super type vars
    """.split()  # noqa: SIM905 - a list of words reads better so
)
# attributes of NumPy's, and of what Python makes, that reach files, memory or other modules
_ATTRIBUTES = frozenset(
    """
    bit_generator compat core ctypes ctypeslib DataSource distutils dump dumps f2py f_back
    f_builtins f_globals f_locals format_map from_dlpack frombuffer fromfile fromregex genfromtxt
    get_include info lib load loads loadtxt lookfor memmap os rec save savetxt savez
    savez_compressed set_printoptions seterrcall setflags show_config show_runtime source sys test
    testing tofile typing version who with_traceback
    """.split()  # noqa: SIM905
)
_OF_THE_INTERPRETER = ("ag_", "co_", "cr_", "gi_", "tb_")  # frames, code, tracebacks
# the methods with underscores that a class of a person's may have, and the one such name
_SPECIAL = frozenset(
    """
    __abs__ __add__ __call__ __contains__ __eq__ __ge__ __getitem__ __gt__ __init__ __iter__
    __le__ __len__ __lt__ __matmul__ __mul__ __name__ __ne__ __neg__ __next__ __post_init__ __pow__
    __radd__ __repr__ __rmatmul__ __rmul__ __rsub__ __rtruediv__ __setitem__ __str__ __sub__
    __truediv__
    """.split()  # noqa: SIM905
)
_FIELDS = string.Formatter()


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
        tree = python_tree(text)
    except SyntaxError as error:
        reason = shorten(error.msg or "this can't be read")
        raise ChainruleError(f"{place}, line {error.lineno or 1}: {reason}") from None
    except (ValueError, MemoryError, RecursionError):
        raise ChainruleError(f"{place}: this is too long or nested too deeply") from None
    classes = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))
    bases = {
        id(b) for c in classes for b in c.bases if isinstance(b, ast.Name) and b.id == "object"
    }
    for node in ast.walk(tree):
        problem = None if id(node) in bases else _problem(node)  # `class Net(object)` says nothing
        if problem:
            raise ChainruleError(f"{place}, line {getattr(node, 'lineno', 1)}: {problem}")
    return tree


def _problem(node: ast.AST) -> str | None:
    match node:
        case ast.Import(names=names):
            wrong = [n.name for n in names if n.name.split(".")[0] not in MODULES]
            if wrong:
                return f"'{shorten(wrong[0])}' isn't imported; numpy and math are"
        case ast.ImportFrom(module=module, level=level):
            if level or (module or "").split(".")[0] not in MODULES:
                return f"'{shorten(module or '.')}' isn't imported; numpy and math are"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "'async' isn't there; arrays and arithmetic are"
        case ast.ClassDef(keywords=[_, *_]):
            return "a class with keywords isn't there; leave them out"
        case ast.Attribute(value=value, attr="format"):
            if not _plain_format(value):
                return "'.format' is there after a text whose fields are names or numbers"
        case _:
            pass
    wrong = [
        n
        for n in _attributes(node)
        if n in _ATTRIBUTES or n.startswith(("_", *_OF_THE_INTERPRETER))
    ]
    if wrong:
        return f"'.{shorten(wrong[0])}' isn't there; arrays and arithmetic are"
    wrong = [n for n in _names_of(node) if n[:2] == "__" and n not in _SPECIAL]
    wrong += [node.id] if isinstance(node, ast.Name) and node.id in _NAMES else []
    return f"'{shorten(wrong[0])}' isn't there; arrays and arithmetic are" if wrong else None


def _attributes(node: ast.AST) -> list[str]:
    """The names under which a node asks something of an object or a module."""
    match node:
        case ast.Attribute(attr=name):
            return [name]
        case ast.MatchClass(kwd_attrs=names):
            return list(names)
        case ast.Import(names=aliases):
            return [part for a in aliases for part in a.name.split(".")]
        case ast.ImportFrom(module=module, names=aliases):
            return [*(module or "").split("."), *(a.name for a in aliases)]
        case _:
            return []


def _names_of(node: ast.AST) -> list[str]:
    """The names that a node reads or gives."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.MatchMapping(rest=str(name)):
            return [name]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return list(names)
        case _:
            return []


def _plain_format(value: ast.expr) -> bool:
    """Whether a text's fields name values only, and nothing inside them."""
    if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return False
    try:
        fields = [(name or "", form or "") for _, name, form, _ in _FIELDS.parse(value.value)]
    except ValueError:
        return False
    return all(not set(".[") & set(name) and "{" not in form for name, form in fields)


def calls(tree: ast.Module) -> tuple[Call, ...]:
    """The functions of the source that no other one calls, with the names of what they return."""
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef)]
    called = {
        n.func.id
        for s in tree.body
        for n in ast.walk(s)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    result = []
    for function in functions:
        arguments = [*function.args.posonlyargs, *function.args.args]
        needed = arguments[: len(arguments) - len(function.args.defaults)]
        returns = next((s for s in reversed(function.body) if isinstance(s, ast.Return)), None)
        if function.name not in called and returns is not None:
            names = tuple(a.arg for a in needed)
            returned = _names(function.name, returns.value)
            asked = {table for table, _ in keys(function)}
            tables = tuple(n for n in names if n in asked)
            result.append(Call(function.name, names, returned, tables))
    return tuple(result)


def keys(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The lookups by a name in quotation marks: the table's name, and the word."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Name(id=table), slice=ast.Constant(value=str() as word)):
                yield table, word
            case _:
                pass


def _names(function: str, value: ast.expr | None) -> tuple[str, ...]:
    """The names of what is returned: `return dW1, db1`; of a dictionary its own keys are names."""
    match value:
        case ast.Tuple(elts=parts):
            return tuple(p.id if isinstance(p, ast.Name) else "" for p in parts)
        case ast.Name(id=name):
            return (name,)
        case _:
            return (function,)
