//! `Model`: checked, and fitted with progress that Python hears and may end.

use super::fitted::Fitted;
use super::guard::{Finding, detached, raised};
use super::rows::{Column, data};
use bnnc::{Fit, Progress};
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A model's text, or the file it stands in.
#[pyclass(frozen, module = "bnnc._bnnc")]
pub struct Model(bnnc::Model);

/// Python hears of progress, and of Ctrl-C, no more often than this.
const BETWEEN: Duration = Duration::from_millis(50);

/// How a model is fitted, as Python gives it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct How {
    seed: Option<u64>,
    steps: Option<u64>,
    method: Option<String>,
    threads: Option<usize>,
    set: Vec<(String, String)>,
    choose: Vec<(String, String)>,
}

impl How {
    fn fit(&self) -> Fit {
        let mut fit = Fit::default();
        if let Some(seed) = self.seed {
            fit = fit.seed(seed);
        }
        if let Some(steps) = self.steps {
            fit = fit.steps(steps);
        }
        if let Some(method) = &self.method {
            fit = fit.method(method);
        }
        if let Some(threads) = self.threads {
            fit = fit.threads(threads.max(1));
        }
        fit = self.set.iter().fold(fit, |fit, (name, value)| fit.set(name, value));
        self.choose.iter().fold(fit, |fit, (name, label)| fit.choose(name, label))
    }
}

#[pymethods]
impl Model {
    /// The model in a file; paths in it are relative to the file.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Model> {
        bnnc::Model::open(path).map(Model).map_err(|error| raised(py, error))
    }

    /// A model of this name with this text; paths in it are relative to the working directory.
    #[staticmethod]
    fn of(name: &str, text: &str) -> Model {
        Model(bnnc::Model::from_text(name, text))
    }

    /// Everything there is to say about the model, with its own rows or others.
    fn check(&self, py: Python<'_>, rows: Option<Vec<Column>>, how: How) -> PyResult<Vec<Finding>> {
        let (model, fit) = (self.on(py, rows)?, how.fit());
        let findings = detached(py, || Ok(model.check_as(&fit)))?;
        Ok(findings.into_iter().map(Finding::from).collect())
    }

    /// Fits the model; `progress(stage, done, total, elbo)` hears of it and ends it by returning False or raising.
    fn fit(
        &self,
        py: Python<'_>,
        rows: Option<Vec<Column>>,
        how: How,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Fitted> {
        let (model, fit) = (self.on(py, rows)?, how.fit());
        let mut heard = Heard { progress, last: None, fault: None };
        let fitted = detached(py, || model.fit_with(&fit, &mut |now| heard.hear(now)));
        match heard.fault {
            Some(fault) => Err(fault),
            None => fitted.map(Fitted::from),
        }
    }
}

impl Model {
    fn on(&self, py: Python<'_>, rows: Option<Vec<Column>>) -> PyResult<bnnc::Model> {
        match rows {
            Some(columns) => self.0.clone().with_data(&data(columns)?).map_err(|error| raised(py, error)),
            None => Ok(self.0.clone()),
        }
    }
}

/// Who hears of progress, and what came of it.
struct Heard {
    progress: Option<Py<PyAny>>,
    last: Option<Instant>,
    fault: Option<PyErr>,
}

impl Heard {
    fn hear(&mut self, now: &Progress) -> ControlFlow<()> {
        let is_border = now.done == 0 || now.done == now.total;
        if self.fault.is_some() || !is_border && self.last.is_some_and(|last| last.elapsed() < BETWEEN) {
            return if self.fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        self.last = Some(Instant::now());
        let told = Python::attach(|py| {
            py.check_signals()?;
            let Some(progress) = &self.progress else { return Ok(true) };
            let answer = progress.bind(py).call1((&now.stage, now.done, now.total, now.elbo))?;
            Ok(!answer.is(&*pyo3::types::PyBool::new(py, false)))
        });
        match told {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(fault) => {
                self.fault = Some(fault);
                ControlFlow::Break(())
            }
        }
    }
}
