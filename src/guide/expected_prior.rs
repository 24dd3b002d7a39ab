//! Expected log priors in closed form (`docs/inference.md`, equations 8 to 10).
//!
//! A prior term is replaced where its unknown is in a mean-field block and its arguments do not depend on it:
//!
//! - Normal (8) and Laplace (9), whatever the arguments: the expectation over w given the arguments' draw, and over the
//!   scale too where it is log-normal ([`super::log_normal`]) and the location a constant;
//! - HalfNormal, InvGamma and Exponential of a log-normal scale, Jacobian included (10).
//!
//! All keep the expectation of the objective; what is not listed is drawn.

use super::GuideSettings;
use super::collapse::{Collapse, Moment, reaches};
use super::draw::Draw;
use super::log_normal::{LogNormal, Reader};
use crate::kernels::scalar::Unary;
use crate::lower::{Latent, LogJoint};
use crate::model::{Model, Treatment, Unknown};
use crate::rewrites::{Note, Rewrite};
use crate::tape::{Slot, build::Builder};
use std::f64::consts::{LN_2, PI};

/// Prior and Jacobian terms of all unknowns, on the new tape.
pub(super) fn terms(
    b: &mut Builder,
    joint: &LogJoint,
    model: &Model,
    settings: &GuideSettings,
    collapse: &Collapse,
    draw: &Draw,
    map: &[Slot],
    notes: &mut Vec<Note>,
) -> Vec<Slot> {
    let mut out = vec![];
    let is_tied = !settings.tied_scales.is_empty();
    for latent in &joint.latents {
        let unknown = model.unknown(latent.unknown);
        b.origin = Some(unknown.span);
        if collapse.holds(latent.start) {
            continue;
        }
        if let Some(moment) = collapse.moment_of(latent.start) {
            out.push(under_collapsed(b, moment, settings, draw, map, latent));
            continue;
        }
        let drawn: Vec<Slot> = [latent.log_prior, latent.log_jacobian]
            .into_iter()
            .flatten()
            .map(|s| map[s.0 as usize])
            .collect();
        if !settings.expected_prior || unknown.treatment != Treatment::Random {
            out.extend(drawn);
            continue;
        }
        let closed = match obstacle(unknown, latent, draw, is_tied) {
            Some(why) => Err(why.to_owned()),
            None if draw.is_correlated(latent) && !has_fixed_arguments(b, draw, map, latent) => {
                Err("it is correlated with others, and its prior's arguments may be among them".to_owned())
            }
            None => closed_form(b, joint, model, draw, map, latent)
                .ok_or_else(|| format!("no closed form of {} here", unknown.prior.family.name)),
        };
        match closed {
            Ok((term, what)) => {
                notes.push(Note::applied(Rewrite::ExpectedPrior, format!("{} by {what}", unknown.name)));
                out.push(term);
            }
            Err(why) => {
                notes.push(Note::refused(Rewrite::ExpectedPrior, format!("{}: {why}", unknown.name)));
                out.extend(drawn);
            }
        }
    }
    b.origin = None;
    out
}

/// (12): −c precision |w|ᵏ, expected or of the draw; what else the integral holds is added to the value by the method.
fn under_collapsed(
    b: &mut Builder,
    moment: Moment,
    settings: &GuideSettings,
    draw: &Draw,
    map: &[Slot],
    latent: &Latent,
) -> Slot {
    let w = map[latent.u.0 as usize];
    let shape = b.shape(w).clone();
    let all = draw.precision.expect("there is a collapsed scale");
    let precision = b.slice(all, latent.start, &shape);
    let size = if settings.expected_prior {
        let m = b.slice(draw.mu, latent.start, &shape);
        let sigma = b.slice(draw.sigma, latent.start, &shape);
        let zero = b.constant(0.0);
        match moment {
            Moment::Normal => second_moment(b, m, sigma, zero),
            Moment::Laplace => expected_distance(b, m, sigma, zero),
        }
    } else {
        match moment {
            Moment::Normal => b.square(w),
            Moment::Laplace => b.unary(Unary::Abs, w),
        }
    };
    let weighted = b.mul(precision, size);
    let sum = b.sum(weighted);
    b.scale(sum, -moment.coefficient())
}

/// Why no closed form is looked for.
fn obstacle(unknown: &Unknown, latent: &Latent, draw: &Draw, is_tied: bool) -> Option<&'static str> {
    if latent.start < draw.full_dims && is_tied {
        Some("its spread follows a scale")
    } else if !unknown.prior.is_bare() {
        Some("its prior is truncated, ordered or mixed")
    } else if latent.is_non_centred {
        Some("it is non-centred")
    } else {
        None
    }
}

/// Whether the arguments of a prior are the same for every draw of the guide.
fn has_fixed_arguments(b: &Builder, draw: &Draw, map: &[Slot], latent: &Latent) -> bool {
    let args = latent.args.iter().map(|a| map[a.0 as usize]);
    args.into_iter().all(|arg| !reaches(b.tape(), draw.mu, Some(arg)))
}

fn closed_form(
    b: &mut Builder,
    joint: &LogJoint,
    model: &Model,
    draw: &Draw,
    map: &[Slot],
    latent: &Latent,
) -> Option<(Slot, &'static str)> {
    let unknown = model.unknown(latent.unknown);
    let shape = b.shape(map[latent.u.0 as usize]).clone();
    let m = b.slice(draw.mu, latent.start, &shape);
    let sigma = b.slice(draw.sigma, latent.start, &shape);
    let args: Vec<Slot> = latent.args.iter().map(|a| map[a.0 as usize]).collect();
    let is_real = unknown.bijection.name == "identity";
    let reader = Reader { joint, model, draw, map };
    // The scale is integrated out too where the location cannot depend on it.
    let random_scale =
        |b: &mut Builder, scale, location| b.constant_value(location).and_then(|_| reader.random(b, scale));
    match unknown.prior.family.name {
        "Normal" if is_real => {
            let moment = second_moment(b, m, sigma, args[0]);
            let term = match random_scale(b, args[1], args[0]) {
                Some(scale) => normal_scale_out(b, moment, &scale),
                None => normal_given_scale(b, moment, args[1]),
            };
            let wide = b.spread(term, &shape);
            Some((b.sum(wide), "(8)"))
        }
        "Laplace" if is_real => {
            let distance = expected_distance(b, m, sigma, args[0]);
            let term = match random_scale(b, args[1], args[0]) {
                Some(scale) => laplace_scale_out(b, distance, &scale),
                None => laplace_given_scale(b, distance, args[1]),
            };
            let wide = b.spread(term, &shape);
            Some((b.sum(wide), "(9)"))
        }
        // log s ~ N(a, t²), E and Jacobian: ½ log(2/π) − log A + a − e^(2a+2t²)/(2A²)
        "HalfNormal" if unknown.bijection.name == "exp" => {
            let log_a = b.log(args[0]);
            let twice = square_moment(b, m, sigma, 2.0);
            let a_square = b.square(args[0]);
            let ratio = b.div(twice, a_square);
            let half = b.scale(ratio, 0.5);
            let term = b.sub(m, log_a);
            let term = b.sub(term, half);
            let term = b.add_number(term, 0.5 * (2.0 / PI).ln());
            let wide = b.spread(term, &shape);
            Some((b.sum(wide), "(10)"))
        }
        // log λ + a − λ e^(a + t²/2), for the rate λ
        "Exponential" if unknown.bijection.name == "exp" && unknown.prior.form == 0 => {
            let mean = square_moment(b, m, sigma, 1.0);
            let log_rate = b.log(args[0]);
            let tail = b.mul(args[0], mean);
            let term = b.add(log_rate, m);
            let term = b.sub(term, tail);
            let wide = b.spread(term, &shape);
            Some((b.sum(wide), "(10)"))
        }
        // α log β − lnΓ(α) − α a − β e^(−a + t²/2)
        "InvGamma" if unknown.bijection.name == "exp" => {
            let inverse = square_moment(b, m, sigma, -1.0);
            let log_beta = b.log(args[1]);
            let head = b.mul(args[0], log_beta);
            let gamma = b.unary(Unary::LnGamma, args[0]);
            let slope = b.mul(args[0], m);
            let tail = b.mul(args[1], inverse);
            let term = b.sub(head, gamma);
            let term = b.sub(term, slope);
            let term = b.sub(term, tail);
            let wide = b.spread(term, &shape);
            Some((b.sum(wide), "(10)"))
        }
        _ => None,
    }
}

/// E e^{k u} for u ~ N(m, σ²): e^{k m + k² σ²/2}.
fn square_moment(b: &mut Builder, m: Slot, sigma: Slot, k: f64) -> Slot {
    let mean = b.scale(m, k);
    let variance = b.square(sigma);
    let half = b.scale(variance, 0.5 * k * k);
    let exponent = b.add(mean, half);
    b.exp(exponent)
}

/// E (w − μ₀)² = (m − μ₀)² + σ².
fn second_moment(b: &mut Builder, m: Slot, sigma: Slot, mean: Slot) -> Slot {
    let gap = b.sub(m, mean);
    let square = b.square(gap);
    let variance = b.square(sigma);
    b.add(square, variance)
}

/// −½ log 2π − log s − moment/(2s²)
fn normal_given_scale(b: &mut Builder, moment: Slot, scale: Slot) -> Slot {
    let inverse = b.unary(Unary::Reciprocal, scale);
    let precision = b.square(inverse);
    let quadratic = b.mul(moment, precision);
    let half = b.scale(quadratic, -0.5);
    let log_scale = b.log(scale);
    let term = b.sub(half, log_scale);
    b.add_number(term, -0.5 * (2.0 * PI).ln())
}

/// (8), second line: −½ log 2π − E log s − ½ moment E s⁻²
fn normal_scale_out(b: &mut Builder, moment: Slot, scale: &LogNormal) -> Slot {
    let precision = scale.moment(b, -2.0);
    let quadratic = b.mul(moment, precision);
    let half = b.scale(quadratic, -0.5);
    let log_scale = scale.mean_log(b);
    let term = b.sub(half, log_scale);
    b.add_number(term, -0.5 * (2.0 * PI).ln())
}

/// (9), first line: −log 2b − A/b
fn laplace_given_scale(b: &mut Builder, distance: Slot, scale: Slot) -> Slot {
    let quotient = b.div(distance, scale);
    let log_scale = b.log(scale);
    let term = b.add(quotient, log_scale);
    let term = b.add_number(term, LN_2);
    b.neg(term)
}

/// (9), second line: −log 2 − E log b − A E b⁻¹
fn laplace_scale_out(b: &mut Builder, distance: Slot, scale: &LogNormal) -> Slot {
    let inverse = scale.moment(b, -1.0);
    let quotient = b.mul(distance, inverse);
    let log_scale = scale.mean_log(b);
    let term = b.add(quotient, log_scale);
    let term = b.add_number(term, LN_2);
    b.neg(term)
}

/// A = E|w − c| = δ (2Φ(δ/σ) − 1) + 2σ φ(δ/σ), δ = m − c.
fn expected_distance(b: &mut Builder, m: Slot, sigma: Slot, centre: Slot) -> Slot {
    let delta = b.sub(m, centre);
    let ratio = b.div(delta, sigma);
    let cdf = b.unary(Unary::NormalCdf, ratio);
    let twice = b.scale(cdf, 2.0);
    let signed = b.add_number(twice, -1.0);
    let first = b.mul(delta, signed);
    let square = b.square(ratio);
    let exponent = b.scale(square, -0.5);
    let bell = b.exp(exponent);
    let spread = b.mul(sigma, bell);
    let second = b.scale(spread, 2.0 / (2.0 * PI).sqrt());
    b.add(first, second)
}
