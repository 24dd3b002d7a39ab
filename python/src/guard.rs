//! Errors on their way to Python: findings as they read in the terminal, a panic as an error of ours.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One thing there is to say about a model, its data or a run; `str()` of it reads as in the terminal.
#[pyclass(frozen, module = "bnnc")]
#[derive(Debug, Clone)]
pub struct Finding(bnnc::Finding);

#[pymethods]
impl Finding {
    /// `T010`: `bnnc explain T010` says more.
    #[getter]
    fn code(&self) -> &str {
        &self.0.code
    }

    /// `error`, `warning` or `note`.
    #[getter]
    fn severity(&self) -> &'static str {
        match (self.0.is_error, self.0.is_warning) {
            (true, _) => "error",
            (false, true) => "warning",
            (false, false) => "note",
        }
    }

    /// What is wrong, in one line.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// The line of the model it points at, from 1; None if it has no place there.
    #[getter]
    fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// With the place in the model and the way out, as the terminal shows it.
    #[getter]
    fn text(&self) -> &str {
        self.0.text.trim_end()
    }

    fn __str__(&self) -> &str {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!("<{} {}: {}>", self.severity(), self.0.code, self.0.message)
    }
}

impl From<bnnc::Finding> for Finding {
    fn from(finding: bnnc::Finding) -> Finding {
        Finding(finding)
    }
}

/// `bnnc.Error`, or `bnnc.Cancelled` where the caller asked to stop.
pub fn raised(py: Python<'_>, error: bnnc::Error) -> PyErr {
    let name = if error.is_cancelled { "Cancelled" } else { "Error" };
    let text = error.to_string();
    let findings: Vec<Finding> = error.findings.into_iter().map(Finding::from).collect();
    let made = || py.import("bnnc._errors")?.getattr(name)?.call1((text, findings));
    match made() {
        Ok(exception) => PyErr::from_value(exception),
        Err(fault) => fault,
    }
}

/// Does some work without the interpreter's lock; what it panics of becomes an error.
pub fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, bnnc::Error> + Send,
) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(done) => done.map_err(|error| raised(py, error)),
        Err(panic) => {
            let words = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(PyRuntimeError::new_err(format!("bnnc has a fault, please report it: {words}")))
        }
    }
}
