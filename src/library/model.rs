//! A model, and how it is fitted.

use super::data::{Data, NAME};
use super::error::{Error, Finding};
use super::fitted::Fitted;
use super::progress::{Progress, Told, journal};
use crate::compile::{Options, Ready, Session};
use crate::diagnostic::Diagnostic;
use crate::report;
use std::ops::ControlFlow;
use std::path::Path;

/// A model's text, with the rows it is fitted on.
///
/// ```
/// let model = bnnc::Model::from_text("coin", "data \"rows\" { y : bool }\np ~ Beta(1, 1)\ny ~ Bernouli(p)\n");
/// let rows = bnnc::Data::new().numbers("y", &[1.0, 0.0, 1.0]);
/// let findings = model.with_data(&rows)?.check();
/// assert!(findings.iter().any(|f| f.is_error && f.text.contains("Bernoulli")), "{findings:?}");
/// # Ok::<(), bnnc::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    name: String,
    text: String,
    data: Option<Data>,
}

/// How a model is fitted; what is not said is as in the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    options: Options,
}

impl Fit {
    /// Overrides a constant or a fit option of the model, as `--set NAME=VALUE` does.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Fit {
        self.options.set.push((name.to_owned(), value.to_owned()));
        self
    }
    /// Picks an alternative of a `choose`.
    #[must_use]
    pub fn choose(mut self, name: &str, label: &str) -> Fit {
        self.options.choose.push((name.to_owned(), label.to_owned()));
        self
    }
    /// The key of all noise, splits and permutations.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Fit {
        self.options.seed = Some(seed);
        self
    }
    /// `advi`, `map`, `mle`, `laplace`, `nuts`, `smc` or `prior`.
    #[must_use]
    pub fn method(mut self, method: &str) -> Fit {
        self.options.method = Some(method.to_owned());
        self
    }
    /// Optimiser steps, in place of the model's.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Fit {
        self.options.steps = Some(steps);
        self
    }
    /// Worker threads; the result does not depend on them.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Fit {
        self.options.threads = Some(threads);
        self
    }
}

impl Model {
    /// A model of this name with this text; paths in it are relative to where the program runs.
    pub fn from_text(name: &str, text: &str) -> Model {
        Model { name: format!("{name}.bnn"), text: text.to_owned(), data: None }
    }

    /// The model in a file; paths in it are relative to the file.
    ///
    /// # Errors
    /// O004 for a file that cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Model, Error> {
        let path = path.as_ref();
        let session = Session::open(path, Options::default()).map_err(Error::nowhere)?;
        let text = session.source().text.clone();
        Ok(Model { name: path.display().to_string(), text, data: None })
    }

    /// The same model with rows from memory in place of those its data block names.
    ///
    /// # Errors
    /// D015 for rows that cannot be held.
    pub fn with_data(self, data: &Data) -> Result<Model, Error> {
        if data.names().is_empty() {
            return Err(Error::nowhere(Diagnostic::new("D017", "the data have no columns")));
        }
        Ok(Model { data: Some(data.clone()), ..self })
    }

    /// Everything there is to say about the model, sorted by place; nothing of it may be an error.
    pub fn check(&self) -> Vec<Finding> {
        self.check_as(&Fit::default())
    }

    /// The same of the model with these settings in force.
    pub fn check_as(&self, how: &Fit) -> Vec<Finding> {
        match self.session(&how.options) {
            Ok(session) => Finding::all(&session.check(), session.source()),
            Err(error) => error.findings,
        }
    }

    /// Fits the model.
    ///
    /// # Errors
    /// What is wrong with the model or its rows, or a fit that diverged.
    pub fn fit(&self, how: &Fit) -> Result<Fitted, Error> {
        self.fit_with(how, &mut |_| ControlFlow::Continue(()))
    }

    /// Fits the model; `progress` hears where it stands and may end it with `ControlFlow::Break`.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// let rows = bnnc::Data::new().numbers("y", &[1.0, 2.0, 0.5]);
    /// let model = bnnc::Model::from_text("mean", "data \"rows\" { y : real }\nm ~ Normal(0, 1)\ny ~ Normal(m, 1)\n");
    /// let mut heard = 0;
    /// model.with_data(&rows)?.fit_with(&bnnc::Fit::default(), &mut |progress| {
    ///     heard += 1;
    ///     assert!(progress.done <= progress.total);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(heard > 0);
    /// # Ok::<(), bnnc::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::fit`]; one with `is_cancelled` where the caller ended it.
    pub fn fit_with(
        &self,
        how: &Fit,
        progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Fitted, Error> {
        let session = self.session(&how.options)?;
        let findings = session.check();
        if findings.has_errors() {
            return Err(Error::of(&findings, session.source()));
        }
        let journal = journal();
        let mut told = Told::new(progress, journal.clone());
        let fitted = Ready::new(&session).and_then(|ready| ready.fit(journal.clone(), &mut told));
        match fitted {
            // What is asked to stop after the last step is stopped too.
            Ok(_) if journal.is_stopping() => Err(Error { findings: vec![], is_cancelled: true }),
            Ok(mut run) => {
                run.manifest.verdict = report::verdict(&run);
                Ok(Fitted::of(run, session.source())?.on(session.data().ok()))
            }
            Err(failure) => {
                let error = Error::of(&failure.diagnostics, session.source());
                Err(Error { is_cancelled: failure.exit == 130, ..error })
            }
        }
    }

    fn session(&self, options: &Options) -> Result<Session, Error> {
        let session = Session::of(Path::new(&self.name), self.text.clone(), options.clone());
        let Some(data) = &self.data else { return Ok(session) };
        let file = data.file().map_err(|fault| {
            Error::nowhere(Diagnostic::new("D015", format!("the data cannot be held in memory: {fault}")))
        })?;
        Ok(session.with_rows(NAME, Box::new(file)))
    }
}
