//! Every message about syntax, as printed: one small wrong model in `tests/ui/syntax/`, one snapshot.
//!
//! The name of a model begins with the code that it shows.

use crate::support::{files_in, snapshot};
use bnnc::diagnostic::render::human_all;
use bnnc::source::SourceFile;
use bnnc::syntax::parse;

#[test]
fn messages_about_syntax() {
    for (name, text) in files_in("tests/ui/syntax", "bnn") {
        let source = SourceFile::new(format!("{name}.bnn"), text);
        let findings = parse(&source).expect_err(&name);
        let code = name.split('_').next().unwrap_or_default().to_uppercase();
        let shows = |id: &str| id == code || code == "MANY";
        assert!(findings.0.iter().all(|d| shows(d.code.id())), "{name}: {findings:?}");
        snapshot("ui", &name, &human_all(&findings, &source, false));
    }
}

/// A fix is only offered where it cures: the text with it is right, or at least that finding is gone.
#[test]
fn fixes_of_syntax_cure() {
    let mut fixes = 0;
    for (name, text) in files_in("tests/ui/syntax", "bnn") {
        let source = SourceFile::new(format!("{name}.bnn"), text);
        let before = parse(&source).expect_err(&name);
        for finding in &before.0 {
            let Some(fix) = &finding.fix else { continue };
            let mut cured = source.text.clone();
            cured.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
            let after =
                parse(&SourceFile::new("cured.bnn", cured.as_str())).err().map_or(0, |found| found.0.len());
            assert!(after < before.0.len(), "{name}: {} does not cure\n{cured}", finding.message);
            fixes += 1;
        }
    }
    assert!(fixes >= 10, "{fixes} fixes");
}
