"""Array expressions -> NumPy: one method a node, axes aligned and precedence kept in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatchmethod

from codegen.program.facts import grows, is_indicator, is_number, slides
from codegen.program.nodes import (
    Array,
    At,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    Join,
    Length,
    Load,
    Map,
    Matrix,
    Pick,
    Reduce,
    Reshape,
    Span,
    Spread,
    Take,
    Value,
    Whole,
    Window,
)
from codegen.python_module.tables import ATOM, CHOICE, LINALG, OVER, REDUCE, SUM, Code, number_code
from codegen.targets.numpy.contractions import chain_code, dot_code
from codegen.targets.numpy.elementwise import map_code
from codegen.targets.numpy.integers import Indices
from derive.ir.notation import Affine, Axis, Constant
from derive.ir.tree import ZERO


class ArrayPrinter(Indices):
    """Prints array expressions."""

    @singledispatchmethod
    def show(self, array: Array) -> Code:
        """An array expression and its precedence."""
        raise AssertionError(f"no NumPy for {type(array).__name__}")

    def within(self, array: Array, axes: tuple[Axis, ...], least: int) -> str:
        """The array over these axes, in brackets where it binds less than that."""
        code, level = self.aligned(array, axes)
        return code if level >= least else f"({code})"

    def aligned(self, array: Array, axes: tuple[Axis, ...]) -> Code:
        """The array, its axes in the wanted order, new axes where it has none."""
        present = tuple(a for a in axes if a in array.axes)
        fill = [a in array.axes for a in axes]
        while fill and not fill[0]:
            fill.pop(0)
        if isinstance(array, Count) and len(array.axes) > 1:
            array = replace(array, axes=present)
        if isinstance(array, Map) and array.axes != present:
            # the parts turned or the whole, whichever is said in fewer words
            within = replace(array, axes=present)
            if len(self.show(within)[0]) <= len(self._turned(array, present)[0]):
                array = within
        if isinstance(array, Choose):
            # each arm by itself: one may be a plain number
            return self._choose(replace(array, axes=axes))
        if isinstance(array, Load) and present == array.axes and not all(fill):
            return self._load_filled(array, fill), ATOM
        code, level = self._turned(array, present)
        if not all(fill):
            index = ", ".join(":" if f else "None" for f in fill)
            code = f"{code if level >= ATOM else f'({code})'}[{index}]"
            level = ATOM
        return code, level

    def _turned(self, array: Array, axes: tuple[Axis, ...]) -> Code:
        code, level = self.show(array)
        if array.axes == axes:
            return code, level
        code = code if level >= ATOM else f"({code})"
        if len(axes) == 2:
            return f"{code}.T", ATOM
        order = ", ".join(str(array.axes.index(a)) for a in axes)
        return f"{code}.transpose({order})", ATOM

    def _load_filled(self, array: Load, fill: Sequence[bool]) -> str:
        entries: list[str] = []
        wanted = list(fill)
        for pick in array.picks:
            if not isinstance(pick, At):
                while wanted and not wanted[0]:
                    entries.append("None")
                    wanted.pop(0)
                wanted.pop(0)
            entries.append(self._pick(pick))
        entries.extend("None" for _ in wanted)
        name = self.names.tensor(array.tensor)
        code = f"{name}[{', '.join(entries)}]"
        return f"{code}.astype({self.dtype})" if array.integer else code

    def picks(self, picks: Sequence[Pick]) -> str:
        """What stands in the brackets of a slice."""
        last = max((k for k, p in enumerate(picks) if not isinstance(p, Whole)), default=-1)
        return ", ".join(self._pick(p) for p in picks[: last + 1])

    def _pick(self, pick: Pick) -> str:
        match pick:
            case Whole():
                return ":"
            case At(place):
                return self.index(place)
            case Span(start, stop, False, step):
                first = "" if start == Affine() else self.index(start)
                every = f":{step}" if step > 1 else ""
                return f"{first}:{'' if stop is None else self.length(stop)}{every}"
            case Span(start, stop, _):
                last = "" if stop is None else self.index(stop - 1)
                return f"{last}:{'' if start == Affine() else self.index(start - 1)}:-1"

    @show.register
    def _value(self, array: Value) -> Code:
        if isinstance(array.number, Constant):
            return f"np.{array.number.name}", ATOM
        return number_code(array.number.value)

    @show.register
    def _count(self, array: Count) -> Code:
        if not array.axes:
            return self.index(array.value), self.level(array.value)
        kind = f", dtype={self.dtype}" if array.as_float else ""
        parts: list[tuple[int, str]] = []
        for atom, coefficient in array.value.terms:
            if isinstance(atom, Axis) and atom in array.axes:
                spans = {a: (start, stop) for a, start, stop in array.spans}
                start, stop = spans.get(atom, (0, atom.extent))
                first = f"{start}, " if start else ""
                code = f"np.arange({first}{self.index(stop)}{kind})"
                later = array.axes[array.axes.index(atom) + 1 :]
                if later:
                    code += f"[:{', None' * len(later)}]"
                parts.append((coefficient, code))
        rest = Affine(
            tuple((a, c) for a, c in array.value.terms if a not in array.axes),
            array.value.constant,
        )
        parts.sort(key=lambda p: p[0] < 0)
        shown = ""
        for coefficient, code in parts:
            piece = code if abs(coefficient) == 1 else f"{abs(coefficient)} * {code}"
            sign = "-" if coefficient < 0 else "+"
            shown = f"{shown} {sign} {piece}" if shown else (piece if sign == "+" else f"-{piece}")
        if rest != Affine():
            code = self.index(rest)
            shown = f"{shown} - {code[1:]}" if code.startswith("-") else f"{shown} + {code}"
        plain = len(parts) == 1 and parts[0][0] == 1 and rest == Affine()
        return shown, ATOM if plain else SUM

    @show.register
    def _length(self, array: Length) -> Code:
        code = self.length(array.value)
        whole = code == self.index(array.value)  # else it is `max(..., 0)`
        return code, self.level(array.value) if whole else ATOM

    @show.register
    def _load(self, array: Load) -> Code:
        name = self.names.tensor(array.tensor)
        picks = self.picks(array.picks)
        code = f"{name}[{picks}]" if picks else name
        return (f"{code}.astype({self.dtype})" if array.integer else code), ATOM

    @show.register
    def _window(self, array: Window) -> Code:
        of, fill = array.of, array.fill
        walks = {array.position: self._walk(array)}
        while isinstance(of, Window) and of.fill == fill and of.position > max(walks):
            # nothing before it has become several axes
            walks[of.position] = self._walk(of)
            of = of.of
        arguments = f"{self.show(of)[0]}, {{{_entries(walks)}}}"
        if fill is not None:
            arguments += f", fill={self.show(fill)[0]}"
        return f"_window({arguments})", ATOM

    @show.register
    def _fold(self, array: Fold) -> Code:
        of: Array = array.of
        more = len(array.runs) - 1
        walks = {array.position: self._walk(array)}
        while isinstance(of, Fold) and of.position - more > max(walks):
            walks[of.position - more] = self._walk(of)
            more += len(of.runs) - 1
            of = of.of
        return f"_fold({self.show(of)[0]}, {{{_entries(walks)}}})", ATOM

    def _walk(self, array: Window | Fold) -> str:
        size = f"{self.index(array.size)}, " if isinstance(array, Fold) else ""
        runs = ", ".join(f"({step}, {self.length(count)})" for step, _, count in array.runs)
        return f"({size}{self.index(array.start)}, {runs})"

    @show.register
    def _reshape(self, array: Reshape) -> Code:
        code, level = self.show(array.of)
        code = code if level >= ATOM else f"({code})"
        return f"{code}.reshape({', '.join(map(self.length, array.shape))})", ATOM

    @show.register
    def _take(self, array: Take) -> Code:
        count = len(set().union(*(i.axes for i in array.indices)))
        index_axes = array.axes[:count]
        indices = [self.aligned(i, index_axes)[0] for i in array.indices]
        code, level = self.show(array.of)
        code = code if level >= ATOM else f"({code})"
        if array.checked:
            where = self.entries([str(p) for p in array.positions])
            return f"_take({code}, {where}, {self.entries(indices)})", ATOM
        first = tuple(range(len(array.positions)))
        if array.positions != first:
            code = f"np.moveaxis({code}, {array.positions}, {first})"
        return f"{code}[{', '.join(indices)}]", ATOM

    @show.register
    def _choose(self, array: Choose) -> Code:
        yes = self.within(array.yes, array.axes, SUM)
        if array.no is not None:
            no = self.within(array.no, array.axes, SUM)
        else:
            assert isinstance(array.yes, Load)
            zero = tuple(At(Affine()) if isinstance(p, At) else p for p in array.yes.picks)
            no = f"np.zeros_like({self.aligned(replace(array.yes, picks=zero), array.axes)[0]})"
        return f"{yes} if {self.condition(array.condition)} else {no}", CHOICE

    @show.register
    def _spread(self, array: Spread) -> Code:
        if not grows(array):
            return self.aligned(array.of, array.axes)
        code = self.aligned(array.of, array.axes)[0]
        if is_number(array.of):
            if array.of == Value(ZERO):
                return f"np.zeros({self.shape(array.shape)}, dtype={self.dtype})", ATOM
            return f"np.full({self.shape(array.shape)}, {code}, dtype={self.dtype})", ATOM
        return f"np.broadcast_to({code}, {self.shape(array.shape)})", ATOM

    @show.register
    def _join(self, array: Join) -> Code:
        parts = ", ".join(self.aligned(p, array.axes)[0] for p in array.parts)
        return f"np.concatenate([{parts}], axis={array.axes.index(array.along)})", ATOM

    @show.register
    def _reduce(self, array: Reduce) -> Code:
        code, level = self.show(array.of)
        positions = [str(array.of.axes.index(a)) for a in array.letters]
        whole = len(positions) == len(array.of.axes)
        axis = positions[0] if len(positions) == 1 else f"({', '.join(positions)})"
        if array.op == "logsumexp":
            return f"_logsumexp({code}, axis={'None' if whole else axis})", ATOM
        if array.op in OVER and not whole and slides(array.of, array.letters):
            places = self.entries(positions)
            return f"_over({OVER[array.op]}, {code}, {places})", ATOM
        along = [] if whole else [f"axis={axis}"]
        if array.op == "sum" and is_indicator(array.of):
            # how often a condition holds
            code = self.aligned(array.of.args[0], array.of.axes)[0]
            return f"np.sum({', '.join([code, *along, f'dtype={self.dtype}'])})", ATOM
        if level >= ATOM and isinstance(array.of, Load):
            return f"{code}.{array.op}({''.join(along)})", ATOM
        return f"{REDUCE[array.op]}({', '.join([code, *along])})", ATOM

    @show.register
    def _matrix(self, array: Matrix) -> Code:
        others = array.axes[:-2] if array.op == "inv" else array.axes
        code = self.aligned(array.of, (*others, *array.letters))[0]
        code = f"{LINALG[array.op]}({code})"
        # slogdet gives the sign as well
        return f"{code}[1]" if array.op == "logdet" else code, ATOM

    @show.register
    def _dot(self, array: Dot) -> Code:
        return dot_code(array, self)

    @show.register
    def _chain(self, array: Chain) -> Code:
        return chain_code(array, self)

    @show.register
    def _map(self, array: Map) -> Code:
        return map_code(array, self)


def _entries(walks: Mapping[int, str]) -> str:
    return ", ".join(f"{axis}: {walk}" for axis, walk in walks.items())
