//! Flipout (`docs/inference.md`, equation 14): random signs make one draw of the weights differ from row to row.
//!
//! ```text
//! y = conv x w   →   y = conv x M + t (conv (x r) ΔW),   r, t row signs of input and output channels
//! ```
//!
//! Independent symmetric noise keeps its law under fixed signs, so every row sees a draw of the guide, whatever it
//! does with it. All products of one weight in one row must see the same signs: they are keyed by the weight.

use super::draw::Draw;
use super::stream;
use super::weights::{Product, Weight};
use crate::lower::{Latent, LogJoint};
use crate::tape::{Slot, build::Builder};
use crate::ty::Shape;

/// A weight whose products get signs.
pub(super) struct Flipped<'a> {
    /// Which.
    pub(super) weight: &'a Latent,
    /// Every reader of it.
    pub(super) products: Vec<Product>,
}

/// Reads a weight as one that enters rows by products only, or says why it does not.
pub(super) fn exact<'a>(weight: &Weight<'a>) -> Result<Flipped<'a>, &'static str> {
    if weight.others > 0 {
        return Err("is read outside of products too");
    }
    Ok(Flipped { weight: weight.latent, products: weight.products.clone() })
}

impl Flipped<'_> {
    /// One product, from its input on the new tape.
    pub(super) fn output(
        &self,
        b: &mut Builder,
        draw: &Draw,
        joint: &LogJoint,
        product: Product,
        x: Slot,
    ) -> Slot {
        let shape = joint.tape.get(self.weight.value).shape.clone();
        let channels = |axis: usize| Shape::vector(shape.0[shape.rank() - axis]);
        let r = b.row_signs(stream::signs_in(self.weight), channels(2));
        let t = b.row_signs(stream::signs_out(self.weight), channels(1));
        let m = draw.mean(b, self.weight.start, &shape);
        let step = draw.step(b, self.weight.start, &shape);
        let mean = b.infer(product.op(), vec![x, m]);
        let flipped = b.mul(x, r);
        let moved = b.infer(product.op(), vec![flipped, step]);
        let back = b.mul(moved, t);
        b.add(mean, back)
    }
}
