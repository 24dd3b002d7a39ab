//! Every proper density sums to one: over whole numbers, or over u with its bijection's Jacobian.

use super::agree;
use bnnc::dist::{self, ArgSlot, ArgValue, Event, Family};
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
        ArgSlot::Entries(interval) if interval.low == 0.0 => vec![1.7, 0.6, 1.1],
        ArgSlot::Entries(_) => vec![0.3, -0.2],
        ArgSlot::Covariance => vec![1.5, 0.4, 0.4, 0.7],
        ArgSlot::Cholesky => vec![1.5, 0.0, 0.4, 0.7],
        ArgSlot::CholeskyCorr => vec![1.0, 0.0, 0.6, 0.8],
        ArgSlot::Components => vec![-1.0, -2.0],
    }
}

/// Steps on a grid over u: the trapezoid rule in two and three dimensions.
#[test]
fn densities_of_vectors_integrate_to_one() {
    let cases: &[(&str, usize, &[&[f64]], usize)] = &[
        ("MvNormal", 0, &[&[0.3, -0.2], &[1.5, 0.4, 0.4, 0.7]], 2),
        ("MvNormal", 1, &[&[0.3, -0.2], &[1.5, 0.0, 0.4, 0.7]], 2),
        ("MvNormal", 2, &[&[0.3], &[1.7, 0.6], &[1.0, 0.0, 0.6, 0.8]], 2),
        ("Dirichlet", 0, &[&[1.7, 0.6, 1.1]], 3),
        ("Dirichlet", 0, &[&[2.5]], 2),
        ("LKJCholesky", 0, &[&[1.7]], 2),
        ("LKJCholesky", 0, &[&[0.8]], 3),
        ("RandomWalk", 0, &[&[0.7]], 2),
    ];
    for family in dist::ALL.iter().filter(|f| f.event != Event::Scalar) {
        assert!(cases.iter().any(|c| c.0 == family.name), "{} was not integrated", family.name);
    }
    for (name, form, args, n) in cases {
        let family = dist::find(name).expect("in the catalogue");
        let support = (family.support)(*form, &values(&args.iter().map(|a| a.to_vec()).collect::<Vec<_>>()));
        let (bijection, _) = transform::for_support(&support.of_size(*n)).expect("a bijection reaches it");
        let free = if bijection.rank == 0 { *n } else { (bijection.free)(*n) };
        let (h, reach) = if free < 3 { (0.1, 160) } else { (0.2, 40) };
        let (h, reach) = if free == 1 { (0.01, 3000) } else { (h, reach) };
        let side = 2 * reach + 1usize;
        let points: Vec<Vec<f64>> = (0..side.pow(free as u32))
            .map(|i| {
                let place = |k: u32| (i / side.pow(k)) % side;
                (0..free as u32).map(|k| (place(k) as f64 - reach as f64) * h).collect()
            })
            .collect();
        let count = points.len();
        let mut b = Builder::new();
        let u = b.column(0, Shape::vector(free));
        let theta = (bijection.forward)(&mut b, u, &[]);
        let jacobian = (bijection.log_jacobian)(&mut b, u, &[]);
        let jacobian = b.sum(jacobian);
        let slots: Vec<_> = (args.iter().zip(family.forms[*form].args))
            .map(|(a, spec)| {
                let is_matrix =
                    matches!(spec.slot, ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr);
                match a.len() {
                    1 => b.constant(a[0]),
                    _ if is_matrix => b.tensor(a, [*n, *n].into()),
                    len => b.tensor(a, Shape::vector(len)),
                }
            })
            .collect();
        let density = (family.log_density)(&mut b, *form, theta, &slots);
        let total = b.add(density, jacobian);
        let inputs = Inputs { columns: [(0, points)].into(), ..Inputs::default() };
        let values = evaluate(&b.finish(), &inputs, count);
        // Far out a row's length rounds away; the mass there is nothing.
        let mass: f64 = (0..count)
            .map(|row| values[total.0 as usize].at(row)[0].exp())
            .filter(|p| p.is_finite())
            .sum::<f64>()
            * h.powi(free as i32);
        assert!(agree(mass, 1.0, 0.0, 1e-4), "{name} {form} {args:?}: {mass}");
    }
}

/// The redundant length of a unit vector is a density of its own: over the circle the surface is 2π.
#[test]
fn a_unit_vector_counts_its_surface_once() {
    let bijection = transform::find("unit_vector").expect("in the table");
    let (h, reach) = (0.1, 60);
    let side = 2 * reach + 1usize;
    // Half a step off the origin, where there is no direction.
    let at = |i: usize| (i as f64 - reach as f64 + 0.5) * h;
    let points: Vec<Vec<f64>> = (0..side * side).map(|i| vec![at(i % side), at(i / side)]).collect();
    let count = points.len();
    let mut b = Builder::new();
    let u = b.column(0, Shape::vector(2));
    let jacobian = (bijection.log_jacobian)(&mut b, u, &[]);
    let inputs = Inputs { columns: [(0, points)].into(), ..Inputs::default() };
    let values = evaluate(&b.finish(), &inputs, count);
    let surface: f64 =
        (0..count).map(|row| values[jacobian.0 as usize].at(row)[0].exp()).sum::<f64>() * h * h;
    assert!(agree(surface, 2.0 * std::f64::consts::PI, 1e-6, 0.0), "{surface}");
}

#[test]
fn densities_integrate_to_one() {
    // Flat is improper by definition.
    // A mixture's components are densities already; a point's place is its argument.
    let others = ["Flat", "Mixture", "Delta"];
    let is_number = |f: &&&Family| f.event == Event::Scalar && !others.contains(&f.name);
    for family in dist::ALL.iter().filter(is_number) {
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
