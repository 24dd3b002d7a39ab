//! Nothing breaks the front end: sources and data that were cut, mutated, nested or made of other bytes end in a
//! finding or success, each within seconds.
//!
//! The ordinary test tries a few thousand; `cargo test --test suite -- --ignored a_long_campaign` tries
//! `BNNC_CASES` (100,000 if that is not set) from the seed `BNNC_SEED`.

use crate::support::files_in;
use bnnc::compile::{Options, analyse};
use bnnc::data::Files;
use bnnc::diagnostic::render::{github, human_all, json, sarif};
use bnnc::source::SourceFile;
use bnnc::syntax::{format::format, parse, print::print};
use rand::{RngExt, SeedableRng};
use std::io::{Cursor, Error, ErrorKind, Read};
use std::time::{Duration, Instant};

/// A front end that takes longer than this on a file of a few kilobytes is stuck.
const LONGEST: Duration = Duration::from_secs(10);

type Random = rand::rngs::ChaCha8Rng;

/// One file, whatever it is called.
struct Anything(Vec<u8>);

impl Files for Anything {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn Read>> {
        if path.is_empty() {
            return Err(Error::from(ErrorKind::NotFound));
        }
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}

/// Everything that `check` does, drawn in every format, and the layout of what can be read.
fn look(text: &str, data: &[u8]) -> usize {
    let started = Instant::now();
    let source = SourceFile::new("m.bnn", text);
    let found = analyse(&source, "m", &Anything(data.to_vec()), &Options::default()).findings;
    let shown = human_all(&found, &source, false);
    assert_eq!(shown.is_empty(), found.is_empty());
    found.0.iter().for_each(|f| {
        json(f, &source);
        github(f, &source);
    });
    sarif(&[(&source, &found)]);
    if let Ok(tree) = parse(&source) {
        let after = SourceFile::new("m.bnn", format(&source, &tree));
        let again = parse(&after).unwrap_or_else(|e| panic!("{e:?}\n{}\n---\n{}", source.text, after.text));
        assert_eq!(print(&tree), print(&again), "{}\n---\n{}", source.text, after.text);
        assert_eq!(format(&after, &again), after.text, "laid out twice\n{}", source.text);
        let comments =
            |t: &bnnc::syntax::ast::Ast| t.comments.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
        assert_eq!(comments(&tree), comments(&again), "{}\n---\n{}", source.text, after.text);
    }
    let took = started.elapsed();
    assert!(took < LONGEST, "{took:?} for\n{}", &text[..text.len().min(2000)]);
    found.0.len()
}

/// Right models to start from, without those that read files of many megabytes.
fn sources() -> Vec<String> {
    let folders = ["models", "tests/ui/check", "src/syntax/examples", "tests/stages/model", "tests/ui/fixes"];
    let all = folders.iter().flat_map(|f| files_in(f, "bnn")).map(|(_, text)| text);
    all.filter(|text| !text.contains("mnist")).collect()
}

/// Words that a mutation may put anywhere.
const WORDS: &[&str] = &[
    "~",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    ".",
    "^",
    "-",
    "*",
    "/",
    "==",
    "<-",
    "#",
    "\"",
    "\n",
    " ",
    "net",
    "each",
    "layer",
    "choose",
    "data",
    "const",
    "report",
    "fit",
    "split",
    "where",
    "take",
    "per",
    "on (0, inf)",
    "ordered",
    "censored by",
    "Normal",
    "HalfNormal",
    "Flat",
    "Mixture",
    "Dirichlet",
    "Categorical",
    "Point",
    "class(3)",
    "real",
    "count",
    "factor",
    "dense 5 tanh",
    "conv 3 3x3",
    "softmax",
    "heads",
    "standardize",
    "lag",
    "sum",
    "dot",
    "1e308",
    "-1e308",
    "1e-320",
    "inf",
    "-inf",
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "99999999999",
    "9007199254740993",
    "pi",
    "target +=",
    "dnorm(0, 1)",
    "real<lower=0> s",
    "é",
    "σ",
    "−",
    "\u{feff}",
    "\0",
    "\r\n",
    "\t",
    "x[1]",
    "f.1.w",
];

/// One change of a text.
fn mutate(text: &mut String, all: &[String], random: &mut Random) {
    let at = |text: &str, random: &mut Random| {
        let mut at = random.random_range(0..=text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (a, b) = (at(text, random), at(text, random));
    let (low, high) = (a.min(b), a.max(b));
    match random.random_range(0..9) {
        0 => text.truncate(a),
        1 => text.replace_range(low..high.min(at_most(text, low, 20)), ""),
        2 | 3 => text.insert_str(a, WORDS[random.random_range(0..WORDS.len())]),
        4 => {
            let piece = text[low..at_most(text, low, 40).max(low)].to_owned();
            text.insert_str(b.min(text.len()), &piece);
        }
        5 => {
            let other = &all[random.random_range(0..all.len())];
            let lines: Vec<&str> = other.lines().collect();
            let line =
                lines.get(random.random_range(0..lines.len().max(1))).copied().unwrap_or("").to_owned();
            let begin = text[..a].rfind('\n').map_or(0, |i| i + 1);
            text.insert_str(begin, &format!("{line}\n"));
        }
        6 => {
            // Two words change places.
            let words: Vec<(usize, String)> = text
                .split_inclusive([' ', '\n', '(', ')', ','])
                .scan(0, |n, w| {
                    let at = *n;
                    *n += w.len();
                    Some((at, w.to_owned()))
                })
                .collect();
            if words.len() > 1 {
                let (i, j) = (random.random_range(0..words.len()), random.random_range(0..words.len()));
                let mut changed: Vec<String> = words.into_iter().map(|(_, w)| w).collect();
                changed.swap(i, j);
                *text = changed.concat();
            }
        }
        7 => {
            // A number becomes another one.
            if let Some(at) = text[a..].find(|c: char| c.is_ascii_digit()).map(|i| a + i) {
                let end = text[at..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |i| at + i);
                let numbers =
                    ["0", "1", "2", "7", "300", "1e9", "4294967296", "18446744073709551616", "0.001"];
                text.replace_range(at..end, numbers[random.random_range(0..numbers.len())]);
            }
        }
        _ => {
            if let Some(c) = char::from_u32(random.random_range(0..0x2100)) {
                text.insert(a, c);
            }
        }
    }
}

fn at_most(text: &str, from: usize, length: usize) -> usize {
    let mut end = (from + length).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// A small data file with every column that the models name, and the same with its bytes changed.
fn data(random: &mut Random) -> Vec<u8> {
    let mut bytes = b"x,x1,x2,y,school,deaths,years,grade,yes,sigma,split\n".to_vec();
    for i in 0..12u32 {
        let part = if i % 4 == 0 { "valid" } else { "train" };
        let school = ["A", "B", "C"][i as usize % 3];
        bytes.extend(
            format!("{}.5,{i},-{i}.25,{},{school},{i},2.5,low,{},1,{part}\n", i, i % 2, i % 2).bytes(),
        );
    }
    for _ in 0..random.random_range(0..4u32) {
        let at = random.random_range(0..bytes.len().max(1));
        match random.random_range(0..5) {
            _ if at >= bytes.len() => bytes.push(random.random()),
            0 => bytes.truncate(at),
            1 => bytes[at] = random.random(),
            2 => bytes.splice(at..at, b"1e999,nan,-inf,\"".iter().copied()).for_each(drop),
            3 => bytes.splice(at..at, [0xff, 0xfe, 0x00, b'\n']).for_each(drop),
            _ => bytes.splice(at..(at + 7).min(bytes.len()), []).for_each(drop),
        }
    }
    bytes
}

fn campaign(cases: u64, seed: u64) {
    let all = sources();
    let mut with_findings = 0;
    for case in 0..cases {
        let mut random = Random::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(case));
        let mut text = all[random.random_range(0..all.len())].clone();
        for _ in 0..random.random_range(1..6u32) {
            mutate(&mut text, &all, &mut random);
        }
        let data = data(&mut random);
        // What made it fail must be known even if the failure is a loop or a stack that overflows.
        if std::env::var_os("BNNC_TRACE").is_some() {
            std::fs::write(std::env::temp_dir().join("bnnc_case.bnn"), &text).unwrap();
        }
        with_findings += usize::from(look(&text, &data) > 0);
    }
    assert!(with_findings as u64 > cases / 2, "{with_findings} of {cases}");
}

#[test]
fn mutated_models_and_data_end_in_findings() {
    campaign(1500, 1);
}

#[test]
#[ignore = "minutes; BNNC_CASES and BNNC_SEED say how many and which"]
fn a_long_campaign() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    campaign(number("BNNC_CASES", 100_000), number("BNNC_SEED", 7));
}

#[test]
fn extreme_texts_end_in_findings_soon() {
    let deep = 20_000;
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(deep), close.repeat(deep));
    let cases = [
        format!("a = {}", nested("(", ")")),
        format!("a = {}1", "(".repeat(deep)),
        format!("a = {}", nested("[", "]")),
        format!("a = {}", nested("exp(", ")")),
        format!("a = {}1", "-".repeat(deep)),
        format!("a = {}1", "2^".repeat(deep)),
        format!("net f(x) {}", nested("{ residual ", "}")),
        nested("choose a { b: { ", "} }"),
        nested("net f(x) { heads { a: { ", "} } }"),
        "{".repeat(deep),
        "}".repeat(deep),
        "\"".repeat(deep),
        "#".repeat(deep),
        "\n".repeat(deep),
        ";".repeat(deep),
        "x + ".repeat(250_000),
        format!("a = {}1", "x + ".repeat(250_000)),
        format!("a = {}1", "1 * ".repeat(250_000)),
        format!("a = [{}1]", "1, ".repeat(300_000)),
        "a".repeat(1_000_000),
        format!("a = {}", "9".repeat(1_000_000)),
        format!("a = 1e{}", "9".repeat(1_000_000)),
        format!("a = \"{}\"", "x".repeat(1_000_000)),
        format!("# {}", "x".repeat(1_000_000)),
        (0..20_000).map(|i| format!("a{i} = a{}\n", i + 1)).collect(),
        (0..20_000).map(|i| format!("a{i} ~ Normal(a{}, 1)\n", i + 1)).collect(),
        (0..20_000).map(|i| format!("a{i} ~\n")).collect(),
        (0..5_000).map(|i| format!("f{i}(x) = f{}(x) + f{}(x)\n", i + 1, i + 1)).collect::<String>() + "a = f0(1)",
        (0..40).map(|i| format!("f{i}(x) = f{}(x) + f{}(x + 1)\n", i + 1, i + 1)).collect::<String>() + "f40(x) = x\na = f0(1)",
        (0..40).map(|i| format!("choose c{i} {{ a: {{ x{i} = 1 }} b: {{ x{i} = 2 }} }}\n")).collect(),
        "data moons(1e15) { x1, x2 : real }\nx1 ~ Normal(x2, 1)".to_owned(),
        "data moons(100) { x1, x2 : real }\nb[99999999] ~ Normal(0, 1)\nx1 ~ Normal(b[1], 1)".to_owned(),
        "data moons(100) { x1, x2 : real }\nnet f(x) { dense 99999999 tanh; dense 99999999; dense 1 }\nx1 ~ Normal(f(x2), 1)".to_owned(),
        "data moons(100) { x1 : real[99999999]; x2 : class(99999999999) }\nx2 ~ Normal(x1, 1)".to_owned(),
    ];
    for text in cases {
        let started = Instant::now();
        look(&text, b"x,y\n1,2\n");
        if std::env::var_os("BNNC_TRACE").is_some() {
            eprintln!("{:?} {}", started.elapsed(), &text[..at_most(&text, 0, 60)]);
        }
    }
}

#[test]
fn any_encoding_of_source_and_data_is_answered() {
    let text = "data \"a.csv\" { x, y : real }\ny ~ Normal(x, 1)\n";
    let csv = "x,y\n1,2\n3,4\n";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let with_mark = |text: &str| [b"\xff\xfe".to_vec(), utf16(text)].concat();
    let latin = |text: &str| text.replace('x', "\u{e9}").chars().map(|c| c as u8).collect::<Vec<u8>>();
    for source in [text.as_bytes().to_vec(), utf16(text), with_mark(text), latin(text), vec![0; 5000]] {
        let source = String::from_utf8_lossy(&source).into_owned();
        for data in
            [csv.as_bytes().to_vec(), utf16(csv), with_mark(csv), latin(csv), vec![], vec![0xff; 5000]]
        {
            look(&source, &data);
        }
    }
    assert_eq!(look(&text.replace("Normal(x, 1)", "Normal(x, 3)"), csv.as_bytes()), 0);
    let crlf = text.replace('\n', "\r\n");
    assert!(
        analyse(
            &SourceFile::new("m.bnn", format!("\u{feff}{crlf}")),
            "m",
            &Anything(csv.into()),
            &Options::default()
        )
        .model
        .is_some()
    );
}
