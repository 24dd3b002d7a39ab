//! Options without effect (O007), judged by what fits really do: an option that is said to have none changes no number
//! of a run, and one that changes none is said to have none.
//!
//! The loop is over the table of options, every method and a few models, one for each path of a fit.

use super::set;
use bnnc::check::settings::{self, FitOption, Needs};
use bnnc::compile::{Options, Session, fit};
use bnnc::diagnostic::Level;
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{Run, TensorValues};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

/// Of numbers that are sums of the same terms in another order.
const ROUNDING: f64 = 1e-9;

/// Few draws everywhere, so that a fit takes no time.
const SHORT: &str = "steps = 20; chains = 2; samples = 12; tune = 12; predict_draws = 8";

const HIERARCHY: &str = "data \"d.csv\" { x : real; k : class(2); g : factor }\n\
    s ~ HalfNormal(1)\nm[g] ~ Normal(0, s)\nb ~ StudentT(4, 0, 1)\nk ~ Bernoulli(logit = m[g] + b * x)\n";
const NUMBERS: &str = "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\nc ~ Normal(0, 1)\ns ~ HalfNormal(1)\n\
    y ~ Normal(b * x + c, s)\n";
const NET: &str = "data \"d.csv\" { x : real; k : class(2) }\n\
    net f(x) { each layer { w ~ Normal(0, s); b ~ Normal(0, 1); s ~ HalfNormal(1) }; dense 2 tanh; dense 2 }\n\
    k ~ Categorical(logits = f([x]))\n";

/// A name, a model and what its fit block says beside [`SHORT`].
const MODELS: &[(&str, &str, &str)] = &[
    ("numbers", NUMBERS, ""),
    ("low rank", NUMBERS, "guide = lowrank"),
    ("ladder", NUMBERS, "guide = ladder"),
    ("batches", NUMBERS, "batch = 8"),
    // As many starts as make it unlikely that the first one is the best, whatever the last bits of a sum are.
    ("small net", NET, "restarts = 8"),
    ("batches of a net", NET, "batch = 8"),
    ("hierarchy", HIERARCHY, ""),
];

fn rows() -> String {
    let row = |i: usize| {
        let x = ((7 * i) % 13) as f64 / 6.0 - 1.0;
        let y = 0.8 * x + ((5 * i) % 11) as f64 / 10.0;
        format!("{x},{y},{},{}\n", usize::from(y + 0.3 * x > 0.5), ["a", "b", "c"][i % 3])
    };
    "x,y,k,g\n".to_owned() + &(0..24).map(row).collect::<String>()
}

/// Values that ask for something else than the default, in the words of a command line.
fn values(option: &FitOption, model: &str) -> Vec<String> {
    let numbers = option.number.map_or(vec![], |n| match n.whole {
        true => vec![n.least, n.least + 2.0],
        false => vec![n.least + 0.6],
    });
    let is_list = option.default == "[]";
    let words = option.words.iter().filter(|w| **w != option.default && **w != "auto");
    let words = words.map(|w| if is_list { format!("[{w}]") } else { (*w).to_owned() });
    let named = (option.name == "correlate").then(|| if model.contains("net f") { "[f.2]" } else { "[b]" });
    words.chain(numbers.iter().map(f64::to_string)).chain(named.map(str::to_owned)).collect()
}

/// All numbers that a run hands on.
fn numbers(run: &Run) -> Vec<f64> {
    let mut all = vec![];
    for tensor in &run.tensors {
        match &tensor.values {
            TensorValues::F32(values) => all.extend(values.iter().map(|v| f64::from(*v))),
            TensorValues::F64(values) => all.extend(values),
        }
    }
    all.extend(run.summary.iter().flat_map(|r| [r.mean, r.sd, r.q05, r.q50, r.q95]));
    of_json(&run.metrics.to_json(), &mut all);
    all
}

fn of_json(value: &Value, all: &mut Vec<f64>) {
    match value {
        Value::Object(parts) => {
            parts.iter().filter(|(n, _)| *n != "seconds").for_each(|(_, v)| of_json(v, all))
        }
        Value::Array(parts) => parts.iter().for_each(|v| of_json(v, all)),
        Value::Number(number) => all.extend(number.as_f64()),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn are_equal(a: &Run, b: &Run) -> bool {
    let (a, b) = (numbers(a), numbers(b));
    let same =
        |(a, b): (&f64, &f64)| (a - b).abs() <= ROUNDING * (1.0 + a.abs()) || (a.is_nan() && b.is_nan());
    a.len() == b.len() && a.iter().zip(&b).all(same)
}

/// What became of an option under a method, over all models and values.
#[derive(Default)]
struct Seen {
    /// Whether it changed a fit.
    acts: bool,
    /// Fits that it did not change, where nobody said so.
    silent: Vec<String>,
    /// Reasons that were given for having no effect; each is tried once.
    reasons: Vec<String>,
}

/// All options under one method.
fn complaints_of(method: &str, folder: &Path) -> Vec<String> {
    let mut complaints = vec![];
    let mut all: BTreeMap<&str, Seen> = BTreeMap::new();
    let path = folder.join(format!("{method}.bnn"));
    for (name, model, extra) in MODELS {
        std::fs::write(&path, format!("{model}fit {{ {SHORT}; {extra} }}\n")).expect("written");
        let with = |more: &[(&str, &str)]| {
            let options = Options { method: Some(method.to_owned()), threads: Some(1), ..set(more) };
            Session::open(&path, options).expect("it was written")
        };
        let plain = [OnceCell::new(), OnceCell::new()];
        // A length in epochs replaces that of the file.
        let plain = |is_in_epochs: bool| {
            let length = if is_in_epochs { "auto" } else { "20" };
            let fit = || fit(&with(&[("steps", length)]), &mut Silent).expect("it can be fitted");
            plain[usize::from(is_in_epochs)].get_or_init(fit)
        };
        let is_same = |set: &[(&str, &str)]| {
            let is_in_epochs = set.iter().any(|(option, _)| *option == "epochs");
            let run = fit(&with(set), &mut Silent).ok()?;
            Some(are_equal(plain(is_in_epochs), &run))
        };
        // An option, its value, and whether it must be set alone.
        let mut idle: Vec<(&str, String, bool)> = vec![];
        for option in settings::OPTIONS.iter().filter(|o| o.needs != Needs::Nothing) {
            let seen = all.entry(option.name).or_default();
            for value in values(option, model) {
                let found = with(&[(option.name, &value)]).check();
                let named = format!("`{}", option.name);
                let told = found.0.iter().find(|d| d.code.id() == "O007" && d.message.starts_with(&named));
                let what = format!("{name}, {method}, {} = {value}", option.name);
                let Some(told) = told else {
                    match if seen.acts { None } else { is_same(&[(option.name, &value)]) } {
                        Some(true) => seen.silent.push(what),
                        Some(false) => seen.acts = true,
                        // What is refused is answered.
                        None => {}
                    }
                    continue;
                };
                if told.level() != Level::Warning {
                    complaints.push(format!("{what}: it was set beside the method, so it is a warning"));
                }
                let reason = told.message.split_once("has no effect").map_or("", |(_, why)| why);
                let reason = reason.split(',').next().unwrap_or(reason);
                // Draws of the guide alone act on where chains begin.
                if !reason.contains("the chains") && !seen.reasons.iter().any(|r| r == reason) {
                    seen.reasons.push(reason.to_owned());
                    idle.push((option.name, value, reason.contains("only where")));
                }
            }
        }
        // Together they have no effect either; lists are joined, and a length in epochs is set alone, as is what would be
        // asked for and left out at once.
        let mut together: BTreeMap<&str, String> = BTreeMap::new();
        let is_alone = |(option, _, is_opt_in): &&(&str, String, bool)| *option == "epochs" || *is_opt_in;
        for (option, value, _) in idle.iter().filter(|i| !is_alone(i)) {
            let joined = together.get(option).map(|all| format!("{all}, {value}").replace("], [", ", "));
            together.insert(option, joined.unwrap_or_else(|| value.clone()));
        }
        let together: Vec<(&str, &str)> = together.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let alone = idle.iter().filter(is_alone).map(|(n, v, _)| vec![(*n, v.as_str())]);
        for set in alone.chain([together]).filter(|set| !set.is_empty()) {
            if is_same(&set) != Some(true) {
                complaints
                    .push(format!("{name}, {method}: said to have no effect, but together they do: {set:?}"));
            }
        }
    }
    for (option, seen) in all.into_iter().filter(|(_, seen)| !seen.acts && !seen.silent.is_empty()) {
        let silent = seen.silent.join("; ");
        complaints.push(format!("`{option}` changes nothing under {method}, and nobody says so: {silent}"));
    }
    complaints
}

#[test]
fn an_option_has_an_effect_or_is_said_to_have_none() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("d.csv"), rows()).expect("written");
    let methods = settings::find("method").expect("in the table").words;
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let folder = folder.path();
        let of = |method: &&'static str| {
            let method = *method;
            scope.spawn(move || complaints_of(method, folder))
        };
        let all: Vec<_> = methods.iter().map(of).collect();
        all.into_iter().flat_map(|one| one.join().expect("no method panics")).collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
