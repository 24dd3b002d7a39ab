//! Appends the gradient to a tape.
