"""scikit-learn takes the estimator for one of its own, and isn't imported by it."""

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import DATA, KIND, SEX, X

pytestmark = pytest.mark.sampled


@pytest.mark.filterwarnings("default")
def test_scikit_learn_takes_it_for_its_own(tmp_path: Any) -> None:
    from sklearn.base import clone, is_classifier, is_regressor
    from sklearn.metrics import r2_score
    from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = stubs.module("sigmoid").Model(epochs=30, learning_rate=3.0)
    twin = clone(model)
    assert twin is not model
    assert twin.get_params() == model.get_params()
    assert is_classifier(model)
    for measure in ("accuracy", "roc_auc", "neg_log_loss", None):
        assert np.isfinite(cross_val_score(model, X, SEX, scoring=measure, cv=3)).all()
    assert cross_val_predict(model, X, SEX, method="predict_proba").shape == (60, 2)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, SEX)
    assert pipeline.score(X, SEX) > 0.8
    grid = {"model__learning_rate": np.logspace(-4, 0, 3), "model__epochs": np.array([5, 30])}
    pipeline.steps[-1] = ("model", model)
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, SEX)
    assert search.best_params_["model__learning_rate"] > 1e-4
    assert search.predict(X).shape == (60,)
    search.best_estimator_[-1].save(tmp_path / "best.npz")
    assert type(model).load(tmp_path / "best.npz").epochs == search.best_params_["model__epochs"]
    three = stubs.module("softmax").Model(epochs=30)
    assert cross_val_score(three, X, KIND, scoring="roc_auc_ovr").mean() > 0.8

    for name in ("regression", "plane"):
        line = stubs.module(name).Model(epochs=30, learning_rate=0.1)
        assert is_regressor(line)
        assert cross_val_score(line, X, DATA[name][1]).mean() > 0.9
        line.fit(*DATA[name])
        assert line.score(*DATA[name]) == pytest.approx(r2_score(DATA[name][1], line.predict(X)))
    centre = stubs.module("centre").Model(epochs=5)
    assert not is_classifier(centre)
    assert np.isfinite(cross_val_score(centre, X)).all()
    assert pickle.loads(pickle.dumps(clone(centre).get_params())) == centre.get_params()


def test_scikit_learn_is_not_imported() -> None:
    code = f"{stubs.source('sigmoid').split('if __name__')[0]}\nprint(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "sklearn" not in loaded.stdout
    assert "pickle" not in stubs.source("sigmoid").replace("allow_pickle=False", "")
