//! Every proper density sums to one: over whole numbers, or over u with its bijection's Jacobian.

use super::agree;
use bnnc::dist::{self, ArgSlot, ArgValue, Family};
use bnnc::tape::build::Builder;
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::transform;
use bnnc::ty::Shape;

/// Of the sum: the trapezoid rule on an analytic function that dies out at both ends is exact to rounding, but Laplace's
/// peak costs it the square of its step. A wrong constant is orders of magnitude above.
const ONE: f64 = 1e-5;

/// A middling value for each argument; reals increase, so that a lower end comes before an upper one.
fn middling(slot: ArgSlot, position: usize) -> Vec<f64> {
    match slot {
        ArgSlot::Scalar(interval) if interval.whole => vec![7.0],
        ArgSlot::Scalar(interval) if interval.high == 1.0 => vec![0.4],
        ArgSlot::Scalar(interval) if interval.low == 0.0 => vec![1.7],
        ArgSlot::Scalar(_) => vec![0.3 + 1.1 * position as f64],
        ArgSlot::Simplex => vec![0.2, 0.3, 0.5],
        ArgSlot::Scores => vec![0.2, -1.3, 0.5],
        ArgSlot::Ordered => vec![-1.0, 0.5],
    }
}

#[test]
fn densities_integrate_to_one() {
    // Flat is improper by definition.
    for family in dist::ALL.iter().filter(|f| f.name != "Flat") {
        for form in 0..family.forms.len() {
            let args: Vec<Vec<f64>> =
                family.forms[form].args.iter().enumerate().map(|(i, a)| middling(a.slot, i)).collect();
            let total =
                if family.is_discrete { sum(family, form, &args) } else { integral(family, form, &args) };
            assert!(agree(total, 1.0, 0.0, ONE), "{} form {form} with {args:?}: {total}", family.name);
        }
    }
}

fn sum(family: &Family, form: usize, args: &[Vec<f64>]) -> f64 {
    let places = match (family.support)(form, &values(args)) {
        bnnc::ty::Support::Class(k) => k,
        support => (support.interval().high.min(500.0) + 1.0) as usize,
    };
    exp_sum(family, form, args, &(0..places).map(|x| x as f64).collect::<Vec<_>>(), &vec![0.0; places])
}

/// Σ p(T(u)) |T′(u)| cosh(v) h with u = sinh v, so that a Cauchy's tail dies out as e^−v.
fn integral(family: &Family, form: usize, args: &[Vec<f64>]) -> f64 {
    let (bijection, bounds) = transform::for_support(&(family.support)(form, &values(args)))
        .expect("a bijection reaches the support");
    // Where the bijection already is an exponential, u itself is the right variable.
    let is_line = bijection.name == "identity";
    let h = 0.01;
    let nodes: Vec<f64> = (-3200..=3200).map(|i| i as f64 * h).collect();
    let us: Vec<f64> = nodes.iter().map(|v| if is_line { v.sinh() } else { *v }).collect();
    let mut thetas = vec![];
    (bijection.forward_value)(&us, &bounds, &mut thetas);
    let mut b = Builder::new();
    let u = b.input("u", Shape::vector(us.len()));
    let ends: Vec<_> = bounds.iter().map(|e| b.constant(*e)).collect();
    let jacobian = (bijection.log_jacobian)(&mut b, u, &ends);
    let inputs = Inputs { inputs: [("u".to_owned(), us.clone())].into(), ..Inputs::default() };
    let weights: Vec<f64> = evaluate(&b.finish(), &inputs, 0)[jacobian.0 as usize]
        .at(0)
        .iter()
        .zip(&nodes)
        .map(|(j, v)| j + h.ln() + if is_line { v.cosh().ln() } else { 0.0 })
        .collect();
    // Far out θ is rounded onto a bound, where a density may be infinite; the mass beyond is nothing.
    let inside = |i: &usize| !bounds.contains(&thetas[*i]);
    let kept: Vec<usize> = (0..nodes.len()).filter(inside).collect();
    let pick = |v: &[f64]| kept.iter().map(|i| v[*i]).collect::<Vec<_>>();
    exp_sum(family, form, args, &pick(&thetas), &pick(&weights))
}

/// Σ exp(log p(x) + weight)
fn exp_sum(family: &Family, form: usize, args: &[Vec<f64>], xs: &[f64], weights: &[f64]) -> f64 {
    let mut b = Builder::new();
    let x = b.column(0, Shape::scalar());
    let slots: Vec<_> = args
        .iter()
        .map(|a| if a.len() == 1 { b.constant(a[0]) } else { b.tensor(a, Shape::vector(a.len())) })
        .collect();
    let density = (family.log_density)(&mut b, form, x, &slots);
    let inputs = Inputs { columns: [(0, xs.iter().map(|x| vec![*x]).collect())].into(), ..Inputs::default() };
    let values = evaluate(&b.finish(), &inputs, xs.len());
    (0..xs.len()).map(|row| (values[density.0 as usize].at(row)[0] + weights[row]).exp()).sum()
}

fn values(args: &[Vec<f64>]) -> Vec<ArgValue> {
    args.iter().map(|a| ArgValue { constant: (a.len() == 1).then(|| a[0]), len: a.len() }).collect()
}
