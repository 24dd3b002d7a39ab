//! `Flat`, the improper density 1.

use super::{Family, Form, guard};
use crate::ty::Support;

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Flat",
    forms: &[Form { args: &[] }],
    positional: 0,
    support: |_, _| Support::REAL,
    log_density: |b, _, x, _| {
        let zero = b.constant(0.0);
        guard::per_element(b, x, zero)
    },
    // Density 1 on the interval too: `Flat on (0, inf)` has no mass to divide by.
    log_mass: Some(|b, _, _, _, _| b.constant(0.0)),
    page: "\
log density      0
mean             none
sd               none

No prior opinion, written out: the density is 1 everywhere, or on the interval of `Flat on (a, b)`.
It is improper: it cannot be sampled, and an ELBO with it is not comparable between models.
Reference: Gelman et al., Bayesian Data Analysis, third edition, section 2.8.",
    ..super::PLAIN
};
