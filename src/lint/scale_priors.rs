//! P010, P011, P012: priors on scales that say something else than they seem to.

use super::Lint;
use super::subject::{Subject, argument, location, scale};
use super::target_size::target_sd;
use crate::diagnostic::Diagnostic;
use crate::lint::numbers::shown;
use crate::model::{Observation, Unknown, UnknownId};
use std::collections::BTreeSet;

/// P010: `Uniform(0, 100)`
pub const EDGE: Lint = Lint { code: "P010", is_about_values: true, check: edge };
/// P011: `InvGamma(0.001, 0.001)`
pub const NOT_VAGUE: Lint = Lint { code: "P011", is_about_values: true, check: not_vague };
/// P012: `InvGamma` on a standard deviation
pub const ON_SD: Lint = Lint { code: "P012", is_about_values: false, check: on_sd };

/// Shape and scale of an `InvGamma` up to which it is taken to mean "vague".
const TINY: f64 = 0.01;
/// The edge of a uniform prior over the target's sd from which on it is a warning.
const FAR: f64 = 20.0;

/// Unknowns that stand as they are where a distribution wants a scale.
fn scales(subject: &Subject) -> BTreeSet<UnknownId> {
    let all = subject.distributions().into_iter().filter_map(scale);
    all.filter_map(|id| subject.unknown(id)).map(|(u, _)| u).collect()
}

fn of_scales<'a>(subject: &Subject<'a>, family: &str) -> Vec<&'a Unknown> {
    let scales = scales(subject);
    let of = |(id, u): &(UnknownId, &Unknown)| u.prior.family.name == family && scales.contains(id);
    subject.priors().filter(of).map(|(_, u)| u).collect()
}

fn edge(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for unknown in of_scales(subject, "Uniform") {
        let end = |name| argument(&unknown.prior, name).and_then(|id| subject.number(id));
        let (Some(low), Some(high)) = (end("low"), end("high")) else { continue };
        if low != 0.0 {
            continue;
        }
        let (name, edge, half) = (last_name(unknown), shown(high), shown(high / 2.0).replace(',', ""));
        let finding = Diagnostic::new(
            "P010",
            format!("`Uniform(0, {edge})` puts a hard edge at {edge} on the scale `{name}`"),
        )
        .at(unknown.prior.span, "nothing physical is there; below it, every value is as likely as any")
        .at(unknown.span, "this is used as a scale");
        // Such priors are usual, and harmless where the edge is of the size of the data: only an edge far beyond
        // anything that the data show is surely not what was meant.
        let (finding, of_data) = match largest_target(subject).filter(|(_, sd)| high / sd > FAR) {
            Some((target, sd)) => {
                let share = 100.0 * (1.0 - sd / high);
                let note = format!(
                    "the sd of `{target}` is {}: {share:.0} % of this prior lies above it",
                    shown(sd)
                );
                let size = shown(sd).replace(',', "");
                let of_data = format!(", or one of the size of the data: `{name} ~ HalfNormal({size})`");
                (finding.note(note), of_data)
            }
            None => (finding.as_note(), String::new()),
        };
        found.push(finding.help(format!("try `{name} ~ HalfNormal({half})`{of_data}")));
    }
    found
}

/// The target that varies most, among those that are one number per row of a family with a location: no scale of
/// the model can be much larger than its sd.
fn largest_target<'a>(subject: &Subject<'a>) -> Option<(&'a str, f64)> {
    let has_location = |o: &&Observation| location(&o.dist).is_some();
    let targets = subject.model.observations.iter();
    let sds = targets.filter(has_location).map(|o| Some((o.name.as_str(), target_sd(subject, o)?)));
    // One whose size is not known may be the largest.
    let sds: Vec<(&str, f64)> = sds.collect::<Option<_>>()?;
    sds.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
}

fn not_vague(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (_, unknown) in subject.priors() {
        let number = |name| argument(&unknown.prior, name).and_then(|id| subject.number(id));
        let is_tiny = |x: &f64| *x <= TINY;
        let name = last_name(unknown);
        // The same prior, on a precision.
        if let ("Gamma", Some(shape), Some(rate)) =
            (unknown.prior.family.name, number("shape").filter(is_tiny), number("rate").filter(is_tiny))
        {
            let written = format!("`Gamma(shape = {shape}, rate = {rate})` on `{name}` is not vague");
            found.push(
                Diagnostic::new("P011", written)
                    .at(unknown.prior.span, "nearly all of it lies at 0")
                    .note(format!("half of it lies below 1e-{:.0}", 2f64.log10() / shape))
                    .help("give the standard deviation a prior of its own: `s ~ HalfNormal(1)`, with the size that you expect in place of 1"),
            );
        }
        if unknown.prior.family.name != "InvGamma" {
            continue;
        }
        let (Some(shape), Some(scale)) = (number("shape"), number("scale")) else { continue };
        if shape > TINY || scale > TINY {
            continue;
        }
        found.push(
            Diagnostic::new("P011", format!("`InvGamma({shape}, {scale})` on `{name}` is not vague"))
                .at(unknown.prior.span, "it forbids small scales, and has no moments")
                .note(format!(
                    "below about {} there is next to nothing; far out it decays like 1/x",
                    shown(scale / 10.0)
                ))
                .help(format!("try `{name} ~ HalfNormal(1)`, with the size that you expect in place of 1")),
        );
    }
    found
}

fn on_sd(subject: &Subject) -> Vec<Diagnostic> {
    let finding = |unknown: &Unknown| {
        Diagnostic::new("P012", format!("`InvGamma` on `{}`, a standard deviation", last_name(unknown)))
            .at(unknown.prior.span, "the classical prior is on the variance")
            .help("that would be `v ~ InvGamma(…)` and `sqrt(v)` as the sd; for an sd, `HalfNormal` is usual")
    };
    of_scales(subject, "InvGamma").into_iter().map(finding).collect()
}

/// `s` of `f.1.s`, and the whole of any other name.
pub fn last_name(unknown: &Unknown) -> &str {
    match unknown.role {
        crate::model::Role::Net { .. } => unknown.name.rsplit('.').next().unwrap_or(&unknown.name),
        crate::model::Role::Plain => &unknown.name,
    }
}
