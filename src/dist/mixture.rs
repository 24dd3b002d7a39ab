//! `Mixture(weights, A, B, …)`: which of several distributions a value came from is summed out.
//!
//! The log densities of the components are an argument like any other; whoever lowers a mixture computes them first.

use super::probability::logs_of_entries;
use super::{ArgSlot, ArgSpec, Family, Form};
use crate::tape::{Op, Slot, build::Builder};

/// The entry of the table.
pub static FAMILY: Family = Family {
    name: "Mixture",
    forms: &[Form {
        args: &[
            ArgSpec { name: "weights", slot: ArgSlot::Simplex },
            ArgSpec { name: "components", slot: ArgSlot::Components },
        ],
    }],
    positional: 2,
    log_density: |b, _, _, args| log_density(b, args[0], args[1]),
    page: "\
log density      log(sum over k of weights[k] exp(log density of component k))
mean             sum of weights[k] mean[k]
sd               sqrt(sum of weights[k] (sd[k]^2 + mean[k]^2) - mean^2)

Each value comes from one of several distributions, nobody knows which; that choice is summed out.
`Mixture(share, Normal(0, 1), Normal(0, 5))` mixes two; with one component whose arguments are vectors of K
there are K of them: `Mixture(share, Normal(mu, sigma))`.
`Mixture([p, 1 - p], Delta(0), Poisson(r))` is zero inflation. `on (a, b)` and `censored by` may follow it
where they may follow all components.
Reference: McLachlan, Peel, Finite Mixture Models, chapter 1.",
    ..super::PLAIN
};

/// log Σ_k e^(log w_k + d_k) over the last axis.
fn log_density(b: &mut Builder, weights: Slot, densities: Slot) -> Slot {
    let log_weights = logs_of_entries(b, weights);
    let terms = b.add(densities, log_weights);
    b.infer(Op::LogSumExp, vec![terms])
}
