//! The table of codes: id, level, one line each.
//!
//! The letter is the family: S syntax, N names, T types and shapes, D data, P priors, L likelihood, K networks,
//! G guide and inference, Z style, R run folders, O options, X not yet supported.

/// How a finding is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Stops the compilation.
    Error,
    /// Has no false alarm on a right model.
    Warning,
    /// Shown with `--pedantic` only.
    Note,
}

/// One entry of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// `T010`.
    pub id: &'static str,
    /// Fixed level.
    pub level: Level,
    /// One line: what the code means.
    pub title: &'static str,
    /// Whether `check --fix` can rewrite it.
    pub has_fix: bool,
    /// Whether an error is a note in some cases: then an `allow` may name it.
    pub can_be_note: bool,
    /// What must have been looked at before it can be found.
    pub seen_in: SeenIn,
}

/// What a finding is seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenIn {
    /// the text of the model and the headers of its data
    Model,
    /// the training rows too
    Rows,
    /// what a fit has found
    Fit,
    /// the text as a whole, in no single declaration
    Layout,
}

impl Entry {
    /// With a fix: ✎ in the table of the language.
    const fn fixed(mut self) -> Entry {
        self.has_fix = true;
        self
    }
    /// Found in the training rows.
    const fn in_rows(mut self) -> Entry {
        self.seen_in = SeenIn::Rows;
        self
    }
    /// Found by fitting.
    const fn by_fit(mut self) -> Entry {
        self.seen_in = SeenIn::Fit;
        self
    }
    /// Found in the text as a whole.
    const fn in_layout(mut self) -> Entry {
        self.seen_in = SeenIn::Layout;
        self
    }
    /// A note in some cases.
    const fn or_note(mut self) -> Entry {
        self.can_be_note = true;
        self
    }
}

/// A code: an index into [`ALL`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// Looks a code up; an id that is not in the table is a mistake of ours.
    pub fn named(id: &str) -> Code {
        Code::find(id).expect("diagnostics are made with codes of the table")
    }
    /// Looks a code up by what a user typed.
    pub fn find(id: &str) -> Option<Code> {
        ALL.iter().position(|e| e.id.eq_ignore_ascii_case(id)).map(|i| Code(i as u16))
    }
    /// The table entry.
    pub fn entry(self) -> &'static Entry {
        &ALL[self.0 as usize]
    }
    /// `T010`.
    pub fn id(self) -> &'static str {
        self.entry().id
    }
    /// The fixed level.
    pub fn level(self) -> Level {
        self.entry().level
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

const fn entry(id: &'static str, level: Level, title: &'static str) -> Entry {
    Entry { id, level, title, has_fix: false, can_be_note: false, seen_in: SeenIn::Model }
}

/// Every code, sorted by id; one line each.
#[rustfmt::skip]
pub const ALL: &[Entry] = &[
    entry("D001", Level::Error, "column `hieght` is not in earnings.csv; columns are …"),
    entry("D002", Level::Error, "row 17 of `y` is \"NA\"; say `missing = drop` or clean it").in_rows(),
    entry("D003", Level::Error, "class 10 found, but `class(10)` allows 0…9 (label/class count mismatch)").in_rows(),
    entry("D004", Level::Warning, "class 7 of 10 never occurs in the training rows").in_rows(),
    entry("D005", Level::Error, "output width 9, target has 10 classes"),
    entry(
        "D006",
        Level::Warning,
        "input `x2` of a net has mean 4,200 and sd 850: standardise it (mean beyond ±10, or sd outside 0.1 to 10; images excluded)",
    ).fixed().in_rows(),
    entry(
        "D007",
        Level::Warning,
        "target sd is 2.1e5 but the mean is a net or a constant and the noise prior expects about 1: standardise the target (ratio above 20; else a note)",
    ).fixed().or_note().in_rows(),
    entry("D008", Level::Warning, "column `id` is constant in the training rows: it carries no signal").in_rows(),
    entry(
        "D009",
        Level::Warning,
        "the target, per row and not lagged, appears on the right of its own likelihood",
    ),
    entry("D010", Level::Error, "`standardize` of an unknown; it takes data only"),
    entry(
        "D011",
        Level::Warning,
        "x and x-squared style columns correlate 0.999 and their coefficients have a mean-field guide: sds will be far too small; centre them, or `guide = fullrank`",
    ).in_rows(),
    entry("D012", Level::Note, "12 rows for 340 weights: expect the posterior to stay near the prior").in_rows(),
    entry(
        "D013",
        Level::Error,
        "`income` varies within a level of `school`; a factor column index is outside 1…K",
    ).in_rows(),
    entry("D014", Level::Error, "`lag` with a random split leaks the future: split `last` or by column"),
    entry("D015", Level::Error, "a data file is missing or cannot be read"),
    entry(
        "D016",
        Level::Error,
        "row 3 of `p` is -1, but `positive` takes numbers above 0; an array does not have the declared size",
    ).in_rows(),
    entry("D017", Level::Error, "the data have no rows").in_rows(),
    entry(
        "D018",
        Level::Error,
        "a split does not fit the data: more rows than there are, none left to train, a value that is not train, valid or test",
    ).in_rows(),
    entry(
        "G001",
        Level::Warning,
        "centred hierarchy `theta ~ Normal(mu, tau)` with unknown `tau` kept centred by `fit`: a funnel",
    ).or_note().in_rows(),
    entry(
        "G002",
        Level::Note,
        "`Cauchy` prior with a Gaussian q: tails are cut; `StudentT(4)` or NUTS keep them",
    ),
    entry("G003", Level::Error, "discrete unknown `k` cannot be fitted; sum it out with `Mixture`"),
    entry(
        "G004",
        Level::Warning,
        "`ordered`/`simplex` unknown with mean-field: bounds are respected, correlations are lost",
    ),
    entry("G005", Level::Error, "batch 512 is larger than 434 rows"),
    entry(
        "G006",
        Level::Warning,
        "global unknown appears inside a per-row sum of batch size 1: gradients will be very noisy",
    ).in_rows(),
    entry(
        "G007",
        Level::Warning,
        "stopped at the limit of steps or moves before it had settled (with what to try; never an exception)",
    ).by_fit(),
    entry(
        "G008",
        Level::Error,
        "ELBO became NaN at step 312: first non-finite value is `log(g.noise)`, row 88 (named, with its inputs)",
    ).by_fit(),
    entry("G009", Level::Note, "`Point` on every tensor: this is MAP, not a Bayesian network"),
    entry("G010", Level::Warning, "over four fifths of the weights of `f.1.w` stayed at their prior: the net underfits").by_fit(),
    entry("G011", Level::Error, "`method = laplace` finds no maximum: the log density does not fall off along `a`").by_fit(),
    entry("G012", Level::Warning, "4 chains do not agree on `m` (R̂ 1.25, below 1.01 is wanted)").by_fit(),
    entry("G013", Level::Warning, "12 of 4000 trajectories diverged: the posterior has corners that the chains do not enter").by_fit(),
    entry("G014", Level::Warning, "the Gaussian of `method = laplace` is 12.3 nats away from the posterior whose curvature it has").by_fit(),
    entry(
        "K001",
        Level::Warning,
        "two `dense` in a row with no activation collapse into one (inner width at least the smaller of its neighbours)",
    ),
    entry(
        "K002",
        Level::Note,
        "the last layer has an activation; for a mean that is rarely meant (see T024)",
    ),
    entry(
        "K003",
        Level::Error,
        "1.2 M weights under full-rank q would need 1.4e12 numbers (a note while it fits in memory)",
    ).or_note(),
    entry(
        "K004",
        Level::Note,
        "K logits with K free biases: a constant shift changes nothing; harmless with a proper prior",
    ),
    entry(
        "K005",
        Level::Note,
        "permutation and sign symmetry: weight marginals of hidden layers mean little; read predictions",
    ),
    entry("K006", Level::Error, "a net's own scope declares `w` or `b`: write `each layer { … }`").fixed(),
    entry(
        "L001",
        Level::Error,
        "no likelihood: no column is on the left of a `~` (a note under `method = prior`)",
    ).or_note(),
    entry(
        "L002",
        Level::Error,
        "`y` is a class but `Normal` is continuous; try `Categorical` (a note for counts: `Poisson`)",
    ).or_note(),
    entry(
        "L003",
        Level::Warning,
        "noise sd is fixed at 1 while the target's sd is 300 (ratio outside 0.05 to 20; else a note)",
    ).or_note().in_rows(),
    entry(
        "L004",
        Level::Warning,
        "one constant noise for residuals whose spread varies 20-fold (after the fit; help: a noise head)",
    ).by_fit(),
    entry("L005", Level::Error, "value 0 of `y` has zero density under `LogNormal`").in_rows(),
    entry("N001", Level::Error, "`sgima` is not defined; did you mean `sigma`?").fixed(),
    entry("N002", Level::Error, "`mu` is defined twice, here and on line 4"),
    entry("N003", Level::Error, "definitions go in a circle: a → b → a"),
    entry(
        "N004",
        Level::Error,
        "`Y` is a new unknown that nothing uses, and there is a column `y`: a likelihood would be lost (differs only in case, or by one edit with three letters or more in both)",
    ).fixed(),
    entry("N005", Level::Warning, "unknown `b` is never used: its posterior is its prior"),
    entry("N006", Level::Warning, "column `x3` is declared and never used"),
    entry("N007", Level::Warning, "definition `z` is never used (say `report z` to keep it)"),
    entry(
        "N008",
        Level::Error,
        "`a` gets a second `~`; combine them, observe a different column, or give copies their own arguments: `beta[2] ~ Normal([0, 0], [1, 2])`",
    ),
    entry(
        "N009",
        Level::Error,
        "the left of `~` must be a name; `log(sigma) ~ …` needs a Jacobian: write `sigma ~ LogNormal(…)`",
    ).fixed(),
    entry("N010", Level::Note, "`s` inside `each layer` hides the `s` on line 2"),
    entry("N011", Level::Error, "two `data` or two `fit` blocks"),
    entry(
        "N012",
        Level::Error,
        "no layer, activation, distribution, type or argument of that name; nearest one",
    ).fixed(),
    entry("O001", Level::Error, "unknown fit option or value; nearest one"),
    entry("O002", Level::Error, "`steps` and `epochs` both given"),
    entry("O003", Level::Error, "`--set` or `--choose` names nothing in the model"),
    entry("O004", Level::Error, "the model file is missing or cannot be read"),
    entry("O005", Level::Error, "a command-line value cannot be read"),
    entry("O006", Level::Error, "the model takes more memory than is allowed"),
    entry("O007", Level::Warning, "`chains` has no effect with `method = advi` (a note where the method is not the file's)").or_note().in_rows(),
    entry(
        "P001",
        Level::Warning,
        "`Flat` on a tensor of a hidden layer: no proper posterior exists (saturated units leave the likelihood flat far out); the fit is a penalised likelihood and its ELBO compares with nothing",
    ),
    entry(
        "P002",
        Level::Note,
        "`Flat` under ADVI: fine only if the data pin `beta` down; the ELBO is then defined up to a constant (not comparable)",
    ),
    entry(
        "P003",
        Level::Error,
        "`Flat` on `q`, and no path leads from `q` to a likelihood: no proper posterior",
    ),
    entry(
        "P004",
        Level::Warning,
        "`Flat` on all K logits: adding a constant to each changes nothing, so the posterior is improper",
    ),
    entry(
        "P010",
        Level::Warning,
        "`Uniform(0, 100)` on a scale puts a hard edge where nothing physical is; try `HalfNormal(50)`",
    ),
    entry(
        "P011",
        Level::Warning,
        "`InvGamma(0.001, 0.001)` is not vague: it forbids small scales and has no moments",
    ),
    entry("P012", Level::Note, "`InvGamma` on a standard deviation; the classical prior is on the variance"),
    entry(
        "P013",
        Level::Warning,
        "`w` sd 1 with fan_in 784: pre-activations start near ±28 and saturate tanh; try `1/sqrt(fan_in)` (literal sd · √fan_in · input rms above 10, tanh or sigmoid)",
    ).fixed().in_rows(),
    entry("P014", Level::Note, "`w` sd outside 0.3…3 times 1/sqrt(fan_in)").in_rows(),
    entry("P015", Level::Warning, "prior sd 1000 where target and inputs are standardised"),
    entry(
        "P016",
        Level::Note,
        "`b` has no prior of its own; the default Normal(0, 1) is used (once per net)",
    ),
    entry(
        "P017",
        Level::Warning,
        "one shared `s` for layers of fan_in 2 and 784, with no `fan_in` in it: scale it or put it in `each layer` (ratio 50 or more)",
    ).fixed(),
    entry("R001", Level::Error, "a run folder is damaged or incomplete"),
    entry("R002", Level::Error, "the output folder exists already"),
    entry("R003", Level::Error, "an interrupted fit is another one than asked for, or another program's"),
    entry("R004", Level::Warning, "a checkpoint is lost or could not be kept; the fit goes on"),
    entry("R005", Level::Error, "an export would be larger than is allowed"),
    entry("R006", Level::Error, "the rows given are not those of the fit"),
    entry(
        "S001",
        Level::Error,
        "unexpected token, with what was expected in the user's words; two layers on one line",
    ),
    entry("S002", Level::Error, "the bracket opened here is never closed"),
    entry("S003", Level::Error, "unknown character: `−`, `–`, `×`, `“` pasted from a page; Greek letters").fixed(),
    entry("S004", Level::Error, "nested deeper than 256"),
    entry("S005", Level::Warning, "stale or misspelt `allow` (not inside an alternative that is not chosen)"),
    entry("T001", Level::Error, "two sizes above one differ: `beta` is [4], `x` is [3]"),
    entry(
        "T002",
        Level::Error,
        "a scalar target gets a vector argument, or the reverse: index or reduce one",
    ),
    entry(
        "T003",
        Level::Error,
        "layer 3 expects a vector, gets 4×4×32 (printed only where flatten is not obvious)",
    ),
    entry("T004", Level::Error, "conv kernel 5×5 is larger than its 4×4 input"),
    entry("T005", Level::Note, "maxpool 2 drops the last row and column of 7×7"),
    entry("T006", Level::Error, "wrong number of arguments"),
    entry("T007", Level::Error, "index 0: indices count from 1").fixed(),
    entry(
        "T010",
        Level::Error,
        "`Normal`'s sd must be positive; `g.noise` can be negative (help: softplus, exp)",
    ).fixed(),
    entry(
        "T011",
        Level::Error,
        "a constant argument is out of range: `Beta`'s `a` is −1, `Normal`'s sd is −2; it must be positive",
    ),
    entry("T012", Level::Error, "bounds are empty: lower 3, upper 1"),
    entry("T013", Level::Note, "a scale from `abs` or `square` can come as near 0 as it likes"),
    entry("T020", Level::Error, "`Gamma` needs `rate =` or `scale =` to say which").fixed(),
    entry("T021", Level::Error, "output ends in softmax, but `logits` wants unnormalised scores").fixed(),
    entry(
        "T022",
        Level::Error,
        "`probs` wants a simplex; the last layer is linear (help: add softmax or write `logits =`)",
    ).fixed(),
    entry("T023", Level::Error, "`Bernoulli(p = …)` wants (0,1); the output is real (help: `logit =`)").fixed(),
    entry(
        "T024",
        Level::Warning,
        "the mean is in (−1,1) (tanh) but more than half of the training targets lie outside: drop the last activation",
    ).fixed().in_rows(),
    entry(
        "T025",
        Level::Error,
        "`Poisson` rate must be positive; relu can give exactly 0 (help: softplus, `log_rate =`)",
    ),
    entry("T026", Level::Error, "relu output as a scale can be exactly 0 (help: softplus)"),
    entry("X001", Level::Error, "a construct that this version cannot do yet"),
    entry("Z001", Level::Note, "layout differs from `bnnc fmt`").fixed().in_layout(),
    entry("Z002", Level::Note, "`HalfCauchy(5)` is the usual spelling of `Cauchy(0, 5) on (0, inf)`").fixed(),
    entry(
        "Z003",
        Level::Error,
        "`<-`, `dnorm`, `target +=`, `real<lower=0>`, `y ~ x1 + x2`: BUGS, Stan or R spelling, the `.bnn` one is …",
    ).fixed(),
];
