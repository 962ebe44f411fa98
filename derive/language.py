"""Text -> System: the one way in for equations, from users and from the catalogue alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derive.errors import ChainruleError, meant, shorten
from derive.extents import Sizes, axis_name, infer
from derive.normalize import Normalizer
from derive.notation import (
    Affine,
    Assumption,
    Axis,
    Call,
    Compare,
    Constant,
    Equation,
    Expr,
    Index,
    Layer,
    Logic,
    Number,
    Read,
    Reduction,
    System,
    Tensor,
    Training,
    affine,
)
from derive.recurrence import NoOrder, members, schedule
from derive.scope import Bound, Letter, LetterVar, Resolved, Scoped, ranks, refs, resolve
from derive.syntax import (
    CONSTANTS,
    LONGEST_EQUATION,
    Fn,
    Name,
    Num,
    Op,
    Place,
    Red,
    Ref,
    Refused,
    Syntax,
    Written,
    check_name,
    read_value,
)
from derive.tree import add, children, divide, floordiv, index, modulo, mul, negative, number, power
from derive.wellformed import check_system

LARGEST_EXTENT = 2**31
_ORDER = ("input", "target", "parameter", "buffer", "random", "constant", "hyperparameter")


@dataclass(frozen=True)
class Declarations:
    """What is known about the tensors beside the equations.

    `roles` in declared order; `slots` fixes axes by (tensor, position), `letters` by
    (scope, letter); `batch` names letters of the batch, `batch_slots` axes that are the batch's.
    `tags` gives, for a tensor, the end of the names of intermediates that its equation brings.
    """

    name: str
    roles: Mapping[str, str]
    constants: Mapping[str, Fraction] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    ranks: Mapping[str, int] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    objective: str | None = None
    output: str | None = None
    probabilities: str | None = None
    assume: Sequence[str] = ()
    layers: tuple[Layer, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    training: Training = field(default_factory=Training)
    sources: tuple[str, ...] = ()
    loss_type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def assemble(
    written: Sequence[Written], declared: Declarations, problems: list[str] | None = None
) -> System:
    """The system that the equations and declarations make.

    Raises `ChainruleError` with every problem found, those given included.
    """
    problems = [] if problems is None else problems
    if not written and not problems:
        problems.append(f"{declared.name}: there is no equation; write one, such as y[n,i] = ...")
    _check_names(written, declared, problems)
    if problems:
        raise ChainruleError(*problems)
    try:
        return _Assembly(written, declared, problems).system()
    except Refused as refused:
        if str(refused) not in problems:
            problems.append(str(refused))
    raise ChainruleError(*problems)


def _check_names(written: Sequence[Written], declared: Declarations, problems: list[str]) -> None:
    """Names that can't be used, are used twice, or are unknown."""
    seen: dict[str, Place] = {}
    for equation in written:
        name = _key(equation)
        if name in seen:
            problems.append(
                f"{equation.place}: '{equation.tensor}' is defined twice, first at line "
                f"{seen[name].line}; give one of them another name"
            )
        elif not equation.is_next and declared.roles.get(name, "intermediate") != "intermediate":
            problems.append(
                f"{equation.place}: '{name}' is a {declared.roles[name]} and defined by an "
                "equation; take it out of one"
            )
        seen.setdefault(name, equation.place)
        if equation.is_next and declared.roles.get(equation.tensor) not in (
            "buffer",
            "parameter",
        ):
            problems.append(
                f"{equation.place}: next({equation.tensor}) needs '{equation.tensor}' among "
                "the buffers; add it there"
            )
    known = {*declared.roles, *(e.tensor for e in written if not e.is_next)}
    problems.extend(
        f"'{name}' would be the derivative by '{name[1:]}'; give one of them another name"
        for name in sorted(known)
        if name.startswith("d") and name[1:] in known
    )
    for equation in written:
        for ref in refs(equation.right):
            if ref.name not in known:
                roles = "parameters, inputs, targets or constants"
                problems.append(
                    f"{ref.place}: unknown tensor '{shorten(ref.name)}'"
                    f"{meant(ref.name, known) or f'; name it in {roles}, or define it'}"
                )


def _key(equation: Written) -> str:
    return f"next({equation.tensor})" if equation.is_next else equation.tensor


class _Assembly:
    def __init__(
        self, written: Sequence[Written], declared: Declarations, problems: list[str]
    ) -> None:
        self.written = written
        self.declared = declared
        self.problems = problems
        self.rank = ranks(written, declared.ranks)
        self.names = {*declared.roles, *(e.tensor for e in written if not e.is_next)}
        for name in declared.roles:
            self.rank.setdefault(name, 0)
        scalars = frozenset(n for n in self.names if self.rank.get(n) == 0)
        self.scoped: list[Scoped] = []
        for equation in written:
            try:
                self.scoped.append(resolve(equation, self.rank, scalars, frozenset(self.names)))
            except Refused as refused:
                problems.append(str(refused))
        if problems:
            raise ChainruleError(*problems)
        self.scalars = scalars
        self.extents = infer(self.scoped, self.rank, self._sizes(), problems)
        self.axes: dict[LetterVar, Axis] = {}
        self.scope = ""

    def _sizes(self) -> Sizes:
        opened = {n for n, r in self.declared.roles.items() if r in ("input", "target", "random")}
        return replace(self.declared.sizes, open_at_run_time=frozenset(opened))

    def system(self) -> System:
        """Build everything; problems of all equations are gathered before the first is raised."""
        taken = set(self.names) | {f"d{n}" for n in self.names}
        tags = dict(self.declared.tags)

        def name(*wanted: str) -> str:
            tag = tags.get(wanted[-1].removeprefix(f"{wanted[0]}_"))
            if tag is not None:
                wanted = (f"{wanted[0]}{tag}", *wanted[1:])

            def free(n: str) -> bool:
                return n not in taken and f"d{n}" not in taken and check_name(n) is None

            candidates = [*wanted, *(f"{wanted[-1]}{k}" for k in range(2, 1000))]
            found = next(c for c in candidates if free(c))
            taken.update((found, f"d{found}"))
            if tag is not None:
                tags[found] = tag
            return found

        maker = Normalizer(name, lambda n: self.declared.roles.get(n) == "constant")
        for scoped in self.scoped:
            self.scope = scoped.written.scope
            try:
                axes = tuple(self.axis(v) for v in scoped.left)
                expr = self.value(scoped.right)
                maker.equation(_key(scoped.written), axes, expr, scoped.written.text)
            except Refused as refused:
                self.problems.append(str(refused))
        if self.problems:
            raise ChainruleError(*dict.fromkeys(self.problems))
        equations = tuple(maker.equations)
        tensors = self.tensors(equations)
        if self.problems:
            raise ChainruleError(*dict.fromkeys(self.problems))
        forward = tuple(e for e in equations if not e.tensor.startswith("next("))
        updates = tuple(e for e in equations if e.tensor.startswith("next("))
        forward = self.ordered(forward)
        system = System(
            name=self.declared.name,
            tensors=tensors,
            equations=forward,
            objective=self.declared.objective,
            output=self.declared.output,
            probabilities=self.declared.probabilities,
            updates=updates,
            assumptions=tuple(self.assumption(a) for a in self.declared.assume),
            layers=self.declared.layers,
            aliases=self.declared.aliases,
            training=self.declared.training,
            sources=self.declared.sources,
            warnings=tuple(_edge_warnings(forward)),
            batch=self.declared.sizes.batch[0] if self.declared.sizes.batch else None,
            loss_type=self.declared.loss_type,
        )
        check_system(system)
        return system

    def ordered(self, equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        place = {_key(w): w.place for w in self.written}
        try:
            return tuple(members(schedule(equations)))
        except NoOrder as cycle:
            at = next((place[n] for n in cycle.group if n in place), self.written[0].place)
            raise ChainruleError(
                f"{at}: {', '.join(cycle.group)} depend on each other in a cycle that is no "
                f"recurrence: {cycle.reason}"
            ) from None

    def tensors(self, equations: tuple[Equation, ...]) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        roles = self.declared.roles
        for role in _ORDER:
            for name in (n for n, r in roles.items() if r == role):
                shape = [self.slot(name, k) for k in range(self.rank.get(name, 0))]
                found.append(
                    Tensor(
                        name,
                        tuple(shape),
                        role,
                        name in self.declared.integers,
                        self.declared.constants.get(name),
                    )
                )
        for equation in equations:
            role = "next" if equation.tensor.startswith("next(") else "intermediate"
            shape = [a.extent for a in equation.axes]
            found.append(Tensor(equation.tensor, tuple(shape), role))
        return tuple(found)

    def slot(self, tensor: str, position: int) -> Affine:
        extent = self.extents.get((tensor, position))
        if extent is None:
            letter = next(
                (
                    part.var.name
                    for s in self.scoped
                    for ref in refs_of(s.right)
                    if ref.name == tensor and isinstance(part := ref.subscripts[position], Letter)
                ),
                None,
            )
            cure = f"{letter} = ..." if letter else f'"{tensor}.{position}" = ...'
            self.problems.append(
                f"{self.declared.name}: the extent of {axis_name((tensor, position))} is open; "
                f"give it in sizes, such as {cure}"
            )
            return affine(1)
        return extent

    def axis(self, var: LetterVar) -> Axis:
        found = self.axes.get(var)
        if found is None:
            extent = self.extents.get(var)
            if extent is None:
                raise Refused(
                    var.place,
                    f"the extent of letter '{var.name}' is open: it walks no axis by itself whose "
                    f"size is known; give it in sizes, such as {var.name} = 5",
                )
            found = self.axes[var] = Axis(var.name, extent)
        return found

    def value(self, node: Resolved | Syntax) -> Expr:
        """A value as an expression."""
        match node:
            case Num(value=value):
                return Number(value)
            case Letter(var=var):
                return Index(affine(self.axis(var)))
            case Name(name=name):
                return Constant(name) if name in CONSTANTS else Read(name)
            case Ref(name=name, subscripts=parts):
                return Read(name, tuple(self.subscript(p) for p in parts))
            case Fn(place=place, name="size"):
                return index(self.extent(node, place))
            case Fn(place=place, name=name, args=args):
                return self.function(place, name, args)
            case Bound(op=op, vars=vars_, body=body):
                axes = tuple(self.axis(v) for v in vars_)
                inner = self.value(body)
                inner = _as_value(inner)
                if op == "mean":
                    count = mul(*(power(index(a.extent), number(-1)) for a in axes))
                    return mul(count, Reduction("sum", axes, inner))
                return Reduction(op, axes, inner)
            case Op(place=place, op=op, args=args):
                return self.operator(place, op, args)
            case _:
                raise Refused(node.place, "this is no value")

    def function(self, place: Place, name: str, args: Sequence[Syntax]) -> Expr:
        parts = [self.value(a) for a in args]
        if name == "where":
            if not isinstance(parts[0], Compare | Logic):
                raise Refused(
                    place, "the first argument of where is a condition, such as x[n,i] > 0"
                )
            return Call(name, (parts[0], _as_value(parts[1]), _as_value(parts[2])))
        return Call(name, tuple(_as_value(p) for p in parts))

    def operator(self, place: Place, op: str, args: Sequence[Syntax]) -> Expr:
        if op in ("//", "%"):
            return index(self.subscript(Op(place, op, tuple(args))))
        parts = [self.value(a) for a in args]
        if op in ("and", "or", "not"):
            for part in parts:
                if not isinstance(part, Compare | Logic):
                    raise Refused(place, f"'{op}' joins conditions, such as i < 3")
            return Logic(op, tuple(parts))
        parts = [_as_value(p) for p in parts]
        if op in ("==", "!=", "<", "<=", ">", ">="):
            return Compare(op, parts[0], parts[1])
        whole = _index_arithmetic(op, parts)
        if whole is not None:
            return whole
        if op == "neg":
            return negative(parts[0])
        if op == "+":
            return add(*parts)
        if op == "-":
            return add(parts[0], negative(parts[1]))
        if op == "*":
            return mul(*parts)
        if op == "/":
            if parts[1] == number(0):
                raise Refused(place, "division by zero")
            return divide(*parts)
        return self.power(place, parts[0], parts[1])

    def power(self, place: Place, base: Expr, exponent: Expr) -> Expr:
        if isinstance(base, Number) and isinstance(exponent, Number):
            large = (
                abs(exponent.value) > 64
                or max(abs(base.value.numerator), base.value.denominator) > 10**15
            )
            if large:
                raise Refused(place, "this number is too large; write it in decimals")
            if not base.value and exponent.value <= 0:
                raise Refused(place, "zero to a power of zero or less is not defined")
        elif isinstance(exponent, Number) and abs(exponent.value) > 1000:
            raise Refused(place, "the exponent is too large; at most 1000")
        return power(base, exponent)

    def subscript(self, node: Resolved | Syntax) -> Affine:
        """An integer of the index calculus."""
        match node:
            case Num(place=place, value=value):
                if value.denominator != 1 or abs(value) >= LARGEST_EXTENT:
                    raise Refused(place, "a subscript is an integer")
                return affine(int(value))
            case Letter(var=var):
                return affine(self.axis(var))
            case Name(place=place, name=name) if name in self.declared.constants:
                value = self.declared.constants[name]
                if value.denominator != 1:
                    raise Refused(place, f"'{name}' is no integer; a subscript is one")
                return affine(int(value))
            case Ref(place=place, name=name, subscripts=parts):
                if name not in self.declared.integers:
                    raise Refused(
                        place,
                        f"'{name}' stands in a subscript; name it in integers, or write a letter",
                    )
                return affine(Read(name, tuple(self.subscript(p) for p in parts)))
            case Name(place=place, name=name):
                if name in self.declared.integers:
                    return affine(Read(name))
                raise Refused(
                    place, f"'{name}' can't stand in a subscript; write a letter or an integer"
                )
            case Fn(place=place, name="size"):
                return self.extent(node, place)
            case Op(place=place, op=op, args=args):
                parts = [self.subscript(a) for a in args]
                match op:
                    case "neg":
                        return -parts[0]
                    case "+":
                        return parts[0] + parts[1]
                    case "-":
                        return parts[0] - parts[1]
                    case "*":
                        for one, other in (parts, parts[::-1]):
                            if one.number is not None:
                                return other * one.number
                        raise Refused(place, "a subscript has letters times integers only")
                    case "//" | "%":
                        by = parts[1].number
                        if by is None or by <= 0:
                            raise Refused(
                                place, f"right of '{op}' stands a positive integer of known size"
                            )
                        return floordiv(parts[0], by) if op == "//" else modulo(parts[0], by)
        raise Refused(
            node.place,
            "a subscript is made of letters, sizes, integers and integer tensors with + - * // %",
        )

    def extent(self, node: Fn, place: Place) -> Affine:
        first = node.args[0]
        if len(node.args) == 2:
            assert isinstance(first, Name)
            assert isinstance(node.args[1], Num)
            position = int(node.args[1].value)
            if not 0 <= position < self.rank.get(first.name, 0):
                raise Refused(
                    place, f"'{first.name}' has {self.rank.get(first.name, 0)} axes, from 0"
                )
            found = self.extents.get((first.name, position))
            if found is None:
                raise Refused(place, f"the extent of {axis_name((first.name, position))} is open")
            return found
        if isinstance(first, Letter):
            return self.axis(first.var).extent
        assert isinstance(first, Name)
        everywhere: set[Affine] = set()
        known: set[Affine] = set()
        for scoped in self.scoped:
            for var in (*scoped.left, *bound_vars(scoped.right)):
                found = self.extents.get(var)
                if var.name == first.name and found is not None:
                    everywhere.add(found)
                    if var.scope == self.scope:
                        known.add(found)
        known = known or everywhere
        if len(known) == 1:
            return next(iter(known))
        raise Refused(
            place,
            f"size({first.name}): letter '{first.name}' isn't walked here and has "
            f"{len(known) or 'no'} extents elsewhere; write size(tensor, position)",
        )

    def assumption(self, text: str) -> Assumption:
        """`sum(i, t[n,i]) == 1`: letters left free hold for every place."""
        if len(text) > LONGEST_EQUATION:
            raise ChainruleError(f"assume: '{shorten(text)}' is too long; shorten it")
        try:
            node = read_value(text, "assume")
        except Refused as refused:
            raise ChainruleError(str(refused)) from None
        if not (isinstance(node, Op) and node.op == "==" and len(node.args) == 2):
            raise ChainruleError(f"assume: '{shorten(text)}' is no equation; write left == right")
        for ref in refs(node):
            if ref.name not in self.names:
                raise ChainruleError(
                    f"{ref.place}: unknown tensor '{shorten(ref.name)}'"
                    f"{meant(ref.name, self.names) or '; an assumption is about known tensors'}"
                )
        free = _free_names(node)
        letters_ = tuple(Name(node.place, n) for n in free if n not in self.scalars)
        try:
            sides = []
            for side in node.args:
                written = Written(node.place, "assumed_", letters_, side, text)
                scoped = resolve(written, self.rank, self.scalars, frozenset(self.names))
                for var, slot, _ in _plain_walks(scoped.right):
                    value = self.extents.get(slot)
                    if value is not None and self.extents.get(var) is None:
                        self.extents.put(var, value, "as its axis", var.place)
                sides.append(scoped)
            for a, b in zip(sides[0].left, sides[1].left, strict=True):
                value = self.extents.get(a)
                if value is not None:
                    self.extents.put(b, value, "as its axis", b.place)
            axes = tuple(self.axis(v) for v in sides[0].left)
            maker = Normalizer(lambda *w: w[0], lambda n: False)
            maker.equation("assumed_", axes, self.value(sides[0].right), text)
            return Assumption(axes, maker.equations[-1], self.value(sides[1].right), text)
        except Refused as refused:
            raise ChainruleError(str(refused)) from None


def _plain_walks(node: Resolved) -> list[tuple[LetterVar, tuple[str, int], Place]]:
    from_refs = []
    for ref in refs_of(node):
        for position, part in enumerate(ref.subscripts):
            if isinstance(part, Letter):
                from_refs.append((part.var, (ref.name, position), part.place))
    return from_refs


def refs_of(node: Resolved | Syntax) -> list[Ref]:
    """Every tensor with resolved subscripts."""
    match node:
        case Ref(subscripts=parts):
            return [node, *(r for p in parts for r in refs_of(p))]
        case Op(args=args) | Fn(args=args):
            return [r for p in args for r in refs_of(p)]
        case Bound(body=body):
            return refs_of(body)
        case _:
            return []


def bound_vars(node: Resolved | Syntax) -> list[LetterVar]:
    """Every letter that a reduction binds."""
    match node:
        case Bound(vars=vars_, body=body):
            return [*vars_, *bound_vars(body)]
        case Ref(subscripts=parts) | Op(args=parts) | Fn(args=parts):
            return [v for p in parts for v in bound_vars(p)]
        case _:
            return []


def _free_names(node: Syntax, bound: frozenset[str] = frozenset()) -> list[str]:
    match node:
        case Name(name=name):
            return [] if name in bound or name in CONSTANTS else [name]
        case Ref(subscripts=parts) | Op(args=parts) | Fn(args=parts):
            return list(dict.fromkeys(n for p in parts for n in _free_names(p, bound)))
        case Red(letters=letters_, body=body):
            names = {x.name for x in letters_ if isinstance(x, Name)}
            return _free_names(body, bound | names)
        case _:
            return []


def _as_value(expr: Expr) -> Expr:
    """A condition used as a number is 1 where it holds and 0 elsewhere."""
    if isinstance(expr, Compare | Logic):
        return Call("where", (expr, number(1), number(0)))
    return expr


def _index_arithmetic(op: str, parts: Sequence[Expr]) -> Expr | None:
    """Sums and differences of letters and integers stay integers of the index calculus."""
    if op not in ("+", "-") or not any(isinstance(p, Index) for p in parts):
        return None
    whole = []
    for part in parts:
        if isinstance(part, Index):
            whole.append(part.value)
        elif isinstance(part, Number) and part.value.denominator == 1:
            whole.append(affine(int(part.value)))
        else:
            return None
    return index(whole[0] + whole[1] if op == "+" else whole[0] - whole[1])


def _edge_warnings(equations: Sequence[Equation]) -> list[str]:
    """A lagged integer tensor in a subscript reads row 0 before the first step."""
    found = []
    for equation in equations:
        for term in equation.terms:
            if _row_zero(term.body, guarded=False):
                found.append(
                    f"{equation.tensor}: an integer tensor is read at a lag inside a subscript; "
                    "before the first step it reads 0, which names row 0; "
                    "put where(t > 0, ..., 0) around it"
                )
                break
    return found


def _row_zero(expr: Expr, guarded: bool) -> bool:
    match expr:
        case Call("where", (condition, yes, no)):
            inside = isinstance(condition, Compare) and (
                isinstance(condition.left, Index) or isinstance(condition.right, Index)
            )
            return _row_zero(yes, guarded or inside) or _row_zero(no, guarded or inside)
        case Read(_, subscripts) if not guarded:
            return any(
                isinstance(atom, Read) and any(s.constant and s.terms for s in atom.subscripts)
                for subscript in subscripts
                for atom, _ in subscript.terms
            )
        case _:
            return any(_row_zero(part, guarded) for part in children(expr))
