"""What the table of names is made of: a written name, what a text says beside it, rows.

A row says that any of some words may mean some tensors, under some conditions. Meanings and
conditions are functions of the name and of its context, named so that a row reads aloud.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derive.ir.names import adjoint_of
from derive.language.name_check import check_name
from derive.readers.vocabulary import Shape, Vocabulary

_NUMBERED = re.compile(r"([A-Za-z_]+?)_?(\d+)")
_LABELLED = (
    r"(?P<base>delta)_(?P<label>.+)",
    r"(?P<label>.+)_(?P<base>delta)",
    r"(?P<base>[A-Za-z_]+?)_?(?P<label>\d+)",
)
_RENAMED = {"lambda": "lam", "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi"}


def words(text: str) -> frozenset[str]:
    """Several words."""
    return frozenset(text.split())


WEIGHTS = words("W w theta Theta omega V U")
ERRORS = words("delta Delta d e")
_OUTPUTS = words("a h y o x A H Y O X y_hat a_hat")  # of a layer
_ANSWERS = words("y_hat Y_hat hat_y yhat f o p O P out")  # of a model
_BESIDE_TARGETS = words("y_hat Y_hat hat_y yhat y_pred ypred")
_OF_LAYERS = words("a h o act activation hidden layer output out y l z s net u pre scores logits")


@dataclass(frozen=True)
class WrittenName:
    r"""A name taken apart: `W2`, `W_2` and `W^{(2)}` are the base W with the label 2.

    `text` is the whole name as code has it, "" in LaTeX; `rank` how many axes it stands for, None
    where that isn't known.
    """

    base: str
    label: str = ""
    text: str = ""
    rank: int | None = None

    @classmethod
    def of_code(cls, text: str) -> WrittenName:
        """The name of a variable."""
        for pattern in _LABELLED:
            match = re.fullmatch(pattern, text)
            if match:
                return cls(match["base"].rstrip("_"), match["label"], text)
        return cls(text, "", text)


@dataclass(frozen=True)
class Context:
    """What tells what a name means: the model, and what else the text says.

    `used` are the names of the text with their labels, `read` the bases on right sides, `before`
    what an activation is given and `after` what it gives. `given` is what the writer said. In code
    capital letters are no other names.
    """

    vocabulary: Vocabulary
    is_code: bool = True
    used: Collection[tuple[str, str]] = ()
    read: Collection[str] = ()
    before: Collection[str] = ()
    after: Collection[str] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every tensor of the model."""
        return self.vocabulary.shapes

    @cached_property
    def layers(self) -> int:
        """The number of the last numbered layer."""
        numbers = (re.fullmatch(r"[zyWb](\d{1,4})", n) for n in self.shapes)
        return max((int(m[1]) for m in numbers if m), default=0)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """What comes out of the model: probabilities, where the loss makes such of the output."""
        system = self.vocabulary.system
        return tuple(filter(None, (system.probabilities, system.output)))

    @property
    def probabilities(self) -> str:
        """What a classification's output is made into; else nothing."""
        system = self.vocabulary.system
        result = system.probabilities
        return result if result and result != system.output else ""

    def only(self, family: str, rank: int | None = None) -> Iterator[str]:
        """The single tensor of a family, or the single one of a rank."""
        if family in self.shapes:
            yield family
        result = [n for n in self.shapes if re.fullmatch(rf"{family}(\d+|_\w+)?", n)]
        fitting = [n for n in result if rank is None or len(self.shapes[n]) == rank]
        if len(fitting) == 1 or len(result) == 1:
            yield (fitting or result)[0]

    def playing(self, role: str) -> Iterator[str]:
        """The tensor that plays a role, where one alone does."""
        result = [t.name for t in self.vocabulary.system.having(role) if t.name != "sample_weight"]
        if len(result) == 1:
            yield result[0]

    def numbers(self, base: str) -> set[int]:
        """The numbers with which a base stands in the text."""
        return {int(x) for b, x in self.used if b == base and x.isdigit() and len(x) < 4}


Meaning = Callable[[WrittenName, Context], Iterator[str]]
Condition = Callable[[WrittenName, Context], bool]


@dataclass(frozen=True)
class Row:
    """Any of some words may mean some tensors, where all conditions hold."""

    words: frozenset[str]
    meaning: Meaning
    when: tuple[Condition, ...] = ()

    def tensors(self, name: WrittenName, context: Context) -> Iterator[str]:
        """The tensors that a name may mean by this row."""
        words = self.words
        fits = name.base in words or (context.is_code and name.base.lower() in words)
        if (fits or not words) and all(holds(name, context) for holds in self.when):
            yield from self.meaning(name, context)


def row(text: str, meaning: Meaning, *when: Condition) -> Row:
    """A row for words; for any name where there are none."""
    return Row(words(text), meaning, when)


# ---- forms of a name ---------------------------------------------------------------------------


def letter_name(base: str) -> str:
    """A letter or word as the equation language has it."""
    return _RENAMED.get(base, base)


def usable(name: str) -> str:
    """A name that equations may have: a word of theirs gets a `_`."""
    return f"{name}_" if check_name(name) else name


def join(base: str, label: str) -> str:
    """A name and its label as one word: `W2`, `W_out`."""
    marks = label.replace(",", "_").replace("+", "_").replace("-", "_")
    return f"{base}{marks}" if not label or label[0].isdigit() else f"{base}_{marks}"


def forms(base: str, label: str) -> Iterator[str]:
    """The names that a base with a label may have in a model."""
    yield join(base, label)
    if label:
        yield f"{base}{label}"
        yield f"{base}_{label}"
        parts = label.split(",")
        if len(parts) > 1:
            yield f"{base}{parts[0]}_{'_'.join(parts[1:])}"
            yield f"{base}_{'_'.join(reversed(parts))}"
    yield usable(join(base, label))


# ---- meanings ------------------------------------------------------------------------------------


def spelled(name: WrittenName, context: Context) -> Iterator[str]:
    """The tensor of that name."""
    if name.text:
        yield name.text
    yield from forms(letter_name(name.base), name.label)


def called(*tensors: str) -> Meaning:
    """The tensors of these names."""
    return lambda name, context: iter(tensors)


def numbered(*families: str, by: int = 0) -> Meaning:
    """The tensors of these families that have the name's label, or the number so far from it."""

    def meaning(name: WrittenName, context: Context) -> Iterator[str]:
        label = name.label
        if by and not label.isdigit():
            return
        for family in families:
            yield from forms(family, str(int(label) + by) if by else label)

    return meaning


def only(*families: str, derivative: bool = False) -> Meaning:
    """The single tensor of each of these families, or the derivative by it."""

    def meaning(name: WrittenName, context: Context) -> Iterator[str]:
        for family in families:
            for tensor in context.only(family, name.rank):
                yield adjoint_of(tensor) if derivative else tensor

    return meaning


def only_of_its_letter(name: WrittenName, context: Context) -> Iterator[str]:
    """The single tensor whose family is the name itself."""
    return context.only(letter_name(name.base), name.rank)


def playing(role: str) -> Meaning:
    """The single tensor of a role."""
    return lambda name, context: context.playing(role)


def outputs(name: WrittenName, context: Context) -> Iterator[str]:
    """What comes out: probabilities first."""
    return iter(context.outputs)


def output(name: WrittenName, context: Context) -> Iterator[str]:
    """The output as the model has it, before probabilities are made of it."""
    return iter(filter(None, (context.vocabulary.system.output,)))


def last_sum(name: WrittenName, context: Context) -> Iterator[str]:
    """What the last activation is taken of; without one, the output."""
    for tensor in output(name, context):
        yield f"z{context.layers}" if tensor.startswith("y") else tensor


def probabilities(name: WrittenName, context: Context) -> Iterator[str]:
    """What a classification's output is made into: textbooks call it the output."""
    return iter(filter(None, (context.probabilities,)))


def objective(name: WrittenName, context: Context) -> Iterator[str]:
    """The objective."""
    return iter(filter(None, (context.vocabulary.system.objective,)))


def shift_of_the_scale(name: WrittenName, context: Context) -> Iterator[str]:
    """What a normalisation adds, beside the single scale of the model."""
    return (f"b{scale[1:]}" for scale in context.only("g", name.rank))


def last_error(name: WrittenName, context: Context) -> Iterator[str]:
    """The error term of the last layer."""
    yield f"dz{context.layers}"


def error_of_its_layer(name: WrittenName, context: Context) -> Iterator[str]:
    """The error term of a layer that the label names by one of its values: `delta_h1`."""
    of = _NUMBERED.fullmatch(name.label)
    if of and of[1].lower() in _OF_LAYERS:
        yield f"dz{of[2]}"


# ---- conditions ----------------------------------------------------------------------------------


def in_code(name: WrittenName, context: Context) -> bool:
    """The text is a program."""
    return context.is_code


def in_latex(name: WrittenName, context: Context) -> bool:
    """The text is LaTeX."""
    return not context.is_code


def is_scalar(name: WrittenName, context: Context) -> bool:
    """It has no axes, as far as one knows."""
    return not name.rank


def is_bare(name: WrittenName, context: Context) -> bool:
    """Nothing tells how many axes it has."""
    return name.rank is None


def is_last(name: WrittenName, context: Context) -> bool:
    """Its number is that of the last layer."""
    return name.label == str(context.layers)


def gives_the_output(name: WrittenName, context: Context) -> bool:
    """The model's output is that of the layer of its number."""
    number = name.label or "1"
    return context.vocabulary.system.output in (f"y{number}", f"z{number}")


def has_layers(count: int) -> Condition:
    """The model has so many numbered layers."""
    return lambda name, context: context.layers == count


def labelled(*labels: str) -> Condition:
    """It has one of these labels."""
    return lambda name, context: name.label.lower() in labels


def is_numbered(name: WrittenName, context: Context) -> bool:
    """Its label is a number."""
    return name.label.isdigit()


def is_activated(name: WrittenName, context: Context) -> bool:
    """An activation is taken of it, and none gives it."""
    return name.base in context.before and name.base not in context.after


def is_activation(name: WrittenName, context: Context) -> bool:
    """An activation gives it, and none is taken of it."""
    return name.base in context.after and name.base not in context.before


def counts_from_0(name: WrittenName, context: Context) -> bool:
    """The text numbers layers from 0."""
    return context.numbers(name.base) == set(range(context.layers)) != set()


def others_from_2(name: WrittenName, context: Context) -> bool:
    """The others of its kind have all numbers but 1."""
    return context.numbers(name.base) == set(range(2, context.layers + 1)) != set()


def counts_the_input(name: WrittenName, context: Context) -> bool:
    """The text counts the input as a layer, too."""
    numbers = context.numbers(name.base)
    return bool(numbers) and max(numbers) == context.layers + 1 and min(numbers) > 1


def is_logit(name: WrittenName, context: Context) -> bool:
    """It is what probabilities are made of, told by what else is said."""
    if not context.probabilities:
        return False  # what comes out is no logit: `z` is the sum of some layer
    if is_activated(name, context):
        return True
    beside = any((other, "") in context.used for other in ("y_hat", "Y_hat", "p", "P"))
    return name.base in ("o", "O") and beside


def is_the_target(name: WrittenName, context: Context) -> bool:
    """A `y` without a number is what the output shall be, told by what else is said."""
    target, used = next(context.playing("target"), None), context.used
    if target is None:
        return False
    bare = {b for b, x in used if not x}
    beside = bare & _BESIDE_TARGETS - set(context.shapes)
    if "y" in context.shapes and (context.vocabulary.system.output != "y" or not beside):
        return False  # the model's own name
    if bare & ({target} if context.is_code else {target, "t", "target"}):
        return False
    if context.is_code:
        return bool(beside)
    if context.layers == 1 and {"x", "X"} & set(context.read) and WEIGHTS & set(context.read):
        return True  # `X w - y`: what is computed here is the output
    last = (str(context.layers), "L")
    ends = (*last, "") if context.layers == 1 else last
    of_layers = any((x in last and b in _OUTPUTS) or (x in ends and b in "ahAH") for b, x in used)
    return of_layers or bool(bare & _ANSWERS)
