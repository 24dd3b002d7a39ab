//! Instructions that pick or place parts of a value.

/// Part number `index` of a table whose parts have n elements; NaN if there is no such part.
pub fn gather(table: &[f64], index: f64, n: usize) -> Vec<f64> {
    match place(index, table.len() / n.max(1)) {
        Some(k) => table[k * n..(k + 1) * n].to_vec(),
        None => vec![f64::NAN; n],
    }
}

/// n zeros with y as part number `index`; NaN if there is no such part.
pub fn scatter(y: &[f64], index: f64, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    match place(index, n / y.len().max(1)) {
        Some(k) => out[k * y.len()..(k + 1) * y.len()].copy_from_slice(y),
        None => out.fill(f64::NAN),
    }
    out
}

/// n zeros with x from `start` on
pub fn pad(x: &[f64], start: usize, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    out[start..start + x.len()].copy_from_slice(x);
    out
}

/// n zeros, with x_i added at `places[i]`
pub fn put(x: &[f64], places: &[u32], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for (v, p) in x.iter().zip(places) {
        out[*p as usize] += v;
    }
    out
}

/// An index as a place below `count`.
fn place(index: f64, count: usize) -> Option<usize> {
    let is_place = index >= 0.0 && index == index.floor() && index < count as f64;
    is_place.then_some(index as usize)
}
