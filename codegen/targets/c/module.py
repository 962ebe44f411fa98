"""Module -> C: `net.c` and `net.h`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codegen.program.procedures import Module
from codegen.targets.c.frame import Frame
from codegen.targets.c.functions import carried
from codegen.targets.c.header import Header
from codegen.targets.c.integers import Int
from codegen.targets.c.optimizer import State, state_of
from codegen.targets.c.procedures import STATUS, functions_of, holds_statements
from codegen.targets.c.program import Program
from codegen.targets.c.public import Public
from codegen.targets.c.small import narrowed
from codegen.targets.c.stepping import NAMES as STEPPING
from codegen.targets.c.stepping import stepping_of
from codegen.targets.c.text import comment

LEFT_OUT = ("init_state", "train_step")


@dataclass(frozen=True)
class Texts:
    """The two files; the source includes the header by a name. `arena` is its size in bytes."""

    header: str
    source: str
    included: str
    arena: str


def c_texts(module: Module, dtype: str, header: str = "net.h", small: bool = False) -> Texts:
    """The source of a module, and the header of this name that it includes.

    `small`: for a device that has neither double precision nor vectors.
    """
    return Printer(module, dtype, header, small).texts()


class Printer:
    """Prints a module."""

    def __init__(
        self, module: Module, dtype: str, header: str = "net.h", small: bool = False
    ) -> None:
        self.header = header
        self.small = small
        single = dtype == "float32" or small
        self.program = Program(_whole(module), single)
        self.stepping = stepping_of(module, single, self.program.names)
        self.state: State = state_of(self.program)
        self.frame = Frame(self.program, "Where everything lies.")
        self.public = Public(self.program, self.state, self.frame)
        self.names = self.program.names
        self.homes = self.program.scope.homes

    def texts(self) -> Texts:
        """Both files."""
        module = self.program.module
        together = [self.program.together] if self.program.together else []
        procedures = (*module.procedures, *together)
        working = [p for p in procedures if holds_statements(p) and p.name not in LEFT_OUT]
        functions = functions_of(working, self.program)
        public = self.public.functions()
        self.program.lay_out(public)
        stepping = self.stepping.texts() if self.stepping else []
        self.program.scope.used.functions |= self.stepping.functions if self.stepping else set()
        if any("largest(" in str(slot.count) for slot in self.program.slots):
            self.program.scope.used.functions.add("largest")
        parts = [
            "\n".join(self._head()),
            *carried(self.program.scope.used.functions, self.program.single, self.small),
            "\n".join(self.frame.struct()),
            "\n".join(self.frame.lay_out()),
            *(f.text() for f in functions),
            "\n".join(self.frame.size()),
            "\n".join(self._messages()),
            *public,
            *stepping,
        ]
        heads = self.public.prototypes()
        heads += self.stepping.prototypes() if self.stepping else []
        more = self._most() + (self.stepping.record() if self.stepping else [])
        header = Header(self.program, self.state, more, heads).lines()
        both = "\n".join(header) + "\n", "\n\n".join(parts) + "\n"
        header_text, source = map(narrowed, both) if self.small else both
        return Texts(header_text, source, self.header, str(self._arena()))

    def _most(self) -> list[str]:
        """What the header says of the largest extent."""
        if not self.program.dims:
            return []
        short, long = self.frame.most()
        value = f"((integer)(sizeof(integer) < 8 ? {short} : {long}))"
        said = "The most that a run-time extent may be, so that all sizes are whole numbers."
        return [*comment(said), f"#define NET_MOST {value}", ""]

    def _arena(self) -> Int:
        """How many bytes the arena has: the gradient, then what functions work out."""
        keys = [key for key, _ in self.program.gradient_table]
        gradient = sum((self.program.count(key) for key in keys), Int())
        reals = sum((slot.count for slot in self.program.slots), gradient)
        return reals * (4 if self.program.single else 8)

    def _head(self) -> list[str]:
        module = self.program.module
        lines = comment(
            f"{module.name}: forward pass, gradients and training, in C alone. "
            f"The objective is {module.objective}."
        )
        lines += comment("Derived and written by chainrule: each loop stands under its formula.")
        if self.small:
            lines += comment("For small devices: single precision, nothing of 64 bits, no vectors.")
        for source in module.sources:
            lines += comment(f"Source: {source}")
        lines += [f'#include "{self.header}"', "", "#include <math.h>"]
        if self.small:
            return lines
        lines += [
            "",
            "/* A sum whose order is free: the compiler may use vectors, told -fopenmp-simd. */",
            "#define PRAGMA(text) _Pragma(#text)",
            "#ifdef NET_SIMD",
            "#define SUM(total) PRAGMA(omp simd reduction(+:total))",
            "#else",
            "#define SUM(total)",
            "#endif",
        ]
        return lines

    def _messages(self) -> list[str]:
        lines = ["const char *net_message(int status)", "{", "    switch (status) {"]
        for name, text in STATUS:
            lines += [f"    case {name}:", f'        return "{text}";']
        return [*lines, "    default:", '        return "unknown";', "    }", "}"]


def _whole(module: Module) -> Module:
    """The module without what goes along a sequence place by place."""
    return replace(
        module,
        procedures=tuple(p for p in module.procedures if p.name not in STEPPING),
        tensors=tuple(t for t in module.tensors if t.role != "state"),
    )
