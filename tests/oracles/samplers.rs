//! Every sampler against its distribution function: Kolmogorov–Smirnov with fixed seeds.

use super::none;
use bnnc::dist;
use rand::SeedableRng;
use rand::rngs::StdRng;

const DRAWS: usize = 4000;
/// Of √n · sup |F_n − F|: exceeded once in 20,000 by a right sampler of a continuous family, less often by a discrete
/// one; a sampler with a wrong scale or form gives several times that.
const LIMIT: f64 = 2.3;

#[test]
fn samplers_follow_their_distribution_functions() {
    let mut complaints = vec![];
    let mut tried: Vec<(&str, usize, Vec<Vec<f64>>)> = vec![];
    for case in super::dist::cases() {
        let (Some(sample), Some(cdf)) = (case.family.sample, case.family.cdf) else { continue };
        let this = (case.family.name, case.form, case.args.clone());
        if tried.contains(&this) {
            continue;
        }
        tried.push(this);
        let mut rng = StdRng::seed_from_u64(tried.len() as u64);
        let args = case.slices();
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| sample(case.form, &args, &mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        let distance = draws
            .chunk_by(|a, b| a == b)
            .scan(0, |before, run| {
                let below = *before as f64 / DRAWS as f64;
                *before += run.len();
                let upto = *before as f64 / DRAWS as f64;
                // The distribution function just below a value: of the count before it, or the same if continuous.
                let left = if case.family.is_discrete { run[0] - 1.0 } else { run[0] };
                let gap = (upto - cdf(case.form, &args, run[0])).abs();
                Some(gap.max((below - cdf(case.form, &args, left)).abs()))
            })
            .fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) });
        let statistic = distance * (DRAWS as f64).sqrt();
        if statistic > LIMIT {
            complaints.push(format!("{} {} {:?}: {statistic}", case.family.name, case.form, case.args));
        }
    }
    for family in dist::ALL.iter().filter(|f| f.sample.is_some() && f.cdf.is_some()) {
        assert!(tried.iter().any(|(name, _, _)| *name == family.name), "{} was not tried", family.name);
    }
    none(complaints);
}

#[test]
fn a_sampler_with_impossible_arguments_gives_nan_or_infinity_but_never_panics() {
    for family in dist::ALL {
        let Some(sample) = family.sample else { continue };
        for (form, spec) in family.forms.iter().enumerate() {
            for bad in [f64::NAN, -1.0, 0.0, f64::INFINITY] {
                let numbers = vec![vec![bad]; spec.args.len()];
                let args: Vec<&[f64]> = numbers.iter().map(|a| &a[..]).collect();
                sample(form, &args, &mut StdRng::seed_from_u64(1));
                for f in [family.mean, family.sd].into_iter().flatten() {
                    f(form, &args);
                }
                if let Some(cdf) = family.cdf {
                    for x in [bad, 0.5] {
                        cdf(form, &args, x);
                    }
                }
            }
        }
    }
}
