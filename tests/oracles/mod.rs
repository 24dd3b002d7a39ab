//! Reference values with their origin (`README.md` lists them), compared with everything that claims to compute them.

mod bijection;
mod convergence;
mod dist;
mod ends;
mod event;
mod normalisation;
mod psis;
mod samplers;
mod single;
mod special;
mod table;
mod truncation;

/// Whether two numbers agree within a relative tolerance plus an absolute one; infinities and NaN only with their like.
fn agree(got: f64, want: f64, relative: f64, absolute: f64) -> bool {
    if got.is_finite() && want.is_finite() {
        (got - want).abs() <= relative * want.abs() + absolute
    } else {
        got == want || got.is_nan() && want.is_nan()
    }
}

/// Fails with all complaints at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} disagreements:\n{}", complaints.len(), complaints.join("\n"));
}
