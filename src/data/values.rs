//! The values of one column, ready for the engine.

use crate::kernels::bytes::fractions;
use crate::kernels::prefetch_all;
use crate::kernels::real::Real;
use sha2::{Digest, Sha256};

/// Row-major values: `width` numbers per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// numbers as they are; classes and factor levels as positions
    Real {
        /// numbers per row
        width: usize,
        /// row after row
        data: Vec<f64>,
    },
    /// bytes of an image, which stand for byte / 255
    Bytes {
        /// bytes per row
        width: usize,
        /// row after row
        data: Vec<u8>,
    },
}

/// A float that the engine computes with.
pub trait FromData: Real {
    /// The nearest float.
    fn from_number(x: f64) -> Self;
    /// byte / 255
    fn from_byte(b: u8) -> Self;
    /// byte / 255 of each
    fn from_bytes(bytes: &[u8], out: &mut [Self]) {
        fractions(bytes, out);
    }
}

impl FromData for f64 {
    fn from_number(x: f64) -> Self {
        x
    }
    fn from_byte(b: u8) -> Self {
        f64::from(b) / 255.0
    }
}

impl FromData for f32 {
    fn from_number(x: f64) -> Self {
        x as f32
    }
    fn from_byte(b: u8) -> Self {
        f32::from(b) / 255.0
    }
}

impl Values {
    /// Numbers per row.
    pub fn width(&self) -> usize {
        match self {
            Values::Real { width, .. } | Values::Bytes { width, .. } => *width,
        }
    }
    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        match self {
            Values::Real { data, .. } => size_of_val(&data[..]),
            Values::Bytes { data, .. } => data.len(),
        }
    }
    /// Number of rows.
    pub fn rows(&self) -> usize {
        let (width, length) = match self {
            Values::Real { width, data } => (*width, data.len()),
            Values::Bytes { width, data } => (*width, data.len()),
        };
        length.checked_div(width).unwrap_or(0)
    }
    /// One number of one row.
    pub fn get(&self, row: usize, index: usize) -> f64 {
        match self {
            Values::Real { width, data } => data[row * width + index],
            Values::Bytes { width, data } => f64::from_byte(data[row * width + index]),
        }
    }
    /// Copies the given rows, one after another, into `out`, whose length is their number times the width.
    pub fn copy_rows<T: FromData>(&self, rows: &[u32], out: &mut [T]) {
        match self {
            Values::Real { width, data } => gather(rows, *width, data, out, |data, out| {
                for (out, value) in out.iter_mut().zip(data) {
                    *out = T::from_number(*value);
                }
            }),
            Values::Bytes { width, data } => gather(rows, *width, data, out, T::from_bytes),
        }
    }
    /// Asks for the memory of a row that is copied soon.
    pub fn prefetch_row(&self, row: u32) {
        let row = row as usize;
        match self {
            Values::Real { width, data } => prefetch_all(&data[row * width..][..*width]),
            Values::Bytes { width, data } => prefetch_all(&data[row * width..][..*width]),
        }
    }
    /// The values so many rows earlier; the first rows, which have none, hold 0.
    pub(super) fn lagged(&self, by: usize) -> Values {
        match self {
            Values::Real { width, data } => {
                let gap = std::iter::repeat_n(0.0, by * width);
                Values::Real {
                    width: *width,
                    data: gap.chain(data.iter().copied()).take(data.len()).collect(),
                }
            }
            Values::Bytes { width, data } => {
                let gap = std::iter::repeat_n(0, by * width);
                Values::Bytes {
                    width: *width,
                    data: gap.chain(data.iter().copied()).take(data.len()).collect(),
                }
            }
        }
    }
    /// Keeps the rows for which `keep` is true.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        match self {
            Values::Real { width, data } => retain(keep, *width, data),
            Values::Bytes { width, data } => retain(keep, *width, data),
        }
    }
    /// Appends the rows of another source; if only one of them has bytes, numbers win.
    pub(super) fn append(&mut self, other: Values) {
        match (&mut *self, other) {
            (Values::Bytes { data, .. }, Values::Bytes { data: more, .. }) => data.extend(more),
            (Values::Real { data, .. }, Values::Real { data: more, .. }) => data.extend(more),
            (Values::Real { data, .. }, Values::Bytes { data: more, .. }) => {
                data.extend(more.into_iter().map(f64::from_byte));
            }
            (Values::Bytes { width, data }, Values::Real { data: more, .. }) => {
                let mut numbers: Vec<f64> = data.iter().copied().map(f64::from_byte).collect();
                numbers.extend(more);
                *self = Values::Real { width: *width, data: numbers };
            }
        }
    }
    /// Adds the kind, the width and all values to a hash.
    pub(super) fn hash_into(&self, hash: &mut Sha256) {
        hash.update((self.width() as u64).to_le_bytes());
        match self {
            Values::Real { data, .. } => {
                hash.update(b"real");
                data.iter().for_each(|x| hash.update(x.to_le_bytes()));
            }
            Values::Bytes { data, .. } => {
                hash.update(b"byte");
                hash.update(data);
            }
        }
    }
}

fn gather<S, T>(rows: &[u32], width: usize, data: &[S], out: &mut [T], convert: impl Fn(&[S], &mut [T])) {
    for (row, out) in rows.iter().zip(out.chunks_exact_mut(width)) {
        convert(&data[*row as usize * width..][..width], out);
    }
}

fn retain<S: Copy>(keep: &[bool], width: usize, data: &mut Vec<S>) {
    let mut end = 0;
    for (row, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
        data.copy_within(row * width..(row + 1) * width, end);
        end += width;
    }
    data.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_in_the_order_asked_for() {
        let values = Values::Real { width: 2, data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let mut out = [0f32; 4];
        values.copy_rows(&[2, 0], &mut out);
        assert_eq!(out, [5.0, 6.0, 1.0, 2.0]);
        let bytes = Values::Bytes { width: 1, data: vec![0, 51, 255] };
        let mut out = [0f64; 2];
        bytes.copy_rows(&[1, 2], &mut out);
        assert_eq!(out, [0.2, 1.0]);
        // Asking for memory does nothing that can be seen, whatever the row.
        (0..3).for_each(|row| {
            values.prefetch_row(row);
            bytes.prefetch_row(row);
        });
    }

    #[test]
    fn rows_are_dropped_whole() {
        let mut values = Values::Real { width: 2, data: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        values.retain(&[false, true, true]);
        assert_eq!(values, Values::Real { width: 2, data: vec![3.0, 4.0, 5.0, 6.0] });
        assert_eq!((values.rows(), values.get(1, 0)), (2, 5.0));
    }

    #[test]
    fn bytes_and_numbers_join_as_numbers() {
        let mut values = Values::Bytes { width: 1, data: vec![255] };
        values.append(Values::Real { width: 1, data: vec![0.5] });
        assert_eq!(values, Values::Real { width: 1, data: vec![1.0, 0.5] });
    }
}
