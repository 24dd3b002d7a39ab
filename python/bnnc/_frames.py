"""Data frames and arrays to columns, and columns back to what came in.

A column is ``(name, shape, cells)``: numbers as the bytes of float64, bytes as they are, labels as texts.
A value that is missing is ``MISSING`` or ``""``. pandas and polars are never imported here unless their frames come in.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ._bnnc import MISSING

_MISSING = np.float64(MISSING)


def columns(rows: Any) -> list:
    """The columns of a pandas or polars DataFrame, of a mapping of arrays or lists, or of an array."""
    named = _named(rows)
    seen: set[str] = set()
    for name, _ in named:
        if name in seen:
            raise ValueError(f"two columns are called {name!r}: give each a name of its own")
        seen.add(name)
    return [(name, *_cells(values)) for name, values in named]


def like(rows: Any, made: Sequence[tuple]) -> Any:
    """Columns as the kind of table that ``rows`` is; rows of pandas keep their index, by the numbers of the rows."""
    table = {name: unpacked(out) for name, out in made}
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        number = table.get("row")
        index = None if number is None else rows.index[number - 1]
        return pandas.DataFrame(table, index=index)
    if polars is not None and isinstance(rows, (polars.DataFrame, polars.LazyFrame)):
        return polars.DataFrame(table)
    return table


def unpacked(out: tuple) -> np.ndarray:
    """An array of what the compiled part gives."""
    descr, cells = out
    if descr == "text":
        return np.array(cells, dtype=object)
    return np.frombuffer(cells, dtype=np.dtype(descr)).copy()


def _named(rows: Any) -> list[tuple[str, Any]]:
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return [(str(name), _of_pandas(rows.iloc[:, i])) for i, name in enumerate(rows.columns)]
    if polars is not None and isinstance(rows, polars.LazyFrame):
        rows = rows.collect()
    if polars is not None and isinstance(rows, polars.DataFrame):
        return [(name, _of_polars(rows.get_column(name))) for name in rows.columns]
    if isinstance(rows, Mapping):
        return [(str(name), _plain(values)) for name, values in rows.items()]
    if isinstance(rows, np.ndarray):
        if rows.dtype.names:
            return [(name, rows[name]) for name in rows.dtype.names]
        # As the program reads a file of one array.
        return [("x", rows)]
    kind = type(rows)
    raise TypeError(
        "rows are a pandas or polars DataFrame, a mapping of names to arrays or lists, or a NumPy array; "
        f"this is {kind.__module__}.{kind.__qualname__}"
    )


def _plain(values: Any) -> Any:
    """A value of a mapping: a series, an array, a list."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(values, (pandas.Series, pandas.Index, pandas.Categorical)):
        return _of_pandas(pandas.Series(values))
    if polars is not None and isinstance(values, polars.Series):
        return _of_polars(values)
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        # One text is no column of letters.
        return np.array(values)
    if hasattr(values, "__array__"):
        return np.asarray(values)
    values = list(values)
    if any(isinstance(v, (str, bytes, np.str_, np.bytes_)) or v is None for v in values):
        return _objects(values)
    try:
        return np.asarray(values)
    except ValueError:
        return _objects(values)


def _objects(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _of_pandas(series: Any) -> Any:
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        values = _plain(series.cat.categories)
        return _picked(values, series.cat.codes.to_numpy())
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _objects([None if pd.isna(v) else v.isoformat() for v in series])
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        if isinstance(kind, np.dtype) and kind.kind != "f":
            return series.to_numpy()
        missing = series.isna().to_numpy()
        if not missing.any() and getattr(kind, "numpy_dtype", kind) == np.uint8:
            return series.to_numpy(dtype=np.uint8)
        return _with_missing(series.to_numpy(dtype=np.float64, na_value=np.nan), missing)
    if isinstance(kind, np.dtype) and kind != object:
        return series.to_numpy()
    return _objects([None if _is_missing(v) else v for v in series.tolist()])


def _of_polars(series: Any) -> Any:
    import polars as pl

    kind = series.dtype
    if kind == pl.UInt8 and not series.null_count():
        return series.to_numpy()
    if kind.is_numeric() or kind == pl.Boolean:
        missing = series.is_null().to_numpy()
        return _with_missing(series.cast(pl.Float64).fill_null(0.0).to_numpy(), missing)
    if kind in (pl.String, pl.Categorical, pl.Enum):
        return _objects(series.cast(pl.String).to_list())
    values = series.to_list()
    if kind in (pl.Date, pl.Datetime, pl.Time):
        return _objects([None if v is None else v.isoformat() for v in values])
    if isinstance(kind, (pl.List, pl.Array)) and None not in values:
        return _plain(values)
    return _objects(values)


def _with_missing(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    if missing.any():
        values = values.copy()
        values[missing] = _MISSING
    return values


def _picked(categories: Any, codes: np.ndarray) -> Any:
    """Values of categories by code, -1 for none."""
    categories = np.asarray(categories)
    if categories.dtype.kind in "iufb":
        values = np.append(categories.astype(np.float64), _MISSING)
        return values[codes]
    return _objects([None if c < 0 else categories[c] for c in codes])


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT, pandas.NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ in ("NAType", "NaTType")


def _cells(values: Any) -> tuple[list[int], Any]:
    values = np.asarray(values)
    if values.ndim == 0:
        raise ValueError("a column is an array or a list, not a single value")
    kind = values.dtype.kind
    if values.ndim > 1 and kind in "SUTM":
        # A row has one label; what several of them are is the model's to say, and it will say that it is none.
        return [len(values)], [str(row.tolist()) for row in values]
    shape = list(values.shape)
    if values.dtype == np.uint8:
        return shape, (1, values.tobytes())
    if kind in "biuf":
        return shape, (8, np.ascontiguousarray(values, dtype="<f8").tobytes())
    if kind == "M":
        words = np.datetime_as_string(values).tolist()
        return shape, ["" if word == "NaT" else word for word in words]
    if kind == "S":
        return shape, [word.decode("utf-8", "replace") for word in values.ravel().tolist()]
    if kind in "UT":
        return shape, [str(word) for word in values.ravel().tolist()]
    return _of_objects(values)


def _of_objects(values: np.ndarray) -> tuple[list[int], Any]:
    """Objects: numbers if all that are there are numbers, arrays if all are, else texts."""
    found = values.ravel().tolist()
    there = [v for v in found if not _is_missing(v)]
    is_number: Callable[[Any], bool] = lambda v: isinstance(v, (bool, int, float, np.bool_, np.number))
    is_array: Callable[[Any], bool] = lambda v: isinstance(v, (list, tuple, np.ndarray))
    if there and len(there) == len(found) and all(map(is_array, there)):
        try:
            stacked = np.asarray([np.asarray(v, dtype=np.float64) for v in there])
            return list(stacked.shape), (8, stacked.astype("<f8").tobytes())
        except (TypeError, ValueError):
            pass
    if all(map(is_number, there)):
        # Numbers, or nothing at all.
        numbers = np.array([_MISSING if _is_missing(v) else float(v) for v in found], dtype="<f8")
        return list(values.shape), (8, numbers.tobytes())
    return list(values.shape), ["" if _is_missing(v) else _text(v) for v in found]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def empty(rows: Any) -> Any:
    """No rows of the same kind of table."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return rows.iloc[:0, :0]
    if polars is not None and isinstance(rows, (polars.DataFrame, polars.LazyFrame)):
        return polars.DataFrame()
    return {}


def table(like_rows: Any, made: Sequence[tuple]) -> Any:
    """Columns as a table like some rows; of no kind in particular, a pandas frame if pandas is there."""
    columns = {name: unpacked(out) for name, out in made}
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(like_rows, polars.DataFrame):
        return polars.DataFrame(columns)
    if isinstance(like_rows, dict):
        return columns
    try:
        import pandas
    except ImportError:
        return columns
    return pandas.DataFrame(columns)
