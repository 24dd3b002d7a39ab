//! **bnnc**, a compiler for Bayesian models.
//!
//! ```text
//! source ─parse→ Ast ─check→ Model ─lower→ Tape(log joint)
//!        ─guide→ Tape(ELBO) ─adjoint→ Tape(ELBO + gradient)
//!        ─optimise→ Tape ─plan→ Program ─run→ Posterior ─report→ files
//! ```
//!
//! Each arrow is one folder with one public function; `docs/architecture.md` says which module may use which.

pub mod adjoint;
pub mod check;
pub mod cli;
pub mod compile;
pub mod data;
pub mod diagnostic;
pub mod dist;
pub mod engine;
pub mod export;
pub mod files;
pub mod guide;
pub mod infer;
pub mod kernels;
pub mod layers;
pub mod lint;
pub mod lower;
pub mod metrics;
pub mod model;
pub mod passes;
pub mod plan;
pub mod report;
pub mod rewrites;
pub mod run_folder;
pub mod source;
pub mod syntax;
pub mod tape;
pub mod transform;
pub mod ty;
