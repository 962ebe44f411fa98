"""Names in NumPy source: which value or tensor each one means, and what it is when it gets one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.arrays.nodes import (
    Array,
    Count,
    Extent,
    Like,
    Literal,
    Whole,
)
from derive.arrays.python_reader import Reader
from derive.arrays.python_syntax import decimal
from derive.arrays.walk import arrays
from derive.errors import meant, shorten
from derive.ir.names import adjoint_of, is_adjoint, is_next
from derive.ir.notation import Affine
from derive.language.parser import check_name
from derive.language.syntax import Place, Refused
from derive.readers.number_names import EPSILON, SAMPLES
from derive.readers.numpy_source.ast_shapes import dictionary, is_key, is_of_gradients
from derive.readers.numpy_source.constant_folding import Unknown, constant
from derive.readers.numpy_source.intermediates import Assigned, Step
from derive.readers.vocabulary import Unread

_DICTIONARIES = ("grads", "gradients", "dparams", "derivatives")  # their entries are told
NO_VALUE = "this is no value yet"  # `dw = None`: what is assigned later takes its place
UPSTREAM = ("dout", "d_out", "dy", "dY", "grad_out", "grad_output", "upstream")


@dataclass
class Frame:
    """The names of one function that is being walked."""

    values: dict[str, object] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)
    returned: object = None


class Names(Reader):
    """What names mean while a text is walked."""

    def __init__(self, tree: ast.Module, name: str) -> None:
        super().__init__(name)
        self.tree = tree
        self.place_ = Place(name, 1, 1)
        self.batch: Affine | None = None
        self.small: Fraction | None = None  # what `eps` is
        self.names: Collection[str] = ()  # what a name that isn't known may be meant for
        self.aims: frozenset[str] = frozenset()  # targets
        self.losses: frozenset[str] = frozenset()  # what reads targets in the model
        self.has_several = False  # layers
        self.of_derivatives: set[str] = set()

    def meet(
        self,
        tensor: Callable[[str, Mapping[str, str]], str | None],
        told: Callable[[str, str | None, Whole, Mapping[str, str]], str | None],
        view: Callable[[Array], Whole],
        given: Collection[str],
        explain: Callable[[Collection[str]], dict[str, str]],
        slope: Callable[[str, str | None, Whole], str | None],
    ) -> None:
        """What the reader knows of names.

        `tensor` tells what a name means, `told` what its value says of that, `view` a tensor as the
        writer has it; `given` are tensors whose values are there before. `explain` has the tensors
        of names that other names explain, `slope` the tensor of an error that passed a slope.
        """
        self.guess, self.told, self.view, self.given = tensor, told, view, frozenset(given)
        self.slope = slope
        names = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(self.tree) if isinstance(n, ast.Attribute)}
        names |= {str(n.value) for n in ast.walk(self.tree) if isinstance(n, ast.Constant)}
        self.said: dict[str, str] = explain(names)
        self.steps_known: frozenset[Step] = frozenset()

    def begin(self) -> None:
        """Forget what was found, before the text is walked."""
        self.count: dict[str, int] = {}
        self.found: list[Assigned] = []
        self.unread: list[Unread] = []
        self.lost: list[Unread] = []
        self.taken: set[str] = set()
        self.means: dict[str, str] = {}
        self.frames = [Frame()]
        self.current: ast.stmt = ast.Pass()

    @property
    def start(self) -> Place:
        """Where the text begins."""
        return self.place_

    @property
    def frame(self) -> Frame:
        """The function that is being walked."""
        return self.frames[-1]

    def _key(self, target: ast.expr) -> str | None:
        """A plain name: of `self.W1`, `params["W1"]`, `cache[f"W{l}"]` that is `W1`."""
        match target:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return name
            case ast.Subscript(value=ast.Name() | ast.Attribute(), slice=key):
                try:
                    found = constant(key, self.frame.known)
                except Unknown:
                    return None
                if not isinstance(found, str):
                    return None
                of = dictionary(target)
                put = is_of_gradients(of) or of in self.of_derivatives
                return self._of_gradients(found) if put else found
            case _:
                return None

    def _of_gradients(self, key: str) -> str:
        """`grads["W2"]` is the derivative by `W2`."""
        return adjoint_of(key) if self.tensor(key) in self.given else key

    def tensor(self, name: str) -> str | None:
        """The model's tensor that a name means."""
        return self.guess(name, self.said)

    def _meant(self, name: str, value: object) -> str | None:
        """The tensor that a name means, as what it is given to be may tell."""
        tensor = self.tensor(name)
        if isinstance(value, Refused):
            return tensor
        slope = self.slope(name, tensor, value)  # type: ignore[arg-type]
        if slope is not None or name in self.said:
            return slope or tensor
        found = self.told(name, tensor, value, self.said)  # type: ignore[arg-type]
        if found is not None:
            self.said[name] = found
        return found or tensor

    def _own(self, name: str) -> str:
        """A new name for one of the writer's values."""
        stem = name if check_name(name) is None else f"my_{name}"
        if is_adjoint(stem) or self.tensor(stem) is not None or check_name(stem):
            stem = f"my_{stem}"[:50]
        found, count = stem, 2
        while found in self.taken or self.tensor(found) is not None:
            found, count = f"{stem}_{count}", count + 1
        self.taken.add(found)
        return found

    def _assign(self, name: str, value: object, source: ast.expr, is_change: bool = False) -> None:
        """A name gets a value."""
        place = self.place(source)
        if isinstance(value, tuple):
            self.frame.values[name] = value
            return
        if len(self.frames) > 1:
            self.frame.values[name] = value  # inside an own function: no formula of its own
            return
        tensor = self._meant(name, value)
        reads = {n.id for n in ast.walk(source) if isinstance(n, ast.Name)}
        changes = is_change or name in reads
        if tensor in self.given and name not in self.frame.values and not changes:
            return  # data and parameters are what they are
        if tensor is not None and (tensor in self.given or is_next(tensor)):
            tensor = None
        if tensor is not None and name != tensor and self._reads_targets(tensor, value):
            tensor = None  # `p[range(n), y] -= 1` makes an error of an output
        if tensor is not None and self._reads_itself(tensor, value):
            if tensor in {u.name for u in self.unread}:
                return  # what it was made of can't be read: nor can this
            if is_adjoint(tensor):
                reason = f"'{shorten(name)}' is made of itself here; write where it comes from, too"
                self.unread.append(Unread(tensor, place.line, reason))
            tensor = None
        if tensor is not None and value == self.view(Array(tensor)):
            self.means[name] = tensor  # `A1 = cache["A1"]` says nothing new
            self.frame.values[name] = value
            return
        self.unread = [u for u in self.unread if u.name != tensor or not _is_empty(u)]
        self.lost = [u for u in self.lost if u.name != name or not _is_empty(u)]
        self.count[name] = count = self.count.get(name, 0) + 1
        if (name, count) in self.steps_known:
            tensor = None  # on the way to its last value
        text = shorten(ast.unparse(self.current), 200)
        if isinstance(value, Refused):
            self.frame.values[name] = value
            if tensor is None and name not in _DICTIONARIES:
                self.lost.append(Unread(name, place.line, str(value)))
            elif tensor is not None and is_adjoint(tensor):
                # what it was before, such as zeros, is not what the writer gives
                self.found = [a for a in self.found if a.tensor != tensor]
                self.unread.append(Unread(tensor, place.line, str(value)))
                self.frame.values[name] = self.view(Array(tensor, place=place))
            return
        assert not isinstance(value, ast.AST)
        node: Whole = value  # type: ignore[assignment]
        if tensor is not None and not (isinstance(node, Literal) and tensor != name):
            self.means[name] = tensor
            self.found.append(Assigned(f"the {tensor}", tensor, node, place, text, name, count))
            self.frame.values[name] = self.view(Array(tensor, place=place))
            return
        if isinstance(node, Literal | Extent | Array | Like):
            self.frame.values[name] = node
            return
        own = self._own(name)
        self.found.append(Assigned(own, None, node, place, text, name, count))
        self.frame.values[name] = Array(own, place=place)

    def _reads_itself(self, tensor: str, value: object) -> bool:
        """Whether a value for a tensor is made of that tensor, which nothing here gave before."""
        if isinstance(value, Refused) or value == self.view(Array(tensor)):
            return False
        given = any(a.tensor == tensor for a in self.found)
        return not given and tensor in self._behind(value)  # type: ignore[arg-type]

    def _reads_targets(self, tensor: str, value: object) -> bool:
        """Whether a value for one of the model's reads targets, where the model doesn't."""
        if isinstance(value, Refused) or is_adjoint(tensor):
            return False
        return bool(self.aims.intersection(arrays(value))) and tensor not in self.losses  # type: ignore[arg-type]

    def _behind(self, value: Whole) -> set[str]:
        """The model's tensors that a value is made of, by way of own values too."""
        own = {a.name: a.node for a in self.found if a.tensor is None}
        seen: set[str] = set()
        work = [value]
        while work:
            for name in arrays(work.pop()):
                if name not in seen:
                    seen.add(name)
                    if name in own:
                        work.append(own[name])
        return seen - set(own)

    def resolve(self, node: ast.expr) -> Whole | None:
        """Names, attributes of self, entries of dictionaries."""
        name = self._key(node)
        if name is None:
            return None
        place = self.place(node)
        values = self.frame.values
        if name in values:
            found = values[name]
            if isinstance(found, Refused):
                raise found
            if isinstance(found, tuple):
                raise Refused(place, f"'{shorten(name)}' is several values at once")
            return found  # type: ignore[return-value]
        if name in self.frame.known:
            number = self.frame.known[name]
            if isinstance(number, int | float):
                return Literal(decimal(number, place), place=place)
        if isinstance(node, ast.Name) and name in ("np", "numpy", "math"):
            return None
        tensor = self.tensor(name)
        if name in UPSTREAM and name not in self.said and self.has_several:
            tensor = None  # of which layer it comes, the text alone doesn't tell
        if tensor is None:
            if isinstance(node, ast.Subscript) and not is_key(node):
                return None
            if self.batch is not None and name in SAMPLES:
                return Count(self.batch, place=place)
            if self.small is not None and name in EPSILON:
                return Literal(self.small, place=place)
            raise Refused(
                place,
                f"'{shorten(name)}' is no tensor of the model and has no value before"
                f"{self._near(name)}; write its formula before, or say which it is, such as "
                f'names "{shorten(name)}=..."',
            )
        self.means[name] = tensor
        return self.view(Array(tensor, place=place))

    def _near(self, name: str) -> str:
        """A suggestion, where a name of some length is much like a known one."""
        own = {n for f in self.frames for n in (*f.values, *f.known)}
        alike = [n for n in {*self.names, *own} - {name} if n[:1].lower() == name[:1].lower()]
        return meant(name, alike) if len(name) > 2 else ""


def _is_empty(unread: Unread) -> bool:
    """Whether a name only had no value yet."""
    return unread.reason.endswith(NO_VALUE)
