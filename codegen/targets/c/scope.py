"""What a place in the text knows: where tensors lie, run-time extents, letters that run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from codegen.targets.c.integers import Int, product, variable, whole
from codegen.targets.c.names import Names
from derive.errors import ChainruleError
from derive.ir.notation import Affine, Atom, Axis, Dim, FloorDiv, Mod


class Unserved(ChainruleError):
    """What can't be printed as C yet."""


@dataclass(frozen=True)
class Home:
    """Where a tensor lies: a C variable, a pointer unless it is a number, and its extents."""

    name: str
    shape: tuple[Int, ...]
    integer: bool = False
    number: bool = False


@dataclass
class Used:
    """What the text of a function uses: variables, helpers, streams of random numbers.

    `touched` are the variables that it mentions, `changed` those that it writes to.
    """

    touched: dict[str, None] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    streams: dict[str, None] = field(default_factory=dict)


@dataclass
class Scope:
    """The tensors of a function, what its extents are, and which letters run over what.

    `buffers` are what the arena holds: (name, how many reals); `brief` those of them that have no
    name in the equations.
    """

    names: Names
    single: bool
    homes: dict[str, Home] = field(default_factory=dict)
    dims: dict[str, Int] = field(default_factory=dict)
    letters: dict[Axis, Int] = field(default_factory=dict)
    reach: dict[str, Int] = field(default_factory=dict)
    buffers: dict[str, Int] = field(default_factory=dict)
    brief: set[str] = field(default_factory=set)
    used: Used = field(default_factory=Used)

    def home(self, tensor: str) -> Home:
        """Where a tensor lies; from here on the text mentions it."""
        home = self.homes[tensor]
        self.used.touched[home.name] = None
        return home

    def define(self, tensor: str, shape: tuple[Int, ...]) -> Home:
        """A tensor that is worked out: its place in the arena, as large as it gets."""
        old = self.homes.get(tensor)
        if old is not None and old.shape == shape:
            return old
        name = old.name if old is not None else self.names.tensor(tensor)
        self.homes[tensor] = Home(name, shape)
        if old is None or name in self.buffers:
            self.reserve(name, shape)
        return self.homes[tensor]

    def reserve(self, name: str, shape: tuple[Int, ...]) -> None:
        """Room for an array; where it had some, for the larger one if that is known."""
        count = product(tuple(self.most(n) for n in shape))
        old = self.buffers.get(name)
        if old is None or (count - old).grows:
            self.buffers[name] = count
        elif not (old - count).grows and old != count:
            self.buffers[name] = variable(f"largest({old}, {count})")

    def buffer(self, stem: str, shape: tuple[Int, ...]) -> str:
        """Room for a value without a name: the tensor that stands for it."""
        name = self.names.fresh(f"{stem}_1" if stem[-1:].isdigit() else stem)
        self.homes[name] = Home(name, shape)
        self.brief.add(name)
        self.reserve(name, shape)
        return name

    def most(self, value: Int) -> Int:
        """The most that an extent can be, over the letters of the loops around it."""
        for letter, extent in self.reach.items():
            if any(letter in factors for factors, _ in value.terms):
                value = substituted(value, letter, extent - 1, up=True)
        return value

    def integer(self, value: Affine, places: Mapping[Axis, Int] | None = None) -> Int:
        """An integer of the index calculus; `places` are those of letters that run here."""
        result = whole(value.constant)
        for atom, coefficient in value.terms:
            result = result + self._atom(atom, places or {}) * coefficient
        return result

    def _atom(self, atom: Atom, places: Mapping[Axis, Int]) -> Int:
        match atom:
            case Dim(name):
                return self.dims[name]
            case Axis():
                return places[atom] if atom in places else self.letters[atom]
            case FloorDiv(of, by):
                return self.divided(self.integer(of, places), by, "/")
            case Mod(of, by):
                return self.divided(self.integer(of, places), by, "%")
            case _:
                raise AssertionError("an integer tensor is no plain index")

    def divided(self, value: Int, by: int, op: str) -> Int:
        """A quotient rounded down, or what is left of it."""
        if value.number is not None:
            return whole(value.number // by if op == "/" else value.number % by)
        if value.grows and by > 0:
            return variable(f"({value.factor} {op} {by})")
        name = "quotient" if op == "/" else "remainder_of"
        self.used.functions.add(name)
        return variable(f"{name}({value}, {by})")

    def shape(self, extents: Iterable[Affine]) -> tuple[Int, ...]:
        """Extents as integers."""
        return tuple(self.integer(e) for e in extents)

    @contextmanager
    def running(self, letter: str, extent: Int) -> Iterator[Int]:
        """A loop's variable, which runs from 0 below an extent."""
        before = self.reach.get(letter)
        self.reach[letter] = extent
        yield variable(letter)
        del self.reach[letter]
        if before is not None:
            self.reach[letter] = before

    def inside(self, place: Int, extent: Int) -> tuple[bool, bool]:
        """Whether a place is surely at least 0, and surely below an extent."""
        low, high = place, place
        for letter, reach in self.reach.items():
            low = substituted(low, letter, reach - 1, up=False)
            high = substituted(high, letter, reach - 1, up=True)
        return _certain(low), _certain(extent - 1 - high)


def substituted(value: Int, letter: str, last: Int, up: bool) -> Int:
    """The largest or the smallest value over a letter that runs from 0 to `last`."""
    result = Int()
    for factors, coefficient in value.terms:
        term = Int(((factors, coefficient),))
        if letter in factors:
            if (coefficient > 0) != up:
                continue
            others = list(factors)
            others.remove(letter)
            term = Int(((tuple(others), coefficient),)) * last
        result = result + term
    return result


def _certain(value: Int) -> bool:
    """Whether a value is at least 0, if extents are at least 1 and nothing opaque stands in it."""
    opaque = any(not f.isidentifier() for factors, _ in value.terms for f in factors)
    total = sum(c for _, c in value.terms)
    return not opaque and (value.grows or (len(value.terms) <= 2 and total >= 0 and _falls(value)))


def _falls(value: Int) -> bool:
    """Whether only a plain number is taken away, from something that is at least as large."""
    return all(c > 0 for factors, c in value.terms if factors)
