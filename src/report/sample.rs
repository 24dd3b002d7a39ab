//! Made-up runs for tests, and for looking at reports without fitting anything.

use crate::run_folder::*;
use serde_json::json;

/// A keyed, plain pseudo-random number in (0, 1): good enough for pictures.
fn noise(key: u64) -> f64 {
    let mut z = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x632b_e59b_d9b4_e019);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 1e-17
}

fn normal(key: u64) -> f64 {
    (-2.0 * noise(2 * key).ln()).sqrt() * (std::f64::consts::TAU * noise(2 * key + 1)).cos()
}

fn manifest(model: &str, source: &str, target: TargetRecord) -> Manifest {
    let mut m = Manifest { model: model.into(), seed: 1, threads: 2, dimensions: 63, ..Manifest::default() };
    m.model_sha256 = sha256(model.as_bytes());
    m.command = format!("bnnc fit models/{model}.bnn");
    m.started = "2026-02-28 09:30:00".into();
    m.guide = "mean-field, 63 dimensions".into();
    for (name, value) in
        [("method", json!("advi")), ("guide", json!("meanfield")), ("predict_draws", json!(100))]
    {
        m.options.insert(name.into(), value);
    }
    m.choices.insert("prior".into(), json!("normal"));
    m.constants.insert("sigma".into(), json!(1.0));
    let splits = [("train", 700), ("valid", 300)].map(|(n, v)| (n.to_owned(), json!(v)));
    m.data = DataRecord {
        source: source.into(),
        fingerprint: sha256(source.as_bytes()),
        splits: splits.into_iter().collect(),
        dropped: 0,
    };
    m.targets = vec![target];
    (m.compile_s, m.fit_s, m.eval_s, m.steps, m.steps_per_s) = (0.021, 4.31, 0.84, 11_900, 11_235.0);
    m.peak_rss_mib = Some(41.3);
    m
}

fn trace() -> Vec<TraceRow> {
    let row = |start: u32, step: u64| {
        let t = step as f64;
        let elbo = -290.0 - 420.0 * (-t / (90.0 + 30.0 * f64::from(start))).exp() - f64::from(start)
            + 3.0 * normal(step + u64::from(start) * 7919);
        TraceRow { step, seconds: t / 11_000.0, elbo, start, rate: 0.05, clipped: 0 }
    };
    (1..=3).flat_map(|start| (0..1700).step_by(10).map(move |step| row(start, step))).collect()
}

fn class_metrics(c: &ClassPredictions) -> Vec<(String, f64)> {
    let n = c.rows() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let p_true = |r: usize| c.of_row(r)[c.target[r].unwrap()];
    let accuracy = (0..c.rows()).filter(|r| c.is_right(*r) == Some(true)).count() as f64 / n;
    let nll = (0..c.rows()).map(|r| -p_true(r).ln()).sum::<f64>() / n;
    let values = [
        ("accuracy", accuracy),
        ("nll", nll),
        ("brier", 0.232),
        ("ece", 0.041),
        ("entropy", mean(&c.entropy)),
        ("aleatoric", mean(&c.aleatoric)),
        ("epistemic", mean(&c.epistemic)),
        ("expected_error", mean(&c.expected_error)),
    ];
    values.map(|(n, v)| (n.to_owned(), v)).to_vec()
}

/// Fills in what follows from probabilities and their sds.
fn classes(levels: &[&str], target: Vec<usize>, probability: Vec<f64>, sd: Vec<f64>) -> ClassPredictions {
    let k = levels.len();
    let entropy: Vec<f64> =
        probability.chunks(k).map(|p| p.iter().map(|p| -p * p.max(1e-12).ln()).sum()).collect();
    let epistemic: Vec<f64> = sd.chunks(k).map(|s| s.iter().map(|s| s * s).sum::<f64>()).collect();
    let aleatoric = entropy.iter().zip(&epistemic).map(|(a, b)| (a - b).max(0.0)).collect();
    let best = |p: &[f64]| p.iter().copied().fold(0.0, f64::max);
    let expected_error = probability.chunks(k).zip(sd.chunks(k)).map(|(p, s)| {
        let share = (1.0 - best(p)) * (s.iter().sum::<f64>() * 6.0).min(1.0);
        (share * 100.0).round() / 100.0
    });
    ClassPredictions {
        levels: levels.iter().map(|l| (*l).to_owned()).collect(),
        expected_error: expected_error.collect(),
        target: target.into_iter().map(Some).collect(),
        probability,
        sd,
        entropy,
        aleatoric,
        epistemic,
    }
}

fn class_run(model: &str, source: &str, ty: &str, c: ClassPredictions, model_text: &str) -> Run {
    let target =
        TargetRecord { name: "y".into(), ty: ty.into(), levels: c.levels.clone(), unit: String::new() };
    let split = |split: &str, rows: usize| SplitMetrics {
        split: split.into(),
        rows,
        targets: vec![TargetMetrics { target: "y".into(), values: class_metrics(&c) }],
    };
    let rows = c.rows();
    let metrics = MetricsFile {
        objective: Objective { is_elbo: true, value: -289.41, se: 0.05 },
        splits: vec![split("train", 700), split("valid", rows)],
        extra: vec![],
        rungs: vec![],
    };
    let targets = vec![TargetPredictions { name: "y".into(), values: TargetValues::Classes(c) }];
    let predictions = vec![SplitPredictions {
        split: "valid".into(),
        rows: (1..=rows as u64).collect(),
        targets,
        reports: vec![],
    }];
    let mut run = Run {
        manifest: manifest(model, source, target),
        model_text: model_text.into(),
        resolved_model:
            "f.1.w [2, 5] ~ Normal(0, f.1.s_w)   real, identity\nf.1.s_w ~ InvGamma(1, 1)   positive, exp"
                .into(),
        metrics,
        trace: trace(),
        predictions,
        ..Run::default()
    };
    run.manifest.verdict = super::verdict(&run);
    run
}

/// Two inputs, two classes.
pub(super) fn moons() -> Run {
    // The border runs between the two half-circles.
    let border = |x: f64| 0.25 + 0.5 * (std::f64::consts::PI * x.clamp(-1.0, 2.0)).cos();
    let p_one = |x: f64, y: f64| 1.0 / (1.0 + (-2.6 * (border(x) - y)).exp());
    let sd = |x: f64, y: f64| {
        let p = p_one(x, y);
        p * (1.0 - p) * (0.25 + 0.12 * (x - 0.5).hypot(y - 0.25))
    };
    let row = |i: u64| {
        let angle = std::f64::consts::PI * noise(i * 31);
        let (x, y) = if i.is_multiple_of(2) {
            (angle.cos(), angle.sin())
        } else {
            (1.0 - angle.cos(), 0.5 - angle.sin())
        };
        (x + 0.43 * normal(i * 5 + 1), y + 0.43 * normal(i * 5 + 2), usize::from(!i.is_multiple_of(2)))
    };
    let all: Vec<_> = (0..1000).map(row).collect();
    let valid = &all[700..];
    let probability = valid.iter().flat_map(|(x, y, _)| [1.0 - p_one(*x, *y), p_one(*x, *y)]).collect();
    let sds = valid.iter().flat_map(|(x, y, _)| [sd(*x, *y); 2]).collect();
    let c = classes(&["0", "1"], valid.iter().map(|r| r.2).collect(), probability, sds);
    let text = "# Two interleaving half-circles.\ndata \"data/moons.csv\" {\n  x1, x2 : real\n  y      : class(2)\n  split by split\n}\n\nnet f(x) {\n  each layer {\n    w ~ Normal(0, s_w);  b ~ Normal(0, s_b)\n    s_w ~ InvGamma(1, 1);  s_b ~ InvGamma(1, 1)\n  }\n  dense 5 tanh\n  dense 5 tanh\n  dense 2 softmax\n}\ny ~ Categorical(probs = f([x1, x2]))\n\nfit { method = advi; guide = meanfield; seed = 1 }\n";
    let mut run = class_run("moons", "data/moons.csv", "class(2)", c, text);
    let n = 100;
    let mut map = ProbabilityMap {
        target: "y".into(),
        axes: ["x1".into(), "x2".into()],
        x_range: [-2.2, 3.2],
        y_range: [-1.8, 2.3],
        n,
        ..ProbabilityMap::default()
    };
    let cells: Vec<(f64, f64)> = (0..n * n).map(|k| map.centre(k % n, k / n)).collect();
    let sd_cells: Vec<f32> = cells.iter().map(|(x, y)| sd(*x, *y) as f32).collect();
    for class in 0..2 {
        let mean =
            cells.iter().map(|(x, y)| if class == 1 { p_one(*x, *y) } else { 1.0 - p_one(*x, *y) } as f32);
        map.classes.push(ClassMap { label: class.to_string(), mean: mean.collect(), sd: sd_cells.clone() });
    }
    let point = |(i, (x, y, class)): (usize, &(f64, f64, usize))| MapPoint {
        x: *x as f32,
        y: *y as f32,
        class: *class,
        held_out: i >= 700,
    };
    map.points = all.iter().enumerate().map(point).collect();
    run.pictures.maps = vec![map];
    let names = ["f.1.s_w", "f.1.s_b", "f.2.s_w", "f.2.s_b", "f.3.s_w", "f.3.s_b"];
    run.summary = names
        .iter()
        .enumerate()
        .map(|(i, n)| {
            let m = 0.7 + 0.3 * i as f64;
            SummaryRow {
                variable: (*n).into(),
                mean: m,
                sd: 0.2,
                q05: m - 0.3,
                q50: m - 0.04,
                q95: m + 0.4,
                convergence: None,
                reweighted: None,
            }
        })
        .collect();
    run
}

/// Ten classes of small images.
pub(super) fn images() -> Run {
    let row = |i: u64| {
        let truth = (i % 10) as usize;
        let doubt = noise(i * 7 + 3).powi(6);
        let second = (truth + 1 + (noise(i * 7 + 4) * 8.0) as usize) % 10;
        let mut p = vec![0.002; 10];
        p[second] += 0.98 * doubt * 0.7;
        p[truth] += 0.98 * (1.0 - doubt * 0.7);
        let sd: Vec<f64> = p.iter().map(|p| (p * (1.0 - p)).sqrt() * 0.35).collect();
        (truth, p, sd)
    };
    let rows: Vec<_> = (0..2000).map(row).collect();
    let c = classes(
        &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        rows.iter().map(|r| r.0).collect(),
        rows.iter().flat_map(|r| r.1.clone()).collect(),
        rows.iter().flat_map(|r| r.2.clone()).collect(),
    );
    let image = |c: &ClassPredictions, r: usize| {
        let pixel = |k: usize| {
            let (x, y) = ((k % 28) as f64 - 14.0, (k / 28) as f64 - 14.0);
            let ring = (x.hypot(y * 0.8) - 4.0 - (r % 6) as f64).abs();
            (255.0 * (-ring * ring / 3.0).exp()) as u8
        };
        Image {
            row: r + 1,
            pixels: (0..784).map(pixel).collect(),
            truth: c.levels[c.target[r].unwrap()].clone(),
            predicted: c.levels[c.predicted(r)].clone(),
            confidence: c.confidence(r),
            expected_error: c.expected_error[r],
        }
    };
    let gallery = |name: &str, title: &str, caption: &str, rows: Vec<usize>| Gallery {
        name: name.into(),
        title: title.into(),
        caption: caption.into(),
        height: 28,
        width: 28,
        channels: 1,
        images: rows.into_iter().map(|r| image(&c, r)).collect(),
    };
    let galleries = vec![
        gallery(
            "least_confident",
            "Least confident",
            "The 16 of 2,000 valid images with the lowest probability of their class.",
            super::selection::least_confident(&c, 16),
        ),
        gallery(
            "surely_wrong",
            "Surely wrong",
            "Wrongly predicted, and hardly any draw disagrees.",
            super::selection::surely_wrong(&c, 16),
        ),
    ];
    let mut run = class_run(
        "mnist",
        "data/mnist/train-images-idx3-ubyte.gz",
        "class(10)",
        c.clone(),
        "net f(x) { dense 10 softmax }\n",
    );
    run.pictures.galleries = galleries;
    run
}

/// One number to predict.
pub(super) fn regression() -> Run {
    let mean: Vec<f64> = (0..200).map(|i| 60.0 + 50.0 * noise(i)).collect();
    let target: Vec<f64> = mean.iter().enumerate().map(|(i, m)| m + 8.0 * normal(i as u64 + 900)).collect();
    let shifted = |by: f64| mean.iter().map(|m| m + by).collect::<Vec<_>>();
    let reals = RealPredictions {
        sd: vec![8.2; 200],
        q05: shifted(-13.2),
        q50: mean.clone(),
        q95: shifted(13.2),
        aleatoric_sd: vec![8.0; 200],
        epistemic_sd: vec![1.0; 200],
        target,
        mean,
    };
    let record =
        TargetRecord { name: "kid_score".into(), ty: "real".into(), levels: vec![], unit: String::new() };
    let values = [("rmse", 8.1), ("mae", 6.5), ("nll", 3.52), ("coverage90", 0.91), ("crps", 4.6)];
    let metric =
        TargetMetrics { target: "kid_score".into(), values: values.map(|(n, v)| (n.to_owned(), v)).to_vec() };
    let split = |name: &str, rows| SplitMetrics { split: name.into(), rows, targets: vec![metric.clone()] };
    let rows = ["beta[1]", "beta[2]", "beta[3]", "beta[4]", "sigma", "mu", "tau"];
    let summary = rows.iter().enumerate().map(|(i, n)| {
        let m = [-11.5, 51.3, 1.1, -0.48, 18.0, 4.4, 3.6][i];
        let s = [13.0, 15.0, 0.15, 0.16, 0.6, 3.3, 3.2][i];
        SummaryRow {
            variable: (*n).into(),
            mean: m,
            sd: s,
            q05: m - 1.64 * s,
            q50: m,
            q95: m + 1.64 * s,
            convergence: None,
            reweighted: None,
        }
    });
    let targets = vec![TargetPredictions { name: "kid_score".into(), values: TargetValues::Reals(reals) }];
    let mut run = Run {
        manifest: manifest("kidiq", "data/kidiq.csv", record),
        model_text: "beta[4] ~ Flat\nsigma ~ HalfCauchy(2.5)\n".into(),
        metrics: MetricsFile {
            objective: Objective { is_elbo: false, value: -1893.2, se: 0.01 },
            splits: vec![split("train", 234), split("valid", 200)],
            extra: vec![("k_hat".into(), 0.12)],
            rungs: vec![],
        },
        trace: trace(),
        summary: summary.collect(),
        predictions: vec![SplitPredictions {
            split: "valid".into(),
            rows: (1..=200).collect(),
            targets,
            reports: vec![],
        }],
        ..Run::default()
    };
    run.manifest.warnings = vec!["P002: `Flat` under ADVI: fine only if the data pin `beta` down".into()];
    run.manifest.verdict = super::verdict(&run);
    run
}

/// Writes the sample reports to the folder named by `BNNC_SAMPLES`, for looking at them in a browser.
#[test]
fn samples_give_reports() {
    for run in [moons(), images(), regression()] {
        let extras = super::extras(&run);
        let names: Vec<&str> = extras.iter().map(|e| e.path.as_str()).collect();
        assert!(names.contains(&"report.html") && names.contains(&"figures/trace.svg"), "{names:?}");
        let largest = extras.iter().filter(|e| e.path.starts_with("figures")).map(|e| e.bytes.len()).max();
        assert!(largest.unwrap() < 300_000, "a figure of {largest:?} bytes");
        if let Ok(place) = std::env::var("BNNC_SAMPLES") {
            let folder = std::path::Path::new(&place).join(&run.manifest.model);
            write(&folder, &run, &extras, true).unwrap();
        }
    }
}
