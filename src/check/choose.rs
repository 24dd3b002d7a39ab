//! The alternatives of `choose`: which there are, which combinations are checked, which items are active.
//!
//! The first label is the default. Every combination is checked up to `MOST_COMBINATIONS`; beyond that each
//! alternative with the defaults of the others.

use super::Context;
use crate::diagnostic::{Diagnostic, Diagnostics, suggest};
use crate::source::Span;
use crate::syntax::ast::{Item, Name};
use std::collections::HashMap;

/// Above this number of combinations, each alternative is tried on its own.
const MOST_COMBINATIONS: usize = 64;

/// A `choose` anywhere in the model.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    /// `prior`
    pub name: &'a Name,
    /// `normal, laplace`
    pub labels: Vec<&'a str>,
    /// position of the label in force: the user's pick, or the first
    pub picked: usize,
}

/// For every choice, the position of its label.
pub type Picks = Vec<usize>;

/// All choices of a model with the user's picks.
#[derive(Debug, Default)]
pub struct Choices<'a> {
    /// In the order they stand.
    pub all: Vec<Choice<'a>>,
    index: HashMap<&'a str, usize>,
}

impl<'a> Choices<'a> {
    /// Finds every `choose` and applies `--choose`.
    pub fn collect(items: &'a [Item], context: &Context, found: &mut Diagnostics) -> Choices<'a> {
        let mut choices = Choices::default();
        choices.walk(items, found);
        for (name, label) in &context.choices {
            choices.pick(name, label, found);
        }
        choices
    }

    fn walk(&mut self, items: &'a [Item], found: &mut Diagnostics) {
        for item in items {
            match item {
                Item::Choose { name, alternatives } => {
                    let mut labels: HashMap<&str, Span> = HashMap::new();
                    for a in alternatives {
                        if let Some(first) = labels.insert(&a.label.value, a.label.span) {
                            found.push(super::error::defined_twice(&a.label, first));
                        }
                        self.walk(&a.items, found);
                    }
                    if let Some(first) = self.index.get(name.value.as_str()) {
                        found.push(super::error::defined_twice(name, self.all[*first].name.span));
                    } else if !alternatives.is_empty() {
                        self.index.insert(&name.value, self.all.len());
                        let labels = alternatives.iter().map(|a| a.label.value.as_str()).collect();
                        self.all.push(Choice { name, labels, picked: 0 });
                    }
                }
                Item::Net { body, .. } | Item::Each { body, .. } => self.walk(body, found),
                Item::Layer(layer) => self.walk(layer.body.as_deref().unwrap_or_default(), found),
                Item::Data(_)
                | Item::Const { .. }
                | Item::Define { .. }
                | Item::Random { .. }
                | Item::Report { .. }
                | Item::Fit { .. } => {}
            }
        }
    }

    fn pick(&mut self, name: &str, label: &str, found: &mut Diagnostics) {
        let Some(position) = self.index.get(name).copied() else {
            let known = self.all.iter().map(|c| c.name.value.as_str());
            let finding = Diagnostic::new("O003", format!("`--choose {name}={label}`: no `choose {name}`"));
            found.push(match (suggest::nearest(name, known.clone()), known.count()) {
                (Some(near), _) => finding.help(format!("did you mean `--choose {near}={label}`?")),
                (None, 0) => finding.note("the model has no `choose`"),
                (None, _) => finding.help(format!("the choices are {}", self.names())),
            });
            return;
        };
        let choice = &mut self.all[position];
        match choice.labels.iter().position(|l| *l == label) {
            Some(picked) => choice.picked = picked,
            None => {
                let finding = Diagnostic::new("O003", format!("`--choose {name}={label}`: no such label"))
                    .at(choice.name.span, format!("labels: {}", choice.labels.join(", ")));
                found.push(match suggest::nearest(label, choice.labels.iter().copied()) {
                    Some(near) => finding.help(format!("did you mean `--choose {name}={near}`?")),
                    None => finding,
                });
            }
        }
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.all.iter().map(|c| format!("`{}`", c.name.value)).collect();
        names.join(", ")
    }

    /// The labels in force.
    pub fn picked(&self) -> Picks {
        self.all.iter().map(|c| c.picked).collect()
    }

    /// What to check: the picked combination first, then those that differ from it least.
    pub fn combinations(&self) -> Vec<Picks> {
        let picked = self.picked();
        let product =
            self.all.iter().try_fold(1usize, |n, c| n.checked_mul(c.labels.len())).unwrap_or(usize::MAX);
        let mut all = vec![picked.clone()];
        if product <= MOST_COMBINATIONS {
            for mut rest in 0..product {
                let mut picks = vec![];
                for choice in &self.all {
                    picks.push(rest % choice.labels.len());
                    rest /= choice.labels.len();
                }
                if picks != picked {
                    all.push(picks);
                }
            }
            all.sort_by_key(|picks| picks.iter().zip(&picked).filter(|(a, b)| a != b).count());
        } else {
            for (i, choice) in self.all.iter().enumerate() {
                for label in (0..choice.labels.len()).filter(|l| *l != choice.picked) {
                    let mut picks = picked.clone();
                    picks[i] = label;
                    all.push(picks);
                }
            }
        }
        all
    }

    /// How a combination differs from the one in force: `prior = laplace`; nothing for that one.
    pub fn difference(&self, picks: &Picks) -> Option<String> {
        let differing = self.all.iter().zip(picks).filter(|(choice, pick)| choice.picked != **pick);
        let words: Vec<String> =
            differing.map(|(c, pick)| format!("{} = {}", c.name.value, c.labels[*pick])).collect();
        if words.is_empty() { None } else { Some(words.join(", ")) }
    }

    /// The items of a block with the alternatives of a combination put in place of each `choose`.
    pub fn active(&self, items: &'a [Item], picks: &Picks) -> Vec<&'a Item> {
        let mut active = vec![];
        for item in items {
            let Item::Choose { name, alternatives } = item else {
                active.push(item);
                continue;
            };
            let pick = self.index.get(name.value.as_str()).and_then(|i| picks.get(*i)).copied().unwrap_or(0);
            if let Some(alternative) = alternatives.get(pick) {
                active.extend(self.active(&alternative.items, picks));
            }
        }
        active
    }
}

/// The choices of a model in the order they stand, each with its labels.
pub fn labels(items: &[Item]) -> Vec<(&str, Vec<&str>)> {
    let mut choices = Choices::default();
    choices.walk(items, &mut Diagnostics::default());
    choices.all.into_iter().map(|c| (c.name.value.as_str(), c.labels)).collect()
}
