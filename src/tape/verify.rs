//! The invariants of a tape.
