//! Priors of copies along factors against the same models with every copy written out as an unknown of its own.
//!
//! `theta[school] ~ Normal(g * income, 1)` is `theta__0 ~ Normal(g * 2.5, 1)`, `theta__1 ~ …`, one for each school, and
//! `theta[school]` is `(school == "a") * theta__0 + …`. Value and gradient of the log joint must agree, centred and not,
//! and the gradient with central differences.

use crate::support::checked::loaded;
use bnnc::compile::resolve;
use bnnc::infer::draws::Joint;
use bnnc::infer::journal::Journal;
use bnnc::infer::problem::{GiveUp, Problem, Rows};
use bnnc::infer::settings::Settings;
use bnnc::lower::{Parameterization, lower};
use bnnc::model::UnknownId;
use bnnc::source::SourceFile;
use std::collections::BTreeMap;

/// Sums of some thirty terms in another order.
const EXACT: f64 = 1e-11;
/// Central differences with step 1e-5 of sums of about 100: rounding 1e-9, truncation less.
const DIFFERENCES: f64 = 2e-7;

/// Schools a, b, c lie in the districts p, q, p and have incomes and pairs of numbers; four of six cells of school and
/// kind have rows.
const ROWS: &str = "y,x,income,size,school,district,kind,place,m1,m2
4.5,0.3,2,1.5,b,q,u,2,0.3,0.9
0.5,-1.2,-1,2.5,a,p,u,1,-0.2,0.4
1.5,0.8,-1,2.5,a,p,v,1,-0.2,0.4
3,2,0.5,0.7,c,p,v,2,1.1,-0.6
5,0.1,2,1.5,b,q,u,2,0.3,0.9
1,-0.4,0.5,0.7,c,p,v,2,1.1,-0.6
";
const INCOME: [&str; 3] = ["-1", "2", "0.5"];
const SIZE: [&str; 3] = ["2.5", "1.5", "0.7"];
const DISTRICT: [usize; 3] = [0, 1, 0];
const PAIR: [&str; 3] = ["[-0.2, 0.4]", "[0.3, 0.9]", "[1.1, -0.6]"];
const PLACE: [usize; 3] = [1, 2, 2];
const HEADER: &str = "data \"rows.csv\" { y, x, income : real; size : positive; school, district, kind : factor; place : count; m : real[2] }\n";

/// A prior of `t` with copies, and that of one copy in the place of `(school, kind)`.
struct Case {
    /// other unknowns
    rest: &'static str,
    /// `t[school] ~ Normal(…)`
    with_copies: &'static str,
    /// how many cells: 3 schools, or 6 of school and kind
    cells: usize,
    /// what follows the name of one copy
    one: fn(usize) -> String,
    /// what a row adds to the mean, of the copy `T`
    row: &'static str,
    /// unknowns to write as standard ones too
    has_standard_form: bool,
}

const CASES: &[Case] = &[
    Case {
        rest: "g[2] ~ Normal(0, 1)\n",
        with_copies: "t[school] ~ Normal(dot(g, [1, income]), exp(g[1] * income))",
        cells: 3,
        one: |s| format!(" ~ Normal(dot(g, [1, {0}]), exp(g[1] * {0}))", INCOME[s]),
        row: "T",
        has_standard_form: true,
    },
    Case {
        rest: "g[2] ~ Normal(0, 1)\nh[2] ~ Normal(1, 2)\ns[2] ~ HalfNormal(1)\n",
        with_copies: "t[school, 2] ~ Normal(g + h * income, s)",
        cells: 3,
        one: |s| format!("[2] ~ Normal(g + h * {}, s)", INCOME[s]),
        row: "dot(T, [1, x])",
        has_standard_form: true,
    },
    Case {
        rest: "g[2] ~ Normal(0, 1)\ns ~ HalfNormal(1)\n",
        with_copies: "t[school, 2] ~ Normal(g, s * size)",
        cells: 3,
        one: |s| format!("[2] ~ Normal(g, s * {})", SIZE[s]),
        row: "dot(T, [1, x])",
        has_standard_form: true,
    },
    Case {
        rest: "d[district] ~ Normal(0, 2)\ne[district, 2] ~ Normal(1, 1)\n",
        with_copies: "t[school, 2] ~ Normal(d[district] + e[district], softplus(e[district, 2]))",
        cells: 3,
        one: |s| {
            let k = DISTRICT[s] + 1;
            format!("[2] ~ Normal(d[{k}] + e[{k}], softplus(e[{k}, 2]))")
        },
        row: "T[1] - T[2] * x",
        has_standard_form: true,
    },
    Case {
        rest: "g[2, 2] ~ Normal(0, 1)\nq[2] ~ Normal(0, 1)\n",
        with_copies: "t[school] ~ StudentT(4, sum(g[place] * m) + max(m * q) - min(m) + mean([income, q]), 1 + logsumexp(q * income)^2)",
        cells: 3,
        one: |s| {
            let (k, m, u) = (PLACE[s], PAIR[s], INCOME[s]);
            format!(
                " ~ StudentT(4, sum(g[{k}] * {m}) + max({m} * q) - min({m}) + mean([{u}, q]), 1 + logsumexp(q * {u})^2)"
            )
        },
        row: "T",
        has_standard_form: true,
    },
    Case {
        rest: "a[school] ~ Normal(0, 1)\nb[kind] ~ Normal(0, 1)\ng ~ Normal(0, 1)\n",
        with_copies: "t[school, kind] ~ Normal(a[school] + b[kind] + g * income, size)",
        cells: 6,
        one: |cell| {
            let (s, k) = (cell / 2, cell % 2 + 1);
            format!(" ~ Normal(a[{}] + b[{k}] + g * {}, {})", s + 1, INCOME[s], SIZE[s])
        },
        row: "T",
        has_standard_form: true,
    },
    Case {
        rest: "a[kind, school] ~ Normal(0, 1)\ng[2] ~ Normal(0, 1)\n",
        with_copies: "t[school, 2, kind] ~ Laplace(a[kind, school] + g * income, 1)",
        cells: 6,
        one: |cell| {
            let (s, k) = (cell / 2, cell % 2);
            format!("[2] ~ Laplace(a[{}, {}] + g * {}, 1)", k + 1, s + 1, INCOME[s])
        },
        row: "T[1] + T[2]",
        has_standard_form: false,
    },
    Case {
        rest: "g[2] ~ Normal(0, 1)\ns[2] ~ HalfNormal(1)\nL[2] ~ LKJCholesky(eta = 2)\n",
        with_copies: "t[school] ~ MvNormal([g[1] + income, dot(g, m)], sd = s * size, corr_chol = L)",
        cells: 3,
        one: |s| {
            format!(
                "[2] ~ MvNormal([g[1] + {}, dot(g, {})], sd = s * {}, corr_chol = L)",
                INCOME[s], PAIR[s], SIZE[s]
            )
        },
        row: "dot(T, [1, x])",
        has_standard_form: true,
    },
    Case {
        rest: "g ~ Normal(0, 1)\n",
        with_copies: "t[school] ~ MvNormal(g * m, chol = [[size, 0], [g * income, 2]])",
        cells: 3,
        one: |s| {
            format!("[2] ~ MvNormal(g * {}, chol = [[{}, 0], [g * {}, 2]])", PAIR[s], SIZE[s], INCOME[s])
        },
        row: "dot(T, [1, x])",
        has_standard_form: true,
    },
    Case {
        rest: "s[school] ~ HalfNormal(1)\n",
        with_copies: "t[school, 4] ~ RandomWalk(s[school])",
        cells: 3,
        one: |s| format!("[4] ~ RandomWalk(s[{}])", s + 1),
        row: "T[1] + T[place] * x",
        has_standard_form: true,
    },
    Case {
        rest: "g ~ Normal(0, 1)\n",
        with_copies: "t[school, 3] ~ Dirichlet(softplus(g * income))",
        cells: 3,
        one: |s| format!("[3] ~ Dirichlet(softplus(g * {}))", INCOME[s]),
        row: "T[1] + T[3] * x",
        has_standard_form: false,
    },
    Case {
        rest: "g ~ Normal(0, 1)\n",
        with_copies: "t[school] ~ Normal(g * income, 2) on (income - 1, income + size)",
        cells: 3,
        one: |s| format!(" ~ Normal(g * {0}, 2) on ({0} - 1, {0} + {1})", INCOME[s], SIZE[s]),
        row: "T",
        has_standard_form: false,
    },
    Case {
        rest: "g[2] ~ Normal(0, 1)\n",
        with_copies: "t[school] ~ Mixture(softmax(g * income), Normal(income, 1), Normal(g[2], size))",
        cells: 3,
        one: |s| {
            format!(" ~ Mixture(softmax(g * {0}), Normal({0}, 1), Normal(g[2], {1}))", INCOME[s], SIZE[s])
        },
        row: "T",
        has_standard_form: false,
    },
    Case {
        rest: "net f(v) { dense 3 tanh; dense 2 }\n",
        with_copies: "t[school, 2] ~ Normal(f([income, m]), 1)",
        cells: 3,
        one: |s| format!("[2] ~ Normal(f([{}, {}]), 1)", INCOME[s], PAIR[s]),
        row: "dot(T, [1, x])",
        has_standard_form: true,
    },
];

impl Case {
    fn with_copies(&self) -> String {
        let head = self.with_copies.split(" ~").next().unwrap_or_default();
        let index = match head {
            "t[school, kind]" => "t[school, kind]",
            "t[school, 2, kind]" => "[t[school, 1, kind], t[school, 2, kind]]",
            _ => "t[school]",
        };
        let rest = self.rest;
        format!(
            "{HEADER}{rest}{}\nrow = {index}\ny ~ Normal({}, 1)\n",
            self.with_copies,
            self.row.replace('T', "row")
        )
    }

    fn written_out(&self) -> String {
        let mut text = format!("{HEADER}{}", self.rest);
        let mut terms = vec![];
        for cell in 0..self.cells {
            text += &format!("t__{cell}{}\n", (self.one)(cell));
            let (school, kind) = if self.cells == 6 { (cell / 2, Some(cell % 2)) } else { (cell, None) };
            let mut here = format!("(school == \"{}\")", ["a", "b", "c"][school]);
            if let Some(kind) = kind {
                here += &format!(" * (kind == \"{}\")", ["u", "v"][kind]);
            }
            terms.push(format!("{here} * ({})", self.row.replace('T', &format!("t__{cell}"))));
        }
        format!("{text}y ~ Normal({}, 1)\n", terms.join(" + "))
    }
}

/// The log joint and its gradient by the names of the latents' numbers: `t 0 1` is the second number of the first copy.
fn evaluated(text: &str, cells: usize, is_standard: bool, differences: bool) -> (f64, BTreeMap<String, f64>) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rows.csv"), ROWS).expect("written");
    let source = SourceFile::new("model.bnn", text);
    let (mut model, rows) = loaded(&source, &folder.path().to_string_lossy());
    resolve(&mut model, &rows).expect("each school has one value of each column");
    let is_t = |name: &str| name == "t" || name.starts_with("t__");
    let ids = (0..model.unknowns.len()).filter(|i| is_standard && is_t(&model.unknowns[*i].name));
    let parameterization = Parameterization { non_centred: ids.map(|i| UnknownId(i as u32)).collect() };
    let joint = lower(&model, &parameterization);
    let mut names = vec![String::new(); joint.dim];
    for latent in &joint.latents {
        let unknown = model.unknown(latent.unknown);
        // A size between two factors stands between the levels in memory; written out it belongs to one copy.
        let middle = if unknown.name == "t" && unknown.shape.0 == [3, 2, 2] { 2 } else { 1 };
        for i in 0..latent.len {
            names[latent.start + i] = match unknown.name.strip_prefix("t__") {
                Some(cell) => format!("t {cell} {i}"),
                None if unknown.name == "t" && middle == 2 => {
                    format!("t {} {}", i / 4 * 2 + i % 2, i / 2 % 2)
                }
                None if unknown.name == "t" => {
                    format!("t {} {}", i / (latent.len / cells), i % (latent.len / cells))
                }
                None => format!("{} {i}", unknown.name),
            };
        }
    }
    // A generic point: a scramble of the name.
    let number = |name: &str| {
        let sum = name.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)) % 10_007);
        (sum as f64 * 0.37).sin() * 0.9
    };
    let u: Vec<f64> = names.iter().map(|n| number(n)).collect();
    let settings = Settings::default();
    let problem = Problem {
        model: &model,
        joint: &joint,
        rows: Rows(&rows),
        train: rows.split("train"),
        settings: &settings,
        threads: 1,
        room: u64::MAX,
        journal: Journal::default(),
        profiler: bnnc::engine::Profiler::default(),
        give_up: GiveUp::default(),
    };
    let mut density = Joint::new(&problem).expect("it runs");
    let mut gradient = vec![0.0; joint.dim];
    let value = density.value_and_gradient(&u, &mut gradient);
    if differences {
        let mut unused = gradient.clone();
        for i in 0..u.len() {
            let mut at = |h: f64| {
                let mut v = u.clone();
                v[i] += h;
                density.value_and_gradient(&v, &mut unused)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let (name, g) = (&names[i], gradient[i]);
            assert!(
                (g - difference).abs() <= DIFFERENCES * (1.0 + g.abs()),
                "{name}: {g} {difference}\n{text}"
            );
        }
    }
    (value, names.into_iter().zip(gradient).collect())
}

#[test]
fn priors_of_copies_are_those_of_every_copy_written_out() {
    for case in CASES {
        for is_standard in [false, true] {
            if is_standard && !case.has_standard_form {
                continue;
            }
            let text = case.with_copies();
            let (value, gradient) = evaluated(&text, case.cells, is_standard, true);
            let (wanted, each) = evaluated(&case.written_out(), case.cells, is_standard, false);
            assert!((value - wanted).abs() <= EXACT * (1.0 + wanted.abs()), "{value} {wanted}\n{text}");
            assert_eq!(gradient.len(), each.len(), "{text}");
            for (name, g) in &gradient {
                let w = each.get(name).unwrap_or_else(|| panic!("no {name}\n{text}"));
                assert!((g - w).abs() <= EXACT * (1.0 + w.abs()), "{name}: {g} {w}\n{text}");
            }
        }
    }
}
