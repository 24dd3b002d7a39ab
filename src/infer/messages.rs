//! The words for fits that cannot begin, fail, or end too early.

use super::climb::Diverged;
use super::error::{CannotRun, FitError};
use crate::diagnostic::Diagnostic;
use crate::tape::ops;
use serde::{Deserialize, Serialize};

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

/// The steps ran out before the rule had ended the fit.
#[derive(Debug, Serialize, Deserialize)]
pub struct Limit {
    /// how many there were
    pub steps: u64,
    /// whether somebody said how many
    pub is_chosen: bool,
    /// none if there was no mean yet
    pub last: Option<LastStage>,
}

/// The last stage that was looked at.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LastStage {
    /// its gain is from the start, and says nothing
    pub is_first: bool,
    /// nat
    pub gain: f64,
    /// of the gain
    pub se: f64,
    /// whether the gain is more than its error and more than counts
    pub has_gained: bool,
    /// whether its iterates showed no drift, and their mean was known well enough
    pub is_settled: bool,
    /// whether it, or an earlier one, was cut while it still moved
    pub was_cut: bool,
}

/// G007: stopped at a limit, and what the stage rule still waited for.
pub fn at_the_limit(limit: &Limit) -> Diagnostic {
    let steps = limit.steps;
    let waited_for = match limit.last {
        None => "it was too short for a first average".to_owned(),
        Some(last) if last.is_first && last.is_settled => {
            "only the first stage, of the longest steps, was over, and the least is two".to_owned()
        }
        Some(last) if last.is_first => {
            "the first stage, of the longest steps, was still moving when they ran out".to_owned()
        }
        Some(last) if last.has_gained => {
            format!("the last stage still gained {:.2} nat (± {:.2})", last.gain, last.se)
        }
        Some(last) => {
            let why = match (last.is_settled, last.was_cut) {
                (true, false) => "the last stage still moved a mean or an sd",
                (true, true) => "a stage of longer steps was cut while it still moved",
                (false, _) => "the last stage was still drifting",
            };
            format!("{why}, though the last one gained nothing beyond its error")
        }
    };
    let finding = Diagnostic::new(
        "G007",
        format!("stopped after {steps} steps, before the fit had settled: {waited_for}"),
    );
    if limit.is_chosen {
        return finding.help("give more `steps`, or look for a latent that the data do not pin down");
    }
    let more = steps.saturating_mul(5);
    finding.help(format!(
        "give more `steps`, such as `steps = {more}`, use `method = nuts`, or look for a latent that the data do not \
         pin down"
    ))
}

/// G007: log sds were held at their bound.
pub fn clamped() -> Diagnostic {
    Diagnostic::new(
        "G007",
        "an sd of the guide ran into its bound, e^20 times where it began or e^-20".to_owned(),
    )
    .help("look for a latent that the data and its prior do not pin down")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is_chosen: bool, last: Option<LastStage>) -> String {
        let finding = at_the_limit(&Limit { steps: 20_000, is_chosen, last });
        format!("{} {}", finding.message, finding.help.unwrap_or_default())
    }

    #[test]
    fn a_limit_says_what_was_waited_for() {
        let stage = LastStage {
            is_first: false,
            gain: 1.5,
            se: 0.1,
            has_gained: true,
            is_settled: true,
            was_cut: false,
        };
        assert!(said(true, Some(stage)).contains("still gained 1.50 nat (± 0.10)"));
        let still = LastStage { gain: -0.03, has_gained: false, is_settled: false, ..stage };
        let words = said(true, Some(still));
        assert!(words.contains("drifting") && !words.contains("-0.03"), "{words}");
        let moved = said(true, Some(LastStage { is_settled: true, ..still }));
        assert!(moved.contains("still moved a mean or an sd"), "{moved}");
        let first = said(true, Some(LastStage { is_first: true, gain: 88_347.79, ..stage }));
        assert!(first.contains("only the first stage") && !first.contains("88347"), "{first}");
        assert!(said(true, None).contains("too short for a first average"));
    }

    #[test]
    fn more_steps_than_by_default_are_a_number() {
        assert!(said(false, None).contains("`steps = 100000`"));
        assert!(!said(true, None).contains("100000"));
    }
}
