//! The command line as a tree of types; what is written here is its help.

use super::{
    check, completions, data, eval, explain, export, fit, fmt, man, new, predict, report, runs, sweep,
};
use crate::data::truth::Truth;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// A compiler for Bayesian models, Bayesian neural networks first.
#[derive(Debug, Parser)]
#[command(
    name = "bnnc",
    version,
    propagate_version = true,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub output: Output,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// Say only what was asked for: no progress, no verdict
    #[arg(long, short, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Print a machine-readable result on standard output
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Colour messages: auto, always or never; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    #[arg(hide_possible_values = true)]
    pub color: Color,
}

/// When messages are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// on a terminal
    Auto,
    /// also into files and pipes
    Always,
    /// nowhere
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Fit(fit::Options),
    Check(check::Options),
    Sweep(sweep::Options),
    Fmt(fmt::Options),
    Explain(explain::Options),
    Predict(predict::Options),
    Eval(eval::Options),
    Export(export::Options),
    Report(report::Options),
    Runs(runs::Options),
    Data(data::Options),
    New(new::Options),
    Completions(completions::Options),
    Man(man::Options),
}

/// What a model is compiled with.
#[derive(Debug, Args)]
pub(super) struct Setting {
    /// Override a constant, a data argument or a fit option; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// Pick an alternative of a `choose`; may be repeated
    #[arg(long, value_name = "NAME=LABEL", value_parser = pair)]
    pub choose: Vec<(String, String)>,
    /// Read this file in place of the model's source
    #[arg(long, value_name = "FILE")]
    pub data: Option<String>,
    /// Key of all noise, splits and permutations
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Worker threads; the result does not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory that the rows and the model may take, as `512m` or `4g` [default: three quarters of what there is]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_memory: Option<u64>,
}

/// Reads `512m`, `4g`, `1.5GiB` as bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write it as `512m` or `4g`".to_owned();
    let end = text.find(|c: char| c.is_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(end);
    let shift = match unit.to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let bytes = number * (1u64 << shift) as f64;
    if bytes >= 1.0 && bytes < u64::MAX as f64 { Ok(bytes as u64) } else { Err(wrong()) }
}

/// Splits `name=value` at the first `=`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A generator with its noise, in the words that are kept of it.
pub(super) fn truth(text: &str) -> Result<String, String> {
    let truth = Truth::declared(text).map_err(|d| d.message)?;
    Ok(truth.words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!([size("512m"), size("4g"), size("1.5GiB")], [Ok(512 << 20), Ok(4 << 30), Ok(3 << 29)]);
        assert!(["", "4", "g", "-1g", "4 miles", "1e30t", "nang"].iter().all(|t| size(t).is_err()));
    }

    #[test]
    fn a_setting_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("n = 3"), Ok(("n".into(), "3".into())));
        assert_eq!(pair("f=a=b"), Ok(("f".into(), "a=b".into())));
        assert!(pair("n").is_err() && pair("=3").is_err());
    }

    /// `docs/cli.md` ends with the help of every command, as the program prints it.
    #[test]
    fn the_page_of_commands_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
        let page = std::fs::read_to_string(path).unwrap();
        let mark = "<!-- help -->\n";
        let (before, after) = page.split_once(mark).expect("the page marks where the help begins");
        let mut current = String::new();
        // The width of a terminal must not change the page.
        let mut root = super::super::examples::command().term_width(100);
        root.build();
        for command in root.get_subcommands_mut().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
            let name = command.get_name().to_owned();
            let help = command.clone().bin_name(format!("bnnc {name}")).render_help().to_string();
            let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
            current
                .push_str(&format!("\n### bnnc {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()));
        }
        if std::env::var_os("BNNC_BLESS").is_some() {
            std::fs::write(path, format!("{before}{mark}{current}")).unwrap();
        } else {
            let first = after.lines().zip(current.lines()).find(|(a, b)| a != b);
            assert!(
                after == current,
                "docs/cli.md is not current: BNNC_BLESS=1 writes it; first difference {first:?}"
            );
        }
    }
}
