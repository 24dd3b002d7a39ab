//! Convolution and pooling over `[H, W, C]`: one function lists which input pixel meets which kernel pixel for which
//! output pixel, and each instruction is a loop over that list.

use crate::tape::Window;
use crate::ty::Shape;

/// Calls `visit(output pixel, input pixel, kernel pixel)`, each as its position in row-major order, for every pair that
/// meets inside the input.
fn meetings(window: &Window, input: &Shape, mut visit: impl FnMut(usize, usize, usize)) {
    let (height, width) = (input.0[0], input.0[1]);
    let Some([out_height, out_width]) = window.output(height, width) else { return };
    for oy in 0..out_height {
        for ox in 0..out_width {
            for ky in 0..window.size[0] {
                for kx in 0..window.size[1] {
                    // Where the kernel pixel falls, counted from the padded corner.
                    let (y, x) = (oy * window.stride + ky, ox * window.stride + kx);
                    let (top, left) = (window.pad[0], window.pad[2]);
                    if y >= top && y - top < height && x >= left && x - left < width {
                        let pixel = (y - top) * width + (x - left);
                        visit(oy * out_width + ox, pixel, ky * window.size[1] + kx);
                    }
                }
            }
        }
    }
}

/// y[o, f] = Σ x[i, c] w[k, c, f] over the meetings (o, i, k)
pub fn conv(x: &[f64], xs: &Shape, w: &[f64], ws: &Shape, window: &Window) -> Vec<f64> {
    let (channels, filters) = (ws.0[2], ws.0[3]);
    let mut out = vec![0.0; pixels(window, xs) * filters];
    meetings(window, xs, |o, i, k| {
        for c in 0..channels {
            for f in 0..filters {
                out[o * filters + f] += x[i * channels + c] * w[(k * channels + c) * filters + f];
            }
        }
    });
    out
}

/// x̄[i, c] = Σ ȳ[o, f] w[k, c, f]
pub fn conv_input(dy: &[f64], w: &[f64], ws: &Shape, xs: &Shape, window: &Window) -> Vec<f64> {
    let (channels, filters) = (ws.0[2], ws.0[3]);
    let mut out = vec![0.0; xs.len()];
    meetings(window, xs, |o, i, k| {
        for c in 0..channels {
            for f in 0..filters {
                out[i * channels + c] += dy[o * filters + f] * w[(k * channels + c) * filters + f];
            }
        }
    });
    out
}

/// w̄[k, c, f] = Σ x[i, c] ȳ[o, f]
pub fn conv_kernel(x: &[f64], xs: &Shape, dy: &[f64], ws: &Shape, window: &Window) -> Vec<f64> {
    let (channels, filters) = (ws.0[2], ws.0[3]);
    let mut out = vec![0.0; ws.len()];
    meetings(window, xs, |o, i, k| {
        for c in 0..channels {
            for f in 0..filters {
                out[(k * channels + c) * filters + f] += x[i * channels + c] * dy[o * filters + f];
            }
        }
    });
    out
}

/// y[o, c] = max x[i, c]
pub fn max_pool(x: &[f64], xs: &Shape, window: &Window) -> Vec<f64> {
    let first = first_largest(x, xs, window);
    first.iter().map(|place| place.map_or(f64::NAN, |place| x[place])).collect()
}

/// x̄ gets ȳ[o, c] at the first largest element of each window
pub fn max_pool_input(x: &[f64], xs: &Shape, dy: &[f64], window: &Window) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    for (o, place) in first_largest(x, xs, window).iter().enumerate() {
        if let Some(place) = place {
            out[*place] += dy[o];
        }
    }
    out
}

/// For each output element the place of the first largest element in its window.
fn first_largest(x: &[f64], xs: &Shape, window: &Window) -> Vec<Option<usize>> {
    let channels = xs.0[2];
    let mut first: Vec<Option<usize>> = vec![None; pixels(window, xs) * channels];
    meetings(window, xs, |o, i, _| {
        for c in 0..channels {
            let place = i * channels + c;
            let best = &mut first[o * channels + c];
            if best.is_none_or(|b| x[place] > x[b]) {
                *best = Some(place);
            }
        }
    });
    first
}

/// y[o, c] = Σ x[i, c] / size
pub fn avg_pool(x: &[f64], xs: &Shape, window: &Window) -> Vec<f64> {
    let channels = xs.0[2];
    let size = (window.size[0] * window.size[1]) as f64;
    let mut out = vec![0.0; pixels(window, xs) * channels];
    meetings(window, xs, |o, i, _| {
        for c in 0..channels {
            out[o * channels + c] += x[i * channels + c] / size;
        }
    });
    out
}

/// x̄[i, c] = Σ ȳ[o, c] / size
pub fn avg_pool_input(dy: &[f64], xs: &Shape, window: &Window) -> Vec<f64> {
    let channels = xs.0[2];
    let size = (window.size[0] * window.size[1]) as f64;
    let mut out = vec![0.0; xs.len()];
    meetings(window, xs, |o, i, _| {
        for c in 0..channels {
            out[i * channels + c] += dy[o * channels + c] / size;
        }
    });
    out
}

fn pixels(window: &Window, xs: &Shape) -> usize {
    window.output(xs.0[0], xs.0[1]).map_or(0, |[h, w]| h * w)
}
