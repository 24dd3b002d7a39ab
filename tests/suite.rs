//! The one test binary: each module is one kind of test.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// Reports in headless Chromium.
mod browser;
/// The program as it is run: output, errors, exit status, files.
mod cli;
/// Runs loaded again: the same rows have the same numbers.
mod fitted;
/// who may use whom, and how a file begins
mod layers;
/// densities, bijections and samplers against tables of other programs
mod oracles;
/// Pages of docs/ that are written from tables.
mod reference_pages;
/// The public surface of the library.
mod surface;

/// What distributions and suffixes mean, on whole models; the example models of distributions, fitted.
#[path = "densities/mod.rs"]
mod densities;
/// The page of every code, looked at or run.
#[path = "docs/check.rs"]
mod docs_check;
/// Examples in the documents that read files.
#[path = "docs/data.rs"]
mod docs_data;
/// Examples in the documents, as far as reading them goes.
#[path = "docs/syntax.rs"]
mod docs_syntax;
/// Adjoints against central differences; passes, plans and the engine against the plain evaluator.
#[path = "gradients/mod.rs"]
mod gradients;
/// Whole fits against closed forms and reference posteriors; the same bits for any number of threads.
#[path = "inference/mod.rs"]
mod inference;
/// Licences of dependencies.
mod licences;
/// Changed files of data and run folders.
mod mutations;
/// Random well-typed models: what is accepted runs.
mod random_models;
/// Rewrites of the ELBO: same expectation, same joint density, said aloud.
#[path = "rewrites/mod.rs"]
mod rewrites;
/// Damaged sources and data end in findings.
mod robustness;
/// Memory over many fits.
mod sbc;
mod soak;
/// Models as read: `--emit ast`.
#[path = "stages/ast.rs"]
mod stages_ast;
/// Models as checked: `--emit model`.
#[path = "stages/model.rs"]
mod stages_model;
/// Tapes as printed: `--emit tape|elbo|grad|plan`.
#[path = "stages/tapes.rs"]
mod stages_tapes;
/// Helpers: files of a folder, snapshots.
mod support;
/// What the settings ask for and a path cannot do.
#[path = "ui/asked.rs"]
mod ui_asked;
/// Messages of the checker as printed, one small wrong model each.
#[path = "ui/check.rs"]
mod ui_check;
/// Every fix of the table.
#[path = "ui/fixes.rs"]
mod ui_fixes;
/// Spellings of other languages.
#[path = "ui/foreign.rs"]
mod ui_foreign;
/// `bnnc fmt` over every model.
#[path = "ui/layout.rs"]
mod ui_layout;
/// The page of ten messages.
#[path = "ui/page.rs"]
mod ui_page;
/// Right models: no false alarm.
#[path = "ui/right.rs"]
mod ui_right;
/// Messages as printed, one small wrong model each.
#[path = "ui/syntax.rs"]
mod ui_syntax;
/// Wrong models in other spellings: one finding each.
#[path = "ui/wrong.rs"]
mod ui_wrong;
