//! `bnnc fit` and what it leaves behind.

use super::Place;
use std::fs;

const FILES: [&str; 11] = [
    "figures/observed_y.svg",
    "figures/parameters.svg",
    "figures/trace.svg",
    "manifest.json",
    "metrics.json",
    "model.bnn",
    "model.resolved.txt",
    "pictures.json",
    "posterior.safetensors",
    "predictions/valid.csv",
    "report.html",
];

#[test]
fn a_fit_leaves_a_whole_folder_and_a_verdict() {
    let place = Place::with_line();
    let fitted = place.run("fit line.bnn --seed 7");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    assert!(fitted.out.starts_with("line fitted in "), "{}", fitted.out);
    assert!(fitted.out.contains("On 5 held-out rows (valid), y is off by "), "{}", fitted.out);
    assert!(fitted.out.ends_with("report  runs/line/report.html\n"), "{}", fitted.out);
    for file in FILES.iter().chain(&["trace.csv", "summary.csv"]) {
        assert!(fs::metadata(place.path(&format!("runs/line/{file}"))).is_ok_and(|m| m.len() > 0), "{file}");
    }
    assert_eq!(fs::read_dir(place.path("runs")).unwrap().count(), 1, "nothing under a temporary name");
    assert_eq!(place.read("runs/line/model.bnn"), place.read("line.bnn"));
}

#[test]
fn a_profile_has_the_lines_of_the_plan_and_leaves_the_fit_alone() {
    let place = Place::with_line();
    let plain = place.run("fit line.bnn --steps 20 --out runs/plain");
    let timed = place.run("fit line.bnn --steps 20 --out runs/timed --profile --json");
    assert_eq!((plain.status, timed.status), (0, 0), "{}{}", plain.err, timed.err);
    let posterior = |run: &str| fs::read(place.path(&format!("runs/{run}/posterior.safetensors"))).unwrap();
    assert!(posterior("plain") == posterior("timed"), "measuring changes nothing");
    let result: serde_json::Value = serde_json::from_str(&timed.out).unwrap();
    let programs = result["profile"].as_array().unwrap();
    // Parts follow each other, and the steps are one of them.
    let parts = result["timeline"].as_array().unwrap();
    let second = |part: &serde_json::Value, of: &str| part[of].as_f64().unwrap();
    assert!(parts.windows(2).all(|w| second(&w[0], "end") <= second(&w[1], "begin")), "{parts:?}");
    let fitting = parts.iter().find(|p| p["part"] == "fitting").expect("steps");
    assert!(second(fitting, "begin") <= second(fitting, "end"), "{fitting}");
    let of_draws = parts.iter().find(|p| p["part"] == "predicting train").expect("draws");
    let times = ["begin", "first", "end"].map(|of| second(of_draws, of));
    assert!(times.is_sorted(), "{of_draws}");
    let steps = programs.iter().find(|p| p["program"] == "steps").expect("a fit has steps");
    let plan = place.run("check line.bnn --emit plan").out;
    let lines = steps["lines"].as_array().unwrap();
    for line in lines {
        let text = line["step"].as_str().unwrap();
        let cost = format!("{text}  # {}, {} flops", line["value"].as_str().unwrap(), line["flops_a_run"]);
        assert!(plan.contains(&cost), "{cost} is not in\n{plan}");
        assert!(line["runs"].as_u64().unwrap() > 0, "{text} ran");
    }
    let sum: f64 = lines.iter().map(|l| l["seconds"].as_f64().unwrap()).sum();
    let total = steps["seconds"].as_f64().unwrap();
    assert!((sum - total).abs() < 1e-6, "{sum} s of {total} s");
}

#[test]
fn a_profile_is_printed_below_the_verdict_or_alone() {
    let place = Place::with_line();
    let timed = place.run("fit line.bnn --steps 20 --profile");
    assert_eq!(timed.status, 0, "{}", timed.err);
    let (before, profile) = timed.out.split_once("  profile  the fit took ").expect("a profile");
    assert!(before.starts_with("line fitted in "), "{before}");
    for words in ["\n  steps: ", "share ", "GFLOP/s", "epilogue", "%"] {
        assert!(profile.contains(words), "{words} is not in\n{profile}");
    }
    let quiet = place.run("fit line.bnn --steps 20 --profile --quiet --force");
    assert!(quiet.out.starts_with("  profile  the fit took "), "{}", quiet.out);
}

#[test]
fn what_a_fit_must_be_warned_of_is_said_at_once() {
    let place = Place::with_line();
    let cut_short = place.run("fit line.bnn --steps 5 --quiet");
    assert_eq!(cut_short.status, 0, "{}", cut_short.err);
    assert!(cut_short.err.contains("warning[G007]: stopped after 5 steps"), "{}", cut_short.err);
    assert!(cut_short.err.contains("give more `steps`"), "{}", cut_short.err);
    let manifest = place.json("runs/line/manifest.json");
    assert!(manifest["warnings"][0].as_str().is_some_and(|w| w.starts_with("G007")), "{manifest}");
}

#[test]
fn the_files_hold_what_the_contract_says() {
    let place = Place::with_line();
    assert_eq!(place.run("fit line.bnn --seed 7 --quiet").status, 0);
    let manifest = place.json("runs/line/manifest.json");
    for key in [
        "format",
        "bnnc",
        "model",
        "model_sha256",
        "options",
        "seed",
        "data",
        "preprocessing",
        "compile_s",
        "fit_s",
        "eval_s",
        "steps",
        "steps_per_s",
        "peak_rss_mib",
        "verdict",
    ] {
        assert!(manifest.get(key).is_some(), "{key} is not in the manifest");
    }
    assert_eq!(manifest["command"], "bnnc fit line.bnn --seed 7 --quiet");
    assert_eq!(manifest["seed"], 7);
    assert_eq!(manifest["data"]["splits"], serde_json::json!({"train": 15, "valid": 5}));
    let metrics = place.json("runs/line/metrics.json");
    assert!(metrics["elbo"].as_f64().is_some_and(f64::is_finite) && metrics["elbo_se"].is_number());
    for (split, rows) in [("train", 15), ("valid", 5)] {
        let of = &metrics["splits"][split];
        assert_eq!(of["rows"], rows);
        for metric in ["rmse", "mae", "nll", "coverage90", "crps"] {
            assert!(of[metric].as_f64().is_some_and(f64::is_finite), "{split} {metric}: {of}");
        }
    }
    let header = |file: &str| place.read(&format!("runs/line/{file}")).lines().next().unwrap().to_owned();
    assert_eq!(header("summary.csv"), "variable,mean,sd,q05,q50,q95");
    assert!(header("trace.csv").starts_with("step,seconds,elbo"));
    assert_eq!(header("predictions/valid.csv"), "row,target,mean,sd,q05,q50,q95,aleatoric_sd,epistemic_sd");
    let summary = place.read("runs/line/summary.csv");
    let names: Vec<&str> = summary.lines().skip(1).map(|l| l.split(',').next().unwrap()).collect();
    assert_eq!(names, ["b[1]", "b[2]", "s"]);
}

#[test]
fn a_run_is_replaced_only_with_force() {
    let place = Place::with_line();
    assert_eq!(place.run("fit line.bnn --quiet").status, 0);
    let posterior = || fs::read(place.path("runs/line/posterior.safetensors")).unwrap();
    let first = posterior();
    let refused = place.run("fit line.bnn --seed 9");
    assert!(refused.status == 1 && refused.err.contains("error[R002]"), "{}", refused.err);
    assert_eq!(posterior(), first);
    assert_eq!(place.run("fit line.bnn --seed 9 --force --quiet").status, 0);
    assert_ne!(posterior(), first, "another seed gives other bits");
}

#[test]
fn threads_do_not_change_a_bit() {
    let place = Place::with_line();
    let bits = |threads: usize| {
        let line = format!("fit line.bnn --threads {threads} --out run{threads} --quiet");
        assert_eq!(place.run(&line).status, 0);
        fs::read(place.path(&format!("run{threads}/posterior.safetensors"))).unwrap()
    };
    let one = bits(1);
    assert!(bits(2) == one && bits(3) == one);
}

#[test]
fn json_and_quiet_leave_standard_output_to_programs() {
    let place = Place::with_line();
    let quiet = place.run("fit line.bnn --quiet");
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    let value: serde_json::Value =
        serde_json::from_str(&place.run("fit line.bnn --json --force").out).unwrap();
    assert_eq!(value["report"], "runs/line/report.html");
    assert_eq!(value["splits"]["valid"]["rows"], 5);
    let failed = place.run("fit absent.bnn --json");
    let value: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!((failed.status, &value["diagnostics"][0]["code"]), (1, &serde_json::json!("O004")));
}

#[test]
fn a_report_is_made_again_from_its_folder_byte_for_byte() {
    let place = Place::with_line();
    assert_eq!(place.run("fit line.bnn --quiet").status, 0);
    let page = place.read("runs/line/report.html");
    fs::remove_dir_all(place.path("runs/line/figures")).unwrap();
    fs::remove_file(place.path("runs/line/report.html")).unwrap();
    assert_eq!(place.run("report runs/line").out, "report  runs/line/report.html\n");
    assert!(place.read("runs/line/report.html") == page);
    assert!(place.path("runs/line/figures/trace.svg").exists());
}

#[test]
fn a_damaged_run_is_a_finding() {
    let place = Place::with_line();
    assert_eq!(place.run("fit line.bnn --quiet").status, 0);
    let whole = place.read("runs/line/metrics.json");
    place.write("runs/line/metrics.json", &whole[..whole.len() / 2]);
    let damaged = place.run("report runs/line");
    assert_eq!(damaged.status, 1);
    assert!(damaged.err.contains("error[R001]: runs/line: metrics.json is damaged"), "{}", damaged.err);
}

#[test]
fn runs_are_listed_with_their_verdict() {
    let place = Place::with_line();
    assert_eq!(place.run("runs .").out, "no runs in .\n");
    assert_eq!(place.run("fit line.bnn --quiet").status, 0);
    let listed = place.run("runs");
    assert!(listed.out.contains("runs/line") && listed.out.contains("On 5 held-out rows"), "{}", listed.out);
    let value: serde_json::Value = serde_json::from_str(&place.run("runs --json").out).unwrap();
    assert_eq!(value["runs"][0]["model"], "line");
}
