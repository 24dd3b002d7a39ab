//! Any text is read or refused; what is read and printed is read again, the same.
#![no_main]

use bnnc::source::SourceFile;
use bnnc::syntax::{parse, print::print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(tree) = parse(&SourceFile::new("m.bnn", text)) {
        let printed = print(&tree);
        let again = parse(&SourceFile::new("m.bnn", printed.as_str())).expect("a printed model can be read");
        assert_eq!(print(&again), printed);
    }
});
