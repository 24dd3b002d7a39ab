//! Spellings of BUGS, Stan, R, PyMC, NumPyro and Turing: each is answered by one error that shows the way here.
//!
//! `tests/ui/foreign.txt` holds one statement a line; it stands in an otherwise right model.

use crate::support::checked::checked;
use crate::support::snapshot;
use bnnc::check::Context;
use bnnc::diagnostic::Level;
use bnnc::source::SourceFile;

const STATEMENTS: &str = include_str!("foreign.txt");

#[test]
fn foreign_spellings_are_answered_with_those_of_the_language() {
    let mut shown = String::new();
    let mut faults = vec![];
    let mut count = 0;
    for statement in STATEMENTS.lines() {
        let text = format!(
            "data \"howell.csv\" {{ height, weight : real; age : positive; male : bool }}\n\
             s ~ HalfNormal(20)\nmu ~ Normal(0, 20)\ntau ~ HalfNormal(1)\n{statement}\nweight ~ Normal(mu, s)\n"
        );
        let (_, mut found) = checked(&SourceFile::new("m.bnn", text), "tests/ui/right", &Context::default());
        found.0.retain(|d| d.level() == Level::Error);
        match found.0.as_slice() {
            [one] if one.help.is_some() => {
                shown.push_str(&format!(
                    "{statement}\n  {}: {}\n\n",
                    one.code.id(),
                    one.in_words().replace('\n', "\n  ")
                ));
            }
            other => faults.push(format!("{statement}\n{other:#?}")),
        }
        count += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 150, "{count} statements");
    snapshot("ui", "foreign_spellings", &shown);
}
