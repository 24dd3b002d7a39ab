//! Between the two layouts: image `[row][n]` and lanes `[n][row]`.

use super::dispatch::{Isa, versions};
use super::real::Real;
use super::vector::Vector;

/// out\[i,r\] = x\[r,i\]: an image (or any row-major matrix of `rows` rows) to lanes.
pub fn image_to_lanes<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    assert_eq!(x.len(), out.len());
    if rows == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    rows_to_lanes(x, out, rows, rows);
}

/// out\[r,i\] = x\[i,r\]: lanes to an image.
pub fn lanes_to_image<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    assert_eq!(x.len(), out.len());
    if rows == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    let n = x.len() / rows;
    transpose(x, out, n, rows, n);
}

/// out\[i·capacity + r\] = x\[r,i\]: `rows` rows to the front of lanes that have room for `capacity`; `out` begins
/// with the first of their places and may end with the last.
pub fn rows_to_lanes<T: Real>(x: &[T], out: &mut [T], rows: usize, capacity: usize) {
    if rows == 0 || x.is_empty() {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    transpose(x, out, rows, x.len() / rows, capacity);
}

versions! {
    /// out `[width][height]`, whose lines begin `stride` apart, from x `[height][width]`.
    fn transpose(x: &[T], out: &mut [T], height: usize, width: usize, stride: usize) = transpose_body, wider if true;
}

/// Squares of one register's width: the lines of both sides stay in the first cache.
#[inline(always)]
fn transpose_body<T: Real, I: Isa>(x: &[T], out: &mut [T], height: usize, width: usize, stride: usize) {
    assert_eq!(x.len(), height * width);
    if x.is_empty() {
        return;
    }
    assert!(stride >= height && out.len() >= (width - 1) * stride + height);
    let side = I::Vector::<T>::WIDTH;
    let (whole_height, whole_width) = (height / side * side, width / side * side);
    for i in (0..whole_height).step_by(side) {
        for j in (0..whole_width).step_by(side) {
            // SAFETY: the square lies inside of x, its mirror image inside of out.
            unsafe {
                let from = x.as_ptr().add(i * width + j);
                let to = out.as_mut_ptr().add(j * stride + i);
                I::Vector::<T>::turn(from, width, to, stride);
            }
        }
        for j in whole_width..width {
            for i in i..i + side {
                out[j * stride + i] = x[i * width + j];
            }
        }
    }
    for i in whole_height..height {
        for j in 0..width {
            out[j * stride + i] = x[i * width + j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::on_every_instruction_set;

    #[test]
    fn layouts_turn_into_each_other() {
        on_every_instruction_set(|| {
            for (rows, n) in [(16, 1), (16, 16), (48, 37), (1, 5), (17, 33), (16, 0)] {
                let image: Vec<f32> = (0..rows * n).map(|i| i as f32).collect();
                let mut lanes = vec![0.0; rows * n];
                image_to_lanes(&image, &mut lanes, rows);
                for r in 0..rows {
                    for i in 0..n {
                        assert_eq!(lanes[i * rows + r], image[r * n + i]);
                    }
                }
                let mut back = vec![0.0; rows * n];
                lanes_to_image(&lanes, &mut back, rows);
                assert_eq!(back, image);
                // Behind other rows of the same lanes, which stay.
                let (before, capacity) = (3, rows + 5);
                let mut wide = vec![-1.0; n * capacity];
                if n > 0 {
                    rows_to_lanes(&image, &mut wide[before..], rows, capacity);
                }
                for (i, line) in wide.chunks_exact(capacity).enumerate() {
                    let (first, rest) = line.split_at(before);
                    let (own, last) = rest.split_at(rows);
                    assert!(first.iter().chain(last).all(|x| *x == -1.0));
                    assert_eq!(own, &lanes[i * rows..][..rows]);
                }
            }
        });
    }
}
