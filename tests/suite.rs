//! The one test binary: each module is one kind of test.

/// densities, bijections and samplers against tables of other programs
mod oracles;

/// Adjoints against central differences; passes, plans and the engine against the plain evaluator.
#[path = "gradients/mod.rs"]
mod gradients;
