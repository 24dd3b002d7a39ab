//! cholesky_corr[K]: a lower triangular matrix with rows of length 1 from K(K−1)/2 free numbers, row by row.
//!
//! z = tanh u; r_i1 = 1, r_{i,j+1} = r_ij (1 − z_ij²); L_ij = z_ij √r_ij, L_ii = √r_ii. What is left of a row's length, r, is
//! kept as a logarithm, so that it never rounds to 0.

use super::Bijection;
use crate::kernels::scalar::Unary;
use crate::tape::{Slot, build::Builder};
use crate::ty::Shape;
use std::f64::consts::LN_2;

/// The entry of the table.
pub static BIJECTION: Bijection = Bijection {
    name: "cholesky_corr",
    bounds: 0,
    free: |n| n * n.saturating_sub(1) / 2,
    rank: 2,
    forward,
    log_jacobian,
    forward_value: |u, _, out| {
        let n = side(u.len());
        let mut free = u.iter();
        for i in 0..n {
            let mut log_rest: f64 = 0.0;
            for j in 0..n {
                out.push(match j.cmp(&i) {
                    std::cmp::Ordering::Less => {
                        let u = free.next().copied().unwrap_or(0.0);
                        let entry = u.tanh() * (0.5 * log_rest).exp();
                        log_rest += log_square_rest(u);
                        entry
                    }
                    std::cmp::Ordering::Equal => (0.5 * log_rest).exp(),
                    std::cmp::Ordering::Greater => 0.0,
                });
            }
        }
    },
    inverse_value: |theta, _, out| {
        let n = (theta.len() as f64).sqrt().round() as usize;
        for i in 0..n {
            for j in 0..i {
                // The length that is left is that of the rest of the row: no difference is taken.
                let rest: f64 = (j..=i).map(|k| theta[i * n + k].powi(2)).sum();
                let after: f64 = (j + 1..=i).map(|k| theta[i * n + k].powi(2)).sum();
                // atanh(L/√r) = ½ log((√r + L)²/(r − L²))
                let entry = theta[i * n + j];
                out.push(entry.signum() * (((rest.sqrt() + entry.abs()).powi(2)) / after).ln() * 0.5);
            }
        }
    },
    formula: "z = tanh(u), L[i,j] = z[i,j] sqrt(r), r what is left of the row's length 1; \
log Jacobian sum of log(r)/2 + log(1 - z^2)",
};

/// K from K(K−1)/2.
fn side(free: usize) -> usize {
    ((1.0 + (1.0 + 8.0 * free as f64).sqrt()) / 2.0).round() as usize
}

/// log(1 − tanh² u) = 2 (log 2 − |u| − log1p(e^(−2|u|)))
fn log_square_rest(u: f64) -> f64 {
    2.0 * (LN_2 - u.abs() - (-2.0 * u.abs()).exp().ln_1p())
}

/// What each free number makes of the row: its z and log(1 − z²), and log r before it.
struct Walk {
    z: Slot,
    log_square_rest: Slot,
    log_rest: Slot,
}

/// All entries below the diagonal, and log r at the diagonal of every row after the first.
fn walk(b: &mut Builder, u: Slot) -> (usize, Vec<Vec<Walk>>, Vec<Slot>) {
    let n = side(b.shape(u).0.last().copied().unwrap_or(0));
    let (mut rows, mut ends) = (vec![], vec![]);
    let mut place = 0;
    for i in 1..n {
        let mut log_rest = b.constant(0.0);
        let mut row = vec![];
        for _ in 0..i {
            let free = b.entry(u, place);
            place += 1;
            let z = b.unary(Unary::Tanh, free);
            let size = b.unary(Unary::Abs, free);
            let double = b.scale(size, -2.0);
            let soft = b.unary(Unary::Softplus, double);
            let sum = b.add(size, soft);
            let rest = b.scale(sum, -2.0);
            let log_square_rest = b.add_number(rest, 2.0 * LN_2);
            row.push(Walk { z, log_square_rest, log_rest });
            log_rest = b.add(log_rest, log_square_rest);
        }
        rows.push(row);
        ends.push(log_rest);
    }
    (n, rows, ends)
}

fn forward(b: &mut Builder, u: Slot, _: &[Slot]) -> Slot {
    let shape = b.shape(u).clone();
    let copies: Shape = shape.0[..shape.rank().saturating_sub(1)].into();
    let (n, rows, ends) = walk(b, u);
    let (zero, one) = (b.constant(0.0), b.constant(1.0));
    let mut entries = vec![one];
    entries.resize(n, zero);
    for (row, end) in rows.iter().zip(ends) {
        for step in row {
            let half = b.scale(step.log_rest, 0.5);
            let root = b.exp(half);
            entries.push(b.mul(step.z, root));
        }
        let half = b.scale(end, 0.5);
        entries.push(b.exp(half));
        let filled = entries.len().next_multiple_of(n);
        entries.resize(filled, zero);
    }
    let flat = b.stack(&entries);
    let full: Vec<usize> = copies.0.iter().copied().chain([n, n]).collect();
    let shape = Shape(full);
    // Without free numbers (K = 1) the stack knows no copies.
    if b.shape(flat).len() == shape.len() { b.reshape(flat, &shape) } else { b.spread(flat, &shape) }
}

fn log_jacobian(b: &mut Builder, u: Slot, _: &[Slot]) -> Slot {
    let (_, rows, _) = walk(b, u);
    let mut total = b.constant(0.0);
    for step in rows.iter().flatten() {
        let half = b.scale(step.log_rest, 0.5);
        total = b.add(total, half);
        total = b.add(total, step.log_square_rest);
    }
    total
}
