"""The entry of an array at some places, as a C expression: element-wise nodes put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from codegen.program.facts import is_number
from codegen.program.nodes import (
    Array,
    Choose,
    Count,
    Length,
    Load,
    Map,
    Reshape,
    Spread,
    Take,
    Value,
    Window,
)
from codegen.program.walk import ARRAYS
from codegen.targets.c.functions import HELPERS, LIBRARY, TRUTHS, WIDE
from codegen.targets.c.integers import Int, compared, product, variable, whole
from codegen.targets.c.scope import Scope, Unserved
from codegen.targets.c.shapes import shape_of, view_of
from codegen.targets.c.text import (
    AND,
    ATOM,
    CHOICE,
    COMPARE,
    EQUAL,
    OR,
    PRODUCT,
    SUM,
    UNARY,
    Code,
    literal,
    number,
    within,
)
from derive.ir.comparisons import COMPARISONS
from derive.ir.notation import Add, Axis, Compare, Constant, Expr, Index, Logic, Mul, Number, Read

Places = Sequence[Int]
_PI = 3.141592653589793


class Entries:
    """Prints entries in a scope."""

    def __init__(self, scope: Scope, wide: bool = False) -> None:
        """`wide`: numbers that there are once, in double precision whatever arrays are."""
        self.scope = scope
        self.wide = wide
        self.single = scope.single and not wide

    def along(self, array: Array, at: Mapping[Axis, Int]) -> Code:
        """The entry where the letters are at these places; what lacks a letter broadcasts."""
        return self.real(array, self._places(array, at))

    def _places(self, array: Array, at: Mapping[Axis, Int]) -> list[Int]:
        if not array.axes:
            return []
        shape = shape_of(array, self.scope)
        pairs = zip(array.axes, shape, strict=True)
        return [Int() if n.number == 1 else at[a] for a, n in pairs]

    def number(self, array: Array, places: Places) -> Code:
        """The entry as a real number, of a condition 1 or 0."""
        code = self.real(array, places)
        return self.cast(code) if is_truth(array) else code

    def as_number(self, array: Array, code: Code) -> str:
        """The text of an entry; a condition is 1 or 0."""
        return self.cast(code)[0] if is_truth(array) else code[0]

    def cast(self, code: Code) -> Code:
        """An integer or a condition as a real number."""
        return f"({'double' if self.wide else 'real'}){within(code, UNARY)}", UNARY

    def real(self, array: Array, places: Places) -> Code:
        """The entry; of a condition, the condition."""
        match array:
            case Value(value):
                return self._value(value)
            case Count():
                return self.cast(_integer_code(self.integer(array, places)))
            case Length(value):
                return self.cast(_integer_code(self._length(self.scope.integer(value))))
            case Load():
                return self._load(array, places)
            case Window():
                return self._window(array, places)
            case Reshape(of):
                return self._flat(of, self._position(array, places))
            case Take():
                return self._take(array, places)
            case Map() if self.scope.single and not self.wide and _is_once(array):
                return self.cast(Entries(self.scope, wide=True).real(array, places))
            case Map(function, args):
                at = dict(zip(array.axes, places, strict=True))
                return self._map(function, args, at)
            case Choose(condition, yes, no, axes):
                at = dict(zip(axes, places, strict=True))
                other = literal(0.0, self.single) if no is None else self.along(no, at)
                return self.choice(self.condition(condition), self.along(yes, at), other)
            case Spread(of, axes):
                return self.along(of, dict(zip(axes, places, strict=True)))
            case _:
                raise Unserved(f"no C yet for {type(array).__name__}")

    def choice(self, condition: Code, yes: Code, no: Code) -> Code:
        """A choice between two numbers."""
        return (
            f"{within(condition, OR)} ? {within(yes, OR)} : {within(no, CHOICE)}",
            CHOICE,
        )

    def _value(self, value: Number | Constant) -> Code:
        if isinstance(value, Number):
            return number(value.value, self.single)
        return ("INFINITY", ATOM) if value.name == "inf" else literal(_PI, self.single)

    def _length(self, value: Int) -> Int:
        if value.number is not None or value.grows:
            return value if value.grows else Int()
        self.scope.used.functions.add("largest")
        return variable(f"largest({value}, 0)")

    def _load(self, load: Load, places: Places) -> Code:
        home = self.scope.home(load.tensor)
        if home.number:
            code = home.name, ATOM
            return self.cast(code) if home.integer or self.single else code
        view = view_of(home, load.picks, self.scope)
        code = f"{home.name}[{view.index(places)}]", ATOM
        return self.cast(code) if home.integer else code

    def _window(self, window: Window, places: Places) -> Code:
        count, position = len(window.runs), window.position
        extent = shape_of(window.of, self.scope)[position]
        place = self.scope.integer(window.start)
        for (step, _, _), here in zip(
            window.runs, places[position : position + count], strict=True
        ):
            place = place + here * step
        inner = [*places[:position], place, *places[position + count :]]
        entry = self.real(window.of, inner)
        guards = self.guards(place, extent)
        if not guards:
            return entry
        no = literal(0.0, self.single) if window.fill is None else self.real(window.fill, ())
        return self.choice(joined(guards), entry, no)

    def guards(self, place: Int, extent: Int) -> list[str]:
        """The conditions under which a place is inside, but those that are sure."""
        above, below = self.scope.inside(place, extent)
        inside = [compared(place, ">=", Int())] * (not above)
        return inside + [compared(place, "<", extent)] * (not below)

    def _position(self, reshape: Reshape, places: Places) -> Int:
        shape = shape_of(reshape, self.scope)
        return sum((p * product(shape[k + 1 :]) for k, p in enumerate(places)), Int())

    def _flat(self, of: Array, position: Int) -> Code:
        """The entry so far behind the first."""
        assert isinstance(of, Load), "what is reshaped lies in memory"
        view = view_of(self.scope.home(of.tensor), of.picks, self.scope)
        code = f"{view.home.name}[{position + view.start}]", ATOM
        return self.cast(code) if view.home.integer else code

    def _take(self, take: Take, places: Places) -> Code:
        letters = take.axes[: len({a for i in take.indices for a in i.axes})]
        at = dict(zip(letters, places[: len(letters)], strict=True))
        rest = list(places[len(letters) :])
        shape = shape_of(take.of, self.scope)
        inner, guards = [], []
        for k, extent in enumerate(shape):
            if k not in take.positions:
                inner.append(rest.pop(0))
                continue
            index = take.indices[take.positions.index(k)]
            place = self.integer_along(index, at)
            inner.append(place)
            if take.checked:
                guards += self.guards(place, extent)
        entry = self.real(take.of, inner)
        if not guards:
            return entry
        return self.choice(joined(guards), entry, literal(0.0, self.single))

    # whole numbers

    def integer_along(self, array: Array, at: Mapping[Axis, Int]) -> Int:
        """The entry as a whole number."""
        return self.integer(array, self._places(array, at))

    def integer(self, array: Array, places: Places) -> Int:
        """The entry of an array of whole numbers."""
        at = dict(zip(array.axes, places, strict=False))
        match array:
            case Count(value, axes, _, spans):
                starts = {a: start for a, start, _ in spans}
                return self.scope.integer(value, {a: at[a] + starts.get(a, 0) for a in axes})
            case Value(Number(value)) if value.denominator == 1:
                return Int((((), value.numerator),)) if value else Int()
            case Load(tensor, picks) if self.scope.homes[tensor].integer:
                view = view_of(self.scope.home(tensor), picks, self.scope)
                return variable(f"{view.home.name}[{view.index(places)}]")
            case Spread(of):
                return self.integer_along(of, at)
            case Map("float", (of,)):
                return self.integer_along(of, at)
            case Map("neg", (of,)):
                return Int() - self.integer_along(of, at)
            case Map("add", args):
                return sum((self.integer_along(a, at) for a in args), Int())
            case Map("mul", args):
                return product(tuple(self._factor(a, at) for a in args))
            case Map("//" | "%" as op, (of, by)):
                name = "quotient" if op == "//" else "remainder_of"
                self.scope.used.functions.add(name)
                left, right = self.integer_along(of, at), self.integer_along(by, at)
                return variable(f"{name}({left}, {right})")
            case _:
                return variable(f"(integer){within(self.real(array, places), UNARY)}")

    def _factor(self, array: Array, at: Mapping[Axis, Int]) -> Int:
        return self.integer_along(array, at)

    # functions

    def _map(self, function: str, args: tuple[Array, ...], at: Mapping[Axis, Int]) -> Code:
        if function in (*COMPARISONS, "delta") and all(isinstance(a, Count) for a in args):
            codes = [_integer_code(self.integer_along(a, at)) for a in args]
        else:
            codes = [self.along(a, at) for a in args]
        if function not in TRUTHS and function != "where":
            codes = [self.cast(c) if is_truth(a) else c for a, c in zip(args, codes, strict=True)]
        match function:
            case "add":
                return _sum(codes), SUM
            case "mul":
                return " * ".join(
                    within(c, PRODUCT + (k > 0)) for k, c in enumerate(codes)
                ), PRODUCT
            case "div":
                return f"{within(codes[0], PRODUCT)} / {within(codes[1], UNARY)}", PRODUCT
            case "neg":
                return f"-{within(codes[0], ATOM)}", UNARY
            case "float":
                return codes[0]
            case "where":
                return self.choice(*codes)
            case "and" | "or":
                level, sign = (AND, "&&") if function == "and" else (OR, "||")
                return f" {sign} ".join(within(c, EQUAL) for c in codes), level
            case "not":
                return f"!{within(codes[0], UNARY)}", UNARY
            case "delta":
                code = f"{within(codes[0], COMPARE)} == {within(codes[1], COMPARE)}", EQUAL
                return self.cast(code)
            case "pow":
                return self._power(args[1], *codes)
            case _ if function in COMPARISONS:
                level = EQUAL if function in ("==", "!=") else COMPARE
                text = f"{within(codes[0], SUM)} {function} {within(codes[1], SUM)}"
                return text, level
            case _:
                return self._call(function, codes)

    def _power(self, exponent: Array, base: Code, code: Code) -> Code:
        match exponent:
            case Value(Number(value)) if value in (2, 3) and not self.wide:
                return self._call("square" if value == 2 else "cube", [base])
            case Value(Number(value)) if value == -1:
                one = literal(1.0, self.single)
                return f"{one[0]} / {within(base, UNARY)}", PRODUCT
            case Value(Number(value)) if value == Fraction(1, 2):
                return self._call("sqrt", [base])
            case _:
                return self._call("pow", [base, code])

    def _call(self, function: str, codes: Sequence[Code]) -> Code:
        name = HELPERS.get(function)
        if self.wide and function in WIDE:
            name = WIDE[function]
        elif name is not None:
            self.scope.used.functions.add(name)
        elif function in LIBRARY:
            name = LIBRARY[function] + "f" * self.single
        else:
            raise Unserved(f"no C yet for the function '{function}'")
        return f"{name}({', '.join(text for text, _ in codes)})", ATOM

    # conditions that are known before

    def condition(self, expr: Expr) -> Code:
        """A condition on extents, loops' letters and numbers."""
        match expr:
            case Compare(op, left, right):
                level = EQUAL if op in ("==", "!=") else COMPARE
                one, other = self._whole(left), self._whole(right)
                if one is not None and other is not None:
                    return compared(one, op, other), level
                text = f"{within(self._known(left), SUM)} {op} {within(self._known(right), SUM)}"
                return text, level
            case Logic("not", (one,)):
                return f"!{within(self.condition(one), UNARY)}", UNARY
            case Logic(op, args):
                level, sign = (AND, "&&") if op == "and" else (OR, "||")
                return f" {sign} ".join(within(self.condition(a), EQUAL) for a in args), level
            case _:
                raise AssertionError("a condition is a comparison")

    def _whole(self, expr: Expr) -> Int | None:
        """A whole number of which it is known."""
        match expr:
            case Index(value):
                return self.scope.integer(value)
            case Number(value) if value.denominator == 1:
                return whole(value.numerator)
            case _:
                return None

    def _known(self, expr: Expr) -> Code:
        match expr:
            case Index(value):
                return _integer_code(self.scope.integer(value))
            case Number(value):
                if value.denominator == 1:
                    return str(value.numerator), ATOM if value >= 0 else UNARY
                return number(value, self.single)
            case Read(tensor):
                home = self.scope.home(tensor)
                return (home.name, ATOM) if home.number else (f"{home.name}[0]", ATOM)
            case Add(args):
                return _sum([self._known(a) for a in args]), SUM
            case Mul(args):
                return " * ".join(within(self._known(a), UNARY) for a in args), PRODUCT
            case _:
                raise AssertionError(f"{type(expr).__name__} in a condition on integers")


def _is_once(array: Array) -> bool:
    """Whether an array is a number, made of numbers that have names."""
    return is_number(array) and any(isinstance(a, Load) for a in ARRAYS.walk(array))


def is_truth(array: Array) -> bool:
    """Whether the entries of an array are conditions."""
    match array:
        case Map(function):
            return function in TRUTHS
        case Spread(of):
            return is_truth(of)
        case _:
            return False


def joined(guards: Sequence[str]) -> Code:
    """Conditions that must all hold."""
    return " && ".join(guards), COMPARE if len(guards) == 1 else AND


def _sum(codes: Sequence[Code]) -> str:
    text = within(codes[0], SUM)
    for code in codes[1:]:
        shown = within(code, PRODUCT)
        text += f" - {shown[1:]}" if shown.startswith("-") else f" + {shown}"
    return text


def _integer_code(value: Int) -> Code:
    text = str(value)
    if len(value.terms) > 1:
        return text, SUM
    return text, ATOM if text.isidentifier() or text.isdigit() else PRODUCT
