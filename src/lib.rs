//! **bnnc**, a compiler for Bayesian models.
//!
//! ```text
//! source ─parse→ Ast ─check→ Model ─lower→ Tape(log joint)
//!        ─guide→ Tape(ELBO) ─adjoint→ Tape(ELBO + gradient)
//!        ─optimise→ Tape ─plan→ Program ─run→ Posterior ─report→ files
//! ```
//!
//! A model, some rows, a fit and predictions, without a file:
//!
//! ```
//! use bnnc::{Data, Fit, Model};
//!
//! let x: Vec<f64> = (0..40).map(|i| f64::from(i) / 20.0 - 1.0).collect();
//! let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| 1.0 + 2.0 * x + 0.1 * (i % 5) as f64).collect();
//! let rows = Data::new().numbers("x", &x).numbers("y", &y);
//! let text = "data \"rows\" { x, y : real }\n\
//!             b[2] ~ Normal(0, 3)\n\
//!             s ~ HalfNormal(1)\n\
//!             y ~ Normal(b[1] + b[2] * x, s)\n";
//!
//! let fitted = Model::from_text("line", text).with_data(&rows)?.fit(&Fit::default().seed(7))?;
//! let predicted = fitted.predict(&Data::new().numbers("x", &[0.0, 0.5]))?;
//! let mean = predicted.numbers("mean").expect("a number is predicted");
//! assert!((mean[0] - 1.2).abs() < 0.1 && (mean[1] - 2.2).abs() < 0.1, "{mean}");
//! # Ok::<(), bnnc::Error>(())
//! ```
//!
//! [`library`] has all of it; the other modules are the compiler itself, and their names may change.
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
pub mod library;
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

pub use library::{
    Axis, Data, DrawArray, Draws, Elements, Error, Finding, Fit, Fitted, Labels, Model, Predict, Predictions,
    Progress, Stage, SummaryRow,
};
