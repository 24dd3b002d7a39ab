//! `bnnc man`: pages of the manual, made from what the help is made of.

use super::examples::{self, EXAMPLES};
use super::terminal::Terminal;
use crate::files;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_mangen::Man;
use std::io;
use std::path::{Path, PathBuf};

/// Print the manual page of bnnc or of one of its commands, or write all of them into a folder
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The command [default: bnnc itself]
    #[arg(value_name = "COMMAND", value_parser = names(), hide_possible_values = true)]
    pub command: Option<String>,
    /// Write bnnc.1 and a page for each command into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub out: Option<PathBuf>,
}

/// The commands that have pages.
fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(EXAMPLES.iter().map(|(name, _)| *name))
}

/// Runs the command.
pub(super) fn run(terminal: &Terminal, options: &Options) -> u8 {
    let all = pages();
    if let Some(folder) = &options.out {
        return match write(&all, folder) {
            Ok(()) => {
                terminal.note(&format!("{} pages: {}", all.len(), folder.display()));
                0
            }
            Err(fault) => {
                terminal.refuse(&super::predict::not_written(&folder.display().to_string(), &fault))
            }
        };
    }
    let name = options.command.as_ref().map_or("bnnc".to_owned(), |c| format!("bnnc-{c}"));
    // The command line knows no other names.
    let page = all.iter().find(|(page, _)| *page == name);
    terminal.out(page.map_or("", |(_, text)| text));
    0
}

/// Every page by its name: `bnnc`, `bnnc-fit`, …
fn pages() -> Vec<(String, String)> {
    let mut root = examples::command();
    root.build();
    let own = root.get_subcommands().filter(|c| c.get_name() != "help").cloned();
    let own: Vec<(String, String)> = own.map(|c| (format!("bnnc-{}", c.get_name()), page(c))).collect();
    std::iter::once(("bnnc".to_owned(), page(root))).chain(own).collect()
}

fn page(command: Command) -> String {
    let mut text = vec![];
    // A vector takes whatever is written to it.
    let _ = Man::new(command).date("").render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn write(pages: &[(String, String)], folder: &Path) -> io::Result<()> {
    files::create_folders(folder)?;
    pages
        .iter()
        .try_for_each(|(name, text)| files::replace(&folder.join(format!("{name}.1")), text.as_bytes()))
}
