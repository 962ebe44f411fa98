"""What all functions of a C text share: names, where tensors lie, what the arena holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from codegen.program.nodes import Statement
from codegen.program.operands import Call, Operand, Table, Variable
from codegen.program.procedures import (
    IfGiven,
    Instruction,
    Let,
    Module,
    Procedure,
    Put,
    Return,
    Sample,
)
from codegen.program.walk import instructions
from codegen.targets.c.arena import CALL, Lives, Slot, slots
from codegen.targets.c.integers import Int, at_least_nothing, variable
from codegen.targets.c.loops import Node
from codegen.targets.c.names import Names
from codegen.targets.c.scope import Home, Scope
from derive.ir.names import next_of
from derive.ir.notation import Tensor

TRAINING = "training"
_READ = re.compile(r"\bnet\.(\w+)")


@dataclass
class Program:
    """A module on its way to C; its functions share a `struct`, and `names` with other programs.

    `kept` are the tensors that places of a sequence keep, and how the header calls them. `bodies`
    are its static functions; `slots` say where in the arena their values lie.
    """

    module: Module
    single: bool
    names: Names = field(default_factory=Names)
    struct: str = "net"
    kept: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, list[Node]] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        tensors = [t for t in self.module.tensors if t.role not in ("hyperparameter", "mode")]
        self.names.begin([t.name for t in tensors], self.module.dims)
        self.scope = Scope(self.names, self.single)
        self.scope.dims = {d: variable(self.names.dim(d)) for d in self.module.dims}
        for tensor in self.module.tensors:
            if tensor.role == "mode":
                self.scope.homes[tensor.name] = Home(TRAINING, (), integer=True, number=True)
            elif tensor.role == "constant":
                self.scope.homes[tensor.name] = Home(
                    self.names.tensor(tensor.name), (), number=True
                )
            elif tensor.role in ("input", "target", "parameter", "buffer", "state"):
                self._place(tensor)
        for _, adjoint in self.gradient_rows:
            if adjoint is not None:
                self._place(self.table[adjoint])
        if self.together:
            self._moves()

    def _moves(self) -> None:
        """Where numbers of the state lie, and what parameters become."""
        homes = self.scope.homes
        for tensor in self.having("hyperparameter"):
            homes[tensor.name] = Home(self.names.tensor(tensor.name), (), number=True)
        for tensor in self.having("parameter"):
            homes[next_of(tensor.name)] = homes[tensor.name]

    def lay_out(self, public: Iterable[str]) -> None:
        """Give values places in the arena, of which the functions that others call read some."""
        lasting: dict[str, set[str]] = {}
        roots: list[str] = []
        for text in public:
            called = CALL.findall(text)
            lasting.setdefault(called[0] if called else "", set()).update(_READ.findall(text))
            roots += called
        counts = {name: at_least_nothing(n) for name, n in self.scope.buffers.items()}
        lives = [self._lives(root, lasting) for root in dict.fromkeys(roots)]
        self.slots = slots(counts, lives)

    def _lives(self, root: str, lasting: dict[str, set[str]]) -> Lives:
        names = frozenset(self.scope.buffers)
        result = Lives(self.bodies, names, frozenset(self.scope.brief), lasting)
        result.run(root)
        return result

    def _place(self, tensor: Tensor) -> None:
        shape = self.scope.shape(tensor.shape)
        self.scope.homes[tensor.name] = Home(self.names.tensor(tensor.name), shape, tensor.integer)

    @property
    def table(self) -> dict[str, Tensor]:
        """Tensors by name."""
        return {t.name: t for t in self.module.tensors}

    def having(self, *roles: str) -> list[Tensor]:
        """Tensors of these roles, in order."""
        return [t for role in roles for t in self.module.tensors if t.role == role]

    @property
    def data(self) -> list[Tensor]:
        """Inputs and targets."""
        return self.having("input", "target")

    @property
    def dims(self) -> list[str]:
        """The variables that hold run-time extents."""
        return [self.names.dim(d) for d in self.module.dims]

    def procedure(self, name: str) -> Procedure | None:
        """A procedure, if there is one of this name."""
        return next((p for p in self.module.procedures if p.name == name), None)

    @property
    def differentiation(self) -> Procedure | None:
        """The procedure that holds the backward equations."""
        return self.procedure("_differentiate") or self.procedure("gradients")

    @cached_property
    def together(self) -> Procedure | None:
        """What a training step does where all parameters move together, as a procedure."""
        step = self.procedure("train_step")
        if step is None or not any(isinstance(i, Statement) for i in step.body):
            return None
        body = (i for i in step.body if not (isinstance(i, Call) and i.procedure == "gradients"))
        purpose = ("All parameters move together.",)
        ended = (*(i for i in body if not isinstance(i, Return)), Return(()))
        return replace(step, name="move_together", purpose=purpose, body=ended)

    @property
    def gradient_table(self) -> tuple[tuple[str, Operand], ...]:
        """The parameters that have a gradient, and what it is."""
        return _table(self.differentiation, "gradient")

    @property
    def buffer_table(self) -> tuple[tuple[str, Operand], ...]:
        """The buffers that a step moves, and what they become."""
        return _table(self.differentiation, "buffers")

    @property
    def gradient_rows(self) -> list[tuple[str, str | None]]:
        """Parameters and the tensors that are worked out in their place of the gradient.

        None where the gradient is something else: zeros, or what several share.
        """
        rows, procedure = self.gradient_table, self.differentiation
        if procedure is None:
            return []
        variables = [v.tensor for _, v in rows if isinstance(v, Variable)]
        made = {i.tensor for i in instructions(procedure.body) if hasattr(i, "tensor")}
        return [
            (key, v.tensor)
            if isinstance(v, Variable) and variables.count(v.tensor) == 1 and v.tensor in made
            else (key, None)
            for key, v in rows
        ]

    @property
    def input_rows(self) -> list[tuple[str, Operand]]:
        """Inputs, and what the derivative by them is."""
        procedure = self.differentiation
        body = procedure.body if procedure else ()
        given = [i for i in body if isinstance(i, IfGiven)]
        return [(p.key, p.value) for g in given for p in g.body if isinstance(p, Put)]

    @property
    def is_random(self) -> bool:
        """Whether something is drawn."""
        return any(isinstance(i, Sample) for i in self._every())

    @property
    def has_mode(self) -> bool:
        """Whether training differs from inference."""
        return self.is_random or bool(self.having("mode"))

    def _every(self) -> list[Instruction]:
        return [i for p in self.module.procedures for i in instructions(p.body)]

    def count(self, tensor: str) -> Int:
        """How many entries a tensor has."""
        result = Int((((), 1),))
        for extent in self.scope.homes[tensor].shape:
            result = result * extent
        return result


def _table(procedure: Procedure | None, name: str) -> tuple[tuple[str, Operand], ...]:
    if procedure is None:
        return ()
    for one in instructions(procedure.body):
        if isinstance(one, Let) and one.name == name and isinstance(one.value, Table):
            return one.value.rows
    return ()
