//! `MvNormal(mean, cov =)`, `MvNormal(mean, chol =)`, `MvNormal(mean, sd =, corr_chol =)`.
//!
//! All forms end in z = L⁻¹(x − mean) with a lower triangular L, found column by column for all copies at once.

use super::logarithms::HALF_LOG_TWO_PI;
use super::{ArgSlot, ArgSpec, Event, Family, Form, Marginal, normal};
use crate::kernels::scalar::Unary;
use crate::tape::{Op, Slot, build::Builder};
use crate::ty::{Interval, Shape, Support};
use rand_distr::Distribution;

const COV: usize = 0;
const CHOL: usize = 1;
const MEAN: ArgSpec = ArgSpec { name: "mean", slot: ArgSlot::Entries(Interval::REAL) };

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "MvNormal",
    forms: &[
        Form { args: &[MEAN, ArgSpec { name: "cov", slot: ArgSlot::Covariance }] },
        Form { args: &[MEAN, ArgSpec { name: "chol", slot: ArgSlot::Cholesky }] },
        Form {
            args: &[
                MEAN,
                ArgSpec { name: "sd", slot: ArgSlot::Entries(Interval::POSITIVE) },
                ArgSpec { name: "corr_chol", slot: ArgSlot::CholeskyCorr },
            ],
        },
    ],
    positional: 1,
    support: |_, _| Support::REAL,
    event: Event::Vector,
    log_density,
    sample_event: Some(|form, args, rng, out| {
        let n = out.len();
        let entry = |arg: &[f64], i: usize| arg[i % arg.len()];
        let factor = match form {
            COV => cholesky(args[1], n),
            CHOL => args[1].to_vec(),
            _ => (0..n * n).map(|i| entry(args[1], i / n) * args[2][i]).collect(),
        };
        let z: Vec<f64> = (0..n).map(|_| rand_distr::StandardNormal.sample(rng)).collect();
        for (i, o) in out.iter_mut().enumerate() {
            *o = entry(args[0], i) + (0..=i).map(|j| factor[i * n + j] * z[j]).sum::<f64>();
        }
    }),
    from_standard: Some(from_standard),
    marginal: Some(|b, form, args, len, entry| {
        let at =
            |b: &mut Builder, arg: Slot| if b.shape(arg).is_scalar() { arg } else { b.entry(arg, entry) };
        let mean = at(b, args[0]);
        let sd = match form {
            COV => {
                let variance = b.slice(args[1], entry * len + entry, &Shape::scalar());
                b.unary(Unary::Sqrt, variance)
            }
            CHOL => {
                let row = b.slice(args[1], entry * len, &Shape::vector(len));
                let square = b.square(row);
                let variance = b.sum(square);
                b.unary(Unary::Sqrt, variance)
            }
            _ => at(b, args[1]),
        };
        Marginal { family: &normal::FAMILY, form: 0, args: vec![mean, sd] }
    }),
    page: "\
log density      -z'z/2 - sum log(L[k,k]) - K log(2 pi)/2,   z = solve(L, x - mean),   cov = L L'
mean             mean
sd               the square roots of the diagonal of cov

Vectors whose entries vary together. The spread is given in one of three ways: the covariance matrix,
its Cholesky factor `chol` (lower triangular), or the scales `sd` with the factor of the correlations,
`L[2] ~ LKJCholesky(eta = 2)`, which suits unknown ones.
Matrices of numbers are written row by row: `[[1, 0.5], [0.5, 1]]`.
Reference: Kotz, Balakrishnan, Johnson, Continuous Multivariate Distributions, chapter 45.",
    ..super::PLAIN
};

/// A lower triangular matrix by its columns: the diagonal entry, and what stands below it. With a matrix for each copy
/// these are [copies] and [entries, copies].
type Columns = Vec<(Slot, Option<Slot>)>;

fn log_density(b: &mut Builder, form: usize, x: Slot, args: &[Slot]) -> Slot {
    let shape = b.shape(x).clone();
    let len = shape.0.last().copied().unwrap_or(1);
    let centred = b.sub(x, args[0]);
    let (columns, centred, log_scales) = match form {
        COV => (factor(b, args[1], len), centred, None),
        CHOL => (columns_of(b, args[1], len), centred, None),
        _ => {
            let columns = columns_of(b, args[2], len);
            let log_sd = b.log(args[1]);
            let log_scales =
                if b.shape(log_sd).is_scalar() { b.scale(log_sd, len as f64) } else { b.sum_last(log_sd) };
            (columns, b.div(centred, args[1]), Some(log_scales))
        }
    };
    let squares = solve(b, &columns, centred);
    let kernel = b.scale(squares, -0.5);
    let mut density = b.add_number(kernel, -HALF_LOG_TWO_PI * len as f64);
    for (diagonal, _) in &columns {
        let log = b.log(*diagonal);
        let log = of_copies(b, log, &shape.0[..shape.rank() - 1]);
        density = b.sub(density, log);
    }
    match log_scales {
        Some(log_scales) => b.sub(density, log_scales),
        None => density,
    }
}

/// The columns of a matrix that is lower triangular.
fn columns_of(b: &mut Builder, matrix: Slot, len: usize) -> Columns {
    let all = b.shape(matrix).len();
    let count = all / (len * len);
    if count > 1 {
        let each = |b: &mut Builder, cells: Vec<usize>, shape: &Shape| {
            let place = |i: usize| (i % count) * len * len + cells[i / count];
            b.take(matrix, (0..cells.len() * count).map(|i| place(i) as u32).collect(), shape)
        };
        return (0..len)
            .map(|j| {
                let diagonal = each(b, vec![j * len + j], &Shape::vector(count));
                let below: Vec<usize> = (j + 1..len).map(|i| i * len + j).collect();
                let left = below.len();
                (diagonal, (left > 0).then(|| each(b, below, &[left, count].into())))
            })
            .collect();
    }
    (0..len)
        .map(|j| {
            let diagonal = b.slice(matrix, j * len + j, &Shape::scalar());
            let below = (j + 1..len).map(|i| (i * len + j) as u32).collect();
            let below = (j + 1 < len).then(|| b.take(matrix, below, &Shape::vector(len - j - 1)));
            (diagonal, below)
        })
        .collect()
}

/// A number per copy in the shape of the copies; one for all as it is.
fn of_copies(b: &mut Builder, x: Slot, copies: &[usize]) -> Slot {
    if b.shape(x).is_scalar() { x } else { b.reshape(x, &copies.into()) }
}

/// The Cholesky factor of a covariance matrix, column by column: A ← A[1:, 1:] − l lᵀ.
fn factor(b: &mut Builder, cov: Slot, len: usize) -> Columns {
    let mut rest = cov;
    let mut columns = vec![];
    for left in (1..=len).rev() {
        let pivot = b.slice(rest, 0, &Shape::scalar());
        let diagonal = b.unary(Unary::Sqrt, pivot);
        if left == 1 {
            columns.push((diagonal, None));
            break;
        }
        let below = b.take(rest, (1..left).map(|i| (i * left) as u32).collect(), &Shape::vector(left - 1));
        let below = b.div(below, diagonal);
        columns.push((diagonal, Some(below)));
        let n = left - 1;
        let places = (0..n * n).map(|i| ((i / n + 1) * left + i % n + 1) as u32).collect();
        let inner = b.take(rest, places, &[n, n].into());
        let product = b.infer(Op::Outer, vec![below, below]);
        rest = b.sub(inner, product);
    }
    columns
}

/// Σ z² with z = L⁻¹ x for vectors along the last axis, by forward substitution: z_j = r_j/L_jj, r ← r − L_·j z_j.
fn solve(b: &mut Builder, columns: &Columns, x: Slot) -> Slot {
    let shape = b.shape(x).clone();
    let len = columns.len();
    let copies: Shape = shape.0[..shape.rank() - 1].into();
    let count = copies.len();
    // Entries first, copies last, so that one instruction serves all copies.
    let turned = |n: usize| if copies.is_scalar() { Shape::vector(n) } else { [n, count].into() };
    let places = (0..len * count).map(|i| ((i % count) * len + i / count) as u32).collect();
    let mut rest = b.take(x, places, &turned(len));
    let flat: Shape = if copies.is_scalar() { Shape::scalar() } else { Shape::vector(count) };
    let mut total = None;
    for (j, (diagonal, below)) in columns.iter().enumerate() {
        let head = b.slice(rest, 0, &flat);
        let z = b.div(head, *diagonal);
        let square = b.square(z);
        total = Some(match total {
            Some(sum) => b.add(sum, square),
            None => square,
        });
        if let Some(below) = below {
            let tail = b.slice(rest, count, &turned(len - j - 1));
            let is_shared = b.shape(*below).rank() == 1 && !copies.is_scalar();
            let below = if is_shared { b.spread_last(*below, count) } else { *below };
            let step = b.mul(below, z);
            rest = b.sub(tail, step);
        }
    }
    let total = total.unwrap_or_else(|| b.constant(0.0));
    b.reshape(total, &copies)
}

/// mean + L z, or mean + sd L z.
fn from_standard(b: &mut Builder, form: usize, args: &[Slot], z: Slot) -> Slot {
    let shape = b.shape(z).clone();
    let len = shape.0.last().copied().unwrap_or(1);
    let columns = match form {
        COV => factor(b, args[1], len),
        CHOL => columns_of(b, args[1], len),
        _ => columns_of(b, args[2], len),
    };
    let entries: Vec<Slot> = (0..len)
        .map(|i| {
            let mut total: Option<Slot> = None;
            for (j, (diagonal, below)) in columns.iter().enumerate().take(i + 1) {
                let one = b.shape(*diagonal).clone();
                let factor = match below {
                    Some(below) if j < i => b.slice(*below, (i - j - 1) * one.len(), &one),
                    _ => *diagonal,
                };
                let factor = of_copies(b, factor, &shape.0[..shape.rank() - 1]);
                let entry = b.entry(z, j);
                let term = b.mul(entry, factor);
                total = Some(match total {
                    Some(sum) => b.add(sum, term),
                    None => term,
                });
            }
            total.unwrap_or_else(|| b.constant(0.0))
        })
        .collect();
    let turned = b.stack(&entries);
    let scaled = if form == COV || form == CHOL { turned } else { b.mul(turned, args[1]) };
    b.add(scaled, args[0])
}

/// The factor in numbers; NaN where there is none.
fn cholesky(cov: &[f64], n: usize) -> Vec<f64> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest = cov[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    l
}
