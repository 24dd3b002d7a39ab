//! One model in two forms, before and after a rewrite: value and gradient per step, and their moments over many steps.
//!
//! Shared by the tests of this folder and by the command that prints what each rewrite does to the variance.

use bnnc::check::{Context, check};
use bnnc::data::{self, Dataset, Files};
use bnnc::engine::{Executor, NoiseKey, Shard};
use bnnc::guide::{GuideSettings, Guided, NoiseSource, guide};
use bnnc::infer::draws::Evaluator;
use bnnc::infer::draws::Objective;
use bnnc::infer::objective::{program, shards, with_gradient};
use bnnc::infer::points::Points;
use bnnc::infer::posterior::Gaussian;
use bnnc::infer::problem::{Problem, Rows};
use bnnc::infer::settings::Settings;
use bnnc::lower::{LogJoint, Parameterization, lower};
use bnnc::model::Model;
use bnnc::source::SourceFile;
use bnnc::syntax::ast::Item;
use bnnc::syntax::parse;
use std::io::{self, Read};
use std::path::PathBuf;

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
        let source = SourceFile::new("model.bnn", text);
        let ast = parse(&source).unwrap_or_else(|d| panic!("{d:?}"));
        let block = ast.items.iter().find_map(|item| match item {
            Item::Data(data) => Some(data),
            _ => None,
        });
        let block = block.expect("the models here have data");
        let (columns, found) = data::schema(block, &Models, &data::Options::default());
        assert!(!found.has_errors(), "{found:?}");
        let (model, found) = check(&ast, "model", &columns, &Context::default());
        assert!(!found.has_errors(), "{found:?}");
        let model = model.expect("a model without errors");
        let data = data::load(block, &model.columns, &Models, &data::Options::default())
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
        }
    }

    /// A guide that is neither at the prior nor at the posterior.
    pub fn guide(&self) -> Gaussian {
        let mu = (0..self.joint.dim).map(|i| 0.5 * (i as f64 * 1.3 + 0.4).sin()).collect();
        let omega = (0..self.joint.random_dim).map(|i| -0.9 + 0.4 * (i as f64 * 0.7).cos()).collect();
        Gaussian { mu, omega, lower: vec![], full: 0 }
    }

    pub fn guided(&self, settings: &GuideSettings) -> Guided {
        guide(&self.joint, &self.model, settings)
    }
}

/// A form that can be run step by step.
pub enum Form {
    /// noise is an input, filled as on the paths that see all rows
    Given { evaluator: Evaluator<f64>, draws: usize },
    /// noise is keyed, as on minibatches
    Keyed { executor: Box<Executor<f64>>, shards: Vec<Shard<f64>> },
}

impl Form {
    /// Compiles one form.
    pub fn new(fixture: &Fixture, settings: &GuideSettings, points: Points, draws: usize) -> Form {
        let problem = fixture.problem();
        if settings.noise == NoiseSource::Input {
            let objective = Objective::<f64>::new(&problem, settings).expect("the engine runs it");
            return Form::Given { evaluator: objective.with_points(points).evaluator(), draws };
        }
        let guided = fixture.guided(settings);
        let tape = with_gradient(&guided.tape, guided.objective, &["mu", "omega"]).expect("differentiable");
        let program = program::<f64>(&tape, fixture.rows.len()).expect("the engine runs it");
        let shards = shards(&program, &problem.rows, &fixture.rows, 1.0);
        Form::Keyed { executor: Box::new(Executor::new(program)), shards }
    }

    /// Value, gradient for the means, gradient for the log sds.
    pub fn step(&mut self, guide: &Gaussian, key: NoiseKey) -> Vec<f64> {
        match self {
            Form::Given { evaluator, draws } => {
                let mut g = Gaussian { lower: vec![], ..guide.clone() };
                let value = evaluator.step(guide, key, *draws, &mut g);
                [vec![value], g.mu, g.omega].concat()
            }
            Form::Keyed { executor, shards } => {
                executor.set_input("mu", &guide.mu);
                executor.set_input("omega", &guide.omega);
                executor.begin(key);
                for shard in shards {
                    executor.rows(shard, key);
                }
                executor.end(key);
                ["objective", "grad:mu", "grad:omega"]
                    .iter()
                    .flat_map(|name| executor.output(name).expect("named by the gradient").to_vec())
                    .collect()
            }
        }
    }

    /// Runs many steps under one seed.
    pub fn moments(&mut self, guide: &Gaussian, seed: u64, steps: usize) -> Moments {
        let mut moments = Moments::default();
        for step in 0..steps {
            moments.add(&self.step(guide, NoiseKey { seed, step: step as u64, draw: 0 }));
        }
        moments
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

    /// Variance of the value.
    pub fn of_value(&self) -> f64 {
        self.variance(0)
    }

    /// Total variance of the gradient.
    pub fn of_gradient(&self) -> f64 {
        (1..self.mean.len()).map(|i| self.variance(i)).sum()
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
