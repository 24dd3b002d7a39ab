//! Numbers as people read them: how many digits, grouped how, with a true minus.

/// On an axis: at most four digits, no trailing zeros, thousands as `k` where there are many.
pub(super) fn axis(v: f64) -> String {
    let size = v.abs();
    let text = match size {
        _ if v == 0.0 || size < 1e-12 => "0".to_owned(),
        _ if !(1e-3..1e8).contains(&size) => format!("{v:.1e}"),
        _ if size >= 1e4 => return axis(v / 1000.0) + "k",
        _ => {
            let fixed = fixed(v, 4);
            if fixed.contains('.') {
                fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                fixed
            }
        }
    };
    minus(&text)
}

/// In a table of metrics: four digits that count, at least four after the point below one.
pub fn metric(v: f64) -> String {
    let size = v.abs();
    minus(&match size {
        _ if !v.is_finite() => "none".to_owned(),
        s if s >= 1e6 || s > 0.0 && s < 1e-4 => format!("{v:.3e}"),
        s if s < 1.0 => format!("{v:.4}"),
        _ => fixed(v, 4),
    })
}

/// In a sentence: three digits that count.
pub(super) fn three(v: f64) -> String {
    minus(&if v.abs() >= 1e6 { format!("{v:.2e}") } else { fixed(v, 3) })
}

/// A value with its error, if that is known: as many decimals as the error has two digits, at most four.
pub fn with_error(v: f64, error: f64) -> String {
    let decimals = if error.is_finite() && error > 0.0 { decimals(error, 2).min(4) } else { 2 };
    let value = match decimals {
        0 if v.abs() < 1e15 => {
            minus(&format!("{}{}", if v < 0.0 { "-" } else { "" }, thousands(v.abs().round() as usize)))
        }
        _ => minus(&format!("{v:.decimals$}")),
    };
    match error {
        e if !e.is_finite() || e == 0.0 => value,
        e if e < 1e-4 => format!("{value} ± less than 0.0001"),
        e => format!("{value} ± {e:.decimals$}"),
    }
}

/// Values on one line that share an uncertainty: as many decimals as it has three digits.
pub(super) fn alike(values: &[f64], uncertainty: f64) -> Vec<String> {
    let plain = uncertainty.is_finite() && (1e-6..1e9).contains(&uncertainty);
    let decimals = decimals(uncertainty, 3);
    let shown = |v: &f64| if plain { minus(&format!("{v:.decimals$}")) } else { axis(*v) };
    values.iter().map(shown).collect()
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    minus(&format!("{:.1} %", share * 100.0))
}

/// A count: 10,000
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

fn fixed(v: f64, digits: i32) -> String {
    format!("{v:.*}", decimals(v, digits))
}

/// Decimals that leave so many digits that count.
fn decimals(v: f64, digits: i32) -> usize {
    let size = v.abs();
    if size > 0.0 && size.is_finite() {
        (digits - 1 - size.log10().floor() as i32).clamp(0, 9) as usize
    } else {
        0
    }
}

fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.25, -1234.5, -400000.0, 1234567.0, 1e9, 0.00012, 100.0, 0.1 + 0.2].map(axis);
        assert_eq!(shown, ["0", "0.25", "−1234", "−400k", "1235k", "1.0e9", "1.2e−4", "100", "0.3"]);
        assert_eq!([0.853, 0.0063, 12.3456, f64::NAN].map(metric), ["0.8530", "0.0063", "12.35", "none"]);
        assert_eq!([0.0, 123.456, -0.001234].map(three), ["0", "123", "−0.00123"]);
        assert_eq!(percent(0.1234), "12.3 %");
    }

    #[test]
    fn an_error_decides_the_decimals() {
        assert_eq!(with_error(-289.4123, 0.0512), "−289.412 ± 0.051");
        assert_eq!(with_error(-11265.4, 12.3), "−11,265 ± 12");
        assert_eq!(with_error(1.0, f64::NAN), "1.00");
        assert_eq!(with_error(-72.626644, 3e-5), "−72.6266 ± less than 0.0001");
        assert_eq!(alike(&[-11.5, 51.3], 13.0), ["−11.5", "51.3"]);
        assert_eq!(alike(&[0.5], 0.0), ["0.5"]);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1234567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
