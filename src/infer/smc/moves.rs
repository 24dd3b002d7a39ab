//! A Hamiltonian trajectory at one β (Duane, Kennedy, Pendleton, Roweth 1987; Neal 2011), in whitened coordinates and in
//! units of the population's sds: its length is drawn anew for each particle, so that no period is hit again and again.

use super::dilate::Scales;
use super::start::Start;
use crate::engine::NoiseKey;
use crate::infer::draws::Joint;
use crate::infer::objective::FullBatch;
use crate::infer::whitened::Whitened;
use crate::kernels::noise::{self, Key};
use crate::lower::LATENTS;
use std::sync::Arc;

/// Longest trajectory, in sds: half a period of a standard normal, so that their mean is a quarter.
const LENGTH: f64 = std::f64::consts::PI;
/// Most steps of a trajectory.
const MOST_LEAPS: f64 = 256.0;
/// Most scales that are moved with their weights after a trajectory.
const MOST_SCALES: usize = 8;

/// log p and log q where a particle is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) log_p: f64,
    pub(super) log_q: f64,
}

impl Place {
    fn tempered(&self, beta: f64) -> f64 {
        if beta >= 1.0 { self.log_p } else { (1.0 - beta) * self.log_q + beta * self.log_p }
    }
}

/// Probability that a trajectory with this gain of log density less kinetic energy is taken: none where either is no
/// number.
fn acceptance(gain: f64) -> f64 {
    // `f64::min` would make 1 of what is no number.
    if gain.is_nan() { 0.0 } else { gain.exp().min(1.0) }
}

/// One thread's memory for moving particles.
pub(super) struct Mover {
    joint: Joint,
    /// The same in f32, where that is enough for slopes.
    single: Option<FullBatch<f32>>,
    buffer: Vec<f32>,
    start: Start,
    scales: Arc<Scales>,
    at: Whitened,
    of_p: Vec<f64>,
    of_q: Vec<f64>,
    gradient: Vec<f64>,
    momentum: Vec<f64>,
    to: Vec<f64>,
}

impl Mover {
    pub(super) fn new(
        (joint, single): (Joint, Option<FullBatch<f32>>),
        start: Start,
        scales: Arc<Scales>,
        at: Whitened,
    ) -> Mover {
        let (dim, latents) = (at.dim(), at.latents());
        Mover {
            joint,
            single,
            buffer: vec![],
            start,
            scales,
            at,
            of_p: vec![0.0; latents],
            of_q: vec![0.0; dim],
            gradient: vec![0.0; dim],
            momentum: vec![0.0; dim],
            to: vec![0.0; dim],
        }
    }

    /// Random latents.
    pub(super) fn dim(&self) -> usize {
        self.at.dim()
    }

    /// All latents.
    pub(super) fn latents(&self) -> usize {
        self.of_p.len()
    }

    /// Scales that have weights of their own.
    pub(super) fn scales(&self) -> usize {
        self.scales.len()
    }

    /// u of v.
    pub(super) fn place(&mut self, v: &[f64]) -> &[f64] {
        self.at.place(v)
    }

    /// A draw of the start, in v.
    pub(super) fn draw(&mut self, index: u64, key: Key, v: &mut [f64]) -> Place {
        noise::uniforms(&mut self.momentum, key, 0);
        let u = self.start.draw(index, &self.momentum);
        self.at.find(&u, v);
        self.look(v, 0.5)
    }

    /// Densities at v; the gradient of the tempered one in v is left in `gradient`.
    fn look(&mut self, v: &[f64], beta: f64) -> Place {
        let log_p = self.joint.value_and_gradient(self.at.place(v), &mut self.of_p);
        self.temper(log_p, beta)
    }

    /// Whether the gradient at v, which is left in `gradient`, is finite; in f32 where that is enough.
    ///
    /// A trajectory of rounded slopes is as reversible as one of exact ones: each slope is a function of the place alone.
    /// It is accepted by densities in f64.
    fn slope(&mut self, v: &[f64], beta: f64) -> bool {
        let Some(single) = &mut self.single else { return self.look(v, beta).tempered(beta).is_finite() };
        self.buffer.clear();
        self.buffer.extend(self.at.place(v).iter().map(|x| *x as f32));
        single.executor.set_input(LATENTS, &self.buffer);
        let log_p = single.run(NoiseKey::default());
        if let Some(found) = single.executor.output("grad:u") {
            self.of_p.iter_mut().zip(found).for_each(|(p, x)| *p = f64::from(*x));
        }
        self.temper(log_p, beta).tempered(beta).is_finite()
    }

    /// The gradient at where `at` is, from that of log p in `of_p`.
    fn temper(&mut self, log_p: f64, beta: f64) -> Place {
        let u = self.at.placed();
        // At the posterior nothing is asked of the start any more.
        let mut log_q = 0.0;
        if beta < 1.0 {
            log_q = self.start.log_density(u, &mut self.of_q);
            self.of_p.iter_mut().zip(&self.of_q).for_each(|(p, q)| *p = beta * *p + (1.0 - beta) * q);
        }
        self.at.pull_back(&self.of_p, &mut self.gradient);
        Place { log_p, log_q }
    }

    /// Moves a particle, or leaves it where it is: its acceptance, and the steps that it took.
    pub(super) fn hop(
        &mut self,
        v: &mut [f64],
        place: &mut Place,
        (beta, step, sds): (f64, f64, &[f64]),
        (momentum, accept): (Key, Key),
    ) -> (f64, u64) {
        let mut chance = [0.0; 2];
        noise::uniforms(&mut chance, accept, 0);
        noise::normals(&mut self.momentum, momentum, 0);
        let most = (LENGTH / step).ceil().clamp(1.0, MOST_LEAPS);
        let leaps = (chance[1] * most) as u64 + 1;
        let kinetic = |momentum: &[f64]| 0.5 * momentum.iter().map(|r| r * r).sum::<f64>();
        let before = place.tempered(beta) - kinetic(&self.momentum);
        // What could not be come back to cannot be left.
        if !self.slope(v, beta) {
            return (0.0, 0);
        }
        self.to.copy_from_slice(v);
        let push = |momentum: &mut [f64], gradient: &[f64], by: f64| {
            momentum.iter_mut().zip(sds.iter().zip(gradient)).for_each(|(r, (sd, g))| *r += by * sd * g);
        };
        push(&mut self.momentum, &self.gradient, 0.5 * step);
        for leap in 0..leaps {
            self.to
                .iter_mut()
                .zip(sds.iter().zip(&self.momentum))
                .for_each(|(v, (sd, r))| *v += step * sd * r);
            let to = std::mem::take(&mut self.to);
            let is_finite = self.slope(&to, beta);
            self.to = to;
            if !is_finite {
                return (0.0, leap + 1);
            }
            let by = if leap + 1 < leaps { step } else { 0.5 * step };
            push(&mut self.momentum, &self.gradient, by);
        }
        let to = std::mem::take(&mut self.to);
        let found = self.look(&to, beta);
        self.to = to;
        let after = found.tempered(beta) - kinetic(&self.momentum);
        let accepted = acceptance(after - before);
        if chance[0] < accepted {
            v.copy_from_slice(&self.to);
            *place = found;
        }
        (accepted, leaps)
    }
}

impl Mover {
    /// Moves some scales with their weights, by normal δ of the given sds, and hands each one's acceptance to `tried`.
    pub(super) fn dilate(
        &mut self,
        v: &mut [f64],
        place: &mut Place,
        (beta, sds): (f64, &[f64]),
        key: Key,
        tried: &mut dyn FnMut(usize, f64),
    ) {
        let (scales, n) = (self.scales.clone(), self.scales.len());
        let mut chances = [0.0; MOST_SCALES + 1];
        let mut normals = [0.0; MOST_SCALES];
        noise::uniforms(&mut chances, key, 0);
        noise::normals(&mut normals, key, 1 << 16);
        // Where there are more than can be moved, neighbours from anywhere on.
        let first = (chances[MOST_SCALES] * n as f64) as usize;
        for k in 0..n.min(MOST_SCALES) {
            let which = (first + k) % n;
            let mut u = self.at.place(v).to_vec();
            let volume = scales.dilate(which, sds[which] * normals[k], &mut u);
            let mut to = std::mem::take(&mut self.to);
            self.at.find(&u, &mut to);
            let found = self.look(&to, beta);
            let height = found.tempered(beta);
            let gain = height - place.tempered(beta) + volume;
            let accepted = if height.is_finite() { acceptance(gain) } else { 0.0 };
            if chances[k] < accepted {
                v.copy_from_slice(&to);
                *place = found;
            }
            self.to = to;
            tried(which, accepted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_taken() {
        assert_eq!(acceptance(f64::NAN), 0.0);
        assert_eq!((acceptance(f64::NEG_INFINITY), acceptance(3.0)), (0.0, 1.0));
        assert!((acceptance(-1.0) - (-1f64).exp()).abs() < 1e-15);
    }
}
