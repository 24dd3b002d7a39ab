//! The words of a layer's line: sizes, options, and last the activation.

use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::layers::{self, ACTIVATIONS, Layer, LayerOption, Words};
use crate::model::ExprId;
use crate::source::Span;
use crate::syntax::ast::{Layer as Line, Word};

/// Larger sizes are taken for mistakes.
const LARGEST: f64 = 16_777_216.0;

/// A layer's line, read.
pub struct Read {
    /// Sizes and options.
    pub words: Words,
    /// The activation and where its word stands.
    pub activation: Option<(&'static str, Span)>,
}

impl<'a> Checker<'a> {
    /// Reads the words after a layer's kind.
    pub(super) fn layer_words(
        &mut self,
        kind: &'static Layer,
        line: &'a Line,
        scope: &Scope<'a>,
    ) -> Option<Read> {
        let mut read = Read { words: Words::default(), activation: None };
        let mut sizes: Vec<usize> = vec![];
        let mut kernel = None;
        let mut at = 0;
        while let Some(word) = line.words.get(at) {
            at += 1;
            if let Some((name, span)) = read.activation {
                self.found.push(
                    Diagnostic::new("S001", format!("a word after the activation `{name}`"))
                        .at(word.span, "nothing may follow the activation")
                        .at(span, "the activation is the last word of a layer")
                        .help("a second layer needs a line of its own, or `;` before it"),
                );
                return None;
            }
            match &word.value {
                Word::Kernel(h, w) if kind.has_kernel && kernel.is_none() => {
                    for side in [*h, *w] {
                        let id = self.arena.number(side as f64, word.span);
                        self.layer_size(id, word.span)?;
                    }
                    kernel = Some([*h, *w]);
                }
                Word::Kernel(h, w) => {
                    self.found.push(
                        Diagnostic::new("N012", format!("`{}` takes no kernel `{h}x{w}` here", kind.name))
                            .at(word.span, "not a size of this layer")
                            .help(format!("write `{}`", kind.usage)),
                    );
                    return None;
                }
                Word::Name(name) if layers::find_activation(name).is_some() => {
                    read.activation =
                        ACTIVATIONS.iter().find(|a| a.name == name).map(|a| (a.name, word.span));
                }
                Word::Name(name) if kind.options.iter().any(|o| o.name() == name) => {
                    let option = kind.options.iter().find(|o| o.name() == name)?;
                    let value = line.words.get(at);
                    at += 1;
                    self.option(*option, value, word.span, scope, &mut read.words)?;
                }
                Word::Name(name) => {
                    let id = self.word_constant(kind, name, word.span, line, scope)?;
                    if self.is_rate(kind, id, word.span, &mut read.words)? {
                        continue;
                    }
                    let size = self.layer_size(id, word.span)?;
                    self.place(kind, size, word.span, &mut sizes, &mut kernel)?;
                }
                Word::Number(v) => {
                    let id = self.arena.number(*v, word.span);
                    if self.is_rate(kind, id, word.span, &mut read.words)? {
                        continue;
                    }
                    let size = self.layer_size(id, word.span)?;
                    self.place(kind, size, word.span, &mut sizes, &mut kernel)?;
                }
                Word::Expr(expr) => {
                    let id = self.expr(expr, scope)?;
                    if self.is_rate(kind, id, word.span, &mut read.words)? {
                        continue;
                    }
                    let size = self.layer_size(id, word.span)?;
                    self.place(kind, size, word.span, &mut sizes, &mut kernel)?;
                }
            }
        }
        let lacks_kernel = kind.has_kernel && kernel.is_none();
        let has_all = !lacks_kernel && (!kind.has_rate || read.words.rate.is_some());
        if sizes.len() < kind.sizes.len() || !has_all {
            let rest = if kind.has_rate { "rate" } else { "kernel" };
            let missing = kind.sizes.get(sizes.len()).copied().unwrap_or(rest);
            self.found.push(
                Diagnostic::new("T006", format!("`{}` needs a number: its {missing}", kind.name))
                    .at(line.span, format!("no {missing}"))
                    .help(format!("write `{}`", kind.usage)),
            );
            return None;
        }
        read.words.sizes = sizes;
        read.words.kernel = kernel.unwrap_or([1, 1]);
        Some(read)
    }

    /// Takes a number as the layer's probability, if it has one that is still missing.
    fn is_rate(&mut self, kind: &Layer, id: ExprId, span: Span, words: &mut Words) -> Option<bool> {
        if !kind.has_rate || words.rate.is_some() {
            return Some(false);
        }
        let rate = self.arena.constant(id);
        if rate.is_some_and(|v| (0.0..1.0).contains(&v)) {
            words.rate = rate;
            return Some(true);
        }
        let (code, found) = match rate {
            Some(v) => ("T011", v.to_string()),
            None => ("T002", self.described(id)),
        };
        self.found.push(
            Diagnostic::new(code, format!("the rate of `{}` is a constant from 0 to below 1", kind.name))
                .at(span, format!("this is {found}"))
                .help(format!("write `{} 0.5` to set half of the numbers to 0", kind.name)),
        );
        None
    }

    fn place(
        &mut self,
        kind: &Layer,
        size: usize,
        span: Span,
        sizes: &mut Vec<usize>,
        kernel: &mut Option<[usize; 2]>,
    ) -> Option<()> {
        if sizes.len() < kind.sizes.len() {
            sizes.push(size);
            return Some(());
        }
        if kind.has_kernel && kernel.is_none() {
            *kernel = Some([size, size]);
            return Some(());
        }
        self.found.push(
            Diagnostic::new("T006", format!("one number too many for `{}`", kind.name))
                .at(span, "not wanted here")
                .help(format!("write `{}`", kind.usage)),
        );
        None
    }

    fn option(
        &mut self,
        option: LayerOption,
        value: Option<&'a crate::source::Spanned<Word>>,
        span: Span,
        scope: &Scope<'a>,
        words: &mut Words,
    ) -> Option<()> {
        let missing = |what: &str| {
            Diagnostic::new("T006", format!("`{}` needs a value", option.name()))
                .at(span, "nothing follows")
                .help(format!("write `{} {what}`", option.name()))
        };
        match (option, value) {
            (LayerOption::Stride, None) => self.found.push(missing("2")),
            (LayerOption::Pad, None) => self.found.push(missing("same")),
            (LayerOption::Pad, Some(word)) => {
                match &word.value {
                    Word::Name(name) if name == "same" => words.pads_same = true,
                    Word::Name(name) if name == "valid" => words.pads_same = false,
                    other => {
                        let finding = Diagnostic::new("N012", "`pad` is `valid` or `same`")
                            .at(word.span, "neither of them");
                        let near = match other {
                            Word::Name(name) => suggest::nearest(name, ["valid", "same"]),
                            _ => None,
                        };
                        self.found.push(match near {
                            Some(near) => {
                                finding.help(format!("did you mean `{near}`?")).fix(word.span, near)
                            }
                            None => finding,
                        });
                        return None;
                    }
                }
                return Some(());
            }
            (LayerOption::Stride, Some(word)) => {
                let id = match &word.value {
                    Word::Number(v) => self.arena.number(*v, word.span),
                    Word::Name(name) => self.name(name, word.span, scope)?,
                    Word::Expr(expr) => self.expr(expr, scope)?,
                    Word::Kernel(..) => {
                        self.found.push(missing("2"));
                        return None;
                    }
                };
                words.stride = Some(self.layer_size(id, word.span)?);
                return Some(());
            }
        }
        None
    }

    /// A word that is no activation and no option: a constant, or a mistake.
    fn word_constant(
        &mut self,
        kind: &Layer,
        name: &'a str,
        span: Span,
        line: &'a Line,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        if self.names.find(name).is_some() {
            return self.name(name, span, scope);
        }
        if layers::find(name).is_some() {
            self.found.push(
                Diagnostic::new("S001", "two layers on one line")
                    .at(span, "the second one")
                    .at(line.kind.as_ref().map_or(line.span, |k| k.span), "the first one")
                    .help(format!("write `;` before `{name}`, or put it on a line of its own")),
            );
            return None;
        }
        let options = kind.options.iter().map(|o| o.name());
        let known = ACTIVATIONS.iter().map(|a| a.name).chain(options);
        let finding = Diagnostic::new("N012", format!("no activation or option is called `{name}`"))
            .at(span, "an activation, an option or a constant is wanted here");
        self.found.push(match suggest::nearest(name, known) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(span, near),
            None => {
                let names: Vec<&str> = ACTIVATIONS.iter().map(|a| a.name).collect();
                finding.help(format!("the activations are {}", error::and_list(&names)))
            }
        });
        None
    }

    fn layer_size(&mut self, id: ExprId, span: Span) -> Option<usize> {
        match self.arena.constant(id) {
            Some(v) if v >= 1.0 && v == v.floor() && v <= LARGEST => Some(v as usize),
            Some(v) => {
                let why = if v > LARGEST { "this is too large" } else { "a whole number from 1 is wanted" };
                self.found.push(Diagnostic::new("T011", format!("the size of a layer is {v}")).at(span, why));
                None
            }
            None => {
                let found = self.described(id);
                self.found.push(
                    Diagnostic::new("T002", "the size of a layer is a number known before compiling")
                        .at(span, format!("this is {found}"))
                        .help("use a number or a `const`"),
                );
                None
            }
        }
    }
}
