//! `bnnc explain WORD`: the page of a code, a distribution, a layer or a function, in the terminal.

use super::terminal::Terminal;
use crate::diagnostic::{Code, Diagnostic, code, page as pages, suggest};
use crate::dist;
use clap::Args;

/// Explain a diagnostic code, a distribution, a layer or a function
#[derive(Debug, Args)]
pub(super) struct Options {
    /// A code (T010), or a name as it stands in models (Cauchy, dense, softplus)
    #[arg(value_name = "WORD")]
    pub word: String,
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    match page(&options.word) {
        Some(text) => {
            terminal.out(&format!("{}\n", text.trim_end()));
            0
        }
        None => terminal.refuse(&unknown(&options.word)),
    }
}

/// Returns the page of a word; upper and lower case are one where that leaves no doubt.
fn page(word: &str) -> Option<String> {
    let exact = |w: &str| Code::find(w).map(code_page).or_else(|| dist::page(w));
    exact(word).or_else(|| exact(known().into_iter().find(|k| k.eq_ignore_ascii_case(word))?))
}

fn code_page(code: Code) -> String {
    if let Some(text) = pages::page(code) {
        return text.to_owned();
    }
    let entry = code.entry();
    let level = match entry.level {
        code::Level::Error => "An error: it stops the compilation.",
        code::Level::Warning => "A warning: the model compiles, and is likely not what was meant.",
        code::Level::Note => "A note, shown with `--pedantic`.",
    };
    format!("{}: {}\n\n{level}\n", entry.id, entry.title)
}

/// Every word with a page, except codes.
fn known() -> Vec<&'static str> {
    dist::ALL.iter().map(|f| f.name).collect()
}

fn unknown(word: &str) -> Diagnostic {
    let finding = Diagnostic::new("N012", format!("there is no page on `{word}`"));
    let codes = code::ALL.iter().map(|e| e.id);
    match suggest::nearest(word, known().into_iter().chain(codes)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("pages exist for codes (T010), distributions, layers and functions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_distribution_has_a_page() {
        for word in code::ALL.iter().map(|e| e.id).chain(known()) {
            let page = page(word).unwrap_or_else(|| panic!("no page on {word}"));
            assert!(page.contains(word) && page.lines().count() > 1, "{page}");
        }
    }

    #[test]
    fn case_does_not_matter_and_near_words_are_offered() {
        assert_eq!(page("cauchy"), page("Cauchy"));
        assert_eq!(page("t010"), page("T010"));
        assert_eq!(unknown("Cuachy").help.unwrap(), "did you mean `Cauchy`?");
    }
}
