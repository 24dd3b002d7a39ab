//! Run to report: the words, the figures and the page that a person looks at.
//!
//! Everything is made from a [`Run`] alone, so a report can be made again from its folder. Start at [`extras`].

mod ceiling;
pub mod compare;
pub mod figures;
mod highlight;
mod html;
mod metric_words;
pub mod number;
#[cfg(test)]
mod sample;
pub mod selection;
pub mod sweep;
mod verdict;

pub use html::page;
pub use verdict::verdict;

use crate::run_folder::{Extra, Run};

/// Returns the files of the report: `report.html` and `figures/*.svg`.
pub fn extras(run: &Run) -> Vec<Extra> {
    let figures = figures::all(run);
    let page = Extra { path: "report.html".to_owned(), bytes: page(run, &figures).into_bytes() };
    std::iter::once(page).chain(figures.iter().map(figures::Figure::file)).collect()
}
