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
}

/// Runs the body for each window of all rows, with its start in x and that of its pixel in the output. (Not a function
/// of a closure: one that the compiler does not inline would lose the instruction set.)
macro_rules! for_windows {
    ($pool:expr, $rows:expr, |$start:ident, $pixel:ident| $body:block) => {
        let [_, width, channels] = $pool.input;
        let [output_height, output_width, _] = $pool.output();
        let mut $pixel = 0;
        for row in 0..$rows {
            for i in 0..output_height {
                for j in 0..output_width {
                    let $start = row * $pool.input_len() + (i * width + j) * $pool.stride * channels;
                    $body
                    $pixel += channels;
                }
            }
        }
    };
}

/// Runs the body for each entry of a window in order, with its offset from the start of the window.
macro_rules! for_entries {
    ($pool:expr, |$offset:ident| $body:block) => {
        for a in 0..$pool.size[0] {
            for b in 0..$pool.size[1] {
                let $offset = (a * $pool.input[1] + b) * $pool.input[2];
                $body
            }
        }
    };
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
    for_windows!(pool, rows, |start, pixel| {
        let out = &mut out[pixel..pixel + channels];
        out.copy_from_slice(&x[start..start + channels]);
        for_entries!(pool, |offset| {
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
    for_windows!(pool, rows, |start, pixel| {
        for from in (0..channels).step_by(CHANNELS) {
            let count = CHANNELS.min(channels - from);
            let mut best = [T::ZERO; CHANNELS];
            let mut winner = [start + from; CHANNELS];
            best[..count].copy_from_slice(&x[start + from..][..count]);
            for_entries!(pool, |offset| {
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
    for_windows!(pool, rows, |start, pixel| {
        let out = &mut out[pixel..pixel + channels];
        out.fill(T::ZERO);
        for_entries!(pool, |offset| {
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
    for_windows!(pool, rows, |start, pixel| {
        let dy = &dy[pixel..pixel + channels];
        for_entries!(pool, |offset| {
            for (dx, &dy) in dx[start + offset..][..channels].iter_mut().zip(dy) {
                *dx = dy.fma::<I>(share, *dx);
            }
        });
    });
}
