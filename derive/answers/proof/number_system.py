"""Normal forms as a number system, in which the interpreter writes equations out."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from derive.answers.proof.laurent import generator
from derive.answers.proof.normal_form import Form, Forms, Undecided, rational
from derive.ir.functions import ENTRYWISE
from derive.semantics.number_systems import Arithmetic, many_digits, with_forms

_HALF = Fraction(1, 2)
_numbers = many_digits()


def number_system(forms: Forms) -> Arithmetic:
    """The number system in which the interpreter writes equations out."""

    def compare(op: str, left: Form, right: Form) -> bool:
        if rational(left + -right) is None:
            forms.chosen = True
        return _numbers.compare(op, left.value, right.value)

    def opaque(name: str, at_zero: Form, odd: bool) -> Callable[[Form], Form]:
        return lambda x: forms.opaque(name, x, odd) if x.over else at_zero

    zero, one = forms.number(0), forms.number(1)
    functions: dict[str, Callable[[Form], Form]] = {
        **{
            n: opaque(n, zero, odd=True) for n, row in ENTRYWISE.items() if row.odd and not row.form
        },
        "exp": forms.exp,
        "log": forms.log,
        "sqrt": lambda x: forms.power(x, forms.number(_HALF)),
        "sin": forms.sin,
        "cos": opaque("cos", one, odd=False),
    }
    pi = Form(forms, generator(forms.named("pi", "pi")), {}, _numbers.constants["pi"])
    return with_forms(
        Arithmetic(
            name="normal forms",
            number=forms.number,
            constants=_Finite(pi=pi),
            power=forms.power,
            compare=compare,
            distance=lambda a, b: _numbers.distance(a.value, b.value),
            functions=functions,
            logsumexp=forms.logsumexp,
        )
    )


class _Finite(dict[str, Any]):
    """The constants; infinity has no normal form."""

    def __missing__(self, name: str) -> Any:
        raise Undecided(f"{name} has no normal form")
