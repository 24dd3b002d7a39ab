//! `y ~ Dist(…)` for data: the likelihood, and whether the distribution is one for such a target.

use super::Checker;
use super::distributions::Target;
use super::names::What;
use super::scope::Scope;
use crate::diagnostic::Diagnostic;
use crate::dist::Family;
use crate::model::{ExprId, Observation, Setting, SettingValue};
use crate::source::Span;
use crate::ty::{Element, Support, Type};

impl Checker<'_> {
    /// One likelihood term.
    pub(super) fn observe(&mut self, i: usize) {
        let likelihood = self.names.likelihoods[i].clone();
        let name = likelihood.name;
        let Some(declaration) = self.names.find(&name.value) else { return };
        let declared = self.names.declarations[declaration].span;
        self.used.insert(declared);
        if let (Some(first), Some(last)) = (likelihood.sizes.first(), likelihood.sizes.last()) {
            self.found.push(
                Diagnostic::new("T001", format!("`{}` is data: its size is that of the data", name.value))
                    .at(first.span.to(last.span), "no size is wanted here")
                    .at(declared, "declared here")
                    .help(format!("write `{} ~ …`", name.value)),
            );
            return;
        }
        if let Some(heads) = self.heads.get(&declaration) {
            let finding = super::calls::several_outputs(&name.value, "", heads, name.span);
            self.found.push(finding);
        }
        let target =
            self.values[declaration].flatten().and_then(|id| self.is_data_target(id, declaration, name.span));
        // Without a target the right side is still checked, as far as it does not depend on it.
        let Some(target) = target else {
            for arg in &likelihood.dist.args {
                self.expr(&arg.value, &Scope::default());
            }
            return;
        };
        let units = self.arena.units(target);
        let target = self.arena.single(target);
        let ty = self.arena.get(target).ty.clone();
        let about = Target {
            name: &name.value,
            span: declared,
            shape: &ty.shape,
            along_factor: false,
            factors: &[],
            observed: Some(&ty),
        };
        let Some(dist) = self.distribution(likelihood.dist, &Scope::default(), &about) else { return };
        let span = name.span.to(likelihood.dist.span);
        self.observations.push(Observation { name: name.value.clone(), target, dist, units, span });
    }

    /// A likelihood's left side depends on columns, and on nothing unknown.
    fn is_data_target(&mut self, id: ExprId, declaration: usize, span: Span) -> Option<ExprId> {
        if self.arena.is_data(id) && self.arena.is_row(id) {
            return Some(id);
        }
        let declaration = &self.names.declarations[declaration];
        let is_random = !self.arena.is_data(id);
        let name = declaration.name;
        let why = if is_random { "it depends on an unknown" } else { "it depends on no column" };
        self.found.push(
            Diagnostic::new("N002", format!("`{name}` is a definition, and cannot be observed: {why}"))
                .at(span, "this makes it the target of a likelihood")
                .at(declaration.span, "defined here")
                .help("observe a column or a definition made of columns only; give an unknown a name of its own"),
        );
        None
    }

    /// L002: a class wants a distribution of classes, a real number a continuous one.
    pub(super) fn wrong_kind_of_target(
        &self,
        target: &Target,
        ty: &Type,
        family: &Family,
        span: Span,
    ) -> Option<Diagnostic> {
        let name = target.name;
        let is = match ty.element {
            Element::Class => "a class",
            Element::Factor => "a factor",
            Element::Bool => "true or false",
            Element::Count => "a count",
            Element::Real => "a real number",
        };
        let classes = match ty.support {
            Support::Class(k) | Support::Factor(k) => k,
            _ => 2,
        };
        let shape = values_of(family);
        let fits = match (ty.element, shape) {
            (Element::Class, Values::Classes) => true,
            (Element::Real | Element::Count | Element::Bool, Values::Any) => true,
            (Element::Class, Values::Truth) => classes == 2,
            (Element::Bool, Values::Truth | Values::Classes) => true,
            (Element::Count, Values::Counts) => true,
            (Element::Real, Values::Real) => true,
            (Element::Real, Values::Counts | Values::Truth) => ty.support.interval().is_whole(),
            _ => false,
        };
        if fits {
            return None;
        }
        if (ty.element, shape) == (Element::Count, Values::Real) {
            return Some(
                Diagnostic::new("L002", format!("`{name}` is a count, but `{}` is continuous", family.name))
                    .at(span, "is continuous")
                    .at(target.span, "declared count")
                    .note("for large counts this is a usual approximation")
                    .help(format!("try `{name} ~ Poisson(…)`, or `NegBinomial(mean = …, shape = …)`"))
                    .as_note(),
            );
        }
        let gives = match shape {
            Values::Real => "is continuous",
            Values::Counts => "gives whole numbers",
            Values::Truth => "gives 0 or 1",
            Values::Classes => "gives classes",
            Values::Any => "gives a number",
        };
        let help = match ty.element {
            Element::Class if classes == 2 => {
                format!("try `{name} ~ Bernoulli(logit = …)` or `{name} ~ Categorical(logits = …)`")
            }
            Element::Class => format!("try `{name} ~ Categorical(logits = …)`"),
            Element::Factor => {
                format!("declare `{name}` as `class` and try `{name} ~ Categorical(logits = …)`")
            }
            Element::Bool => format!("try `{name} ~ Bernoulli(logit = …)`"),
            Element::Count => format!("try `{name} ~ Poisson(log_rate = …)`"),
            Element::Real => match shape {
                Values::Classes => format!("declare `{name}` as `class` if it is one"),
                Values::Truth => format!("declare `{name}` as `bool` if it is 0 or 1"),
                Values::Counts | Values::Real | Values::Any => {
                    format!("declare `{name}` as `count` if it is one")
                }
            },
        };
        Some(
            Diagnostic::new("L002", format!("`{name}` is {is}, but `{}` {gives}", family.name))
                .at(span, gives.to_string())
                .at(target.span, format!("declared {}", declared_as(ty)))
                .help(help),
        )
    }

    /// L001, unless something else says where the likelihood went.
    pub(super) fn nothing_is_missing(&mut self, settings: &[Setting], is_lost: bool) {
        let is_prior =
            settings.iter().any(|s| s.name == "method" && s.value == SettingValue::Word("prior".to_owned()));
        // `observed = y` in the arguments says where the likelihood went, and is told.
        let is_elsewhere = |d: &Diagnostic| d.labels.iter().any(|l| l.text == super::forms::OBSERVED);
        if !self.names.likelihoods.is_empty() || is_lost || self.found.0.iter().any(is_elsewhere) {
            return;
        }
        let columns: Vec<&str> = self
            .names
            .declarations
            .iter()
            .filter(|d| matches!(d.what, What::Column(_)))
            .map(|d| d.name)
            .collect();
        let finding = Diagnostic::new("L001", "no likelihood: no column is on the left of a `~`");
        let finding = match self.names.data {
            Some(data) => finding.at(data.span, "none of these columns is observed"),
            None => finding.note("the model has no `data` block"),
        };
        // Drawing from the prior needs none.
        let finding = if is_prior { finding.as_note() } else { finding };
        self.found.push(match columns.last() {
            Some(column) => finding.help(format!("say how a column came about: `{column} ~ Normal(…, …)`")),
            None => {
                finding.help("name the data and a column: `data \"file.csv\" { y : real }`, then `y ~ …`")
            }
        });
    }

    /// The layer line that made a value, if it came from a net: its place and its text.
    pub(super) fn last_layer(&self, span: Span) -> Option<(Span, String)> {
        let inside = |layer: &Span| layer.start <= span.start && span.end <= layer.end;
        self.layer_scopes.iter().rev().find(|l| inside(&l.span)).map(|l| {
            let net = &self.net_states[l.net];
            (l.span, self.nets[net.position].layers[l.layer].text.clone())
        })
    }
}

/// What kind of values a family gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Real,
    Counts,
    Truth,
    Classes,
    /// a single point, wherever it is
    Any,
}

fn values_of(family: &Family) -> Values {
    if !family.is_discrete {
        return Values::Real;
    }
    let longest = family.forms.iter().map(|f| f.args.len()).max().unwrap_or(0);
    let unknown = vec![crate::dist::ArgValue { constant: None, len: 2 }; longest];
    match (family.support)(0, &unknown) {
        Support::Class(_) | Support::Factor(_) => Values::Classes,
        Support::Interval(i) if i.low == 0.0 && i.high == 1.0 => Values::Truth,
        Support::REAL => Values::Any,
        _ => Values::Counts,
    }
}

fn declared_as(ty: &Type) -> String {
    match ty.element {
        Element::Class | Element::Factor => format!("{}", ty.support),
        Element::Bool => "bool".into(),
        Element::Count => "count".into(),
        Element::Real => format!("{}{}", ty.support, ty.shape),
    }
}
