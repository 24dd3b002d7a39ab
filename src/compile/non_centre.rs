//! Which unknowns may be written as location plus scale times a standard variable (equation 17).

use crate::lower::Parameterization;
use crate::model::{ExprId, ExprKind, Model, Role, Treatment, UnknownId};

/// Unknowns outside nets with a location-scale prior whose location or scale is itself unknown.
pub fn candidates(model: &Model) -> Parameterization {
    let random = random_exprs(model);
    let fits = |u: &crate::model::Unknown| {
        u.role == Role::Plain
            && u.treatment == Treatment::Random
            && u.prior.truncation.is_none()
            && u.bijection.name == "identity"
            && u.prior.family.location_scale.is_some_and(|(location, scale)| {
                let arg = |i: usize| u.prior.args.get(i).is_some_and(|e| random[e.0 as usize]);
                arg(location) || arg(scale)
            })
    };
    let non_centred = (0..model.unknowns.len())
        .filter(|i| fits(&model.unknowns[*i]))
        .map(|i| UnknownId(i as u32))
        .collect();
    Parameterization { non_centred }
}

/// Which expressions depend on an unknown.
fn random_exprs(model: &Model) -> Vec<bool> {
    let mut random = vec![false; model.exprs.len()];
    for i in 0..random.len() {
        let any = |ids: &[ExprId]| ids.iter().any(|e| random[e.0 as usize]);
        random[i] =
            matches!(model.exprs[i].kind, ExprKind::Unknown(_)) || any(&model.exprs[i].kind.operands());
    }
    random
}
