"""Which tensor a written name means: as it is spelled, as it is given, or guessed."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derive.errors import ChainruleError, meant, shorten
from derive.readers.latex.symbol_parts import (
    Spelled,
    join,
    letter_name,
    shown,
    usable,
)
from derive.readers.latex.text_facts import Facts
from derive.readers.reading import AS_THE_MODEL, Layout, Orientation
from derive.readers.vocabulary import Shape, Vocabulary

WEIGHTS = ("W", "w", "theta", "Theta", "omega", "V", "U")
_BIASES = ("b", "beta", "B")
_OUTPUTS = ("a", "h", "y", "o", "x", "A", "H", "Y", "O", "X", "y_hat", "a_hat")
_SUMS = ("z", "s", "net", "u", "v", "Z", "S")
ERRORS = ("delta", "Delta", "d", "e")
_OBJECTIVES = ("E", "L", "J", "C", "ell", "loss", "Loss", "cost", "R", "Q")
OBJECTIVE = "the objective"  # what a differential is the derivative of
_ANSWERS = ("y_hat", "f", "o", "p", "O", "P", "Y_hat", "yhat", "out", "a", "h", "A", "H", "hat_y")
_TARGETS = ("t", "tau", "target", "y_star", "d", "r")
_RATES = ("eta", "alpha", "epsilon", "gamma", "lr", "mu")


@dataclass
class Names:
    """Names of one text.

    `given` overrides guesses, by the name in plain letters. `taken` gathers what was taken for
    something else than it is spelled, `own` the writer's own intermediates. Without a vocabulary
    names are what they are spelled like; `known` then holds those that are declared.
    """

    vocabulary: Vocabulary | None
    given: Mapping[str, str]
    facts: Facts
    known: Collection[str] = ()
    orientation: Orientation = AS_THE_MODEL
    taken: dict[str, str] = field(default_factory=dict)
    own: dict[tuple[str, str], str] = field(default_factory=dict)
    own_shapes: dict[str, Shape] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every tensor whose shape is known."""
        return ChainMap(self.own_shapes, dict(self.vocabulary.shapes) if self.vocabulary else {})

    @cached_property
    def layout(self) -> Layout:
        """How the model's tensors lie in this text."""
        return self.orientation.layout(self.vocabulary) if self.vocabulary else Layout()

    def rank(self, tensor: str) -> int | None:
        """How many axes a tensor has, where that is known."""
        shape = self.shapes.get(tensor)
        return None if shape is None else len(shape)

    def find(self, base: str, layer: str = "", rank: int | None = None) -> str | None:
        """The tensor that is meant; None where none is."""
        if (base, layer) in self.own:
            return self.own[base, layer]
        if self.vocabulary is None:
            return self._spelled(base, layer)
        found = [c for c in dict.fromkeys(self._candidates(base, layer, rank)) if c in self.shapes]
        fitting = [c for c in found if rank is None or len(self.shapes[c]) == rank]
        return next(iter((*fitting, *found)), None)

    def take(self, base: str, layer: str = "", rank: int | None = None) -> str | None:
        """The tensor that is meant, noted where it isn't what is written."""
        if base == OBJECTIVE:
            return None if self.vocabulary is None else self.vocabulary.system.objective
        name = self.find(base, layer, rank)
        if name in self.shapes:
            assert name is not None
            self._note(base, layer, name, name)
        return name

    def _note(self, base: str, layer: str, name: str, what: str) -> None:
        """Note what a name was taken for, where it isn't what is written."""
        lying = f"{name}.T" if what in self.layout.transposed else name
        if lying != join(base, layer):
            self.taken[shown(base, layer)] = lying

    def define(self, spelled: Spelled, rank: int) -> str:
        """The tensor that a left side gives: one of the model, or the writer's own."""
        found = self.take(spelled.base, spelled.layer, rank)
        if found is not None:
            return found
        name = usable(join(letter_name(spelled.base), spelled.layer))
        taken = {*self.shapes, *self.own.values()}
        while name in taken or (name[0] == "d" and name[1:] in taken) or f"d{name}" in taken:
            name += "_"
        self.own[spelled.base, spelled.layer] = name
        return name

    def _spelled(self, base: str, layer: str) -> str | None:
        """Without a model: the name as it is spelled, in the form that was declared."""
        plain = letter_name(base)
        forms = [join(plain, layer), f"{plain}{layer}"]
        name, _, accent = plain.partition("_")
        if accent:
            forms.append(f"{name}{accent}")
            # beside a plain `y`, and on a left side, a `\hat{y}` is another tensor
            plainly = any(letter_name(b) == name and x == layer for b, x in self.facts.used)
            if not plainly and (base, layer) not in self.facts.defined:
                forms.append(join(name, layer))
        forms.extend(usable(f) for f in list(forms))
        if base == "lambda":
            forms.append("lambda_")
        return next((f for f in forms if f in self.known), usable(forms[0]))

    def is_declared(self, base: str, layer: str = "") -> bool:
        """Whether a name without subscripts is a tensor for certain."""
        if (base, layer) in self.facts.defined:
            return True
        if self.vocabulary is None:
            return self._spelled(base, layer) in self.known
        name = self.find(base, layer, 0)
        return name is not None and not self.rank(name)

    def is_spelled(self, base: str, layer: str = "") -> bool:
        """Whether a name without subscripts is a tensor by its spelling, not by a guess."""
        if (base, layer) in self.facts.defined:
            return True
        forms = (*_forms(letter_name(base), layer), *self._given(base, layer))
        return any(f in self.known or self.rank(f) == 0 for f in forms)

    def _candidates(self, base: str, layer: str, rank: int | None) -> Iterator[str]:
        yield from self._given(base, layer)
        facts = self.facts
        before, after = base in facts.before, base in facts.after
        if before and not after and base in _OUTPUTS and layer:
            yield from _families("z", layer)
        if after and not before and base in _SUMS and layer:
            yield from _families("y", layer)
        if base in ("y", "Y") and not layer and self._y_is_target():
            yield from self._targets()
        plain = letter_name(base)
        yield from _forms(plain, layer)
        if base == "epsilon":
            yield "eps"
        yield from self._layered(base, layer) if layer else self._unlayered(base, rank)

    def _given(self, base: str, layer: str) -> Iterator[str]:
        plain = letter_name(base)
        wanted = join(plain, layer).replace("_", "")
        for key, value in self.given.items():
            short = key.replace("_", "")
            if short == wanted:
                yield value
            elif short == plain.replace("_", "") and layer:
                # a name of all layers: a = y says that a^{(2)} is y2
                yield from _families(re.sub(r"\d+$", "", value), layer)

    def _layered(self, base: str, layer: str) -> Iterator[str]:
        families = (
            (WEIGHTS, ("W",)),
            (_BIASES, ("b",)),
            (_OUTPUTS, ("y", "h", "z")),
            (_SUMS, ("z",)),
            (ERRORS, ("dz", "dy")),
        )
        if layer == str(self.layers) and base in ("a", "h", "o", "A", "H", "O"):
            yield from self._probabilities()
        if layer == "0" and base in (*_OUTPUTS, "z"):
            yield from self._having("input")
        for written, meant_ in families:
            if base in written:
                for family in meant_:
                    yield from _families(family, layer)

    def _unlayered(self, base: str, rank: int | None) -> Iterator[str]:
        assert self.vocabulary is not None
        system = self.vocabulary.system
        if base in _OBJECTIVES and rank in (None, 0) and system.objective:
            yield system.objective
        if base in WEIGHTS:
            yield from self._only("W", rank)
        if base in _BIASES:
            yield from self._only("b", rank)
        if base in _SUMS:
            yield from self._only("z", rank)
        if base in ERRORS:
            yield from (f"d{z}" for z in self._only("z", rank))
        if base == "h":
            yield from self._hidden()
        is_answer = base not in ("a", "h", "A", "H") or self.layers == 1
        if self._is_logit(base):
            yield from self._output()
        if base in (*_ANSWERS, "y", "Y") and is_answer:
            yield from self._probabilities()
        if base in _ANSWERS and is_answer:
            yield from self._output()
        if base in _TARGETS:
            yield from self._targets()
        if base in ("x", "X"):
            yield from self._having("input")
        if base in ("y", "Y"):
            yield from self._output()
            yield from self._targets()
        if base in ("gamma", "beta"):
            for scale in self._only("g", rank):
                yield scale if base == "gamma" else f"b{scale[1:]}"
        if base in _RATES and not rank:
            yield "learning_rate"
        if base == "T" and rank is None:
            yield from self._targets()
        yield from self._only({"gamma": "g", "beta": "b"}.get(base, letter_name(base)), rank)
        if base == "lambda":
            yield from ("lam", "lambda_", "l2", "weight_decay")

    @property
    def layers(self) -> int:
        """The number of the last numbered layer."""
        numbers = [
            int(m.group(1)) for n in self.shapes if (m := re.fullmatch(r"[zyWb](\d{1,4})", n))
        ]
        return max(numbers, default=0)

    def _only(self, family: str, rank: int | None) -> Iterator[str]:
        """The single tensor of a family, or the single one of a rank."""
        if family in self.shapes:
            yield family
        found = [n for n in self.shapes if re.fullmatch(rf"{family}(\d+|_\w+)?", n)]
        fitting = [n for n in found if rank is None or len(self.shapes[n]) == rank]
        if len(fitting) == 1 or len(found) == 1:
            yield (fitting or found)[0]

    def _hidden(self) -> Iterator[str]:
        if self.layers == 2:
            yield "y1"

    def _output(self) -> Iterator[str]:
        assert self.vocabulary is not None
        if self.vocabulary.system.output:
            yield self.vocabulary.system.output

    def _probabilities(self) -> Iterator[str]:
        """What a classification's output is made into: textbooks call it the output."""
        assert self.vocabulary is not None
        system = self.vocabulary.system
        if system.probabilities and system.probabilities != system.output:
            yield system.probabilities

    def _is_logit(self, base: str) -> bool:
        """Whether an output is what probabilities are made of, told by what else is said."""
        facts = self.facts
        if not any(self._probabilities()):
            return False  # what comes out is no logit: `z` is the sum of some layer
        if base in facts.before and base not in facts.after:
            return True
        others = ("y_hat", "Y_hat", "p", "P")
        return base in ("o", "O") and any((other, "") in facts.used for other in others)

    def derived(self, base: str, layer: str, rank: int | None = None) -> str | None:
        """The tensor that a derivative is by: one that something depends on."""
        found = [base] if (base, layer) not in self.own else [self.own[base, layer]]
        found += [c for c in self._candidates(base, layer, rank) if c in self.shapes]
        able = [c for c in dict.fromkeys(found) if f"d{c}" in self.shapes]
        fitting = [c for c in able if rank is None or len(self.shapes[c]) == rank]
        name = next(iter((*fitting, *able)), None)
        if name is not None:
            self._note(base, layer, name, f"d{name}")
        return name

    def _targets(self) -> Iterator[str]:
        yield from self._having("target")

    def _having(self, role: str) -> Iterator[str]:
        """The tensor that plays a role, where one alone does."""
        assert self.vocabulary is not None
        found = [t.name for t in self.vocabulary.system.having(role) if t.name != "sample_weight"]
        if len(found) == 1:
            yield found[0]

    def _y_is_target(self) -> bool:
        """Whether a `y` without a layer is what the output shall be, told by what else is said."""
        target = next(self._targets(), None)
        if target is None:
            return False
        used = self.facts.used
        if "y" in self.shapes:
            # the model's own name, unless another name for the output stands beside it
            system = self.vocabulary.system if self.vocabulary is not None else None
            alike = {b for b, x in used if not x and b in ("y_hat", "Y_hat", "hat_y", "yhat")}
            if system is None or system.output != "y" or not alike:
                return False
        if any((t, "") in used for t in (target, "t", "target")):
            return False
        last = str(self.layers)
        ends = (last, "L", "") if self.layers == 1 else (last, "L")
        others = {b for b, x in used if x in ends and b in ("a", "h", "A", "H")}
        others |= {b for b, x in used if x in (last, "L") and b in _OUTPUTS}
        # `X w - y`: what is computed here is the output
        read = self.facts.read
        if self.layers == 1 and read & {"x", "X"} and read & set(WEIGHTS):
            return True
        answers = {b for b, x in used if not x and b in _ANSWERS and b not in ("a", "h", "A", "H")}
        return bool(others or answers)

    def numbers(self) -> range:
        """The layers that a letter may stand for."""
        return range(1, self.layers + 1)


def _forms(plain: str, layer: str) -> Iterator[str]:
    yield join(plain, layer)
    if layer:
        yield f"{plain}{layer}"
        parts = layer.split(",")
        if len(parts) > 1:
            yield f"{plain}{parts[0]}_{'_'.join(parts[1:])}"
            yield f"{plain}_{'_'.join(reversed(parts))}"
    yield usable(join(plain, layer))


def _families(family: str, layer: str) -> Iterator[str]:
    yield from _forms(family, layer)


def check_names(names: Mapping[str, str], vocabulary: Vocabulary) -> None:
    """Raise `ChainruleError` for tensors of a mapping that the model doesn't have."""
    problems = [
        f"names: unknown tensor '{shorten(tensor)}' for '{shorten(written)}'"
        f"{meant(tensor, vocabulary.shapes) or '; write one of the model'}"
        for written, tensor in names.items()
        if tensor not in vocabulary.shapes
        and not any(re.fullmatch(rf"{re.escape(tensor)}\d+", n) for n in vocabulary.shapes)
    ]
    if problems:
        raise ChainruleError(*problems)
