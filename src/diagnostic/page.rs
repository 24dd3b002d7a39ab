//! The page of a code, `docs/errors/CODE.md`: what `bnnc explain` prints.
//!
//! A page holds the smallest failing model in a block ` ```bnn fails `, the reason, and the cure with models in
//! blocks ` ```bnn `. A block ` ```csv NAME ` is a file that those models read. What only a command finds is shown by
//! a block ` ```console fails `, in which the last command shows the code; ` ```console ` does not. Commands find the
//! model above them in a file named like the code, `g007.bnn`. Tests run them all.

use super::Code;

macro_rules! pages {
    ($($id:literal)*) => {
        /// Pages by code, sorted.
        const PAGES: &[(&str, &str)] =
            &[$(($id, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors/", $id, ".md")))),*];
    };
}

pages! {
    "D001" "D002" "D003" "D004" "D005" "D006" "D007" "D008" "D009" "D010" "D011" "D012" "D013" "D014" "D015" "D016" "D017" "D018"
    "G001" "G002" "G003" "G004" "G005" "G006" "G007" "G008" "G009" "G010" "G011" "G012" "G013" "G014"
    "K001" "K002" "K003" "K004" "K005" "K006"
    "L001" "L002" "L003" "L004" "L005"
    "N001" "N002" "N003" "N004" "N005" "N006" "N007" "N008" "N009" "N010" "N011" "N012"
    "O001" "O002" "O003" "O004" "O005" "O006" "O007"
    "P001" "P002" "P003" "P004" "P010" "P011" "P012" "P013" "P014" "P015" "P016" "P017"
    "R001" "R002" "R003" "R004" "R005" "R006"
    "S001" "S002" "S003" "S004" "S005"
    "T001" "T002" "T003" "T004" "T005" "T006" "T007" "T010" "T011" "T012" "T013" "T020" "T021" "T022" "T023" "T024" "T025" "T026"
    "X001"
    "Z001" "Z002" "Z003"
}

/// The page of a code in Markdown, if it has one already.
pub fn page(code: Code) -> Option<&'static str> {
    PAGES.iter().find(|(id, _)| *id == code.id()).map(|(_, text)| *text)
}

/// One block of an example on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example<'a> {
    /// ` ```bnn fails `: a model that shows the code of its page.
    Fails(&'a str),
    /// ` ```bnn `: a model that does not.
    Works(&'a str),
    /// ` ```csv NAME `: a file that the models read.
    File(&'a str, &'a str),
    /// ` ```console fails `: commands, of which the last one shows the code.
    RunFails(&'a str),
    /// ` ```console `: commands that do not.
    RunWorks(&'a str),
}

/// The examples on a page, top to bottom.
pub fn examples(page: &str) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let Some((head, body)) = after.split_once('\n') else { break };
        let Some(end) = body.find("```") else { break };
        match head.split_once(' ').unwrap_or((head, "")) {
            ("bnn", "fails") => found.push(Example::Fails(&body[..end])),
            ("bnn", _) => found.push(Example::Works(&body[..end])),
            ("console", "fails") => found.push(Example::RunFails(&body[..end])),
            ("console", _) => found.push(Example::RunWorks(&body[..end])),
            ("csv", name) => found.push(Example::File(name, &body[..end])),
            _ => {}
        }
        rest = &body[end + 3..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::code::ALL;

    #[test]
    fn every_page_belongs_to_a_code_and_opens_with_it() {
        for (id, text) in PAGES {
            assert!(Code::find(id).is_some(), "{id} has a page and is in no table");
            assert!(text.starts_with(&format!("# {id}: ")), "{id}");
            assert!(text.contains("\n## Cure\n"), "{id} shows no way out");
        }
        assert!(PAGES.is_sorted(), "pages are found by eye, so they stand in order");
    }

    #[test]
    fn every_file_of_the_folder_is_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors");
        for file in std::fs::read_dir(folder).expect("the folder is part of the sources") {
            let name = file.expect("readable").file_name().into_string().expect("names are ASCII");
            assert!(
                PAGES.iter().any(|(id, _)| format!("{id}.md") == name),
                "{name} is not in the list of pages"
            );
        }
    }

    #[test]
    fn pages_hold_one_sentence_a_line() {
        for (id, text) in PAGES {
            let prose = text.split("```").step_by(2).flat_map(str::lines);
            for line in prose.filter(|l| !l.starts_with(['#', '|'])) {
                assert!(!line.contains(". "), "{id}: {line}");
            }
        }
    }

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(ALL.windows(2).all(|w| w[0].id < w[1].id));
    }
}
