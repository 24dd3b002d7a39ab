//! Folders written, read back, and mutilated.

use super::*;
use std::fs;
use std::path::Path;

fn sample() -> Run {
    let levels = vec!["0".to_owned(), "1".to_owned()];
    let mut manifest = Manifest { model: "moons".into(), seed: 3, ..Manifest::default() };
    manifest.targets = vec![TargetRecord {
        name: "y".into(),
        ty: "class(2)".into(),
        levels: levels.clone(),
        unit: String::new(),
    }];
    manifest.options.insert("method".into(), "advi".into());
    manifest.verdict = vec!["Right on 2 of 2 rows.".into()];
    let values = ClassPredictions {
        levels: levels.clone(),
        target: vec![Some(0), Some(1)],
        probability: vec![0.9, 0.1, 0.2, 0.8],
        sd: vec![0.1; 4],
        entropy: vec![0.3; 2],
        aleatoric: vec![0.2; 2],
        epistemic: vec![0.1; 2],
        expected_error: vec![0.0, 0.25],
    };
    let targets = vec![TargetPredictions { name: "y".into(), values: TargetValues::Classes(values) }];
    let metrics = TargetMetrics { target: "y".into(), values: vec![("accuracy".into(), 1.0)] };
    let class = |label: &String| ClassMap { label: label.clone(), mean: vec![0.5; 4], sd: vec![0.25; 4] };
    let map =
        ProbabilityMap { n: 2, classes: levels.iter().map(class).collect(), ..ProbabilityMap::default() };
    Run {
        manifest,
        model_text: "y ~ Bernoulli(p = 0.5)\r\n".into(),
        resolved_model: "model moons".into(),
        metrics: MetricsFile {
            objective: Objective { is_elbo: true, value: -1.5, se: 0.01 },
            splits: vec![SplitMetrics { split: "valid".into(), rows: 2, targets: vec![metrics] }],
            extra: vec![],
            rungs: vec![],
        },
        trace: vec![TraceRow { step: 1, seconds: 0.5, elbo: -2.0, start: 1, rate: 0.05, clipped: 0 }],
        summary: vec![SummaryRow { variable: "b[1]".into(), mean: 1.0, ..SummaryRow::default() }],
        left_out: vec![LooRow { row: 3, elpd: -0.7, k_hat: 0.2 }],
        predictions: vec![SplitPredictions {
            split: "valid".into(),
            rows: vec![1, 2],
            targets,
            reports: vec![],
        }],
        tensors: vec![Tensor { name: "b.mean".into(), shape: vec![1], values: TensorValues::F64(vec![1.0]) }],
        pictures: Pictures { maps: vec![map], galleries: vec![], unlike: vec![], pit: vec![] },
        compiled: Some(Compiled { full_rank: 2, ..Compiled::default() }),
    }
}

fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("runs/moons");
    write(&folder, &sample(), &[Extra { path: "figures/a.svg".into(), bytes: b"<svg/>".to_vec() }], false)
        .unwrap();
    (place, folder)
}

#[test]
fn a_run_comes_back_as_it_was() {
    let (_place, folder) = written();
    let mut back = read(&folder).unwrap();
    assert_eq!(back.manifest.files.len(), 10);
    back.manifest.files.clear();
    back.manifest.sha256.clear();
    assert_eq!(back, sample());
    let left: Vec<_> = fs::read_dir(folder.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left under a temporary name: {left:?}");
}

#[test]
fn a_run_is_replaced_only_when_asked() {
    let (_place, folder) = written();
    assert!(matches!(write(&folder, &sample(), &[], false), Err(Fault::Exists { .. })));
    write(&folder, &sample(), &[], true).unwrap();
    assert!(!folder.join("figures").exists(), "the old run is gone as a whole");
    assert_eq!(fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_is_not_a_run_is_never_replaced() {
    let place = tempfile::tempdir().unwrap();
    let thesis = place.path().join("thesis");
    fs::create_dir(&thesis).unwrap();
    write(&thesis, &sample(), &[], false).expect("an empty folder may be filled");
    let full = place.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("chapter1.txt"), "years of work").unwrap();
    assert!(matches!(write(&full, &sample(), &[], true), Err(Fault::InTheWay { .. })));
    assert!(matches!(write(&full.join("chapter1.txt"), &sample(), &[], true), Err(Fault::InTheWay { .. })));
    assert!(full.join("chapter1.txt").exists());
}

#[test]
fn a_split_cannot_lead_out_of_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let mut run = sample();
    run.predictions[0].split = "../../evil".into();
    assert!(write(&place.path().join("run"), &run, &[], false).is_err());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file_is_named() {
    let (_place, folder) = written();
    for file in read(&folder).unwrap().manifest.files {
        let (_place, folder) = written();
        fs::remove_file(folder.join(&file)).unwrap();
        assert_eq!(read(&folder).unwrap_err(), Fault::Missing { file });
    }
}

#[test]
fn foreign_and_newer_folders_are_told_apart() {
    let (_place, folder) = written();
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"format\": 1", "\"format\": 99", 1)).unwrap();
    assert_eq!(read(&folder).unwrap_err(), Fault::Newer { found: 99, known: FORMAT });
    fs::write(&manifest, r#"{"name": "some other program's manifest"}"#).unwrap();
    assert!(matches!(read(&folder), Err(Fault::Foreign { .. })));
    fs::remove_file(&manifest).unwrap();
    assert!(matches!(read(&folder), Err(Fault::Foreign { .. })));
    assert!(matches!(read(Path::new("no/such/folder")), Err(Fault::Absent { .. })));
}

/// Every file cut at many places and with many bytes changed: a run or a fault that can be shown, never a panic.
#[test]
fn mutilated_files_give_a_run_or_a_finding() {
    let (_place, folder) = written();
    let files = read(&folder).unwrap().manifest.files;
    // Without checksums, as folders of before have none: what is changed is read.
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    manifest.as_object_mut().unwrap().remove("sha256");
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    for file in files.iter().map(String::as_str).chain(["manifest.json"]) {
        let path = folder.join(file);
        let whole = fs::read(&path).unwrap();
        let mut damaged = 0;
        for i in 0..whole.len().min(400) {
            let at = i * whole.len() / whole.len().min(400);
            let mut changed = whole.clone();
            changed[at] = changed[at].wrapping_add(1 + (i % 97) as u8);
            for bytes in [&whole[..at], &changed] {
                fs::write(&path, bytes).unwrap();
                if let Err(fault) = read(&folder) {
                    damaged += 1;
                    assert!(fault.diagnostic(&folder).help.is_some());
                }
            }
        }
        fs::write(&path, &whole).unwrap();
        let is_free_text = file.starts_with("model.");
        assert!(is_free_text || damaged > 0, "{file} can lose half of its bytes unnoticed");
    }
}
