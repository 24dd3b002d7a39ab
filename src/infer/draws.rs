//! The ELBO of a guide and its gradient, draw by draw, on all training rows.

use super::coordinates::Coordinates;
use super::error::CannotRun;
use super::objective::{FullBatch, with_gradient};
use super::of_data::compiled;
use super::points::Points;
use super::posterior::Gaussian;
use super::problem::{Number, Problem};
use crate::engine::{Executor, NoiseKey, Profiler, Shard};
use crate::guide::collapse::Collapse;
use crate::guide::{GuideSettings, guide};
use crate::kernels::real::Real;
use crate::kernels::scalar::Unary;
use crate::kernels::{elementwise, noise};
use crate::plan::{Operand, Program};
use std::ops::Range;
use std::sync::Arc;

/// Keys that tell apart the uses of noise in a fit.
pub mod variable {
    /// draws of the guide in a step
    pub const GUIDE: u64 = 1;
    /// random starts
    pub const START: u64 = 2;
    /// draws for comparing guides: the same for every guide
    pub const COMPARE: u64 = 3;
    /// draws of the final ELBO
    pub const ELBO: u64 = 4;
    /// draws for summaries
    pub const SUMMARY: u64 = 5;
    /// draws for predictions
    pub const PREDICT: u64 = 6;
    /// order of the rows in an epoch
    pub const ORDER: u64 = 7;
    /// signs of rows that measure a curvature
    pub const SIGNS: u64 = 9;
    /// the first directions of a low-rank guide
    pub const DIRECTIONS: u64 = 10;
    /// scramble of a step's Sobol points
    pub const SCRAMBLE: u64 = 8;
    /// momenta of particles
    pub const MOMENTUM: u64 = 11;
    /// whether a particle moves, and how far
    pub const ACCEPT: u64 = 12;
    /// which particles stay
    pub const RESAMPLE: u64 = 13;
    /// moves of particles' scales with their weights
    pub const DILATE: u64 = 14;
    /// signs that say what changes are chance
    pub const SETTLING: u64 = 15;
    /// draws of the prior: their purpose is added
    pub const PRIOR: u64 = 1 << 32;
}

/// The inputs of a guide's tape that hold its parameters.
pub const PARAMETERS: [&str; 5] = ["mu", "omega", "lower", "tie", "directions"];
/// Draws that compare two guides.
pub const COMPARE_DRAWS: usize = 512;

/// The compiled objective with its rows; cheap to give to several starts.
pub struct Objective<T> {
    program: Arc<Program>,
    shards: Arc<Vec<Shard<T>>>,
    random: usize,
    rank: usize,
    along: Vec<Range<usize>>,
    collapse: Arc<Collapse>,
    points: Points,
    profiler: Profiler,
    is_score_given: bool,
    kl_weight: f64,
}

impl<T: Number> Objective<T> {
    /// Compiles the ELBO of a guide whose noise and score are inputs.
    ///
    /// # Errors
    /// Says in words what the compiler cannot run.
    pub fn new(problem: &Problem<'_>, settings: &GuideSettings) -> Result<Self, CannotRun> {
        let guided = guide(problem.joint, problem.model, settings);
        let tape = with_gradient(&guided.tape, guided.objective, &PARAMETERS)?;
        let rows = (problem.train, problem.row_weight());
        let (program, shards) = compiled::<T>(problem, &tape, rows, problem.threads)?;
        Ok(Objective {
            kl_weight: problem.settings.kl_weight,
            program,
            shards: Arc::new(shards),
            random: problem.joint.random_dim,
            rank: settings.rank,
            along: settings.along.clone(),
            collapse: guided.collapse,
            points: Points::of(problem),
            profiler: problem.profiler.clone(),
            is_score_given: settings.stick_the_landing,
        })
    }

    /// The same objective with its draws hanging together in another way.
    pub fn with_points(self, points: Points) -> Self {
        Objective { points, ..self }
    }

    /// Memory for one thread.
    pub fn evaluator(&self) -> Evaluator<T> {
        let executor = Executor::timed(self.program.clone(), &self.profiler, "steps");
        let n = self.random;
        let (inputs, directions) = (INPUTS.map(|name| executor.input(name)), executor.input("directions"));
        Evaluator {
            batch: FullBatch { executor, shards: self.shards.clone() },
            noise: vec![0.0; n + self.rank],
            score: vec![0.0; n],
            precision: vec![0.0; n],
            sigma: vec![0.0; n],
            along: self.along.clone(),
            collapse: self.collapse.clone(),
            points: self.points,
            is_score_given: self.is_score_given,
            kl_weight: self.kl_weight,
            u: vec![],
            inputs,
            directions,
            rows: vec![],
        }
    }
}

/// One thread's memory for running draws.
pub struct Evaluator<T> {
    batch: FullBatch<T>,
    noise: Vec<f64>,
    score: Vec<f64>,
    precision: Vec<f64>,
    /// Marginal sds of the guide.
    sigma: Vec<f64>,
    along: Vec<Range<usize>>,
    collapse: Arc<Collapse>,
    points: Points,
    is_score_given: bool,
    kl_weight: f64,
    u: Vec<f64>,
    /// Where the program has its inputs, in the order of [`INPUTS`], and its directions: looked up once.
    inputs: [Option<Operand>; INPUTS.len()],
    directions: Option<Operand>,
    rows: Vec<f64>,
}

/// What a draw gives the program, beside directions.
const INPUTS: [&str; 8] = ["mu", "omega", "lower", "tie", "score", "precision", "noise", "direction_noise"];

impl<T: Real> Evaluator<T> {
    /// The scales that the guide leaves to their optimal q.
    pub fn collapse(&self) -> Arc<Collapse> {
        self.collapse.clone()
    }

    /// Adds the gradient of one draw's ELBO to `gradient`, times `factor`; returns that ELBO, which is not a number
    /// where the gradient is not finite.
    fn draw(&mut self, guide: &Gaussian, factor: f64, gradient: &mut Gaussian) -> f64 {
        if guide.is_mean_field() {
            guide.score_by_sds(&self.noise, &self.sigma, &mut self.score);
        } else {
            guide.score(&self.noise, &mut self.score);
        }
        let (own, shared) = self.noise.split_at(guide.random());
        let values: [&[f64]; INPUTS.len()] = [
            &guide.mu,
            &guide.omega,
            &guide.lower,
            &guide.ties.lambda,
            &self.score,
            &self.precision,
            own,
            shared,
        ];
        for (place, values) in self.inputs.iter().zip(values) {
            if let Some(place) = place {
                self.batch.executor.set_input_at(*place, values);
            }
        }
        if let Some(place) = self.directions {
            self.rows.clear();
            self.rows.extend(guide.directions.rows(&self.along));
            self.batch.executor.set_input_at(place, &self.rows);
        }
        let objective = self.batch.run(NoiseKey::default());
        let mut is_finite = true;
        for (name, out) in [
            ("grad:mu", &mut gradient.mu),
            ("grad:omega", &mut gradient.omega),
            ("grad:lower", &mut gradient.lower),
            ("grad:tie", &mut gradient.ties.lambda),
        ] {
            if let Some(values) = self.batch.executor.output(name) {
                for (o, g) in out.iter_mut().zip(values) {
                    *o += factor * g.to_f64();
                    is_finite &= g.to_f64().is_finite();
                }
            }
        }
        if let Some(values) = self.batch.executor.output("grad:directions") {
            for (o, g) in gradient.directions.rows_mut(&self.along).zip(values) {
                *o += factor * g.to_f64();
                is_finite &= g.to_f64().is_finite();
            }
        }
        if !is_finite {
            return f64::NAN;
        }
        if !self.is_score_given {
            return objective;
        }
        let surrogate: f64 = if guide.is_mean_field() {
            let of_latent = |((mu, sd), e): ((&f64, &f64), &f64)| mu + sd * e;
            let u = guide.mu.iter().zip(&self.sigma).zip(&self.noise).map(of_latent);
            self.score.iter().zip(u).map(|(s, u)| s * u).sum()
        } else {
            self.u.resize(guide.mu.len(), 0.0);
            guide.draw(&self.noise, &mut self.u);
            self.score.iter().zip(&self.u).map(|(s, u)| s * u).sum()
        };
        objective - surrogate - guide.log_density(&self.noise)
    }

    /// The mean of `draws` draws' ELBO and gradient; how the draws hang together is equation 16. With a `kl_weight` λ
    /// the value is that of (3a), the gradient its λth: rows count 1/λ, and Adam does not see a common factor.
    ///
    /// Ends with the first draw that is not finite, so that [`Evaluator::find_bad_value`] looks at that one.
    pub fn step(&mut self, guide: &Gaussian, key: NoiseKey, draws: usize, gradient: &mut Gaussian) -> f64 {
        let Gaussian { mu, omega, lower, ties, directions, .. } = gradient;
        for part in [mu, omega, lower, &mut ties.lambda, &mut directions.v] {
            part.fill(0.0);
        }
        let factor = 1.0 / draws as f64;
        let mut total = 0.0;
        if guide.is_mean_field() {
            elementwise::unary(Unary::Exp, &guide.omega, &mut self.sigma);
        } else if !self.collapse.is_empty() {
            self.sigma.iter_mut().zip(guide.marginal_sds()).for_each(|(sigma, sd)| *sigma = sd);
        }
        let integrals = if self.collapse.is_empty() {
            0.0
        } else {
            self.collapse.precision(&guide.mu, &self.sigma, &mut self.precision)
        };
        // The tape's entropy is that without directions; drawn log q has all of it.
        let along =
            if self.is_score_given { 0.0 } else { guide.directions.entropy(1.0, &mut gradient.directions.v) };
        for d in 0..draws {
            self.points.next(key, d, draws, &mut self.noise);
            total += self.draw(guide, factor, gradient);
            if !total.is_finite() {
                return total;
            }
        }
        self.kl_weight * (total * factor + integrals + along)
    }

    /// The first value that is not finite at a draw, for messages.
    pub fn find_bad_value(&mut self) -> Option<crate::engine::BadValue> {
        let shards: Vec<&Shard<T>> = self.batch.shards.iter().collect();
        self.batch.executor.find_bad_value(&shards, NoiseKey::default())
    }
}

/// The log joint with its gradient, compiled for these rows.
///
/// # Errors
/// Says in words what the compiler cannot run.
pub fn log_joint<T: Number>(
    problem: &Problem<'_>,
    rows: &[u32],
    called: &'static str,
) -> Result<FullBatch<T>, CannotRun> {
    let objective = problem.joint.tape.output("log_joint").ok_or("the model has no density")?;
    let tape = with_gradient(&problem.joint.tape, objective, &[crate::lower::LATENTS])?;
    let (program, shards) = compiled::<T>(problem, &tape, (rows, 1.0), 1)?;
    let executor = Executor::timed(program, &problem.profiler, called);
    Ok(FullBatch { executor, shards: Arc::new(shards) })
}

/// The log joint in f64 as a function of u, with its gradient: for starts, curvature and the final ELBO.
pub struct Joint {
    batch: FullBatch<f64>,
}

impl Joint {
    /// Compiles the log joint.
    ///
    /// # Errors
    /// Says in words what the compiler cannot run.
    pub fn new(problem: &Problem<'_>) -> Result<Self, CannotRun> {
        Joint::of_rows(problem, problem.train)
    }

    /// The λth of what a fit with a `kl_weight` λ climbs on (3a): rows count 1/λ.
    ///
    /// # Errors
    /// Says in words what the compiler cannot run.
    pub fn tempered(problem: &Problem<'_>) -> Result<Self, CannotRun> {
        let mut joint = Joint::new(problem)?;
        joint.temper(problem);
        Ok(joint)
    }

    /// Rows count 1/λ as much as they did.
    pub fn temper(&mut self, problem: &Problem<'_>) {
        let weight = problem.row_weight();
        if weight != 1.0 {
            self.weigh(&mut |weights| weights.iter_mut().for_each(|w| *w *= weight));
        }
    }

    /// The same of other rows; of none it is the log prior.
    ///
    /// # Errors
    /// Says in words what the compiler cannot run.
    pub fn of_rows(problem: &Problem<'_>, rows: &[u32]) -> Result<Self, CannotRun> {
        Ok(Joint { batch: log_joint(problem, rows, "log joint")? })
    }

    /// Another evaluator that shares the rows.
    pub fn fork(&self) -> Joint {
        Joint { batch: self.batch.fork() }
    }

    /// Gives the rows other weights, for this evaluator alone; `weigh` sees those of one shard after another.
    pub fn weigh(&mut self, weigh: &mut dyn FnMut(&mut [f64])) {
        Arc::make_mut(&mut self.batch.shards).iter_mut().for_each(|shard| shard.weigh(weigh));
    }

    /// log p(y, u) and its gradient.
    #[inline(never)] // `benches/instructions.rs` counts its instructions by its name
    pub fn value_and_gradient(&mut self, u: &[f64], gradient: &mut [f64]) -> f64 {
        self.batch.executor.set_input(crate::lower::LATENTS, u);
        let value = self.batch.run(NoiseKey::default());
        if let Some(g) = self.batch.executor.output("grad:u") {
            gradient.copy_from_slice(g);
        }
        value
    }

    /// Climbs by L-BFGS with some latents held.
    pub fn maximise(&mut self, start: Vec<f64>, iterations: usize, held: &[usize]) -> (Vec<f64>, f64) {
        super::lbfgs::maximise(start, iterations, &mut |u, g| {
            let value = self.value_and_gradient(u, g);
            for i in held {
                g[*i] = 0.0;
            }
            value
        })
    }

    /// The first value that is not finite at u.
    pub fn find_bad_value(&mut self, u: &[f64]) -> Option<crate::engine::BadValue> {
        self.batch.executor.set_input(crate::lower::LATENTS, u);
        let shards: Vec<&Shard<f64>> = self.batch.shards.iter().collect();
        self.batch.executor.find_bad_value(&shards, NoiseKey::default())
    }

    /// −∂²/∂u_i∂u_j log p by central differences of the gradient, for the latents asked for; [k, k] row-major.
    ///
    /// The step of each latent is 1e-3 of the length over which the density falls (1/√H_ii), found by a first pass.
    pub fn curvature(&mut self, u: &[f64], which: &[usize]) -> Vec<f64> {
        let k = which.len();
        let mut h = vec![0.0; k * k];
        let (mut up, mut down) = (vec![0.0; u.len()], vec![0.0; u.len()]);
        let mut at = u.to_vec();
        for (row, i) in which.iter().enumerate() {
            let mut step = 1e-4 * (1.0 + u[*i].abs());
            for _ in 0..3 {
                at[*i] = u[*i] + step;
                self.value_and_gradient(&at, &mut up);
                at[*i] = u[*i] - step;
                self.value_and_gradient(&at, &mut down);
                at[*i] = u[*i];
                for (column, j) in which.iter().enumerate() {
                    h[row * k + column] = (down[*j] - up[*j]) / (2.0 * step);
                }
                let diagonal = h[row * k + row];
                let better = 1e-3 / diagonal.abs().sqrt();
                if !diagonal.is_finite() || diagonal == 0.0 || (0.1..10.0).contains(&(better / step)) {
                    break;
                }
                step = better.clamp(step * 1e-6, step * 1e6);
            }
        }
        for i in 0..k {
            for j in 0..i {
                let mean = 0.5 * (h[i * k + j] + h[j * k + i]);
                (h[i * k + j], h[j * k + i]) = (mean, mean);
            }
        }
        h
    }
}

/// log p(y,u) − log q(u) of keyed draws: the same keys for every guide, so that differences are paired.
pub fn elbo_draws(joint: &mut Joint, guide: &Gaussian, draws: usize, seed: u64) -> Vec<f64> {
    let mut noise = vec![0.0; guide.noise()];
    let (mut u, mut g) = (vec![0.0; guide.mu.len()], vec![0.0; guide.mu.len()]);
    (0..draws)
        .map(|d| {
            if d % 2 == 0 {
                noise::normals(&mut noise, noise::key(seed, 0, variable::COMPARE, d as u64), 0);
            } else {
                noise.iter_mut().for_each(|e| *e = -*e);
            }
            guide.draw(&noise, &mut u);
            joint.value_and_gradient(&u, &mut g) - guide.log_density(&noise)
        })
        .collect()
}

/// Mean and standard error, antithetic pairs counted as one.
pub fn mean_and_se(values: &[f64]) -> (f64, f64) {
    let pairs: Vec<f64> = values.chunks(2).map(|pair| pair.iter().sum::<f64>() / pair.len() as f64).collect();
    let n = pairs.len() as f64;
    let mean = pairs.iter().sum::<f64>() / n;
    let variance = pairs.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, (variance / n).sqrt())
}

/// Coordinates for a guide of this objective, plain.
pub fn plain(problem: &Problem<'_>) -> Coordinates {
    Coordinates::plain(problem.joint.dim, problem.joint.random_dim)
}
