//! Model text to HTML: line numbers, comments, strings and the words that open a declaration set apart.
//!
//! This is for the eye only and never fails; what a word means is decided by the grammar.

use super::figures::canvas::escape;

const OPENERS: [&str; 12] =
    ["data", "const", "net", "choose", "report", "fit", "each", "split", "test", "missing", "where", "take"];

/// Returns a numbered listing.
pub(super) fn listing(source: &str) -> String {
    let line = |(i, l): (usize, &str)| format!("<span class=\"n\">{}</span>{}\n", i + 1, coloured(l));
    let lines: String = source.lines().enumerate().map(line).collect();
    format!("<pre class=\"model\">{lines}</pre>\n")
}

fn coloured(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    let mut is_first_word = true;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '#' => rest.len(),
            '"' => rest[1..].find('"').map_or(rest.len(), |i| i + 2),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        let class = match c {
            '#' => Some("comment"),
            '"' => Some("string"),
            '~' => Some("tilde"),
            _ if is_first_word && OPENERS.contains(&token) => Some("opener"),
            c if c.is_ascii_uppercase() => Some("family"),
            _ => None,
        };
        match class {
            Some(class) => out.push_str(&format!("<span class=\"{class}\">{}</span>", escape(token))),
            None => out.push_str(&escape(token)),
        }
        is_first_word = is_first_word && c.is_whitespace() || c == '{' || c == ';';
        rest = after;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader sees when the marks are taken away.
    fn plain(html: &str) -> String {
        let mut out = String::new();
        let mut is_tag = false;
        for c in html.chars() {
            match c {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag => out.push(c),
                _ => {}
            }
        }
        out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn nothing_of_the_text_is_lost() {
        for line in ["w ~ Normal(0, s) # <b>&", "data \"a.csv\" { x : real }", "\"open", "Größe = 1 − 2", ""]
        {
            assert_eq!(plain(&coloured(line)), line);
        }
    }

    #[test]
    fn words_are_set_apart_where_they_open_a_declaration() {
        assert!(coloured("  split by split").starts_with("  <span class=\"opener\">split</span> by split"));
        assert!(coloured("w ~ Normal(0, 1)").contains("<span class=\"family\">Normal</span>"));
    }
}
