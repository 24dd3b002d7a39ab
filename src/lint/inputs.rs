//! D006: an input of a net that is far from mean 0 and sd 1.

use super::Lint;
use super::numbers::{column, mean_sd, shown};
use super::subject::Subject;
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::model::{ExprId, ExprKind};
use crate::syntax::ast::{Arg, Ast, Expr, ExprKind as Written, Name};
use crate::ty::{Element, Support};

/// The entry of the table.
pub const LINT: Lint = Lint { code: "D006", is_about_values: false, check };

/// A mean beyond ± this is far.
const FAR: f64 = 10.0;
/// An sd outside these is too small or too large: 0.1 and 10, with room for rounding.
const SDS: [f64; 2] = [0.0999, 10.001];

/// An input with a name that stands in the source.
struct Input {
    name: String,
    mean: f64,
    sd: f64,
}

fn check(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for net in &subject.model.nets {
        let first = subject.model.exprs.iter().find_map(|e| match e.kind {
            ExprKind::Dense { x, w } if !subject.is_random(x) && is_of(subject, w, &net.name) => Some(x),
            _ => None,
        });
        let Some(x) = first else { continue };
        let mut inputs = vec![];
        collect(subject, x, &mut inputs);
        let Some(worst) =
            inputs.iter().max_by(|a, b| a.sd.max(a.mean.abs()).total_cmp(&b.sd.max(b.mean.abs())))
        else {
            continue;
        };
        let others = match inputs.len() - 1 {
            0 => String::new(),
            n => format!(", and {n} more like it"),
        };
        let mut finding = Diagnostic::new(
            "D006",
            format!(
                "input `{}` of the net `{}` has mean {} and sd {}{others}: standardise it",
                worst.name,
                net.name,
                shown(worst.mean),
                shown(worst.sd)
            ),
        );
        let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
        let place = cure(subject.ast, &net.name, &names);
        finding = match &place {
            Some((expr, _)) => finding.at(expr.span, "goes into the net as it is"),
            None => finding,
        };
        if let Some(column) = subject.model.columns.iter().find(|c| c.name == worst.name) {
            finding = finding.at(column.span, "declared here");
        }
        finding = finding
            .note("priors on weights are made for inputs of size 1; units saturate or starve far from it");
        found.push(match place {
            Some((expr, text)) => finding.help(format!("write `{text}`")).fix(expr.span, text),
            None => finding.help(format!("write `standardize({})` where it goes in", worst.name)),
        });
    }
    found
}

fn is_of(subject: &Subject, w: ExprId, net: &str) -> bool {
    subject.unknown(w).is_some_and(|(_, u)| u.name.split('.').next() == Some(net))
}

/// The named parts of a net's input whose size is far off; images and 0/1 codes are left alone.
fn collect(subject: &Subject, id: ExprId, found: &mut Vec<Input>) {
    let expr = subject.model.expr(id);
    let name = match &expr.kind {
        ExprKind::Join(parts) => {
            for part in parts {
                collect(subject, *part, found);
            }
            return;
        }
        ExprKind::Reshape(x) => return collect(subject, *x, found),
        ExprKind::Column(c) => {
            let column = subject.model.column(*c);
            let is_code = matches!(column.ty.element, Element::Bool | Element::Class | Element::Factor);
            if is_code || column.ty.shape.rank() > 1 {
                return;
            }
            column.name.clone()
        }
        _ => match &expr.name {
            Some(name) => name.clone(),
            None => return,
        },
    };
    let width = expr.ty.shape.len();
    if expr.ty.shape.rank() > 1 || matches!(expr.ty.support, Support::Simplex(_)) {
        return;
    }
    let Some(values) = subject.values(id) else { return };
    let mut worst: Option<Input> = None;
    for at in 0..width {
        let values = column(&values, width, at);
        if values.len() < 3 || values.iter().all(|v| *v == 0.0 || *v == 1.0) {
            continue;
        }
        let (mean, sd) = mean_sd(&values);
        // A constant column is told by D008.
        let is_far = mean.abs() > FAR || !(SDS[0]..=SDS[1]).contains(&sd);
        if sd > 0.0 && is_far && worst.as_ref().is_none_or(|w| w.sd.max(w.mean.abs()) < sd.max(mean.abs())) {
            worst = Some(Input { name: name.clone(), mean, sd });
        }
    }
    found.extend(worst);
}

/// The argument of a call of the net that holds the names, and the same with each of them standardised; if none does,
/// the definition that a call names.
fn cure<'a>(ast: &'a Ast, net: &str, names: &[&str]) -> Option<(&'a Expr, String)> {
    let args = tree::arguments_of_net(ast, net);
    let values = args.iter().map(|a| &a.value);
    let holds = |e: &&Expr| part_names(e).iter().any(|n| names.contains(n));
    let holder = values.clone().find(holds).or_else(|| {
        let mentioned: Vec<&str> = values.flat_map(part_names).collect();
        let definitions = tree::items(ast).into_iter().filter_map(|item| match item {
            crate::syntax::ast::Item::Define { name, parameters, value } if parameters.is_empty() => {
                Some((name, value))
            }
            _ => None,
        });
        let mut of_call = definitions.filter(|(name, _)| mentioned.contains(&name.value.as_str()));
        of_call.find_map(|(_, value)| Some(value).filter(holds))
    })?;
    Some((holder, standardized(holder, names).to_string()))
}

/// The names that are laid end to end in an expression.
fn part_names(expr: &Expr) -> Vec<&str> {
    match &expr.kind {
        Written::Name(name) => vec![name],
        Written::Join(parts) => parts.iter().flat_map(part_names).collect(),
        _ => vec![],
    }
}

fn standardized(expr: &Expr, names: &[&str]) -> Expr {
    let kind = match &expr.kind {
        Written::Name(name) if names.contains(&name.as_str()) => Written::Call {
            name: Name { value: "standardize".into(), span: expr.span },
            args: vec![Arg { name: None, value: expr.clone(), suffixes: vec![] }],
        },
        Written::Join(parts) => Written::Join(parts.iter().map(|p| standardized(p, names)).collect()),
        other => other.clone(),
    };
    Expr { kind, span: expr.span }
}
