//! Posterior predictions of a split's rows (`docs/inference.md`, section 7): each draw shared by all rows.

use super::each_draw::each_draw;
use super::of_rows::of_rows;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use crate::dist::{Family, Numbers};
use crate::engine::RowSource;
use crate::kernels::scalar::Unary;
use crate::metrics::{ClassPredictive, ClassSummary, RealDraw, RealPredictive, RealSummary};
use crate::model::{Model, Observation};
use crate::passes::optimise;
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Shape;
use rand::{SeedableRng, rngs::SmallRng};

/// What is predicted of one target on some rows.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The target's name; of one element of a vector, `y[2]`.
    pub name: String,
    /// Probabilities of classes, or distributions of numbers.
    pub values: Predicted,
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
}

/// How a target's predictions are read off the tape.
enum Kind {
    /// log probabilities `[K]`
    Classes(usize),
    /// arguments and ends of the distribution, then the log density; how many stand before it
    Numbers(&'static Family, usize, usize),
}

/// One number, or one class, that is predicted in every row.
struct Predictand {
    name: String,
    kind: Kind,
    /// Its outputs, by position.
    outputs: Vec<usize>,
    /// Which observation of the model.
    observation: usize,
    /// Which element of how many.
    element: (usize, usize),
    /// `shift + scale · value` is the value in its own units.
    shift: f64,
    scale: f64,
}

/// The tape that predicts: log class probabilities, or the arguments and log density of each target.
fn prediction_tape(problem: &Problem<'_>) -> (Tape, Vec<String>, Vec<Predictand>) {
    let joint = &problem.joint.tape;
    let mut bare = joint.clone();
    bare.outputs.clear();
    let mut b = Builder::extend(bare);
    let slot = |name: &str| joint.output(name);
    let mut outputs: Vec<String> = vec![];
    let mut predictands = vec![];
    for (i, observation) in problem.model.observations.iter().enumerate() {
        let name = &observation.name;
        let ends = if observation.dist.truncation.is_some() { 2 } else { 0 };
        let count = observation.dist.args.len() + ends;
        let args: Vec<Slot> = (0..count).filter_map(|i| slot(&format!("arg:{name}:{i}"))).collect();
        let len = observation.target_len(problem.model);
        let mut numbers: Option<Vec<usize>> = None;
        for k in 0..len {
            let part = if len == 1 { args.clone() } else { element_of(&mut b, &args, k, len) };
            let name = if len == 1 { name.clone() } else { format!("{name}[{}]", k + 1) };
            let (kind, places) = match class_log_probabilities(&mut b, observation, &part) {
                Some(log_probabilities) => {
                    let classes = b.shape(log_probabilities).len();
                    let output = format!("classes:{name}");
                    b.output(output.clone(), log_probabilities);
                    outputs.push(output);
                    (Kind::Classes(classes), vec![outputs.len() - 1])
                }
                None => {
                    let places = numbers.get_or_insert_with(|| {
                        let density = if len == 1 { "log_lik" } else { "log_lik_each" };
                        let name = &observation.name;
                        let names = (0..count).map(|i| format!("arg:{name}:{i}"));
                        let names: Vec<String> = names.chain([format!("{density}:{name}")]).collect();
                        let first = outputs.len();
                        for name in &names {
                            if let Some(slot) = slot(name) {
                                b.output(name.clone(), slot);
                                outputs.push(name.clone());
                            }
                        }
                        (first..outputs.len()).collect()
                    });
                    (Kind::Numbers(observation.dist.family, observation.dist.form, count), places.clone())
                }
            };
            let (shift, scale) = own_units(problem.model, observation, k);
            let element = (k, len);
            predictands.push(Predictand {
                name,
                kind,
                outputs: places,
                observation: i,
                element,
                shift,
                scale,
            });
        }
    }
    (optimise(&b.finish(), &mut |_, _, _| {}), outputs, predictands)
}

/// The arguments of one element of a vector target.
fn element_of(b: &mut Builder, args: &[Slot], k: usize, len: usize) -> Vec<Slot> {
    let part = |b: &mut Builder, a: Slot| match b.shape(a).len() == len {
        true => b.slice(a, k, &Shape::scalar()),
        false => a,
    };
    args.iter().map(|a| part(b, *a)).collect()
}

/// What brings one element of a standardised target back to its own units.
fn own_units(model: &Model, observation: &Observation, k: usize) -> (f64, f64) {
    let Some(units) = observation.units else { return (0.0, 1.0) };
    let number = |s: crate::model::StatisticId| {
        let values = &model.statistics[s.0 as usize].values;
        values.get(if values.len() == 1 { 0 } else { k }).copied().unwrap_or(f64::NAN)
    };
    (number(units.shift), units.scale.map_or(1.0, number))
}

/// log p of each class per row, for distributions over classes.
fn class_log_probabilities(b: &mut Builder, observation: &Observation, args: &[Slot]) -> Option<Slot> {
    let form = observation.dist.family.forms[observation.dist.form].args.first().map_or("", |a| a.name);
    match (observation.dist.family.name, form) {
        ("Categorical", "probs") => Some(b.log(args[0])),
        ("Categorical", _) => Some(b.infer(Op::LogSoftmax, vec![args[0]])),
        ("Bernoulli", "p") => {
            let yes = b.log(args[0]);
            let minus = b.neg(args[0]);
            let no = b.log1p(minus);
            Some(b.infer(Op::Concat, vec![no, yes]))
        }
        ("Bernoulli", _) => {
            let yes = b.unary(Unary::LogSigmoid, args[0]);
            let minus = b.neg(args[0]);
            let no = b.unary(Unary::LogSigmoid, minus);
            Some(b.infer(Op::Concat, vec![no, yes]))
        }
        _ => None,
    }
}

/// Predicts the rows of any source: `rows` are its row numbers, `targets` their observed values per target.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn predict<T: Number>(
    problem: &Problem<'_>,
    guide: &Gaussian,
    source: &dyn RowSource<T>,
    rows: &[u32],
    targets: &[Vec<f64>],
    draws: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Prediction>, String> {
    let (tape, outputs, predictands) = prediction_tape(problem);
    let mut collectors: Vec<Collector> = predictands
        .iter()
        .map(|p| {
            let (k, len) = p.element;
            let observed = targets.get(p.observation).map_or(&[] as &[f64], Vec::as_slice);
            let own: Vec<f64> = observed.iter().skip(k).step_by(len).copied().collect();
            Collector::new(&p.kind, rows.len(), own)
        })
        .collect();
    each_draw(problem, guide, (&tape, &outputs), (source, rows), draws, &mut |d, values| {
        for (collector, p) in collectors.iter_mut().zip(&predictands) {
            collector.add(p, values, problem.settings.seed, d);
        }
        progress(d + 1);
    })?;
    let finished = predictands.into_iter().zip(collectors);
    Ok(finished.map(|(p, c)| Prediction { values: c.finish(&p), name: p.name }).collect())
}

/// Accumulates one target's draws.
enum Collector {
    Classes(ClassPredictive, Vec<usize>),
    Numbers(RealPredictive, Vec<f64>),
}

impl Collector {
    fn new(kind: &Kind, rows: usize, targets: Vec<f64>) -> Collector {
        match kind {
            Kind::Classes(k) => {
                let targets = targets.iter().map(|t| *t as usize).collect();
                Collector::Classes(ClassPredictive::new(rows, *k), targets)
            }
            Kind::Numbers(..) => Collector::Numbers(RealPredictive::new(rows), targets),
        }
    }

    fn add(&mut self, p: &Predictand, all: &[Vec<f64>], seed: u64, draw: usize) {
        let outputs: Vec<&[f64]> = p.outputs.iter().map(|i| all[*i].as_slice()).collect();
        match (self, &p.kind) {
            (Collector::Classes(predictive, _), _) => predictive.add_draw(outputs[0]),
            (Collector::Numbers(predictive, targets), Kind::Numbers(family, form, args)) => {
                let n = targets.len();
                let (k, len) = p.element;
                let of_row = |o: &'_ [f64], r: usize| {
                    let width = o.len() / n;
                    if len > 1 && width == len {
                        r * width + k..r * width + k + 1
                    } else {
                        r * width..(r + 1) * width
                    }
                };
                let mut d = [vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]];
                let mut rng = SmallRng::seed_from_u64(seed ^ ((draw as u64 + 1) << 20) ^ ((k as u64) << 50));
                for r in 0..n {
                    let slices: Vec<&[f64]> = outputs[..*args].iter().map(|o| &o[of_row(o, r)]).collect();
                    // After the arguments come the ends of `on (a, b)`, if there are any.
                    let (args, ends) = slices.split_at(family.forms[*form].args.len().min(slices.len()));
                    let ends = match ends {
                        [low, high] => Some((low[0], high[0])),
                        _ => None,
                    };
                    let numbers = Numbers::new(family, *form, args, ends);
                    d[0][r] = p.shift + p.scale * numbers.mean();
                    d[1][r] = p.scale * numbers.sd();
                    d[2][r] = numbers.cdf(targets[r]);
                    d[3][r] = numbers.cdf(targets[r] - 1.0);
                    d[4][r] = p.shift + p.scale * numbers.sample(&mut rng);
                }
                // A joint density of all elements says nothing of one of them.
                let ll: Vec<f64> = match outputs.get(*args) {
                    Some(density) => {
                        (0..n).map(|r| density[of_row(density, r).start] - p.scale.ln()).collect()
                    }
                    None => vec![f64::NAN; n],
                };
                predictive.add_draw(RealDraw {
                    mean: &d[0],
                    sd: &d[1],
                    log_density: &ll,
                    cdf: &d[2],
                    cdf_below: family.is_discrete.then_some(&d[3]),
                    sample: &d[4],
                });
            }
            (Collector::Numbers(..), Kind::Classes(_)) => {}
        }
    }

    fn finish(self, of: &Predictand) -> Predicted {
        match self {
            Collector::Classes(p, targets) => Predicted::Classes { summary: p.finish(), targets },
            Collector::Numbers(p, targets) => {
                let targets = targets.iter().map(|t| of.shift + of.scale * t).collect();
                Predicted::Numbers { summary: p.finish(), targets }
            }
        }
    }
}

/// The observed values of each target on some rows, row after row: numbers, or positions of classes.
pub fn targets(model: &Model, problem: &Problem<'_>, rows: &[u32]) -> Vec<Vec<f64>> {
    model.observations.iter().map(|o| of_rows(model, problem.rows.0, o.target, rows)).collect()
}
