//! L004: one constant noise, and residuals that are far larger at one end of what is predicted than at the other.
//!
//! Rows are sorted by the predicted mean, and by each input that is a number; in each order they are cut into groups
//! of one size, and the median size of the residuals of a group is its spread. Medians keep single stray rows, and
//! noise with heavy tails, from deciding.

use super::of_rows::of_rows;
use super::predict::{Predicted, Prediction};
use crate::data::Dataset;
use crate::diagnostic::Diagnostic;
use crate::lint::numbers::shown;
use crate::model::{ExprId, ExprKind, Model, Observation};
use crate::ty::Kind;

/// The largest spread over the smallest from which on it is told.
const RATIO: f64 = 20.0;
/// Rows of a group at least.
const FEWEST: usize = 20;
/// Groups at most.
const GROUPS: usize = 10;

/// The warnings, one for each target whose noise is the same in all rows; `predicted` are predictions of `rows`.
pub fn warnings(model: &Model, data: &Dataset, rows: &[u32], predicted: &[Prediction]) -> Vec<Diagnostic> {
    let mut found = vec![];
    for observation in &model.observations {
        let (Some(noise), Some(prediction)) =
            (constant_noise(model, observation), predicted.iter().find(|p| p.name == observation.name))
        else {
            continue;
        };
        let Predicted::Numbers { summary, targets } = &prediction.values else { continue };
        if targets.len() != rows.len() || summary.mean.len() != rows.len() {
            continue;
        }
        let residuals: Vec<f64> = targets.iter().zip(&summary.mean).map(|(y, m)| (y - m).abs()).collect();
        let mut orders = vec![("the predicted mean".to_owned(), summary.mean.clone())];
        orders.extend(
            inputs(model, observation)
                .map(|(name, id)| (format!("`{name}`"), of_rows(model, data, id, rows))),
        );
        let worst = orders.iter().filter_map(|(name, by)| Some((name, spread(&residuals, by)?)));
        let Some((name, uneven)) = worst.max_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio)) else { continue };
        if uneven.ratio < RATIO {
            continue;
        }
        let target = &observation.name;
        found.push(
            Diagnostic::new(
                "L004",
                format!("one constant noise for `{target}`, but its residuals vary {}-fold", shown(uneven.ratio)),
            )
            .at(observation.span, "the likelihood")
            .at(model.expr(noise).span, "the same for all rows")
            .note(format!(
                "by {name}, residuals are {} times as large about {} as about {}",
                shown(uneven.ratio),
                shown(uneven.most_at),
                shown(uneven.least_at)
            ))
            .help(
                "let the noise depend on the row: a net with two heads, `heads { mean: dense 1; noise: dense 1 softplus }`, \
                 or `exp(c[1] + c[2] * x)`",
            ),
        );
    }
    found
}

/// The scale of a target that is one number per row, if all rows share it.
fn constant_noise(model: &Model, observation: &Observation) -> Option<ExprId> {
    let dist = &observation.dist;
    let (_, at) = dist.family.location_scale?;
    let scale = *dist.args.get(at)?;
    let is_plain = dist.is_bare() && model.expr(observation.target).ty.shape.is_scalar();
    (is_plain && model.expr(scale).ty.kind == Kind::Global).then_some(scale)
}

/// Columns that are numbers and are no targets.
fn inputs<'m>(model: &'m Model, but: &Observation) -> impl Iterator<Item = (&'m str, ExprId)> {
    let target = but.target;
    model.exprs.iter().enumerate().filter_map(move |(i, expr)| match expr.kind {
        ExprKind::Column(c) if ExprId(i as u32) != target && expr.ty.shape.is_scalar() => {
            let column = model.column(c);
            column.levels.is_empty().then_some((column.name.as_str(), ExprId(i as u32)))
        }
        _ => None,
    })
}

/// How the sizes of residuals differ along an order.
struct Uneven {
    ratio: f64,
    least_at: f64,
    most_at: f64,
}

fn spread(residuals: &[f64], by: &[f64]) -> Option<Uneven> {
    let groups = (residuals.len() / FEWEST).min(GROUPS);
    if groups < 2 || by.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mut order: Vec<usize> = (0..residuals.len()).collect();
    order.sort_by(|a, b| by[*a].total_cmp(&by[*b]));
    let size = residuals.len() / groups;
    let mut groups: Vec<(f64, f64)> = order
        .chunks_exact(size)
        .map(|rows| {
            let mut sizes: Vec<f64> = rows.iter().map(|r| residuals[*r]).collect();
            sizes.sort_by(f64::total_cmp);
            (sizes[size / 2], by[rows[size / 2]])
        })
        .collect();
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ((least, least_at), (most, most_at)) = (*groups.first()?, *groups.last()?);
    // Rows that are met exactly have no noise to speak of: a target that is constant somewhere is another matter.
    (least > 0.0).then_some(Uneven { ratio: most / least, least_at, most_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_compared_along_an_order() {
        let x: Vec<f64> = (0..200).map(f64::from).collect();
        let even: Vec<f64> = (0..200).map(|i| 0.5 + f64::from(i % 7)).collect();
        let growing: Vec<f64> = x.iter().zip(&even).map(|(x, e)| e * (x / 40.0).exp()).collect();
        assert!(spread(&even, &x).unwrap().ratio < 2.0);
        let uneven = spread(&growing, &x).unwrap();
        assert!(uneven.ratio > RATIO && uneven.most_at > uneven.least_at);
        assert!(spread(&even[..30], &x[..30]).is_none(), "too few rows");
    }
}
