//! The methods beside variational inference: what each makes of the model, and what it runs.

use super::fit::{Fitted, Prepared, fit_either_way};
use crate::diagnostic::Diagnostic;
use crate::infer::asked::of_method;
use crate::infer::draws::Joint;
use crate::infer::error::FitError;
use crate::infer::laplace::laplace;
use crate::infer::nuts::nuts;
use crate::infer::problem::Problem;
use crate::infer::progress::Progress;
use crate::infer::settings::Method;
use crate::infer::smc::smc;
use crate::infer::{Outcome, messages, no_net};
use crate::model::{Model, Role, Treatment};

/// The path of draws that begin without a fitted guide.
const NEAR_THE_MODE: &str = "near the mode";

/// Makes points of the unknowns that a method learns; says so.
pub(super) fn treat(model: &mut Model, method: Method) -> Option<String> {
    // A point estimate is a model whose unknowns are all learned: largest in θ, without the Jacobian.
    let learn = |model: &mut Model, treatment: Treatment, which: &dyn Fn(&Role) -> bool| {
        let random = model.unknowns.iter_mut().filter(|u| u.treatment == Treatment::Random && which(&u.role));
        random.for_each(|u| u.treatment = treatment);
    };
    match method {
        Method::Advi | Method::Nuts | Method::Smc => None,
        Method::Map => {
            learn(model, Treatment::PointWithPrior, &|_| true);
            Some("map: every unknown is a point".to_owned())
        }
        Method::Mle => {
            model.unknowns.iter_mut().for_each(|u| u.treatment = Treatment::Point);
            Some("mle: every unknown is a point, and no prior is read".to_owned())
        }
        Method::Laplace => {
            let lasts = last_layers(model);
            let is_before = |role: &Role| match role {
                Role::Net { net, layer, .. } => !lasts.contains(&(*net, *layer)),
                Role::Plain => false,
            };
            learn(model, Treatment::PointWithPrior, &is_before);
            (!lasts.is_empty()).then(|| "laplace: of each net only the last layer is random".to_owned())
        }
        Method::Prior => {
            super::prior::as_values(model);
            Some("prior: nothing is fitted, and no target is read".to_owned())
        }
    }
}

/// Fits by the method asked for.
pub(super) fn fit(prepared: &mut Prepared, progress: &mut dyn Progress) -> Result<Fitted, FitError> {
    match prepared.settings.method {
        Method::Laplace => {
            let (outcome, evidence) = laplace(&prepared.problem(), progress)?;
            let extra = vec![("laplace_evidence".to_owned(), evidence)];
            Ok(Fitted { outcome, chains: None, extra })
        }
        Method::Nuts => {
            let outcome = begun(prepared, progress)?;
            let chains = Some(nuts(&prepared.problem(), &outcome.guide, progress)?);
            Ok(Fitted { outcome, chains, extra: vec![] })
        }
        Method::Smc => {
            let mut outcome = begun(prepared, progress)?;
            let found = smc(&prepared.problem(), &outcome.guide, &outcome.posterior(), progress)?;
            let (evidence, se) = found.evidence();
            let levels = found.levels.iter().copied().max().unwrap_or(0) as f64;
            outcome.warnings.extend(found.unsettled(prepared.problem().settings.moves()));
            let numbers = [
                ("log_evidence", evidence),
                ("log_evidence_se", se),
                ("levels", levels),
                ("drift", found.drift().0),
            ];
            let mut extra = numbers.map(|(name, value)| (name.to_owned(), value)).to_vec();
            if outcome.path == NEAR_THE_MODE {
                // Means may come right from a start that is far too narrow, a sum of weights does not.
                extra.retain(|(name, _)| !name.starts_with("log_evidence"));
            }
            Ok(Fitted { outcome, chains: Some(found.chains), extra })
        }
        _ => Ok(Fitted { outcome: fit_either_way(prepared, progress)?, chains: None, extra: vec![] }),
    }
}

/// The guide that draws begin with, or the neighbourhood of the mode.
fn begun(prepared: &mut Prepared, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    // Before minutes go into a guide.
    of_method(&prepared.problem())?;
    match fit_either_way(prepared, progress) {
        Err(FitError::Diverged(why)) => around_the_mode(&prepared.problem(), &why),
        other => {
            let mut outcome = other?;
            // The guide only says in which units draws walk; they are judged by themselves (G012, G013).
            outcome.warnings.retain(|w| !matches!(w.code.id(), "G007" | "G010"));
            Ok(outcome)
        }
    }
}

/// Where chains begin when the fit of a guide has broken off: its start near the mode, which had a finite density.
fn around_the_mode(problem: &Problem<'_>, why: &Diagnostic) -> Result<Outcome, FitError> {
    let mut joint = Joint::new(problem).map_err(messages::refused)?;
    let (guide, _) = no_net::start(&mut joint, problem, 0)?;
    let what =
        format!("the guide that draws begin with broke off ({}): they begin near the mode", why.message);
    let warning = Diagnostic::new("G007", what)
        .note("draws are judged by themselves, but their way is longer than from a fitted guide");
    Ok(Outcome { guide, warnings: vec![warning], path: NEAR_THE_MODE.to_owned(), ..Outcome::empty() })
}

/// The last layer of each net that has unknowns.
fn last_layers(model: &Model) -> Vec<(usize, Option<usize>)> {
    let mut lasts: Vec<(usize, Option<usize>)> = vec![];
    for unknown in &model.unknowns {
        let Role::Net { net, layer, .. } = &unknown.role else { continue };
        match lasts.iter_mut().find(|(n, _)| n == net) {
            Some(last) => last.1 = last.1.max(*layer),
            None => lasts.push((*net, *layer)),
        }
    }
    lasts
}
