"""Normal forms as a number system, in which the interpreter writes equations out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from derive.answers.proof.laurent import generator
from derive.answers.proof.normal_form import (
    Form,
    Forms,
    Undecided,
    rational,
)
from derive.semantics.number_systems import Arithmetic, many_digits

_HALF = Fraction(1, 2)
_numbers = many_digits()


def number_system(forms: Forms) -> Arithmetic:
    """The number system in which the interpreter writes equations out."""

    def compare(op: str, left: Form, right: Form) -> bool:
        if rational(left + -right) is None:
            forms.chosen = True
        return _numbers.compare(op, left.value, right.value)

    one, two = forms.number(1), forms.number(2)

    def minus(a: Form, b: Form) -> Form:
        return a + -b

    def over(a: Form, b: Form) -> Form:
        return a * forms.power(b, forms.number(-1))

    def tanh(x: Form) -> Form:
        return minus(one, over(two, one + forms.exp(two * x)))

    def cos(x: Form) -> Form:
        return forms.opaque("cos", x, odd=False) if x.over else one

    functions: dict[str, Callable[[Form], Form]] = {
        "exp": forms.exp,
        "log": forms.log,
        "expm1": lambda x: minus(forms.exp(x), one),
        "log1p": lambda x: forms.log(one + x),
        "sqrt": lambda x: forms.power(x, forms.number(_HALF)),
        "sin": forms.sin,
        "cos": cos,
        "tan": lambda x: over(forms.sin(x), cos(x)),
        "tanh": tanh,
        "sinh": lambda x: over(minus(forms.exp(x), forms.exp(-x)), two),
        "cosh": lambda x: over(forms.exp(x) + forms.exp(-x), two),
        "atan": lambda x: forms.opaque("atan", x, odd=True) if x.over else x,
        "erf": lambda x: forms.opaque("erf", x, odd=True) if x.over else x,
        "sigmoid": lambda x: over(one, one + forms.exp(-x)),
        "softplus": lambda x: forms.log(one + forms.exp(x)),
    }
    pi = Form(forms, generator(forms.named("pi", "pi")), {}, _numbers.constants["pi"])
    return Arithmetic(
        name="normal forms",
        number=forms.number,
        constants=_Finite(pi=pi),
        power=forms.power,
        compare=compare,
        distance=lambda a, b: _numbers.distance(a.value, b.value),
        functions=functions,
        logsumexp=forms.logsumexp,
    )


class _Finite(dict[str, Any]):
    """The constants; infinity has no normal form."""

    def __missing__(self, name: str) -> Any:
        raise Undecided(f"{name} has no normal form")
