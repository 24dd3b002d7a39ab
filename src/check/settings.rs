//! The fit block: one table of options, their values and defaults; `--set` on top.

use super::error;
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::model::{Setting, SettingValue};
use crate::rewrites;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Name};
use crate::syntax::constant;
use std::collections::HashMap;

/// One option of the fit block.
#[derive(Debug)]
pub struct FitOption {
    /// `method`
    pub name: &'static str,
    /// Words that it takes; the first value of all is the default.
    pub words: &'static [&'static str],
    /// Numbers that it takes, if any.
    pub number: Option<Numbers>,
    /// The default, as it would be written.
    pub default: &'static str,
    /// What it does.
    pub page: &'static str,
    /// What it acts on; in a fit without that it has no effect.
    pub needs: Needs,
    /// The option that is probably meant where this one has no effect.
    pub meant: Option<&'static str>,
}

/// What an option acts on. Whether a fit has it, inference knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// every run; where it cannot be done it is refused (O001)
    Nothing,
    /// something that is fitted
    Fit,
    /// places that a fit starts from
    Starts,
    /// a guide of unknowns that are random
    Guide,
    /// directions that the guide's latents share
    Directions,
    /// draws inside the optimiser's steps
    Noise,
    /// steps whose number is a choice
    Steps,
    /// the optimiser's steps, which have a rate
    Rate,
    /// steps that see the rows by and by, so that they pass them again and again
    Passes,
    /// steps or modes on rows
    Rows,
    /// steps or densities whose precision is a choice
    Precision,
    /// what each rewrite named acts on
    Rewrites,
    /// Markov chains, or populations of particles
    Chains,

    /// predictions that differ from draw to draw
    Predictions,
}

impl Needs {
    /// Where an option of this need has an effect, as the reference page says it.
    fn page(self) -> &'static str {
        match self {
            Needs::Nothing => "everywhere, or it is refused",
            Needs::Fit => "where something is fitted: not `prior`",
            Needs::Starts => "where a fit has starts: not `prior`, `laplace` only of a net",
            Needs::Guide => {
                "where a guide is fitted: `advi`, and `nuts` and `smc`, whose draws begin with one"
            }
            Needs::Directions => "`guide = lowrank`, `guide = ladder`, under `advi`, `nuts` and `smc`",
            Needs::Noise => {
                "where steps draw: `advi`, `nuts` and `smc` (of their guide), `map` and `mle` with `dropout`"
            }
            Needs::Steps => "where steps are taken: not `laplace`, `prior`, nor modes without a net",
            Needs::Rate => "where the optimiser takes steps: not `laplace`, `prior`, nor modes on all rows",
            Needs::Passes => "in minibatches, and where a wide net is fitted on few rows",
            Needs::Rows => "where rows are fitted: not `laplace`, `prior`",
            Needs::Precision => "where steps are taken, and where a net is evaluated: not `prior`",
            Needs::Rewrites => "where the rewrite may apply: mostly of a guide, `advi`, `nuts` and `smc`",
            Needs::Chains => "`method = nuts` and `smc`",
            Needs::Predictions => "where predictions differ from draw to draw: not classes of a point",
        }
    }
}

/// Which numbers an option takes.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// the smallest
    pub least: f64,
    /// whether `least` itself is allowed
    pub includes_least: bool,
    /// whether only whole numbers
    pub whole: bool,
}

const WHOLE: Option<Numbers> = Some(Numbers { least: 1.0, includes_least: true, whole: true });
const WHOLE_FROM_0: Option<Numbers> = Some(Numbers { least: 0.0, includes_least: true, whole: true });
const ABOVE_0: Option<Numbers> = Some(Numbers { least: 0.0, includes_least: false, whole: false });

/// Every option, in the order of `docs/language.md`.
pub const OPTIONS: &[FitOption] = &[
    FitOption {
        name: "method",
        words: &["advi", "map", "mle", "laplace", "nuts", "smc", "prior"],
        number: None,
        default: "advi",
        page: "how the posterior is approximated",
        needs: Needs::Nothing,
        meant: None,
    },
    FitOption {
        name: "guide",
        words: &["auto", "meanfield", "fullrank", "lowrank", "ladder"],
        number: None,
        default: "auto",
        page: "the family of the approximation",
        needs: Needs::Guide,
        meant: None,
    },
    FitOption {
        name: "rank",
        words: &[],
        number: WHOLE,
        default: "10",
        page: "directions of correlation of `guide = lowrank` and `ladder`",
        needs: Needs::Directions,
        meant: None,
    },
    FitOption {
        name: "correlate",
        words: &[],
        number: None,
        default: "[]",
        page: "nets, layers and unknowns that `guide = lowrank` or `fullrank` correlates, as `[f.3]`; none named: all",
        // Of points it is refused.
        needs: Needs::Rows,
        meant: None,
    },
    FitOption {
        name: "steps",
        words: &["auto"],
        number: WHOLE,
        default: "auto",
        page: "optimiser steps; not together with epochs",
        needs: Needs::Steps,
        meant: None,
    },
    FitOption {
        name: "epochs",
        words: &["auto"],
        number: ABOVE_0,
        default: "auto",
        page: "passes over the training rows; not together with steps",
        needs: Needs::Passes,
        meant: Some("steps"),
    },
    FitOption {
        name: "batch",
        words: &["auto", "all"],
        number: WHOLE,
        default: "auto",
        page: "rows in a step",
        needs: Needs::Rows,
        meant: None,
    },
    FitOption {
        name: "draws",
        words: &["auto", "shared"],
        number: WHOLE,
        default: "auto",
        page: "draws of the noise in a step; `shared`: one draw of the weights for the whole batch",
        needs: Needs::Noise,
        meant: Some("samples"),
    },
    FitOption {
        name: "optimizer",
        words: &["adam", "advi", "sgd"],
        number: None,
        default: "adam",
        page: "the step rule",
        needs: Needs::Nothing,
        meant: None,
    },
    FitOption {
        name: "learning_rate",
        words: &["auto"],
        number: ABOVE_0,
        default: "auto",
        page: "the first step size",
        needs: Needs::Rate,
        meant: None,
    },
    FitOption {
        name: "precision",
        words: &["auto", "f32", "f64"],
        number: None,
        default: "auto",
        page: "the numbers that steps are computed in",
        needs: Needs::Precision,
        meant: None,
    },
    FitOption {
        name: "restarts",
        words: &["auto"],
        number: WHOLE,
        default: "auto",
        page: "number of starts; the best is kept, or the mixture of all with `mix`",
        needs: Needs::Starts,
        meant: None,
    },
    FitOption {
        name: "mix",
        words: &["false", "true", "elbo"],
        number: None,
        default: "false",
        page: "keep the mixture of all starts: `true` in equal shares, `elbo` in those of the largest ELBO",
        needs: Needs::Fit,
        meant: None,
    },
    FitOption {
        name: "without",
        words: rewrites::NAMES,
        number: None,
        default: "[]",
        page: "names of rewrites to leave out",
        needs: Needs::Rewrites,
        meant: None,
    },
    FitOption {
        name: "with",
        words: rewrites::OPT_IN,
        number: None,
        default: "[]",
        page: "names of rewrites to apply that the default leaves out",
        needs: Needs::Rewrites,
        meant: None,
    },
    FitOption {
        name: "kl_weight",
        words: &[],
        number: ABOVE_0,
        default: "1",
        page: "tempering: the weight of the prior terms",
        needs: Needs::Nothing,
        meant: None,
    },
    FitOption {
        name: "warmup",
        words: &["off"],
        number: WHOLE,
        default: "off",
        page: "annealing: steps over which the prior terms come in",
        needs: Needs::Nothing,
        meant: None,
    },
    FitOption {
        name: "chains",
        words: &[],
        number: WHOLE,
        default: "4",
        page: "NUTS: number of chains; SMC: of populations",
        needs: Needs::Chains,
        meant: Some("restarts"),
    },
    FitOption {
        name: "samples",
        words: &["auto"],
        number: WHOLE,
        default: "auto",
        page: "NUTS: draws kept per chain, 1,000 by default; SMC: particles of a population, 250",
        needs: Needs::Chains,
        meant: Some("predict_draws"),
    },
    FitOption {
        name: "tune",
        words: &["auto"],
        number: WHOLE,
        default: "auto",
        page: "NUTS: draws per chain before those, 1,000 by default; SMC: moves of a particle at the posterior, at most 64",
        needs: Needs::Chains,
        meant: None,
    },
    FitOption {
        name: "target_accept",
        words: &[],
        number: ABOVE_0,
        default: "0.8",
        page: "NUTS, SMC: mean acceptance that step sizes are tuned to, below 1; higher means smaller steps, fewer divergences",
        needs: Needs::Chains,
        meant: None,
    },
    FitOption {
        name: "predict_draws",
        words: &[],
        number: WHOLE,
        default: "100",
        page: "posterior draws behind a prediction",
        needs: Needs::Predictions,
        meant: None,
    },
    FitOption {
        name: "seed",
        words: &[],
        number: WHOLE_FROM_0,
        default: "0",
        page: "key of all noise",
        needs: Needs::Nothing,
        meant: None,
    },
];

/// Looks an option up by its exact name.
pub fn find(name: &str) -> Option<&'static FitOption> {
    OPTIONS.iter().find(|o| o.name == name)
}

/// The part of the reference page on fit options.
pub fn reference() -> String {
    let mut text = String::from("| option | values | default | | has an effect |\n|---|---|---|---|---|\n");
    for option in OPTIONS {
        let FitOption { name, default, page, needs, .. } = option;
        text += &format!("| {name} | {} | `{default}` | {page} | {} |\n", option.values(), needs.page());
    }
    text
}

impl FitOption {
    /// The default as a value.
    pub fn default_value(&self) -> SettingValue {
        match self.default.parse::<f64>() {
            Ok(number) => SettingValue::Number(number),
            Err(_) if self.default == "[]" => SettingValue::Words(vec![]),
            Err(_) => SettingValue::Word(self.default.to_owned()),
        }
    }

    /// What may stand on the right side.
    pub(super) fn values(&self) -> String {
        let mut words: Vec<String> = self.words.iter().map(|w| format!("`{w}`")).collect();
        if let Some(n) = self.number {
            let kind = if n.whole { "a whole number" } else { "a number" };
            let from = if n.includes_least { "from" } else { "above" };
            words.push(format!("{kind} {from} {}", n.least));
        }
        let list = words.join(", ");
        if self.takes_names() {
            return "a list of names of the model".to_owned();
        }
        if self.is_list() { format!("a list of {list}") } else { list }
    }

    /// Whether its value is a list of words.
    pub(super) fn is_list(&self) -> bool {
        self.default == "[]"
    }

    /// Whether that list is of what the model declares; which names there are is known after checking.
    fn takes_names(&self) -> bool {
        self.is_list() && self.words.is_empty()
    }

    /// Why a value is not allowed.
    fn refuse(&self, value: &SettingValue) -> Option<Diagnostic> {
        let unknown = |word: &str| {
            if self.words.contains(&word) {
                return None;
            }
            let finding = Diagnostic::new("O001", format!("`{}` cannot be `{word}`", self.name));
            Some(match suggest::nearest(word, self.words.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{} = {near}`?", self.name)),
                None => finding.help(format!("it takes {}", self.values())),
            })
        };
        match value {
            SettingValue::Word(word) if self.takes_names() => {
                Some(self.wrong("one name").help(format!("write `{} = [{word}]`", self.name)))
            }
            SettingValue::Words(_) if self.takes_names() => None,
            SettingValue::Word(word) if self.is_list() => {
                unknown(word).or_else(|| Some(self.wrong(&format!("the word `{word}`"))))
            }
            SettingValue::Word(word) => unknown(word),
            SettingValue::Words(words) if self.is_list() => words.iter().find_map(|w| unknown(w)),
            SettingValue::Words(_) => Some(self.wrong("a list")),
            SettingValue::Number(v) => match self.number {
                Some(n) if *v < n.least || (*v == n.least && !n.includes_least) || !v.is_finite() => {
                    Some(self.wrong(&v.to_string()))
                }
                Some(n) if n.whole && *v != v.floor() => Some(self.wrong(&v.to_string())),
                Some(_) => None,
                None => Some(self.wrong(&v.to_string())),
            },
        }
    }

    fn wrong(&self, found: &str) -> Diagnostic {
        Diagnostic::new("O001", format!("`{}` cannot be {found}", self.name))
            .help(format!("it takes {}", self.values()))
    }
}

/// The settings in force: defaults, then the fit blocks, then `--set`.
pub fn settings(
    fits: &[(&[(Name, Expr)], Span)],
    constants: &HashMap<String, f64>,
    overrides: &[(String, String)],
    found: &mut Diagnostics,
) -> Vec<Setting> {
    let mut all: Vec<Setting> = OPTIONS
        .iter()
        .map(|o| Setting { name: o.name.into(), value: o.default_value(), span: None, is_default: true })
        .collect();
    let mut written: HashMap<&str, Span> = HashMap::new();
    for (name, value) in fits.iter().flat_map(|(options, _)| options.iter()) {
        let Some(option) = find(&name.value) else {
            found.push(unknown_option(&name.value, Some(name.span)));
            continue;
        };
        if let Some(first) = written.insert(&name.value, name.span) {
            found.push(error::defined_twice(name, first));
            continue;
        }
        let read = match read(value, option, constants) {
            Ok(value) => value,
            Err(finding) => {
                found.push(finding);
                continue;
            }
        };
        match option.refuse(&read) {
            Some(finding) => {
                let near = finding.help.as_deref().and_then(|h| h.strip_prefix("did you mean `"));
                let near = near.and_then(|h| h.strip_suffix("`?")).and_then(|h| h.split(" = ").nth(1));
                let fix = near.map(str::to_owned);
                let finding = finding.at(value.span, format!("a value of `{}`", option.name));
                found.push(match (&read, fix) {
                    (SettingValue::Word(_), Some(near)) => finding.fix(value.span, near),
                    _ => finding,
                });
            }
            None => put(&mut all, option, read, Some(name.span)),
        }
    }
    if let (Some(steps), Some(epochs)) = (written.get("steps"), written.get("epochs")) {
        found.push(
            Diagnostic::new("O002", "`steps` and `epochs` are both given")
                .at(*epochs, "one of them decides how long to fit")
                .at(*steps, "the other one")
                .help("keep one of them"),
        );
    }
    apply(overrides, &mut all, found);
    all
}

/// `--set` over the file; a length given there replaces either length of the file.
fn apply(overrides: &[(String, String)], all: &mut [Setting], found: &mut Diagnostics) {
    let given = |name: &str| overrides.iter().any(|(n, _)| n == name);
    if given("steps") && given("epochs") {
        found.push(
            Diagnostic::new("O002", "`steps` and `epochs` are both given on the command line")
                .help("keep one of them"),
        );
    }
    for (one, other) in [("steps", "epochs"), ("epochs", "steps")] {
        if given(one)
            && let Some(option) = find(other)
        {
            let default = option.default_value();
            all.iter_mut().filter(|s| s.name == other).for_each(|s| {
                *s = Setting { name: other.into(), value: default.clone(), span: None, is_default: true };
            });
        }
    }
    for (name, text) in overrides {
        let Some(option) = find(name) else {
            found.push(unknown_option(name, None));
            continue;
        };
        let value = from_text(text);
        match option.refuse(&value) {
            Some(finding) => found.push(finding.note(format!("from `--set {name}={text}`"))),
            None => put(all, option, value, None),
        }
    }
}

fn put(all: &mut [Setting], option: &FitOption, value: SettingValue, span: Option<Span>) {
    if let Some(setting) = all.iter_mut().find(|s| s.name == option.name) {
        *setting = Setting { name: option.name.into(), value, span, is_default: false };
    }
}

/// A value as it stands on a command line: `20`, `map`, `[collapse, non_centre]`.
fn from_text(text: &str) -> SettingValue {
    let text = text.trim();
    if let Some(list) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let words = list.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty());
        return SettingValue::Words(words.collect());
    }
    match text.parse::<f64>() {
        Ok(number) => SettingValue::Number(number),
        Err(_) => SettingValue::Word(text.to_owned()),
    }
}

/// A value as it stands in the file. A word of the option is that word; another name is a constant.
fn read(
    value: &Expr,
    option: &FitOption,
    constants: &HashMap<String, f64>,
) -> Result<SettingValue, Diagnostic> {
    match &value.kind {
        ExprKind::Field { .. } if option.takes_names() => {
            dotted(value).map(SettingValue::Word).ok_or_else(|| option.wrong("this"))
        }
        ExprKind::Name(name) => {
            let is_word = option.words.contains(&name.as_str()) || !constants.contains_key(name);
            Ok(match constants.get(name) {
                Some(number) if !is_word => SettingValue::Number(*number),
                _ => SettingValue::Word(name.clone()),
            })
        }
        ExprKind::Join(parts) => parts
            .iter()
            .map(|p| dotted(p).filter(|n| option.takes_names() || !n.contains('.')).ok_or(p.span))
            .collect::<Result<Vec<String>, Span>>()
            .map(SettingValue::Words)
            .map_err(|span| option.wrong("this").at(span, "a name is wanted here")),
        _ => constant::number(value, constants).map(SettingValue::Number),
    }
}

/// `f`, `f.3`, `f.3.w`
fn dotted(e: &Expr) -> Option<String> {
    match &e.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Field { base, field } => Some(format!("{}.{}", dotted(base)?, field.value)),
        _ => None,
    }
}

fn unknown_option(name: &str, span: Option<Span>) -> Diagnostic {
    let names = OPTIONS.iter().map(|o| o.name);
    let mut finding = Diagnostic::new("O001", format!("`{name}` is not a fit option"));
    if let Some(span) = span {
        finding = finding.at(span, "no option has this name");
    }
    match (suggest::nearest(name, names.clone()), span) {
        (Some(near), Some(span)) => finding.help(format!("did you mean `{near}`?")).fix(span, near),
        (Some(near), None) => finding.help(format!("did you mean `{near}`?")),
        (None, _) => finding.help(format!("the options are {}", names.collect::<Vec<_>>().join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_option() {
        for option in OPTIONS {
            assert!(option.refuse(&option.default_value()).is_none(), "{}", option.name);
            assert!(!option.page.is_empty());
            assert!(option.meant.is_none_or(|name| name != option.name && find(name).is_some()));
        }
    }

    #[test]
    fn command_line_values_are_read_by_their_form() {
        assert_eq!(from_text("20"), SettingValue::Number(20.0));
        assert_eq!(from_text("map"), SettingValue::Word("map".into()));
        let list = SettingValue::Words(vec!["collapse".into(), "non_centre".into()]);
        assert_eq!(from_text("[collapse, non_centre]"), list);
    }
}
