//! The page of a family, for `bnnc explain Normal` and `docs/distributions.md`.

use super::{ArgSlot, ArgSpec, Family};

/// The page of a family by its exact name.
pub fn page(name: &str) -> Option<String> {
    super::find(name).map(text)
}

/// Heading, how to write it, what its arguments must be, and the family's own text.
pub fn text(family: &Family) -> String {
    let mut page = format!("{}\n\n", family.name);
    for form in 0..family.forms.len() {
        page += &format!("    x ~ {}\n", call(family, form));
    }
    page.push('\n');
    let mut seen = Vec::new();
    for arg in family.forms.iter().flat_map(|form| form.args) {
        if !seen.contains(&arg.name) {
            seen.push(arg.name);
            page += &format!("{:<12} {}\n", arg.name, slot(arg));
        }
    }
    page += &format!("{}\n", family.page);
    if family.log_mass.is_some() {
        page += &format!("`{} on (a, b)` cuts it to an interval.\n", call(family, 0));
    }
    page
}

/// `Gamma(shape =, rate =)`
pub fn call(family: &Family, form: usize) -> String {
    let args = family.forms[form].args;
    if args.is_empty() {
        return family.name.to_owned();
    }
    let by_position = if form == 0 { family.positional } else { 0 };
    let args: Vec<String> = args
        .iter()
        .enumerate()
        .map(|(i, arg)| if i < by_position { arg.name.to_owned() } else { format!("{} =", arg.name) })
        .collect();
    format!("{}({})", family.name, args.join(", "))
}

/// What an argument must be, in words.
pub fn slot(arg: &ArgSpec) -> String {
    match arg.slot {
        ArgSlot::Scalar(interval) => interval.to_string(),
        ArgSlot::Simplex => "a vector of probabilities that sum to 1".to_owned(),
        ArgSlot::Scores => "a vector of real numbers".to_owned(),
        ArgSlot::Ordered => "an increasing vector".to_owned(),
    }
}
