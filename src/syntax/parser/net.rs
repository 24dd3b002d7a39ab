//! Nets: layers, `each`, and the words of a layer line.

use super::{Builder, Piece, name, next, only, parts, span};
use crate::source::Spanned;
use crate::syntax::ast::{Item, Layer, Name, Word};
use crate::syntax::error;
use crate::syntax::grammar::Rule;

/// The words that begin a layer; the second one on a line means that `;` is missing.
pub const LAYER_WORDS: [&str; 12] = [
    "dense",
    "conv",
    "maxpool",
    "avgpool",
    "globalpool",
    "flatten",
    "embed",
    "residual",
    "concat",
    "layernorm",
    "dropout",
    "heads",
];

impl Builder<'_> {
    /// `net f(x) { … }`
    pub(super) fn net(&mut self, piece: Piece) -> Item {
        let span = span(&piece);
        let mut parts = parts(piece);
        let name = name(next(&mut parts));
        let parameters = super::parts(next(&mut parts)).map(super::name).collect();
        Item::Net { name, parameters, body: self.block(next(&mut parts)), span }
    }

    /// `each layer { … }`
    pub(super) fn each(&mut self, piece: Piece) -> Item {
        let span = span(&piece);
        let mut parts = parts(piece);
        Item::Each { kind: name(next(&mut parts)), body: self.block(next(&mut parts)), span }
    }

    /// `out: dense 10 softmax { … }`, `residual { … }`, `mean: { … }`
    pub(super) fn layer_line(&mut self, piece: Piece) -> Option<Item> {
        let span = span(&piece);
        let mut parts = parts(piece).peekable();
        let label = parts.next_if(|p| p.as_rule() == Rule::name).map(name);
        let layer = next(&mut parts);
        if layer.as_rule() == Rule::net_block {
            return self.bare_block(label, layer, span);
        }
        let mut parts = super::parts(layer);
        let kind = name(next(&mut parts));
        let mut words = Vec::new();
        let mut body = None;
        for part in parts {
            if part.as_rule() == Rule::net_block {
                self.blocks.push(kind.value.clone());
                body = Some(self.block(part));
                self.blocks.pop();
            } else if let Some(word) = self.word(only(part)) {
                words.push(word);
            }
        }
        self.refuse_second_layer(&kind, &words);
        Some(Item::Layer(Layer { label, kind: Some(kind), words, body, span }))
    }

    /// `mean: { … }`, which only `heads` has.
    fn bare_block(&mut self, label: Option<Name>, block: Piece, span: crate::source::Span) -> Option<Item> {
        let is_head = label.is_some() && self.blocks.last().is_some_and(|kind| kind == "heads");
        let at = super::span(&block);
        self.blocks.push(String::new());
        let body = self.block(block);
        self.blocks.pop();
        if !is_head {
            self.refuse(error::block_without_layer(at, label.as_ref()));
            return None;
        }
        Some(Item::Layer(Layer { label, kind: None, words: vec![], body: Some(body), span }))
    }

    fn word(&mut self, piece: Piece) -> Option<Spanned<Word>> {
        let span = span(&piece);
        let value = match piece.as_rule() {
            Rule::kernel => {
                let (rows, columns) = piece.as_str().split_once('x')?;
                match (rows.parse(), columns.parse()) {
                    (Ok(rows), Ok(columns)) => Word::Kernel(rows, columns),
                    _ => {
                        self.refuse(error::too_large(span));
                        return None;
                    }
                }
            }
            Rule::number => match piece.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Word::Number(number),
                _ => {
                    self.refuse(error::too_large(span));
                    return None;
                }
            },
            Rule::group => Word::Expr(self.expr(only(piece))),
            _ => Word::Name(piece.as_str().to_owned()),
        };
        Some(Spanned { value, span })
    }

    /// `dense 5 tanh dense 5 tanh`
    fn refuse_second_layer(&mut self, kind: &Name, words: &[Spanned<Word>]) {
        let second = words.iter().find_map(|w| match &w.value {
            Word::Name(name) if LAYER_WORDS.contains(&name.as_str()) => Some((name, w.span)),
            _ => None,
        });
        if let Some((word, at)) = second {
            self.refuse(error::two_layers(at, word, kind));
        }
    }
}
