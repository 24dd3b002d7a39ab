//! The page of results: a section per part between two markers, of which each part rewrites its own.

use std::path::Path;

/// The page, from the root of the repository.
pub const PATH: &str = "docs/inference-results.md";

/// Puts a new text between a part's markers; a part without markers is added at the end.
pub fn replace(part: &str, text: &str) -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    let page = std::fs::read_to_string(&path)?;
    let (begin, end) = (format!("<!-- marks: {part} -->\n"), format!("<!-- end: {part} -->\n"));
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
