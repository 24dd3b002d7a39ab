//! One model in two forms, before and after a rewrite: value and gradient per step, and their moments over many steps.
//!
//! Shared by the tests of this folder and by the command that prints what each rewrite does to the variance.

use bnnc::check::{Context, check};
use bnnc::data::{self, Dataset, Files};
use bnnc::engine::{Executor, NoiseKey, Shard};
use bnnc::guide::collapse::Collapse;
use bnnc::guide::{GuideSettings, Guided, NoiseSource, guide};
use bnnc::infer::draws::Evaluator;
use bnnc::infer::draws::{Objective, PARAMETERS};
use bnnc::infer::journal::Journal;
use bnnc::infer::objective::{program, shards, with_gradient};
use bnnc::infer::points::Points;
use bnnc::infer::posterior::Gaussian;
use bnnc::infer::problem::{GiveUp, Number, Problem, Rows};
use bnnc::infer::settings::Settings;
use bnnc::lower::{LogJoint, Parameterization, lower};
use bnnc::model::Model;
use bnnc::plan::plan;
use bnnc::source::SourceFile;
use bnnc::syntax::ast::Item;
use bnnc::syntax::parse;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// The files beside the example models.
struct Models;

impl Files for Models {
    fn open(&self, path: &str) -> io::Result<Box<dyn Read>> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models");
        Ok(Box::new(std::fs::File::open(folder.join(path))?))
    }
}

/// A model with some of its rows.
pub struct Fixture {
    pub model: Model,
    pub joint: LogJoint,
    pub data: Dataset,
    pub rows: Vec<u32>,
    pub settings: Settings,
}

impl Fixture {
    /// Compiles a model; the first `rows` training rows, all if there are fewer.
    pub fn new(text: &str, rows: usize) -> Fixture {
        Fixture::of(text, rows, &Models)
    }

    /// The same with files from elsewhere.
    pub fn of(text: &str, rows: usize, files: &dyn Files) -> Fixture {
        let source = SourceFile::new("model.bnn", text);
        let ast = parse(&source).unwrap_or_else(|d| panic!("{d:?}"));
        let block = ast.items.iter().find_map(|item| match item {
            Item::Data(data) => Some(data),
            _ => None,
        });
        let block = block.expect("the models here have data");
        let (columns, found) = data::schema(block, files, &data::Options::default());
        assert!(!found.has_errors(), "{found:?}");
        let (model, found) = check(&ast, "model", &columns, &Context::default());
        assert!(!found.has_errors(), "{found:?}");
        let model = model.expect("a model without errors");
        let data = data::load(block, &model.columns, files, &data::Options::default())
            .unwrap_or_else(|d| panic!("{d:?}"));
        let joint = lower(&model, &Parameterization::default());
        let rows = data.split("train").iter().copied().take(rows).collect();
        let settings = Settings::of(&model).unwrap_or_else(|d| panic!("{d:?}"));
        Fixture { model, joint, data, rows, settings }
    }

    pub fn problem(&self) -> Problem<'_> {
        Problem {
            model: &self.model,
            joint: &self.joint,
            rows: Rows(&self.data),
            train: &self.rows,
            settings: &self.settings,
            threads: 1,
            room: u64::MAX,
            journal: Journal::default(),
            profiler: bnnc::engine::Profiler::default(),
            give_up: GiveUp::default(),
        }
    }

    /// A guide that is neither at the prior nor at the posterior.
    pub fn guide(&self) -> Gaussian {
        let mu = (0..self.joint.dim).map(|i| 0.5 * (i as f64 * 1.3 + 0.4).sin()).collect();
        let omega = (0..self.joint.random_dim).map(|i| -0.9 + 0.4 * (i as f64 * 0.7).cos()).collect();
        Gaussian { omega, ..Gaussian::point(mu) }
    }

    pub fn guided(&self, settings: &GuideSettings) -> Guided {
        guide(&self.joint, &self.model, settings)
    }
}

/// A form that can be run step by step.
#[expect(
    clippy::large_enum_variant,
    reason = "a form is made a few times per test and never moved in a loop"
)]
pub enum Form<T> {
    /// noise is an input, filled as on the paths that see all rows
    Given { evaluator: Evaluator<T>, draws: usize },
    /// noise is keyed, as on minibatches; each shard with a draw of its own, or all with one
    Keyed {
        executor: Box<Executor<T>>,
        shards: Vec<Shard<T>>,
        is_by_shard: bool,
        collapse: Arc<Collapse>,
        along: Vec<Range<usize>>,
    },
}

impl<T: Number> Form<T> {
    /// Compiles one form; keyed noise is shared by all rows.
    pub fn new(fixture: &Fixture, settings: &GuideSettings, points: Points, draws: usize) -> Self {
        let problem = fixture.problem();
        if settings.noise == NoiseSource::Keyed {
            return Form::keyed(fixture, settings, None);
        }
        let objective = Objective::<T>::new(&problem, settings).expect("the engine runs it");
        Form::Given { evaluator: objective.with_points(points).evaluator(), draws }
    }

    /// Compiles one form with keyed noise, a new draw for so many rows.
    pub fn keyed(fixture: &Fixture, settings: &GuideSettings, rows_per_draw: Option<usize>) -> Self {
        let guided = fixture.guided(settings);
        let tape = with_gradient(&guided.tape, guided.objective, &PARAMETERS).expect("differentiable");
        let rows = fixture.rows.len();
        let program = match rows_per_draw {
            Some(rows) => Arc::new(plan(&tape, rows).expect("the engine runs it")),
            None => program::<T>(&fixture.problem(), &tape, rows, 1).expect("the engine runs it"),
        };
        // A draw's estimate of all rows is its own rows times their share.
        let weight = rows_per_draw.map_or(1.0, |n| rows as f64 / n as f64);
        let shards = shards(&program, &fixture.problem().rows, &fixture.rows, weight);
        Form::Keyed {
            executor: Box::new(Executor::new(program)),
            shards,
            is_by_shard: rows_per_draw.is_some(),
            collapse: guided.collapse,
            along: settings.along.clone(),
        }
    }

    /// Value, gradient for the means, for the log sds, for what correlates latents.
    pub fn step(&mut self, guide: &Gaussian, key: NoiseKey) -> Vec<f64> {
        match self {
            Form::Given { evaluator, draws } => {
                let mut g = guide.clone();
                let value = evaluator.step(guide, key, *draws, &mut g);
                [vec![value], g.mu, g.omega, g.lower, g.directions.v].concat()
            }
            Form::Keyed { executor, shards, is_by_shard, collapse, along } => {
                let mut precision = vec![0.0; guide.random()];
                let sigma: Vec<f64> = guide.marginal_sds().collect();
                let integrals = collapse.precision(&guide.mu, &sigma, &mut precision);
                let rows: Vec<f64> = guide.directions.rows(along).copied().collect();
                let inputs = [
                    ("mu", &guide.mu),
                    ("omega", &guide.omega),
                    ("lower", &guide.lower),
                    ("directions", &rows),
                    ("precision", &precision),
                ];
                for (name, values) in inputs {
                    let numbers: Vec<T> = values.iter().map(|v| T::from_f64(*v)).collect();
                    executor.set_input(name, &numbers);
                }
                let parts: Vec<&[Shard<T>]> =
                    if *is_by_shard { shards.chunks(1).collect() } else { vec![&shards[..]] };
                let share = 1.0 / parts.len() as f64;
                let mut total: Vec<f64> = vec![];
                for (draw, part) in parts.iter().enumerate() {
                    let key = NoiseKey { draw: draw as u64, ..key };
                    executor.begin(key);
                    part.iter().for_each(|shard| executor.rows(shard, key));
                    executor.end(key);
                    let outputs = ["objective", "grad:mu", "grad:omega", "grad:lower", "grad:directions"]
                        .iter()
                        .flat_map(|name| executor.output(name).unwrap_or(&[]));
                    let numbers = [&guide.mu, &guide.omega, &guide.lower, &rows].map(Vec::len);
                    total.resize(1 + numbers.iter().sum::<usize>(), 0.0);
                    total.iter_mut().zip(outputs).for_each(|(t, x)| *t += share * x.to_f64());
                }
                total[0] += integrals;
                total
            }
        }
    }

    /// Runs many steps under one seed.
    pub fn moments(&mut self, guide: &Gaussian, seed: u64, steps: usize) -> Moments {
        let mut moments = Moments::default();
        self.add_steps(&mut moments, guide, seed, steps);
        moments
    }

    /// Runs more steps, under another seed.
    pub fn add_steps(&mut self, moments: &mut Moments, guide: &Gaussian, seed: u64, steps: usize) {
        for step in 0..steps {
            moments
                .add(&self.step(guide, NoiseKey { seed, step: step as u64, draw: 0, ..NoiseKey::default() }));
        }
    }
}

/// Mean and variance of each number over steps.
#[derive(Default)]
pub struct Moments {
    n: f64,
    mean: Vec<f64>,
    /// Σ of squared distances from the mean (Welford).
    squares: Vec<f64>,
}

impl Moments {
    fn add(&mut self, values: &[f64]) {
        self.mean.resize(values.len(), 0.0);
        self.squares.resize(values.len(), 0.0);
        self.n += 1.0;
        for ((m, s), v) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let before = v - *m;
            *m += before / self.n;
            *s += before * (v - *m);
        }
    }

    fn variance(&self, i: usize) -> f64 {
        self.squares[i] / (self.n - 1.0)
    }

    /// Total variance of some of the numbers.
    pub fn total(&self, range: impl std::slice::SliceIndex<[f64], Output = [f64]>) -> f64 {
        self.squares[range].iter().sum::<f64>() / (self.n - 1.0)
    }

    /// Variance of the value.
    pub fn of_value(&self) -> f64 {
        self.total(0..1)
    }

    /// Total variance of the gradient.
    pub fn of_gradient(&self) -> f64 {
        self.total(1..)
    }

    /// The largest difference of two means, in its standard errors.
    pub fn distance(&self, other: &Moments) -> f64 {
        assert_eq!(self.mean.len(), other.mean.len());
        (0..self.mean.len())
            .map(|i| {
                let gap = (self.mean[i] - other.mean[i]).abs();
                let se = (self.variance(i) / self.n + other.variance(i) / other.n).sqrt();
                // Rounding of a sum of a few hundred terms, where neither form has noise.
                let rounding = 1e-10 * (1.0 + self.mean[i].abs());
                (gap - rounding).max(0.0) / se.max(f64::MIN_POSITIVE)
            })
            .fold(0.0, f64::max)
    }
}
