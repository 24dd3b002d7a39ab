//! The page of results: a section per part between two markers, of which each part rewrites its own.

use std::collections::BTreeMap;
use std::path::Path;

/// The page, from the root of the repository.
pub const PATH: &str = "docs/inference-results.md";

/// What stands between a part's markers; nothing where it has none.
fn section(part: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH)).unwrap_or_default();
    let inner = |page: &str| {
        let (begin, end) = markers(part);
        Some(page.split_once(&begin)?.1.split_once(&end)?.0.to_owned())
    };
    inner(&page).unwrap_or_default()
}

/// Lines of a table that stay what they are, by their starts: those in which the words of BNNC_ROWS do not occur; none
/// where it is not set.
///
/// Ends the process, before anything is fitted, where no line has the words, or one that is to stay is not on the page.
pub fn kept(part: &str, starts: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    let Ok(words) = std::env::var("BNNC_ROWS") else { return BTreeMap::new() };
    let (wanted, others): (Vec<String>, Vec<String>) = starts.partition(|start| start.contains(&words));
    if wanted.is_empty() {
        eprintln!("no line of {part} has the words `{words}`");
        std::process::exit(2);
    }
    let page = section(part);
    let line = |start: String| match page.lines().find(|line| line.starts_with(&start)) {
        Some(line) => (start, line.to_owned()),
        None => {
            eprintln!("{PATH} has no line to keep that begins with `{start}`: run all of {part}");
            std::process::exit(2);
        }
    };
    others.into_iter().map(line).collect()
}

fn markers(part: &str) -> (String, String) {
    (format!("<!-- marks: {part} -->\n"), format!("<!-- end: {part} -->\n"))
}

/// Puts a new text between a part's markers; a part without markers is added at the end.
pub fn replace(part: &str, text: &str) -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    let page = std::fs::read_to_string(&path)?;
    let (begin, end) = markers(part);
    let section = format!("{begin}\n{}\n\n{end}", text.trim());
    let replaced = match (page.find(&begin), page.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{section}{}", &page[..from], &page[to + end.len()..])
        }
        _ => format!("{}\n\n## {part}\n\n{section}", page.trim_end()),
    };
    std::fs::write(path, replaced)
}

/// The range of some numbers as `low … high`, or one number where they print alike.
pub fn range(values: &[f64], decimals: usize) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (format!("{low:.decimals$}"), format!("{high:.decimals$}"));
    if low == high { low } else { format!("{low} … {high}") }
}
