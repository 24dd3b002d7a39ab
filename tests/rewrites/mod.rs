//! The rewrites of `docs/inference.md`, section 4: "same" ones keep expectations, "new" ones keep the joint density,
//! and what is applied or refused is said.

mod by_row;
mod directions;
mod enumerated;
mod expected_prior;
mod forms;
mod new_family;
mod said;
mod same;
