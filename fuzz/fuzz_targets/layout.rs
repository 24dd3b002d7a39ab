//! What can be read is laid out: the same tree, every comment, and laid out again the same text.
#![no_main]

use bnnc::source::SourceFile;
use bnnc::syntax::ast::Ast;
use bnnc::syntax::{format::format, parse, print::print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source = SourceFile::new("m.bnn", String::from_utf8_lossy(bytes));
    let Ok(tree) = parse(&source) else { return };
    let after = SourceFile::new("m.bnn", format(&source, &tree));
    let again = parse(&after).expect("a layout can be read");
    let comments = |tree: &Ast| tree.comments.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
    assert_eq!(print(&tree), print(&again));
    assert_eq!(comments(&tree), comments(&again));
    assert_eq!(format(&after, &again), after.text);
});
