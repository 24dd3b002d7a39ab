//! P013, P014: the scale of a layer's weights against the number of its inputs.
//!
//! ```text
//! pre-activation = Σ over fan_in of x w + b,    its sd before the data = √(fan_in · rms(x)² · sd(w)² + sd(b)²)
//! ```

use super::Lint;
use super::numbers::{rms, shown};
use super::subject::{Subject, argument, scale, tensor};
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{Expr, ExprId, ExprKind, Unknown};

/// P013: saturated from the start.
pub const SATURATED: Lint = Lint { code: "P013", is_about_values: true, check: saturated };
/// P014: far from `1 / sqrt(fan_in)`.
pub const UNUSUAL: Lint = Lint { code: "P014", is_about_values: true, check: unusual };

/// The sd of pre-activations above which tanh is flat nearly everywhere.
const SATURATING: f64 = 10.0;
/// `sd · √fan_in` outside these is unusual.
const USUAL: [f64; 2] = [0.3, 3.0];

/// The sd of a prior around zero that is a literal.
fn literal_sd(subject: &Subject, unknown: &Unknown) -> Option<f64> {
    let at_zero = argument(&unknown.prior, "mean").or(argument(&unknown.prior, "loc"));
    let is_at_zero = at_zero.is_some_and(|id| subject.number(id) == Some(0.0));
    let scale = subject.number(scale(&unknown.prior)?)?;
    match unknown.prior.family.name {
        "Normal" if is_at_zero => Some(scale),
        "Laplace" if is_at_zero => Some(scale * std::f64::consts::SQRT_2),
        _ => None,
    }
}

/// `x w`, `x w + b`: the input, the weights, the biases if any.
fn layer(subject: &Subject, id: ExprId) -> Option<(ExprId, ExprId, Option<ExprId>)> {
    match *subject.kind(id) {
        ExprKind::Dense { x, w } | ExprKind::Conv { x, w, .. } => Some((x, w, None)),
        ExprKind::Binary(Binary::Add, product, b) => {
            let (x, w, _) = layer(subject, product)?;
            Some((x, w, Some(b)))
        }
        _ => None,
    }
}

/// The root mean square of what goes into a layer before the data have been learned from, where it is known.
fn input_rms(subject: &Subject, x: ExprId) -> Option<f64> {
    if let ExprKind::Reshape(x) | ExprKind::MaxPool { x, .. } = *subject.kind(x)
        && subject.is_random(x)
    {
        return input_rms(subject, x);
    }
    if !subject.is_random(x) {
        return subject.values(x).map(|v| rms(&v));
    }
    match *subject.kind(x) {
        ExprKind::Unary(Unary::Tanh, before) => Some(rms_of(sd_before(subject, before)?, f64::tanh)),
        ExprKind::Unary(Unary::Sigmoid, before) => {
            Some(rms_of(sd_before(subject, before)?, |z| 1.0 / (1.0 + (-z).exp())))
        }
        _ => None,
    }
}

/// √E f(sd · z)², by the trapezoid rule over z from −8 to 8.
fn rms_of(sd: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for i in -400..=400 {
        let z = f64::from(i) / 50.0;
        let density = (-0.5 * z * z).exp();
        sum += density * f(sd * z).powi(2);
        weight += density;
    }
    (sum / weight).sqrt()
}

/// The sd of `x w + b` under the prior, where both are literal.
fn sd_before(subject: &Subject, id: ExprId) -> Option<f64> {
    let (x, w, b) = layer(subject, id)?;
    let (_, weights) = subject.unknown(w)?;
    let (_, _, fan_in) = tensor(weights, "w")?;
    let sd = literal_sd(subject, weights)?;
    let of_b = b.and_then(|b| literal_sd(subject, subject.unknown(b)?.1)).unwrap_or(0.0);
    Some((fan_in as f64 * (sd * input_rms(subject, x)?).powi(2) + of_b * of_b).sqrt())
}

/// The activation of a layer that saturates, with the layer's weights.
fn saturating<'a>(subject: &Subject<'a>, expr: &Expr) -> Option<(&'static str, ExprId, &'a Unknown)> {
    let (name, before) = match expr.kind {
        ExprKind::Unary(Unary::Tanh, before) => ("tanh", before),
        ExprKind::Unary(Unary::Sigmoid, before) => ("sigmoid", before),
        _ => return None,
    };
    let (_, w, _) = layer(subject, before)?;
    Some((name, before, subject.unknown(w)?.1))
}

fn saturated(subject: &Subject) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = vec![];
    for expr in &subject.model.exprs {
        let Some((name, before, weights)) = saturating(subject, expr) else { continue };
        let (Some(sd), Some(prior)) = (sd_before(subject, before), literal_sd(subject, weights)) else {
            continue;
        };
        let Some((_, _, fan_in)) = tensor(weights, "w") else { continue };
        if sd <= SATURATING || weights.is_default {
            continue;
        }
        let finding = Diagnostic::new(
            "P013",
            format!(
                "`w` has sd {} with fan_in {fan_in}: pre-activations start near ±{} and saturate {name}",
                shown(prior),
                shown(sd)
            ),
        )
        .at(weights.prior.span, format!("the prior of `{}`", weights.name))
        .at(expr.span, format!("{name} is flat out there: no gradient gets through"))
        .help("write `w ~ Normal(0, 1 / sqrt(fan_in))`, and standardise the inputs");
        let written = tree::random_at(subject.ast, weights.prior.span);
        let arg = written.and_then(|(_, dist)| {
            tree::argument(dist, if dist.name.value == "Normal" { "sd" } else { "scale" }, 1)
        });
        found.push(match arg {
            Some(arg) => finding.fix(arg.value.span, "1 / sqrt(fan_in)"),
            None => finding,
        });
    }
    found
}

fn unusual(subject: &Subject) -> Vec<Diagnostic> {
    let told: Vec<_> = saturated(subject).iter().filter_map(|d| d.labels.first().map(|l| l.span)).collect();
    let mut found = vec![];
    for (_, unknown) in subject.priors() {
        let Some((_, _, fan_in)) = tensor(unknown, "w") else { continue };
        let Some(sd) = literal_sd(subject, unknown).filter(|_| !told.contains(&unknown.prior.span)) else {
            continue;
        };
        let ratio = sd * (fan_in as f64).sqrt();
        if (USUAL[0]..=USUAL[1]).contains(&ratio) {
            continue;
        }
        found.push(
            Diagnostic::new(
                "P014",
                format!("`w` has sd {}, which is {} times 1/sqrt(fan_in)", shown(sd), shown(ratio)),
            )
            .at(unknown.prior.span, format!("`{}` has fan_in {fan_in}", unknown.name))
            .help("write `w ~ Normal(0, 1 / sqrt(fan_in))` to keep the size of what passes through"),
        );
    }
    found
}
