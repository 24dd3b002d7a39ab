//! The page of every code of the table shows it: its failing example has the code and its cure has not, by looking at
//! the model or, where only a command finds it, by running what the page says. No code is left out.

use crate::docs_data::{Folder, files_of};
use bnnc::compile::{Options, analyse};
use bnnc::diagnostic::page::{Example, examples, page};
use bnnc::diagnostic::render::human_all;
use bnnc::diagnostic::{Code, Level, code};
use bnnc::source::SourceFile;
use std::path::Path;
use std::process::{Command, Stdio};

/// Codes without a cure that a model shows: a file that is missing, or has no rows, is mended elsewhere.
const CURED_ELSEWHERE: [&str; 2] = ["D015", "D017"];

/// What is wrong with the examples of a page that are looked at; how many fail and how many work.
fn looked_at(id: &str, text: &str, wrong: &mut Vec<String>) -> (usize, usize) {
    let folder = Folder(files_of(text));
    let (mut fails, mut works) = (0, 0);
    for example in examples(text) {
        let (model, expected): (_, &[&str]) = match example {
            Example::Fails(model) => (model, &[id]),
            Example::Works(model) => (model, &[]),
            Example::File(..) | Example::RunFails(_) | Example::RunWorks(_) => continue,
        };
        if expected.is_empty() {
            works += 1
        } else {
            fails += 1
        }
        let source = SourceFile::new(format!("{id}.bnn"), model);
        let mut found = analyse(&source, "example", &folder, &Options::default()).findings;
        // Errors and the code itself; that a page names a file which only its reader has is no fault of its own.
        found.0.retain(|d| d.level() == Level::Error || d.code.id() == id);
        found.0.retain(|d| d.code.id() != "D015" || id == "D015");
        let mut codes: Vec<&str> = found.0.iter().map(|d| d.code.id()).collect();
        codes.dedup();
        if codes != expected {
            let shown = human_all(&found, &source, false);
            wrong.push(format!("{id}: {codes:?}, expected {expected:?}\n{model}\n{shown}"));
        }
    }
    (fails, works)
}

/// Runs the commands of a page from top to bottom, with the model above them in `CODE.bnn`.
#[cfg(unix)]
fn run(id: &str, text: &str, wrong: &mut Vec<String>) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files_of(text) {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let (mut fails, mut works) = (0, 0);
    for example in examples(text) {
        let (commands, is_to_fail) = match example {
            Example::Fails(model) | Example::Works(model) => {
                let name = format!("{}.bnn", id.to_lowercase());
                std::fs::write(folder.path().join(name), model).expect("written");
                continue;
            }
            Example::File(..) => continue,
            Example::RunFails(commands) => (commands, true),
            Example::RunWorks(commands) => (commands, false),
        };
        if is_to_fail {
            fails += 1
        } else {
            works += 1
        }
        let lines: Vec<&str> = commands.lines().map(|line| line.trim_start_matches("$ ")).collect();
        for (i, line) in lines.iter().enumerate() {
            let said = said_by(line, folder.path());
            let shows = ["error", "warning"].iter().any(|level| said.contains(&format!("{level}[{id}]")));
            if shows != (is_to_fail && i + 1 == lines.len()) || (said.contains("error[") && !shows) {
                wrong.push(format!("{id}: `{line}` says\n{said}"));
            }
        }
    }
    (fails, works)
}

/// What a command prints beside its result.
#[cfg(unix)]
fn said_by(line: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_bnnc"));
    let own = program.parent().expect("it lies in a folder").as_os_str().to_owned();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", [own, others].join(std::ffi::OsStr::new(":")))
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[cfg(unix)]
#[test]
fn the_page_of_every_code_shows_it_and_its_cure() {
    let mut wrong = vec![];
    let mut ran = 0;
    for entry in code::ALL {
        let text = page(Code::named(entry.id)).unwrap_or_else(|| panic!("{} has no page", entry.id));
        let is_run = examples(text).iter().any(|e| matches!(e, Example::RunFails(_)));
        ran += usize::from(is_run);
        let look = if is_run { run } else { looked_at };
        let (fails, works) = look(entry.id, text, &mut wrong);
        if fails == 0 || (works == 0 && !CURED_ELSEWHERE.contains(&entry.id)) {
            wrong.push(format!("{}: {fails} failing examples, {works} cures", entry.id));
        }
    }
    assert!(wrong.is_empty(), "{} examples\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran >= 14, "{ran} pages with commands");
}

/// What only a fit finds is shown by a fit.
#[test]
fn pages_of_what_a_fit_finds_run_a_fit() {
    for entry in code::ALL.iter().filter(|e| e.seen_in == code::SeenIn::Fit) {
        let text = page(Code::named(entry.id)).expect("every code has a page");
        let fits = |e: &Example| matches!(e, Example::RunFails(commands) if commands.contains("$ bnnc fit "));
        assert!(examples(text).iter().any(fits), "{}", entry.id);
    }
}
