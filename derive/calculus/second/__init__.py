"""Second derivatives: by the same rule again, applied to the equations of the first ones."""

from derive.calculus.second.directional import directional
from derive.calculus.second.full_blocks import hessian, jacobian
from derive.calculus.second.products import (
    gauss_newton_vector,
    hessian_vector,
    jacobian_vector,
    vector_jacobian,
)

__all__ = [
    "directional",
    "gauss_newton_vector",
    "hessian",
    "hessian_vector",
    "jacobian",
    "jacobian_vector",
    "vector_jacobian",
]
