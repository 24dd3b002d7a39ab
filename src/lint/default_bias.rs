//! P016: the biases of a net have no prior of their own, once per net.

use super::{Lint, Subject};
use crate::diagnostic::Diagnostic;
use crate::model::Role;

/// The entry of the table.
pub const LINT: Lint = Lint { code: "P016", is_about_values: false, check };

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let model = subject.model;
    let mut found = vec![];
    for (position, net) in model.nets.iter().enumerate() {
        let is_default_bias = |role: &Role| match role {
            Role::Net { net, tensor, .. } => *net == position && tensor == "b",
            Role::Plain => false,
        };
        let first = model.unknowns.iter().find(|u| u.is_default && is_default_bias(&u.role));
        let Some(bias) = first else { continue };
        found.push(
            Diagnostic::new(
                "P016",
                format!("`b` has no prior of its own in `{}`; the default Normal(0, 1) is used", net.name),
            )
            .at(bias.span, "the first layer without one")
            .help("write `each layer { b ~ Normal(0, 1) }` to say so"),
        );
    }
    found
}
