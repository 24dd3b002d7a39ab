//! From a checked model to a run: load, lower, fit, evaluate.

use super::evaluated::{evaluate, targets_hash};
use super::non_centre::candidates;
use super::record::{compiled, manifest, tensors};
use super::{FitFailure, Session, compare};
use crate::data::Dataset;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::Profiler;
use crate::infer::chains::Chains;
use crate::infer::draws::{Joint, elbo_draws, mean_and_se};
use crate::infer::each_draw::Source;
use crate::infer::error::FitError;
use crate::infer::journal::Journal;
use crate::infer::optimizer::Optimizer;
use crate::infer::problem::{GiveUp, Problem, Rows};
use crate::infer::progress::{Progress, Trial};
use crate::infer::settings::{GuideChoice, Method, Mix, Settings};
use crate::infer::{self, Outcome, messages};
use crate::lower::{LogJoint, Parameterization, lower, with_scale_mixtures};
use crate::model::Model;
use crate::rewrites::{Note, Rewrite};
use crate::run_folder::{Manifest, Run, TraceRow};
use std::sync::Arc;
use std::time::Instant;

/// Latents beyond which predictions are computed in f32.
pub(super) const MANY_DIMS: usize = 2_000;

/// A posterior: a guide, or draws of chains that began with one.
pub(super) struct Fitted {
    /// The guide, and how it was fitted.
    pub(super) outcome: Outcome,
    /// The chains' draws, where the method makes some.
    pub(super) chains: Option<Chains>,
    /// Further numbers about the fit, by the names of `metrics.json`.
    pub(super) extra: Vec<(String, f64)>,
}

impl Fitted {
    /// Rounds the posterior to what the run folder keeps of it, so that what is told of it can be told again.
    fn round(&mut self) {
        self.outcome.guide.round();
        let parts = self.outcome.mixture.iter_mut().flat_map(|mixture| &mut mixture.parts);
        parts.for_each(|part| part.round());
        let draws = self.chains.iter_mut().flat_map(|c| &mut c.values);
        draws.for_each(|x| *x = f64::from(*x as f32));
    }

    /// Where draws of the posterior come from.
    pub(super) fn source(&self) -> &dyn Source {
        match &self.chains {
            Some(chains) => chains,
            None => match &self.outcome.mixture {
                Some(mixture) => mixture,
                None => &self.outcome.guide,
            },
        }
    }
}

/// Everything inference needs.
pub(super) struct Prepared {
    pub(super) model: Model,
    pub(super) joint: LogJoint,
    pub(super) data: Arc<Dataset>,
    pub(super) settings: Settings,
    pub(super) notes: Vec<String>,
    pub(super) refused: Vec<Note>,
    pub(super) threads: usize,
    pub(super) room: u64,
    pub(super) journal: Journal,
    pub(super) profiler: Profiler,
}

impl Prepared {
    /// The fit to be done.
    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            model: &self.model,
            joint: &self.joint,
            rows: Rows(&self.data),
            train: self.data.split("train"),
            settings: &self.settings,
            threads: self.threads,
            room: self.room,
            journal: self.journal.clone(),
            profiler: self.profiler.clone(),
            give_up: GiveUp::default(),
        }
    }
}

/// Model, rows and log joint.
pub(super) fn prepare(session: &Session) -> Result<Prepared, Diagnostics> {
    prepare_with(session, session.settings()?)
}

/// The same model with all unknowns as points, untempered, by the default ways there.
pub(super) fn as_points(session: &Session) -> Result<Prepared, Diagnostics> {
    let settings = session.settings()?;
    let kept = Settings {
        method: Method::Map,
        guide: GuideChoice::Auto,
        mix: Mix::No,
        restarts: None,
        optimizer: Optimizer::Adam,
        kl_weight: 1.0,
        warmup: 0,
        with: vec![],
        ..settings
    };
    prepare_with(session, kept)
}

fn prepare_with(session: &Session, settings: Settings) -> Result<Prepared, Diagnostics> {
    let data = session.data()?;
    let Lowered { model, joint, notes, refused } = lowered(session.model()?.clone(), &data, &settings)?;
    within_memory(session, joint.dim)?;
    let available = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = session.options.threads.unwrap_or(available).max(1);
    let journal = Journal::default();
    let profiler = Profiler::default();
    let room = session.room();
    Ok(Prepared { model, joint, data, settings, notes, refused, threads, room, journal, profiler })
}

/// A model as its method treats it, and its log joint.
pub(super) struct Lowered {
    pub(super) model: Model,
    pub(super) joint: LogJoint,
    notes: Vec<String>,
    refused: Vec<Note>,
}

/// What the settings make of a model.
///
/// # Errors
/// What its rows do not allow; O001 for a rewrite of the model that does not apply.
pub(super) fn lowered(mut model: Model, data: &Dataset, settings: &Settings) -> Result<Lowered, Diagnostics> {
    super::statistics::resolve(&mut model, data)?;
    let (mut notes, mut refused) = (vec![], vec![]);
    notes.extend(super::methods::treat(&mut model, settings.method));
    // Draws from a prior are those of its mixture.
    if settings.asks_for(Rewrite::ScaleMixture) && settings.method != Method::Prior {
        let (mixed, found) = with_scale_mixtures(&model);
        if !found.iter().any(|n| n.is_applied) {
            return Err(Diagnostic::new(
                "O001",
                "`with = [scale_mixture]` does not apply: no prior allows it",
            )
            .help(format!("it wants: {}", Rewrite::ScaleMixture.entry().condition))
            .into());
        }
        model = mixed;
        let (applied, not): (Vec<Note>, Vec<Note>) = found.into_iter().partition(|n| n.is_applied);
        notes.extend(applied.iter().map(Note::words));
        refused.extend(not);
    }
    let mut parameterization = Parameterization::default();
    if settings.method != Method::Prior && !settings.leaves_out(Rewrite::NonCentre) {
        let (fitting, not) = candidates(&model);
        parameterization = fitting;
        refused.extend(not);
    }
    for id in &parameterization.non_centred {
        let what = format!("{} = location + scale · z with z standard; new family", model.unknown(*id).name);
        notes.push(Note::applied(Rewrite::NonCentre, what).words());
    }
    let joint = lower(&model, &parameterization);
    Ok(Lowered { model, joint, notes, refused })
}

/// Bytes that a fit takes for each latent: parameters, moments and averages of the optimiser, and in each of a dozen
/// programs their values and slopes.
const BYTES_OF_A_LATENT: u64 = 800;

/// O006 for a model of more latents than memory holds.
fn within_memory(session: &Session, latents: usize) -> Result<(), Diagnostics> {
    let needed = (latents as u64).saturating_mul(BYTES_OF_A_LATENT);
    if needed <= session.room() {
        return Ok(());
    }
    let what = format!(
        "{latents} latents take some {} MiB of memory, and {} MiB are allowed",
        needed >> 20,
        session.room() >> 20
    );
    Err(Diagnostic::new("O006", what)
        .help("make the model smaller, or allow more: `--max-memory 64g`")
        .into())
}

/// Compiles, fits and evaluates.
///
/// # Errors
/// Diagnostics and the exit status: 1 if the model or its data are wrong, 3 if the fit diverged.
pub fn fit(session: &Session, progress: &mut dyn Progress) -> Result<Run, FitFailure> {
    Ready::new(session)?.fit(Journal::default(), progress)
}

/// A model that is compiled, with its rows: what a fit begins with.
pub struct Ready<'s> {
    session: &'s Session,
    prepared: Prepared,
    compile_s: f64,
}

impl<'s> Ready<'s> {
    /// Compiles a model and reads its rows.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(session: &'s Session) -> Result<Ready<'s>, FitFailure> {
        let begun = Instant::now();
        let wrong = |diagnostics: Diagnostics| FitFailure { diagnostics, exit: 1 };
        let prepared = prepare(session).map_err(wrong)?;
        Ok(Ready { session, prepared, compile_s: begun.elapsed().as_secs_f64() })
    }

    /// The same fit, its programs' time told to a profiler; evaluating is not in it.
    pub fn profiled(self, profiler: Profiler) -> Ready<'s> {
        Ready { prepared: Prepared { profiler, ..self.prepared }, ..self }
    }

    /// What is known of the fit before it: two fits that agree in it give the same bits.
    pub fn identity(&self) -> Manifest {
        super::record::of_model(self.session, &self.prepared)
    }

    /// Fits and evaluates; the journal keeps what is done and holds what an earlier fit has done.
    ///
    /// # Errors
    /// As [`fit`]; 130 where the fit was asked to stop.
    pub fn fit(self, journal: Journal, progress: &mut dyn Progress) -> Result<Run, FitFailure> {
        let Ready { session, prepared, compile_s } = self;
        let is_compared = session.options.compare_map;
        if is_compared {
            let has_held_out = prepared.data.splits.iter().any(|s| s.name != "train" && !s.rows.is_empty());
            compare::possible(prepared.settings.method, has_held_out)
                .map_err(|d| FitFailure { diagnostics: d.into(), exit: 1 })?;
        }
        let prepared = Prepared { journal: journal.clone(), ..prepared };
        let (mut run, held_out_nll) = fit_prepared(session, prepared, compile_s, progress)?;
        if is_compared {
            compare::with_map(session, &mut run, &held_out_nll, &journal, progress).map_err(failed)?;
        }
        Ok(run)
    }
}

fn fit_prepared(
    session: &Session,
    mut prepared: Prepared,
    compile_s: f64,
    progress: &mut dyn Progress,
) -> Result<(Run, Vec<f64>), FitFailure> {
    if prepared.settings.method == Method::Prior {
        return Ok((super::prior::run(session, &prepared, compile_s, progress)?, vec![]));
    }
    let begun = Instant::now();
    let journal = prepared.journal.clone();
    journal.set_stepping(true);
    let fitted = super::methods::fit(&mut prepared, progress);
    journal.set_stepping(false);
    prepared.profiler = Profiler::default();
    let mut fitted = fitted.map_err(failed)?;
    if prepared.joint.dim > MANY_DIMS {
        fitted.round();
    }
    let fit_s = journal.earlier_seconds() + begun.elapsed().as_secs_f64();
    let outcome = &fitted.outcome;
    let of_the_fit = session.not_silenced(&outcome.warnings);
    of_the_fit.iter().for_each(|warning| progress.warn(warning));
    let begun = Instant::now();
    let problem = prepared.problem();
    let evaluated = evaluate(&problem, &fitted, &prepared.data, progress)
        .map_err(|what| failed(messages::refused(what)))?;
    let mut manifest = manifest(session, &prepared, &fitted, &evaluated);
    (manifest.compile_s, manifest.fit_s) = (compile_s, fit_s);
    manifest.eval_s = begun.elapsed().as_secs_f64();
    (manifest.elbo_parts, manifest.elbo_noise) = (evaluated.elbo_parts.clone(), evaluated.elbo_noise.clone());
    manifest.targets_sha256 = targets_hash(&problem);
    let of_the_rows = session.not_silenced(&evaluated.warnings);
    of_the_rows.iter().for_each(|warning| progress.warn(warning));
    let after_the_fit = [of_the_fit, of_the_rows].concat();
    manifest.warnings = warnings(session, &after_the_fit);
    let run = Run {
        manifest,
        model_text: session.source().text.clone(),
        resolved_model: prepared.model.to_string(),
        metrics: evaluated.metrics,
        trace: outcome
            .trace
            .iter()
            .map(|t| TraceRow {
                step: t.step,
                seconds: t.seconds,
                elbo: t.elbo,
                start: t.start as u32 + 1,
                rate: t.rate,
                clipped: t.clipped,
            })
            .collect(),
        summary: evaluated.summary,
        left_out: evaluated.left_out,
        predictions: evaluated.predictions,
        tensors: tensors(&prepared, &fitted),
        pictures: evaluated.pictures,
        compiled: Some(compiled(session, &prepared, outcome.guide.full)),
    };
    Ok((run, evaluated.held_out_nll))
}

/// What there is to warn of, one line each.
pub(super) fn warnings(session: &Session, after_the_fit: &[Diagnostic]) -> Vec<String> {
    let findings = session.check();
    let before = findings.0.iter().filter(|d| d.level() == crate::diagnostic::Level::Warning);
    before.chain(after_the_fit).map(|d| format!("{}: {}", d.code.id(), d.message)).collect()
}

fn failed(error: FitError) -> FitFailure {
    match error {
        FitError::Refused(d) => FitFailure { diagnostics: d.into(), exit: 1 },
        FitError::Diverged(d) => FitFailure { diagnostics: d.into(), exit: 3 },
        FitError::Interrupted => FitFailure { diagnostics: Diagnostics::default(), exit: 130 },
    }
}

/// Steps after which a fit is suspended to see whether the other form settles sooner.
const BRIEF: u64 = 3_000;

/// Hierarchies outside nets are fitted non-centred and centred; the larger ELBO stays, and the run says which.
///
/// ```text
/// non-centred, 3,000 steps ── has settled ──────────────────────────────── centred, until it stays behind
///     └─ has not: centred, 3,000 steps ── has settled ── non-centred goes on, until it stays behind
///                     └─ has not: non-centred goes on to its end ── centred goes on, until it stays behind
/// ```
pub(super) fn fit_either_way(
    prepared: &mut Prepared,
    progress: &mut dyn Progress,
) -> Result<Outcome, FitError> {
    if !prepared.joint.latents.iter().any(|l| l.is_non_centred) {
        return infer::fit(&prepared.problem(), progress);
    }
    let forms = Forms { centred: lower(&prepared.model, &Parameterization::default()), prepared };
    let (own, other) = forms.race(progress)?;
    let Some(other) = other else { return Ok(own) };
    let elbo = |problem: &Problem<'_>, outcome: &Outcome| forms.elbo(problem, outcome).map(|(elbo, _)| elbo);
    let (here, there) = (elbo(&forms.prepared.problem(), &own), elbo(&forms.of_centred(), &other));
    let above = there.zip(here).map(|(there, here)| there - here);
    if own.is_given_up || (!other.is_given_up && above.is_some_and(|above| above > 0.0)) {
        prepared.joint = forms.centred;
        prepared.notes.retain(|note| !note.starts_with(Rewrite::NonCentre.name()));
        prepared.notes.push(format!("centred: {}", is_better(above, "non-centred", &own)));
        return Ok(other);
    }
    if there.is_some() {
        prepared.notes.push(is_better(above.map(|above| -above), "centred", &other));
    }
    Ok(own)
}

/// What the form that is kept has more than the other.
fn is_better(above: Option<f64>, other: &str, outcome: &Outcome) -> String {
    let when =
        if outcome.is_given_up { format!(", given up after {} steps", outcome.steps) } else { String::new() };
    match above {
        Some(above) if above >= 0.0 => format!("its ELBO is {above:.2} nat above the {other} one{when}"),
        _ => format!("better than the {other} one{when}"),
    }
}

/// Both forms of a hierarchy.
struct Forms<'a> {
    prepared: &'a Prepared,
    centred: LogJoint,
}

impl Forms<'_> {
    fn of_centred(&self) -> Problem<'_> {
        Problem { joint: &self.centred, ..self.prepared.problem() }
    }

    /// Mean and standard error of the ELBO, if it is finite.
    fn elbo(&self, problem: &Problem<'_>, outcome: &Outcome) -> Option<(f64, f64)> {
        // A million rows are looked at 64 times, ten thousand 1,024 times.
        let draws = (10_000_000 / problem.train.len().max(1)).clamp(64, 1024);
        let mut joint = Joint::new(problem).ok()?;
        let elbo = mean_and_se(&elbo_draws(&mut joint, &outcome.guide, draws, problem.settings.seed));
        elbo.0.is_finite().then_some(elbo)
    }

    /// Whether a form may end early: it climbs the ELBO that decides, and nothing is made of it that another would be
    /// better for. Who says how many steps there are gets them.
    fn is_raced(&self) -> bool {
        let settings = &self.prepared.settings;
        let is_one = settings.restarts.unwrap_or(1) == 1
            && settings.mix == Mix::No
            && settings.guide != GuideChoice::Ladder;
        let is_free = settings.steps.is_none() && settings.kl_weight == 1.0;
        is_one && is_free && infer::path(&self.prepared.problem()) == infer::Path::NoNet
    }

    /// The form as compiled, and the centred one if there is anything to compare; one of them may have been given up.
    fn race(&self, progress: &mut dyn Progress) -> Result<(Outcome, Option<Outcome>), FitError> {
        let journal = &self.prepared.journal;
        let own = |scope: &str, give_up: GiveUp, progress: &mut dyn Progress| {
            let problem = Problem { journal: journal.within(scope), give_up, ..self.prepared.problem() };
            infer::fit(&problem, progress)
        };
        // A centred hierarchy may have no mode at all; then there is nothing to compare with.
        let centred = |scope: &str, give_up: GiveUp, progress: &mut dyn Progress| {
            let problem = Problem { journal: journal.within(scope), give_up, ..self.of_centred() };
            let outcome = infer::fit(&problem, &mut Trial { shown: progress, what: "centred" });
            journal.stopped().map(|()| outcome.ok())
        };
        let is_raced = self.is_raced();
        let brief = || GiveUp { after: is_raced.then_some(BRIEF), ..GiveUp::default() };
        let rival = |problem: &Problem<'_>, outcome: &Outcome| GiveUp {
            behind: is_raced.then(|| self.elbo(problem, outcome)).flatten(),
            ..GiveUp::default()
        };
        let mut first = own("as compiled", brief(), progress)?;
        let mut begun = None;
        if let Some(taken_up) = first.suspended.take() {
            let other = centred("centred", brief(), progress)?;
            let settled = other.as_ref().filter(|other| other.suspended.is_none());
            let rival = settled.map_or_else(GiveUp::default, |other| rival(&self.of_centred(), other));
            let taken_up = Some(taken_up);
            first = own("as compiled, further", GiveUp { taken_up, ..rival }, progress)?;
            begun = other.as_ref().and_then(|other| other.suspended.clone());
            if begun.is_none() {
                return Ok((first, other));
            }
        }
        let rival = rival(&self.prepared.problem(), &first);
        let name = if begun.is_some() { "centred, further" } else { "centred" };
        Ok((first, centred(name, GiveUp { taken_up: begun, ..rival }, progress)?))
    }
}
