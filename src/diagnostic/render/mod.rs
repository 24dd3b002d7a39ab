//! Draws diagnostics: [`human()`] for people, [`json()`], [`sarif()`] and [`github()`] for programs.

mod github;
mod human;
mod json;
mod sarif;

pub use github::github;
pub use human::{human, human_all};
pub use json::json;
pub use sarif::sarif;
