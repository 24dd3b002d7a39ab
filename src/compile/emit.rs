//! `--emit`: every stage as text.

use super::evaluated::TRAIN_ROWS;
use super::fit::{Prepared, prepare};
use super::{Session, Stage};
use crate::diagnostic::Diagnostics;
use crate::guide::guide;
use crate::infer::draws::PARAMETERS;
use crate::infer::error::FitError;
use crate::infer::objective::{with_gradient, with_gradient_reported};
use crate::infer::{self, messages, minibatch};
use crate::passes::of_data;
use crate::plan::plan;
use crate::syntax;

/// Prints a stage.
pub fn emit(session: &Session, stage: Stage) -> Result<String, Diagnostics> {
    if stage == Stage::Ast {
        let ast = session.analysis().ast.as_ref().ok_or_else(|| session.check())?;
        return Ok(syntax::print::print(ast));
    }
    let model = session.model()?;
    if stage == Stage::Model {
        return Ok(model.to_string());
    }
    let prepared = prepare(session)?;
    let Prepared { joint, .. } = &prepared;
    if stage == Stage::Tape {
        return Ok(joint.tape.to_string());
    }
    let problem = prepared.problem();
    let path = infer::path(&problem);
    infer::asked::possible(&problem, path).map_err(FitError::findings)?;
    let settings = infer::guide_settings(&problem, path);
    let guided = guide(joint, &prepared.model, &settings);
    if path.draws_by_key() {
        infer::asked::applied(&problem, &guided.notes).map_err(FitError::findings)?;
    }
    let mut text = format!("# path: {}\n", path.words());
    if stage == Stage::Elbo {
        for line in &prepared.notes {
            text += &format!("# rewrite: {line}\n");
        }
        for note in prepared.refused.iter().chain(&guided.notes).chain(&infer::noise_notes(&problem, path)) {
            text += &format!("# {note}\n");
        }
        return Ok(text + &guided.tape.to_string());
    }
    let refused = |what: String| -> Diagnostics { FitError::findings(messages::refused(what)) };
    let mut report = vec![];
    let tape = with_gradient_reported(&guided.tape, guided.objective, &PARAMETERS, &mut |line| {
        report.push(line);
    })
    .map_err(refused)?;
    for line in &report {
        text += &format!("# pass: {line}\n");
    }
    if stage == Stage::Grad {
        return Ok(text + &tape.to_string());
    }
    let memory = || -> Result<String, Diagnostics> {
        Ok(infer::memory::memory(&problem, path, TRAIN_ROWS).map_err(FitError::findings)?.to_string())
    };
    let number = problem.settings.precision.bytes().unwrap_or(path.bytes());
    if !path.draws_by_key() {
        let split = infer::of_data::without_data(&problem, &tape, number, problem.train.len());
        if let Some(split) = &split {
            let count = split.widths.len();
            text += &format!("# pass: {}: {count} further columns; {}\n", of_data::NAME, of_data::EFFECT);
            text += &split.of_data.to_string();
        }
        let tape = split.map_or(tape, |split| split.rest);
        let program = plan(&tape, path.rows(&problem, &guided, &tape)).map_err(refused)?;
        return Ok(text + &program.schedule(number).to_string() + &memory()?);
    }
    // These paths run the terms that need no draw as a program of their own.
    let compile = |slot| with_gradient(&guided.tape, slot, &PARAMETERS).map_err(refused);
    let (drawn, exact) = (compile(guided.drawn)?, compile(guided.exact)?);
    let capacity = path.rows(&problem, &guided, &drawn);
    for (what, tape) in [(minibatch::DRAWN, drawn), (minibatch::EXACT, exact)] {
        let program = plan(&tape, capacity).map_err(refused)?;
        text += &format!("program {what}:\n{}", program.schedule(number));
    }
    Ok(text + &memory()?)
}
