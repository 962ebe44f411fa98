"""Expressions of matrices -> a system of index equations."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from derive.arrays.nodes import Array, Count, Extent, Identity, Known, Whole
from derive.arrays.python_reader import Reader
from derive.arrays.python_syntax import parsed
from derive.arrays.to_equations import Elaborator
from derive.errors import ChainruleError, meant, shorten
from derive.ir.names import adjoint_of
from derive.ir.notation import Affine, Dim, affine
from derive.ir.system import Results, System
from derive.language.assemble import Declarations, assemble
from derive.language.extent_inference import Sizes
from derive.language.name_check import check_name
from derive.language.syntax import Place, Refused
from derive.matrix_calculus.declarations import Declared, read_shapes
from derive.matrix_calculus.foreign_signs import foreign

_PLACE = "expression"
_SCALARS = ("E", "f", "F", "result")
_ARRAYS = ("Y", "F", "Z", "result")
_LONGEST = 2000  # characters in which signs of other notations are looked for
_EITHER = {"max": "maximum", "min": "minimum", "amax": "maximum", "amin": "minimum"}


@dataclass(frozen=True)
class Asked:
    """A system, what is to be differentiated in it, and by what."""

    system: System
    declared: Declared
    result: str
    wrt: tuple[str, ...]
    shapes: Mapping[str, tuple[Affine, ...]]
    value: Whole


class _Matrices(Reader):
    """Names are arrays, intermediates and extents; `eye` and `I` are the identity, and `pi`."""

    def __init__(self, dims: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(_PLACE)
        self.dims = frozenset(dims)
        self.known = set(known)

    def resolve(self, node: ast.expr) -> Whole | None:
        if not isinstance(node, ast.Name):
            return None
        place = self.place(node)
        if node.id in self.known:
            return Array(node.id, place=place)
        if node.id in self.dims:
            return Count(affine(Dim(node.id)), place=place)
        if node.id in ("eye", "I"):
            return Identity(place=place)
        if node.id == "pi":
            return Known("pi", place=place)
        raise Refused(
            place,
            f"'{shorten(node.id)}' isn't declared{meant(node.id, self.known)}; "
            f"add it to shapes, such as '{shorten(node.id)}: n'",
        )

    def length(self, node: ast.expr) -> Affine | Extent | None:
        if isinstance(node, ast.Name) and node.id in self.dims:
            return affine(Dim(node.id))
        return None

    def reduction(
        self,
        place: Place,
        name: str,
        args: list[ast.expr],
        options: dict[str, ast.expr],
        inside: Callable[[ast.expr], Whole],
    ) -> Whole:
        if name in _EITHER and len(args) == 2:
            # NumPy takes the second one as an axis, most people as another value
            one, other = (shorten(ast.unparse(a), 30) for a in args)
            axis = other if other.lstrip("-").isdecimal() else "0"
            raise Refused(
                place,
                f"{name} of two values is {_EITHER[name]}: write {_EITHER[name]}({one}, {other}); "
                f"along an axis it is {name}({one}, axis={axis})",
            )
        return super().reduction(place, name, args, options, inside)


def matrix(
    text: str,
    shapes: str | Mapping[str, object],
    wrt: str | Iterable[str] = (),
    *,
    name: str = _PLACE,
) -> System:
    """Matrix notation as a system: `matrix("x.T @ A @ x", "A: n n, x: n")`.

    Vectors are columns. Lines before the last, or pieces before a `;`, define intermediates
    (`z = A @ x - y`); the last one is the objective where it is a number, else the output. All
    arrays are inputs. Raises `ChainruleError`.
    """
    return read_matrix(text, shapes, wrt, name=name).system


def read_matrix(
    text: str,
    shapes: str | Mapping[str, object],
    wrt: str | Iterable[str] = (),
    *,
    name: str = _PLACE,
) -> Asked:
    """As `matrix`, with what was asked beside the system."""
    declared = read_shapes(shapes)
    wanted = tuple([wrt] if isinstance(wrt, str) else wrt) or tuple(declared.shapes)
    for one in wanted:
        if one not in declared.shapes:
            raise ChainruleError(
                f"wrt: '{shorten(one)}' isn't declared{meant(one, declared.shapes)}"
            )
    try:
        return _read(text, declared, tuple(dict.fromkeys(wanted)), name)
    except Refused as refused:
        raise ChainruleError(str(refused)) from None


def _read(text: str, declared: Declared, wrt: tuple[str, ...], name: str) -> Asked:
    lines = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    statements = _parsed(lines)
    if not statements:
        raise Refused(Place(_PLACE, 1, 1), "there is nothing to differentiate")
    taken = {*declared.shapes, *(adjoint_of(n) for n in declared.shapes)}
    reader = _Matrices(declared.dims, declared.shapes)
    elaborator = Elaborator(
        declared.shapes,
        column=True,
        taken={*taken, *_assigned(statements), *declared.dims},
        hinges=True,
    )
    written = []
    result = ""
    for statement in statements:
        place = reader.place(statement)
        last = statement is statements[-1]
        target, value = _sides(reader, statement, last)
        node = reader.value(value)
        entries = elaborator.entries(node)
        if target is None:
            names = _ARRAYS if entries.rank else _SCALARS
            target = next(n for n in names if n not in elaborator.taken)
        wrong = check_name(target)
        if wrong or target in elaborator.shapes or target in declared.dims:
            raise Refused(place, wrong or f"'{target}' has a meaning already; take another name")
        equation = elaborator.equation(target, node, place, f"{target} = {ast.unparse(value)}")
        written.extend(elaborator.before)
        elaborator.before.clear()
        written.append(equation)
        elaborator.shapes[target] = entries.shape
        reader.known.add(target)
        result = target
    shapes = elaborator.shapes
    system = assemble(
        written,
        Declarations(
            name=name,
            roles=dict.fromkeys(declared.shapes, "input"),
            sizes=Sizes.of(shapes),
            results=Results(None if shapes[result] else result, result),
        ),
    )
    return Asked(system, declared, result, wrt, dict(shapes), node)


def _parsed(text: str) -> list[ast.stmt]:
    """The statements of a text. Raises `Refused`, for signs of other notations with their cure."""
    try:
        body = parsed(text, _PLACE).body
    except Refused:
        known = foreign(text, _PLACE) if len(text) <= _LONGEST else None
        if known is None:
            raise
        raise Refused(*known) from None
    if "^" in text:
        raise Refused(*(foreign(text, _PLACE) or (Place(_PLACE, 1, 1), "'^' isn't known")))
    return body


def _assigned(statements: Iterable[ast.stmt]) -> set[str]:
    targets = [t for s in statements if isinstance(s, ast.Assign) for t in s.targets]
    return {t.id for t in targets if isinstance(t, ast.Name)}


def _sides(reader: Reader, statement: ast.stmt, last: bool) -> tuple[str | None, ast.expr]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.Expr(value=value) if last:
            return None, value
        case ast.Expr():
            raise Refused(
                reader.place(statement),
                "only the last expression may go without a name; write name = ...",
            )
        case _:
            raise Refused(
                reader.place(statement), "an expression belongs here, or name = expression"
            )
