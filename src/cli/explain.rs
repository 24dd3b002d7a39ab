//! `bnnc explain WORD`: the page of a code, a distribution, a layer, a function, a fit option or another word of the
//! language, in the terminal.
//!
//! Each table that holds words of the language is a [`Section`]; a word that stands in several (`softmax` is a
//! function and an activation) gets all its pages.

use super::terminal::Terminal;
use crate::check::{pages, settings, signatures, words};
use crate::diagnostic::{Code, Diagnostic, code, page, suggest};
use crate::{dist, layers};
use clap::Args;
use serde_json::json;

/// Explain a diagnostic code, a distribution, a layer, a function or a fit option
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A code (T010), or a name as it stands in models (Cauchy, dense, softplus, draws)
    #[arg(value_name = "WORD")]
    pub word: String,
}

/// A table of words.
struct Section {
    words: fn() -> Vec<&'static str>,
    page: fn(&str) -> Option<String>,
}

const SECTIONS: &[Section] = &[
    Section { words: || code::ALL.iter().map(|e| e.id).collect(), page: |w| Code::find(w).map(code_page) },
    Section { words: || dist::ALL.iter().map(|f| f.name).collect(), page: pages::distribution },
    Section { words: || layers::ALL.iter().map(|l| l.name).collect(), page: pages::layer },
    Section { words: || layers::ACTIVATIONS.iter().map(|a| a.name).collect(), page: pages::activation },
    Section { words: || signatures::ALL.iter().map(|f| f.name).collect(), page: pages::function },
    Section { words: || settings::OPTIONS.iter().map(|o| o.name).collect(), page: pages::option },
    Section { words: pages::values, page: pages::value },
    Section { words: || words::ALL.iter().map(|w| w.name).collect(), page: words::page },
];

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    match pages_of(&options.word) {
        Some(text) if terminal.is_json => {
            terminal.out_json(&json!({ "word": options.word, "page": text }));
            0
        }
        Some(text) => {
            terminal.out(&format!("{}\n", text.trim_end()));
            0
        }
        None => terminal.refuse(&unknown(&options.word)),
    }
}

/// Returns the pages of a word; upper and lower case are one where the exact word is not known.
fn pages_of(word: &str) -> Option<String> {
    let of = |word: &str| {
        let found: Vec<String> = SECTIONS.iter().filter_map(|s| (s.page)(word)).collect();
        (!found.is_empty()).then(|| found.join("\n\n"))
    };
    of(word).or_else(|| of(known().into_iter().find(|k| k.eq_ignore_ascii_case(word))?))
}

fn known() -> Vec<&'static str> {
    SECTIONS.iter().flat_map(|s| (s.words)()).collect()
}

fn code_page(code: Code) -> String {
    if let Some(text) = page::page(code) {
        return text.trim_end().to_owned();
    }
    let entry = code.entry();
    let level = match entry.level {
        code::Level::Error => "An error: it stops the compilation.",
        code::Level::Warning => "A warning: the model compiles, and is likely not what was meant.",
        code::Level::Note => "A note, shown with `--pedantic`.",
    };
    format!("# {}: {}\n\n{level}", entry.id, entry.title)
}

fn unknown(word: &str) -> Diagnostic {
    let finding = Diagnostic::new("N012", format!("there is no page on `{word}`"));
    match suggest::nearest(word, known()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => {
            finding.help("pages exist for codes (T010), distributions, layers, functions, fit options and other words of the language")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_every_table_has_a_page() {
        for word in known() {
            let text = pages_of(word).unwrap_or_else(|| panic!("no page on {word}"));
            assert!(text.contains(word) && text.lines().count() > 1, "{text}");
        }
    }

    #[test]
    fn case_does_not_matter_and_near_words_are_offered() {
        assert_eq!(pages_of("cauchy"), pages_of("Cauchy"));
        assert_eq!(pages_of("t010"), pages_of("T010"));
        assert_eq!(unknown("Cuachy").help.unwrap(), "did you mean `Cauchy`?");
        assert_eq!(unknown("sofmax").help.unwrap(), "did you mean `softmax`?");
    }

    #[test]
    fn a_word_with_two_meanings_gets_both_pages() {
        let text = pages_of("softmax").unwrap();
        assert!(text.contains("an activation") && text.contains("a function"), "{text}");
    }
}
