//! The page of a sweep: what is best, the alternatives as heat maps, what can be told apart, the best of each kind.

use super::heat::{Field, heat_map};
use super::{Alternative, Difference, Gathered, Paired, sentences};
use crate::report::figures::Figure;
use crate::report::figures::canvas::escape;
use crate::report::highlight;
use crate::report::html::{figure, shell, with_code};
use crate::report::number::{metric, with_error};
use crate::run_folder::{CellState, Extra};

/// Returns the page and its figures.
pub(super) fn files(sweep: &Gathered) -> Vec<Extra> {
    let sections = super::kinds::sections(sweep);
    let tiles = sections.iter().flat_map(|s| &s.tiles).flat_map(|t| &t.tiles).flat_map(|t| &t.figures);
    let figures = sections.iter().flat_map(|s| &s.figures).chain(tiles);
    let extras: Vec<Extra> = figures.map(Figure::file).collect();
    let page = Extra { path: "report.html".to_owned(), bytes: page(sweep, &sections).into_bytes() };
    std::iter::once(page).chain(extras).collect()
}

fn page(sweep: &Gathered, sections: &[super::kinds::Section]) -> String {
    let kinds: String = sections.iter().map(section).collect();
    let parts = [
        head(sweep),
        verdict(sweep),
        failures(sweep),
        heat_maps(sweep),
        differences(sweep),
        kinds,
        format!("<h2>The model</h2>\n{}", highlight::listing(&sweep.plan.model_text)),
        again(sweep),
    ];
    shell(&format!("{} · sweep", sweep.plan.model), &parts.concat(), &sweep.plan.bnnc)
}

fn head(sweep: &Gathered) -> String {
    let p = &sweep.plan;
    let seeds = p.seeds();
    let of = |d: &usize| format!("{} {}", p.dimensions[*d].values.len(), p.dimensions[*d].name);
    let varying: Vec<String> = sweep.varying().iter().map(of).collect();
    let facts = [
        ("alternatives", sweep.alternatives.len().to_string()),
        ("of", varying.join(" × ")),
        ("seeds", seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
        ("fits", p.cells.len().to_string()),
        ("on", p.started.clone()),
    ];
    let facts: Vec<String> = facts
        .iter()
        .filter(|(_, v)| !v.is_empty())
        .map(|(n, v)| format!("<span>{n} <b>{}</b></span>", escape(v)))
        .collect();
    format!("<h1>{}: a sweep</h1>\n<p class=\"facts\">{}</p>\n", escape(&p.model), facts.join(" · "))
}

fn verdict(sweep: &Gathered) -> String {
    let sentences: String = sentences(sweep).iter().map(|s| format!("<p>{}</p>\n", with_code(s))).collect();
    format!("<section class=\"verdict\">\n{sentences}</section>\n")
}

fn failures(sweep: &Gathered) -> String {
    let one = |(i, state): (usize, &CellState)| match state {
        CellState::Failed(why) => {
            let cell = &sweep.plan.cells[i].folder;
            Some(format!("<li><code>{}</code>: {}</li>\n", escape(cell), with_code(why)))
        }
        CellState::Done(_) | CellState::Open => None,
    };
    let failed: String = sweep.states.iter().enumerate().filter_map(one).collect();
    let open = sweep.states.iter().filter(|s| **s == CellState::Open).count();
    let mut out = String::new();
    if !failed.is_empty() {
        out = format!("<section class=\"warnings\"><b>Failed</b>\n<ul>\n{failed}</ul></section>\n");
    }
    if open > 0 {
        out.push_str(&format!(
            "<section class=\"warnings\">{open} cells are not fitted yet; the same command goes on with them.</section>\n"
        ));
    }
    out
}

fn heat_maps(sweep: &Gathered) -> String {
    let fields = [
        sweep.loss().map(|column| Field::metric(column, true)),
        Some(Field::elbo()),
        sweep.held_out("accuracy").map(|column| Field::metric(column, false)),
        sweep.held_out("rmse").map(|column| Field::metric(column, true)),
    ];
    let maps: String = fields.into_iter().flatten().filter_map(|f| heat_map(sweep, &f)).collect();
    let merged = sweep.plan.combinations.saturating_sub(sweep.alternatives.len());
    let note = match merged {
        0 => String::new(),
        n => format!(
            "<p class=\"quiet\">{n} of the {} combinations come out equal to another one, because a value makes no \
             difference to them; they are fitted once, and the value is shown as a point.</p>\n",
            sweep.plan.combinations
        ),
    };
    format!(
        "<h2>Alternatives</h2>\n<p class=\"quiet\">Means over seeds, the best darkest. First error: over seeds, how much \
         another seed would change the mean. Second error, where there is one: over held-out rows, how much other rows \
         would.</p>\n{maps}{note}"
    )
}

/// Every alternative beside the best by loss and the best by ELBO.
fn differences(sweep: &Gathered) -> String {
    let ranked = sweep.ranked();
    if ranked.len() < 2 {
        return String::new();
    }
    let Some(loss) = sweep.loss() else { return String::new() };
    let best = &sweep.alternatives[ranked[0]];
    let by_elbo = sweep.best_by_elbo().map(|i| &sweep.alternatives[i]);
    let others = ranked.len() - 1;
    let row = |i: &usize| {
        let a = &sweep.alternatives[*i];
        let value = a.metric(&loss).map(|e| metric(e.mean)).unwrap_or_default();
        let cost = if *i == ranked[0] { Cell::Best } else { Cell::of(a, best, Paired::Cost, others) };
        let elbo = match by_elbo {
            Some(top) if top.values == a.values => Cell::Best,
            Some(top) => Cell::of(top, a, Paired::Elbo, others),
            None => Cell::Apart,
        };
        format!(
            "<tr><td>{}</td><td class=\"number main\">{value}</td>{}{}</tr>\n",
            escape(&sweep.name(a)),
            cost.html(),
            elbo.html()
        )
    };
    let rows: String = ranked.iter().map(row).collect();
    format!(
        "<h2>Which differences are real</h2>\n<p class=\"quiet\">Pairs of fits with the same seed, row by row. A difference \
         is called real if it lies outside the interval that chance leaves once in twenty such tables (t intervals of \
         level 1 − 0.05/{others}, errors over seeds and rows together). The best was picked by the same rows, so its own \
         value is a little too good.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th>alternative</th><th class=\"number\">{}</th>\
         <th class=\"number\">above the best,<br>nats a row</th>\
         <th class=\"number\">ELBO below<br>the best, nats</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n",
        escape(&loss.replacen('_', " ", 1))
    )
}

/// A difference in the table.
enum Cell {
    Best,
    Apart,
    Is(Difference, bool),
}

impl Cell {
    fn of(this: &Alternative, that: &Alternative, what: Paired, comparisons: usize) -> Cell {
        match Difference::of(this, that, what) {
            Some(d) => Cell::Is(d, d.is_real(comparisons)),
            None => Cell::Apart,
        }
    }

    fn html(&self) -> String {
        match self {
            Cell::Best => "<td class=\"number\"><b>best</b></td>".to_owned(),
            Cell::Apart => "<td class=\"number quiet\">does not compare</td>".to_owned(),
            Cell::Is(d, is_real) => {
                let word = match (d.error().is_nan(), is_real) {
                    (true, _) => "<span class=\"quiet\">one seed</span>",
                    (_, true) => "<b>real</b>",
                    (_, false) => "<span class=\"quiet\">not told apart</span>",
                };
                format!("<td class=\"number\">{}<br>{word}</td>", with_error(d.mean, d.error()))
            }
        }
    }
}

fn section(section: &super::kinds::Section) -> String {
    let figures: String = section.figures.iter().map(figure).collect();
    let tiles: String = section.tiles.iter().map(tiles).collect();
    let words: String = section.words.iter().map(|w| format!("<p>{}</p>\n", with_code(w))).collect();
    format!("<h2>{}</h2>\n{words}{tiles}{}{figures}", escape(&section.title), section.table)
}

fn tiles(group: &super::kinds::Tiles) -> String {
    let one = |tile: &super::kinds::Tile| {
        let drawn: String = tile.figures.iter().map(Figure::inline).collect();
        format!(
            "<figure class=\"tile\"><b>{}</b>{drawn}<figcaption>{}</figcaption></figure>\n",
            escape(&tile.title),
            escape(&tile.note)
        )
    };
    let all: String = group.tiles.iter().map(one).collect();
    format!(
        "<h3>{}</h3>\n<div class=\"tiles\">\n{all}</div>\n<p class=\"quiet\">{}</p>\n",
        escape(&group.title),
        escape(&group.caption)
    )
}

fn again(sweep: &Gathered) -> String {
    let command = &sweep.plan.command;
    let mut out = String::from("<h2>How to get this again</h2>\n");
    if !command.is_empty() {
        out.push_str(&format!("<pre>{}</pre>\n", escape(command)));
    }
    out + &format!(
        "<p>Each cell has a run folder of its own beside this page, with the command that makes it alone: the bits are \
         the same. <code>sweep.csv</code> has a row per fit.</p>\n\
         <div class=\"wide\"><table><tbody>\n<tr><td>SHA-256 of the model</td><td><code>{}</code></td></tr>\n\
         </tbody></table></div>\n",
        escape(&sweep.plan.model_sha256)
    )
}
