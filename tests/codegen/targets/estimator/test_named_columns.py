"""A table whose columns have names, as pandas has them: never read in another order."""

from typing import Any

import numpy as np
import pytest

from tests.codegen.targets.estimator import stubs
from tests.codegen.targets.estimator.training_data import PRICE, SEX, X


class Table:
    """As much of a DataFrame as is asked for."""

    def __init__(self, columns: list[str], values: Any) -> None:
        self.columns, self.values = columns, np.asarray(values)
        self.iloc = self

    def __getitem__(self, places: tuple[slice, list[int]]) -> "Table":
        _, chosen = places
        return Table([self.columns[k] for k in chosen], self.values[:, chosen])

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values.astype(dtype) if dtype else self.values


NAMES = ["weight", "height"]


@pytest.mark.parametrize(("name", "t"), [("sigmoid", SEX), ("regression", PRICE)])
def test_columns_in_another_order_are_put_in_order(name: str, t: Any, tmp_path: Any) -> None:
    model = stubs.module(name).Model(epochs=3).fit(Table(NAMES, X), t)
    assert model.feature_names_in_ == NAMES
    model.save(tmp_path / "model.npz")
    for one in (model, stubs.module(name).Model.load(tmp_path / "model.npz")):
        turned = Table(NAMES[::-1], X[:, ::-1])
        np.testing.assert_array_equal(one.predict(turned), one.predict(X))
        assert one.score(turned, t) == one.score(X, t)


def test_other_columns_are_refused() -> None:
    model = stubs.module("sigmoid").Model(epochs=1).fit(Table(NAMES, X), SEX)
    for names in (["weight", "age"], ["height", "height"]):
        with pytest.raises(ValueError, match="the model was fitted on weight, height"):
            model.predict(Table(names, X))
    with pytest.raises(ValueError, match="x has the columns weight, height, age"):
        model.predict(Table([*NAMES, "age"], np.column_stack([X, X[:, 0]])))


def test_a_second_fit_takes_other_names() -> None:
    model = stubs.module("sigmoid").Model(epochs=1).fit(Table(NAMES, X), SEX)
    assert model.fit(Table(["a", "b"], X), SEX).feature_names_in_ == ["a", "b"]
