//! Posterior predictions of a split's rows (`docs/inference.md`, section 7): each draw shared by all rows.

use super::each_draw::{Source, each_draw};
use super::error::CannotRun;
use super::of_rows::of_rows;
use super::problem::{Number, Problem};
use super::row_keys;
use super::shown::{Kind, Layout, Shown, Units, prediction_tape};
use crate::engine::RowSource;
use crate::lower::LogJoint;
use crate::metrics::{ClassPredictive, ClassSummary, LogMeanExp, RealDraw, RealPredictive, RealSummary};
use crate::model::Model;
use rand::{SeedableRng, rngs::SmallRng};

/// What is predicted of one target on some rows.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The target's name; of one element of a vector, `y[2]`.
    pub name: String,
    /// Probabilities of classes, or distributions of numbers.
    pub values: Predicted,
}

/// Draws that predictions are made of where `asked` are wanted: fewer where a few hold all there is. Numbers have noise
/// of their own, so their quantiles take all draws even of one point.
pub fn draws(model: &Model, joint: &LogJoint, from: &dyn Source, asked: usize) -> usize {
    let are_classes = model.observations.iter().all(|o| o.dist.family.class_log_probabilities.is_some());
    match from.round() {
        Some(few) if are_classes && !joint.is_noisy() => few.min(asked),
        _ => asked,
    }
}

/// By the kind of target.
#[derive(Debug, Clone)]
pub enum Predicted {
    /// classes and truth values
    Classes {
        /// over draws
        summary: ClassSummary,
        /// the observed classes
        targets: Vec<usize>,
    },
    /// numbers and counts
    Numbers {
        /// over draws
        summary: RealSummary,
        /// the observed numbers
        targets: Vec<f64>,
    },
    /// several numbers at once: what each of them is stands apart, here is how likely they are together
    Joint {
        /// log density of the mixture over draws, per row
        log_density: Vec<f64>,
    },
}

/// Predicts the rows of any source: `rows` are its row numbers, `targets` their observed values per target.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn predict<T: Number>(
    problem: &Problem<'_>,
    from: &dyn Source,
    source: &dyn RowSource<T>,
    rows: &[u32],
    targets: &[Vec<f64>],
    draws: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Prediction>, CannotRun> {
    predict_seen::<T>(problem, from, source, rows, targets, draws, &mut |seen| {
        if let Seen::Done(draws) = seen {
            progress(draws);
        }
    })
}

/// What there is to see while draws go by.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// so many draws are done
    Done(usize),
    /// log probabilities `[rows, classes]` of the target in this place
    Classes(usize, &'a [f64]),
    /// of the target in this place: a value drawn from each row's distribution in its own units, and the log density
    /// of each observed one
    Values(usize, &'a [f64], &'a [f64]),
    /// the log density of each row, of several numbers together
    Joint(usize, &'a [f64]),
}

/// The same, seen draw by draw.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn predict_seen<T: Number>(
    problem: &Problem<'_>,
    from: &dyn Source,
    source: &dyn RowSource<T>,
    rows: &[u32],
    targets: &[Vec<f64>],
    draws: usize,
    see: &mut dyn FnMut(Seen<'_>),
) -> Result<Vec<Prediction>, CannotRun> {
    let (tape, shown) = prediction_tape(problem);
    let outputs: Vec<String> = shown.iter().flat_map(Shown::outputs).collect();
    let mut collectors: Vec<Collector> = shown
        .iter()
        .map(|s| {
            let observed = targets.get(s.observation).map_or(&[] as &[f64], Vec::as_slice);
            Collector::new(s, rows.len(), observed)
        })
        .collect();
    let keys = row_keys::keys(&row_keys::columns(problem.joint), &|c| problem.width(c), source, rows);
    each_draw(problem, from, (&tape, &outputs), (source, rows), draws, &mut |d, values| {
        let mut at = 0;
        for (i, (collector, shown)) in collectors.iter_mut().zip(&shown).enumerate() {
            let count = shown.outputs().len();
            let key = row_keys::mixed(problem.settings.seed ^ row_keys::mixed(d as u64));
            collector.add(&values[at..at + count], (key, &keys), i, see);
            at += count;
        }
        see(Seen::Done(d + 1));
    })?;
    let finished = shown.into_iter().zip(collectors);
    Ok(finished.map(|(s, c)| Prediction { values: c.finish(), name: s.name }).collect())
}

/// Accumulates one target's draws.
enum Collector {
    Classes(ClassPredictive, Vec<usize>),
    Numbers(RealPredictive, Vec<f64>, Box<Layout>, Units),
    Joint(LogMeanExp, Units),
}

impl Collector {
    fn new(shown: &Shown, rows: usize, targets: &[f64]) -> Collector {
        let (entry, len) = shown.entry;
        let targets: Vec<f64> = targets.iter().skip(entry).step_by(len).copied().collect();
        match &shown.kind {
            Kind::Classes(k) => {
                let targets = targets.iter().map(|t| *t as usize).collect();
                Collector::Classes(ClassPredictive::new(rows, *k), targets)
            }
            Kind::Numbers(layout) => {
                Collector::Numbers(RealPredictive::new(rows), targets, Box::new(layout.clone()), shown.units)
            }
            Kind::Joint => Collector::Joint(LogMeanExp::new(rows), shown.units),
        }
    }

    /// One draw; `key` and those of the rows are what its noise is keyed by.
    fn add(
        &mut self,
        outputs: &[Vec<f64>],
        (key, keys): (u64, &[u64]),
        place: usize,
        see: &mut dyn FnMut(Seen<'_>),
    ) {
        match self {
            Collector::Classes(predictive, _) => {
                see(Seen::Classes(place, &outputs[0]));
                predictive.add_draw(&outputs[0]);
            }
            Collector::Joint(mean, units) => {
                let own: Vec<f64> = outputs[0].iter().map(|ll| ll - units.log_scale).collect();
                see(Seen::Joint(place, &own));
                mean.add(&own);
            }
            Collector::Numbers(predictive, targets, layout, units) => {
                let n = targets.len();
                let mut d = [vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]];
                let key = row_keys::mixed(key ^ ((units.entry as u64 + 1) << 32 | place as u64));
                let args = layout.count();
                for r in 0..n {
                    let slices: Vec<&[f64]> = outputs[..args]
                        .iter()
                        .map(|o| {
                            let width = o.len() / n;
                            &o[r * width..(r + 1) * width]
                        })
                        .collect();
                    let numbers = layout.numbers(&slices);
                    d[0][r] = units.shift + units.scale * numbers.mean();
                    d[1][r] = units.scale * numbers.sd();
                    d[2][r] = numbers.cdf(targets[r]);
                    d[3][r] = numbers.cdf_below(targets[r]);
                    let mut rng = SmallRng::seed_from_u64(row_keys::mixed(key ^ keys[r]));
                    d[4][r] = units.shift + units.scale * numbers.sample(&mut rng);
                }
                let ll: Vec<f64> = outputs[args].iter().take(n).map(|ll| ll - units.log_scale).collect();
                see(Seen::Values(place, &d[4], &ll));
                predictive.add_draw(RealDraw {
                    mean: &d[0],
                    sd: &d[1],
                    log_density: &ll,
                    cdf: &d[2],
                    cdf_below: layout.has_atoms().then_some(&d[3]),
                    sample: &d[4],
                });
            }
        }
    }

    fn finish(self) -> Predicted {
        match self {
            Collector::Classes(p, targets) => Predicted::Classes { summary: p.finish(), targets },
            Collector::Numbers(p, targets, _, units) => {
                let targets = targets.iter().map(|t| units.shift + units.scale * t).collect();
                Predicted::Numbers { summary: p.finish(), targets }
            }
            Collector::Joint(mean, _) => Predicted::Joint { log_density: mean.finish() },
        }
    }
}

/// The observed values of each target on some rows, row after row: numbers, or positions of classes.
pub fn targets(model: &Model, problem: &Problem<'_>, rows: &[u32]) -> Vec<Vec<f64>> {
    model.observations.iter().map(|o| of_rows(model, problem.rows.0, o.target, rows)).collect()
}
