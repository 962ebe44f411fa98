"""The optimiser's equations, written out for each parameter.

An optimiser is equations over `w` (a parameter), `g` (its gradient), its own state and its
hyper-parameters, such as `next(w)[...] = w[...] - learning_rate*g[...]`.
"""

from __future__ import annotations

from collections.abc import Mapping

from derive.grammar import read_equations
from derive.notation import Axis, Call, Equation, Expr, Read, System, Tensor, Term, affine
from derive.syntax import Fn, Name, Num, Op, Ref, Syntax
from derive.tree import add, divide, mul, negative, number, power


def updates_of(
    system: System, gradients: Mapping[str, str], letters: Mapping[str, tuple[Axis, ...]]
) -> tuple[tuple[Tensor, ...], tuple[Equation, ...]]:
    """`next(W) = ...` for each parameter that moves, and the tensors that this brings.

    `gradients` names the parameters' gradients, `letters` the letters of their axes.
    """
    found: list[Equation] = []
    tensors: list[Tensor] = []
    written = [read_equations(line, "optimizer", [])[0] for line in system.training.update_text]
    for parameter, gradient in gradients.items():
        tensor = system.table[parameter]
        axes = letters[parameter]
        for equation in written:
            names = {"w": parameter, "g": gradient}
            own = equation.tensor
            if own not in names:
                names[own] = f"{own}_{parameter}"
            body = update_body(equation.right, names, axes)
            target = tuple(affine(a) for a in axes)
            name = f"next({names[own]})"
            found.append(Equation(name, axes, (Term(target, axes, "sum", body),), equation.text))
            tensors.append(Tensor(name, tensor.shape, "next"))
    hyper = [
        Tensor(n, (), "hyperparameter", value=v)
        for n, v in system.training.hyperparameters
        if n not in system.table
    ]
    return (*hyper, *tensors), tuple(found)


def update_body(node: Syntax, names: Mapping[str, str], axes: tuple[Axis, ...]) -> Expr:
    """The right side of an optimiser's equation, names replaced, every tensor over `axes`."""
    match node:
        case Num(value=value):
            return number(value)
        case Name(name=name):
            return Read(name)
        case Ref(name=name):
            return Read(names.get(name, name), tuple(affine(a) for a in axes))
        case Fn(name=name, args=args):
            return Call(name, tuple(update_body(a, names, axes) for a in args))
        case Op(op=op, args=args):
            parts = [update_body(a, names, axes) for a in args]
            match op:
                case "neg":
                    return negative(parts[0])
                case "+":
                    return add(*parts)
                case "-":
                    return add(parts[0], negative(parts[1]))
                case "*":
                    return mul(*parts)
                case "/":
                    return divide(*parts)
                case "**":
                    return power(*parts)
    raise AssertionError("an optimiser's equation holds something that has no update")
