//! `LKJCholesky(eta =)`, Cholesky factors of correlation matrices.

use super::logarithms::LOG_PI;
use super::{ArgSpec, Event, Family, Form, number};
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Shape, Support};
use rand_distr::Distribution;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "LKJCholesky",
    forms: &[Form { args: &[ArgSpec::scalar("eta", Interval::POSITIVE)] }],
    positional: 0,
    support: |_, _| Support::CholeskyCorr(2),
    event: Event::Square,
    log_density,
    sample_event: Some(|_, args, rng, out| draw(number(args, 0), rng, out)),
    page: "\
log density      sum over k = 2..K of (K - k + 2 eta - 2) log(L[k,k]) - log c,
                 c = product over k = 1..K-1 of pi^(k/2) Gamma(eta + (K-1-k)/2)/Gamma(eta + (K-1)/2)
mean             of the correlations in L L': 0
sd               of each correlation: 1/sqrt(2 eta + K - 1)

L is lower triangular with rows of length 1, and L L' is a correlation matrix whose density is proportional to
its determinant to the power eta - 1: eta = 1 is uniform, more prefers small correlations.
With scales: `theta[school] ~ MvNormal(m, sd = s, corr_chol = L)`. The density is per unit of the entries below the
diagonal.
Reference: Lewandowski, Kurowicka, Joe, Journal of Multivariate Analysis 100 (2009).",
    ..super::PLAIN
};

fn log_density(b: &mut Builder, _form: usize, x: Slot, args: &[Slot]) -> Slot {
    let shape = b.shape(x).clone();
    let n = shape.0.last().copied().unwrap_or(1);
    let copies: Shape = shape.0[..shape.rank().saturating_sub(2)].into();
    let mut total = b.constant(0.0);
    for k in 1..n {
        // (n − k − 1 + 2η − 2 + 1) for the diagonal entry k counted from 0
        let places = (0..copies.len()).map(|c| (c * n * n + k * n + k) as u32).collect();
        let diagonal = b.take(x, places, &copies);
        let log = b.log(diagonal);
        let twice = b.scale(args[0], 2.0);
        let power = b.add_number(twice, n as f64 - k as f64 - 3.0);
        let term = b.mul(power, log);
        total = b.add(total, term);
        let half = 0.5 * (n as f64 - 1.0);
        let upper = b.add_number(args[0], half);
        let lower = b.add_number(args[0], half - 0.5 * k as f64);
        let [upper, lower] = [upper, lower].map(|v| b.unary(Unary::LnGamma, v));
        let constant = b.sub(upper, lower);
        let constant = b.add_number(constant, -0.5 * k as f64 * LOG_PI);
        total = b.add(total, constant);
    }
    total
}

/// Row by row (the onion of Ghosh and Henderson, 2003): the squared length of row k below the diagonal is
/// Beta(k/2, η + (K−1−k)/2), its direction uniform.
fn draw(eta: f64, rng: &mut dyn rand::Rng, out: &mut [f64]) {
    let n = (out.len() as f64).sqrt().round() as usize;
    out.fill(0.0);
    for k in 0..n {
        if k == 0 {
            out[0] = 1.0;
            continue;
        }
        let shape = eta + 0.5 * (n - 1 - k) as f64;
        let square = rand_distr::Beta::new(0.5 * k as f64, shape).map_or(f64::NAN, |beta| beta.sample(rng));
        let row = &mut out[k * n..][..n];
        let mut length: f64 = 0.0;
        for r in &mut row[..k] {
            *r = rand_distr::StandardNormal.sample(rng);
            length += *r * *r;
        }
        let factor = (square / length).sqrt();
        row[..k].iter_mut().for_each(|r| *r *= factor);
        row[k] = (1.0 - square).sqrt();
    }
}
