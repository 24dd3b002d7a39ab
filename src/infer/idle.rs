//! Options that somebody set and that have no effect on the fit: O007, a warning.
//!
//! ```text
//! fit { chains = 8 }        `method = advi` has no chains                 the model says so
//! fit { epochs = 5 }        all rows in a step: there are no passes       its rows say so
//! ```
//!
//! What an option acts on stands in the table of options ([`Needs`]); whether a fit has it is answered here. A default
//! that is written as a word (`auto`, `off`) asks for nothing, so it is never in vain. Start at [`of_model`].

use super::settings::{GuideChoice, Method, Mix, Settings};
use super::{Path, full_rank_dims};
use crate::check::settings::{self as options, FitOption, Needs};
use crate::diagnostic::Diagnostic;
use crate::infer::problem::Problem;
use crate::model::{Model, Setting, SettingValue};
use crate::rewrites::{self, Rewrite};

/// O007 for every option of the model that has no effect; more of them are known with a `problem`, which is the model
/// as its method treats it, with its rows.
pub fn of_model(model: &Model, settings: &Settings, problem: Option<&Problem<'_>>) -> Vec<Diagnostic> {
    let fit = Fit { model, settings, way: problem.map(Way::of) };
    model.settings.iter().filter(|s| asks_for_something(s)).filter_map(|s| fit.finding(s)).collect()
}

/// Whether any option was set whose effect depends on the rows.
pub fn depends_on_rows(model: &Model) -> bool {
    let of_rows = |option: &FitOption| match option.needs {
        Needs::Nothing | Needs::Fit | Needs::Starts | Needs::Rows | Needs::Chains => false,
        Needs::Guide
        | Needs::Directions
        | Needs::Noise
        | Needs::Steps
        | Needs::Rate
        | Needs::Passes
        | Needs::Precision
        | Needs::Rewrites
        | Needs::Predictions => true,
    };
    model.settings.iter().any(|s| asks_for_something(s) && options::find(&s.name).is_some_and(of_rows))
}

/// Whether somebody set it, to more than the word that stands for the default.
fn asks_for_something(setting: &Setting) -> bool {
    let is_default = || options::find(&setting.name).is_some_and(|o| o.default_value() == setting.value);
    !setting.is_default && (matches!(setting.value, SettingValue::Number(_)) || !is_default())
}

/// What is known of a fit before it begins.
struct Fit<'a> {
    model: &'a Model,
    settings: &'a Settings,
    /// None as long as there are no rows.
    way: Option<Way>,
}

/// What the rows decide.
struct Way {
    path: Path,
    /// Whether any unknown is random.
    is_random: bool,
    /// Whether the model has noise of its own.
    is_noisy: bool,
    /// Whether the first guide of a ladder has all correlations.
    is_full: bool,
}

impl Way {
    fn of(problem: &Problem<'_>) -> Way {
        let (path, random) = (super::path(problem), problem.joint.random_dim);
        let is_full = full_rank_dims(problem, path) == random;
        Way { path, is_random: random > 0, is_noisy: problem.joint.is_noisy(), is_full }
    }
}

/// What a fit lacks that an option acts on.
struct Lack {
    /// The setting by which it lacks it.
    by: &'static str,
    /// In words, behind "has no effect".
    words: String,
    /// Ways out beside leaving the option out.
    instead: &'static str,
}

impl Fit<'_> {
    fn finding(&self, setting: &Setting) -> Option<Diagnostic> {
        let option = options::find(&setting.name)?;
        if let Some(d) = self.of_the_guide_alone(option, setting) {
            return Some(placed(d, setting));
        }
        let leave = format!("leave `{}` out", option.name);
        let (name, leave, lack) = match (option.needs, &setting.value) {
            (Needs::Rewrites, SettingValue::Words(words)) => {
                let (idle, lack) = self.idle_rewrites(option, words)?;
                let idle = idle.join(", ");
                let leave =
                    if idle == words.join(", ") { leave } else { format!("leave `{idle}` out of it") };
                (format!("{} = [{idle}]", option.name), leave, lack)
            }
            (needs, _) => (option.name.to_owned(), leave, self.lacks(needs)?),
        };
        let d = Diagnostic::new("O007", format!("`{name}` has no effect{}", lack.words));
        let d = placed(d, setting).help(match (self.meant(option), lack.instead) {
            (Some(meant), _) => format!("write `{}` ({}), or {leave}", meant.name, meant.page),
            (None, "") => leave,
            (None, instead) => format!("{leave}, or {instead}"),
        });
        // Another method for a file that has options of its own is no mistake in that file, nor are few rows.
        let by = self.model.settings.iter().find(|s| s.name == lack.by && !s.is_default);
        let is_of_rows = option.needs == Needs::Passes && lack.by == "batch";
        let is_from_elsewhere =
            setting.span.is_some() && (is_of_rows || by.is_some_and(|s| s.span.is_none()));
        Some(if is_from_elsewhere { d.as_note() } else { d })
    }

    /// `draws = 4000` with chains: it is of the steps of their guide, and who writes it alone means what they keep.
    fn of_the_guide_alone(&self, option: &FitOption, setting: &Setting) -> Option<Diagnostic> {
        let is_number = matches!(setting.value, SettingValue::Number(_));
        let (those, begin) = match self.settings.method {
            Method::Nuts => ("chains", "chains begin with"),
            Method::Smc => ("particles", "particles are drawn from"),
            _ => return None,
        };
        if option.needs != Needs::Noise || !is_number {
            return None;
        }
        let meant = options::find(option.meant?)?;
        if self.model.settings.iter().any(|s| s.name == meant.name && !s.is_default) {
            return None;
        }
        let (name, other) = (option.name, meant.name);
        let method = self.settings.method.name();
        let d =
            Diagnostic::new("O007", format!("`{name}` has no effect on the {those} of `method = {method}`"));
        let d = d.note(format!("it is of the steps of the guide that {begin}"));
        Some(d.help(format!("write `{other}` ({}), or leave `{name}` out", meant.page)))
    }

    /// The option that was meant, if that one has an effect.
    fn meant(&self, option: &FitOption) -> Option<&'static FitOption> {
        let meant = options::find(option.meant?)?;
        self.lacks(meant.needs).is_none().then_some(meant)
    }

    /// What the fit lacks that a rewrite acts on.
    fn lacks_of(&self, rewrite: Rewrite) -> Option<Lack> {
        let is_of_points = matches!(self.settings.method, Method::Map | Method::Mle | Method::Prior);
        match rewrite {
            Rewrite::NonCentre => self.by_method(is_of_points, ""),
            Rewrite::ScaleMixture => self.lacks(Needs::Fit),
            // Asked for in vain, they are refused where steps draw by key (O001).
            Rewrite::Flipout => self.lacks(Needs::Rows),
            Rewrite::QuasiRandom if self.way.as_ref().is_some_and(|way| way.path.draws_by_key()) => {
                self.lacks(Needs::Rows)
            }
            Rewrite::Entropy
            | Rewrite::ExpectedPrior
            | Rewrite::Collapse
            | Rewrite::LocalReparam
            | Rewrite::StickTheLanding
            | Rewrite::Antithetic
            | Rewrite::QuasiRandom
            | Rewrite::TiedScales => self.lacks(Needs::Guide),
        }
    }

    /// A rewrite that is applied only where `with` names it.
    fn left_out_anyway(&self, rewrite: Rewrite) -> Option<Lack> {
        let is_asked = !rewrites::OPT_IN.contains(&rewrite.name()) || self.settings.asks_for(rewrite);
        let words = ": it is applied only where `with` names it".to_owned();
        (!is_asked).then_some(Lack { by: "with", words, instead: "" })
    }

    /// The rewrites of a list that act on nothing, and why the first of them does not.
    fn idle_rewrites<'w>(&self, option: &FitOption, words: &'w [String]) -> Option<(Vec<&'w str>, Lack)> {
        let named = |word: &'w String| rewrites::ALL.iter().find(|entry| entry.name == word.as_str());
        let idle = |word: &'w String| {
            let rewrite = named(word)?.rewrite;
            let left_out = || (option.name == "without").then(|| self.left_out_anyway(rewrite)).flatten();
            Some((word.as_str(), left_out().or_else(|| self.lacks_of(rewrite))?))
        };
        let (idle, lacks): (Vec<&str>, Vec<Lack>) = words.iter().filter_map(idle).unzip();
        Some((idle, lacks.into_iter().next()?))
    }

    /// What the fit lacks of what an option needs.
    fn lacks(&self, needs: Needs) -> Option<Lack> {
        let method = self.settings.method;
        let (is_prior, has_net) = (method == Method::Prior, !self.model.nets.is_empty());
        let is_plain_laplace = method == Method::Laplace && !has_net;
        let has_steps = has_steps(method);
        match needs {
            Needs::Nothing | Needs::Rewrites => None,
            Needs::Fit => self.by_method(is_prior, ""),
            Needs::Starts => self.by_method(is_prior || is_plain_laplace, ""),
            Needs::Rows => self.by_method(!has_steps, ""),
            Needs::Steps => self.by_method(!has_steps, "").or_else(|| self.only_modes(!has_net)),
            Needs::Rate => self.by_method(!has_steps, "").or_else(|| self.only_modes(true)),
            Needs::Passes => self.by_method(!has_steps, "").or_else(|| self.all_rows()),
            // A net of points is evaluated in the precision asked for, however it was found.
            Needs::Precision => {
                self.by_method(is_prior || is_plain_laplace, "").or_else(|| self.only_modes(!has_net))
            }
            Needs::Chains => self.by_method(
                !matches!(method, Method::Nuts | Method::Smc),
                "fit with `method = nuts` or `smc`",
            ),
            Needs::Guide => self.no_guide(),
            Needs::Directions => self.no_guide().or_else(|| self.no_directions()),
            // Until the rows are there it is not known whether the model has noise of its own.
            Needs::Noise if has_steps && self.way.as_ref().is_none_or(|way| way.is_noisy) => None,
            Needs::Noise => self.no_guide(),
            Needs::Predictions => self.same_predictions(),
        }
    }

    /// What the method has not.
    fn by_method(&self, is_lacking: bool, instead: &'static str) -> Option<Lack> {
        let words = || format!(" with `method = {}`", self.settings.method.name());
        is_lacking.then(|| Lack { by: "method", words: words(), instead })
    }

    /// Points that are found as modes of all rows, without the optimiser.
    fn only_modes(&self, is_asked: bool) -> Option<Lack> {
        let is_of_modes = |way: &&Way| !way.is_random && !way.path.draws_by_key();
        self.way.as_ref().filter(|way| is_asked && is_of_modes(way))?;
        let words = " on this model: its modes are found by L-BFGS, which has steps of its own".to_owned();
        Some(Lack { by: "method", words, instead: "" })
    }

    /// Nothing random is fitted.
    fn no_guide(&self) -> Option<Lack> {
        let has_guide = matches!(self.settings.method, Method::Advi | Method::Nuts | Method::Smc);
        self.by_method(!has_guide, "fit with `method = advi`").or_else(|| {
            let words = " on this model: every unknown is a `Point`, and no guide is fitted".to_owned();
            let is_random = self.way.as_ref()?.is_random;
            (!is_random).then_some(Lack { by: "", words, instead: "" })
        })
    }

    /// A guide without directions.
    fn no_directions(&self) -> Option<Lack> {
        let guide = self.settings.guide;
        let words = match guide {
            GuideChoice::LowRank => return None,
            GuideChoice::Ladder => match &self.way {
                Some(way) if way.is_full => {
                    " on this model: its ladder begins with all correlations".to_owned()
                }
                Some(_) | None => return None,
            },
            GuideChoice::Auto | GuideChoice::MeanField | GuideChoice::FullRank => {
                format!(" with `guide = {}`", guide.name())
            }
        };
        Some(Lack { by: "guide", words, instead: "write `guide = lowrank`" })
    }

    /// A path that counts steps, because each sees all rows.
    fn all_rows(&self) -> Option<Lack> {
        let path = self.way.as_ref()?.path;
        let words = format!(" on this model, which is fitted by {}", path.words());
        let instead = "give a `batch` of fewer rows than there are";
        (!path.draws_by_key()).then_some(Lack { by: "batch", words, instead })
    }

    /// Classes of a point have the same probabilities in each draw.
    fn same_predictions(&self) -> Option<Lack> {
        let way = self.way.as_ref()?;
        let are_classes =
            self.model.observations.iter().all(|o| o.dist.family.class_log_probabilities.is_some());
        let is_point = !way.is_random && !way.is_noisy && self.settings.mix == Mix::No;
        let words = " on this model: every unknown is a point, which predicts classes in one draw".to_owned();
        (is_point && are_classes).then_some(Lack { by: "method", words, instead: "" })
    }
}

/// Whether a method takes the optimiser's steps, of a guide or of points.
fn has_steps(method: Method) -> bool {
    match method {
        Method::Advi | Method::Map | Method::Mle | Method::Nuts | Method::Smc => true,
        Method::Laplace | Method::Prior => false,
    }
}

/// A finding at its option.
fn placed(d: Diagnostic, setting: &Setting) -> Diagnostic {
    match setting.span {
        Some(span) => d.at(span, "set here"),
        None => d.note("it was set on the command line"),
    }
}
