//! SARIF against the schema of the standard, `tests/oracles/sarif/sarif-schema-2.1.0.json`.
//!
//! [`Schema`] knows the keywords of JSON Schema that this schema uses where a log of bnnc has a value, and panics at
//! any other, so nothing is passed over. The same logs were held against the schema by another program too (README of
//! `tests/oracles`).

use super::Place;
use super::formats::wrong;
use crate::support::files_in;
use serde_json::Value;

const SCHEMA: &str = include_str!("../oracles/sarif/sarif-schema-2.1.0.json");

/// A schema whose `$ref` lead into its own definitions.
struct Schema(Value);

impl Schema {
    /// Adds what is wrong with a value; `at` is where it stands.
    fn check(&self, rule: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Some(rule) = rule.as_object() else { return };
        for (keyword, wanted) in rule {
            let mut fails = |why: String| wrong.push(format!("{at}: {why}"));
            let number = |v: &Value| v.as_f64().unwrap_or(f64::NAN);
            match keyword.as_str() {
                "description" | "default" | "title" | "$schema" | "$id" | "definitions" => {}
                // An annotation: `uri`, `uri-reference`, `date-time`.
                "format" => {}
                "$ref" => {
                    let path = wanted.as_str().and_then(|p| p.strip_prefix('#')).expect("a place in here");
                    self.check(self.0.pointer(path).expect("it is there"), value, at, wrong);
                }
                "type" => {
                    let wanted = wanted.as_str().expect("one type");
                    let is = match wanted {
                        "object" => value.is_object(),
                        "array" => value.is_array(),
                        "string" => value.is_string(),
                        "boolean" => value.is_boolean(),
                        "integer" => value.is_i64() || value.is_u64(),
                        "number" => value.is_number(),
                        other => panic!("the type {other}"),
                    };
                    if !is {
                        fails(format!("no {wanted}: {value}"));
                    }
                }
                "enum" => {
                    if !wanted.as_array().expect("a list").contains(value) {
                        fails(format!("{value} is none of {wanted}"));
                    }
                }
                "minimum" if number(value) < number(wanted) => fails(format!("{value} is below {wanted}")),
                "maximum" if number(value) > number(wanted) => fails(format!("{value} is above {wanted}")),
                "minimum" | "maximum" => {}
                "minItems" => {
                    if value.as_array().is_some_and(|a| (a.len() as f64) < number(wanted)) {
                        fails("too few".to_owned());
                    }
                }
                "uniqueItems" => {
                    let items = value.as_array().map_or(&[] as &[Value], Vec::as_slice);
                    if wanted == &Value::Bool(true)
                        && (1..items.len()).any(|i| items[..i].contains(&items[i]))
                    {
                        fails("twice the same".to_owned());
                    }
                }
                "items" => {
                    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}/{i}"), wrong);
                    }
                }
                "required" => {
                    for name in wanted.as_array().expect("a list") {
                        if value.as_object().is_some_and(|o| !o.contains_key(name.as_str().expect("a name")))
                        {
                            fails(format!("{name} is missing"));
                        }
                    }
                }
                "properties" => {
                    for (name, rule) in wanted.as_object().expect("by name") {
                        if let Some(value) = value.get(name) {
                            self.check(rule, value, &format!("{at}/{name}"), wrong);
                        }
                    }
                }
                "additionalProperties" => {
                    let known = rule.get("properties").and_then(Value::as_object);
                    for (name, value) in value.as_object().into_iter().flatten() {
                        match known.is_some_and(|k| k.contains_key(name)) {
                            true => {}
                            false if wanted == &Value::Bool(false) => {
                                wrong.push(format!("{at}: {name} is not known"));
                            }
                            false => self.check(wanted, value, &format!("{at}/{name}"), wrong),
                        }
                    }
                }
                "anyOf" | "oneOf" => {
                    let fits = |rule: &&Value| {
                        let mut wrong = vec![];
                        self.check(rule, value, at, &mut wrong);
                        wrong.is_empty()
                    };
                    let count = wanted.as_array().expect("a list").iter().filter(fits).count();
                    if count == 0 || (keyword == "oneOf" && count > 1) {
                        fails(format!("{count} of {keyword} hold"));
                    }
                }
                other => panic!("{at}: the keyword {other}, which no log of bnnc needed before"),
            }
        }
    }

    fn faults(&self, log: &Value) -> Vec<String> {
        let mut wrong = vec![];
        self.check(&self.0, log, "", &mut wrong);
        wrong
    }
}

/// Findings of every level, with places, notes and fixes; a file that is missing; a model without any.
fn log(place: &Place) -> Value {
    let checked = place.run("check wrong.bnn warned.bnn line.bnn absent.bnn --pedantic --format sarif");
    assert_eq!((checked.status, checked.err.as_str()), (1, ""));
    serde_json::from_str(&checked.out).expect("JSON")
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = Schema(serde_json::from_str(SCHEMA).expect("JSON"));
    let place = wrong();
    let whole = log(&place);
    assert_eq!(schema.faults(&whole), Vec::<String>::new());
    assert!(whole["runs"][0]["results"].as_array().is_some_and(|r| r.len() >= 4));
    // Wrong models of every kind, one log.
    files_in("tests/ui/right", "csv")
        .iter()
        .for_each(|(name, text)| place.write(&format!("{name}.csv"), text));
    let mut line = "check".to_owned();
    for (i, model) in include_str!("../ui/wrong.txt").split("=== ").skip(1).enumerate() {
        let (_, text) = model.split_once('\n').expect("a heading");
        place.write(&format!("w{i}.bnn"), text);
        line += &format!(" w{i}.bnn");
    }
    let many: Value = serde_json::from_str(&place.run(&(line + " --format sarif")).out).expect("JSON");
    assert_eq!(schema.faults(&many), Vec::<String>::new());
    assert!(many["runs"][0]["results"].as_array().is_some_and(|r| r.len() >= 80));
}

#[test]
fn what_is_no_sarif_is_noticed() {
    let schema = Schema(serde_json::from_str(SCHEMA).expect("JSON"));
    let whole = log(&wrong());
    let result = "/runs/0/results/0";
    let region = "/runs/0/results/0/locations/0/physicalLocation/region";
    for (path, field, value) in [
        (result, "level", Value::from("fatal")),
        (result, "ruleId", Value::from(3)),
        (result, "code", Value::from("N001")),
        (result, "message", Value::from("text")),
        (region, "startLine", Value::from(0)),
        (region, "endColumn", Value::from(1.5)),
        ("/runs/0/tool", "driver", Value::Null),
        ("", "version", Value::from("2.0.0")),
    ] {
        let mut log = whole.clone();
        log.pointer_mut(path).expect("it is there")[field] = value;
        assert!(!schema.faults(&log).is_empty(), "{path} {field}");
    }
    let mut log = whole.clone();
    log["runs"][0]["results"][0].as_object_mut().expect("an object").remove("message");
    assert!(!schema.faults(&log).is_empty());
}
