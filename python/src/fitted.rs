//! `Fitted`: predictions, summaries, draws, and a run folder.

use super::guard::detached;
use super::rows::{Column, data};
use bnnc::{Axis, Elements, Predict, Predictions};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A model with its posterior; threads take turns.
#[pyclass(frozen, module = "bnnc._bnnc")]
pub struct Fitted(Mutex<bnnc::Fitted>);

impl From<bnnc::Fitted> for Fitted {
    fn from(fitted: bnnc::Fitted) -> Fitted {
        Fitted(Mutex::new(fitted))
    }
}

impl Fitted {
    /// Asks the fitted model for something. Its turn is waited for without the interpreter's lock, which whoever has it may
    /// want before the turn ends.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        of: impl FnOnce(&bnnc::Fitted) -> Result<T, bnnc::Error> + Send,
    ) -> PyResult<T> {
        // Nothing is changed in there, so nothing is half changed after a panic.
        detached(py, || of(&self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Elements as Python takes them: NumPy's word for their type with their bytes, or a list of labels.
type Out<'py> = (String, Bound<'py, PyAny>);

/// What is asked of predictions.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    draws: Option<usize>,
    quantiles: Option<Vec<f64>>,
    keep_draws: bool,
    new_levels: bool,
    threads: Option<usize>,
}

impl Asked {
    fn predict(&self) -> Predict {
        let mut how = Predict::default();
        if let Some(draws) = self.draws {
            how = how.draws(draws);
        }
        if let Some(shares) = &self.quantiles {
            how = how.quantiles(shares);
        }
        if let Some(threads) = self.threads {
            how = how.threads(threads);
        }
        if self.new_levels {
            how = how.new_levels();
        }
        if self.keep_draws { how.keep_draws() } else { how }
    }
}

/// Loads a run folder, of this package or of the program.
#[pyfunction]
pub fn load(py: Python<'_>, folder: PathBuf) -> PyResult<Fitted> {
    detached(py, || bnnc::Fitted::load(&folder)).map(Fitted::from)
}

#[pymethods]
impl Fitted {
    /// The columns of predictions of new rows, and how many rows were left out.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        rows: Vec<Column>,
        asked: Asked,
    ) -> PyResult<(Vec<(String, Out<'py>)>, usize)> {
        let (rows, how) = (data(rows)?, asked.predict());
        let predictions = self.ask(py, |fitted| fitted.predict_as(&rows, &how))?;
        let names = predictions.names();
        let of = |name: &&str| Ok(((*name).to_owned(), out(py, &column(&predictions, name))?));
        Ok((names.iter().map(of).collect::<PyResult<_>>()?, predictions.left_out()))
    }

    /// The metrics of rows with their targets, as JSON.
    fn evaluate(&self, py: Python<'_>, rows: Vec<Column>) -> PyResult<String> {
        let rows = data(rows)?;
        Ok(self.ask(py, |fitted| fitted.evaluate(&rows))?.to_string())
    }

    /// The columns of `summary.csv`.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Out<'py>)>> {
        let rows = self.ask(py, |fitted| Ok(fitted.summary().to_vec()))?;
        let numbers = |name: &str, of: &dyn Fn(&bnnc::SummaryRow) -> f64| {
            (name.to_owned(), Elements::F64(rows.iter().map(of).collect()))
        };
        let names = Elements::Text(rows.iter().map(|r| r.variable.clone()).collect());
        let mut columns = vec![
            ("variable".to_owned(), names),
            numbers("mean", &|r| r.mean),
            numbers("sd", &|r| r.sd),
            numbers("q05", &|r| r.q05),
            numbers("q50", &|r| r.q50),
            numbers("q95", &|r| r.q95),
        ];
        if rows.iter().any(|r| r.convergence.is_some()) {
            columns.extend([
                numbers("rhat", &|r| r.convergence.as_ref().map_or(f64::NAN, |c| c.rhat)),
                numbers("ess_bulk", &|r| r.convergence.as_ref().map_or(f64::NAN, |c| c.ess_bulk)),
                numbers("ess_tail", &|r| r.convergence.as_ref().map_or(f64::NAN, |c| c.ess_tail)),
                numbers("mcse", &|r| r.convergence.as_ref().map_or(f64::NAN, |c| c.mcse)),
            ]);
        }
        columns.into_iter().map(|(name, elements)| Ok((name, out(py, &elements)?))).collect()
    }

    /// What `metrics.json` holds.
    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |fitted| Ok(fitted.metrics().to_string()))
    }

    /// What `manifest.json` holds.
    fn manifest(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |fitted| Ok(fitted.manifest().to_string()))
    }

    /// What the fit is worth, in sentences.
    fn verdict(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |fitted| Ok(fitted.verdict().to_vec()))
    }

    /// What the compiler and the fit warned of.
    fn warnings(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.ask(py, |fitted| Ok(fitted.warnings().to_vec()))
    }

    /// The text of the model.
    fn model(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |fitted| Ok(fitted.model_text().to_owned()))
    }

    /// Writes a run folder.
    fn save(&self, py: Python<'_>, folder: PathBuf, replace: bool) -> PyResult<()> {
        self.ask(py, |fitted| fitted.save(&folder, replace))
    }

    /// Draws as arrays: group, name, whether drawn and true or false, axes with their places, sizes, elements,
    /// attributes as JSON; and attributes of the whole, and notes.
    #[expect(clippy::type_complexity, reason = "taken apart in one place, `_arviz.py`")]
    fn draws<'py>(
        &self,
        py: Python<'py>,
        rows: Option<Vec<Column>>,
        draws: Option<usize>,
    ) -> PyResult<(
        Vec<(String, String, (bool, bool), Vec<(String, Out<'py>)>, Vec<usize>, Out<'py>, String)>,
        String,
        Vec<String>,
    )> {
        let rows = rows.map(data).transpose()?;
        let all = self.ask(py, |fitted| fitted.draws(rows.as_ref(), draws))?;
        let axis = |a: &Axis| Ok((a.name.clone(), out(py, &a.labels.elements())?));
        let array = |a: &bnnc::DrawArray| {
            Ok((
                a.group.clone(),
                a.name.clone(),
                (a.is_drawn, a.is_truth),
                a.axes.iter().map(axis).collect::<PyResult<_>>()?,
                a.shape.clone(),
                out(py, &a.elements)?,
                json(&a.attributes),
            ))
        };
        let arrays = all.arrays.iter().map(array).collect::<PyResult<_>>()?;
        Ok((arrays, json(&all.attributes), all.notes.clone()))
    }
}

fn json(attributes: &[(String, serde_json::Value)]) -> String {
    serde_json::Value::Object(attributes.iter().cloned().collect()).to_string()
}

fn column(predictions: &Predictions, name: &str) -> Elements {
    match (predictions.labels(name), predictions.numbers(name)) {
        (Some(labels), _) => Elements::Text(labels.to_vec()),
        (None, Some(numbers)) if name == "row" => {
            Elements::I64(numbers.into_iter().map(|row| row as i64).collect())
        }
        (None, numbers) => Elements::F64(numbers.map_or_else(Vec::new, |n| n.to_vec())),
    }
}

fn out<'py>(py: Python<'py>, elements: &Elements) -> PyResult<Out<'py>> {
    let cells = match elements {
        Elements::Text(words) => PyList::new(py, words)?.into_any(),
        Elements::F64(_) | Elements::F32(_) | Elements::I64(_) | Elements::U8(_) => {
            PyBytes::new(py, &elements.bytes()).into_any()
        }
    };
    let descr = if matches!(elements, Elements::Text(_)) { "text".to_owned() } else { elements.descr() };
    Ok((descr, cells))
}
