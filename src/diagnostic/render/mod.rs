//! Draws diagnostics: [`human()`] for people, [`json()`] for programs.

mod human;
mod json;

pub use human::{human, human_all};
pub use json::json;
