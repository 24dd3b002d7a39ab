//! What the README shows is so.

use super::Place;

const README: &str = include_str!("../../README.md");

/// The text of the first block of a kind that holds some words.
fn block(kind: &str, words: &str) -> &'static str {
    let opening = format!("```{kind}\n");
    let mut blocks = README.split(&opening).skip(1).map(|b| b.split("```").next().unwrap());
    blocks.find(|b| b.contains(words)).unwrap_or_else(|| panic!("no {kind} block with {words}"))
}

#[test]
fn the_model_compiles() {
    let place = Place::new();
    std::fs::create_dir(place.path("data")).unwrap();
    place.write("data/moons.csv", include_str!("../../models/data/moons.csv"));
    place.write("moons.bnn", block("bnn", "net f(x)"));
    let checked = place.run("check moons.bnn --deny warnings");
    assert_eq!(checked.status, 0, "{}", checked.err);
}

#[test]
fn the_message_is_printed_so() {
    let place = Place::with_line();
    place.write(
        "wrong.bnn",
        "data \"line.csv\" { x, y : real }\nb ~ Normal(0, 2)\ns ~ Normal(0, 1)\ny ~ Normal(b * x + b, s)\n",
    );
    assert_eq!(place.run("check wrong.bnn -q").err.trim_end(), block("text", "error[T010]").trim_end());
}

#[test]
fn the_commands_are_those_of_the_help() {
    let rows = README.lines().filter_map(|l| l.strip_prefix("| `bnnc ")?.split([' ', '`']).next());
    let named: Vec<&str> = rows.collect();
    let help = Place::new().run("--help").out;
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let commands = commands.filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    let there: Vec<&str> =
        commands.filter_map(|l| l.split_whitespace().next()).filter(|c| *c != "help").collect();
    assert_eq!(named, there);
}
