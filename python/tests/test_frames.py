"""pandas, polars and NumPy in and out: the same numbers, the same kind of table, the same findings."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bnnc
from bnnc import _frames
from bnnc._bnnc import MISSING
from conftest import GROUPS, LINE

SCHOOLS = {
    "school": list("ABCDEFGH"),
    "y": [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
    "sigma": [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0],
}
KINDS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "numpy": lambda rows: {name: np.array(values) for name, values in rows.items()},
    "lists": dict,
}


def fitted(rows):
    return bnnc.Model(GROUPS).fit(rows, seed=1, steps=200, progress=False)


@pytest.fixture(scope="module")
def of_lists():
    return fitted(SCHOOLS).predict(SCHOOLS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_come_out_as_the_same_kind(kind, of_lists):
    rows = KINDS[kind](SCHOOLS)
    fit = fitted(rows)
    predicted = fit.predict(rows)
    expected = dict if kind in ("numpy", "lists") else type(rows)
    assert type(predicted) is expected
    assert type(fit.summary()) is expected
    assert list(predicted) == list(of_lists) if expected is dict else list(predicted.columns) == list(of_lists)
    for name, values in of_lists.items():
        np.testing.assert_array_equal(np.asarray(predicted[name]), values, err_msg=name)


def test_predictions_of_pandas_keep_the_index(line_rows):
    frame = pd.DataFrame(line_rows)
    fit = bnnc.Model(LINE).fit(frame, steps=50, progress=False)
    some = frame.loc[[7, 3]].rename(index={7: "late", 3: "early"})
    assert list(fit.predict(some).index) == ["late", "early"]


def test_rows_left_out_are_counted_and_the_rest_keep_their_names(line_rows):
    model = bnnc.Model(LINE.replace("x, y : real", "x, y : real; missing = drop"))
    frame = pd.DataFrame(line_rows)
    fit = model.fit(frame, steps=50, progress=False)
    new = pd.DataFrame({"x": [0.0, None, 1.0]}, index=["a", "b", "c"])
    with pytest.warns(UserWarning, match="1 rows lack a value"):
        predicted = fit.predict(new)
    assert list(predicted.index) == ["a", "c"] and list(predicted["row"]) == [1, 3]


def test_columns_are_found_by_name_in_any_order_and_others_are_ignored(line_rows):
    fit = bnnc.Model(LINE).fit(line_rows, steps=50, progress=False)
    assert isinstance(fit.predict(pl.LazyFrame(line_rows)), pl.DataFrame)
    plain = fit.predict({"x": line_rows["x"]})
    assert "target" not in plain and "target" in fit.predict(line_rows)
    more = {"when": [datetime.date(2026, 1, 1)] * 40, "z": ["?"] * 40, **dict(reversed(line_rows.items()))}
    for kind in KINDS.values():
        np.testing.assert_array_equal(np.asarray(fit.predict(kind(more))["mean"]), plain["mean"])


@pytest.mark.parametrize(
    "labels",
    [
        pd.Categorical(["a", "b", "b", None], categories=["b", "a"]),
        pd.Series(["a", "b", "b", None], dtype="string"),
        pd.Series(["a", "b", "b", np.nan], dtype=object),
        pl.Series(["a", "b", "b", None]),
        pl.Series(["a", "b", "b", None], dtype=pl.Categorical),
        pl.Series(["a", "b", "b", None], dtype=pl.Enum(["b", "a"])),
        ["a", "b", "b", None],
        np.array(["a", "b", "b", ""]),
        np.array([b"a", b"b", b"b", b""]),
    ],
    ids=lambda v: f"{type(v).__module__.split('.')[0]} {getattr(v, 'dtype', 'list')}",
)
def test_labels_of_all_kinds_are_labels(labels):
    assert _frames.columns({"g": labels}) == [("g", [4], ["a", "b", "b", ""])]


@pytest.mark.parametrize(
    "numbers",
    [
        pd.Series([1, 0, None], dtype="Int64"),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series([True, False, None], dtype=object),
        pd.Series([1.0, 0.0, np.nan], dtype="float32"),
        pd.Categorical([1, 0, None]),
        pl.Series([1, 0, None]),
        pl.Series([True, False, None]),
        [1, False, None],
    ],
    ids=lambda v: f"{type(v).__module__.split('.')[0]} {getattr(v, 'dtype', 'list')}",
)
def test_numbers_and_truths_of_all_kinds_are_numbers(numbers):
    [(name, shape, (size, cells))] = _frames.columns({"n": numbers})
    expected = np.array([1.0, 0.0, MISSING])
    assert (name, shape, size, cells) == ("n", [3], 8, expected.tobytes())


def test_arrays_are_columns_of_vectors_and_bytes_stay_bytes():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert _frames.columns({"i": images}) == [("i", [2, 3, 4], (1, images.tobytes()))]
    vectors = np.arange(6.0).reshape(2, 3)
    expected = [("x", [2, 3], (8, vectors.tobytes()))]
    assert _frames.columns(vectors) == _frames.columns({"x": vectors.tolist()}) == expected
    assert _frames.columns(np.asfortranarray(vectors)) == expected
    assert _frames.columns(pl.DataFrame({"x": vectors.tolist()})) == expected
    assert _frames.columns(pd.DataFrame({"x": list(vectors)})) == expected
    records = np.array([(1.0, "a")], dtype=[("n", "f8"), ("w", "U3")])
    assert [name for name, *_ in _frames.columns(records)] == ["n", "w"]


def test_what_is_no_table_is_refused_by_name():
    with pytest.raises(TypeError, match="this is builtins.int"):
        _frames.columns(3)
    with pytest.raises(ValueError, match="two columns are called 'x'"):
        _frames.columns(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(ValueError, match="not a single value"):
        _frames.columns({"x": 3.0})


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"y": None}, "D001", "column `y` is not in the data in memory"),
        ({"y": [1.0] * 7 + [None]}, "D002", "row 8 of `y` in the data in memory is missing"),
        ({"y": [1.0] * 7 + [float("nan")]}, "D002", 'row 8 of `y` in the data in memory is "NaN"'),
        ({"y": ["many"] + ["1"] * 7}, "D002", 'row 1 of `y` in the data in memory is "many"'),
        ({"school": ["A"] * 7 + [None]}, "D002", "row 8 of `school` in the data in memory is missing"),
        ({"sigma": [0.0] + [1.0] * 7}, "D016", "row 1 of `sigma` in the data in memory is 0"),
        ({"y": [1.0] * 7}, "D015", "`y` has 7 rows"),
        ({"y": np.array([["a", "b"]] * 8)}, "D002", "row 1 of `y` in the data in memory is \"['a', 'b']\""),
        ({name: [] for name in SCHOOLS}, "D017", "has no rows"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_wrong_with_rows_is_named_with_its_code(change, code, words):
    rows = {name: values for name, values in {**SCHOOLS, **change}.items() if values is not None}
    with pytest.raises(bnnc.Error) as caught:
        fitted(rows)
    assert words in str(caught.value)
    assert caught.value.codes == [code]


def test_a_level_that_the_fit_did_not_know_is_named(of_lists):
    fit = fitted(SCHOOLS)
    with pytest.raises(bnnc.Error, match="level Z") as caught:
        fit.predict(pd.DataFrame({"school": ["Z"], "sigma": [1.0]}))
    assert caught.value.codes == ["D003"]
    known = fit.predict(SCHOOLS, new_levels=True)
    np.testing.assert_array_equal(known["mean"], fit.predict(SCHOOLS)["mean"])
    with pytest.raises(bnnc.Error, match="no rows") as caught:
        fit.predict(pd.DataFrame({"school": [], "sigma": []}))
    assert caught.value.codes == ["D017"]
