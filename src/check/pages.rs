//! What `bnnc explain WORD` says of distributions, functions, layers, fit options and their values, and the reference
//! page `docs/functions.md`, which holds the same texts.

use super::settings::{self, FitOption};
use super::signatures::{self, Form, Function, OverRows};
use super::{supports, words};
use crate::dist::{self, ArgValue};
use crate::kernels::scalar::Unary;
use crate::ty::Interval;
use crate::{layers, rewrites, transform};

/// The page of a distribution, with the transformation that an unknown with this prior gets.
pub fn distribution(word: &str) -> Option<String> {
    let (family, page) = (dist::find(word)?, dist::page(word)?);
    Some(match bijection(family) {
        Some(line) => format!("{}\n{line}\n", page.trim_end()),
        None => page,
    })
}

/// The bijection that an unknown with this prior gets.
fn bijection(family: &dist::Family) -> Option<String> {
    if family.is_discrete {
        return Some("It cannot be the prior of an unknown: sum it out with `Mixture`.".to_owned());
    }
    let args: Vec<ArgValue> =
        family.forms[0].args.iter().map(|_| ArgValue { constant: None, len: 2 }).collect();
    let support = (family.support)(0, &args);
    let line = match transform::for_support(&support) {
        // A cut prior has the support of its bounds, and so their bijection.
        Some((bijection, _)) if family.log_mass.is_some() => {
            format!("{}: {}\nunder `on (a, b)`  that of the bounds", bijection.name, bijection.formula)
        }
        Some((bijection, _)) => format!("{}: {}", bijection.name, bijection.formula),
        None => "that of its bounds".to_owned(),
    };
    Some(format!("transform        {line}"))
}

/// All distributions: a table, then the page of each.
pub fn distributions() -> String {
    let mut text = dist::reference();
    for family in dist::ALL {
        let (Some(page), Some(line)) = (dist::page(family.name), bijection(family)) else { continue };
        let body = page.split_once('\n').map_or("", |(_, body)| body).trim();
        text = text.replace(&format!("{body}\n```\n"), &format!("{body}\n{line}\n```\n"));
    }
    text
}

/// The page of a built-in function.
pub fn function(word: &str) -> Option<String> {
    let function = signatures::find(word)?;
    let kind = match function.form {
        Form::Elementwise(_) => "a function, element by element",
        Form::Reduce(_) => "a function of a vector",
        Form::ReduceOrTwo(..) => "a function of a vector, or of two values",
        Form::Vector(_) => "a function of a vector",
        Form::Dot => "a function of two vectors",
        Form::Levels => "a function of a column",
        Form::OverRows(_) => "a function of the training rows of a column",
    };
    let name = function.name;
    let mut page = format!("{name}: {kind}\n\n    {}\n\n{}\n", function.written(), function.page);
    let lines = supports_of(function);
    page.push_str(&lines);
    page.push_str(&format!("\nexample  {}\n", example(function)));
    Some(page.trim_end().to_owned())
}

/// Where values lie for inputs of the common supports, from the table that the checker uses.
fn supports_of(function: &Function) -> String {
    let Some(f) = Unary::ALL
        .iter()
        .find(|f| f.name() == function.name && matches!(function.form, Form::Elementwise(_)))
    else {
        return String::new();
    };
    let of = |x: Interval| format!("{x} → {}", supports::unary(*f, x));
    let inputs = [Interval::REAL, Interval::POSITIVE, Interval::UNIT];
    format!("support  {}\n", inputs.map(of).join(", "))
}

fn example(function: &Function) -> String {
    let name = function.name;
    match function.form {
        Form::Elementwise(_) => match name {
            "exp" | "softplus" => format!("y ~ Poisson({name}(a + b * x))"),
            "sigmoid" | "normal_cdf" => format!("y ~ Bernoulli(p = {name}(a + b * x))"),
            _ => format!("z = {name}(x)"),
        },
        Form::Reduce(_) => format!("total = {name}([x1, x2, x3])"),
        Form::ReduceOrTwo(..) => format!("z = {name}([x1, x2, x3]); bounded = {name}(x, 0)"),
        Form::Vector(_) => format!("p = {name}([a, b * x, c * x])"),
        Form::Dot => "y ~ Normal(a + dot([x1, x2], beta), sigma)".to_owned(),
        Form::Levels => format!("dense ({name}(y)) softmax"),
        Form::OverRows(OverRows::Lag) => "y ~ Normal(phi * lag(y, 1), sigma)".to_owned(),
        Form::OverRows(_) => format!("z = {name}(x)"),
    }
}

/// The page of a layer, or of an activation.
pub fn layer(word: &str) -> Option<String> {
    layers::find(word).map(|l| format!("{}: a layer of a net\n\n    {}\n\n{}", l.name, l.usage, l.page))
}

/// The page of an activation.
pub fn activation(word: &str) -> Option<String> {
    let activation = layers::find_activation(word)?;
    let name = activation.name;
    Some(format!(
        "{name}: an activation, the last word of a layer\n\n    dense 5 {name}\n\n{}",
        activation.formula
    ))
}

/// The page of a fit option, with what each of its values means.
pub fn option(word: &str) -> Option<String> {
    let option = settings::find(word)?;
    let name = option.name;
    let mut page = format!(
        "{name}: an option of `fit`\n\n    fit {{ {name} = {} }}\n\n{}\n\nvalues   {} (default {})\n",
        option.default,
        option.page,
        option.values().replace('`', ""),
        option.default
    );
    for value in option.words {
        if let Some(meaning) = meaning(option, value) {
            page.push_str(&format!("\n{value}\n    {}\n", meaning.replace('\n', "\n    ")));
        }
    }
    Some(page.trim_end().to_owned())
}

/// Words that are values of options and that nothing else explains: `advi`, `meanfield`, `collapse`.
pub fn values() -> Vec<&'static str> {
    let mut all: Vec<&str> = settings::OPTIONS.iter().flat_map(|o| o.words.iter().copied()).collect();
    all.retain(|w| !["auto", "all", "off", "true", "false"].contains(w));
    all.sort_unstable();
    all.dedup();
    all
}

/// The page of a method, a guide, a rewrite or another value of an option.
pub fn value(word: &str) -> Option<String> {
    let holds = |o: &&FitOption| o.words.contains(&word);
    let options: Vec<&FitOption> = settings::OPTIONS.iter().filter(holds).collect();
    if !values().contains(&word) {
        return None;
    }
    let mut pages = vec![];
    for option in options {
        let written = if option.is_list() { format!("[{word}]") } else { word.to_owned() };
        let meaning = meaning(option, word).unwrap_or_else(|| option.page.to_owned());
        pages.push(format!(
            "{word}: a value of the fit option `{0}`\n\n    fit {{ {0} = {written} }}\n\n{meaning}",
            option.name
        ));
    }
    Some(pages.join("\n\n"))
}

/// What the values of options mean.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "method",
        "advi",
        "Variational inference: the normal distribution of the free coordinates (the guide) whose ELBO is largest.\nThe ELBO is a lower bound of the log evidence, so models compare by it. The default.",
    ),
    (
        "method",
        "map",
        "The mode of the posterior density of the unknowns, without the Jacobian: one point, no uncertainty.",
    ),
    (
        "method",
        "mle",
        "Maximum likelihood: priors count for nothing. Unknowns that the data do not pin down stay where they start.",
    ),
    (
        "method",
        "laplace",
        "A normal distribution near the mode: its covariance is the inverse of the curvature there, its mean the mode corrected by third derivatives.\nIts evidence is an estimate, not a bound.",
    ),
    (
        "method",
        "nuts",
        "Hamiltonian Monte Carlo: draws from the posterior itself, slower, without an ELBO.\n`chains`, `samples` and `tune` say how many.",
    ),
    (
        "method",
        "smc",
        "Sequential Monte Carlo: particles that begin with the fitted guide (all starts of it with `mix`) and are carried\nto the posterior by reweighting and Hamiltonian moves; with the log evidence. `chains` populations of `samples`\nparticles are judged as chains are.",
    ),
    (
        "method",
        "prior",
        "Draws from the prior, and predictions from them; targets are not read, and no likelihood is needed.",
    ),
    (
        "guide",
        "auto",
        "Unknowns outside nets share one full-rank block up to 200 of them; weights of nets are independent.",
    ),
    ("guide", "meanfield", "Independent normals: sds of correlated unknowns come out too small."),
    (
        "guide",
        "fullrank",
        "One normal with all correlations, of up to 2,000 unknowns; `correlate` chooses which.",
    ),
    (
        "guide",
        "lowrank",
        "A normal with a diagonal and a few directions of correlation; `correlate` chooses of what.",
    ),
    (
        "guide",
        "ladder",
        "Richer guides one after another, each begun where the last one ended and kept only if its ELBO pays.",
    ),
    ("draws", "shared", "One draw of the weights for the whole batch, and no noise per row."),
    ("optimizer", "adam", "Adam with the rates 0.9 and 0.999."),
    ("optimizer", "advi", "The adaptive step sequence of the paper on ADVI (Kucukelbir et al. 2017)."),
    ("optimizer", "sgd", "Plain gradient steps."),
    ("precision", "f32", "Steps are computed in single precision, sums in double."),
    ("precision", "f64", "Everything is computed in double precision."),
    ("mix", "true", "The mixture of all starts is kept, each with the same share."),
    ("mix", "elbo", "The mixture of all starts is kept, with the shares of the largest ELBO."),
    ("batch", "all", "All training rows in each step."),
    ("warmup", "off", "The prior counts fully from the first step on."),
];

fn meaning(option: &FitOption, value: &str) -> Option<String> {
    let written = MEANINGS.iter().find(|(o, v, _)| *o == option.name && *v == value);
    if let Some((.., text)) = written {
        return Some((*text).to_owned());
    }
    let rewrite = rewrites::ALL.iter().find(|r| option.is_list() && r.name == value)?;
    Some(format!("{}.\nWhere: {}.\nCondition: {}.", rewrite.effect, rewrite.default, rewrite.condition))
}

/// `docs/functions.md`: tables, then the page of each function, option and value.
pub fn functions() -> String {
    let mut page = format!(
        "# Functions, layers and fit options\n\n\
         This page is written by a test from the tables in `src/check` and `src/layers`; \
         `bnnc explain NAME` prints one entry.\n\n\
         ## Functions\n\n{}\n## Layers\n\n{}\n## Options of the fit block\n\n{}",
        signatures::reference(),
        layers::reference(),
        settings::reference()
    );
    let mut section = |title: &str, words: Vec<&'static str>, of: &dyn Fn(&str) -> Option<String>| {
        page.push_str(&format!("\n## {title}\n"));
        for word in words {
            let text = of(word).unwrap_or_default();
            page.push_str(&format!("\n### {word}\n\n```text\n{text}\n```\n"));
        }
    };
    section("Each function", signatures::ALL.iter().map(|f| f.name).collect(), &function);
    section("Each layer", layers::ALL.iter().map(|l| l.name).collect(), &layer);
    section("Each option", settings::OPTIONS.iter().map(|o| o.name).collect(), &option);
    section("Methods, guides, rewrites and other values", values(), &value);
    section("Other words of the language", words::ALL.iter().map(|w| w.name).collect(), &words::page);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_an_option_says_what_it_means() {
        for (option, value) in settings::OPTIONS.iter().flat_map(|o| o.words.iter().map(move |w| (o, *w))) {
            let is_plain = matches!(value, "auto" | "false") && option.name != "guide";
            assert!(is_plain || meaning(option, value).is_some(), "{} = {value}", option.name);
        }
        for (option, value, _) in MEANINGS {
            let option = settings::find(option).expect("it is in the table");
            assert!(option.words.contains(value), "{value}");
        }
    }
}
