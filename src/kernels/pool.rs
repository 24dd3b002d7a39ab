//! Pools of images: the largest or the mean of each window, channel by channel. No padding.
//!
//! Where two entries of a window are equal, the first wins, in the value and in the gradient.

#[cfg(test)]
mod tests;

use super::dispatch::{Isa, versions};
use super::real::Real;

/// The sizes of a pool over one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Height, width and channels that go in.
    pub input: [usize; 3],
    /// Height and width of a window.
    pub size: [usize; 2],
    /// Step between windows, down and across.
    pub stride: usize,
}

impl Pool {
    /// Height, width and channels that come out; zero height or width where the window does not fit.
    pub fn output(&self) -> [usize; 3] {
        let count = |size: usize, window: usize| match size.checked_sub(window) {
            Some(room) if window > 0 && self.stride > 0 => room / self.stride + 1,
            _ => 0,
        };
        [count(self.input[0], self.size[0]), count(self.input[1], self.size[1]), self.input[2]]
    }
    /// Numbers in one input image.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }
    /// Numbers in one output image.
    pub fn output_len(&self) -> usize {
        self.output().iter().product()
    }

    /// Calls `each(start of the window in x, start of its pixel in the output)` for all windows of all rows.
    #[inline(always)]
    fn for_windows(&self, rows: usize, mut each: impl FnMut(usize, usize)) {
        let [_, width, channels] = self.input;
        let [output_height, output_width, _] = self.output();
        let mut pixel = 0;
        for row in 0..rows {
            for i in 0..output_height {
                for j in 0..output_width {
                    let start = row * self.input_len() + (i * width + j) * self.stride * channels;
                    each(start, pixel);
                    pixel += channels;
                }
            }
        }
    }

    /// Calls `each(offset from the start of a window)` for its entries in order.
    #[inline(always)]
    fn for_entries(&self, mut each: impl FnMut(usize)) {
        for a in 0..self.size[0] {
            for b in 0..self.size[1] {
                each((a * self.input[1] + b) * self.input[2]);
            }
        }
    }
}

versions! {
    /// The largest entry of each window.
    pub fn max_forward(pool: &Pool, x: &[T], out: &mut [T], rows: usize) = max_forward_body;
    /// dx = dy at the entry of each window that is the largest (the first of several), added to what is there where
    /// `accumulate`.
    pub fn max_input_gradient(pool: &Pool, x: &[T], dy: &[T], dx: &mut [T], rows: usize, accumulate: bool)
        = max_gradient_body;
    /// The mean of each window.
    pub fn average_forward(pool: &Pool, x: &[T], out: &mut [T], rows: usize) = average_forward_body;
    /// dx = dy shared out evenly over each window, added to what is there where `accumulate`.
    pub fn average_input_gradient(pool: &Pool, dy: &[T], dx: &mut [T], rows: usize, accumulate: bool)
        = average_gradient_body;
}

#[inline(always)]
fn check<T>(pool: &Pool, x: &[T], y: &[T], rows: usize) {
    assert_eq!(x.len(), pool.input_len() * rows);
    assert_eq!(y.len(), pool.output_len() * rows);
}

#[inline(always)]
fn max_forward_body<T: Real, I: Isa>(pool: &Pool, x: &[T], out: &mut [T], rows: usize) {
    check(pool, x, out, rows);
    let channels = pool.input[2];
    pool.for_windows(rows, |start, pixel| {
        let out = &mut out[pixel..pixel + channels];
        out.copy_from_slice(&x[start..start + channels]);
        pool.for_entries(|offset| {
            for (out, &x) in out.iter_mut().zip(&x[start + offset..][..channels]) {
                *out = if x > *out { x } else { *out };
            }
        });
    });
}

/// Channels whose winners are sought together.
const CHANNELS: usize = 16;

#[inline(always)]
fn max_gradient_body<T: Real, I: Isa>(
    pool: &Pool,
    x: &[T],
    dy: &[T],
    dx: &mut [T],
    rows: usize,
    accumulate: bool,
) {
    check(pool, x, dy, rows);
    assert_eq!(dx.len(), x.len());
    if !accumulate {
        dx.fill(T::ZERO);
    }
    let channels = pool.input[2];
    pool.for_windows(rows, |start, pixel| {
        for from in (0..channels).step_by(CHANNELS) {
            let count = CHANNELS.min(channels - from);
            let mut best = [T::ZERO; CHANNELS];
            let mut winner = [start + from; CHANNELS];
            best[..count].copy_from_slice(&x[start + from..][..count]);
            pool.for_entries(|offset| {
                let at = start + from + offset;
                for c in 0..count {
                    let greater = x[at + c] > best[c];
                    best[c] = if greater { x[at + c] } else { best[c] };
                    winner[c] = if greater { at } else { winner[c] };
                }
            });
            for c in 0..count {
                dx[winner[c] + c] += dy[pixel + from + c];
            }
        }
    });
}

#[inline(always)]
fn average_forward_body<T: Real, I: Isa>(pool: &Pool, x: &[T], out: &mut [T], rows: usize) {
    check(pool, x, out, rows);
    let channels = pool.input[2];
    let share = T::from_f64(1.0 / (pool.size[0] * pool.size[1]).max(1) as f64);
    pool.for_windows(rows, |start, pixel| {
        let out = &mut out[pixel..pixel + channels];
        out.fill(T::ZERO);
        pool.for_entries(|offset| {
            for (out, &x) in out.iter_mut().zip(&x[start + offset..][..channels]) {
                *out += x;
            }
        });
        for out in out {
            *out *= share;
        }
    });
}

#[inline(always)]
fn average_gradient_body<T: Real, I: Isa>(
    pool: &Pool,
    dy: &[T],
    dx: &mut [T],
    rows: usize,
    accumulate: bool,
) {
    check(pool, dx, dy, rows);
    if !accumulate {
        dx.fill(T::ZERO);
    }
    let channels = pool.input[2];
    let share = T::from_f64(1.0 / (pool.size[0] * pool.size[1]).max(1) as f64);
    pool.for_windows(rows, |start, pixel| {
        let dy = &dy[pixel..pixel + channels];
        pool.for_entries(|offset| {
            for (dx, &dy) in dx[start + offset..][..channels].iter_mut().zip(dy) {
                *dx = dy.fma::<I>(share, *dx);
            }
        });
    });
}
