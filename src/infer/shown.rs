//! What predictions show of each target, as outputs of a tape.
//!
//! ```text
//! y : class(3)     classes:y              log probabilities, one per class
//! y : real         arg:y:0 …, log_lik:y   the arguments of its distribution, and its log density
//! y : real[3]      y[1], y[2], y[3] as numbers of their own, and the joint log density as log_lik:y
//! ```
//!
//! Arguments come in one order everywhere: those of the distribution, its ends, then those of each component.

use super::problem::Problem;
use crate::dist::{ArgSlot, Event, Family, Numbers};
use crate::model::{Distribution, Model, Observation, StatisticId};
use crate::passes::optimise;
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Shape;

/// How a target's predictions are read off the tape.
#[derive(Debug, Clone)]
pub enum Kind {
    /// log probabilities `[K]` in output `classes:NAME`
    Classes(usize),
    /// arguments and ends in outputs `arg:NAME:i`, log density in `log_lik:NAME`
    Numbers(Layout),
    /// several numbers at once: log density in `log_lik:NAME`
    Joint,
}

/// A prediction with the entry of its target that it is about.
#[derive(Debug, Clone)]
pub struct Shown {
    /// `y`, `y[2]`
    pub name: String,
    /// How it is read.
    pub kind: Kind,
    /// Which observation of the model.
    pub observation: usize,
    /// Which entry of the target, and of how many.
    pub entry: (usize, usize),
    /// What brings its values back to their own units.
    pub units: Units,
}

/// `shift + scale · value` is the value in its own units.
#[derive(Debug, Clone, Copy)]
pub struct Units {
    /// what is added
    pub shift: f64,
    /// what is multiplied
    pub scale: f64,
    /// log of the scale; of several entries together, its sum
    pub log_scale: f64,
    /// which entry
    pub entry: usize,
}

/// What brings one entry of a standardised target back to its own units.
fn own_units(model: &Model, observation: &Observation, entry: usize) -> Units {
    let number = |s: StatisticId| {
        let values = &model.statistics[s.0 as usize].values;
        values.get(if values.len() == 1 { 0 } else { entry }).copied().unwrap_or(f64::NAN)
    };
    let (shift, scale) = match observation.units {
        None => (0.0, 1.0),
        Some(units) => (number(units.shift), units.scale.map_or(1.0, number)),
    };
    Units { shift, scale, log_scale: scale.ln(), entry }
}

/// Those of all entries together.
fn units_of_all(model: &Model, observation: &Observation, len: usize) -> Units {
    let log_scale = (0..len).map(|k| own_units(model, observation, k).log_scale).sum();
    Units { shift: 0.0, scale: 1.0, log_scale, entry: 0 }
}

impl Shown {
    /// The outputs to read, in order.
    pub fn outputs(&self) -> Vec<String> {
        let name = &self.name;
        match &self.kind {
            Kind::Classes(_) => vec![format!("classes:{name}")],
            Kind::Numbers(layout) => {
                let mut names: Vec<String> = (0..layout.count()).map(|i| format!("arg:{name}:{i}")).collect();
                names.push(format!("log_lik:{name}"));
                names
            }
            Kind::Joint => vec![format!("log_lik:{name}")],
        }
    }
}

/// Which arguments belong to what.
#[derive(Debug, Clone)]
pub struct Layout {
    family: &'static Family,
    form: usize,
    args: usize,
    has_ends: bool,
    parts: Vec<Layout>,
}

impl Layout {
    pub(super) fn of(dist: &Distribution) -> Layout {
        Layout {
            family: dist.family,
            form: dist.form,
            args: dist.args.len(),
            has_ends: dist.truncation.is_some(),
            parts: dist.components.iter().map(Layout::of).collect(),
        }
    }

    /// How many arguments it reads, its ends and components counted.
    pub fn count(&self) -> usize {
        self.args + 2 * usize::from(self.has_ends) + self.parts.iter().map(Layout::count).sum::<usize>()
    }

    /// Whether values are whole numbers.
    pub fn is_discrete(&self) -> bool {
        match self.parts.as_slice() {
            [] => self.family.is_discrete,
            parts => parts.iter().all(Layout::is_discrete),
        }
    }

    /// Whether a single value may have probability of its own.
    pub fn has_atoms(&self) -> bool {
        self.is_discrete() || self.parts.iter().any(|p| p.has_atoms()) || self.family.name == "Delta"
    }

    /// The distribution with the numbers of one row.
    pub fn numbers<'a>(&self, args: &'a [&'a [f64]]) -> Numbers<'a> {
        self.within(args, None)
    }

    /// The same, cut to `outer` as well.
    fn within<'a>(&self, args: &'a [&'a [f64]], outer: Option<(f64, f64)>) -> Numbers<'a> {
        let (own, rest) = args.split_at(self.args.min(args.len()));
        let (ends, mut rest) = rest.split_at((2 * usize::from(self.has_ends)).min(rest.len()));
        let ends = match (ends, outer) {
            ([low, high], Some((from, to))) => Some((low[0].max(from), high[0].min(to))),
            ([low, high], None) => Some((low[0], high[0])),
            _ => outer,
        };
        if self.parts.is_empty() {
            return Numbers::new(self.family, self.form, own, ends);
        }
        let mut of_parts: Vec<&'a [&'a [f64]]> = vec![];
        for part in &self.parts {
            let (head, tail) = rest.split_at(part.count().min(rest.len()));
            of_parts.push(head);
            rest = tail;
        }
        Numbers::mixture(
            own.first().copied().unwrap_or(&[]),
            |k, cut| self.parts[k].within(of_parts[k], cut),
            ends,
        )
    }
}

/// The tape that predicts, and what it shows.
pub fn prediction_tape(problem: &Problem<'_>) -> (Tape, Vec<Shown>) {
    let joint = &problem.joint.tape;
    let outputs = joint.outputs.clone();
    let mut bare = joint.clone();
    bare.outputs.clear();
    let mut b = Builder::extend(bare);
    let slot = |name: &str| outputs.iter().find(|(n, _)| n == name).map(|(_, s)| *s);
    let mut shown = vec![];
    for (i, observation) in problem.model.observations.iter().enumerate() {
        let name = &observation.name;
        let layout = Layout::of(&observation.dist);
        let args: Vec<Slot> = (0..layout.count()).filter_map(|i| slot(&format!("arg:{name}:{i}"))).collect();
        let len = observation.target_len(problem.model);
        let model = problem.model;
        let mut show = |kind, name: &str, entry: (usize, usize)| {
            let units = match kind {
                Kind::Joint => units_of_all(model, observation, entry.1),
                Kind::Classes(_) | Kind::Numbers(_) => own_units(model, observation, entry.0),
            };
            shown.push(Shown { name: name.to_owned(), kind, observation: i, entry, units });
        };
        let Some(log_lik) = slot(&format!("log_lik:{name}")) else { continue };
        if let Some(log_probabilities) = class_log_probabilities(&mut b, &layout, &args) {
            let classes = b.shape(log_probabilities).len();
            b.output(format!("classes:{name}"), log_probabilities);
            show(Kind::Classes(classes), name, (0, 1));
            continue;
        }
        b.output(format!("log_lik:{name}"), log_lik);
        if problem.model.expr(observation.target).ty.shape.is_scalar() {
            for (i, arg) in args.iter().enumerate() {
                b.output(format!("arg:{name}:{i}"), *arg);
            }
            show(Kind::Numbers(layout), name, (0, 1));
            continue;
        }
        show(Kind::Joint, name, (0, len));
        let each = slot(&format!("log_lik_each:{name}"));
        let target = slot(&format!("target:{name}"));
        let (Some(each), Some(target)) = (each, target) else { continue };
        for entry in 0..len {
            let name = format!("{name}[{}]", entry + 1);
            let (layout, args) = entry_of(&mut b, &layout, &args, len, entry);
            let density = if observation.dist.event() == Event::Scalar {
                b.slice(each, entry, &Shape::scalar())
            } else {
                let x = b.slice(target, entry, &Shape::scalar());
                density_of(&mut b, &layout, &args, x)
            };
            for (i, arg) in args.iter().enumerate() {
                b.output(format!("arg:{name}:{i}"), *arg);
            }
            b.output(format!("log_lik:{name}"), density);
            show(Kind::Numbers(layout), &name, (entry, len));
        }
    }
    (optimise(&b.finish(), &mut |_, _, _| {}), shown)
}

/// log p of each class per row, for distributions over classes and mixtures of them.
fn class_log_probabilities(b: &mut Builder, layout: &Layout, args: &[Slot]) -> Option<Slot> {
    if layout.parts.is_empty() {
        let log_probabilities = layout.family.class_log_probabilities?;
        return Some(log_probabilities(b, layout.form, args));
    }
    let mut at = layout.args + 2 * usize::from(layout.has_ends);
    let mut parts = vec![];
    for part in &layout.parts {
        parts.push(class_log_probabilities(b, part, &args[at..at + part.count()])?);
        at += part.count();
    }
    let stacked = b.stack(&parts);
    let log_weights = b.log(args[0]);
    let terms = b.add(stacked, log_weights);
    Some(b.infer(Op::LogSumExp, vec![terms]))
}

/// The distribution of one entry of a vector, with its arguments.
fn entry_of(
    b: &mut Builder,
    layout: &Layout,
    args: &[Slot],
    len: usize,
    entry: usize,
) -> (Layout, Vec<Slot>) {
    let (own, rest) = args.split_at(layout.args);
    let (ends, mut rest) = rest.split_at(2 * usize::from(layout.has_ends));
    let at =
        |b: &mut Builder, slot: Slot| if b.shape(slot).is_scalar() { slot } else { b.entry(slot, entry) };
    if let Some(marginal) = layout.family.marginal {
        let marginal = marginal(b, layout.form, own, len, entry);
        let args = marginal.args.len();
        let layout =
            Layout { family: marginal.family, form: marginal.form, args, has_ends: false, parts: vec![] };
        return (layout, marginal.args);
    }
    let specs = layout.family.forms[layout.form].args;
    let mut all: Vec<Slot> = (own.iter().zip(specs))
        .map(|(slot, spec)| match spec.slot {
            ArgSlot::Scalar(_) => at(b, *slot),
            _ => *slot,
        })
        .collect();
    all.extend(ends.iter().map(|end| at(b, *end)));
    let mut parts = vec![];
    for part in &layout.parts {
        let (head, tail) = rest.split_at(part.count());
        let (layout, args) = entry_of(b, part, head, len, entry);
        parts.push(layout);
        all.extend(args);
        rest = tail;
    }
    (Layout { parts, ..layout.clone() }, all)
}

/// log density of one entry of a vector.
fn density_of(b: &mut Builder, layout: &Layout, args: &[Slot], x: Slot) -> Slot {
    if layout.parts.is_empty() {
        return (layout.family.log_density)(b, layout.form, x, &args[..layout.args]);
    }
    let mut at = layout.args;
    let mut parts = vec![];
    for part in &layout.parts {
        parts.push(density_of(b, part, &args[at..at + part.count()], x));
        at += part.count();
    }
    let stacked = b.stack(&parts);
    (layout.family.log_density)(b, layout.form, x, &[args[0], stacked])
}
