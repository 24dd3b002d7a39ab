//! Fixes applied to a text: `check --fix`.

use super::Fix;

/// Applies fixes from left to right; one that overlaps an earlier one waits for the next round. Returns the text and
/// how many were applied.
pub fn apply(text: &str, fixes: &[&Fix]) -> (String, usize) {
    let mut sorted: Vec<&Fix> = fixes.to_vec();
    sorted.sort_by_key(|f| (f.span.start, f.span.end));
    let (mut out, mut at, mut count) = (String::with_capacity(text.len()), 0, 0);
    for fix in sorted {
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        let is_inside = start <= end && text.is_char_boundary(start) && text.is_char_boundary(end);
        if !is_inside || start < at || (start == at && count > 0 && start == end) {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&fix.replacement);
        at = end;
        count += 1;
    }
    out.push_str(&text[at..]);
    (out, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    #[test]
    fn fixes_that_overlap_wait() {
        let fix = |start, end, text: &str| Fix { span: Span { start, end }, replacement: text.into() };
        let (a, b, c) = (fix(0, 1, "x"), fix(0, 3, "y"), fix(4, 5, "z"));
        assert_eq!(apply("abcde", &[&b, &c, &a]), ("xbcdz".into(), 2));
        assert_eq!(apply("é", &[&fix(1, 2, "e")]), ("é".into(), 0));
    }
}
