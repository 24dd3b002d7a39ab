//! Which unknowns may be written as location plus scale times a standard variable (equation 17), or as a mean plus a
//! factor times a vector of them.

use crate::lower::Parameterization;
use crate::model::{ExprId, ExprKind, Model, Role, Treatment, Unknown, UnknownId};
use crate::rewrites::{Note, Rewrite};

/// Unknowns outside nets with a location-scale prior whose location or scale is itself unknown; and why others of such
/// a prior are not among them.
pub fn candidates(model: &Model) -> (Parameterization, Vec<Note>) {
    let random = random_exprs(model);
    let depends = |u: &Unknown| {
        u.treatment == Treatment::Random && {
            let arg = |i: usize| u.prior.args.get(i).is_some_and(|e| random[e.0 as usize]);
            match u.prior.family.location_scale {
                Some((location, scale)) => arg(location) || arg(scale),
                None => u.prior.family.from_standard.is_some() && (0..u.prior.args.len()).any(arg),
            }
        }
    };
    let (mut parameterization, mut refused) = (Parameterization::default(), vec![]);
    let mut in_nets = 0;
    for (i, unknown) in model.unknowns.iter().enumerate().filter(|(_, u)| depends(u)) {
        if unknown.role != Role::Plain {
            in_nets += 1;
        } else if !unknown.prior.is_bare() || unknown.bijection.name != "identity" {
            let why = format!("{}: its prior is truncated or ordered", unknown.name);
            refused.push(Note::refused(Rewrite::NonCentre, why));
        } else {
            parameterization.non_centred.insert(UnknownId(i as u32));
        }
    }
    if in_nets > 0 {
        let why = format!("{in_nets} tensors of nets stay centred");
        refused.push(Note::refused(Rewrite::NonCentre, why));
    }
    (parameterization, refused)
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
