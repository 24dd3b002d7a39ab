//! Sums that are weighted means lie between what they weigh, which interval arithmetic cannot see: it takes the two
//! sides of a sum to be unrelated (`w + (1 - w)` would reach 2).
//!
//! ```text
//! w * a + (1 - w) * b        between a and b, for w in [0, 1]
//! c + (1 - c) * p            between 1 and p: an item that can be guessed
//! (x > 1) * a + (x <= 1) * b one of a and b
//! a + (b - a) * w            between a and b
//! a - a * w                  a times something in [0, 1]
//! dot(shares, v)             between the smallest and the largest of v
//! w * s + (1 - w) * t        a simplex, for simplexes s and t and a number w in [0, 1]
//! ```
//!
//! Factors may stand in any order. What is found here is narrower than the plain interval or of no use: the caller
//! takes what both allow.

use super::arena::Arena;
use crate::kernels::scalar::Binary;
use crate::model::{ExprId, ExprKind};
use crate::ty::{Interval, Support};

/// A product of more factors than this is not taken apart.
const MOST_FACTORS: usize = 12;

const SHARE: Interval = Interval::closed(0.0, 1.0);

/// Where `a + b` or `a - b` lies if it is a weighted mean.
pub fn sum(arena: &Arena, f: Binary, a: ExprId, b: ExprId) -> Option<Interval> {
    match f {
        Binary::Add => {
            weighted(arena, a, b).or_else(|| towards(arena, a, b)).or_else(|| towards(arena, b, a))
        }
        Binary::Sub => away(arena, a, b),
        _ => None,
    }
}

/// The simplex that `w * s + (1 - w) * t` is, for simplexes `s` and `t` and a number `w` in [0, 1].
pub fn simplex(arena: &Arena, f: Binary, a: ExprId, b: ExprId) -> Option<Support> {
    if f != Binary::Add || arena.shape(a) != arena.shape(b) {
        return None;
    }
    let [left, right] = [a, b].map(|side| weighed_simplex(arena, side));
    let (weight, simplex) = left?;
    let (rest, other) = right?;
    (are_complements(arena, weight, rest) && simplex == other).then_some(simplex)
}

/// The weight and the simplex of `w * s`.
fn weighed_simplex(arena: &Arena, product: ExprId) -> Option<(ExprId, Support)> {
    let ExprKind::Binary(Binary::Mul, a, b) = arena.get(product).kind else { return None };
    [(a, b), (b, a)].into_iter().find_map(|(weight, simplex)| match &arena.get(simplex).ty.support {
        support @ Support::Simplex(_) if arena.shape(weight).is_scalar() => Some((weight, support.clone())),
        _ => None,
    })
}

/// Where `dot(a, b)` lies if one of them is made of shares.
pub fn dot(arena: &Arena, a: ExprId, b: ExprId) -> Option<Interval> {
    let is_shares = |id| matches!(arena.get(id).ty.support, Support::Simplex(_));
    let values = if is_shares(a) { b } else { is_shares(b).then_some(a)? };
    Some(Interval { whole: false, ..arena.interval(values) })
}

/// `w * x + (1 - w) * y`
fn weighted(arena: &Arena, a: ExprId, b: ExprId) -> Option<Interval> {
    let (left, right) = (factors(arena, a), factors(arena, b));
    let pairs = named(&left).flat_map(|one| named(&right).map(move |other| (one, other)));
    pairs
        .filter(|((_, weight), (_, rest))| are_complements(arena, *weight, *rest))
        .map(|((i, weight), (k, rest))| {
            let is_inside = arena.interval(weight).within(&Interval::UNIT)
                && arena.interval(rest).within(&Interval::UNIT);
            mixed(others(&left, i), others(&right, k), is_inside)
        })
        .next()
}

/// `x + (y - x) * w`
fn towards(arena: &Arena, x: ExprId, step: ExprId) -> Option<Interval> {
    let parts = factors(arena, step);
    named(&parts).find_map(|(i, part)| match arena.get(part).kind {
        ExprKind::Binary(Binary::Sub, y, from) if from == x && others(&parts, i).within(&SHARE) => {
            let is_inside = others(&parts, i).within(&Interval::UNIT);
            Some(mixed(arena.interval(x), arena.interval(y), is_inside))
        }
        _ => None,
    })
}

/// `x - (x - y) * w`, `x - x * w`
fn away(arena: &Arena, x: ExprId, step: ExprId) -> Option<Interval> {
    let parts = factors(arena, step);
    named(&parts).find_map(|(i, part)| {
        let weight = others(&parts, i);
        match arena.get(part).kind {
            _ if !weight.within(&SHARE) => None,
            _ if part == x && parts.len() > 1 => Some(arena.interval(x) * (Interval::point(1.0) - weight)),
            ExprKind::Binary(Binary::Sub, from, y) if from == x => {
                Some(mixed(arena.interval(x), arena.interval(y), weight.within(&Interval::UNIT)))
            }
            _ => None,
        }
    })
}

/// What lies between two values; where the weights are inside of (0, 1), an end that only one of them reaches is not
/// reached.
fn mixed(a: Interval, b: Interval, is_inside: bool) -> Interval {
    let hull = a.hull(b);
    if !is_inside {
        return hull;
    }
    let low_closed = a.low == b.low && a.low_closed && b.low_closed;
    let high_closed = a.high == b.high && a.high_closed && b.high_closed;
    Interval { low_closed, high_closed, touches: hull.touches && (low_closed || high_closed), ..hull }
}

/// The factors of a product with where each lies; a divisor stands for its reciprocal and has no expression.
fn factors(arena: &Arena, product: ExprId) -> Vec<(Option<ExprId>, Interval)> {
    let mut found = vec![];
    let mut pending = vec![product];
    while let Some(id) = pending.pop() {
        match arena.get(id).kind {
            ExprKind::Binary(Binary::Mul, a, b) if found.len() + pending.len() < MOST_FACTORS => {
                pending.extend([b, a]);
            }
            ExprKind::Binary(Binary::Div, a, b) if found.len() + pending.len() < MOST_FACTORS => {
                found.push((None, arena.interval(b).reciprocal()));
                pending.push(a);
            }
            _ => found.push((Some(id), arena.interval(id))),
        }
    }
    found
}

/// The factors that are expressions, with their positions.
fn named(factors: &[(Option<ExprId>, Interval)]) -> impl Iterator<Item = (usize, ExprId)> {
    factors.iter().enumerate().filter_map(|(i, (id, _))| Some((i, (*id)?)))
}

/// The product of all factors but one.
fn others(factors: &[(Option<ExprId>, Interval)], but: usize) -> Interval {
    let rest = factors.iter().enumerate().filter(|(i, _)| *i != but);
    rest.map(|(_, (_, interval))| *interval).reduce(|a, b| a * b).unwrap_or(Interval::point(1.0))
}

/// Whether two values in [0, 1] sum to 1: `w` and `1 - w`, `x < y` and `x >= y`.
fn are_complements(arena: &Arena, a: ExprId, b: ExprId) -> bool {
    let is_rest = |whole: ExprId, part: ExprId| match arena.get(whole).kind {
        ExprKind::Binary(Binary::Sub, one, p) => arena.constant(one) == Some(1.0) && p == part,
        _ => false,
    };
    let is_turned = match (&arena.get(a).kind, &arena.get(b).kind) {
        (ExprKind::Binary(Binary::Lt, x, y), ExprKind::Binary(Binary::Le, u, v))
        | (ExprKind::Binary(Binary::Le, x, y), ExprKind::Binary(Binary::Lt, u, v)) => x == v && y == u,
        _ => false,
    };
    is_turned
        || (is_rest(a, b) && arena.interval(b).within(&SHARE))
        || (is_rest(b, a) && arena.interval(a).within(&SHARE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::scalar::Unary;
    use crate::source::Span;
    use crate::ty::Shape;

    /// Unknowns, by name, and what operators make of them.
    struct Desk(Arena, usize);

    impl Desk {
        fn new() -> Desk {
            Desk(Arena::default(), 0)
        }
        fn value(&mut self, interval: Interval) -> ExprId {
            self.1 += 1;
            self.0.unknown(self.1, Shape::scalar(), Support::Interval(interval), Span::default())
        }
        fn number(&mut self, value: f64) -> ExprId {
            self.0.number(value, Span::default())
        }
        fn of(&mut self, f: Binary, a: ExprId, b: ExprId) -> ExprId {
            self.0.binary(f, a, b, Span::default()).unwrap()
        }
        fn rest(&mut self, w: ExprId) -> ExprId {
            let one = self.number(1.0);
            self.of(Binary::Sub, one, w)
        }
    }

    #[test]
    fn a_weighted_mean_lies_between_what_it_weighs() {
        let mut d = Desk::new();
        let (w, p, q) = (d.value(Interval::UNIT), d.value(Interval::UNIT), d.value(Interval::UNIT));
        let rest = d.rest(w);
        let (left, right) = (d.of(Binary::Mul, p, w), d.of(Binary::Mul, rest, q));
        for mean in [d.of(Binary::Add, left, right), d.of(Binary::Add, right, left)] {
            assert_eq!(d.0.interval(mean), Interval::UNIT);
        }
    }

    #[test]
    fn a_guess_and_the_rest_is_a_probability() {
        let mut d = Desk::new();
        let (c, u) = (d.value(Interval::UNIT), d.value(Interval::REAL));
        let p = d.0.unary(Unary::Sigmoid, u, Span::default());
        let rest = d.rest(c);
        let scaled = d.of(Binary::Mul, rest, p);
        let item = d.of(Binary::Add, c, scaled);
        assert_eq!(d.0.interval(item), Interval::UNIT, "1 is reached by none of the two together");
        let two = d.number(2.0);
        let half = d.of(Binary::Div, c, two);
        let lapse = d.of(Binary::Add, half, scaled);
        assert_eq!(d.0.interval(lapse), Interval::UNIT);
    }

    #[test]
    fn steps_towards_another_value_stop_there() {
        let mut d = Desk::new();
        let (low, high) = (d.value(Interval::POSITIVE), d.value(Interval::POSITIVE));
        let w = d.value(Interval::UNIT);
        let gap = d.of(Binary::Sub, high, low);
        let step = d.of(Binary::Mul, gap, w);
        let at = d.of(Binary::Add, low, step);
        assert_eq!(d.0.interval(at), Interval::POSITIVE);
        let fall = d.of(Binary::Mul, high, w);
        let left = d.of(Binary::Sub, high, fall);
        assert_eq!(d.0.interval(left), Interval::POSITIVE);
    }

    #[test]
    fn a_weighted_mean_of_simplexes_is_a_simplex() {
        let mut d = Desk::new();
        let shares = |d: &mut Desk, n: usize| {
            d.1 += 1;
            d.0.unknown(d.1, Shape::vector(n), Support::Simplex(n), Span::default())
        };
        let (s, t) = (shares(&mut d, 3), shares(&mut d, 3));
        let (w, v) = (d.value(Interval::UNIT), d.value(Interval::UNIT));
        let wide = d.value(Interval::open(0.0, 2.0));
        let mut mixed = |w, v| {
            let rest = d.rest(v);
            let (left, right) = (d.of(Binary::Mul, w, s), d.of(Binary::Mul, t, rest));
            let sum = d.of(Binary::Add, left, right);
            d.0.get(sum).ty.support.clone()
        };
        assert_eq!(mixed(w, w), Support::Simplex(3));
        assert_ne!(mixed(w, v), Support::Simplex(3), "weights that are no complements");
        assert_ne!(mixed(wide, wide), Support::Simplex(3), "a rest that can be negative");
    }

    #[test]
    fn what_is_no_weighted_mean_keeps_its_plain_interval() {
        let mut d = Desk::new();
        let (w, v) = (d.value(Interval::UNIT), d.value(Interval::UNIT));
        let rest = d.rest(v);
        let sum = d.of(Binary::Add, w, rest);
        assert_eq!(d.0.interval(sum).high, 2.0);
        let wide = d.value(Interval::open(0.0, 3.0));
        let (rest, b) = (d.rest(wide), d.value(Interval::UNIT));
        let (left, right) = (d.of(Binary::Mul, wide, b), d.of(Binary::Mul, rest, b));
        let sum = d.of(Binary::Add, left, right);
        assert!(d.0.interval(sum).low < 0.0, "a weight above 1 gives a negative rest");
    }
}
