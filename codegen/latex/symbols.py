r"""The symbols of a system: a tensor's is spelt from its name, the derivative by `z` is $\delta$.

Whatever tensors are called, no two are printed alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from codegen.latex.second_order_symbols import (
    all_together,
    by_all,
    changes_in,
    first_derivatives,
    of_second_order,
    symbols_of,
)
from codegen.latex.spelling import ACCENTS, letter, symbol, upright
from codegen.latex.symbol import DIFFERENTIAL, ERROR, Change, Partial, Symbol, node_symbol
from derive.ir.derivation import Derivation
from derive.ir.names import adjoint_of, current_of, is_next
from derive.ir.notation import Axis, Call, Compare, Dim, Equation, Index, Mul, Read, Tensor
from derive.ir.system import System
from derive.ir.tree import ONE, reads

_ANY_OBJECTIVE = r"\mathcal{L}"
_REMEMBERED = ("state", "next")  # by an optimiser, of a parameter


def with_one(equation: Equation) -> str | None:
    """The tensor to whose last axis an equation joins a 1: `where(j < 2, x[n,j], 1)`."""
    if len(equation.terms) != 1 or not equation.axes:
        return None
    match equation.terms[0].body:
        case Call("where", (Compare("<", Index(letter), _), Read(tensor, subscripts), yes)) if (
            yes == ONE
            and subscripts == equation.terms[0].target
            and letter.axis == equation.axes[-1]
        ):
            return tensor
        case _:
            return None


class Names:
    """The symbols of one system's tensors, letters and run-time extents."""

    def __init__(self, source: System | Derivation, errors: str = "delta") -> None:
        self._deltas = errors == "delta"
        self.derivation = source if isinstance(source, Derivation) else None
        self.system = source.system if isinstance(source, Derivation) else source
        self._vectors = {self._symbol(t.name).base for t in source.tensors if t.shape}
        self._made: dict[str, Symbol | Partial] = {}
        self._used = {ERROR: "the error terms", DIFFERENTIAL: "the differentials"}
        self.nodes = self._nodes()
        adjoint = self._adjoints()
        first = first_derivatives(self.system)
        blocks = self.derivation.blocks if self.derivation else ()
        later = {*adjoint, *first, *changes_in(self.system), *(b.tensor for b in blocks)}
        self._put_all([t for t in source.tensors if t.name not in later and not is_next(t.name)])
        self._put_earlier(first)
        self.objective = self._objective()
        for name, of in adjoint.items():
            self._made[name] = self._again(name, of)
        self.together = all_together(self._used)
        for block in blocks:
            second = self.of(block.second)
            self._made[block.tensor] = by_all(self.objective, self.together, second, block)
        self._dims = self._extents(source.tensors)

    def _put_all(self, tensors: Sequence[Tensor]) -> None:
        """Symbols of all but derivatives: named tensors, inverses, what an optimiser remembers."""
        own = [t for t in tensors if t.role not in _REMEMBERED]
        for tensor in own:
            if tensor.name not in self.nodes:
                self._put(tensor)
        self._put_tildes()
        for tensor in own:
            if tensor.name in self.nodes:
                self._put_node(tensor)
        for tensor in tensors:
            if tensor.role in _REMEMBERED:
                # the symbol of its parameter is settled now
                (self._put_node if tensor.name in self.nodes else self._put)(tensor)

    @cached_property
    def errors(self) -> Mapping[str, str]:
        """The derivatives that are printed as error terms, and what each is by."""
        first = first_derivatives(self.system)
        return {
            a: of
            for a, of in self._adjoints().items()
            if of not in first and isinstance(self._made[a], Symbol)
        }

    @cached_property
    def terms(self) -> frozenset[str]:
        """The first derivatives among a system's equations that are printed as error terms."""
        first = first_derivatives(self.system)
        return frozenset(a for a in first if isinstance(self._made[a], Symbol))

    @cached_property
    def occupied(self) -> frozenset[str]:
        """The letters that mean a tensor here, with which no function may be written."""
        return frozenset(s.base for s in self._made.values() if isinstance(s, Symbol))

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(layer.name for layer in self.system.origin.layers)

    def __getitem__(self, name: str) -> Symbol | Partial | Change:
        """The symbol of a tensor; `next(w)` has that of `w`: updates stand in their order.

        The differential of a tensor, `d(w)`, has a d before it.
        """
        if name.startswith("d("):
            return Change(self._made[name[2:-1]])
        return self._made[current_of(name)]

    def of(self, name: str) -> Symbol:
        """The symbol of a tensor that is no derivative."""
        made = self[name]
        assert isinstance(made, Symbol)
        return made

    def node(self, node: str, of: str) -> Symbol:
        r"""A matrix's inverse $X^{-1}$ or its determinant $\det(X)$."""
        return node_symbol(node, self[of])

    def letter(self, axis: Axis) -> str:
        """A letter of the index calculus."""
        return letter(axis.letter)

    def dim(self, dim: Dim) -> str:
        """An extent that is known at run time."""
        return self._dims[dim.name]

    def _symbol(self, name: str, scalar: bool = False) -> Symbol:
        return symbol(name, scalar, self._words)

    def _nodes(self) -> dict[str, tuple[str, str]]:
        """The inverses and determinants that the engine named: what each is, of which tensor."""
        d = self.derivation
        own = (*d.backward, *d.inlined, *d.updates) if d is not None else ()
        equations = (*self.system.equations, *own)
        terms = {e.tensor: e.terms[0] for e in equations if not e.source}
        return {name: (t.reduce, t.matrix) for name, t in terms.items() if t.matrix is not None}

    def _put_node(self, tensor: Tensor) -> None:
        known = self._node_symbol(*self.nodes[tensor.name])
        self._put(tensor, known)
        if self._made[tensor.name] != known:
            del self.nodes[tensor.name]

    def _node_symbol(self, node: str, of: str) -> Symbol | None:
        of_ = self._made.get(of)
        made = node_symbol(node, of_) if of_ is not None else None
        return made if str(made) not in self._used else None

    def _put(self, tensor: Tensor, known: Symbol | None = None) -> None:
        made = self._symbol(tensor.name, scalar=not tensor.shape)
        if made.below and made.base in self._vectors:
            made = self._symbol(tensor.name)  # x_1 is an entry of x here
        made = known or self._of_parameter(tensor) or self._of_value(tensor) or made
        # an error term is a delta, so that no other tensor's symbol may be one
        if str(made) in self._used or made.base == ERROR:
            made = Symbol(upright(tensor.name))
        while str(made) in self._used:
            made = replace(made, above=made.above + r"\prime")
        self._used[str(made)] = tensor.name
        self._made[tensor.name] = made

    def _of_parameter(self, tensor: Tensor) -> Symbol | None:
        """The symbol of an optimiser's value of a parameter: `m_W1` has W1 above."""
        if tensor.role not in _REMEMBERED:
            return None
        for k, character in enumerate(tensor.name):
            parameter = self.system.table.get(tensor.name[k + 1 :])
            if k and character == "_" and parameter and parameter.role == "parameter":
                own, of = tensor.name[:k], self._made[parameter.name]
                base = self._symbol(own)
                if self._is_vector(own) or not isinstance(of, Symbol):
                    return None  # m_w may be an entry of m here
                inner = base.above[1:-1] if base.above else ""
                return replace(base, above=f"({','.join(b for b in (inner, str(of)) if b)})")
        return None

    def _is_vector(self, name: str) -> bool:
        tensor = self.system.table.get(name)
        return tensor is not None and bool(tensor.shape)

    def _of_value(self, tensor: Tensor) -> Symbol | None:
        """A value on the way to another: `z_f1`, inside the gate `f1`, has f below."""
        of = tensor.name.removeprefix("z_")
        goal = self._symbol(of)
        known = of in self.system.table and of != tensor.name and goal.above and not goal.below
        if not known or not re.fullmatch("[a-z]", goal.base):
            return None
        return Symbol("z", above=goal.above, below=upright(goal.base))

    def _put_tildes(self) -> None:
        """A tensor with a 1 joined to it has a tilde, and so has what multiplies it."""
        joined = {e.tensor: of for e in self.system.equations if (of := with_one(e))}
        weights = {
            r.tensor: r.tensor
            for e in self.system.equations
            for t in e.terms
            if isinstance(t.body, Mul) and any(r.tensor in joined for r in reads(t.body))
            for r in reads(t.body)
            if self.system.table[r.tensor].role == "parameter"
        }
        for name, of in {**joined, **weights}.items():
            plain = self._made[of]
            assert isinstance(plain, Symbol)
            made = replace(plain, base=ACCENTS["tilde"] % plain.base)
            if str(made) not in self._used:
                self._used[str(made)] = name
                self._made[name] = made

    def _adjoints(self) -> dict[str, str]:
        result: dict[str, str] = {}
        if self.derivation is not None:
            result = {a: of for of, a in self.derivation.adjoints}
            seed = adjoint_of(self.derivation.objective)
            if seed in self.derivation.table and seed not in result:
                objective = self.derivation.table[self.derivation.objective]
                if objective.shape:
                    result = {seed: self.derivation.objective, **result}
        return result

    def _put_earlier(self, first: Mapping[str, str]) -> None:
        """The symbols of first derivatives among a system's equations, and of what they bring."""
        earlier = self.system.earlier
        if earlier is None:
            return
        made = self._made.get(earlier.objective)
        plain = self._symbol(earlier.objective, scalar=True)
        self.objective = made if isinstance(made, Symbol) else plain
        for name, of in first.items():
            self._made[name] = self._derivative(of)
        self._made.update(symbols_of(self.system, self.objective, self.of))

    def _objective(self) -> Symbol:
        """The symbol of the objective; of any scalar function of it where it has axes."""
        if self.derivation is None:
            return Symbol(_ANY_OBJECTIVE)
        made = self._made[self.derivation.objective]
        if self.derivation.table[self.derivation.objective].shape or isinstance(made, Partial):
            return Symbol(_ANY_OBJECTIVE)
        return made

    def _derivative(self, of: str) -> Symbol | Partial:
        """An error term where the tensor is a pre-activation: one that is defined, called z."""
        made = self._made[of]
        if (
            self._deltas
            and isinstance(made, Symbol)
            and made.base == "z"
            and of in self.system.defined
        ):
            return replace(made, base=ERROR)
        return Partial(self.objective, made)

    def _again(self, name: str, of: str) -> Symbol | Partial:
        """A derivative of the objective; of one along a direction perhaps a change."""
        earlier = self.system.earlier
        if earlier is None:
            return self._derivative(of)
        result = of_second_order(name, of, earlier, self._made)
        return result or Partial(self.objective, self._made[of])

    def _extents(self, tensors: Iterable[Tensor]) -> dict[str, str]:
        """`size(n)` is N, unless something else is."""
        result: dict[str, str] = {}
        atoms = (a for t in tensors for e in t.shape for a, _ in e.terms)
        for name in dict.fromkeys(a.name for a in atoms if isinstance(a, Dim)):
            core = name.rstrip("_")
            shown = core.upper() if len(core) == 1 else ""
            if not shown or shown in self._used:
                shown = rf"\lvert {letter(name)}\rvert"
            if shown in self._used:
                shown = rf"\mathrm{{size}}({upright(name)})"
            self._used[shown] = f"size({name})"
            result[name] = shown
        return result
