//! Between the two layouts: image `[row][n]` and lanes `[n][row]`.

use super::real::Real;

/// Side of the blocks that are turned at once: a cache line and more of each side.
const BLOCK: usize = 16;

/// out\[i,r\] = x\[r,i\]: an image (or any row-major matrix of `rows` rows) to lanes.
pub fn image_to_lanes<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    assert_eq!(x.len(), out.len());
    if rows == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    transpose(x, out, rows, x.len() / rows);
}

/// out\[r,i\] = x\[i,r\]: lanes to an image.
pub fn lanes_to_image<T: Real>(x: &[T], out: &mut [T], rows: usize) {
    assert_eq!(x.len(), out.len());
    if rows == 0 {
        return;
    }
    assert!(x.len().is_multiple_of(rows));
    transpose(x, out, x.len() / rows, rows);
}

/// out `[width][height]` from x `[height][width]`.
fn transpose<T: Real>(x: &[T], out: &mut [T], height: usize, width: usize) {
    for i in (0..height).step_by(BLOCK) {
        for j in (0..width).step_by(BLOCK) {
            let (rows, columns) = (BLOCK.min(height - i), BLOCK.min(width - j));
            if rows == BLOCK && columns == BLOCK {
                // Whole blocks have lengths that the compiler knows.
                let mut block = [[T::ZERO; BLOCK]; BLOCK];
                for a in 0..BLOCK {
                    let line: &[T; BLOCK] =
                        x[(i + a) * width + j..][..BLOCK].try_into().expect("a block was taken");
                    for b in 0..BLOCK {
                        block[b][a] = line[b];
                    }
                }
                for b in 0..BLOCK {
                    out[(j + b) * height + i..][..BLOCK].copy_from_slice(&block[b]);
                }
            } else {
                for b in 0..columns {
                    for a in 0..rows {
                        out[(j + b) * height + i + a] = x[(i + a) * width + j + b];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_turn_into_each_other() {
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
        }
    }
}
