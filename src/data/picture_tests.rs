//! Folders of pictures as Pillow 13.0.0 writes them (`tests/oracles/make_pictures.py`), and CIFAR's binary files.

use super::tests::{Memory, block, call, column, faults, num, plain, read, real, rows, text, ty};
use super::*;
use crate::syntax::ast::{Arg, DataItem, Source};

fn folder(function: &str, path: &str) -> Source {
    call(function, vec![Arg { name: None, value: text(path), suffixes: vec![] }])
}

fn image(sizes: &[usize]) -> DataItem {
    column(&["x"], ty("image", sizes.iter().map(|s| num(*s as f64)).collect(), vec![]))
}

/// The pixel in the middle of each half of the picture in a row.
#[cfg(feature = "images")]
fn halves(data: &Dataset, row: usize, channels: usize) -> [Vec<u8>; 2] {
    let Values::Bytes { width, data } = &data.columns[0] else { panic!("bytes stay bytes") };
    let at = |x: usize| {
        let start = row * width + (3 * 16 + x) * channels;
        data[start..start + channels].to_vec()
    };
    [at(3), at(12)]
}

#[cfg(feature = "images")]
mod images {
    use super::*;

    const COLOURED: &[(&str, &[u8])] = &[
        ("p/b/1.png", include_bytes!("../../tests/oracles/pictures/halves.png")),
        ("p/b/2.png", include_bytes!("../../tests/oracles/pictures/palette.png")),
        ("p/b/3.PNG", include_bytes!("../../tests/oracles/pictures/alpha.png")),
        ("p/b/4.jpg", include_bytes!("../../tests/oracles/pictures/halves.jpg")),
        ("p/c/1.png", include_bytes!("../../tests/oracles/pictures/deep.png")),
        ("p/c/2.jpeg", include_bytes!("../../tests/oracles/pictures/grey.jpg")),
    ];

    fn files(kept: impl Fn(&str) -> bool) -> Memory {
        let notes =
            Memory::default().with("p/b/notes.txt", "no picture").with("p/.hidden/1.png", "no picture");
        COLOURED
            .iter()
            .filter(|(path, _)| kept(path))
            .fold(notes, |files, (path, bytes)| files.with(path, *bytes))
    }

    /// Pixels as Pillow prints them; a JPEG is that to one step of rounding.
    #[test]
    fn every_kind_of_picture_is_decoded() {
        let items = || vec![image(&[8, 16, 3]), plain(&["y"], "class")];
        let (columns, data) = rows(&block(folder("images", "p"), items()), &files(|_| true));
        assert_eq!(
            (columns[1].levels.join(" "), real(&data, 1)),
            ("b c".into(), vec![0., 0., 0., 0., 1., 1.])
        );
        for row in 0..4 {
            let [left, right] = halves(&data, row, 3);
            let close =
                |a: &[u8], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= u8::from(row == 3));
            assert!(close(&left, [200, 30, 30]) && close(&right, [20, 40, 220]), "{row}: {left:?} {right:?}");
        }
        // Grey ones among coloured ones.
        for row in [4, 5] {
            assert_eq!(halves(&data, row, 3), [vec![200; 3], vec![20; 3]]);
        }
        let grey = block(folder("images", "p/"), vec![image(&[8, 16])]);
        assert_eq!(halves(&rows(&grey, &files(|path| path.contains("/c/"))).1, 1, 1), [vec![200], vec![20]]);
    }

    #[test]
    fn what_is_no_picture_is_said() {
        let data = || block(folder("images", "p"), vec![image(&[8, 16, 3])]);
        let (codes, words) = faults(&data(), &files(|path| !path.ends_with('g') && !path.ends_with('G')));
        assert!(codes == ["D015"] && words.contains("no pictures in sub-folders"), "{words}");
        let (codes, words) = faults(&data(), &files(|_| true).with("p/d/1.png", "GIF89a"));
        assert!(
            codes == ["D015"] && words.contains("p/d/1.png") && words.contains("neither PNG nor JPEG"),
            "{words}"
        );
        // A coloured picture among grey ones.
        let grey_first = files(|path| path.contains("/c/")).with("p/d/1.png", COLOURED[0].1);
        let (codes, words) = faults(&block(folder("images", "p"), vec![image(&[8, 16])]), &grey_first);
        assert!(codes == ["D015"] && words.contains("8×16×3"), "{words}");
        assert_eq!(
            faults(&block(call("images", vec![]), vec![image(&[8, 16])]), &files(|_| true)).0,
            ["T006"]
        );
    }

    /// Cut and flipped files: pixels or a finding, never a panic.
    #[test]
    fn damaged_pictures_never_panic() {
        for (path, bytes) in COLOURED {
            let attempt = |bytes: Vec<u8>| {
                let files = Memory::default().with(path, bytes);
                let data = block(folder("images", "p"), vec![image(&[8, 16, 3])]);
                read(&data, &files, &Options::default()).is_ok()
            };
            for cut in (0..bytes.len()).step_by(5) {
                attempt(bytes[..cut].to_vec());
            }
            for at in (0..bytes.len()).step_by(3) {
                let mut flipped = bytes.to_vec();
                flipped[at] ^= 1 << (at % 8);
                attempt(flipped);
            }
            assert!(!attempt(bytes[..bytes.len() / 2].to_vec()), "half of {path} is no picture");
        }
    }
}

/// Two records a file: its labels, then planes that hold 0, 1, 2, … of red, 7 of green, the record's number of blue.
fn batch(labels: &[u8], first: u8) -> Vec<u8> {
    let record = |i: u8| {
        let red = (0..1024u32).map(|p| (p % 251) as u8);
        let rest = std::iter::repeat_n(7, 1024).chain(std::iter::repeat_n(first + i, 1024));
        labels.iter().map(move |l| l + i).chain(red).chain(rest)
    };
    (0..2).flat_map(record).collect()
}

#[test]
fn batches_of_ten_and_of_a_hundred_classes_are_read() {
    let mut files = Memory::default().with("c/test_batch.bin", batch(&[8], 50));
    for i in 1..=5 {
        files = files.with(&format!("c/data_batch_{i}.bin"), batch(&[i], 10 * i));
    }
    let y = |classes: f64| column(&["y"], ty("class", vec![num(classes)], vec![]));
    let items = vec![image(&[32, 32, 3]), y(10.0), DataItem::Test(folder("cifar", "c"))];
    let (_, data) = rows(&block(folder("cifar", "c"), items), &files);
    assert_eq!(real(&data, 1), [1., 2., 2., 3., 3., 4., 4., 5., 5., 6., 8., 9.]);
    assert_eq!(data.split("test"), [10, 11]);
    let Values::Bytes { width, data } = &data.columns[0] else { panic!("bytes stay bytes") };
    assert_eq!(&data[3 * width..3 * width + 6], [0, 7, 21, 1, 7, 21]);
    assert_eq!(data[10 * width + 1000 * 3..10 * width + 1000 * 3 + 3], [(1000 % 251) as u8, 7, 50]);

    let files = Memory::default().with("h/train.bin", batch(&[3, 97], 0));
    let items = vec![y(100.0), plain(&["coarse"], "count")];
    let (_, data) = rows(&block(folder("cifar", "h"), items), &files);
    assert_eq!((real(&data, 0), real(&data, 1)), (vec![97., 98.], vec![3., 4.]));
}

#[test]
fn a_batch_that_is_missing_or_cut_is_said() {
    let y = || vec![column(&["y"], ty("class", vec![num(10.0)], vec![]))];
    let told = |files: &Memory| faults(&block(folder("cifar", "c"), y()), files);
    let mut files = Memory::default();
    assert!(told(&files).1.contains("data_batch_1.bin"));
    for i in 1..=4 {
        files = files.with(&format!("c/data_batch_{i}.bin"), batch(&[i], 0));
    }
    let (codes, words) = told(&files);
    assert!(codes == ["D015"] && words.contains("c/data_batch_5.bin"), "{words}");
    let (codes, words) = told(&files.with("c/data_batch_5.bin", vec![1; 3000]));
    assert!(codes == ["D015"] && words.contains("no multiple of 3073"), "{words}");
}
