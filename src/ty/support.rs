//! Supports: where values lie, and how intervals move through arithmetic.

/// An interval of the line, perhaps of whole numbers only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// lower end, −∞ allowed
    pub low: f64,
    /// upper end, ∞ allowed
    pub high: f64,
    /// whether `low` itself can occur
    pub low_closed: bool,
    /// whether `high` itself can occur
    pub high_closed: bool,
    /// only whole numbers
    pub whole: bool,
    /// a closed end that is touched with probability zero (`abs`, `square`): fits an open slot, with note T013
    pub touches: bool,
}

impl Interval {
    /// An open interval.
    pub const fn open(low: f64, high: f64) -> Interval {
        Interval { low, high, low_closed: false, high_closed: false, whole: false, touches: false }
    }
    /// A closed interval.
    pub const fn closed(low: f64, high: f64) -> Interval {
        Interval { low, high, low_closed: true, high_closed: true, whole: false, touches: false }
    }
    /// All reals.
    pub const REAL: Interval = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
    /// Above zero.
    pub const POSITIVE: Interval = Interval::open(0.0, f64::INFINITY);
    /// Zero or above.
    pub const NONNEG: Interval = Interval {
        low: 0.0,
        high: f64::INFINITY,
        low_closed: true,
        high_closed: false,
        whole: false,
        touches: false,
    };
    /// Between 0 and 1, open.
    pub const UNIT: Interval = Interval::open(0.0, 1.0);
    /// Whole numbers from 0.
    pub const COUNT: Interval = Interval { whole: true, ..Interval::NONNEG };

    /// A single value.
    pub const fn point(value: f64) -> Interval {
        Interval::closed(value, value)
    }
    /// Whether one number lies inside.
    pub fn contains(&self, x: f64) -> bool {
        let above = x > self.low || (self.low_closed && x == self.low);
        let below = x < self.high || (self.high_closed && x == self.high);
        above && below && (!self.whole || x == x.floor())
    }
    /// Whether every value of `self` lies in `other`, ends taken strictly.
    pub fn within(&self, other: &Interval) -> bool {
        let low = self.low > other.low || (self.low == other.low && (other.low_closed || !self.low_closed));
        let high =
            self.high < other.high || (self.high == other.high && (other.high_closed || !self.high_closed));
        low && high && (!other.whole || self.is_whole())
    }
}

/// Where the values of an expression lie.
#[derive(Debug, Clone, PartialEq)]
pub enum Support {
    /// scalars, or each element of a tensor on its own
    Interval(Interval),
    /// one of K classes
    Class(usize),
    /// one of K levels
    Factor(usize),
    /// positive, sums to 1 along the last axis
    Simplex(usize),
    /// increasing along the last axis
    Ordered(usize),
    /// increasing and positive along the last axis
    PositiveOrdered(usize),
    /// increasing inside an interval along the last axis
    OrderedWithin(usize, Interval),
    /// sums to 0 along the last axis
    SumToZero(usize),
    /// Cholesky factor of a K×K correlation matrix
    CholeskyCorr(usize),
    /// length 1 along the last axis
    UnitVector(usize),
}

impl Support {
    /// All reals.
    pub const REAL: Support = Support::Interval(Interval::REAL);
    /// Above zero.
    pub const POSITIVE: Support = Support::Interval(Interval::POSITIVE);

    /// The same kind of vector or matrix with another size; anything else as it is.
    pub fn of_size(self, n: usize) -> Support {
        match self {
            Support::Simplex(_) => Support::Simplex(n),
            Support::Ordered(_) => Support::Ordered(n),
            Support::PositiveOrdered(_) => Support::PositiveOrdered(n),
            Support::OrderedWithin(_, interval) => Support::OrderedWithin(n, interval),
            Support::SumToZero(_) => Support::SumToZero(n),
            Support::CholeskyCorr(_) => Support::CholeskyCorr(n),
            Support::UnitVector(_) => Support::UnitVector(n),
            Support::Interval(_) | Support::Class(_) | Support::Factor(_) => self,
        }
    }

    /// Each element's interval, whatever the joint constraint.
    pub fn interval(&self) -> Interval {
        match self {
            Support::Interval(i) => *i,
            Support::Class(k) | Support::Factor(k) => {
                Interval { whole: true, ..Interval::closed(0.0, k.saturating_sub(1) as f64) }
            }
            Support::Simplex(_) => Interval::UNIT,
            Support::Ordered(_) | Support::SumToZero(_) => Interval::REAL,
            Support::PositiveOrdered(_) => Interval::POSITIVE,
            Support::OrderedWithin(_, interval) => *interval,
            Support::CholeskyCorr(_) | Support::UnitVector(_) => Interval::closed(-1.0, 1.0),
        }
    }
}

impl std::fmt::Display for Support {
    /// `positive`, `unit`, `(-1, 1)`, `simplex[3]`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Support::Interval(i) => write!(f, "{i}"),
            Support::Class(k) => write!(f, "class({k})"),
            Support::Factor(k) => write!(f, "factor({k})"),
            Support::Simplex(k) => write!(f, "simplex[{k}]"),
            Support::Ordered(k) => write!(f, "ordered[{k}]"),
            Support::PositiveOrdered(k) => write!(f, "positive_ordered[{k}]"),
            Support::OrderedWithin(k, interval) => write!(f, "ordered[{k}] in {interval}"),
            Support::SumToZero(k) => write!(f, "sum_to_zero[{k}]"),
            Support::CholeskyCorr(k) => write!(f, "cholesky_corr[{k}]"),
            Support::UnitVector(k) => write!(f, "unit_vector[{k}]"),
        }
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = Interval { touches: false, ..*self };
        if plain == Interval::REAL {
            return f.write_str("real");
        }
        if plain == Interval::POSITIVE {
            return f.write_str("positive");
        }
        if plain == Interval::NONNEG {
            return f.write_str("nonneg");
        }
        if plain == Interval::COUNT {
            return f.write_str("count");
        }
        if plain == Interval::UNIT {
            return f.write_str("unit");
        }
        if self.low == self.high {
            return write!(f, "{}", self.low);
        }
        let (open, close) =
            (if self.low_closed { '[' } else { '(' }, if self.high_closed { ']' } else { ')' });
        let whole = if self.whole { "whole numbers in " } else { "" };
        write!(f, "{whole}{open}{}, {}{close}", self.low, self.high)
    }
}
