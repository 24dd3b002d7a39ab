//! Posterior predictions of a split's rows (`docs/inference.md`, section 7): each draw shared by all rows.

use super::draws::variable;
use super::objective::{program, shards};
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use crate::dist::{Family, Numbers};
use crate::engine::{Executor, NoiseKey, RowSource, Shard, Team};
use crate::kernels::noise;
use crate::kernels::scalar::Unary;
use crate::metrics::{ClassPredictive, ClassSummary, RealDraw, RealPredictive, RealSummary};
use crate::model::{Model, Observation};
use crate::passes::optimise;
use crate::tape::{Op, Slot, Tape, build::Builder};
use rand::{SeedableRng, rngs::SmallRng};

/// What is predicted of one target on some rows.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The target's name.
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
    /// log probabilities `[K]` in output `classes:NAME`
    Classes(usize),
    /// arguments and ends in outputs `arg:NAME:i`, log density in `log_lik:NAME`
    Numbers(&'static Family, usize, usize),
}

/// The tape that predicts: log class probabilities, or the arguments and log density of each target.
fn prediction_tape(problem: &Problem<'_>) -> (Tape, Vec<(String, Kind)>) {
    let joint = &problem.joint.tape;
    let outputs = joint.outputs.clone();
    let mut bare = joint.clone();
    bare.outputs.clear();
    let mut b = Builder::extend(bare);
    let slot = |name: &str| outputs.iter().find(|(n, _)| n == name).map(|(_, s)| *s);
    let mut kinds = vec![];
    for observation in &problem.model.observations {
        let name = &observation.name;
        let ends = if observation.dist.truncation.is_some() { 2 } else { 0 };
        let count = observation.dist.args.len() + ends;
        let args: Vec<Slot> = (0..count).filter_map(|i| slot(&format!("arg:{name}:{i}"))).collect();
        if let Some(log_probabilities) = class_log_probabilities(&mut b, observation, &args) {
            let classes = b.shape(log_probabilities).len();
            b.output(format!("classes:{name}"), log_probabilities);
            kinds.push((name.clone(), Kind::Classes(classes)));
        } else {
            for (i, arg) in args.iter().enumerate() {
                b.output(format!("arg:{name}:{i}"), *arg);
            }
            if let Some(ll) = slot(&format!("log_lik:{name}")) {
                b.output(format!("log_lik:{name}"), ll);
            }
            let dist = &observation.dist;
            kinds.push((name.clone(), Kind::Numbers(dist.family, dist.form, args.len())));
        }
    }
    (optimise(&b.finish(), &mut |_, _, _| {}), kinds)
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

struct Lane<T> {
    executor: Executor<T>,
    shards: Vec<Shard<T>>,
    /// Per target and output: values of this lane's rows, row-major.
    out: Vec<Vec<f64>>,
}

/// Keyed draws of the guide for prediction.
pub fn draw(guide: &Gaussian, seed: u64, index: usize, u: &mut [f64]) {
    let mut e = vec![0.0; guide.random()];
    noise::normals(&mut e, noise::key(seed, 0, variable::PREDICT, index as u64), 0);
    guide.draw(&e, u);
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
    let (tape, kinds) = prediction_tape(problem);
    let program = program::<T>(&tape, rows.len())?;
    let all = shards(&program, source, rows, 1.0);
    let count = (problem.threads * 4).min(all.len()).max(1);
    let total = all.len();
    let outputs: Vec<String> = kinds
        .iter()
        .flat_map(|(name, kind)| match kind {
            Kind::Classes(_) => vec![format!("classes:{name}")],
            Kind::Numbers(_, _, args) => {
                let mut names: Vec<String> = (0..*args).map(|i| format!("arg:{name}:{i}")).collect();
                names.push(format!("log_lik:{name}"));
                names
            }
        })
        .collect();
    let mut lanes: Vec<Lane<T>> = (0..count)
        .map(|_| Lane { executor: Executor::new(program.clone()), shards: vec![], out: vec![] })
        .collect();
    for (i, shard) in all.into_iter().enumerate() {
        lanes[i * count / total].shards.push(shard);
    }
    let team = Team::new(lanes, problem.threads);
    let capacity = program.capacity;
    let u = std::sync::RwLock::new(vec![T::ZERO; guide.mu.len()]);
    let work = |_: usize, lane: &mut Lane<T>| {
        let u = u.read().unwrap_or_else(|p| p.into_inner());
        lane.executor.set_input(crate::lower::LATENTS, &u);
        lane.executor.begin(NoiseKey::default());
        lane.out.resize(outputs.len(), vec![]);
        lane.out.iter_mut().for_each(Vec::clear);
        for shard in &lane.shards {
            lane.executor.rows(shard, NoiseKey::default());
            for (name, out) in outputs.iter().zip(&mut lane.out) {
                let values = lane.executor.output_of_rows(name, shard).unwrap_or(&[]);
                copy_out(values, capacity, shard.rows(), name, &program, out);
            }
        }
    };
    let mut collectors: Vec<Collector> =
        kinds.iter().zip(targets).map(|((_, kind), t)| Collector::new(kind, rows.len(), t)).collect();
    team.run(work, |round| {
        let mut point = vec![0.0; guide.mu.len()];
        for d in 0..draws {
            draw(guide, problem.settings.seed, d, &mut point);
            {
                let mut u = u.write().unwrap_or_else(|p| p.into_inner());
                for (a, b) in u.iter_mut().zip(&point) {
                    *a = T::from_f64(*b);
                }
            }
            round();
            let joined: Vec<Vec<f64>> = (0..outputs.len())
                .map(|o| (0..team.len()).flat_map(|l| team.job(l).out[o].clone()).collect())
                .collect();
            let mut at = 0;
            for (collector, (_, kind)) in collectors.iter_mut().zip(&kinds) {
                let n = match kind {
                    Kind::Classes(_) => 1,
                    Kind::Numbers(_, _, args) => args + 1,
                };
                collector.add(kind, &joined[at..at + n], problem.settings.seed, d);
                at += n;
            }
            progress(d + 1);
        }
    });
    Ok(kinds
        .into_iter()
        .zip(collectors)
        .map(|((name, _), collector)| Prediction { name, values: collector.finish() })
        .collect())
}

/// Appends a shard's values row by row; a global value is repeated for each row.
fn copy_out<T: Number>(
    values: &[T],
    capacity: usize,
    rows: usize,
    name: &str,
    program: &crate::plan::Program,
    out: &mut Vec<f64>,
) {
    let is_row = program
        .outputs
        .iter()
        .any(|o| o.name == name && !matches!(o.place.space, crate::plan::Space::Global));
    for r in 0..rows {
        if is_row {
            out.extend((0..values.len() / capacity).map(|f| values[f * capacity + r].to_f64()));
        } else {
            out.extend(values.iter().map(|v| v.to_f64()));
        }
    }
}

/// Accumulates one target's draws.
enum Collector {
    Classes(ClassPredictive, Vec<usize>),
    Numbers(RealPredictive, Vec<f64>),
}

impl Collector {
    fn new(kind: &Kind, rows: usize, targets: &[f64]) -> Collector {
        match kind {
            Kind::Classes(k) => {
                let targets = targets.iter().map(|t| *t as usize).collect();
                Collector::Classes(ClassPredictive::new(rows, *k), targets)
            }
            Kind::Numbers(..) => Collector::Numbers(RealPredictive::new(rows), targets.to_vec()),
        }
    }

    fn add(&mut self, kind: &Kind, outputs: &[Vec<f64>], seed: u64, draw: usize) {
        match (self, kind) {
            (Collector::Classes(predictive, _), _) => predictive.add_draw(&outputs[0]),
            (Collector::Numbers(predictive, targets), Kind::Numbers(family, form, args)) => {
                let n = targets.len();
                let mut d = [vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]];
                let mut rng = SmallRng::seed_from_u64(seed ^ ((draw as u64 + 1) << 20));
                for r in 0..n {
                    let slices: Vec<&[f64]> = outputs[..*args]
                        .iter()
                        .map(|o| {
                            let width = o.len() / n;
                            &o[r * width..(r + 1) * width]
                        })
                        .collect();
                    // After the arguments come the ends of `on (a, b)`, if there are any.
                    let (args, ends) = slices.split_at(family.forms[*form].args.len().min(slices.len()));
                    let ends = match ends {
                        [low, high] => Some((low[0], high[0])),
                        _ => None,
                    };
                    let numbers = Numbers::new(family, *form, args, ends);
                    d[0][r] = numbers.mean();
                    d[1][r] = numbers.sd();
                    d[2][r] = numbers.cdf(targets[r]);
                    d[3][r] = numbers.cdf(targets[r] - 1.0);
                    d[4][r] = numbers.sample(&mut rng);
                }
                let ll: Vec<f64> = outputs[*args].iter().copied().take(n).collect();
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

    fn finish(self) -> Predicted {
        match self {
            Collector::Classes(p, targets) => Predicted::Classes { summary: p.finish(), targets },
            Collector::Numbers(p, targets) => Predicted::Numbers { summary: p.finish(), targets },
        }
    }
}

/// The observed values of each target on some rows: scalars as numbers, classes as positions.
///
/// A target that is an expression of columns is evaluated with the plain evaluator.
pub fn targets(model: &Model, problem: &Problem<'_>, rows: &[u32]) -> Vec<Vec<f64>> {
    use crate::model::ExprKind;
    model
        .observations
        .iter()
        .map(|o| match model.expr(o.target).kind {
            ExprKind::Column(c) => {
                let mut out = vec![0.0; rows.len() * o.target_len(model)];
                problem.rows.0.columns[c.0 as usize].copy_rows(rows, &mut out);
                out
            }
            _ => {
                let tape = crate::lower::expression(model, o.target);
                let mut inputs = crate::tape::eval::Inputs::default();
                for (i, values) in problem.rows.0.columns.iter().enumerate() {
                    let width = model.columns[i].ty.shape.len();
                    let mut flat = vec![0.0; rows.len() * width];
                    values.copy_rows(rows, &mut flat);
                    let by_row = flat.chunks(width.max(1)).map(<[f64]>::to_vec).collect();
                    inputs.columns.insert(i as u32, by_row);
                }
                let values = crate::tape::eval::evaluate(&tape, &inputs, rows.len());
                let slot = tape.outputs[0].1;
                (0..rows.len()).flat_map(|r| values[slot.0 as usize].at(r).to_vec()).collect()
            }
        })
        .collect()
}
