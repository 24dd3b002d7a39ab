//! G001, G002, G004, G006, G009, K003: what the fit block asks for, against the model.

use super::Lint;
use super::subject::Subject;
use crate::diagnostic::Diagnostic;
use crate::model::{ExprKind, Role, Setting, SettingValue, Treatment};
use crate::ty::Support;

/// G001: a hierarchy that stays centred.
pub const FUNNEL: Lint = Lint { code: "G001", is_about_values: false, check: funnel };
/// G002: tails that a Gaussian cuts.
pub const TAILS: Lint = Lint { code: "G002", is_about_values: false, check: tails };
/// G004: correlations by construction, and a guide without any.
pub const LOST: Lint = Lint { code: "G004", is_about_values: false, check: lost };
/// G006: a batch of one row.
pub const NOISY: Lint = Lint { code: "G006", is_about_values: false, check: noisy };
/// G009: nothing is random.
pub const POINTS: Lint = Lint { code: "G009", is_about_values: false, check: points };
/// K003: all correlations of very many weights.
pub const TOO_LARGE: Lint = Lint { code: "K003", is_about_values: false, check: too_large };

/// Rows per copy from which on the data decide each copy, and the centred form is as good.
const MANY_ROWS: usize = 10;
/// Latents from which on a full-rank guide is worth a note.
const NOTED: usize = 1_000;
/// Latents whose correlations, with their gradient and two moments, fill about 16 GiB.
const MOST: usize = 32_768;

fn setting<'a>(subject: &Subject<'a>, name: &str) -> Option<&'a Setting> {
    subject.model.settings.iter().find(|s| s.name == name)
}

fn at_setting(finding: Diagnostic, subject: &Subject, name: &str) -> Diagnostic {
    match setting(subject, name).and_then(|s| s.span) {
        Some(span) => finding.at(span, "asked for here"),
        None => finding,
    }
}

fn funnel(subject: &Subject) -> Vec<Diagnostic> {
    let stays = match setting(subject, "without").map(|s| &s.value) {
        Some(SettingValue::Words(names)) => names.iter().any(|n| n == "non_centre"),
        Some(SettingValue::Word(name)) => name == "non_centre",
        Some(SettingValue::Number(_)) | None => false,
    };
    if !stays || !subject.is_advi() {
        return vec![];
    }
    let mut found = vec![];
    for (_, unknown) in subject.priors().filter(|(_, u)| u.role == Role::Plain && u.shape.len() > 1) {
        let scale = unknown.prior.family.location_scale.and_then(|(_, s)| unknown.prior.args.get(s).copied());
        let Some(scale) = scale.filter(|id| subject.is_random(*id)) else { continue };
        let name = &unknown.name;
        let finding = Diagnostic::new(
            "G001",
            format!("the hierarchy `{name} ~ {}(…)` is kept centred: a funnel", unknown.prior.family.name),
        )
        .at(unknown.prior.span, "as the scale becomes small, all copies must shrink with it");
        let finding = match subject.unknown(scale) {
            Some((_, tau)) => finding.at(tau.span, "the scale is unknown"),
            None => finding,
        };
        let finding = at_setting(finding, subject, "without").help("leave `non_centre` out of `without`");
        let is_decided = subject.rows.is_some_and(|r| r.count() >= MANY_ROWS * unknown.shape.len());
        found.push(if is_decided { finding.as_note() } else { finding });
    }
    found
}

fn tails(subject: &Subject) -> Vec<Diagnostic> {
    if !subject.is_advi() {
        return vec![];
    }
    let cauchy =
        subject.priors().filter(|(_, u)| u.prior.family.name == "Cauchy" && u.prior.truncation.is_none());
    let finding = |name: &str, span| {
        Diagnostic::new(
            "G002",
            format!("`Cauchy` prior on `{name}` with a Gaussian guide: its tails are cut"),
        )
        .at(span, "far values are possible under this prior, and next to impossible under the guide")
        .help("`StudentT(4, 0, s)` has tails that the guide loses less of")
    };
    cauchy.map(|(_, u)| finding(super::scale_priors::last_name(u), u.prior.span)).collect()
}

fn lost(subject: &Subject) -> Vec<Diagnostic> {
    if !subject.is_advi() || subject.word("guide") != Some("meanfield") {
        return vec![];
    }
    let mut found = vec![];
    for unknown in subject.model.unknowns.iter().filter(|u| u.treatment == Treatment::Random) {
        let (what, free) = match unknown.support {
            Support::Simplex(k) => ("simplex", k - 1),
            Support::Ordered(k) | Support::PositiveOrdered(k) | Support::OrderedWithin(k, _) => {
                ("ordered", k)
            }
            Support::Interval(_) if unknown.prior.is_ordered => {
                ("ordered", unknown.shape.0.last().copied().unwrap_or(1))
            }
            Support::Interval(_)
            | Support::Class(_)
            | Support::Factor(_)
            | Support::SumToZero(_)
            | Support::CholeskyCorr(_)
            | Support::UnitVector(_) => continue,
        };
        if free < 2 {
            continue;
        }
        let finding = Diagnostic::new(
            "G004",
            format!("`{}` is {what}, and the guide is mean-field: its correlations are lost", unknown.name),
        )
        .at(unknown.span, "bounds are respected, but each entry depends on the others");
        found.push(
            at_setting(finding, subject, "guide").help("leave `guide` out, or write `guide = fullrank`"),
        );
    }
    found
}

fn noisy(subject: &Subject) -> Vec<Diagnostic> {
    let is_one = setting(subject, "batch").is_some_and(|s| s.value == SettingValue::Number(1.0));
    let has_rows = subject.rows.is_none_or(|r| r.count() > 1);
    let used = subject.model.observations.iter().flat_map(|o| o.dist.exprs());
    let has_global = subject.made_of(used).iter().any(|id| matches!(subject.kind(*id), ExprKind::Unknown(_)));
    if !is_one || !has_rows || !has_global {
        return vec![];
    }
    let finding = Diagnostic::new(
        "G006",
        "batches of one row: gradients of unknowns that all rows share will be very noisy",
    );
    let finding = at_setting(finding, subject, "batch");
    let finding = match subject.model.observations.first() {
        Some(o) => finding.at(o.span, "one row stands for all of this sum"),
        None => finding,
    };
    vec![finding.help("leave `batch` out, or take 32 rows or more")]
}

fn points(subject: &Subject) -> Vec<Diagnostic> {
    let unknowns = &subject.model.unknowns;
    let has_net = unknowns.iter().any(|u| u.role != Role::Plain);
    if !has_net || unknowns.iter().any(|u| u.role != Role::Plain && u.treatment == Treatment::Random) {
        return vec![];
    }
    let finding =
        Diagnostic::new("G009", "`Point` on every tensor: this is a point estimate, not a Bayesian network");
    let first = unknowns.iter().find(|u| u.role != Role::Plain);
    let finding = first.into_iter().fold(finding, |f, u| f.at(u.prior.span, "learned, not random"));
    vec![finding.help("give at least the last layer a prior: `dense 1 { w ~ Normal(0, 1 / sqrt(fan_in)); b ~ Normal(0, 1) }`")]
}

fn too_large(subject: &Subject) -> Vec<Diagnostic> {
    if !subject.is_advi() || subject.word("guide") != Some("fullrank") {
        return vec![];
    }
    let random = subject.model.unknowns.iter().filter(|u| u.treatment == Treatment::Random);
    let size = random.fold(0usize, |n, u| n.saturating_add(u.shape.len()));
    if size < NOTED {
        return vec![];
    }
    let numbers = size as f64 * (size as f64 + 1.0) / 2.0;
    let finding = Diagnostic::new(
        "K003",
        format!(
            "{} unknown numbers under a full-rank guide need {numbers:.1e} more for their correlations",
            super::numbers::shown(size as f64)
        ),
    );
    let finding =
        at_setting(finding, subject, "guide").help("leave `guide` out, or write `guide = meanfield`");
    vec![if size > MOST { finding } else { finding.as_note() }]
}
