//! Log densities of small models at given values, against sums written out here.

use crate::support::checked::checked;
use bnnc::check::Context;
use bnnc::kernels::special::normal_cdf;
use bnnc::lower::{Parameterization, lower};
use bnnc::model::Model;
use bnnc::source::SourceFile;
use bnnc::tape::eval::{Inputs, evaluate};
use std::collections::BTreeMap;

/// Of a log density of a few terms.
const EXACT: f64 = 1e-12;

fn model(text: &str) -> Model {
    let source = SourceFile::new("model.bnn", text);
    let (model, found) = checked(&source, "tests/densities", &Context::default());
    assert!(!found.has_errors(), "{:?}", found.0);
    model.expect("a model without errors")
}

/// An output of the log joint at u, with columns by their names.
fn output(text: &str, u: &[f64], columns: &[(&str, &[f64])], name: &str) -> Vec<f64> {
    let model = model(text);
    let joint = lower(&model, &Parameterization::default());
    assert_eq!(joint.dim, u.len(), "free numbers of {text}");
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let mut by_place: BTreeMap<u32, Vec<Vec<f64>>> = BTreeMap::new();
    for (name, values) in columns {
        let place = model.columns.iter().position(|c| c.name == *name).expect("a column of the model");
        let width = model.columns[place].ty.shape.len();
        by_place.insert(place as u32, values.chunks(width).map(<[f64]>::to_vec).collect());
    }
    let rows = by_place.values().map(Vec::len).max().unwrap_or(rows);
    let inputs =
        Inputs { inputs: [("u".to_owned(), u.to_vec())].into(), columns: by_place, ..Inputs::default() };
    let values = evaluate(&joint.tape, &inputs, rows);
    let slot = joint.tape.output(name).unwrap_or_else(|| panic!("no output {name}"));
    let value = &values[slot.0 as usize];
    match joint.tape.get(slot).kind {
        bnnc::ty::Kind::Row => (0..rows).flat_map(|r| value.at(r).to_vec()).collect(),
        bnnc::ty::Kind::Global => value.at(0).to_vec(),
    }
}

fn close(got: &[f64], want: &[f64]) {
    let fits = |(g, w): (&f64, &f64)| (g - w).abs() <= EXACT * (1.0 + w.abs()) || g == w;
    assert!(got.len() == want.len() && got.iter().zip(want).all(fits), "{got:?} should be {want:?}");
}

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

#[test]
fn censored_values_count_with_the_mass_beyond_them() {
    let text = "data \"data.csv\" { y : real; hidden : bool }\nmu ~ Normal(0, 1)\ny ~ Normal(mu, 2) censored by hidden";
    let got = output(text, &[0.3], &[("y", &[1.0, 1.5]), ("hidden", &[0.0, 1.0])], "log_lik:y");
    close(&got, &[normal(1.0, 0.3, 2.0), (1.0 - normal_cdf(0.6)).ln()]);
}

#[test]
fn a_column_of_sides_says_which_bound_a_value_is() {
    let text = "data \"data.csv\" { y : real; side : class(\"none\", \"right\", \"left\") }\nmu ~ Normal(0, 1)\ny ~ Normal(mu, 2) censored by side";
    let got = output(text, &[0.3], &[("y", &[1.0, 1.5, -1.0]), ("side", &[0.0, 1.0, 2.0])], "log_lik:y");
    close(&got, &[normal(1.0, 0.3, 2.0), (1.0 - normal_cdf(0.6)).ln(), normal_cdf(-0.65).ln()]);
}

#[test]
fn values_between_two_columns_count_with_the_mass_between_them() {
    let text =
        "data \"data.csv\" { y, x, z : real }\nmu ~ Normal(0, 1)\ny ~ Normal(mu, 2) censored by (x, z)";
    let columns: &[(&str, &[f64])] = &[("y", &[9.0, 1.0]), ("x", &[0.5, 1.0]), ("z", &[1.5, 1.0])];
    let between = (normal_cdf(0.6) - normal_cdf(0.1)).ln();
    close(&output(text, &[0.3], columns, "log_lik:y"), &[between, normal(1.0, 0.3, 2.0)]);
}

#[test]
fn a_density_is_cut_first_and_censored_afterwards() {
    let text = "data \"data.csv\" { y : real; hidden : bool }\nmu ~ Normal(0, 1)\ny ~ Normal(mu, 1) censored by hidden on (0, 2)";
    let got = output(text, &[0.0], &[("y", &[1.0, 1.5]), ("hidden", &[0.0, 1.0])], "log_lik:y");
    let all = normal_cdf(2.0) - 0.5;
    close(&got, &[normal(1.0, 0.0, 1.0) - all.ln(), ((normal_cdf(2.0) - normal_cdf(1.5)) / all).ln()]);
}

#[test]
fn counts_are_censored_with_the_count_itself() {
    let text = "data \"data.csv\" { n : count; hidden : bool }\nr ~ HalfNormal(1)\nn ~ Poisson(r) censored by hidden";
    let got = output(text, &[0.0], &[("n", &[2.0, 2.0]), ("hidden", &[0.0, 1.0])], "log_lik:n");
    // rate 1: P(X ≥ 2) = 1 − 2/e
    close(&got, &[-1.0 - 2f64.ln(), (1.0 - 2.0 * (-1f64).exp()).ln()]);
}

#[test]
fn a_weight_multiplies_the_log_density_of_its_row() {
    let text =
        "data \"data.csv\" { y : real; w : nonneg }\nmu ~ Normal(0, 1)\ny ~ Normal(mu, 2) weighted by w";
    let columns: &[(&str, &[f64])] = &[("y", &[1.0, -2.0, 5.0]), ("w", &[2.0, 0.5, 0.0])];
    let got = output(text, &[0.3], columns, "log_likelihood");
    close(&got, &[2.0 * normal(1.0, 0.3, 2.0) + 0.5 * normal(-2.0, 0.3, 2.0)]);
}

#[test]
fn ordered_copies_have_the_constant_of_their_orders() {
    let text =
        "data \"data.csv\" { y : real }\nmu[3] ~ Normal(0, 2) ordered\ny ~ Normal(mu[1] + mu[2] + mu[3], 1)";
    let u = [0.4, -1.0, 0.5];
    let theta = [0.4, 0.4 + (-1f64).exp(), 0.4 + (-1f64).exp() + 0.5f64.exp()];
    let density: f64 = theta.iter().map(|t| normal(*t, 0.0, 2.0)).sum();
    close(&output(text, &u, &[("y", &[0.0])], "log_prior"), &[density + 6f64.ln() - 1.0 + 0.5]);
    close(&output(text, &u, &[("y", &[0.0])], "value:mu"), &theta);
}

#[test]
fn ordered_positive_copies_stay_positive() {
    let text = "data \"data.csv\" { y : real }\ns[2] ~ HalfNormal(2) ordered\ny ~ Normal(s[1], s[2])";
    let theta = [(-1f64).exp(), (-1f64).exp() + 0.5f64.exp()];
    close(&output(text, &[-1.0, 0.5], &[("y", &[0.0])], "value:s"), &theta);
    let density: f64 = theta.iter().map(|t| normal(*t, 0.0, 2.0) + 2f64.ln()).sum();
    close(&output(text, &[-1.0, 0.5], &[("y", &[0.0])], "log_prior"), &[density + 2f64.ln() - 0.5]);
}

#[test]
fn a_mixture_sums_its_components_out() {
    let text = "data \"data.csv\" { y : real }\np ~ Beta(1, 1)\ny ~ Mixture([p, 1 - p], Normal(0, 1), Laplace(1, 2) on (0, inf))";
    let got = output(text, &[0.0], &[("y", &[0.5, -1.0])], "log_lik:y");
    let laplace = |x: f64| (-(x - 1.0f64).abs() / 2.0).exp() / 4.0 / (1.0 - 0.5 * (-0.5f64).exp());
    close(
        &got,
        &[
            (0.5 * normal(0.5, 0.0, 1.0).exp() + 0.5 * laplace(0.5)).ln(),
            0.5f64.ln() + normal(-1.0, 0.0, 1.0),
        ],
    );
}

#[test]
fn one_component_of_vectors_is_a_component_for_each_entry() {
    let one = "data \"data.csv\" { y : real }\nmu[2] ~ Normal(0, 1)\ny ~ Mixture([0.3, 0.7], Normal(mu, 2))";
    let two = "data \"data.csv\" { y : real }\nmu[2] ~ Normal(0, 1)\ny ~ Mixture([0.3, 0.7], Normal(mu[1], 2), Normal(mu[2], 2))";
    let at = |text| output(text, &[0.5, -1.5], &[("y", &[0.1, 3.0])], "log_lik:y");
    assert_eq!(at(one), at(two));
    close(&at(one)[..1], &[(0.3 * normal(0.1, 0.5, 2.0).exp() + 0.7 * normal(0.1, -1.5, 2.0).exp()).ln()]);
}

#[test]
fn a_point_in_a_mixture_has_probability_of_its_own() {
    let counts =
        "data \"data.csv\" { n : count }\np ~ Beta(1, 1)\nn ~ Mixture([p, 1 - p], Delta(0), Poisson(2))";
    let got = output(counts, &[0.0], &[("n", &[0.0, 1.0])], "log_lik:n");
    close(&got, &[(0.5 + 0.5 * (-2f64).exp()).ln(), (0.5 * 2.0 * (-2f64).exp()).ln()]);
    // With a density the point itself counts alone: a density there is no probability.
    let numbers =
        "data \"data.csv\" { y : real }\np ~ Beta(1, 1)\ny ~ Mixture([p, 1 - p], Delta(0), Normal(0, 1))";
    let got = output(numbers, &[0.0], &[("y", &[0.0, 1.0])], "log_lik:y");
    close(&got, &[0.5f64.ln(), 0.5f64.ln() + normal(1.0, 0.0, 1.0)]);
}

#[test]
fn a_mixture_is_censored_and_cut_as_a_whole() {
    let text = "data \"data.csv\" { y : real; hidden : bool }\np ~ Beta(1, 1)\ny ~ Mixture([p, 1 - p], Normal(0, 1), Normal(1, 2)) on (0, inf) censored by hidden";
    let got = output(text, &[0.0], &[("y", &[0.5, 2.0]), ("hidden", &[0.0, 1.0])], "log_lik:y");
    let above = |x: f64| 0.5 * (1.0 - normal_cdf(x)) + 0.5 * (1.0 - normal_cdf((x - 1.0) / 2.0));
    let density = 0.5 * normal(0.5, 0.0, 1.0).exp() + 0.5 * normal(0.5, 1.0, 2.0).exp();
    close(&got, &[(density / above(0.0)).ln(), (above(2.0) / above(0.0)).ln()]);
}

#[test]
fn copies_come_first_and_the_value_s_own_size_last() {
    let shapes = |text: &str| -> Vec<(String, Vec<usize>)> {
        model(text).unknowns.iter().map(|u| (u.name.clone(), u.shape.0.clone())).collect()
    };
    let text = "data \"data.csv\" { y : real; school : factor }
m[2] ~ Normal(0, 1)
L[2] ~ LKJCholesky(eta = 1)
theta[school] ~ MvNormal(m, sd = 1, corr_chol = L)
one ~ MvNormal(m, cov = [[1, 0.5], [0.5, 1]])
two[2] ~ MvNormal(m, chol = [[1, 0], [0.5, 1]])
four[4] ~ MvNormal(m, chol = [[1, 0], [0.5, 1]])
share[3] ~ Dirichlet(1)
shares[school] ~ Dirichlet([1, 1, 2])
level[5] ~ RandomWalk(1)
y ~ Normal(theta[school, 1] + one[1] + two[1] + four[4, 2] + share[1] + shares[school, 3] + level[5], 1)";
    let want: [(&str, &[usize]); 9] = [
        ("m", &[2]),
        ("L", &[2, 2]),
        ("theta", &[2, 2]),
        ("one", &[2]),
        ("two", &[2]),
        ("four", &[4, 2]),
        ("share", &[3]),
        ("shares", &[2, 3]),
        ("level", &[5]),
    ];
    let got = shapes(text);
    for (name, shape) in want {
        let found = got.iter().find(|(n, _)| n == name).map(|(_, s)| s.as_slice());
        assert_eq!(found, Some(shape), "{name}");
    }
}

#[test]
fn vectors_of_a_target_have_a_joint_density() {
    let text =
        "data \"data.csv\" { v : real[2] }\nm[2] ~ Normal(0, 1)\nv ~ MvNormal(m, cov = [[4, -1], [-1, 2.5]])";
    let got = output(text, &[0.0, 0.0], &[("v", &[1.0, 0.5])], "log_lik:v");
    // cov⁻¹ = [2.5, 1; 1, 4]/9, det 9
    let square = (2.5 + 2.0 * 0.5 + 4.0 * 0.25) / 9.0;
    close(&got, &[-0.5 * square - 0.5 * 9f64.ln() - (2.0 * std::f64::consts::PI).ln()]);
}

#[test]
fn bounds_may_be_unknown_and_depend_on_earlier_unknowns() {
    let text = "data \"data.csv\" { y : real }\na ~ Normal(0, 1)\nb ~ Normal(0, 1) on (a, inf)\nc ~ Uniform(a, b)\ny ~ Normal(b + c, 1)";
    let (a, ub, uc): (f64, f64, f64) = (0.2, -0.5, 0.3);
    let b = a + ub.exp();
    let share = 1.0 / (1.0 + (-uc).exp());
    let c = a + (b - a) * share;
    close(&output(text, &[a, ub, uc], &[("y", &[0.0])], "value:c"), &[c]);
    let prior = normal(a, 0.0, 1.0) + normal(b, 0.0, 1.0) - (1.0 - normal_cdf(a)).ln() + ub - (b - a).ln()
        + ((b - a) * share * (1.0 - share)).ln();
    close(&output(text, &[a, ub, uc], &[("y", &[0.0])], "log_prior"), &[prior]);
}

#[test]
fn both_ways_to_write_a_vector_hierarchy_have_one_density() {
    let text = "data \"data.csv\" { y : real; school : factor }
tau[2] ~ HalfNormal(1)
L[2] ~ LKJCholesky(eta = 2)
theta[school] ~ MvNormal(0.5, sd = tau, corr_chol = L)
level[3] ~ RandomWalk(tau[1])
y ~ Normal(theta[school, 1] + level[2], 1)";
    let model = model(text);
    let id = |name: &str| {
        bnnc::model::UnknownId(model.unknowns.iter().position(|u| u.name == name).expect("declared") as u32)
    };
    let plain = Parameterization::default();
    let mut turned = plain.clone();
    turned.non_centred.extend([id("theta"), id("level")]);
    let at = |p: &Parameterization, u: &[f64]| {
        let joint = lower(&model, p);
        let columns = [(0, vec![vec![0.1], vec![0.7]]), (1, vec![vec![0.0], vec![1.0]])].into();
        let inputs = Inputs { inputs: [("u".to_owned(), u.to_vec())].into(), columns, ..Inputs::default() };
        let values = evaluate(&joint.tape, &inputs, 2);
        let read = |name: &str| values[joint.tape.output(name).expect("an output").0 as usize].at(0).to_vec();
        (read("log_joint")[0], [read("value:theta"), read("value:level")].concat())
    };
    let z = [0.3, -0.2, 0.4, 1.0, -0.5, 0.25, 0.75, -1.0, 0.5, 0.1];
    let (there, values) = at(&turned, &z);
    // The same point in the other coordinates: u of theta and level are their values.
    let mut u = z[..3].to_vec();
    u.extend(&values);
    let (here, same) = at(&plain, &u);
    assert_eq!(same.len(), values.len());
    // |∂θ/∂z|: per school τ₁ τ₂ L₂₂, per step τ₁.
    let (t1, t2) = (0.3f64.exp(), (-0.2f64).exp());
    let l22 = (1.0 - 0.4f64.tanh().powi(2)).sqrt();
    let jacobian = 2.0 * (t1 * t2 * l22).ln() + 3.0 * t1.ln();
    close(&[there], &[here + jacobian]);
}
