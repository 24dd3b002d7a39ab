//! One line for each metric: what it says, and which way is better.

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Higher,
    Lower,
    /// Neither: it describes, or has a value it should be near.
    Neither,
}

/// A metric's line, if it is one of ours.
pub(super) fn explain(metric: &str) -> Option<(&'static str, Better)> {
    TABLE.iter().find(|(name, ..)| *name == metric).map(|(_, words, better)| (*words, *better))
}

const TABLE: &[(&str, &str, Better)] = &[
    ("accuracy", "share of rows whose most probable class is the observed one", Better::Higher),
    ("nll", "mean negative log probability (density) of the observed value, in nats", Better::Lower),
    ("brier", "mean squared distance of the probabilities from the observed class", Better::Lower),
    ("ece", "mean gap between confidence and accuracy, in 15 equal bins", Better::Lower),
    ("entropy", "mean uncertainty of the prediction, in nats", Better::Neither),
    ("aleatoric", "the part of it that lies in the data: mean entropy of single draws", Better::Neither),
    ("epistemic", "the part of it from not knowing the parameters: the rest", Better::Neither),
    ("expected_error", "mean share of posterior draws whose class is not the predicted one", Better::Neither),
    ("rmse", "root mean squared error of the predictive mean, in units of the target", Better::Lower),
    ("mae", "mean absolute error of the predictive mean, in units of the target", Better::Lower),
    ("coverage90", "share of rows inside their 90 % interval; 0.9 is right", Better::Neither),
    (
        "crps",
        "mean distance of the predictive distribution from the observed value, in its units",
        Better::Lower,
    ),
    (
        "k_hat",
        "tail of the guide's importance weights; below 0.7 means and sds can be checked by them",
        Better::Lower,
    ),
    (
        "weight_efficiency",
        "independent draws of the posterior that one of the guide is worth, by those weights; 1 is right",
        Better::Higher,
    ),
    (
        "log_evidence",
        "log evidence by weights of draws, of the guide's or of particles on their way, in nats: the ELBO is below it",
        Better::Higher,
    ),
    ("log_evidence_se", "its standard error", Better::Neither),
    ("map_nll", "nll of the held-out rows under the mode of the same model", Better::Lower),
    ("map_nll_difference", "nll of the posterior less that of the mode, the same rows", Better::Lower),
    ("map_nll_difference_se", "its standard error over rows", Better::Neither),
    (
        "laplace_evidence",
        "log evidence from the curvature of the mode, in nats: an estimate, not a bound",
        Better::Neither,
    ),
    (
        "elpd_loo",
        "log density of the training rows, each by a fit without it (PSIS-LOO), in nats",
        Better::Higher,
    ),
    ("elpd_loo_se", "its standard error over rows", Better::Neither),
    ("p_loo", "effective number of parameters: what seeing the rows gains, in nats", Better::Neither),
    ("loo_k_threshold", "a row whose k̂ is above this cannot be left out by reweighting", Better::Neither),
    ("loo_k_high", "training rows above it; none is right", Better::Lower),
    ("rhat", "largest disagreement of the chains over all unknowns; below 1.01 they agree", Better::Lower),
    ("ess_bulk", "independent draws that the worst mean is worth; 400 are wanted", Better::Higher),
    (
        "ess_tail",
        "independent draws that the worst 5 % or 95 % quantile is worth; 400 are wanted",
        Better::Higher,
    ),
    (
        "rhat_rows",
        "largest disagreement of the chains over the log likelihoods of rows, which units that change places \
         leave as they are; below 1.01 they agree",
        Better::Lower,
    ),
    ("ess_rows", "independent draws that the worst of these means is worth; 400 are wanted", Better::Higher),
    ("judged_rows", "training rows whose log likelihoods were compared", Better::Neither),
    ("divergences", "trajectories that left the posterior; none is right", Better::Lower),
    ("at_most_depth", "trajectories cut at their greatest length: the chains move slowly", Better::Lower),
    ("levels", "steps of temperature from the guide to the posterior", Better::Neither),
    (
        "drift",
        "nats by which the mean log density of the particles moved in the second half of their moves at the posterior",
        Better::Neither,
    ),
    ("chains", "independent chains, or populations of particles", Better::Neither),
    ("draws", "draws of all of them", Better::Neither),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_the_contract_has_its_line() {
        let classes =
            ["accuracy", "nll", "brier", "ece", "entropy", "aleatoric", "epistemic", "expected_error"];
        let reals = ["rmse", "mae", "nll", "coverage90", "crps"];
        assert!(classes.iter().chain(&reals).all(|m| explain(m).is_some()));
        let of_fits =
            ["k_hat", "weight_efficiency", "laplace_evidence", "rhat", "ess_bulk", "ess_tail", "divergences"];
        let of_loo = ["elpd_loo", "elpd_loo_se", "p_loo", "loo_k_threshold", "loo_k_high"];
        let of_rows = ["rhat_rows", "ess_rows", "judged_rows"];
        assert!(of_loo.iter().chain(&of_rows).all(|m| explain(m).is_some()));
        assert!(of_fits.iter().all(|m| explain(m).is_some()));
        assert_eq!(explain("made up"), None);
    }
}
