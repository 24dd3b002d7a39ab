//! Everything that is known of a model before it is fitted: tree, columns, models of all alternatives, training rows,
//! and every finding of the stages that look at them.

use super::fit::lowered;
use super::methods::treat;
use super::{Options, constants, data_block, data_choices, earlier, format, indices, statistics, targets};
use crate::check::{Combination, Context, check_each, check_picked};
use crate::data::{self, Dataset, Files};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::engine::Profiler;
use crate::infer::journal::Journal;
use crate::infer::of_rows::of_rows;
use crate::infer::problem::Problem;
use crate::infer::settings::{Batch, Method, Settings};
use crate::infer::{self, asked, idle, path};
use crate::lint::{Lint, Rows, Subject, allow, lint_some};
use crate::model::{Column, ExprId, Model};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, ast};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the stages before inference found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// As written, unless the syntax is wrong.
    pub ast: Option<ast::Ast>,
    /// The combination of alternatives in force, unless something is wrong.
    pub model: Option<Model>,
    /// Its rows and the seed that split them, if they were read.
    pub data: Option<(u64, Arc<Dataset>)>,
    /// Sorted by place.
    pub findings: Diagnostics,
    /// Whether the checker found nothing wrong.
    is_right: bool,
}

/// source → `Ast` → columns → models → rows → advice
pub fn analyse(source: &SourceFile, name: &str, files: &dyn Files, options: &Options) -> Analysis {
    let tree = match syntax::parse(source) {
        Ok(tree) => tree,
        Err(findings) => return Analysis { findings, ..Analysis::default() },
    };
    let mut trees = data_choices::trees(&tree, &options.choose).into_iter();
    let Some(first) = trees.next() else { return Analysis::default() };
    let mut in_force = of_tree(name, files, options, first);
    let others: Vec<Analysis> = trees.map(|other| of_tree(name, files, options, other)).collect();
    merge(&mut in_force, others, &tree);
    let mut findings = std::mem::take(&mut in_force.findings);
    one_cause(&mut findings);
    layout(source, &tree, &mut findings);
    let comments = tree.comments.as_slice();
    let (is_right, has_data) = (in_force.is_right, in_force.data.is_some());
    allow::apply(&mut findings, source, comments, &syntax::statements(source), is_right, has_data);
    findings.sort();
    Analysis { findings, ..in_force }
}

/// The tree and the model of the combination in force alone, without looking at rows.
///
/// # Errors
/// What is wrong with this combination.
pub(super) fn in_force(
    source: &SourceFile,
    name: &str,
    files: &dyn Files,
    options: &Options,
) -> Result<(ast::Ast, Model), Diagnostics> {
    let written = syntax::parse(source)?;
    let Some(tree) = data_choices::trees(&written, &options.choose).into_iter().next() else {
        return Err(Diagnostics::default());
    };
    let (columns, found, context) = before_checking(files, options, &tree.ast, tree.choices);
    if found.has_errors() {
        return Err(found);
    }
    let model = check_picked(&tree.ast, name, &columns, &context)?;
    Ok((tree.ast, model))
}

/// What the checker wants to know beside the tree: the columns, and what the command line says.
fn before_checking(
    files: &dyn Files,
    options: &Options,
    tree: &ast::Ast,
    choices: Vec<(String, String)>,
) -> (Vec<Column>, Diagnostics, Context) {
    let (columns, findings) = match data_block(tree) {
        Some(block) => {
            let unread = targets::perhaps_unread(tree, &options.overrides());
            data::schema(block, files, &data::Options { unread, ..options.of_data(tree, 0) })
        }
        None => (vec![], Diagnostics::default()),
    };
    let context = Context {
        posteriors: earlier::earlier(tree),
        overrides: options.overrides(),
        choices,
        data_arguments: data_block(tree).map_or_else(Vec::new, |d| {
            data::source::settable(&d.source).into_iter().map(str::to_owned).collect()
        }),
    };
    (columns, findings, context)
}

/// One way to choose the data.
fn of_tree(name: &str, files: &dyn Files, options: &Options, tree: data_choices::Tree) -> Analysis {
    let data_choices::Tree { difference, ast: tree, choices } = tree;
    let (columns, mut findings, context) = before_checking(files, options, &tree, choices);
    let (models, found) = check_each(&tree, name, &columns, &context);
    findings.extend(found);
    let is_right = !findings.has_errors() && !models.is_empty();
    let mut data = None;
    if is_right {
        let written = as_written(&tree, name, &columns, context, &models);
        let mut loaded = Loaded { tree: &tree, files, options, sets: vec![] };
        data = advise(&tree, &models, written.as_deref(), &mut loaded, &mut findings);
    }
    // A lint (K003) may have said it with more to say about it.
    if let (false, Some(Combination { model, .. })) = (findings.has_errors(), models.first()) {
        match Settings::of(model) {
            Ok(settings) => {
                let data = data.as_ref().map(|(_, data)| &**data);
                findings.0.extend(of_settings(model, &settings, data, files.room()));
            }
            Err(found) => findings.extend(found),
        }
    }
    if let Some(difference) = difference {
        for finding in &mut findings.0 {
            let more = finding.alternative.take().map_or_else(String::new, |more| format!(", {more}"));
            finding.alternative = Some(format!("{difference}{more}"));
        }
    }
    let model = models.into_iter().next().map(|c| c.model);
    Analysis { ast: Some(tree), model, data, findings, is_right }
}

/// O001 for what is asked for and cannot be; of the rest O007 for what has no effect. The path of a fit depends on the
/// rows, so it is looked at with them.
fn of_settings(model: &Model, settings: &Settings, data: Option<&Dataset>, room: u64) -> Vec<Diagnostic> {
    let refused = match settings.method {
        // The methods that make points of unknowns.
        Method::Map | Method::Mle if !model.correlate().is_empty() => {
            let mut treated = model.clone();
            treat(&mut treated, settings.method);
            asked::of_model(&treated, settings)
        }
        _ => asked::of_model(model, settings),
    };
    if let Some(refused) = refused {
        return vec![refused];
    }
    // Chains and curvature want a density that not every model has.
    let has_density = matches!(settings.method, Method::Laplace | Method::Nuts | Method::Smc);
    let depends_on_rows = asked::depends_on_rows(settings) || idle::depends_on_rows(model);
    let is_asked = has_density || depends_on_rows && settings.method != Method::Prior;
    let lowered = data.filter(|_| is_asked).and_then(|data| {
        // What cannot be lowered says so when it is fitted.
        Some((lowered(model.clone(), data, settings).ok()?, data))
    });
    let problem = lowered.as_ref().map(|(lowered, data)| Problem {
        model: &lowered.model,
        joint: &lowered.joint,
        rows: infer::problem::Rows(data),
        train: data.split("train"),
        settings,
        threads: 1,
        room,
        journal: Journal::default(),
        profiler: Profiler::default(),
        give_up: infer::problem::GiveUp::default(),
    });
    let refused = problem.as_ref().filter(|problem| problem.joint.dim > 0).and_then(|problem| {
        let of_method = has_density.then(|| asked::of_method(problem).err()).flatten();
        let is_stepped = settings.method != Method::Laplace;
        of_method.or_else(|| is_stepped.then(|| asked::possible(problem, path(problem)).err()).flatten())
    });
    match refused {
        Some(refused) => refused.findings().0,
        None => idle::of_model(model, settings, problem.as_ref()),
    }
}

/// The findings of all ways to choose the data: each cause once, and what is unused only if it is in every way that
/// has it.
fn merge(first: &mut Analysis, others: Vec<Analysis>, tree: &ast::Ast) {
    if others.is_empty() {
        return;
    }
    let place = |d: &Diagnostic| (d.code.id(), d.labels.first().map(|l| l.span));
    let is_unused = |d: &Diagnostic| matches!(d.code.id(), "N005" | "N006" | "N007");
    let blocks = data_choices::blocks(&tree.items);
    let is_of_one = |span: Span| blocks.iter().any(|b| b.start <= span.start && span.end <= b.end);
    let way = |a: &Analysis| {
        let found: HashSet<_> = a.findings.0.iter().map(place).collect();
        (found, a.ast.as_ref().map(|tree| data_choices::names(&tree.items)).unwrap_or_default())
    };
    let ways: Vec<_> = std::iter::once(&*first).chain(&others).map(way).collect();
    let counts = |d: &Diagnostic| {
        let Some(span) = d.labels.first().map(|l| l.span).filter(|_| is_unused(d)) else { return true };
        is_of_one(span)
            || ways.iter().all(|(found, names)| found.contains(&place(d)) || !names.contains(&span))
    };
    first.findings.0.retain(counts);
    let mut seen: HashSet<_> = first.findings.0.iter().map(place).collect();
    for finding in others.into_iter().flat_map(|o| o.findings.0) {
        if counts(&finding) && seen.insert(place(&finding)) {
            first.findings.push(finding);
        }
    }
}

/// N005 and P003 have one cause, an unknown that nothing uses, and the error tells more.
fn one_cause(findings: &mut Diagnostics) {
    let place = |d: &Diagnostic| d.labels.first().map(|l| l.span);
    let lost: Vec<_> = findings.0.iter().filter(|d| d.code.id() == "P003").map(place).collect();
    findings.0.retain(|d| d.code.id() != "N005" || !lost.contains(&place(d)));
    // What has two `~` has no size to be held to.
    let twice: Vec<_> =
        findings.0.iter().filter(|d| d.code.id() == "N008").flat_map(|d| &d.labels).map(|l| l.span).collect();
    findings.0.retain(|d| d.code.id() != "T007" || !d.labels.iter().any(|l| twice.contains(&l.span)));
}

/// Z001: the file is not laid out as `bnnc fmt` would.
fn layout(source: &SourceFile, tree: &ast::Ast, findings: &mut Diagnostics) {
    let Some(after) = format::laid_out(source, tree).filter(|after| *after != source.text) else { return };
    let differs = source.text.lines().zip(after.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| source.text.lines().count().min(after.lines().count()));
    let start: usize = source.text.split_inclusive('\n').take(line).map(str::len).sum();
    let end = start + source.text[start..].lines().next().map_or(0, str::len);
    findings.push(
        Diagnostic::new("Z001", "the layout differs from that of `bnnc fmt`")
            .at(Span::new(start, end), "from here on")
            .help("`bnnc fmt FILE` lays it out; what it means stays the same")
            .fix(Span::new(0, source.text.len()), after),
    );
}

/// The models without what `--set` changed, if it changed a constant.
fn as_written(
    tree: &ast::Ast,
    name: &str,
    columns: &[Column],
    context: Context,
    models: &[Combination],
) -> Option<Vec<Combination>> {
    let is_constant = |name: &str| models.iter().any(|m| m.model.constants.iter().any(|(n, _)| n == name));
    let mut context = context;
    let before = context.overrides.len();
    context.overrides.retain(|(name, _)| !is_constant(name));
    if context.overrides.len() == before {
        return None;
    }
    Some(check_each(tree, name, columns, &context).0)
}

/// Looks at the rows and gives advice; the rows of the combination in force.
fn advise(
    tree: &ast::Ast,
    models: &[Combination],
    written: Option<&[Combination]>,
    loaded: &mut Loaded,
    findings: &mut Diagnostics,
) -> Option<(u64, Arc<Dataset>)> {
    let mut in_force = None;
    for (i, combination) in models.iter().enumerate() {
        let model = &combination.model;
        let data = match loaded.of(model) {
            Ok(data) => Some(data),
            Err(found) => {
                // What is wrong with the data is wrong for every alternative.
                if i == 0 {
                    findings.extend(found);
                }
                None
            }
        };
        if i == 0 {
            in_force = data.clone();
        }
        let about = |lint: &Lint| written.is_none() || !lint.is_about_values;
        let mut found = of_combination(tree, model, data.as_ref().map(|(_, d)| &**d), i == 0, about);
        if let Some(other) = written.and_then(|w| w.get(i)) {
            let data = loaded.of(&other.model).ok();
            let about = |lint: &Lint| lint.is_about_values;
            found.extend(of_combination(tree, &other.model, data.as_ref().map(|(_, d)| &**d), false, about));
        }
        for mut finding in found.0 {
            finding.alternative = combination.alternative.clone();
            findings.push(finding);
        }
    }
    in_force
}

/// The findings on one model: those that stop a fit, then advice.
fn of_combination(
    tree: &ast::Ast,
    model: &Model,
    data: Option<&Dataset>,
    is_in_force: bool,
    about: impl Fn(&Lint) -> bool,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    let mut model = model.clone();
    if let Some(data) = data {
        let wrong =
            [indices::inside(&model, data), statistics::resolve(&mut model, data), batch_fits(&model, data)];
        let wrong: Vec<Diagnostics> = wrong.into_iter().filter_map(Result::err).collect();
        if !wrong.is_empty() {
            if is_in_force {
                wrong.into_iter().for_each(|w| found.extend(w));
            }
            return found;
        }
    }
    // Draws from the prior read no target, so there is nothing to compare with.
    let is_prior = Settings::of(&model).is_ok_and(|s| s.method == Method::Prior);
    let rows =
        data.filter(|_| !is_prior).map(|data| TrainingRows { model: &model, data, seen: RefCell::default() });
    let subject = Subject::new(tree, &model, rows.as_ref().map(|r| r as &dyn Rows));
    lint_some(&subject, about)
}

/// G005: a batch is no larger than the training rows.
pub(super) fn batch_fits(model: &Model, data: &Dataset) -> Result<(), Diagnostics> {
    let rows = data.split("train").len();
    let Ok(Settings { batch: Batch::Rows(n), .. }) = Settings::of(model) else { return Ok(()) };
    if n <= rows {
        return Ok(());
    }
    let d = Diagnostic::new("G005", format!("batch {n} is larger than {rows} training rows"));
    let d = match model.settings.iter().find(|s| s.name == "batch").and_then(|s| s.span) {
        Some(span) => d.at(span, "asked for here"),
        None => d,
    };
    Err(d.help("give a smaller `batch`, or `batch = all`").into())
}

/// Rows that were read, by the columns they were read for.
struct Loaded<'a> {
    tree: &'a ast::Ast,
    files: &'a dyn Files,
    options: &'a Options,
    sets: Vec<Read>,
}

/// What was asked for, and what came of it.
struct Read {
    columns: Vec<Column>,
    targets: Vec<String>,
    unread: Vec<String>,
    seed: u64,
    data: Result<Arc<Dataset>, Diagnostics>,
}

impl Loaded<'_> {
    fn of(&mut self, model: &Model) -> Result<(u64, Arc<Dataset>), Diagnostics> {
        let Some(block) = data_block(self.tree) else { return Err(Diagnostics::default()) };
        let settings = Settings::of(model).unwrap_or_default();
        let seed = settings.seed;
        let targets = targets::only_observed(model);
        let unread = if settings.method == Method::Prior { targets::unread(model) } else { vec![] };
        let is_same = |r: &&Read| {
            r.columns == model.columns && r.targets == targets && r.unread == unread && r.seed == seed
        };
        if let Some(known) = self.sets.iter().find(is_same) {
            return known.data.clone().map(|data| (seed, data));
        }
        let options = data::Options {
            targets: targets.clone(),
            unread: unread.clone(),
            ..self.options.of_data(self.tree, seed)
        };
        let data = data::load(block, &model.columns, self.files, &options).map(Arc::new);
        let columns = model.columns.clone();
        self.sets.push(Read { columns, targets, unread, seed, data: data.clone() });
        data.map(|data| (seed, data))
    }
}

/// Numbers that are computed at most for one question of a lint.
const MOST_NUMBERS: usize = 4_000_000;

/// The training rows of a model; what is asked for often is computed once.
struct TrainingRows<'a> {
    model: &'a Model,
    data: &'a Dataset,
    /// In all no more numbers than one expression may have.
    seen: RefCell<HashMap<ExprId, Vec<f64>>>,
}

impl Rows for TrainingRows<'_> {
    fn count(&self) -> usize {
        self.data.split("train").len()
    }

    fn values(&self, id: ExprId) -> Vec<f64> {
        if let Some(values) = self.seen.borrow().get(&id) {
            return values.clone();
        }
        let all = self.data.split("train");
        let width = self.model.expr(id).ty.shape.len().max(1);
        let step = all.len().div_ceil((MOST_NUMBERS / width).max(1)).max(1);
        let some: Vec<u32> = all.iter().step_by(step).copied().collect();
        let values = of_rows(self.model, self.data, id, &some);
        let mut seen = self.seen.borrow_mut();
        if seen.values().map(Vec::len).sum::<usize>() + values.len() <= MOST_NUMBERS {
            seen.insert(id, values.clone());
        }
        values
    }
}

impl Options {
    /// `--set` and the options of the command line that are fit options, in the words of the checker.
    pub(super) fn overrides(&self) -> Vec<(String, String)> {
        let mut all = self.set.clone();
        let given = [
            ("fit.method", self.method.clone()),
            ("fit.steps", self.steps.map(|n| n.to_string())),
            ("fit.epochs", self.epochs.map(|n| n.to_string())),
            ("fit.batch", self.batch.clone()),
            ("fit.seed", self.seed.map(|n| n.to_string())),
        ];
        all.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        all
    }

    /// What reading the data of a model needs to know.
    pub(super) fn of_data(&self, tree: &ast::Ast, seed: u64) -> data::Options {
        let parsed = |(name, value): &(String, String)| Some((name.clone(), value.trim().parse().ok()?));
        let numbers: HashMap<String, f64> = self.set.iter().filter_map(parsed).collect();
        data::Options {
            constants: constants(tree, &numbers),
            data_override: self.data.clone(),
            set: numbers,
            seed,
            targets: vec![],
            unread: vec![],
            walked: targets::walked(&tree.items),
        }
    }
}
