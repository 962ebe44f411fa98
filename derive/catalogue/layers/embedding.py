"""Vectors for symbols and for places."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derive.catalogue.rows import Attribute, Entry, Example, Extents, Parameter, Unfit, Use
from derive.ir.input_limits import Inside, Limit, NoLonger
from derive.ir.notation import Affine, affine
from derive.ir.system import Initializer


def _normal(std: str) -> Initializer:
    return Initializer("normal", (("mean", Fraction(0)), ("std", Fraction(std))))


def _rows(use: Use) -> Mapping[tuple[str, int], Affine]:
    return {
        ("W", 0): affine(use.attributes["num_embeddings"]),
        ("W", 1): affine(use.attributes["embedding_dim"]),
    }


def _check_sequence(use: Use) -> None:
    if use.rank != 3:
        raise Unfit(
            f"the input has {use.rank - 1} axes without the batch's, and positional_encoding "
            "takes 2: places and features"
        )


def _length(use: Use) -> Affine:
    """The number of places of the learned table."""
    given, most = use.shapes[0][1], use.attributes["max_length"]
    if most is None and given.number is None:
        raise Unfit(
            "the length is known at run time only, and a learned table needs one; give max_length"
        )
    if most is not None and given.number is not None and given.number > most:
        raise Unfit(f"the input has {given.number} places, and max_length is {most}; take more")
    return given if most is None else affine(most)


def _positions(use: Use) -> str:
    _check_sequence(use)
    if use.attributes["learned"]:
        return "y[n,t,i] = x[n,t,i] + P[t,i]"
    return """\
p[t,i] = where(i % 2 == 0, sin(t/10000**(i/size(i))), cos(t/10000**((i-1)/size(i))))
y[n,t,i] = x[n,t,i] + p[t,i]"""


def _table(use: Use) -> Mapping[tuple[str, int], Affine]:
    _check_sequence(use)
    if use.attributes["learned"]:
        return {("P", 0): _length(use), ("y", 1): use.shapes[0][1]}
    _, length, width = use.shapes[0]
    return {("p", 0): length, ("p", 1): width}


def _table_parameter(use: Use) -> tuple[Parameter, ...]:
    return (Parameter("P", _normal("0.02")),) if use.attributes["learned"] else ()


def _fits(use: Use) -> tuple[Limit, ...]:
    """A sequence whose length the run time tells may be too long for the table."""
    open_ended = use.attributes["learned"] and use.shapes[0][1].number is None
    return (NoLonger("x", 1, "P", 0),) if open_ended else ()


EMBEDDING = Entry(
    name="embedding",
    about="a learned vector for each symbol: x holds the symbols' numbers, from 0",
    equations="y[n,...,i] = W[x[n,...],i]",
    parameters=(Parameter("W", _normal("1")),),
    attributes=(
        Attribute("num_embeddings", "extent", "how many symbols there are"),
        Attribute("embedding_dim", "extent", "the length of a vector"),
    ),
    extents=Extents(axes=_rows, limits=lambda _: (Inside("x", "W", 0),)),
    integers=("x",),
    source="Bengio et al. 2003, A neural probabilistic language model, section 2, the matrix C",
    example=Example((5,)),
)
POSITIONAL_ENCODING = Entry(
    name="positional_encoding",
    about="adds a vector for each place of a sequence: waves of many lengths, or learned ones",
    equations=_positions,
    parameters=_table_parameter,
    attributes=(
        Attribute("learned", "flag", "whether the vectors are parameters", default=False),
        Attribute(
            "max_length",
            "extent",
            "how many places the learned table has; the input's length if not given",
            default=None,
        ),
    ),
    extents=Extents(axes=_table, limits=_fits),
    source="Vaswani et al. 2017, Attention is all you need, section 3.5; learned: Gehring et al. "
    "2017, Convolutional sequence to sequence learning, section 3.1",
    example=Example((5, 4)),
)

LAYERS = (EMBEDDING, POSITIONAL_ENCODING)
