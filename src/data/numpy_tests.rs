//! `.npy` and `.npz` as NumPy 2.4.6 writes them (`tests/oracles/make_numpy_files.py`), and damaged ones.

use super::tests::{Memory, block, column, faults, name, path, plain, real, rows, ty};
use super::*;
use crate::syntax::ast::DataItem;

const STORED: &[u8] = include_bytes!("../../tests/oracles/numpy/stored.npz");
const PACKED: &[u8] = include_bytes!("../../tests/oracles/numpy/packed.npz");
const MATRIX: &[u8] = include_bytes!("../../tests/oracles/numpy/matrix.npy");
const OBJECTS: &[u8] = include_bytes!("../../tests/oracles/numpy/objects.npy");
const RECORDS: &[u8] = include_bytes!("../../tests/oracles/numpy/records.npy");

fn num(x: usize) -> crate::syntax::ast::Expr {
    super::tests::num(x as f64)
}

#[test]
fn every_element_type_of_an_archive_is_read() {
    let numbers: &[(&str, [f64; 4])] = &[
        ("f8", [0.5, -1.25, 3e300, 7.0]),
        ("f4", [0.5, -1.25, f64::from(3e30f32), 7.0]),
        ("f2", [0.5, -1.25, 65504.0, 7.0]),
        ("big", [0.5, -1.25, 3e300, 7.0]),
        ("i1", [-128.0, 127.0, 0.0, 3.0]),
        ("i8", [-9007199254740992.0, 9007199254740992.0, 0.0, 3.0]),
        ("i2big", [-300.0, 300.0, 0.0, 3.0]),
        ("u1", [0.0, 255.0, 7.0, 3.0]),
        ("u4", [0.0, 4294967295.0, 7.0, 3.0]),
        ("truth", [1.0, 0.0, 1.0, 1.0]),
    ];
    for archive in [STORED, PACKED] {
        let files = Memory::default().with("a.npz", archive);
        for (name, values) in numbers {
            let (_, data) = rows(&block(path("a.npz"), vec![plain(&[name], "real")]), &files);
            assert_eq!(real(&data, 0), values, "{name}");
        }
        let (columns, data) = rows(&block(path("a.npz"), vec![plain(&["bytes"], "factor")]), &files);
        assert_eq!(
            (columns[0].levels.join(" "), real(&data, 0)),
            ("a b ccc".into(), vec![1.0, 0.0, 1.0, 2.0])
        );
        let words = block(path("a.npz"), vec![plain(&["words"], "factor"), DataItem::Missing(name("drop"))]);
        let (columns, data) = rows(&words, &files);
        assert_eq!((columns[0].levels.join(" "), real(&data, 0)), ("b bb ä".into(), vec![0.0, 2.0, 1.0]));
    }
}

#[test]
fn arrays_of_several_axes_are_vectors_and_images() {
    let files = Memory::default().with("a.npz", PACKED).with("m.npy", MATRIX);
    let vector = |file: &str, name: &str| {
        let items = vec![column(&[name], ty("real", vec![], vec![num(3)]))];
        real(&rows(&block(path(file), items), &files).1, 0)
    };
    let counted: Vec<f64> = (0..12).map(f64::from).collect();
    assert_eq!(vector("m.npy", "x"), counted);
    assert_eq!(vector("a.npz", "matrix"), counted);
    // The same array with its first axis varying fastest in the file.
    assert_eq!(vector("a.npz", "turned"), counted);
    for (name, sizes) in [("images", [2, 3, 1]), ("colours", [2, 2, 3])] {
        let image = ty("image", sizes.map(num).to_vec(), vec![]);
        let (columns, data) = rows(&block(path("a.npz"), vec![column(&[name], image)]), &files);
        assert_eq!(columns[0].ty.shape.0, sizes);
        let Values::Bytes { data, .. } = &data.columns[0] else { panic!("bytes stay bytes") };
        let count = 4 * sizes.iter().product::<usize>();
        assert_eq!(*data, (0..count as u8).collect::<Vec<u8>>(), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let files = Memory::default()
        .with("a.npz", STORED)
        .with("objects.npy", OBJECTS)
        .with("records.npy", RECORDS)
        .with("text.npz", &b"x,y\n1,2\n"[..]);
    let told = |file: &str, names: &[&str]| faults(&block(path(file), vec![plain(names, "real")]), &files);
    for (file, names, word) in [
        ("objects.npy", &["x"][..], "objects"),
        ("records.npy", &["x"], "records"),
        ("text.npz", &["x"], "not a ZIP"),
        ("a.npz", &["f8", "short"], "`short` has 2 rows, but `f8` has 4"),
    ] {
        let (codes, words) = told(file, names);
        assert!(codes == ["D015"] && words.contains(word), "{file}: {codes:?} {words}");
    }
    assert_eq!(told("a.npz", &["f9"]).0, ["D001"]);
    assert_eq!(told("a.npz", &["images"]).0, ["D016"]);
}

/// Headers that claim what is not there: an error, at once, and no memory for the claim.
#[test]
fn hostile_headers_are_errors() {
    let npy = |header: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend([0u8; 16]);
        bytes
    };
    let shapes =
        ["(9223372036854775807,)", "(4294967296, 4294967296)", "(1000000000000,)", "(2, 0)", "()", "(3,)"];
    for shape in shapes {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let files = Memory::default().with("x.npy", npy(&header));
        assert_eq!(faults(&block(path("x.npy"), vec![plain(&["x"], "real")]), &files).0, ["D015"], "{shape}");
    }
    for descr in ["<f16", "<U99999999999999999999", "<U9999999999999999999", "<c16", "", "|O"] {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,), }}");
        let files = Memory::default().with("x.npy", npy(&header));
        assert_eq!(faults(&block(path("x.npy"), vec![plain(&["x"], "real")]), &files).0, ["D015"], "{descr}");
    }
}

/// Every cut and many flipped bits of an archive: a finding or rows, never a panic.
#[test]
fn damaged_archives_never_panic() {
    let attempt = |bytes: Vec<u8>| {
        let files = Memory::default().with("a.npz", bytes);
        let items = vec![plain(&["f8", "u1"], "real"), plain(&["bytes"], "factor")];
        let data = block(path("a.npz"), items);
        super::tests::read(&data, &files, &Options::default()).is_ok()
    };
    assert!(attempt(PACKED.to_vec()));
    for cut in (0..PACKED.len()).step_by(7) {
        attempt(PACKED[..cut].to_vec());
    }
    let (mut wrong, mut seen) = (0, 0);
    for archive in [PACKED, STORED] {
        for at in (0..archive.len()).step_by(5) {
            let mut bytes = archive.to_vec();
            bytes[at] ^= 1 << (at % 8);
            seen += 1;
            wrong += usize::from(!attempt(bytes));
        }
    }
    assert!(wrong > seen / 20, "{wrong} of {seen} damaged archives were refused");
}
