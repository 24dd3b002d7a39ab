//! A run to a fitted model: the same stages as a fit, with what the folder recorded in place of the data.

use super::FittedModel;
use super::posterior::Posterior;
use super::rows::known;
use crate::check::{Context, check};
use crate::compile::{self, data_block, data_choices, earlier, methods};
use crate::data::{self, new_rows};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::infer::settings::{Method, Settings};
use crate::lower::{Parameterization, lower, with_scale_mixtures};
use crate::model::Model;
use crate::rewrites::Rewrite;
use crate::run_folder::{Compiled, Run};
use crate::source::SourceFile;
use crate::syntax::{self, ast::Ast};

/// Makes a run usable again; `name` is what messages call its model file.
///
/// # Errors
/// R001 where the folder does not hold what a fit writes.
pub fn load(run: Run, name: &str) -> Result<FittedModel, Diagnostics> {
    let source = SourceFile::new(name, run.model_text.clone());
    let Some(compiled) = run.compiled.clone() else {
        return Err(Diagnostic::new(
            "R001",
            "this run was written by an earlier bnnc, which kept less of the model",
        )
        .help("fit the model again: the source is model.bnn in the folder, the command in manifest.json")
        .into());
    };
    let options = options(&compiled);
    let (ast, model, settings) = treated_again(&source, &run, &compiled, &options)?;
    let joint = lower(&model, &parameterization(&model, &run));
    let posterior = Posterior::read(&run, &compiled, &model, &joint, &settings)?;
    Ok(FittedModel { run, source, ast, model, joint, settings, posterior, options })
}

/// The tree, the model as its method treats it, and its settings.
pub(super) fn treated_again(
    source: &SourceFile,
    run: &Run,
    compiled: &Compiled,
    options: &compile::Options,
) -> Result<(Ast, Model, Settings), Diagnostics> {
    let (ast, mut model) = compiled_again(source, run, compiled, options)?;
    let settings = Settings::of(&model)?;
    if model.statistics.len() != compiled.statistics.len() {
        return Err(damaged("compiled.json has other numbers than the model asks for"));
    }
    for (statistic, values) in model.statistics.iter_mut().zip(&compiled.statistics) {
        statistic.values.clone_from(&values.0);
    }
    methods::treat(&mut model, settings.method);
    if settings.asks_for(Rewrite::ScaleMixture) && settings.method != Method::Prior {
        model = with_scale_mixtures(&model).0;
    }
    Ok((ast, model, settings))
}

/// The options that the fit was given.
fn options(compiled: &Compiled) -> compile::Options {
    let o = &compiled.options;
    compile::Options {
        set: o.set.clone(),
        choose: o.choose.clone(),
        seed: o.seed,
        method: o.method.clone(),
        steps: o.steps,
        epochs: o.epochs,
        batch: o.batch.clone(),
        ..compile::Options::default()
    }
}

/// The tree and the model in force, checked against the recorded columns.
fn compiled_again(
    source: &SourceFile,
    run: &Run,
    compiled: &Compiled,
    options: &compile::Options,
) -> Result<(Ast, Model), Diagnostics> {
    let tree = syntax::parse(source)?;
    let first = data_choices::trees(&tree, &options.choose).into_iter().next();
    let Some(data_choices::Tree { ast, choices, .. }) = first else {
        return Err(damaged("model.bnn says nothing"));
    };
    let columns = match data_block(&ast) {
        Some(block) => new_rows::columns(block, &known(compiled), &options.of_data(&ast, 0)).0,
        None => vec![],
    };
    if columns.len() != compiled.columns.len() {
        return Err(damaged("compiled.json has other columns than model.bnn"));
    }
    let context = Context {
        posteriors: earlier::recorded(compiled),
        overrides: options.overrides(),
        choices,
        data_arguments: data_block(&ast).map_or_else(Vec::new, |d| {
            data::source::settable(&d.source).into_iter().map(str::to_owned).collect()
        }),
    };
    match check(&ast, &run.manifest.model, &columns, &context) {
        (Some(model), findings) if !findings.has_errors() => Ok((ast, model)),
        (_, findings) => Err(findings),
    }
}

/// Which unknowns the fit wrote as location + scale · z.
fn parameterization(model: &Model, run: &Run) -> Parameterization {
    let of = |name: &str| run.manifest.variables.iter().find(|v| v.name == name);
    let is_non_centred = |name: &str| of(name).is_some_and(|v| !v.is_centred);
    let all = (0..).map(crate::model::UnknownId).zip(&model.unknowns);
    Parameterization { non_centred: all.filter(|(_, u)| is_non_centred(&u.name)).map(|(id, _)| id).collect() }
}

/// R001: the folder does not fit itself.
pub(super) fn damaged(why: impl Into<String>) -> Diagnostics {
    Diagnostic::new("R001", format!("the run folder is damaged: {}", why.into()))
        .help("fit the model again: the source is model.bnn in the folder, the command in manifest.json")
        .into()
}
