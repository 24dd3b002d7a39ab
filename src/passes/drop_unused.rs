//! Instructions that no output needs are left out.

use crate::tape::Tape;
use crate::tape::prune::without_unused;

/// Keeps what the outputs reach, in the same order.
pub fn drop_unused(tape: &Tape) -> Tape {
    without_unused(tape)
}
