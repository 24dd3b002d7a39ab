//! A distribution with its arguments' numbers, perhaps cut to an interval: what predictions ask of it.
//!
//! A cut distribution has no closed forms of its own here. Its mass, mean and sd are integrals of the family's kernel
//! e^(k(x) − k(c)) about the point c of the interval that lies nearest to the mode, over pieces that double in length
//! away from c, by Gauss–Legendre's rule with ten points each. So nothing cancels, however narrow the interval is or
//! however far out it lies.

use super::Family;
use rand::{Rng, RngExt};

/// A distribution with the numbers of its arguments.
#[derive(Debug)]
pub struct Numbers<'a> {
    of: Of<'a>,
    cut: Option<Cut>,
}

/// What the numbers belong to.
#[derive(Debug)]
enum Of<'a> {
    /// one family
    Family(&'static Family, usize, &'a [&'a [f64]]),
    /// shares of several distributions
    Mixture(Vec<(f64, Numbers<'a>)>),
}

/// The pieces of a cut distribution.
#[derive(Debug, Default)]
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
/// Pieces towards an end at which the density is infinite: a power −0.95 leaves 1e-8 beyond them.
const SINGULAR: i32 = 520;
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
        let mut numbers = Numbers { of: Of::Family(family, form, args), cut: None };
        let is_point = family.name == "Delta";
        numbers.cut = ends.filter(|_| !is_point).map(|(low, high)| numbers.pieces(family, low, high));
        numbers
    }

    /// A mixture. If it is cut, `parts` are its components cut, and each share is that of what is left of it.
    pub fn mixture(
        weights: &[f64],
        parts: impl Fn(usize, Option<(f64, f64)>) -> Numbers<'a>,
        ends: Option<(f64, f64)>,
    ) -> Numbers<'a> {
        let mut shares: Vec<(f64, Numbers<'a>)> = (weights.iter().enumerate())
            .map(|(k, weight)| match ends {
                None => (*weight, parts(k, None)),
                Some((low, high)) => {
                    let whole = parts(k, None);
                    (weight * (whole.cdf(high) - whole.cdf_below(low)), parts(k, ends))
                }
            })
            .filter(|(share, _)| *share != 0.0)
            .collect();
        let total: f64 = shares.iter().map(|(share, _)| share).sum();
        shares.iter_mut().for_each(|(share, _)| *share /= total);
        Numbers { of: Of::Mixture(shares), cut: None }
    }

    /// Whether its values are whole numbers.
    pub fn is_discrete(&self) -> bool {
        match &self.of {
            Of::Family(family, ..) => family.is_discrete,
            Of::Mixture(parts) => parts.iter().all(|(_, part)| part.is_discrete()),
        }
    }

    /// Mean; NaN where it does not exist or is not known.
    pub fn mean(&self) -> f64 {
        match (&self.of, &self.cut) {
            (_, Some(cut)) => cut.nearest + self.moments(cut).0,
            (Of::Family(family, form, args), None) => family.mean.map_or(f64::NAN, |mean| mean(*form, args)),
            (Of::Mixture(parts), None) => parts.iter().map(|(share, part)| share * part.mean()).sum(),
        }
    }

    /// Standard deviation; NaN or infinite where it does not exist or is not known.
    pub fn sd(&self) -> f64 {
        match (&self.of, &self.cut) {
            (_, Some(cut)) => self.moments(cut).1,
            (Of::Family(family, form, args), None) => family.sd.map_or(f64::NAN, |sd| sd(*form, args)),
            (Of::Mixture(parts), None) => {
                let mean = self.mean();
                let square = |(share, part): &(f64, Numbers)| {
                    share * (part.sd().powi(2) + (part.mean() - mean).powi(2))
                };
                parts.iter().map(square).sum::<f64>().sqrt()
            }
        }
    }

    /// Distribution function at x.
    pub fn cdf(&self, x: f64) -> f64 {
        match (&self.of, &self.cut) {
            (_, Some(cut)) => self.share_below(cut, x),
            (Of::Family(family, form, args), None) => family.cdf.map_or(f64::NAN, |cdf| cdf(*form, args, x)),
            (Of::Mixture(parts), None) => parts.iter().map(|(share, part)| share * part.cdf(x)).sum(),
        }
    }

    /// P(X < x): of a whole number what lies up to the one before.
    pub fn cdf_below(&self, x: f64) -> f64 {
        match &self.of {
            Of::Mixture(parts) => parts.iter().map(|(share, part)| share * part.cdf_below(x)).sum(),
            Of::Family(family, _, args) if family.name == "Delta" => {
                if x > args[0][0] {
                    1.0
                } else {
                    0.0
                }
            }
            Of::Family(family, ..) if family.is_discrete => self.cdf(x.ceil() - 1.0),
            Of::Family(..) => self.cdf(x),
        }
    }

    /// One draw.
    pub fn sample(&self, rng: &mut dyn Rng) -> f64 {
        let (family, form, args) = match &self.of {
            Of::Family(family, form, args) => (family, form, args),
            Of::Mixture(parts) => {
                let mut share: f64 = rng.random();
                for (weight, part) in parts {
                    share -= weight;
                    if share < 0.0 {
                        return part.sample(rng);
                    }
                }
                return parts.last().map_or(f64::NAN, |(_, part)| part.sample(rng));
            }
        };
        let Some(sample) = family.sample else { return f64::NAN };
        let Some(cut) = &self.cut else { return sample(*form, args, rng) };
        for _ in 0..TRIES {
            let x = sample(*form, args, rng);
            if (cut.low..=cut.high).contains(&x) {
                return x;
            }
        }
        let share: f64 = rng.random();
        self.quantile(cut, share)
    }

    fn kernel(&self, x: f64) -> f64 {
        match &self.of {
            Of::Family(family, form, args) => {
                family.log_kernel.map_or(f64::NAN, |kernel| kernel(*form, args, x))
            }
            Of::Mixture(_) => f64::NAN,
        }
    }

    /// Cuts the interval at c ± first length · 2^k, and measures the pieces; whole numbers are pieces of no length.
    fn pieces(&self, family: &Family, low: f64, high: f64) -> Cut {
        let Of::Family(_, form, args) = &self.of else { return Cut::default() };
        let values: Vec<super::ArgValue> = (args.iter())
            .map(|arg| super::ArgValue { constant: arg.first().copied(), len: arg.len() })
            .collect();
        let own = (family.support)(*form, &values).interval();
        let (low, high) = (low.max(own.low), high.min(own.high));
        let mean = family.mean.map_or(f64::NAN, |mean| mean(*form, args));
        let sd = family.sd.map_or(f64::NAN, |sd| sd(*form, args));
        if family.is_discrete {
            return self.points(low.ceil(), high.floor(), mean, sd);
        }
        let (mode, scale) = match family.location_scale {
            Some((location, scale)) => (args[location][0], args[scale][0]),
            // StudentT's place and scale follow its degrees of freedom.
            None if family.name == "StudentT" => (args[1][0], args[2][0]),
            None if mean.is_finite() && self.kernel(mean) > self.kernel(own.low) => (mean, sd),
            None => (own.low, sd),
        };
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { self.median_distance(own.low) };
        let nearest = mode.max(low).min(high);
        // A kernel like e^−z²/2 falls by e within 1/z of a far end; for flatter ones this is only too careful.
        let first = FIRST * scale / ((nearest - mode) / scale).abs().max(1.0);
        let first = first.min(FIRST * self.fall(nearest, if nearest > low { -first } else { first }));
        // Near a finite end of the support a density may rise like a power: pieces double from there too.
        let from_end = |end: f64, side: f64| {
            let is_endless = self.kernel(end) == f64::INFINITY;
            (if is_endless { -SINGULAR } else { -PIECES }..PIECES)
                .filter(move |_| family.location_scale.is_none() && end.is_finite())
                .map(move |k| end + side * FIRST * scale * 2f64.powi(k))
        };
        let mut places: Vec<f64> = (0..PIECES)
            .flat_map(|k| [-1.0, 1.0].map(|side| nearest + side * first * 2f64.powi(k)))
            .chain(from_end(own.low, 1.0))
            .chain(from_end(own.high, -1.0))
            .chain([nearest, mode, low, high])
            .filter(|x| x.is_finite() && (low..=high).contains(x))
            .collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        // Relative to the end itself a kernel that is infinite there would be nothing elsewhere.
        let nearest = match self.kernel(nearest).is_finite() {
            true => nearest,
            false => nearest + first.min(0.5 * (high - low)),
        };
        let mut cut = Cut { low, high, nearest, pieces: vec![], mass: 0.0 };
        for ends in places.windows(2) {
            let mass = self.integral(&cut, ends[0], ends[1], |_| 1.0);
            cut.mass += mass;
            cut.pieces.push((ends[0], ends[1], mass));
        }
        cut
    }

    /// On what length beside x, on the side of `step`, the kernel falls by one; infinite where it does not.
    fn fall(&self, x: f64, step: f64) -> f64 {
        let step = 1e-3 * step;
        let fall = self.kernel(x) - self.kernel(x + step);
        if fall.is_finite() && fall > 0.0 { step.abs() / fall } else { f64::INFINITY }
    }

    /// How far the median lies from the lower end, by doubling and halving; where there are no moments.
    fn median_distance(&self, low: f64) -> f64 {
        let (mut small, mut large) = (1.0, 1.0);
        while small > 1e-300 && self.cdf(low + small) > 0.5 {
            small *= 0.5;
        }
        while large < 1e300 && self.cdf(low + large) < 0.5 {
            large *= 2.0;
        }
        small.max(if large > 1.0 { 0.5 * large } else { 0.0 })
    }

    /// Whole numbers from the one nearest to the mean outwards, until the rest is nothing.
    fn points(&self, low: f64, high: f64, mean: f64, sd: f64) -> Cut {
        let nearest = if mean.is_finite() { mean.round() } else { low }.max(low).min(high);
        let mut cut = Cut { low, high, nearest, pieces: vec![], mass: 0.0 };
        let top = self.kernel(nearest);
        // Where the mean is infinitely far the terms still fall; this many sds hold all of them.
        let most = if sd.is_finite() { 60.0 * sd + 1000.0 } else { 1e6 };
        let mut side = |step: f64| {
            let mut x = nearest + if step < 0.0 { step } else { 0.0 };
            while (low..=high).contains(&x) && (x - nearest).abs() <= most {
                let mass = (self.kernel(x) - top).exp();
                cut.mass += mass;
                cut.pieces.push((x, x, mass));
                if mass < 1e-18 * cut.mass && (x - nearest).abs() > sd {
                    break;
                }
                x += step;
            }
        };
        side(-1.0);
        side(1.0);
        cut.pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
        cut
    }

    /// ∫ f(x − c) e^(k(x) − k(c)) dx between two places.
    fn integral(&self, cut: &Cut, from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
        if from == to {
            return f(from - cut.nearest) * (self.kernel(from) - self.kernel(cut.nearest)).exp();
        }
        let (top, half, middle) = (self.kernel(cut.nearest), 0.5 * (to - from), 0.5 * (from + to));
        for (end, other) in [(from, to), (to, from)] {
            // ∫₀ʰ t^p dt = h^(p+1)/(p+1): all that is left beside an end at which the density is infinite.
            if self.kernel(end) == f64::INFINITY {
                // Away from the end, because near 1 there may be no number between them.
                let further = self.kernel(end + 2.0 * (other - end));
                let power = (further - self.kernel(other)) / std::f64::consts::LN_2;
                return 2.0 * half / (power + 1.0) * f(end - cut.nearest) * (self.kernel(other) - top).exp();
            }
        }
        let at = |x: f64| f(x - cut.nearest) * (self.kernel(x) - top).exp();
        half * RULE.iter().map(|(x, w)| w * (at(middle - half * x) + at(middle + half * x))).sum::<f64>()
    }

    /// Mean about c, and sd.
    fn moments(&self, cut: &Cut) -> (f64, f64) {
        let reaches_infinity = cut.low.is_infinite() || cut.high.is_infinite();
        if let Of::Family(family, form, args) = &self.of
            && reaches_infinity
            && family.mean.is_none_or(|mean| !mean(*form, args).is_finite())
        {
            return (f64::NAN, f64::NAN);
        }
        let moment = |power: i32, about: f64| -> f64 {
            let f = |t: f64| (t - about).powi(power);
            cut.pieces.iter().map(|(from, to, _)| self.integral(cut, *from, *to, f)).sum::<f64>() / cut.mass
        };
        let mean = moment(1, 0.0);
        // A tail that has no variance keeps none when what lies before it is cut away.
        let whole = match &self.of {
            Of::Family(family, form, args) => family.sd.map_or(f64::NAN, |sd| sd(*form, args)),
            Of::Mixture(_) => f64::NAN,
        };
        let sd = if reaches_infinity && whole.is_infinite() { whole } else { moment(2, mean).sqrt() };
        (mean, sd)
    }

    fn share_below(&self, cut: &Cut, x: f64) -> f64 {
        // Sums of the same pieces in two orders are not equal to the last bit.
        if cut.pieces.last().is_some_and(|(_, last, _)| x >= *last) {
            return 1.0;
        }
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
