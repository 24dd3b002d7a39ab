//! Settings that the path of a model cannot follow: refused by name, by `check` where no rows are needed to know it.

use crate::support::snapshot;
use bnnc::compile::{Options, Session, fit};
use bnnc::diagnostic::Level;
use bnnc::diagnostic::render::human_all;
use bnnc::infer::progress::Silent;

const ROWS: &str = "x,y\n1,2\n2,3\n3,5\n4,4\n";

/// Name and model; `check` says it as a fit does.
const CASES: &[(&str, &str)] = &[
    (
        "o001_correlate_without_a_guide",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { correlate = [b] }\n",
    ),
    (
        "o001_correlate_of_no_such_layer",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 3 tanh { w ~ Normal(0, 1) }; out: dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = lowrank; correlate = [f.1, f.oat] }\n",
    ),
    (
        "o001_correlate_of_a_point",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 3 tanh { w ~ Point }; dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = lowrank; correlate = [f.1.w] }\n",
    ),
    (
        "o001_full_rank_of_many",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 900 tanh { w ~ Normal(0, 1) }; dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = fullrank }\n",
    ),
    (
        "o001_ladder_with_a_mixture",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { guide = ladder; mix = true }\n",
    ),
    (
        "o001_tempered_chains",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { method = nuts; kl_weight = 0.5 }\n",
    ),
    (
        "o001_chains_have_no_mixture",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { method = nuts; mix = true }\n",
    ),
    (
        "o001_correlate_of_a_mode",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\n\
         fit { method = map; guide = fullrank; correlate = [b] }\n",
    ),
    (
        "o001_signs_of_a_mode",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\n\
         fit { method = map; batch = 2; with = [flipout] }\n",
    ),
    (
        "o001_chains_of_points",
        "data \"d.csv\" { x, y : real }\nb ~ Point\ny ~ Normal(b * x, 1)\nfit { method = nuts }\n",
    ),
    (
        "o001_shares_in_batches",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { mix = elbo; batch = 2 }\n",
    ),
    (
        "o001_warmup_on_all_rows",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { warmup = 100 }\n",
    ),
    (
        "o001_sgd_in_batches",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { optimizer = sgd; batch = 2 }\n",
    ),
];

const LINE: &str = "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\n";

/// Name, fit block, and what the command line sets; the level is a warning unless the method is not the file's.
type Idle = (&'static str, &'static str, &'static [(&'static str, &'static str)], Level);
const IDLE: &[Idle] = &[
    ("o007_samples_without_chains", "samples = 500", &[], Level::Warning),
    ("o007_chains_on_the_command_line", "", &[("chains", "8")], Level::Warning),
    ("o007_draws_of_chains", "method = nuts; draws = 40", &[], Level::Warning),
    ("o007_rank_of_a_full_guide", "guide = fullrank; rank = 3", &[], Level::Warning),
    ("o007_epochs_on_all_rows", "epochs = 5", &[], Level::Note),
    ("o007_rate_of_a_mode", "method = map; learning_rate = 0.1", &[], Level::Warning),
    ("o007_left_out_anyway", "without = [flipout]", &[], Level::Warning),
    (
        "o007_rewrites_without_a_guide",
        "method = laplace; without = [non_centre, entropy]",
        &[],
        Level::Warning,
    ),
    ("o007_method_of_the_command_line", "guide = fullrank", &[("method", "map")], Level::Note),
];

#[test]
fn what_has_no_effect_is_told() {
    for (name, block, set, level) in IDLE {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("d.csv"), ROWS).expect("written");
        let path = folder.path().join("model.bnn");
        std::fs::write(&path, format!("{LINE}fit {{ {block} }}\n")).expect("written");
        let set = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let session = Session::open(&path, Options { set, ..Options::default() }).expect("it was written");
        let mut found = session.check();
        found.0.retain(|d| d.code.id() == "O007");
        let levels: Vec<Level> = found.0.iter().map(|d| d.level()).collect();
        assert_eq!(levels, [*level], "{name}: {found:?}");
        let text = human_all(&found, session.source(), false);
        snapshot("ui", name, &text.replace(&path.display().to_string(), "model.bnn"));
        // What a fit tells is what its manifest keeps.
        let run = fit(&session, &mut Silent).expect(name);
        let is_kept = run.manifest.warnings.iter().any(|w| w.starts_with("O007"));
        assert_eq!(is_kept, *level == Level::Warning, "{name}: {:?}", run.manifest.warnings);
    }
}

#[test]
fn what_a_path_cannot_do_is_refused() {
    for (name, model) in CASES {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("d.csv"), ROWS).expect("written");
        let path = folder.path().join("model.bnn");
        std::fs::write(&path, model).expect("written");
        let session = Session::open(&path, Options::default()).expect("it was written");
        let code = name.split('_').next().unwrap_or_default().to_uppercase();
        let mut failure = fit(&session, &mut Silent).expect_err(name);
        failure.diagnostics.0.retain(|d| d.code.id() == code);
        assert_eq!((failure.exit, failure.diagnostics.0.len()), (1, 1), "{name}: {failure:?}");
        let mut checked = session.check();
        checked.0.retain(|d| d.code.id() == code);
        let text = human_all(&failure.diagnostics, session.source(), false);
        assert_eq!(human_all(&checked, session.source(), false), text, "{name}");
        snapshot("ui", name, &text.replace(&path.display().to_string(), "model.bnn"));
    }
}
