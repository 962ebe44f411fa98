"""Python expressions of arrays -> nodes. Read through `ast` with a whitelist, never evaluated.

Functions are known by their bare names and behind `np.`; methods of arrays (`x.sum(axis=0)`) are
the functions of the same name. What names mean, and which are extents, a reader says by overriding
`resolve` and `length`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from fractions import Fraction

from derive.arrays.nodes import (
    All,
    Array,
    At,
    Entrywise,
    Every,
    Extent,
    Hot,
    Indexed,
    Known,
    Literal,
    New,
    Pick,
    Product,
    Reduce,
    Transpose,
    Whole,
)
from derive.arrays.numpy_functions import ENTRYWISE, OTHERS, REDUCTIONS, of_each
from derive.arrays.python_special import SPECIAL, last_name
from derive.arrays.python_syntax import BINARY, DEEPEST, HOMES, decimal, dotted, unknown
from derive.errors import meant, shorten
from derive.ir.notation import Affine
from derive.language.python_operators import COMPARE
from derive.language.syntax import Place, Refused


class Reader:
    """Reads expressions of one text."""

    def __init__(self, name: str) -> None:
        self.name = name

    # ---- what names mean -------------------------------------------------------------------------

    def resolve(self, node: ast.expr) -> Whole | None:
        """A name that means something here; None: nothing."""
        return Array(node.id, place=self.place(node)) if isinstance(node, ast.Name) else None

    def length(self, node: ast.expr) -> Affine | Extent | None:
        """An extent by name, such as `n`; None where it is none."""
        return None

    # ---- expressions -----------------------------------------------------------------------------

    def place(self, node: ast.AST) -> Place:
        """The place of a node in the text."""
        return Place(self.name, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

    def value(self, node: ast.expr, depth: int = 0) -> Whole:
        """The node of an expression. Raises `Refused`."""
        place = self.place(node)
        if depth > DEEPEST:
            raise Refused(place, "this is nested too deeply; split it with names of your own")

        def inside(part: ast.expr) -> Whole:
            return self.value(part, depth + 1)

        own = self.resolve(node)
        if own is not None:
            return own
        match node:
            case ast.Constant(value=bool() as truth):
                return Literal(Fraction(int(truth)), place=place)
            case ast.Constant(value=int() | float() as value):
                return Literal(decimal(value, place), place=place)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return of_each("neg", inside(operand), place=place)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return inside(operand)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return of_each("not", inside(operand), place=place)
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return Product(inside(left), inside(right), place=place)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return of_each(BINARY[type(op)], inside(left), inside(right), place=place)
            case ast.BoolOp(op=op, values=[first, *rest]):
                word = "and" if isinstance(op, ast.And) else "or"
                result = inside(first)
                for other in rest:
                    result = of_each(word, result, inside(other), place=place)
                return result
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self.compared(place, [inside(left), *map(inside, others)], ops)
            case ast.Subscript(value=of, slice=picks):
                return self.subscript(place, of, picks, inside)
            case ast.Attribute(value=of, attr=attr):
                return self.attribute(place, node, of, attr, inside)
            case ast.Call():
                return self.call(place, node, inside)
            case _:
                raise unknown(node, place)

    def compared(self, place: Place, sides: list[Whole], ops: Sequence[ast.cmpop]) -> Whole:
        """A chain of comparisons."""
        result: Whole | None = None
        for one, op, other in zip(sides, ops, sides[1:], strict=False):
            if type(op) not in COMPARE:
                raise Refused(place, "'in' and 'is' aren't known; compare with == or <")
            test = of_each(COMPARE[type(op)], one, other, place=place)
            result = test if result is None else of_each("and", result, test, place=place)
        assert result is not None
        return result

    # ---- subscripts and attributes ---------------------------------------------------------------

    def subscript(
        self, place: Place, of: ast.expr, picks: ast.expr, inside: Callable[[ast.expr], Whole]
    ) -> Whole:
        """Basic indexing, `x.shape[0]`, one-hot rows, the logarithm of `slogdet`."""
        match of, picks:
            case ast.Attribute(value=array, attr="shape"), _:
                return Extent(inside(array), self.integer(picks), place=place)
            case ast.Call(func=func, args=[size]), _ if last_name(func) in ("eye", "identity"):
                return Hot(inside(picks), self.extent(size), place=place)
            case ast.Call(func=func, args=[matrix]), ast.Constant(value=1) if (
                last_name(func) == "slogdet"
            ):
                return OTHERS["logdet"][1]((inside(matrix),), place)
            case _:
                pass
        parts = picks.elts if isinstance(picks, ast.Tuple) else [picks]
        return Indexed(inside(of), tuple(self.pick(p, inside) for p in parts), place=place)

    def pick(self, node: ast.expr, inside: Callable[[ast.expr], Whole]) -> Pick:
        """One subscript."""
        place = self.place(node)
        match node:
            case ast.Slice(lower=None, upper=None, step=None):
                return All(place=place)
            case ast.Slice():
                raise Refused(place, "a part of an axis isn't known here; write ':' or one place")
            case ast.Constant(value=None) | ast.Attribute(attr="newaxis"):
                return New(place=place)
            case ast.Call(func=func) if last_name(func) in ("arange", "range"):
                return Every(place=place)
            case ast.Constant(value=int()) | ast.UnaryOp():
                return At(self.integer(node), place=place)
            case _:
                result = inside(node)
                if isinstance(result, Array):
                    return result
                if isinstance(result, Literal) and result.value.denominator == 1:
                    return At(int(result.value), place=place)
                raise Refused(place, "this subscript isn't known; write ':', None or an integer")

    def attribute(
        self,
        place: Place,
        node: ast.Attribute,
        of: ast.expr,
        attr: str,
        inside: Callable[[ast.expr], Whole],
    ) -> Whole:
        """`x.T`, `x.size`, `np.pi`."""
        if dotted(of) in HOMES:
            if attr in ("pi", "inf"):
                return Known(attr, place=place)
            raise Refused(place, f"'{shorten(ast.unparse(node))}' isn't known here")
        match attr:
            case "T":
                return Transpose(inside(of), place=place)
            case "size":
                return OTHERS["size"][1]((inside(of),), place)
            case _:
                raise Refused(place, f"'.{shorten(attr)}' of an array isn't known; known is .T")

    def integer(self, node: ast.expr) -> int:
        """A whole number."""
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.integer(operand)
            case _:
                raise Refused(self.place(node), "a whole number belongs here, such as 0 or -1")

    def extent(self, node: ast.expr) -> Affine | Extent:
        """An extent: a number, `n`, `x.shape[0]`, `len(x)`."""
        known = self.length(node)
        if known is not None:
            return known
        if isinstance(node, ast.Constant):
            count = self.integer(node)
            if count < 1:
                raise Refused(self.place(node), "an extent is 1 at least")
            return Affine((), count)
        result = self.value(node)
        if isinstance(result, Extent):
            return result
        if isinstance(result, Literal) and result.value.denominator == 1 and result.value > 0:
            return Affine((), int(result.value))
        raise Refused(self.place(node), "an extent belongs here, such as 3 or x.shape[0]")

    def axes(self, node: ast.expr | None) -> tuple[int, ...] | None:
        """`axis=`: an integer, several in brackets, None."""
        match node:
            case None | ast.Constant(value=None):
                return None
            case ast.Tuple(elts=parts):
                return tuple(map(self.integer, parts))
            case _:
                return (self.integer(node),)

    # ---- calls -----------------------------------------------------------------------------------

    def call(self, place: Place, node: ast.Call, inside: Callable[[ast.expr], Whole]) -> Whole:
        """A function, by its bare name, behind `np.`, or as a method."""
        if any(isinstance(a, ast.Starred) for a in node.args) or any(
            k.arg is None for k in node.keywords
        ):
            raise Refused(place, "'*' and '**' before arguments aren't known")
        match node.func:
            case ast.Name(id=name):
                args = list(node.args)
            case ast.Attribute(value=of, attr=name) if dotted(of) in HOMES:
                args = list(node.args)
            case ast.Attribute(value=of, attr=name):
                args = [of, *node.args]
                if name not in _METHODS:
                    raise Refused(place, f"the method '.{shorten(name)}' of an array isn't known")
            case ast.Constant(value=int() | float() as value):
                raise Refused(place, f"behind a number '*' is missing; write {value} * (...)")
            case _:
                raise Refused(place, "only functions by their names are known")
        options = {k.arg or "": k.value for k in node.keywords}
        options.pop("dtype", None)
        method = isinstance(node.func, ast.Attribute) and dotted(node.func.value) not in HOMES
        return self.function(place, name, args, options, inside, method)

    def function(
        self,
        place: Place,
        name: str,
        args: list[ast.expr],
        options: dict[str, ast.expr],
        inside: Callable[[ast.expr], Whole],
        method: bool,
    ) -> Whole:
        """A known function."""
        special = SPECIAL.get(name)
        if special is not None:
            if not args and name not in ("vector", "matrix"):
                raise Refused(place, f"{name} takes an argument; none was given")
            return special(self, place, args, options, inside)
        if name in REDUCTIONS:
            return self.reduction(place, name, args, options, inside)
        count, make = self.maker(place, name)
        if options:
            raise Refused(place, f"{name}: '{shorten(min(options))}=' isn't known here")
        if len(args) != count:
            raise Refused(
                place, f"{name} takes {count} argument{'s' * (count > 1)}, {len(args)} were given"
            )
        return make(tuple(map(inside, args)), place)

    def maker(
        self, place: Place, name: str
    ) -> tuple[int, Callable[[tuple[Whole, ...], Place], Whole]]:
        """A function's number of arguments, and what makes its node of them."""
        if name in ENTRYWISE:
            op, count = ENTRYWISE[name]
            return count, lambda args, at: Entrywise(op, args, place=at)
        if name in OTHERS:
            return OTHERS[name]
        if name == "ln":
            raise Refused(place, "the function 'ln' isn't known; write log")
        known = (*ENTRYWISE, *OTHERS, *REDUCTIONS, *SPECIAL)
        raise Refused(
            place,
            f"the function '{shorten(name)}' isn't known"
            f"{meant(name, known) or '; write it out with known ones'}",
        )

    def reduction(
        self,
        place: Place,
        name: str,
        args: list[ast.expr],
        options: dict[str, ast.expr],
        inside: Callable[[ast.expr], Whole],
    ) -> Whole:
        """`sum` and its like, with `axis` and `keepdims`."""
        axes, keepdims = self.along(place, name, args, options)
        return Reduce(REDUCTIONS[name], inside(args[0]), axes, keepdims, place=place)

    def along(
        self, place: Place, name: str, args: list[ast.expr], options: dict[str, ast.expr]
    ) -> tuple[tuple[int, ...] | None, bool]:
        """The axes of a reduction, and whether they stay with extent 1."""
        if not 1 <= len(args) <= 2:
            raise Refused(place, f"{name} takes an array and an axis")
        options = dict(options)
        keep = options.pop("keepdims", None)
        axes = options.pop("axis", args[1] if len(args) > 1 else None)
        if options:
            raise Refused(place, f"{name}: '{shorten(min(options))}=' isn't known here")
        if keep is not None and not (
            isinstance(keep, ast.Constant) and isinstance(keep.value, bool | int)
        ):
            raise Refused(place, "keepdims is True or False")
        return self.axes(axes), bool(keep.value) if isinstance(keep, ast.Constant) else False


_METHODS = frozenset(
    (*REDUCTIONS, "dot", "copy", "transpose", "reshape", "astype", "var", "std")
) | {"ravel", "flatten", "trace", "diagonal", "clip"}
