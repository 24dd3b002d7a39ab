//! infer

pub mod progress;
