//! Local reparameterisation (`docs/inference.md`, equation 13): noise of the outputs instead of the weights.
//!
//! ```text
//! h = dot x w; z = add h b   →   mean = x M + m_b;  variance = x² S² + s_b²;  z = mean + ε √variance
//! ```
//!
//! ε is fresh for every row and output. Exact where a weight enters each row once, in a product with one output pixel:
//! then the outputs of a row are independent normals given its input (and what the weights share, 6, which moves M).
//! A kernel that is reused at each position makes them dependent, and the bound would claim more than it has
//! (`even_where_reused` shows it, in a test).

use super::draw::Draw;
use super::weights::{Product, Readers, Weight, is_mean_field};
use super::{GuideSettings, stream};
use crate::kernels::scalar::{Binary, Unary};
use crate::lower::{Latent, LogJoint};
use crate::model::Model;
use crate::tape::{Op, Slot, build::Builder};

/// The least variance: below it the square root's slope is 0 instead of infinite. 1e-15 in an output is nothing.
const LEAST: f64 = 1e-30;

/// A product whose outputs get noise of their own.
pub(super) struct Local<'a> {
    weight: &'a Latent,
    product: Product,
    /// The bias that is added next, if its noise can be taken along.
    bias: Option<&'a Latent>,
    /// The instruction that is replaced: the product, or the sum with its bias.
    pub(super) replaced: Slot,
}

/// Reads a weight as one that enters each row once, or says why it does not.
pub(super) fn exact<'a>(
    weight: &Weight<'a>,
    joint: &'a LogJoint,
    model: &Model,
    settings: &GuideSettings,
    readers: &Readers,
) -> Result<Local<'a>, &'static str> {
    let [product] = weight.products[..] else { return Err("enters each row more than once") };
    if weight.others > 0 {
        return Err("is read outside of products too");
    }
    if product.pixels > 1 && !settings.even_where_reused {
        return Err("a kernel is reused at each position");
    }
    let bias = readers.only(product.at).and_then(|sum| {
        let add = joint.tape.get(sum);
        let Op::Binary(Binary::Add) = add.op else { return None };
        let other = if add.args[0] == product.at { add.args[1] } else { add.args[0] };
        let latent = joint.latents.iter().find(|l| l.value == other)?;
        let fits = is_mean_field(latent, model, settings)
            && product.window.is_none()
            && readers.only(other) == Some(sum)
            && joint.tape.get(other).shape == joint.tape.get(product.at).shape;
        fits.then_some((latent, sum))
    });
    Ok(Local {
        weight: weight.latent,
        product,
        bias: bias.map(|b| b.0),
        replaced: bias.map_or(product.at, |b| b.1),
    })
}

impl<'a> Local<'a> {
    /// Latents whose draws the likelihood no longer reads.
    pub(super) fn latents(&self) -> impl Iterator<Item = &'a Latent> {
        std::iter::once(self.weight).chain(self.bias)
    }

    /// The outputs with their noise, from the product's input on the new tape.
    pub(super) fn outputs(&self, b: &mut Builder, draw: &Draw, joint: &LogJoint, x: Slot) -> Slot {
        let moments = |b: &mut Builder, latent: &Latent| {
            let shape = joint.tape.get(latent.value).shape.clone();
            let mean = draw.mean(b, latent.start, &shape);
            let sd = draw.own_sd(b, latent.start, &shape);
            (mean, b.square(sd))
        };
        let (m, s) = moments(b, self.weight);
        let mut mean = b.infer(self.product.op(), vec![x, m]);
        let squares = b.square(x);
        let mut variance = b.infer(self.product.op(), vec![squares, s]);
        if let Some(bias) = self.bias {
            let (m, s) = moments(b, bias);
            mean = b.add(mean, m);
            variance = b.add(variance, s);
        }
        let least = b.constant(LEAST);
        let safe = b.binary(Binary::Max, variance, least);
        let sd = b.unary(Unary::Sqrt, safe);
        let shape = b.shape(sd).clone();
        let noise = b.row_noise(stream::outputs(self.weight), shape);
        let step = b.mul(noise, sd);
        b.add(mean, step)
    }

    /// The product's input on the old tape.
    pub(super) fn input(&self) -> Slot {
        self.product.input
    }
}
