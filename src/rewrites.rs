//! The closed table of rewrites of the ELBO: what each is called, when it applies, which equation says so.
//!
//! ```text
//! name ──→ fit { without = […]; with = […] }    checked by `check::settings`
//!      ──→ --emit elbo                          applied or refused, by the stage that does it
//!      ──→ docs/inference.md, section 4         the table below, written by a test
//! ```
//!
//! The rewrites themselves lie where their stage is: `guide` (13, 14 and the closed forms), `infer` (noise), `lower`
//! (new variables). Adding one is a variant, a line here and its pass; the tests match on the variant, so that they ask
//! for its proof.

/// A rewrite by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rewrite {
    /// the guide's entropy in closed form
    Entropy,
    /// expected log priors in closed form
    ExpectedPrior,
    /// scales of weights by their optimal q
    Collapse,
    /// noise of a dense layer's outputs instead of its weights
    LocalReparam,
    /// random signs that make one draw of the weights differ from row to row
    Flipout,
    /// log q from the same draw, its parameters held
    StickTheLanding,
    /// draws in pairs ε, −ε
    Antithetic,
    /// randomised Sobol points instead of independent draws
    QuasiRandom,
    /// location + scale · z
    NonCentre,
    /// a full-rank block whose spread follows the scales in it
    TiedScales,
    /// heavy-tailed priors as normals of a random scale
    ScaleMixture,
}

/// Whether a rewrite changes what the best ELBO is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// same family, same expectation of value and gradient
    Same,
    /// another best ELBO: never silent
    New,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which.
    pub rewrite: Rewrite,
    /// As in `without` and `with`, and as printed.
    pub name: &'static str,
    /// Same or new.
    pub family: Family,
    /// Number in `docs/inference.md`.
    pub equation: &'static str,
    /// When it may be applied.
    pub condition: &'static str,
    /// Where it is applied if nothing is said.
    pub default: &'static str,
    /// Whether `with` may ask for it where the default leaves it out.
    pub is_opt_in: bool,
    /// What it does, one line.
    pub effect: &'static str,
}

/// Every rewrite.
pub const ALL: &[Entry] = &[
    Entry {
        rewrite: Rewrite::Entropy,
        name: "entropy",
        family: Family::Same,
        equation: "4–6",
        condition: "Gaussian guide, not together with stick_the_landing",
        default: "minibatches",
        is_opt_in: false,
        effect: "the entropy in closed form: the value has no noise from log q",
    },
    Entry {
        rewrite: Rewrite::ExpectedPrior,
        name: "expected_prior",
        family: Family::Same,
        equation: "8–10",
        condition: "an unknown and its prior's arguments in independent blocks, a form listed",
        default: "minibatches",
        is_opt_in: false,
        effect: "the expectation of a log prior in closed form instead of a draw of it",
    },
    Entry {
        rewrite: Rewrite::Collapse,
        name: "collapse",
        family: Family::New,
        equation: "12",
        condition: "a scale that reaches nothing but zero-centred Normal or Laplace tensors, constant hyperprior, mean-field",
        default: "everywhere",
        is_opt_in: false,
        effect: "the scale is integrated out: no noise, no learning rate, the best q(scale) that is independent of the weights",
    },
    Entry {
        rewrite: Rewrite::LocalReparam,
        name: "local_reparam",
        family: Family::Same,
        equation: "13",
        condition: "weights that enter each row once, in one product with one output pixel; mean-field; draws = auto",
        default: "minibatches",
        is_opt_in: false,
        effect: "noise of the outputs, fresh in each row, instead of noise of the weights",
    },
    Entry {
        rewrite: Rewrite::Flipout,
        name: "flipout",
        family: Family::Same,
        equation: "14",
        condition: "weights that enter rows by products and convolutions only; mean-field; draws = auto",
        default: "nowhere",
        is_opt_in: true,
        effect: "random signs make one draw of the weights differ from row to row",
    },
    Entry {
        rewrite: Rewrite::StickTheLanding,
        name: "stick_the_landing",
        family: Family::Same,
        equation: "15",
        condition: "one draw for all rows: not with minibatches, local_reparam or flipout",
        default: "all rows in a step",
        is_opt_in: false,
        effect: "log q from the same draw with its parameters held: no gradient noise where q is the posterior",
    },
    Entry {
        rewrite: Rewrite::Antithetic,
        name: "antithetic",
        family: Family::Same,
        equation: "16",
        condition: "one draw for all rows, an even number of draws",
        default: "all rows in a step",
        is_opt_in: false,
        effect: "draws come in pairs e, -e: no noise from what is odd in e",
    },
    Entry {
        rewrite: Rewrite::QuasiRandom,
        name: "quasi_random",
        family: Family::Same,
        equation: "16",
        condition: "one draw for all rows, at most 64 dimensions",
        default: "nowhere",
        is_opt_in: true,
        effect: "randomised Sobol points through the normal quantile, a new key each step",
    },
    Entry {
        rewrite: Rewrite::NonCentre,
        name: "non_centre",
        family: Family::New,
        equation: "17",
        condition: "a location-scale prior outside nets, not truncated, whose location or scale is unknown",
        default: "both ways are fitted, the larger ELBO is kept",
        is_opt_in: false,
        effect: "the unknown is location + scale · z with z standard",
    },
    Entry {
        rewrite: Rewrite::TiedScales,
        name: "tied_scales",
        family: Family::New,
        equation: "5a",
        condition: "a full-rank block outside nets with a positive unknown of one number",
        default: "everywhere: the family holds the plain one",
        is_opt_in: false,
        effect: "the spread of the block follows its scales, as that of coefficients follows the noise",
    },
    Entry {
        rewrite: Rewrite::ScaleMixture,
        name: "scale_mixture",
        family: Family::New,
        equation: "18",
        condition: "a Laplace, StudentT or Cauchy prior, not truncated",
        default: "nowhere",
        is_opt_in: true,
        effect: "the prior is a normal whose variance has a prior of its own",
    },
];

impl Rewrite {
    /// Its line of the table.
    pub fn entry(self) -> &'static Entry {
        ALL.iter().find(|e| e.rewrite == self).expect("a test finds every variant in the table")
    }

    /// As printed.
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

/// Every name: what `without` takes.
pub const NAMES: &[&str] = &names::<{ ALL.len() }>(false);
/// Names of rewrites that the default leaves out: what `with` takes.
pub const OPT_IN: &[&str] = &names::<{ opt_ins() }>(true);

const fn opt_ins() -> usize {
    let (mut n, mut i) = (0, 0);
    while i < ALL.len() {
        n += ALL[i].is_opt_in as usize;
        i += 1;
    }
    n
}

const fn names<const N: usize>(only_opt_in: bool) -> [&'static str; N] {
    let mut names = [""; N];
    let (mut n, mut i) = (0, 0);
    while i < ALL.len() {
        if ALL[i].is_opt_in || !only_opt_in {
            names[n] = ALL[i].name;
            n += 1;
        }
        i += 1;
    }
    names
}

/// The table of section 4.
pub fn reference() -> String {
    let mut text =
        String::from("| name | | family | applies to | by default | effect |\n|---|---|---|---|---|---|\n");
    for e in ALL {
        let family = match e.family {
            Family::Same => "same",
            Family::New => "new",
        };
        text += &format!(
            "| `{}` | ({}) | {family} | {} | {} | {} |\n",
            e.name, e.equation, e.condition, e.default, e.effect
        );
    }
    text
}

/// What became of a rewrite on one model, for `--emit elbo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which.
    pub rewrite: Rewrite,
    /// Applied, or refused.
    pub is_applied: bool,
    /// What it touched, or why it was refused.
    pub what: String,
}

impl Note {
    /// It was applied to this.
    pub fn applied(rewrite: Rewrite, what: impl Into<String>) -> Note {
        Note { rewrite, is_applied: true, what: what.into() }
    }
    /// It was considered and refused, because.
    pub fn refused(rewrite: Rewrite, why: impl Into<String>) -> Note {
        Note { rewrite, is_applied: false, what: why.into() }
    }
}

impl Note {
    /// `flipout (14): f.1.w`
    pub fn words(&self) -> String {
        let entry = self.rewrite.entry();
        format!("{} ({}): {}", entry.name, entry.equation, self.what)
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.is_applied { "rewrite" } else { "refused" };
        write!(f, "{word}: {}", self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_one_line() {
        for (i, e) in ALL.iter().enumerate() {
            // Declared in the order of the table: a variant without a line, or a line twice, shows here.
            assert_eq!(e.rewrite as usize, i, "{}", e.name);
            assert_eq!(e.rewrite.name(), e.name);
            assert!(!e.condition.is_empty() && !e.effect.is_empty() && !e.default.is_empty());
        }
        assert_eq!(Rewrite::ScaleMixture as usize + 1, ALL.len());
    }

    #[test]
    fn names_are_those_of_the_table() {
        assert!(NAMES.iter().eq(ALL.iter().map(|e| &e.name)));
        assert_eq!(OPT_IN, ["flipout", "quasi_random", "scale_mixture"]);
    }
}
