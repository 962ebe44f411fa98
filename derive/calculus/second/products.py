"""Products of second derivatives with a direction, none of which forms a matrix of them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from derive.calculus.reverse_sweep import derivatives
from derive.calculus.second.directional import directional
from derive.errors import ChainruleError
from derive.ir.derivation import Derivation
from derive.ir.fresh_names import fresh_name
from derive.ir.notation import Call, Equation, Read, Tensor, Term, affine
from derive.ir.system import Earlier, Results, System
from derive.ir.tree import mul, needed_by
from derive.systems.as_system import as_system


def hessian_vector(system: System | Derivation, wrt: Iterable[str] | None = None) -> Derivation:
    """The Hessian of the objective times a direction, by the tensors of `wrt`.

    `wrt` is every trainable parameter by default. The derivation's objective is the derivative of
    the system's own along the direction, `along_E = sum(i,j, dW[i,j]*v_W[i,j]) + ...`, whose
    directions `v_W` are inputs shaped as the tensors; so its gradient by `W`, named `Hv_W`, is
    the Hessian times the direction (Pearlmutter 1994). What `z` changes by along it is `v_z`, what
    `dz` changes by `Hv_z`.

    Raises `ChainruleError` for an unknown tensor, and where the objective depends on none.
    """
    first = first_derivatives(system, wrt)
    return derivatives(pruned(directional(first)), wrt=first.wrt, apart=True)


def vector_jacobian(
    system: System | Derivation, of: str, wrt: Iterable[str] | None = None
) -> Derivation:
    """The transposed Jacobian of `of` times a vector, by the tensors of `wrt`: the reverse mode.

    The vector is the input `d` + `of`, shaped as `of`; the product with it by `W` is `dW`. `wrt` is
    every trainable parameter by default.

    Raises `ChainruleError` for an unknown tensor.
    """
    system = system.system if isinstance(system, Derivation) else system
    return derivatives(system, of, system.trainable if wrt is None else wrt, apart=True)


def jacobian_vector(
    system: System | Derivation, of: str, wrt: Iterable[str] | None = None
) -> System:
    """The Jacobian of `of` times a direction, as a system: the forward mode.

    Each direction is an input `v_W` shaped as `W`. What `z` changes by along it is `v_z`; the
    system's output is `v_` + `of`. The product with the transposed Jacobian is linear in its
    vector, and the derivative of a linear function is its coefficient; so this is the rule, too.

    Raises `ChainruleError` for an unknown tensor, and where `of` depends on none.
    """
    transposed = vector_jacobian(system, of, wrt)
    _depends(transposed)
    along = directional(transposed)
    assert along.earlier is not None
    seed = next(a for n, a in along.earlier.adjoints if a in along.table and _is_seed(along, n, a))
    result = derivatives(along, wrt=[seed], apart=True)
    output = result.adjoint[seed]
    equations = (*result.forward, *result.inlined, *result.backward)
    needed = needed_by({output}, equations)
    directions = {v for _, v in along.earlier.directions}
    given = ("parameter", "input", "target", "buffer", "constant", "random", "mode")
    tensors = [
        replace(t, role="intermediate" if t.role == "adjoint" else t.role)
        for t in result.tensors
        if t.name in needed
        or t.name in directions
        or (t.role in given and t.name in transposed.system.table)
    ]
    return replace(
        along,
        tensors=tuple(tensors),
        equations=tuple(e for e in equations if e.tensor in needed),
        results=Results(output=output),
        earlier=replace(along.earlier, directions=_moves(result, along.earlier)),
    )


def _moves(backward: Derivation, earlier: Earlier) -> tuple[tuple[str, str], ...]:
    """What each tensor moves by: the directions, and what follows from them."""
    of = {a: n for n, a in earlier.adjoints}
    more = ((of[n], a) for n, a in backward.adjoints if n in of and a in backward.table)
    return tuple(dict((*more, *earlier.directions)).items())


def _is_seed(system: System, of: str, adjoint: str) -> bool:
    """Whether a derivative is the vector that a transposed Jacobian is multiplied by."""
    return adjoint not in system.defined and system.table[adjoint].shape == system.table[of].shape


def gauss_newton_vector(
    system: System | Derivation, wrt: Iterable[str] | None = None, output: str | None = None
) -> Derivation:
    """The Gauss-Newton matrix of a model times a direction, by the tensors of `wrt`.

    With the Jacobian J of the model's output and the Hessian H of the objective by that output, it
    is J' H J: the Hessian without what the model itself is curved by (Schraudolph 2002). The
    derivation's objective is the sum of the objective's derivative by the output times
    `hold(v_y)`, which moves no more; so its gradient by `W`, named `Gv_W`, is the product. What
    the objective takes from `W` other than through the output has no part in it.

    Raises `ChainruleError` for an unknown tensor, where there is no output, and where it depends on
    none of the tensors.
    """
    system = system.system if isinstance(system, Derivation) else system
    output = _output(system, output)
    names = tuple(system.trainable if wrt is None else wrt)
    first = derivatives(system, wrt=[output], apart=True)
    return derivatives(gauss_newton_along(first, output, names), wrt=names, apart=True)


def _output(system: System, output: str | None) -> str:
    output = system.output if output is None else system.unaliased(output)
    if output is None:
        raise ChainruleError(
            f"{system.name}: there is no output; name the tensor that the model gives "
            '(output = "y")'
        )
    return output


def gauss_newton_along(first: Derivation, output: str | None, names: Sequence[str]) -> System:
    """The system whose objective's gradient is the Gauss-Newton matrix times a direction.

    `first` has the derivative by the output. Raises `ChainruleError` where there is no output, and
    where the objective doesn't depend on it or it on none of `names`.
    """
    model = first.system
    output = _output(model, output)
    loss = as_system(first)
    assert loss.earlier is not None
    if output not in dict(loss.earlier.adjoints):
        raise ChainruleError(f"{model.name}: the objective does not depend on {output}")
    moved = jacobian_vector(loss, output, names)
    assert moved.earlier is not None
    assert moved.output is not None
    adjoint = dict(loss.earlier.adjoints)[output]
    axes = loss.defined[adjoint].axes
    places = tuple(affine(a) for a in axes)
    body = mul(Read(adjoint, places), Call("hold", (Read(moved.output, places),)))
    taken = {*loss.table, *moved.table}
    objective = fresh_name(taken, f"along_{loss.earlier.objective}")
    moving = [t.name for t in model.tensors if t.role in ("intermediate", "parameter")]
    tensors = (*loss.tensors, *(t for t in moved.tensors if t.name not in loss.table))
    equations = (*loss.equations, *(e for e in moved.equations if e.tensor not in loss.defined))
    return pruned(
        replace(
            loss,
            tensors=(*tensors, Tensor(objective, (), "intermediate")),
            equations=(*equations, Equation(objective, (), (Term((), axes, "sum", body),))),
            results=Results(objective),
            earlier=replace(
                loss.earlier,
                directions=moved.earlier.directions,
                names=tuple((n, f"Gv_{n}") for n in moving),
            ),
        )
    )


def first_derivatives(system: System | Derivation, wrt: Iterable[str] | None) -> Derivation:
    """The first derivatives of a system, sums apart, so that each change has a name.

    Raises `ChainruleError` for an unknown tensor, and where the objective depends on none.
    """
    if isinstance(system, Derivation):
        wrt = system.wrt if wrt is None else wrt
        system = system.system
    first = derivatives(system, wrt=system.trainable if wrt is None else wrt, apart=True)
    _depends(first)
    origin = replace(first.system.origin, warnings=first.warnings)
    return replace(first, system=replace(first.system, origin=origin))


def _depends(first: Derivation) -> None:
    if not first.wrt:
        raise ChainruleError(
            f"{first.system.name}: {first.objective} depends on nothing that could move; "
            "name in wrt what it is to be differentiated by"
        )


def pruned(system: System) -> System:
    """The system without those derivatives that its objective doesn't need."""
    assert system.objective is not None
    earlier = system.earlier
    needed = needed_by({system.objective}, system.equations)
    own = {a for _, a in earlier.adjoints} if earlier else set()
    gone = {e.tensor for e in system.equations if e.tensor in own and e.tensor not in needed}
    return replace(
        system,
        tensors=tuple(t for t in system.tensors if t.name not in gone),
        equations=tuple(e for e in system.equations if e.tensor not in gone),
    )
