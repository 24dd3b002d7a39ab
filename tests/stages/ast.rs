//! `--emit ast`: what every example model reads as, and that the printed text is the same model.

use crate::support::{files_in, snapshot};
use bnnc::source::SourceFile;
use bnnc::syntax::parse;
use bnnc::syntax::print::print;

#[test]
fn models_as_they_are_read() {
    for (name, text) in files_in("models", "bnn") {
        let ast = parse(&SourceFile::new(name.as_str(), text)).expect(&name);
        let printed = print(&ast);
        snapshot("ast", &name, &printed);
        let again = parse(&SourceFile::new(name.as_str(), printed.as_str())).expect(&name);
        assert_eq!(print(&again), printed, "{name}");
    }
}
