//! D012: fewer training rows than weights.

use super::Lint;
use super::subject::{Subject, tensor};
use crate::diagnostic::Diagnostic;

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D012", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let Some(rows) = subject.rows else { return vec![] };
    let few = subject.model.nets.iter().filter(|net| net.weights > rows.count());
    let finding = |net: &crate::model::Net| {
        let message = format!(
            "{} rows for {} weights of `{}`: expect the posterior to stay near the prior",
            rows.count(),
            net.weights,
            net.name
        );
        let first = subject.model.unknowns.iter().find(|u| {
            tensor(u, "w")
                .is_some_and(|(n, ..)| subject.model.nets.get(n).is_some_and(|n| n.name == net.name))
        });
        let finding = Diagnostic::new("D012", message);
        match first {
            Some(unknown) => finding.at(unknown.span, "its first weights"),
            None => finding,
        }
    };
    few.map(finding).collect()
}
