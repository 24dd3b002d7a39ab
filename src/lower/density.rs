//! The log density of a distribution with everything that its suffixes say.
//!
//! ```text
//! density      family's own, or log Σ_k w_k p_k of a mixture
//! on (a, b)    − log mass of (a, b); −∞ outside for data
//! censored     log mass beyond the value, where a column says so
//! ```
//!
//! What is cut is cut first and censored afterwards. Both branches of a choice between rows get a value they can bear,
//! because the gradient of the branch not taken is multiplied by zero, and zero times infinity is not zero.

use super::Lowering;
use crate::dist::{ArgValue, truncated_log_density};
use crate::kernels::scalar::Binary;
use crate::model::{Censoring, Distribution};
use crate::tape::Slot;
use crate::ty::{Interval, Support};

impl Lowering<'_> {
    /// Log density at x: elementwise for numbers, one per vector or matrix else. `args` are those of the distribution.
    pub(super) fn density(&mut self, dist: &Distribution, x: Slot, args: &[Slot]) -> Slot {
        match dist.censoring {
            None => self.seen(dist, x, args),
            Some(Censoring::Sides { right, left }) => {
                let right = self.expr(right);
                let left = left.map(|e| self.expr(e));
                let is_hidden = match left {
                    Some(left) => self.b.binary(Binary::Max, right, left),
                    None => right,
                };
                let inside = self.inside(dist, x, args, is_hidden);
                let density = self.seen(dist, inside, args);
                let (lowest, highest) = self.whole_line();
                let above = self.log_mass(dist, args, x, highest);
                let density = self.b.select(right, above, density);
                match left {
                    Some(left) => {
                        let below = self.log_mass(dist, args, lowest, x);
                        self.b.select(left, below, density)
                    }
                    None => density,
                }
            }
            Some(Censoring::Between(low, high)) => {
                let (low, high) = (self.expr(low), self.expr(high));
                let is_hidden = self.b.binary(Binary::Lt, low, high);
                let inside = self.inside(dist, x, args, is_hidden);
                let density = self.seen(dist, inside, args);
                let beyond = self.b.add_number(low, 1.0);
                let high = self.b.select(is_hidden, high, beyond);
                let mass = self.log_mass(dist, args, low, high);
                self.b.select(is_hidden, mass, density)
            }
        }
    }

    /// The arguments of a distribution on the tape.
    pub(super) fn arguments(&mut self, dist: &Distribution) -> Vec<Slot> {
        dist.args.iter().map(|a| self.expr(*a)).collect()
    }

    /// What predictions need, in the order in which [`crate::infer`] reads it: arguments, ends, then each component's.
    pub(super) fn all_arguments(&mut self, dist: &Distribution) -> Vec<Slot> {
        let mut all = self.arguments(dist);
        if let Some((low, high)) = dist.truncation {
            all.extend([low, high].map(|end| self.expr(end)));
        }
        for component in &dist.components {
            all.extend(self.all_arguments(component));
        }
        all
    }

    fn whole_line(&mut self) -> (Slot, Slot) {
        (self.b.constant(f64::NEG_INFINITY), self.b.constant(f64::INFINITY))
    }

    /// The value where it was seen, or where the density at it is finite; some point of the support elsewhere.
    fn inside(&mut self, dist: &Distribution, x: Slot, args: &[Slot], is_hidden: Slot) -> Slot {
        let interval = self.support(dist, args);
        let b = &mut self.b;
        let (low, high) = (interval.low.is_finite(), interval.high.is_finite());
        let safe = match (low, high) {
            (true, true) => 0.5 * (interval.low + interval.high),
            (true, false) => interval.low + 1.0,
            (false, true) => interval.high - 1.0,
            (false, false) => return x,
        };
        let safe = b.constant(safe);
        let one = b.constant(1.0);
        let is_seen = b.sub(one, is_hidden);
        let mut keeps = one;
        for (end, is_low) in [(interval.low, true), (interval.high, false)] {
            if end.is_finite() {
                let end = b.constant(end);
                let beyond = if is_low { (end, x) } else { (x, end) };
                let is_inside = b.binary(Binary::Lt, beyond.0, beyond.1);
                keeps = b.mul(keeps, is_inside);
            }
        }
        let keeps = b.binary(Binary::Max, keeps, is_seen);
        b.select(keeps, x, safe)
    }

    /// Where values lie, as far as it is known; the whole line for a mixture.
    fn support(&self, dist: &Distribution, args: &[Slot]) -> Interval {
        if let Some(first) = dist.components.first() {
            let values = vec![ArgValue { constant: None, len: 1 }; first.args.len()];
            return (first.family.support)(first.form, &values).interval();
        }
        let value = |slot: &Slot| ArgValue {
            constant: self.b.constant_value(*slot),
            len: self.b.shape(*slot).0.last().copied().unwrap_or(1),
        };
        let values: Vec<ArgValue> = args.iter().map(value).collect();
        match (dist.family.support)(dist.form, &values) {
            Support::Interval(interval) => interval,
            other => other.interval(),
        }
    }

    /// The density of a value that was seen.
    fn seen(&mut self, dist: &Distribution, x: Slot, args: &[Slot]) -> Slot {
        let Some((low, high)) = dist.truncation else { return self.whole(dist, x, args) };
        let ends = (self.expr(low), self.expr(high));
        if dist.components.is_empty() {
            return truncated_log_density(&mut self.b, dist.family, dist.form, x, args, ends)
                .expect("the checker refuses to truncate a family without log mass");
        }
        let density = self.whole(dist, x, args);
        let mass = self.mass_of_whole(dist, args, ends.0, ends.1);
        let cut = self.b.sub(density, mass);
        crate::dist::between(&mut self.b, x, ends.0, ends.1, cut)
    }

    /// The density before it is cut.
    fn whole(&mut self, dist: &Distribution, x: Slot, args: &[Slot]) -> Slot {
        if dist.components.is_empty() {
            return (dist.family.log_density)(&mut self.b, dist.form, x, args);
        }
        let atoms = self.atoms(dist);
        let mut densities = vec![];
        for component in &dist.components {
            let args = self.arguments(component);
            let mut density = self.density(component, x, &args);
            // At a point that has probability of its own, a density counts for nothing.
            if !component.is_discrete() {
                for atom in &atoms {
                    let is_there = self.b.binary(Binary::Eq, x, *atom);
                    let nothing = self.b.constant(f64::NEG_INFINITY);
                    density = self.b.select(is_there, nothing, density);
                }
            }
            densities.push(density);
        }
        let stacked = self.b.stack(&densities);
        (dist.family.log_density)(&mut self.b, dist.form, x, &[args[0], stacked])
    }

    /// The points that have probability of their own.
    fn atoms(&mut self, dist: &Distribution) -> Vec<Slot> {
        if dist.family.name == "Delta" {
            return self.arguments(dist);
        }
        dist.components.iter().flat_map(|c| self.atoms(c)).collect()
    }

    /// log P(low ≤ X ≤ high), of what is left after cutting.
    fn log_mass(&mut self, dist: &Distribution, args: &[Slot], low: Slot, high: Slot) -> Slot {
        let Some((from, to)) = dist.truncation else { return self.mass_of_whole(dist, args, low, high) };
        let (from, to) = (self.expr(from), self.expr(to));
        let inner_low = self.b.binary(Binary::Max, low, from);
        let inner_high = self.b.binary(Binary::Min, high, to);
        let part = self.mass_of_whole(dist, args, inner_low, inner_high);
        let all = self.mass_of_whole(dist, args, from, to);
        self.b.sub(part, all)
    }

    fn mass_of_whole(&mut self, dist: &Distribution, args: &[Slot], low: Slot, high: Slot) -> Slot {
        if dist.components.is_empty() {
            let log_mass = dist.family.log_mass.expect("the checker refuses families without log mass");
            return log_mass(&mut self.b, dist.form, args, low, high);
        }
        let mut masses = vec![];
        for component in &dist.components {
            let args = self.arguments(component);
            masses.push(self.log_mass(component, &args, low, high));
        }
        let stacked = self.b.stack(&masses);
        (dist.family.log_density)(&mut self.b, dist.form, low, &[args[0], stacked])
    }
}
