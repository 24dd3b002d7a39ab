//! Log-sum-exp, softmax and the categorical likelihood over the features of lanes.
//!
//! The largest logit is subtracted first, so nothing overflows; rows whose largest logit is infinite give what the
//! definition gives in the limit for log-sum-exp. Blocks of 16 rows go through all features at once.

#[cfg(test)]
mod tests;

use super::dispatch::{Isa, versions};
use super::real::Real;

/// Rows in a block.
const ROWS: usize = 16;

versions! {
    /// out\[r\] = log Σ_f e^x\[f,r\]
    pub fn log_sum_exp(x: &[T], out: &mut [T]) = log_sum_exp_body;
    /// out\[f,r\] = e^x\[f,r\] / Σ_f e^x\[f,r\]
    pub fn softmax(x: &[T], out: &mut [T], rows: usize) = softmax_body, wider if true;
    /// out\[f,r\] = x\[f,r\] − log Σ_f e^x\[f,r\]
    pub fn log_softmax(x: &[T], out: &mut [T], rows: usize) = log_softmax_body, wider if true;
    /// log_density\[r\] = log softmax\[class\[r\], r\]. Two classes are one logit difference.
    pub fn class_log_density(logits: &[T], class: &[T], log_density: &mut [T]) =
        class_log_density_body, wider if true;
    /// gradient\[f,r\] = weight\[r\] · (\[class\[r\] = f\] − softmax\[f,r\]): that of the weighted log densities.
    pub fn class_gradient(logits: &[T], class: &[T], weight: &[T], gradient: &mut [T]) =
        class_gradient_body, wider if true;
    /// Both: log_density\[r\] as [`class_log_density`] and gradient\[f,r\] as [`class_gradient`], of one pass.
    pub fn class_likelihood(logits: &[T], class: &[T], weight: &[T], log_density: &mut [T], gradient: &mut [T]) =
        class_likelihood_body, wider if true;
}

/// The numbers of feature `f` in the block of `N` rows that begins at `row`.
#[inline(always)]
fn block<T: Real, const N: usize>(x: &[T], rows: usize, f: usize, row: usize) -> &[T; N] {
    x[f * rows + row..][..N].try_into().expect("N numbers were taken")
}

#[inline(always)]
fn block_mut<T: Real, const N: usize>(x: &mut [T], rows: usize, f: usize, row: usize) -> &mut [T; N] {
    (&mut x[f * rows + row..][..N]).try_into().expect("N numbers were taken")
}

/// Runs `$body::<T, I, 16>(row, …)` for whole blocks of rows and `$body::<T, I, 1>(row, …)` for the rest.
macro_rules! for_blocks {
    ($rows:expr, $body:ident, $($argument:expr),*) => {
        let whole = $rows / ROWS * ROWS;
        for row in (0..whole).step_by(ROWS) {
            $body::<T, I, ROWS>(row, $($argument),*);
        }
        for row in whole..$rows {
            $body::<T, I, 1>(row, $($argument),*);
        }
    };
}

/// The largest logit of each row where it is finite, else 0: what is subtracted before exponentials are taken.
#[inline(always)]
fn shifts<T: Real, const N: usize>(x: &[T], rows: usize, features: usize, row: usize) -> [T; N] {
    let mut most = [-T::INFINITY; N];
    for f in 0..features {
        let x = block::<T, N>(x, rows, f, row);
        for i in 0..N {
            most[i] = most[i].at_least(x[i]);
        }
    }
    for i in 0..N {
        most[i] = if most[i].is_finite() { most[i] } else { T::ZERO };
    }
    most
}

/// Σ_f e^(x − shift) of each row.
#[inline(always)]
fn sums<T: Real, I: Isa, const N: usize>(
    x: &[T],
    rows: usize,
    features: usize,
    row: usize,
    shift: &[T; N],
) -> [T; N] {
    let mut sum = [T::ZERO; N];
    for f in 0..features {
        let x = block::<T, N>(x, rows, f, row);
        for i in 0..N {
            sum[i] += (x[i] - shift[i]).exp::<I>();
        }
    }
    sum
}

#[inline(always)]
fn log_sum_exp_body<T: Real, I: Isa>(x: &[T], out: &mut [T]) {
    let rows = out.len();
    if rows == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    let features = x.len() / rows;
    for_blocks!(rows, log_sum_exp_block, x, out, rows, features);
}

#[inline(always)]
fn log_sum_exp_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    x: &[T],
    out: &mut [T],
    rows: usize,
    features: usize,
) {
    let shift = shifts::<T, N>(x, rows, features, row);
    let sum = sums::<T, I, N>(x, rows, features, row, &shift);
    let out = block_mut::<T, N>(out, rows, 0, row);
    for i in 0..N {
        out[i] = shift[i] + sum[i].ln::<I>();
    }
}

/// The number of features, after the checks that both forms of the softmax share.
#[inline(always)]
fn features_of<T>(x: &[T], out: &[T], rows: usize) -> usize {
    assert_eq!(x.len(), out.len());
    if rows == 0 {
        return 0;
    }
    assert!(x.len().is_multiple_of(rows));
    x.len() / rows
}

#[inline(always)]
fn softmax_body<T: Real, I: Isa>(x: &[T], out: &mut [T], rows: usize) {
    let features = features_of(x, out, rows);
    for_blocks!(rows, softmax_block, x, out, rows, features);
}

#[inline(always)]
fn softmax_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    x: &[T],
    out: &mut [T],
    rows: usize,
    features: usize,
) {
    let shift = shifts::<T, N>(x, rows, features, row);
    let mut sum = [T::ZERO; N];
    for f in 0..features {
        let (x, out) = (block::<T, N>(x, rows, f, row), block_mut::<T, N>(out, rows, f, row));
        for i in 0..N {
            out[i] = (x[i] - shift[i]).exp::<I>();
            sum[i] += out[i];
        }
    }
    for i in 0..N {
        sum[i] = T::ONE / sum[i];
    }
    for f in 0..features {
        let out = block_mut::<T, N>(out, rows, f, row);
        for i in 0..N {
            out[i] *= sum[i];
        }
    }
}

#[inline(always)]
fn log_softmax_body<T: Real, I: Isa>(x: &[T], out: &mut [T], rows: usize) {
    let features = features_of(x, out, rows);
    for_blocks!(rows, log_softmax_block, x, out, rows, features);
}

#[inline(always)]
fn log_softmax_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    x: &[T],
    out: &mut [T],
    rows: usize,
    features: usize,
) {
    let shift = shifts::<T, N>(x, rows, features, row);
    let mut log = sums::<T, I, N>(x, rows, features, row, &shift);
    for i in 0..N {
        log[i] = log[i].ln::<I>();
    }
    for f in 0..features {
        let (x, out) = (block::<T, N>(x, rows, f, row), block_mut::<T, N>(out, rows, f, row));
        for i in 0..N {
            out[i] = (x[i] - shift[i]) - log[i];
        }
    }
}

/// The logit of the class less that of the other one, and the sign with which the second logit enters it.
#[inline(always)]
fn difference<T: Real>(first: T, second: T, class: T) -> (T, T) {
    let sign = if class == T::ONE { T::ONE } else { -T::ONE };
    (sign * (second - first), sign)
}

#[inline(always)]
fn class_log_density_body<T: Real, I: Isa>(logits: &[T], class: &[T], log_density: &mut [T]) {
    let rows = log_density.len();
    assert_eq!(class.len(), rows);
    let features = logits.len().checked_div(rows).unwrap_or(0);
    assert_eq!(logits.len(), features * rows);
    if features == 2 {
        // With z the difference of the logits, log p = −log(1 + e^−z).
        let (first, second) = logits.split_at(rows);
        let (second, class) = (&second[..rows], &class[..rows]);
        for r in 0..rows {
            let (z, _) = difference(first[r], second[r], class[r]);
            log_density[r] = z.at_most(T::ZERO) - (-z.abs()).exp::<I>().log1p_unit::<I>();
        }
    } else {
        for_blocks!(rows, class_log_density_block, logits, class, log_density, features);
    }
}

#[inline(always)]
fn class_log_density_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    logits: &[T],
    class: &[T],
    log_density: &mut [T],
    features: usize,
) {
    let rows = class.len();
    let class = block::<T, N>(class, rows, 0, row);
    let shift = shifts::<T, N>(logits, rows, features, row);
    let (mut sum, mut seen) = ([T::ZERO; N], [T::ZERO; N]);
    for f in 0..features {
        let x = block::<T, N>(logits, rows, f, row);
        let number = T::from_f64(f as f64);
        for i in 0..N {
            let shifted = x[i] - shift[i];
            sum[i] += shifted.exp::<I>();
            seen[i] = if class[i] == number { shifted } else { seen[i] };
        }
    }
    let out = block_mut::<T, N>(log_density, rows, 0, row);
    for i in 0..N {
        out[i] = seen[i] - sum[i].ln::<I>();
    }
}

#[inline(always)]
fn class_gradient_body<T: Real, I: Isa>(logits: &[T], class: &[T], weight: &[T], gradient: &mut [T]) {
    let rows = class.len();
    let features = features_of(logits, gradient, rows);
    assert_eq!(weight.len(), rows);
    if features == 2 {
        // 1 − p of the class follows from e^−|z| alone.
        let (first, second) = logits.split_at(rows);
        let (first_gradient, second_gradient) = gradient.split_at_mut(rows);
        let (second, second_gradient) = (&second[..rows], &mut second_gradient[..rows]);
        for r in 0..rows {
            let (z, sign) = difference(first[r], second[r], class[r]);
            let e = (-z.abs()).exp::<I>();
            let share = weight[r] / (T::ONE + e);
            let toward = sign * if z > T::ZERO { e * share } else { share };
            second_gradient[r] = toward;
            first_gradient[r] = -toward;
        }
    } else {
        for_blocks!(rows, class_gradient_block, logits, class, weight, gradient, features);
    }
}

#[inline(always)]
fn class_gradient_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    logits: &[T],
    class: &[T],
    weight: &[T],
    gradient: &mut [T],
    features: usize,
) {
    let rows = class.len();
    let (class, weight) = (block::<T, N>(class, rows, 0, row), block::<T, N>(weight, rows, 0, row));
    let shift = shifts::<T, N>(logits, rows, features, row);
    let mut share = [T::ZERO; N];
    for f in 0..features {
        let x = block::<T, N>(logits, rows, f, row);
        let out = block_mut::<T, N>(gradient, rows, f, row);
        for i in 0..N {
            out[i] = (x[i] - shift[i]).exp::<I>();
            share[i] += out[i];
        }
    }
    for i in 0..N {
        share[i] = weight[i] / share[i];
    }
    for f in 0..features {
        let out = block_mut::<T, N>(gradient, rows, f, row);
        let number = T::from_f64(f as f64);
        for i in 0..N {
            let one = if class[i] == number { weight[i] } else { T::ZERO };
            out[i] = one - out[i] * share[i];
        }
    }
}

#[inline(always)]
fn class_likelihood_body<T: Real, I: Isa>(
    logits: &[T],
    class: &[T],
    weight: &[T],
    log_density: &mut [T],
    gradient: &mut [T],
) {
    let rows = class.len();
    let features = features_of(logits, gradient, rows);
    assert_eq!(weight.len(), rows);
    assert_eq!(log_density.len(), rows);
    if features == 2 {
        let (first, second) = logits.split_at(rows);
        let (first_gradient, second_gradient) = gradient.split_at_mut(rows);
        let (second, second_gradient) = (&second[..rows], &mut second_gradient[..rows]);
        for r in 0..rows {
            let (z, sign) = difference(first[r], second[r], class[r]);
            let e = (-z.abs()).exp::<I>();
            log_density[r] = z.at_most(T::ZERO) - e.log1p_unit::<I>();
            let share = weight[r] / (T::ONE + e);
            let toward = sign * if z > T::ZERO { e * share } else { share };
            second_gradient[r] = toward;
            first_gradient[r] = -toward;
        }
    } else {
        for_blocks!(rows, class_likelihood_block, logits, class, weight, log_density, gradient, features);
    }
}

#[inline(always)]
fn class_likelihood_block<T: Real, I: Isa, const N: usize>(
    row: usize,
    logits: &[T],
    class: &[T],
    weight: &[T],
    log_density: &mut [T],
    gradient: &mut [T],
    features: usize,
) {
    let rows = class.len();
    let (class, weight) = (block::<T, N>(class, rows, 0, row), block::<T, N>(weight, rows, 0, row));
    let shift = shifts::<T, N>(logits, rows, features, row);
    let (mut sum, mut seen) = ([T::ZERO; N], [T::ZERO; N]);
    for f in 0..features {
        let x = block::<T, N>(logits, rows, f, row);
        let out = block_mut::<T, N>(gradient, rows, f, row);
        let number = T::from_f64(f as f64);
        for i in 0..N {
            let shifted = x[i] - shift[i];
            out[i] = shifted.exp::<I>();
            sum[i] += out[i];
            seen[i] = if class[i] == number { shifted } else { seen[i] };
        }
    }
    let density = block_mut::<T, N>(log_density, rows, 0, row);
    let mut share = [T::ZERO; N];
    for i in 0..N {
        density[i] = seen[i] - sum[i].ln::<I>();
        share[i] = weight[i] / sum[i];
    }
    for f in 0..features {
        let out = block_mut::<T, N>(gradient, rows, f, row);
        let number = T::from_f64(f as f64);
        for i in 0..N {
            let one = if class[i] == number { weight[i] } else { T::ZERO };
            out[i] = one - out[i] * share[i];
        }
    }
}
