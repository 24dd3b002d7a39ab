//! Layouts before and after, idempotence over the example models.

use super::format;
use crate::source::SourceFile;
use crate::syntax::{parse, print};

fn formatted(text: &str) -> String {
    let source = SourceFile::new("m.bnn", text);
    let tree = parse(&source).expect("a test input is right");
    let once = format(&source, &tree);
    let again = SourceFile::new("m.bnn", once.as_str());
    let same = parse(&again).unwrap_or_else(|e| panic!("{once}\n{e:?}"));
    assert_eq!(print::print(&tree), print::print(&same), "{once}");
    assert_eq!(format(&again, &same), once, "not idempotent");
    once
}

#[test]
fn blanks_are_set_between_tokens() {
    let cases = [
        ("a=1+2*-x^-2", "a = 1 + 2 * -x^-2\n"),
        ("y~Normal( f (x) . mean,  1e-3 )on(0,inf)", "y ~ Normal(f(x).mean, 1e-3) on (0, inf)\n"),
        ("beta [ 4 ]~Normal(0,1)", "beta[4] ~ Normal(0, 1)\n"),
        ("net f(x){dense (2*n) tanh;conv 3 5x5}", "net f(x) { dense (2 * n) tanh; conv 3 5x5 }\n"),
        ("a = f.1.w - 2.5e+3", "a = f.1.w - 2.5e+3\n"),
        ("a = x==2", "a = x == 2\n"),
        ("fit{without=[collapse,non_centre]}", "fit { without = [collapse, non_centre] }\n"),
    ];
    for (before, after) in cases {
        assert_eq!(formatted(before), after);
    }
}

#[test]
fn blocks_are_indented_and_columns_stand_under_each_other() {
    let before = "data \"a.csv\"{\nx1,x2:real\n  y:class( 2 )   # labels\n  z:real from [\"a\",\"b\"]\n}\n\n\n\nmu~Normal(0,1)";
    let after = "data \"a.csv\" {\n  x1, x2 : real\n  y      : class(2)  # labels\n  z      : real from [\"a\", \"b\"]\n}\n\nmu ~ Normal(0, 1)\n";
    assert_eq!(formatted(before), after);
}

#[test]
fn an_operator_stays_in_a_column_that_the_author_made() {
    assert_eq!(formatted("mu  ~ Flat\ntau ~ Flat\ntheta ~ Flat\n"), "mu  ~ Flat\ntau ~ Flat\ntheta ~ Flat\n");
    assert_eq!(formatted("mu ~ Flat\ntau ~ Flat\n"), "mu ~ Flat\ntau ~ Flat\n");
}

#[test]
fn lines_that_go_on_are_indented() {
    assert_eq!(formatted("a = b\n+ c"), "a = b\n    + c\n");
    assert_eq!(formatted("a = exp(b +\nc)"), "a = exp(b +\n        c)\n");
    assert_eq!(formatted("a = [\n1,\n2\n]"), "a = [\n  1,\n  2\n]\n");
    assert_eq!(
        formatted("y ~ Normal(0, 1) # why\n\n# more\non (0, 1)"),
        "y ~ Normal(0, 1)  # why\n\n# more\n    on (0, 1)\n"
    );
}

#[test]
fn the_example_models_keep_their_trees() {
    for folder in ["models", "models/posteriordb", "src/syntax/examples"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in std::fs::read_dir(folder).expect("part of the sources") {
            let path = file.expect("readable").path();
            if path.extension().is_some_and(|e| e == "bnn") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                let source = SourceFile::new("m.bnn", text.as_str());
                let tree = parse(&source).expect("right");
                let after = formatted(&text);
                for comment in &tree.comments {
                    assert!(
                        after.contains(comment.value.as_str()),
                        "{} loses {}",
                        path.display(),
                        comment.value
                    );
                }
            }
        }
    }
}
