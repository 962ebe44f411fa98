"""The options of a document: everything that a reader may choose."""

from __future__ import annotations

from dataclasses import dataclass, fields

from derive.errors import ChainruleError, meant, shown

CHOICES = {
    "notation": ("both", "index", "matrix"),
    "detail": ("result", "steps", "full"),
    "lang": ("en", "zh"),
    "samples": ("column", "rows"),
    "layout": ("denominator", "numerator"),
    "errors": ("delta", "partial"),
    "calculus": ("differential", "kronecker"),
    "level": ("intro", "brief"),
    "order": ("1", "2"),
}


@dataclass(frozen=True)
class DocumentOptions:
    r"""The choices of one document.

    `notation`: formulas with subscripts, in matrices, or both. `detail`: formulas alone, with the
    steps that led to them, or with the index calculus of each step. `samples`: one sample as a
    column, the batch after it; or a batch in rows throughout. `layout`: whether a gradient lies as
    the tensor does (denominator) or transposed (numerator). `errors`: error terms as deltas, or as
    partial derivatives. `calculus`: steps by total differentials, or by Kronecker deltas. `level`:
    with a first part for readers who meet neurons first, or without. `order`: 2 adds the second
    derivatives, by the tensors of `wrt` or by all parameters. `scalars`: with each weight's
    derivative written out. `fragment`: for `\\input`, without a preamble.

    Raises `ChainruleError` for a choice that isn't offered.
    """

    notation: str = "both"
    detail: str = "steps"
    lang: str = "en"
    samples: str = "column"
    layout: str = "denominator"
    errors: str = "delta"
    calculus: str = "differential"
    level: str = "intro"
    order: int = 1
    wrt: tuple[str, ...] = ()
    scalars: bool = False
    fragment: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            known = CHOICES.get(field.name)
            value = getattr(self, field.name)
            if known is not None and str(value) not in known:
                raise ChainruleError(
                    f"{field.name}: unknown {shown(value)}{meant(str(value), known)}; "
                    f"known: {', '.join(known)}"
                )


OPTIONS = tuple(field.name for field in fields(DocumentOptions))
