//! Advice on models that compile: one lint a file or a few that share a question, one line each in [`ALL`].
//!
//! A lint reads a [`Subject`] and nothing else: the tree, the checked model, the training rows if they are there.
//! A warning has no false alarm on a right model; what cannot promise that is a note. [`allow`] takes out what the
//! author of the model has silenced. Start at [`lint`].

pub mod allow;
mod classes;
mod collinear;
mod constant_column;
mod default_bias;
mod few_rows;
mod flat;
mod flat_alone;
mod guide;
mod half_names;
mod inputs;
mod last_activation;
mod linear_layers;
pub mod numbers;
mod own_target;
mod scale_priors;
mod shared_scale;
mod subject;
mod symmetries;
mod target_size;
mod terms;
mod tree;
mod weight_scale;
mod wide_prior;
mod zero_density;

use crate::diagnostic::{Diagnostic, Diagnostics};
pub use subject::{Rows, Subject};

/// One entry of the table.
#[derive(Debug)]
pub struct Lint {
    /// `K001`
    pub code: &'static str,
    /// Whether it judges numbers that were written: such a lint looks at the file, never at what `--set` changed.
    pub is_about_values: bool,
    /// What it finds.
    pub check: fn(&Subject) -> Vec<Diagnostic>,
}

/// Every lint, by code.
pub const ALL: &[Lint] = &[
    classes::LINT,
    inputs::LINT,
    target_size::TARGET,
    constant_column::LINT,
    own_target::LINT,
    collinear::LINT,
    few_rows::LINT,
    guide::FUNNEL,
    guide::TAILS,
    guide::LOST,
    guide::NOISY,
    guide::POINTS,
    linear_layers::LINT,
    last_activation::NOTE,
    guide::TOO_LARGE,
    symmetries::SHIFT,
    symmetries::PERMUTATION,
    target_size::FIXED,
    zero_density::LINT,
    flat::HIDDEN,
    flat::NOTE,
    flat_alone::LINT,
    flat::LOGITS,
    scale_priors::EDGE,
    scale_priors::NOT_VAGUE,
    scale_priors::ON_SD,
    weight_scale::SATURATED,
    weight_scale::UNUSUAL,
    wide_prior::LINT,
    default_bias::LINT,
    shared_scale::LINT,
    last_activation::UNREACHED,
    half_names::LINT,
];

/// All findings on a model.
pub fn lint(subject: &Subject) -> Diagnostics {
    lint_some(subject, |_| true)
}

/// The findings of the lints that are wanted.
pub fn lint_some(subject: &Subject, wanted: impl Fn(&Lint) -> bool) -> Diagnostics {
    let mut found = Diagnostics::default();
    for lint in ALL.iter().filter(|l| wanted(l)) {
        (lint.check)(subject).into_iter().for_each(|d| found.push(d));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::diagnostic::code::SeenIn;

    #[test]
    fn the_table_is_sorted_by_code_and_each_code_is_known() {
        assert!(ALL.windows(2).all(|w| w[0].code < w[1].code));
        assert!(ALL.iter().all(|l| Code::find(l.code).is_some()));
        let is_before_a_fit = |l: &&Lint| Code::named(l.code).entry().seen_in != SeenIn::Fit;
        assert!(ALL.iter().all(|l| is_before_a_fit(&l)), "no lint can see what only a fit finds");
    }
}
