//! What `--emit model` prints, for the example models and for small ones that show one thing each.

use crate::support::checked::checked;
use crate::support::{files_in, snapshot};
use bnnc::check::Context;
use bnnc::diagnostic::Level;
use bnnc::source::SourceFile;

/// Models whose data are too large to ship: `tests/cli/pictures.rs` fits them on made files.
const WITHOUT_DATA: [&str; 2] = ["cifar10", "cats_dogs"];

#[test]
fn example_models_are_typed() {
    let has_data = |name: &str| !WITHOUT_DATA.contains(&name);
    for (name, text) in files_in("models", "bnn").into_iter().filter(|(name, _)| has_data(name)) {
        prints(&name, "models", text, &Context::default());
    }
}

#[test]
fn small_models_are_typed() {
    for (name, text) in files_in("tests/stages/model", "bnn") {
        prints(&name, "tests/stages/model", text, &Context::default());
    }
}

#[test]
fn the_command_line_picks_and_sets() {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
    let context = Context {
        overrides: pairs(&[("sigma", "0.3"), ("steps", "7"), ("fit.seed", "5")]),
        choices: pairs(&[("prior", "laplace"), ("scale", "fixed")]),
        data_arguments: vec![],
        ..Context::default()
    };
    let (_, text) = files_in("models", "bnn").into_iter().find(|(name, _)| name == "moons").unwrap();
    prints("moons_laplace_fixed", "models", text, &context);
}

fn prints(name: &str, folder: &str, text: String, context: &Context) {
    let source = SourceFile::new(format!("{name}.bnn"), text);
    let (model, found) = checked(&source, folder, context);
    assert!(found.0.iter().all(|d| d.level() == Level::Note), "{name}: {found:#?}");
    let model = model.unwrap_or_else(|| panic!("{name} has no findings and no model"));
    snapshot("model", name, &model.to_string());
}
