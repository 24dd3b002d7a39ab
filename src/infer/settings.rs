//! The fit block and the command line as typed settings; defaults stand here, once.

use super::optimizer::Optimizer;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Setting, SettingValue};
use crate::rewrites::Rewrite;
use crate::source::Span;

/// How to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `method`
    pub method: Method,
    /// `guide`
    pub guide: GuideChoice,
    /// `rank`: directions of a low-rank guide
    pub rank: usize,
    /// `steps`
    pub steps: Option<u64>,
    /// `epochs`
    pub epochs: Option<f64>,
    /// `batch`
    pub batch: Batch,
    /// `draws`
    pub draws: Draws,
    /// `optimizer`
    pub optimizer: Optimizer,
    /// `learning_rate`
    pub learning_rate: Option<f64>,
    /// `precision`
    pub precision: Precision,
    /// `restarts`
    pub restarts: Option<usize>,
    /// `mix`
    pub mix: Mix,
    /// `without`
    pub without: Vec<String>,
    /// `with`
    pub with: Vec<String>,
    /// `chains`
    pub chains: usize,
    /// `samples`
    pub samples: Option<usize>,
    /// `tune`
    pub tune: Option<usize>,
    /// `target_accept`: mean acceptance that step sizes of NUTS are tuned to
    pub target_accept: f64,
    /// `kl_weight`: what prior and entropy count
    pub kl_weight: f64,
    /// `warmup`: steps over which they come in
    pub warmup: u64,
    /// `predict_draws`
    pub predict_draws: usize,
    /// `seed`
    pub seed: u64,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// variational inference
    Advi,
    /// the largest posterior density in θ
    Map,
    /// the largest likelihood: priors are not read
    Mle,
    /// a Gaussian with the curvature of the mode
    Laplace,
    /// draws of Markov chains
    Nuts,
    /// particles carried from a guide to the posterior
    Smc,
    /// draws from the prior: nothing is fitted
    Prior,
}

impl Method {
    /// Every method with its name.
    const ALL: [(Method, &'static str); 7] = [
        (Method::Advi, "advi"),
        (Method::Map, "map"),
        (Method::Mle, "mle"),
        (Method::Laplace, "laplace"),
        (Method::Nuts, "nuts"),
        (Method::Smc, "smc"),
        (Method::Prior, "prior"),
    ];

    /// As `method` takes it.
    pub fn name(self) -> &'static str {
        Method::ALL.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }
}

/// The guide's family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuideChoice {
    /// full rank outside nets up to 200 dimensions, else mean-field
    Auto,
    /// independent Gaussians
    MeanField,
    /// one Gaussian with all correlations
    FullRank,
    /// one Gaussian with correlations along a few directions
    LowRank,
    /// richer and richer, as long as it pays
    Ladder,
}

impl GuideChoice {
    /// Every choice with its name.
    const ALL: [(GuideChoice, &'static str); 5] = [
        (GuideChoice::Auto, "auto"),
        (GuideChoice::MeanField, "meanfield"),
        (GuideChoice::FullRank, "fullrank"),
        (GuideChoice::LowRank, "lowrank"),
        (GuideChoice::Ladder, "ladder"),
    ];

    /// As `guide` takes it.
    pub fn name(self) -> &'static str {
        GuideChoice::ALL.iter().find(|(guide, _)| *guide == self).map_or("", |(_, name)| name)
    }
}

/// Rows in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// by the path
    Auto,
    /// all rows
    All,
    /// this many
    Rows(usize),
}

/// Noise in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draws {
    /// by the path
    Auto,
    /// one draw of the weights for the whole batch
    Shared,
    /// this many, each shared by its rows
    Number(usize),
}

/// What becomes of several starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// the best is kept
    No,
    /// all are kept, in equal shares
    Even,
    /// all are kept, in the shares of the largest ELBO
    Elbo,
}

/// Arithmetic of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// by the path
    Auto,
    /// single
    F32,
    /// double
    F64,
}

impl Precision {
    /// Bytes of a number, where one precision is asked for.
    pub fn bytes(self) -> Option<usize> {
        match self {
            Precision::Auto => None,
            Precision::F32 => Some(4),
            Precision::F64 => Some(8),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            method: Method::Advi,
            guide: GuideChoice::Auto,
            rank: 10,
            steps: None,
            epochs: None,
            batch: Batch::Auto,
            draws: Draws::Auto,
            optimizer: Optimizer::Adam,
            learning_rate: None,
            precision: Precision::Auto,
            restarts: None,
            mix: Mix::No,
            without: vec![],
            with: vec![],
            chains: 4,
            samples: None,
            tune: None,
            target_accept: 0.8,
            kl_weight: 1.0,
            warmup: 0,
            predict_draws: 100,
            seed: 0,
        }
    }
}

impl Settings {
    /// Reads a checked model's settings, later ones (of the command line) replacing earlier ones.
    ///
    /// # Errors
    /// O001 for a value out of range.
    pub fn of(model: &Model) -> Result<Settings, Diagnostics> {
        let mut settings = Settings::default();
        let mut found = Diagnostics::default();
        for setting in model.settings.iter().filter(|s| !s.is_default) {
            if let Err(d) = settings.set(setting) {
                found.push(d);
            }
        }
        if found.has_errors() { Err(found) } else { Ok(settings) }
    }

    /// The steps asked for, where the method takes any: how finely a fit is worth evaluating.
    pub fn length(&self) -> Option<u64> {
        match self.method {
            Method::Advi | Method::Map | Method::Mle | Method::Nuts | Method::Smc => self.steps,
            Method::Laplace | Method::Prior => None,
        }
    }

    /// Draws that a chain keeps: `samples`, or 1,000.
    pub fn kept(&self) -> usize {
        self.samples.unwrap_or(1000)
    }

    /// Draws of a chain before those: `tune`, or 1,000.
    pub fn tuning(&self) -> usize {
        self.tune.unwrap_or(1000)
    }

    /// Most moves of a particle at the posterior: `tune`, or 64.
    pub fn moves(&self) -> u64 {
        self.tune.map_or(64, |n| n as u64)
    }

    /// Particles of a population: `samples`, or 250.
    pub fn particles(&self) -> usize {
        self.samples.unwrap_or(250)
    }

    /// Draws in a step of a full-batch path.
    pub fn full_batch_draws(&self) -> usize {
        match self.draws {
            Draws::Auto => 8,
            Draws::Shared => 1,
            Draws::Number(n) => n,
        }
    }

    /// Whether `without` names a rewrite.
    pub fn leaves_out(&self, rewrite: Rewrite) -> bool {
        self.without.iter().any(|n| n == rewrite.name())
    }

    /// Whether `with` names a rewrite.
    pub fn asks_for(&self, rewrite: Rewrite) -> bool {
        self.with.iter().any(|n| n == rewrite.name())
    }

    fn set(&mut self, setting: &Setting) -> Result<(), Diagnostic> {
        let word = match &setting.value {
            SettingValue::Word(w) => w.as_str(),
            _ => "",
        };
        match setting.name.as_str() {
            "method" => {
                self.method = named(setting, &Method::ALL)?;
            }
            "guide" => {
                self.guide = named(setting, &GuideChoice::ALL)?;
            }
            "rank" => self.rank = whole(setting, 1.0)?.map_or(10, |n| n as usize),
            "steps" => self.steps = whole(setting, 1.0)?.map(|n| n as u64),
            "epochs" => self.epochs = number(setting, 1e-9)?,
            "batch" if word == "all" => self.batch = Batch::All,
            "batch" => self.batch = whole(setting, 1.0)?.map_or(Batch::Auto, |n| Batch::Rows(n as usize)),
            "draws" if word == "shared" => self.draws = Draws::Shared,
            "draws" => self.draws = whole(setting, 1.0)?.map_or(Draws::Auto, |n| Draws::Number(n as usize)),
            "optimizer" => {
                self.optimizer = named(setting, &Optimizer::ALL)?;
            }
            "learning_rate" => self.learning_rate = number(setting, 0.0)?,
            "precision" => {
                self.precision = match word {
                    "f32" => Precision::F32,
                    "f64" => Precision::F64,
                    _ => Precision::Auto,
                }
            }
            "restarts" => self.restarts = whole(setting, 1.0)?.map(|n| n as usize),
            "mix" => {
                self.mix = match word {
                    "true" => Mix::Even,
                    "elbo" => Mix::Elbo,
                    _ => Mix::No,
                }
            }
            "without" => {
                if let SettingValue::Words(names) = &setting.value {
                    self.without = names.clone();
                }
            }
            "with" => {
                if let SettingValue::Words(names) = &setting.value {
                    self.with = names.clone();
                }
                if let Some(both) = self.with.iter().find(|n| self.without.contains(n)) {
                    let d = Diagnostic::new("O001", format!("`{both}` stands in `with` and in `without`"));
                    return Err(place(d, setting, "asked for here").help("keep one of them"));
                }
            }
            "kl_weight" => self.kl_weight = number(setting, f64::MIN_POSITIVE)?.unwrap_or(1.0),
            "warmup" if matches!(word, "off" | "auto") => self.warmup = 0,
            "warmup" => self.warmup = whole(setting, 0.0)?.map_or(0, |n| n as u64),
            "predict_draws" => self.predict_draws = whole(setting, 2.0)?.map_or(100, |n| n as usize),
            "seed" => self.seed = whole(setting, 0.0)?.unwrap_or(0.0) as u64,
            "chains" => self.chains = whole(setting, 1.0)?.map_or(4, |n| n as usize),
            "samples" => self.samples = whole(setting, 1.0)?.map(|n| n as usize),
            "target_accept" => match number(setting, f64::MIN_POSITIVE)? {
                Some(x) if x >= 1.0 => {
                    let d = Diagnostic::new("O001", "`target_accept` takes a number between 0 and 1");
                    return Err(place(d, setting, "").help("the default is 0.8; 0.95 has smaller steps"));
                }
                target => self.target_accept = target.unwrap_or(0.8),
            },
            "tune" => self.tune = whole(setting, 0.0)?.map(|n| n as usize),
            _ => {}
        }
        Ok(())
    }
}

fn span(setting: &Setting) -> Span {
    setting.span.unwrap_or_default()
}

fn place(d: Diagnostic, setting: &Setting, text: &str) -> Diagnostic {
    if setting.span.is_some() { d.at(span(setting), text) } else { d }
}

/// The value of this name in a table; the check before has refused all others.
fn named<T: Copy>(setting: &Setting, all: &[(T, &'static str)]) -> Result<T, Diagnostic> {
    let found = match &setting.value {
        SettingValue::Word(word) => all.iter().find(|(_, name)| name == word),
        _ => None,
    };
    found.map(|(value, _)| *value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
        let d = Diagnostic::new("O001", format!("`{}` takes one of {}", setting.name, names.join(", ")));
        place(d, setting, "asked for here").help("leave the option out to get the default")
    })
}

/// A number of at least `least`, or none for `auto`.
fn number(setting: &Setting, least: f64) -> Result<Option<f64>, Diagnostic> {
    match &setting.value {
        SettingValue::Word(w) if w == "auto" => Ok(None),
        SettingValue::Number(x) if *x >= least && x.is_finite() => Ok(Some(*x)),
        _ => Err(place(
            Diagnostic::new(
                "O001",
                format!("`{}` takes a number of at least {least}, or `auto`", setting.name),
            ),
            setting,
            "",
        )),
    }
}

fn whole(setting: &Setting, least: f64) -> Result<Option<f64>, Diagnostic> {
    match number(setting, least)? {
        Some(x) if x != x.floor() || x > 9e15 => Err(place(
            Diagnostic::new("O001", format!("`{}` takes a whole number", setting.name)),
            setting,
            "",
        )),
        other => Ok(other),
    }
}
