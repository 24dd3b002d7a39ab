//! **bnnc**, a compiler for Bayesian models.
//!
//! ```text
//! source ─parse→ Ast ─check→ Model ─lower→ Tape(log joint)
//!        ─guide→ Tape(ELBO) ─adjoint→ Tape(ELBO + gradient)
//!        ─optimise→ Tape ─plan→ Program ─run→ Posterior ─report→ files
//! ```
//!
//! Each arrow is one folder with one public function; `docs/architecture.md` says which module may use which.

pub mod source;
pub mod diagnostic;
pub mod syntax;
pub mod ty;
pub mod kernels;
pub mod tape;
pub mod dist;
pub mod transform;
pub mod metrics;
pub mod layers;
pub mod model;
pub mod check;
pub mod lint;
pub mod lower;
pub mod data;
pub mod guide;
pub mod adjoint;
pub mod passes;
pub mod plan;
pub mod engine;
pub mod infer;
pub mod compile;
pub mod report;
pub mod run_folder;
pub mod cli;
