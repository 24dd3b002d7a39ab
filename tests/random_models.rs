//! Random well-typed models: what `check` accepts compiles, differentiates, steps and can be saved and read again.
//!
//! A model is written from a list of random bytes, each of which decides one thing, so that a failing list shrinks to
//! a short model. A fit that diverges is no contradiction; a finding of `check` or of the compiler is.

use bnnc::compile::{Options, Session, Stage, fit};
use bnnc::diagnostic::Level;
use bnnc::infer::progress::Silent;
use bnnc::run_folder;
use bnnc::source::SourceFile;
use bnnc::syntax::{format::format, parse};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Models in an ordinary test run, and in the slow one.
const FEW: u32 = 24;
const MANY: u32 = 1_000;

/// What many models came to, from the root of the repository.
const PAGE: &str = "docs/random-models.md";

/// What the generator writes, as it stands in a model.
const CONSTRUCTS: &[&str] = &[
    "net f",
    "layernorm",
    "residual",
    "concat",
    "[inputs]",
    "[g] ~",
    "[k]",
    "Uniform(",
    "where k",
    "take 5",
    "Beta(2, 2)",
    "standardize(p)",
    "on (0, inf)",
    "Categorical",
    "Poisson",
    "LogNormal",
    "report r1",
    "softmax",
    "q0(",
    "last 4",
    "[g, 2] ~",
    "[g, c] ~",
    "[d]",
    "* u",
    "corr_chol",
    "RandomWalk",
    ") ordered",
    "Uniform(-1, 1) ordered",
    "Mixture([0.3",
    "Mixture([0.4",
    "Delta(0)",
    "choose",
    "- 1, inf)",
    "Dirichlet",
    "Posterior",
    "(one, two)",
    "missing = predict",
    "censored by b",
    "censored by (r",
    "weighted by",
    "chol = [[",
    "OrderedLogistic",
    "heads {",
    ".noise",
    "skip: residual",
    "only positive",
];

#[test]
fn random_models_run() {
    println!("{}", try_models(FEW, "map"));
}

#[test]
#[ignore = "slow: a thousand models; run with --ignored"]
fn many_random_models_run() {
    let counts = try_models(MANY, "map");
    println!("{counts}");
    if std::env::var_os("BNNC_WRITE_PAGES").is_some() {
        let page = format!(
            "# What `check` accepts, `fit` runs\n\n\
             Well-typed models, made at random by `tests/random_models.rs`, are checked, compiled, differentiated, stepped \
             three times, saved, and read again.\n\
             A finding of any stage, or a panic, would be a contradiction; a fit that diverges is none.\n\
             Written by `BNNC_WRITE_PAGES=1 cargo test --release --test suite -- --ignored many_random_models_run`.\n\n\
             {} models without a contradiction, {} diverged.\n\n\
             | what the models hold | models |\n|---|---|\n{}",
            counts.models,
            counts.diverged,
            counts
                .with
                .iter()
                .map(|(what, n)| format!("| `{}` | {n} |\n", what.replace('|', "\\|")))
                .collect::<String>()
        );
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        std::fs::write(path, page).expect("the docs folder can be written");
    }
}

#[test]
#[ignore = "slow: each ELBO is evaluated; run with --ignored"]
fn random_models_have_elbos() {
    println!("{}", try_models(200, "advi"));
}

fn try_models(cases: u32, method: &str) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), rows()).unwrap();
    let old = earlier_run(folder.path());
    let counts = RefCell::new(Counts::default());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    // A fixed generator: the same models on every machine.
    let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let bytes = prop::collection::vec(any::<u8>(), 30..120);
    runner
        .run(&bytes, |bytes| {
            let text = Writer::model(&bytes).replace("OLD", &old);
            let ran = run_one(folder.path(), &text, method);
            counts.borrow_mut().add(&text, ran.as_ref().ok());
            ran.map(|_| ()).map_err(|why| TestCaseError::fail(format!("{why}\n{text}")))
        })
        .unwrap();
    counts.into_inner()
}

/// What was tried, for a person who runs this with `--nocapture`.
#[derive(Default)]
struct Counts {
    models: usize,
    diverged: usize,
    with: BTreeMap<&'static str, usize>,
}

impl Counts {
    fn add(&mut self, text: &str, ran: Option<&Ran>) {
        self.models += 1;
        self.diverged += usize::from(ran == Some(&Ran::Diverged));
        for construct in CONSTRUCTS.iter().filter(|c| text.contains(**c)) {
            *self.with.entry(construct).or_default() += 1;
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} models without a contradiction, {} diverged; with", self.models, self.diverged)?;
        self.with.iter().try_for_each(|(construct, count)| writeln!(f, "{count:6}  {construct}"))
    }
}

/// How a model ran that is no contradiction.
#[derive(PartialEq)]
enum Ran {
    Saved,
    Diverged,
}

/// A run whose posterior some models take as a prior; its folder.
fn earlier_run(folder: &Path) -> String {
    let path = folder.join("old.bnn");
    let text = "data \"data.csv\" { x, z : real }\na ~ Normal(0, 1)\nz ~ Normal(a * x, 1)\n";
    std::fs::write(&path, text).expect("written");
    let options = Options { steps: Some(50), threads: Some(1), ..Options::default() };
    let session = Session::open(&path, options).expect("it is there");
    let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    let out = folder.join("old");
    run_folder::write(&out, &run, &[], false).expect("written");
    out.to_string_lossy().into_owned()
}

fn run_one(folder: &Path, text: &str, method: &str) -> Result<Ran, String> {
    let path = folder.join("model.bnn");
    std::fs::write(&path, text).map_err(|e| e.to_string())?;
    let set = vec![("predict_draws".to_owned(), "4".to_owned())];
    let options = Options {
        set,
        steps: Some(3),
        method: Some(method.to_owned()),
        threads: Some(1),
        ..Options::default()
    };
    let session = Session::open(&path, options).map_err(|d| format!("{d:?}"))?;
    let found = session.check();
    if let Some(d) = found.0.iter().find(|d| d.level() == Level::Error) {
        return Err(format!("check: {} {}", d.code.id(), d.message));
    }
    session.emit(Stage::Plan).map_err(|d| format!("plan: {d:?}"))?;
    let run = match fit(&session, &mut Silent) {
        Ok(run) => run,
        Err(failure) if failure.exit == 3 => return Ok(Ran::Diverged),
        Err(failure) => return Err(format!("fit: {:?}", failure.diagnostics)),
    };
    let out = folder.join("run");
    let _ = std::fs::remove_dir_all(&out);
    run_folder::write(&out, &run, &[], false).map_err(|fault| format!("save: {fault}"))?;
    let read = run_folder::read(&out).map_err(|fault| format!("read: {fault}"))?;
    if read.tensors.len() != run.tensors.len() || read.predictions.len() != run.predictions.len() {
        return Err("the folder holds less than the run".into());
    }
    Ok(Ran::Saved)
}

fn rows() -> String {
    let row = |i: usize| {
        let x = (i as f64 * 1.7).sin();
        let z = (i as f64 * 0.9).cos() * 2.0;
        let label = ["a", "b", "c"][i % 3];
        let r = z + 0.1 * x;
        let missing = if i % 6 == 5 { "NA".to_owned() } else { format!("{r:.3}") };
        format!(
            "{x:.3},{z:.3},{:.3},{},{},{label},{},{},{},{},{},{r:.3},{missing},{:.3},{},{:.3},{:.3}\n",
            0.5 + x * x,
            i % 4 + 1,
            i % 5,
            ["u", "v"][i * 7 / 3 % 2],
            ["0.3", "-1", "0.8"][i % 3],
            ["p", "q", "p"][i % 3],
            usize::from(i.is_multiple_of(5)),
            1 + i % 3,
            r + if i.is_multiple_of(4) { 0.5 } else { 0.0 },
            ["lo", "mid", "hi"][i * 5 / 2 % 3],
            r * 0.5,
            x - r
        )
    };
    format!("x,z,p,k,n,g,c,u,d,b,w,r,m,top,o,v1,v2\n{}", (0..16).map(row).collect::<String>())
}

/// Writes a model, one decision a byte; when the bytes are used up the simplest choice is taken.
struct Writer<'b> {
    bytes: std::slice::Iter<'b, u8>,
    text: String,
    /// Expressions per row, and those that are one for the model.
    row: Vec<String>,
    global: Vec<String>,
    positive: Vec<String>,
}

impl Writer<'_> {
    fn model(bytes: &[u8]) -> String {
        let mut w = Writer {
            bytes: bytes.iter(),
            text: String::new(),
            row: ["x", "z", "standardize(x)", "log(p)", "(g == \"a\")"].map(str::to_owned).to_vec(),
            global: ["0.5", "mean(x)", "-1"].map(str::to_owned).to_vec(),
            positive: ["1", "0.7", "sd(z)", "2"].map(str::to_owned).to_vec(),
        };
        let split = ["", "; split valid = 0.25", "; split valid = last 4"][w.pick(3)];
        let rows = ["", "; where k < 4", "; take 5 per g"][w.pick(3)];
        let has_missing = w.pick(6) == 0;
        let missing = if has_missing { "; m : real; missing = predict" } else { "" };
        let _ = writeln!(
            w.text,
            "data \"data.csv\" {{ x, z, u, r, top : real; p, w : positive; k, n : count; g, d : factor; c : class; b : bool; \
             o : class(\"lo\", \"mid\", \"hi\"); v : real[2]{missing}{split}{rows} }}"
        );
        if w.pick(16) == 0 && !has_missing {
            w.only_positive();
            return w.text;
        }
        for i in 0..w.pick(6) {
            w.declaration(i);
        }
        if w.pick(3) == 0 {
            w.net();
        }
        w.likelihood(has_missing);
        if w.pick(3) == 0 {
            let (row, global) = (w.of_row(2), w.of_global(2));
            let _ = writeln!(w.text, "report r1 = {row}\nreport r2 = {global}");
        }
        w.text
    }

    fn pick(&mut self, below: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % below
    }

    fn one_of(&mut self, all: &[String]) -> String {
        let i = self.pick(all.len());
        all[i].clone()
    }

    fn declaration(&mut self, i: usize) {
        let (at, scale) = (self.of_global(1), self.of_positive(1));
        match self.pick(21) {
            0 => self.unknown(&format!("a{i}"), &format!("Normal({at}, {scale})")),
            1 => {
                let prior = ["HalfNormal", "HalfCauchy"][self.pick(2)];
                let _ = writeln!(self.text, "s{i} ~ {prior}({scale})");
                self.positive.push(format!("s{i}"));
            }
            2 => {
                let _ = writeln!(self.text, "v{i}[3] ~ StudentT(4, {at}, {scale})");
                self.global.push(format!("v{i}[2]"));
                self.row.push(format!("dot(v{i}, [x, z, x * z])"));
            }
            3 => {
                let _ = writeln!(self.text, "t{i}[g] ~ Normal({at}, {scale})");
                self.row.push(format!("t{i}[g]"));
                self.global.push(format!("t{i}[\"b\"]"));
            }
            4 => self.unknown(&format!("u{i}"), &format!("Uniform({at} - 1, {at} + {scale})")),
            5 => {
                let value = self.of_row(2);
                let _ = writeln!(self.text, "d{i} = {value}");
                self.row.push(format!("d{i}"));
            }
            6 => {
                let _ = writeln!(self.text, "q{i}(e) = tanh(e) * {scale}");
                let value = self.of_row(1);
                self.row.push(format!("q{i}({value})"));
            }
            7 => {
                let _ = writeln!(self.text, "b{i} ~ Beta(2, 2)\nm{i}[4] ~ Normal(0, b{i})");
                self.global.push(format!("b{i}"));
                self.row.push(format!("m{i}[k]"));
            }
            other => self.later_declaration(i, other, &at, &scale),
        }
    }

    /// Copies along factors with priors of their own, vectors, suffixes, alternatives.
    fn later_declaration(&mut self, i: usize, which: usize, at: &str, scale: &str) {
        let (lines, row) = match which {
            8 => (format!("t{i}[g, 2] ~ Normal([{at}, 0], {scale})"), format!("dot(t{i}[g], [1, x])")),
            9 => (format!("t{i}[g] ~ Normal({at} + 0.5 * u, {scale})"), format!("t{i}[g]")),
            10 => (
                format!("e{i}[d] ~ Normal(0, {scale})\nt{i}[g, 2] ~ Normal(e{i}[d] * [1, u], 0.5)"),
                format!("t{i}[g, 2]"),
            ),
            11 => (format!("t{i}[g, c] ~ Laplace({at}, {scale})"), format!("t{i}[g, c]")),
            12 => (
                format!(
                    "L{i}[2] ~ LKJCholesky(eta = 2)\nt{i}[g] ~ MvNormal([{at}, 0.5 * u], sd = {scale}, corr_chol = L{i})"
                ),
                format!("t{i}[g, 2] * x"),
            ),
            13 => (format!("l{i}[k] ~ RandomWalk({scale})"), format!("l{i}[k]")),
            14 => (format!("o{i}[2] ~ Normal({at}, {scale}) ordered"), format!("o{i}[1] * x")),
            15 => (format!("o{i}[2] ~ Uniform(-1, 1) ordered"), format!("(o{i}[2] - x)")),
            16 => (
                format!("x{i} ~ Mixture([0.3, 0.7], Normal({at}, 1), StudentT(5, 0, {scale}))"),
                format!("x{i} * z"),
            ),
            17 => (
                format!(
                    "choose ch{i} {{\none: {{ y{i} ~ Normal({at}, 1) }}\ntwo: {{\nchoose in{i} {{\nhere: {{ y{i} = 0.3 }}\n\
                     there: {{ s{i} ~ HalfNormal(1); y{i} ~ Normal(0, s{i}) }}\n}}\n}}\n}}"
                ),
                format!("(x + y{i})"),
            ),
            18 => (format!("t{i} ~ Normal({at}, {scale}) on ({at} - 1, inf)"), format!("t{i} * x")),
            19 => (format!("w{i}[3] ~ Dirichlet(1)"), format!("sum(w{i} * [x, z, 1])")),
            _ if !self.text.contains("OLD") => ("a ~ Posterior(\"OLD\", widen = 2)".into(), "a * x".into()),
            _ => (format!("h{i}(one, two) = one * tanh(two) + max(one, 0)"), format!("h{i}(x, z)")),
        };
        self.text += &lines;
        self.text.push('\n');
        self.row.push(row);
    }

    fn unknown(&mut self, name: &str, prior: &str) {
        let _ = writeln!(self.text, "{name} ~ {prior}");
        self.global.push(name.to_owned());
        self.row.push(format!("{name} * x"));
    }

    fn net(&mut self) {
        let activation = ["tanh", "relu", "softplus", "gelu"][self.pick(4)];
        let prior = [
            "w ~ Normal(0, s); s ~ HalfNormal(1)",
            "w ~ Normal(0, s); s[inputs] ~ InvGamma(2, 1)",
            "b ~ Laplace(0, 1)",
        ][self.pick(3)];
        let middle = [
            "",
            "layernorm\n",
            "residual { dense 3 tanh }\n",
            "concat { dense 2 }\n",
            "skip: residual { t ~ HalfNormal(1)\neach layer { w ~ Normal(0, t) }\ndense 3 tanh }\n",
        ][self.pick(5)];
        let (a, b) = (self.of_row(1), self.of_row(1));
        if self.pick(4) == 0 {
            let _ = writeln!(
                self.text,
                "net f(v) {{\neach layer {{ {prior} }}\ndense 3 {activation}\n{middle}\
                 heads {{ mean: dense 1; noise: dense 1 softplus {{ w ~ Normal(0, 0.1) }} }}\n}}\n\
                 fx = f([{a}, {b}])"
            );
            self.row.push("(fx.mean + fx.noise)".to_owned());
            return;
        }
        let _ = writeln!(
            self.text,
            "net place(v) {{ embed 2 }}\nnet f(v, w) {{\neach layer {{ {prior} }}\ndense 3 {activation}\n{middle}dense 1\n}}\n\
             fx = f([{a}, {b}], place(g))"
        );
        self.row.push("fx".to_owned());
    }

    /// Unknowns that are positive scalars and nothing else.
    fn only_positive(&mut self) {
        let _ = writeln!(self.text, "# only positive\ns0 ~ HalfNormal(1)");
        let others = self.pick(3);
        for i in 1..=others {
            let prior =
                ["HalfCauchy(1)", "InvGamma(2, 1)", "LogNormal(0, 1)", "Gamma(2, rate = s0)"][self.pick(4)];
            let _ = writeln!(self.text, "s{i} ~ {prior}\nt{i} = s0 * s{i}");
        }
        let scale = if others == 0 { "s0".to_owned() } else { format!("t{others}") };
        let line =
            ["z ~ Normal(0, $)", "p ~ Exponential(rate = $)", "n ~ Poisson($)", "r ~ StudentT(4, x, $)"]
                [self.pick(4)];
        let _ = writeln!(self.text, "{}", line.replace('$', &scale));
    }

    /// A real expression per row.
    fn of_row(&mut self, depth: usize) -> String {
        if depth == 0 {
            let all = self.row.clone();
            return self.one_of(&all);
        }
        let (a, b) = (self.of_row(depth - 1), self.of_row(depth - 1));
        match self.pick(7) {
            0 => a,
            1 => format!("({a} + {b})"),
            2 => format!("({a} - {b})"),
            3 => format!("({a} * {b})"),
            4 => format!("sin({a})"),
            5 => format!("({a} / (1 + square({b})))"),
            _ => format!("sum([{a}, {b}] * softmax([{b}, 0.5]))"),
        }
    }

    /// A real expression that is one for the model.
    fn of_global(&mut self, depth: usize) -> String {
        let all = self.global.clone();
        let (a, b) = (self.one_of(&all), self.one_of(&all));
        match if depth == 0 { 0 } else { self.pick(4) } {
            0 | 1 => a,
            2 => format!("({a} + 0.5 * {b})"),
            _ => format!("tanh({a})"),
        }
    }

    fn of_positive(&mut self, depth: usize) -> String {
        let all = self.positive.clone();
        let a = self.one_of(&all);
        match if depth == 0 { 0 } else { self.pick(4) } {
            0 | 1 => a,
            2 => {
                let b = self.of_global(0);
                format!("({a} + exp({b}))")
            }
            _ => format!("sqrt({a})"),
        }
    }

    fn likelihood(&mut self, has_missing: bool) {
        let (mean, scale) = (self.of_row(2), self.of_positive(1));
        let line = match self.pick(15) {
            _ if has_missing => format!("m ~ StudentT(5, {mean}, {scale})"),
            0 => format!("p ~ LogNormal({mean}, {scale})"),
            1 => format!("p ~ Gamma({scale}, rate = exp(tanh({mean})))"),
            2 => format!("n ~ Poisson(log_rate = tanh({mean}))"),
            3 => format!("c ~ Bernoulli(logit = {mean})"),
            4 => format!("c ~ Categorical(logits = [{mean}, 0])"),
            5 => format!("y = standardize(p)\ny ~ StudentT(5, {mean}, {scale})"),
            6 => format!("n ~ NegBinomial(log_mean = tanh({mean}), shape = {scale})"),
            7 => format!("p ~ Normal({mean}, {scale}) on (0, inf)"),
            8 => format!("p ~ Weibull(shape = {scale}, scale = exp(tanh({mean}))) censored by b"),
            9 => format!("r ~ Normal({mean}, {scale}) weighted by w"),
            10 => format!("r ~ Mixture([0.4, 0.6], Normal({mean}, 1), Normal(0, {scale}))"),
            11 => format!("n ~ Mixture([0.2, 0.8], Delta(0), Poisson(exp(tanh({mean}))))"),
            12 => format!("v ~ MvNormal([{mean}, 0], chol = [[1, 0], [0.3, {scale}]])"),
            13 => format!("cuts[2] ~ Normal(0, 3) ordered\no ~ OrderedLogistic(score = {mean}, cuts = cuts)"),
            _ => format!("r ~ Logistic({mean}, {scale}) censored by (r, top)"),
        };
        self.text += &line;
        self.text.push('\n');
    }
}

/// The models would prove little if they were all alike.
#[test]
fn the_generator_writes_every_construct() {
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 30..120);
    let models: Vec<String> = (0..600)
        .map(|_| Writer::model(&bytes.new_tree(&mut runner).expect("a list of bytes").current()))
        .collect();
    for construct in CONSTRUCTS {
        let count = models.iter().filter(|m| m.contains(construct)).count();
        assert!(count >= 3, "{construct} stands in {count} of {} models", models.len());
    }
}

/// `bnnc fmt` on models that nobody wrote, with a comment at the end of every line and, every third line, alone on one.
#[test]
fn a_layout_changes_no_random_model() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), rows()).unwrap();
    let old = earlier_run(folder.path());
    let mut runner = TestRunner::deterministic();
    let bytes = prop::collection::vec(any::<u8>(), 30..120);
    let model = |text: &str| {
        let path = folder.path().join("model.bnn");
        Session::of(&path, text.to_owned(), Options::default()).emit(Stage::Model)
    };
    for _ in 0..60 {
        let text = Writer::model(&bytes.new_tree(&mut runner).expect("a list of bytes").current());
        let commented =
            text.replace("OLD", &old).lines().enumerate().fold(String::new(), |all, (i, line)| {
                let alone = if i % 3 == 0 { format!("# alone {i}\n") } else { String::new() };
                format!("{all}{alone}{line}   # at the end of {i}\n")
            });
        let source = SourceFile::new("model.bnn", commented.as_str());
        let tree = parse(&source).unwrap_or_else(|e| panic!("{e:?}\n{commented}"));
        let after = format(&source, &tree);
        let again = SourceFile::new("model.bnn", after.as_str());
        let tree = parse(&again).unwrap_or_else(|e| panic!("{e:?}\n{after}"));
        assert_eq!(format(&again, &tree), after, "not laid out once and for all");
        for line in commented.lines() {
            let (_, comment) = line.split_once('#').expect("every line has one");
            assert!(after.contains(&format!("#{comment}")), "#{comment} is lost in\n{after}");
        }
        let (before, now) = (model(&commented), model(&after));
        assert_eq!(before.ok(), now.ok(), "{commented}\n{after}");
    }
}
