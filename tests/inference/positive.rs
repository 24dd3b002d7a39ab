//! Models whose unknowns are all positive: rates with conjugate priors, whose evidence is a closed form.

use super::{NATS, moments};
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use statrs::function::gamma::ln_gamma;
use std::fmt::Write;

const COUNTS: [[u32; 6]; 3] = [[21, 17, 25, 19, 22, 18], [7, 9, 4, 6, 5, 8], [41, 38, 44, 36, 40, 47]];
/// Shape and rate of the prior of each rate.
const PRIOR: (f64, f64) = (2.0, 0.1);

/// log p(y) = α log β − ln Γ(α) + ln Γ(α + S) − (α + S) log(β + n) − Σ ln y! of Poisson counts with a Gamma(α, β) rate;
/// with the mean and the sd of the posterior Gamma(α + S, β + n).
fn closed_form(counts: &[u32]) -> (f64, f64, f64) {
    let (a, b) = PRIOR;
    let (n, s) = (counts.len() as f64, f64::from(counts.iter().sum::<u32>()));
    let factorials: f64 = counts.iter().map(|y| ln_gamma(f64::from(*y) + 1.0)).sum();
    let evidence = a * b.ln() - ln_gamma(a) + ln_gamma(a + s) - (a + s) * (b + n).ln() - factorials;
    (evidence, (a + s) / (b + n), (a + s).sqrt() / (b + n))
}

/// One unknown or several: no scale has anything to follow it, under every guide.
#[test]
fn rates_have_their_closed_forms() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String =
        (0..6).map(|i| format!("{},{},{}\n", COUNTS[0][i], COUNTS[1][i], COUNTS[2][i])).collect();
    std::fs::write(folder.path().join("rows.csv"), format!("a,b,c\n{rows}")).expect("written");
    let path = folder.path().join("rates.bnn");
    for (names, guide) in [("a", "auto"), ("ab", "auto"), ("abc", "fullrank"), ("ab", "meanfield")] {
        let mut text = String::from("data \"rows.csv\" { a, b, c : count }\n");
        for name in names.chars() {
            let _ = writeln!(text, "r{name} ~ Gamma(2, rate = 0.1)\n{name} ~ Poisson(r{name})");
        }
        std::fs::write(&path, &text).expect("written");
        let set = vec![("guide".to_owned(), guide.to_owned())];
        let session = Session::open(&path, Options { set, ..Options::default() }).expect("it is there");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{text}\n{:?}", f.diagnostics));
        let mut evidence = 0.0;
        for (name, counts) in names.chars().zip(&COUNTS) {
            let (of_one, mean, sd) = closed_form(counts);
            evidence += of_one;
            let (found, found_sd) = moments(&run, &format!("r{name}"));
            assert!((found - mean).abs() < 0.05 * sd, "{names} {guide}: {found} for {mean}");
            assert!((found_sd / sd - 1.0).abs() < 0.05, "{names} {guide}: sd {found_sd} for {sd}");
        }
        let o = run.metrics.objective;
        assert!(
            (o.value - evidence).abs() < NATS + 3.0 * o.se,
            "{names} {guide}: {} for {evidence}",
            o.value
        );
    }
}
