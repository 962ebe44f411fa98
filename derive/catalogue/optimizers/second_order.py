"""Optimisers that move all parameters together, by a matrix of second derivatives.

Their equations are about one vector: `w[a]` are all parameters one after the other, `g[a]` is the
gradient, `H[a,b]` the Hessian of the objective, `G[a,b]` its Gauss-Newton matrix.
"""

from __future__ import annotations

from fractions import Fraction

from derive.catalogue.rows import Attribute, Optimizer, Use


def _attributes(damping: str) -> tuple[Attribute, ...]:
    return (
        Attribute("learning_rate", "positive", "the length of the step", default=Fraction(1)),
        Attribute(
            "damping",
            "non-negative",
            "what is added to the matrix's diagonal, so that it has an inverse and steps are short",
            default=Fraction(damping),
        ),
    )


def _solved(matrix: str) -> str:
    return "\n".join(
        (
            f"A[a,b] = {matrix}[a,b] + damping*delta(a, b)",
            "d[a] = sum(b, inv(A)[a,b]*g[b])",
            "next(w)[a] = w[a] - learning_rate*d[a]",
        )
    )


def _newton(use: Use) -> str:
    return _solved("H")


def _natural_gradient(use: Use) -> str:
    return _solved("G")


NEWTON = Optimizer(
    name="newton",
    about="Newton's method: the step to where the gradient of a quadratic with this Hessian is 0; "
    "for small models, on the whole batch",
    equations=_newton,
    attributes=_attributes("0"),
    source="Nocedal & Wright 2006, eq. 2.15; damping: eq. 3.41",
    curvature="hessian",
)

NATURAL_GRADIENT = Optimizer(
    name="natural_gradient",
    about="the step by the inverse of the Gauss-Newton matrix, with the loss's Hessian by the "
    "model's output; with squared_error and cross-entropy from logits this matrix is the Fisher "
    "information of what the model predicts; for small models",
    equations=_natural_gradient,
    attributes=_attributes("1e-3"),
    source="Amari 1998, theorem 1; Martens 2020, section 9",
    curvature="gauss_newton",
)

OPTIMIZERS = (NEWTON, NATURAL_GRADIENT)
