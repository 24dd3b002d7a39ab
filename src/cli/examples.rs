//! Examples of every command, shown at the end of its help and on its page of the manual.

use super::args::Arguments;
use clap::{Command, CommandFactory};

/// A command with its examples: what it does, and the line.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

/// Every command but `help`.
pub(super) const EXAMPLES: &[Examples] = &[
    (
        "fit",
        &[
            ("fit a model", "bnnc fit moons.bnn"),
            (
                "other rows, another learning time",
                "bnnc fit moons.bnn --data rows.csv --epochs 50 --out runs/long",
            ),
            ("Markov chains in place of the default method", "bnnc fit kidiq.bnn --method nuts"),
            ("Particles from the guide to the posterior of a net", "bnnc fit moons.bnn --method smc"),
            ("go on where it was interrupted", "bnnc fit moons.bnn --resume runs/moons"),
        ],
    ),
    (
        "check",
        &[
            ("what is wrong with a model, or might be", "bnnc check moons.bnn"),
            ("what was inferred", "bnnc check moons.bnn --emit model"),
            ("in a pipeline", "bnnc check *.bnn --deny warnings --format github"),
        ],
    ),
    (
        "sweep",
        &[(
            "every prior of the model, five seeds each",
            "bnnc sweep moons.bnn --grid sigma=0.5,1,2 --seeds 5",
        )],
    ),
    ("fmt", &[("lay out all models", "bnnc fmt *.bnn"), ("only tell", "bnnc fmt moons.bnn --check")]),
    (
        "explain",
        &[
            ("the page of a message", "bnnc explain T010"),
            ("of a distribution, a layer, a function, a method", "bnnc explain HalfNormal"),
        ],
    ),
    (
        "predict",
        &[
            ("new rows, to a file", "bnnc predict runs/moons --data new.csv --out predicted.csv"),
            ("in a pipe", "cat new.csv | bnnc predict runs/moons --data - | head"),
            ("other quantiles", "bnnc predict runs/kidiq --data new.csv --quantiles 0.025,0.5,0.975"),
        ],
    ),
    ("eval", &[("the metrics of labelled rows", "bnnc eval runs/moons --data labelled.csv --json")]),
    (
        "export",
        &[
            (
                "for ArviZ, with the rows of the fit",
                "bnnc export runs/kidiq --to arviz --out kidiq.zarr --data kidiq.csv",
            ),
            ("draws as a table", "bnnc export runs/kidiq --to csv --draws 1000 --out draws.csv"),
        ],
    ),
    (
        "report",
        &[
            ("draw the page again", "bnnc report runs/moons"),
            ("which of two fits has the better ELBO", "bnnc report runs/moons runs/moons-2"),
        ],
    ),
    ("runs", &[("what there is", "bnnc runs"), ("for a program", "bnnc runs experiments --json")]),
    ("data", &[("500 rows of two moons", "bnnc data moons --set n=500 --set noise=0.3 --out moons.csv")]),
    ("new", &[("a starter model with its rows", "bnnc new first --kind classification")]),
    (
        "completions",
        &[("for this shell", "bnnc completions bash > ~/.local/share/bash-completion/completions/bnnc")],
    ),
    (
        "man",
        &[
            ("read a page", "bnnc man fit | man -l -"),
            ("install all pages", "bnnc man --out ~/.local/share/man/man1"),
        ],
    ),
];

/// The command line with its examples.
pub(super) fn command() -> Command {
    EXAMPLES.iter().fold(Arguments::command(), |command, (name, examples)| {
        let lines = examples.iter().map(|(what, line)| format!("  {line}\n      {what}"));
        let text = format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"));
        command.mut_subcommand(*name, |c| c.after_help(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_examples_that_can_be_parsed() {
        let names: Vec<String> =
            Arguments::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
        assert_eq!(names, EXAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for (name, examples) in EXAMPLES {
            for (what, line) in *examples {
                // What is ours of a pipe, without what the shell does.
                let own = line.split('|').map(str::trim).find(|part| part.starts_with("bnnc ")).unwrap();
                let own = own.split('>').next().unwrap();
                let parsed = command().try_get_matches_from(own.split_whitespace());
                assert!(parsed.is_ok(), "{name}: {what}: {line}: {}", parsed.unwrap_err());
            }
        }
    }
}
