"""Array expressions as loops: what isn't element-wise gets a place in memory first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codegen.program.nodes import (
    Array,
    Chain,
    Choose,
    Dot,
    Fold,
    Join,
    Load,
    Map,
    Matrix,
    Reduce,
    Reshape,
    Spread,
    Take,
    Window,
)
from codegen.targets.c.contractions import dot_nodes
from codegen.targets.c.integers import Int
from codegen.targets.c.loops import Branch, Line, Node
from codegen.targets.c.matrices import matrix_nodes
from codegen.targets.c.reductions import reduce_nodes
from codegen.targets.c.shapes import View, extents_of, shape_of, view_of, whole_load
from codegen.targets.c.walks import Places, Walks, cleared
from derive.ir.notation import Axis

Into = tuple[View, Load]
"""Where a value may go, and what loads it from there."""


class Values(Walks):
    """Works values out, one statement after the other."""

    def result(self, stem: str, array: Array, into: Into | None) -> Into:
        """Where a value goes that isn't element-wise, and what loads it from there."""
        shape = shape_of(array, self.scope)
        if into is not None and into[0].shape == shape and into[1].axes == array.axes:
            self.scope.used.changed.add(into[0].home.name)
            return into
        name = self.scope.buffer(f"{self.stem}_{stem}", shape)
        home = self.scope.home(name)
        self.scope.used.changed.add(home.name)
        return view_of(home, None, self.scope), whole_load(name, array.axes, len(shape))

    def elementwise(self, array: Array, into: Into | None = None) -> Array:
        """The array with loads in the place of all that has to be worked out before.

        The first of these may go to where the whole will be, if it has the same axes.
        """
        match array:
            case Choose(condition, yes, no, _):
                text = self.entries.condition(condition)
                arms = [self._arm(text[0], yes)]
                if no is not None:
                    arms.append(self._arm(f"!({text[0]})", no))
                return replace(array, yes=arms[0], no=arms[1] if no is not None else None)
            case Map(_, args, axes):
                changed = []
                for part in args:
                    goes = into if set(part.axes) == set(axes) else None
                    result = self.elementwise(part, goes)
                    if result is not part:
                        into = None
                    changed.append(result)
                same = all(a is b for a, b in zip(changed, args, strict=True))
                return array if same else replace(array, args=tuple(changed))
            case Spread(of):
                result = self.elementwise(of)
                return array if result is of else replace(array, of=result)
            case Window(of, fill=fill):
                inner = self.elementwise(of)
                if not _indexed(inner):
                    inner = self.stored(inner)
                if fill is not None:
                    fill = self.elementwise(fill)
                return replace(array, of=inner, fill=fill)
            case Reshape(of):
                inner = self.elementwise(of)
                if not (isinstance(inner, Load) and self._is_dense(inner)):
                    inner = self.stored(inner)
                return replace(array, of=inner)
            case Take(of, _, indices):
                inner = self.elementwise(of)
                if not _indexed(inner):
                    inner = self.stored(inner)
                changed = [self.elementwise(i) for i in indices]
                return replace(array, of=inner, indices=tuple(changed))
            case Reduce() | Dot() | Chain() | Matrix() | Fold() | Join():
                return self.worked_out(array, into)
            case _:
                return array

    def _arm(self, condition: str, arm: Array) -> Array:
        """An arm of a choice, worked out under its condition only."""
        outer, self.nodes = self.nodes, []
        result = self.elementwise(arm)
        inner, self.nodes = self.nodes, outer
        if inner:
            self.nodes.append(Branch(condition, tuple(inner)))
        return result

    def _is_dense(self, load: Load) -> bool:
        home = self.scope.home(load.tensor)
        return not home.number and view_of(home, load.picks, self.scope).is_dense

    def worked_out(self, array: Array, into: Into | None) -> Array:
        """What isn't element-wise, in memory."""
        match array:
            case Reduce(op, of):
                reduced = replace(array, of=self.elementwise(of))
                view, load = self.result(op, reduced, into)
                self.nodes += reduce_nodes(self, reduced, view)
                return load
            case Dot():
                return self._dot(array, into)
            case Chain(parts, axes):
                first, *others = parts
                for k, part in enumerate(others):
                    left = axes if k == len(others) - 1 else _kept(first, part)
                    first = Dot(first, part, left)
                return self.elementwise(first, into)
            case Matrix(of=of, letters=letters):
                inner = self.elementwise(of)
                axes = (*(a for a in of.axes if a not in letters), *letters)
                ordered = Map("float", (inner,), axes)
                changed = replace(array, of=self.stored(ordered, stem=f"{self.stem}_matrix"))
                view, load = self.result(array.op, changed, None)
                self.nodes += matrix_nodes(self, changed, view)
                return load
            case Fold():
                return self._fold(array, into)
            case Join():
                return self._join(array, into)
            case _:
                raise AssertionError(f"{type(array).__name__} is element-wise")

    def _dot(self, dot: Dot, into: Into | None) -> Array:
        sides = []
        for side, other in ((dot.left, dot.right), (dot.right, dot.left)):
            inner = self.elementwise(side)
            alone = tuple(a for a in inner.axes if a not in dot.axes and a not in other.axes)
            if alone:
                kept = tuple(a for a in inner.axes if a not in alone)
                inner = self.worked_out(Reduce("sum", inner, alone, kept), None)
            sides.append(inner)
        axes = into[1].axes if into and set(into[1].axes) == set(dot.axes) else dot.axes
        changed = Dot(sides[0], sides[1], axes)
        view, load = self.result("product", changed, into)
        self.nodes += dot_nodes(self, changed, view)
        return load

    def _fold(self, fold: Fold, into: Into | None) -> Array:
        inner = self.elementwise(fold.of)
        fold = replace(fold, of=inner)
        view, load = self.result("fold", fold, into)
        self.nodes += cleared(self, view)
        entries, count, position = self.entries, len(fold.runs), fold.position
        extent = self.scope.integer(fold.size)

        def add(places: Places) -> list[Node]:
            place = self.scope.integer(fold.start)
            runs = zip(fold.runs, places[position : position + count], strict=True)
            for (step, _, _), here in runs:
                place = place + here * step
            target = [*places[:position], place, *places[position + count :]]
            text, _ = entries.number(inner, places)
            line = Line(f"{view.home.name}[{view.index(target)}] += {text};")
            guards = entries.guards(place, extent)
            return [Branch(" && ".join(guards), (line,))] if guards else [line]

        self.nodes += self.loops(self.places_of(inner), shape_of(inner, self.scope), add)
        return load

    def _join(self, join: Join, into: Into | None) -> Array:
        parts = tuple(self.elementwise(p) for p in join.parts)
        join = replace(join, parts=parts)
        shape = shape_of(join, self.scope)
        view, load = self.result("joined", join, into)
        along = join.axes.index(join.along)
        behind = Int()
        for part in parts:
            own = extents_of((part,), self.scope)
            extent = own[join.along]
            extents = [extent if k == along else n for k, n in enumerate(shape)]
            self._copied(part, join.axes, extents, view, (along, behind))
            behind = behind + extent
        return load

    def _copied(
        self,
        part: Array,
        axes: tuple[Axis, ...],
        extents: Sequence[Int],
        view: View,
        moved: tuple[int, Int],
    ) -> None:
        along, behind = moved

        def assign(places: Places) -> list[Node]:
            at = dict(zip(axes, places, strict=True))
            text, _ = self.entries.along(part, at)
            there = [p + behind if k == along else p for k, p in enumerate(places)]
            return [Line(f"{view.home.name}[{view.index(there)}] = {text};")]

        self.nodes += self.loops(self.letters(axes), extents, assign)


def _kept(left: Array, right: Array) -> tuple[Axis, ...]:
    """The axes of a product of two matrices in a chain."""
    return tuple(a for a in (*left.axes, *right.axes) if not (a in left.axes and a in right.axes))


def _indexed(array: Array) -> bool:
    """Whether an array is a part of memory, seen through windows."""
    return isinstance(array, Load) or (isinstance(array, Window) and _indexed(array.of))
