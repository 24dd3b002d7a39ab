//! Means, spreads and correlations of lists of numbers.

/// Mean and sd; of fewer than two numbers the sd is 0.
pub fn mean_sd(x: &[f64]) -> (f64, f64) {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    let squares = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

/// √(Σ x² / n)
pub fn rms(x: &[f64]) -> f64 {
    (x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64).sqrt()
}

/// The correlation of two lists; NaN if one of them is constant.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, sa), (mb, sb)) = (mean_sd(a), mean_sd(b));
    let product = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>();
    product / ((a.len() as f64 - 1.0) * sa * sb)
}

/// Column `at` of values that lie row after row.
pub fn column(values: &[f64], width: usize, at: usize) -> Vec<f64> {
    values.iter().skip(at).step_by(width.max(1)).copied().collect()
}

/// A number as a person writes it: three digits, thousands parted.
pub fn shown(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e7).contains(&size) {
        return format!("{x:.1e}");
    }
    if size >= 1000.0 {
        let digits = format!("{:.0}", size);
        let mut parted = String::new();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i) % 3 == 0 {
                parted.push(',');
            }
            parted.push(c);
        }
        return if x < 0.0 { format!("-{parted}") } else { parted };
    }
    let decimals = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_three_digits() {
        let cases =
            [(4200.4, "4,200"), (0.5, "0.5"), (-12.345, "-12.3"), (2.1e8, "2.1e8"), (1234567.0, "1,234,567")];
        for (x, text) in cases {
            assert_eq!(shown(x), text);
        }
    }

    #[test]
    fn correlation_of_a_line_is_one() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!(correlation(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }
}
