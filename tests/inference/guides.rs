//! Guides between mean-field and full rank, the ladder over them, and step rules beside Adam.

use super::{EVIDENCE, MEANS, SDS, moments, run, set};
use bnnc::compile::{FitFailure, Session, fit};
use bnnc::infer::progress::Silent;
use bnnc::run_folder::Run;

const LEVELS: usize = 8;

/// Differences of levels are known well, what they have in common hardly: one direction holds most of the posterior.
fn levels(settings: &[(&str, &str)]) -> Result<Run, FitFailure> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.bnn");
    let name = |k: usize| format!("x{}", k + 1);
    let names: Vec<String> = (0..LEVELS).map(name).collect();
    let mut text = format!("{},y\n", names.join(","));
    for (a, b) in (0..LEVELS).flat_map(|a| (0..a).map(move |b| (a, b))) {
        let sign = |k: usize| i32::from(k == a) - i32::from(k == b);
        let cells: Vec<String> = (0..LEVELS).map(|k| sign(k).to_string()).collect();
        text += &format!("{},{:.3}\n", cells.join(","), 0.3 * (a as f64 - 2.0 * b as f64).sin());
    }
    std::fs::write(folder.path().join("d.csv"), text).expect("written");
    let model = format!(
        "data \"d.csv\" {{ x : real[{LEVELS}]; y : real }}\ntheta[{LEVELS}] ~ Normal(0, 1)\ny ~ Normal(dot(x, theta), 0.3)\n"
    );
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, set(settings)).expect("it is well formed");
    fit(&session, &mut Silent)
}

fn elbo(run: &Run) -> f64 {
    assert!(run.metrics.objective.is_elbo);
    run.metrics.objective.value
}

/// Nats: the stage rule ends a fit whose last halving gained less than 0.02.
const SETTLED: f64 = 0.02;
/// Nats: plain steps and (19) at one rate keep the noise of their gradient, on batches that of few rows too.
const NOISY: f64 = 0.05;
const NOISY_IN_BATCHES: f64 = 0.1;

/// Of a Gaussian posterior full rank has the evidence, one direction nearly all of it, mean-field misses it by (25).
#[test]
fn one_direction_is_most_of_what_hangs_together() {
    let by = |guide: &str, rank: &str| elbo(&levels(&[("guide", guide), ("rank", rank)]).expect("it fits"));
    let (none, one, three, all) =
        (by("meanfield", "1"), by("lowrank", "1"), by("lowrank", "3"), by("fullrank", "1"));
    // P = I + (8 I − 1 1ᵀ)/0.09: P_jj = 1 + 7/0.09, eigenvalues 1 and seven times 1 + 8/0.09.
    let k = LEVELS as f64;
    let gap = 0.5 * (k * (1.0 + (k - 1.0) / 0.09).ln() - (k - 1.0) * (1.0 + k / 0.09).ln());
    assert!((all - none - gap).abs() < SETTLED, "{all} and {none}, {gap} apart");
    assert!(all - one < 0.05 * (all - none), "{none} < {one} < {all}");
    assert!(three > one - SETTLED && three < all + SETTLED, "{one} < {three} < {all}");
}

/// As many directions as latents are a full-rank guide: means, sds and the evidence of linear regression.
#[test]
fn enough_directions_are_exact() {
    let run = run("linear.bnn", set(&[("guide", "lowrank"), ("rank", "3")]));
    assert!((elbo(&run) - EVIDENCE).abs() < SETTLED, "{}", elbo(&run));
    for i in 0..3 {
        let (mean, sd) = moments(&run, &format!("beta[{}]", i + 1));
        assert!((mean - MEANS[i]).abs() < 0.05 * SDS[i] && (sd / SDS[i] - 1.0).abs() < 0.05, "{mean} {sd}");
    }
    assert!(run.manifest.guide.starts_with("low rank, 3 directions"), "{}", run.manifest.guide);
}

/// Without sticking the landing the entropy is a closed form, part of it outside the tape: the same optimum.
#[test]
fn the_entropy_of_directions_has_a_closed_form() {
    for without in ["[stick_the_landing]", "[stick_the_landing, entropy]"] {
        let run = run("linear.bnn", set(&[("guide", "lowrank"), ("rank", "3"), ("without", without)]));
        // Without it the gradient of log sds has noise at the optimum too.
        assert!((elbo(&run) - EVIDENCE).abs() < NOISY, "{without}: {}", elbo(&run));
    }
}

/// Nats and shares: what steps on a third of the rows leave.
const BATCHES: f64 = 0.02;
const BATCHES_SD: f64 = 0.05;

/// On batches directions join the mean-field fit: as many as latents reach the evidence, one most of what (25) misses,
/// and the gain is told.
#[test]
fn directions_join_a_fit_on_batches() {
    let settings = [("guide", "lowrank"), ("rank", "3"), ("batch", "20")];
    let linear = run("linear.bnn", set(&settings));
    assert!((elbo(&linear) - EVIDENCE).abs() < BATCHES, "{}", elbo(&linear));
    for i in 0..3 {
        let (mean, sd) = moments(&linear, &format!("beta[{}]", i + 1));
        let is_near = (mean - MEANS[i]).abs() < BATCHES_SD * SDS[i] && (sd / SDS[i] - 1.0).abs() < BATCHES_SD;
        assert!(is_near, "{mean} {sd}");
    }
    let [first, rung] = &linear.manifest.rungs[..] else { panic!("{:?}", linear.manifest.rungs) };
    let gained = EVIDENCE - super::MEAN_FIELD;
    assert!((rung.gain - gained).abs() < 3.0 * rung.gain_se + BATCHES, "{rung:?}, not {gained}");
    assert!(first.guide == "mean-field" && rung.kept && rung.guide == "low rank (3)");
    let by = |guide| {
        elbo(
            &levels(&[("guide", guide), ("rank", "1"), ("batch", "14"), ("epochs", "800")]).expect("it fits"),
        )
    };
    let k = LEVELS as f64;
    let gap = 0.5 * (k * (1.0 + (k - 1.0) / 0.09).ln() - (k - 1.0) * (1.0 + k / 0.09).ln());
    let (none, one) = (by("meanfield"), by("lowrank"));
    assert!((one - none) > 0.9 * gap && (one - none) < gap + NOISY, "{none} < {one}, {gap} apart");
}

/// A regression whose slopes all hang together, with an intercept: `a` and `b` in one block, `c` by itself.
fn three(settings: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.bnn");
    let row = |i: usize| {
        let x = (i as f64 * 0.7).sin();
        format!("{:.3},{:.3},{:.3}\n", x, x + 0.4 * (i as f64 * 1.9).cos(), 0.5 * x + 0.3 * (i as f64).sin())
    };
    let rows: String = (0..60).map(row).collect();
    std::fs::write(folder.path().join("d.csv"), format!("x,z,y\n{rows}")).expect("written");
    let model = "data \"d.csv\" { x, z, y : real }\na ~ Normal(0, 1)\nc ~ Normal(0, 1)\nb ~ Normal(0, 1)\n\
                 y ~ Normal(a * x + b * z + c * (x - z), 0.5)\n";
    std::fs::write(&path, model).expect("written");
    let session = Session::open(&path, set(settings)).expect("it is well formed");
    fit(&session, &mut Silent).expect("it fits")
}

/// P of [`three`] with a, b, c in this order: I + Σ v vᵀ/0.25 over rows v = (x, z, x − z).
fn precision_of_three() -> [[f64; 3]; 3] {
    let mut p = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for i in 0..60 {
        let round = |v: f64| (v * 1000.0).round() / 1000.0;
        let x = (f64::from(i) * 0.7).sin();
        let z = round(x + 0.4 * (f64::from(i) * 1.9).cos());
        let v = [round(x), z, round(x) - z];
        for (row, a) in p.iter_mut().zip(v) {
            row.iter_mut().zip(v).for_each(|(entry, b)| *entry += a * b / 0.25);
        }
    }
    p
}

/// What is named is correlated and the rest is not: the ELBO lacks ½(log det P_block + log P_cc − log det P), on all
/// rows and on batches, whatever stands between the names.
#[test]
fn a_block_by_name_has_the_correlations_of_its_unknowns() {
    let p = precision_of_three();
    let minor = |i: usize, j: usize| p[i][i] * p[j][j] - p[i][j] * p[j][i];
    let det = p[0][0] * minor(1, 2) - p[0][1] * (p[1][0] * p[2][2] - p[1][2] * p[2][0])
        + p[0][2] * (p[1][0] * p[2][1] - p[1][1] * p[2][0]);
    let evidence = elbo(&three(&[("guide", "fullrank")]));
    for (names, block) in [("[a, b]", minor(0, 1) * p[2][2]), ("[c, a]", minor(0, 2) * p[1][1])] {
        let wanted = evidence - 0.5 * (block.ln() - det.ln());
        for (guide, batch, most) in
            [("fullrank", "all", SETTLED), ("fullrank", "20", NOISY), ("lowrank", "20", NOISY)]
        {
            let found =
                elbo(&three(&[("guide", guide), ("correlate", names), ("batch", batch), ("rank", "2")]));
            assert!((found - wanted).abs() < most, "{guide} {names} {batch}: {found}, not {wanted}");
        }
    }
}

/// The last layer of a net in a block, its scale integrated out as without: never below mean-field.
#[test]
fn a_layer_by_name_pays() {
    let by = |more: &[(&str, &str)]| {
        let all = [&[("steps", "800"), ("restarts", "4"), ("predict_draws", "20")], more].concat();
        run("moons.bnn", set(&all))
    };
    let last = [("guide", "fullrank"), ("correlate", "[f.3]")];
    let (none, some) = (by(&[("guide", "meanfield")]), by(&last));
    assert!(elbo(&some) > elbo(&none) - SETTLED, "{} and {}", elbo(&some), elbo(&none));
    let said = &some.manifest.guide;
    assert!(said.starts_with("full rank on ") && said.contains("the optimal q of"), "{said}");
    let batches = by(&[last[0], last[1], ("batch", "100")]);
    let [_, rung] = &batches.manifest.rungs[..] else { panic!("{:?}", batches.manifest.rungs) };
    assert!(rung.guide == "full rank on f.3" && rung.gain > -3.0 * rung.gain_se, "{rung:?}");
}

/// On batches a ladder has rungs of directions, each kept only if it pays.
#[test]
fn a_ladder_on_batches_keeps_what_pays() {
    let settings = [("guide", "ladder"), ("batch", "100"), ("steps", "1500"), ("predict_draws", "20")];
    let ladder = run("moons.bnn", set(&settings));
    let rungs = &ladder.manifest.rungs;
    let names: Vec<&str> = rungs.iter().map(|r| r.guide.as_str()).collect();
    assert!(
        matches!(names[..], ["mean-field", last, all] if last.contains("last layer") && all.contains("all latents")),
        "{names:?}"
    );
    assert!(rungs[1..].iter().all(|r| r.kept == (r.gain > r.gain_se)), "{rungs:?}");
    let kept = rungs.iter().rfind(|r| r.kept).expect("the first is");
    assert!((elbo(&ladder) - kept.elbo).abs() < 5.0 * kept.elbo_se, "{} and {kept:?}", elbo(&ladder));
}

/// Each rung is told with its paired gain; the result is the last that was kept, and never worse than the first.
#[test]
fn a_ladder_keeps_what_pays() {
    let settings = [("guide", "ladder"), ("restarts", "3"), ("steps", "200"), ("predict_draws", "20")];
    let ladder = run("moons.bnn", set(&settings));
    let rungs = &ladder.manifest.rungs;
    let names: Vec<&str> = rungs.iter().map(|r| r.guide.as_str()).collect();
    assert!(
        matches!(names[..], ["mean-field", last, all, "full rank", mixture]
            if last.contains("last layer") && all.contains("all latents") && mixture.starts_with("mixture of")),
        "{names:?}"
    );
    let kept: Vec<_> = rungs.iter().filter(|r| r.kept).collect();
    assert!(kept.len() > 1 && kept[1..].iter().all(|r| r.gain > r.gain_se), "{rungs:?}");
    // Gains are paired with what was kept before, so they add up.
    let gained: f64 = kept[1..].iter().map(|r| r.gain).sum();
    let (first, last) = (kept[0].elbo, kept[kept.len() - 1].elbo);
    assert!((last - first - gained).abs() < 1e-6, "{first} + {gained} is not {last}");
    assert!(elbo(&ladder) > first, "{} after {first}", elbo(&ladder));
    let words = bnnc::report::verdict(&ladder).join(" ");
    assert!(words.contains("The posterior is kept as"), "{words}");
}

/// A ladder over a model whose first guide is the posterior has nothing to gain.
#[test]
fn a_ladder_ends_at_once_where_the_guide_is_the_posterior() {
    let run = run("linear.bnn", set(&[("guide", "ladder")]));
    assert!(
        (elbo(&run) - EVIDENCE).abs() < 1e-6 && run.manifest.rungs.len() == 1,
        "{:?}",
        run.manifest.rungs
    );
}

#[test]
fn other_step_rules_reach_the_same_optimum() {
    for optimizer in ["advi", "sgd"] {
        let run = run("linear.bnn", set(&[("optimizer", optimizer), ("guide", "fullrank")]));
        assert!((elbo(&run) - EVIDENCE).abs() < NOISY, "{optimizer}: {}", elbo(&run));
        let batches =
            [("optimizer", optimizer), ("batch", "20"), ("learning_rate", "0.002"), ("steps", "6000")];
        let run = super::run("linear.bnn", set(&batches));
        assert!(
            (elbo(&run) - super::MEAN_FIELD).abs() < NOISY_IN_BATCHES,
            "{optimizer} in batches: {}",
            elbo(&run)
        );
    }
}

#[test]
fn what_a_guide_or_a_step_rule_cannot_do_is_refused() {
    for (settings, words) in [
        (&[("correlate", "[theta]")][..], "chooses for"),
        (&[("guide", "ladder"), ("mix", "true")], "mixture of its own"),
        (&[("optimizer", "sgd"), ("batch", "4")], "trials on all rows"),
        (&[("optimizer", "advi"), ("method", "map")], "L-BFGS"),
        (&[("optimizer", "advi"), ("method", "laplace")], "laplace"),
    ] {
        let failed = levels(settings).expect_err("it fitted");
        let first = &failed.diagnostics.0[0];
        assert!(first.code.id() == "O001" && first.message.contains(words), "{settings:?}: {first:?}");
    }
}
