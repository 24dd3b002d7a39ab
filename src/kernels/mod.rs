//! Loops over slices; no knowledge of models, tapes or programs.
//!
//! Two layouts of a value that has one entry a row: **lanes**, `[feature][row]` with the row fastest, for vectors,
//! and **image**, `[row][h][w][c]`, for what convolutions see. A global tensor is plain row-major.
//! Every kernel is generic over [`real::Real`] and compiled once for each instruction set (`dispatch`); which one
//! runs is decided at run time. An element's value never depends on where in a slice it stands.
//! Start with [`scalar`] for the names of the functions and [`elementwise`] for the shape of a kernel.
pub mod adam;
pub mod ascent;
pub mod bytes;
pub mod conv;
pub mod conv_pool;
pub mod dense;
mod dispatch;
pub mod elementwise;
pub mod index;
pub mod noise;
pub mod pool;
pub mod real;
pub mod reduce;
pub mod scalar;
pub mod softmax;
pub mod special;
pub mod transpose;
mod vector;
#[cfg(test)]
mod widths;

pub use dispatch::{LEVEL_VARIABLE, LEVELS, Level, instruction_set};
pub use vector::prefetch_all;
