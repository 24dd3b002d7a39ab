//! Loops over slices; no knowledge of models, tapes or programs.
pub mod scalar;
pub mod special;
