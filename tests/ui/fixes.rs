//! Every ✎ of the table: `tests/ui/fixes/CODE.bnn` is rewritten into a model that checks clean and is, when printed,
//! the one of `CODE.cured`, which was written by hand from what the message promises.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::diagnostic::{Fix, Level, code, fix};
use bnnc::source::SourceFile;

const FOLDER: &str = "tests/ui/fixes";

fn read(file: &str) -> String {
    let path = format!("{}/{FOLDER}/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn every_fix_of_the_table_does_what_it_promises() {
    let mut count = 0;
    for entry in code::ALL.iter().filter(|e| e.has_fix) {
        let id = entry.id;
        let context = Context::default();
        let mut source = SourceFile::new("fixed.bnn", read(&format!("{id}.bnn")));
        let mut rounds = 0;
        loop {
            let (_, found) = checked(&source, FOLDER, &context);
            let fixes: Vec<Fix> =
                found.0.iter().filter(|d| d.code.id() == id).filter_map(|d| d.fix.clone()).collect();
            if fixes.is_empty() {
                break;
            }
            let (text, applied) = fix::apply(&source.text, &fixes.iter().collect::<Vec<_>>());
            assert!(applied > 0 && rounds < 10, "{id}: round {rounds}\n{}", source.text);
            source = SourceFile::new("fixed.bnn", text);
            rounds += 1;
        }
        assert!(rounds > 0, "{id} offers no fix:\n{}", source.text);
        let (model, found) = checked(&source, FOLDER, &context);
        let left: Vec<_> = found.0.iter().filter(|d| d.level() != Level::Note || d.code.id() == id).collect();
        assert!(left.is_empty(), "{id}\n{}\n{left:#?}", source.text);
        let (promised, _) =
            checked(&SourceFile::new("fixed.bnn", read(&format!("{id}.cured"))), FOLDER, &context);
        let printed = |m: Option<bnnc::model::Model>| m.map(|m| m.to_string()).unwrap_or_default();
        let promised = printed(promised);
        assert!(!promised.is_empty(), "{id}.cured is no model");
        assert_eq!(printed(model), promised, "{id}\n{}", source.text);
        count += 1;
    }
    assert_eq!(count, 20, "the table of the language has twenty of them");
}
