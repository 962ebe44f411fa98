"""Equations back to text, in the language they are read in: for comments and formula files."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.index_rules import pull
from derive.ir.notation import (
    Add,
    Affine,
    Axis,
    Call,
    Compare,
    Constant,
    Dim,
    Equation,
    Expr,
    FloorDiv,
    Index,
    Logic,
    Mod,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    Term,
    affine,
)
from derive.ir.numerals import as_decimal, decimal_text, number_text
from derive.ir.tree import MINUS_ONE, affine_axes, mul, number, power

_SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = 1, 2, 3, 4, 5


def equation_text(equation: Equation, adds: bool = False) -> str:
    """`dW[i,j] = sum(n, dz[n,i]*x[n,j])`; a term that scatters stands as `+=` to its place.

    `adds`: the tensor has a value already, so that all terms are added to it.
    """
    plain = [t for t in equation.terms if t.plain]
    lines = []
    if plain:
        # terms are told with the letters of the equation where they have their own
        lines.append(f"{_left(equation, plain[0])} {'+=' if adds else '='} {_terms(plain)}")
    lines.extend(
        f"{equation.tensor}[{','.join(affine_text(s) for s in t.target)}] += {_added_text(t)}"
        for t in equation.terms
        if not t.plain
    )
    return "; ".join(lines)


def _added_text(term: Term) -> str:
    """The value added to each place that the left side's letters name."""
    named = dict.fromkeys(a for s in term.target for a in affine_axes(s))
    return term_text(replace(term, target=tuple(affine(a) for a in named)))


def _left(equation: Equation, term: Term) -> str:
    subscripts = ",".join(affine_text(s) for s in term.target)
    return f"{equation.tensor}[{subscripts}]" if subscripts else equation.tensor


def _terms(terms: list[Term]) -> str:
    shown = ""
    for term in terms:
        piece = term_text(term)
        if not shown:
            shown = piece
        elif piece.startswith("-"):
            shown += f" - {piece[1:].lstrip()}"
        else:
            shown += f" + {piece}"
    return shown


def term_text(term: Term) -> str:
    """One term, its reduction written out, what doesn't depend on it before it."""
    run = term.reduced
    if not run:
        return expr_text(term.body)
    letters = ",".join(a.letter for a in run)
    if term.matrix is not None:
        subscripts = ",".join(affine_text(s) for s in term.target)
        whole = f"{term.reduce}({term.matrix})"
        return f"{whole}[{subscripts}]" if subscripts else whole
    if term.reduce != "sum":
        return f"{term.reduce}({letters}, {expr_text(term.body)})"
    pulled = pull(term)
    return expr_text(pulled.wrap(Reduction("sum", run, pulled.core)))


def affine_text(value: Affine) -> str:
    """A subscript."""
    shown = ""
    for atom, coefficient in sorted(value.terms, key=lambda p: (p[1] < 0, isinstance(p[0], Dim))):
        piece = _atom(atom)
        if coefficient != 1 and isinstance(atom, FloorDiv | Mod):
            piece = f"({piece})"
        if abs(coefficient) != 1:
            piece = f"{abs(coefficient)}*{piece}"
        if not shown:
            shown = piece if coefficient > 0 else f"-{piece}"
        else:
            shown += f"{'+' if coefficient > 0 else '-'}{piece}"
    if value.constant or not shown:
        sign = "+" if value.constant >= 0 and shown else ""
        shown += f"{sign}{value.constant}"
    return shown


def _atom(atom: object) -> str:
    match atom:
        case Axis(letter, _):
            return letter
        case Dim(name):
            return f"size({name})"
        case Read():
            return expr_text(atom)
        case FloorDiv(of, by):
            return f"{_wrapped(of)}//{by}"
        case Mod(of, by):
            return f"{_wrapped(of)}%{by}"
        case _:
            raise AssertionError(atom)


def _wrapped(of: Affine) -> str:
    text = affine_text(of)
    return text if of.axis is not None else f"({text})"


def expr_text(expr: Expr) -> str:
    """An expression."""
    return _text(expr)[0]


def _in(expr: Expr, least: int) -> str:
    text, level = _text(expr)
    return text if level >= least else f"({text})"


def _text(expr: Expr) -> tuple[str, int]:
    match expr:
        case Number(value):
            text = number_text(value)
            level = _PRODUCT if "/" in text else _ATOM
            return text, min(level, _SUM) if value < 0 else level
        case Constant(name):
            return name, _ATOM
        case Index(value):
            text = affine_text(value)
            return text, _ATOM if text.isidentifier() or text.isdigit() else (
                _ATOM
                if text.startswith("size(") and text.endswith(")") and text.count("(") == 1
                else _SUM
            )
        case Read(tensor, subscripts):
            inside = ",".join(affine_text(s) for s in subscripts)
            return (f"{tensor}[{inside}]" if subscripts else tensor), _ATOM
        case Add(args):
            return _sum_text(args), _SUM
        case Mul(args):
            return _product_text(args)
        case Pow(base, Number(value)) if value < 0:
            return f"1/{_in(power(base, number(-value)), _POWER)}", _PRODUCT
        case Pow(base, exponent):
            return f"{_in(base, _ATOM)}**{_in(exponent, _ATOM)}", _POWER
        case Call(function, args):
            return f"{function}({', '.join(expr_text(a) for a in args)})", _ATOM
        case Compare(op, left, right):
            return f"{expr_text(left)} {op} {expr_text(right)}", 0
        case Logic("not", (one,)):
            return f"not ({expr_text(one)})", 0
        case Logic(op, args):
            return f" {op} ".join(f"({expr_text(a)})" for a in args), 0
        case Reduction(op, axes, body):
            return f"{op}({','.join(a.letter for a in axes)}, {expr_text(body)})", _ATOM


def _sum_text(args: tuple[Expr, ...]) -> str:
    shown = ""
    for arg in args:
        sign, rest = _signed(arg)
        piece = _in(rest, _PRODUCT)
        if not shown:
            shown = piece if sign > 0 else f"-{piece}"
        else:
            shown += f" {'+' if sign > 0 else '-'} {piece}"
    return shown


def _signed(expr: Expr) -> tuple[int, Expr]:
    match expr:
        case Number(value) if value < 0:
            return -1, number(-value)
        case Mul((Number(value), *rest)) if value < 0:
            return -1, mul(number(-value), *rest)
        case _:
            return 1, expr


def _product_text(args: tuple[Expr, ...]) -> tuple[str, int]:
    if args[0] == MINUS_ONE:
        return f"-{_in(mul(*args[1:]), _PRODUCT)}", _SUM
    over: list[str] = []
    under: list[str] = []
    sign = ""
    for arg in args:
        match arg:
            case Pow(base, Number(value)) if value < 0:
                under.append(_in(power(base, number(-value)), _POWER))
            case Number(value):
                if value < 0:
                    sign = "-"
                if as_decimal(value):
                    over.append(decimal_text(abs(value)))
                    continue
                if abs(value.numerator) != 1:
                    over.append(str(abs(value.numerator)))
                if value.denominator != 1:
                    under.append(str(value.denominator))
            case _:
                over.append(_in(arg, _PRODUCT if not over else _NEGATIVE))
    text = sign + ("*".join(over) or "1")
    if under:
        text += f"/{under[0]}" if len(under) == 1 else f"/({'*'.join(under)})"
    return text, _SUM if sign else _PRODUCT
