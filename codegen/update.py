"""The optimiser's equations as lines that loop over the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.emit_numpy import Printer
from codegen.layout import comment
from codegen.lower import lower_equation
from codegen.names import Names
from codegen.program import Assign
from derive.grammar import read_equations
from derive.notation import Add, Axis, Derivation, Equation, Read, Tensor, Term, affine
from derive.tree import add
from derive.updates import update_body


@dataclass(frozen=True)
class Update:
    """Lines of `train_step` and of `init_state`."""

    lines: tuple[str, ...]
    state: tuple[str, ...]
    remembers: bool
    loop: bool


class _Entries(Names):
    """In the loop a tensor is an entry of a dict."""

    def __init__(self, states: Sequence[str], hyper: Sequence[str]) -> None:
        super().__init__((), ())
        self._entries = {"w": "params[name]", "g": "gradient[name]"}
        self._entries |= {s: f'state["{s}"][name]' for s in states}
        self._entries |= {h: f'state["{h}"]' for h in hyper}

    def tensor(self, name: str) -> str:
        """The entry that holds a tensor."""
        return self._entries[name]


def update_lines(derivation: Derivation, moved: Sequence[str]) -> Update:
    """What one step of the optimiser does to `params[name]`, from its equations."""
    training = derivation.system.training
    written = [read_equations(t, "optimizer", [])[0] for t in training.update_text]
    states = [w.tensor for w in written if w.tensor != "w"]
    hyper = [n for n, _ in training.hyperparameters]
    printer = Printer(_Entries(states, hyper))
    axis = Axis("i", affine(2))
    one = (axis.extent,)
    table = {n: Tensor(n, one, "parameter") for n in ("w", "g", *states)}
    table |= {n: Tensor(n, (), "hyperparameter") for n in hyper}
    lines: list[str] = []
    for equation in written:
        body = update_body(equation.right, {}, (axis,))
        own = Read(equation.tensor, (affine(axis),))
        op = "="
        if isinstance(body, Add) and body.args[0] == own:
            body, op = add(*body.args[1:]), "+="
        made = Equation(
            equation.tensor, (axis,), (Term((affine(axis),), (axis,), "sum", body),), ""
        )
        lines += comment(equation.text, "        ")
        for statement in lower_equation(made, table):
            assert isinstance(statement, Assign)
            changed = Assign(statement.tensor, None, op, statement.value, statement.axes)
            lines.extend(printer.lines([changed], "        "))
    state = [f'"{n}": HYPERPARAMETERS["{n}"]' for n in hyper]
    state += [f'"{s}": {{n: np.zeros_like(params[n]) for n in PARAMETERS}}' for s in states]
    return Update(tuple(lines), tuple(state), bool(states), bool(moved) and bool(written))
