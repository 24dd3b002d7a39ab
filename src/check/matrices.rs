//! Arguments of vector distributions: one number per entry, covariance matrices, Cholesky factors.

use super::distributions::Target;
use super::events::side;
use super::slots::Given;
use super::{Checker, error};
use crate::diagnostic::Diagnostic;
use crate::dist::ArgSlot;
use crate::model::{ExprId, ExprKind as Kind};
use crate::ty::{Interval, Shape, Support};

/// How far from symmetric a matrix of constants may be, in its largest entry.
const ROUNDING: f64 = 1e-12;

impl Checker<'_> {
    /// A number, a vector, or a vector per copy.
    pub(super) fn entries(&mut self, given: Given, target: &Target) -> Option<()> {
        let shape = self.arena.shape(given.id).clone();
        let last: Shape = target.shape.0.last().map_or_else(Shape::scalar, |n| Shape::vector(*n));
        if shape.is_scalar() || shape == last || shape == *target.shape {
            return Some(());
        }
        self.found.push(
            Diagnostic::new("T001", format!("{} does not fit `{}`", given.slot(), target.name))
                .at(given.span(), format!("this is {shape}"))
                .at(target.span, format!("is {}", error::size(target.shape)))
                .help(format!("give one number, or {last}")),
        );
        None
    }

    /// A square matrix of the value's length: [n, n], or n² numbers row by row.
    pub(super) fn matrix(&mut self, given: Given, target: &Target) -> Option<ExprId> {
        let n = target.shape.0.last().copied().unwrap_or(1);
        let shape = self.arena.shape(given.id).clone();
        let is_square = shape.0 == [n, n] || (shape.rank() == 1 && side(shape.len()) == Some(n));
        if !is_square {
            self.found.push(
                Diagnostic::new(
                    "T001",
                    format!("{} must be a matrix of {n}×{n} for `{}`", given.slot(), target.name),
                )
                .at(given.span(), format!("this is {}", error::size(&shape)))
                .at(target.span, format!("is {}", error::size(target.shape)))
                .help("write it row by row: `[[1, 0.5], [0.5, 1]]`"),
            );
            return None;
        }
        let slot = given.family.forms[given.form].args[given.place].slot;
        // A factor is found once for all rows.
        if slot == ArgSlot::Covariance && self.arena.is_row(given.id) {
            self.found.push(error::not_yet(
                "a covariance that differs from row to row",
                given.span(),
                "give its factor by `chol =`, or `sd =` with `corr_chol =`, which may",
            ));
            return None;
        }
        let is_corr = matches!(self.arena.get(given.id).ty.support, Support::CholeskyCorr(_));
        let numbers = self.numbers(given.id);
        let is_right = match (slot, &numbers) {
            (ArgSlot::Covariance, Some(m)) => is_positive_definite(m, n),
            (ArgSlot::Covariance, None) => !is_corr && self.is_symmetric(given.id, n),
            (_, Some(m)) => {
                let is_lower = (0..n * n).all(|i| i % n <= i / n || m[i] == 0.0);
                let has_unit_rows = slot != ArgSlot::CholeskyCorr
                    || m.chunks(n).all(|row| (row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9);
                is_lower && has_unit_rows && (0..n).all(|i| m[i * n + i] > 0.0)
            }
            (ArgSlot::CholeskyCorr, None) => is_corr,
            (_, None) => is_corr || self.is_lower(given.id, n),
        };
        if is_right {
            let shape = Shape(vec![n, n]);
            return Some(match self.arena.shape(given.id) == &shape {
                true => given.id,
                false => self.arena.reshape(given.id, shape, given.span()),
            });
        }
        let (wanted, help) = match slot {
            ArgSlot::Covariance => (
                "symmetric and positive definite",
                "give a matrix of numbers, or its factor by `chol =`, or `sd =` with `corr_chol =`",
            ),
            ArgSlot::CholeskyCorr => {
                ("the Cholesky factor of a correlation matrix", "declare it: `L[2] ~ LKJCholesky(eta = 2)`")
            }
            _ => (
                "lower triangular with a positive diagonal",
                "write zeros above the diagonal, `[[a, 0], [b, c]]`, and positive numbers on it",
            ),
        };
        let found = self.described(given.id);
        self.found.push(
            Diagnostic::new("T010", format!("{} must be {wanted}", given.slot()))
                .at(given.span(), format!("this is {found}"))
                .help(help),
        );
        None
    }

    /// The numbers of a join of constants.
    pub(super) fn numbers(&self, id: ExprId) -> Option<Vec<f64>> {
        match &self.arena.get(id).kind {
            Kind::Join(parts) => {
                let parts: Vec<Vec<f64>> = parts.iter().map(|p| self.numbers(*p)).collect::<Option<_>>()?;
                Some(parts.concat())
            }
            Kind::Number(v) => Some(vec![*v]),
            Kind::Reshape(x) => self.numbers(*x),
            _ => None,
        }
    }

    /// The entries of a join one by one.
    fn entries_of(&self, id: ExprId) -> Option<Vec<ExprId>> {
        match &self.arena.get(id).kind {
            Kind::Join(parts) => {
                let parts: Vec<Vec<ExprId>> =
                    parts.iter().map(|p| self.entries_of(*p)).collect::<Option<_>>()?;
                Some(parts.concat())
            }
            Kind::Reshape(x) => self.entries_of(*x),
            _ if self.arena.shape(id).is_scalar() => Some(vec![id]),
            _ => None,
        }
    }

    /// Equal expressions are one expression, so a symmetric join can be seen to be one.
    fn is_symmetric(&self, id: ExprId, n: usize) -> bool {
        let Some(entries) = self.entries_of(id).filter(|e| e.len() == n * n) else { return false };
        (0..n).all(|i| (0..i).all(|j| entries[i * n + j] == entries[j * n + i]))
            && (0..n).all(|i| self.arena.interval(entries[i * n + i]).within(&Interval::NONNEG))
    }

    fn is_lower(&self, id: ExprId, n: usize) -> bool {
        let Some(entries) = self.entries_of(id).filter(|e| e.len() == n * n) else { return false };
        (0..n).all(|i| (i + 1..n).all(|j| self.arena.constant(entries[i * n + j]) == Some(0.0)))
            && (0..n).all(|i| self.arena.interval(entries[i * n + i]).within(&Interval::POSITIVE))
    }
}

/// Whether a matrix is symmetric and has a Cholesky factor.
fn is_positive_definite(m: &[f64], n: usize) -> bool {
    let most = m.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let is_symmetric = (0..n).all(|i| (0..i).all(|j| (m[i * n + j] - m[j * n + i]).abs() <= ROUNDING * most));
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest = m[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
            if i == j {
                // A pivot that is not a number is refused too.
                if rest.is_nan() || rest <= ROUNDING * most {
                    return false;
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    is_symmetric
}
