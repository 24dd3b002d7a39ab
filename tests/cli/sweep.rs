//! `bnnc sweep`: what is fitted, what is left alone, what is kept of failures.

use super::{Outcome, Place, command};
use std::fs;
use std::process::Stdio;

/// Three priors of a slope, and a scale that one of them reads.
const CHOICES: &str = r#"data "line.csv" { x, y : real; split by part }
const scale = 1
choose prior {
  normal:  { b ~ Normal(0, scale) }
  laplace: { b ~ Laplace(0, 1) }
}
s ~ HalfNormal(1)
y ~ Normal(b * x, s)
fit { steps = 200 }
"#;

fn with_choices() -> Place {
    let place = Place::with_line();
    place.write("line.bnn", CHOICES);
    place
}

/// The column of a table by its name.
fn column(table: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let at = reader
        .headers()
        .unwrap()
        .iter()
        .position(|h| h == name)
        .unwrap_or_else(|| panic!("no {name}: {table}"));
    reader.records().map(|r| r.unwrap()[at].to_owned()).collect()
}

#[test]
fn a_sweep_is_a_table_a_report_and_a_run_per_cell_with_the_bits_of_a_fit_alone() {
    let place = with_choices();
    let swept = place.run("sweep line.bnn --grid scale=0.5,2 --seeds 2 --seed 3 --threads 3");
    assert_eq!(swept.status, 0, "{}", swept.err);
    assert!(swept.out.starts_with("line 3 alternatives, 6 fits in "), "{}", swept.out);
    assert!(swept.out.ends_with("report  runs/line-sweep/report.html\n"), "{}", swept.out);
    let table = place.read("runs/line-sweep/sweep.csv");
    assert_eq!(column(&table, "prior"), ["normal", "normal", "normal", "normal", "laplace", "laplace"]);
    assert_eq!(column(&table, "scale"), ["0.5", "0.5", "2", "2", "", ""]);
    assert_eq!(column(&table, "seed"), ["3", "4", "3", "4", "3", "4"]);
    for name in ["elbo", "elbo_se", "valid_nll", "train_rmse", "fit_s", "eval_s"] {
        assert!(
            column(&table, name).iter().all(|v| v.parse::<f64>().is_ok_and(f64::is_finite)),
            "{name}: {table}"
        );
    }
    let cell = &column(&table, "folder")[2];
    assert_eq!(cell, "prior=normal,scale=2,seed=3");
    let manifest = place.json(&format!("runs/line-sweep/{cell}/manifest.json"));
    let alone = manifest["command"].as_str().unwrap().to_owned();
    assert_eq!(alone, "bnnc fit line.bnn --choose prior=normal --set scale=2 --seed 3");
    assert_eq!(place.run(&format!("{} --out alone --quiet", &alone["bnnc ".len()..])).status, 0);
    let bits = |run: &str| fs::read(place.path(&format!("{run}/posterior.safetensors"))).unwrap();
    assert!(bits("alone") == bits(&format!("runs/line-sweep/{cell}")));
    assert!(place.read(&format!("runs/line-sweep/{cell}/report.html")).contains("<h2>Metrics</h2>"));
    let page = place.read("runs/line-sweep/report.html");
    assert!(page.contains("Which differences are real") && page.contains("laplace"));
}

#[test]
fn what_is_there_is_not_fitted_again() {
    let place = with_choices();
    assert_eq!(place.run("sweep line.bnn --quiet").status, 0);
    let folder = place.path("runs/line-sweep/prior=normal,seed=0");
    let posterior = || fs::metadata(folder.join("posterior.safetensors")).unwrap().modified().unwrap();
    let first = posterior();
    // As if it had been interrupted: one cell is gone, one lies there half-written.
    fs::remove_dir_all(place.path("runs/line-sweep/prior=laplace,seed=0")).unwrap();
    let remnant = place.path("runs/line-sweep/.prior=laplace,seed=0.writing-1");
    fs::create_dir(&remnant).unwrap();
    let again: serde_json::Value = serde_json::from_str(&place.run("sweep line.bnn --json").out).unwrap();
    assert_eq!((&again["kept"], &again["failed"]), (&1.into(), &0.into()));
    assert!(again["cells"].as_array().unwrap().iter().all(|c| c["status"] == "done"), "{again}");
    assert_eq!(posterior(), first);
    assert!(!remnant.exists());
    // More seeds are added to it.
    let more = place.run("sweep line.bnn --seeds 2");
    assert!(
        more.out.contains("2 alternatives, 2 fits in ") && more.out.contains("2 were there already"),
        "{}",
        more.out
    );
    // Fewer would hide what is there.
    let fewer = place.run("sweep line.bnn");
    assert!(fewer.status == 1 && fewer.err.contains("error[R002]"), "{}", fewer.err);
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_its_cells_and_says_how_to_go_on() {
    let place = with_choices();
    // The first cell is quick and the second would take hours.
    place.write("line.bnn", &CHOICES.replace("steps = 200", "steps = 20; draws = 500"));
    let line =
        "sweep line.bnn --choose prior=normal --grid steps=20,100000000 --threads 1 --out swept --force";
    let mut command = command(&place.path(""), line);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let first = place.path("swept/steps=20,seed=0/manifest.json");
    while !first.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the sweep ended before its first cell was there");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // A cell has its name a little before it is counted.
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let ended = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(ended.status, 130, "{}", ended.err);
    let said =
        "1 of 2 cells are fitted\ninterrupted; what is done is kept, and this goes on with it:\n  bnnc sweep";
    assert!(ended.err.contains(said) && !ended.err.contains("--force"), "{}", ended.err);
    assert!(first.exists());
}

#[test]
fn another_sweep_or_anything_else_is_not_overwritten() {
    let place = with_choices();
    assert_eq!(place.run("sweep line.bnn --quiet").status, 0);
    place.write("line.bnn", &CHOICES.replace("200", "100"));
    let other = place.run("sweep line.bnn");
    assert!(other.status == 1 && other.err.contains("the model file has changed since"), "{}", other.err);
    assert_eq!(place.run("sweep line.bnn --force --quiet").status, 0);
    place.write("line.csv", &place.read("line.csv").replace("-2,", "-2.1,"));
    let rows = place.run("sweep line.bnn");
    assert!(rows.status == 1 && rows.err.contains("was fitted on other rows"), "{}", rows.err);
    for thesis in ["thesis", "run"] {
        fs::create_dir(place.path(thesis)).unwrap();
        place.write(&format!("{thesis}/chapter1.txt"), "years of work");
        let refused = place.run(&format!("sweep line.bnn --out {thesis} --force"));
        assert!(refused.status == 1 && refused.err.contains("error[R002]"), "{}", refused.err);
        assert!(place.path(&format!("{thesis}/chapter1.txt")).exists());
    }
    assert_eq!(place.run("fit line.bnn --out fitted --quiet").status, 0);
    let refused = place.run("sweep line.bnn --out fitted --force");
    assert!(refused.status == 1 && place.path("fitted/manifest.json").exists(), "{}", refused.err);
}

#[test]
fn a_cell_that_fails_is_kept_as_a_finding_and_the_others_go_on() {
    let place = with_choices();
    let swept = place.run("sweep line.bnn --grid scale=-1,1");
    assert_eq!(swept.status, 1, "{}", swept.err);
    assert!(
        swept.err.contains("error[T011]") && swept.err.contains("prior=normal,scale=-1,seed=0"),
        "{}",
        swept.err
    );
    assert!(swept.out.contains("1 of 3 cells failed"), "{}", swept.out);
    let table = place.read("runs/line-sweep/sweep.csv");
    assert_eq!(column(&table, "status"), ["failed", "done", "done"]);
    assert!(column(&table, "error")[0].starts_with("T011: "), "{table}");
    let kept = place.json("runs/line-sweep/prior=normal,scale=-1,seed=0.failed.json");
    assert_eq!(kept["diagnostics"][0]["code"], "T011");
    let json: serde_json::Value =
        serde_json::from_str(&place.run("sweep line.bnn --grid scale=-1,1 --json").out).unwrap();
    assert_eq!((&json["failed"], &json["cells"][0]["status"]), (&1.into(), &"failed".into()));
}

#[test]
fn a_sweep_of_a_wrong_model_or_command_line_fits_nothing() {
    let place = with_choices();
    let cases = [
        ("sweep line.bnn --grid scal=1,2", "O003", "did you mean `--grid scale=1`?"),
        ("sweep line.bnn --grid prior=normal,laplace", "O003", "is a choice of the model"),
        ("sweep line.bnn --grid scale=one,2", "O005", "not a number"),
        ("sweep line.bnn --grid guide=meanfeild", "O001", "meanfield"),
        ("sweep line.bnn --choose prior=cauchy", "O003", "no such label"),
        ("sweep absent.bnn", "O004", "there is no such file"),
    ];
    for (line, code, words) in cases {
        let refused = place.run(line);
        assert!(
            refused.status == 1 && refused.err.contains(code) && refused.err.contains(words),
            "{line}: {}",
            refused.err
        );
    }
    assert!(!place.path("runs").exists());
    assert_eq!(place.run("sweep line.bnn --seeds 0").status, 2);
}

#[test]
fn a_sweep_is_quiet_when_asked_and_its_report_is_drawn_again() {
    let place = with_choices();
    let quiet = place.run("sweep line.bnn --quiet --choose prior=laplace");
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    let page = place.read("runs/line-sweep/report.html");
    fs::remove_file(place.path("runs/line-sweep/report.html")).unwrap();
    let again = place.run("report runs/line-sweep");
    assert_eq!(again.out, "report  runs/line-sweep/report.html\n");
    assert!(place.read("runs/line-sweep/report.html") == page);
}
