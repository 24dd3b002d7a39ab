//! What holds for every text: examples parse, printing and reading again changes nothing, no text breaks the parser.

use super::ast::Ast;
use super::{parse, print::print};
use crate::diagnostic::render::{human, human_all};
use crate::source::SourceFile;
use std::fmt::Write;

/// The examples of the language's definition, and every form that they leave out.
const EXAMPLES: [(&str, &str); 9] = [
    ("moons", include_str!("examples/moons.bnn")),
    ("mnist", include_str!("examples/mnist.bnn")),
    ("eight_schools", include_str!("examples/eight_schools.bnn")),
    ("motor", include_str!("examples/motor.bnn")),
    ("kidiq", include_str!("examples/kidiq.bnn")),
    ("transfer", include_str!("examples/transfer.bnn")),
    ("one_liners", include_str!("examples/one_liners.bnn")),
    ("each_form", include_str!("examples/each_form.bnn")),
    ("words_are_free", include_str!("examples/words_are_free.bnn")),
];

fn file(text: &str) -> SourceFile {
    SourceFile::new("model.bnn", text)
}

/// All findings of a text as printed, or nothing.
fn findings(text: &str) -> String {
    match parse(&file(text)) {
        Ok(_) => String::new(),
        Err(found) => human_all(&found, &file(text), false),
    }
}

/// The codes of the findings, in order.
fn codes(text: &str) -> Vec<&'static str> {
    parse(&file(text)).err().map(|found| found.0.iter().map(|d| d.code.id()).collect()).unwrap_or_default()
}

/// The tree as text without its spans and comments.
fn shape(mut ast: Ast) -> String {
    ast.comments.clear();
    let shown = format!("{ast:?}");
    let mut out = String::new();
    let mut rest = shown.as_str();
    while let Some(at) = rest.find("Span { start: ") {
        let _ = write!(out, "{}_", &rest[..at]);
        let tail = &rest[at..];
        rest = &tail[tail.find('}').expect("a span ends") + 1..];
    }
    out + rest
}

#[test]
fn examples_parse() {
    for (name, text) in EXAMPLES {
        assert_eq!(findings(text), "", "{name}");
    }
}

#[test]
fn printing_and_reading_again_changes_nothing() {
    for (name, text) in EXAMPLES {
        let ast = parse(&file(text)).expect(name);
        let printed = print(&ast);
        let again = parse(&file(&printed)).unwrap_or_else(|e| panic!("{name}: {e:?}\n{printed}"));
        assert_eq!(shape(ast), shape(again.clone()), "{name}\n{printed}");
        assert_eq!(printed, print(&again), "{name}");
    }
}

#[test]
fn brackets_print_where_the_tree_needs_them() {
    for (written, printed) in [
        ("a = (b + c) * d", "a = (b + c) * d\n"),
        ("a = b + (c * d)", "a = b + c * d\n"),
        ("a = b - (c - d) - e", "a = b - (c - d) - e\n"),
        ("a = (-x)^2 + -x^2", "a = (-x)^2 + -x^2\n"),
        ("a = (2^3)^4 + 2^(3^4) + 2^-1", "a = (2^3)^4 + 2^3^4 + 2^-1\n"),
        ("a = (x < 2) * (y == \"A\")", "a = (x < 2) * (y == \"A\")\n"),
        ("a = -(-x) - (-(x + 1))", "a = --x - -(x + 1)\n"),
        ("a = (b + c)[1] + (2)[1] + f.1.w[2, 3]", "a = (b + c)[1] + (2)[1] + f.1.w[2, 3]\n"),
        ("a = 1e-7 + 0.00001 + 1e20 + 100000 + 2.50", "a = 1e-7 + 0.00001 + 1e20 + 100000 + 2.5\n"),
        ("a = x / (y / z) / (u * v)", "a = x / (y / z) / (u * v)\n"),
    ] {
        let ast = parse(&file(written)).expect(written);
        assert_eq!(print(&ast), printed);
        assert_eq!(shape(parse(&file(printed)).expect(printed)), shape(ast));
    }
}

#[test]
fn spans_point_at_the_words() {
    let text = "a = 1 # é\n\ny ~ Normal(\n  (mu + 2) * f(x).mean,  # the mean\n  s)\n  on (0, inf)";
    let source = file(text);
    let ast = parse(&source).expect("parses");
    let super::ast::Item::Random { name, dist, .. } = &ast.items[1] else { panic!("{ast:?}") };
    assert_eq!(source.slice(name.span), "y");
    assert_eq!(source.slice(dist.args[0].value.span), "(mu + 2) * f(x).mean");
    assert_eq!(source.slice(dist.args[1].value.span), "s");
    assert_eq!(source.slice(dist.suffixes[0].span), "on (0, inf)");
    assert_eq!(ast.comments.iter().map(|c| c.value.as_str()).collect::<Vec<_>>(), ["# é", "# the mean"]);
    assert!(ast.comments.iter().all(|c| source.slice(c.span) == c.value));
}

#[test]
fn independent_faults_are_found_together() {
    let text = "x <- 3\nmu ~ Normal(0, 1\ny ~ ~ 2\nnet f(x) {\n  dense 5 tanh dense 5\n  dense ]\n  w = = 2\n}\nz = a b\nτ = 2\n";
    assert_eq!(
        codes(text),
        ["Z003", "S002", "S001", "S001", "S001", "S001", "S001", "S003"],
        "{}",
        findings(text)
    );
}

#[test]
fn a_refused_layer_is_found_when_the_rest_parses() {
    assert_eq!(
        codes("net f(x) { dense 5 tanh dense 5 }\nlog(a) ~ Normal(0, 1)\ny ~ a + b"),
        ["S001", "N009", "Z003"]
    );
}

#[test]
fn a_power_on_the_left_is_given_a_name() {
    let cases = [
        ("s^2 ~ InvGamma(2, 1)", "`variance ~ InvGamma(2, 1)`, and below it `s = sqrt(variance)`"),
        ("1 / s^2 ~ Gamma(2, 1)", "`precision ~ Gamma(2, 1)`, and below it `s = 1 / sqrt(precision)`"),
        ("1 / s ~ Gamma(2, 1)", "`rate ~ Gamma(2, 1)`, and below it `s = 1 / rate`"),
        ("s^3 ~ Gamma(2, 1)", "if it is made of columns only"),
    ];
    for (text, says) in cases {
        assert!(findings(text).contains(says), "{text}: {}", findings(text));
    }
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("exp(", ")"), ("-", ""), ("2^", ""), ("2^-", ""), ("v[", "]")]
    {
        let nested = |n: usize| format!("a = {}x{}\nb ~ Normal(0, 1)", open.repeat(n), close.repeat(n));
        let each = open.matches(['(', '[', '-', '^']).count();
        assert_eq!(codes(&nested(250 / each)), [""; 0], "{open}");
        assert_eq!(codes(&nested(300)), ["S004"], "{open}");
        assert_eq!(codes(&nested(100_000)), ["S004"], "{open}");
    }
    let blocks = |n: usize| format!("net f(x) {{ {}dense 1{} }}", "residual { ".repeat(n), " }".repeat(n));
    assert_eq!(codes(&blocks(250)), [""; 0]);
    assert_eq!(codes(&blocks(300)), ["S004"]);
    let choices = |n: usize| format!("{}a = 1{}", "choose p { a: { ".repeat(n), " } }".repeat(n));
    assert_eq!(codes(&choices(120)), [""; 0]);
    assert_eq!(codes(&choices(20_000)), ["S004"]);
}

#[test]
fn long_chains_are_bounded() {
    for link in [" + x", " * x", ".x", "[1]"] {
        assert_eq!(codes(&format!("a = x{}", link.repeat(400))), [""; 0], "{link}");
        assert_eq!(codes(&format!("a = x{}", link.repeat(100_000))), ["S004"], "{link}");
    }
    let list = format!("a = [{}]", "1, ".repeat(50_000));
    assert_eq!(codes(&list), [""; 0]);
}

/// Time must grow with the length and not with what stands in the text; the limit is generous for slow machines.
#[test]
fn large_and_hostile_texts_take_linear_time() {
    let hostile = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "(]",
        "{)",
        "\n",
        ";",
        "(\n",
        "on (\n",
        "\"",
        "\"a",
        "'",
        "“",
        "#",
        "//",
        "é",
        "|",
        "-",
        "x",
        "x ",
        "x\n",
        "x = \n",
        "x ~\n",
        "x[",
        "x[\n",
        "a(",
        "a.",
        "ordered ",
        "x = 1 +\n",
        "{}",
        "a: {",
        "choose a { b: {\n",
        "net f(x) { dense 1\n",
        "each a {",
        "x = 2x\n",
        "x = ;",
        "y ~ a + b\n",
        "1",
        "1x",
        "^",
        "=",
        "τ",
        "data \"x\" {",
        "for (",
        "if x {}\n",
        "\u{feff}",
        "\r",
        "\0",
        "x <- 1\n",
        "net f(x) { y }\n",
        "(;",
        "({",
    ];
    let start = std::time::Instant::now();
    for piece in hostile {
        let text = piece.repeat(60_000 / piece.len());
        let _ = parse(&file(&text));
        let _ = parse(&file(&format!("x = {text}")));
        let _ = parse(&file(&format!("net f(x) {{\n{text}\n}}")));
        assert!(start.elapsed().as_secs() < 120, "{piece:?}");
    }
}

/// A small generator: the same texts every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

#[test]
fn cut_and_mutated_models_are_answered() {
    const PIECES: [&str; 40] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "#",
        ";",
        "\n",
        "~",
        "=",
        "==",
        "<-",
        ",",
        ":",
        ".",
        "+",
        "-",
        "^",
        "*",
        "x",
        "2",
        "2x",
        "5x5",
        "on",
        "ordered",
        "weighted by",
        "net",
        "each",
        "choose",
        "data",
        "fit",
        "heads",
        "dense",
        "−",
        "“",
        "σ",
        "é",
        "\0",
    ];
    let mut dice = Dice(1);
    let mut refused = 0;
    for (name, text) in EXAMPLES {
        let starts: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
        for round in 0..150 {
            let at = starts[dice.roll(starts.len())];
            let end = starts[dice.roll(starts.len())];
            let mut mutated = match round % 3 {
                0 => text[..at].to_owned(),
                1 => format!("{}{}{}", &text[..at], PIECES[dice.roll(PIECES.len())], &text[at..]),
                _ => format!("{}{}", &text[..at.min(end)], &text[at.max(end)..]),
            };
            if round % 2 == 0 {
                mutated.push_str(PIECES[dice.roll(PIECES.len())]);
            }
            let source = file(&mutated);
            match parse(&source) {
                Ok(ast) => {
                    let printed = print(&ast);
                    let again = parse(&file(&printed)).unwrap_or_else(|e| panic!("{name}: {e:?}\n{printed}"));
                    assert_eq!(shape(ast), shape(again), "{name}\n{mutated}");
                }
                Err(found) => {
                    refused += 1;
                    assert!(found.has_errors(), "{name}\n{mutated}");
                    assert!(found.0.iter().all(|d| !human(d, &source, false).is_empty()));
                    assert!(found.0.iter().all(|d| !d.labels.is_empty()), "{found:?}");
                }
            }
        }
    }
    assert!(refused > 300, "most mutations break a model, {refused} did");
}

#[test]
fn bytes_that_are_not_text_are_answered() {
    let mut dice = Dice(2);
    for length in [0, 1, 2, 10, 100, 1000, 20_000] {
        let bytes: Vec<u8> = (0..length).map(|_| dice.roll(256) as u8).collect();
        let _ = parse(&file(&String::from_utf8_lossy(&bytes)));
    }
    assert_eq!(codes("\u{feff}a = 1\r\nb = 2\r\n"), [""; 0]);
    assert_eq!(codes(""), [""; 0]);
    assert_eq!(codes("\n;;\n # nothing"), [""; 0]);
}
