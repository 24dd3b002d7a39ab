//! Models of `cases/` fitted with the defaults, beside `tests/oracles/fits.csv`: errors of means in posterior sds, sds
//! relative to the posterior's.

use super::{run_at, set};
use bnnc::run_folder::Run;
use std::collections::BTreeMap;

/// variable, mean, sd
type Row = (String, f64, f64);

/// The posterior of every case.
fn oracle() -> BTreeMap<String, Vec<Row>> {
    let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in include_str!("../oracles/fits.csv").lines().skip(2) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |i: usize| fields[i].parse().expect("a number");
        cases.entry(fields[0].into()).or_default().push((fields[1].into(), number(2), number(3)));
    }
    cases
}

/// A case as it stands, with settings.
pub fn case(name: &str, settings: &[(&str, &str)]) -> Run {
    run_at(&format!("tests/inference/cases/{name}.bnn"), set(settings))
}

/// Fits a case; asserts means (in sds) and sds (as shares) to the limits given.
pub fn agrees(name: &str, settings: &[(&str, &str)], mean: f64, sd: f64) {
    compare(name, &case(name, settings), &[], mean, sd);
}

/// The same with the defaults, to wider limits for some unknowns than for the rest.
pub fn agrees_but_for(name: &str, but: &[&str], mean: f64, sd: f64, wider: (f64, f64)) {
    let run = case(name, &[]);
    compare(name, &run, but, mean, sd);
    compare(name, &run, &[], wider.0, wider.1);
}

fn compare(name: &str, run: &Run, but: &[&str], mean: f64, sd: f64) {
    let mut wrong = String::new();
    for (variable, reference_mean, reference_sd) in &oracle()[name] {
        if but.contains(&variable.as_str()) {
            continue;
        }
        let row = run.summary.iter().find(|r| r.variable == *variable);
        let row = row.unwrap_or_else(|| panic!("{name} has no {variable}"));
        let error = (row.mean - reference_mean) / reference_sd;
        let ratio = row.sd / reference_sd;
        let is_wrong = error.abs() > mean || (ratio - 1.0).abs() > sd;
        wrong +=
            &format!("{}{variable}: mean {error:+.3}, sd {ratio:.3}\n", if is_wrong { "! " } else { "  " });
    }
    let steps = run.manifest.steps;
    assert!(!wrong.contains('!'), "{name}, {steps} steps, {:?}\n{wrong}", run.manifest.warnings);
}

/// The marks of full rank: 0.1 sds and 10 %.
const MEAN: f64 = 0.1;
const SD: f64 = 0.1;

#[test]
fn regressions_as_they_come() {
    agrees("years", &[], MEAN, SD);
    agrees("wells", &[], MEAN, SD);
    agrees("roaches", &[], MEAN, SD);
}

/// The degrees of freedom have a tail that no log-normal has.
#[test]
fn tails_of_unknown_weight() {
    agrees("robust", &[], 0.15, 0.15);
}

#[test]
fn hierarchies_with_much_and_little_to_say() {
    // The sd of a group's scale has a longer tail than a log-normal, and so has the logit of a hospital without deaths.
    agrees_but_for("radon", &["tau"], MEAN, SD, (MEAN, 0.15));
    agrees_but_for("hospitals", &["tau", "b[h01]"], MEAN, SD, (MEAN, 0.2));
}

#[test]
fn every_case_is_fitted_by_a_test() {
    let text = concat!(include_str!("cases.rs"), include_str!("complaints.rs"));
    for name in oracle().keys() {
        let is_fitted =
            ["agrees", "agrees_but_for"].iter().any(|by| text.contains(&format!("{by}(\"{name}\"")));
        assert!(is_fitted, "{name}");
    }
}
