//! Names with dots: a head of a net's output, `f(x).mean`; a part of a net, `f.1.w`.

use super::calls::Output;
use super::names::What;
use super::scope::Scope;
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::model::ExprId;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};

impl<'a> Checker<'a> {
    /// `f(x).mean`, `f.1.w`
    pub(super) fn field(
        &mut self,
        base: &'a Expr,
        field: &'a Name,
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        if let ExprKind::Call { name, args } = &base.kind {
            return match self.any_call(name, args, base.span, scope)? {
                Output::Heads(heads) => {
                    let id =
                        head(&name.value, field, &heads).map_err(|finding| self.found.push(finding)).ok();
                    self.uses_head(id)
                }
                Output::One(_) => {
                    self.found.push(
                        Diagnostic::new("T002", format!("`{}` has one output, no heads", name.value))
                            .at(field.span, "nothing to choose here")
                            .help(format!("leave out `.{}`", field.value)),
                    );
                    None
                }
            };
        }
        if let ExprKind::Name(name) = &base.kind
            && let Some(i) = self.names.find(name)
            && let Some(heads) = self.heads.get(&i)
        {
            let id = head(name, field, heads);
            self.used.insert(self.names.declarations[i].span);
            let id = id.map_err(|finding| self.found.push(finding)).ok();
            return self.uses_head(id);
        }
        let Some((root, path)) = dotted(base, field) else {
            self.found.push(
                Diagnostic::new("T002", "only nets have parts with names")
                    .at(span, "this has none")
                    .help("`f(x).mean` is a head of a net, `f.1.w` the weights of its first layer"),
            );
            return None;
        };
        self.part_of_net(root, &path, span)
    }

    /// Notes that something uses a head.
    fn uses_head(&mut self, id: Option<ExprId>) -> Option<ExprId> {
        let labels = self.named_heads.iter().filter(|(head, ..)| Some(*head) == id);
        self.used.extend(labels.map(|(_, label, _)| label.span));
        id
    }

    fn part_of_net(&mut self, root: &'a str, path: &str, span: Span) -> Option<ExprId> {
        if let Some(id) = self.parts.get(path) {
            let declaration = self.names.find(root).map(|i| self.names.declarations[i].span);
            self.used.extend(declaration);
            return Some(*id);
        }
        let net =
            self.names.find(root).filter(|i| matches!(self.names.declarations[*i].what, What::Net { .. }));
        let Some(net) = net else {
            let finding = match self.names.find(root) {
                // A definition that is wrong has been reported.
                Some(i) if self.values[i] == Some(None) => return None,
                Some(i) => Diagnostic::new("T002", format!("`{root}` is not a net and has no parts"))
                    .at(span, "a dot stands after a net only")
                    .at(self.names.declarations[i].span, "declared here"),
                None => error::not_defined(root, span, self.names.all()),
            };
            self.found.push(finding);
            return None;
        };
        let state = self.net_states.iter().find(|s| s.declaration == net);
        let finding = match state {
            // A net that is wrong has been reported; its parts are not missed.
            Some(state) if state.is_broken => return None,
            Some(_) => {
                let prefix = format!("{root}.");
                let known = self.parts.keys().filter(|k| k.starts_with(&prefix)).map(String::as_str);
                error::not_defined(path, span, known)
                    .note("layers with weights are numbered from 1; a label replaces the number")
            }
            None => Diagnostic::new("N001", format!("`{path}` is not known before `{root}` has been called"))
                .at(span, "the shape of its weights comes from its input")
                .help(format!("use `{root}` in a likelihood, or name its call by a definition")),
        };
        self.found.push(finding);
        None
    }
}

/// `f.1.w` as the name `f` and the text `f.1.w`.
fn dotted<'a>(base: &'a Expr, field: &Name) -> Option<(&'a str, String)> {
    let mut fields = vec![field.value.as_str()];
    let mut expr = base;
    loop {
        match &expr.kind {
            ExprKind::Name(name) => {
                fields.push(name);
                fields.reverse();
                return Some((name, fields.join(".")));
            }
            ExprKind::Field { base, field } => {
                fields.push(&field.value);
                expr = base;
            }
            _ => return None,
        }
    }
}

/// The output of the head that is called so; N001 if there is none.
fn head(of: &str, field: &Name, heads: &[(String, ExprId)]) -> Result<ExprId, Diagnostic> {
    let found = heads.iter().find(|(h, _)| *h == field.value);
    let names = || heads.iter().map(|(h, _)| h.as_str()).collect::<Vec<_>>();
    found.map(|(_, id)| *id).ok_or_else(|| no_part(of, field, &names(), "head"))
}

fn no_part(net: &str, field: &Name, known: &[&str], what: &str) -> Diagnostic {
    let finding = Diagnostic::new("N001", format!("`{net}` has no {what} `{}`", field.value));
    match suggest::nearest(&field.value, known.iter().copied()) {
        Some(near) => finding
            .at(field.span, format!("did you mean `{near}`?"))
            .help(format!("write `.{near}`"))
            .fix(field.span, near),
        None => finding
            .at(field.span, format!("it has {}", error::and_list(known)))
            .help(format!("use one of them, or name a head `{}`", field.value)),
    }
}
