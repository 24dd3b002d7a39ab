//! Constant expressions to numbers: `2 * n`, `1 / sqrt(3)`, `inf`.
//!
//! Sizes, arguments of data sources, shares of a split and values of `const` are known before compiling.
//! They are made of numbers, names of constants, operators and a few functions; anything else is answered
//! with a message that says what was found instead.

use std::collections::HashMap;

use super::ast::{BinaryOp, Expr, ExprKind};
use crate::diagnostic::{Diagnostic, suggest};
use crate::source::Span;

/// A function of one number, by name.
type Function = (&'static str, fn(f64) -> f64);

/// Functions that a constant expression may use.
const FUNCTIONS: &[Function] = &[
    ("exp", f64::exp),
    ("log", f64::ln),
    ("log10", f64::log10),
    ("log1p", f64::ln_1p),
    ("expm1", f64::exp_m1),
    ("sqrt", f64::sqrt),
    ("square", |x| x * x),
    ("abs", f64::abs),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tanh", f64::tanh),
];

/// A function that constant expressions may use.
pub fn function(name: &str) -> Option<fn(f64) -> f64> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, f)| *f)
}

/// Evaluates a constant expression; comparisons give 0 or 1.
///
/// A name that is neither a constant nor `pi` or `inf` is N001 with the nearest known name; a form that is not
/// constant (text, a list, an index, an unknown function) is S001; a result that is not a number is T011.
pub fn number(expr: &Expr, constants: &HashMap<String, f64>) -> Result<f64, Diagnostic> {
    let value = evaluate(expr, constants)?;
    if value.is_nan() {
        return Err(Diagnostic::new("T011", "this constant is not a number")
            .at(expr.span, "0/0, the root of a negative number, or the like"));
    }
    Ok(value)
}

/// Evaluates a constant expression that must be a whole number of at least `least`, such as a size.
pub fn whole(expr: &Expr, constants: &HashMap<String, f64>, least: usize) -> Result<usize, Diagnostic> {
    let value = number(expr, constants)?;
    // Beyond 2^53 neighbouring whole numbers can no longer be told apart in an f64.
    if value != value.floor() || value < least as f64 || value > 9.0e15 {
        return Err(Diagnostic::new(
            "T011",
            format!("a whole number of at least {least} is wanted, this is {value}"),
        )
        .at(expr.span, format!("is {value}")));
    }
    Ok(value as usize)
}

fn evaluate(expr: &Expr, constants: &HashMap<String, f64>) -> Result<f64, Diagnostic> {
    match &expr.kind {
        ExprKind::Number(value) => Ok(*value),
        ExprKind::Name(name) => named(name, expr.span, constants),
        ExprKind::Negate(inner) => Ok(-evaluate(inner, constants)?),
        ExprKind::Binary { op, left, right } => {
            Ok(operate(*op, evaluate(left, constants)?, evaluate(right, constants)?))
        }
        ExprKind::Call { name, args } => {
            let known = FUNCTIONS.iter().find(|(known, _)| *known == name.value);
            match (known, args.as_slice()) {
                (Some((_, function)), [arg]) if arg.name.is_none() && arg.suffixes.is_empty() => {
                    Ok(function(evaluate(&arg.value, constants)?))
                }
                (Some(_), _) => Err(Diagnostic::new("T006", format!("`{}` takes one number", name.value))
                    .at(expr.span, format!("{} given", args.len()))),
                (None, _) => {
                    let names = FUNCTIONS.iter().map(|(known, _)| *known);
                    Err(not_constant(expr.span, &format!("a call of `{}`", name.value))
                        .note(format!("constants may use {}", names.collect::<Vec<_>>().join(", "))))
                }
            }
        }
        ExprKind::Text(text) => Err(quoted(expr.span, text)),
        ExprKind::Join(_) => Err(not_constant(expr.span, "a list")),
        ExprKind::Index { .. } => Err(not_constant(expr.span, "an index")),
        ExprKind::Field { .. } => Err(not_constant(expr.span, "a part of something")),
    }
}

fn named(name: &str, span: Span, constants: &HashMap<String, f64>) -> Result<f64, Diagnostic> {
    if let Some(value) = constants.get(name) {
        return Ok(*value);
    }
    match name {
        "pi" => return Ok(std::f64::consts::PI),
        "inf" => return Ok(f64::INFINITY),
        _ => {}
    }
    // Sorted, so that of two equally near names the same one is always suggested.
    let mut known: Vec<&str> = constants.keys().map(String::as_str).chain(["pi", "inf"]).collect();
    known.sort_unstable();
    let finding = Diagnostic::new("N001", format!("`{name}` is not a constant"));
    Err(match suggest::nearest(name, known) {
        Some(near) => finding
            .at(span, format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(span, near),
        None => finding
            .at(span, "a number known before compiling is wanted here")
            .help(format!("define it: `const {name} = …`")),
    })
}

/// An operator on two numbers; comparisons give 0 or 1.
pub fn operate(op: BinaryOp, left: f64, right: f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div => left / right,
        BinaryOp::Pow => left.powf(right),
        BinaryOp::Eq => truth(left == right),
        BinaryOp::Ne => truth(left != right),
        BinaryOp::Lt => truth(left < right),
        BinaryOp::Le => truth(left <= right),
        BinaryOp::Gt => truth(left > right),
        BinaryOp::Ge => truth(left >= right),
    }
}

/// A word of an option in quotes: `method = "nuts"`.
fn quoted(span: Span, text: &str) -> Diagnostic {
    let is_word = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let finding = not_constant(span, &format!("the text \"{text}\""));
    match is_word {
        true => finding.help(format!("words of options stand without quotes: `{text}`")).fix(span, text),
        false => finding,
    }
}

fn not_constant(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new("S001", format!("{found} where a constant is wanted"))
        .at(span, "this must be known before compiling")
        .help("write a number, or an expression of numbers and `const` names")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Spanned;
    use crate::syntax::ast::Arg;

    fn expr(kind: ExprKind) -> Expr {
        Expr { kind, span: Span::new(3, 7) }
    }
    fn num(value: f64) -> Expr {
        expr(ExprKind::Number(value))
    }
    fn name(text: &str) -> Expr {
        expr(ExprKind::Name(text.to_owned()))
    }
    fn bin(op: BinaryOp, left: Expr, right: Expr) -> Expr {
        expr(ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) })
    }
    fn call(function: &str, value: Expr) -> Expr {
        let args = vec![Arg { name: None, value, suffixes: vec![] }];
        expr(ExprKind::Call { name: Spanned { value: function.to_owned(), span: Span::new(3, 6) }, args })
    }
    fn constants() -> HashMap<String, f64> {
        HashMap::from([("width".to_owned(), 16.0), ("sigma".to_owned(), 0.5)])
    }
    fn value(e: &Expr) -> f64 {
        number(e, &constants()).unwrap()
    }

    #[test]
    fn operators_functions_and_names_evaluate() {
        assert_eq!(value(&bin(BinaryOp::Mul, num(2.0), name("width"))), 32.0);
        assert_eq!(value(&bin(BinaryOp::Div, num(1.0), call("sqrt", name("width")))), 0.25);
        assert_eq!(value(&bin(BinaryOp::Pow, num(2.0), expr(ExprKind::Negate(Box::new(num(1.0)))))), 0.5);
        assert_eq!(value(&bin(BinaryOp::Le, name("sigma"), num(0.5))), 1.0);
        assert_eq!(value(&expr(ExprKind::Negate(Box::new(name("inf"))))), f64::NEG_INFINITY);
        assert_eq!(value(&name("pi")), std::f64::consts::PI);
        assert_eq!(whole(&name("width"), &constants(), 1).unwrap(), 16);
    }

    #[test]
    fn a_misspelt_constant_gets_the_nearest_name_and_a_fix() {
        let finding = number(&name("wdith"), &constants()).unwrap_err();
        assert_eq!(finding.code.id(), "N001");
        assert_eq!(finding.fix.unwrap().replacement, "width");
    }

    #[test]
    fn what_is_not_constant_is_refused() {
        let code = |e: &Expr| number(e, &constants()).unwrap_err().code.id();
        assert_eq!(code(&expr(ExprKind::Text("A".into()))), "S001");
        assert_eq!(code(&expr(ExprKind::Join(vec![num(1.0)]))), "S001");
        assert_eq!(code(&call("gamma", num(1.0))), "S001");
        assert_eq!(code(&call("sqrt", num(-1.0))), "T011");
        assert_eq!(whole(&num(2.5), &constants(), 1).unwrap_err().code.id(), "T011");
        assert_eq!(whole(&num(0.0), &constants(), 1).unwrap_err().code.id(), "T011");
    }
}
