//! Findings about what the user gave: code, place, cause and way out.
//!
//! A stage collects [`Diagnostic`]s in [`Diagnostics`]; only [`render`] turns them into text.
//! The level of a code is fixed by the table in [`code`]; a stage can only soften it to a note.

pub mod code;
pub mod fix;
pub mod page;
pub mod render;
pub mod suggest;

use crate::source::Span;
pub use code::{Code, Level};

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Which entry of the table.
    pub code: Code,
    /// One line in the user's words.
    pub message: String,
    /// Places; the first is the primary one. Empty for findings without a place in the source.
    pub labels: Vec<Label>,
    /// Causes and consequences, one line each (`= …`).
    pub notes: Vec<String>,
    /// The way out (`= help: …`), with corrected source where possible.
    pub help: Option<String>,
    /// What `--fix` would write.
    pub fix: Option<Fix>,
    /// Which alternative of a `choose` this was found in, when it is not the default.
    pub alternative: Option<String>,
    /// Whether it is told as a note, because in this case it may be right.
    pub is_softened: bool,
}

/// A place with a few words.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there; may be empty.
    pub text: String,
}

/// A replacement of source text that cures a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

impl Diagnostic {
    /// Starts a finding; add places, notes and help with the methods below.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            code: Code::named(code),
            message: message.into(),
            labels: vec![],
            notes: vec![],
            help: None,
            fix: None,
            alternative: None,
            is_softened: false,
        }
    }
    /// Adds a place; the first one added is the primary one.
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
    /// Adds a line that explains.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// Sets the way out.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
    /// Sets the machine-applicable cure.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }
    /// Tells it as a note: the table says that this case of the code may be right.
    pub fn as_note(mut self) -> Self {
        self.is_softened = true;
        self
    }
    /// Message, notes, alternative and help, a line each: what programs that have one field for words are given.
    pub fn in_words(&self) -> String {
        let alternative = self.alternative.iter().map(|a| format!("in the alternative {a}"));
        let help = self.help.iter().map(|h| format!("help: {h}"));
        let lines: Vec<String> = std::iter::once(self.message.clone())
            .chain(self.notes.iter().cloned())
            .chain(alternative)
            .chain(help)
            .collect();
        lines.join("\n")
    }
    /// The level of this code, or a note where this case of it may be right.
    pub fn level(&self) -> Level {
        if self.is_softened { Level::Note } else { self.code.level() }
    }
}

/// Findings in the order they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one, unless an equal code with the same primary place is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let same = |d: &Diagnostic| {
            d.code == diagnostic.code
                && d.labels.first().map(|l| l.span) == diagnostic.labels.first().map(|l| l.span)
                && (d.message == diagnostic.message || !diagnostic.labels.is_empty())
        };
        if !self.0.iter().any(same) {
            self.0.push(diagnostic);
        }
    }
    /// Adds all of another list.
    pub fn extend(&mut self, other: Diagnostics) {
        for d in other.0 {
            self.push(d);
        }
    }
    /// Whether any finding stops the compilation.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.level() == Level::Error)
    }
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Sorts by place, then code, so that messages read from top to bottom.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|d| (d.labels.first().map_or(u32::MAX, |l| l.span.start), d.code));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(d: Diagnostic) -> Self {
        Diagnostics(vec![d])
    }
}

/// How many elements of an array a message names.
pub const SHOWN: usize = 6;

/// Elements of an array in words, counted from 1; of many the first [`SHOWN`].
pub fn elements(at: &[usize]) -> String {
    let numbers: Vec<String> = at.iter().take(SHOWN).map(|i| (i + 1).to_string()).collect();
    match (numbers.as_slice(), at.len()) {
        ([one], _) => format!("element {one}"),
        (some, n) if n > SHOWN => format!("elements {} and {} more", some.join(", "), n - SHOWN),
        ([before @ .., last], _) => format!("elements {} and {last}", before.join(", ")),
        ([], _) => "no element".to_owned(),
    }
}
