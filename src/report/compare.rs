//! Runs beside each other: which has the larger ELBO, by how much, and whether that can be told.

use super::number::with_error;
use crate::run_folder::{Manifest, MetricsFile};

/// A run as far as comparing needs it.
#[derive(Debug, Clone)]
pub struct Compared {
    /// As the user called it.
    pub name: String,
    /// `manifest.json`
    pub manifest: Manifest,
    /// `metrics.json`
    pub metrics: MetricsFile,
}

/// What one run's ELBO is against the best of those that compare with it.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// the largest ELBO
    Best,
    /// this many nats below the best, with the standard error of the difference
    Below {
        /// nats
        nats: f64,
        /// standard error
        se: f64,
        /// whether both were drawn with the same noise
        is_paired: bool,
    },
    /// it compares with nothing here
    Apart(&'static str),
}

/// Standard errors beyond which a difference is told.
const ERRORS: f64 = 2.0;

/// The standing of each run, in the order given. The first run whose value is an ELBO says which targets count.
pub fn standings(runs: &[Compared]) -> Vec<Standing> {
    let is_elbo = |r: &Compared| r.metrics.objective.is_elbo && r.metrics.objective.value.is_finite();
    let key = |r: &Compared| r.manifest.targets_sha256.clone();
    let Some(first) = runs.iter().find(|r| is_elbo(r)) else {
        return runs.iter().map(|_| Standing::Apart(NO_ELBO)).collect();
    };
    let fits = |r: &Compared| is_elbo(r) && !key(r).is_empty() && key(r) == key(first);
    let best = runs
        .iter()
        .filter(|r| fits(r))
        .max_by(|a, b| a.metrics.objective.value.total_cmp(&b.metrics.objective.value));
    runs.iter()
        .map(|run| match best {
            _ if run.metrics.objective.value.is_nan() => Standing::Apart(NO_BOUND),
            _ if !is_elbo(run) => Standing::Apart(NO_ELBO),
            _ if key(run).is_empty() => {
                Standing::Apart("written by a version that kept no hash of its targets")
            }
            Some(best) if fits(run) && std::ptr::eq(run, best) => Standing::Best,
            Some(best) if fits(run) => below(run, best),
            _ => Standing::Apart("its targets or training rows differ: not compared"),
        })
        .collect()
}

const NO_ELBO: &str = "its value is no ELBO (a flat prior or a learned tensor): not compared";

const NO_BOUND: &str = "draws of chains or particles have no ELBO: not compared";

/// best − run, part by part where both have the same noise.
fn below(run: &Compared, best: &Compared) -> Standing {
    let (a, b) = (&run.manifest, &best.manifest);
    let nats = best.metrics.objective.value - run.metrics.objective.value;
    let is_paired = !a.elbo_noise.is_empty() && a.elbo_noise == b.elbo_noise && a.elbo_parts.len() > 1;
    if is_paired && a.elbo_parts.len() == b.elbo_parts.len() {
        let gaps: Vec<f64> = b.elbo_parts.iter().zip(&a.elbo_parts).map(|(b, a)| b - a).collect();
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0);
        return Standing::Below { nats, se: (variance / n).sqrt(), is_paired: true };
    }
    let se = run.metrics.objective.se.hypot(best.metrics.objective.se);
    Standing::Below { nats, se, is_paired: false }
}

/// One line per run and one sentence for each pair with the best.
pub fn words(runs: &[Compared], standings: &[Standing]) -> String {
    let width = runs.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for run in runs {
        let o = &run.metrics.objective;
        let held_out = run.metrics.held_out().and_then(|s| Some((s, s.targets.first()?.get("nll")?)));
        let tail = held_out.map_or_else(String::new, |(s, nll)| format!("   nll {nll:.4} ({})", s.split));
        // Chains have none.
        let value = match o.value.is_finite() {
            true => format!("{} {}", o.key(), with_error(o.value, o.se)),
            false => "no ELBO".to_owned(),
        };
        out += &format!("  {:width$}   {value}{tail}\n", run.name);
    }
    out.push('\n');
    let best = runs.iter().zip(standings).find(|(_, s)| **s == Standing::Best).map(|(r, _)| r);
    for (run, standing) in runs.iter().zip(standings) {
        match (standing, best) {
            (Standing::Below { nats, se, is_paired }, Some(best)) => {
                let noise = if *is_paired { "the same draws" } else { "independent draws" };
                let gap = with_error(*nats, *se);
                out += &if *nats > ERRORS * se {
                    format!("  {} is better than {} by {gap} nats ({noise}).\n", best.name, run.name)
                } else {
                    format!(
                        "  Cannot tell {} from {}: they differ by {gap} nats ({noise}).\n",
                        best.name, run.name
                    )
                };
            }
            (Standing::Apart(why), _) => out += &format!("  {}: {why}.\n", run.name),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_folder::Objective;

    fn run(name: &str, value: f64, se: f64, key: &str, parts: &[f64]) -> Compared {
        let manifest = Manifest {
            targets_sha256: key.into(),
            elbo_parts: parts.to_vec(),
            elbo_noise: if parts.is_empty() { String::new() } else { "2 draws of 3".into() },
            ..Manifest::default()
        };
        let objective = Objective { is_elbo: true, value, se };
        Compared { name: name.into(), manifest, metrics: MetricsFile { objective, ..MetricsFile::default() } }
    }

    #[test]
    fn the_difference_is_told_only_beyond_its_error() {
        let runs =
            [run("a", -10.0, 0.1, "k", &[]), run("b", -12.0, 0.1, "k", &[]), run("c", -10.1, 0.1, "k", &[])];
        let told = words(&runs, &standings(&runs));
        assert!(told.contains("a is better than b by 2.0"), "{told}");
        assert!(told.contains("Cannot tell a from c"), "{told}");
    }

    #[test]
    fn the_same_noise_is_compared_in_pairs() {
        let a = run("a", -100.0, 50.0, "k", &[-50.0, -150.0, -100.0]);
        let b = run("b", -105.0, 50.0, "k", &[-55.0, -155.1, -104.9]);
        let Standing::Below { nats, se, is_paired } = standings(&[a, b])[1] else { panic!("b is below") };
        assert!(is_paired && (nats - 5.0).abs() < 1e-9 && se < 0.1, "{nats} {se}");
    }

    #[test]
    fn other_targets_and_objectives_are_not_compared() {
        let mut objective = run("c", -1.0, 0.1, "k", &[]);
        objective.metrics.objective.is_elbo = false;
        let runs = [run("a", -10.0, 0.1, "k", &[]), run("b", -2.0, 0.1, "other", &[]), objective];
        let standings = standings(&runs);
        assert_eq!(standings[0], Standing::Best);
        assert!(matches!(standings[1], Standing::Apart(why) if why.contains("targets")));
        assert!(matches!(standings[2], Standing::Apart(why) if why.contains("no ELBO")));
    }
}
