//! Names that BUGS, Stan, R, PyMC and NumPyro give to distributions, their arguments and functions, and what they are
//! here.
//!
//! ```text
//! dnorm(mu, tau)                 Normal(mu, 1 / sqrt(tau))
//! Normal(mu = 0, sigma = 1)      Normal(0, 1)
//! neg_binomial_2_log(eta, phi)   NegBinomial(log_mean = eta, shape = phi)
//! ```
//!
//! One line a name. Names are compared without regard to case and underscores, so that one line serves
//! `student_t`, `StudentT` and `studentT`.

use super::foreign;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::{Arg, Expr, ExprKind};

/// A distribution of another language.
struct Foreign {
    /// Its names.
    names: &'static [&'static str],
    /// What its arguments are called, in their order; words for one and the same are parted by `|`.
    args: &'static [&'static str],
    /// The same here; `{0}` is the first argument as written, `<0>` the same as an operand.
    ours: &'static str,
    /// What has another meaning here.
    note: &'static str,
}

const fn same(names: &'static [&'static str], args: &'static [&'static str], ours: &'static str) -> Foreign {
    Foreign { names, args, ours, note: "" }
}

const fn but(
    names: &'static [&'static str],
    args: &'static [&'static str],
    ours: &'static str,
    note: &'static str,
) -> Foreign {
    Foreign { names, args, ours, note }
}

const LOC: &str = "mu|loc|location|mean|m";
const SCALE: &str = "sigma|scale|sd|std|s";
const ALPHA: &str = "alpha|a|shape|concentration";
const BETA: &str = "beta|b|rate|scale";
const P: &str = "p|prob|probs|theta";
const LOGIT: &str = "logit_p|logits|logit|alpha|eta";
const PRECISION: &str = "the last argument is a precision in BUGS and JAGS; here it is a standard deviation";

/// Every name, those of one meaning together.
const DISTRIBUTIONS: &[Foreign] = &[
    // BUGS and JAGS.
    but(&["dnorm"], &["mu|mean", "tau|prec"], "Normal({0}, 1 / sqrt({1}))", PRECISION),
    but(&["dlnorm"], &["mu", "tau"], "LogNormal({0}, 1 / sqrt({1}))", PRECISION),
    but(
        &["dt"],
        &["mu", "tau", "k|df"],
        "StudentT({2}, {0}, 1 / sqrt({1}))",
        "the second argument is a precision in BUGS and JAGS; here the last one is a scale",
    ),
    same(&["dunif"], &["a", "b"], "Uniform({0}, {1})"),
    same(&["dgamma"], &["shape", "rate"], "Gamma({0}, rate = {1})"),
    same(&["dinvgamma"], &["shape", "scale"], "InvGamma({0}, {1})"),
    same(&["dexp"], &["rate"], "Exponential(rate = {0})"),
    same(&["dbeta"], &["a", "b"], "Beta({0}, {1})"),
    same(&["ddexp"], &["mu", "rate"], "Laplace({0}, 1 / <1>)"),
    same(&["dlogis"], &["mu", "rate"], "Logistic({0}, 1 / <1>)"),
    same(&["dcauchy"], &["mu", "scale"], "Cauchy({0}, {1})"),
    same(&["dhalfcauchy"], &["scale"], "HalfCauchy({0})"),
    same(&["dhalfnorm"], &["scale"], "HalfNormal({0})"),
    same(&["dweib"], &["shape", "rate"], "Weibull(shape = {0}, scale = <1>^(-1 / <0>))"),
    same(&["dpar"], &["shape", "scale"], "Pareto(shape = {0}, scale = {1})"),
    same(&["dchisqr", "dchisq"], &["df"], "ChiSquared({0})"),
    same(&["dbern"], &["p"], "Bernoulli(p = {0})"),
    same(&["dbin", "dbinom"], &["p", "n"], "Binomial(n = {1}, p = {0})"),
    same(&["dpois"], &["rate"], "Poisson({0})"),
    same(&["dnegbin"], &["p", "r"], "NegBinomial(mean = <1> * (1 - <0>) / <0>, shape = {1})"),
    same(&["dgeom"], &["p"], "Geometric(p = {0})"),
    same(&["dcat"], &["p"], "Categorical(probs = {0})"),
    same(&["ddirch", "ddirich"], &["alpha"], "Dirichlet({0})"),
    but(
        &["dmnorm"],
        &["mu", "Omega"],
        "MvNormal({0}, cov = {1})",
        "the last argument is a precision matrix in BUGS and JAGS; here it is a covariance, its inverse",
    ),
    same(&["dflat"], &[], "Flat"),
    // Stan, PyMC, NumPyro, Turing.
    same(&["std_normal"], &[], "Normal(0, 1)"),
    same(&["Normal", "Gaussian", "norm"], &[LOC, SCALE], "Normal({0}, {1})"),
    but(
        &["N"],
        &[LOC, "sigma|scale|sd|var"],
        "Normal({0}, {1})",
        "the second argument is a standard deviation; where N(mu, v) means a variance, write `sqrt(v)`",
    ),
    same(&["HalfNormal"], &[SCALE], "HalfNormal({0})"),
    same(&["StudentT", "Student", "T", "TDist"], &["nu|df", LOC, "sigma|scale"], "StudentT({0}, {1}, {2})"),
    same(&["HalfStudentT"], &["nu|df", "sigma|scale"], "HalfStudentT({0}, {1})"),
    same(&["Cauchy"], &["alpha|mu|loc", "beta|sigma|scale"], "Cauchy({0}, {1})"),
    same(&["HalfCauchy"], &["beta|sigma|scale"], "HalfCauchy({0})"),
    same(&["Laplace", "DoubleExponential"], &[LOC, "b|sigma|scale"], "Laplace({0}, {1})"),
    same(&["Logistic"], &[LOC, "s|sigma|scale"], "Logistic({0}, {1})"),
    same(&["Gumbel"], &[LOC, "beta|scale"], "Gumbel({0}, {1})"),
    same(&["LogNormal"], &[LOC, SCALE], "LogNormal({0}, {1})"),
    same(&["Uniform", "Unif"], &["lower|low|a|min", "upper|high|b|max"], "Uniform({0}, {1})"),
    same(&["Beta"], &["alpha|a|concentration1", "beta|b|concentration0"], "Beta({0}, {1})"),
    but(
        &["Gamma"],
        &[ALPHA, "beta|b|rate"],
        "Gamma({0}, rate = {1})",
        "in Stan, PyMC and NumPyro the second argument is a rate",
    ),
    same(&["InvGamma", "InverseGamma"], &[ALPHA, BETA], "InvGamma({0}, {1})"),
    but(
        &["Exponential", "Exp"],
        &["lam|lambda|beta|rate"],
        "Exponential(rate = {0})",
        "in Stan, PyMC and NumPyro the argument is a rate",
    ),
    same(
        &["Weibull"],
        &["alpha|concentration|shape", "sigma|beta|scale"],
        "Weibull(shape = {0}, scale = {1})",
    ),
    same(&["ChiSquare", "ChiSquared", "Chi2"], &["nu|df"], "ChiSquared({0})"),
    but(
        &["Pareto"],
        &["y_min|scale|m", "alpha|shape"],
        "Pareto(shape = {1}, scale = {0})",
        "Stan and NumPyro give the scale first, PyMC the shape",
    ),
    same(&["Kumaraswamy"], &["a|concentration1", "b|concentration0"], "Kumaraswamy(a = {0}, b = {1})"),
    same(&["VonMises"], &[LOC, "kappa|concentration"], "VonMises(loc = {0}, concentration = {1})"),
    same(&["Flat", "ImproperUniform"], &[], "Flat"),
    same(&["HalfFlat"], &[], "Flat on (0, inf)"),
    same(&["Dirichlet"], &["alpha|a|concentration"], "Dirichlet({0})"),
    same(&["lkj_corr_cholesky", "LKJCholesky"], &["eta|concentration"], "LKJCholesky(eta = {0})"),
    same(
        &["multi_normal", "MultivariateNormal", "MVN", "MvNormal", "MVNormal"],
        &[LOC, "cov|Sigma|covariance_matrix"],
        "MvNormal({0}, cov = {1})",
    ),
    same(&["multi_normal_cholesky"], &["mu", "L"], "MvNormal({0}, chol = {1})"),
    same(&["Bernoulli", "BernoulliProbs", "Bern"], &[P], "Bernoulli(p = {0})"),
    same(&["bernoulli_logit", "BernoulliLogits"], &[LOGIT], "Bernoulli(logit = {0})"),
    same(&["bernoulli_logit_glm"], &["x", "alpha", "beta"], "Bernoulli(logit = <1> + dot({0}, {2}))"),
    same(&["Binomial", "BinomialProbs", "Binom"], &["n|N|total_count", P], "Binomial(n = {0}, p = {1})"),
    same(
        &["binomial_logit", "BinomialLogits"],
        &["n|N|total_count", LOGIT],
        "Binomial(n = {0}, logit = {1})",
    ),
    same(
        &["BetaBinomial"],
        &["n|N|total_count", "alpha|a|concentration1", "beta|b|concentration0"],
        "BetaBinomial(n = {0}, a = {1}, b = {2})",
    ),
    same(&["Geometric"], &[P], "Geometric(p = {0})"),
    same(&["Poisson", "Pois"], &["mu|lam|lambda|rate"], "Poisson({0})"),
    same(&["poisson_log"], &["eta|alpha"], "Poisson(log_rate = {0})"),
    same(&["poisson_log_glm"], &["x", "alpha", "beta"], "Poisson(log_rate = <1> + dot({0}, {2}))"),
    same(&["normal_id_glm"], &["x", "alpha", "beta", "sigma"], "Normal(<1> + dot({0}, {2}), {3})"),
    same(
        &["neg_binomial_2", "NegativeBinomial", "NegBinomial", "NegativeBinomial2", "negbinomial"],
        &["mu|mean", "phi|alpha|concentration"],
        "NegBinomial(mean = {0}, shape = {1})",
    ),
    same(&["neg_binomial_2_log"], &["eta", "phi"], "NegBinomial(log_mean = {0}, shape = {1})"),
    same(&["Categorical", "CategoricalProbs", "Discrete"], &["p|probs|theta"], "Categorical(probs = {0})"),
    same(&["categorical_logit", "CategoricalLogits"], &["logit_p|logits|beta"], "Categorical(logits = {0})"),
    same(&["OrderedLogistic"], &["eta|predictor", "cutpoints|c"], "OrderedLogistic(score = {0}, cuts = {1})"),
    same(&["GaussianRandomWalk"], &["sigma|scale"], "RandomWalk({0})"),
    but(
        &["ZeroInflatedPoisson"],
        &["psi", "mu|rate"],
        "Mixture([1 - <0>, {0}], Delta(0), Poisson({1}))",
        "psi of PyMC is the share of the Poisson, gate of NumPyro that of the zeros",
    ),
    same(&["TruncatedNormal"], &[LOC, SCALE, "lower|low", "upper|high"], "Normal({0}, {1}) on ({2}, {3})"),
];

/// Names without regard to case and underscores.
fn is_same(a: &str, b: &str) -> bool {
    let plain = |s: &str| s.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect::<String>();
    // `T` and `N` of other languages are not `t` and `n`, which may be columns.
    if a.len() == 1 || b.len() == 1 { a == b } else { plain(a) == plain(b) }
}

fn find(name: &str) -> Option<&'static Foreign> {
    DISTRIBUTIONS
        .iter()
        .find(|f| f.names.contains(&name))
        .or_else(|| DISTRIBUTIONS.iter().find(|f| f.names.iter().any(|n| is_same(n, name))))
}

/// An argument as written: its name, if it has one, and its value.
pub type Written<'t> = (Option<&'t str>, &'t str);

/// A distribution of another language in the words of this one, and what has another meaning; `…` stands for what is
/// missing.
pub fn translated(name: &str, args: &[Written]) -> Option<(String, &'static str)> {
    let foreign = find(name)?;
    let named = |words: &str| {
        args.iter().find(|(n, _)| n.is_some_and(|n| words.split('|').any(|w| w == n))).map(|(_, v)| *v)
    };
    let positional: Vec<&str> = args.iter().filter(|(n, _)| n.is_none()).map(|(_, v)| *v).collect();
    let precision = args.iter().find(|(n, _)| matches!(n, Some("tau" | "precision" | "prec")));
    let mut text = foreign.ours.to_owned();
    for (i, words) in foreign.args.iter().enumerate() {
        let value = positional.get(i).copied().or_else(|| named(words));
        let is_scale = words.contains("sigma");
        let value = match (value, precision) {
            (Some(value), _) => value.to_owned(),
            (None, Some((_, tau))) if is_scale => format!("1 / sqrt({tau})"),
            (None, _) if words.starts_with("lower") => "-inf".to_owned(),
            (None, _) if words.starts_with("upper") => "inf".to_owned(),
            (None, _) => "…".to_owned(),
        };
        text = fill(&text, i, &value);
    }
    Some((text, foreign.note))
}

/// Puts an argument into a template: as it is for `{0}`, in brackets where it needs them for `<0>`.
fn fill(template: &str, place: usize, value: &str) -> String {
    let is_simple = value.chars().all(|c| c.is_ascii_alphanumeric() || "_.()[],…".contains(c));
    let operand = if is_simple { value.to_owned() } else { format!("({value})") };
    template.replace(&format!("{{{place}}}"), value).replace(&format!("<{place}>"), &operand)
}

/// `y ~ dnorm(mu, tau)`: Z003 for a distribution that is not spelled as here.
pub fn distribution(
    name: &str,
    name_span: Span,
    args: &[Arg],
    call: Span,
    source: &SourceFile,
) -> Option<Diagnostic> {
    let foreign_entry = find(name)?;
    if args.is_empty() && !foreign_entry.args.is_empty() {
        return None;
    }
    let written: Vec<Written> = args
        .iter()
        .map(|a| (a.name.as_ref().map(|n| n.value.as_str()), source.slice(a.value.span)))
        .collect();
    let (cure, note) = translated(name, &written)?;
    // What is spelled as here is no matter of spelling.
    if cure.split(['(', ' ']).next() == Some(name) {
        return None;
    }
    let whose = match name {
        _ if foreign_entry.names[0].starts_with('d') => "BUGS",
        _ if name.starts_with(|c: char| c.is_ascii_lowercase()) => "Stan",
        _ => "another language",
    };
    let mut finding = foreign(name_span, &format!("`{name}` is the spelling of {whose}"));
    if !note.is_empty() {
        finding = finding.note(note);
    }
    let is_simple = |e: &Expr| !matches!(e.kind, ExprKind::Binary { .. } | ExprKind::Negate(_));
    let can_fix = !cure.contains('…') && args.iter().all(|a| a.name.is_none() && is_simple(&a.value));
    let finding = finding.help(format!("write `{cure}`"));
    Some(if can_fix { finding.fix(call, cure) } else { finding })
}

/// Names that other languages give to arguments, by the name here.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("mean", &["mu", "loc", "location", "m"]),
    ("sd", &["sigma", "scale", "std", "stdev", "stddev", "s"]),
    ("loc", &["mu", "mean", "location", "alpha", "m"]),
    ("scale", &["sigma", "beta", "b", "s", "sd", "gamma", "y_min"]),
    ("df", &["nu", "dof"]),
    ("rate", &["lambda", "lam", "beta", "mu", "b"]),
    ("shape", &["alpha", "a", "concentration", "phi", "k"]),
    ("p", &["probs", "prob", "theta", "pi"]),
    ("logit", &["logits", "logit_p", "eta"]),
    ("probs", &["p", "theta", "prob", "pi"]),
    ("logits", &["logit", "logit_p", "eta"]),
    ("log_rate", &["eta", "log_mu", "log_lambda"]),
    ("n", &["N", "total_count", "size", "trials"]),
    ("a", &["alpha", "concentration1", "shape1", "concentration"]),
    ("b", &["beta", "concentration0", "shape2"]),
    ("low", &["lower", "min", "a"]),
    ("high", &["upper", "max", "b"]),
    ("concentration", &["kappa"]),
    ("cov", &["covariance_matrix", "Sigma", "sigma"]),
    ("chol", &["scale_tril", "L"]),
    ("score", &["eta", "predictor"]),
    ("cuts", &["cutpoints", "c"]),
    ("eta", &["concentration"]),
    ("weights", &["w", "mixing", "p"]),
];

/// What an argument of another language is called here, among the names that a distribution has.
pub fn argument(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let is_meant = |ours: &&&'static str| {
        ARGUMENTS.iter().any(|(here, elsewhere)| *here == **ours && elsewhere.contains(&name))
    };
    known.iter().find(is_meant).copied()
}

/// Functions by their names elsewhere; `{0}` is the first argument as written.
const FUNCTIONS: &[(&[&str], &str)] = &[
    (&["inv_logit", "invlogit", "ilogit", "expit", "logistic", "inverse_logit", "plogis"], "sigmoid({0})"),
    (&["Phi", "phi", "pnorm", "normcdf", "ndtr", "Phi_approx", "norm_cdf"], "normal_cdf({0})"),
    (&["qlogis"], "logit({0})"),
    (&["ln", "nlog"], "log({0})"),
    (&["log1p_exp", "log1pexp"], "softplus({0})"),
    (&["fabs"], "abs({0})"),
    (&["pow", "power"], "<0>^<1>"),
    (&["sqr"], "square({0})"),
    (&["inv"], "1 / <0>"),
    (&["inv_sqrt", "rsqrt"], "1 / sqrt({0})"),
    (&["icloglog", "inv_cloglog"], "1 - exp(-exp({0}))"),
    (&["cloglog"], "log(-log(1 - <0>))"),
    (&["log_sum_exp", "lse"], "logsumexp({0})"),
    (&["dot_product", "inner_product", "inprod", "matmul", "dot_self"], "dot({0}, {1})"),
    (&["maximum", "fmax", "pmax"], "max({0}, {1})"),
    (&["minimum", "fmin", "pmin"], "min({0}, {1})"),
    (&["step", "heaviside"], "({0} > 0)"),
    (&["int_step"], "({0} > 0)"),
    (&["if_else", "ifelse", "where", "switch", "cond", "select"], "<0> * <1> + (1 - <0>) * <2>"),
    (&["scale", "zscore", "z_score", "normalize", "normalise", "standardise"], "standardize({0})"),
    (&["std", "stdev", "stddev"], "sd({0})"),
    (&["nlevels", "num_levels", "n_levels"], "levels({0})"),
    (&["shift", "lagged"], "lag({0}, 1)"),
    (&["concat", "concatenate", "append_row", "c"], "[{0}, {1}]"),
];

/// A call of a function of another language in the words of this one.
pub fn function(name: &str, args: &[&str]) -> Option<String> {
    let (_, ours) = FUNCTIONS.iter().find(|(names, _)| names.iter().any(|n| n.eq_ignore_ascii_case(name)))?;
    Some((0..3).fold((*ours).to_owned(), |text, i| fill(&text, i, args.get(i).copied().unwrap_or("…"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, args: &[Written]) -> String {
        translated(name, args).map(|(text, _)| text).unwrap_or_default()
    }

    #[test]
    fn arguments_go_where_they_belong() {
        assert_eq!(of("dnorm", &[(None, "mu"), (None, "tau")]), "Normal(mu, 1 / sqrt(tau))");
        assert_eq!(of("Normal", &[(Some("mu"), "0"), (Some("sigma"), "1")]), "Normal(0, 1)");
        assert_eq!(of("Normal", &[(Some("mu"), "0"), (Some("tau"), "4")]), "Normal(0, 1 / sqrt(4))");
        assert_eq!(of("dbin", &[(None, "p"), (None, "n")]), "Binomial(n = n, p = p)");
        assert_eq!(of("ddexp", &[(None, "a + b"), (None, "c + d")]), "Laplace(a + b, 1 / (c + d))");
        assert_eq!(of("student_t", &[(None, "4"), (None, "0"), (None, "1")]), "StudentT(4, 0, 1)");
        assert_eq!(
            of("TruncatedNormal", &[(None, "0"), (None, "1"), (Some("lower"), "0")]),
            "Normal(0, 1) on (0, inf)"
        );
        assert_eq!(of("HalfFlat", &[]), "Flat on (0, inf)");
    }

    #[test]
    fn functions_are_written_out() {
        assert_eq!(function("inv_logit", &["a + b"]).as_deref(), Some("sigmoid(a + b)"));
        assert_eq!(function("pow", &["x", "2"]).as_deref(), Some("x^2"));
        assert_eq!(function("pow", &["x + 1", "2"]).as_deref(), Some("(x + 1)^2"));
        assert_eq!(function("ifelse", &["m", "a", "b"]).as_deref(), Some("m * a + (1 - m) * b"));
        assert_eq!(function("sine", &["x"]), None);
    }

    #[test]
    fn every_template_uses_its_arguments() {
        for f in DISTRIBUTIONS {
            for i in 0..f.args.len() {
                let is_used = f.ours.contains(&format!("{{{i}}}")) || f.ours.contains(&format!("<{i}>"));
                assert!(is_used, "{:?}", f.names);
            }
            let args: Vec<Written> = f.args.iter().map(|_| (None, "x")).collect();
            assert!(!of(f.names[0], &args).contains(['{', '<', '…']), "{:?}", f.names);
        }
    }
}
