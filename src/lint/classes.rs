//! D004: a class of the target that no training row has.

use super::Lint;
use super::subject::Subject;
use crate::diagnostic::Diagnostic;
use crate::model::ExprKind;
use crate::ty::{Element, Support};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D004", is_about_values: false, check };

/// More absent classes than this are counted, not named.
const NAMED: usize = 5;

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &subject.model.observations {
        let ExprKind::Column(column) = *subject.kind(observation.target) else { continue };
        let column = subject.model.column(column);
        let (Element::Class, Support::Class(k)) = (column.ty.element, &column.ty.support) else { continue };
        let Some(values) = subject.values(observation.target) else { continue };
        let mut seen = vec![false; *k];
        for value in values {
            if let Some(seen) = seen.get_mut(value as usize) {
                *seen = true;
            }
        }
        let label = |i: usize| column.levels.get(i).cloned().unwrap_or_else(|| i.to_string());
        let absent: Vec<String> = (0..*k).filter(|i| !seen[*i]).map(label).collect();
        if absent.is_empty() {
            continue;
        }
        let (word, verb) = if absent.len() == 1 { ("class", "occurs") } else { ("classes", "occur") };
        let names = match absent.len() {
            n if n > NAMED => format!("{n}"),
            _ => absent.join(", "),
        };
        found.push(
            Diagnostic::new(
                "D004",
                format!("{word} {names} of {k} never {verb} in the training rows of `{}`", column.name),
            )
            .at(column.span, format!("{k} classes are declared"))
            .at(observation.span, "nothing can be learned about what is never seen")
            .help("check the labels and the split, or declare the classes that there are"),
        );
    }
    found
}
