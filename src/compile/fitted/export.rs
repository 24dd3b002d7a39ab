//! A fitted model as arrays for other programs: draws of the unknowns, and what each draw says of the rows of the fit.
//!
//! ```text
//! Posterior ─draw d→ value:NAME                              posterior, sample_stats
//!           ─draw d, rows→ log_lik:NAME, a value drawn       log_likelihood, posterior_predictive
//! ```
//!
//! All groups are of the same draws in the same order, those of chains as they came. Rows take memory once; what the
//! draws say of them goes out draw by draw.

use super::{FittedModel, Posterior, axes};
use crate::compile::evaluated::{density_counts, targets_hash};
use crate::compile::fit::MANY_DIMS;
use crate::compile::{data_block, targets};
use crate::data::{self, Dataset, Files, Values as Column, generator::Generator};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::{Executor, NoiseKey};
use crate::export::{Axis, Contents, Elements, Labels, Store, Values, Variable};
use crate::infer::draws::{Joint, variable};
use crate::infer::each_draw::{DrawKey, Source, each_draw};
use crate::infer::error::CannotRun;
use crate::infer::of_rows::of_rows;
use crate::infer::predict::{Seen, predict_seen};
use crate::infer::problem::{Number, Problem};
use crate::infer::progress::Progress;
use crate::infer::settings::Method;
use crate::infer::shown::{Kind, Shown, prediction_tape};
use crate::infer::{of_rows, row_keys};
use crate::model::{ColumnId, Model, Observation};
use crate::passes::optimise;
use crate::plan::plan;
use crate::syntax::ast::{self, DataItem};
use crate::ty::Kind as Of;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;

/// Draws of a guide, unless another number is asked for.
const DRAWS: usize = 4_000;
/// Numbers of a column of inputs that are exported beside the draws.
const MOST_INPUTS: usize = 10_000_000;

/// What is exported.
#[derive(Debug, Clone, Default)]
pub struct Exporting {
    /// The arrays.
    pub contents: Contents,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// Which of the draws are taken.
    taken: Vec<usize>,
    /// What the model calls each array: its group and name.
    names: Vec<(&'static str, String)>,
}

/// Why an export stopped.
#[derive(Debug)]
pub enum Stop {
    /// something is wrong with the run
    Findings(Diagnostics),
    /// what is written to failed
    Writing(io::Error),
}

impl From<io::Error> for Stop {
    fn from(fault: io::Error) -> Stop {
        Stop::Writing(fault)
    }
}

impl FittedModel {
    /// The rows of the fit, read again from what `path` names, or made again by their generator; none if neither is
    /// there. A folder does not say which file is read: it may be a stranger's.
    ///
    /// # Errors
    /// What is wrong with the file; R006 for rows that are not those of the fit.
    pub fn rows_of_fit(&self, files: &dyn Files, path: Option<&str>) -> Result<Option<Dataset>, Diagnostics> {
        let Some(block) = data_block(&self.ast) else { return Ok(None) };
        let mut block = block.clone();
        let mut options = self.options.of_data(&self.ast, self.settings.seed);
        options.targets = targets::only_observed(&self.model);
        if self.settings.method == Method::Prior {
            options.unread = targets::unread(&self.model);
        }
        let is_made = |source: &ast::Source| match source {
            ast::Source::Call { name, .. } => Generator::named(&name.value).is_some(),
            ast::Source::Path(_) => false,
        };
        match path {
            Some(path) => match crate::syntax::source(path) {
                Some(call) => block.source = call,
                None => options.data_override = Some(path.to_owned()),
            },
            None if is_made(&block.source) => {}
            None => return Ok(None),
        }
        // Rows to test on are not exported, and their file is not read.
        let all = block.items.len();
        block.items.retain(|item| !matches!(item, DataItem::Test(source) if !is_made(source)));
        let data = data::load(&block, &self.model.columns, files, &options)?;
        let rows = data.split("train").to_vec();
        let problem = Problem { train: &rows, ..self.problem(&data, 1) };
        let manifest = &self.run.manifest;
        let is_same = match block.items.len() == all {
            true => data.fingerprint == manifest.data.fingerprint,
            false => targets_hash(&problem) == manifest.targets_sha256,
        };
        if !is_same {
            return Err(Diagnostic::new("R006", "these are not the rows that the model was fitted on")
                .note("log likelihoods of other rows are no measure of the fit")
                .help("give the file of the fit; `bnnc predict` and `bnnc eval` take new rows")
                .into());
        }
        Ok(Some(data))
    }

    /// What an export holds: `draws` of each chain, with the rows' groups if there are rows.
    pub fn exporting(&self, data: Option<&Dataset>, draws: Option<usize>) -> Exporting {
        let source = self.posterior.source();
        let (chains, each) = match source.chains() {
            Some((chains, each)) => (chains, draws.map_or(each, |n| n.min(each))),
            None if source.is_point() => (1, 1),
            None if self.joint.dim > MANY_DIMS => (1, draws.unwrap_or(self.settings.predict_draws)),
            None => (1, draws.unwrap_or(DRAWS)),
        };
        let all = source.chains().map_or(each, |(_, all)| all);
        let taken = (0..chains).flat_map(|c| (0..each).map(move |d| c * all + d * all / each)).collect();
        let mut out = Exporting { taken, ..Exporting::default() };
        out.contents.chains = chains;
        out.contents.draws = each;
        out.contents.attributes = self.attributes();
        self.of_unknowns(&mut out, data.is_some());
        if let Some(data) = data {
            self.of_data(&mut out, data);
        }
        out.names = out.contents.variables.iter().map(|v| (v.group, v.name.clone())).collect();
        apart(&mut out.contents);
        out
    }

    fn attributes(&self) -> Vec<(String, Value)> {
        let manifest = &self.run.manifest;
        let objective = &self.run.metrics.objective;
        let mut all = vec![
            ("inference_library".to_owned(), json!("bnnc")),
            ("inference_library_version".to_owned(), json!(manifest.bnnc)),
            ("created_at".to_owned(), json!(manifest.started.replace(' ', "T"))),
            ("model".to_owned(), json!(manifest.model)),
            ("model_sha256".to_owned(), json!(manifest.model_sha256)),
            ("method".to_owned(), manifest.options.get("method").cloned().unwrap_or(Value::Null)),
            ("guide".to_owned(), json!(manifest.guide)),
            ("seed".to_owned(), json!(manifest.seed)),
        ];
        if objective.value.is_finite() {
            let name = if objective.is_elbo { "elbo" } else { "objective" };
            all.push((name.to_owned(), json!(objective.value)));
        }
        all
    }

    /// The groups of draws alone.
    fn of_unknowns(&self, out: &mut Exporting, has_rows: bool) {
        let drawn = |group, name: &str, axes, values| Variable {
            group,
            name: name.to_owned(),
            axes,
            values,
            attributes: vec![],
        };
        let variables = &mut out.contents.variables;
        for latent in &self.joint.latents {
            let unknown = self.model.unknown(latent.unknown);
            let axes = axes::of_unknown(&self.model, unknown);
            variables.push(drawn("posterior", &unknown.name, axes, Values::Reals));
        }
        for (name, id) in self.global_reports() {
            let axes = axes::counted(name, &self.model.expr(id).ty.shape);
            variables.push(drawn("posterior", name, axes, Values::Reals));
        }
        if let Posterior::Chains(chains) = self.posterior() {
            if has_rows {
                variables.push(drawn("sample_stats", "lp", vec![], Values::Reals));
            }
            if !chains.diverging.is_empty() {
                variables.push(drawn("sample_stats", "diverging", vec![], Values::Truths));
            }
            if !chains.steps.is_empty() {
                variables.push(drawn("sample_stats", "n_steps", vec![], Values::Wholes));
            }
        }
    }

    fn global_reports(&self) -> impl Iterator<Item = (&String, crate::model::ExprId)> {
        let is_global = |id: &crate::model::ExprId| self.model.expr(*id).ty.kind == Of::Global;
        self.model.reports.iter().filter(move |(_, id)| is_global(id)).map(|(name, id)| (name, *id))
    }

    /// The groups of rows.
    fn of_data(&self, out: &mut Exporting, data: &Dataset) {
        let model = &self.model;
        let rows = data.split("train");
        let numbers = rows.iter().map(|r| data.numbers[*r as usize] as i64).collect();
        let row = Axis { name: "row".to_owned(), labels: Labels::Numbers(numbers) };
        let with_row = |own: Vec<Axis>| std::iter::once(row.clone()).chain(own).collect::<Vec<Axis>>();
        for o in &model.observations {
            let shape = &model.expr(o.target).ty.shape;
            let axes = with_row(axes::counted(&o.name, shape));
            let kind = if o.dist.is_discrete() { Values::Wholes } else { Values::Reals };
            let attributes = labels(model, o);
            let of = |group, axes: &[Axis], values, attributes: &[(String, Value)]| Variable {
                group,
                name: o.name.clone(),
                axes: axes.to_vec(),
                values,
                attributes: attributes.to_vec(),
            };
            let values = of_rows::of_rows(model, data, o.units.map_or(o.target, |u| u.of), rows);
            let observed = match kind {
                Values::Wholes => Elements::I64(values.into_iter().map(|x| x as i64).collect()),
                _ => Elements::F64(values),
            };
            out.contents.variables.extend([
                of("posterior_predictive", &axes, kind, &attributes),
                of("log_likelihood", &axes[..1], Values::Reals, &[]),
                of("observed_data", &axes, Values::Fixed(observed), &attributes),
            ]);
        }
        let targets = targets::only_observed(model);
        for c in row_keys::reached(&self.joint, &|name| name.starts_with("log_lik:")) {
            let column = model.column(ColumnId(c));
            if column.lag.is_some() || targets.contains(&column.name) {
                continue;
            }
            let count = rows.len().saturating_mul(column.ty.shape.len());
            if count > MOST_INPUTS {
                out.notes
                    .push(format!("the {count} numbers of `{}` are left out of constant_data", column.name));
                continue;
            }
            out.contents.variables.push(Variable {
                group: "constant_data",
                name: column.name.clone(),
                axes: with_row(axes::counted(&column.name, &column.ty.shape)),
                values: Values::Fixed(inputs(column, &data.columns[c as usize], rows)),
                attributes: vec![],
            });
        }
        // Groups stand together.
        let order = ["posterior", "sample_stats", "posterior_predictive", "log_likelihood", "observed_data"];
        let place = |v: &Variable| order.iter().position(|g| *g == v.group).unwrap_or(order.len());
        out.contents.variables.sort_by_key(place);
    }

    /// Sends all draws into a store.
    ///
    /// # Errors
    /// What cannot be written, or run.
    pub fn export(
        &self,
        exporting: &Exporting,
        data: Option<&Dataset>,
        threads: usize,
        store: &mut dyn Store,
        progress: &mut dyn Progress,
    ) -> Result<(), Stop> {
        let from = InOrder { source: self.posterior.source(), taken: &exporting.taken };
        let mut sink = Sink { store, names: &exporting.names, fault: None };
        progress.begin("drawing", exporting.taken.len() as u64);
        self.draw_unknowns(&from, &mut sink, progress).map_err(refused)?;
        progress.end();
        if let Some(data) = data {
            let rows = data.split("train").to_vec();
            let problem = Problem { train: &rows, ..self.problem(data, threads) };
            progress.begin("rows", 2 * exporting.taken.len() as u64);
            if self.joint.dim > MANY_DIMS {
                self.of_rows::<f32>(&problem, &from, &mut sink, progress).map_err(refused)?;
            } else {
                self.of_rows::<f64>(&problem, &from, &mut sink, progress).map_err(refused)?;
            }
            progress.end();
        }
        sink.fault.map_or(Ok(()), |fault| Err(Stop::Writing(fault)))
    }

    /// Values of the unknowns, and the sampler's statistics.
    fn draw_unknowns(
        &self,
        from: &InOrder<'_>,
        sink: &mut Sink<'_>,
        progress: &mut dyn Progress,
    ) -> Result<(), CannotRun> {
        let mut tape = self.joint.tape.clone();
        tape.outputs.retain(|(name, slot)| {
            (name.starts_with("value:") || name.starts_with("report:"))
                && self.joint.tape.get(*slot).kind == Of::Global
        });
        let tape = optimise(&tape, &mut |_, _, _| {});
        let mut executor = Executor::<f64>::new(Arc::new(plan(&tape, 16)?));
        let outputs = executor.program().outputs.clone();
        let mut u = vec![0.0; from.dim()];
        for d in 0..from.taken.len() {
            if sink.fault.is_some() {
                return Ok(());
            }
            from.latents(DrawKey { index: d as u64, ..DrawKey::of(self.settings.seed, 0) }, &mut u);
            executor.set_input(crate::lower::LATENTS, &u);
            executor.begin(NoiseKey::default());
            for output in &outputs {
                let name = output.name.split_once(':').map_or("", |(_, name)| name);
                sink.add("posterior", name, executor.read(output));
            }
            if let Posterior::Chains(chains) = self.posterior() {
                let flag = |v: &[f64]| v.get(from.taken[d]).copied().into_iter().collect::<Vec<f64>>();
                sink.add("sample_stats", "diverging", &flag(&chains.diverging));
                sink.add("sample_stats", "n_steps", &flag(&chains.steps));
            }
            progress.advance(d as u64 + 1, None);
        }
        Ok(())
    }

    /// Log densities and drawn values of the rows.
    fn of_rows<T: Number>(
        &self,
        problem: &Problem<'_>,
        from: &InOrder<'_>,
        sink: &mut Sink<'_>,
        progress: &mut dyn Progress,
    ) -> Result<(), CannotRun> {
        let (model, draws) = (&self.model, from.taken.len());
        if from.chains().is_some() {
            let mut joint = Joint::new(problem)?;
            let (mut u, mut gradient) = (vec![0.0; from.dim()], vec![0.0; from.dim()]);
            for d in 0..draws {
                from.latents(DrawKey { index: d as u64, ..DrawKey::of(self.settings.seed, 0) }, &mut u);
                sink.add("sample_stats", "lp", &[joint.value_and_gradient(&u, &mut gradient)]);
            }
        }
        let outputs: Vec<String> = model.observations.iter().map(|o| format!("log_lik:{}", o.name)).collect();
        let mut tape = self.joint.tape.clone();
        tape.outputs.retain(|(name, _)| outputs.contains(name));
        let tape = optimise(&tape, &mut |_, _, _| {});
        // A row counts with its weight, and a density is of the target in its own units.
        let own: Vec<(Vec<f64>, Vec<f64>)> =
            model.observations.iter().map(|o| in_own_units(problem, o)).collect();
        let source = &problem.rows;
        let mut values = vec![];
        each_draw::<T>(problem, from, (&tape, &outputs), (source, problem.train), draws, &mut |d, all| {
            for ((o, ll), (weight, shift)) in model.observations.iter().zip(all).zip(&own) {
                values.clear();
                values.extend(ll.iter().zip(weight.iter().zip(shift)).map(|(ll, (w, s))| w * ll - s));
                sink.add("log_likelihood", &o.name, &values);
            }
            progress.advance(d as u64 + 1, None);
        })?;
        let (_, shown) = prediction_tape(problem);
        let keys = row_keys::columns(problem.joint);
        let keys = row_keys::keys::<T>(&keys, &|c| problem.width(c), source, problem.train);
        let observed = crate::infer::predict::targets(model, problem, problem.train);
        let mut drawn: Vec<Vec<f64>> =
            model.observations.iter().map(|o| vec![0.0; problem.train.len() * o.target_len(model)]).collect();
        let mut number = 0;
        let mut see = |seen: Seen<'_>| match seen {
            Seen::Classes(place, log_p) => {
                let key = row_keys::mixed(self.settings.seed ^ row_keys::mixed(number));
                let key = row_keys::mixed(key ^ ((1 << 32) | place as u64));
                put(&mut drawn, &shown[place], &classes(log_p, key, &keys));
            }
            Seen::Values(place, values, _) => put(&mut drawn, &shown[place], values),
            Seen::Joint(..) => {}
            Seen::Done(done) => {
                number = done as u64;
                for (o, values) in model.observations.iter().zip(&drawn) {
                    sink.add("posterior_predictive", &o.name, values);
                }
                progress.advance((draws + done) as u64, None);
            }
        };
        predict_seen::<T>(problem, from, source, problem.train, &observed, draws, &mut see)?;
        Ok(())
    }

    fn posterior(&self) -> &Posterior {
        &self.posterior
    }
}

/// Puts the values of one entry of a target among those of the others.
fn put(drawn: &mut [Vec<f64>], shown: &Shown, values: &[f64]) {
    if matches!(shown.kind, Kind::Joint) {
        return;
    }
    let (entry, len) = shown.entry;
    drawn[shown.observation]
        .iter_mut()
        .skip(entry)
        .step_by(len)
        .zip(values)
        .for_each(|(to, from)| *to = *from);
}

/// A class for each row, drawn from its log probabilities.
fn classes(log_p: &[f64], key: u64, keys: &[u64]) -> Vec<f64> {
    let count = log_p.len() / keys.len().max(1);
    let of = |(row, own): (&[f64], &u64)| {
        let mut left: f64 = SmallRng::seed_from_u64(row_keys::mixed(key ^ own)).random();
        // What rounding leaves of the last share is the last class's.
        let at = row.iter().position(|log_p| {
            left -= log_p.exp();
            left < 0.0
        });
        at.unwrap_or(count - 1) as f64
    };
    log_p.chunks(count.max(1)).zip(keys).map(of).collect()
}

/// For each row its weight, and what is subtracted from its log density so that it is per unit of the original.
fn in_own_units(problem: &Problem<'_>, o: &Observation) -> (Vec<f64>, Vec<f64>) {
    let weight = match o.dist.weight {
        Some(weight) => of_rows(problem.model, problem.rows.0, weight, problem.train),
        None => vec![1.0; problem.train.len()],
    };
    let log_scale = o.units.map_or(0.0, |u| crate::compile::statistics::log_scale(problem.model, u.scale));
    let shift = match log_scale == 0.0 {
        true => vec![0.0; weight.len()],
        false => density_counts(problem, o).into_iter().map(|count| count * log_scale).collect(),
    };
    (weight, shift)
}

/// What a class's codes stand for.
fn labels(model: &Model, o: &Observation) -> Vec<(String, Value)> {
    let column = model.columns.iter().find(|c| c.name == o.name);
    let levels = column.map_or(&[] as &[String], |c| &c.levels);
    if levels.is_empty() { vec![] } else { vec![("levels".to_owned(), json!(levels))] }
}

/// A column as it is read: labels of levels, numbers.
fn inputs(column: &crate::model::Column, values: &Column, rows: &[u32]) -> Elements {
    let mut numbers = vec![0.0; rows.len() * values.width()];
    values.copy_rows(rows, &mut numbers);
    if column.level_count() > 0 {
        return Elements::Text(numbers.iter().map(|x| column.label(*x as usize)).collect());
    }
    Elements::F64(numbers)
}

/// No array has the name of an axis of its group: xarray takes such an array for the axis's places.
fn apart(contents: &mut Contents) {
    let axes = |v: &Variable| v.axes.iter().map(|a| (v.group, a.name.clone())).collect::<Vec<_>>();
    let axes: Vec<(&str, String)> = contents.variables.iter().flat_map(axes).collect();
    let is_axis = |v: &Variable| {
        let is_drawn_axis = v.is_drawn() && matches!(v.name.as_str(), "chain" | "draw");
        is_drawn_axis || axes.iter().any(|(group, name)| *group == v.group && *name == v.name)
    };
    for at in 0..contents.variables.len() {
        if is_axis(&contents.variables[at]) {
            contents.variables[at].name.push('_');
        }
    }
}

/// Draws as they are exported: those of chains in their order, others by the keys of predictions.
struct InOrder<'a> {
    source: &'a dyn Source,
    taken: &'a [usize],
}

impl Source for InOrder<'_> {
    fn dim(&self) -> usize {
        self.source.dim()
    }
    fn is_point(&self) -> bool {
        self.source.is_point()
    }
    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        let purpose = if self.chains().is_some() { variable::SUMMARY } else { variable::PREDICT };
        let index = self.taken[key.index as usize] as u64;
        self.source.latents(DrawKey { purpose, index, ..key }, u);
    }
    fn chains(&self) -> Option<(usize, usize)> {
        self.source.chains()
    }
}

/// A store by the names of its arrays, which remembers its first fault.
struct Sink<'a> {
    store: &'a mut dyn Store,
    names: &'a [(&'static str, String)],
    fault: Option<io::Error>,
}

impl Sink<'_> {
    fn add(&mut self, group: &str, name: &str, values: &[f64]) {
        let is_it = |(of, known): &(&str, String)| *of == group && known == name;
        let Some(at) = self.names.iter().position(is_it) else { return };
        if self.fault.is_none() {
            self.fault = self.store.add(at, values).err();
        }
    }
}

fn refused(why: impl Into<CannotRun>) -> Stop {
    Stop::Findings(super::predict::refused(why))
}
