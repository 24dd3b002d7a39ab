//! Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari, Gelman 2018): parameters from the prior, rows from
//! the model, a fit; the rank of each parameter among its draws is uniform if and only if the fit is right.
//!
//! The rows are drawn by `rand_distr`, which knows nothing of the densities here. The empirical distribution of the
//! ranks must lie inside a band that holds all of a uniform one at once with probability 0.999, found by simulation.
//! `cargo test --release --test suite -- --ignored --nocapture sbc` prints each distance beside its band; what mean-field
//! is known to get wrong must lie outside.

use bnnc::{Data, Fit, Model};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::{Bernoulli, Distribution, Normal, Poisson};

/// Draws that a parameter is ranked among.
const DRAWS: usize = 99;
/// Fits of each case.
const FITS: usize = 150;

type Parameters = Vec<(&'static str, f64)>;
type Rows = Vec<(&'static str, Vec<f64>)>;

/// A model with its prior and its rows, drawn by hand.
struct Case {
    name: &'static str,
    text: &'static str,
    /// Parameters by their names, and rows of them.
    simulate: fn(&mut SmallRng) -> (Parameters, Rows),
}

fn normal(rng: &mut SmallRng, mean: f64, sd: f64) -> f64 {
    Normal::new(mean, sd).unwrap().sample(rng)
}

fn inputs(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i as f64 * 1.7).sin() * 1.5).collect()
}

const LINE: Case = Case {
    name: "a line",
    text: "data \"rows\" { x, y : real }\na ~ Normal(0, 1)\nb ~ Normal(0, 1)\ns ~ HalfNormal(1)\ny ~ Normal(a + b * x, s)\n",
    simulate: |rng| {
        let (a, b, s) = (normal(rng, 0.0, 1.0), normal(rng, 0.0, 1.0), normal(rng, 0.0, 1.0).abs());
        let x = inputs(20);
        let y = x.iter().map(|x| normal(rng, a + b * x, s)).collect();
        (vec![("a", a), ("b", b), ("s", s)], vec![("x", x), ("y", y)])
    },
};
const LOGISTIC: Case = Case {
    name: "a logistic regression",
    text: "data \"rows\" { x : real; y : bool }\na ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Bernoulli(logit = a + b * x)\n",
    simulate: |rng| {
        let (a, b) = (normal(rng, 0.0, 1.0), normal(rng, 0.0, 1.0));
        let x = inputs(30);
        let p = |x: &f64| 1.0 / (1.0 + (-(a + b * x)).exp());
        let y = x.iter().map(|x| f64::from(u8::from(Bernoulli::new(p(x)).unwrap().sample(rng)))).collect();
        (vec![("a", a), ("b", b)], vec![("x", x), ("y", y)])
    },
};
const COUNTS: Case = Case {
    name: "counts",
    text: "data \"rows\" { x : real; y : count }\na ~ Normal(1, 0.5)\nb ~ Normal(0, 0.5)\ny ~ Poisson(exp(a + b * x))\n",
    simulate: |rng| {
        let (a, b) = (normal(rng, 1.0, 0.5), normal(rng, 0.0, 0.5));
        let x = inputs(20);
        let y = x.iter().map(|x| Poisson::new((a + b * x).exp()).unwrap().sample(rng)).collect();
        (vec![("a", a), ("b", b)], vec![("x", x), ("y", y)])
    },
};
const GROUPS: Case = Case {
    name: "a hierarchy",
    text: "data \"rows\" { y : real; g : count }\nm ~ Normal(0, 1)\nt ~ HalfNormal(1)\na[6] ~ Normal(m, t)\ny ~ Normal(a[g], 0.7)\n",
    simulate: |rng| {
        let (m, t) = (normal(rng, 0.0, 1.0), normal(rng, 0.0, 1.0).abs());
        let a: Vec<f64> = (0..6).map(|_| normal(rng, m, t)).collect();
        let g: Vec<f64> = (0..24).map(|i| f64::from(i % 6 + 1)).collect();
        let y = g.iter().map(|g| normal(rng, a[*g as usize - 1], 0.7)).collect();
        (vec![("m", m), ("t", t)], vec![("y", y), ("g", g)])
    },
};
/// Two slopes of nearly the same input: the posterior is a narrow ridge.
const RIDGE: Case = Case {
    name: "a ridge",
    text: "data \"rows\" { x, z, y : real }\na ~ Normal(0, 1)\nb ~ Normal(0, 1)\ny ~ Normal(a * x + b * z, 0.5)\n",
    simulate: |rng| {
        let (a, b) = (normal(rng, 0.0, 1.0), normal(rng, 0.0, 1.0));
        let x = inputs(20);
        let z: Vec<f64> = x.iter().enumerate().map(|(i, x)| x + 0.1 * (i as f64 * 2.9).cos()).collect();
        let y = x.iter().zip(&z).map(|(x, z)| normal(rng, a * x + b * z, 0.5)).collect();
        (vec![("a", a), ("b", b)], vec![("x", x), ("z", z), ("y", y)])
    },
};

/// Ranks of every parameter over the fits of a case.
fn ranks(case: &Case, how: &Fit, chains: usize) -> Vec<(&'static str, Vec<usize>)> {
    let mut all: Vec<(&'static str, Vec<usize>)> = vec![];
    for i in 0..FITS {
        let mut rng = SmallRng::seed_from_u64(1_000 + i as u64);
        let (parameters, rows) = (case.simulate)(&mut rng);
        let data = rows.iter().fold(Data::new(), |data, (name, values)| data.numbers(name, values));
        let model = Model::from_text("sbc", case.text).with_data(&data).unwrap();
        let fitted = model.fit(&how.clone().seed(i as u64)).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let draws = fitted.draws(None, Some(DRAWS.div_ceil(chains))).unwrap();
        for (name, value) in parameters {
            let array = draws.arrays.iter().find(|a| a.group == "posterior" && a.name == name).unwrap();
            let bnnc::Elements::F64(values) = &array.elements else { panic!("{name} is a number") };
            let below = values.iter().take(DRAWS).filter(|x| **x < value).count();
            match all.iter_mut().find(|(n, _)| *n == name) {
                Some((_, ranks)) => ranks.push(below),
                None => all.push((name, vec![below])),
            }
        }
    }
    all
}

/// The greatest distance between the distribution of ranks and a uniform one.
fn distance(ranks: &[usize]) -> f64 {
    let mut counts = [0usize; DRAWS + 1];
    ranks.iter().for_each(|r| counts[*r] += 1);
    let (mut sum, mut most) = (0, 0f64);
    for (r, count) in counts.iter().enumerate() {
        sum += count;
        let uniform = (r + 1) as f64 / (DRAWS + 1) as f64;
        most = most.max((sum as f64 / ranks.len() as f64 - uniform).abs());
    }
    most
}

/// The distance that a uniform distribution stays below with probability 0.999.
fn band() -> f64 {
    let mut rng = SmallRng::seed_from_u64(1);
    let mut all: Vec<f64> = (0..5_000)
        .map(|_| distance(&(0..FITS).map(|_| rng.random_range(0..=DRAWS)).collect::<Vec<_>>()))
        .collect();
    all.sort_by(f64::total_cmp);
    all[4_995]
}

fn judged(what: &str, case: &Case, how: &Fit, chains: usize) -> Vec<f64> {
    let found: Vec<(&str, f64)> =
        ranks(case, how, chains).iter().map(|(name, ranks)| (*name, distance(ranks))).collect();
    let shown: Vec<String> = found.iter().map(|(name, d)| format!("{name} {d:.3}")).collect();
    println!("| {} | {what} | {} | {:.3} |", case.name, shown.join(", "), band());
    found.into_iter().map(|(_, d)| d).collect()
}

#[test]
#[ignore = "slow: some thousand fits"]
fn ranks_of_parameters_are_uniform_where_the_fit_is_right() {
    println!("| model | fit | distances | band |\n| --- | --- | --- | --- |");
    // Thinned: draws of a chain that hang together would rank as fewer.
    let nuts = Fit::default().method("nuts").set("samples", "300").set("tune", "300");
    let full = Fit::default().method("advi").set("guide", "fullrank");
    for case in [LINE, LOGISTIC, COUNTS, GROUPS, RIDGE] {
        let found = judged("NUTS", &case, &nuts, 4);
        assert!(found.iter().all(|d| *d < band()), "{}: {found:?}", case.name);
    }
    for case in [LOGISTIC, COUNTS, RIDGE] {
        let found = judged("ADVI, full rank", &case, &full, 1);
        assert!(found.iter().all(|d| *d < band()), "{}: {found:?}", case.name);
    }
}

#[test]
#[ignore = "slow: hundreds of fits"]
fn sbc_finds_what_mean_field_gets_wrong() {
    let mean = Fit::default().method("advi").set("guide", "meanfield");
    let found = judged("ADVI, mean field", &RIDGE, &mean, 1);
    // Sds across a ridge are too small: the truth lies beyond all draws too often.
    assert!(found.iter().all(|d| *d > band()), "{found:?}");
}
