//! A run that is loaded again: the same rows have the same numbers, to the last bit, for every method and example.

use bnnc::compile::fitted::{Asked, load};
use bnnc::compile::{Options, Session, fit};
use bnnc::data::Files;
use bnnc::infer::progress::Silent;
use bnnc::run_folder::{self, Run, SplitPredictions, prediction_columns};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Files beside the models.
struct Beside(PathBuf);

impl Files for Beside {
    fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>> {
        Ok(Box::new(std::fs::File::open(self.0.join(path))?))
    }
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// A model fitted, a quarter of its rows held out where it holds out none.
fn fitted(model: &str, options: Options) -> Run {
    let path = models().join(model);
    let mut text = std::fs::read_to_string(&path).unwrap();
    if !text.contains("split ") {
        let block = text.find("\ndata ").unwrap();
        let brace = block + text[block..].find('{').unwrap();
        text.insert_str(brace + 1, "\n  split valid = 0.25\n");
    }
    let session = Session::of(&path, text, options);
    fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{model}: {:?}", f.diagnostics))
}

/// Every row of a table as text, by its number.
fn by_row(tables: &[SplitPredictions]) -> HashMap<u64, Vec<(String, String)>> {
    let mut rows = HashMap::new();
    for table in tables {
        let columns = prediction_columns(table);
        for (at, row) in table.rows.iter().enumerate() {
            let cells = columns.iter().map(|(name, cells)| (name.clone(), cells.text(at))).collect();
            rows.insert(*row, cells);
        }
    }
    rows
}

/// Writes the run, reads it back, predicts the file it was fitted on in blocks of `rows`, and compares.
fn comes_back(model: &str, run: &Run, rows: usize) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    run_folder::write(&folder, run, &[], false).unwrap();
    let source = run.manifest.data.source.clone();
    let again = load(run_folder::read(&folder).unwrap(), model).unwrap_or_else(|f| panic!("{model}: {f:?}"));
    let files = Beside(models());
    let opened = again.open(&source, &files).unwrap_or_else(|f| panic!("{model}: {f:?}"));
    let options = again.data_options();
    let asked = Asked { rows, threads: 1, ..Asked::default() };
    let mut predicting =
        again.predicting(&source, opened, &options, asked).unwrap_or_else(|f| panic!("{model}: {f:?}"));
    let mut tables = vec![];
    while let Some(batch) = predicting.next(&mut |_| ()).unwrap_or_else(|f| panic!("{model}: {f:?}")) {
        tables.push(batch.table);
    }
    let new = by_row(&tables);
    let mut compared = 0;
    for split in run.predictions.iter().filter(|s| s.split != "test") {
        for (row, cells) in by_row(std::slice::from_ref(split)) {
            let other = &new[&row];
            for (was, is) in cells.iter().zip(other) {
                let is_hidden = was.0.ends_with("target");
                assert!(is_hidden || was == is, "{model}, row {row} of {}: {was:?} is {is:?}", split.split);
            }
            compared += 1;
        }
    }
    assert!(compared > 0, "{model}: nothing was compared");
}

/// Every example but the nets of images, fitted for a few steps.
#[test]
fn every_example_predicts_what_its_fit_wrote() {
    let names = std::fs::read_dir(models()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let has_no_images = |n: &String| {
        let text = std::fs::read_to_string(models().join(n)).unwrap();
        !["idx(", "images(", "cifar("].iter().any(|source| text.contains(source))
    };
    let mut names: Vec<String> = names.filter(|n| n.ends_with(".bnn")).filter(has_no_images).collect();
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    for model in &names {
        let options = Options {
            steps: Some(20),
            set: vec![
                ("fit.predict_draws".to_owned(), "8".to_owned()),
                ("fit.restarts".to_owned(), "1".to_owned()),
            ],
            ..Options::default()
        };
        let run = fitted(model, options);
        comes_back(model, &run, 37);
    }
}

#[test]
fn every_method_predicts_what_its_fit_wrote() {
    for method in ["advi", "map", "mle", "laplace", "nuts", "smc", "prior"] {
        let set = ["fit.predict_draws=9", "fit.chains=2", "fit.samples=50", "fit.tune=50"];
        let set =
            set.iter().filter_map(|s| s.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        let run =
            fitted("linear.bnn", Options { set, method: Some(method.to_owned()), ..Options::default() });
        for rows in [7, 8192] {
            comes_back(&format!("linear.bnn by {method}"), &run, rows);
        }
    }
}

#[test]
fn mixtures_predict_what_their_fit_wrote() {
    for model in ["linear.bnn", "moons.bnn"] {
        let set = [("fit.predict_draws", "9"), ("fit.restarts", "3"), ("fit.mix", "true")];
        let set = set.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let run = fitted(model, Options { set, steps: Some(40), ..Options::default() });
        assert!(run.tensors.iter().any(|t| t.name == "mixture.share"), "{model} has no mixture");
        comes_back(&format!("{model} as a mixture"), &run, 37);
    }
}

/// Low rank beside scales that are integrated out, without a net, and what a ladder ends on.
#[test]
fn richer_guides_predict_what_their_fit_wrote() {
    for (model, guide, batch) in [
        ("moons.bnn", "lowrank", "all"),
        ("moons.bnn", "lowrank", "64"),
        ("linear.bnn", "lowrank", "all"),
        ("linear.bnn", "lowrank", "20"),
        ("moons.bnn", "ladder", "all"),
        ("moons.bnn", "ladder", "64"),
        ("moons.bnn", "fullrank", "64"),
    ] {
        let set = [
            ("fit.predict_draws", "9"),
            ("fit.restarts", "2"),
            ("fit.guide", guide),
            ("fit.rank", "3"),
            ("fit.batch", batch),
        ];
        let set = set.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let run = fitted(model, Options { set, steps: Some(60), ..Options::default() });
        assert!(guide != "lowrank" || run.tensors.iter().any(|t| t.name == "low_rank.directions"), "{model}");
        comes_back(&format!("{model}, {guide}"), &run, 37);
    }
}
