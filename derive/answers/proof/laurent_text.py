"""Sums of monomials, and quotients of them, in the equation language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derive.answers.proof.laurent import Frozen, Sum


def quotient_text(over: Sum, under: Mapping[Frozen, int], names: Sequence[str]) -> str:
    """`over` divided by a product of sums; `names` are the generators'."""
    above = sum_text(over, names)
    if not under:
        return above
    factors = [
        f"({sum_text(dict(f), names)})" + (f"**{p}" if p > 1 else "")
        for f, p in sorted(under.items())
    ]
    above = f"({above})" if len(over) > 1 else above
    below = factors[0] if len(factors) == 1 else f"({'*'.join(factors)})"
    return f"{above}/{below}"


def sum_text(over: Sum, names: Sequence[str]) -> str:
    """A sum, its terms in a fixed order."""
    if not over:
        return "0"
    parts = []
    for monomial, coefficient in sorted(over.items()):
        above = [_powered(names[g], e) for g, e in monomial if e > 0]
        below = [_powered(names[g], -e) for g, e in monomial if e < 0]
        size = abs(coefficient)
        if size.numerator != 1 or not above:
            above.insert(0, str(size.numerator))
        if size.denominator != 1:
            below.insert(0, str(size.denominator))
        text = "*".join(above)
        if below:
            text += f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
        parts.append(("-" if coefficient < 0 else "+", text))
    (sign, first), *rest = parts
    return ("-" if sign == "-" else "") + first + "".join(f" {s} {t}" for s, t in rest)


def _powered(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}**{exponent}"
