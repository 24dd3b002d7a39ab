//! Rewrites that say "new family" change the guide and not the model: the joint density is the same at mapped points,
//! Jacobian included, and integrated over what a rewrite adds.

use super::forms::Fixture;
use bnnc::dist;
use bnnc::infer::objective::input;
use bnnc::lower::{LATENTS, LogJoint, Parameterization, lower, with_scale_mixtures};
use bnnc::model::UnknownId;
use bnnc::rewrites::Rewrite;
use bnnc::tape::eval::{Inputs, evaluate};

/// Two sums of some twenty terms in f64.
const TOLERANCE: f64 = 1e-12;
/// Trapezoid rule with step 0.05 on integrands that are analytic in a strip and fall off exponentially.
const INTEGRAL_TOLERANCE: f64 = 1e-9;

/// Log joint density of the first rows at u.
fn log_joint(fixture: &Fixture, joint: &LogJoint, u: &[f64]) -> f64 {
    let mut inputs = Inputs::default();
    inputs.inputs.insert(LATENTS.into(), u.to_vec());
    for (c, column) in fixture.model.columns.iter().enumerate() {
        let mut cell = vec![0.0; column.ty.shape.len()];
        let rows = fixture.rows.iter().map(|row| {
            fixture.data.columns[c].copy_rows(&[*row], &mut cell);
            cell.clone()
        });
        inputs.columns.insert(c as u32, rows.collect());
    }
    let slot = joint.tape.output("log_joint").expect("every model has one");
    evaluate(&joint.tape, &inputs, fixture.rows.len())[slot.0 as usize].number()
}

#[test]
fn non_centred_unknowns_have_the_same_density_at_mapped_points() {
    let families: Vec<_> = dist::ALL.iter().filter(|f| f.location_scale.is_some()).collect();
    assert!(families.len() >= 5);
    for family in families {
        let (location, scale) = family.location_scale.expect("filtered");
        let args: Vec<&str> = (0..family.forms[0].args.len())
            .map(|i| {
                if i == location {
                    "m"
                } else if i == scale {
                    "s"
                } else {
                    "3.5"
                }
            })
            .collect();
        let text = format!(
            "data \"data/linear.csv\" {{ x1, x2, y : real }}\n\
             m ~ Normal(0, 1)\ns ~ HalfNormal(2)\nw[3] ~ {}({})\n\
             y ~ Normal(w[1] + w[2] * x1 + w[3] * x2, 0.7)\n",
            family.name,
            args.join(", ")
        );
        let fixture = Fixture::new(&text, 4);
        let w = fixture.model.unknowns.iter().position(|u| u.name == "w").expect("declared");
        let non_centred = [UnknownId(w as u32)].into();
        let moved = lower(&fixture.model, &Parameterization { non_centred });
        assert!(moved.latents[w].is_non_centred && !fixture.joint.latents[w].is_non_centred);
        for point in 0..5 {
            let z: Vec<f64> = (0..5).map(|i| 1.1 * (f64::from(5 * point + i) * 1.7).sin()).collect();
            let at = |name: &str| {
                let i = fixture.model.unknowns.iter().position(|u| u.name == name).expect("declared");
                moved.latents[i].start
            };
            let (m, log_s, first) = (z[at("m")], z[at("s")], at("w"));
            let mut centred = z.clone();
            for w in &mut centred[first..first + 3] {
                *w = m + log_s.exp() * *w;
            }
            // dw/dz = s, three times
            let there = log_joint(&fixture, &fixture.joint, &centred) + 3.0 * log_s;
            let here = log_joint(&fixture, &moved, &z);
            assert!(
                (here - there).abs() < TOLERANCE * (1.0 + there.abs()),
                "{}: {here} {there}",
                family.name
            );
        }
    }
}

/// ∫ p(w, v) dv = p(w), with v on its unconstrained scale.
#[test]
fn scale_mixtures_integrate_to_the_prior_they_replace() {
    for prior in ["Laplace(0.3, 0.7)", "StudentT(3.5, -0.2, 1.3)", "Cauchy(0.1, 0.6)"] {
        let text =
            format!("data \"data/linear.csv\" {{ x1, y : real }}\nw ~ {prior}\ny ~ Normal(w * x1, 0.7)\n");
        let fixture = Fixture::new(&text, 2);
        let (mixed, notes) = with_scale_mixtures(&fixture.model);
        assert!(notes.iter().all(|n| n.is_applied && n.rewrite == Rewrite::ScaleMixture) && notes.len() == 1);
        let names: Vec<&str> = mixed.unknowns.iter().map(|u| u.name.as_str()).collect();
        assert_eq!(names, ["w.v", "w"]);
        let joint = lower(&mixed, &Parameterization::default());
        assert_eq!((joint.dim, input(&joint.tape, LATENTS).is_some()), (2, true));
        for w in [-2.5, -0.4, 0.05, 0.9, 3.0] {
            let wanted = log_joint(&fixture, &fixture.joint, &[w]);
            let (step, mut sum) = (0.05, 0.0);
            for i in -1200..=1200 {
                let mut u = [0.0; 2];
                u[joint.latents[0].start] = step * f64::from(i);
                u[joint.latents[1].start] = w;
                sum += step * (log_joint(&fixture, &joint, &u) - wanted).exp();
            }
            assert!((sum - 1.0).abs() < INTEGRAL_TOLERANCE, "{prior} at {w}: {sum}");
        }
    }
}

#[test]
fn scale_mixtures_of_nets_have_a_variable_for_each_weight() {
    let fixture = Fixture::new(
        r#"
data "data/moons.csv" { x1, x2 : real; y : class(2); split by split }
net f(x) {
  each layer { w ~ Cauchy(0, s); b ~ Laplace(0, s); s ~ InvGamma(1, 1) }
  dense 3 tanh
  dense 2 softmax { b ~ Normal(0, 1) }
}
y ~ Categorical(probs = f([x1, x2]))
"#,
        3,
    );
    let (mixed, notes) = with_scale_mixtures(&fixture.model);
    assert_eq!(notes.len(), 3);
    let joint = lower(&mixed, &Parameterization::default());
    assert_eq!(joint.dim, fixture.joint.dim + 6 + 3 + 6);
    // Each prior still reads its own scale: moving one layer's s moves the joint density as it did before, whatever v.
    let value = |u: &[f64]| log_joint(&fixture, &joint, u);
    assert!(value(&vec![0.1; joint.dim]).is_finite());
}
