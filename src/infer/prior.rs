//! `method = prior`: draws of every unknown from its prior, those first that others' priors mention.
//!
//! ```text
//! sd ~ HalfNormal(1); mu ~ Normal(0, sd); theta[8] ~ Normal(mu, 1)     sd, then mu, then theta
//! ```
//!
//! The model must map every unknown by the identity (a draw has no need of a bijection), so the latents are the values.
//! Copies in increasing order are those of unordered copies sorted; where copies have arguments of their own, draws
//! are refused until they lie in order.

use super::draws::variable;
use super::each_draw::{DrawKey, Source};
use super::shown::Layout;
use crate::diagnostic::Diagnostic;
use crate::dist::{ArgSlot, Event};
use crate::engine::{Executor, NoiseKey};
use crate::kernels::noise;
use crate::lower::{LATENTS, priors};
use crate::model::{Distribution, ExprId, ExprKind, Model, Treatment, Unknown};
use crate::passes::optimise;
use crate::plan::plan;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Times that copies are drawn until they lie in order.
const TRIES: usize = 10_000;

/// The prior of a model, ready to be drawn from.
pub struct Prior {
    executor: RefCell<Executor<f64>>,
    variables: Vec<Variable>,
    /// How many unknowns lie between a prior and those that depend on nothing: all of one round are drawn at once.
    rounds: usize,
    dim: usize,
}

/// One unknown.
struct Variable {
    /// Which unknown of the model it is.
    number: usize,
    /// First of its numbers among the latents.
    start: usize,
    /// Copies of one value, and numbers in it.
    copies: usize,
    len: usize,
    /// Side of what is ordered: 0 where nothing is.
    ordered: usize,
    /// Whether copies along the last axis have the same arguments.
    is_alike: bool,
    round: usize,
    family: Layout,
    event: Event,
    form: usize,
    sample_event: Option<crate::dist::EventSampler>,
    /// Places of its arguments among the program's outputs, each with the numbers that one copy takes of it.
    args: Vec<(usize, usize)>,
}

impl Prior {
    /// Prepares the draws; `starts` are the places of the unknowns' numbers among the latents.
    ///
    /// # Errors
    /// O001 for a prior that is no distribution; X001 for what the engine cannot run.
    pub fn new(model: &Model, starts: &[usize], dim: usize) -> Result<Prior, Diagnostic> {
        Prior::of(model, starts, dim, &|_| true)
    }

    /// Prepares the draws of some unknowns, given values of the others.
    ///
    /// # Errors
    /// As [`Prior::new`], of these.
    pub fn of(
        model: &Model,
        starts: &[usize],
        dim: usize,
        is_drawn: &dyn Fn(usize) -> bool,
    ) -> Result<Prior, Diagnostic> {
        let drawn = || model.unknowns.iter().enumerate().filter(|(u, _)| is_drawn(*u));
        drawn().try_for_each(|(_, unknown)| is_proper(unknown))?;
        let tape = optimise(&priors(model), &mut |_, _, _| {});
        let program = plan(&tape, 16).map_err(|what| {
            Diagnostic::new("X001", format!("this version cannot draw from the prior: {what}"))
        })?;
        let rounds = rounds(model);
        let place = |u: usize, i: usize| {
            let name = format!("prior:{u}:{i}");
            program.outputs.iter().position(|o| o.name == name)
        };
        let mut variables = vec![];
        for (u, unknown) in drawn() {
            let prior = &unknown.prior;
            let rank = unknown.shape.rank() - prior.event().rank().min(unknown.shape.rank());
            let len: usize = unknown.shape.0[rank..].iter().product();
            let side = unknown.shape.0.last().copied().unwrap_or(1);
            let own = own_sizes(model, prior, side);
            let args = own.iter().enumerate().filter_map(|(i, own)| Some((place(u, i)?, *own))).collect();
            variables.push(Variable {
                number: u,
                start: starts[u],
                copies: unknown.shape.len() / len.max(1),
                len,
                ordered: if prior.is_ordered { side } else { 0 },
                is_alike: prior.exprs().iter().all(|id| model.expr(*id).ty.shape.len() == 1),
                round: rounds[u],
                family: Layout::of(prior),
                event: prior.event(),
                form: prior.form,
                sample_event: prior.family.sample_event,
                args,
            });
        }
        let executor = RefCell::new(Executor::new(Arc::new(program)));
        Ok(Prior { executor, variables, rounds: rounds.iter().max().map_or(0, |r| r + 1), dim })
    }
}

impl Source for Prior {
    fn dim(&self) -> usize {
        self.dim
    }

    fn is_point(&self) -> bool {
        self.variables.is_empty()
    }

    fn latents(&self, key: DrawKey, u: &mut [f64]) {
        u.fill(0.0);
        self.complete(key, u, &|_| true);
    }
}

impl Prior {
    /// Draws the latents for which `is_new` holds, given the others.
    pub fn complete(&self, key: DrawKey, u: &mut [f64], is_new: &dyn Fn(usize) -> bool) {
        let mut executor = self.executor.borrow_mut();
        let mut drawn = vec![];
        for round in 0..self.rounds {
            executor.set_input(LATENTS, u);
            executor.begin(NoiseKey::default());
            let outputs = &executor.program().outputs;
            for variable in self.variables.iter().filter(|v| v.round == round) {
                let args: Vec<(&[f64], usize)> = variable
                    .args
                    .iter()
                    .map(|(place, own)| (executor.read(&outputs[*place]), *own))
                    .collect();
                let draw = 2 * key.index + u64::from(key.is_mirrored);
                let number = variable.number as u64;
                let stream = noise::key(key.seed, number, variable::PRIOR + key.purpose, draw);
                let mut rng = SmallRng::seed_from_u64(noise::below(u64::MAX, stream, 0));
                drawn.clear();
                drawn.resize(variable.copies * variable.len, 0.0);
                variable.draw(&args, &mut rng, &mut drawn);
                let new = drawn.iter().zip(variable.start..).filter(|(_, place)| is_new(*place));
                new.for_each(|(value, place)| u[place] = *value);
            }
        }
    }
}

impl Variable {
    fn draw(&self, args: &[(&[f64], usize)], rng: &mut dyn Rng, out: &mut [f64]) {
        let last = self.ordered.max(1);
        for (group, out) in out.chunks_mut(last * self.len).enumerate() {
            for _ in 0..TRIES {
                for (i, out) in out.chunks_mut(self.len).enumerate() {
                    self.copy(group * last + i, args, rng, out);
                }
                if self.ordered > 0 && self.is_alike {
                    out.sort_by(f64::total_cmp);
                }
                if self.ordered == 0 || out.is_sorted() {
                    break;
                }
                // What never comes in order is no draw of it.
                out.fill(f64::NAN);
            }
        }
    }

    /// One value of a number, vector or matrix.
    fn copy(&self, copy: usize, args: &[(&[f64], usize)], rng: &mut dyn Rng, out: &mut [f64]) {
        let own: Vec<&[f64]> = args
            .iter()
            .map(|(values, own)| {
                let at = copy % (values.len() / own).max(1) * own;
                &values[at..at + own]
            })
            .collect();
        match (self.event, self.sample_event) {
            (Event::Scalar, _) => out[0] = self.family.numbers(&own).sample(rng),
            (Event::Vector | Event::Square, Some(sample)) => sample(self.form, &own, rng, out),
            (Event::Vector | Event::Square, None) => out.fill(f64::NAN),
        }
    }
}

/// O001: nothing can be drawn from what is no distribution.
fn is_proper(unknown: &Unknown) -> Result<(), Diagnostic> {
    let why = match unknown.treatment {
        Treatment::Point => "it is a `Point`, which has no prior",
        Treatment::Random | Treatment::PointWithPrior if is_flat(&unknown.prior) => {
            "`Flat` is no distribution: it has no draws"
        }
        Treatment::Random | Treatment::PointWithPrior => return Ok(()),
    };
    let name = &unknown.name;
    Err(Diagnostic::new("O001", format!("`method = prior` cannot draw `{name}`"))
        .at(unknown.prior.span, why)
        .help(format!("give `{name}` a proper prior, such as `Normal(0, 10)`; or fit by another method")))
}

/// A `Flat` between two finite ends is uniform, but the family knows no sampler for it.
fn is_flat(dist: &Distribution) -> bool {
    dist.family.name == "Flat" || dist.components.iter().any(is_flat)
}

/// How many numbers one copy takes of each argument, in the order of the tape's outputs.
fn own_sizes(model: &Model, dist: &Distribution, side: usize) -> Vec<usize> {
    let shape = |id: &ExprId| &model.expr(*id).ty.shape;
    let specs = dist.family.forms[dist.form].args;
    let mut own: Vec<usize> = (dist.args.iter().zip(specs))
        .map(|(id, spec)| match spec.slot {
            ArgSlot::Scalar(_) => 1,
            ArgSlot::Simplex | ArgSlot::Scores | ArgSlot::Ordered | ArgSlot::Components => {
                shape(id).0.last().copied().unwrap_or(1)
            }
            ArgSlot::Entries(_) if shape(id).len() == 1 => 1,
            ArgSlot::Entries(_) => side,
            ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => side * side,
        })
        .collect();
    if dist.truncation.is_some() {
        own.extend([1, 1]);
    }
    own.extend(dist.components.iter().flat_map(|c| own_sizes(model, c, side)));
    own
}

/// For each unknown the number of rounds that must come before it.
fn rounds(model: &Model) -> Vec<usize> {
    let mut rounds: Vec<usize> = vec![];
    // The round of an expression is one after the latest unknown in it; operands have smaller ids.
    let mut of_exprs: Vec<Option<usize>> = vec![None; model.exprs.len()];
    for unknown in &model.unknowns {
        let mut pending: Vec<ExprId> = unknown.prior.exprs();
        let mut seen = BTreeSet::new();
        let mut round = 0;
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            match (&model.expr(id).kind, of_exprs[id.0 as usize]) {
                (_, Some(known)) => round = round.max(known),
                (ExprKind::Unknown(u), None) => {
                    round = round.max(rounds.get(u.0 as usize).copied().unwrap_or(0) + 1);
                }
                (kind, None) => pending.extend(kind.operands()),
            }
        }
        unknown.prior.exprs().iter().for_each(|id| of_exprs[id.0 as usize] = Some(round));
        rounds.push(round);
    }
    rounds
}
