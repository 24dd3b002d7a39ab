//! Log joint to the tape of the ELBO: each latent is replaced by its Gaussian guide (`docs/inference.md`, section 3).
//!
//! ```text
//! %0 = input u : global [4]         %0 = input mu : global [4]
//!                                   %1 = input omega : global [4]
//!                                   %2 = noise : global [4]
//!                             →     %3 = exp %1; %4 = mul %3 %2; %5 = add %0 %4      # u
//! … log joint of u …                … log joint of u …
//!                                   output elbo = log joint + entropy
//! ```
//!
//! The first `full_dims` latents form a full-rank block (equation 5, `L` strictly lower plus e^ω on the diagonal),
//! the other random ones are mean-field (4), learned ones have no noise. Variance-reducing rewrites are passes named
//! in [`Guided::rewrites`].

pub mod collapse;
mod expected_prior;

use crate::lower::{LATENTS, LogJoint};
use collapse::Collapse;
use crate::model::Model;
use crate::tape::{Op, Slot, Tape, build::Builder};
use crate::ty::Shape;
use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::Arc;

/// Where the standard normal noise comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseSource {
    /// an input `noise`, filled by the method (antithetic pairs, quasi-random points)
    Input,
    /// a noise instruction, keyed by seed, step and draw
    Keyed,
}

/// What the guide should be.
#[derive(Debug, Clone, PartialEq)]
pub struct GuideSettings {
    /// How many leading latents share one full-rank block; 0 is mean-field throughout.
    pub full_dims: usize,
    /// Equation 15: log q from the same draw, its parameters held. Else the entropy in closed form.
    pub stick_the_landing: bool,
    /// Where noise comes from.
    pub noise: NoiseSource,
    /// Equations 8 to 10: expected priors in closed form where they exist.
    pub expected_prior: bool,
    /// Equation 12: scales of weights by their optimal q.
    pub collapse: bool,
}

/// The ELBO on a tape.
#[derive(Debug, Clone)]
pub struct Guided {
    /// Outputs: `objective` (what is differentiated) and its parts `drawn` and `exact`.
    ///
    /// Inputs: `mu [D]`, `omega [random]`, `lower [F, F]` if there is a full-rank block, `noise [random]` if the
    /// source is an input, `score [random]` when sticking the landing (∇_u of −log q at the draw), `precision [random]`
    /// where scales are collapsed (of each weight under them).
    pub tape: Tape,
    /// The value to ascend: `drawn` + `exact`.
    pub objective: Slot,
    /// Its terms that depend on noise or rows.
    pub drawn: Slot,
    /// Its terms that are functions of the guide's parameters only: needed once a step, not once a draw.
    pub exact: Slot,
    /// The names of the rewrites applied, each with what it touched.
    pub rewrites: Vec<String>,
    /// The scales that have no parameters of their own.
    pub collapse: Arc<Collapse>,
}

/// Replaces the latents by their guide.
pub fn guide(joint: &LogJoint, model: &Model, settings: &GuideSettings) -> Guided {
    let mut b = Builder::new();
    let mut rewrites = vec![];
    let (collapse, lines) = match settings.collapse {
        true => collapse::find(joint, model, settings.full_dims.min(joint.random_dim)),
        false => Default::default(),
    };
    rewrites.extend(lines);
    let draw = Draw::new(&mut b, joint, settings, &collapse);
    let map = inline(&mut b, &joint.tape, draw.u);
    let mut terms: Vec<Slot> =
        joint.tape.output("log_likelihood").map(|s| map[s.0 as usize]).into_iter().collect();
    terms.extend(expected_prior::terms(&mut b, joint, model, settings, &collapse, &draw, &map, &mut rewrites));
    terms.extend(draw.entropy(&mut b, settings, &mut rewrites));
    let is_drawn = depends_on_draw(b.tape());
    let (drawn, exact): (Vec<Slot>, Vec<Slot>) = terms.into_iter().partition(|t| is_drawn[t.0 as usize]);
    let (drawn, exact) = (total(&mut b, &drawn), total(&mut b, &exact));
    let objective = b.add(drawn, exact);
    b.output("objective", objective);
    b.output("drawn", drawn);
    b.output("exact", exact);
    // Terms that a closed form replaced are gone from here on.
    let tape = crate::tape::prune::without_unused(&b.finish());
    let named = |name: &str| tape.output(name).expect("named above");
    let (objective, drawn, exact) = (named("objective"), named("drawn"), named("exact"));
    Guided { tape, objective, drawn, exact, rewrites, collapse: Arc::new(collapse) }
}

/// Σ of scalar terms.
fn total(b: &mut Builder, terms: &[Slot]) -> Slot {
    let mut sum = b.constant(0.0);
    for term in terms {
        sum = b.add(sum, *term);
    }
    sum
}

/// Which slots depend on noise or on rows.
fn depends_on_draw(tape: &Tape) -> Vec<bool> {
    let mut is_drawn = vec![false; tape.instructions.len()];
    for (i, x) in tape.instructions.iter().enumerate() {
        is_drawn[i] = match &x.op {
            Op::Noise(_) | Op::RowNoise(_) | Op::Column(_) | Op::RowWeight => true,
            Op::Input(name) => name == "noise" || name == "score",
            _ => x.args.iter().any(|a| is_drawn[a.0 as usize]),
        };
    }
    is_drawn
}

/// The guide's slots.
struct Draw {
    mu: Slot,
    sigma: Slot,
    omega: Slot,
    /// 1 for latents with a Gaussian guide, 0 for collapsed ones; none if there are none.
    is_free: Option<Vec<f64>>,
    /// Precisions of weights under collapsed scales.
    precision: Option<Slot>,
    u: Slot,
    random: usize,
    full_dims: usize,
}

impl Draw {
    /// u = μ + e^ω ⊙ ε, plus L ε on the full-rank block.
    fn new(b: &mut Builder, joint: &LogJoint, settings: &GuideSettings, collapse: &Collapse) -> Draw {
        let (dim, random, full) = (joint.dim, joint.random_dim, settings.full_dims.min(joint.random_dim));
        let mu = b.input("mu", Shape::vector(dim));
        if random == 0 {
            let none = (None, None);
            return Draw { mu, sigma: mu, omega: mu, is_free: none.0, precision: none.1, u: mu, random, full_dims: 0 };
        }
        let omega = b.input("omega", Shape::vector(random));
        let noise = match settings.noise {
            NoiseSource::Input => b.input("noise", Shape::vector(random)),
            NoiseSource::Keyed => b.noise(0, Shape::vector(random)),
        };
        let (mut is_free, mut precision) = (None, None);
        if !collapse.is_empty() {
            is_free = Some((0..random).map(|i| f64::from(u8::from(!collapse.holds(i)))).collect());
            precision = Some(b.input("precision", Shape::vector(random)));
        }
        let sigma = b.exp(omega);
        let mut step = b.mul(sigma, noise);
        if full > 1 {
            let lower = b.input("lower", [full, full].into());
            let mask: Vec<f64> = (0..full * full).map(|k| f64::from(k % full < k / full)).collect();
            let mask = b.tensor(&mask, [full, full].into());
            let strict = b.mul(lower, mask);
            let head = b.slice(noise, 0, &Shape::vector(full));
            let mixed = b.infer(Op::Dot { transposed: true }, vec![head, strict]);
            let wide = if full < random {
                b.with_shape(Op::Pad { start: 0 }, vec![mixed], Shape::vector(random))
            } else {
                mixed
            };
            step = b.add(step, wide);
        }
        let u = if random < dim {
            let head = b.slice(mu, 0, &Shape::vector(random));
            let moved = b.add(head, step);
            let learned = b.slice(mu, random, &Shape::vector(dim - random));
            b.infer(Op::Concat, vec![moved, learned])
        } else {
            b.add(mu, step)
        };
        b.name(u, LATENTS);
        Draw { mu, sigma, omega, is_free, precision, u, random, full_dims: full }
    }

    /// (4, 5): Σω + (D/2) log 2πe; or (15): uᵀ score, whose gradient is that of −log q with q held.
    fn entropy(&self, b: &mut Builder, settings: &GuideSettings, rewrites: &mut Vec<String>) -> Option<Slot> {
        if self.random == 0 {
            return None;
        }
        Some(if settings.stick_the_landing {
            rewrites.push("stick_the_landing (15): log q from the same draw, its parameters held".into());
            let score = b.input("score", Shape::vector(self.random));
            let head = b.slice(self.u, 0, &Shape::vector(self.random));
            let product = b.mul(score, head);
            b.sum(product)
        } else {
            rewrites.push("entropy (4, 5): in closed form".into());
            let (omega, count) = match &self.is_free {
                None => (self.omega, self.random as f64),
                Some(is_free) => {
                    let mask = b.tensor(is_free, Shape::vector(self.random));
                    (b.mul(self.omega, mask), is_free.iter().sum())
                }
            };
            let sum = b.sum(omega);
            b.add_number(sum, 0.5 * count * (1.0 + (2.0 * PI).ln()))
        })
    }
}

/// Copies a tape behind what is there, with the latents replaced; returns the new slot of each old one.
fn inline(b: &mut Builder, tape: &Tape, u: Slot) -> Vec<Slot> {
    let mut map: Vec<Slot> = Vec::with_capacity(tape.instructions.len());
    let mut names: HashMap<Slot, &str> = HashMap::new();
    for x in &tape.instructions {
        b.origin = x.origin;
        let slot = if x.op == Op::Input(LATENTS.into()) {
            u
        } else {
            let args = x.args.iter().map(|a| map[a.0 as usize]).collect();
            b.again(x, args)
        };
        if let Some(name) = &x.name {
            names.insert(slot, name);
        }
        map.push(slot);
    }
    b.origin = None;
    for (slot, name) in names {
        b.name(slot, name);
    }
    map
}
