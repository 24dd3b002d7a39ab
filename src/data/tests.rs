//! Data blocks built by hand over files in memory: what is read, and what is said when it cannot be.

use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};

use super::*;
use crate::diagnostic::Diagnostics;
use crate::model::Column;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Arg, BinaryOp, ColumnFrom, Data, DataItem, Expr, ExprKind, Name, Source, TypeName};
use crate::ty::{Element, Shape, Support};

#[derive(Default, Clone)]
pub(super) struct Memory(HashMap<String, Vec<u8>>);

impl Memory {
    pub(super) fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Memory {
        self.0.insert(path.to_owned(), bytes.into());
        self
    }
}

impl Files for Memory {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        match self.0.get(path) {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        let mut names: Vec<String> = inside
            .map(|rest| rest.split_once('/').map_or(rest.to_owned(), |(folder, _)| format!("{folder}/")))
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }
}

pub(super) fn name(text: &str) -> Name {
    // Every name has a place of its own, as in a file: equal places would be taken for one finding.
    let at = text.bytes().fold(7usize, |h, b| (h * 31 + usize::from(b)) % 100_000);
    Spanned { value: text.to_owned(), span: Span::new(at, at + text.len()) }
}
pub(super) fn num(value: f64) -> Expr {
    Expr { kind: ExprKind::Number(value), span: Span::new(1, 2) }
}
pub(super) fn text(value: &str) -> Expr {
    Expr { kind: ExprKind::Text(value.to_owned()), span: Span::new(1, 2) }
}
fn arg(value: Expr) -> Arg {
    Arg { name: None, value, suffixes: vec![] }
}
pub(super) fn ty(word: &str, args: Vec<Expr>, sizes: Vec<Expr>) -> TypeName {
    TypeName { name: name(word), args: args.into_iter().map(arg).collect(), sizes, span: Span::new(1, 2) }
}
pub(super) fn column(names: &[&str], ty: TypeName) -> DataItem {
    DataItem::Column { names: names.iter().map(|n| name(n)).collect(), ty, from: None }
}
pub(super) fn plain(names: &[&str], word: &str) -> DataItem {
    column(names, ty(word, vec![], vec![]))
}
fn column_from(names: &[&str], word: &str, from: &[&str]) -> DataItem {
    let from = ColumnFrom::Names(from.iter().map(|n| name(n)).collect());
    DataItem::Column {
        names: names.iter().map(|n| name(n)).collect(),
        ty: ty(word, vec![], vec![]),
        from: Some(from),
    }
}
pub(super) fn path(text: &str) -> Source {
    Source::Path(name(text))
}
pub(super) fn call(function: &str, args: Vec<Arg>) -> Source {
    Source::Call { name: name(function), args, span: Span::new(5, 9) }
}
pub(super) fn block(source: Source, items: Vec<DataItem>) -> Data {
    Data { source, items, span: Span::new(0, 50) }
}
fn split(which: &str, last: bool, amount: f64) -> DataItem {
    DataItem::Split { name: name(which), last, amount: num(amount) }
}
pub(super) fn read(
    data: &Data,
    files: &Memory,
    options: &Options,
) -> Result<(Vec<Column>, Dataset), Diagnostics> {
    let (columns, findings) = schema(data, files, options);
    if findings.has_errors() {
        return Err(findings);
    }
    let dataset = load(data, &columns, files, options)?;
    Ok((columns, dataset))
}
pub(super) fn rows(data: &Data, files: &Memory) -> (Vec<Column>, Dataset) {
    read(data, files, &Options::default()).unwrap()
}
/// The codes of all findings, and their messages.
pub(super) fn faults(data: &Data, files: &Memory) -> (Vec<&'static str>, String) {
    let findings = read(data, files, &Options::default()).map(|(_, d)| d.rows).unwrap_err();
    let told = findings.0.iter().map(|d| format!("{}; {:?}; {:?}", d.message, d.labels, d.notes));
    (findings.0.iter().map(|d| d.code.id()).collect(), told.collect::<Vec<_>>().join("\n"))
}
pub(super) fn real(dataset: &Dataset, column: usize) -> Vec<f64> {
    let Values::Real { data, .. } = &dataset.columns[column] else { panic!("numbers are expected") };
    data.clone()
}
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(bytes);
    file
}

const TABLE: &str =
    "a,x1,x2,name,split\n1,0.5,1,red,train\n2,0.25,-3,blue,valid\n3,0,2,red,test\n4,1,7,green,train\n";

#[test]
fn a_table_gives_typed_columns_and_splits() {
    let items = vec![
        plain(&["a"], "count"),
        column(&["x"], ty("real", vec![], vec![num(2.0)])),
        plain(&["name"], "factor"),
        DataItem::SplitBy(name("split")),
    ];
    for (file, bytes) in [
        ("t.csv", TABLE.as_bytes().to_vec()),
        ("t.csv.gz", gzip(TABLE.as_bytes())),
        ("t.tsv", TABLE.replace(',', "\t").into_bytes()),
        ("t.tsv.gz", gzip(TABLE.replace(',', "\t").as_bytes())),
        ("t.csv", format!("\u{feff}{}", TABLE.replace('\n', "\r\n")).into_bytes()),
    ] {
        let (columns, dataset) =
            rows(&block(path(file), items.clone()), &Memory::default().with(file, bytes));
        assert_eq!(columns[0].ty.element, Element::Count);
        assert_eq!(columns[1].ty.shape, Shape::vector(2));
        assert_eq!(columns[2].ty.support, Support::Factor(3));
        assert_eq!(columns[2].levels, ["blue", "green", "red"]);
        assert_eq!(real(&dataset, 1), [0.5, 1.0, 0.25, -3.0, 0.0, 2.0, 1.0, 7.0]);
        assert_eq!(real(&dataset, 2), [2.0, 0.0, 2.0, 1.0]);
        assert_eq!(
            (dataset.split("train"), dataset.split("valid"), dataset.split("test")),
            (&[0, 3][..], &[1][..], &[2][..])
        );
    }
}

#[test]
fn from_renames_lists_globs_and_takes_the_others() {
    let files = Memory::default().with("t.csv", TABLE);
    let others = DataItem::Column {
        names: vec![name("rest")],
        ty: ty("real", vec![], vec![]),
        from: Some(ColumnFrom::Others(Span::new(1, 2))),
    };
    let items = vec![
        column_from(&["u", "v"], "real", &["x2", "x1"]),
        column_from(&["w"], "real", &["x*"]),
        column_from(&["colour"], "class", &["name"]),
        others,
        DataItem::SplitBy(name("split")),
    ];
    let (columns, dataset) = rows(&block(path("t.csv"), items), &files);
    assert_eq!(real(&dataset, 0), [1.0, -3.0, 2.0, 7.0]);
    assert_eq!(real(&dataset, 1), [0.5, 0.25, 0.0, 1.0]);
    assert_eq!(columns[2].ty.shape, Shape::vector(2));
    assert_eq!(columns[3].ty.support, Support::Class(3));
    // Neither the split column nor those that are named elsewhere: `a` alone, which is a scalar.
    assert_eq!(real(&dataset, 4), [1.0, 2.0, 3.0, 4.0]);
    assert!(columns[4].ty.shape.is_scalar());
}

#[test]
fn classes_are_counted_listed_or_seen() {
    let files = Memory::default().with("t.csv", "y,z,b\n0,mid,true\n2,low,0\n1.0,mid,FALSE\n");
    let items = vec![
        column(&["y"], ty("class", vec![num(3.0)], vec![])),
        column(&["z"], ty("class", vec![text("mid"), text("low")], vec![])),
        plain(&["b"], "bool"),
    ];
    let (columns, dataset) = rows(&block(path("t.csv"), items), &files);
    assert_eq!(columns[0].levels, ["0", "1", "2"]);
    assert_eq!((real(&dataset, 0), real(&dataset, 1)), (vec![0.0, 2.0, 1.0], vec![0.0, 1.0, 0.0]));
    assert_eq!(real(&dataset, 2), [1.0, 0.0, 0.0]);
    assert_eq!(dataset.splits.len(), 1);
}

fn digits(count: u32) -> Memory {
    let pixels: Vec<u8> = (0..count * 6).map(|i| i as u8).collect();
    let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
    Memory::default()
        .with("x", gzip(&idx(&[count, 2, 3], &pixels)))
        .with("y", idx(&[count], &labels))
        .with("tx", idx(&[2, 2, 3], &[255; 12]))
        .with("ty", idx(&[2], &[2, 0]))
}
fn digits_block() -> Data {
    let files = |x: &str, y: &str| call("idx", vec![arg(text(x)), arg(text(y))]);
    let items = vec![
        column(&["x"], ty("image", vec![num(2.0), num(3.0)], vec![])),
        column(&["y"], ty("class", vec![num(3.0)], vec![])),
        split("valid", true, 2.0),
        DataItem::Test(files("tx", "ty")),
    ];
    block(files("x", "y"), items)
}

#[test]
fn idx_files_give_images_of_bytes_and_a_test_set() {
    let (columns, dataset) = rows(&digits_block(), &digits(6));
    assert_eq!(columns[0].ty.shape, Shape::from([2, 3, 1]));
    assert_eq!(dataset.rows, 8);
    assert_eq!(dataset.split("train"), [0, 1, 2, 3]);
    assert_eq!(dataset.split("valid"), [4, 5]);
    assert_eq!(dataset.split("test"), [6, 7]);
    assert_eq!(real(&dataset, 1), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 2.0, 0.0]);
    let mut out = [0f32; 12];
    dataset.columns[0].copy_rows(&[7, 0], &mut out);
    assert_eq!(out[..6], [1.0; 6]);
    assert_eq!(out[11], 5.0 / 255.0);
}

#[test]
fn idx_faults_are_named() {
    let block = digits_block();
    let cut = digits(6).with("x", idx(&[6, 2, 3], &[0; 35]));
    assert!(faults(&block, &cut).1.contains("36 bytes should follow, 35 are there"));
    let long = digits(6).with("x", idx(&[6, 2, 3], &[0; 37]));
    assert!(faults(&block, &long).1.contains("goes on after the size"));
    let huge = digits(6).with("x", idx(&[6, u32::MAX, u32::MAX], &[0; 4]));
    assert_eq!(faults(&block, &huge).0, ["D016"]);
    // The header alone decides nothing: four billion images of the right size are claimed, none is there.
    let many = digits(6).with("x", idx(&[u32::MAX, 2, 3], &[])).with("y", idx(&[u32::MAX], &[]));
    assert_eq!(faults(&block, &many).0, ["D015"]);
    let fewer = digits(6).with("y", idx(&[5], &[0; 5]));
    assert!(faults(&block, &fewer).1.contains("it has 5 rows, but x has 6"));
    let foreign = digits(6).with("x", &b"PNG.........."[..]);
    assert!(faults(&block, &foreign).1.contains("not an IDX file"));
    let label = digits(6).with("y", idx(&[6], &[0, 1, 2, 3, 3, 0]));
    let (codes, told) = faults(&block, &label);
    assert_eq!(codes, ["D003"]);
    assert!(told.contains("class 3 found in row 4 of `y`") && told.contains("1 more"), "{told}");
    let mut gz = gzip(&idx(&[6, 2, 3], &[7; 36]));
    gz.truncate(gz.len() - 12);
    assert_eq!(faults(&block, &digits(6).with("x", gz)).0, ["D015"]);
}

#[test]
fn all_faults_are_told_at_once() {
    let table = "x,p,y,k\n1,1,0,2\noops,-1,0,2\n3,0,5,2.5\nNA,1,1,1\n";
    let files = Memory::default().with("t.csv", table);
    let items = vec![
        plain(&["x"], "real"),
        plain(&["p"], "positive"),
        column(&["y"], ty("class", vec![num(2.0)], vec![])),
        plain(&["k"], "count"),
    ];
    let (codes, told) = faults(&block(path("t.csv"), items), &files);
    assert_eq!(codes, ["D002", "D016", "D003", "D016"]);
    assert!(told.contains("row 3 of `x` in t.csv is \"oops\"") && told.contains("1 more values"), "{told}");
    assert!(told.contains("row 3 of `p` in t.csv is -1"), "{told}");
    assert!(told.contains("class 5 found in row 4") && told.contains("allows 0…1"), "{told}");
    assert!(told.contains("row 4 of `k` in t.csv is 2.5"), "{told}");
}

#[test]
fn a_missing_column_gets_the_list_and_the_nearest() {
    let files = Memory::default().with("t.csv", "height,weight\n1,2\n");
    let (codes, told) = faults(&block(path("t.csv"), vec![plain(&["hieght", "weight"], "real")]), &files);
    assert_eq!(codes, ["D001"]);
    assert!(told.contains("height, weight") && told.contains("did you mean `height`?"), "{told}");
    let files = Memory::default().with("t.csv", "height;weight\n1;2\n");
    let (_, told) = faults(&block(path("t.csv"), vec![plain(&["height"], "real")]), &files);
    assert!(told.contains("no comma"), "{told}");
    let files = Memory::default().with("t.csv", "x,x\n1,2\n");
    let (_, told) = faults(&block(path("t.csv"), vec![plain(&["x"], "real")]), &files);
    assert!(told.contains("occurs twice"), "{told}");
}

#[test]
fn missing_rows_drop_before_the_split_and_are_counted() {
    let files = Memory::default().with("t.csv", "x,y\n1,a\n,b\n3,NA\n4,b\n5,a\n");
    let items = vec![
        plain(&["x"], "real"),
        plain(&["y"], "class"),
        DataItem::Missing(name("drop")),
        split("valid", true, 1.0),
    ];
    let (columns, dataset) = rows(&block(path("t.csv"), items), &files);
    assert_eq!((dataset.rows, dataset.dropped), (3, 2));
    assert_eq!(real(&dataset, 0), [1.0, 4.0, 5.0]);
    assert_eq!(columns[1].levels, ["a", "b"]);
    assert_eq!(dataset.split("valid"), [2]);
    assert_eq!(dataset.notes, ["2 of 5 rows of t.csv lack a value and were dropped"]);
}

#[test]
fn random_splits_take_their_share_and_depend_on_the_seed() {
    let table = (0..1000).fold(String::from("x\n"), |t, i| t + &format!("{i}\n"));
    let files = Memory::default().with("t.csv", table);
    let items = vec![plain(&["x"], "real"), split("valid", false, 0.3), split("test", false, 100.0)];
    let data = block(path("t.csv"), items);
    let with = |seed| read(&data, &files, &Options { seed, ..Options::default() }).unwrap().1;
    let first = with(1);
    assert_eq!(
        (first.split("valid").len(), first.split("test").len(), first.split("train").len()),
        (300, 100, 600)
    );
    let mut all: Vec<u32> = first.splits.iter().flat_map(|s| s.rows.clone()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..1000).collect::<Vec<u32>>());
    assert_eq!((first.splits.clone(), first.fingerprint.clone()), (with(1).splits, with(1).fingerprint));
    assert_ne!(first.splits, with(2).splits);
    assert_ne!(first.fingerprint, with(2).fingerprint);
    // A random split is spread over the file: the mean of 300 of 0…999 has sd 14.
    let mean = first.split("valid").iter().map(|r| f64::from(*r)).sum::<f64>() / 300.0;
    assert!((mean - 499.5).abs() < 70.0, "{mean}");
}

#[test]
fn splits_that_do_not_fit_are_refused() {
    let files = Memory::default().with("t.csv", "x,s\n1,train\n2,tset\n").with("v.csv", "x,s\n1,valid\n");
    let with = |file: &str, items: Vec<DataItem>| {
        let items = std::iter::once(plain(&["x"], "real")).chain(items).collect();
        faults(&block(path(file), items), &files)
    };
    assert_eq!(with("t.csv", vec![split("valid", true, 2.0)]).0, ["D018"]);
    assert_eq!(with("t.csv", vec![split("valid", false, 1e9)]).0, ["D018"]);
    let (codes, told) = with("t.csv", vec![DataItem::SplitBy(name("s"))]);
    assert!(codes == ["D018"] && told.contains("row 3 of `s` in t.csv is \"tset\""), "{told}");
    assert_eq!(with("v.csv", vec![DataItem::SplitBy(name("s"))]).0, ["D018"]);
    let foreign = Memory::default().with("w.csv", "x,s\n1,train\n2,validation\n");
    let data = block(path("w.csv"), vec![plain(&["x"], "real"), DataItem::SplitBy(name("s"))]);
    let findings = read(&data, &foreign, &Options::default()).map(|(_, d)| d.rows).unwrap_err();
    assert_eq!(findings.0[0].help.as_deref(), Some("write `valid` there, and in the rows like it"));
    assert_eq!(with("t.csv", vec![split("train", false, 0.5)]).0, ["N012"]);
    assert_eq!(with("t.csv", vec![split("valid", false, -1.0)]).0, ["T011"]);
    assert_eq!(with("t.csv", vec![split("valid", false, 0.5), DataItem::SplitBy(name("s"))]).0, ["D018"]);
}

#[test]
fn what_cannot_be_read_says_which_file() {
    let files =
        Memory::default().with("empty.csv", "").with("head.csv", "x\n").with("ragged.csv", "x,y\n1\n");
    let with = |source: Source| faults(&block(source, vec![plain(&["x"], "real")]), &files);
    assert!(with(path("no.csv")).1.contains("cannot read no.csv: there is no such file"));
    assert!(with(path("no.csv")).1.contains("relative to the model file"));
    assert_eq!(with(path("a.xlsx")).0, ["D015"]);
    assert_eq!(with(path("a.parquet")).0, ["D015"]);
    assert_eq!(with(call("images", vec![])).0, ["T006"]);
    assert_eq!(with(call("mons", vec![])).0, ["N012"]);
    assert_eq!(with(path("empty.csv")).0, ["D017"]);
    assert_eq!(with(path("head.csv")).0, ["D017"]);
    assert!(with(path("ragged.csv")).1.contains("row 2 has 1 values"));
}

#[test]
fn types_that_do_not_exist_get_the_nearest() {
    let files = Memory::default().with("t.csv", "x\n1\n");
    let with = |t: TypeName| faults(&block(path("t.csv"), vec![column(&["x"], t)]), &files);
    let (codes, told) = with(ty("positve", vec![], vec![]));
    assert!(codes == ["N012"] && told.contains("`positive`"), "{told}");
    assert!(with(ty("float", vec![], vec![])).1.contains("`real`"));
    assert_eq!(with(ty("simplex", vec![], vec![num(3.0)])).0, ["X001"]);
    assert_eq!(with(ty("class", vec![num(1.0)], vec![])).0, ["T011"]);
    assert_eq!(with(ty("image", vec![num(1.0)], vec![])).0, ["T006"]);
    assert_eq!(with(ty("real", vec![], vec![num(3.0)])).0, ["D001"]);
}

#[test]
fn a_generator_takes_settings_and_its_test_set_keeps_its_own_seed() {
    let seeded = |seed: f64| Arg { name: Some(name("seed")), value: num(seed), suffixes: vec![] };
    let items = vec![
        column(&["x"], ty("real", vec![], vec![num(2.0)])),
        column(&["y"], ty("class", vec![num(2.0)], vec![])),
        DataItem::Test(call("moons", vec![arg(num(40.0)), seeded(2.0)])),
    ];
    let data = block(call("moons", vec![arg(num(100.0)), seeded(1.0)]), items);
    let set = |pairs: &[(&str, f64)]| Options {
        set: pairs.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
        ..Options::default()
    };
    let files = Memory::default();
    let plain = read(&data, &files, &Options::default()).unwrap().1;
    assert_eq!((plain.split("train").len(), plain.split("test").len()), (100, 40));
    let noisy = read(&data, &files, &set(&[("noise", 0.4)])).unwrap().1;
    assert_ne!(plain.columns[0].get(120, 0), noisy.columns[0].get(120, 0));
    let reseeded = read(&data, &files, &set(&[("seed", 5.0), ("n", 60.0)])).unwrap().1;
    assert_eq!((reseeded.split("train").len(), reseeded.split("test").len()), (60, 40));
    assert_eq!(plain.columns[0].get(120, 0), reseeded.columns[0].get(80, 0));
    assert_eq!(source::settable(&data.source), ["n", "noise", "seed"]);
}

#[test]
fn a_level_that_only_the_test_rows_have_is_refused() {
    let files = Memory::default().with("t.csv", "g\nred\nblue\n").with("new.csv", "g\nred\nbleu\n");
    let items = vec![plain(&["g"], "factor"), DataItem::Test(path("new.csv"))];
    let (codes, told) = faults(&block(path("t.csv"), items), &files);
    assert!(codes == ["D003"] && told.contains("level bleu found in row 3 of `g` in new.csv"), "{told}");
    assert!(told.contains("is \\\"blue\\\" meant?"), "{told}");
    let items = vec![plain(&["g"], "factor"), DataItem::Test(path("gone.csv"))];
    assert!(faults(&block(path("t.csv"), items), &files).1.contains("cannot read gone.csv"));
}

#[test]
fn another_file_may_stand_in_for_the_source() {
    let files = Memory::default().with("/tmp/new.csv", "x\n7\n");
    let options = Options { data_override: Some("/tmp/new.csv".into()), ..Options::default() };
    let (_, dataset) = read(&block(path("t.csv"), vec![plain(&["x"], "real")]), &files, &options).unwrap();
    assert_eq!(real(&dataset, 0), [7.0]);
}

#[test]
fn columns_keep_their_names_when_the_data_are_wrong() {
    let items = vec![plain(&["a"], "float"), column(&["y"], ty("class", vec![num(3.0)], vec![]))];
    let (columns, findings) = schema(&block(path("no.csv"), items), &Memory::default(), &Options::default());
    assert_eq!(findings.0.iter().map(|d| d.code.id()).collect::<Vec<_>>(), ["N012", "D015"]);
    assert_eq!(columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["y"], "`a` has no known type");
    assert_eq!(columns[0].ty.support, Support::Class(3));
}

#[test]
fn mutated_and_cut_files_give_findings_never_panics() {
    use rand::RngExt;
    let items = vec![
        plain(&["a"], "count"),
        column(&["x"], ty("real", vec![], vec![num(2.0)])),
        plain(&["name"], "factor"),
        DataItem::SplitBy(name("split")),
    ];
    let cases = [
        (block(path("t.csv"), items.clone()), Memory::default().with("t.csv", TABLE)),
        (block(path("t.csv.gz"), items), Memory::default().with("t.csv.gz", gzip(TABLE.as_bytes()))),
        (digits_block(), digits(6)),
    ];
    let mut rng = key::keyed(1, "mutations");
    let (mut good, mut bad) = (0, 0);
    for round in 0..3000 {
        let (data, files) = &cases[round % cases.len()];
        let mut files = files.clone();
        let mut names: Vec<String> = files.0.keys().cloned().collect();
        names.sort_unstable();
        let chosen = names[rng.random_range(0..names.len() as u64) as usize].clone();
        let bytes = files.0.get_mut(&chosen).unwrap();
        for _ in 0..rng.random_range(1..4u32) {
            if bytes.is_empty() {
                break;
            }
            let at = rng.random_range(0..bytes.len() as u64) as usize;
            match rng.random_range(0..3u32) {
                0 => bytes.truncate(at),
                1 => bytes[at] = rng.random_range(0..=255u32) as u8,
                _ => bytes.insert(at, b",\n\"\0\xff9"[rng.random_range(0..6u32) as usize]),
            }
        }
        match read(data, &files, &Options::default()) {
            Ok((_, dataset)) => {
                good += 1;
                assert!(dataset.columns.iter().all(|values| values.rows() == dataset.rows));
            }
            Err(findings) => {
                bad += 1;
                assert!(findings.has_errors());
            }
        }
    }
    assert!(good > 50 && bad > 50, "{good} read, {bad} refused");
}

/// Files beside the example models.
struct Folder(std::path::PathBuf);

impl Files for Folder {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(std::fs::File::open(self.0.join(path))?))
    }
}

#[test]
fn the_example_models_find_their_data() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let expected: &[(&str, &[usize], &[&str])] = &[
        ("moons", &[700, 300], &["x1", "x2", "y"]),
        ("circles", &[700, 300], &["x1", "x2", "y"]),
        ("mnist", &[50_000, 10_000, 10_000], &["x", "y"]),
        ("eight_schools", &[8], &["school", "y", "sigma"]),
        ("kidiq", &[434], &["kid_score", "mom_iq", "mom_hs"]),
        ("linear", &[60], &["x1", "x2", "y"]),
    ];
    for (model, sizes, names) in expected {
        let text = std::fs::read_to_string(folder.join(format!("{model}.bnn"))).unwrap();
        let ast = crate::syntax::parse(&crate::source::SourceFile::new(*model, text)).unwrap();
        let data = ast.items.iter().find_map(|item| match item {
            crate::syntax::ast::Item::Data(data) => Some(data),
            _ => None,
        });
        let files = Folder(folder.clone());
        let (columns, findings) = schema(data.unwrap(), &files, &Options::default());
        assert!(findings.is_empty(), "{model}: {findings:?}");
        assert_eq!(columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), *names);
        let dataset = load(data.unwrap(), &columns, &files, &Options::default()).unwrap();
        assert_eq!(dataset.splits.iter().map(|s| s.rows.len()).collect::<Vec<_>>(), *sizes, "{model}");
        if *model == "mnist" {
            // The first training digit is a 5, the first test digit a 7; 5,421 of 60,000 are fives.
            assert_eq!((dataset.columns[1].get(0, 0), dataset.columns[1].get(60_000, 0)), (5.0, 7.0));
            let fives = (0..60_000).filter(|row| dataset.columns[1].get(*row, 0) == 5.0).count();
            assert_eq!(fives, 5421);
        }
    }
}

#[test]
fn where_keeps_rows_before_their_values_are_typed() {
    let files = Memory::default().with("t.csv", "x,y,g\n1,0,a\n2,7,b\n3,1,a\n4,NA,a\n5,1,c\n");
    let y_below_2 = compare("y", BinaryOp::Lt, num(2.0));
    let items = |more: Vec<DataItem>| {
        let mut items = vec![plain(&["x"], "real"), column(&["y"], ty("class", vec![num(2.0)], vec![]))];
        items.extend(more);
        items
    };
    // Row 4 cannot be decided; with `missing = drop` it is left out like the others.
    let data = block(path("t.csv"), items(vec![DataItem::Where(y_below_2.clone())]));
    let codes = read(&data, &files, &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(codes.0[0].code.id(), "D002");
    let data = block(
        path("t.csv"),
        items(vec![
            DataItem::Where(y_below_2),
            DataItem::Where(compare("g", BinaryOp::Ne, text("c"))),
            DataItem::Missing(name("drop")),
        ]),
    );
    let (_, dataset) = read(&data, &files, &Options::default()).unwrap();
    assert_eq!(dataset.rows, 2);
    assert_eq!(dataset.numbers, [1, 3]);
    assert_eq!((dataset.columns[0].get(1, 0), dataset.columns[1].get(1, 0)), (3.0, 1.0));
}

#[test]
fn labels_are_those_of_the_rows_that_where_keeps() {
    let files = Memory::default().with("t.csv", "x,g\n1,a\n2,b\n3,c\n");
    let condition = DataItem::Where(compare("x", BinaryOp::Ge, num(2.0)));
    let data = block(path("t.csv"), vec![plain(&["g"], "factor"), condition]);
    let (columns, dataset) = read(&data, &files, &Options::default()).unwrap();
    assert_eq!(columns[0].levels, ["b", "c"]);
    assert_eq!(dataset.columns[0], Values::Real { width: 1, data: vec![0.0, 1.0] });
}

#[test]
fn take_keeps_so_many_of_each_value_and_depends_on_the_seed() {
    let rows: String = (0..60).map(|i| format!("{i},{}\n", i % 3)).collect();
    let files = Memory::default().with("t.csv", format!("x,y\n{rows}"));
    let take = DataItem::Take { count: num(5.0), per: name("y") };
    let data = block(path("t.csv"), vec![plain(&["x"], "real"), plain(&["y"], "class"), take]);
    let of_seed = |seed| read(&data, &files, &Options { seed, ..Options::default() }).unwrap().1;
    let first = of_seed(1);
    assert_eq!(first.rows, 15);
    for k in 0..3 {
        assert_eq!((0..15).filter(|row| first.columns[1].get(*row, 0) == f64::from(k)).count(), 5);
    }
    assert_eq!(first.numbers, of_seed(1).numbers);
    assert_ne!(first.numbers, of_seed(2).numbers);
}

#[test]
fn missing_targets_are_kept_and_in_no_split() {
    let files = Memory::default().with("t.csv", "x,y\n1,2\n2,NA\n3,4\n4,5\n");
    let items =
        vec![plain(&["x", "y"], "real"), DataItem::Missing(name("predict")), split("valid", true, 1.0)];
    let data = block(path("t.csv"), items);
    let with = |targets: &[&str]| {
        let targets = targets.iter().map(|t| (*t).to_owned()).collect();
        read(&data, &files, &Options { targets, ..Options::default() })
    };
    let (_, dataset) = with(&["y"]).unwrap();
    assert_eq!((dataset.unobserved.as_slice(), dataset.split("train")), (&[1][..], &[0, 2][..]));
    assert_eq!(dataset.split("valid"), [3]);
    assert_eq!(with(&["x"]).map(|_| ()).unwrap_err().0[0].code.id(), "D002");
}

#[test]
fn a_lag_looks_back_over_rows_that_are_dropped() {
    let files = Memory::default().with("t.csv", "y,z\n1,1\n2,NA\n3,3\n4,4\n");
    let data = block(path("t.csv"), vec![plain(&["y", "z"], "real"), DataItem::Missing(name("drop"))]);
    let (mut columns, _) = schema(&data, &files, &Options::default());
    let of = |c: u32, by| Column {
        name: "lag".into(),
        lag: Some((crate::model::ColumnId(c), by)),
        range: None,
        ..columns[0].clone()
    };
    let more = [of(0, 1), of(1, 1)];
    columns.extend(more);
    let dataset = load(&data, &columns, &files, &Options::default()).unwrap();
    // Row 1 has nothing before it, row 2 lacks z, row 3 lacks the z before it.
    assert_eq!(dataset.numbers, [4]);
    assert_eq!((dataset.columns[2].get(0, 0), dataset.columns[3].get(0, 0)), (3.0, 3.0));
}

fn compare(column: &str, op: BinaryOp, value: Expr) -> Expr {
    let left = Expr { kind: ExprKind::Name(column.to_owned()), span: Span::new(1, 2) };
    let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(value) };
    Expr { kind, span: Span::new(1, 2) }
}
