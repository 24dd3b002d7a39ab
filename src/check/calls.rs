//! Calls: built-in functions, the user's functions, nets.

use super::arena::Sizes;
use super::names::What;
use super::scope::Scope;
use super::signatures::{self, Form, Function, OverRows};
use super::{Checker, error};
use crate::diagnostic::{Diagnostic, suggest};
use crate::dist;
use crate::model::{ExprId, ExprKind, Reduce, Summary};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind as Written, Name};
use crate::syntax::foreign::names as foreign;
use crate::ty::Support;

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
                self.found.push(several_outputs(&name.value, "(…)", &heads, span));
                None
            }
        }
    }

    /// `h = f(x)`: what a definition stands for; the heads of a net stay apart, for `h.mean`.
    pub(super) fn definition(&mut self, i: usize, value: &'a Expr) -> Option<ExprId> {
        let top = Scope::default();
        let Written::Call { name, args } = &value.kind else { return self.expr(value, &top) };
        match self.deeper(1, value.span, |checker| checker.any_call(name, args, value.span, &top))? {
            Output::One(id) => Some(id),
            Output::Heads(heads) => {
                self.heads.insert(i, heads);
                None
            }
        }
    }

    pub(super) fn any_call(
        &mut self,
        name: &'a Name,
        args: &'a [Arg],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<Output> {
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
                let finding = self.not_a_function(name, args, span, declaration);
                self.found.push(finding);
                None
            }
        }
    }

    fn not_a_function(
        &self,
        name: &Name,
        args: &[Arg],
        span: Span,
        declaration: Option<usize>,
    ) -> Diagnostic {
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
        let texts: Vec<String> = args.iter().map(|a| error::written(&a.value)).collect();
        let written: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let Some(cure) = foreign::function(word, &written) {
            let finding = Diagnostic::new("N001", format!("no function is called `{word}`"))
                .at(name.span, "the spelling of another language")
                .help(format!("write `{cure}`"));
            // As an operand of a power or a product a sum needs brackets, which nobody but its author can place.
            let can_fix = !cure.contains('…') && !cure.contains([' ', '^']);
            return if can_fix { finding.fix(span, cure) } else { finding };
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
    pub(super) fn plain_args(&mut self, name: &Name, args: &'a [Arg]) -> Option<Vec<&'a Expr>> {
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

    pub(super) fn built_in(
        &mut self,
        function: &'static Function,
        args: &[&'a Expr],
        span: Span,
        scope: &Scope<'a>,
    ) -> Option<ExprId> {
        let ids: Vec<Option<ExprId>> = args.iter().map(|e| self.expr(e, scope)).collect();
        let wanted: &[usize] = match function.form {
            Form::Dot | Form::OverRows(OverRows::Lag) => &[2],
            Form::ReduceOrTwo(..) => &[1, 2],
            Form::Elementwise(_) | Form::Reduce(_) | Form::Vector(_) | Form::Levels | Form::OverRows(_) => {
                &[1]
            }
        };
        if !wanted.contains(&args.len()) {
            let names: &[&str] = match function.form {
                Form::OverRows(OverRows::Lag) => &["x", "1"],
                _ if wanted == [2] => &["a", "b"],
                _ => &["x"],
            };
            self.found.push(wrong_number(function.name, args.len(), names, span));
            return None;
        }
        let ids: Vec<ExprId> = ids.into_iter().collect::<Option<_>>()?;
        if let Form::Levels = function.form {
            return self.levels(ids[0], args[0], span);
        }
        if let Form::OverRows(OverRows::Lag) = function.form {
            return self.lag((ids[0], args[0]), (ids[1], args[1]), span);
        }
        for (id, expr) in ids.iter().zip(args) {
            self.numeric(*id, expr)?;
        }
        if let Form::OverRows(f) = function.form {
            return self.over_rows(f, function.name, ids[0], args[0], span);
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
        let over_rows = match f {
            Reduce::Sum => Some(Summary::Sum),
            Reduce::Mean => Some(Summary::Mean),
            Reduce::Min => Some(Summary::Min),
            Reduce::Max => Some(Summary::Max),
            Reduce::LogSumExp => None,
        };
        if let Some(what) = over_rows
            && self.arena.shape(x).is_scalar()
            && self.arena.is_row(x)
        {
            self.is_only_data(function.name, x, arg)?;
            return Some(self.arena.statistic(what, x, span).0);
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
        (a, left): (ExprId, &Expr),
        (b, right): (ExprId, &Expr),
    ) -> Option<ExprId> {
        result
            .map_err(|Sizes(sa, sb)| {
                let (wa, wb) = (error::written(left), error::written(right));
                let finding = error::sizes_differ((&wa, left.span, &sa), (&wb, right.span, &sb), None);
                let finding = self.with_declarations(finding, [(a, left), (b, right)]);
                self.found.push(finding);
            })
            .ok()
    }

    /// Points at the declarations of unknowns whose sizes a finding speaks of.
    pub(super) fn with_declarations(
        &self,
        finding: Diagnostic,
        operands: [(ExprId, &Expr); 2],
    ) -> Diagnostic {
        operands.into_iter().fold(finding, |finding, (id, _)| match self.arena.get(id).kind {
            ExprKind::Unknown(u) => {
                let unknown = &self.unknowns[u.0 as usize];
                finding.at(
                    unknown.span,
                    format!("`{}` is declared {}", unknown.name, error::size(&unknown.shape)),
                )
            }
            _ => finding,
        })
    }

    /// `levels(y)`
    pub(super) fn levels(&mut self, id: ExprId, arg: &Expr, span: Span) -> Option<ExprId> {
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
}

/// T006 for functions and nets.
fn wrong_number(name: &str, given: usize, wanted: &[&str], span: Span) -> Diagnostic {
    let takes = error::count(wanted.len(), "argument", "arguments");
    Diagnostic::new("T006", format!("`{name}` takes {takes}, {given} given"))
        .at(span, format!("{given} given"))
        .help(format!("write `{name}({})`", wanted.join(", ")))
}

/// T002: heads where one value is wanted; `call` is `(…)` after the name of a net, nothing after that of a definition.
pub(super) fn several_outputs(name: &str, call: &str, heads: &[(String, ExprId)], span: Span) -> Diagnostic {
    let names: Vec<String> = heads.iter().map(|(h, _)| format!("{name}{call}.{h}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Diagnostic::new("T002", format!("`{name}` has several outputs"))
        .at(span, "one value is wanted here")
        .help(format!("say which: {}", error::or_list(&names)))
}
