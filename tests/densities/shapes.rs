//! Every distribution with arguments of every shape, for targets of every shape: a finding, or a tape that differentiates
//! and can be planned. Nothing in between, and never a panic.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::dist::{self, Event, Family};
use bnnc::infer::objective::with_gradient;
use bnnc::lower::{LATENTS, Parameterization, lower};
use bnnc::plan::plan;
use bnnc::source::SourceFile;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Scalars, vectors, matrices; unknown, constant, per row.
const ARGUMENTS: &[&str] =
    &["2", "s", "p", "r3", "o2", "m33", "x", "[0.2, 0.3, 0.5]", "[[1, 0], [0.6, 0.8]]", "C", "e[school]"];
const TARGETS: &[&str] =
    &["t", "t[3]", "t[2]", "t[2, 3]", "t[school]", "t[3, 3]", "y", "v", "n", "hidden", "side"];
const SUFFIXES: &[&str] =
    &["", " on (0.1, 2)", " on (0, inf)", " censored by hidden", " weighted by w", " ordered"];

const HEAD: &str = "data \"data.csv\" { y, x : real; n : count; w : nonneg; hidden : bool; side : class; school : factor; v : real[2] }
s ~ HalfNormal(1)
p ~ Beta(1, 1)
r3[3] ~ Normal(0, 1)
o2[2] ~ Normal(0, 1) ordered
m33[3, 3] ~ HalfNormal(1)
C[2] ~ LKJCholesky(eta = 2)
e[school] ~ Normal(0, 1)
";

/// A model with the target; an unknown one is used, so that it has a likelihood.
fn model(target: &str, distribution: &str, is_vector: bool) -> String {
    let mut text = format!("{HEAD}{target} ~ {distribution}\n");
    if target.starts_with('t') {
        let used = if target == "t" && !is_vector { "t" } else { "sum(t)" };
        text += &format!("y ~ Normal({used} + s + p + r3[1] + o2[1] + m33[1, 1] + C[2, 1] + e[school], 1)\n");
    }
    text
}

/// Checks a model; one without errors is lowered, differentiated and planned. Whether it was without errors.
fn goes_through(text: &str) -> Result<bool, String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let source = SourceFile::new("model.bnn", text);
        let (model, found) = checked(&source, "tests/densities", &Context::default());
        let Some(model) = model.filter(|_| !found.has_errors()) else { return Ok(false) };
        let joint = lower(&model, &Parameterization::default());
        let objective = joint.tape.output("log_joint").ok_or("no log joint")?;
        let tape = with_gradient(&joint.tape, objective, &[LATENTS])?;
        plan(&tape, 16)?;
        Ok::<bool, String>(true)
    }));
    match outcome {
        Ok(Ok(is_right)) => Ok(is_right),
        Ok(Err(refused)) => Err(format!("{refused}:\n{text}")),
        Err(_) => Err(format!("a panic:\n{text}")),
    }
}

/// Arguments for a form: each place takes every expression while the others keep a middling one.
fn calls(family: &Family, form: usize) -> Vec<String> {
    let specs = family.forms[form].args;
    let call = |args: &[&str]| {
        let named: Vec<String> = specs.iter().zip(args).map(|(s, a)| format!("{} = {a}", s.name)).collect();
        match named.as_slice() {
            [] => family.name.to_owned(),
            _ => format!("{}({})", family.name, named.join(", ")),
        }
    };
    if specs.is_empty() {
        return vec![call(&[])];
    }
    let mut all = vec![];
    for base in ["2", "s", "[0.2, 0.3, 0.5]", "C"] {
        for place in 0..specs.len() {
            for argument in ARGUMENTS {
                let mut args = vec![base; specs.len()];
                args[place] = argument;
                all.push(call(&args));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

#[test]
fn arguments_and_targets_of_any_shape_are_answered() {
    try_calls(4);
}

#[test]
#[ignore = "slow: all of them, minutes"]
fn all_arguments_and_targets_of_any_shape_are_answered() {
    try_calls(1);
}

/// One in so many pairs of a call and a target.
fn try_calls(one_in: usize) {
    let (mut complaints, mut right) = (vec![], 0);
    for family in dist::ALL.iter().filter(|f| f.name != "Mixture") {
        let mut of_family = 0;
        for form in 0..family.forms.len() {
            for (i, call) in calls(family, form).iter().enumerate() {
                for (j, target) in TARGETS.iter().enumerate().filter(|(j, _)| (i + 3 * j) % one_in == 0) {
                    // One suffix for each pair, so that all meet all in the end.
                    for suffix in ["", SUFFIXES[(i + j) % SUFFIXES.len()]] {
                        match goes_through(&model(
                            target,
                            &format!("{call}{suffix}"),
                            family.event != Event::Scalar,
                        )) {
                            Ok(is_right) => of_family += usize::from(is_right),
                            Err(complaint) => complaints.push(complaint),
                        }
                    }
                }
            }
        }
        assert!(of_family > 0, "no model with {} went through", family.name);
        right += of_family;
    }
    assert!(
        complaints.is_empty(),
        "{} of them:\n{}",
        complaints.len(),
        complaints[..complaints.len().min(8)].join("\n")
    );
    assert!(right > 500, "{right} models went through");
}

#[test]
fn mixtures_of_any_components_are_answered() {
    let components = [
        "Normal(0, 1)",
        "Normal(r3, 1)",
        "Normal(x, s)",
        "Delta(0)",
        "Poisson(2)",
        "Categorical(probs = [0.2, 0.3, 0.5])",
        "MvNormal(0, cov = [[1, 0.5], [0.5, 1]])",
        "Dirichlet(1)",
        "HalfNormal(1)",
        "Normal(0, 1) on (0, inf)",
        "s",
        "Mixture([0.5, 0.5], Normal(0, 1), Normal(1, 2))",
        "Bernoulli(p = p)",
        "LKJCholesky(eta = 1)",
        "Uniform(0, s)",
    ];
    let (mut complaints, mut right) = (vec![], 0);
    for a in components {
        for b in components {
            for target in TARGETS {
                let suffix = SUFFIXES[(a.len() + b.len() + target.len()) % SUFFIXES.len()];
                for call in [
                    format!("Mixture([p, 1 - p], {a}, {b}){suffix}"),
                    format!("Mixture([0.2, 0.3, 0.5], {a})"),
                ] {
                    match goes_through(&model(target, &call, false)) {
                        Ok(is_right) => right += usize::from(is_right),
                        Err(complaint) => complaints.push(complaint),
                    }
                }
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    assert!(
        complaints.is_empty(),
        "{} of them:\n{}",
        complaints.len(),
        complaints[..complaints.len().min(8)].join("\n")
    );
    assert!(right > 50, "{right} mixtures went through");
}
