"""The functions of a C text that others call: `net_forward`, `net_loss`, `net_gradients`, ..."""

from __future__ import annotations

from codegen.program.operands import Result, Variable
from codegen.program.procedures import Procedure, Return
from codegen.targets.c.beginnings import HEAD, beginning_text
from codegen.targets.c.frame import Frame
from codegen.targets.c.loops import lines_of
from codegen.targets.c.optimizer import Optimizer, State
from codegen.targets.c.procedures import called_by, holds_statements, purpose_of, static_name
from codegen.targets.c.program import Program
from codegen.targets.c.text import comment, literal, wrapped

_GRADIENTS = (
    "The objective and its derivative by each parameter, and by each input whose place isn't NULL."
)

CURVATURES = ("hessian", "gauss_newton")
MODED = ("forward", "loss")  # they take the mode


class Public:
    """Prints them; `prototypes` are what the header says of them."""

    def __init__(self, program: Program, state: State, frame: Frame) -> None:
        self.program = program
        self.frame = frame
        self.state = state
        self.names = program.names
        self.homes = program.scope.homes

    def functions(self) -> list[str]:
        """All of them."""
        gradients = [self._gradients()] if self.program.differentiation else []
        training = self._training()
        return [beginning_text(self.program), *self._called(), *gradients, *training]

    def prototypes(self) -> list[str]:
        """Their heads."""
        result = ["const char *net_message(int status)", self.frame.size_head()]
        result.append(HEAD)
        result += [self._called_head(p) for p in self._handing_on()]
        if self.program.differentiation:
            result.append(self._gradients_head())
        if self.program.procedure("train_step"):
            result += [self._state_head(), self._step_head()]
        return result

    def _dims_given(self) -> list[str]:
        return [f"integer {self.names.dim(d)}" for d in self.program.module.dims]

    def _handing_on(self) -> list[Procedure]:
        names = ("forward", "probabilities", "loss", *CURVATURES)
        found = (self.program.procedure(n) for n in names)
        return [p for p in found if p is not None]

    def _given(self, *roles: str) -> list[str]:
        rows = []
        for tensor in self.program.having(*roles):
            home = self.homes[tensor.name]
            rows.append(f"const {'integer' if home.integer else 'real'} *{home.name}")
        return rows

    def _mode(self) -> list[str]:
        return ["int training", "uint64_t seed"] if self.program.has_mode else []

    def _arguments(self, procedure: Procedure) -> list[str]:
        names = {a.what.tensor for a in procedure.arguments if isinstance(a.what, Variable)}
        roles = [t for t in self.program.data if t.name in names]
        return [t.name for t in roles]

    def _called_head(self, procedure: Procedure) -> str:
        given = [
            f"const {'integer' if self.homes[n].integer else 'real'} *{self.homes[n].name}"
            for n in self._arguments(procedure)
        ]
        mode = self._mode() if procedure.name in MODED else []
        parts = [
            "const struct net_params *params",
            *given,
            *self._dims_given(),
            *mode,
            "real *result",
            "void *arena",
            "size_t bytes",
        ]
        return f"int net_{procedure.name}({', '.join(parts)})"

    def _called(self) -> list[str]:
        return [self._called_text(p) for p in self._handing_on()]

    def _called_text(self, procedure: Procedure) -> str:
        call = called_by(procedure)
        lines = [
            *comment(purpose_of(procedure, self.program)),
            *wrapped(self._called_head(procedure), ""),
            "{",
        ]
        if call is None:
            (value,) = procedure.body[-1].values  # type: ignore[union-attr]
            assert isinstance(value, Variable)
            if holds_statements(procedure):
                handed_on = self._handed_on(procedure, procedure, value.tensor)
                return "\n".join([*lines, *handed_on])
            home = self.homes[value.tensor]
            source = (
                home.name
                if value.tensor in self._arguments(procedure)
                else (f"params->{home.name}")
            )
            self.program.scope.used.functions.add("copy")
            unused = ["arena", "bytes", *(self.homes[n].name for n in self._arguments(procedure))]
            lines += [f"    (void){name};" for name in unused if name != source]
            if not source.startswith("params"):
                lines.append("    (void)params;")
            lines += [f"    (void){d.split()[1]};" for d in self._dims_given()]
            lines += [f"    (void){d.split()[1]};" for d in self._mode()]
            lines += [f"    copy({self.program.count(value.tensor)}, {source}, result);"]
            return "\n".join([*lines, "    return NET_OK;", "}"])
        inner = call.call if isinstance(call, Result) else call
        called = self.program.procedure(inner.procedure)
        assert called is not None
        returned = called.body[-1]
        assert isinstance(returned, Return)
        shown = returned.values[call.position or 0 if isinstance(call, Result) else 0]
        assert isinstance(shown, Variable)
        return "\n".join([*lines, *self._handed_on(procedure, called, shown.tensor)])

    def _handed_on(self, procedure: Procedure, called: Procedure, shown: str) -> list[str]:
        """The lines that call a static function and copy what it has worked out."""
        self.program.scope.used.functions.add("copy")
        return [
            *self._filled(self._arguments(procedure), procedure.name in MODED),
            f"    const int status = {static_name(called.name)}(&net);",
            "    if (status == NET_OK)",
            f"        copy({self.program.count(shown)}, {self._address(shown)}, result);",
            "    return status;",
            "}",
        ]

    def _address(self, tensor: str) -> str:
        home = self.homes[tensor]
        if self.program.table[tensor].role in ("parameter", "buffer"):
            return f"params->{home.name}"
        return f"net.{home.name}"

    def _filled(self, data: list[str], mode: bool = True) -> list[str]:
        """The lines that make a `struct net` of arguments."""
        rows = [f".{self.homes[n].name} = {self.homes[n].name}" for n in data]
        if self.program.has_mode and mode:
            rows += [".training = training", ".seed = seed"]
        return self.frame.filled(rows)

    def _gradients_head(self) -> str:
        inputs = [f"real *d_{self.homes[k].name}" for k, _ in self.program.input_rows]
        parts = [
            "const struct net_params *params",
            *self._given("input", "target"),
            *self._dims_given(),
            *self._mode(),
            "real *result",
            "struct net_gradient *gradient",
            *inputs,
            "void *arena",
            "size_t bytes",
        ]
        return f"int net_gradients({', '.join(parts)})"

    def _gradients(self) -> str:
        procedure = self.program.procedure("gradients")
        assert procedure is not None
        lines = comment(_GRADIENTS)
        lines += [*wrapped(self._gradients_head(), ""), "{"]
        lines += self._filled([t.name for t in self.program.data])
        lines += ["    net.gradient = gradient;"]
        keys = [self.homes[k].name for k, _ in self.program.input_rows]
        lines += [f"    net.d_{k} = d_{k};" for k in keys]
        if keys:
            lines += wrapped(f"net.inputs = {' || '.join(f'd_{k} != NULL' for k in keys)};", "    ")
        lines += [
            f"    const int status = {self._differentiation()}(&net);",
            "    if (status == NET_OK)",
            f"        *result = net.{self._objective()}[0];",
            "    return status;",
            "}",
        ]
        return "\n".join(lines)

    def _differentiation(self) -> str:
        procedure = self.program.differentiation
        assert procedure is not None
        return static_name(procedure.name)

    def _objective(self) -> str:
        """The variable that holds the objective."""
        called = self.program.procedure("_evaluate")
        assert called is not None
        returned = called.body[-1]
        assert isinstance(returned, Return)
        assert isinstance(returned.values[0], Variable)
        return self.homes[returned.values[0].tensor].name

    # training

    def _state_head(self) -> str:
        return "void net_init_state(struct net_state *state)"

    def _step_head(self) -> str:
        seed = ["uint64_t seed"] if self.program.has_mode else []
        parts = [
            "struct net_params *params",
            "struct net_state *state",
            *self._given("input", "target"),
            *self._dims_given(),
            *seed,
            "real *result",
            "void *arena",
            "size_t bytes",
        ]
        return f"int net_train_step({', '.join(parts)})"

    def _training(self) -> list[str]:
        procedure = self.program.procedure("train_step")
        if procedure is None:
            return []
        optimizer = Optimizer(self.program, self.state)
        nodes = optimizer.nodes(procedure.body)
        self.program.scope.buffers |= optimizer.buffers
        moved = [
            f"    copy({self.program.count(key)}, net.{self.homes[v.tensor].name}, "
            f"params->{self.homes[key].name});"
            for key, v in self.program.buffer_table
            if isinstance(v, Variable)
        ]
        body = "\n".join(lines_of(nodes))
        step = [
            "/* One update of the parameters, in place; the objective before it. */",
            *wrapped(self._step_head(), ""),
            "{",
            *(["    const int training = 1;"] if self.program.has_mode else []),
            *self._filled([t.name for t in self.program.data]),
            *(["    net.state = state, net.moved = params;"] if self.program.together else []),
            f"    const int status = {self._differentiation()}(&net);",
            "    if (status != NET_OK)",
            "        return status;",
            f"    *result = net.{self._objective()}[0];",
            "    const struct net_gradient *gradient = net.gradient;",
            "    (void)gradient;",
            "    (void)state;",
            body,
            *moved,
            f"    return {static_name(self.program.together.name)}(&net);"
            if self.program.together
            else "    return NET_OK;",
            "}",
        ]
        begin = [
            "/* The optimiser's state before the first step. */",
            self._state_head(),
            "{",
            "    *state = (struct net_state){ 0 };",
            *(f"    state->{n} = {literal(v, False)[0]};" for n, v in self.state.numbers),
            "}",
        ]
        return [*optimizer.functions, "\n".join(begin), "\n".join(line for line in step if line)]
