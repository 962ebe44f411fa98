r"""The functions of the language, one row each: from the grammar to LaTeX, NumPy and the checks.

A function of one value that SymPy and NumPy know is a row and nothing else::

    Function(
        "asinh",
        form=_log(add(X, _sqrt(add(mul(X, X), ONE)))),
        odd=True,
        numpy="np.arcsinh",
        c="asinh",
        latex=r"\operatorname{arsinh}",
        words=("arcsinh",),
    )

The names in NumPy, C and LaTeX are data for those who print and read; nothing here knows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from derive.ir.notation import Call, Compare, Expr, Number, Read
from derive.ir.tree import MINUS_ONE, ONE, ZERO, add, divide, mul, negative

X = Read("x")  # a form's argument


@dataclass(frozen=True)
class Function:
    """A function of the language.

    `arity` is the least and the largest number of arguments. `form` is its value at `x`, by other
    functions: evaluators that have no better one use it, and its derivative is the form's where
    SymPy has no function of the name. `odd`: f(-x) = -f(x). `latex` is a name that stands before
    its argument; where there is none, a printer has a notation of its own, as for a power of e.
    `scipy` is the name in scipy.special of what NumPy lacks, `c` that in C's <math.h>.
    `words` are further names under which people write it. `cost` is that of one entry, in
    additions. `risk` tells for which arguments the value may be infinite or undefined: those that
    aren't "positive" or "not negative", those that are "large", or "any". `range` is "positive" or
    "not negative" where all values are.
    """

    name: str
    arity: tuple[int, int] = (1, 1)
    form: Expr | None = None
    odd: bool = False
    numpy: str = ""
    scipy: str = ""
    c: str = ""
    latex: str = ""
    words: tuple[str, ...] = ()
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
    Function("exp", numpy="np.exp", risk="large", range="positive"),
    Function("log", numpy="np.log", latex=r"\log", words=("ln",), risk="positive"),
    Function(
        "log1p", form=Call("log", (add(ONE, X),)), numpy="np.log1p", c="log1p", risk="not negative"
    ),
    Function("expm1", form=add(_UP, MINUS_ONE), numpy="np.expm1", c="expm1", risk="large"),
    Function("sqrt", numpy="np.sqrt", c="sqrt", risk="not negative"),
    Function("abs", numpy="np.abs", c="fabs", cost=1, range="not negative"),
    Function(
        "sign", odd=True, numpy="np.sign", latex=r"\operatorname{sgn}", words=("sgn",), cost=1
    ),
    Function("sin", odd=True, numpy="np.sin", c="sin", latex=r"\sin"),
    Function("cos", numpy="np.cos", c="cos", latex=r"\cos"),
    Function(
        "tan",
        form=divide(Call("sin", (X,)), Call("cos", (X,))),
        odd=True,
        numpy="np.tan",
        c="tan",
        latex=r"\tan",
        risk="any",
    ),
    Function(
        "tanh",
        form=add(ONE, negative(divide(_TWO, add(ONE, _exp(mul(_TWO, X)))))),
        odd=True,
        numpy="np.tanh",
        latex=r"\tanh",
        words=("tgh",),
    ),
    Function(
        "sinh",
        form=divide(add(_UP, negative(_DOWN)), _TWO),
        odd=True,
        numpy="np.sinh",
        c="sinh",
        latex=r"\sinh",
        risk="any",
    ),
    Function(
        "cosh",
        form=divide(add(_UP, _DOWN), _TWO),
        numpy="np.cosh",
        c="cosh",
        latex=r"\cosh",
        risk="any",
        range="positive",
    ),
    Function("atan", odd=True, numpy="np.arctan", c="atan", latex=r"\arctan", words=("arctan",)),
    Function("erf", odd=True, scipy="erf", c="erf", latex=r"\operatorname{erf}"),
    Function(
        "normcdf",
        form=divide(add(ONE, Call("erf", (divide(X, Call("sqrt", (_TWO,))),))), _TWO),
        scipy="ndtr",
        latex=r"\Phi",
        words=("ndtr",),
        range="positive",
    ),
    Function(
        "sigmoid",
        form=divide(ONE, add(ONE, _DOWN)),
        numpy="sigmoid",
        latex=r"\sigma",
        words=("logistic", "sigm"),
        range="positive",
    ),
    Function(
        "softplus",
        form=Call("log", (add(ONE, _UP),)),
        latex=r"\operatorname{softplus}",
        range="positive",
    ),
    Function(
        "relu",
        form=Call("where", (Compare(">", X, ZERO), X, ZERO)),
        latex=r"\operatorname{relu}",
        cost=1,
        range="not negative",
    ),
    Function("hold", latex=r"\operatorname{hold}", cost=0),
    Function("where", (3, 3), numpy="np.where", cost=2),
    Function("minimum", (2, 2), numpy="np.minimum", latex=r"\min", cost=1),
    Function("maximum", (2, 2), numpy="np.maximum", latex=r"\max", cost=1),
    Function("delta", (2, 2), cost=1),
    Function("size", (1, 2)),
)
FUNCTIONS = {row.name: row for row in _ROWS}
ENTRYWISE = {row.name: row for row in _ROWS if row.is_entrywise}
