"""Whose letter is it? Names resolved to letters and tensors, `...` written out, ranks settled."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from derive.errors import meant
from derive.ir.functions import FUNCTIONS
from derive.language.occurrences import letters_of, refs
from derive.language.syntax import (
    CONSTANTS,
    REDUCING,
    SYNTAX,
    Bound,
    Dots,
    Fn,
    Letter,
    LetterVar,
    Name,
    Num,
    Op,
    Place,
    Red,
    Ref,
    Refused,
    Syntax,
    Written,
    parted,
)


@dataclass(frozen=True)
class Scoped:
    """An equation whose letters are resolved; a bare `Name` left in it is a scalar or a constant.

    Every letter in it is a `Letter`, every reduction a `Bound`.
    """

    written: Written
    left: tuple[LetterVar, ...]
    right: Syntax


def ranks(
    written: Sequence[Written], known: Mapping[str, int], least: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The rank of each tensor, from declared shapes and every use without `...`.

    Where that doesn't tell, the `least` number of axes is taken, which follows from a size that
    is given for one of them. Raises `Refused` where one tensor has two ranks or one can't be told.
    """
    result = _Ranks(known)
    for equation in written:
        result.read(equation, None)
    dotted = [e for e in written if has_dots(e)]
    while dotted:
        left_over = []
        for equation in dotted:
            width = dots_width(equation, result.ranks)
            if width is None:
                left_over.append(equation)
            else:
                result.read(equation, width)
        if len(left_over) == len(dotted) and not result.by_sizes(least or {}):
            raise Refused(
                left_over[0].place,
                "the number of axes that '...' stands for can't be told; "
                "write one of the tensors with all its letters or give its size",
            )
        dotted = left_over
    return result.ranks


class _Ranks:
    """The ranks that are known so far, and where each was first seen."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self.ranks = dict(known)
        self.where = dict.fromkeys(known, "as declared")

    def read(self, equation: Written, width: int | None) -> None:
        """Learn from every use without `...`; from those with it once its `width` is known."""
        places: list[tuple[Sequence[Syntax], Ref | None]] = [(equation.letters, None)]
        places += [(ref.subscripts, ref) for ref in refs(equation.right)]
        for parts, ref in places:
            if any(isinstance(x, Dots) for x in parts) == (width is None):
                continue
            count = len(parts) if width is None else len(parts) - 1 + width
            if ref is None:
                self.settle(equation.tensor, count, equation.place)
            else:
                self.settle_ref(ref, count)

    def settle(self, name: str, rank: int, place: Place) -> None:
        """A tensor has so many axes. Raises `Refused` where it has others elsewhere."""
        if name not in self.ranks:
            self.ranks[name] = rank
            self.where[name] = f"at line {place.line}, column {place.column}"
        elif self.ranks[name] != rank:
            raise Refused(
                place,
                f"'{name}' has {rank} subscripts here and {self.ranks[name]} {self.where[name]}; "
                "a tensor has one rank",
            )

    def settle_ref(self, ref: Ref, count: int) -> None:
        """So many subscripts stand behind a tensor, or behind its inverse or determinant."""
        node, tensor = parted(ref.name)
        if not node:
            self.settle(tensor, count, ref.place)
            return
        rank = count if node == "inv" else count + 2
        if self.ranks.get(tensor, 2) < 2:
            raise Refused(
                ref.place,
                f"{ref.name} takes a matrix, and the rank of '{tensor}' is {self.ranks[tensor]} "
                f"{self.where[tensor]}; take a tensor whose last two axes are rows and columns",
            )
        if rank < 2 or rank != self.ranks.setdefault(tensor, rank):
            has = self.ranks.get(tensor, 2) - (0 if node == "inv" else 2)
            letters = ",".join("nmkij"[: has - 2] + "ij" if node == "inv" else "nmkij"[:has])
            cure = f"{ref.name}[{letters}]" if has else ref.name
            raise Refused(
                ref.place,
                f"{ref.name} has {has} axes, and {count} subscripts stand here; write {cure}",
            )
        self.where.setdefault(tensor, f"at line {ref.place.line}, column {ref.place.column}")

    def by_sizes(self, least: Mapping[str, int]) -> bool:
        """Take the ranks that sizes ask for; whether there was any."""
        sized = {n: r for n, r in least.items() if n not in self.ranks}
        self.ranks.update(sized)
        self.where.update(dict.fromkeys(sized, "by its sizes"))
        return bool(sized)


def has_dots(equation: Written) -> bool:
    """Whether `...` stands anywhere."""
    return any(isinstance(x, Dots) for x in equation.letters) or any(
        isinstance(n, Dots) or (isinstance(n, Red) and any(isinstance(x, Dots) for x in n.letters))
        for n in SYNTAX.walk(equation.right)
    )


def dots_width(equation: Written, known: Mapping[str, int]) -> int | None:
    """The number of axes that `...` stands for here, from a tensor whose rank is known."""
    uses: list[tuple[str, int, Place]] = []
    if any(isinstance(x, Dots) for x in equation.letters):
        uses.append((equation.tensor, len(equation.letters) - 1, equation.place))
    uses.extend(
        (ref.name, len(ref.subscripts) - 1, ref.place)
        for ref in refs(equation.right)
        if any(isinstance(s, Dots) for s in ref.subscripts)
    )
    for name, others, place in uses:
        node, tensor = parted(name)
        if tensor in known:
            rank = known[tensor] - (0 if node in ("", "inv") else 2)
            width = rank - others
            if width < 0:
                raise Refused(place, f"'{name}' has {rank} axes, at least {others} are named here")
            return width
    return None


def spare_letters(used: Collection[str]) -> Iterator[str]:
    """Letters for axes that have none, in the order of taste; `n` and `t` have their meanings."""
    wished = chain("ijklpqrsuvwabcdefghmoxyz", (f"i{k}" for k in count(1)))
    return (c for c in wished if c not in used)


def resolve(
    equation: Written,
    rank: Mapping[str, int],
    scalars: frozenset[str],
    values: frozenset[str],
    sized: Collection[str] = (),
) -> Scoped:
    """The equation with every letter resolved.

    `scalars` are tensors without axes, `values` all tensors. The axes that `...` stands for go by
    none of the letters that are `sized`. Raises `Refused`.
    """
    width = dots_width(equation, rank) or 0
    used = _names(equation)
    spare = spare_letters({*used, *sized})
    dots = [next(spare) for _ in range(width)]
    left: list[LetterVar] = []
    scope: dict[str, LetterVar] = {}
    for item in equation.letters:
        for name in [item.name] if isinstance(item, Name) else dots:
            var = LetterVar(name, item.place, equation.scope, True)
            left.append(var)
            scope[name] = var
    on_left = any(isinstance(x, Dots) for x in equation.letters)
    resolver = _Resolver(equation, tuple(dots), scalars, values)
    right = resolver.resolve(
        equation.right, scope, tuple(scope[d] for d in dots) if on_left else None
    )
    return Scoped(equation, tuple(left), right)


def _names(equation: Written) -> set[str]:
    bare = {n.name for n in SYNTAX.walk(equation.right) if isinstance(n, Name)}
    return bare.union(letters_of([equation]))


class _Resolver:
    def __init__(
        self,
        equation: Written,
        dots: tuple[str, ...],
        scalars: frozenset[str],
        values: frozenset[str],
    ) -> None:
        self.equation = equation
        self.dots = dots
        self.scalars = scalars
        self.values = values

    def resolve(
        self, node: Syntax, scope: Mapping[str, LetterVar], dots: tuple[LetterVar, ...] | None
    ) -> Syntax:
        match node:
            case Num():
                return node
            case Name(place=place, name=name):
                if name in scope:
                    return Letter(place, scope[name])
                if name in CONSTANTS or name in self.scalars:
                    return node
                if name in self.values:
                    raise Refused(place, f"'{name}' has axes; write its subscripts")
                known = [*scope, *self.scalars, *CONSTANTS]
                if name in REDUCING or name in FUNCTIONS:
                    call = f"{name}(j, ...)" if name in REDUCING else f"{name}(...)"
                    raise Refused(place, f"{name} is a function; write {call}")
                raise Refused(
                    place,
                    f"'{name}' is bound nowhere: no letter in scope, no scalar, no constant"
                    + (meant(name, known) or "; sum over it, or add it to the left of '='"),
                )
            case Dots(place=place):
                raise Refused(place, "'...' stands between subscripts or letters only")
            case Ref(place=place, name=name, subscripts=parts):
                return Ref(place, name, self.subscripts(node, parts, scope, dots))
            case Fn(place=place, name="size", args=args):
                return self.size(place, args, scope)
            case Op(place=place, op=op, args=args):
                return Op(place, op, self.all(args, scope, dots))
            case Fn(place=place, name=name, args=args):
                return Fn(place, name, self.all(args, scope, dots))
            case Red(
                place=place,
                op="max" | "min" as op,
                letters=(Name(name=name),),
                body=Num(value=value),
            ) if name in self.scalars:
                cure = f"{op}imum({name}, {float(value):g})"
                raise Refused(
                    place,
                    f"{op} binds letters first, then one value; for the larger or smaller of two "
                    f"values write {cure}",
                )
            case Red(place=place, op=op, letters=letters, body=body):
                inner = dict(scope)
                bound: list[LetterVar] = []
                for item in letters:
                    names = (item.name,) if isinstance(item, Name) else self.dots
                    new = [LetterVar(n, item.place, self.equation.scope, False) for n in names]
                    inner.update(zip(names, new, strict=True))
                    bound.extend(new)
                    if isinstance(item, Dots):
                        dots = tuple(new)
                return Bound(place, op, tuple(bound), self.resolve(body, inner, dots))
            case Letter() | Bound():
                return node

    def all(
        self,
        parts: tuple[Syntax, ...],
        scope: Mapping[str, LetterVar],
        dots: tuple[LetterVar, ...] | None,
    ) -> tuple[Syntax, ...]:
        return tuple(self.resolve(p, scope, dots) for p in parts)

    def subscripts(
        self,
        ref: Ref,
        parts: tuple[Syntax, ...],
        scope: Mapping[str, LetterVar],
        dots: tuple[LetterVar, ...] | None,
    ) -> tuple[Syntax, ...]:
        result: list[Syntax] = []
        for part in parts:
            if isinstance(part, Dots):
                if dots is None:
                    raise Refused(
                        part.place,
                        "'...' stands on the right only; add it to the left or sum over it",
                    )
                result.extend(Letter(part.place, var) for var in dots)
                continue
            if isinstance(part, Name) and part.name not in scope and part.name not in self.scalars:
                raise Refused(
                    part.place,
                    f"letter '{part.name}' of {ref.name} is bound nowhere"
                    + (
                        meant(part.name, [s for s in scope if len(s) > 1])
                        or "; sum over it, or add it to the left of '='"
                    ),
                )
            result.append(self.resolve(part, scope, dots))
        return tuple(result)

    def size(
        self, place: Place, args: tuple[Syntax, ...], scope: Mapping[str, LetterVar]
    ) -> Syntax:
        first = args[0]
        if not isinstance(first, Name):
            raise Refused(place, "size takes a letter, or a tensor and a position: size(x, 1)")
        if len(args) == 2:
            if first.name not in self.values:
                raise Refused(
                    first.place, f"unknown tensor '{first.name}'{meant(first.name, self.values)}"
                )
            if not isinstance(args[1], Num) or args[1].value.denominator != 1:
                raise Refused(args[1].place, "the position of an axis is a number from 0")
            return Fn(place, "size", args)
        if first.name in scope:
            return Fn(place, "size", (Letter(first.place, scope[first.name]),))
        return Fn(place, "size", (first,))
