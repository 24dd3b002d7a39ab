//! Every message of the checker, as printed: one small wrong model in `tests/ui/check/`, one snapshot.
//!
//! The name of a model begins with the code that it shows; no other code may appear.

use crate::support::checked::checked;
use crate::support::{files_in, snapshot};
use bnnc::check::Context;
use bnnc::diagnostic::render::human_all;
use bnnc::diagnostic::{Diagnostics, Level};
use bnnc::source::SourceFile;

const FOLDER: &str = "tests/ui/check";

#[test]
fn messages_of_the_checker() {
    for (name, text) in files_in(FOLDER, "bnn") {
        let source = SourceFile::new(format!("{name}.bnn"), text);
        let (_, found) = checked(&source, FOLDER, &Context::default());
        let code = name.split('_').next().unwrap_or_default().to_uppercase();
        // Notes on other things are no reason to make these models longer.
        let found = Diagnostics(
            found.0.into_iter().filter(|d| d.code.id() == code || d.level() != Level::Note).collect(),
        );
        let shows = |id: &str| id == code || code == "MANY";
        assert!(!found.is_empty(), "{name}: nothing was found");
        assert!(found.0.iter().all(|d| shows(d.code.id())), "{name}: {found:#?}");
        snapshot("ui", &name, &human_all(&found, &source, false));
    }
}

/// A fix cures its finding and makes no other.
#[test]
fn fixes_of_the_checker_cure() {
    let mut fixes = 0;
    for (name, text) in files_in(FOLDER, "bnn") {
        let source = SourceFile::new(format!("{name}.bnn"), text);
        let (_, before) = checked(&source, FOLDER, &Context::default());
        for finding in &before.0 {
            let Some(fix) = finding.fix.as_ref().filter(|_| finding.code.id() != "Z001") else { continue };
            let mut cured = source.text.clone();
            cured.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
            let (_, after) =
                checked(&SourceFile::new(source.name.clone(), cured.clone()), FOLDER, &Context::default());
            let left = after.0.iter().filter(|d| d.level() == Level::Error).count();
            assert!(left < before.0.len(), "{name}: {} does not cure\n{cured}\n{after:#?}", finding.message);
            fixes += 1;
        }
    }
    assert!(fixes >= 15, "{fixes} fixes");
}

#[test]
fn the_command_line_is_answered() {
    let (_, text) = files_in("models", "bnn").into_iter().find(|(name, _)| name == "moons").unwrap();
    let source = SourceFile::new("moons.bnn", text);
    let mut shown = String::new();
    let cases: &[(&str, &str, &str)] = &[
        ("set", "sgima", "2"),
        ("set", "zzzzzzzz", "2"),
        ("set", "sigma", "two"),
        ("set", "method", "avdi"),
        ("set", "fit.stepps", "10"),
        ("set", "steps", "1.5"),
        ("choose", "piror", "laplace"),
        ("choose", "prior", "laplac"),
    ];
    for (flag, name, value) in cases {
        let pair = vec![((*name).to_owned(), (*value).to_owned())];
        let context = match *flag {
            "set" => Context { overrides: pair, ..Context::default() },
            _ => Context { choices: pair, ..Context::default() },
        };
        let (model, mut found) = checked(&source, "models", &context);
        found.0.retain(|d| d.level() != Level::Note);
        assert!(model.is_none() && found.0.len() == 1, "--{flag} {name}={value}: {found:#?}");
        shown.push_str(&format!("$ --{flag} {name}={value}\n{}\n", human_all(&found, &source, false)));
    }
    snapshot("ui", "command_line", &shown);
}
