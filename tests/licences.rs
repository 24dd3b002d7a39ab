//! Every dependency has a licence that `deny.toml` allows; without the network, so that it can be asked for anywhere.

use std::collections::BTreeSet;
use std::process::Command;

/// The licences that the configuration of `cargo deny` allows.
fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let (_, list) = text.split_once("allow = [").expect("there is a list");
    let (list, _) = list.split_once(']').expect("the list ends");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression is met by some licences; the old `A/B` means `A OR B`.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    let all = expression.split(" AND ").map(|part| part.trim_matches(['(', ')', ' ']));
    all.into_iter().all(|part| part.split(" OR ").any(|one| allowed.iter().any(|a| a == one.trim())))
}

#[test]
fn licences_of_dependencies_are_allowed() {
    let allowed = allowed();
    assert!(is_met("(MIT OR GPL-3.0) AND Unicode-3.0", &allowed) && !is_met("MIT AND GPL-3.0", &allowed));
    // Not `cargo metadata`: that wants the Python package's dependencies too, which building bnnc does not fetch.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "bnnc", "--edges", "normal,build,dev", "--no-dedupe"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packages: BTreeSet<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    assert!(packages.len() > 50);
    let licence = |package: &str| package.split_once('|').map_or(String::new(), |(_, l)| l.to_owned());
    let wrong: Vec<&String> = packages.iter().filter(|p| !is_met(&licence(p), &allowed)).collect();
    assert_eq!(wrong, Vec::<&String>::new(), "licences that deny.toml does not allow");
}
