"""ArrayProgram -> NumPy source lines: one function a node, names and precedence in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import singledispatchmethod

from codegen.program.facts import grows, is_indicator, is_number, may_be_view, slides
from codegen.program.nodes import (
    AddAt,
    Array,
    Assign,
    At,
    Chain,
    Choose,
    Count,
    Dot,
    Fold,
    For,
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
    Statement,
    Take,
    Value,
    When,
    Whole,
    Window,
    Zeros,
)
from codegen.targets.numpy.integers import Indices
from codegen.targets.numpy.line_breaking import comment, wrap
from codegen.targets.numpy.names import Names
from codegen.targets.numpy.tables import (
    ATOM,
    CHOICE,
    COMPARE,
    COMPARISONS,
    LINALG,
    NAMES,
    OVER,
    POWER,
    PRODUCT,
    REDUCE,
    SUM,
    UNARY,
    Code,
    number_code,
)
from derive.ir.notation import (
    Affine,
    Axis,
    Constant,
    Number,
)


class Printer(Indices):
    """Prints statements as lines; those that are `stored` are entries of dictionaries."""

    def __init__(self, names: Names, stored: frozenset[str] = frozenset()) -> None:
        super().__init__(names)
        self.stored = stored

    def lines(self, statements: Iterable[Statement], indent: str = "    ") -> list[str]:
        """The source lines of statements."""
        return [line for s in statements for line in self._statement(s, indent)]

    # statements

    @singledispatchmethod
    def _statement(self, statement: Statement, indent: str) -> list[str]:
        raise AssertionError(f"no NumPy for {type(statement).__name__}")

    @_statement.register
    def _assign(self, s: Assign, indent: str) -> list[str]:
        name = self.names.tensor(s.tensor)
        lines = comment(s.note, indent)
        if s.picks is None or all(isinstance(p, Whole) for p in s.picks):
            if s.op == "=" and s.tensor not in self.stored:
                return [*lines, *wrap(f"{indent}{name} = ", self._whole(s), indent)]
            left = name
        else:
            left = f"{name}[{self._picks(s.picks)}]"
        code, op = self.right_side(s.value, s.axes, s.op)
        return [*lines, *wrap(f"{indent}{left} {op} ", code, indent)]

    def right_side(self, value: Array, axes: tuple[Axis, ...], op: str) -> tuple[str, str]:
        """What is put or added into a place, and the operator: `-=` for what is negative."""
        if op == "+=" and isinstance(value, Map) and value.function == "neg":
            value, op = value.args[0], "-="
        return self._aligned(value, axes)[0], op

    def _whole(self, s: Assign) -> str:
        value = s.value
        code, level = self.show(value)
        if is_number(value):
            return f"DTYPE({code})"
        if s.own and isinstance(value, Spread) and grows(value):
            inner = self._aligned(value.of, value.axes)[0]
            return f"np.full({self.shape(value.shape)}, {inner}, dtype=DTYPE)"
        if s.own and may_be_view(value):
            return f"{code if level >= ATOM else f'({code})'}.copy()"
        return code

    @_statement.register
    def _zeros(self, s: Zeros, indent: str) -> list[str]:
        code = f"np.zeros({self.shape(s.shape)}, dtype=DTYPE)"
        return [*comment(s.note, indent), *wrap(f"{self.names.tensor(s.tensor)} = ", code, indent)]

    @_statement.register
    def _for(self, s: For, indent: str) -> list[str]:
        count = f"range({self.index(s.letter.extent)})"
        steps = count if s.direction > 0 else f"reversed({count})"
        letter = self.names.letter(s.letter)
        return [f"{indent}for {letter} in {steps}:", *self.lines(s.body, indent + "    ")]

    @_statement.register
    def _when(self, s: When, indent: str) -> list[str]:
        head = f"{indent}if {self.condition(s.condition)}:"
        return [head, *self.lines(s.body, indent + "    ")]

    @_statement.register
    def _add_at(self, s: AddAt, indent: str) -> list[str]:
        name = self.names.tensor(s.tensor)
        if any(not isinstance(p, Whole) for p in s.picks):
            name = f"{name}[{self._picks(s.picks)}]"
        indices = [self._aligned(i, s.index_axes)[0] for i in s.indices]
        where = self.entries([str(p) for p in s.positions])
        call = f"_add_at({name}, {where}, {self.entries(indices)}, {self.show(s.value)[0]})"
        return wrap(indent, call, indent)

    # arrays

    @singledispatchmethod
    def show(self, array: Array) -> Code:
        """An array expression and its precedence."""
        raise AssertionError(f"no NumPy for {type(array).__name__}")

    def _in(self, array: Array, axes: tuple[Axis, ...], least: int) -> str:
        code, level = self._aligned(array, axes)
        return code if level >= least else f"({code})"

    def _aligned(self, array: Array, axes: tuple[Axis, ...]) -> Code:
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
        return f"{code}.astype(DTYPE)" if array.integer else code

    def _picks(self, picks: Sequence[Pick]) -> str:
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
            code = self.index(array.value)
            return code, ATOM if code.isidentifier() or code.isdigit() else SUM
        kind = ", dtype=DTYPE" if array.as_float else ""
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
        return code, ATOM if code.isalnum() or code.startswith("max(") else SUM

    @show.register
    def _load(self, array: Load) -> Code:
        name = self.names.tensor(array.tensor)
        picks = self._picks(array.picks)
        code = f"{name}[{picks}]" if picks else name
        return (f"{code}.astype(DTYPE)" if array.integer else code), ATOM

    @show.register
    def _window(self, array: Window) -> Code:
        of, fill = array.of, array.fill
        walks = {array.position: self._walk(array)}
        while isinstance(of, Window) and of.fill == fill and of.position > max(walks):
            # nothing before it has become several axes
            walks[of.position] = self._walk(of)
            of = of.of
        told = f"{self.show(of)[0]}, {{{_entries(walks)}}}"
        if fill is not None:
            told += f", fill={self.show(fill)[0]}"
        return f"_window({told})", ATOM

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
        indices = [self._aligned(i, index_axes)[0] for i in array.indices]
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
        yes = self._in(array.yes, array.axes, SUM)
        if array.no is not None:
            no = self._in(array.no, array.axes, SUM)
        else:
            assert isinstance(array.yes, Load)
            zero = tuple(At(Affine()) if isinstance(p, At) else p for p in array.yes.picks)
            no = f"np.zeros_like({self._aligned(replace(array.yes, picks=zero), array.axes)[0]})"
        return f"{yes} if {self.condition(array.condition)} else {no}", CHOICE

    @show.register
    def _spread(self, array: Spread) -> Code:
        if not grows(array):
            return self._aligned(array.of, array.axes)
        code = self._aligned(array.of, array.axes)[0]
        if is_number(array.of):
            if code == "0":
                return f"np.zeros({self.shape(array.shape)}, dtype=DTYPE)", ATOM
            return f"np.full({self.shape(array.shape)}, {code}, dtype=DTYPE)", ATOM
        return f"np.broadcast_to({code}, {self.shape(array.shape)})", ATOM

    @show.register
    def _join(self, array: Join) -> Code:
        parts = ", ".join(self._aligned(p, array.axes)[0] for p in array.parts)
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
        argument = "" if whole else f"axis={axis}"
        if array.op == "sum" and is_indicator(array.of):
            # how often a condition holds
            code = self._aligned(array.of.args[0], array.of.axes)[0]
            argument = f"{argument}, dtype=DTYPE".removeprefix(", ")
            return f"np.sum({code}, {argument})", ATOM
        if level >= ATOM and isinstance(array.of, Load):
            return f"{code}.{array.op}({argument})", ATOM
        return f"{REDUCE[array.op]}({code}{', ' + argument if argument else ''})", ATOM

    @show.register
    def _matrix(self, array: Matrix) -> Code:
        others = array.axes[:-2] if array.op == "inv" else array.axes
        code = self._aligned(array.of, (*others, *array.letters))[0]
        code = f"{LINALG[array.op]}({code})"
        # slogdet gives the sign as well
        return f"{code}[1]" if array.op == "logdet" else code, ATOM

    @show.register
    def _dot(self, array: Dot) -> Code:
        left, right = array.left, array.right
        run = [a for a in left.axes if a in right.axes and a not in array.axes]
        both = [a for a in left.axes if a in right.axes and a in array.axes]
        mine = [a for a in left.axes if a not in right.axes]
        theirs = [a for a in right.axes if a not in left.axes]
        if both:
            return self._batched(array, run, both, mine, theirs)
        if len(left.axes) == len(run) == 1 and theirs and right.axes[-1] == run[0]:
            # a matrix and a vector, without a transpose
            one = self._in(right, (*theirs, run[0]), PRODUCT)
            return f"{one} @ {self._in(left, (run[0],), PRODUCT + 1)}", PRODUCT
        if len(run) == 1 and len(right.axes) <= 2 and self._last(left, run[0]):
            one = self._in(left, (*mine, run[0]), PRODUCT + 1)
            other = self._in(right, (run[0], *theirs), PRODUCT + 1)
            return f"{one} @ {other}", PRODUCT
        one, other = self.show(left)[0], self.show(right)[0]
        over = ", ".join(
            f"[{', '.join(str(side.axes.index(a)) for a in run)}]" for side in (left, right)
        )
        return f"np.tensordot({one}, {other}, axes=({over}))", ATOM

    @show.register
    def _chain(self, array: Chain) -> Code:
        place, shown = array.axes[0], []
        for part in array.parts:
            after = part.axes[1 - part.axes.index(place)]
            shown.append(self._in(part, (place, after), SUM))
            place = after
        return f"np.linalg.multi_dot([{', '.join(shown)}])", ATOM

    @staticmethod
    def _last(array: Array, letter: Axis) -> bool:
        return len(array.axes) <= 2 or array.axes[-1] == letter

    def _batched(
        self,
        array: Dot,
        run: list[Axis],
        both: list[Axis],
        mine: list[Axis],
        theirs: list[Axis],
    ) -> Code:
        left, right = array.left, array.right
        if len(run) == len(mine) == len(theirs) == 1:
            one = self._in(left, (*both, *mine, *run), PRODUCT + 1)
            other = self._in(right, (*both, *run, *theirs), PRODUCT + 1)
            return f"{one} @ {other}", PRODUCT
        letters = dict.fromkeys((*left.axes, *right.axes))
        symbol = {a: chr(ord("a") + k) for k, a in enumerate(letters)}
        spec = ",".join("".join(symbol[a] for a in side.axes) for side in (left, right))
        spec += "->" + "".join(symbol[a] for a in array.axes)
        one, other = self.show(left)[0], self.show(right)[0]
        optimize = ", optimize=True" if len(mine) > 1 or len(theirs) > 1 else ""
        return f'np.einsum("{spec}", {one}, {other}{optimize})', ATOM

    @show.register
    def _map(self, array: Map) -> Code:
        args, axes = array.args, array.axes
        match array.function:
            case "add":
                return self._sum(args, axes)
            case "mul":
                return " * ".join(
                    self._product_part(a, axes, k) for k, a in enumerate(args)
                ), PRODUCT
            case "div":
                over = self._in(args[0], axes, PRODUCT)
                return f"{over} / {self._in(args[1], axes, UNARY)}", PRODUCT
            case "neg":
                return f"-{self._in(args[0], axes, _tight(args[0]))}", UNARY if self._aligned(
                    args[0], axes
                )[1] >= UNARY else SUM
            case "pow":
                return self._pow(args[0], args[1], axes)
            case "//" | "%":
                over = self._in(args[0], axes, PRODUCT)
                return f"{over} {array.function} {self._in(args[1], axes, UNARY)}", PRODUCT
            case "where":
                return self._where(args, axes)
            case "and" | "or":
                sign = " & " if array.function == "and" else " | "
                return sign.join(self._in(a, axes, ATOM) for a in args), COMPARE
            case "not":
                return f"~{self._in(args[0], axes, ATOM)}", UNARY
            case "float" if is_number(args[0]):
                return self._aligned(args[0], axes)
            case "float":
                return f"{self._in(args[0], axes, ATOM)}.astype(DTYPE)", ATOM
            case "delta" if _is_unit_matrix(args, axes):
                return f"np.eye({self.index(axes[-1].extent)}, dtype=DTYPE)", ATOM
            case "delta":
                one, other = (self._in(a, axes, SUM) for a in args)
                return f"np.equal({one}, {other}).astype(DTYPE)", ATOM
            case "relu":
                return f"np.maximum({self._typed(args, axes)}, 0)", ATOM
            case "softplus":
                return f"np.logaddexp(0, {self._typed(args, axes)})", ATOM
            case "sqrt" if is_number(args[0]):
                return f"{self._in(args[0], axes, ATOM)}**0.5", POWER
            case "minimum" | "maximum" if all(is_number(a) for a in args):
                shown = [self._aligned(a, axes)[0] for a in args]
                return f"{array.function[:3]}({', '.join(shown)})", ATOM
            case op if op in COMPARISONS:
                one, other = (self._in(a, axes, SUM) for a in args)
                return f"{one} {op} {other}", COMPARE
            case function:
                return f"{NAMES[function]}({self._typed(args, axes)})", ATOM

    def _typed(self, args: Sequence[Array], axes: tuple[Axis, ...]) -> str:
        """Arguments of a NumPy function, which would make a float64 of one of Python's numbers."""
        shown = [self._aligned(a, axes)[0] for a in args]
        if all(is_number(a) for a in args):
            shown = [f"DTYPE({code})" for code in shown]
        return ", ".join(shown)

    def _product_part(self, array: Array, axes: tuple[Axis, ...], place: int) -> str:
        # `a * (b @ c)` and `a * (b / c)` keep their parentheses: the order is the author's
        return self._in(
            array, axes, PRODUCT if place == 0 and not isinstance(array, Dot) else UNARY
        )

    def _sum(self, args: Sequence[Array], axes: tuple[Axis, ...]) -> Code:
        shown = ""
        for arg in args:
            negative, part = _signed(arg, bool(shown))
            piece = self._in(part, axes, PRODUCT if negative or shown else SUM)
            if not shown:
                shown = f"-{self._in(part, axes, _tight(part))}" if negative else piece
            else:
                shown += f" {'-' if negative else '+'} {piece}"
        return shown, SUM

    def _pow(self, base: Array, exponent: Array, axes: tuple[Axis, ...]) -> Code:
        code = self._in(base, axes, ATOM)
        if isinstance(exponent, Value) and isinstance(exponent.number, Number):
            value = exponent.number.value
            if value == 3 and code.isidentifier():
                return f"{code} * {code} * {code}", PRODUCT
            told, level = number_code(value)
            return f"{code}**{told if level >= UNARY else f'({told})'}", POWER
        return f"{code} ** {self._in(exponent, axes, ATOM)}", POWER

    def _where(self, args: Sequence[Array], axes: tuple[Axis, ...]) -> Code:
        condition, yes, no = (self._aligned(a, axes)[0] for a in args)
        if (yes, no) == ("1", "0"):
            return f"{self._in(args[0], axes, ATOM)}.astype(DTYPE)", ATOM
        code = f"np.where({condition}, {yes}, {no})"
        if all(is_number(a) for a in args[1:]):
            code += ".astype(DTYPE)"
        return code, ATOM


def _tight(array: Array) -> int:
    """How tightly an array has to bind behind a minus: -(i // 2) isn't -i // 2."""
    return ATOM if isinstance(array, Map) and array.function in ("//", "%") else PRODUCT


def _entries(walks: Mapping[int, str]) -> str:
    return ", ".join(f"{axis}: {walk}" for axis, walk in walks.items())


def _signed(array: Array, later: bool) -> tuple[bool, Array]:
    """Whether a term of a sum is subtracted, and what is; a first number keeps its sign."""
    match array:
        case Map("neg", (one,), _):
            return True, one
        case Value(Number(value)) if value < 0 and later:
            return True, Value(Number(-value))
        case _:
            return False, array


def _is_unit_matrix(args: Sequence[Array], axes: Sequence[Axis]) -> bool:
    """Whether two letters are compared that run over all of the last two axes."""
    found = [a.value.axis for a in args if isinstance(a, Count) and not a.spans]
    last = tuple(axes[-2:])
    return (
        len(last) == len(found) == 2
        and last[0].extent == last[1].extent
        and set(found) == set(last)
        and last[0] != last[1]
    )
