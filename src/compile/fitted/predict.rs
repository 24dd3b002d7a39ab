//! Predictions of new rows, some rows at a time.

use super::FittedModel;
use super::new_levels::{Completed, Extended, NewLabels};
use super::rows::{Needs, known};
use crate::compile::evaluated::{split_metrics, split_predictions, without_row};
use crate::compile::fit::MANY_DIMS;
use crate::compile::{data_block, indices};
use crate::data::new_rows::{Chunk, NewRows};
use crate::data::table::Opened;
use crate::data::{self, Files};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::error::{CannotRun, FitError};
use crate::infer::messages;
use crate::infer::predict::{Predicted, Prediction, Seen, predict_seen, targets};
use crate::infer::problem::Problem;
use crate::infer::row_keys::reached;
use crate::infer::row_reports::row_reports;
use crate::metrics::quantile;
use crate::model::{ExprId, ExprKind, Model};
use crate::run_folder::{SplitMetrics, SplitPredictions};

/// What a prediction should hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Draws of the posterior; none for as many as the fit took.
    pub draws: Option<usize>,
    /// Worker threads; the result does not depend on them.
    pub threads: usize,
    /// Shares below the quantiles of numbers.
    pub quantiles: Vec<f64>,
    /// Whether what each draw says is kept.
    pub keeps_draws: bool,
    /// What becomes of a level of a factor that the fit did not know.
    pub levels: Levels,
    /// Whether each row must have a target, as metrics want it.
    pub wants_targets: bool,
    /// Rows that are read and predicted together.
    pub rows: usize,
}

impl Default for Asked {
    fn default() -> Self {
        Asked {
            draws: None,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
            quantiles: vec![0.05, 0.5, 0.95],
            keeps_draws: false,
            levels: Levels::Error,
            wants_targets: false,
            rows: 8192,
        }
    }
}

/// What becomes of a level of a factor that the fit did not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// it is an error
    Error,
    /// its copies of unknowns are drawn from their prior, given the other unknowns
    Global,
}

/// The predictions of some rows.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Row numbers, targets and reports, as in `predictions/<split>.csv`.
    pub table: SplitPredictions,
    /// What the numbers are made of, one for each target.
    pub predicted: Vec<Prediction>,
    /// For each target of the table, where asked for: what each draw says, `[draws, rows]` or `[draws, rows, classes]`.
    pub draws: Vec<Vec<f64>>,
    /// For each target of the table its quantiles; none for classes.
    pub quantiles: Vec<Vec<Vec<f64>>>,
    /// Rows left out because a value that is needed is missing.
    pub left_out: usize,
    /// Number of draws.
    pub count: usize,
}

impl Batch {
    /// The metrics of these rows, as `metrics.json` has them.
    pub fn metrics(&self) -> SplitMetrics {
        split_metrics("new", self.table.rows.len(), &self.predicted)
    }
}

/// Rows being predicted.
pub struct Predicting<'a> {
    fitted: &'a FittedModel,
    asked: Asked,
    rows: NewRows<'a>,
    needs: Needs,
    new_labels: NewLabels,
    extended: Option<Extended>,
    /// Whether the source has a target at all.
    pub has_targets: bool,
}

impl FittedModel {
    /// Opens a file for predicting, by its name: [`crate::data::new_rows::open`].
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open<'f>(&self, path: &str, files: &'f dyn Files) -> Result<Box<dyn Opened + 'f>, Diagnostics> {
        data::new_rows::open(path, files, &self.options.of_data(&self.ast, 0))
    }

    /// Starts to predict the rows of a source.
    ///
    /// # Errors
    /// D001 for a column that is needed and not there.
    pub fn predicting<'a>(
        &'a self,
        place: &str,
        opened: Box<dyn Opened + 'a>,
        options: &'a data::Options,
        asked: Asked,
    ) -> Result<Predicting<'a>, Diagnostics> {
        let Some(block) = data_block(&self.ast) else {
            return Err(Diagnostic::new("L001", "the model has no data: there is nothing to predict").into());
        };
        if self.model.observations.is_empty() {
            return Err(
                Diagnostic::new("L001", "the model observes nothing: there is nothing to predict").into()
            );
        }
        let compiled = self.run.compiled.clone().unwrap_or_default();
        let needs = self.needs(asked.wants_targets);
        let (known, most_lag) = (known(&compiled), needs.most_lag);
        let rows =
            NewRows::open(block, &known, &needs.required, most_lag, place, opened, options, asked.rows)?;
        let observed: Vec<u32> =
            self.model.observations.iter().flat_map(|o| columns_of(&self.model, o.target)).collect();
        let has_targets = observed.iter().all(|c| rows.has(*c as usize));
        let (new_labels, extended) = (vec![], None);
        Ok(Predicting { fitted: self, asked, rows, needs, new_labels, extended, has_targets })
    }

    /// What reading new rows needs to know of the model's constants.
    pub fn data_options(&self) -> data::Options {
        self.options.of_data(&self.ast, 0)
    }
}

impl Predicting<'_> {
    /// The next rows; `progress` hears of the share of their draws that is done.
    ///
    /// # Errors
    /// What is wrong with the rows.
    pub fn next(&mut self, progress: &mut dyn FnMut(f64)) -> Result<Option<Batch>, Diagnostics> {
        let Some(part) = self.rows.next_part()? else { return Ok(None) };
        let model = &self.fitted.model;
        if self.asked.levels == Levels::Global {
            let new = self.rows.unknown_levels(&part, &model.columns);
            // Every column is asked: two factors may have new levels in the same rows.
            if new.iter().fold(false, |any, (column, labels)| self.added(*column, labels) || any) {
                self.extended = Some(self.fitted.with_levels(&self.new_labels)?);
            }
        }
        let model = self.extended.as_ref().map_or(model, |e| &e.model);
        let chunk = self.rows.dataset(&part, &model.columns, &self.needs.values)?;
        self.predict(&chunk, progress).map(Some)
    }

    /// Rows of the source read so far.
    pub fn read(&self) -> u64 {
        self.rows.read()
    }

    /// Whether one of the labels of a column was not met before; they are kept, so that a level has the same copies in
    /// all parts of a source.
    fn added(&mut self, column: usize, labels: &[String]) -> bool {
        let known = match self.new_labels.iter().position(|(c, _)| *c == column) {
            Some(at) => &mut self.new_labels[at].1,
            None => {
                self.new_labels.push((column, vec![]));
                let last = self.new_labels.len() - 1;
                &mut self.new_labels[last].1
            }
        };
        let before = known.len();
        let seen: std::collections::HashSet<&String> = known.iter().collect();
        let new: Vec<String> = labels.iter().filter(|l| !seen.contains(l)).cloned().collect();
        known.extend(new);
        known.len() > before
    }

    fn predict(&self, chunk: &Chunk, progress: &mut dyn FnMut(f64)) -> Result<Batch, Diagnostics> {
        let (fitted, extended) = (self.fitted, self.extended.as_ref());
        let (model, joint) =
            extended.map_or((&fitted.model, &fitted.joint), |extended| (&extended.model, &extended.joint));
        let data = &chunk.data;
        indices::inside(model, data)?;
        let rows: Vec<u32> = (0..data.rows as u32).collect();
        let of_fit = if extended.is_some() { fitted.settings.predict_draws } else { fitted.draws() };
        let count = if of_fit == 1 { 1 } else { self.asked.draws.unwrap_or(of_fit) };
        if rows.is_empty() {
            return Ok(Batch { left_out: chunk.left_out, count, ..Batch::default() });
        }
        let problem = Problem { model, joint, ..fitted.problem(data, self.asked.threads) };
        let inner = fitted.posterior.source();
        let completed = extended.map(|extended| Completed { inner, extended });
        let from = completed.as_ref().map_or(inner, |completed| completed);
        let observed = targets(model, &problem, &rows);
        let mut draws: Vec<Vec<f64>> = vec![];
        let keeps = self.asked.keeps_draws;
        let mut see = |seen: Seen<'_>| match seen {
            Seen::Done(done) => progress(done as f64 / count as f64),
            Seen::Classes(place, values) if keeps => {
                keep(&mut draws, place).extend(values.iter().map(|log_p| log_p.exp()));
            }
            Seen::Values(place, values, _) if keeps => keep(&mut draws, place).extend_from_slice(values),
            Seen::Joint(place, _) if keeps => drop(keep(&mut draws, place)),
            Seen::Classes(..) | Seen::Values(..) | Seen::Joint(..) => {}
        };
        let predicted = if problem.joint.dim > MANY_DIMS {
            predict_seen::<f32>(&problem, from, &problem.rows, &rows, &observed, count, &mut see)
        } else {
            predict_seen::<f64>(&problem, from, &problem.rows, &rows, &observed, count, &mut see)
        }
        .map_err(refused)?;
        let mut table = split_predictions(model, data, "new", &rows, &predicted);
        let can_report = |name: &str| {
            let wanted = format!("report:{name}");
            let columns = reached(joint, &|n| n == wanted);
            columns.iter().all(|c| chunk.missing[*c as usize].iter().all(|missing| !missing))
        };
        let reports = row_reports::<f64>(&problem, from, &problem.rows, &rows, count, &can_report);
        table.reports = reports
            .map_err(refused)?
            .into_iter()
            .flat_map(|r| [(r.name.clone(), r.mean), (format!("{}_sd", r.name), r.sd)])
            .collect();
        let is_shown = |p: &&Prediction| !matches!(p.values, Predicted::Joint { .. });
        for (p, shown) in predicted.iter().filter(is_shown).zip(&mut table.targets) {
            let of = model
                .observations
                .iter()
                .find(|o| p.name == o.name || p.name.starts_with(&format!("{}[", o.name)));
            let columns = of.map_or_else(Vec::new, |o| columns_of(model, o.target));
            let lacks = |row: usize| columns.iter().any(|c| chunk.missing[*c as usize][row]);
            (0..rows.len()).filter(|row| lacks(*row)).for_each(|row| without_row(shown, row));
        }
        let quantiles =
            predicted.iter().filter(is_shown).map(|p| quantiles(p, &self.asked.quantiles)).collect();
        if keeps {
            let mut shown = predicted.iter().map(|p| !matches!(p.values, Predicted::Joint { .. }));
            draws.retain(|_| shown.next().unwrap_or(true));
        }
        Ok(Batch { table, predicted, draws, quantiles, left_out: chunk.left_out, count })
    }
}

/// The draws of a target, in its place.
fn keep(draws: &mut Vec<Vec<f64>>, place: usize) -> &mut Vec<f64> {
    if draws.len() <= place {
        draws.resize(place + 1, vec![]);
    }
    &mut draws[place]
}

/// Quantiles of numbers, one list for each share.
fn quantiles(p: &Prediction, shares: &[f64]) -> Vec<Vec<f64>> {
    let Predicted::Numbers { summary, .. } = &p.values else { return vec![] };
    let of_row = |share: f64| move |row: &[f64]| quantile(row, share);
    let rows = || summary.samples.chunks(summary.draws.max(1));
    shares.iter().map(|share| rows().map(of_row(*share)).collect()).collect()
}

/// The columns that an expression reads.
fn columns_of(model: &Model, id: ExprId) -> Vec<u32> {
    let (mut open, mut found) = (vec![id], vec![]);
    while let Some(id) = open.pop() {
        if let ExprKind::Column(c) = model.expr(id).kind {
            found.push(c.0);
        }
        open.extend(model.expr(id).kind.operands());
    }
    found.sort_unstable();
    found.dedup();
    found
}

pub(super) fn refused(why: impl Into<CannotRun>) -> Diagnostics {
    match messages::refused(why) {
        FitError::Refused(d) | FitError::Diverged(d) => d.into(),
        // Nothing here asks a prediction to stop.
        FitError::Interrupted => Diagnostics::default(),
    }
}
