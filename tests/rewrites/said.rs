//! `--emit elbo` names what was applied and what was refused, `without` leaves each rewrite out, `with` asks for one.

use bnnc::compile::{Options, Session, Stage};
use bnnc::rewrites::{self, Rewrite};
use std::path::Path;

fn emit(model: &str, set: &[(&str, &str)]) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(model);
    let set = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let session = Session::open(&path, Options { set, ..Options::default() }).expect("in the repository");
    session.emit(Stage::Elbo).map_err(|d| format!("{d:?}"))
}

/// A model and settings to which a rewrite applies by default, or when `with` asks for it.
fn example(rewrite: Rewrite) -> (&'static str, Vec<(&'static str, &'static str)>) {
    let batch = vec![("batch", "96")];
    match rewrite {
        Rewrite::Entropy | Rewrite::LocalReparam => ("moons.bnn", batch),
        Rewrite::ExpectedPrior => ("mnist.bnn", vec![]),
        Rewrite::Collapse => ("circles.bnn", vec![]),
        Rewrite::Flipout => ("moons.bnn", [batch, vec![("without", "[local_reparam]")]].concat()),
        Rewrite::StickTheLanding | Rewrite::Antithetic | Rewrite::QuasiRandom => ("moons.bnn", vec![]),
        Rewrite::NonCentre | Rewrite::TiedScales => ("eight_schools.bnn", vec![]),
        Rewrite::ScaleMixture => ("circles.bnn", vec![("prior", "laplace")]),
    }
}

#[test]
fn every_rewrite_can_be_left_out() {
    for entry in rewrites::ALL {
        let (model, mut set) = example(entry.rewrite);
        if entry.rewrite == Rewrite::ScaleMixture {
            continue;
        }
        let asked = format!("[{}]", entry.name);
        let applied = format!("# rewrite: {} (", entry.name);
        if entry.is_opt_in {
            assert!(!emit(model, &set).expect("compiles").contains(&applied), "{}: unasked", entry.name);
            set.push(("with", &asked));
            assert!(emit(model, &set).expect("compiles").contains(&applied), "{}", entry.name);
            continue;
        }
        let text = emit(model, &set).expect("compiles");
        assert!(text.contains(&applied), "{}: {text}", entry.name);
        set.push(("without", &asked));
        let text = emit(model, &set).expect("compiles");
        assert!(!text.contains(&applied), "{}: {text}", entry.name);
    }
}

#[test]
fn scale_mixtures_are_asked_for() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/circles.bnn");
    let options = Options {
        choose: vec![("prior".into(), "laplace".into())],
        set: vec![("with".into(), "[scale_mixture]".into())],
        ..Options::default()
    };
    let text = Session::open(&path, options).expect("in the repository").emit(Stage::Elbo).expect("compiles");
    assert!(text.contains("# rewrite: scale_mixture (18): f.1.w is normal given f.1.w.v"), "{text}");
}

#[test]
fn refusals_say_why() {
    let text = emit("mnist.bnn", &[]).expect("compiles");
    assert!(
        text.contains("# refused: local_reparam (13): f.1.w: a kernel is reused at each position"),
        "{}",
        text.lines().filter(|l| l.starts_with('#')).collect::<Vec<_>>().join("\n")
    );
    let shared = emit("mnist.bnn", &[("draws", "shared")]).expect("compiles");
    assert!(shared.contains("# refused: local_reparam (13): `draws` asks for draws that rows share"));
    assert!(!shared.contains("row_noise"));
}

#[test]
fn what_cannot_be_applied_is_refused_by_name() {
    for (model, set, wanted) in [
        ("moons.bnn", vec![("with", "[flipout]")], "all rows in a step"),
        ("moons.bnn", vec![("with", "[flipout]"), ("batch", "96"), ("draws", "shared")], "rows share"),
        ("moons.bnn", vec![("with", "[flipout]"), ("batch", "96")], "by `local_reparam`"),
        ("linear.bnn", vec![("with", "[flipout]"), ("batch", "20")], "no random weight enters"),
        ("mnist.bnn", vec![("with", "[quasi_random]")], "minibatches draw by key"),
        ("linear.bnn", vec![("with", "[scale_mixture]")], "no prior allows it"),
        ("linear.bnn", vec![("with", "[quasi_random]"), ("without", "[quasi_random]")], "stands in `with`"),
        ("linear.bnn", vec![("with", "[quasi_randm]")], "did you mean `with = quasi_random`"),
        ("linear.bnn", vec![("without", "[antithetc]")], "did you mean `without = antithetic`"),
    ] {
        let found = emit(model, &set).expect_err("refused");
        assert!(found.contains("O001") && found.contains(wanted), "{model} {set:?}: {found}");
    }
}
