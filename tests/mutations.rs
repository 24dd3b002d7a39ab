//! Files that were changed: every class of bytes of every file of a run folder and of every format of data. Each ends in
//! a finding or success.
//!
//! The ordinary test tries a few hundred; the slow one `BNNC_CASES`, 10,000 if that is not set.

use bnnc::compile::{Options, analyse};
use bnnc::data::Files;
use bnnc::report;
use bnnc::run_folder;
use bnnc::source::SourceFile;
use rand::{RngExt, SeedableRng};
use std::collections::HashMap;
use std::io::{Cursor, Error, ErrorKind, Read};
use std::path::Path;

type Random = rand::rngs::ChaCha8Rng;

struct Memory(HashMap<String, Vec<u8>>);

impl Files for Memory {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn Read>> {
        let bytes = self.0.get(path).ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        Ok(Box::new(Cursor::new(bytes.clone())))
    }
    fn list(&self, folder: &str) -> std::io::Result<Vec<String>> {
        let below = self.0.keys().filter_map(|k| k.strip_prefix(folder)?.strip_prefix('/'));
        let child = |name: &str| name.split_once('/').map_or(name.to_owned(), |(sub, _)| format!("{sub}/"));
        Ok(below.map(child).collect::<std::collections::BTreeSet<_>>().into_iter().collect())
    }
    fn room(&self) -> u64 {
        64 << 20
    }
}

/// Changes a file in one of the ways in which files go wrong or are made to.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        if out.is_empty() {
            return out;
        }
        let at = random.random_range(0..out.len());
        match random.random_range(0..8) {
            0 => out[at] ^= 1 << random.random_range(0..8),
            1 => {
                out[at] = [0, 0xff, 0x7f, 0x80, b'"', b'{', b'[', b'\n', b',', b'-', b'9']
                    [random.random_range(0..11)]
            }
            2 => out.truncate(at),
            3 => drop(out.drain(at..(at + random.random_range(1..9)).min(out.len()))),
            4 => {
                let more: Vec<u8> = (0..random.random_range(1..9)).map(|_| random.random()).collect();
                out.splice(at..at, more);
            }
            5 => {
                let part = out[at..(at + 16).min(out.len())].to_vec();
                let to = random.random_range(0..out.len());
                out.splice(to..to, part);
            }
            // A length or an offset of its largest value.
            6 => out[at..].iter_mut().take(8).for_each(|b| *b = 0xff),
            _ => {
                let digits: Vec<usize> =
                    (0..out.len()).filter(|i| out[*i].is_ascii_digit()).take(4096).collect();
                if let Some(i) = digits.get(random.random_range(0..digits.len().max(1))) {
                    out.splice(*i..*i, *b"999999999");
                }
            }
        }
    }
    out
}

/// A model and the files that it reads.
type Format = (&'static str, Vec<(&'static str, Vec<u8>)>);

/// The formats of data: the model that reads one, its files, and which of them is changed.
fn formats() -> Vec<Format> {
    let table = |by: &str| {
        (0..30).map(|i| format!("{}{by}{}{by}{}\n", i % 2, i as f64 * 0.37, i % 3)).collect::<String>()
    };
    let gzip = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
        std::io::Write::write_all(&mut packed, bytes).unwrap();
        packed.finish().unwrap()
    };
    let csv = format!("y,x,g\n{}", table(","));
    let idx = [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2][..], &[7; 16]].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 1, 0];
    let lines = "a ~ Normal(0, 1)\ns ~ HalfNormal(1)\nx ~ Normal(a, s)\n";
    let numpy = |name: &str| {
        std::fs::read(format!("{}/tests/oracles/numpy/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let picture = |name: &str| {
        std::fs::read(format!("{}/tests/oracles/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let model = |data: &str, rest: &str| -> &'static str {
        Box::leak(format!("data {data}\n{rest}").into_boxed_str())
    };
    let of_csv = "{ y : class(2); x : real; g : factor }";
    let net = "net f(x) { each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }\n dense 2 softmax\n}\ny ~ Categorical(probs = f(x))\n";
    let parquet = |name: &str| {
        std::fs::read(format!("{}/tests/oracles/parquet/{name}.parquet", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let of_parquet = |column: &str| {
        model(
            &format!(
                "\"t.parquet\" {{ x : real from \"{column}\"; g : factor from \"group\"; missing = drop }}"
            ),
            lines,
        )
    };
    vec![
        (of_parquet("f8"), vec![("t.parquet", parquet("snappy"))]),
        (of_parquet("i8"), vec![("t.parquet", parquet("deltas"))]),
        (of_parquet("price"), vec![("t.parquet", parquet("zstd"))]),
        (model(&format!("\"a.csv\" {of_csv}"), lines), vec![("a.csv", csv.clone().into_bytes())]),
        (
            model(&format!("\"a.tsv\" {of_csv}"), lines),
            vec![("a.tsv", format!("y\tx\tg\n{}", table("\t")).into_bytes())],
        ),
        (model(&format!("\"a.csv.gz\" {of_csv}"), lines), vec![("a.csv.gz", gzip(csv.as_bytes()))]),
        (
            model("idx(\"a.idx\", \"b.idx\") { x : image(2, 2); y : class(2) }", net),
            vec![("a.idx", idx.clone()), ("b.idx", labels)],
        ),
        (model("\"m.npy\" { x : real }", lines), vec![("m.npy", numpy("matrix.npy"))]),
        (model("\"s.npz\" { x : real from \"f8\" }", lines), vec![("s.npz", numpy("stored.npz"))]),
        (model("\"s.npz\" { x : real from \"f4\" }", lines), vec![("s.npz", numpy("packed.npz"))]),
        (
            model("images(\"p\") { x : image(8, 16, 3); y : class }", net),
            vec![("p/a/halves.jpg", picture("halves.jpg")), ("p/b/palette.png", picture("palette.png"))],
        ),
    ]
}

/// Checks a model whose data were changed; a panic fails the test.
fn data(cases: usize, random: &mut Random) -> usize {
    let formats = formats();
    let mut found = 0;
    for i in 0..cases {
        let (model, files) = &formats[i % formats.len()];
        let changed = random.random_range(0..files.len());
        let memory = files.iter().enumerate().map(|(k, (name, bytes))| {
            ((*name).to_owned(), if k == changed { mutated(bytes, random) } else { bytes.clone() })
        });
        let source = SourceFile::new("m.bnn", *model);
        found += usize::from(
            analyse(&source, "m", &Memory(memory.collect()), &Options::default()).findings.has_errors(),
        );
    }
    found
}

/// Reads run folders of which one file was changed, and draws their report; a panic fails the test.
fn folders(cases: usize, random: &mut Random) -> usize {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let old = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/format-1"));
    // A folder of before has no checksums: what is changed is read.
    let run = run_folder::read(old).unwrap_or_else(|f| panic!("{f}"));
    let names: Vec<String> = run.manifest.files.iter().cloned().chain(["manifest.json".to_owned()]).collect();
    std::fs::create_dir_all(folder.join("predictions")).unwrap();
    for name in &names {
        std::fs::copy(old.join(name), folder.join(name)).unwrap();
    }
    let mut found = 0;
    for i in 0..cases {
        let path = folder.join(&names[i % names.len()]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, mutated(&whole, random)).unwrap();
        match run_folder::read(&folder) {
            Ok(run) => drop(report::extras(&run)),
            Err(fault) => {
                found += 1;
                assert!(fault.diagnostic(&folder).help.is_some());
            }
        }
        std::fs::write(&path, whole).unwrap();
    }
    found
}

#[test]
fn changed_files_end_in_findings_or_success() {
    let mut random = Random::seed_from_u64(1);
    let (data, folders) = (data(400, &mut random), folders(200, &mut random));
    assert!(data > 100 && folders > 50, "mutations that nothing notices: {data}, {folders}");
}

#[test]
#[ignore = "slow: 10,000 changed files"]
fn ten_thousand_changed_files_end_in_findings_or_success() {
    let cases = std::env::var("BNNC_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let mut random = Random::seed_from_u64(2);
    let (data, folders) = (data(cases / 2, &mut random), folders(cases / 2, &mut random));
    println!("{cases} changed files: findings on {data} of the data, {folders} of the folders");
}
