//! The smallest models, right and wrong, against columns made by hand.

use super::{Context, check};
use crate::diagnostic::{Diagnostics, Level};
use crate::model::{Column, Model};
use crate::source::SourceFile;
use crate::syntax;
use crate::syntax::ast::{DataItem, Expr, ExprKind, Item, TypeName};
use crate::ty::{Element, Interval, Kind, Shape, Support, Type};

/// The columns of a data block as if its file held what the types say; labels of factors are `A`, `B`, `C`.
pub fn columns(ast: &syntax::ast::Ast) -> Vec<Column> {
    let mut columns = vec![];
    for item in &ast.items {
        let Item::Data(data) = item else { continue };
        for item in &data.items {
            let DataItem::Column { names, ty, .. } = item else { continue };
            for name in names {
                let (ty, levels) = column_type(ty);
                columns.push(Column {
                    name: name.value.clone(),
                    ty,
                    levels,
                    lag: None,
                    range: None,
                    span: name.span,
                });
            }
        }
    }
    columns
}

fn column_type(ty: &TypeName) -> (Type, Vec<String>) {
    let numbers = |exprs: Vec<&Expr>| {
        let number = |e: &&Expr| match e.kind {
            ExprKind::Number(v) => v as usize,
            _ => 1,
        };
        exprs.iter().map(number).collect::<Vec<usize>>()
    };
    let args = numbers(ty.args.iter().map(|a| &a.value).collect());
    let interval = |i: Interval| Support::Interval(i);
    let (element, shape, support, levels) = match ty.name.value.as_str() {
        "positive" => (Element::Real, Shape::scalar(), interval(Interval::POSITIVE), vec![]),
        "nonneg" => (Element::Real, Shape::scalar(), interval(Interval::NONNEG), vec![]),
        "unit" => (Element::Real, Shape::scalar(), interval(Interval::closed(0.0, 1.0)), vec![]),
        "count" => (Element::Count, Shape::scalar(), interval(Interval::COUNT), vec![]),
        "bool" => {
            let zero_or_one = Interval { whole: true, ..Interval::closed(0.0, 1.0) };
            (Element::Bool, Shape::scalar(), interval(zero_or_one), vec![])
        }
        "class" => {
            let k = args.first().copied().unwrap_or(3);
            (Element::Class, Shape::scalar(), Support::Class(k), (0..k).map(|i| i.to_string()).collect())
        }
        "factor" => {
            let levels = ["A", "B", "C"].map(String::from).to_vec();
            (Element::Factor, Shape::scalar(), Support::Factor(3), levels)
        }
        "image" => {
            let shape = [args[0], args[1], args.get(2).copied().unwrap_or(1)].into();
            (Element::Real, shape, interval(Interval::closed(0.0, 1.0)), vec![])
        }
        _ => {
            let sizes = numbers(ty.sizes.iter().collect());
            (Element::Real, Shape(sizes), interval(Interval::REAL), vec![])
        }
    };
    (Type { element, shape, kind: Kind::Row, support }, levels)
}

/// Parses and checks a text; a text that does not parse is a mistake of the test.
pub fn check_with(text: &str, context: &Context) -> (Option<Model>, Diagnostics) {
    let source = SourceFile::new("test.bnn", text);
    let ast = syntax::parse(&source).unwrap_or_else(|d| panic!("{text}\n{d:?}"));
    let columns = columns(&ast);
    check(&ast, "test", &columns, context)
}

fn codes(text: &str) -> Vec<&'static str> {
    let (_, found) = check_with(text, &Context::default());
    found.0.iter().map(|d| d.code.id()).collect()
}

fn model(text: &str) -> Model {
    let (model, found) = check_with(text, &Context::default());
    model.unwrap_or_else(|| panic!("{text}\n{:#?}", found.0))
}

const DATA: &str = "data \"a.csv\" { x, y : real }\n";

fn with_data(text: &str) -> String {
    format!("{DATA}{text}")
}

#[test]
fn right_models_have_no_findings() {
    let models = [
        "b ~ Normal(0, 1)\ny ~ Normal(b * x, 1)",
        "b[2] ~ Flat\ns ~ HalfCauchy(2.5)\ny ~ Normal(b[1] + b[2] * x, s)",
        "b[2] ~ Normal([0, 1], 2)\ny ~ Normal(dot(b, [1, x]), 1)",
        "lower = 1\nb ~ Uniform(lower, 3)\ny ~ Normal(b * x, exp(b))",
        "s ~ Normal(0, 1) on (0, inf)\ny ~ Normal(x, s)",
        "f(a, b) = a * b + a\nb ~ Normal(0, 1)\ny ~ Normal(f(b, x), 1)",
        "net f(x) { dense 5 tanh\n dense 1 }\ny ~ Normal(f(x), 1)",
        "net f(x) { dense 5 tanh\n heads { m: dense 1; s: { dense 3 tanh; dense 1 softplus } } }\ny ~ Normal(f(x).m, f(x).s)",
        "net f(x) { each layer { w ~ Normal(0, s); s ~ HalfNormal(1) }\n residual { dense 1 tanh } \n out: dense 1 }\nreport w = f.out.w[1, 1]\ny ~ Normal(f(x), 1)",
        "net f(x) { dense 5 tanh\n heads { m: dense 1; s: dense 1 softplus } }\nh = f(x)\ny ~ Normal(h.m, h.s)",
        "ly = log(square(y) + 1)\nb ~ Normal(0, 1)\nly ~ Normal(b * x, 1)",
        "b ~ Normal(0, 1)\ny ~ Normal(b * (x > 0) + (y == 1) * 0, 1)",
    ];
    for text in models {
        assert_eq!(codes(&with_data(text)), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn example_models_have_no_findings() {
    for name in ["moons", "circles", "mnist", "eight_schools", "kidiq", "linear"] {
        let path = format!("{}/models/{name}.bnn", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let (model, found) = check_with(&text, &Context::default());
        assert_eq!(found.0, vec![], "{name}");
        assert!(model.is_some());
    }
}

/// The names that a block of layers declares; of `t` the layer sees the nearest, so that of the outer block is left out.
#[test]
fn a_block_has_names_of_its_own() {
    let text = with_data(
        "net f(x) {
           s ~ HalfNormal(1)
           dense 4 tanh { w ~ Normal(0, s) }
           residual { n = 4; s ~ HalfNormal(2); each layer { w ~ Normal(0, s) }; dense (n) tanh; dense (n) }
           skip: residual { t ~ HalfNormal(3); each layer { w ~ Normal(0, t * s) }; residual { t ~ HalfNormal(4); dense 4 } }
           residual { t ~ HalfNormal(5); dense 4 { w ~ Normal(0, t) } }
           heads { c ~ HalfNormal(6); m: { k = 2 * c; each dense { w ~ Normal(0, k) }; dense 1 }; v: dense 1 softplus { w ~ Normal(0, c) } }
         }
         y ~ Normal(f(x).m + f(2 * x).m, f(x).v)
         report both = f.residual.s + f.residual2.t + f.m.k",
    );
    let model = model(&text);
    let names: Vec<&str> =
        model.unknowns.iter().map(|u| u.name.as_str()).filter(|n| !n.ends_with(".b")).collect();
    let wanted = [
        "f.s",
        "f.1.w",
        "f.residual.s",
        "f.2.w",
        "f.3.w",
        "f.residual2.t",
        "f.4.w",
        "f.residual3.t",
        "f.5.w",
        "f.heads.c",
        "f.m.1.w",
        "f.v.w",
    ];
    assert_eq!(names.len(), wanted.len(), "{names:?}");
    for name in wanted {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
}

#[test]
fn each_mistake_has_its_code() {
    let cases: &[(&str, &str)] = &[
        ("N001", "b ~ Normal(0, 1)\ny ~ Normal(bb * x, 1)\nq = b\nreport q = q"),
        ("N002", "b = 1\nb = 2\ny ~ Normal(b * x, 1)"),
        ("N002", "exp(a) = a\ny ~ Normal(x, 1)"),
        ("N003", "a = b\nb = a\ny ~ Normal(x, 1)"),
        ("N003", "a ~ Normal(a, 1)\ny ~ Normal(x, 1)"),
        ("N003", "f(a) = f(a)\ny ~ Normal(f(x), 1)"),
        ("N004", "b ~ Normal(0, 1)\nY ~ Normal(b * x + y, 1)"),
        ("N008", "b ~ Normal(0, 1)\nb ~ Normal(0, 2)\ny ~ Normal(b * x, 1)"),
        ("N008", "y ~ Normal(x, 1)\ny ~ Normal(x, 2)"),
        ("N012", "y ~ Nomral(x, 1)"),
        ("N012", "y ~ Normal(x, std = 1)"),
        ("N012", "net f(x) { dnse 5 }\ny ~ Normal(f(x), 1)"),
        ("N012", "net f(x) { dense 1 tahn }\ny ~ Normal(f(x), 1)"),
        ("N012", "net f(x) { each dnese { w ~ Flat }\n dense 1 }\ny ~ Normal(f(x), 1)"),
        ("T001", "b[3] ~ Normal(0, 1)\nc[4] ~ Normal(0, 1)\ny ~ Normal(sum(b * c) * x, 1)"),
        ("T001", "b[3] ~ Normal([0, 0], 1)\ny ~ Normal(sum(b) * x, 1)"),
        ("T002", "b[3] ~ Normal(0, 1)\ny ~ Normal(b * x, 1)"),
        ("T002", "y ~ Normal(\"A\", 1)"),
        ("T003", "net f(x) { conv 3 2x2 }\ny ~ Normal(f(x), 1)"),
        ("T003", "net f(x) { residual { dense 5 } \n dense 1 }\ny ~ Normal(f([x, x]), 1)"),
        ("T006", "y ~ Normal(x)"),
        ("T006", "y ~ Normal(x, 1, 2)"),
        ("T006", "y ~ Normal(exp(x, 1), 1)"),
        ("T006", "net f(a, b) { dense 1 }\ny ~ Normal(f(x), 1)"),
        ("T007", "b[3] ~ Normal(0, 1)\ny ~ Normal(b[0] * x, 1)"),
        ("T007", "b[3] ~ Normal(0, 1)\ny ~ Normal(b[4] * x, 1)"),
        ("T010", "s ~ Normal(0, 1)\ny ~ Normal(x, s)"),
        ("T010", "net f(x) { dense 2 }\ny ~ Normal(x, sum(f(x)))"),
        ("T011", "y ~ Normal(x, -2)"),
        ("T011", "b ~ Beta(-1, 1)\ny ~ Normal(b * x, 1)"),
        ("T011", "b[0] ~ Normal(0, 1)\ny ~ Normal(sum(b) * x, 1)"),
        ("T012", "b ~ Uniform(3, 1)\ny ~ Normal(b * x, 1)"),
        ("T012", "b ~ Normal(0, 1) on (3, 1)\ny ~ Normal(b * x, 1)"),
        ("T012", "b ~ Exponential(rate = 1) on (-3, -1)\ny ~ Normal(b * x, 1)"),
        ("T013", "b ~ Normal(0, 1)\ny ~ Normal(x, abs(b))"),
        ("T020", "b ~ Gamma(2, 3)\ny ~ Normal(b * x, 1)"),
        ("T020", "b ~ Gamma(2)\ny ~ Normal(b * x, 1)"),
        ("T020", "b ~ Exponential(3)\ny ~ Normal(b * x, 1)"),
        ("T026", "b ~ Normal(0, 1)\ny ~ Normal(x, relu(b))"),
        ("T026", "net f(x) { dense 1 relu }\ny ~ Normal(x, f(x))"),
        ("D010", "b ~ Normal(0, 1)\ny ~ Normal(x * (b > 0), 1)"),
        ("L001", "b ~ Normal(0, 1)\nreport z = b * x + y"),
        ("L002", "y ~ Poisson(exp(x))"),
        ("T002", "net f(x) { heads { m: dense 1; s: dense 1 } }\nh = f(x)\ny ~ Normal(h, 1)"),
        ("T002", "net f(x) { heads { m: dense 1; s: dense 1 } }\nh = f(x)\nh ~ Normal(x, 1)"),
        ("N001", "net f(x) { heads { m: dense 1; s: dense 1 } }\nh = f(x)\ny ~ Normal(h.q, 1)"),
        ("G003", "k ~ Poisson(3)\ny ~ Normal(k * x, 1)"),
        ("K006", "net f(x) { residual { w ~ Normal(0, 1)\n dense 1 }\n dense 1 }\ny ~ Normal(f(x), 1)"),
        ("N002", "net f(x) { residual { s = 1; s = 2; dense 1 { w ~ Normal(0, s) } } }\ny ~ Normal(f(x), 1)"),
        (
            "N002",
            "net f(x) { a: residual { s = 1; dense 1 { w ~ Normal(0, s) } }\n a: dense 1 }\ny ~ Normal(f(x), 1)",
        ),
        ("N003", "net f(x) { residual { s = t; t = s; dense 1 { w ~ Normal(0, s) } } }\ny ~ Normal(f(x), 1)"),
        ("N010", "net f(x) { s = 1; residual { s = 2; dense 1 { w ~ Normal(0, s) } } }\ny ~ Normal(f(x), 1)"),
        ("T006", "a ~ Point(Normal(0, 1) on (0, 1)) on (0, 2)\ny ~ Normal(a * x, 1)"),
        ("K006", "net f(x) { w ~ Normal(0, 1)\n dense 1 }\ny ~ Normal(f(x), 1)"),
        ("O001", "y ~ Normal(x, 1)\nfit { metod = advi }"),
        ("O001", "y ~ Normal(x, 1)\nfit { method = avdi }"),
        ("O001", "y ~ Normal(x, 1)\nfit { steps = 0.5 }"),
        ("O002", "y ~ Normal(x, 1)\nfit { steps = 10; epochs = 2 }"),
        ("N011", "y ~ Normal(x, 1)\nfit { seed = 1 }\nfit { seed = 2 }"),
        ("R001", "b ~ Posterior(\"runs/old\")\ny ~ Normal(b * x, 1)"),
        ("X001", "a ~ HalfNormal(1)\nb ~ Beta(a, 2) on (0.1, 0.5)\ny ~ Normal(b * x, 1)"),
        ("T002", "b ~ Normal(x, 1)\ny ~ Normal(b * x, 1)"),
        ("D010", "b ~ Normal(0, 1)\nz = standardize(b * x)\ny ~ Normal(z, 1)"),
        ("T003", "net f(x) { embed 3 }\ny ~ Normal(f(x), 1)"),
        ("T011", "net f(x) { dense 3; dropout 1 }\ny ~ Normal(sum(f(x)), 1)"),
        ("T006", "net f(x) { dense 3; dropout }\ny ~ Normal(sum(f(x)), 1)"),
        (
            "T001",
            "net f(x) { each layer { s[inputs] ~ HalfNormal(1); b ~ Normal(0, s) }\n dense 1 }\ny ~ Normal(f(x), 1)",
        ),
    ];
    for (code, text) in cases {
        let text = with_data(text);
        let found = codes(&text);
        assert!(found.contains(code), "{code} is not in {found:?}:\n{text}");
    }
}

/// What this version cannot do has a way out; of one cause there is one finding.
#[test]
fn refusals_say_what_to_write_instead() {
    let cases = [
        "m[2] ~ Normal([0, 1], 1) ordered\ny ~ Normal(m[1] * x, 1)",
        "a ~ HalfNormal(1)\nb ~ Beta(a, 2) on (0.1, 0.5)\ny ~ Normal(b * x, 1)",
        "k ~ LogNormal(0, 1)\nb ~ Gamma(k, rate = 1) on (0.1, inf)\ny ~ Normal(b * x, 1)",
        "s[3] ~ HalfNormal(1)\nl[3] ~ RandomWalk(s)\ny ~ Normal(l[1] * x, 1)",
        "b ~ Mixture([0.5, 0.5], Normal(0, 1), Gamma(2, rate = 1))\ny ~ Normal(b * x, 1)",
        "b[2] ~ Normal(0, 1) on ([-1, 0], [1, inf])\ny ~ Normal(b[1] * x + b[2], 1)",
        "a ~ Normal(0, 1)\nb ~ Gamma(2, rate = 1) on (a, inf)\ny ~ Normal(b * x, 1)",
        "g(x) = g(x) + 1\ny ~ Normal(g(x), 1)",
        "net f(x) { heads { m: dense 1 wrong; s: dense 1 } }\nh = f(x)\ny ~ Normal(h.m, h.s)",
    ];
    for text in cases {
        let (_, found) = check_with(&with_data(text), &Context::default());
        let errors: Vec<_> = found.0.iter().filter(|d| d.level() == Level::Error).collect();
        let one = errors.first().unwrap_or_else(|| panic!("nothing is wrong with\n{text}"));
        assert!(errors.iter().all(|d| d.code == one.code), "{text}\n{found:#?}");
        assert!(one.help.is_some() || one.fix.is_some(), "{text}\n{one:#?}");
    }
}

#[test]
fn long_and_deep_models_are_answered_in_bounded_stack_and_time() {
    let chain = |n: usize| (1..n).map(|i| format!("a{i} = a{} + 1\n", i - 1)).collect::<Vec<_>>();
    let forward = format!("{DATA}a0 = x\n{}y ~ Normal(a1999, 1)", chain(2000).concat());
    let backward: String = chain(2000).into_iter().rev().collect();
    let backward = format!("{DATA}y ~ Normal(a1999, 1)\n{backward}a0 = x");
    let sum = format!("{DATA}y ~ Normal({}, 1)", vec!["x"; 500].join(" + "));
    for text in [&forward, &backward, &sum] {
        assert_eq!(codes(text), Vec::<&str>::new());
    }
    let functions: String = (1..400).map(|i| format!("f{i}(v) = f{}(v) + f{0}(v)\n", i - 1)).collect();
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    let deep = [
        format!("{DATA}f0(v) = v\n{functions}y ~ Normal(f399(x), 1)"),
        format!("{DATA}net f(v) {{ {} }}\ny ~ Normal(f(x), 1)", nested("residual { ", "dense 1", " }", 200)),
        format!(
            "{DATA}net f(v) {{ each layer {{ w ~ Normal(0, s0)\n{} s299 ~ HalfNormal(1) }}\n dense 1 }}\ny ~ Normal(f(x), 1)",
            (0..299).map(|i| format!("s{i} ~ HalfNormal(s{})\n", i + 1)).collect::<String>()
        ),
        format!(
            "{DATA}g(v) = {}\ny ~ Normal({}, 1)",
            nested("abs(", "v", ")", 200),
            nested("g(", "x", ")", 200)
        ),
    ];
    for text in &deep {
        assert_eq!(codes(text), ["S004"]);
    }
    assert_eq!(codes(&format!("{DATA}y ~ Normal({}, 1)", nested("sin(", "x", ")", 200))), Vec::<&str>::new());
}

#[test]
fn doubling_functions_do_not_explode() {
    let functions: String = (1..60).map(|i| format!("f{i}(v) = f{}(v) + f{0}(v)\n", i - 1)).collect();
    let text = format!("{DATA}f0(v) = v\n{functions}y ~ Normal(f59(x), 1)");
    let printed = model(&text).to_string();
    assert!(printed.len() < 10_000, "{} characters", printed.len());
}

/// Cut and mixed models: a finding or a model, never a panic.
#[test]
fn mutated_models_are_answered() {
    let mut texts = vec![];
    for name in ["moons", "mnist", "eight_schools", "kidiq"] {
        let path = format!("{}/models/{name}.bnn", env!("CARGO_MANIFEST_DIR"));
        texts.push(std::fs::read_to_string(path).unwrap());
    }
    texts.push(with_data(
        "net g(v) { each layer { w ~ Normal(0, s) } s ~ HalfNormal(1)\n heads { m: dense 1; n: { dense 3 silu; dense 1 softplus } } }\nbeta[2] ~ Uniform(0, 3) on (1, 2)\ny ~ Normal(g([x, beta[1]]).m, g(x).n)",
    ));
    let words = [
        "x",
        "y",
        "s",
        "w",
        "b",
        "0",
        "1",
        "-1",
        "2.5",
        "1e300",
        "inf",
        "99999999",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "~",
        "=",
        "+",
        "*",
        "^",
        ",",
        "\n",
        "f(x)",
        "Normal(0, 1)",
        "softmax",
        "conv 3 2x2",
        "dense 4",
        "residual { dense 1 }",
        "on (0, 1)",
        "\"A\"",
        "f.1.w",
        "school",
        "each layer { }",
        "choose c { a: { } b: { } }",
        "levels(y)",
        "Point",
    ];
    let mut state = 1u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let (mut right, mut wrong) = (0, 0);
    for round in 0..4000 {
        let mut tokens: Vec<String> = tokens(&texts[round % texts.len()]);
        for _ in 0..1 + random(3) {
            let at = random(tokens.len());
            match random(4) {
                0 => drop(tokens.remove(at)),
                1 => tokens[at] = words[random(words.len())].to_owned(),
                2 => tokens.insert(at, words[random(words.len())].to_owned()),
                _ => {
                    let other = random(tokens.len());
                    tokens.swap(at, other);
                }
            }
        }
        let text = tokens.concat();
        let Ok(ast) = syntax::parse(&SourceFile::new("test.bnn", text.as_str())) else { continue };
        let columns = columns(&ast);
        match check(&ast, "test", &columns, &Context::default()) {
            (Some(model), _) => {
                right += 1;
                assert!(!model.to_string().is_empty());
            }
            (None, found) => {
                wrong += 1;
                assert!(found.has_errors(), "no model and no error:\n{text}");
            }
        }
    }
    assert!(right > 200 && wrong > 200, "{right} right, {wrong} wrong");
}

/// Words, numbers, signs and blanks.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = vec![];
    let mut last = ' ';
    for c in text.chars() {
        let joins = (c.is_alphanumeric() && last.is_alphanumeric()) || (c == ' ' && last == ' ');
        match tokens.last_mut() {
            Some(token) if joins => token.push(c),
            _ => tokens.push(c.to_string()),
        }
        last = c;
    }
    tokens
}
