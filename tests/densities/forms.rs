//! Functions of the user, indices and alternatives: each spelling against one that says the same without it.

use crate::support::checked::analysed;
use bnnc::check::Context;
use bnnc::lower::{Parameterization, lower};
use bnnc::source::SourceFile;
use bnnc::tape::eval::{Inputs, evaluate};
use std::collections::BTreeMap;

/// The same few terms in another order.
const EXACT: f64 = 1e-13;

const HEADER: &str =
    "data \"rows.csv\" { x, y : real; school : factor; kind : class(\"u\", \"v\", \"w\"); place : count }\n";
const ROWS: &str = "x,y,school,kind,place\n0.3,1.2,b,u,2\n-1.1,0.4,a,w,1\n0.8,2.5,c,v,3\n2.1,-0.7,a,u,3\n";
const UNKNOWNS: &str = "a ~ Normal(0, 1)\nv[3] ~ Normal(0, 1)\nm[2, 3] ~ Normal(0, 1)\nt[school] ~ Normal(0, 1)\n\
                        e[school, 3] ~ Normal(0, 1)\nc[kind, school] ~ Normal(0, 1)\n";

/// What is said, and the same without the construct.
const SAME: &[(&str, &str)] = &[
    // functions
    ("f(p) = p^2 + 1\nmean = f(a)", "mean = a^2 + 1"),
    ("f(p, q) = p * q\nmean = f(a, x) + f(x, 2)", "mean = a * x + x * 2"),
    ("f(x) = x - 1\nmean = f(a) + x", "mean = a - 1 + x"),
    ("f(p) = p * x + a\nmean = f(v[1])", "mean = v[1] * x + a"),
    ("f(p) = g(p) + 1\ng(q) = exp(q)\nmean = f(g(a))", "mean = exp(exp(a)) + 1"),
    ("f(p) = dot(p, p) - p[2]\nmean = f(v)", "mean = dot(v, v) - v[2]"),
    ("f(p, k) = p[k]\nmean = f(t, school)", "mean = t[school]"),
    ("f(p) = softmax(p)\nmean = sum(f(v) * v)", "mean = sum(softmax(v) * v)"),
    ("f(p) = (p > 0) * p\nmean = f(x) * a", "mean = (x > 0) * x * a"),
    ("f(p) = standardize(p)\nmean = f(x) * a", "z = standardize(x)\nmean = z * a"),
    ("f(p) = [p, 1]\nmean = dot(f(x), f(a))", "mean = x * a + 1"),
    // indices
    ("mean = v[3]", "mean = dot(v, [0, 0, 1])"),
    ("mean = m[2, 1]", "mean = dot(m[2], [1, 0, 0])"),
    ("mean = sum(m[2])", "mean = m[2, 1] + m[2, 2] + m[2, 3]"),
    (
        "mean = t[school]",
        "mean = (school == \"a\") * t[1] + (school == \"b\") * t[2] + (school == \"c\") * t[3]",
    ),
    ("mean = t[\"b\"] * x", "mean = t[2] * x"),
    ("mean = e[school, 3]", "w = e[school]\nmean = w[3]"),
    ("mean = e[\"c\", 2]", "w = e[3]\nmean = w[2]"),
    ("mean = dot(e[school], [1, x, a])", "mean = e[school, 1] + e[school, 2] * x + e[school, 3] * a"),
    ("mean = c[kind, school]", "w = c[kind]\nmean = w[school]"),
    ("mean = c[\"w\", school]", "mean = c[3, school]"),
    ("mean = c[kind, \"a\"]", "mean = c[kind, 1]"),
    ("mean = v[place]", "mean = (place == 1) * v[1] + (place == 2) * v[2] + (place == 3) * v[3]"),
    ("mean = m[1, place]", "w = m[1]\nmean = w[place]"),
    ("mean = v[kind]", "mean = (kind == \"u\") * v[1] + (kind == \"v\") * v[2] + (kind == \"w\") * v[3]"),
    ("mean = [a, x, 2 * a][2]", "mean = x"),
    ("mean = [a, x, 2 * a][place]", "mean = (place == 1) * a + (place == 2) * x + (place == 3) * 2 * a"),
    ("mean = (v + t)[2]", "mean = v[2] + t[2]"),
    ("const k = 2\nmean = v[k] + v[k + 1]", "mean = v[2] + v[3]"),
    // blocks of layers with names of their own
    (
        "net g(p) { dense 2\nresidual { n = 2; s = exp(a); each layer { w ~ Normal(0, s) }\ndense (n) tanh } }\nmean = sum(g(x))",
        "net g(p) { dense 2\nresidual { dense 2 tanh { w ~ Normal(0, exp(a)) } } }\nmean = sum(g(x))",
    ),
    (
        "net g(p) { s = 3\nheads { s = 2; m: { each layer { w ~ Laplace(0, s) }\ndense 2; dense 1 }; o: dense 1 } }\nmean = g(x).m",
        "net g(p) { heads { m: { dense 2 { w ~ Laplace(0, 2) }\ndense 1 { w ~ Laplace(0, 2) } }; o: dense 1 } }\nmean = g(x).m",
    ),
    // points
    ("p ~ Point on (0, inf)\nmean = p * x", "p ~ Point(Flat on (0, inf))\nmean = p * x"),
    ("p ~ Point(Normal(0, 1)) on (0, 2)\nmean = p * x", "p ~ Point(Normal(0, 1) on (0, 2))\nmean = p * x"),
    ("mean = dot([school, x], [t[1], t[2], t[3], a])", "mean = t[school] + x * a"),
];

/// A model with alternatives, what is chosen, and the model without them.
type Chosen = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Alternatives in every place.
const CHOSEN: &[Chosen] = &[
    ("choose one { p: { mean = a * x }\nq: { mean = a } }", &[], "mean = a * x"),
    ("choose one { p: { mean = a * x }\nq: { mean = a } }", &[("one", "q")], "mean = a"),
    (
        "choose one {\np: { choose two { r: { b = 2 }\ns: { b ~ Normal(0, 1) } } }\nq: { b = 3 }\n}\nmean = a + b",
        &[("two", "s")],
        "b ~ Normal(0, 1)\nmean = a + b",
    ),
    (
        "choose one {\np: { choose two { r: { b = 2 }\ns: { b ~ Normal(0, 1) } } }\nq: { b = 3 }\n}\nmean = a + b",
        &[("one", "q"), ("two", "s")],
        "b = 3\nmean = a + b",
    ),
    // One choice uses what another declares; a name that only one alternative has.
    (
        "choose prior { wide: { b ~ Normal(0, s) }\nfixed: { b = 1 } }\nchoose scale { one: { s = 1 }\nfree: { s ~ HalfNormal(1) } }\n\
         mean = b * x",
        &[("scale", "free")],
        "s ~ HalfNormal(1)\nb ~ Normal(0, s)\nmean = b * x",
    ),
    (
        "choose prior { wide: { only ~ Normal(0, 1); b = only^2 }\nfixed: { b = 1 } }\nmean = b * x",
        &[("prior", "fixed")],
        "mean = 1 * x",
    ),
    // Where functions, nets and likelihoods stand.
    (
        "choose form { line: { f(p) = p * a }\nwave: { f(p) = sin(p) } }\nmean = f(x)",
        &[("form", "wave")],
        "mean = sin(x)",
    ),
    (
        "net g(p) {\nchoose width { small: { dense 1 }\nlarge: { dense 2 tanh\ndense 1 } }\n}\nmean = g(x)",
        &[("width", "large")],
        "net g(p) { dense 2 tanh; dense 1 }\nmean = g(x)",
    ),
    (
        "net g(p) {\neach layer { choose prior { n: { w ~ Normal(0, 1) }\nl: { w ~ Laplace(0, s); s ~ HalfNormal(1) } } }\ndense 1\n}\n\
         mean = g(x)",
        &[("prior", "l")],
        "net g(p) { each layer { w ~ Laplace(0, s); s ~ HalfNormal(1) }\ndense 1 }\nmean = g(x)",
    ),
];

/// The log joint at a generic point, which depends on the names of the unknowns only.
fn log_joint(text: &str, choices: &[(&str, &str)]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rows.csv"), ROWS).expect("written");
    let source = SourceFile::new("model.bnn", format!("{HEADER}{UNKNOWNS}{text}\ny ~ Normal(mean, 1)\n"));
    let choices = choices.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned())).collect();
    let context = Context { choices, ..Context::default() };
    let analysis = analysed(&source, &folder.path().to_string_lossy(), &context);
    let errors: Vec<_> =
        analysis.findings.0.iter().filter(|d| d.level() == bnnc::diagnostic::Level::Error).collect();
    assert!(errors.is_empty(), "{text}: {errors:?}");
    let (Some(mut model), Some((_, data))) = (analysis.model, analysis.data) else { panic!("{text}") };
    bnnc::compile::resolve(&mut model, &data).expect("statistics of four rows");
    let joint = lower(&model, &Parameterization::default());
    let mut u = vec![0.0; joint.dim];
    for latent in &joint.latents {
        let name = &model.unknown(latent.unknown).name;
        let sum: u32 = name.bytes().map(u32::from).sum();
        for i in 0..latent.len {
            u[latent.start + i] = (f64::from(sum) * 0.37 + i as f64 * 1.3).sin();
        }
    }
    let mut columns = BTreeMap::new();
    for (i, column) in data.columns.iter().enumerate() {
        let rows = (0..data.rows).map(|r| (0..column.width()).map(|k| column.get(r, k)).collect()).collect();
        columns.insert(i as u32, rows);
    }
    let inputs = Inputs { inputs: [("u".to_owned(), u)].into(), columns, ..Inputs::default() };
    let values = evaluate(&joint.tape, &inputs, data.rows);
    values[joint.tape.output("log_joint").expect("always there").0 as usize].number()
}

#[test]
fn spellings_that_say_the_same_have_the_same_density() {
    for (said, same) in SAME {
        let (a, b) = (log_joint(said, &[]), log_joint(same, &[]));
        assert!((a - b).abs() <= EXACT * (1.0 + b.abs()), "{said}: {a}\n{same}: {b}");
    }
}

#[test]
fn a_choice_is_the_model_that_has_it_written_out() {
    for (text, choices, same) in CHOSEN {
        let (a, b) = (log_joint(text, choices), log_joint(same, &[]));
        assert!((a - b).abs() <= EXACT * (1.0 + b.abs()), "{text} {choices:?}: {a}\n{same}: {b}");
    }
}
