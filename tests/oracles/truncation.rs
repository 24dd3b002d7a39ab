//! `on (a, b)` against `truncation.csv`: log mass and its gradient, also far in the tails.

use super::{agree, none, table};
use bnnc::adjoint::gradient;
use bnnc::dist::{self, Ends, Numbers, truncated_log_density};
use bnnc::kernels::special::ln_gamma;
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Slot, build::Builder};
use bnnc::ty::Shape;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Of the log mass and of the larger of 1 and the ends in units of the scale: their subtraction is rounded.
const LOG_MASS: f64 = 1e-12;
/// Of a log mass that is a difference of incomplete gamma or beta functions.
const INCOMPLETE: f64 = 1e-8;
/// Below this a log mass is 0 for every purpose: it is added to a log density.
const NOTHING: f64 = 1e-15;
/// Of a derivative. Beside a narrow interval two of size 1/width cancel to one of size 1.
const GRADIENT: f64 = 1e-8;
/// Of a derivative, for each unit of the log mass: φ/Φ is taken as e^(log φ − log Φ).
const GRADIENT_PER_LOG: f64 = 4e-16;

#[test]
fn log_masses_and_their_gradients_agree_with_mpmath() {
    let mut complaints = vec![];
    let rows = table::read("truncation.csv");
    for row in &rows {
        let family = dist::find(row.text("family")).expect("a family of the catalogue");
        let form = row.number("form").expect("a form") as usize;
        let mut b = Builder::new();
        let mut inputs = Inputs::default();
        let mut input = |b: &mut Builder, name: String, value: f64| {
            inputs.inputs.insert(name.clone(), vec![value]);
            b.input(&name, Shape::scalar())
        };
        let numbers: Vec<f64> = row.vectors("args").unwrap_or_default().into_iter().flatten().collect();
        // How many trials there were is known: then the tail with fewer terms is summed.
        let names = family.forms[form].args;
        let args: Vec<Slot> = numbers
            .iter()
            .enumerate()
            .map(|(i, a)| match names[i].name {
                "n" => b.constant(*a),
                _ if family.mass_ends == Ends::Known => b.constant(*a),
                _ => input(&mut b, format!("a{i}"), *a),
            })
            .collect();
        let [low, high] = ["low", "high"].map(|end| {
            let value = row.number(end).expect("an end");
            let is_known = value.is_infinite() || family.mass_ends != Ends::Any;
            if is_known { b.constant(value) } else { input(&mut b, end.into(), value) }
        });
        let log_mass = family.log_mass.expect("only families that can be truncated are in the table");
        let slot = log_mass(&mut b, form, &args, low, high);
        let of: Vec<Slot> = args.iter().copied().chain([low, high]).collect();
        let (tape, slots) = gradient(b.finish(), slot, &of).expect("log masses are differentiable");
        let values = evaluate(&tape, &inputs, 0);
        let got = values[slot.0 as usize].number();
        let want = row.number("log_mass").expect("a log mass");
        let is_exact = family.fixed_for_mass.is_empty();
        // A sum of probabilities is as good as the log gamma functions in them.
        let rounding = match names.iter().position(|name| name.name == "n") {
            Some(n) => f64::EPSILON * ln_gamma(numbers[n] + 1.0),
            None => 0.0,
        };
        if !agree(got, want, LOG_MASS, if is_exact { NOTHING + rounding } else { INCOMPLETE }) {
            complaints.push(format!("line {}: {} is {got:e}, should be {want:e}", row.line, family.name));
        }
        let log_mass_size = want.abs();
        let mut wanted: Vec<Option<f64>> =
            row.vectors("gradient_args").unwrap_or_default().into_iter().flatten().map(Some).collect();
        wanted.extend([row.number("gradient_low"), row.number("gradient_high")]);
        let largest =
            wanted.iter().flatten().fold(0.0, |a: f64, b| a.max(if b.is_nan() { 0.0 } else { b.abs() }));
        for (i, want) in wanted.iter().enumerate() {
            let got = values[slots[i].0 as usize].number();
            let relative = GRADIENT + GRADIENT_PER_LOG * log_mass_size;
            let absolute = NOTHING + if is_exact { 1e-14 * largest } else { INCOMPLETE * (1.0 + largest) };
            if want.is_some_and(|want| !want.is_nan() && !agree(got, want, relative, absolute)) {
                complaints.push(format!(
                    "line {}: {} derivative {i} is {got:e}, should be {want:?}",
                    row.line, family.name
                ));
            }
        }
    }
    for family in dist::ALL.iter().filter(|f| f.log_mass.is_some()) {
        let count = rows.iter().filter(|r| r.text("family") == family.name).count();
        assert!(count > 0, "{} can be truncated but has no rows in truncation.csv", family.name);
    }
    none(complaints);
}

/// The log density of Normal(0, 1) on (a, b) for data in each place.
#[test]
fn data_outside_the_interval_are_impossible() {
    let normal = dist::find("Normal").expect("in the catalogue");
    let mut b = Builder::new();
    let x = b.column(0, Shape::scalar());
    let [mean, sd, low, high] = [0.0, 1.0, -1.0, 2.0].map(|v| b.constant(v));
    let slot =
        truncated_log_density(&mut b, normal, 0, x, &[mean, sd], (low, high)).expect("it can be truncated");
    let inputs = Inputs {
        columns: [(0, vec![vec![-1.5], vec![-1.0], vec![0.0], vec![2.0], vec![2.5]])].into(),
        ..Inputs::default()
    };
    let values = evaluate(&b.finish(), &inputs, 5);
    let at = |row: usize| values[slot.0 as usize].at(row)[0];
    assert_eq!([at(0), at(4)], [f64::NEG_INFINITY; 2]);
    // log φ(0) − log(Φ(2) − Φ(−1)), scipy.stats.truncnorm(-1, 2).logpdf(0)
    assert!(agree(at(2), -0.718_772_238_880_210_2, 1e-12, 0.0), "{}", at(2));
    assert!(at(1).is_finite() && at(3).is_finite());
}

/// Of the mean (in sds) and sd of a cut distribution: ten-point rules on pieces that double in length.
const MOMENT: f64 = 1e-7;

/// The rows of the table as a family cut to an interval.
fn for_each_cut(mut check: impl FnMut(&table::Row, &Numbers, [f64; 2], &dyn Fn(f64) -> f64)) {
    for row in table::read("truncation.csv") {
        let family = dist::find(row.text("family")).expect("a family of the catalogue");
        let is_empty = row.number("log_mass") == Some(f64::NEG_INFINITY);
        if family.log_kernel.is_none() || is_empty {
            continue;
        }
        let form = row.number("form").expect("a form") as usize;
        let args = row.vectors("args").unwrap_or_default();
        let args: Vec<&[f64]> = args.iter().map(|a| &a[..]).collect();
        let [low, high] = ["low", "high"].map(|end| row.number(end).expect("an end"));
        let cdf = |x: f64| family.cdf.expect("they have one")(form, &args, x);
        check(&row, &Numbers::new(family, form, &args, Some((low, high))), [low, high], &cdf);
    }
}

#[test]
fn moments_of_cut_distributions_agree_with_mpmath() {
    let mut complaints = vec![];
    for_each_cut(|row, cut, _, _| {
        let (mean, sd) = (row.number("mean").expect("a mean"), row.number("sd").expect("an sd"));
        // The mean itself is rounded, which shows where the interval is narrow and far from 0.
        if !agree(cut.mean(), mean, 1e-15, MOMENT * sd) {
            complaints.push(format!("line {}: mean {} should be {mean}", row.line, cut.mean()));
        }
        let rounding = 1e-15 * if mean.is_nan() { 0.0 } else { mean.abs() };
        if !agree(cut.sd(), sd, MOMENT, rounding) {
            complaints.push(format!("line {}: sd {} should be {sd}", row.line, cut.sd()));
        }
    });
    none(complaints);
}

#[test]
fn distribution_functions_of_cut_distributions_are_shares_of_the_mass() {
    let mut complaints = vec![];
    for_each_cut(|row, cut, [low, high], cdf| {
        assert_eq!((cut.cdf(low - 1.0), cut.cdf(high + 1.0)), (0.0, 1.0), "line {}", row.line);
        // Of whole numbers the lower end itself lies inside.
        let before = if cut.is_discrete() { cdf(low.ceil() - 1.0) } else { cdf(low) };
        let mass = cdf(high) - before;
        if mass > 1e-3 {
            for share in [0.01, 0.3, 0.5, 0.9] {
                let from = low.max(-20.0);
                let x = from * (1.0 - share) + high.min(from + 40.0) * share;
                let want = (cdf(x) - before) / mass;
                // The whole line's distribution function is good to 1e-10.
                if !agree(cut.cdf(x), want, 0.0, 1e-9 + 1e-10 / mass) {
                    complaints.push(format!("line {}: F({x}) = {}, should be {want}", row.line, cut.cdf(x)));
                }
            }
        }
    });
    none(complaints);
}

#[test]
fn draws_of_cut_distributions_lie_inside_and_follow_their_distribution_functions() {
    for_each_cut(|row, cut, [low, high], _| {
        let mut rng = StdRng::seed_from_u64(row.line as u64);
        let mut draws: Vec<f64> = (0..400).map(|_| cut.sample(&mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        assert!(low <= draws[0] && draws[399] <= high, "line {}: {} to {}", row.line, draws[0], draws[399]);
        // Of whole numbers as many draws are alike: what counts is how many lie up to each.
        let mut upto = 0.0;
        let gap = |run: &[f64]| {
            let half = if cut.is_discrete() { 0.0 } else { 0.5 };
            upto += run.len() as f64;
            (cut.cdf(run[0]) - (upto - half) / 400.0).abs()
        };
        let distance = draws.chunk_by(|a, b| a == b).map(gap).fold(0.0, f64::max);
        // In an interval few roundings wide the draws stand on a grid.
        let width = high - low;
        let grid = if width.is_finite() { 1e-15 * (1.0 + low.abs()) / width } else { 0.0 };
        assert!(distance * 20.0 < 2.3 + 400.0 * grid, "line {}: {}", row.line, distance * 20.0);
    });
}

#[test]
fn families_that_can_be_truncated_can_be_predicted() {
    for family in dist::ALL.iter().filter(|f| f.name != "Flat") {
        assert_eq!(family.log_mass.is_some(), family.log_kernel.is_some(), "{}", family.name);
    }
}
