//! The names of an unknown's numbers as a person knows them: `beta[1]`, `theta[A]`, `f.1.w[2,3]`.

use crate::model::Unknown;

/// One name per number, in row-major order.
pub fn scalars(unknown: &Unknown) -> Vec<String> {
    let sizes = &unknown.shape.0;
    let count: usize = sizes.iter().product();
    (0..count)
        .map(|i| {
            if sizes.is_empty() {
                return unknown.name.clone();
            }
            let mut rest = i;
            let mut parts: Vec<String> = vec![String::new(); sizes.len()];
            for axis in (0..sizes.len()).rev() {
                let at = rest % sizes[axis];
                rest /= sizes[axis];
                let label = unknown.axis_labels.get(axis).and_then(|labels| labels.get(at));
                parts[axis] = label.cloned().unwrap_or_else(|| (at + 1).to_string());
            }
            format!("{}[{}]", unknown.name, parts.join(","))
        })
        .collect()
}
