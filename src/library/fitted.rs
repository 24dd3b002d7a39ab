//! A fitted model: what it says of its unknowns and of new rows, saved and loaded.

use super::data::{Data, Memory, NAME};
use super::draws::{Draws, Kept};
use super::error::Error;
use super::predictions::Predictions;
use crate::compile::fitted::{Asked, Batch, FittedModel, Levels, Stop, load};
use crate::data::{Dataset, Files};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::memory;
use crate::infer::progress::Silent;
use crate::report;
use crate::run_folder::{self, Run, SummaryRow};
use crate::source::SourceFile;
use std::path::Path;
use std::sync::Arc;

/// A model with its posterior.
///
/// ```
/// use bnnc::{Data, Fit, Fitted, Model};
/// let rows = Data::new().numbers("y", &[1.0, 2.0, 0.5, 1.5]);
/// let model = Model::from_text("mean", "data \"rows\" { y : real }\nm ~ Normal(0, 1)\ny ~ Normal(m, 1)\n");
/// let fitted = model.with_data(&rows)?.fit(&Fit::default())?;
/// assert!((fitted.summary()[0].mean - 1.0).abs() < 0.05);
///
/// let place = std::env::temp_dir().join(format!("bnnc-doc-{}", std::process::id()));
/// fitted.save(&place, true)?;
/// let loaded = Fitted::load(&place)?;
/// std::fs::remove_dir_all(&place).expect("the folder was written");
/// assert_eq!(loaded.predict(&rows)?, fitted.predict(&rows)?);
/// # Ok::<(), bnnc::Error>(())
/// ```
pub struct Fitted {
    fitted: FittedModel,
    /// The rows of the fit; a folder holds none.
    rows: Option<Arc<Dataset>>,
}

/// More draws than anybody needs, as on the command line; a number without a bound would be one of bytes.
const MOST_DRAWS: usize = 1_000_000;

/// How new rows are predicted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predict {
    asked: Asked,
}

impl Predict {
    /// Draws of the posterior, from 1 to 1,000,000, in place of as many as the fit took.
    #[must_use]
    pub fn draws(mut self, draws: usize) -> Predict {
        self.asked.draws = Some(draws.clamp(1, MOST_DRAWS));
        self
    }
    /// Shares below the quantiles of numbers; 0.05, 0.5 and 0.95 unless said.
    #[must_use]
    pub fn quantiles(mut self, shares: &[f64]) -> Predict {
        self.asked.quantiles = shares.to_vec();
        self
    }
    /// Keeps what each draw says.
    #[must_use]
    pub fn keep_draws(mut self) -> Predict {
        self.asked.keeps_draws = true;
        self
    }
    /// Draws the unknowns of a factor's new level from their prior, rather than refusing it.
    #[must_use]
    pub fn new_levels(mut self) -> Predict {
        self.asked.levels = Levels::Global;
        self
    }
    /// Worker threads; the result does not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Predict {
        self.asked.threads = threads.max(1);
        self
    }
}

impl Fitted {
    pub(super) fn of(run: Run, source: &SourceFile) -> Result<Fitted, Error> {
        let fitted = load(run, &source.name).map_err(|findings| Error::of(&findings, source))?;
        Ok(Fitted { fitted, rows: None })
    }

    /// With the rows that the model was fitted on.
    pub(super) fn on(self, rows: Option<Arc<Dataset>>) -> Fitted {
        Fitted { rows, ..self }
    }

    /// Loads a run folder, of this library or of the program.
    ///
    /// # Errors
    /// R001 for what is no whole run.
    pub fn load(folder: impl AsRef<Path>) -> Result<Fitted, Error> {
        let folder = folder.as_ref();
        let run = run_folder::read(folder).map_err(|fault| Error::nowhere(fault.diagnostic(folder)))?;
        let name = folder.join("model.bnn").display().to_string();
        let source = SourceFile::new(name, run.model_text.clone());
        Fitted::of(run, &source)
    }

    /// Writes a run folder with its report; one that is there is replaced only if `replace` says so.
    ///
    /// # Errors
    /// R002 where something is in the way.
    pub fn save(&self, folder: impl AsRef<Path>, replace: bool) -> Result<(), Error> {
        let (folder, run) = (folder.as_ref(), &self.fitted.run);
        let written = run_folder::write(folder, run, &report::extras(run), replace);
        written.map_err(|fault| Error::nowhere(fault.diagnostic(folder)))
    }

    /// Mean, sd and quantiles of every unknown.
    pub fn summary(&self) -> &[SummaryRow] {
        &self.fitted.run.summary
    }

    /// The metrics of the fit: what `metrics.json` holds.
    pub fn metrics(&self) -> serde_json::Value {
        self.fitted.run.metrics.to_json()
    }

    /// What the fit is worth, in sentences.
    pub fn verdict(&self) -> &[String] {
        &self.fitted.run.manifest.verdict
    }

    /// What the compiler and the fit warned of.
    pub fn warnings(&self) -> &[String] {
        &self.fitted.run.manifest.warnings
    }

    /// What was fitted, with which options, on which data: what `manifest.json` holds.
    pub fn manifest(&self) -> serde_json::Value {
        serde_json::to_value(&self.fitted.run.manifest).unwrap_or_default()
    }

    /// The text of the model.
    pub fn model_text(&self) -> &str {
        &self.fitted.run.model_text
    }

    /// Draws of the posterior, and what they say of the rows of the fit: `draws` of each chain, or all of Markov chains
    /// and 4,000 of a guide.
    ///
    /// The rows are those that the model was just fitted on; of a run that was loaded they are given once more, because a
    /// folder holds none. Without rows there are the draws of the unknowns alone.
    ///
    /// ```
    /// use bnnc::{Data, Fit, Model};
    /// let rows = Data::new().numbers("y", &[1.0, 2.0, 0.5, 1.5]);
    /// let model = Model::from_text("mean", "data \"rows\" { y : real }\nm ~ Normal(0, 1)\ny ~ Normal(m, 1)\n");
    /// let draws = model.with_data(&rows)?.fit(&Fit::default())?.draws(None, Some(50))?;
    /// let log_lik = draws.arrays.iter().find(|a| a.group == "log_likelihood").expect("the rows are known");
    /// assert_eq!(log_lik.shape, [1, 50, 4]);
    /// # Ok::<(), bnnc::Error>(())
    /// ```
    ///
    /// # Errors
    /// R006 for rows that are not those of the fit, R005 for more than a quarter of the memory.
    pub fn draws(&self, rows: Option<&Data>, draws: Option<usize>) -> Result<Draws, Error> {
        let of = |findings: Diagnostics| Error::of(&findings, &self.fitted.source);
        if draws.is_some_and(|n| n > MOST_DRAWS) {
            let words = format!("more than {MOST_DRAWS} draws are asked for");
            return Err(of(Diagnostic::new("R005", words).help("ask for fewer draws").into()));
        }
        let rows = match rows {
            Some(rows) => self.fitted.rows_of_fit(&held(rows)?, Some(NAME)).map_err(of)?.map(Arc::new),
            None => self.rows.clone(),
        };
        let exporting = self.fitted.exporting(rows.as_deref(), draws.map(|n| n.max(1)));
        let (bytes, most) = (exporting.contents.bytes(), memory::allowed().map_or(u64::MAX, |all| all / 4));
        if bytes > most {
            let (bytes, most) = (bytes >> 20, most >> 20);
            let words = format!("the draws take {bytes} MiB, and a quarter of the memory is {most} MiB");
            return Err(of(Diagnostic::new("R005", words).help("ask for fewer draws").into()));
        }
        let mut kept = vec![vec![]; exporting.contents.variables.len()];
        let threads = Asked::default().threads;
        let mut store = Kept(&mut kept);
        match self.fitted.export(&exporting, rows.as_deref(), threads, &mut store, &mut Silent) {
            Ok(()) => Ok(Draws::of(exporting, kept)),
            Err(Stop::Findings(findings)) => Err(of(findings)),
            // Memory takes what it is given.
            Err(Stop::Writing(fault)) => Err(of(Diagnostic::new("D015", fault.to_string()).into())),
        }
    }

    /// Predicts new rows; columns are found by name, and the target may be absent.
    ///
    /// # Errors
    /// D001 for a column that is needed and not there, D003 for a level that is not known, and others.
    pub fn predict(&self, rows: &Data) -> Result<Predictions, Error> {
        self.predict_as(rows, &Predict::default())
    }

    /// The same, as asked for.
    ///
    /// # Errors
    /// As [`Fitted::predict`].
    pub fn predict_as(&self, rows: &Data, how: &Predict) -> Result<Predictions, Error> {
        let mut all = Predictions::new(how.asked.quantiles.clone());
        self.each_batch(rows, how.asked.clone(), &mut |batch, has_targets| all.add(batch, has_targets))?;
        Ok(all)
    }

    /// The metrics of rows with their targets, by the names of `metrics.json`; with several targets by target.
    ///
    /// # Errors
    /// As [`Fitted::predict`], and D001 for a target that is not there.
    pub fn evaluate(&self, rows: &Data) -> Result<serde_json::Value, Error> {
        let mut metrics = serde_json::Value::Null;
        let asked = Asked { wants_targets: true, rows: usize::MAX, ..Asked::default() };
        self.each_batch(rows, asked, &mut |batch, _| metrics = batch.metrics().to_json())?;
        Ok(metrics)
    }

    fn each_batch(&self, rows: &Data, asked: Asked, each: &mut dyn FnMut(Batch, bool)) -> Result<(), Error> {
        let file = held(rows)?;
        self.each_of(&file, asked, each).map_err(|findings| Error::of(&findings, &self.fitted.source))
    }

    fn each_of(
        &self,
        file: &dyn Files,
        asked: Asked,
        each: &mut dyn FnMut(Batch, bool),
    ) -> Result<(), Diagnostics> {
        let options = self.fitted.data_options();
        let opened = self.fitted.open(NAME, file)?;
        let mut predicting = self.fitted.predicting(NAME, opened, &options, asked)?;
        let has_targets = predicting.has_targets;
        while let Some(batch) = predicting.next(&mut |_| ())? {
            each(batch, has_targets);
        }
        match predicting.read() {
            0 => Err(Diagnostic::new("D017", format!("{NAME} have no rows")).into()),
            _ => Ok(()),
        }
    }
}

fn held(rows: &Data) -> Result<Memory, Error> {
    rows.file().map_err(|fault| {
        Error::nowhere(Diagnostic::new("D015", format!("the data cannot be held in memory: {fault}")))
    })
}
