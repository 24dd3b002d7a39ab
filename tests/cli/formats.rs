//! What programs read: JSON, SARIF and GitHub's workflow commands; the starter models.

use super::Place;
use serde_json::Value;

/// One finding of each level, with a second place and a fix.
fn wrong() -> Place {
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

/// The objects of SARIF 2.1.0 that bnnc writes: what each must have, and what else it may have. Taken from
/// section 3 of the standard (OASIS, 27 March 2020); the whole output was also validated against the published
/// schema `sarif-schema-2.1.0.json`.
const OBJECTS: &[(&str, &[&str], &[&str])] = &[
    ("log", &["version", "runs"], &["$schema"]),
    ("runs", &["tool"], &["results", "columnKind"]),
    ("tool", &["driver"], &[]),
    ("driver", &["name"], &["version", "rules"]),
    ("rules", &["id"], &["shortDescription", "defaultConfiguration", "help"]),
    ("shortDescription", &["text"], &[]),
    ("help", &["text"], &["markdown"]),
    ("defaultConfiguration", &[], &["level"]),
    ("results", &["message"], &["ruleId", "ruleIndex", "level", "locations", "relatedLocations", "fixes"]),
    ("message", &["text"], &[]),
    ("description", &["text"], &[]),
    ("locations", &[], &["physicalLocation", "message"]),
    ("relatedLocations", &[], &["physicalLocation", "message"]),
    ("physicalLocation", &["artifactLocation"], &["region"]),
    ("artifactLocation", &["uri"], &[]),
    ("region", &["startLine", "startColumn", "endLine", "endColumn"], &[]),
    ("fixes", &["artifactChanges"], &["description"]),
    ("artifactChanges", &["artifactLocation", "replacements"], &[]),
    ("replacements", &["deletedRegion"], &["insertedContent"]),
    ("deletedRegion", &["startLine", "startColumn", "endLine", "endColumn"], &[]),
    ("insertedContent", &["text"], &[]),
];

/// Walks a log; `seen` collects the names of objects that were met.
fn is_sarif(name: &str, value: &Value, seen: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let entry = OBJECTS.iter().find(|(n, ..)| *n == name);
            let (_, must, may) =
                entry.unwrap_or_else(|| panic!("{name} is no object of the standard: {value}"));
            assert!(must.iter().all(|m| fields.contains_key(*m)), "{name}: {value}");
            seen.push(name.to_owned());
            for (field, inner) in fields {
                assert!(must.contains(&field.as_str()) || may.contains(&field.as_str()), "{name}.{field}");
                is_sarif(field, inner, seen);
            }
        }
        Value::Array(members) => members.iter().for_each(|m| is_sarif(name, m, seen)),
        Value::Number(n) => assert!(n.as_u64().is_some_and(|n| n > 0 || name == "ruleIndex"), "{name}: {n}"),
        Value::String(text) => match name {
            "level" => assert!(["error", "warning", "note"].contains(&text.as_str()), "{text}"),
            "version" | "columnKind" | "text" | "markdown" | "id" | "ruleId" | "name" | "$schema" | "uri" => {
            }
            other => panic!("{other} holds the text {text}"),
        },
        Value::Null | Value::Bool(_) => panic!("{name}: {value}"),
    }
}

#[test]
fn sarif_keeps_to_the_standard() {
    let place = wrong();
    let log = place.run("check wrong.bnn warned.bnn line.bnn absent.bnn --pedantic --format sarif");
    assert_eq!((log.status, log.err.as_str()), (1, ""));
    let log: Value = serde_json::from_str(&log.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let mut seen = vec![];
    is_sarif("log", &log, &mut seen);
    for (name, ..) in OBJECTS {
        assert!(seen.iter().any(|s| s == name), "no {name} in the output");
    }
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
