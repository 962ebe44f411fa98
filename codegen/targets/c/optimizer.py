"""What an optimiser does to one parameter, as static functions, and the calls of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from codegen.program.nodes import Array, Assign, Choose, Load, Reduce
from codegen.program.operands import Call, Literal, Memory
from codegen.program.procedures import (
    EVERY,
    EachParameter,
    Group,
    Instruction,
    Overall,
    Return,
    Unpack,
    Update,
)
from codegen.program.walk import ARRAYS
from codegen.targets.c.entries import Entries
from codegen.targets.c.functions import pieces
from codegen.targets.c.integers import Int, variable
from codegen.targets.c.loops import Line, Loop, Node, Note, lines_of
from codegen.targets.c.names import KEYWORDS, Names
from codegen.targets.c.program import Program
from codegen.targets.c.scope import Home, Scope, Unserved
from codegen.targets.c.statements import statement_nodes, taken_away
from codegen.targets.c.text import wrapped
from derive.ir.names import current_of, is_next, next_of
from derive.ir.notation import Dim
from derive.ir.tree import reads

SIZE = variable("size")


@dataclass
class State:
    """What an optimiser keeps: numbers, and arrays for some parameters each."""

    numbers: list[tuple[str, float]]
    memories: list[tuple[str, list[str]]]


def state_of(program: Program) -> State:
    """The state of a module's optimiser."""
    module = program.module
    numbers = list(module.hyperparameters)
    memories: list[tuple[str, list[str]]] = []
    begin = program.procedure("init_state")
    if begin is None:
        return State(numbers, memories)
    (value,) = begin.body[-1].values  # type: ignore[union-attr]
    for key, row in value.rows:  # type: ignore[union-attr]
        match row:
            case Literal(number):
                numbers.append((key, float(number or 0)))
            case Memory():
                memories.append((key, [n for n in _parameters(program) if _kept(program, row, n)]))
            case _:
                raise Unserved("target c: a state that is neither number nor memory")
    _demand_plain(key for key, _ in (*numbers, *memories))
    return State(numbers, memories)


def _demand_plain(names: Iterable[str]) -> None:
    """Refuse names of an update that mean something else in C."""
    for name in names:
        if current_of(name) in {*KEYWORDS, *pieces(single=True), "i", "size", "total", "net"}:
            raise Unserved(
                f"target c: the optimiser's name '{current_of(name)}' means something else in C; "
                "give it another one"
            )


def _parameters(program: Program) -> list[str]:
    return [t.name for t in program.having("parameter")]


def _kept(program: Program, memory: Memory, name: str) -> bool:
    rank = program.table[name].rank
    return (not memory.ranks or rank in memory.ranks) and rank not in memory.other_than


@dataclass
class Optimizer:
    """The update of all parameters: functions, and the lines that call them."""

    program: Program
    state: State
    functions: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    buffers: dict[str, Int] = field(default_factory=dict)

    def nodes(self, body: Iterable[Instruction]) -> list[Node]:
        """The instructions of a training step behind its call."""
        result: list[Node] = []
        if self.program.together:
            return result
        for one in body:
            match one:
                case Unpack("state", rows):
                    self.numbers |= {t: f"state->{key}" for t, key in rows}
                case Overall():
                    result += self._overall(one)
                case EachParameter():
                    result += self._each(one)
                case Call() | Update() | Return():
                    pass
                case _:
                    raise Unserved(
                        f"target c: no C yet for the update's {type(one).__name__}; choose another "
                        "optimiser, or target numpy"
                    )
        return result

    def _overall(self, one: Overall) -> list[Node]:
        """What there is once for all parameters, in double precision."""
        name = self.program.names.fresh(current_of(one.name))
        result: list[Node] = []
        for rule in _rules(one.body):
            scope = self._scope({})
            if one.over_parameters:
                function = self._summing(rule, one.name)
                parts = [
                    f"{function}({self._count(key)}, gradient->{self._name(key)})"
                    for key, _ in self.program.gradient_table
                ]
                text = " + ".join(parts)
            else:
                text, _ = Entries(scope, wide=True).along(rule.value, {})
            result += [Note(rule.note), Line(f"const double {name} = {text};")]
            if one.remembered:
                result.append(Line(f"state->{current_of(one.name)} = {name};"))
        self.numbers[one.name] = name
        return result

    def _summing(self, rule: Assign, name: str) -> str:
        """A function that gives one parameter's part of a sum over all."""
        value = rule.value
        if not (isinstance(value, Reduce) and value.op == "sum"):
            raise Unserved(f"target c: the optimiser's '{name}' isn't a sum; use target numpy")
        scope = self._scope({"g": Home("g", (SIZE,))})
        with scope.running("i", SIZE) as place:
            text, _ = Entries(scope).real(value.of, [place])
        body: list[Node] = [
            Line("double total = 0;"),
            Loop("i", SIZE, (Line(f"total += {text};"),), head="SUM(total)"),
            Line("return total;"),
        ]
        function = f"part_of_{current_of(name)}"
        head = f"static double {function}(integer size, const real *restrict g)"
        self._function(head, lines_of(body), scope)
        return function

    def _each(self, one: EachParameter) -> list[Node]:
        result: list[Node] = []
        printed: dict[tuple[object, ...], tuple[str, list[str], list[str]]] = {}
        ranks = [g.rank for g in one.groups]
        for key, _ in self.program.gradient_table:
            tensor = self.program.table[key]
            rank = tensor.rank if tensor.rank in ranks else None
            (group,) = (g for g in one.groups if g.rank == rank)
            letters = _has_letters(group)
            shape = self.program.scope.homes[key].shape
            which = (rank, shape if letters else None)
            if which not in printed:
                name = "move" if not printed else f"move_{len(printed) + 1}"
                printed[which] = self._moving(name, one, group, shape if letters else (SIZE,))
            result.append(self._call(printed[which], one, key, letters))
        return result

    def _call(
        self,
        function: tuple[str, list[str], list[str]],
        one: EachParameter,
        key: str,
        letters: bool,
    ) -> Node:
        name, memories, numbers = function
        own = self._name(key)
        given = [] if letters else [self._count(key)]
        given += [f"params->{own}", f"gradient->{own}"]
        given += [
            f"net.{m}" if m in self.buffers else f"state->{current_of(m)}.{own}" for m in memories
        ]
        given += [self.numbers[n] for n in numbers]
        return Line(f"{name}({', '.join(given)});")

    def _moving(
        self, name: str, one: EachParameter, group: Group, shape: tuple[Int, ...]
    ) -> tuple[str, list[str], list[str]]:
        """A function that moves one parameter; its memories and its numbers."""
        rules = _rules(group.body)
        _demand_plain(r.tensor for r in rules)
        kept = [s for s in group.stored if s != one.parameter]
        homes = {n: Home(current_of(n), shape) for n in (one.parameter, one.gradient, *kept)}
        for tensor in (one.parameter, *kept):
            homes[next_of(tensor)] = homes[tensor]
        scope = self._scope(homes)
        scope.dims = _dims(rules, shape)
        if any(_reduces(r.value) for r in rules) or shape != (SIZE,):
            nodes = statement_nodes(rules, scope)
        else:
            nodes = _in_one_loop(rules, scope)
        body = list(lines_of(nodes))
        numbers = [n for n in self.numbers if any(_mentions(r, n) for r in rules)]
        own = [n for n in scope.buffers if n not in {h.name for h in homes.values()}]
        rooms = [self._reserve(name, b, scope.buffers[b]) for b in own]
        variables = [
            *(["integer size"] if shape == (SIZE,) else []),
            f"real *restrict {homes[one.parameter].name}",
            f"const real *restrict {homes[one.gradient].name}",
            *(f"real *restrict {current_of(m)}" for m in kept),
            *(f"real *restrict {b}" for b in own),
            *(f"double {current_of(n)}" for n in numbers),
        ]
        self._function(f"static void {name}({', '.join(variables)})", body, scope)
        return name, [*kept, *rooms], numbers

    def _reserve(self, function: str, buffer: str, count: Int) -> str:
        """Room for the largest parameter, by its name in the arena."""
        sizes = [self.program.count(key).number or 1 for key, _ in self.program.gradient_table]
        most = Int()
        for factors, coefficient in count.terms:
            number = coefficient
            for factor in factors:
                number *= max(sizes) if factor == "size" else 1
            most = most + number
        name = self.program.names.fresh(f"{function}_{buffer}")
        self.buffers[name] = most
        return name

    def _scope(self, homes: dict[str, Home]) -> Scope:
        scope = Scope(Names(), self.program.single)
        scope.homes = {n: Home(current_of(n), (), number=True) for n in self.numbers}
        if not homes:
            scope.homes = {n: Home(text, (), number=True) for n, text in self.numbers.items()}
        scope.homes |= homes
        scope.letters[EVERY] = Int()
        return scope

    def _function(self, head: str, body: Iterable[str], scope: Scope) -> None:
        self.program.scope.used.functions |= scope.used.functions
        self.functions.append("\n".join([*wrapped(head, ""), "{", *body, "}"]))

    def _name(self, tensor: str) -> str:
        return self.program.scope.homes[tensor].name

    def _count(self, tensor: str) -> str:
        return str(self.program.count(tensor))


def _rules(body: Iterable[object]) -> list[Assign]:
    return [one for one in body if isinstance(one, Assign)]


def _reduces(value: Array) -> bool:
    return any(isinstance(a, Reduce) for a in ARRAYS.walk(value))


def _mentions(rule: Assign, name: str) -> bool:
    return any(
        (isinstance(a, Load) and a.tensor == name)
        or (isinstance(a, Choose) and any(r.tensor == name for r in reads(a.condition)))
        for a in ARRAYS.walk(rule.value)
    )


def _has_letters(group: Group) -> bool:
    """Whether the rules walk the axes of a parameter one by one."""
    arrays = [a for r in _rules(group.body) for a in ARRAYS.walk(r.value)]
    return any(a.axes not in ((), (EVERY,)) for a in arrays)


def _dims(rules: Sequence[Assign], shape: tuple[Int, ...]) -> dict[str, Int]:
    """The extents that rules name."""
    result: dict[str, Int] = {}
    for rule in rules:
        for array in ARRAYS.walk(rule.value):
            if isinstance(array, Load) and len(array.axes) == len(shape):
                for axis, extent in zip(array.axes, shape, strict=True):
                    for atom, _ in axis.extent.terms:
                        if isinstance(atom, Dim):
                            result.setdefault(atom.name, extent)
    return result


def _in_one_loop(rules: Sequence[Assign], scope: Scope) -> list[Node]:
    """Element-wise rules: one loop over the entries."""
    body: list[Node] = []
    with scope.running("i", SIZE) as place:
        for rule in rules:
            body.append(Note(rule.note))
            own = is_next(rule.tensor)
            op, value = taken_away(rule.op, rule.value)
            text, _ = Entries(scope).along(value, dict.fromkeys(value.axes, place))
            if own:
                name = scope.homes[rule.tensor].name
                body.append(Line(f"{name}[i] {op} {text};"))
            else:
                name = scope.names.tensor(rule.tensor)
                scope.homes[rule.tensor] = Home(name, (), number=True)
                body.append(Line(f"const real {name} = {text};"))
    return [Loop("i", SIZE, tuple(body))]
