"""A function of one value, of each entry of an array."""

from __future__ import annotations

from derive.arrays import nodes as whole
from derive.ir.notation import Expr
from derive.language.printer import expr_text
from derive.language.syntax import (
    Fn,
    Name,
    Num,
    Op,
    Syntax,
)
from derive.readers.latex import functions


def at_each_entry(function: Expr, argument: whole.Whole) -> whole.Whole:
    """A value of `x`, at every entry of an array."""
    return _entrywise(functions.read(expr_text(function)), argument)


def _entrywise(node: Syntax, argument: whole.Whole) -> whole.Whole:
    """A value of `x` as nodes, with the argument in x's place."""
    place = argument.place
    match node:
        case Num(value=value):
            return whole.Literal(value, place=place)
        case Name(name=name):
            return argument if name == functions.ARGUMENT else whole.Known(name, place=place)
        case Op(op=op, args=args):
            return whole.Entrywise(op, tuple(_entrywise(a, argument) for a in args), place=place)
        case Fn(name=name, args=args):
            return whole.Entrywise(name, tuple(_entrywise(a, argument) for a in args), place=place)
        case _:
            raise AssertionError(node)
