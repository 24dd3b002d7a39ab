//! One line of a stack: its words read, its input made as wanted, what it computes, its place in the printed list.

use super::calls::Output;
use super::nets::Walk;
use super::scope::Scope;
use super::{Checker, error, signatures};
use crate::diagnostic::{Diagnostic, suggest};
use crate::kernels::scalar::{Binary, Unary};
use crate::layers::{self, Body, Layer, Misfit, Operation, Plan, Wants};
use crate::model::{ExprId, ExprKind, NetLayer, Reduce};
use crate::source::Span;
use crate::syntax::ast::{Layer as Line, Name};
use crate::ty::Shape;

impl<'a> Checker<'a> {
    /// One line of a stack.
    pub(super) fn layer(&mut self, walk: &mut Walk<'a>, line: &'a Line, x: ExprId) -> Option<Output> {
        let Some(word) = &line.kind else {
            self.found.push(
                Diagnostic::new("S001", "a labelled block stands only under `heads`")
                    .at(line.span, "no layer is named here"),
            );
            return None;
        };
        let Some(kind) = layers::find(&word.value) else {
            self.found.push(no_such_layer(word));
            return None;
        };
        let scope = Scope {
            parameters: self.net_states[walk.net].parameters.clone(),
            net: Some(walk.net),
            block: walk.block,
            layer: None,
        };
        let read = self.layer_words(kind, line, &scope)?;
        let x = self.as_wanted(walk, kind, word, line, x)?;
        let input = self.arena.shape(x).clone();
        let plan = match (kind.plan)(&read.words, &input) {
            Ok(plan) => plan,
            Err(misfit) => {
                let finding = misfit_words(misfit, kind, line.span);
                self.found.push(finding);
                return None;
            }
        };
        let output = self.operation(walk, kind, &plan, line, x)?;
        let (output, activation) = match (output, read.activation) {
            (output, None) => (output, ""),
            (Output::One(id), Some((name, span))) => {
                let id = match signatures::find(name).map(|f| f.form) {
                    Some(signatures::Form::Elementwise(build) | signatures::Form::Vector(build)) => {
                        build(&mut self.arena, id, span)
                    }
                    _ => id,
                };
                (Output::One(id), name)
            }
            (Output::Heads(_), Some((name, span))) => {
                self.found.push(
                    Diagnostic::new(
                        "T003",
                        format!("`heads {name}`: each head has an activation of its own"),
                    )
                    .at(span, "heads have no common one"),
                );
                return None;
            }
        };
        self.record(walk, &plan, activation, &input, &output);
        Some(output)
    }

    /// The input of a layer, flattened if that is what is missing.
    fn as_wanted(
        &mut self,
        walk: &Walk<'a>,
        kind: &Layer,
        word: &Name,
        line: &Line,
        x: ExprId,
    ) -> Option<ExprId> {
        let shape = self.arena.shape(x).clone();
        match kind.wants {
            Wants::Vector if shape.rank() > 1 => {
                let flat = self.arena.reshape(x, Shape::vector(shape.len()), line.span);
                if walk.is_first {
                    let output = self.arena.shape(flat).clone();
                    self.net_layers(walk.net).push(NetLayer {
                        label: String::new(),
                        text: "flatten".into(),
                        input: shape,
                        output,
                    });
                }
                Some(flat)
            }
            Wants::Image if shape.rank() != 3 => {
                self.found.push(
                    Diagnostic::new("T003", format!("`{}` expects an image, gets {shape}", kind.name))
                        .at(word.span, format!("its input is {shape}"))
                        .note("expected: height × width × channels")
                        .note(format!("found:    {shape}"))
                        .help("put it before the first `dense` or `flatten`; an image column is `x : image(28, 28)`"),
                );
                None
            }
            Wants::Factor if !matches!(self.arena.get(x).kind, ExprKind::OneHot(_)) => {
                let found = self.described(x);
                self.found.push(
                    Diagnostic::new("T003", format!("`{}` expects one factor, gets {found}", kind.name))
                        .at(word.span, "its input is no factor column")
                        .help("give it a net of its own: `net e(g) { embed 3 }`, and join `[x, e(g)]`"),
                );
                None
            }
            Wants::Vector | Wants::Image | Wants::Factor | Wants::Any => Some(x),
        }
    }
    pub(super) fn net_layers(&mut self, net: usize) -> &mut Vec<NetLayer> {
        let position = self.net_states[net].position;
        &mut self.nets[position].layers
    }
    /// What a layer computes.
    pub(super) fn operation(
        &mut self,
        walk: &mut Walk<'a>,
        kind: &'static Layer,
        plan: &Plan,
        line: &'a Line,
        x: ExprId,
    ) -> Option<Output> {
        let (span, shape) = (line.span, plan.output.clone());
        let body = line.body.as_deref();
        if body.is_some() && kind.body == Body::None {
            self.found.push(
                Diagnostic::new("S001", format!("`{}` takes no braces", kind.name))
                    .at(span, "it has no tensors"),
            );
            return None;
        }
        let id = match plan.operation {
            Operation::Dense => {
                let (w, b) = self.tensors(walk, kind, plan, line)?;
                let product = self.arena.dense(x, w, span);
                self.arena.add_biases(product, b?, span)
            }
            Operation::Conv { stride, pad } => {
                let (w, b) = self.tensors(walk, kind, plan, line)?;
                let product = self.arena.conv(x, w, stride, pad, shape, span);
                self.arena.add_biases(product, b?, span)
            }
            Operation::Embed => {
                let ExprKind::OneHot(level) = self.arena.get(x).kind else { return None };
                let (w, _) = self.tensors(walk, kind, plan, line)?;
                self.arena.index_by(w, level, span)
            }
            Operation::LayerNorm => self.layer_norm(x, span)?,
            // Nothing is dropped: no noise.
            Operation::Dropout { rate: 0.0 } => x,
            Operation::Dropout { rate } => self.arena.dropout(x, rate, span),
            Operation::MaxPool { size, stride } => {
                self.drops_rows(walk, kind, plan, x, span);
                self.arena.max_pool(x, size, stride, shape, span)
            }
            Operation::AvgPool { size, stride } => {
                self.drops_rows(walk, kind, plan, x, span);
                self.arena.avg_pool(x, size, stride, shape, span)
            }
            Operation::GlobalPool => self.arena.channel_means(x, span),
            Operation::Flatten => self.arena.reshape(x, shape, span),
            Operation::Residual => self.residual(walk, line, x)?,
            Operation::Concat => {
                let inner = self.labelled_block(walk, line, x)?;
                let inner_shape = self.arena.shape(inner).clone();
                if inner_shape.rank() != 1 {
                    self.found.push(
                        Diagnostic::new(
                            "T003",
                            format!("`concat` expects a vector from its stack, gets {inner_shape}"),
                        )
                        .at(span, "the stack ends in an image")
                        .help("end it with `flatten` or `globalpool`"),
                    );
                    return None;
                }
                self.arena.join(vec![x, inner], span)
            }
            Operation::Heads => return self.heads(walk, line, x),
        };
        Some(Output::One(id))
    }

    fn layer_norm(&mut self, x: ExprId, span: Span) -> Option<ExprId> {
        let mean = self.arena.reduce(Reduce::Mean, x, span);
        let centred = self.arena.binary(Binary::Sub, x, mean, span).ok()?;
        let square = self.arena.unary(Unary::Square, centred, span);
        let variance = self.arena.reduce(Reduce::Mean, square, span);
        let epsilon = self.arena.number(layers::layernorm::EPSILON, span);
        let shifted = self.arena.binary(Binary::Add, variance, epsilon, span).ok()?;
        let sd = self.arena.unary(Unary::Sqrt, shifted, span);
        self.arena.binary(Binary::Div, centred, sd, span).ok()
    }

    /// T005
    fn drops_rows(&mut self, walk: &Walk<'a>, kind: &Layer, plan: &Plan, x: ExprId, span: Span) {
        let [rows, columns] = plan.dropped;
        if !walk.is_first || (rows == 0 && columns == 0) {
            return;
        }
        let input = error::by(&self.arena.shape(x).0);
        let what = match (rows, columns) {
            (r, 0) => error::count(r, "row", "rows"),
            (0, c) => error::count(c, "column", "columns"),
            (r, c) => {
                format!("{} and {}", error::count(r, "row", "rows"), error::count(c, "column", "columns"))
            }
        };
        self.found.push(
            Diagnostic::new("T005", format!("`{}` drops the last {what} of {input}", kind.name))
                .at(span, "no window reaches them"),
        );
    }
}

/// Names that other programs give to layers, without regard to case and underscores.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["linear", "fc", "fullyconnected", "affine", "mlp", "hidden", "layerdense"], "dense"),
    (&["conv2d", "convolution", "conv1d", "convolutional"], "conv"),
    (&["maxpool2d", "maxpooling", "maxpooling2d", "pool"], "maxpool"),
    (&["avgpool2d", "averagepool", "meanpool", "averagepooling2d"], "avgpool"),
    (&["globalavgpool", "globalaveragepooling2d", "adaptiveavgpool2d", "gap"], "globalpool"),
    (&["embedding"], "embed"),
    (&["skip", "resblock", "res"], "residual"),
    (&["layernormalization", "ln", "norm"], "layernorm"),
    (&["branch", "outputs"], "heads"),
];

fn no_such_layer(word: &Name) -> Diagnostic {
    let finding = Diagnostic::new("N012", format!("no layer is called `{}`", word.value))
        .at(word.span, "a layer is wanted here");
    if layers::find_activation(&word.value).is_some() {
        return finding
            .help(format!("an activation stands at the end of a layer's line: `dense 10 {}`", word.value));
    }
    let plain: String = word.value.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| theirs.contains(&plain.as_str())) {
        return finding.help(format!("here it is called `{ours}`")).fix(word.span, *ours);
    }
    let known = layers::ALL.iter().map(|l| l.name);
    match suggest::nearest(&word.value, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(word.span, near),
        None => {
            let names: Vec<&str> = layers::ALL.iter().map(|l| l.name).collect();
            finding.help(format!("the layers are {}", error::and_list(&names)))
        }
    }
}

fn misfit_words(misfit: Misfit, kind: &Layer, span: Span) -> Diagnostic {
    match misfit {
        Misfit::KernelTooLarge { kernel, input } => {
            let (k, i) = (error::by(&kernel), error::by(&input));
            let what = if kind.has_kernel { "kernel" } else { "window" };
            let help = match kind.has_kernel {
                true => "use a smaller kernel, `pad same`, or fewer pools before it",
                false => "use a smaller window, or fewer pools before it",
            };
            Diagnostic::new("T004", format!("{} {what} {k} is larger than its {i} input", kind.name))
                .at(span, format!("its input is {i}"))
                .help(help)
        }
    }
}
