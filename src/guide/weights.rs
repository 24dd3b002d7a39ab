//! How each tensor of weights enters the rows: what the rewrites of its noise (13, 14) need to know.
//!
//! ```text
//! %w = slice %u [K, N]                         weight, read by one product: (13)
//! %h = dot %x %w : row [N]      ┐
//! %b = slice %u [N]             ├ product, its bias
//! %z = add %h %b : row [N]      ┘
//! ```

use super::GuideSettings;
use crate::lower::{Latent, LogJoint};
use crate::model::{Model, Treatment};
use crate::tape::{Op, Slot, Tape, Window};
use crate::ty::Kind;

/// A random tensor that some row reads through a product.
pub(super) struct Weight<'a> {
    /// Which.
    pub(super) latent: &'a Latent,
    /// The products that read it.
    pub(super) products: Vec<Product>,
    /// How many other instructions of the likelihood read it.
    pub(super) others: usize,
}

/// `dot x w` or `conv x w` with x per row.
#[derive(Clone, Copy)]
pub(super) struct Product {
    /// The instruction.
    pub(super) at: Slot,
    /// x
    pub(super) input: Slot,
    /// The convolution's window; none for a matrix.
    pub(super) window: Option<Window>,
    /// How many output pixels share the weight; 1 for a matrix.
    pub(super) pixels: usize,
}

impl Product {
    /// The product's instruction.
    pub(super) fn op(&self) -> Op {
        match self.window {
            Some(window) => Op::Conv(window),
            None => Op::Dot { transposed: false },
        }
    }
}

/// The likelihood's readers of each slot.
pub(super) struct Readers(Vec<Vec<Slot>>);

impl Readers {
    /// Of all instructions that the log likelihood depends on.
    pub(super) fn of_likelihood(tape: &Tape) -> Readers {
        let mut is_needed = vec![false; tape.instructions.len()];
        let mut readers = vec![vec![]; tape.instructions.len()];
        if let Some(root) = tape.output("log_likelihood") {
            is_needed[root.0 as usize] = true;
        }
        for i in (0..tape.instructions.len()).rev() {
            if !is_needed[i] {
                continue;
            }
            for a in &tape.instructions[i].args {
                is_needed[a.0 as usize] = true;
                readers[a.0 as usize].push(Slot(i as u32));
            }
        }
        Readers(readers)
    }

    /// Who reads a slot.
    pub(super) fn of(&self, slot: Slot) -> &[Slot] {
        &self.0[slot.0 as usize]
    }

    /// The one that reads a slot, if there is one only and it reads it once.
    pub(super) fn only(&self, slot: Slot) -> Option<Slot> {
        match self.of(slot) {
            [reader] => Some(*reader),
            _ => None,
        }
    }
}

/// Whether an unknown is its latent plus independent normal noise, outside the full-rank block.
pub(super) fn is_mean_field(latent: &Latent, model: &Model, settings: &GuideSettings) -> bool {
    let unknown = model.unknown(latent.unknown);
    unknown.treatment == Treatment::Random && latent.start >= settings.full_dims && latent.value == latent.u
}

/// Every mean-field tensor that some product reads.
pub(super) fn weights<'a>(
    joint: &'a LogJoint,
    model: &Model,
    settings: &GuideSettings,
    readers: &Readers,
) -> Vec<Weight<'a>> {
    let tape = &joint.tape;
    let mut found = vec![];
    for latent in joint.latents.iter().filter(|l| is_mean_field(l, model, settings)) {
        let all = readers.of(latent.value);
        let products: Vec<Product> = all.iter().filter_map(|at| product(tape, *at, latent.value)).collect();
        if !products.is_empty() {
            let others = all.len() - products.len();
            found.push(Weight { latent, products, others });
        }
    }
    found
}

fn product(tape: &Tape, at: Slot, weight: Slot) -> Option<Product> {
    let x = tape.get(at);
    let (window, pixels) = match x.op {
        Op::Dot { transposed: false } => (None, 1),
        Op::Conv(window) => (Some(window), x.shape.0[0] * x.shape.0[1]),
        _ => return None,
    };
    let is_row = tape.get(x.args[0]).kind == Kind::Row;
    (x.args[1] == weight && is_row).then(|| Product { at, input: x.args[0], window, pixels })
}
