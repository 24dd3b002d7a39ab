//! A distribution with its arguments' numbers, perhaps cut to an interval: what predictions ask of it.
//!
//! A cut distribution has no closed forms of its own here. Its mass, mean and sd are integrals of the family's kernel
//! e^(k(x) − k(c)) about the point c of the interval that lies nearest to the mode, over pieces that double in length
//! away from c, by Gauss–Legendre's rule with ten points each. So nothing cancels, however narrow the interval is or
//! however far out it lies.

use super::Family;
use rand::{Rng, RngExt};

/// A family with the numbers of its arguments.
#[derive(Debug)]
pub struct Numbers<'a> {
    family: &'static Family,
    form: usize,
    args: &'a [&'a [f64]],
    cut: Option<Cut>,
}

/// The pieces of a cut distribution.
#[derive(Debug)]
struct Cut {
    low: f64,
    high: f64,
    /// the point that the kernel is taken relative to
    nearest: f64,
    /// ends and masses of the pieces, in increasing order
    pieces: Vec<(f64, f64, f64)>,
    mass: f64,
}

/// Places and weights of Gauss–Legendre's rule with ten points on (−1, 1), the positive half.
const RULE: [(f64, f64); 5] = [
    (0.148_874_338_981_631_22, 0.295_524_224_714_752_87),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
];
/// The first piece, in lengths on which the kernel changes.
const FIRST: f64 = 0.125;
/// Pieces on each side: the last ends 2⁷⁰ first lengths away.
const PIECES: i32 = 70;
/// Times to draw and refuse before the distribution function is inverted instead.
const TRIES: usize = 32;

impl<'a> Numbers<'a> {
    /// The family as it is, or cut to the interval between two numbers.
    pub fn new(
        family: &'static Family,
        form: usize,
        args: &'a [&'a [f64]],
        ends: Option<(f64, f64)>,
    ) -> Numbers<'a> {
        let mut numbers = Numbers { family, form, args, cut: None };
        numbers.cut = ends.map(|(low, high)| numbers.pieces(low, high));
        numbers
    }

    /// Mean; NaN where it does not exist or is not known.
    pub fn mean(&self) -> f64 {
        match &self.cut {
            None => self.family.mean.map_or(f64::NAN, |mean| mean(self.form, self.args)),
            Some(cut) => cut.nearest + self.moments(cut).0,
        }
    }

    /// Standard deviation; NaN or infinite where it does not exist or is not known.
    pub fn sd(&self) -> f64 {
        match &self.cut {
            None => self.family.sd.map_or(f64::NAN, |sd| sd(self.form, self.args)),
            Some(cut) => self.moments(cut).1,
        }
    }

    /// Distribution function at x.
    pub fn cdf(&self, x: f64) -> f64 {
        match &self.cut {
            None => self.family.cdf.map_or(f64::NAN, |cdf| cdf(self.form, self.args, x)),
            Some(cut) => self.share_below(cut, x),
        }
    }

    /// One draw.
    pub fn sample(&self, rng: &mut dyn Rng) -> f64 {
        let Some(sample) = self.family.sample else { return f64::NAN };
        let Some(cut) = &self.cut else { return sample(self.form, self.args, rng) };
        for _ in 0..TRIES {
            let x = sample(self.form, self.args, rng);
            if (cut.low..=cut.high).contains(&x) {
                return x;
            }
        }
        let share: f64 = rng.random();
        self.quantile(cut, share)
    }

    fn kernel(&self, x: f64) -> f64 {
        self.family.log_kernel.map_or(f64::NAN, |kernel| kernel(self.form, self.args, x))
    }

    /// Cuts the interval at c ± first length · 2^k, and measures the pieces.
    fn pieces(&self, low: f64, high: f64) -> Cut {
        let values: Vec<super::ArgValue> = (self.args.iter())
            .map(|arg| super::ArgValue { constant: arg.first().copied(), len: arg.len() })
            .collect();
        let own = (self.family.support)(self.form, &values).interval();
        let (low, high) = (low.max(own.low), high.min(own.high));
        let (mode, scale) = match self.family.location_scale {
            Some((location, scale)) => (self.args[location][0], self.args[scale][0]),
            None => (own.low, self.family.sd.map_or(f64::NAN, |sd| sd(self.form, self.args))),
        };
        let nearest = mode.max(low).min(high);
        // A kernel like e^−z²/2 falls by e within 1/z of a far end; for flatter ones this is only too careful.
        let first = FIRST * scale / ((nearest - mode) / scale).abs().max(1.0);
        let mut places: Vec<f64> = (0..PIECES)
            .flat_map(|k| [-1.0, 1.0].map(|side| nearest + side * first * 2f64.powi(k)))
            .chain([nearest, mode, low, high])
            .filter(|x| x.is_finite() && (low..=high).contains(x))
            .collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let mut cut = Cut { low, high, nearest, pieces: vec![], mass: 0.0 };
        for ends in places.windows(2) {
            let mass = self.integral(&cut, ends[0], ends[1], |_| 1.0);
            cut.mass += mass;
            cut.pieces.push((ends[0], ends[1], mass));
        }
        cut
    }

    /// ∫ f(x − c) e^(k(x) − k(c)) dx between two places.
    fn integral(&self, cut: &Cut, from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
        let (top, half, middle) = (self.kernel(cut.nearest), 0.5 * (to - from), 0.5 * (from + to));
        let at = |x: f64| f(x - cut.nearest) * (self.kernel(x) - top).exp();
        half * RULE.iter().map(|(x, w)| w * (at(middle - half * x) + at(middle + half * x))).sum::<f64>()
    }

    /// Mean about c, and sd.
    fn moments(&self, cut: &Cut) -> (f64, f64) {
        let reaches_infinity = cut.low.is_infinite() || cut.high.is_infinite();
        if reaches_infinity && self.family.mean.is_none_or(|mean| mean(self.form, self.args).is_nan()) {
            return (f64::NAN, f64::NAN);
        }
        let moment = |power: i32, about: f64| -> f64 {
            let f = |t: f64| (t - about).powi(power);
            cut.pieces.iter().map(|(from, to, _)| self.integral(cut, *from, *to, f)).sum::<f64>() / cut.mass
        };
        let mean = moment(1, 0.0);
        (mean, moment(2, mean).sqrt())
    }

    fn share_below(&self, cut: &Cut, x: f64) -> f64 {
        let part = |(from, to, mass): &(f64, f64, f64)| {
            if x >= *to {
                *mass
            } else if x <= *from {
                0.0
            } else {
                self.integral(cut, *from, x, |_| 1.0)
            }
        };
        (cut.pieces.iter().map(part).sum::<f64>() / cut.mass).min(1.0)
    }

    /// The place below which a share of the mass lies: the piece by its mass, the place in it by halving.
    fn quantile(&self, cut: &Cut, share: f64) -> f64 {
        let mut wanted = share * cut.mass;
        for (from, to, mass) in &cut.pieces {
            if wanted <= *mass {
                let (mut low, mut high) = (*from, *to);
                for _ in 0..60 {
                    let middle = 0.5 * (low + high);
                    if self.integral(cut, *from, middle, |_| 1.0) < wanted {
                        low = middle
                    } else {
                        high = middle
                    }
                }
                return 0.5 * (low + high);
            }
            wanted -= mass;
        }
        cut.pieces.last().map_or(f64::NAN, |(_, to, _)| *to)
    }
}
