r"""The functions of the language, one row each: from the grammar to LaTeX, NumPy and the checks.

A function of one value that SymPy and NumPy know is a row and nothing else::

    Function(
        "asinh",
        Names("arcsinh", c="asinh", latex=r"\operatorname{arsinh}", words=("arcsinh",)),
        form=_log(add(X, _sqrt(add(mul(X, X), ONE)))),
        odd=True,
    )

The names in NumPy, C and LaTeX are data for those who print and read; nothing here knows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from derive.ir.notation import Call, Compare, Expr, Number, Read
from derive.ir.tree import MINUS_ONE, ONE, ZERO, add, divide, mul, negative

X = Read("x")  # a form's argument


@dataclass(frozen=True, slots=True)
class Names:
    """What a function is called elsewhere.

    `scipy` is the name in scipy.special of what NumPy lacks, `c` that in C's <math.h>. `latex`
    stands before the argument; where there is none, a printer has a notation of its own, as for a
    power of e. `words` are further names under which people write it.
    """

    numpy: str = ""
    scipy: str = ""
    c: str = ""
    latex: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function of the language.

    `arity` is the least and the largest number of arguments. `form` is its value at `x`, by other
    functions: evaluators that have no better one use it, and its derivative is the form's where
    SymPy has no function of the name. `odd`: f(-x) = -f(x). `cost` is that of one entry, in
    additions. `risk` tells for which arguments the value may be infinite or undefined: those that
    aren't "positive" or "not negative", those that are "large", or "any". `range` is "positive" or
    "not negative" where all values are.
    """

    name: str
    names: Names = Names()
    arity: tuple[int, int] = (1, 1)
    form: Expr | None = None
    odd: bool = False
    cost: float = 10
    risk: str = ""
    range: str = ""

    @property
    def is_entrywise(self) -> bool:
        """Whether it is a function of one value."""
        return self.arity == (1, 1) and self.name != "hold"

    @property
    def is_costly(self) -> bool:
        """Whether a value is worth keeping where it is needed twice."""
        return self.cost >= 10


def _exp(of: Expr) -> Expr:
    return Call("exp", (of,))


_TWO = Number(Fraction(2))
_UP, _DOWN = _exp(X), _exp(negative(X))

_ROWS = (
    Function("exp", Names("exp"), risk="large", range="positive"),
    Function("log", Names("log", latex=r"\log", words=("ln",)), risk="positive"),
    Function(
        "log1p", Names("log1p", c="log1p"), form=Call("log", (add(ONE, X),)), risk="not negative"
    ),
    Function("expm1", Names("expm1", c="expm1"), form=add(_UP, MINUS_ONE), risk="large"),
    Function("sqrt", Names("sqrt", c="sqrt"), risk="not negative"),
    Function("abs", Names("abs", c="fabs"), cost=1, range="not negative"),
    Function("sign", Names("sign", latex=r"\operatorname{sgn}", words=("sgn",)), odd=True, cost=1),
    Function("sin", Names("sin", c="sin", latex=r"\sin"), odd=True),
    Function("cos", Names("cos", c="cos", latex=r"\cos")),
    Function(
        "tan",
        Names("tan", c="tan", latex=r"\tan"),
        form=divide(Call("sin", (X,)), Call("cos", (X,))),
        odd=True,
        risk="any",
    ),
    Function(
        "tanh",
        Names("tanh", latex=r"\tanh", words=("tgh",)),
        form=add(ONE, negative(divide(_TWO, add(ONE, _exp(mul(_TWO, X)))))),
        odd=True,
    ),
    Function(
        "sinh",
        Names("sinh", c="sinh", latex=r"\sinh"),
        form=divide(add(_UP, negative(_DOWN)), _TWO),
        odd=True,
        risk="any",
    ),
    Function(
        "cosh",
        Names("cosh", c="cosh", latex=r"\cosh"),
        form=divide(add(_UP, _DOWN), _TWO),
        risk="any",
        range="positive",
    ),
    Function("atan", Names("arctan", c="atan", latex=r"\arctan", words=("arctan",)), odd=True),
    Function("erf", Names(scipy="erf", c="erf", latex=r"\operatorname{erf}"), odd=True),
    Function(
        "normcdf",
        Names(scipy="ndtr", latex=r"\Phi", words=("ndtr",)),
        form=divide(add(ONE, Call("erf", (divide(X, Call("sqrt", (_TWO,))),))), _TWO),
        range="positive",
    ),
    Function(
        "sigmoid",
        Names(latex=r"\sigma", words=("logistic", "sigm")),
        form=divide(ONE, add(ONE, _DOWN)),
        range="positive",
    ),
    Function(
        "softplus",
        Names(latex=r"\operatorname{softplus}"),
        form=Call("log", (add(ONE, _UP),)),
        range="positive",
    ),
    Function(
        "relu",
        Names(latex=r"\operatorname{relu}"),
        form=Call("where", (Compare(">", X, ZERO), X, ZERO)),
        cost=1,
        range="not negative",
    ),
    Function("hold", Names(latex=r"\operatorname{hold}"), cost=0),
    Function("where", Names("where"), arity=(3, 3), cost=2),
    Function("minimum", Names("minimum", latex=r"\min"), arity=(2, 2), cost=1),
    Function("maximum", Names("maximum", latex=r"\max"), arity=(2, 2), cost=1),
    Function("delta", arity=(2, 2), cost=1),
    Function("size", arity=(1, 2)),
)
FUNCTIONS = {row.name: row for row in _ROWS}
ENTRYWISE = {row.name: row for row in _ROWS if row.is_entrywise}
