//! Distributions of vectors and matrices against `event.csv`: log density and gradient, one value and two at once; their
//! samplers against their moments.

use super::table::{self, Row};
use super::{agree, none};
use bnnc::adjoint::gradient;
use bnnc::dist::{self, ArgSlot, Event, Family};
use bnnc::tape::eval::{Inputs, evaluate};
use bnnc::tape::{Slot, build::Builder};
use bnnc::ty::Shape;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// As for families of numbers (`dist.rs`).
const DENSITY: f64 = 1e-12;
const DENSITY_TERMS: f64 = 1e-14;
const GRADIENT: f64 = 1e-10;
/// Of the size of the terms over the size of the argument; a solve of three equations adds its own roundings.
const GRADIENT_TERMS: f64 = 1e-12;

/// A row of the table with its family.
pub struct Case {
    pub family: &'static Family,
    pub form: usize,
    pub x: Vec<f64>,
    pub args: Vec<Vec<f64>>,
    pub row: Row,
}

impl Case {
    pub fn says(&self, what: &str, got: f64, want: f64) -> String {
        let Case { family, form, x, args, row } = self;
        format!(
            "line {}: {} {form} {args:?} at {x:?}: {what} is {got:e}, should be {want:e}",
            row.line, family.name
        )
    }

    /// How long a vector is, or a matrix wide.
    fn len(&self) -> usize {
        match self.family.event {
            Event::Square => (self.x.len() as f64).sqrt().round() as usize,
            _ => self.x.len(),
        }
    }

    pub fn value_shape(&self) -> Shape {
        match self.family.event {
            Event::Square => [self.len(), self.len()].into(),
            _ => Shape::vector(self.len()),
        }
    }

    pub fn arg_shape(&self, i: usize) -> Shape {
        match self.family.forms[self.form].args[i].slot {
            ArgSlot::Covariance | ArgSlot::Cholesky | ArgSlot::CholeskyCorr => {
                [self.len(), self.len()].into()
            }
            _ if self.args[i].len() == 1 => Shape::scalar(),
            _ => Shape::vector(self.args[i].len()),
        }
    }
}

/// All rows.
pub fn cases() -> Vec<Case> {
    table::read("event.csv")
        .into_iter()
        .map(|row| Case {
            family: dist::find(row.text("family")).expect("a family of the catalogue"),
            form: row.number("form").expect("a form") as usize,
            x: row.vectors("x").expect("a value").concat(),
            args: row.vectors("args").unwrap_or_default(),
            row,
        })
        .collect()
}

struct Placed {
    b: Builder,
    x: Slot,
    args: Vec<Slot>,
    inputs: Inputs,
}

/// The value as an unknown, `copies` times over if there are any.
fn place(case: &Case, copies: Option<usize>) -> Placed {
    let mut b = Builder::new();
    let mut inputs = Inputs::default();
    let mut shape = case.value_shape();
    if let Some(copies) = copies {
        shape.0.insert(0, copies);
    }
    inputs.inputs.insert("x".into(), case.x.repeat(copies.unwrap_or(1)));
    let x = b.input("x", shape);
    let args = (0..case.args.len())
        .map(|i| {
            let name = format!("a{i}");
            inputs.inputs.insert(name.clone(), case.args[i].clone());
            b.input(&name, case.arg_shape(i))
        })
        .collect();
    Placed { b, x, args, inputs }
}

#[test]
fn every_vector_family_and_form_has_reference_values() {
    let cases = cases();
    for family in dist::ALL.iter().filter(|f| f.event != Event::Scalar) {
        for form in 0..family.forms.len() {
            let of = cases.iter().filter(|c| c.family.name == family.name && c.form == form);
            assert!(of.count() >= 3, "{} form {form}", family.name);
        }
    }
}

#[test]
fn log_densities_and_gradients_of_vectors_agree_with_mpmath() {
    let mut complaints = vec![];
    for case in cases() {
        let want = case.row.number("log_density").expect("a log density");
        let size = case.row.number("size").expect("a size");
        for copies in [None, Some(2)] {
            let mut placed = place(&case, copies);
            let density = (case.family.log_density)(&mut placed.b, case.form, placed.x, &placed.args);
            let count = copies.unwrap_or(1);
            assert_eq!(placed.b.shape(density).len(), count, "{}", case.family.name);
            let total = placed.b.sum(density);
            let of: Vec<Slot> = [placed.x].into_iter().chain(placed.args.iter().copied()).collect();
            let (tape, slots) =
                gradient(placed.b.finish(), total, &of).expect("densities are differentiable");
            let values = evaluate(&tape, &placed.inputs, 0);
            for got in values[density.0 as usize].at(0) {
                if !agree(*got, want, DENSITY, DENSITY_TERMS * size) {
                    complaints.push(case.says("log density", *got, want));
                }
            }
            let wanted: Vec<Vec<f64>> = [case.row.vectors("gradient_x"), case.row.vectors("gradient_args")]
                .into_iter()
                .flat_map(Option::unwrap_or_default)
                .collect();
            let given: Vec<&Vec<f64>> = [&case.x].into_iter().chain(&case.args).collect();
            for (i, wanted) in wanted.iter().enumerate() {
                let got = values[slots[i].0 as usize].at(0);
                for (k, want) in wanted.iter().enumerate() {
                    // Arguments serve both copies, each value only itself.
                    let want = if i > 0 { want * count as f64 } else { *want };
                    let at = if given[i][k] == 0.0 { 1.0 } else { given[i][k].abs() };
                    if !want.is_nan() && !agree(got[k], want, GRADIENT, GRADIENT_TERMS * (1.0 + size / at)) {
                        complaints.push(case.says(&format!("derivative {i}, {k}"), got[k], want));
                    }
                }
            }
        }
    }
    none(complaints);
}

/// Draws for moments, and how many standard errors they may be off: one in ten thousand right ones fails, of a hundred.
const DRAWS: usize = 40_000;
const ERRORS: f64 = 4.5;

/// Whether the mean of draws is what it should be, by their own standard error.
fn mean_is(draws: impl Iterator<Item = f64>, want: f64, what: &str, complaints: &mut Vec<String>) {
    let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for x in draws {
        n += 1.0;
        let before = x - mean;
        mean += before / n;
        squares += before * (x - mean);
    }
    let error = (squares / n / n).sqrt();
    let fits = (mean - want).abs() <= ERRORS * error + 1e-12;
    if !fits {
        complaints.push(format!("{what}: mean {mean} should be {want}, error {error}"));
    }
}

fn draws(name: &str, form: usize, args: &[&[f64]], len: usize) -> Vec<Vec<f64>> {
    let sample = dist::find(name).and_then(|f| f.sample_event).expect("it has a sampler");
    let mut rng = StdRng::seed_from_u64(7);
    (0..DRAWS)
        .map(|_| {
            let mut out = vec![0.0; len];
            sample(form, args, &mut rng, &mut out);
            out
        })
        .collect()
}

#[test]
fn draws_of_vectors_have_the_moments_of_their_distributions() {
    let mut complaints = vec![];
    let cov = [4.0, -1.0, -1.0, 2.5];
    let chol = [2.0, 0.0, -0.5, 1.5];
    let (corr, sd) = ([1.0, 0.0, -0.6, 0.8], [2.0, 0.5]);
    let mean: &[f64] = &[0.5, -1.0];
    let by_form: [(&[&[f64]], [f64; 3]); 3] = [
        (&[mean, &cov], [4.0, -1.0, 2.5]),
        (&[mean, &chol], [4.0, -1.0, 2.5]),
        (&[mean, &sd, &corr], [4.0, -0.6, 0.25]),
    ];
    for (form, (args, [xx, xy, yy])) in by_form.into_iter().enumerate() {
        let all = draws("MvNormal", form, args, 2);
        let what = format!("MvNormal {form}");
        for k in 0..2 {
            mean_is(all.iter().map(|v| v[k]), mean[k], &what, &mut complaints);
        }
        let centred = |v: &Vec<f64>| [v[0] - mean[0], v[1] - mean[1]];
        for (i, j, want) in [(0, 0, xx), (0, 1, xy), (1, 1, yy)] {
            mean_is(all.iter().map(|v| centred(v)[i] * centred(v)[j]), want, &what, &mut complaints);
        }
    }
    let a = [1.0, 2.0, 0.5];
    let all = draws("Dirichlet", 0, &[&a], 3);
    for (k, own) in a.iter().enumerate() {
        let m = own / 3.5;
        mean_is(all.iter().map(|v| v[k]), m, "Dirichlet", &mut complaints);
        let variance = m * (1.0 - m) / 4.5;
        mean_is(all.iter().map(|v| (v[k] - m).powi(2)), variance, "Dirichlet", &mut complaints);
    }
    let all = draws("LKJCholesky", 0, &[&[1.5]], 9);
    let row = |v: &[f64], i: usize| [v[3 * i], v[3 * i + 1], v[3 * i + 2]];
    for (i, j) in [(1, 0), (2, 0), (2, 1)] {
        let r = |v: &Vec<f64>| -> f64 { row(v, i).iter().zip(row(v, j)).map(|(a, b)| a * b).sum() };
        mean_is(all.iter().map(r), 0.0, "LKJCholesky", &mut complaints);
        // sd 1/√(2η + K − 1)
        mean_is(all.iter().map(|v| r(v).powi(2)), 1.0 / 5.0, "LKJCholesky", &mut complaints);
    }
    assert!(
        all.iter()
            .all(|v| (0..3).all(|i| (row(v, i).iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12))
    );
    let all = draws("RandomWalk", 0, &[&[0.5]], 4);
    for t in 0..4 {
        mean_is(all.iter().map(|v| v[t]), 0.0, "RandomWalk", &mut complaints);
        mean_is(all.iter().map(|v| v[t].powi(2)), 0.25 * (t as f64 + 1.0), "RandomWalk", &mut complaints);
    }
    for family in dist::ALL.iter().filter(|f| f.event != Event::Scalar) {
        assert!(family.sample_event.is_some(), "{} cannot be drawn", family.name);
    }
    none(complaints);
}
