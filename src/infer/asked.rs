//! What the settings ask for and the path cannot do: O001, never something else in its place.
//!
//! [`of_model`] says what is known before there are rows, [`possible`] what the path rules out, [`applied`] what the
//! guide could not do after all.

use super::error::FitError;
use super::optimizer::Optimizer;
use super::settings::{Draws, GuideChoice, Method, Mix, Settings};
use super::{Path, SMALL_DIMS, points};
use crate::diagnostic::{Diagnostic, suggest};
use crate::infer::problem::Problem;
use crate::lower::free_shape;
use crate::model::correlated::stands_for;
use crate::model::{Model, Treatment, Unknown, UnknownId};
use crate::rewrites::{Note, Rewrite};

/// O001 for what no rows can make possible: a block of too many latents, or of names that nothing has; tempering of
/// what has no prior terms.
pub fn of_model(model: &Model, settings: &Settings) -> Option<Diagnostic> {
    if settings.optimizer != Optimizer::Adam && matches!(settings.method, Method::Laplace | Method::Prior) {
        let what = format!("`method = {}` has no optimiser's steps", settings.method.name());
        let d = at_setting(Diagnostic::new("O001", what), model, "optimizer");
        return Some(d.help("leave `optimizer` out"));
    }
    if let Some(d) = tempering(model, settings).or_else(|| no_starts(model, settings)) {
        return Some(d);
    }
    if settings.guide == GuideChoice::Ladder && settings.mix != Mix::No {
        let what = "`guide = ladder` ends on a mixture of its own";
        let d = at_setting(Diagnostic::new("O001", what), model, "mix");
        return Some(d.help("leave `mix` out, or name one guide: `guide = fullrank`"));
    }
    correlated(model, settings)
}

/// O001: `correlate` with a guide that has no part to choose, or of a name that nothing random has; a block of too many.
fn correlated(model: &Model, settings: &Settings) -> Option<Diagnostic> {
    let refused = |what: String| at_setting(Diagnostic::new("O001", what), model, "correlate");
    let guide = settings.guide;
    if !model.correlate().is_empty() && !matches!(guide, GuideChoice::LowRank | GuideChoice::FullRank) {
        let what =
            format!("`correlate` chooses for `guide = lowrank` or `fullrank`, not for `{}`", guide.name());
        return Some(refused(what).help("write `guide = fullrank`, or leave `correlate` out"));
    }
    for name in model.correlate() {
        let mut named = model.unknowns.iter().filter(|u| stands_for(name, u)).peekable();
        if named.peek().is_none() {
            let d = refused(format!(
                "`correlate` names `{name}`, and the model has no net, layer or unknown of this name"
            ));
            let known = names(model);
            return Some(match suggest::nearest(name, known.iter().map(String::as_str)) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None => d.help(format!("it has {}", known.join(", "))),
            });
        }
        if named.all(|u| u.treatment != Treatment::Random) {
            let d = refused(format!("`correlate` names `{name}`, which is learned as a point"));
            return Some(d.help("leave it out: a point correlates with nothing"));
        }
    }
    let chosen = model.correlated();
    let is_in = |(i, u): &(usize, &Unknown)| {
        u.treatment == Treatment::Random && (chosen.is_empty() || chosen.contains(&UnknownId(*i as u32)))
    };
    let latents: usize =
        model.unknowns.iter().enumerate().filter(is_in).map(|(_, u)| free_shape(u).len()).sum();
    if guide != GuideChoice::FullRank || latents <= SMALL_DIMS {
        return None;
    }
    let what =
        format!("`guide = fullrank` would correlate {latents} latents, and a block has at most {SMALL_DIMS}");
    let d = at_setting(Diagnostic::new("O001", what), model, "guide");
    Some(d.help("name a part, as `correlate = [f.2]` does a layer, or write `guide = lowrank`"))
}

/// What `correlate` may name: nets, layers, unknowns.
fn names(model: &Model) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for unknown in &model.unknowns {
        let ends = unknown.name.match_indices('.').map(|(i, _)| i).chain([unknown.name.len()]);
        for name in ends.map(|end| &unknown.name[..end]) {
            if !all.iter().any(|n| n == name) {
                all.push(name.to_owned());
            }
        }
    }
    all
}

/// O001: `kl_weight` or `warmup` with a method that has no such terms.
fn tempering(model: &Model, settings: &Settings) -> Option<Diagnostic> {
    let why = match settings.method {
        Method::Advi => return None,
        Method::Map => "a mode does not depend on the way there",
        Method::Mle => "it reads no prior",
        Method::Laplace | Method::Nuts | Method::Smc => "it stands for the posterior itself",
        Method::Prior => "nothing is fitted",
    };
    let is_annealed = settings.warmup > 0;
    let is_tempered = settings.kl_weight != 1.0 && settings.method != Method::Map;
    let option = if is_tempered { "kl_weight" } else { "warmup" };
    if !is_tempered && !is_annealed {
        return None;
    }
    let method = settings.method.name();
    let d = Diagnostic::new("O001", format!("`method = {method}` has no `{option}`: {why}"));
    Some(at_setting(d, model, option).help(format!("leave `{option}` out, or fit with `method = advi`")))
}

/// O001: a mixture of starts with a method that has no guide to mix.
fn no_starts(model: &Model, settings: &Settings) -> Option<Diagnostic> {
    if settings.mix == Mix::No || !matches!(settings.method, Method::Laplace | Method::Nuts) {
        return None;
    }
    let d = Diagnostic::new("O001", format!("`method = {}` has no starts to mix", settings.method.name()));
    Some(at_setting(d, model, "mix").help("leave `mix` out, or fit with `method = advi`"))
}

/// A finding with the place where an option is asked for.
fn at_setting(d: Diagnostic, model: &Model, name: &str) -> Diagnostic {
    let setting = model.settings.iter().rfind(|s| s.name == name && !s.is_default);
    match setting.and_then(|s| s.span) {
        Some(span) => d.at(span, "asked for here"),
        None => d,
    }
}

/// O001: another step rule than Adam where there are no steps, or none whose rate is known.
fn optimizer(problem: &Problem<'_>, path: Path) -> Result<(), FitError> {
    let settings = problem.settings;
    if settings.optimizer == Optimizer::Adam {
        return Ok(());
    }
    let name = settings.optimizer.name();
    let (why, help) = if !path.draws_by_key() && problem.joint.random_dim == 0 {
        (
            "has no steps to take: modes of few unknowns are found by L-BFGS".to_owned(),
            "leave `optimizer` out",
        )
    } else if path.draws_by_key() && settings.learning_rate.is_none() {
        (
            format!("finds its rate by trials on all rows, and this model is fitted by {}", path.words()),
            "give a `learning_rate`",
        )
    } else {
        return Ok(());
    };
    let d = Diagnostic::new("O001", format!("`optimizer = {name}` {why}"));
    Err(FitError::Refused(at_setting(d, problem.model, "optimizer").help(help)))
}

/// Whether the settings ask for what [`possible`] may refuse, beside what [`super::idle`] looks at.
pub fn depends_on_rows(settings: &Settings) -> bool {
    settings.optimizer != Optimizer::Adam || settings.warmup > 0 || settings.mix == Mix::Elbo
}

/// O001: the path cannot do what is asked for.
///
/// # Errors
/// Says what, and why.
pub fn possible(problem: &Problem<'_>, path: Path) -> Result<(), FitError> {
    if let Some(d) = of_model(problem.model, problem.settings) {
        return Err(FitError::Refused(d));
    }
    optimizer(problem, path)?;
    if problem.settings.warmup > 0 && !matches!(path, Path::Batches | Path::Minibatch) {
        let what =
            format!("`warmup` is over steps of minibatches, and this model is fitted by {}", path.words());
        let d = at_setting(Diagnostic::new("O001", what), problem.model, "warmup");
        return Err(FitError::Refused(
            d.help("leave `warmup` out, or give a `batch` of fewer rows than there are"),
        ));
    }
    if problem.settings.mix == Mix::Elbo && matches!(path, Path::Batches | Path::Minibatch) {
        let what = "`mix = elbo` needs all rows in a step: its shares take many draws of all rows";
        let d = at_setting(Diagnostic::new("O001", what), problem.model, "mix");
        return Err(FitError::Refused(d.help("write `mix = true` for equal shares")));
    }
    rewrites(problem, path)
}

/// Numbers that chains may keep: 2 GiB; and draws that they may take.
const MOST_NUMBERS: usize = 1 << 28;
const MOST_DRAWS: usize = 1_000_000_000;

/// O001: the model has no fixed density of random unknowns for `method = nuts` or `laplace`, or there would be too many
/// draws to keep.
///
/// # Errors
/// Says what, and why.
pub fn of_method(problem: &Problem<'_>) -> Result<(), FitError> {
    let settings = problem.settings;
    let name = settings.method.name();
    if let Some(d) = no_starts(problem.model, settings) {
        return Err(FitError::Refused(d));
    }
    let refused = |why: String, help: &str| {
        let d = Diagnostic::new("O001", format!("`method = {name}` {why}"));
        Err(FitError::Refused(at_setting(d, problem.model, "method").help(help.to_owned())))
    };
    if problem.joint.is_noisy() {
        let why = "needs a density that stays the same, and the zeros of `dropout` are new in each draw";
        return refused(why.to_owned(), "leave `dropout` out, or fit with `method = advi`");
    }
    if problem.joint.random_dim == 0 {
        return refused(
            "has nothing to draw: every unknown is a `Point`".to_owned(),
            "fit with `method = map`",
        );
    }
    if settings.method == Method::Smc
        && settings.mix != Mix::No
        && problem.joint.random_dim < problem.joint.dim
    {
        let what = "particles of starts that differ in what is learned as a point have no common density";
        let d = at_setting(Diagnostic::new("O001", what), problem.model, "mix");
        return Err(FitError::Refused(d.help("leave `mix` out, or give every unknown a prior")));
    }
    if matches!(settings.method, Method::Nuts | Method::Smc) {
        let (each, before) = match settings.method {
            // Where they are, where they were, a copy for a checkpoint, and what is handed on.
            Method::Smc => (settings.particles(), settings.particles().saturating_mul(3)),
            _ => (settings.kept(), settings.tuning()),
        };
        let draws = each.saturating_add(before).saturating_mul(settings.chains);
        let held = if settings.method == Method::Smc { each.saturating_add(before) } else { each };
        let numbers = held.saturating_mul(settings.chains).saturating_mul(problem.joint.dim);
        if numbers > MOST_NUMBERS || draws > MOST_DRAWS {
            let why = format!(
                "would keep {} draws of {} numbers",
                each.saturating_mul(settings.chains),
                problem.joint.dim
            );
            let fewer = match settings.method {
                Method::Smc => "ask for fewer `samples` or `chains`",
                _ => "ask for fewer `samples`, `tune` or `chains`",
            };
            return refused(why, fewer);
        }
    }
    Ok(())
}

const NO_PRODUCT: &str = "no random weight enters a row by a product";

/// A rewrite that `with` names and that cannot be applied.
fn rewrites(problem: &Problem<'_>, path: Path) -> Result<(), FitError> {
    let settings = problem.settings;
    let random = problem.joint.random_dim;
    let why = if settings.asks_for(Rewrite::Flipout) && !path.draws_by_key() {
        Some((Rewrite::Flipout, "this model is fitted on all rows in a step; give a `batch`".to_owned()))
    } else if settings.asks_for(Rewrite::Flipout) && random == 0 {
        Some((Rewrite::Flipout, NO_PRODUCT.to_owned()))
    } else if settings.asks_for(Rewrite::Flipout) && settings.draws != Draws::Auto {
        Some((Rewrite::Flipout, "`draws` asks for draws that rows share".to_owned()))
    } else if settings.asks_for(Rewrite::QuasiRandom) && path.draws_by_key() {
        Some((Rewrite::QuasiRandom, "minibatches draw by key".to_owned()))
    } else if settings.asks_for(Rewrite::QuasiRandom) && random > points::MOST_DIMS {
        Some((Rewrite::QuasiRandom, format!("{random} dimensions; at most {}", points::MOST_DIMS)))
    } else {
        None
    };
    match why {
        None => Ok(()),
        Some((rewrite, why)) => Err(does_not_apply(problem.model, rewrite, &why)),
    }
}

/// O001: Flipout is asked for, and no weight is left for it.
///
/// # Errors
/// Says why.
pub fn applied(problem: &Problem<'_>, notes: &[Note]) -> Result<(), FitError> {
    let is_applied = |rewrite| notes.iter().any(|n| n.is_applied && n.rewrite == rewrite);
    if !problem.settings.asks_for(Rewrite::Flipout) || is_applied(Rewrite::Flipout) {
        return Ok(());
    }
    Err(does_not_apply(
        problem.model,
        Rewrite::Flipout,
        if is_applied(Rewrite::LocalReparam) {
            "every weight has noise per row by `local_reparam`; leave that out to have signs instead"
        } else {
            NO_PRODUCT
        },
    ))
}

fn does_not_apply(model: &Model, rewrite: Rewrite, why: &str) -> FitError {
    let d = Diagnostic::new("O001", format!("`with = [{}]` does not apply: {why}", rewrite.name()));
    FitError::Refused(at_setting(d, model, "with").help(format!("it wants: {}", rewrite.entry().condition)))
}
