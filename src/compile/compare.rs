//! `--compare map`: is the posterior worth more than its mode? The same model fitted as points, judged on the same
//! held-out rows.

use super::fit::{Prepared, as_points};
use super::{Session, evaluated};
use crate::diagnostic::Diagnostic;
use crate::infer::error::FitError;
use crate::infer::journal::Journal;
use crate::infer::predict::{Predicted, Prediction};
use crate::infer::progress::Progress;
use crate::infer::settings::Method;
use crate::run_folder::Run;

/// Names of the comparison in `metrics.json`.
const NLL: &str = "map_nll";
const DIFFERENCE: &str = "map_nll_difference";
const DIFFERENCE_SE: &str = "map_nll_difference_se";

/// −log p(y_n) of each row under the mixture over draws, all targets together.
pub(super) fn row_nll(predictions: &[Prediction]) -> Vec<f64> {
    let mut total: Vec<f64> = vec![];
    for prediction in predictions {
        let own: Vec<f64> = match &prediction.values {
            Predicted::Classes { summary, targets } => {
                let of = |(row, y): (usize, &usize)| -summary.log_mean[row * summary.classes + y];
                targets.iter().enumerate().map(of).collect()
            }
            Predicted::Numbers { summary, .. } => summary.log_density.iter().map(|d| -d).collect(),
            // What its parts are is among the numbers.
            Predicted::Joint { .. } => continue,
        };
        total.resize(own.len(), 0.0);
        total.iter_mut().zip(own).for_each(|(t, x)| *t += x);
    }
    total
}

/// O001: there is nothing to compare.
pub(super) fn possible(method: Method, has_held_out: bool) -> Result<(), Diagnostic> {
    let refused = |why: &str, help: &str| {
        Err(Diagnostic::new("O001", format!("`--compare map` {why}")).help(help.to_owned()))
    };
    match method {
        Method::Map | Method::Mle => refused("compares a posterior, and this fit is a point", "leave it out"),
        Method::Prior => refused("compares a posterior, and nothing is fitted", "leave it out"),
        _ if !has_held_out => {
            refused("needs held-out rows to judge by", "add `split valid = 0.3` to the data block")
        }
        _ => Ok(()),
    }
}

/// Fits the mode and adds the mean difference of the rows' nll, posterior less mode, with its standard error.
///
/// # Errors
/// An interruption. A mode that cannot be found is a warning: what the posterior says is not lost.
pub(super) fn with_map(
    session: &Session,
    run: &mut Run,
    of_posterior: &[f64],
    journal: &Journal,
    progress: &mut dyn Progress,
) -> Result<(), FitError> {
    match nll_of_map(session, journal, progress) {
        Ok(of_map) => {
            let n = of_map.len() as f64;
            let differences: Vec<f64> = of_posterior.iter().zip(&of_map).map(|(p, m)| p - m).collect();
            let mean = differences.iter().sum::<f64>() / n;
            let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
            let nll = of_map.iter().sum::<f64>() / n;
            let found = [(NLL, nll), (DIFFERENCE, mean), (DIFFERENCE_SE, (variance / n).sqrt())];
            run.metrics.extra.extend(found.map(|(name, value)| (name.to_owned(), value)));
            Ok(())
        }
        Err(FitError::Interrupted) => Err(FitError::Interrupted),
        Err(FitError::Refused(d) | FitError::Diverged(d)) => {
            run.manifest.warnings.push(format!(
                "{}: the mode for `--compare map`: {}",
                d.code.id(),
                d.message
            ));
            progress.warn(&d);
            Ok(())
        }
    }
}

fn nll_of_map(
    session: &Session,
    journal: &Journal,
    progress: &mut dyn Progress,
) -> Result<Vec<f64>, FitError> {
    let wrong = |mut found: crate::diagnostic::Diagnostics| {
        FitError::Refused(if found.0.is_empty() {
            Diagnostic::new("G011", "it has no mode")
        } else {
            found.0.remove(0)
        })
    };
    let prepared = as_points(session).map_err(wrong)?;
    let mut prepared = Prepared { journal: journal.within("mode to compare with"), ..prepared };
    let fitted = super::methods::fit(&mut prepared, progress)?;
    evaluated::held_out_nll(&prepared.problem(), &fitted, &prepared.data, progress)
        .map_err(crate::infer::messages::refused)
}
