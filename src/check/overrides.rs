//! What each `--set` is for: a constant, an option of the fit block, or an argument of the data source.

use super::{Context, settings};
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::syntax::ast::{DataItem, Item, Source};
use std::collections::HashMap;

/// The values of `--set`, sorted.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Constants of the model.
    pub constants: HashMap<String, f64>,
    /// Options of the fit block.
    pub options: Vec<(String, String)>,
}

/// Sorts `--set`; what nothing in the model has is O003. A constant or data argument comes before an option of the
/// same name, which is written `fit.name`.
pub fn sort(items: &[Item], context: &Context, found: &mut Diagnostics) -> Overrides {
    let (mut constants, mut arguments) = (vec![], vec![]);
    names(items, &mut constants, &mut arguments);
    arguments.extend(context.data_arguments.iter().map(String::as_str));
    let mut sorted = Overrides::default();
    for (name, value) in &context.overrides {
        if let Some(option) = name.strip_prefix("fit.") {
            sorted.options.push((option.to_owned(), value.clone()));
        } else if constants.contains(&name.as_str()) {
            match value.trim().parse::<f64>() {
                Ok(number) if !number.is_nan() => {
                    sorted.constants.insert(name.clone(), number);
                }
                _ => found.push(
                    Diagnostic::new("O005", format!("`--set {name}={value}`: the value is not a number"))
                        .help(format!("`{name}` is a constant: write for example `--set {name}=2`")),
                ),
            }
        } else if !arguments.contains(&name.as_str()) {
            if settings::find(name).is_some() {
                sorted.options.push((name.clone(), value.clone()));
            } else {
                found.push(names_nothing(name, value, &constants, &arguments));
            }
        }
    }
    sorted
}

fn names_nothing(name: &str, value: &str, constants: &[&str], arguments: &[&str]) -> Diagnostic {
    let options = settings::OPTIONS.iter().map(|o| o.name);
    let known = constants.iter().chain(arguments).copied().chain(options);
    let finding = Diagnostic::new(
        "O003",
        format!("`--set {name}={value}`: `{name}` is no constant, data argument or fit option of this model"),
    );
    match suggest::nearest(name, known) {
        Some(near) => finding.help(format!("did you mean `--set {near}={value}`?")),
        None if constants.is_empty() => finding.note("the model has no constants"),
        None => finding.help(format!("the constants are {}", constants.join(", "))),
    }
}

/// Constants of the model and named arguments of its data sources, in every alternative.
fn names<'a>(items: &'a [Item], constants: &mut Vec<&'a str>, arguments: &mut Vec<&'a str>) {
    for item in items {
        match item {
            Item::Const { name, .. } => constants.push(&name.value),
            Item::Choose { alternatives, .. } => {
                alternatives.iter().for_each(|a| names(&a.items, constants, arguments));
            }
            Item::Data(data) => {
                let tests = data.items.iter().filter_map(|i| match i {
                    DataItem::Test(source) => Some(source),
                    _ => None,
                });
                for source in tests.chain([&data.source]) {
                    if let Source::Call { args, .. } = source {
                        arguments
                            .extend(args.iter().filter_map(|a| a.name.as_ref()).map(|n| n.value.as_str()));
                    }
                }
            }
            Item::Define { .. }
            | Item::Random { .. }
            | Item::Net { .. }
            | Item::Report { .. }
            | Item::Fit { .. }
            | Item::Each { .. }
            | Item::Layer(_) => {}
        }
    }
}
