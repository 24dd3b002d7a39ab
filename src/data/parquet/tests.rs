//! Files as pyarrow 26.0.1 and Polars 2.1.0 write them (`tests/oracles/make_parquet_files.py`), and damaged ones.

use crate::data::tests::{Memory, block, faults, name, path, plain, read, real, rows};
use crate::data::{Options, Values};
use crate::source::Span;
use crate::syntax::ast::{Data, DataItem};

/// The same table in every packing.
const TABLES: &[(&str, &[u8])] = &[
    ("snappy", include_bytes!("../../../tests/oracles/parquet/snappy.parquet")),
    ("plain", include_bytes!("../../../tests/oracles/parquet/plain.parquet")),
    ("gzip", include_bytes!("../../../tests/oracles/parquet/gzip.parquet")),
    ("zstd", include_bytes!("../../../tests/oracles/parquet/zstd.parquet")),
    ("deltas", include_bytes!("../../../tests/oracles/parquet/deltas.parquet")),
    ("old", include_bytes!("../../../tests/oracles/parquet/old.parquet")),
    ("polars", include_bytes!("../../../tests/oracles/parquet/polars.parquet")),
];
const BROTLI: &[u8] = include_bytes!("../../../tests/oracles/parquet/brotli.parquet");
const WHOLE: &[u8] = include_bytes!("../../../tests/oracles/parquet/whole.parquet");
const ODD: &[u8] = include_bytes!("../../../tests/oracles/parquet/odd.parquet");
const EMPTY: &[u8] = include_bytes!("../../../tests/oracles/parquet/empty.parquet");

fn one(column: &str, kind: &str, drops: bool) -> Data {
    let missing = drops.then(|| DataItem::Missing(name("drop")));
    block(path("t.parquet"), std::iter::once(plain(&[column], kind)).chain(missing).collect())
}

fn file(bytes: &[u8]) -> Memory {
    Memory::default().with("t.parquet", bytes)
}

#[test]
fn numbers_of_every_type_are_read_and_nulls_are_missing() {
    let two = f64::from(2).powi(53);
    let expected: &[(&str, &[f64])] = &[
        ("f8", &[0.5, -1.25, 3e300, 7.0, 0.5]),
        ("f4", &[0.5, -1.25, 3e30f32 as f64, 2.0, 7.0, 0.5]),
        ("f2", &[0.5, -1.25, 65504.0, 7.0, 0.5]),
        ("i1", &[-128.0, 127.0, 0.0, 3.0, 4.0, 5.0]),
        ("i4", &[-2147483648.0, 2147483647.0, 0.0, 4.0, 5.0]),
        ("i8", &[-two, two, 0.0, 3.0, 4.0, 5.0]),
        ("u4", &[0.0, 4294967295.0, 7.0, 3.0, 4.0, 5.0]),
        ("u8", &[0.0, 9223372036854775808.0, 7.0, 3.0, 4.0, 5.0]),
        ("truth", &[1.0, 0.0, 1.0, 0.0, 1.0]),
        ("price", &[123.45, -0.1, 0.0, 99999.99, 1.0]),
        ("wide", &[1.5, -2.5, 0.0, 1e20, 3.25]),
    ];
    for (table, bytes) in TABLES {
        for (column, values) in expected {
            if (*table, *column) == ("polars", "f2") {
                continue;
            }
            let (_, data) = rows(&one(column, "real", true), &file(bytes));
            let kept: Vec<f64> =
                data.splits.iter().flat_map(|s| &s.rows).map(|r| real(&data, 0)[*r as usize]).collect();
            assert_eq!(kept, *values, "{column} of {table}");
            let has_null = values.len() < 6;
            let told = read(&one(column, "real", false), &file(bytes), &Options::default());
            assert_eq!(told.is_err(), has_null, "{column} of {table}");
        }
    }
}

#[test]
fn texts_dates_and_moments_are_labels() {
    for (table, bytes) in TABLES {
        let levels =
            |column: &str, drops| rows(&one(column, "factor", drops), &file(bytes)).0[0].levels.join("|");
        assert_eq!(levels("group", false), "a|b|c", "{table}");
        assert_eq!(levels("words", true), "b|bb|ä", "{table}");
        assert_eq!(levels("day", true), "1900-03-01|1969-12-31|1970-01-01|2024-02-29|2024-03-01", "{table}");
        assert_eq!(levels("moment", true), "2024-02-29 12:30:00.5", "{table}");
        let (codes, words) = faults(&one("day", "real", false), &file(bytes));
        assert!(codes == ["D002"] && words.contains("2024-02-29"), "{table}: {words}");
    }
}

#[test]
fn many_pages_without_nulls_are_read() {
    let data = block(path("t.parquet"), vec![plain(&["x"], "real"), plain(&["y"], "class")]);
    let (columns, data) = rows(&data, &file(WHOLE));
    assert_eq!(columns[1].levels, ["0", "1", "2"]);
    let Values::Real { data: x, .. } = &data.columns[0] else { panic!("numbers are expected") };
    assert!(x.len() == 3000 && x.iter().enumerate().all(|(i, x)| *x == i as f64 / 8.0));
    assert!(real(&data, 1).iter().enumerate().all(|(i, y)| *y == (i % 3) as f64));
}

#[test]
fn what_cannot_be_read_is_said() {
    for (bytes, column, code, words) in [
        (BROTLI, "i8", "D015", "packed with BROTLI; known are snappy, gzip and zstd"),
        (ODD, "v.list.element", "D015", "it holds lists"),
        (ODD, "noon", "D015", "times of day"),
        (ODD, "z", "D001", "its columns are x, v.list.element, inner.a, inner.b, noon, raw\""),
        (EMPTY, "i8", "D017", "has no rows"),
        (b"x,y\n1,2\n3,4\n", "x", "D015", "does not start with PAR1"),
        (b"PAR1", "x", "D015", "too short"),
        (&WHOLE[..900], "x", "D015", "cut short"),
    ] {
        let (codes, told) = faults(&one(column, "real", false), &file(bytes));
        assert!(codes == [code] && told.contains(words), "{codes:?} {told}");
    }
    assert_eq!(real(&rows(&one("inner.a", "real", false), &file(ODD)).1, 0), [1.0, 2.0]);
    assert_eq!(rows(&one("raw", "factor", false), &file(ODD)).0[0].levels, ["ab", "cd"]);
}

/// Cells are counted, because a text of a dictionary is stored once and may stand in every row.
#[test]
fn cells_take_no_more_than_the_memory_allowed() {
    let taken = |room: u64| {
        let file = Box::new(std::io::Cursor::new(WHOLE.to_vec()));
        let opened = super::open_within("t.parquet", Span::new(0, 1), file, room).expect("a header is small");
        opened.read(&[true, true]).map(|table| table.rows).map_err(|finding| finding.message)
    };
    assert_eq!(taken(2 * 16 * 3000), Ok(3000));
    assert!(taken(2 * 16 * 3000 - 1).is_err_and(|told| told.contains("--max-memory")));
}

/// Every cut and many flipped bits: a finding or rows, within a moment, never a panic.
#[test]
fn damaged_files_never_panic() {
    let attempt = |bytes: Vec<u8>| {
        let items =
            vec![plain(&["f8", "i8", "u4", "price", "wide"], "real"), plain(&["words", "moment"], "factor")];
        read(&block(path("t.parquet"), items), &file(&bytes), &Options::default()).is_ok()
    };
    for (_, bytes) in TABLES {
        for cut in (0..bytes.len()).step_by(211) {
            assert!(!attempt(bytes[..cut].to_vec()));
        }
        for at in (0..bytes.len()).step_by(17) {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1 << (at % 8);
            attempt(bytes);
        }
    }
}

#[test]
fn a_null_is_missing_and_not_a_number_that_is_none() {
    for (column, kind) in [("f8", "real"), ("i4", "real"), ("day", "factor")] {
        let (codes, words) = faults(&one(column, kind, false), &file(TABLES[0].1));
        assert!(codes == ["D002"] && words.contains("is missing"), "{column}: {words}");
    }
}
