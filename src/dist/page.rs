//! The page of a family, for `bnnc explain Normal` and `docs/distributions.md`.

use super::{ArgSlot, ArgSpec, ArgValue, Ends, Event, Family};
use crate::ty::Support;

/// The page of a family by its exact name.
pub fn page(name: &str) -> Option<String> {
    super::find(name).map(text)
}

/// `docs/distributions.md`: a table of all families, then the page of each.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for family in super::ALL {
        let forms: Vec<String> =
            (0..family.forms.len()).map(|form| format!("`{}`", call(family, form))).collect();
        let yes = |is: bool| if is { "yes" } else { "" };
        page += &format!(
            "| {} | {} | {} | {} |\n",
            forms.join(" or "),
            values(family),
            yes(family.log_mass.is_some()),
            yes(family.sample.is_some())
        );
    }
    for family in super::ALL {
        let (_, rest) =
            text(family).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
        page += &format!("\n## {}\n\n```text\n{}\n```\n", family.name, rest.trim());
    }
    page
}

const INTRODUCTION: &str = "\
# Distributions

This page is written by a test from the catalogue in `src/dist`; `bnnc explain NAME` prints one entry.
Densities keep all their constants, so ELBOs of different models compare.
Arguments without `=` may be given by position; with `=` the name is required.

| distribution | values | `on (a, b)` | can be drawn |
|---|---|---|---|
";

/// Where values lie, in words.
fn values(family: &Family) -> String {
    let args: Vec<ArgValue> =
        family.forms[0].args.iter().map(|_| ArgValue { constant: None, len: 1 }).collect();
    match (family.support)(0, &args) {
        Support::Class(_) => "one of K classes".to_owned(),
        Support::Interval(interval) if interval.low.is_nan() || interval.high.is_nan() => {
            "between its arguments".to_owned()
        }
        Support::CholeskyCorr(_) => "the Cholesky factor of a correlation matrix".to_owned(),
        Support::Simplex(_) => "a vector of shares that sum to 1".to_owned(),
        _ if family.event == Event::Vector => "a vector of real numbers".to_owned(),
        Support::Interval(interval) if interval.whole && interval.high == 1.0 => "0 or 1".to_owned(),
        support => support.to_string(),
    }
}

/// Name, how to write it, what its arguments must be, and the family's own text.
fn text(family: &Family) -> String {
    let mut page = format!("{}\n\n", family.name);
    for form in 0..family.forms.len() {
        page += &format!("    x ~ {}\n", call(family, form));
    }
    page.push('\n');
    page += &format!("{:<16} {}\n", "x", values(family));
    let mut seen = Vec::new();
    for arg in family.forms.iter().flat_map(|form| form.args) {
        if !seen.contains(&arg.name) {
            seen.push(arg.name);
            page += &format!("{:<16} {}\n", arg.name, slot(arg));
        }
    }
    page += &format!("\n{}\n", family.page);
    if family.log_mass.is_some() {
        page +=
            &format!("`{} on (a, b)` cuts it to an interval{}.\n", call(family, 0), limits_of_cuts(family));
    }
    page
}

/// What the arguments and the ends have to be where it is cut.
fn limits_of_cuts(family: &Family) -> String {
    let known = if family.mass_ends == Ends::Known { "constants" } else { "constants or data" };
    let ends = match family.mass_ends {
        Ends::Any => None,
        Ends::Data => Some("the ends are whole numbers from constants or data"),
        Ends::Constant => Some("the ends are constant whole numbers up to 1000"),
        Ends::Known => Some("the ends are constants"),
    };
    let fixed = match family.fixed_for_mass {
        [] => None,
        [one] => Some(format!("{one} then has to be a constant or data")),
        several => Some(format!("{} then have to be {known}", several.join(" and "))),
    };
    let all: Vec<String> = fixed.into_iter().chain(ends.map(str::to_owned)).collect();
    if all.is_empty() { String::new() } else { format!("; {}", all.join("; ")) }
}

/// `Gamma(shape =, rate =)`
fn call(family: &Family, form: usize) -> String {
    let args = family.forms[form].args;
    if args.is_empty() {
        return family.name.to_owned();
    }
    let by_position = if form == 0 { family.positional } else { 0 };
    let args: Vec<String> = (args.iter().enumerate())
        .map(|(i, arg)| if i < by_position { arg.name.to_owned() } else { format!("{} =", arg.name) })
        .collect();
    format!("{}({})", family.name, args.join(", "))
}

/// What an argument must be, in words.
fn slot(arg: &ArgSpec) -> String {
    match arg.slot {
        ArgSlot::Scalar(interval) => interval.to_string(),
        ArgSlot::Simplex => "a vector of probabilities that sum to 1".to_owned(),
        ArgSlot::Scores => "a vector of real numbers".to_owned(),
        ArgSlot::Ordered => "an increasing vector".to_owned(),
        ArgSlot::Entries(interval) => format!("{interval}, one number or one for each entry"),
        ArgSlot::Covariance => "a symmetric positive definite matrix".to_owned(),
        ArgSlot::Cholesky => "a lower triangular matrix with a positive diagonal".to_owned(),
        ArgSlot::CholeskyCorr => "the Cholesky factor of a correlation matrix".to_owned(),
        ArgSlot::Components => "distributions, separated by commas".to_owned(),
    }
}
