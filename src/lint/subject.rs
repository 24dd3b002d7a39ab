//! What a lint looks at: the tree as written, the model, and the training rows if they could be read.

use crate::model::{
    Distribution, ExprId, ExprKind, Model, Role, SettingValue, Treatment, Unknown, UnknownId,
};
use crate::syntax::ast::Ast;
use crate::ty::Kind;

/// Training rows as lints see them; made where data and models are both known.
pub trait Rows {
    /// How many training rows there are.
    fn count(&self) -> usize;
    /// The values of an expression of data on the training rows, row after row; of many rows a fixed choice.
    fn values(&self, id: ExprId) -> Vec<f64>;
}

/// A model with everything that a lint may ask.
pub struct Subject<'a> {
    /// As written.
    pub ast: &'a Ast,
    /// As checked.
    pub model: &'a Model,
    /// `None` if there are no data, or they cannot be read.
    pub rows: Option<&'a dyn Rows>,
    random: Vec<bool>,
}

impl<'a> Subject<'a> {
    /// Prepares the questions that need a walk over the model.
    pub fn new(ast: &'a Ast, model: &'a Model, rows: Option<&'a dyn Rows>) -> Self {
        let mut random = vec![false; model.exprs.len()];
        for (i, expr) in model.exprs.iter().enumerate() {
            let is_unknown = matches!(expr.kind, ExprKind::Unknown(_));
            random[i] = is_unknown || expr.kind.operands().iter().any(|o| random[o.0 as usize]);
        }
        Subject { ast, model, rows, random }
    }

    /// What an expression is.
    pub fn kind(&self, id: ExprId) -> &'a ExprKind {
        &self.model.expr(id).kind
    }

    /// Whether it depends on an unknown.
    pub fn is_random(&self, id: ExprId) -> bool {
        self.random[id.0 as usize]
    }

    /// Whether there is a value per row.
    pub fn is_row(&self, id: ExprId) -> bool {
        self.model.expr(id).ty.kind == Kind::Row
    }

    /// Its number, if it is one.
    pub fn number(&self, id: ExprId) -> Option<f64> {
        match self.kind(id) {
            ExprKind::Number(x) => Some(*x),
            _ => None,
        }
    }

    /// The unknown that an expression is, or is a part or a copy of.
    pub fn unknown(&self, id: ExprId) -> Option<(UnknownId, &'a Unknown)> {
        match self.kind(id) {
            ExprKind::Unknown(u) => Some((*u, self.model.unknown(*u))),
            ExprKind::Element(x, _)
            | ExprKind::IndexBy(x, _)
            | ExprKind::Reshape(x)
            | ExprKind::Repeat(x, _)
            | ExprKind::Take { x, .. }
            | ExprKind::LookUp { x, .. } => self.unknown(*x),
            _ => None,
        }
    }

    /// Unknowns with a written prior that is not ignored, and their places.
    pub fn priors(&self) -> impl Iterator<Item = (UnknownId, &'a Unknown)> {
        let has_prior = |u: &Unknown| u.treatment != Treatment::Point && !u.is_default;
        let all = self.model.unknowns.iter().enumerate();
        all.filter(move |(_, u)| has_prior(u)).map(|(i, u)| (UnknownId(i as u32), u))
    }

    /// Every distribution: priors, likelihoods, and what these mix.
    pub fn distributions(&self) -> Vec<&'a Distribution> {
        let priors = self.model.unknowns.iter().filter(|u| u.treatment != Treatment::Point).map(|u| &u.prior);
        let mut all: Vec<&Distribution> =
            priors.chain(self.model.observations.iter().map(|o| &o.dist)).collect();
        let mut next = 0;
        while next < all.len() {
            all.extend(&all[next].components);
            next += 1;
        }
        all
    }

    /// Everything that some expressions are made of, themselves included.
    pub fn made_of(&self, roots: impl IntoIterator<Item = ExprId>) -> Vec<ExprId> {
        let mut seen = vec![false; self.model.exprs.len()];
        let mut pending: Vec<ExprId> = roots.into_iter().collect();
        let mut found = vec![];
        while let Some(id) = pending.pop() {
            if !std::mem::replace(&mut seen[id.0 as usize], true) {
                found.push(id);
                pending.extend(self.kind(id).operands());
            }
        }
        found.sort();
        found
    }

    /// The value of an option of the fit block, if it is a word.
    pub fn word(&self, option: &str) -> Option<&'a str> {
        match self.model.setting(option)? {
            SettingValue::Word(word) => Some(word),
            SettingValue::Number(_) | SettingValue::Words(_) => None,
        }
    }

    /// Whether the posterior is approximated by a guide.
    pub fn is_advi(&self) -> bool {
        self.word("method").is_none_or(|m| m == "advi")
    }

    /// The values of an expression of data on the training rows.
    pub fn values(&self, id: ExprId) -> Option<Vec<f64>> {
        self.rows.filter(|_| !self.is_random(id)).map(|rows| rows.values(id))
    }
}

/// The argument of a distribution that is called `name`.
pub fn argument(dist: &Distribution, name: &str) -> Option<ExprId> {
    let form = dist.family.forms.get(dist.form)?;
    let at = form.args.iter().position(|a| a.name == name)?;
    dist.args.get(at).copied()
}

/// The scale of a distribution about a location or about zero: `sd` of `Normal`, `scale` of `HalfCauchy`.
pub fn scale(dist: &Distribution) -> Option<ExprId> {
    match dist.family.location_scale {
        Some((_, scale)) => dist.args.get(scale).copied(),
        None if dist.family.name.starts_with("Half") => {
            argument(dist, "sd").or_else(|| argument(dist, "scale"))
        }
        None if dist.family.name == "MvNormal" => argument(dist, "sd"),
        None => None,
    }
}

/// The location of a distribution that has one.
pub fn location(dist: &Distribution) -> Option<ExprId> {
    dist.args.get(dist.family.location_scale?.0).copied()
}

/// The net, the layer and the `fan_in` of a tensor called `name`.
pub fn tensor(unknown: &Unknown, name: &str) -> Option<(usize, usize, usize)> {
    match &unknown.role {
        Role::Net { net, layer: Some(layer), fan_in, tensor } if tensor == name => {
            Some((*net, *layer, *fan_in))
        }
        Role::Net { .. } | Role::Plain => None,
    }
}
