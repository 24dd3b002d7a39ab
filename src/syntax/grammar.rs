//! The parser that pest makes of `grammar/bnn.pest`; used nowhere outside this folder.

/// Text to pest's pairs.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/bnn.pest"]
pub struct Grammar;
