"""The header of a C text: its types, what its structs hold, its functions."""

from __future__ import annotations

from codegen.targets.c.optimizer import State
from codegen.targets.c.procedures import STATUS
from codegen.targets.c.program import Program
from codegen.targets.c.text import comment, wrapped


class Header:
    """Prints it."""

    def __init__(
        self, program: Program, state: State, more: list[str], prototypes: list[str]
    ) -> None:
        """`more` are lines of the largest extent and of what places of a sequence keep."""
        self.program = program
        self.state = state
        self.more = more
        self.prototypes = prototypes
        self.homes = program.scope.homes

    def lines(self) -> list[str]:
        """All of it."""
        module, kind = self.program.module, "float" if self.program.single else "double"
        return [
            *comment(f"{module.name}: forward pass, gradients and training. Written by chainrule."),
            "#ifndef NET_H",
            "#define NET_H",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            f"typedef {kind} real;",
            "typedef ptrdiff_t integer;",
            "",
            *self._record(
                "net_params",
                "The parameters, and what moves with them.",
                [t.name for t in self.program.having("parameter", "buffer")],
            ),
            *self._record(
                "net_gradient",
                "The objective's derivative by each of them.",
                [key for key, _ in self.program.gradient_table],
            ),
            *self._state_record(),
            *self.more,
            "/* What functions give back; net_message says it in words. */",
            "enum net_status {",
            *(f"    {name}{' = 0' * (not k)}," for k, (name, _) in enumerate(STATUS)),
            "};",
            "",
            *(line for one in self.prototypes for line in wrapped(f"{one};", "")),
            "",
            "#endif",
        ]

    def _record(self, name: str, purpose: str, tensors: list[str]) -> list[str]:
        rows = [f"    real {self.homes[t].name}[{self._extents(t)}];" for t in tensors]
        rows = rows or ["    real none[1];"]
        return [f"/* {purpose} */", f"struct {name} {{", *rows, "};", ""]

    def _extents(self, tensor: str) -> str:
        shape = self.homes[tensor].shape
        return " * ".join(map(str, shape)) or "1"

    def _state_record(self) -> list[str]:
        rows = [f"    double {name};" for name, _ in self.state.numbers]
        for name, tensors in self.state.memories:
            inner = [f"        real {self.homes[t].name}[{self._extents(t)}];" for t in tensors]
            if inner:
                rows += ["    struct {", *inner, f"    }} {name};"]
        rows = rows or ["    double none;"]
        return ["/* What the optimiser keeps. */", "struct net_state {", *rows, "};", ""]
