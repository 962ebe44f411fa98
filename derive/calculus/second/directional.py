"""The derivative of an objective along a direction is an objective, too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.errors import ChainruleError, meant, shorten
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Equation, Read, Tensor, Term, affine
from derive.ir.system import Earlier, Results, System
from derive.ir.tree import mul
from derive.systems.as_system import as_system


def directional(derivation: Derivation, wrt: Iterable[str] | None = None) -> System:
    """The derivative of the objective along a direction, as a system to be differentiated.

    Its objective is `sum(i,j, dW[i,j]*v_W[i,j])`, added up over the tensors of `wrt` (by default
    all by which the derivation was made); each direction is an input `v_W`. So its gradient by `W`
    is the Hessian times the direction.

    Raises `ChainruleError` for a tensor by which the derivation has no derivative.
    """
    system = as_system(derivation)
    earlier = system.earlier
    assert earlier is not None
    names = tuple(derivation.wrt if wrt is None else wrt)
    taken = {t.name for t in system.tensors}
    terms: list[Term] = []
    directions: list[Tensor] = []
    moved: list[tuple[str, str]] = []
    for name in names:
        if name not in derivation.wrt:
            raise ChainruleError(
                f"wrt: there is no derivative by '{shorten(name)}'{meant(name, derivation.wrt)}"
            )
        gradient = derivation.gradient(name)
        places = tuple(affine(a) for a in gradient.axes)
        direction = fresh_name(taken, f"v_{name}")
        taken.add(direction)
        moved.append((name, direction))
        directions.append(Tensor(direction, system.table[name].shape, "input"))
        body = mul(Read(gradient.tensor, places), Read(direction, places))
        terms.append(Term((), gradient.axes, "sum", body))
    objective = fresh_name(taken, f"along_{derivation.objective}")
    return replace(
        system,
        earlier=replace(earlier, directions=tuple(moved), names=product_names(earlier)),
        tensors=(*system.tensors, *directions, Tensor(objective, (), "intermediate")),
        equations=(*system.equations, Equation(objective, (), tuple(terms))),
        results=Results(objective),
    )


def product_names(earlier: Earlier) -> tuple[tuple[str, str], ...]:
    """What derivatives of a derivative along a direction are called.

    That by `dz` is what z changes by as the parameters move, `v_z`; that by `z` is what `dz`
    changes by, `Hv_z`: of a parameter the Hessian times the direction.
    """
    changes = tuple((adjoint, f"v_{of}") for of, adjoint in earlier.adjoints)
    return (*changes, *((of, f"Hv_{of}") for of, _ in earlier.adjoints))
