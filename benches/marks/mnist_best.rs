//! Part `mnist-best`: what predicts MNIST best, named as what it is: an ensemble of modes.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use std::path::Path;

/// The network of `models/mnist.bnn` with a fixed prior: modes under a learned scale are unbounded.
const MODEL: &str = "\
data idx(\"data/mnist/train-images-idx3-ubyte.gz\", \"data/mnist/train-labels-idx1-ubyte.gz\") {
  x : image(28, 28)
  y : class(10)
  split valid = last 10000
  test idx(\"data/mnist/t10k-images-idx3-ubyte.gz\", \"data/mnist/t10k-labels-idx1-ubyte.gz\")
}
net f(x) {
  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }
  conv 32 5x5 tanh
  maxpool 2
  conv 32 5x5 tanh
  maxpool 2
  dense 64 tanh
  dense 10 softmax
}
y ~ Categorical(probs = f(x))
fit { seed = 1 }
";

const EPOCHS: u64 = 15;
const POINTS: &str = "4";

pub fn section() -> String {
    let mut text = format!(
        "The network of `models/mnist.bnn` with priors Normal(0, 1), {EPOCHS} epochs a point, no augmentation.\n\
         A deep ensemble is no posterior: it is several modes in equal shares, and called so.\n\
         Command: `cargo bench --bench marks -- mnist-best` (three minutes on two idle cores).\n\
         Marks: test accuracy at least 0.992, nll at most 0.027, ECE at most 0.003; aim 0.993, 0.024, 0.002.\n\n\
         | what | valid accuracy / nll / ECE | test accuracy / nll / ECE | fit, s | evaluation, s |\n\
         |---|---|---|---|---|\n"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/mnist_best.bnn");
    let set = [("fit.mix", "true"), ("fit.restarts", POINTS)].map(|(n, v)| (n.to_owned(), v.to_owned()));
    for (name, set) in [("one mode", vec![]), ("ensemble of four modes", set.to_vec())] {
        let options = Options { set, method: Some("map".into()), epochs: Some(EPOCHS), ..Options::default() };
        let session = Session::of(&path, MODEL.to_owned(), options);
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{name}: {:?}", f.diagnostics));
        let of_split = |split: &str| {
            let target = &run.metrics.split(split).expect("the data have it").targets[0];
            let of = |metric: &str| target.get(metric).unwrap_or(f64::NAN);
            format!("{:.4} / {:.4} / {:.4}", of("accuracy"), of("nll"), of("ece"))
        };
        text += &format!(
            "| {name} | {} | {} | {:.0} | {:.0} |\n",
            of_split("valid"),
            of_split("test"),
            run.manifest.fit_s,
            run.manifest.eval_s
        );
        eprintln!("{}", text.lines().last().unwrap_or_default());
    }
    text
}
