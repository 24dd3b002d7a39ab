//! Draws diagnostics: [`human`] for people, [`mod@json`] for programs.

pub mod human;
pub mod json;
