"""Names in C: tensors keep theirs unless it would shadow something."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.targets.c.functions import pieces
from derive.ir.names import current_of, is_next
from derive.ir.notation import Axis

KEYWORDS = frozenset(
    """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while _Bool _Complex _Imaginary asm typeof bool true false
    """.split()  # noqa: SIM905 - a list of words reads better so
)
# what the text uses itself, and what headers define
OWN = frozenset(
    """
    net real integer arena params state gradient buffers training seed draws status count bytes
    value total row_total largest product fill
    main NULL NAN INFINITY HUGE_VAL errno assert memcpy memset abs labs floor ceil round trunc fabs
    exp exp2 expm1 log log2 log10 log1p pow sqrt cbrt hypot sin cos tan asin acos atan atan2 sinh
    cosh tanh asinh acosh atanh erf erfc tgamma lgamma gamma signgam j0 j1 jn y0 y1 yn fmin fmax
    fma fmod sigmoid softplus relu sign square cube power smaller greater indicator
    index time clock div ldiv rand free malloc
    unix linux i386 I size_t ptrdiff_t vector KEEP SUM PRAGMA VECTOR_BYTES TILE_LANES TILE_ROWS
    TILE_COLUMNS TILE_DEPTH TILE_BLOCK lay_out propagate evaluate differentiate move
    GEMM DIVIDED inputs moved result kept needed step init_step hessian gauss_newton
    """.split()  # noqa: SIM905
)
LIBRARY_VARIABLES = frozenset({"y0", "y1", "yn", "j0", "j1", "jn", "gamma", "index", "time"})
# -Wshadow takes a local variable for one only where the header declares a variable
FREE = LIBRARY_VARIABLES


class Names:
    """C names of tensors, run-time extents and letters, all distinct."""

    def __init__(self) -> None:
        self._used = {*KEYWORDS, *(OWN - FREE), *pieces(single=True)}
        self._tensor: dict[str, str] = {}
        self._dim: dict[str, str] = {}
        self._letter: dict[str, str] = {}

    def begin(self, tensors: Iterable[str], dims: Iterable[str]) -> None:
        """Give these names before all others."""
        for tensor in tensors:
            self.tensor(tensor)
        for dim in dims:
            if dim not in self._dim:
                plain = dim.upper() if len(dim) == 1 else f"{dim}_size"
                self._dim[dim] = self._fresh(plain, dim)

    def tensor(self, name: str) -> str:
        """The variable that holds a tensor."""
        if name not in self._tensor:
            plain = current_of(name)
            self._tensor[name] = self._fresh(f"next_{plain}" if is_next(name) else plain)
        return self._tensor[name]

    def dim(self, name: str) -> str:
        """The variable that holds a run-time extent."""
        return self._dim[name]

    def letter(self, axis: Axis) -> str:
        """A loop's variable."""
        if axis.letter not in self._letter:
            self._letter[axis.letter] = self._fresh(axis.letter)
        return self._letter[axis.letter]

    def fresh(self, name: str) -> str:
        """A name that nothing has."""
        return self._fresh(name)

    def _fresh(self, name: str, other: str = "") -> str:
        """The name, changed where it is taken; none begins with `_`, nor as the text's own do."""
        name = name.lstrip("_") or "u"
        if name.startswith(("net_", "NET_", "d_")):
            name = f"own_{name}"
        if name in self._used and other:
            name = f"{other}_size"
        while name in self._used:
            name += "_"
        self._used.add(name)
        return name
