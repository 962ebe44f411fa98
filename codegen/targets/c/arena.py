"""What lies where in an arena: values that are never needed at the same time share a place.

A life is from the first to the last step that mentions a value, where a step is a line of the
functions as they run. What a loop around several lines mentions lives as long as the loop, for it
may be read again the next time; a value without a name is read where it was just worked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codegen.targets.c.integers import Int
from codegen.targets.c.loops import Block, Branch, Line, Loop, Node

CALL = re.compile(r"(\w+)\(&?net\)")
_LARGE = 64  # what a run-time extent is taken for where sizes are put in order


@dataclass(frozen=True)
class Slot:
    """A place in the arena, as large as the largest of the values that lie there in turn."""

    count: Int
    names: tuple[str, ...]


@dataclass
class Lives:
    """The lives of values in functions that call each other.

    `lasting` are the values that somebody reads when a function is done; `brief` have no name in
    the equations.
    """

    functions: Mapping[str, list[Node]]
    names: frozenset[str]
    brief: frozenset[str]
    lasting: Mapping[str, set[str]]
    clock: int = 0
    lives: dict[str, tuple[int, int]] = field(default_factory=dict)

    def run(self, name: str) -> None:
        """One function, with those that it calls."""
        self._run(self.functions[name])
        for one in sorted(self.lasting.get(name, ())):
            self._mention(one)

    def _run(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            match node:
                case Line(text):
                    self._read(text)
                case Branch(condition, body):
                    self._read(condition)
                    self._run(body)
                case Loop(body=body):
                    self._loop(body)
                case Block(body):
                    self._run(body)

    def _read(self, text: str) -> None:
        self.clock += 1
        for word in re.findall(r"\w+", text):
            self._mention(word)
        for called in CALL.findall(text):
            if called in self.functions:
                self.run(called)

    def _loop(self, body: tuple[Node, ...]) -> None:
        begin, before = self.clock + 1, self.lives
        self.lives = {}
        self._run(body)
        for name, (first, last) in self.lives.items():
            own = (first, last) if name in self.brief else (begin, self.clock)
            before[name] = _joined(before.get(name, own), own)
        self.lives = before

    def _mention(self, name: str) -> None:
        if name in self.names:
            now = self.clock, self.clock
            self.lives[name] = _joined(self.lives.get(name, now), now)


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], other[0]), max(one[1], other[1])


def slots(counts: Mapping[str, Int], timelines: Iterable[Lives]) -> tuple[Slot, ...]:
    """A place for each value: the largest come first, each where it fits beside no other one."""
    known = [t.lives for t in timelines]
    order = sorted(counts, key=lambda name: -_estimate(counts[name]))
    found: list[Slot] = []
    for name in order:
        for k, slot in enumerate(found):
            fits = (slot.count - counts[name]).grows
            if fits and not any(_meet(name, other, known) for other in slot.names):
                found[k] = Slot(slot.count, (*slot.names, name))
                break
        else:
            found.append(Slot(counts[name], (name,)))
    return tuple(found)


def _meet(one: str, other: str, known: list[dict[str, tuple[int, int]]]) -> bool:
    """Whether both are needed at some time; of what nothing is known, that it is."""
    if not all(any(name in lives for lives in known) for name in (one, other)):
        return True
    for lives in known:
        if one in lives and other in lives:
            (first, last), (begin, end) = lives[one], lives[other]
            if first <= end and begin <= last:
                return True
    return False


def _estimate(count: Int) -> int:
    return sum(value * _LARGE ** len(factors) for factors, value in count.terms)
