//! Names of the axes of unknowns, as ArviZ calls dims and coords: factors by their levels, layers by their sides.
//!
//! ```text
//! theta[school] ~ …     school                    f.1.w of `dense 20`   f.1.in, f.1.out
//! beta[3] ~ …           beta_dim_0 (1, 2, 3)      f.2.w of `conv 8 3x3` f.2.row, f.2.column, f.2.in, f.2.out
//! ```

use crate::export::{Axis, Labels};
use crate::model::{Model, Role, Unknown};
use crate::ty::{Shape, Support};

/// The axes of an unknown.
pub(super) fn of_unknown(model: &Model, unknown: &Unknown) -> Vec<Axis> {
    let mut axes: Vec<Axis> = vec![];
    let sides = sides(unknown);
    for (k, size) in unknown.shape.0.iter().enumerate() {
        let labels = unknown.axis_labels.get(k).filter(|labels| labels.len() == *size && !labels.is_empty());
        let is_taken = |name: &str| axes.iter().any(|a| a.name == name);
        let name = match (labels, sides.get(k)) {
            (Some(labels), _) => factor(model, labels, &is_taken),
            (None, Some(side)) => Some(format!("{}.{side}", layer(&unknown.name))),
            (None, None) => None,
        };
        let labels = labels.map_or(Labels::Count(*size), |labels| Labels::Words(labels.clone()));
        axes.push(Axis { name: name.unwrap_or_else(|| nameless(&unknown.name, k)), labels });
    }
    axes
}

/// Axes that are only counted.
pub(super) fn counted(name: &str, shape: &Shape) -> Vec<Axis> {
    let of = |(k, size): (usize, &usize)| Axis { name: nameless(name, k), labels: Labels::Count(*size) };
    shape.0.iter().enumerate().map(of).collect()
}

/// As ArviZ calls an axis of which nothing is known.
fn nameless(name: &str, axis: usize) -> String {
    format!("{name}_dim_{axis}")
}

/// The factor with these levels that has no axis here yet.
fn factor(model: &Model, labels: &[String], is_taken: &dyn Fn(&str) -> bool) -> Option<String> {
    let is_it = |c: &&crate::model::Column| {
        matches!(c.ty.support, Support::Factor(_) | Support::Class(_))
            && c.levels == labels
            && !is_taken(&c.name)
    };
    model.columns.iter().find(is_it).map(|c| c.name.clone())
}

/// `f.1` of `f.1.w`
fn layer(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

/// The sides of a layer's tensor, by its name and its number of axes.
fn sides(unknown: &Unknown) -> &'static [&'static str] {
    match (&unknown.role, unknown.shape.rank()) {
        (Role::Net { tensor, layer: Some(_), .. }, 2) if tensor == "w" => &["in", "out"],
        (Role::Net { tensor, layer: Some(_), .. }, 4) if tensor == "w" => &["row", "column", "in", "out"],
        (Role::Net { tensor, layer: Some(_), .. }, 1) if tensor == "b" => &["out"],
        (Role::Net { .. } | Role::Plain, _) => &[],
    }
}
