//! What earlier runs say of their variables, for priors that are their posteriors.

use super::fitted::DIRECTIONS;
use crate::check::posteriors::{Earlier, Marginals, folders};
use crate::run_folder::{Compiled, EarlierRecord, Numbers, Run, VariableRecord, read};
use crate::syntax::ast::Ast;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Reads every run that a prior of the model names; paths are relative to where the command runs, like `--out`.
pub(super) fn earlier(ast: &Ast) -> Earlier {
    let one = |folder: String| {
        let run = read(Path::new(&folder)).map_err(|fault| fault.to_string());
        (folder, run.map(|run| marginals(&run)))
    };
    folders(&ast.items).into_iter().map(one).collect()
}

/// The same, to be kept with a run: a folder may have gone when the run is used.
pub(super) fn record(ast: &Ast) -> BTreeMap<String, BTreeMap<String, EarlierRecord>> {
    let one = |m: Marginals| EarlierRecord {
        shape: m.shape,
        mean: Numbers(m.mean),
        sd: Numbers(m.sd),
        of_log: m.of_log,
    };
    let known = earlier(ast).into_iter().filter_map(|(folder, run)| Some((folder, run.ok()?)));
    known.map(|(folder, run)| (folder, run.into_iter().map(|(name, m)| (name, one(m))).collect())).collect()
}

/// What a run kept of earlier ones.
pub(super) fn recorded(compiled: &Compiled) -> Earlier {
    let one = |m: &EarlierRecord| Marginals {
        shape: m.shape.clone(),
        mean: m.mean.0.clone(),
        sd: m.sd.0.clone(),
        of_log: m.of_log,
    };
    let run =
        |run: &BTreeMap<String, EarlierRecord>| run.iter().map(|(name, m)| (name.clone(), one(m))).collect();
    compiled.earlier.iter().map(|(folder, of)| (folder.clone(), Ok(run(of)))).collect()
}

/// Mean and sd of every variable whose posterior can be told by them.
fn marginals(run: &Run) -> HashMap<String, Marginals> {
    let of =
        |v: &VariableRecord| Some((v.name.clone(), from_guide(run, v).or_else(|| from_summary(run, v))?));
    run.manifest.variables.iter().filter_map(of).collect()
}

/// The guide's own numbers, where it is a Gaussian for each number by itself.
fn from_guide(run: &Run, v: &VariableRecord) -> Option<Marginals> {
    let of_log = of_log(v)?;
    let tensor = |part: &str| {
        let name = format!("{}.{part}", v.name);
        run.tensors.iter().find(|t| t.name == name).map(|t| t.values.to_f64())
    };
    let is_joint = run.tensors.iter().any(|t| t.name.starts_with("full_rank.") || t.name == DIRECTIONS);
    let is_mixture = run.tensors.iter().any(|t| t.name == "mixture.share");
    if is_joint || is_mixture || !v.is_centred {
        return None;
    }
    let sd = tensor("log_sd")?.into_iter().map(f64::exp).collect();
    Some(Marginals { shape: Some(v.shape.clone()), mean: tensor("mean")?, sd, of_log })
}

/// Means and sds of draws; of a positive number those of the log-normal with the same moments.
fn from_summary(run: &Run, v: &VariableRecord) -> Option<Marginals> {
    let of_log = of_log(v)?;
    let element = format!("{}[", v.name);
    let rows: Vec<(f64, f64)> = run
        .summary
        .iter()
        .filter(|row| row.variable == v.name || row.variable.starts_with(&element))
        .map(|row| (row.mean, row.sd))
        .collect();
    if rows.len() != v.shape.iter().product::<usize>() {
        return None;
    }
    let (mean, sd) = rows
        .into_iter()
        .map(|(mean, sd)| {
            if !of_log {
                return (mean, sd);
            }
            let variance = (sd / mean).powi(2).ln_1p();
            (mean.ln() - 0.5 * variance, variance.sqrt())
        })
        .unzip();
    Some(Marginals { shape: Some(v.shape.clone()), mean, sd, of_log })
}

/// Whether the Gaussian is one of logarithms; none where it is neither of the numbers nor of their logarithms.
fn of_log(v: &VariableRecord) -> Option<bool> {
    match v.bijection.as_str() {
        "identity" => Some(false),
        "exp" => Some(true),
        _ => None,
    }
}
