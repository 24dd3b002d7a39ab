"""Writes tests/oracles/parquet/: one small table as pyarrow and Polars save it, in every packing that is read."""
import datetime as dt
import decimal
import pathlib
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent / "parquet"
here.mkdir(exist_ok=True)
D = decimal.Decimal
utc = dt.timezone.utc
columns = {
    "f8": pa.array([0.5, -1.25, 3e300, None, 7.0, 0.5], pa.float64()),
    "f4": pa.array([0.5, -1.25, 3e30, 2.0, 7.0, 0.5], pa.float32()),
    "f2": pa.array([0.5, -1.25, 65504, None, 7.0, 0.5], pa.float16()),
    "i1": pa.array([-128, 127, 0, 3, 4, 5], pa.int8()),
    "i4": pa.array([-(2**31), 2**31 - 1, 0, None, 4, 5], pa.int32()),
    "i8": pa.array([-(2**53), 2**53, 0, 3, 4, 5], pa.int64()),
    "u4": pa.array([0, 2**32 - 1, 7, 3, 4, 5], pa.uint32()),
    "u8": pa.array([0, 2**63, 7, 3, 4, 5], pa.uint64()),
    "truth": pa.array([True, False, None, True, False, True]),
    "words": pa.array(["b", "ä", "NA", None, "bb", "b"]),
    "group": pa.array(["b", "a", "b", "c", "a", "a"]).dictionary_encode(),
    "price": pa.array([D("123.45"), D("-0.10"), D("0.00"), None, D("99999.99"), D("1.00")], pa.decimal128(7, 2)),
    "wide": pa.array([D("1.5"), D("-2.5"), None, D("0"), D("1e20"), D("3.25")], pa.decimal128(38, 4)),
    "day": pa.array([dt.date(2024, 2, 29), dt.date(1969, 12, 31), None, dt.date(1900, 3, 1), dt.date(1970, 1, 1), dt.date(2024, 3, 1)]),
    "moment": pa.array([dt.datetime(2024, 2, 29, 12, 30, 0, 500000, tzinfo=utc)] * 5 + [None], pa.timestamp("us", "UTC")),
}
table = pa.table(columns)
save = lambda name, **how: pq.write_table(table, here / f"{name}.parquet", **how)
save("snappy")
save("plain", compression="none", use_dictionary=False, row_group_size=4)
save("gzip", compression="gzip", version="2.4", data_page_version="2.0")
save("zstd", compression="zstd", row_group_size=2)
deltas = {name: "DELTA_BINARY_PACKED" for name in ["i4", "i8", "u4", "u8", "day", "moment"]}
deltas |= {"words": "DELTA_BYTE_ARRAY", "f8": "BYTE_STREAM_SPLIT", "f4": "BYTE_STREAM_SPLIT"}
save("deltas", compression="zstd", use_dictionary=False, column_encoding=deltas, data_page_version="2.0")
save("brotli", compression="brotli")
pq.write_table(table, here / "old.parquet", version="1.0", use_deprecated_int96_timestamps=True)
pl.from_arrow(table.drop_columns(["f2"])).write_parquet(here / "polars.parquet")

# Without a null anywhere, as columns that must have values; and what no table of numbers can hold.
whole = pa.schema([pa.field("x", pa.float64(), nullable=False), pa.field("y", pa.int64(), nullable=False)])
rows = 3000
pq.write_table(
    pa.table({"x": [i / 8 for i in range(rows)], "y": [i % 3 for i in range(rows)]}, schema=whole),
    here / "whole.parquet",
    data_page_size=1000,
    write_batch_size=100,
)
odd = {
    "x": [1.0, 2.0],
    "v": [[1.0, 2.0], [3.0]],
    "inner": [{"a": 1.0, "b": None}, {"a": 2.0, "b": "t"}],
    "noon": pa.array([dt.time(12), dt.time(13)]),
    "raw": [b"ab", b"cd"],
    "__index_level_0__": [5, 9],
}
pq.write_table(pa.table(odd), here / "odd.parquet")
pq.write_table(table.slice(0, 0), here / "empty.parquet")
print("pyarrow", pa.__version__, "polars", pl.__version__, "python", sys.version.split()[0])
