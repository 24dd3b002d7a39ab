//! Heavy-tailed priors as normals of a random scale (`docs/inference.md`, equation 18): a model to a model.
//!
//! ```text
//! w ~ Laplace(c, g)        w.v ~ Exponential(rate = 1/2);   w ~ Normal(c, g sqrt(w.v))
//! w ~ StudentT(n, c, g) →  w.v ~ InvGamma(n/2, n/2);        w ~ Normal(c, g sqrt(w.v))
//! w ~ Cauchy(c, g)         w.v ~ InvGamma(1/2, 1/2);        w ~ Normal(c, g sqrt(w.v))
//! ```
//!
//! Integrated over v the prior of w is the one written, so the posterior of everything else stays. The guide changes:
//! independent w and v lose the Jensen gap, and v gains a dimension for each w.

use crate::dist;
use crate::kernels::scalar::{Binary, Unary};
use crate::model::{Distribution, Expr, ExprId, ExprKind, Model, Role, Treatment, Unknown, UnknownId};
use crate::rewrites::{Note, Rewrite};
use crate::source::Span;
use crate::transform;
use crate::ty::{Element, Kind, Shape, Support, Type};

/// The model with every prior that allows it taken apart, and what became of each heavy-tailed prior.
pub fn with_scale_mixtures(model: &Model) -> (Model, Vec<Note>) {
    let mut out = Model { unknowns: vec![], ..model.clone() };
    let mut notes = vec![];
    let mut place = Vec::with_capacity(model.unknowns.len());
    for unknown in &model.unknowns {
        let mut unknown = unknown.clone();
        if let Some(tails) = Tails::of(&unknown.prior) {
            match obstacle(model, &unknown, &tails) {
                Some(why) => {
                    notes.push(Note::refused(Rewrite::ScaleMixture, format!("{}: {why}", unknown.name)));
                }
                None => {
                    let id = UnknownId(out.unknowns.len() as u32);
                    let v = mixing(&mut out, &unknown, &tails);
                    let what = format!("{} is normal given {}", unknown.name, v.name);
                    notes.push(Note::applied(Rewrite::ScaleMixture, what));
                    out.unknowns.push(v);
                    unknown.prior = normal(&mut out, &unknown, &tails, id);
                }
            }
        }
        place.push(UnknownId(out.unknowns.len() as u32));
        out.unknowns.push(unknown);
    }
    // Expressions of the model as written name unknowns by their old places; those made here come after them.
    for expr in &mut out.exprs[..model.exprs.len()] {
        if let ExprKind::Unknown(id) = &mut expr.kind {
            *id = place[id.0 as usize];
        }
    }
    (out, notes)
}

/// The arguments of a heavy-tailed prior.
struct Tails {
    location: ExprId,
    scale: ExprId,
    mixing: Mixing,
}

/// The prior of v.
enum Mixing {
    /// Exponential with rate ½
    Laplace,
    /// InvGamma(ν/2, ν/2)
    StudentT(ExprId),
    /// InvGamma(½, ½)
    Cauchy,
}

impl Tails {
    fn of(prior: &Distribution) -> Option<Tails> {
        let (location, scale) = prior.family.location_scale?;
        let mixing = match prior.family.name {
            "Laplace" => Mixing::Laplace,
            "StudentT" => Mixing::StudentT(prior.args[0]),
            "Cauchy" => Mixing::Cauchy,
            _ => return None,
        };
        Some(Tails { location: prior.args[location], scale: prior.args[scale], mixing })
    }
}

/// Why a prior stays as it is.
fn obstacle(model: &Model, unknown: &Unknown, tails: &Tails) -> Option<&'static str> {
    let is_suffix = |e: ExprId| model.expr(e).ty.shape.is_suffix_of(&unknown.shape);
    let degrees = match tails.mixing {
        Mixing::StudentT(df) => is_suffix(df),
        Mixing::Laplace | Mixing::Cauchy => true,
    };
    if unknown.treatment != Treatment::Random {
        Some("it is a point")
    } else if !unknown.prior.is_bare() {
        Some("its prior is truncated or ordered")
    } else if !is_suffix(tails.scale) || !degrees {
        Some("its arguments have axes that it has not")
    } else {
        None
    }
}

/// v, one for each element of w.
fn mixing(out: &mut Model, w: &Unknown, tails: &Tails) -> Unknown {
    let mut number = |x: f64| add(out, ExprKind::Number(x), Shape::scalar(), w.span);
    let (family, args) = match tails.mixing {
        Mixing::Laplace => ("Exponential", vec![number(0.5)]),
        Mixing::Cauchy => ("InvGamma", vec![number(0.5), number(0.5)]),
        Mixing::StudentT(df) => {
            let half = number(0.5);
            let shape = out.expr(df).ty.shape.clone();
            let half_df = add(out, ExprKind::Binary(Binary::Mul, df, half), shape, w.span);
            ("InvGamma", vec![half_df, half_df])
        }
    };
    let role = match &w.role {
        Role::Plain => Role::Plain,
        Role::Net { net, layer, fan_in, tensor } => {
            Role::Net { net: *net, layer: *layer, fan_in: *fan_in, tensor: format!("{tensor}.v") }
        }
    };
    Unknown {
        name: format!("{}.v", w.name),
        prior: Distribution::new(dist::find(family).expect("in the catalogue"), 0, args, w.prior.span),
        support: Support::POSITIVE,
        bijection: transform::find("exp").expect("in the table of bijections"),
        bounds: vec![],
        role,
        ..w.clone()
    }
}

/// Normal(c, g √v)
fn normal(out: &mut Model, w: &Unknown, tails: &Tails, v: UnknownId) -> Distribution {
    let v = add(out, ExprKind::Unknown(v), w.shape.clone(), w.span);
    let root = add(out, ExprKind::Unary(Unary::Sqrt, v), w.shape.clone(), w.span);
    let scale = add(out, ExprKind::Binary(Binary::Mul, tails.scale, root), w.shape.clone(), w.span);
    let family = dist::find("Normal").expect("in the catalogue");
    Distribution::new(family, 0, vec![tails.location, scale], w.prior.span)
}

/// Appends a positive global expression.
fn add(out: &mut Model, kind: ExprKind, shape: Shape, span: Span) -> ExprId {
    let ty = Type { element: Element::Real, shape, kind: Kind::Global, support: Support::POSITIVE };
    out.exprs.push(Expr { kind, ty, span, name: None });
    ExprId(out.exprs.len() as u32 - 1)
}
