"""The formulas of this folder: right ones in unusual forms and wrong ones, model by model."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tests.corpora.formulas.plain import Assignment, read_equations

SLIPS = (
    "sign",
    "factor",
    "power",
    "transpose",
    "index",
    "missing sum",
    "extra sum",
    "missing derivative",
    "wrong argument",
    "wrong value",
    "missing term",
    "extra term",
)
HERE = Path(__file__).parent
MODELS = tuple(sorted(path.stem for path in HERE.glob("*.toml")))


@dataclass(frozen=True)
class Wrong:
    """A formula with one mistake; the text's last line is the one that has it.

    `slip` is the mistake's name, `also` others that tell it as well. A formula that doesn't fit
    has extents that can't be.
    """

    text: str
    slip: str
    why: str
    also: tuple[str, ...] = ()
    fits: bool = True


@dataclass(frozen=True)
class Model:
    """A model as the engine reads it (`spec`), and as `plain.Assignment` does."""

    name: str
    spec: str
    forward: str
    sizes: dict
    shapes: dict
    constants: dict
    integers: dict
    rows_sum_to_one: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[Wrong, ...]

    def assignment(self, arrays):
        """All that follows from numbers for the leaves; extents are those of the arrays."""
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        mine = {name: array for name, array in arrays.items() if name in self.shapes}
        numbers = {name: float(array) for name, array in arrays.items() if name not in mine}
        sizes = dict(self.sizes)
        for name, array in mine.items():
            sizes.update(zip(self.shapes[name].split(), array.shape, strict=True))
        for name, array in mine.items():
            mine[name] = array.astype(int if name in self.integers else float)
        shapes = {name: extents(shape, sizes) for name, shape in self.shapes.items()}
        return Assignment(self.forward, mine, {**self.constants, **numbers}, shapes)

    def random_assignment(self, batch, seed):
        """The same with numbers drawn at random."""
        draws = np.random.default_rng(seed)
        sizes = {"n": batch, **self.sizes}
        given = {line.partition(" = ")[0].partition("[")[0] for line in self.forward.splitlines()}
        arrays = {}
        for name, shape in self.shapes.items():
            if name in given:
                continue
            at = extents(shape, sizes)
            if name in self.integers:
                arrays[name] = draws.integers(sizes[self.integers[name]], size=at)
            elif name in self.rows_sum_to_one:
                weights = draws.uniform(0.1, 1, at)
                arrays[name] = weights / weights.sum(-1, keepdims=True)
            else:
                arrays[name] = draws.normal(size=at)
        return self.assignment(arrays)


def extents(shape, sizes):
    return [int(s) if s.isdigit() else sizes[s] for s in shape.split()]


@cache
def read(name):
    """A model by its file's name."""
    data = tomllib.loads((HERE / f"{name}.toml").read_text())
    wrong = data.pop("wrong")
    return Model(
        name=name,
        spec=data.pop("spec"),
        forward=data.pop("forward"),
        sizes=data.pop("sizes"),
        shapes=data.pop("shapes"),
        constants=data.pop("constants", {}),
        integers=data.pop("integers", {}),
        rows_sum_to_one=tuple(data.pop("rows_sum_to_one", ())),
        right=tuple(t.strip() for t in data.pop("right")),
        wrong=tuple(Wrong(**{**w, "text": w["text"].strip()}) for w in wrong),
    )


def together(texts):
    """Texts in groups that can be judged at once: no two of one group give the same name."""
    groups = []
    for text in texts:
        given = {name for name, _, _ in read_equations(text)}
        for taken, members in groups:
            if not taken & given:
                taken.update(given)
                members.append(text)
                break
        else:
            groups.append((given, [text]))
    return [members for _, members in groups]


def judged_name(text):
    """The tensor that a text's last formula gives."""
    return read_equations(text)[-1][0]
