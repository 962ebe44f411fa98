"""The estimator's source: laid out for every kind of model, the same with all branches."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.module.model_facts import Argument, Estimator, Labels
from codegen.python_module.estimator import imports, render_estimator, source
from codegen.templating import environment, render
from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import DATA, settings

pytestmark = pytest.mark.sampled


# ---- the Python side -----------------------------------------------------------------------------


def test_impossible_facts_of_a_model_are_refused() -> None:
    with pytest.raises(ValueError, match="a batch of what"):
        Estimator("empty")
    with pytest.raises(ValueError, match="a classifier has a batch, inputs and one target"):
        Estimator("odd", inputs=(Argument("x", (2,)),), labels=Labels("classes"))
    for name in ("epochs", "lambda", "two words"):
        with pytest.raises(ValueError, match="no hyper-parameter can be called"):
            Estimator("odd", has_batch=False, hyperparameters=((name, 0.1),))


def test_no_hyperparameters_and_other_names() -> None:
    for rates in ((), (("rate", 0.1), ("beta", 0.9))):
        text = render_estimator(Estimator("plain", has_batch=False, hyperparameters=rates))
        compile(text, "plain.py", "exec")
        assert "try a smaller" not in text


TENSORS = [
    (),
    (Argument("a", (2,)),),
    (Argument("a", ("T", 3), integer=True),),
    (Argument("a", ()), Argument("b", (1, 4, 4)), Argument("c", (7,), integer=True)),
    tuple(Argument(f"a_rather_long_name_for_tensor_{k}", (k,)) for k in range(1, 5)),
]


@pytest.mark.parametrize("inputs", TENSORS)
@pytest.mark.parametrize("targets", TENSORS)
def test_every_kind_of_model_is_laid_out(
    inputs: tuple[Argument, ...], targets: tuple[Argument, ...], tmp_path: Any
) -> None:
    cases = [Estimator("plain", inputs, targets, has_batch=False)]
    if inputs or targets:
        cases += [
            Estimator("batched", inputs, targets, output_shape=shape) for shape in (None, (), (2,))
        ]
    if inputs:
        cases.append(Estimator("weighted", inputs, targets, output_shape=(2,), weighted=True))
    if inputs and len(targets) == 1:
        cases += [
            Estimator(
                "labels",
                inputs,
                targets,
                labels=Labels(kind, 3, function),
                weighted=function is None,
            )
            for kind in ("binary", "signs", "one_hot", "classes")
            for function in (None, "forward", "probabilities")
        ]
    above = ("init_params", "init_state", "forward", "loss", "train_step", "probabilities")
    above = (*above, "_array", "_integers", "PARAMETERS", "HYPERPARAMETERS")
    for k, case in enumerate(cases):
        lines = [f"import {module}" for module in imports()]
        lines += ["import numpy as np", "", "NAME = DTYPE = None"]
        lines += [f"{name} = None" for name in above]
        text = "\n".join(lines) + "\n\n\n" + render_estimator(case)
        (tmp_path / f"model{k}.py").write_text(text)
    tool = [sys.executable, "-m", "ruff"]
    width = ["--isolated", "--line-length=88"]
    subprocess.run([*tool, "check", "--select=E,F,W", *width, tmp_path], check=True)
    subprocess.run([*tool, "format", "--diff", *width, tmp_path], check=True)


def test_rendering_is_strict() -> None:
    from jinja2 import UndefinedError

    assert environment() is environment()
    with pytest.raises(ValueError, match=r"fragment.tex.j2 has no use for colour, size"):
        render("fragment.tex.j2", size=1, colour=2)
    with pytest.raises(UndefinedError):
        render("fragment.tex.j2")


# ---- the source as a whole -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "tagger", "two", "pair", "factors"])
def test_the_source_with_all_its_branches_does_the_same(name: str, tmp_path: Any) -> None:
    """The facts decide when the module is written, or when it runs: it makes no difference."""
    more = {**settings(name), "epochs": 5, "patience": 4}
    if stubs.MODELS[name][1].has_batch:
        more |= {"standardize": True, "validation": 0.2}
    for k, module in enumerate((stubs.module(name), stubs.whole_module(name))):
        model = module.Model(**more).fit(*DATA[name])
        model.partial_fit(*DATA[name])
        model.save(tmp_path / f"{k}.npz")
        np.save(
            tmp_path / f"{k}.npy", module.Model.load(tmp_path / f"{k}.npz").predict(DATA[name][0])
        )
        np.save(tmp_path / f"{k}-score.npy", model.score(*DATA[name]))
    for ending in (".npz", ".npy", "-score.npy"):
        assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()


def test_parts_are_short() -> None:
    folder = Path(source.__file__).parent
    sizes = {path.name: len(path.read_text().splitlines()) for path in folder.glob("*.py")}
    assert len(sizes) == 11
    assert max(sizes.values()) <= 400, sizes
