//! P017: one scale shared by layers of very different fan-in.

use super::Lint;
use super::subject::{Subject, scale, tensor};
use super::tree;
use crate::diagnostic::Diagnostic;
use crate::model::{ExprId, Unknown};
use std::collections::BTreeMap;

/// The entry of the table.
pub const LINT: Lint = Lint { code: "P017", is_about_values: false, check };

/// The largest fan-in over the smallest from which on it is told.
const RATIO: usize = 50;

fn check(subject: &Subject) -> Vec<Diagnostic> {
    // The scale is one expression for all layers: neither an `s` of each layer nor a fan_in is in it.
    let mut shared: BTreeMap<(usize, ExprId), Vec<(usize, &Unknown)>> = BTreeMap::new();
    for (_, unknown) in subject.priors() {
        let (Some((net, _, fan_in)), Some(scale)) = (tensor(unknown, "w"), scale(&unknown.prior)) else {
            continue;
        };
        if subject.is_random(scale) {
            shared.entry((net, scale)).or_default().push((fan_in, unknown));
        }
    }
    let mut found = vec![];
    for ((_, scale), members) in shared {
        let least = members.iter().min_by_key(|(fan_in, _)| *fan_in);
        let most = members.iter().max_by_key(|(fan_in, _)| *fan_in);
        let (Some((least, small)), Some((most, large))) = (least, most) else { continue };
        if *most < least.saturating_mul(RATIO) {
            continue;
        }
        let written = tree::random_at(subject.ast, large.prior.span);
        let arg =
            written.and_then(|(_, d)| tree::argument(d, "sd", 1).or_else(|| tree::argument(d, "scale", 1)));
        let words = arg.map_or_else(|| "s".to_owned(), |a| a.value.to_string());
        let finding = Diagnostic::new(
            "P017",
            format!("one shared scale `{words}` for layers of fan_in {least} and {most}"),
        )
        .at(large.prior.span, format!("`{}` and `{}` have this prior", small.name, large.name));
        let finding = match subject.unknown(scale) {
            Some((_, unknown)) => finding.at(unknown.span, "there is only one of it"),
            None => finding,
        };
        let finding = finding
            .note("what is right for the small layer is far too wide for the large one")
            .help(format!("write `{words} / sqrt(fan_in)`, or declare the scale in `each layer`"));
        found.push(match arg {
            Some(arg) => {
                let is_plain = words.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
                let words = if is_plain { words } else { format!("({words})") };
                finding.fix(arg.value.span, format!("{words} / sqrt(fan_in)"))
            }
            None => finding,
        });
    }
    found
}
