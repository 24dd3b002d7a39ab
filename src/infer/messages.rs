//! The words for fits that cannot begin, fail, or end too early.

use super::climb::Diverged;
use super::error::{CannotRun, FitError};
use crate::diagnostic::Diagnostic;
use crate::tape::ops;

/// X001: the compiler met a combination that it cannot run. O006: there is no memory to run it in.
pub fn refused(why: impl Into<CannotRun>) -> FitError {
    FitError::Refused(match why.into() {
        CannotRun::Combination(what) => Diagnostic::new("X001", format!("this version cannot run {what}"))
            .help("write the model without it, or in another form"),
        CannotRun::Memory { needed, allowed } => {
            let (needed, allowed) = (needed >> 20, allowed >> 20);
            let what = format!("the values of a step take some {needed} MiB, and {allowed} MiB are allowed");
            Diagnostic::new("O006", what)
                .note("each thread works on at least 16 rows at once, whose values all layers keep for the gradient")
                .help("make the model smaller, use fewer `--threads`, or allow more: `--max-memory 64g`")
        }
    })
}

/// G008: the first bad instruction, its inputs, its row, and the statement it comes from.
pub fn not_finite(diverged: &Diverged) -> Diagnostic {
    let when =
        if diverged.step == 0 { "at the start".to_owned() } else { format!("at step {}", diverged.step) };
    let mut message = format!("the ELBO is not finite {when}");
    let Some(bad) = &diverged.bad else {
        return Diagnostic::new("G008", message)
            .note("running the step again gives finite values: the gradient overflows")
            .help("lower `learning_rate`, standardise the data, or use `precision = f64`");
    };
    let instruction = bad.instruction.as_ref();
    let what = instruction.map_or_else(|| "a value".into(), |x| ops::name(&x.op));
    let inputs = bad.arguments.join(", ");
    message = format!("{message}: the first non-finite value is `{what}` of ({inputs})");
    if let Some(row) = bad.row {
        message += &format!(", row {}", row + 1);
    }
    let span = instruction.and_then(|x| x.origin);
    let d = Diagnostic::new("G008", message);
    let d = match span {
        Some(span) => d.at(span, "in this statement"),
        None => d,
    };
    d.help("bound the value (softplus, a narrower prior), standardise the data, or lower `learning_rate`")
}

/// G007: stopped at a limit; the gain is that of the last stage, if there was one.
pub fn at_the_limit(steps: u64, gain: f64) -> Diagnostic {
    let last = if gain.is_nan() {
        "it was too short for a first average".to_owned()
    } else {
        format!("the last stage gained {gain:.2} nat")
    };
    Diagnostic::new("G007", format!("stopped after {steps} steps, before the fit had settled: {last}"))
        .help("give more `steps`, or look for a latent that the data do not pin down")
}

/// G007: log sds were held at their bound.
pub fn clamped() -> Diagnostic {
    Diagnostic::new(
        "G007",
        "an sd of the guide ran into its bound, e^20 times where it began or e^-20".to_owned(),
    )
    .help("look for a latent that the data and its prior do not pin down")
}
