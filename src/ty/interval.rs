//! How intervals move through arithmetic: the interval of `a + b` from those of `a` and `b` (`docs/language.md`,
//! rule 4).
//!
//! ```text
//! 1 - unit             unit
//! positive - positive  real
//! real ^ 2             nonneg, and zero is only touched
//! max(real, 0)         nonneg, with mass at zero
//! ```
//!
//! Results contain every value that can occur; they are as narrow as the ends allow, no narrower. Two values are
//! taken to be unrelated: `x - x` is real.

use super::Interval;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// How a value fits where another interval is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// every value is allowed
    Inside,
    /// only an end that is touched with probability zero is not allowed
    Touches,
    /// some values are not allowed
    Outside,
}

/// One end of an interval.
#[derive(Debug, Clone, Copy)]
struct End {
    value: f64,
    is_closed: bool,
    touches: bool,
}

impl Interval {
    /// How values of `self` fit where `slot` is wanted.
    pub fn fit(&self, slot: &Interval) -> Fit {
        if self.within(slot) {
            return Fit::Inside;
        }
        let inside = Interval { low_closed: false, high_closed: false, ..*self };
        if self.touches && inside.within(slot) {
            return Fit::Touches;
        }
        Fit::Outside
    }

    /// Whether there is one value only.
    pub fn is_point(&self) -> bool {
        self.low == self.high
    }

    /// The same interval without its ends; what a continuous variable has.
    pub fn interior(self) -> Interval {
        Interval { touches: false, ..Interval::open(self.low, self.high) }
    }

    /// The values that lie in both.
    pub fn intersect(self, other: Interval) -> Interval {
        let low = larger_low(self.low_end(), other.low_end());
        let high = larger_low(mirror(self.high_end()), mirror(other.high_end()));
        from_ends(low, mirror(high), self.whole || other.whole)
    }

    /// The smallest interval that holds both.
    pub fn hull(self, other: Interval) -> Interval {
        let low = smaller_low(self.low_end(), other.low_end());
        let high = smaller_low(mirror(self.high_end()), mirror(other.high_end()));
        from_ends(low, mirror(high), self.is_whole() && other.is_whole())
    }

    /// The sum of `count` values.
    pub fn times(self, count: usize) -> Interval {
        if count == 1 {
            return self;
        }
        let scale = |v: f64| if v == 0.0 { 0.0 } else { v * count as f64 };
        Interval { low: scale(self.low), high: scale(self.high), ..self }
    }

    /// `1 / x`; real if x can be on both sides of zero.
    pub fn reciprocal(self) -> Interval {
        let turn = |e: End| {
            if e.value == 0.0 || e.value.is_infinite() {
                None
            } else {
                Some(End { value: 1.0 / e.value, ..e })
            }
        };
        let open = |value| End { value, is_closed: false, touches: false };
        if self.low >= 0.0 {
            let low = turn(self.high_end()).unwrap_or(open(0.0));
            let high = turn(self.low_end()).unwrap_or(open(f64::INFINITY));
            from_ends(low, high, false)
        } else if self.high <= 0.0 {
            -(-self).reciprocal()
        } else {
            Interval::REAL
        }
    }

    /// `|x|`
    pub fn abs(self) -> Interval {
        if self.low >= 0.0 {
            return self;
        }
        if self.high <= 0.0 {
            return -self;
        }
        let high = smaller_low(self.low_end(), mirror(self.high_end()));
        let zero = End { value: 0.0, is_closed: true, touches: !self.whole };
        from_ends(zero, mirror(high), self.whole)
    }

    /// `x²`
    pub fn square(self) -> Interval {
        let size = self.abs();
        Interval { low: size.low * size.low, high: size.high * size.high, ..size }
    }

    /// `min(a, b)`
    pub fn min(self, other: Interval) -> Interval {
        -(-self).max(-other)
    }

    /// `max(a, b)`
    pub fn max(self, other: Interval) -> Interval {
        let (a, b) = (self.low_end(), other.low_end());
        let low = if a.value == b.value {
            End { value: a.value, is_closed: a.is_closed && b.is_closed, touches: a.touches || b.touches }
        } else if a.value > b.value {
            a
        } else {
            b
        };
        let high = smaller_low(mirror(self.high_end()), mirror(other.high_end()));
        from_ends(low, mirror(high), self.is_whole() && other.is_whole())
    }

    /// An increasing function that stays strictly between two limits: `exp` between 0 and ∞.
    pub fn increasing(self, f: impl Fn(f64) -> f64, limits: (f64, f64)) -> Interval {
        let at = |e: End| {
            let value = f(e.value);
            let inside = value > limits.0 && value < limits.1;
            End {
                value: value.clamp(limits.0, limits.1),
                is_closed: e.is_closed && inside,
                touches: e.touches,
            }
        };
        let (low, high) = (at(self.low_end()), at(self.high_end()));
        if low.value.is_nan() || high.value.is_nan() {
            return Interval::open(limits.0, limits.1);
        }
        from_ends(low, high, false)
    }

    /// `a ^ b`: by the exponent where it is one number, up to 1 for a base that is and an exponent from 0, else positive
    /// for a base that is.
    pub fn power(self, exponent: Interval) -> Interval {
        if !exponent.is_point() {
            return match () {
                _ if self.low >= 0.0 && self.high <= 1.0 && exponent.low >= 0.0 => self.share_to(exponent),
                _ if self.low > 0.0 || (self.low == 0.0 && !self.low_closed) => Interval::POSITIVE,
                _ if self.low >= 0.0 => Interval { touches: self.touches, ..Interval::NONNEG },
                _ => Interval::REAL,
            };
        }
        let n = exponent.low;
        if n == 0.0 {
            return Interval::point(1.0);
        }
        if n < 0.0 {
            return self.power(Interval::point(-n)).reciprocal();
        }
        let raise = |x: f64| x.powf(n);
        let is_whole = n == n.floor();
        let base = match () {
            _ if is_whole && n % 2.0 == 0.0 => self.abs(),
            _ if is_whole || self.low >= 0.0 => self,
            _ => return Interval::REAL,
        };
        Interval { low: raise(base.low), high: raise(base.high), whole: base.is_whole() && is_whole, ..base }
    }

    /// `a ^ b` for a in [0, 1] and b from 0: highest for the largest base and the smallest exponent.
    fn share_to(self, exponent: Interval) -> Interval {
        let raise = |base: End, exponent: End, is_closed: bool| End {
            value: base.value.powf(exponent.value),
            is_closed,
            touches: base.touches,
        };
        let (most, least) = (self.high_end(), exponent.low_end());
        // Anything to the power of 0 is 1, and 1 to any power.
        let reaches_one = (least.value == 0.0 && least.is_closed) || (most.value == 1.0 && most.is_closed);
        let high = raise(most, least, reaches_one || (most.is_closed && least.is_closed));
        let high = End { touches: high.touches && least.value > 0.0, ..high };
        let (base, most) = (self.low_end(), exponent.high_end());
        let low = raise(base, most, base.is_closed && (base.value == 0.0 || most.is_closed));
        from_ends(low, high, false)
    }

    /// Whether all values are whole numbers; true for a point that is one.
    pub fn is_whole(&self) -> bool {
        self.whole || (self.is_point() && self.low == self.low.floor())
    }

    fn low_end(&self) -> End {
        End { value: self.low, is_closed: self.low_closed, touches: self.touches && self.low_closed }
    }

    fn high_end(&self) -> End {
        End { value: self.high, is_closed: self.high_closed, touches: self.touches && self.high_closed }
    }
}

impl Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        from_ends(mirror(self.high_end()), mirror(self.low_end()), self.whole)
    }
}

impl Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        let sum = |a: End, b: End| End {
            value: a.value + b.value,
            is_closed: a.is_closed && b.is_closed,
            touches: a.touches || b.touches,
        };
        let low = sum(self.low_end(), other.low_end());
        let high = sum(self.high_end(), other.high_end());
        if low.value.is_nan() || high.value.is_nan() {
            return Interval::REAL;
        }
        from_ends(low, high, self.is_whole() && other.is_whole())
    }
}

impl Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Interval;
    fn mul(self, other: Interval) -> Interval {
        let (a, b) = ([self.low_end(), self.high_end()], [other.low_end(), other.high_end()]);
        let corners = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| corner(a[i], b[j]));
        let mut low = corners[0];
        let mut high = mirror(corners[0]);
        for c in &corners[1..] {
            low = smaller_low(low, *c);
            high = smaller_low(high, mirror(*c));
        }
        from_ends(low, mirror(high), self.is_whole() && other.is_whole())
    }
}

impl Div for Interval {
    type Output = Interval;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "a quotient is a product with the reciprocal")]
    fn div(self, other: Interval) -> Interval {
        self * other.reciprocal()
    }
}

/// The product of two ends; zero times anything is zero, reached whenever the zero is.
fn corner(a: End, b: End) -> End {
    match (a.value == 0.0, b.value == 0.0) {
        (false, false) => End {
            value: a.value * b.value,
            is_closed: a.is_closed && b.is_closed,
            touches: a.touches || b.touches,
        },
        (true, false) => End { value: 0.0, ..a },
        (false, true) => End { value: 0.0, ..b },
        (true, true) => End {
            value: 0.0,
            is_closed: a.is_closed || b.is_closed,
            touches: (a.touches || !a.is_closed) && (b.touches || !b.is_closed),
        },
    }
}

/// The lower of two lower ends of a union: closed if either is, touched only if every closed one is.
fn smaller_low(a: End, b: End) -> End {
    if a.value < b.value {
        a
    } else if b.value < a.value {
        b
    } else {
        End {
            value: a.value,
            is_closed: a.is_closed || b.is_closed,
            touches: (a.touches || !a.is_closed) && (b.touches || !b.is_closed),
        }
    }
}

/// The higher of two lower ends of an intersection.
fn larger_low(a: End, b: End) -> End {
    if a.value > b.value || (a.value == b.value && !a.is_closed) { a } else { b }
}

/// An upper end seen as a lower one, and back.
fn mirror(e: End) -> End {
    End { value: if e.value == 0.0 { 0.0 } else { -e.value }, ..e }
}

/// Infinite ends are open unless the interval is a single point.
fn from_ends(low: End, high: End, whole: bool) -> Interval {
    let is_point = low.value == high.value;
    let low_closed = low.is_closed && (is_point || low.value.is_finite());
    let high_closed = high.is_closed && (is_point || high.value.is_finite());
    let touches =
        (low_closed || high_closed) && (low.touches || !low_closed) && (high.touches || !high_closed);
    Interval { low: low.value, high: high.value, low_closed, high_closed, whole, touches }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Interval as I;

    const TOUCHED: Interval = Interval { touches: true, ..Interval::NONNEG };

    #[test]
    fn arithmetic_follows_the_table() {
        let cases: &[(&str, Interval, Interval)] = &[
            ("1 - unit", I::point(1.0) - I::UNIT, I::UNIT),
            ("positive - positive", I::POSITIVE - I::POSITIVE, I::REAL),
            ("positive + positive", I::POSITIVE + I::POSITIVE, I::POSITIVE),
            ("nonneg + positive", I::NONNEG + I::POSITIVE, I::POSITIVE),
            ("nonneg + 1", I::NONNEG + I::point(1.0), I { low: 1.0, ..I::NONNEG }),
            ("positive * positive", I::POSITIVE * I::POSITIVE, I::POSITIVE),
            ("positive * real", I::POSITIVE * I::REAL, I::REAL),
            ("nonneg * positive", I::NONNEG * I::POSITIVE, I::NONNEG),
            ("unit * unit", I::UNIT * I::UNIT, I::UNIT),
            ("-2 * unit", I::point(-2.0) * I::UNIT, I::open(-2.0, 0.0)),
            ("positive / positive", I::POSITIVE / I::POSITIVE, I::POSITIVE),
            ("1 / unit", I::point(1.0) / I::UNIT, I::open(1.0, f64::INFINITY)),
            ("1 / real", I::point(1.0) / I::REAL, I::REAL),
            ("-positive", -I::POSITIVE, I::open(f64::NEG_INFINITY, 0.0)),
            ("count + 1", I::COUNT + I::point(1.0), I { low: 1.0, ..I::COUNT }),
            ("0 * real", I::point(0.0) * I::REAL, I { whole: false, ..I::point(0.0) }),
            ("real ^ 2", I::REAL.power(I::point(2.0)), TOUCHED),
            ("real ^ 3", I::REAL.power(I::point(3.0)), I::REAL),
            ("positive ^ -1", I::POSITIVE.power(I::point(-1.0)), I::POSITIVE),
            ("positive ^ real", I::POSITIVE.power(I::REAL), I::POSITIVE),
            ("unit ^ count", I::UNIT.power(I::COUNT), I { high_closed: true, ..I::UNIT }),
            ("unit ^ positive", I::UNIT.power(I::POSITIVE), I::UNIT),
            ("[0, 1] ^ count", I::closed(0.0, 1.0).power(I::COUNT), I::closed(0.0, 1.0)),
            ("(0, 1/2) ^ (1, 2)", I::open(0.0, 0.5).power(I::open(1.0, 2.0)), I::open(0.0, 0.5)),
            ("[1/2, 1] ^ [1, 2]", I::closed(0.5, 1.0).power(I::closed(1.0, 2.0)), I::closed(0.25, 1.0)),
            ("unit ^ real", I::UNIT.power(I::REAL), I::POSITIVE),
            (
                "unit ^ a * unit ^ b",
                I::UNIT.power(I::COUNT) * I::UNIT.power(I::NONNEG),
                I { high_closed: true, ..I::UNIT },
            ),
            ("real ^ 0.5", I::REAL.power(I::point(0.5)), I::REAL),
            ("abs(real)", I::REAL.abs(), TOUCHED),
            ("square(unit)", I::UNIT.square(), I::UNIT),
            ("square + square", I::REAL.square() + I::REAL.square(), TOUCHED),
            ("square * positive", I::REAL.square() * I::POSITIVE, TOUCHED),
            ("max(real, 0)", I::REAL.max(I::point(0.0)), I::NONNEG),
            ("max(real, 0) * square", I::REAL.max(I::point(0.0)) * I::REAL.square(), I::NONNEG),
            ("min(positive, 1)", I::POSITIVE.min(I::point(1.0)), I { high_closed: true, ..I::UNIT }),
            ("exp(real)", I::REAL.increasing(f64::exp, (0.0, f64::INFINITY)), I::POSITIVE),
            ("tanh(real)", I::REAL.increasing(f64::tanh, (-1.0, 1.0)), I::open(-1.0, 1.0)),
            ("exp(-1000)", I::point(-1000.0).increasing(f64::exp, (0.0, f64::INFINITY)), I::open(0.0, 0.0)),
            ("hull", I::UNIT.hull(I::point(3.0)), I { high: 3.0, high_closed: true, ..I::UNIT }),
            ("intersect", I::POSITIVE.intersect(I::open(-1.0, 2.0)), I::open(0.0, 2.0)),
            ("sum of 3 units", I::UNIT.times(3), I::open(0.0, 3.0)),
        ];
        for (what, found, expected) in cases {
            assert_eq!(found, expected, "{what}");
        }
    }

    #[test]
    fn results_hold_every_value_that_can_occur() {
        let samples = [-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0];
        let more = [I::COUNT, I::closed(0.0, 1.0), I::closed(0.25, 1.0)];
        let plain = [I::REAL, I::POSITIVE, I::NONNEG, I::UNIT, I::closed(-1.0, 1.0), I::open(-2.0, 0.0)];
        let intervals: Vec<Interval> = plain.into_iter().chain(more).collect();
        for &a in &intervals {
            for &b in &intervals {
                for x in samples.iter().filter(|x| a.contains(**x)) {
                    for y in samples.iter().filter(|y| b.contains(**y)) {
                        let hold = |i: Interval, v: f64, op: &str| {
                            assert!(v.is_nan() || v.is_infinite() || i.contains(v), "{x} {op} {y}: {i}");
                        };
                        hold(a + b, x + y, "+");
                        hold(a - b, x - y, "-");
                        hold(a * b, x * y, "*");
                        hold(a / b, x / y, "/");
                        hold(a.min(b), x.min(*y), "min");
                        hold(a.max(b), x.max(*y), "max");
                        hold(a.abs(), x.abs(), "abs");
                        hold(a.square(), x * x, "square");
                        hold(a.power(b), x.powf(*y), "^");
                        hold(a.hull(b), *x, "hull");
                    }
                }
            }
        }
    }

    #[test]
    fn a_touched_zero_fits_where_a_mass_at_zero_does_not() {
        assert_eq!(I::REAL.square().fit(&I::POSITIVE), Fit::Touches);
        assert_eq!(I::NONNEG.fit(&I::POSITIVE), Fit::Outside);
        assert_eq!(I::UNIT.fit(&I::POSITIVE), Fit::Inside);
        assert_eq!(I::REAL.fit(&I::POSITIVE), Fit::Outside);
    }
}
