//! `bnnc fmt` keeps what every model of the repository means: the models printed before and after are the same.

use crate::support::checked::checked;
use crate::support::files_in;
use bnnc::check::Context;
use bnnc::source::SourceFile;
use bnnc::syntax::{format::format, parse};

#[test]
fn a_layout_changes_no_model_and_no_finding() {
    let mut models = 0;
    for folder in [
        "models",
        "models/posteriordb",
        "tests/ui/check",
        "tests/ui/right",
        "tests/ui/fixes",
        "tests/ui/syntax",
        "tests/inference/cases",
        "tests/stages/model",
    ] {
        for (name, text) in files_in(folder, "bnn") {
            let source = SourceFile::new(format!("{name}.bnn"), text);
            let Ok(tree) = parse(&source) else { continue };
            // Reading all of MNIST once is enough, and the layout knows nothing of data.
            if source.text.contains("mnist") && name != "residual" {
                continue;
            }
            let after = SourceFile::new(source.name.clone(), format(&source, &tree));
            let again = parse(&after).unwrap_or_else(|e| panic!("{folder}/{name}: {e:?}\n{}", after.text));
            assert_eq!(
                format(&after, &again),
                after.text,
                "{folder}/{name} is not laid out once and for all"
            );
            for comment in &tree.comments {
                assert!(after.text.contains(&comment.value), "{folder}/{name} loses {}", comment.value);
            }
            let context = Context::default();
            let ((model, found), (same, others)) =
                (checked(&source, folder, &context), checked(&after, folder, &context));
            let printed = |m: &Option<bnnc::model::Model>| m.as_ref().map(ToString::to_string);
            assert_eq!(printed(&model), printed(&same), "{folder}/{name}\n{}", after.text);
            let codes = |f: &bnnc::diagnostic::Diagnostics| {
                let mut codes: Vec<_> = f.0.iter().map(|d| d.code.id()).filter(|c| *c != "Z001").collect();
                codes.sort_unstable();
                codes
            };
            assert_eq!(codes(&found), codes(&others), "{folder}/{name}\n{}", after.text);
            models += usize::from(model.is_some());
        }
    }
    assert!(models >= 40, "{models} models");
}

/// What is shown to users is laid out as `bnnc fmt` does it.
#[test]
fn examples_and_starter_models_are_laid_out() {
    for folder in ["models", "models/posteriordb", "src/cli/new", "tests/ui/right"] {
        for (name, text) in files_in(folder, "bnn") {
            let source = SourceFile::new(format!("{name}.bnn"), text);
            let tree = parse(&source).unwrap_or_else(|e| panic!("{folder}/{name}: {e:?}"));
            assert_eq!(format(&source, &tree), source.text, "{folder}/{name}");
        }
    }
}
