//! Characters that the language does not have, and what was probably meant by them (S003).
//!
//! Most come with text pasted from a page or a word processor, or from the formulas of a paper.

/// What is known about a strange character.
pub struct Strange {
    /// What people call it: `a minus sign of typesetting`.
    pub called: &'static str,
    /// What to write for it; empty if it should go.
    pub instead: &'static str,
}

/// Looks a character up; `None` if nothing better can be said than that it is unknown.
pub fn strange(c: char) -> Option<Strange> {
    let (called, instead) = match c {
        '−' => ("a typeset minus sign", "-"),
        '–' | '‐' | '‑' | '‒' | '﹣' | '-' => ("a dash", "-"),
        '—' | '―' => ("a long dash", "-"),
        '×' | '∗' | '·' | '⋅' | '∙' => ("a typeset times sign", "*"),
        '÷' | '∕' => ("a typeset division sign", "/"),
        '∼' | '〜' | '˜' | '∽' | '~' => ("a typeset tilde", "~"),
        'ˆ' => ("a typeset caret", "^"),
        '=' => ("a wide equals sign", "="),
        '≤' | '⩽' => ("a typeset comparison", "<="),
        '≥' | '⩾' => ("a typeset comparison", ">="),
        '≠' => ("a typeset comparison", "!="),
        '≔' | '←' => ("an arrow of assignment", "="),
        '“' | '”' | '„' | '«' | '»' => ("a typeset quote", "\""),
        '‘' | '’' | '‚' | '\'' | '`' | '´' => ("a single quote", "\""),
        '∞' => ("the sign of infinity", "inf"),
        '²' => ("a raised 2", "^2"),
        '³' => ("a raised 3", "^3"),
        '½' => ("a fraction", "0.5"),
        '√' => ("the root sign", "sqrt"),
        ',' => ("a wide comma", ","),
        ';' => ("a wide semicolon", ";"),
        ':' => ("a wide colon", ":"),
        '(' => ("a wide bracket", "("),
        ')' => ("a wide bracket", ")"),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ("a typeset blank", " "),
        '\u{2028}' | '\u{2029}' | '\u{85}' => ("a line end of typesetting", "\n"),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => ("an invisible character", ""),
        _ => match greek(c) {
            Some(name) => ("a Greek letter", name),
            None => return None,
        },
    };
    Some(Strange { called, instead })
}

/// The English name of a Greek letter.
fn greek(c: char) -> Option<&'static str> {
    const LOWER: [&str; 25] = [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
        "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi",
        "omega",
    ];
    const UPPER: [&str; 25] = [
        "Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda",
        "Mu", "Nu", "Xi", "Omicron", "Pi", "Rho", "Sigma", "Sigma", "Tau", "Upsilon", "Phi", "Chi", "Psi",
        "Omega",
    ];
    match c {
        'α'..='ω' => LOWER.get(c as usize - 'α' as usize).copied(),
        'Α'..='Ω' => UPPER.get(c as usize - 'Α' as usize).copied(),
        'ϵ' => Some("epsilon"),
        'ϑ' => Some("theta"),
        'ϕ' => Some("phi"),
        'µ' => Some("mu"),
        _ => None,
    }
}

/// For a quote of another language or of typesetting, the quote that closes it.
pub fn closing_quote(open: char) -> Option<char> {
    match open {
        '“' | '”' => Some('”'),
        '„' => Some('“'),
        '«' => Some('»'),
        '‘' | '’' => Some('’'),
        '\'' => Some('\''),
        '`' => Some('`'),
        _ => None,
    }
}

/// For an ASCII character without a meaning, how its purpose is written here.
pub fn advice(c: char) -> Option<&'static str> {
    match c {
        '|' | '&' => Some("a product of comparisons is `and`, a sum is `or`: `(a > 1) * (b < 2)`"),
        '!' => Some("`not a` is written `1 - a`, unequal `a != b`"),
        '%' => Some("there is no remainder and no percent: write `0.05` for 5 %"),
        '@' => Some("a product of vectors is `dot(x, beta)`"),
        '?' => Some("there is no choice by condition: `(a > 1) * b + (a <= 1) * c`"),
        '$' => Some("a column is called by its bare name"),
        '\\' => Some("a line goes on by itself after an operator or inside brackets; write paths with `/`"),
        '\u{fffd}' => Some("the file is not UTF-8 here: save it as UTF-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greek_letters_have_their_names() {
        for (letter, name) in [('α', "alpha"), ('σ', "sigma"), ('ς', "sigma"), ('ω', "omega"), ('Ω', "Omega")]
        {
            assert_eq!(strange(letter).map(|s| s.instead), Some(name));
        }
    }

    #[test]
    fn what_is_written_instead_is_ascii() {
        for c in (0x80u32..0x10000).filter_map(char::from_u32) {
            if let Some(known) = strange(c) {
                assert!(known.instead.is_ascii(), "{c:?}");
            }
        }
    }
}
