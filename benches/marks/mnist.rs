//! Part `mnist`: the paper's network after 60 epochs, a scale per layer and a scale per input channel.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use std::path::Path;

pub fn section() -> String {
    let mut text = "The network of `models/mnist.bnn` after 60 epochs, one fit each, KL weight 1, no augmentation.\n\
        Command: `cargo bench --bench marks -- mnist` (some twenty minutes).\n\
        Marks: test accuracy at least 0.987, nll at most 0.053, ECE at most 0.025; with a scale per input channel an \
        ELBO above −8,700.\n\n\
        | scale | ELBO | test accuracy | nll | ECE | fit, s | evaluation, s |\n\
        |---|---|---|---|---|---|---|\n"
        .to_owned();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (name, file) in [("per layer", "mnist.bnn"), ("per input channel", "mnist_inputs.bnn")] {
        let set = vec![("epochs".to_owned(), "60".to_owned())];
        let options = Options { set, ..Options::default() };
        let session = Session::open(&root.join(file), options).expect("the model is in the repository");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{name}: {:?}", f.diagnostics));
        let test = &run.metrics.split("test").expect("a test set").targets[0];
        let of = |metric: &str| test.get(metric).unwrap_or(f64::NAN);
        text += &format!(
            "| {name} | {:.0} ± {:.0} | {:.4} | {:.4} | {:.4} | {:.0} | {:.0} |\n",
            run.metrics.objective.value,
            run.metrics.objective.se,
            of("accuracy"),
            of("nll"),
            of("ece"),
            run.manifest.fit_s,
            run.manifest.eval_s
        );
    }
    text
}
