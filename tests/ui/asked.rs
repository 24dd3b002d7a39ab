//! Settings that the path of a model cannot follow: refused by name, by `check` where no rows are needed to know it.

use crate::support::snapshot;
use bnnc::compile::{Options, Session, fit};
use bnnc::diagnostic::render::human_all;
use bnnc::infer::progress::Silent;

const ROWS: &str = "x,y\n1,2\n2,3\n3,5\n4,4\n";

/// Name, model, and whether `check` says it too.
const CASES: &[(&str, &str, bool)] = &[
    (
        "o001_correlate_without_a_guide",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { correlate = [b] }\n",
        true,
    ),
    (
        "o001_correlate_of_no_such_layer",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 3 tanh { w ~ Normal(0, 1) }; out: dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = lowrank; correlate = [f.1, f.oat] }\n",
        true,
    ),
    (
        "o001_correlate_of_a_point",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 3 tanh { w ~ Point }; dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = lowrank; correlate = [f.1.w] }\n",
        true,
    ),
    (
        "o001_full_rank_of_many",
        "data \"d.csv\" { x, y : real }\nnet f(x) { dense 900 tanh { w ~ Normal(0, 1) }; dense 1 { w ~ Normal(0, 1) } }\n\
         y ~ Normal(f([x]), 1)\nfit { guide = fullrank }\n",
        true,
    ),
    (
        "o001_ladder_with_a_mixture",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { guide = ladder; mix = true }\n",
        true,
    ),
    (
        "o001_tempered_chains",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { method = nuts; kl_weight = 0.5 }\n",
        true,
    ),
    (
        "o001_warmup_on_all_rows",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { warmup = 100 }\n",
        false,
    ),
    (
        "o001_sgd_in_batches",
        "data \"d.csv\" { x, y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)\nfit { optimizer = sgd; batch = 2 }\n",
        false,
    ),
];

#[test]
fn what_a_path_cannot_do_is_refused() {
    for (name, model, by_check) in CASES {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("d.csv"), ROWS).expect("written");
        let path = folder.path().join("model.bnn");
        std::fs::write(&path, model).expect("written");
        let session = Session::open(&path, Options::default()).expect("it was written");
        let code = name.split('_').next().unwrap_or_default().to_uppercase();
        let mut failure = fit(&session, &mut Silent).expect_err(name);
        failure.diagnostics.0.retain(|d| d.code.id() == code);
        assert_eq!((failure.exit, failure.diagnostics.0.len()), (1, 1), "{name}: {failure:?}");
        let checked = session.check().0.iter().any(|d| d.code.id() == code);
        assert_eq!(checked, *by_check, "{name}");
        let text = human_all(&failure.diagnostics, session.source(), false);
        snapshot("ui", name, &text.replace(&path.display().to_string(), "model.bnn"));
    }
}
