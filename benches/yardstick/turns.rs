//! Two ways of doing the same, run in turn, and what is made of their figures.

/// Turns of each pair.
const TURNS: usize = 5;

/// What the ratio of first over second must be.
pub enum Mark {
    /// no less
    AtLeast(f64),
    /// no more
    AtMost(f64),
    /// whatever it is
    None,
}

/// Runs both in turn and prints a row: medians of both, the median of their ratios turn by turn with its range, and the
/// mark; nothing where BNNC_ROWS asks for other rows.
pub fn in_turn(name: &str, unit: &str, mut a: impl FnMut() -> f64, mut b: impl FnMut() -> f64, mark: Mark) {
    if std::env::var("BNNC_ROWS").is_ok_and(|words| !name.contains(&words)) {
        return;
    }
    let turns: Vec<(f64, f64)> = (0..TURNS).map(|_| (a(), b())).collect();
    let ratios: Vec<f64> = turns.iter().map(|(a, b)| a / b).collect();
    let [low, ratio, high] = spread(ratios);
    let [_, a, _] = spread(turns.iter().map(|t| t.0).collect());
    let [_, b, _] = spread(turns.iter().map(|t| t.1).collect());
    let (mark, is_met) = match mark {
        Mark::AtLeast(m) => (format!("at least {m}"), ratio >= m),
        Mark::AtMost(m) => (format!("at most {m}"), ratio <= m),
        Mark::None => (String::new(), true),
    };
    let missed = if is_met { "" } else { ", missed" };
    println!(
        "| {name} ({unit}) | {} | {} | {ratio:.2} ({low:.2}–{high:.2}) | {mark}{missed} |",
        short(a),
        short(b)
    );
}

/// Least, median and most; not a number where one is none, so that a program that failed is seen.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}

/// Three digits or all of a whole number.
fn short(x: f64) -> String {
    if x >= 100.0 { format!("{x:.0}") } else { format!("{x:.3}") }
}
