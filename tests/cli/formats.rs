//! What programs read: JSON, SARIF and GitHub's workflow commands; the starter models.

use super::Place;
use serde_json::Value;

/// One finding of each level, with a second place and a fix.
pub fn wrong() -> Place {
    let place = Place::with_line();
    place.write(
        "wrong.bnn",
        "data \"line.csv\" { x, y : real }\nb ~ Normal(0, 1)\nb ~ Normal(0, 2)\ns ~ HalfNormal(1)\ny ~ Normal(b * x, ss)\n",
    );
    place.write(
        "warned.bnn",
        "data \"line.csv\" { x, y : real }\nb ~ Normal(0, 1)\nunused ~ HalfNormal(1)\ns ~ Uniform(0, 100)\ny ~ Normal(b * x, s)\n",
    );
    place
}

/// A result names a rule of the list; the schema is held against the log in `sarif.rs`.
#[test]
fn results_of_sarif_point_at_their_rules() {
    let log = wrong().run("check wrong.bnn warned.bnn --pedantic --format sarif");
    let log: Value = serde_json::from_str(&log.out).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    }
}

#[test]
fn github_gets_a_line_for_each_finding() {
    let place = wrong();
    let checked = place.run("check wrong.bnn --format github");
    assert_eq!((checked.status, checked.err.as_str()), (1, ""));
    assert!(checked.out.lines().all(|l| l.starts_with("::error file=wrong.bnn,line=")), "{}", checked.out);
    let warned = place.run("check warned.bnn --format github");
    assert!(
        warned.status == 0 && warned.out.contains("::warning file=warned.bnn,line=4,endLine=4,col=5"),
        "{}",
        warned.out
    );
}

#[test]
fn warnings_are_denied_and_notes_are_not() {
    let place = wrong();
    assert_eq!(place.run("check warned.bnn").status, 0);
    assert_eq!(place.run("check warned.bnn --deny warnings").status, 1);
    place.write("flat.bnn", "data \"line.csv\" { x, y : real }\nb ~ Flat\ny ~ Normal(b * x, 1)\n");
    let noted = place.run("check flat.bnn --deny warnings --pedantic");
    assert!(noted.status == 0 && noted.err.contains("note[P002]"), "{}", noted.err);
    assert!(!place.run("check flat.bnn").err.contains("P002"));
}

#[test]
fn fixes_are_written_and_layouts_only_on_request() {
    let place = Place::with_line();
    let text = "data \"line.csv\" {x,y : real}   # rows\nsigma ~ Gamma(2, 1)\ny ~ Normal(2*x, sgima)\n";
    place.write("fix.bnn", text);
    let fixed = place.run("check fix.bnn --fix");
    assert_eq!((fixed.status, fixed.err.as_str()), (0, "fix.bnn: 2 fixed, no findings\n"));
    assert_eq!(place.read("fix.bnn"), text.replace("sgima", "sigma").replace("(2, 1)", "(2, rate = 1)"));
    assert_eq!(place.run("fmt fix.bnn --check").status, 1);
    place.run("check fix.bnn --fix --pedantic");
    assert_eq!(place.run("fmt fix.bnn --check").status, 0);
    assert!(place.read("fix.bnn").contains("{ x, y : real }  # rows\n"), "{}", place.read("fix.bnn"));
    place.write("bad.bnn", "y ~ Normal(\n");
    let bad = place.run("fmt bad.bnn");
    assert!(bad.status == 1 && bad.err.contains("S002"), "{}", bad.err);
    assert_eq!(place.read("bad.bnn"), "y ~ Normal(\n", "what cannot be read is left alone");
}

#[test]
fn starter_models_check_clean_and_fit() {
    let place = Place::new();
    for kind in ["classification", "regression", "images", "hierarchical", "counts"] {
        let made = place.run(&format!("new my_{kind} --kind {kind}"));
        assert_eq!((made.status, made.err.as_str()), (0, ""), "{kind}");
        let again = place.run(&format!("new my_{kind} --kind {kind}"));
        assert!(again.status == 1 && again.err.contains("is there already"), "{}", again.err);
        let checked = place.run(&format!("check my_{kind}.bnn --deny warnings"));
        assert_eq!((checked.status, checked.err), (0, format!("my_{kind}.bnn: no findings\n")), "{kind}");
        assert_eq!(place.run(&format!("fmt my_{kind}.bnn --check")).status, 0, "{kind} is not laid out");
        let fitted = place.run(&format!("fit my_{kind}.bnn --steps 20 --set predict_draws=5"));
        assert_eq!(fitted.status, 0, "{kind}: {}", fitted.err);
    }
}
