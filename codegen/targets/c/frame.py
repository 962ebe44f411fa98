"""Where everything lies that functions work with: a struct of pointers, laid out in an arena."""

from __future__ import annotations

import re
import textwrap

from codegen.targets.c.arena import Slot
from codegen.targets.c.integers import Int
from codegen.targets.c.program import Program
from codegen.targets.c.text import LINE, wrapped

_GRADIENT = "sizeof(struct net_gradient)"
_SPARE = 2**20  # reals that lie elsewhere: parameters, the gradient


class Frame:
    """Prints the struct of a program, what fills it and how large its arena is.

    `purpose` says whose struct it is; a program with a `gradient` keeps one at the arena's head.
    """

    def __init__(self, program: Program, purpose: str) -> None:
        self.program = program
        self.purpose = purpose
        self.homes = program.scope.homes

    def struct(self) -> list[str]:
        """The struct."""
        program = self.program
        lines = [f"/* {self.purpose} In the arena, so many reals are in turn:"]
        for slot in program.slots:
            lines += [f" *   {row}" for row in _listed(slot)]
        lines += [" */", f"struct {program.struct} {{"]
        lines += [f"    integer {', '.join(program.dims)};"] if program.dims else []
        lines += ["    int training;", "    uint64_t seed;"] if program.has_mode else []
        for tensor in program.data:
            home = self.homes[tensor.name]
            lines.append(f"    const {'integer' if home.integer else 'real'} *{home.name};")
        lines.append("    const struct net_params *params;")
        lines += ["    struct net_gradient *gradient;"] if program.differentiation else []
        if program.together:
            lines += ["    const struct net_state *state;", "    struct net_params *moved;"]
        lines += ["    struct net_kept *kept;"] if program.struct != "net" else []
        if program.input_rows:
            keys = [self.homes[key].name for key, _ in program.input_rows]
            lines += ["    int inputs; /* whether the derivatives by these are asked for */"]
            lines += [f"    real {', '.join(f'*d_{k}' for k in keys)};"]
        for slot in program.slots:
            lines += wrapped(f"real {', '.join(f'*{name}' for name in slot.names)};", "    ")
        return [*lines, "};"]

    def lay_out(self) -> list[str]:
        """The function that gives everything its place."""
        lines = ["/* Gives everything its place in the arena. */"]
        lines += [f"static void {self.laid_out}(struct {self.program.struct} *net, real *arena)"]
        lines += ["{", *self._unpacked(" ".join(str(s.count) for s in self.program.slots))]
        slots = self.program.slots
        for k, slot in enumerate(slots):
            lines += wrapped(
                f"{' = '.join(f'net->{name}' for name in slot.names)} = arena;", "    "
            )
            lines += [f"    arena += {slot.count};"] * (k < len(slots) - 1)
        lines += [] if slots else ["    (void)net, (void)arena;"]
        return [*lines, "}"]

    @property
    def laid_out(self) -> str:
        """The name of that function."""
        return "lay_out" if self.program.struct == "net" else f"lay_out_{self.program.struct}"

    def size_head(self) -> str:
        """The head of the function that tells how large the arena is."""
        given = ", ".join(f"integer {d}" for d in self.program.dims)
        return f"size_t {self.size_name}({given or 'void'})"

    @property
    def size_name(self) -> str:
        """Its name."""
        return (
            "net_arena_size" if self.program.struct == "net" else f"net_{self.program.struct}_size"
        )

    def size(self) -> list[str]:
        """That function."""
        program = self.program
        total = sum((slot.count for slot in program.slots), Int())
        lines = [self.size_head(), "{"]
        if program.dims:
            outside = " || ".join(f"{d} < 0 || {d} > NET_MOST" for d in program.dims)
            lines += [*wrapped(f"if ({outside})", "    "), "        return 0;"]
        lines += wrapped(f"const integer count = {total};", "    ")
        before = f"{_GRADIENT} + " if program.differentiation else "sizeof(real) + "
        return [*lines, f"    return {before}sizeof(real) * (size_t)count;", "}"]

    def most(self) -> tuple[int, int]:
        """The most that a run-time extent may be where whole numbers have 32 bits, and 64.

        Then the bytes of the arena and of each array that is given are a whole number, too.
        """
        program, size = self.program, 4 if self.program.single else 8
        counts = [program.count(t.name) for t in program.data]
        counts.append(sum((slot.count for slot in program.slots), Int()))
        found = []
        for bits in (31, 63):
            most = 2**bits - 1
            while most and any(size * (c.at_most(most) + _SPARE) >= 2**bits for c in counts):
                most //= 2
            found.append(most)
        return found[0], found[1]

    def _unpacked(self, text: str) -> list[str]:
        dims = [d for d in self.program.dims if _mentions(text, d)]
        shown = ", ".join(f"{d} = net->{d}" for d in dims)
        return [f"    const integer {shown};"] if dims else []

    def filled(self, rows: list[str]) -> list[str]:
        """The lines that make a struct of what a function is given, in an arena that must do."""
        shown = [*(f".{d} = {d}" for d in self.program.dims), *rows, ".params = params"]
        made = f"struct {self.program.struct} net = {{ {', '.join(shown)} }};"
        lines = [
            f"    const size_t needed = {self.size_name}({', '.join(self.program.dims)});",
            *(["    if (needed == 0)", "        return NET_SIZE;"] if self.program.dims else []),
            "    if (bytes < needed || (uintptr_t)arena % sizeof(real) != 0)",
            "        return NET_ARENA;",
            *wrapped(made, "    "),
        ]
        if not self.program.differentiation:
            return [*lines, f"    {self.laid_out}(&net, arena);"]
        lines.append("    net.gradient = arena;")
        return [*lines, f"    {self.laid_out}(&net, (real *)(void *)(net.gradient + 1));"]


def _mentions(text: str, name: str) -> bool:
    return name in re.findall(r"\w+", text)


def _listed(slot: Slot) -> list[str]:
    """A place of the arena in words: how large it is, and what lies there."""
    return textwrap.wrap(
        f"{slot.count!s:<16} {', '.join(slot.names)}", LINE - 8, subsequent_indent=" " * 17
    )
