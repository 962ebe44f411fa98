"""Checked syntax back to text of the equation language."""

from __future__ import annotations

from derive.ir.comparisons import COMPARISONS
from derive.ir.names import next_of
from derive.ir.numerals import number_text
from derive.language.syntax import Bound, Dots, Fn, Letter, Name, Num, Op, Red, Ref, Syntax, Written

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATIVE, _POWER, _ATOM = range(9)
_BINDS = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "**": _POWER}
_BINDS |= dict.fromkeys(("*", "/", "//", "%"), _PRODUCT)
_BINDS |= dict.fromkeys(COMPARISONS, _COMPARE)


def written_text(equation: Written) -> str:
    """`y[n,i] = sum(j, W[i,j]*x[n,j])`."""
    name = next_of(equation.tensor) if equation.is_next else equation.tensor
    letters = ",".join(x.name if isinstance(x, Name) else "..." for x in equation.letters)
    left = f"{name}[{letters}]" if letters else name
    return f"{left} = {value_text(equation.right)}"


def value_text(node: Syntax, least: int = _OR) -> str:
    """A value's text, in brackets where it binds less than `least`."""
    text, binds = _rendered(node)
    return f"({text})" if binds < least else text


def _rendered(node: Syntax) -> tuple[str, int]:
    match node:
        case Num(value=value):
            text = number_text(value)
            return text, _NEGATIVE if text.startswith("-") else _PRODUCT if "/" in text else _ATOM
        case Name(name=name):
            return name, _ATOM
        case Dots():
            return "...", _ATOM
        case Letter(var=var):
            return var.name, _ATOM
        case Ref(name=name, subscripts=parts):
            inside = ",".join(value_text(p).replace(" ", "") for p in parts)
            return f"{name}[{inside}]" if parts else name, _ATOM
        case Fn(name=name, args=args):
            return f"{name}({', '.join(map(value_text, args))})", _ATOM
        case Red(op=op, letters=letters, body=body):
            bound = ",".join(x.name if isinstance(x, Name) else "..." for x in letters)
            return f"{op}({bound}, {value_text(body)})", _ATOM
        case Bound(op=op, vars=vars_, body=body):
            return f"{op}({','.join(v.name for v in vars_)}, {value_text(body)})", _ATOM
        case Op(op="neg", args=(arg,)):
            return f"-{value_text(arg, _PRODUCT)}", _SUM
        case Op(op="not", args=(arg,)):
            return f"not {value_text(arg, _NOT)}", _NOT
        case Op(op="**", args=(base, exponent)):
            return f"{value_text(base, _ATOM)}**{value_text(exponent, _ATOM)}", _POWER
        case Op(op=op, args=args):
            binds = _BINDS[op]
            first = value_text(args[0], binds + (binds == _COMPARE))
            rest = [value_text(a, binds + 1) for a in args[1:]]
            sign = op if op in ("*", "/") else f" {op} "
            return sign.join([first, *rest]), binds
