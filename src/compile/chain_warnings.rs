//! What Markov chains say against themselves: G012 where they do not agree, G013 where trajectories diverged.

use crate::diagnostic::Diagnostic;
use crate::infer::chains::Chains;
use crate::infer::settings::Method;
use crate::metrics::convergence::RHAT;
use crate::model::Model;
use crate::run_folder::SummaryRow;

/// The findings, at the statement of the unknown that they are about.
pub(super) fn warnings(
    model: &Model,
    method: Method,
    chains: &Chains,
    summary: &[SummaryRow],
) -> Vec<Diagnostic> {
    let is_smc = method == Method::Smc;
    let (group, groups) = if is_smc { ("population", "populations") } else { ("chain", "chains") };
    let rhat = |row: &SummaryRow| row.convergence.as_ref().map_or(f64::NAN, |c| c.rhat);
    let judged = summary.iter().filter(|row| rhat(row).is_finite());
    let worst = judged.max_by(|a, b| rhat(a).total_cmp(&rhat(b)));
    let mut found = vec![];
    if let Some(row) = worst.filter(|row| rhat(row) >= RHAT) {
        let (name, value) = (&row.variable, rhat(row));
        let what = format!(
            "{} {groups} do not agree on `{name}` (R̂ {value:.2}, below {RHAT} is wanted)",
            chains.chains
        );
        let unknown = model.unknowns.iter().filter(|u| name.starts_with(&u.name));
        let finding = match unknown.max_by_key(|u| u.name.len()) {
            Some(unknown) => Diagnostic::new("G012", what)
                .at(unknown.span, format!("each {group} says another thing of it")),
            None => Diagnostic::new("G012", what),
        };
        let numbers = format!("means, sds and quantiles of such {groups} are not those of the posterior");
        found.push(finding.note(numbers).help(
            "give more `tune` and `samples`; if that does not help, look for unknowns that only their sum or product \
             is known of, or that may change places",
        ));
    }
    let diverged: usize = chains.divergences.iter().sum();
    if diverged > 0 {
        let what = format!(
            "{diverged} of {} trajectories diverged: the posterior has corners that the chains do not enter",
            chains.len()
        );
        found.push(
            Diagnostic::new("G013", what)
                .note("what lies in the corners is missing from means, sds and quantiles")
                .help(
                    "give scales priors that keep them from 0, let `fit` write hierarchies as location + scale · z (no \
                     `without = [non_centre]`), or take smaller steps: `target_accept = 0.95`",
                ),
        );
    }
    found
}
