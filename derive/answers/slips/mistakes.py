"""The single mistakes that are tried, as rows: what each is called, and how likely it is."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mistake:
    """One kind of change to a formula.

    `forth` names the mistake where the change turns the right formula into the written one,
    `back` where it turns the written one into the right one. `what` chooses the clause that tells
    it: `drop`, `insert`, `replace`, `sum`, `no sum` or `sign`. Of several changes that explain a
    formula, the one with the lowest `rank` is the likeliest.
    """

    forth: str
    back: str
    what: str
    rank: int

    @property
    def at_one_of_several(self) -> Mistake:
        """The same at one place, where the tensor is read at others as well."""
        return replace(self, rank=self.rank + 1)


def _replaced(kind: str, rank: int) -> Mistake:
    return Mistake(kind, kind, "replace", rank)


# signs
SIGN_OF_ALL = Mistake("sign", "sign", "sign", 0)
SIGN_OF_PART = Mistake("sign", "sign", "sign", 2)

# derivatives of activations
SLOPE_LEFT_OUT = Mistake("missing derivative", "factor", "drop", 14)
SLOPE_TOO_MUCH = Mistake("missing derivative", "factor", "drop", 31)  # in what was written
PART_OF_SLOPE = Mistake("missing derivative", "factor", "drop", 32)
SLOPE_PUT_IN = Mistake("factor", "missing derivative", "insert", 15)
SLOPE_OF_ANOTHER = _replaced("wrong argument", 16)
SLOPE_OF_OTHER_FUNCTION = _replaced("wrong value", 29)
CONDITION_LEFT_OUT = Mistake("missing derivative", "factor", "drop", 16)
BRANCHES_SWAPPED = _replaced("wrong argument", 30)

# letters
AXES_SWAPPED = _replaced("transpose", 12)
AXES_SWAPPED_OF_TWO_EXTENTS = _replaced("transpose", 45)  # reads 0 beyond: fits by chance only
LETTERS_EXCHANGED = _replaced("transpose", 14)
OTHER_LETTER = _replaced("index", 26)
SHIFTED = _replaced("index", 27)
SHIFTED_FAR = _replaced("index", 28)
ONE_FOR_LETTER = _replaced("index", 29)
TURNED = _replaced("index", 32)
ALL_SHIFTED = _replaced("index", 33)
OTHER_AXIS_REDUCED = _replaced("index", 27)

# sums
SUM_OF_EQUALS_LEFT_OUT = Mistake("missing sum", "extra sum", "no sum", 18)
SUM_LEFT_OUT = Mistake("missing sum", "extra sum", "no sum", 20)
FIRST_FOR_SUM = Mistake("missing sum", "extra sum", "no sum", 21)
LAST_FOR_SUM = Mistake("missing sum", "extra sum", "no sum", 22)
SUM_OF_ALL = Mistake("extra sum", "missing sum", "sum", 20)
SUM_OF_PART = Mistake("extra sum", "missing sum", "sum", 23)

# powers
POWER = _replaced("power", 24)
REPEATED_FACTOR = Mistake("power", "power", "drop", 24)
INVERTED = _replaced("power", 26)
TERM_SQUARED = _replaced("power", 27)
ROOT = _replaced("power", 28)

# factors and numbers
FACTOR = Mistake("factor", "factor", "drop", 31)
FACTORS_OF_ONE_VALUE = Mistake("factor", "factor", "drop", 33)  # y*(1 - y): another unit's slope
SCALE_OF_ALL = Mistake("factor", "factor", "insert", 34)
POWER_OF_EXTENT = _replaced("factor", 35)  # once more or once less
NUMBER = _replaced("factor", 42)
SCALE_OF_PART = Mistake("factor", "factor", "insert", 43)
COMPLEMENT = _replaced("wrong value", 48)

# terms
TERM = Mistake("missing term", "extra term", "drop", 36)
TERM_INSIDE = Mistake("missing term", "extra term", "drop", 40)
NUMBER_ADDED = Mistake("missing term", "extra term", "drop", 42)
ALL_OTHER_TERMS = Mistake("missing term", "extra term", "drop", 46)

# values
OTHER_TENSOR = _replaced("wrong value", 28)
OTHER_TENSOR_COMPARED = _replaced("wrong argument", 28)
TENSOR_THAT_FITS = _replaced("wrong value", 38)
VALUE_FOR_FACTORS = _replaced("wrong value", 45)
FUNCTION_LEFT_OUT = _replaced("wrong value", 50)
OTHER_FUNCTION = _replaced("wrong value", 52)
