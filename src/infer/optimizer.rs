//! `optimizer`: how a gradient becomes a step.

use crate::kernels::adam::{Adam, Rate, adam};
use crate::kernels::ascent;
use crate::kernels::real::Real;

/// The step rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimizer {
    /// Kingma and Ba (2015)
    Adam,
    /// the adaptive sequence of Kucukelbir and others (2017), equation 19
    Advi,
    /// plain gradient steps
    Sgd,
}

/// Rates that are tried where none is given: those of the paper on ADVI, and for plain steps smaller ones.
const ADVI_RATES: [f64; 5] = [100.0, 10.0, 1.0, 0.1, 0.01];
const SGD_RATES: [f64; 5] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

impl Optimizer {
    /// Every rule with its name.
    pub(super) const ALL: [(Optimizer, &'static str); 3] =
        [(Optimizer::Adam, "adam"), (Optimizer::Advi, "advi"), (Optimizer::Sgd, "sgd")];

    /// As `optimizer` takes it.
    pub fn name(self) -> &'static str {
        Optimizer::ALL.iter().find(|(rule, _)| *rule == self).map_or("", |(_, name)| name)
    }

    /// Rates to choose from; none where the paths know one.
    pub(super) fn rates(self) -> &'static [f64] {
        match self {
            Optimizer::Adam => &[],
            Optimizer::Advi => &ADVI_RATES,
            Optimizer::Sgd => &SGD_RATES,
        }
    }

    /// The `step`-th step of ascent, from 1; what it remembers is in `first` and `second`.
    pub(super) fn ascend<T: Real>(
        self,
        step: u64,
        rate: Rate<T>,
        parameters: &mut [T],
        (first, second): (&mut [T], &mut [T]),
        gradient: &[T],
    ) {
        match self {
            Optimizer::Adam => adam(&Adam::default(), step, rate, parameters, first, second, gradient),
            Optimizer::Advi => ascent::adaptive(step, rate, parameters, second, gradient),
            Optimizer::Sgd => ascent::plain(rate, parameters, gradient),
        }
    }
}
