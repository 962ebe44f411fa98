"""Module -> C: `net.c` and `net.h`."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.program.procedures import Module
from codegen.targets.c.functions import carried
from codegen.targets.c.header import Header
from codegen.targets.c.integers import Int, variable
from codegen.targets.c.optimizer import State, state_of
from codegen.targets.c.procedures import STATUS, function_of, holds_statements
from codegen.targets.c.program import Program
from codegen.targets.c.public import Public
from codegen.targets.c.text import comment, wrapped

LEFT_OUT = ("init_step", "step", "hessian", "gauss_newton", "init_state", "train_step")


@dataclass(frozen=True)
class Texts:
    """The two files."""

    header: str
    source: str


def c_texts(module: Module, dtype: str, header: str = "net.h") -> Texts:
    """The source of a module, and the header of this name that it includes."""
    return Printer(module, dtype, header).texts()


class Printer:
    """Prints a module."""

    def __init__(self, module: Module, dtype: str, header: str = "net.h") -> None:
        self.header = header
        self.program = Program(module, dtype == "float32")
        self.state: State = state_of(self.program)
        self.public = Public(self.program, self.state)
        self.names = self.program.names
        self.homes = self.program.scope.homes

    def texts(self) -> Texts:
        """Both files."""
        module = self.program.module
        functions = [
            "\n".join(function_of(p, self.program).lines)
            for p in module.procedures
            if holds_statements(p) and p.name not in LEFT_OUT
        ]
        public = self.public.functions()
        if any("largest(" in str(count) for _, count in self._rows()):
            self.program.scope.functions.add("largest")
        parts = [
            "\n".join(self._head()),
            *carried(self.program.scope.functions, self.program.single),
            "\n".join(self._struct()),
            "\n".join(self._lay_out()),
            *functions,
            "\n".join(self._sizes()),
            *public,
        ]
        header = Header(self.program, self.state, self.public.prototypes()).lines()
        return Texts("\n".join(header) + "\n", "\n\n".join(parts) + "\n")

    def _head(self) -> list[str]:
        module = self.program.module
        lines = comment(
            f"{module.name}: forward pass, gradients and training, in C alone. "
            f"The objective is {module.objective}."
        )
        lines += comment("Derived and written by chainrule: each loop stands under its formula.")
        for source in module.sources:
            lines += comment(f"Source: {source}")
        lines += [
            f'#include "{self.header}"',
            "",
            "#include <math.h>",
            "",
            "/* A sum whose order is free: the compiler may use vectors, told -fopenmp-simd. */",
            "#ifdef NET_SIMD",
            "#define PRAGMA(text) _Pragma(#text)",
            "#define SUM(total) PRAGMA(omp simd reduction(+:total))",
            "#else",
            "#define SUM(total)",
            "#endif",
        ]
        return lines

    def _rows(self) -> list[tuple[str, Int]]:
        """What lies in the arena: a name and how many reals."""
        rows = list(self.program.scope.buffers.items())
        return [(name, _at_least_nothing(count)) for name, count in rows]

    def _struct(self) -> list[str]:
        rows = self._rows()
        lines = ["/* Where everything lies. The arena holds, in this order and in reals:"]
        lines += [f" *   {name:<24} {count}" for name, count in rows]
        lines += [" */", "struct net {"]
        dims = [self.names.dim(d) for d in self.program.module.dims]
        lines += [f"    integer {', '.join(dims)};"] if dims else []
        lines += ["    int training;", "    uint64_t seed;"] if self.program.has_mode else []
        for tensor in self.program.data:
            home = self.homes[tensor.name]
            lines.append(f"    const {'integer' if home.integer else 'real'} *{home.name};")
        lines += ["    const struct net_params *params;", "    struct net_gradient *gradient;"]
        if self.program.input_rows:
            keys = [self.homes[key].name for key, _ in self.program.input_rows]
            lines += ["    int inputs; /* whether the derivatives by these are asked for */"]
            lines += [f"    real {', '.join(f'*d_{k}' for k in keys)};"]
        lines += [f"    real *{name};" for name, _ in rows]
        return [*lines, "};"]

    def _lay_out(self) -> list[str]:
        lines = ["/* Gives everything its place in the arena. */"]
        lines += ["static void lay_out(struct net *net, real *arena)", "{"]
        lines += self._dims_unpacked(" ".join(str(c) for _, c in self._rows()))
        for name, count in self._rows():
            lines.append(f"    net->{name} = arena;")
            lines.append(f"    arena += {count};")
        if not self._rows():
            lines += ["    (void)net;"]
        return [*lines, "    (void)arena;", "}"]

    def _dims_unpacked(self, text: str) -> list[str]:
        dims = [self.names.dim(d) for d in self.program.module.dims]
        return [f"    const integer {d} = net->{d};" for d in dims if _mentions(text, d)]

    def _sizes(self) -> list[str]:
        total = Int()
        for _, count in self._rows():
            total = total + count
        dims = [self.names.dim(d) for d in self.program.module.dims]
        unused = [d for d in dims if not _mentions(str(total), d)]
        lines = [self.public.size_head(), "{", *(f"    (void){d};" for d in unused)]
        size = wrapped(f"const integer count = {total};", "    ")
        tail = "sizeof(struct net_gradient) + sizeof(real) * (size_t)count"
        lines += [*size, f"    return {tail};", "}", ""]
        lines += ["const char *net_message(int status)", "{", "    switch (status) {"]
        for name, text in STATUS:
            lines += [f"    case {name}:", f'        return "{text}";']
        return [*lines, "    default:", '        return "unknown";', "    }", "}"]


def _mentions(text: str, name: str) -> bool:
    return (
        name in text.replace("(", " ").replace(")", " ").replace("*", " ").replace(",", " ").split()
    )


def _at_least_nothing(count: Int) -> Int:
    return count if count.grows else variable(f"largest(0, {count})")
