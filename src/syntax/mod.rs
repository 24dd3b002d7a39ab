//! Source text to [`ast::Ast`].
pub mod ast;
