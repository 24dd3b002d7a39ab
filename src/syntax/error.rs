//! What can be wrong with the syntax, and its wording.
//!
//! One function per fault. The stages of this folder report where and what; the sentences are all here.

use super::ast::{BinaryOp, Expr, ExprKind, Name};
use super::brackets::DEEPEST;
use super::characters;
use super::foreign;
use super::grammar::Rule;
use super::lines::Lines;
use super::parser::LAYER_WORDS;
use super::symbols::{Symbol, symbol};
use super::tokens::{Kind, Token};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use pest::error::{Error, ErrorVariant, InputLocation};

/// More expected things than this are listed on a line of their own.
const SHOWN_IN_MESSAGE: usize = 3;

/// Where the parser could not go on.
pub fn place(fault: &Error<Rule>) -> usize {
    match fault.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// S001, or Z003 if the statement is spelled as in another language.
pub fn unexpected(
    fault: &Error<Rule>,
    lines: &Lines,
    source: &SourceFile,
    statement: Option<Span>,
) -> Diagnostic {
    let ErrorVariant::ParsingError { positives, .. } = &fault.variant else {
        return too_deep(Span::new(place(fault), place(fault)));
    };
    let pieces = statement.map(|s| lines.tokens_in(s)).unwrap_or_default();
    if let Some(finding) = foreign::statement(&pieces, source) {
        return finding;
    }
    let at = place(fault) as u32;
    let (found, span) = found(at, lines, source);
    let mut expected = expected(positives);
    if pieces.iter().rfind(|t| t.span.end <= at).is_some_and(|t| source.slice(t.span) == "~") {
        expected.iter_mut().filter(|e| **e == "an expression").for_each(|e| *e = "a distribution");
    }
    let message = match expected.len() {
        0 => format!("{found} is not expected here"),
        1..=SHOWN_IN_MESSAGE => format!("expected {}, found {found}", one_of(&expected)),
        _ => format!("{found} is not expected here"),
    };
    let mut finding = Diagnostic::new("S001", message).at(span, "");
    if expected.len() > SHOWN_IN_MESSAGE {
        finding = finding.note(format!("expected {}", one_of(&expected)));
    }
    match hint(at, &pieces, lines, source) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// What stands at a place, in words, and where to point.
fn found(at: u32, lines: &Lines, source: &SourceFile) -> (String, Span) {
    let next = lines.tokens.partition_point(|t| t.span.start < at);
    match lines.tokens.get(next) {
        Some(t) if !matches!(t.kind, Kind::Newline | Kind::Comment) => {
            (format!("`{}`", shortened(source.slice(t.span))), t.span)
        }
        other => {
            let last =
                lines.tokens[..next].iter().rev().find(|t| !matches!(t.kind, Kind::Newline | Kind::Comment));
            let end = last.map_or(at, |t| t.span.end);
            let what = if other.is_none() { "the end of the file" } else { "the end of the line" };
            (what.to_owned(), Span { start: end, end })
        }
    }
}

/// What the user could have written, in the order of the grammar.
fn expected(positives: &[Rule]) -> Vec<&'static str> {
    let mut needed = Vec::new();
    let mut possible = Vec::new();
    for rule in positives {
        match symbol(*rule) {
            Symbol::Needed(word) if !needed.contains(&word) => needed.push(word),
            Symbol::Possible(word) if !possible.contains(&word) => possible.push(word),
            _ => {}
        }
    }
    // A head such as `data` or `net` may be a name too; what its block wants says more.
    if needed.len() > 2 {
        needed.retain(|word| !matches!(*word, "`~`" | "`=`"));
    }
    if needed == ["a new line"] && possible.contains(&"an operator") {
        needed.insert(0, "an operator");
    }
    if needed.is_empty() { possible } else { needed }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// A way out for frequent slips, judged by the tokens around the place.
fn hint(at: u32, pieces: &[Token], lines: &Lines, source: &SourceFile) -> Option<String> {
    let reads = |t: Option<&Token>| t.map_or("", |t| source.slice(t.span));
    let here = pieces.iter().position(|t| t.span.start >= at).unwrap_or(pieces.len());
    let before = here.checked_sub(1).and_then(|i| pieces.get(i));
    let found = reads(pieces.get(here));
    let follows = |n: usize| reads(pieces.get(here + n));
    let is_definition =
        pieces.iter().any(|t| reads(Some(t)) == "=") && !pieces.iter().any(|t| reads(Some(t)) == "~");
    let digits = found.bytes().take_while(u8::is_ascii_digit).count();
    let help = match found {
        _ if here > 0 && is_net_word(reads(pieces.first())) && at_top(at, lines) => {
            "layers and `each` stand in a net: `net f(x) { … }`".to_owned()
        }
        "*" if reads(before) == "/" => "a comment starts with `#` and ends with its line".to_owned(),
        "(" if here > 1 && reads(pieces.get(here - 2)) == "." => {
            "functions and distributions are called by their names alone: `Normal(0, 1)`".to_owned()
        }
        "for" => "there are no loops: sizes stand left of `~`, as in `beta[3] ~ Normal(0, 1)`".to_owned(),
        "*" if reads(before) == "*" => "a power is written `a^b`".to_owned(),
        "==" => "a definition is written with one `=`, a comparison stands inside an expression".to_owned(),
        "<" | ">" | "<=" | ">=" if is_definition => {
            "one comparison at a time: `low < x < high` is `(low < x) * (x < high)`".to_owned()
        }
        ":" if here > 1 && is_word(before) && matches!(reads(pieces.get(here - 2)), "(" | ",") => {
            format!("an argument is named with `=`: `{} = {}`", reads(before), follows(1))
        }
        ":" if follows(1) != "=" => "there are no ranges: a size is one number, and so is an index".to_owned(),
        "on" | "ordered" | "weighted" | "censored" if is_definition => {
            "a suffix follows a distribution, and an unknown is written with `~`: `s ~ Normal(0, 1) on (0, inf)`".into()
        }
        "=" if follows(1) == "=" || matches!(reads(before), "+" | "-" | "*" | "/") => {
            "each name is defined once, with one `=`".to_owned()
        }
        _ if digits > 0 && digits < found.len() => match found[digits..].strip_prefix('E') {
            Some(_) => "write the exponent with a small `e`".to_owned(),
            None => format!("a product is written `{} * {}`; a name starts with a letter", &found[..digits], &found[digits..]),
        },
        _ if reads(before) == "}" && !found.is_empty() => {
            format!("write `;` or start a new line before `{}`", shortened(found))
        }
        ":" if pieces.get(here + 1).is_some_and(|t| reads(Some(t)) == "=") => {
            "a definition is written with `=` alone".to_owned()
        }
        _ if is_word(pieces.get(here)) && is_word(before) && colon_follows(&pieces[here..], source) => {
            format!("names of columns are parted by commas: `{}, {found}`", reads(before))
        }
        "." if reads(pieces.first()) == "data" => {
            "a file stands in quotes: `data \"file.csv\" { x, y : real }`".to_owned()
        }
        "*" | "/" | "^" | "+" if matches!(reads(before), "+" | "-" | "*" | "/" | "^" | "=" | "," | "(" | "~") => {
            format!("something is missing between `{}` and `{found}`", reads(before))
        }
        "" if here > 2 && reads(pieces.get(1)) == "(" && reads(before) == ")" => {
            match is_layer_elsewhere(reads(pieces.first())) {
                true => "a layer is a line of words, its activation last: `dense 8 relu`".to_owned(),
                false => {
                    "a declaration is `name = …` or `name ~ …`; nothing is called for its own sake".to_owned()
                }
            }
        }
        "" => {
            let next = lines.tokens.iter().find(|t| t.span.start >= at && !matches!(t.kind, Kind::Newline | Kind::Comment));
            match reads(next) {
                "{" => "`{` stands on the line of its head".to_owned(),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(help)
}

/// `Linear(8, 1)`, `Dense(8)`, `nn.ReLU()`: layers as libraries call them.
fn is_layer_elsewhere(word: &str) -> bool {
    const WORDS: [&str; 17] = [
        "dense",
        "linear",
        "conv",
        "conv1d",
        "conv2d",
        "maxpool2d",
        "relu",
        "tanh",
        "sigmoid",
        "softmax",
        "gelu",
        "dropout",
        "flatten",
        "layernorm",
        "batchnorm1d",
        "batchnorm2d",
        "embedding",
    ];
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(word))
}

fn is_word(token: Option<&Token>) -> bool {
    token.is_some_and(|t| t.kind == Kind::Word)
}

/// Whether a `:` stands among some tokens.
fn colon_follows(tokens: &[Token], source: &SourceFile) -> bool {
    tokens.iter().any(|t| source.slice(t.span) == ":")
}

/// Whether a word begins a layer or an `each`.
fn is_net_word(word: &str) -> bool {
    word == "each" || LAYER_WORDS.contains(&word)
}

/// Whether a place stands in no braces.
fn at_top(at: u32, lines: &Lines) -> bool {
    lines.statement_at(at as usize).is_some_and(|s| s.block.start == 0)
}

/// S002: round and square brackets that were opened and not closed, the outermost first.
pub fn unclosed(bracket: &str, spans: &[Span]) -> Diagnostic {
    let closing = match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    };
    let mut finding = Diagnostic::new("S002", format!("this `{bracket}` is never closed"));
    for (i, span) in spans.iter().enumerate() {
        finding = finding.at(*span, if i == 0 { "opened here" } else { "and here" });
    }
    finding.help(format!("add `{closing}` where it should end"))
}

/// S002: `(a]`.
pub fn wrong_bracket(opened: Span, opening: &str, closed: Span, closing: &str) -> Diagnostic {
    Diagnostic::new("S002", format!("this `{opening}` is closed by `{closing}`"))
        .at(opened, "opened here")
        .at(closed, "closed here by another kind of bracket")
}

/// S002: a text without its second quote.
pub fn open_text(span: Span) -> Diagnostic {
    Diagnostic::new("S002", "this quote is never closed")
        .at(Span { start: span.start, end: span.start + 1 }, "opened here")
        .help("a text ends on its line, with `\"`")
}

/// S001: a bracket that closes nothing.
pub fn stray_bracket(span: Span, bracket: &str) -> Diagnostic {
    Diagnostic::new("S001", format!("this `{bracket}` closes nothing")).at(span, "")
}

/// S003: a character or pasted quotes that the language does not have.
pub fn strange(span: Span, words: &str) -> Diagnostic {
    let c = words.chars().next().unwrap_or(' ');
    if let (true, Some(close)) = (words.chars().nth(1).is_some(), characters::closing_quote(c)) {
        let inside = &words[c.len_utf8()..words.len() - close.len_utf8()];
        return Diagnostic::new("S003", "a text stands in straight double quotes")
            .at(span, format!("{c} and {close} are not known"))
            .help(format!("write `\"{inside}\"`"))
            .fix(span, format!("\"{inside}\""));
    }
    let shown = if c.is_control() || c.is_whitespace() || is_invisible(c) {
        format!("U+{:04X}", c as u32)
    } else {
        format!("`{c}`")
    };
    let finding = Diagnostic::new("S003", format!("{shown} is not a character of the language"));
    match characters::strange(c) {
        Some(known) => {
            let finding = finding.at(span, format!("this is {}", known.called)).fix(span, known.instead);
            match known.instead {
                "" => finding.help("delete it"),
                " " => finding.help("write a plain blank"),
                "\n" => finding.help("write a plain line end"),
                "\"" => finding.help("a text stands in straight double quotes"),
                instead => finding.help(format!("write `{instead}`")),
            }
        }
        None => {
            let finding = finding.at(span, "");
            match characters::advice(c) {
                Some(advice) => finding.help(advice),
                None if c.is_alphabetic() => finding.help("names are made of a-z, A-Z, 0-9 and _"),
                None => finding,
            }
        }
    }
}

/// Whether a character shows nothing, so that its number must stand for it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// S004: brackets, signs and powers.
pub fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new("S004", format!("nested deeper than {DEEPEST}"))
        .at(span, "too deep from here on")
        .help("give an inner part a name with `name = …`")
}

/// S004: a tree that is too deep because its operators follow each other.
pub fn too_many_operators(span: Span, most: usize) -> Diagnostic {
    Diagnostic::new("S004", format!("more than {most} operators in one expression"))
        .at(span, "")
        .help("give parts of it names with `name = …`, or use vectors: `dot(x, beta)`")
}

/// Z003: `// …`
pub fn foreign_comment(span: Span) -> Diagnostic {
    let slashes = Span { start: span.start, end: span.start + 2 };
    Diagnostic::new("Z003", "a comment starts with `#`")
        .at(slashes, "`//` is the comment of Stan")
        .help("write `# …`")
        .fix(slashes, "#")
}

/// S001: a number that is no finite number.
pub fn too_large(span: Span) -> Diagnostic {
    Diagnostic::new("S001", "this number is too large")
        .at(span, "")
        .help("the largest is about 1.8e308; `inf` is written so")
}

/// S001: `x on (0, 1)` as an argument.
pub fn suffix_without_distribution(span: Span, words: &str) -> Diagnostic {
    Diagnostic::new("S001", format!("`{}` does not follow a distribution", shortened(words)))
        .at(span, "")
        .help("suffixes stand after a distribution: `Mixture(p, Normal(0, 1) on (0, inf), Delta(0))`")
}

/// S001: `dense 5 tanh dense 5 tanh`
pub fn two_layers(span: Span, word: &str, first: &Name) -> Diagnostic {
    Diagnostic::new("S001", "two layers on one line")
        .at(span, format!("`{word}` begins a second layer"))
        .at(first.span, "the first one")
        .help(format!("write `;` or start a new line before `{word}`"))
}

/// S001: `{ … }` in a net where no layer has it.
pub fn block_without_layer(span: Span, label: Option<&Name>) -> Diagnostic {
    let help = match label {
        Some(label) => format!(
            "a labelled stack stands inside `heads {{ {0}: {{ … }} }}`, alternatives inside `choose name {{ {0}: {{ … }} }}`",
            label.value
        ),
        None => "write what the block belongs to: `residual { … }`, `each layer { … }`".to_owned(),
    };
    Diagnostic::new("S001", "a block without a layer")
        .at(Span { start: span.start, end: span.start + 1 }, "")
        .help(help)
}

/// S001: `f(2) = 3`
pub fn parameters_must_be_names(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new("S001", "the parameters of a function are names")
        .at(span, "")
        .help(format!("write `{name}(a, b) = …` with names of your own, or `name = …` for a value"))
}

/// S001: `beta[1] = 3`
pub fn left_of_definition(span: Span, words: &str) -> Diagnostic {
    // `mu[i] = …`: the index of a loop.
    if let Some((name, index)) = words.split_once('[').filter(|(_, index)| index.len() == 2)
        && index.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Diagnostic::new("S001", format!("`{words}` cannot be defined"))
            .at(span, "there are no loops, and so no index")
            .note("a column stands for its value in every row, so a definition holds for all rows")
            .help(format!("write `{name} = …`"));
    }
    Diagnostic::new("S001", format!("`{}` cannot be defined", shortened(words)))
        .at(span, "the left of `=` is a name, or a function with its parameters")
        .help("write `name = …`; the parts of a vector are joined: `v = [a, b]`")
}

/// S001: `y ~ 3`, `y ~ Normal(0, 1) + 2`
pub fn not_a_distribution(span: Span, has_call: bool) -> Diagnostic {
    let finding =
        Diagnostic::new("S001", "the right of `~` must be a distribution").at(span, "this is a value");
    if has_call {
        finding.help(
            "nothing is added to a distribution; put it into the arguments: `y ~ Normal(2 + mu, sigma)`",
        )
    } else {
        finding.help("write `name = …` to define a value, or a distribution such as `Normal(mean, sd)`")
    }
}

/// N009: `beta["A"] ~ …`, `f.1.w[2] ~ …`
pub fn indexed_left(span: Span, base: &str) -> Diagnostic {
    Diagnostic::new("N009", "the left of `~` must be a name")
        .at(span, "this is one part of something")
        .note("on the left of `~`, `[…]` is a size and never an index")
        .help(format!("give each copy its own arguments: `{base}[2] ~ Normal([0, 0], [1, 2])`"))
}

/// Of `s^2`, `1 / s` and `1 / s^2` the name, what the whole is called, and how the name is made of that.
fn power(left: &ExprKind) -> Option<(&str, &'static str, &'static str)> {
    let ExprKind::Binary { op, left, right } = left else { return None };
    match (op, &left.kind, &right.kind) {
        (BinaryOp::Pow, ExprKind::Name(name), ExprKind::Number(2.0)) => {
            Some((name, "variance", "sqrt(variance)"))
        }
        (BinaryOp::Div, ExprKind::Number(1.0), ExprKind::Name(name)) => Some((name, "rate", "1 / rate")),
        (BinaryOp::Div, ExprKind::Number(1.0), inner) => match power(inner)? {
            (name, "variance", _) => Some((name, "precision", "1 / sqrt(precision)")),
            _ => None,
        },
        _ => None,
    }
}

/// N009: `log(sigma) ~ Normal(0, 1)`
pub fn left_of_tilde(span: Span, left: &ExprKind, right: &Expr, source: &SourceFile) -> Diagnostic {
    let words = source.slice(span);
    let finding = Diagnostic::new("N009", "the left of `~` must be a name");
    match left {
        ExprKind::Call { name, args } => {
            let inner = args.first().map_or("x", |a| source.slice(a.value.span));
            let finding =
                finding.at(span, format!("a density of `{}` needs a Jacobian", shortened(words))).note(
                    format!("if `{inner}` is a column, define `z = {}` and write `z ~ …`", shortened(words)),
                );
            let whole = span.to(right.span);
            match (name.value.as_str(), &right.kind) {
                ("log", ExprKind::Call { name: dist, args }) if dist.value == "Normal" && args.len() == 2 => {
                    let given: Vec<&str> = args.iter().map(|a| source.slice(a.value.span)).collect();
                    let cure = format!("{inner} ~ LogNormal({})", given.join(", "));
                    finding.help(format!("write `{cure}`")).fix(whole, cure)
                }
                ("log", _) => finding
                    .help(format!("write `{inner} ~ LogNormal(…)`, or another distribution of `{inner}`")),
                _ => finding.help(format!("give `{inner}` a distribution of its own: `{inner} ~ …`")),
            }
        }
        ExprKind::Field { .. } => finding
            .at(span, "a tensor of a net")
            .help("write its distribution in the net: `each layer { w ~ … }`, or in the braces of the layer"),
        _ => {
            let finding = finding.at(span, "this is an expression");
            let of_columns =
                format!("if it is made of columns only, define `z = {}` and write `z ~ …`", shortened(words));
            match power(left) {
                Some((name, new, back)) => finding.note(of_columns).help(format!(
                    "if `{name}` is an unknown, give the whole a name: `{new} ~ {}`, and below it `{name} = {back}`",
                    shortened(source.slice(right.span))
                )),
                None => finding.help(of_columns),
            }
        }
    }
}
