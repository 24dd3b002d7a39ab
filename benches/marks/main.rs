//! The marks of inference: fits models through the library, prints a table per part, and rewrites that part's section
//! of `docs/inference-results.md`.
//!
//!     cargo bench --bench marks                     all parts
//!     cargo bench --bench marks -- posteriordb      these parts only
//!     BNNC_ROWS='yacht | particles' cargo bench --bench marks -- uci    of this part (no other reads it), only the
//!                                                   lines with these words
//!
//! A part is a file with one function from nothing to the text of its section, and a line in [`PARTS`].

mod examples;
mod grid;
mod judges;
mod mnist;
mod mnist_best;
mod page;
mod posteriordb;
mod rewrites;
mod uci;

use std::process::ExitCode;

/// The seeds that ranges are over.
const SEEDS: [u64; 3] = [0, 1, 2];

/// Name of a part, and what writes its section.
type Part = (&'static str, fn() -> String);

/// In the order of the page.
const PARTS: &[Part] = &[
    ("posteriordb", posteriordb::section),
    ("posteriordb-judges", judges::section),
    ("moons-circles", grid::section),
    ("mnist", mnist::section),
    ("mnist-best", mnist_best::section),
    (uci::NAME, uci::section),
    ("rewrites", rewrites::section),
    ("examples", examples::section),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|w| PARTS.iter().all(|(name, _)| name != w)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("no part is called `{unknown}`; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    for (name, section) in
        PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name))
    {
        let text = section();
        println!("## {name}\n\n{text}");
        if let Err(e) = page::replace(name, &text) {
            eprintln!("{}: {e}", page::PATH);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
