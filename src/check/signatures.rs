//! The table of built-in functions: what each takes, and the expression that it stands for.

use super::arena::Arena;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{ExprId, Reduce};
use crate::source::Span;

/// One entry of the table.
#[derive(Debug)]
pub struct Function {
    /// `exp`
    pub name: &'static str,
    /// What it takes and does.
    pub form: Form,
    /// One line: the formula, and where values lie.
    pub page: &'static str,
}

/// What a function takes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// one value, element by element
    Elementwise(fn(&mut Arena, ExprId, Span) -> ExprId),
    /// all elements of one vector to a number
    Reduce(Reduce),
    /// all elements of one vector to a number, or two values element by element
    ReduceOrTwo(Reduce, Binary),
    /// a vector to a vector
    Vector(fn(&mut Arena, ExprId, Span) -> ExprId),
    /// two vectors to a number
    Dot,
    /// the number of levels of a column
    Levels,
    /// over the training rows of a value of data
    OverRows(OverRows),
}

/// A function of the rows of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverRows {
    /// `(x − mean) / sd`
    Standardize,
    /// `x − mean`
    Center,
    /// the standard deviation
    Sd,
    /// the value k rows earlier
    Lag,
}

/// Every built-in function.
pub const ALL: &[Function] = &[
    plain("exp", "e^x; positive", |a, x, s| a.unary(Unary::Exp, x, s)),
    plain("log", "natural logarithm; real", |a, x, s| a.unary(Unary::Log, x, s)),
    plain("log1p", "log(1 + x), exact near 0", |a, x, s| a.unary(Unary::Log1p, x, s)),
    plain("expm1", "e^x - 1, exact near 0", |a, x, s| a.unary(Unary::Expm1, x, s)),
    plain("log10", "logarithm to base 10", log10),
    plain("sqrt", "square root", |a, x, s| a.unary(Unary::Sqrt, x, s)),
    plain("square", "x * x; nonneg, touches 0", |a, x, s| a.unary(Unary::Square, x, s)),
    plain("abs", "|x|; nonneg, touches 0", |a, x, s| a.unary(Unary::Abs, x, s)),
    plain("sin", "sine; [-1, 1]", |a, x, s| a.unary(Unary::Sin, x, s)),
    plain("cos", "cosine; [-1, 1]", |a, x, s| a.unary(Unary::Cos, x, s)),
    plain("tanh", "hyperbolic tangent; (-1, 1)", |a, x, s| a.unary(Unary::Tanh, x, s)),
    plain("atan", "arc tangent; (-pi/2, pi/2)", |a, x, s| a.unary(Unary::Atan, x, s)),
    plain("sigmoid", "1/(1 + e^-x); unit", |a, x, s| a.unary(Unary::Sigmoid, x, s)),
    plain("logit", "log(x/(1 - x)); real", logit),
    plain("softplus", "log(1 + e^x); positive", |a, x, s| a.unary(Unary::Softplus, x, s)),
    plain("relu", "max(x, 0); nonneg, with mass at 0", |a, x, s| a.unary(Unary::Relu, x, s)),
    plain("leaky_relu", "max(x, 0.01 x)", leaky_relu),
    plain("gelu", "x * normal_cdf(x)", |a, x, s| gated(a, Unary::NormalCdf, x, s)),
    plain("silu", "x * sigmoid(x)", |a, x, s| gated(a, Unary::Sigmoid, x, s)),
    plain("elu", "x where positive, else e^x - 1; above -1", elu),
    plain("erf", "error function; (-1, 1)", |a, x, s| a.unary(Unary::Erf, x, s)),
    plain("normal_cdf", "standard normal distribution function; unit", |a, x, s| {
        a.unary(Unary::NormalCdf, x, s)
    }),
    Function { name: "dot", form: Form::Dot, page: "sum of the products of two vectors" },
    Function {
        name: "sum",
        form: Form::Reduce(Reduce::Sum),
        page: "sum of the elements of a vector; of a data column over the training rows",
    },
    Function {
        name: "mean",
        form: Form::Reduce(Reduce::Mean),
        page: "mean of the elements of a vector; of a data column over the training rows",
    },
    Function {
        name: "min",
        form: Form::ReduceOrTwo(Reduce::Min, Binary::Min),
        page: "smallest element of a vector; of a data column over the training rows; `min(a, b)` is the smaller of two values",
    },
    Function {
        name: "max",
        form: Form::ReduceOrTwo(Reduce::Max, Binary::Max),
        page: "largest element of a vector; of a data column over the training rows; `max(a, b)` is the larger of two values",
    },
    Function {
        name: "logsumexp",
        form: Form::Reduce(Reduce::LogSumExp),
        page: "log of the sum of e^x over the elements of a vector",
    },
    Function {
        name: "softmax",
        form: Form::Vector(|a, x, s| a.softmax(x, s)),
        page: "e^x / sum of e^x over the last axis; a simplex",
    },
    Function {
        name: "log_softmax",
        form: Form::Vector(|a, x, s| a.log_softmax(x, s)),
        page: "log of softmax, without its loss of digits",
    },
    Function { name: "levels", form: Form::Levels, page: "number of classes or levels of a column" },
    Function {
        name: "standardize",
        form: Form::OverRows(OverRows::Standardize),
        page: "(x - mean) / sd over the training rows, per column; for an image per channel; data only",
    },
    Function {
        name: "center",
        form: Form::OverRows(OverRows::Center),
        page: "x - mean over the training rows, per column; for an image per channel; data only",
    },
    Function {
        name: "sd",
        form: Form::OverRows(OverRows::Sd),
        page: "standard deviation over the training rows, per column (divided by n - 1); data only",
    },
    Function {
        name: "lag",
        form: Form::OverRows(OverRows::Lag),
        page: "the value k rows earlier; the first k rows drop out; data only",
    },
];

/// Looks a function up by its exact name.
pub fn find(name: &str) -> Option<&'static Function> {
    ALL.iter().find(|f| f.name == name)
}

/// The part of the reference page on functions.
pub fn reference() -> String {
    let mut text = String::from("| function | |\n|---|---|\n");
    for function in ALL {
        text += &format!("| `{}` | {} |\n", function.written(), function.page.replace('|', "\\|"));
    }
    text
}

impl Function {
    /// `dot(a, b)`
    pub(super) fn written(&self) -> String {
        let args = match self.form {
            Form::Elementwise(_) => "x",
            Form::Reduce(_) | Form::Vector(_) => "v",
            Form::ReduceOrTwo(..) => "v",
            Form::Dot => "a, b",
            Form::OverRows(OverRows::Lag) => "column, k",
            Form::Levels | Form::OverRows(_) => "column",
        };
        format!("{}({args})", self.name)
    }
}

const fn plain(
    name: &'static str,
    page: &'static str,
    build: fn(&mut Arena, ExprId, Span) -> ExprId,
) -> Function {
    Function { name, form: Form::Elementwise(build), page }
}

/// A number and a value always agree in size; so do two values made from one.
fn with(arena: &mut Arena, f: Binary, a: ExprId, b: ExprId, span: Span) -> ExprId {
    arena.binary(f, a, b, span).unwrap_or(a)
}

fn log10(arena: &mut Arena, x: ExprId, span: Span) -> ExprId {
    let log = arena.unary(Unary::Log, x, span);
    let factor = arena.number(std::f64::consts::LOG10_E, span);
    with(arena, Binary::Mul, log, factor, span)
}

fn logit(arena: &mut Arena, x: ExprId, span: Span) -> ExprId {
    let minus = arena.unary(Unary::Neg, x, span);
    let rest = arena.unary(Unary::Log1p, minus, span);
    let log = arena.unary(Unary::Log, x, span);
    with(arena, Binary::Sub, log, rest, span)
}

fn leaky_relu(arena: &mut Arena, x: ExprId, span: Span) -> ExprId {
    let slope = arena.number(0.01, span);
    let small = with(arena, Binary::Mul, x, slope, span);
    with(arena, Binary::Max, x, small, span)
}

fn gated(arena: &mut Arena, gate: Unary, x: ExprId, span: Span) -> ExprId {
    let gate = arena.unary(gate, x, span);
    with(arena, Binary::Mul, x, gate, span)
}

fn elu(arena: &mut Arena, x: ExprId, span: Span) -> ExprId {
    let zero = arena.number(0.0, span);
    let above = arena.unary(Unary::Relu, x, span);
    let below = with(arena, Binary::Min, x, zero, span);
    let below = arena.unary(Unary::Expm1, below, span);
    with(arena, Binary::Add, above, below, span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::ACTIVATIONS;

    #[test]
    fn every_activation_is_a_function() {
        for activation in ACTIVATIONS {
            assert!(find(activation.name).is_some(), "{}", activation.name);
        }
    }

    #[test]
    fn composed_functions_compute_what_their_names_say() {
        let value = |name: &str, x: f64| {
            let mut arena = Arena::default();
            let x = arena.number(x, Span::default());
            match find(name).map(|f| f.form) {
                Some(Form::Elementwise(build)) => {
                    let y = build(&mut arena, x, Span::default());
                    arena.constant(y)
                }
                _ => None,
            }
            .expect("functions of a number are numbers")
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        near(value("log10", 1000.0), 3.0);
        near(value("logit", 0.25), (1.0f64 / 3.0).ln());
        near(value("leaky_relu", -2.0), -0.02);
        near(value("silu", 1.5), 1.5 / (1.0 + (-1.5f64).exp()));
        near(value("elu", -1.0), (-1.0f64).exp() - 1.0);
        near(value("elu", 2.0), 2.0);
    }
}
