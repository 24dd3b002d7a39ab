//! `Uniform(low, high)`.

use super::truncation::finite;
use super::{ArgSpec, ArgValue, Family, Form, guard, number};
use crate::kernels::scalar::Binary;
use crate::tape::{Slot, build::Builder};
use crate::ty::{Interval, Support};
use rand::RngExt;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Uniform",
    forms: &[Form {
        args: &[ArgSpec::scalar("low", Interval::REAL), ArgSpec::scalar("high", Interval::REAL)],
    }],
    positional: 2,
    support: |_, args| {
        let end = |value: &ArgValue| value.constant.unwrap_or(f64::NAN);
        Support::Interval(Interval::open(end(&args[0]), end(&args[1])))
    },
    log_density: |b, _, x, args| {
        let length = b.sub(args[1], args[0]);
        let log = b.log(length);
        let density = b.neg(log);
        let density = guard::per_element(b, x, density);
        guard::between(b, x, args[0], args[1], density)
    },
    sample: Some(|_, args, rng| {
        let share: f64 = rng.random();
        number(args, 0) + (number(args, 1) - number(args, 0)) * share
    }),
    mean: Some(|_, args| 0.5 * (number(args, 0) + number(args, 1))),
    sd: Some(|_, args| (number(args, 1) - number(args, 0)) / 12f64.sqrt()),
    cdf: Some(|_, args, x| {
        let (low, high) = (number(args, 0), number(args, 1));
        ((x - low) / (high - low)).clamp(0.0, 1.0)
    }),
    log_mass: Some(log_mass),
    log_kernel: Some(|_, _, _| 0.0),
    ends: [Some(0), Some(1)],
    page: "\
log density      -log(high - low)   for low <= x <= high
mean             (low + high)/2
sd               (high - low)/sqrt(12)

Every value between two bounds alike. A prior with hard ends: no data can move the posterior past them.
Reference: Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 2, chapter 26.",
    ..super::PLAIN
};

/// log((min(b, high) − max(a, low)) / (high − low))
fn log_mass(b: &mut Builder, _form: usize, args: &[Slot], low: Slot, high: Slot) -> Slot {
    let from = match finite(b, low) {
        Some(low) => b.binary(Binary::Max, low, args[0]),
        None => args[0],
    };
    let to = match finite(b, high) {
        Some(high) => b.binary(Binary::Min, high, args[1]),
        None => args[1],
    };
    let part = b.sub(to, from);
    let whole = b.sub(args[1], args[0]);
    let share = b.div(part, whole);
    b.log(share)
}
