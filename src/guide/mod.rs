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
//! the other random ones are mean-field (4), learned ones have no noise. Rewrites that reduce the variance are one file
//! each; what became of them is in [`Guided::notes`], in the words of [`crate::rewrites`].

mod along;
mod block;
pub mod collapse;
mod draw;
mod expected_prior;
mod flipout;
mod local_reparam;
mod log_normal;
mod weights;

use crate::lower::{LATENTS, LogJoint};
use crate::model::Model;
use crate::rewrites::{Note, Rewrite};
use crate::tape::{Op, Slot, Tape, build::Builder};
use collapse::Collapse;
use draw::Draw;
use flipout::Flipped;
use local_reparam::Local;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use weights::{Readers, weights};

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
    /// Equation 6: directions that latents share; not together with a full-rank block. 0 is none.
    pub rank: usize,
    /// The latents that share them.
    pub along: Vec<Range<usize>>,
    /// Where noise comes from.
    pub noise: NoiseSource,
    /// Equation 15: log q from the same draw, its parameters held.
    pub stick_the_landing: bool,
    /// Equations 4 and 5: the entropy in closed form, unless sticking the landing; else it is drawn.
    pub entropy: bool,
    /// Equation 5a: latents of the full-rank block (scales) that the spread of the others follows.
    pub tied_scales: Vec<usize>,
    /// Equations 8 to 10: expected priors in closed form where they exist.
    pub expected_prior: bool,
    /// Equation 12: scales of weights by their optimal q.
    pub collapse: bool,
    /// Equation 13, where it is exact.
    pub local_reparam: bool,
    /// Equation 14, where (13) is not applied.
    pub flipout: bool,
    /// Equation 13 also where a weight is reused within a row: biased, for the test that shows it.
    pub even_where_reused: bool,
}

impl GuideSettings {
    /// A mean-field guide without any rewrite, its noise an input: the reference for all of them.
    pub fn plain() -> Self {
        GuideSettings {
            full_dims: 0,
            rank: 0,
            along: vec![],
            tied_scales: vec![],
            noise: NoiseSource::Input,
            stick_the_landing: false,
            entropy: false,
            expected_prior: false,
            collapse: false,
            local_reparam: false,
            flipout: false,
            even_where_reused: false,
        }
    }
}

/// The ELBO on a tape.
#[derive(Debug, Clone)]
pub struct Guided {
    /// Outputs: `objective` (what is differentiated) and its parts `drawn` and `exact`.
    ///
    /// Inputs: `mu [D]`, `omega [random]`, `lower [F, F]` if there is a full-rank block (in units of e^ω where noise is
    /// keyed), `noise [random]` if the source is an input, `directions [rows, rank]` with a row for each latent of `along`, and likewise
    /// `direction_noise [rank]`, of a low-rank guide (its entropy is without ½ log det (I + VᵀV), which the method
    /// adds), `tie [scales · random]` with tied scales, `score [random]` when sticking the landing (∇_u of −log q at the
    /// draw), `precision [random]` where scales are collapsed (of each weight under them).
    pub tape: Tape,
    /// The value to ascend: `drawn` + `exact`.
    pub objective: Slot,
    /// Its terms that depend on noise or rows.
    pub drawn: Slot,
    /// Its terms that are functions of the guide's parameters only: needed once a step, not once a draw.
    pub exact: Slot,
    /// Whether rows share noise: some weight that they read is drawn for all of them.
    pub rows_share_noise: bool,
    /// The scales that have no parameters of their own.
    pub collapse: Arc<Collapse>,
    /// What became of each rewrite.
    pub notes: Vec<Note>,
}

/// Keys that tell the guide's noise apart. Those of methods ([`crate::infer::draws::variable`]) lie between.
mod stream {
    use crate::lower::Latent;

    /// ε₂ of (6).
    pub(super) const DIRECTIONS: u32 = 254;
    /// Draws of a run of latents.
    pub(super) fn run(i: usize) -> u32 {
        if i == 0 { 0 } else { 255 + i as u32 }
    }
    /// (13): outputs of a weight's product.
    pub(super) fn outputs(weight: &Latent) -> u32 {
        (1 << 20) + weight.unknown.0
    }
    /// (14): signs of a weight's input channels.
    pub(super) fn signs_in(weight: &Latent) -> u32 {
        (2 << 20) + weight.unknown.0
    }
    /// (14): signs of a weight's output channels.
    pub(super) fn signs_out(weight: &Latent) -> u32 {
        (3 << 20) + weight.unknown.0
    }
}

/// Replaces the latents by their guide.
pub fn guide(joint: &LogJoint, model: &Model, settings: &GuideSettings) -> Guided {
    let mut b = Builder::new();
    let mut notes = vec![];
    let full = settings.full_dims.min(joint.random_dim);
    let collapse = match settings.collapse {
        true => collapse::find(joint, model, full, &mut notes),
        false => Collapse::default(),
    };
    let by_row = by_row(joint, model, settings, &mut notes);
    let alone: BTreeSet<usize> = by_row.latents().collect();
    let draw = Draw::new(&mut b, joint, settings, &alone, &collapse);
    let map = inline(&mut b, joint, &draw, &by_row);
    let likelihood = joint.tape.output("log_likelihood").map(|s| map[s.0 as usize]);
    let mut terms: Vec<Slot> = likelihood.into_iter().collect();
    terms.extend(expected_prior::terms(&mut b, joint, model, settings, &collapse, &draw, &map, &mut notes));
    terms.extend(draw.entropy(&mut b, settings, &mut notes));
    if draw.full_dims > 1 && !settings.tied_scales.is_empty() {
        let named = |s: &usize| {
            let latent = joint.latents.iter().find(|l| l.start == *s);
            latent.map_or_else(|| format!("latent {s}"), |l| model.unknown(l.unknown).name.clone())
        };
        let names: Vec<String> = settings.tied_scales.iter().map(named).collect();
        notes.push(Note::applied(Rewrite::TiedScales, format!("the spread follows {}", names.join(", "))));
    }
    let is_drawn = depends_on(b.tape(), &|op| {
        let is_noise_input =
            matches!(op, Op::Input(name) if ["noise", "direction_noise", "score"].contains(&&**name));
        is_noise_input
            || matches!(op, Op::Noise(_) | Op::RowNoise(_) | Op::RowSigns(_) | Op::Column(_) | Op::RowWeight)
    });
    let shares = depends_on(b.tape(), &|op| {
        matches!(op, Op::Noise(_)) || matches!(op, Op::Input(name) if name == "noise")
    });
    let rows_share_noise = likelihood.is_some_and(|s| shares[s.0 as usize]);
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
    Guided { tape, objective, drawn, exact, rows_share_noise, collapse: Arc::new(collapse), notes }
}

/// Σ of scalar terms.
fn total(b: &mut Builder, terms: &[Slot]) -> Slot {
    let mut sum = b.constant(0.0);
    for term in terms {
        sum = b.add(sum, *term);
    }
    sum
}

/// Which slots depend on an instruction of a kind.
fn depends_on(tape: &Tape, is_source: &dyn Fn(&Op) -> bool) -> Vec<bool> {
    let mut depends = vec![false; tape.instructions.len()];
    for (i, x) in tape.instructions.iter().enumerate() {
        depends[i] = is_source(&x.op) || x.args.iter().any(|a| depends[a.0 as usize]);
    }
    depends
}

/// Weights whose noise differs from row to row.
#[derive(Default)]
struct ByRow<'a> {
    local: Vec<Local<'a>>,
    flipped: Vec<Flipped<'a>>,
}

impl ByRow<'_> {
    /// Where their latents begin.
    fn latents(&self) -> impl Iterator<Item = usize> {
        let local = self.local.iter().flat_map(|l| l.latents().map(|l| l.start));
        local.chain(self.flipped.iter().map(|f| f.weight.start))
    }

    /// What replaces an instruction of the log joint, if it is one of theirs.
    fn replacement(
        &self,
        b: &mut Builder,
        joint: &LogJoint,
        draw: &Draw,
        at: Slot,
        map: &[Slot],
    ) -> Option<Slot> {
        if let Some(local) = self.local.iter().find(|l| l.replaced == at) {
            let x = map[local.input().0 as usize];
            return Some(local.outputs(b, draw, joint, x));
        }
        self.flipped.iter().find_map(|f| {
            let product = *f.products.iter().find(|p| p.at == at)?;
            let x = map[product.input.0 as usize];
            Some(f.output(b, draw, joint, product, x))
        })
    }
}

/// Decides for each weight: (13) where it is asked for and exact, else (14), else a draw that rows share.
fn by_row<'a>(
    joint: &'a LogJoint,
    model: &Model,
    settings: &GuideSettings,
    notes: &mut Vec<Note>,
) -> ByRow<'a> {
    let mut by_row = ByRow::default();
    if !settings.local_reparam && !settings.flipout {
        return by_row;
    }
    let readers = Readers::of_likelihood(&joint.tape);
    for weight in weights(joint, model, settings, &readers) {
        let name = &model.unknown(weight.latent.unknown).name;
        if settings.local_reparam {
            match local_reparam::exact(&weight, joint, model, settings, &readers) {
                Ok(local) => {
                    notes.push(Note::applied(Rewrite::LocalReparam, name));
                    by_row.local.push(local);
                    continue;
                }
                Err(why) => notes.push(Note::refused(Rewrite::LocalReparam, format!("{name}: {why}"))),
            }
        }
        if settings.flipout {
            match flipout::exact(&weight) {
                Ok(flipped) => {
                    notes.push(Note::applied(Rewrite::Flipout, name));
                    by_row.flipped.push(flipped);
                }
                Err(why) => notes.push(Note::refused(Rewrite::Flipout, format!("{name}: {why}"))),
            }
        }
    }
    by_row
}

/// Copies the log joint behind what is there, with the latents replaced; returns the new slot of each old one.
fn inline(b: &mut Builder, joint: &LogJoint, draw: &Draw, by_row: &ByRow<'_>) -> Vec<Slot> {
    let tape = &joint.tape;
    let is_latents = |s: Slot| tape.get(s).op == Op::Input(LATENTS.into());
    let mut map: Vec<Slot> = Vec::with_capacity(tape.instructions.len());
    let mut names: HashMap<Slot, &str> = HashMap::new();
    for (i, x) in tape.instructions.iter().enumerate() {
        b.origin = x.origin;
        let slot = match x.op {
            // Read as a whole where one vector is all there is, else by slices only.
            Op::Input(_) if is_latents(Slot(i as u32)) => draw.whole(),
            Op::Slice { start } if is_latents(x.args[0]) => draw.value(b, start, &x.shape),
            _ => by_row.replacement(b, joint, draw, Slot(i as u32), &map).unwrap_or_else(|| {
                let args = x.args.iter().map(|a| map[a.0 as usize]).collect();
                b.again(x, args)
            }),
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
