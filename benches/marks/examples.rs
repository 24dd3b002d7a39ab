//! Part `examples`: every example model as it stands, with its metrics.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;
use std::path::{Path, PathBuf};

/// Models whose data the user brings, and those with a part of their own, which takes minutes.
const ELSEWHERE: &[&str] = &["cifar10", "cats_dogs", "mnist", "mnist_inputs"];

pub fn section() -> String {
    let mut text = "Each model of `models/` as `bnnc fit` fits it; the last split is the held-out one, where there is one.\n\
        Command: `cargo bench --bench marks -- examples`.\n\
        `mnist` and `mnist_inputs` have their own part; `cifar10` and `cats_dogs` are for data that you bring, and are \
        fitted on made pictures in a test.\n\n\
        | model | shows | objective | split | rows | nll | accuracy or RMSE | seconds |\n\
        |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for path in models() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        let session = Session::open(&path, Options::default()).expect("the model is in the repository");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{name}: {:?}", f.diagnostics));
        text += &format!("| `{name}` | {} | {}", shows(&path), figures(&run));
    }
    text
}

fn models() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "bnn"))
        .collect();
    found.sort();
    found
}

/// The first sentence of the model's own comment.
fn shows(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("# ")).collect();
    let comment = comment.join(" ");
    comment
        .split_once(". ")
        .map_or(comment.as_str(), |(first, _)| first)
        .trim_end_matches('.')
        .replace('|', "\\|")
}

fn figures(run: &Run) -> String {
    let objective = &run.metrics.objective;
    let mut text = format!("{:.2} ± {:.2}", objective.value, objective.se);
    match run.metrics.splits.last().and_then(|split| Some((split, split.targets.first()?))) {
        Some((split, target)) => {
            let of = |name: &str| target.get(name).filter(|value| value.is_finite());
            let nll = of("nll").map_or_else(|| "–".into(), |v| format!("{v:.3}"));
            let quality = match (of("accuracy"), of("rmse")) {
                (Some(a), _) => format!("{:.1} % right", 100.0 * a),
                (_, Some(r)) => format!("RMSE {r:.3}"),
                _ => "–".into(),
            };
            text += &format!(" | {} | {} | {nll} | {quality}", split.split, split.rows);
        }
        None => text += " | – | – | – | –",
    }
    format!("{text} | {:.1} |\n", run.manifest.fit_s + run.manifest.eval_s)
}
