//! bnnc beside the tools that people use today, where they are installed: the scripts in `benches/peers/`.

use super::turns::{Mark, in_turn};
use super::workloads::{MNIST, on_images, small_net, steps_per_second};
use super::{BATCH, IMAGES, STEPS, TRAIN_ROWS, number};
use bnnc::infer::settings::{Draws, Precision};
use std::path::PathBuf;
use std::process::Command;

/// A tool, as its Python package is called, with its script and steps.
struct Peer {
    name: &'static str,
    package: &'static str,
    script: &'static str,
    steps: &'static str,
}

/// The small net's and the mark: times as many steps.
const SMALL: [(Peer, f64); 2] = [
    (Peer { name: "NumPyro", package: "numpyro", script: "small_numpyro.py", steps: "20000" }, 12.0),
    (Peer { name: "PyMC", package: "pymc", script: "small_pymc.py", steps: "5000" }, 40.0),
];
/// The MNIST network's; the mark is a fifth of the better one's time.
const IMAGE: [Peer; 2] = [
    Peer { name: "JAX", package: "jax", script: "mnist_jax.py", steps: "40" },
    Peer { name: "PyTorch", package: "torch", script: "mnist_torch.py", steps: "40" },
];

/// Rows against peers.
pub fn beside_peers(threads: usize) {
    let Some(python) = std::env::var_os("BNNC_PYTHON").map(PathBuf::from) else {
        eprintln!("no peers: BNNC_PYTHON names the Python that has them");
        return;
    };
    let has = |peer: &Peer| {
        let found = Command::new(&python).args(["-c", &format!("import {}", peer.package)]).output();
        let has = found.is_ok_and(|o| o.status.success());
        if !has {
            eprintln!("no {}: {} cannot import {}", peer.name, python.display(), peer.package);
        }
        has
    };
    let root = env!("CARGO_MANIFEST_DIR");
    let run = |peer: &Peer, first: &str, key: &str| {
        let script = format!("{root}/benches/peers/{}", peer.script);
        let output = Command::new(&python).args([script.as_str(), first, peer.steps]).output();
        output.ok().and_then(|o| number(&String::from_utf8_lossy(&o.stdout), key)).unwrap_or(f64::NAN)
    };
    let mut small = small_net();
    small.settings.precision = Precision::F32;
    for (peer, mark) in SMALL.iter().filter(|(peer, _)| has(peer)) {
        let ours = || steps_per_second(&mut small, 4_800, 1);
        let theirs = || run(peer, &format!("{root}/models/data"), "steps_per_s=");
        let unit = format!("steps/s: bnnc, {}", peer.name);
        in_turn("small net, f32", &unit, ours, theirs, Mark::AtLeast(*mark));
    }
    let mut images = on_images(MNIST, IMAGES, BATCH, Draws::Shared);
    for peer in IMAGE.iter().filter(|peer| has(peer)) {
        let ours = || TRAIN_ROWS / BATCH as f64 / steps_per_second(&mut images, STEPS, threads);
        let theirs = || run(peer, &threads.to_string(), "s_per_epoch=");
        let unit = format!("s an epoch: bnnc, {}", peer.name);
        in_turn("MNIST network", &unit, ours, theirs, Mark::AtMost(0.2));
    }
}
