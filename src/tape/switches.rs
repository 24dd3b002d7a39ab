//! Which rewrites of a tape are switched off, to measure what each brings: `BNNC_WITHOUT=share_common,fuse_dense`.
//!
//! Passes and the planner's fusions have names; results without one agree to rounding. Names that there are not are
//! refused where the program starts, so none is ignored.

use std::sync::OnceLock;

/// The environment's variable.
pub const VARIABLE: &str = "BNNC_WITHOUT";

/// The names that the environment switches off.
pub fn off() -> &'static [String] {
    static OFF: OnceLock<Vec<String>> = OnceLock::new();
    OFF.get_or_init(|| {
        let names = std::env::var(VARIABLE).unwrap_or_default();
        names.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect()
    })
}

/// Whether a rewrite is switched off.
pub fn is_off(name: &str) -> bool {
    off().iter().any(|n| n == name)
}
