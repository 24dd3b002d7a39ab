//! Reference pages made from the tables in the code: the committed page must be the one that the code makes.

use bnnc::tape::ops::stablehlo;
use bnnc::{check, dist, rewrites};
use std::path::Path;

/// Set to any value to write the pages instead of comparing them.
const REWRITE: &str = "BNNC_WRITE_PAGES";

fn compare(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&path, page).expect("the docs folder can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let first = committed.lines().zip(page.lines()).position(|(a, b)| a != b);
    assert!(
        committed == page,
        "docs/{name} is not what the code says (first at line {}); to write it anew: {REWRITE}=1 cargo test reference_pages",
        first.map_or(committed.lines().count().min(page.lines().count()), |i| i) + 1
    );
}

/// Part of a page between two markers, the rest of which is written by hand.
fn compare_part(name: &str, part: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- end: {part} -->\n"));
    let from = page.find(&begin).expect("its first marker") + begin.len();
    let to = page.find(&end).expect("its second marker");
    compare(name, &format!("{}\n{text}\n{}", &page[..from], &page[to..]));
}

#[test]
fn the_table_of_rewrites_is_current() {
    compare_part("inference.md", "rewrites", &rewrites::reference());
}

#[test]
fn the_table_of_instructions_is_current() {
    compare_part("architecture.md", "instructions", &stablehlo::reference());
}

#[test]
fn the_page_of_distributions_is_current() {
    compare("distributions.md", &check::pages::distributions());
}

#[test]
fn the_page_of_functions_is_current() {
    let page = check::pages::functions();
    compare("functions.md", &page);
}

#[test]
fn every_family_explains_itself() {
    for family in dist::ALL {
        let page = dist::page(family.name).expect("every family has a page");
        assert!(page.starts_with(family.name));
        for wanted in ["log ", "mean", "sd", "Reference:"] {
            assert!(family.page.contains(wanted), "the page of {} lacks {wanted}", family.name);
        }
        for arg in family.forms.iter().flat_map(|form| form.args) {
            assert!(page.contains(arg.name), "the page of {} lacks its argument {}", family.name, arg.name);
        }
        for line in page.lines() {
            assert!(line.chars().count() <= 116, "the page of {} has a long line: {line}", family.name);
        }
    }
    assert_eq!(dist::page("Norma"), None);
}

/// What `bnnc explain` prints stands in the reference, word for word.
#[test]
fn explanations_are_the_reference() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        std::fs::read_to_string(path).expect("the page is there")
    };
    let (functions, distributions) = (read("functions.md"), read("distributions.md"));
    for word in check::signatures::ALL.iter().map(|f| f.name) {
        assert!(functions.contains(&check::pages::function(word).expect("it has a page")), "{word}");
    }
    for word in check::settings::OPTIONS.iter().map(|o| o.name) {
        assert!(functions.contains(&check::pages::option(word).expect("it has a page")), "{word}");
    }
    for word in check::words::ALL.iter().map(|w| w.name) {
        assert!(functions.contains(&check::words::page(word).expect("it has a page")), "{word}");
    }
    for word in check::pages::values() {
        assert!(functions.contains(&check::pages::value(word).expect("it has a page")), "{word}");
    }
    for family in dist::ALL {
        let page = check::pages::distribution(family.name).expect("it has a page");
        let body = page.split_once('\n').map_or("", |(_, body)| body).trim();
        assert!(distributions.contains(body), "{}", family.name);
    }
}
