r"""Equations to LaTeX, in index notation: $\delta_{nj} = \sum_{i} \delta_{ni} W_{ij}$.

Typography is tables: `spelling` for names, `functions` for commands, `box` for the
order of operations. What the printer doesn't know is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from codegen.latex.box import ATOM, NESTED, PRODUCT, TALL, Box, called, flat, joined, number, power
from codegen.latex.choices import bracketed, conditions_of, selected
from codegen.latex.conditions import bracket, chained, condition, opposite
from codegen.latex.formula import Formula
from codegen.latex.functions import CONSTANTS, NAMES, OPERATORS
from codegen.latex.line_breaking import width
from codegen.latex.products import HALF, coefficient, product
from codegen.latex.subscripts import Integers
from codegen.latex.symbols import Names
from derive.algebra.conditions import integer
from derive.algebra.index_rules import pull
from derive.algebra.readable import readable
from derive.algebra.readable_conditions import of_letters
from derive.ir.names import current_of, is_next
from derive.ir.notation import (
    Add,
    Axis,
    Call,
    Compare,
    Constant,
    Equation,
    Expr,
    Index,
    Logic,
    Mul,
    Number,
    Pow,
    Read,
    Reduction,
    Tensor,
    Term,
    affine,
)
from derive.ir.tree import ONE, ZERO, addends, affine_axes, contains, index_reads, mul, reads

SIGN_OF_PERMUTATION = r"\operatorname{sgn}"

# their squares are written tanh^2(x)
_SQUARED = frozenset(("sin", "cos", "tan", "tanh", "sinh", "cosh", "log"))
_LONGEST_EXPONENT = 9.0


class IndexPrinter:
    """Prints the equations of one system; the symbols are those of its `Names`."""

    def __init__(
        self, names: Names, table: Mapping[str, Tensor], otherwise: str = "otherwise"
    ) -> None:
        self.names = names
        self.otherwise = otherwise
        self.table = table
        self.integers = Integers(names)
        self.functions = dict(NAMES)
        for letter, name in ((r"\sigma", "sigmoid"), (r"\Phi", "normcdf")):
            if letter in names.occupied:
                self.functions[name] = rf"\operatorname{{{name}}}"
        self.has_e = "e" in names.occupied
        # of the rows of a determinant
        self.permutation = r"\varpi" if r"\pi" in names.occupied else r"\pi"

    # ---- equations -------------------------------------------------------------------------------

    def formula(self, equation: Equation) -> Formula:
        """An equation, every term solved for the letters of the left side."""
        if equation.tensor in self.names.nodes and equation.terms[0].matrix is not None:
            return self.definition(equation)
        solved = readable(equation, self.table)
        relation = r"\leftarrow" if is_next(equation.tensor) else "="
        return Formula(self.left(equation), (self.right(solved.terms).text,), relation)

    def definition(self, equation: Equation) -> Formula:
        """The definition of an inverse or a determinant that has no other name: `X^{-1} X = I`."""
        (term,) = equation.terms
        assert isinstance(term.body, Read)
        rows = term.reduced[0]
        if term.reduce == "inv":
            row, column = term.target[-2:]
            left = Read(equation.tensor, (*term.target[:-1], affine(rows)))
            right = Read(term.body.tensor, (*term.body.subscripts[:-1], column))
            whole = self.box(Reduction("sum", (rows,), mul(left, right)))
            one = self.box(Compare("==", Index(row), Index(column)))
            return Formula(flat(whole.text), (one.text,))
        letter, permutation = self.names.letter(rows), self.permutation
        places = [self.integers.integer(s, tight=True).text for s in term.target]
        places += [letter, f"{permutation}({letter})"]
        entry = self.names[term.body.tensor].at(",".join(places))
        text = rf"{SIGN_OF_PERMUTATION}({permutation}) \prod_{{{letter}}} {entry}"
        text = rf"\sum_{{{permutation}}} {text}"
        if term.reduce == "logdet":
            text = rf"\log\biggl\lvert {text}\biggr\rvert"
        return Formula(self.left(equation), (text,))

    def left(self, equation: Equation) -> str:
        """The left side."""
        tensor = current_of(equation.tensor)
        return self.integers.entry(tensor, tuple(affine(a) for a in equation.axes))

    def right(self, terms: Sequence[Term]) -> Box:
        """The sum of the terms."""
        parts: list[tuple[int, Box]] = []
        for term in terms:
            value = unfolded(term)
            if len(terms) > 1 and not isinstance(value, Add):
                parts.append(self.signed(value))
            else:
                parts.extend(self.signed(a) for a in addends(value))
        return joined([(s, b.at_least(PRODUCT) if len(parts) > 1 else b) for s, b in parts])

    def scattered(self, tensor: str, term: Term) -> Formula:
        """A term's contribution to the entry that its left subscripts name."""
        kept = {a for s in term.target for a in affine_axes(s)}
        run = tuple(a for a in term.domain if a not in kept)
        body = Reduction("sum", run, term.body) if run else term.body
        left = self.integers.entry(tensor, term.target)
        return Formula(left, (self.box(body).text,), r"\mathrel{+}=")

    # ---- expressions -----------------------------------------------------------------------------

    def box(self, expr: Expr, inline: bool = False) -> Box:
        """An expression; `inline` where it is small, as in an exponent: no tall fraction."""
        match expr:
            case Number(value) if value >= 0:
                return _number(value, inline)
            case Constant(name):
                return Box(CONSTANTS[name], powers=True)
            case Index(value):
                return self.integers.integer(value)
            case Read(tensor, subscripts):
                return self.integers.read(tensor, subscripts)
            case Add(args):
                terms = [part for a in args for part in addends(bracketed(a))]
                signed = [self.signed(a, inline) for a in terms]
                return joined([(s, b.at_least(PRODUCT)) for s, b in signed])
            case Number() | Mul() | Pow() | Call("where", _):
                return joined([self.signed(expr, inline)])
            case Call(function, args):
                return self.call(function, args, inline)
            case Compare() | Logic():
                return bracket(expr, self.box)
            case Reduction(op, axes, body):
                return self.reduction(op, axes, body)
            case _:
                raise TypeError(f"{type(expr).__name__} has no formula")

    def signed(self, expr: Expr, inline: bool = False) -> tuple[int, Box]:
        """The sign of an expression, and the rest."""
        match expr:
            case Number(value) if value < 0:
                return -1, _number(-value, inline)
            case Mul(args):
                sign, value, rest = coefficient(args)
                return sign, product(value, rest, lambda e: self.factor(e, inline), inline)
            case Pow(_, Number(value)) if value < 0:
                return 1, product(Fraction(1), (expr,), lambda e: self.factor(e, inline), inline)
            case Pow(base, exponent):
                return 1, self.raised(base, exponent, inline)
            case Call("where", (when, yes, no)) if no == ZERO:
                return self.signed(selected(when, yes), inline)
            case Call("where", (when, yes, no)) if yes == ZERO:
                return self.signed(selected(opposite(when), no), inline)
            case Call("where", _):
                return 1, self.cases(expr)
            case Reduction("sum", axes, body):
                return self.summed(axes, body)
            case _:
                return 1, self.box(expr, inline)

    def factor(self, expr: Expr, inline: bool = False) -> Box:
        """A factor of a product: a choice in brackets, so that a line can be broken."""
        return self.box(bracketed(expr), inline)

    def raised(self, base: Expr, exponent: Expr, inline: bool) -> Box:
        """A power: a root where it is one."""
        if exponent == Number(HALF):
            return self.root(base)
        if isinstance(base, Call) and base.function in _SQUARED and exponent == Number(Fraction(2)):
            name = self.functions[base.function]
            return called(f"{name}^{{2}}", self.box(base.args[0], inline))
        return power(self.box(base, inline), self.box(exponent, inline=True).text)

    def root(self, of: Expr) -> Box:
        """A square root."""
        inner = self.box(of)
        return Box(rf"\sqrt{{{flat(inner.text)}}}", ATOM, min(inner.height + 1, TALL))

    # ---- functions -------------------------------------------------------------------------------

    def call(self, function: str, args: Sequence[Expr], inline: bool) -> Box:
        """A function of the language; one with a prime is its derivative."""
        match function, args:
            case "sqrt", (one,):
                return self.root(one)
            case "abs", (one,):
                inner = self.box(one)
                size = r"\bigl", r"\bigr"
                left, right = size if inner.height else ("", "")
                text = rf"{left}\lvert {inner.text}{right}\rvert"
                return Box(text, ATOM, inner.height, powers=True)
            case "kronecker", _:
                pair = self.integers.subscripts([p for a in args if (p := integer(a)) is not None])
                return Box(rf"\delta_{{{pair}}}", ATOM, powers=False)
            case "delta", (a, b):
                return bracket(Compare("==", a, b), self.box)
            case "log1p", (one,):
                return self.box(Call("log", (Add((ONE, one)),)), inline)
            case "expm1", (one,):
                return joined([(1, self.exponential(one)), (-1, self.box(ONE))])
            case "exp", (one,):
                return self.exponential(one)
            case (("inv" | "det" | "logdet"), (Read(tensor, subscripts),)):
                below = self.integers.subscripts(subscripts)
                return self.integers.boxed(self.names.node(function, tensor), below)
        return self.applied(function, [self.box(a, inline) for a in args])

    def applied(self, function: str, boxes: Sequence[Box]) -> Box:
        """A function's name, its arguments in parentheses."""
        name = function.rstrip("'")
        primes = function[len(name) :]
        shown = self.functions.get(name, name if primes and len(name) == 1 else None)
        if shown is None:
            raise TypeError(f"the function {function} has no formula")
        inside = replace(
            boxes[0],
            text=r",\, ".join(b.text for b in boxes),
            height=max(b.height for b in boxes),
            rigid=any(b.rigid for b in boxes),
        )
        return called(shown + primes, inside)

    def exponential(self, of: Expr) -> Box:
        """A power of e, or `exp` where the exponent is long or e is a tensor."""
        small = None if self.has_e or contains(of, _is_tall) else self.box(of, inline=True)
        if small is None or width(small.text) > _LONGEST_EXPONENT:
            return called(r"\exp", self.box(of))
        return Box(f"e^{{{flat(small.text)}}}", ATOM, NESTED)

    def cases(self, expr: Expr) -> Box:
        """A choice of which no side is 0."""
        rows: list[str] = []
        while isinstance(expr, Call) and expr.function == "where":
            when, value, expr = expr.args
            rows.append(f"{flat(self.box(value).text)} & {condition(when, self.box).text}")
        rows.append(rf"{flat(self.box(expr).text)} & \text{{{self.otherwise}}}")
        # a row that began with a bracket would be taken for the space after the one before
        guarded = ["{}" * row.startswith("[") + row for row in rows]
        text = r"\begin{cases} " + r" \\ ".join(guarded) + r" \end{cases}"
        return Box(text, PRODUCT, TALL, rigid=True)

    # ---- reductions ------------------------------------------------------------------------------

    def summed(self, axes: Sequence[Axis], body: Expr) -> tuple[int, Box]:
        """A sum, a minus sign before it."""
        body, conditions = conditions_of(body, "sum")
        sign, inner = self.signed(body)
        if inner.rigid:
            sign, inner = 1, self.factor(body)
        return sign, self.operator(r"\sum", axes, body, conditions, inner.at_least(PRODUCT))

    def reduction(self, op: str, axes: Sequence[Axis], body: Expr) -> Box:
        """A big operator, its letters and their conditions beneath."""
        if op == "sum":
            return joined([self.summed(axes, body)])
        body, conditions = conditions_of(body, op)
        if op == "logsumexp":
            inner = self.exponential(body)
            return self.operator(r"\log\sum", axes, body, conditions, inner)
        if op not in OPERATORS:
            raise TypeError(f"the reduction {op} has no formula")
        return self.operator(
            OPERATORS[op], axes, body, conditions, self.factor(body).at_least(PRODUCT)
        )

    def operator(
        self,
        sign: str,
        axes: Sequence[Axis],
        body: Expr,
        conditions: Sequence[Expr],
        inner: Box,
    ) -> Box:
        """A big operator before what it takes in."""
        text = f"{sign}_{{{self.beneath(axes, body, conditions)}}} {inner.text}"
        return Box(text, PRODUCT, TALL, reaches=True, rigid=inner.rigid)

    def beneath(self, axes: Sequence[Axis], body: Expr, conditions: Sequence[Expr]) -> str:
        """Letters, with their ranges where no tensor's axis says them, and conditions."""
        result = [*reads(body), *index_reads(body)]
        for when in conditions:
            result.extend(index_reads(when))
        walks = {s.axis for r in result for s in r.subscripts}
        plain = [self.names.letter(a) for a in axes if a in walks]
        lines = [",".join(plain)] if plain else []
        ends: dict[str, list[str]] = {}
        for axis in axes:
            if axis not in walks:
                end = self.integers.integer(axis.extent).text
                ends.setdefault(end, []).append(self.names.letter(axis))
        lines.extend(rf"0 \le {','.join(result)} < {end}" for end, result in ends.items())
        flat_ = [
            part
            for when in conditions
            for part in (when.args if isinstance(when, Logic) and when.op == "and" else (when,))
        ]
        lines.extend(b.text for b in chained(flat_, self.box))
        return lines[0] if len(lines) == 1 else r"\substack{" + r" \\ ".join(lines) + "}"


def unfolded(term: Term) -> Expr:
    """A term's value as an expression: the reduction inside, what is free of it before it."""
    run = term.reduced
    if not run:
        return term.body
    if term.matrix is not None:
        # the entry that the left side names, or the matrix's number
        return Call(term.reduce, (Read(term.matrix, term.target),))
    if term.reduce != "sum":
        return Reduction(term.reduce, run, term.body)
    pulled = pull(term)
    match pulled.core:
        case Call("where", (when, yes, no)) if no == ZERO and of_letters(when):
            inside = pull(replace(term, body=yes))
            core = Call("where", (when, inside.core, ZERO))
            return pulled.wrap(inside.wrap(Reduction("sum", run, core)))
    return pulled.wrap(Reduction("sum", run, pulled.core))


def _number(value: Fraction, inline: bool) -> Box:
    box = number(value)
    if inline and box.height == TALL:
        return Box(f"{value.numerator}/{value.denominator}", PRODUCT)
    return box


def _is_tall(expr: Expr) -> bool:
    """Whether an expression is too tall for an exponent."""
    return isinstance(expr, Reduction) or (isinstance(expr, Call) and expr.function == "where")
