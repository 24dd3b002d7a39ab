//! Steps of nets so wide that threads share out what goes over all weights: the bits of one thread.

use super::bits;
use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::TensorValues;
use std::fmt::Write as _;
use std::path::Path;

/// Threads that divide neither strips nor layers evenly, and more than there are lanes.
const THREADS: [usize; 3] = [1, 3, 5];

fn bits_of(folder: &Path, net: &str, settings: &[(&str, &str)], threads: usize) -> Vec<(String, Vec<u64>)> {
    let model = format!("data \"rows.csv\" {{ x, y : real }}\ny ~ Normal(f(x), 1)\nnet f(x) {{ {net} }}\n");
    let path = folder.join("model.bnn");
    std::fs::write(&path, model).expect("written");
    let options = Options { threads: Some(threads), ..super::set(settings) };
    let session = Session::open(&path, options).expect("it is there");
    bits(&fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics)))
}

/// 66,562 weights: means and log sds are eight parts and a rest. Scales of layers and of inputs, a shared draw of weights
/// with and without noise per row, draws by shard.
#[test]
fn the_number_of_threads_changes_no_bit_of_a_wide_net() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "x,y\n".to_owned();
    for i in 0..150 {
        let x = f64::from(i * 37 % 101) / 50.0 - 1.0;
        writeln!(text, "{x},{}", (3.0 * x).sin()).expect("a string");
    }
    std::fs::write(folder.path().join("rows.csv"), text).expect("written");
    let layers = "dense 256 relu; dense 256 tanh; dense 1";
    let plain = format!("each layer {{ w ~ Normal(0, 1 / sqrt(fan_in)); b ~ Normal(0, 1) }}; {layers}");
    let scales = format!("each layer {{ w ~ Normal(0, s / sqrt(fan_in)); s ~ HalfNormal(1) }}; {layers}");
    let inputs =
        format!("each layer {{ w ~ Normal(0, s / sqrt(fan_in)); s[inputs] ~ HalfNormal(1) }}; {layers}");
    let short = [("steps", "8"), ("batch", "96"), ("predict_draws", "2")];
    let with = |more: &[(&'static str, &'static str)]| [&short[..], more].concat();
    let drawn = with(&[("without", "[local_reparam]")]);
    let shared = with(&[("without", "[local_reparam]"), ("draws", "2")]);
    for (net, settings) in
        [(&plain, with(&[])), (&scales, with(&[])), (&inputs, with(&[])), (&scales, drawn), (&plain, shared)]
    {
        let found = THREADS.map(|threads| bits_of(folder.path(), net, &settings, threads));
        assert!(found[0].iter().any(|(_, bits)| bits.iter().any(|x| *x != 0)));
        let first = found[0].clone();
        for (threads, found) in THREADS.iter().zip(found).skip(1) {
            assert!(found == first, "{threads} threads, {net}, {settings:?}");
        }
    }
}

/// Nets on both sides of the size from which all threads find the exact terms together: weights of an input that is
/// always 0 have no gradient but that of the exact terms, so by plain steps their sds go the same way in both; and the
/// ELBO of the steps is the one that is found afterwards, by other code.
#[test]
fn the_exact_terms_of_a_wide_net_count_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "x,z,y\n".to_owned();
    for i in 0..150 {
        let x = f64::from(i * 37 % 101) / 50.0 - 1.0;
        writeln!(text, "{x},0,{}", (3.0 * x).sin()).expect("a string");
    }
    std::fs::write(folder.path().join("rows.csv"), text).expect("written");
    let log_sds = |width: usize, steps: &str, more: &[(&str, &str)]| {
        let net = format!("dense {width} relu; dense {width} tanh; dense 1");
        let model = format!(
            "data \"rows.csv\" {{ x, z, y : real }}\ny ~ Normal(f([x, z]), 1)\n\
             net f(x) {{ each layer {{ w ~ Normal(0, 1); b ~ Normal(0, 1) }}; {net} }}\n"
        );
        let path = folder.path().join("model.bnn");
        std::fs::write(&path, model).expect("written");
        let own = [("steps", steps), ("batch", "50"), ("optimizer", "sgd"), ("learning_rate", "0.001")];
        let settings = [&own[..], &[("predict_draws", "2")], more].concat();
        let session = Session::open(&path, super::set(&settings)).expect("it is there");
        let run = fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
        let seen = run.trace.last().expect("steps were traced").elbo;
        let found = run.metrics.to_json()["elbo"].as_f64().expect("a number");
        assert!(
            (seen / found - 1.0).abs() < 1e-3,
            "{width}, {more:?}: {seen} in the steps, {found} after them"
        );
        let tensor =
            run.tensors.iter().find(|t| t.name == "f.1.w.log_sd").expect("the first layer's weights");
        match &tensor.values {
            TensorValues::F32(values) => values[width..].to_vec(),
            TensorValues::F64(_) => panic!("steps on batches are in single precision"),
        }
    };
    for more in
        [&[][..], &[("without", "[local_reparam]")], &[("draws", "2"), ("without", "[local_reparam]")]]
    {
        let (small, large) = (log_sds(250, "40", more), log_sds(256, "40", more));
        let early = log_sds(256, "4", more);
        let first = large[0];
        assert!(
            large.iter().chain(&small).all(|sd| (sd - first).abs() < 1e-5),
            "{more:?}: {small:?} {large:?}"
        );
        assert!(first > early[0] + 1e-3, "{more:?}: sds have not moved: {first} {}", early[0]);
    }
}
