//! House rules that no one has to remember: who may use whom, and how a file begins.
//!
//! The table of rows stands in `docs/architecture.md` and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

const ARCHITECTURE: &str = include_str!("../docs/architecture.md");

/// The rows of the table: row number and its modules.
fn rows() -> Vec<(usize, Vec<String>)> {
    let table = ARCHITECTURE.lines().skip_while(|l| !l.starts_with("| row |")).skip(2);
    let cells = |l: &str| l.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    let modules = |c: &str| c.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    table
        .take_while(|l| l.starts_with('|'))
        .map(cells)
        .map(|c| (c[0].parse().expect("a row begins with its number"), modules(&c[1])))
        .collect()
}

fn row_of(module: &str) -> Option<usize> {
    rows().into_iter().find(|(_, modules)| modules.iter().any(|m| m == module)).map(|(row, _)| row)
}

/// Every Rust file under a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let (mut found, folder) = (vec![], Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    if folder.is_dir() {
        files(&folder, &mut found);
    }
    found
}

/// The module of the first row that a file belongs to: `src/tape/ops/mod.rs` is of `tape`.
fn module_of(file: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let first = file.strip_prefix(&root).unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_string_lossy().into_owned()
}

/// The modules that a text reaches through `crate::`, in prose not counted; tests may look anywhere.
fn used(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let code: String = code.lines().map(|l| l.split("//").next().unwrap().to_owned() + "\n").collect();
    let mut found = vec![];
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend(word(rest)),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The first words of the branches of `{a::b, c::{d, e}}`, the opening brace taken away.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut out) = (0, 0, vec![]);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                out.extend(word(group[start..i].trim_start()));
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    out
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    // A capital letter is an item of the crate's root, not a module.
    (end > 0 && text.starts_with(|c: char| c.is_ascii_lowercase())).then(|| text[..end].to_owned())
}

#[test]
fn modules_use_only_those_below_them() {
    let mut wrong = vec![];
    for file in sources("src").iter().filter(|f| f.file_stem().is_none_or(|s| s != "tests" && s != "lib")) {
        let module = module_of(file);
        let Some(row) = row_of(&module) else {
            wrong.push(format!("{module} has no row in docs/architecture.md"));
            continue;
        };
        for other in used(&fs::read_to_string(file).unwrap()).into_iter().filter(|o| *o != module) {
            match row_of(&other) {
                Some(below) if below < row => {}
                Some(above) if above > row => {
                    wrong.push(format!(
                        "{module} uses {other}, but {other} is above {module} ({})",
                        file.display()
                    ));
                }
                Some(_) => {
                    wrong.push(format!(
                        "{module} uses {other}, but {other} is beside {module} ({})",
                        file.display()
                    ));
                }
                None => {
                    wrong.push(format!("{module} uses {other}, which has no row in docs/architecture.md"))
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_module_stands_in_the_table_once_and_exists() {
    let mut named: Vec<String> = rows().into_iter().flat_map(|(_, modules)| modules).collect();
    named.sort();
    let mut there: Vec<String> = sources("src").iter().map(|f| module_of(f)).filter(|m| m != "lib").collect();
    there.sort();
    there.dedup();
    assert_eq!(named, there, "left: docs/architecture.md, right: src");
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent = |file: &PathBuf| !fs::read_to_string(file).unwrap().starts_with("//!");
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources);
    let silent: Vec<PathBuf> = all.filter(silent).collect();
    assert!(silent.is_empty(), "these files do not begin with `//!`: {silent:#?}");
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let text = "//! see crate::cli\nuse crate::tape::Tape;\nuse crate::{model::{Expr, x}, ty};\nlet x = crate::dist::ALL; \
                // crate::report\npub use crate::Run;\n#[cfg(test)]\nmod tests { use crate::engine; }";
    assert_eq!(used(text), ["dist", "model", "tape", "ty"]);
}
