//! Source text to [`ast::Ast`].
pub mod ast;
pub mod constant;
