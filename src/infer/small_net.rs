//! Small nets on all rows: several starts in plain coordinates (`docs/inference.md`, section 5, second column).

use super::climb::{Climb, Diverged, Halt, TracePoint};
use super::coordinates::Coordinates;
use super::draws::{COMPARE_DRAWS, Joint, Objective, elbo_draws, mean_and_se, variable};
use super::error::FitError;
use super::no_net::ties;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use super::progress::Progress;
use super::record::ClimbRecord;
use super::settings::{GuideChoice, Mix, Precision};
use super::{Outcome, Path, full_rank_dims, guide_settings, ladder, messages, mix};
use crate::kernels::noise;
use crate::model::Role;
use std::ops::Range;
use std::sync::Mutex;

/// Starts where no number is given.
const STARTS: usize = 16;

/// How a start of a small net begins.
pub(super) struct StartKind {
    /// L-BFGS iterations
    iterations: usize,
    /// value at which scales are held
    scale: f64,
}

/// Small nets: several MAP starts, Adam in plain coordinates, fewer of them in each round.
pub fn small_net(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    match problem.settings.precision {
        Precision::F64 => small_net_in::<f64>(problem, progress),
        _ => small_net_in::<f32>(problem, progress),
    }
}

/// Whether there is time for all starts.
fn is_light(problem: &Problem<'_>) -> bool {
    problem.train.len() * problem.joint.dim <= LIGHT
}

/// The starts of a fit.
pub(super) fn starts(problem: &Problem<'_>) -> Vec<StartKind> {
    let settings = problem.settings;
    // Who asks for few steps wants to see the fit run: no more starts than steps, no longer search for modes.
    let most = settings.steps.map_or(usize::MAX, |s| usize::try_from(s).unwrap_or(usize::MAX));
    let starts = settings.restarts.unwrap_or(match (settings.mix != Mix::No, is_light(problem)) {
        (true, _) => mix::COMPONENTS,
        (false, true) => STARTS.min(most),
        (false, false) => (STARTS / 2).min(most),
    });
    let mut kinds = start_kinds(!scale_latents(problem).is_empty(), starts);
    kinds.iter_mut().for_each(|kind| kind.iterations = kind.iterations.min(most));
    kinds
}

fn small_net_in<T: Number>(problem: &Problem<'_>, progress: &mut dyn Progress) -> Result<Outcome, FitError> {
    let settings = problem.settings;
    let joint = Joint::tempered(problem).map_err(messages::refused)?;
    let is_light = is_light(problem);
    let is_mixed = settings.mix != Mix::No;
    let kinds = starts(problem);
    let full = full_rank_dims(problem, Path::SmallNet);
    let guided = guide_settings(problem, Path::SmallNet);
    let (rank, along) = (guided.rank, &guided.along);
    let objective = Objective::<T>::new(problem, &guided).map_err(messages::refused)?;
    let mut rounds = rounds(is_light, settings.steps);
    for round in &mut rounds {
        round.keep = if is_mixed { Keep::All } else { round.keep };
        round.compare = compared(round.steps, round.keep.of(kinds.len()), settings.full_batch_draws());
    }
    progress.begin("fitting", rounds.iter().map(|r| r.keep.of(kinds.len()) as u64 * r.steps).sum());
    // Each start climbs on its own; which thread runs it changes nothing.
    let (dim, random) = (problem.joint.dim, problem.joint.random_dim);
    let begin = |i: usize, joint: &mut Joint| -> Candidate<T> {
        if problem.journal.is_stopping() {
            return Candidate::given_up();
        }
        let mut find = || map_start(joint, problem, kinds[i].iterations, kinds[i].scale, i);
        if random == 0 {
            let mode: Vec<f64> = problem.journal.piece(&format!("start {i}"), &mut find);
            let mode = if mode.len() == dim { mode } else { find() };
            let mut g = vec![0.0; mode.len()];
            let value = joint.value_and_gradient(&mode, &mut g);
            return Candidate { climb: None, point: mode, draws: vec![value], diverged: None };
        }
        let mut find = || -> (Coordinates, Vec<f64>) {
            let mode = map_start(joint, problem, kinds[i].iterations, kinds[i].scale, i);
            net_coordinates(joint, &mode, problem, full, (rank, along, i))
        };
        let (coordinates, p) = problem.journal.piece(&format!("start {i}"), &mut find);
        let is_whole = coordinates.is_sound(dim, random, full, rank) && p.len() == coordinates.numbers();
        let (coordinates, p) = if is_whole { (coordinates, p) } else { find() };
        let draws = problem.settings.full_batch_draws();
        let climb = Climb::new(objective.evaluator(), coordinates, p, draws, settings.seed, i).by(settings);
        Candidate { point: climb.p.clone(), climb: Some(climb), draws: vec![], diverged: None }
    };
    let mut candidates = in_parallel(problem.threads, kinds.len(), &joint, &begin, &mut |_| {});
    problem.journal.stopped()?;
    let mut lost: Vec<Candidate<T>> = vec![];
    let mut before = 0;
    for (number, round) in rounds.iter().enumerate() {
        lost.extend(candidates.drain(round.keep.of(candidates.len())..));
        let count = candidates.len();
        let waiting = Mutex::new(candidates.drain(..).map(Some).collect::<Vec<_>>());
        let go_on = |i: usize, joint: &mut Joint| -> Candidate<T> {
            let taken = waiting.lock().map(|mut f| f[i].take()).ok().flatten();
            let candidate = taken.expect("each candidate is taken once");
            candidate.go_on(round, problem, &format!("round {number}, place {i}"), joint)
        };
        candidates = in_parallel(problem.threads, count, &joint, &go_on, &mut |n| {
            progress.advance(before + round.steps * n as u64, None);
        });
        problem.journal.stopped()?;
        before += round.steps * count as u64;
        let (well, ill) = ranked(candidates)?;
        candidates = well;
        lost.extend(ill);
    }
    progress.end();
    let climbs = || lost.iter().chain(&candidates).filter_map(|c| c.climb.as_ref());
    let mut trace: Vec<TracePoint> = climbs().flat_map(|c| c.trace.iter().copied()).collect();
    trace.sort_by_key(|t| (t.start, t.step));
    let seconds: f64 = climbs().map(|c| c.time.as_secs_f64()).sum();
    let mut path = format!("small net, {} starts", kinds.len());
    match lost.iter().filter(|c| c.diverged.is_some()).count() {
        0 => {}
        diverged => path += &format!(", {diverged} of them diverged"),
    }
    let mut outcome = Outcome {
        steps: climbs().map(|c| c.steps).sum(),
        loop_seconds: seconds / problem.threads.min(kinds.len()).max(1) as f64,
        clipped: climbs().map(|c| c.clipped).sum(),
        trace,
        path,
        ..Outcome::empty()
    };
    let mut guides: Vec<Gaussian> = candidates.iter().map(Candidate::guide).collect();
    if settings.guide != GuideChoice::Ladder {
        mix::keep(problem, guides, joint, &mut outcome);
        return Ok(outcome);
    }
    // Starts that were left behind are the other components of the last rung.
    let behind = lost.into_iter().filter(|c| c.diverged.is_none() && c.elbo().is_finite()).collect();
    let (others, _) = ranked(behind)?;
    guides.extend(others.iter().map(Candidate::guide));
    ladder::climb::<T>(problem, Path::SmallNet, guides, joint, &mut outcome, progress)?;
    Ok(outcome)
}

/// Which starts are in a round.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// every one
    All,
    /// so many of the best
    Best(usize),
}

impl Keep {
    /// How many of `starts` that is.
    pub(super) fn of(self, starts: usize) -> usize {
        match self {
            Keep::All => starts,
            Keep::Best(most) => most.min(starts),
        }
    }
}

/// One round of steps after which the better starts go on.
#[derive(Clone, Copy)]
struct Round {
    /// starts in it
    keep: Keep,
    /// steps of each
    steps: u64,
    /// rate where none is given
    rate: f64,
    /// draws that compare its starts
    compare: usize,
}

const fn round(keep: Keep, steps: u64, rate: f64) -> Round {
    Round { keep, steps, rate, compare: COMPARE_DRAWS }
}

/// Starts, steps and rates of the rounds: ranks are settled early, the last tenths of a nat take long.
const ROUNDS: &[Round] = &[
    round(Keep::All, 400, 0.05),
    round(Keep::Best(8), 400, 0.05),
    round(Keep::Best(4), 500, 0.025),
    round(Keep::Best(2), 1_000, 0.025),
    round(Keep::Best(2), 1_000, 0.0125),
    round(Keep::Best(1), 1_000, 0.006),
    round(Keep::Best(1), 500, 0.003),
];
/// Rows times latents up to which all of this is done; beyond, half the starts and shorter rounds.
const LIGHT: usize = 300_000;

/// The rounds of a fit: `most` caps the steps of each start, and rounds for which none are left are not begun.
fn rounds(is_light: bool, most: Option<u64>) -> Vec<Round> {
    let mut left = most.unwrap_or(u64::MAX);
    let capped = |round: &Round| {
        let steps = if is_light { round.steps } else { round.steps / 2 }.min(left);
        left -= steps;
        Round { steps, ..*round }
    };
    ROUNDS.iter().map(capped).filter(|round| round.steps > 0).collect()
}

/// Draws that compare the starts of a round: one start is compared with none, and comparing takes no more draws than
/// the steps took.
fn compared(steps: u64, starts: usize, draws: usize) -> usize {
    let taken = usize::try_from(steps).unwrap_or(usize::MAX).saturating_mul(draws);
    if starts == 1 { 0 } else { COMPARE_DRAWS.min(taken).next_multiple_of(2) }
}

/// A start with what it reached.
struct Candidate<T> {
    climb: Option<Climb<T>>,
    point: Vec<f64>,
    draws: Vec<f64>,
    diverged: Option<Diverged>,
}

impl<T: Number> Candidate<T> {
    /// A start that is not begun, because the fit is to stop.
    fn given_up() -> Self {
        Candidate { climb: None, point: vec![], draws: vec![], diverged: None }
    }

    /// Climbs for a round; what is compared is the mean of its second half.
    ///
    /// The draws that compare are those of the reported ELBO, so collapsed scales are drawn from their cells too.
    fn go_on(mut self, round: &Round, problem: &Problem<'_>, name: &str, joint: &mut Joint) -> Self {
        let settings = problem.settings;
        let Some(climb) = &mut self.climb else { return self };
        let mut piece = problem.journal.open(name);
        if let Some((climbed, point, draws)) = piece.finished::<(ClimbRecord, Vec<f64>, Vec<f64>)>()
            && point.len() == climb.p.len()
            && climb.take_up(climbed)
        {
            return Candidate { point, draws, ..self };
        }
        let rate = climb.rate(round.rate);
        match climb.stage(rate, round.steps, &mut piece) {
            Ok(point) => self.point = point,
            Err(Halt::Diverged(diverged)) => {
                self.diverged = Some(diverged);
                return self;
            }
            // The state is kept, and the fit ends when all starts have come back.
            Err(Halt::Interrupted) => return self,
        }
        climb.p.copy_from_slice(&self.point);
        self.draws = elbo_draws(joint, &climb.guide_at(&self.point), round.compare, settings.seed);
        piece.finish(&(climb.record(), &self.point, &self.draws));
        self
    }

    fn guide(&self) -> Gaussian {
        match &self.climb {
            Some(climb) => climb.guide_at(&self.point),
            None => Gaussian::point(self.point.clone()),
        }
    }

    fn elbo(&self) -> f64 {
        let mean = mean_and_se(&self.draws).0;
        if mean.is_finite() { mean } else { f64::NEG_INFINITY }
    }
}

/// Those still on their way, and those that have lost.
type Ranked<T> = (Vec<Candidate<T>>, Vec<Candidate<T>>);

/// Those still on their way, the best first, and those that diverged: they have lost.
///
/// # Errors
/// G008 of the first start where all diverged.
fn ranked<T: Number>(all: Vec<Candidate<T>>) -> Result<Ranked<T>, FitError> {
    let (mut well, ill): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| c.diverged.is_none());
    let first = ill.iter().find_map(|c| c.diverged.as_ref());
    if let (true, Some(diverged)) = (well.is_empty(), first) {
        return Err(FitError::Diverged(messages::not_finite(diverged)));
    }
    well.sort_by(|a, b| b.elbo().total_cmp(&a.elbo()));
    Ok((well, ill))
}

/// Runs jobs 0..count on threads, each with its own evaluator; results come in the order of the jobs.
pub(super) fn in_parallel<R: Send>(
    threads: usize,
    count: usize,
    joint: &Joint,
    work: &(dyn Fn(usize, &mut Joint) -> R + Sync),
    done: &mut dyn FnMut(usize),
) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            let sender = sender.clone();
            let mut joint = joint.fork();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if i >= count || sender.send((i, work(i, &mut joint))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (finished, (i, result)) in receiver.iter().enumerate() {
            results[i] = Some(result);
            done(finished + 1);
        }
    });
    results.into_iter().flatten().collect()
}

/// With learned scales: 2 × 200 iterations, 3 × 40, 3 × 200 with scales at 0.3; else 4 × 200 and 4 × 40.
fn start_kinds(has_scales: bool, count: usize) -> Vec<StartKind> {
    let kind = |iterations, scale| StartKind { iterations, scale };
    let table: Vec<StartKind> = if has_scales {
        vec![
            kind(200, 1.0),
            kind(40, 1.0),
            kind(200, 0.3),
            kind(200, 1.0),
            kind(40, 1.0),
            kind(200, 0.3),
            kind(40, 1.0),
            kind(200, 0.3),
        ]
    } else {
        (0..8).map(|i| kind(if i % 2 == 0 { 200 } else { 40 }, 1.0)).collect()
    };
    (0..count).map(|i| kind(table[i % 8].iterations, table[i % 8].scale)).collect()
}

/// The latents of scales: positive unknowns inside nets that are not tensors of weights.
pub(super) fn scale_latents(problem: &Problem<'_>) -> Vec<usize> {
    problem
        .joint
        .latents
        .iter()
        .filter(|l| {
            let unknown = problem.model.unknown(l.unknown);
            matches!(&unknown.role, Role::Net { tensor, .. } if tensor != "w" && tensor != "b")
                && unknown.bijection.name == "exp"
        })
        .flat_map(|l| l.start..l.start + l.len)
        .collect()
}

/// Weights from N(0, 1/fan_in), then MAP with scales held at a value: with a learned scale the density is unbounded.
pub(super) fn map_start(
    joint: &mut Joint,
    problem: &Problem<'_>,
    iterations: usize,
    scale: f64,
    index: usize,
) -> Vec<f64> {
    let mut u = random_start(problem, index as u64);
    let held = scale_latents(problem);
    for i in &held {
        u[*i] = scale.ln();
    }
    joint.maximise(u, iterations, &held).0
}

/// A keyed random start: weights N(0, 1/fan_in), everything else 0.
pub(super) fn random_start(problem: &Problem<'_>, index: u64) -> Vec<f64> {
    let mut u = vec![0.0; problem.joint.dim];
    for latent in &problem.joint.latents {
        let Role::Net { fan_in, tensor, .. } = &problem.model.unknown(latent.unknown).role else { continue };
        if tensor == "w" {
            let part = &mut u[latent.start..latent.start + latent.len];
            let key = noise::key(problem.settings.seed, index, variable::START, u64::from(latent.unknown.0));
            noise::normals(part, key, 0);
            part.iter_mut().for_each(|w| *w /= (*fan_in as f64).sqrt());
        }
    }
    u
}

/// Bounds of the sds that a start begins with.
const SDS: (f64, f64) = (0.02, 0.5);

/// Plain coordinates at the mode, sds from its curvature within [`SDS`]; a fit of fewer gradients than the curvature
/// takes begins with the widest.
fn net_coordinates(
    joint: &mut Joint,
    mode: &[f64],
    problem: &Problem<'_>,
    full: usize,
    (rank, along, start): (usize, &[Range<usize>], usize),
) -> (Coordinates, Vec<f64>) {
    let random = problem.joint.random_dim;
    let gradients =
        problem.settings.steps.map(|s| s.saturating_mul(problem.settings.full_batch_draws() as u64));
    let is_short = gradients.is_some_and(|n| n < 2 * random as u64);
    let mut sd = |i: usize| {
        let h = if is_short { f64::NAN } else { joint.curvature(mode, &[i])[0] };
        if h > 0.0 && h.is_finite() { (1.0 / h.sqrt()).clamp(SDS.0, SDS.1) } else { SDS.1 }
    };
    let sds: Vec<f64> = (0..random).map(&mut sd).collect();
    if full > 0 {
        let mut factor = vec![0.0; full * full];
        for i in 0..full {
            factor[i * full + i] = sds[i];
        }
        let mut scale = vec![1.0; mode.len()];
        scale[..random].copy_from_slice(&sds);
        let scales = guide_settings(problem, Path::SmallNet).tied_scales;
        let groups = ties::groups(problem, full, &scales);
        let coordinates = Coordinates::new(mode.to_vec(), factor, scale, random).with_ties(&scales, &groups);
        let p = coordinates.start();
        return (coordinates, p);
    }
    let coordinates = super::draws::plain(problem).with_directions(rank, along);
    let mut p = coordinates.start_along(problem.settings.seed ^ ((start as u64) << 48));
    p[..mode.len()].copy_from_slice(mode);
    for (i, sd) in sds.iter().enumerate() {
        p[mode.len() + i] = sd.ln();
    }
    (coordinates, p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(elbo: f64, is_lost: bool) -> Candidate<f64> {
        let diverged = is_lost.then_some(Diverged { step: 7, bad: None });
        Candidate { climb: None, point: vec![], draws: vec![elbo], diverged }
    }

    #[test]
    fn a_start_that_diverged_only_loses() {
        let all = vec![
            candidate(-3.0, false),
            candidate(9.0, true),
            candidate(-1.0, false),
            candidate(f64::NAN, false),
        ];
        let Ok((well, ill)) = ranked(all) else { panic!("two starts are well") };
        let order: Vec<f64> = well.iter().map(Candidate::elbo).collect();
        assert_eq!((order, ill.len()), (vec![-1.0, -3.0, f64::NEG_INFINITY], 1));
    }

    #[test]
    fn a_fit_whose_starts_all_diverge_fails() {
        let Err(FitError::Diverged(d)) = ranked(vec![candidate(0.0, true), candidate(0.0, true)]) else {
            panic!("it did not fail")
        };
        assert!(d.code.id() == "G008" && d.message.contains("step 7"), "{d:?}");
    }

    #[test]
    fn rounds_without_steps_are_not_begun() {
        let of = |most| rounds(true, Some(most)).iter().map(|r| (r.keep.of(16), r.steps)).collect::<Vec<_>>();
        assert_eq!(of(100), [(16, 100)]);
        assert_eq!(of(900), [(16, 400), (8, 400), (4, 100)]);
        assert_eq!(rounds(false, None).len(), ROUNDS.len());
    }

    #[test]
    fn comparing_costs_no_more_than_the_steps() {
        let of = |steps, starts| compared(steps, starts, 8);
        assert_eq!([of(400, 16), of(1, 16), of(400, 1), of(u64::MAX, 2)], [512, 8, 0, 512]);
        assert_eq!(compared(1, 4, 1), 2);
    }
}
