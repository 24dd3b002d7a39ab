//! Calls of functions and nets, indices, and names with dots.

use super::arena::Sizes;
use super::names::What;
use super::scope::Scope;
use super::signatures::{self, Form, Function};
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::dist;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind as Kind, Reduce};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Name};
use crate::ty::{Element, Support};

/// What a call of a user's function adds to the depth.
const FUNCTION_DEPTH: usize = 3;

/// What a call gives.
#[derive(Debug, Clone)]
pub enum Output {
    /// one value
    One(ExprId),
    /// the heads of a net
    Heads(Vec<(String, ExprId)>),
}

impl<'a> Checker<'a> {
    /// `exp(x)`, `f(x)`
    pub(super) fn call(
        &mut self,
        name: &'a Name,
        args: &'a [Arg],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        match self.any_call(name, args, span, scope)? {
            Output::One(id) => Some(id),
            Output::Heads(heads) => {
                let names: Vec<String> =
                    heads.iter().map(|(h, _)| format!("{}(…).{h}", name.value)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.found.push(
                    Diagnostic::new("T002", format!("`{}` has several outputs", name.value))
                        .at(span, "one value is wanted here")
                        .help(format!("say which: {}", error::or_list(&names))),
                );
                None
            }
        }
    }

    fn any_call(&mut self, name: &'a Name, args: &'a [Arg], span: Span, scope: &Scope<'a>) -> Option<Output> {
        if let Some(function) = signatures::find(&name.value) {
            let args = self.plain_args(name, args)?;
            return self.built_in(function, &args, span, scope).map(Output::One);
        }
        let declaration = self.names.find(&name.value);
        let what = declaration.map(|i| self.names.declarations[i].what.clone());
        match (declaration, what) {
            (Some(i), Some(What::Function { parameters, value })) => {
                self.used.insert(self.names.declarations[i].span);
                let ids = self.call_args(name, args, parameters, span, scope)?;
                self.call_function(i, parameters, value, ids).map(Output::One)
            }
            (Some(i), Some(What::Net { parameters, body })) => {
                self.used.insert(self.names.declarations[i].span);
                let plain = self.plain_args(name, args)?;
                let ids = self.call_args(name, args, parameters, span, scope)?;
                self.call_net(i, parameters, body, &plain, ids, span)
            }
            _ => {
                let finding = self.not_a_function(name, declaration);
                self.found.push(finding);
                None
            }
        }
    }

    fn not_a_function(&self, name: &Name, declaration: Option<usize>) -> Diagnostic {
        let word = name.value.as_str();
        if let Some(i) = declaration {
            return Diagnostic::new("N001", format!("`{word}` is not a function"))
                .at(name.span, "called here")
                .at(self.names.declarations[i].span, "declared here, as a value")
                .help(format!("an index stands in square brackets: `{word}[1]`; a product needs `*`"));
        }
        if dist::find(word).is_some() {
            return Diagnostic::new("N001", format!("`{word}` is a distribution, not a function"))
                .at(name.span, "an expression is wanted here")
                .help(format!("a distribution stands right of `~`: `name ~ {word}(…)`"));
        }
        let declared = self.names.declarations.iter().filter_map(|d| match d.what {
            What::Function { .. } | What::Net { .. } => Some(d.name),
            _ => None,
        });
        let mut known: Vec<&str> = declared.chain(signatures::ALL.iter().map(|f| f.name)).collect();
        known.sort_unstable();
        let finding = Diagnostic::new("N001", format!("no function is called `{word}`"))
            .at(name.span, "nothing has this name");
        match suggest::nearest(word, known) {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(name.span, near),
            None => finding.help(format!("define it: `{word}(x) = …`, or `net {word}(x) {{ … }}`")),
        }
    }

    /// Arguments of functions have no names and no suffixes.
    fn plain_args(&mut self, name: &Name, args: &'a [Arg]) -> Option<Vec<&'a Expr>> {
        let mut all_plain = true;
        for arg in args {
            if let Some(given) = &arg.name {
                self.found.push(
                    Diagnostic::new("T006", format!("`{}` takes its arguments by position", name.value))
                        .at(given.span, "no name is wanted here")
                        .help(format!("leave out `{} =`", given.value)),
                );
                all_plain = false;
            }
            if let Some(suffix) = arg.suffixes.first() {
                self.found.push(
                    Diagnostic::new("T006", "a suffix follows a distribution only")
                        .at(suffix.span, "this stands after a value"),
                );
                all_plain = false;
            }
        }
        all_plain.then(|| args.iter().map(|a| &a.value).collect())
    }

    fn call_args(
        &mut self,
        name: &'a Name,
        args: &'a [Arg],
        parameters: &'a [Name],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<Vec<ExprId>> {
        let exprs = self.plain_args(name, args)?;
        let ids: Vec<Option<ExprId>> = exprs.iter().map(|e| self.expr(e, scope)).collect();
        if exprs.len() != parameters.len() {
            let wanted: Vec<&str> = parameters.iter().map(|p| p.value.as_str()).collect();
            let declared = self.names.find(&name.value).map(|i| self.names.declarations[i].span);
            let finding = wrong_number(&name.value, exprs.len(), &wanted, span);
            self.found.push(match declared {
                Some(at) => finding.at(at, "declared here"),
                None => finding,
            });
            return None;
        }
        ids.into_iter().collect()
    }

    /// A user's function, its body with the arguments put in.
    fn call_function(
        &mut self,
        declaration: usize,
        parameters: &'a [Name],
        value: &'a Expr,
        ids: Vec<ExprId>,
    ) -> Option<ExprId> {
        let key = (declaration, ids);
        if let Some(known) = self.calls.get(&key) {
            return match known {
                Some(Output::One(id)) => Some(*id),
                _ => None,
            };
        }
        let names = parameters.iter().map(|p| p.value.as_str());
        let scope = Scope { parameters: names.zip(key.1.iter().copied()).collect(), ..Scope::default() };
        let id = self.deeper(FUNCTION_DEPTH, value.span, |checker| checker.expr(value, &scope));
        self.calls.insert(key, id.map(Output::One));
        id
    }

    fn built_in(
        &mut self,
        function: &'static Function,
        args: &[&'a Expr],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        if let Form::OverRows = function.form {
            self.found.push(error::not_yet(&format!("`{}` over the rows of data", function.name), span));
            return None;
        }
        let ids: Vec<Option<ExprId>> = args.iter().map(|e| self.expr(e, scope)).collect();
        let wanted: &[usize] = match function.form {
            Form::Dot => &[2],
            Form::ReduceOrTwo(..) => &[1, 2],
            Form::Elementwise(_) | Form::Reduce(_) | Form::Vector(_) | Form::Levels | Form::OverRows => &[1],
        };
        if !wanted.contains(&args.len()) {
            let names: &[&str] = if wanted == [2] { &["a", "b"] } else { &["x"] };
            self.found.push(wrong_number(function.name, args.len(), names, span));
            return None;
        }
        let ids: Vec<ExprId> = ids.into_iter().collect::<Option<_>>()?;
        if let Form::Levels = function.form {
            return self.levels(ids[0], args[0], span);
        }
        for (id, expr) in ids.iter().zip(args) {
            self.numeric(*id, expr)?;
        }
        match (function.form, ids.as_slice()) {
            (Form::Elementwise(build), [x]) => Some(build(&mut self.arena, *x, span)),
            (Form::Reduce(f) | Form::ReduceOrTwo(f, _), [x]) => self.reduce(function, f, *x, args[0], span),
            (Form::Vector(build), [x]) => {
                self.is_vector(function.name, *x, args[0])?;
                Some(build(&mut self.arena, *x, span))
            }
            (Form::Dot, [a, b]) => self.dot((*a, args[0]), (*b, args[1]), span),
            (Form::ReduceOrTwo(_, f), [a, b]) => {
                let result = self.arena.binary(f, *a, *b, span);
                self.agreed(result, (*a, args[0]), (*b, args[1]))
            }
            _ => None,
        }
    }

    fn reduce(
        &mut self,
        function: &Function,
        f: Reduce,
        x: ExprId,
        arg: &Expr,
        span: Span,
    ) -> Option<ExprId> {
        let over_rows = matches!(f, Reduce::Mean | Reduce::Min | Reduce::Max | Reduce::Sum);
        if over_rows && self.arena.shape(x).is_scalar() && self.arena.is_row(x) && self.arena.is_data(x) {
            self.found.push(error::not_yet(&format!("`{}` over the rows of data", function.name), span));
            return None;
        }
        self.is_vector(function.name, x, arg)?;
        Some(self.arena.reduce(f, x, span))
    }

    fn is_vector(&mut self, function: &str, x: ExprId, arg: &Expr) -> Option<()> {
        if !self.arena.shape(x).is_scalar() {
            return Some(());
        }
        self.found.push(
            Diagnostic::new("T002", format!("`{function}` takes a vector"))
                .at(arg.span, "this is a single number")
                .help("join numbers to a vector: `[a, b]`"),
        );
        None
    }

    fn dot(&mut self, a: (ExprId, &Expr), b: (ExprId, &Expr), span: Span) -> Option<ExprId> {
        for (id, expr) in [a, b] {
            if self.arena.shape(id).rank() != 1 {
                let shape = error::size(self.arena.shape(id));
                self.found.push(
                    Diagnostic::new("T002", "`dot` takes two vectors")
                        .at(expr.span, format!("this is {shape}"))
                        .help("single numbers are multiplied with `*`"),
                );
                return None;
            }
        }
        let result = self.arena.dot(a.0, b.0, span);
        self.agreed(result, a, b)
    }

    fn agreed(
        &mut self,
        result: Result<ExprId, Sizes>,
        (_, left): (ExprId, &Expr),
        (_, right): (ExprId, &Expr),
    ) -> Option<ExprId> {
        result
            .map_err(|Sizes(sa, sb)| {
                let (wa, wb) = (error::written(left), error::written(right));
                self.found.push(error::sizes_differ((&wa, left.span, &sa), (&wb, right.span, &sb), None));
            })
            .ok()
    }

    /// `levels(y)`
    fn levels(&mut self, id: ExprId, arg: &Expr, span: Span) -> Option<ExprId> {
        match self.arena.get(id).ty.support {
            Support::Class(k) | Support::Factor(k) => Some(self.arena.number(k as f64, span)),
            _ => {
                let found = self.described(id);
                self.found.push(
                    Diagnostic::new("T002", "`levels` takes a class or factor column")
                        .at(arg.span, format!("this is {found}")),
                );
                None
            }
        }
    }

    /// `v[i]`, `e[school, 3]`
    pub(super) fn index(
        &mut self,
        base: &'a Expr,
        indices: &'a [Expr],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let whole = self.expr(base, scope)?;
        self.numeric(whole, base)?;
        let rank = self.arena.shape(whole).rank();
        if indices.len() > rank {
            let found = error::size(self.arena.shape(whole));
            self.found.push(
                Diagnostic::new("T002", format!("`{}` has no {} to index", error::written(base), axes(rank)))
                    .at(span, format!("{} given", error::count(indices.len(), "index", "indices")))
                    .at(base.span, format!("is {found}")),
            );
            return None;
        }
        let labels = match self.arena.get(whole).kind {
            Kind::Unknown(u) => self.unknowns[u.0 as usize].axis_labels.clone(),
            _ => vec![],
        };
        let mut id = whole;
        for (axis, index) in indices.iter().enumerate() {
            let labels = labels.get(axis).map_or(&[] as &[String], Vec::as_slice);
            id = self.one_index(id, base, index, labels, span, scope)?;
        }
        Some(id)
    }

    fn one_index(
        &mut self,
        x: ExprId,
        base: &'a Expr,
        index: &'a Expr,
        labels: &[String],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let size = self.arena.shape(x).0[0];
        if let ExprKind::Text(label) = &index.kind {
            return match labels.iter().position(|l| l == label) {
                Some(position) => Some(self.arena.element(x, position, span)),
                None if labels.is_empty() => {
                    self.found.push(
                        Diagnostic::new("T002", format!("`{}` has no labels here", error::written(base)))
                            .at(index.span, "a text is a label of a factor")
                            .help(format!("index it by a number from 1 to {size}")),
                    );
                    None
                }
                None => {
                    let name = error::written(base);
                    let finding = super::expressions::no_such_label(&name, labels, label, index.span);
                    self.found.push(finding);
                    None
                }
            };
        }
        let i = self.expr(index, scope)?;
        if let Some(number) = self.arena.constant(i) {
            return self.constant_index(x, base, index, number, span);
        }
        let expr = self.arena.get(i);
        match (&expr.kind, expr.ty.element, &expr.ty.support) {
            (Kind::Column(_), Element::Class | Element::Factor, Support::Class(k) | Support::Factor(k)) => {
                if *k != size {
                    let (k, declared) = (*k, expr.span);
                    let (whole, by) = (error::written(base), error::written(index));
                    self.found.push(
                        Diagnostic::new("T001", format!("`{whole}` is [{size}], `{by}` has {k} levels"))
                            .at(index.span, format!("has {k} levels"))
                            .at(base.span, format!("is [{size}]"))
                            .at(declared, "declared here")
                            .help(format!("give it one copy per level: `{whole}[{by}] ~ …`")),
                    );
                    return None;
                }
                Some(self.arena.index_by(x, i, span))
            }
            (Kind::Column(_), Element::Count, _) => {
                let one = self.arena.number(1.0, index.span);
                let from_zero = self.arena.binary(Binary::Sub, i, one, index.span).ok()?;
                Some(self.arena.index_by(x, from_zero, span))
            }
            _ => {
                let found = self.described(i);
                self.found.push(
                    Diagnostic::new("T002", "an index is a constant, or a factor, class or count column")
                        .at(index.span, format!("this is {found}")),
                );
                None
            }
        }
    }

    fn constant_index(
        &mut self,
        x: ExprId,
        base: &Expr,
        index: &Expr,
        number: f64,
        span: Span,
    ) -> Option<ExprId> {
        let size = self.arena.shape(x).0[0];
        if number == number.floor() && number >= 1.0 && number <= size as f64 {
            return Some(self.arena.element(x, number as usize - 1, span));
        }
        let whole = error::written(base);
        let finding = if number == 0.0 {
            Diagnostic::new("T007", "index 0: indices count from 1")
                .at(index.span, "the first element has the index 1")
                .help(format!("write `{whole}[1]`"))
                .fix(index.span, "1")
        } else {
            Diagnostic::new("T007", format!("index {number} is outside `{whole}`, which is [{size}]"))
                .at(index.span, format!("indices go from 1 to {size}"))
        };
        let declared = self.arena.get(x).span;
        let outside = declared.end <= span.start || declared.start >= span.end;
        self.found.push(if outside { finding.at(declared, "declared here") } else { finding });
        None
    }

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
                    let id = heads.iter().find(|(h, _)| *h == field.value).map(|(_, id)| *id);
                    if id.is_none() {
                        let names: Vec<&str> = heads.iter().map(|(h, _)| h.as_str()).collect();
                        let finding = no_part(&name.value, field, &names, "head");
                        self.found.push(finding);
                    }
                    id
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

fn no_part(net: &str, field: &Name, known: &[&str], what: &str) -> Diagnostic {
    let finding = Diagnostic::new("N001", format!("`{net}` has no {what} `{}`", field.value));
    match suggest::nearest(&field.value, known.iter().copied()) {
        Some(near) => finding.at(field.span, format!("did you mean `{near}`?")).fix(field.span, near),
        None => finding.at(field.span, format!("it has {}", error::and_list(known))),
    }
}

fn axes(rank: usize) -> String {
    match rank {
        0 => "axis".into(),
        _ => format!("axis after the first {rank}"),
    }
}

/// T006 for functions and nets.
fn wrong_number(name: &str, given: usize, wanted: &[&str], span: Span) -> Diagnostic {
    let takes = error::count(wanted.len(), "argument", "arguments");
    Diagnostic::new("T006", format!("`{name}` takes {takes}, {given} given"))
        .at(span, format!("{given} given"))
        .help(format!("write `{name}({})`", wanted.join(", ")))
}
