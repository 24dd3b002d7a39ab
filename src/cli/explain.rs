//! `bnnc explain WORD`: the page of a code, a distribution, a layer, a function or a fit option, in the terminal.
//!
//! Each table that holds words of the language is a [`Section`]; a word that stands in several (`softmax` is a
//! function and an activation) gets all its pages.

use super::terminal::Terminal;
use crate::check::{settings, signatures};
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
    Section { words: || dist::ALL.iter().map(|f| f.name).collect(), page: dist::page },
    Section { words: || layers::ALL.iter().map(|l| l.name).collect(), page: layer_page },
    Section { words: || layers::ACTIVATIONS.iter().map(|a| a.name).collect(), page: activation_page },
    Section { words: || signatures::ALL.iter().map(|f| f.name).collect(), page: function_page },
    Section { words: || settings::OPTIONS.iter().map(|o| o.name).collect(), page: option_page },
    Section { words: values_of_options, page: value_page },
];

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    match pages(&options.word) {
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
fn pages(word: &str) -> Option<String> {
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

fn layer_page(word: &str) -> Option<String> {
    layers::find(word).map(|l| format!("{}: a layer of a net\n\n    {}\n\n{}", l.name, l.usage, l.page))
}

fn activation_page(word: &str) -> Option<String> {
    let activation = layers::find_activation(word)?;
    let name = activation.name;
    Some(format!(
        "{name}: an activation, the last word of a layer\n\n    dense 5 {name}\n\n{}",
        activation.formula
    ))
}

fn function_page(word: &str) -> Option<String> {
    use signatures::Form;
    let function = signatures::find(word)?;
    let name = function.name;
    let (call, kind) = match function.form {
        Form::Elementwise(_) => ("x", "element by element"),
        Form::Reduce(_) => ("v", "of a vector"),
        Form::ReduceOrTwo(..) => ("v", "of a vector, or of two values"),
        Form::Vector(_) => ("v", "of a vector"),
        Form::Dot => ("a, b", "of two vectors"),
        Form::Levels => ("y", "of a column"),
        Form::OverRows(signatures::OverRows::Lag) => ("x, k", "of the rows of a column"),
        Form::OverRows(_) => ("x", "of the rows of a column"),
    };
    Some(format!("{name}: a function {kind}\n\n    {name}({call})\n\n{}", function.page))
}

fn option_page(word: &str) -> Option<String> {
    let option = settings::find(word)?;
    let mut values: Vec<&str> = option.words.to_vec();
    if option.number.is_some() {
        values.push("a number");
    }
    let name = option.name;
    let mut page = format!(
        "{name}: an option of `fit`\n\n    fit {{ {name} = {} }}\n\n{}\n",
        option.default, option.page
    );
    page.push_str(&format!("values   {} (default {})\n", values.join(", "), option.default));
    if !option.planned.is_empty() {
        page.push_str(&format!("not yet  {}\n", option.planned.join(", ")));
    }
    Some(page.trim_end().to_owned())
}

/// Words that are values of options and nothing else says what they are: `advi`, `meanfield`.
fn values_of_options() -> Vec<&'static str> {
    let all = settings::OPTIONS.iter().flat_map(|o| o.words.iter().chain(o.planned).copied());
    all.filter(|w| !["auto", "all", "off", "true", "false"].contains(w)).collect()
}

fn value_page(word: &str) -> Option<String> {
    let holds = |o: &&settings::FitOption| o.words.contains(&word) || o.planned.contains(&word);
    let option = values_of_options().contains(&word).then(|| settings::OPTIONS.iter().find(holds))??;
    let yet = if option.planned.contains(&word) { "; not in this version yet" } else { "" };
    Some(format!("{word}: a value of the fit option `{}`{yet}\n\n{}", option.name, option_page(option.name)?))
}

fn unknown(word: &str) -> Diagnostic {
    let finding = Diagnostic::new("N012", format!("there is no page on `{word}`"));
    match suggest::nearest(word, known()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => {
            finding.help("pages exist for codes (T010), distributions, layers, functions and fit options")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_every_table_has_a_page() {
        for word in known() {
            let text = pages(word).unwrap_or_else(|| panic!("no page on {word}"));
            assert!(text.contains(word) && text.lines().count() > 1, "{text}");
        }
    }

    #[test]
    fn case_does_not_matter_and_near_words_are_offered() {
        assert_eq!(pages("cauchy"), pages("Cauchy"));
        assert_eq!(pages("t010"), pages("T010"));
        assert_eq!(unknown("Cuachy").help.unwrap(), "did you mean `Cauchy`?");
        assert_eq!(unknown("sofmax").help.unwrap(), "did you mean `softmax`?");
    }

    #[test]
    fn a_word_with_two_meanings_gets_both_pages() {
        let text = pages("softmax").unwrap();
        assert!(text.contains("an activation") && text.contains("a function"), "{text}");
    }
}
