//! Parts of the language that only a whole run shows: files of predictions, earlier runs as priors.

use super::Place;

/// Forty rows of two classes that x tells apart, and a number that follows it.
fn with_rows() -> Place {
    let place = Place::new();
    let row = |i: usize| {
        let x = i as f64 / 10.0 - 2.0 + 0.3 * ((i * 7 % 5) as f64 - 2.0);
        let z = if i % 10 == 4 { "NA".to_owned() } else { format!("{:.3}", 3.0 * x + (i % 3) as f64 * 0.1) };
        format!("{x:.3},{},{z},{}\n", if i * 3 % 7 + i > 22 { "up" } else { "down" }, i % 4)
    };
    place.write("rows.csv", &format!("x,y,z,g\n{}", (0..40).map(row).collect::<String>()));
    place
}

#[test]
fn a_report_per_row_joins_the_predictions_and_a_global_one_the_summary() {
    let place = with_rows();
    let text = r#"data "rows.csv" { x : real; y : class; split valid = 8 }
b ~ Normal(0, 3)
y ~ Bernoulli(logit = b * x)
report chance = sigmoid(b * x)
report odds = exp(b)
"#;
    place.write("m.bnn", text);
    let fitted = place.run("fit m.bnn --set predict_draws=10");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let header = place.read("runs/m/predictions/valid.csv").lines().next().unwrap_or_default().to_owned();
    assert!(header.ends_with(",report_chance,report_chance_sd"), "{header}");
    assert!(place.read("runs/m/summary.csv").lines().any(|l| l.starts_with("odds,")));
    // A folder with reports can be read again.
    assert_eq!(place.run("report runs/m").status, 0);
}

#[test]
fn rows_without_a_target_get_a_prediction_and_no_likelihood() {
    let place = with_rows();
    let text = r#"data "rows.csv" { x, z : real; missing = predict; split valid = last 6 }
b ~ Normal(0, 3)
s ~ HalfNormal(1)
z ~ Normal(b * x, s)
"#;
    place.write("m.bnn", text);
    let fitted = place.run("fit m.bnn --set predict_draws=10");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let rows = place.read("runs/m/predictions/missing.csv");
    let numbers: Vec<&str> = rows.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    assert_eq!(numbers, ["5", "15", "25", "35"]);
    assert!(rows.lines().skip(1).all(|l| l.split(',').nth(1) == Some("NaN")), "{rows}");
    let splits = &place.json("runs/m/metrics.json")["splits"];
    assert_eq!((splits["train"]["rows"].as_u64(), splits["valid"]["rows"].as_u64()), (Some(30), Some(6)));
    assert!(splits.get("missing").is_none());
}

#[test]
fn a_standardised_target_is_reported_in_its_own_units() {
    let place = with_rows();
    let model = |target: &str, sd: &str| {
        format!(
            "data \"rows.csv\" {{ x, z : real; missing = drop; split valid = last 6 }}\n{target}\nb ~ Normal(0, 30) \
             \nt ~ Normal({sd})\nv ~ Normal(b * x, 2)\nreport twice = 2 * t + 0 * b\n"
        )
    };
    // The same model in two units: v = z, and v = (z − m)/s with every number of it divided by s.
    place.write("plain.bnn", &model("v = z", "0, 1"));
    place.write("scaled.bnn", &model("v = standardize(z)", "0, 1"));
    for name in ["plain", "scaled"] {
        let fitted = place.run(&format!("fit {name}.bnn --set predict_draws=10"));
        assert_eq!(fitted.status, 0, "{}", fitted.err);
    }
    let targets = |name: &str| -> Vec<f64> {
        let text = place.read(&format!("runs/{name}/predictions/valid.csv"));
        text.lines().skip(1).filter_map(|l| l.split(',').nth(1)?.parse().ok()).collect()
    };
    let (plain, scaled) = (targets("plain"), targets("scaled"));
    assert!(plain.len() == 6 && plain.iter().zip(&scaled).all(|(a, b)| (a - b).abs() < 1e-9), "{plain:?}");
    let manifest = place.json("runs/scaled/manifest.json");
    assert_eq!(manifest["targets"][0]["unit"], "z");
    assert_eq!(manifest["preprocessing"][0]["expression"], "mean(z)");
}

#[test]
fn the_elbo_of_a_standardised_target_is_that_of_its_own_units() {
    let place = with_rows();
    let data = "data \"rows.csv\" { x, z : real; missing = drop }\n";
    place.write("a.bnn", &format!("{data}v = center(z) / sd(z)\nmu ~ Normal(0, 1)\nv ~ Normal(mu, 1)\n"));
    place.write("b.bnn", &format!("{data}v = standardize(z)\nmu ~ Normal(0, 1)\nv ~ Normal(mu, 1)\n"));
    let elbo = |name: &str| {
        let fitted = place.run(&format!("fit {name}.bnn --set predict_draws=10"));
        assert_eq!(fitted.status, 0, "{}", fitted.err);
        place.json(&format!("runs/{name}/metrics.json"))["elbo"].as_f64().unwrap()
    };
    let (by_hand, in_units) = (elbo("a"), elbo("b"));
    let sd = place.json("runs/b/manifest.json")["preprocessing"][1]["scale"][0].as_f64().unwrap();
    // 36 rows, each density divided by sd: log p(z) = log p(v) − log sd
    assert!((by_hand - in_units - 36.0 * sd.ln()).abs() < 0.05, "{by_hand} {in_units} {sd}");
}

#[test]
fn yesterdays_posterior_is_todays_prior() {
    let place = with_rows();
    let net = |prior: &str, last: &str, rows: &str| {
        format!(
            "data \"rows.csv\" {{ x : real; y : class(\"down\", \"up\"); g : count; {rows} }}\nnet f(v) {{\n  each layer \
             {{ {prior} }}\n  dense 3 tanh\n  dense 2 softmax {{ {last} }}\n}}\ny ~ Categorical(probs = f(x))\n"
        )
    };
    let plain = "w ~ Normal(0, 1); b ~ Normal(0, 1)";
    place.write("old.bnn", &net(plain, "", "where g < 3"));
    let prior = "w ~ Posterior(\"runs/old\", widen = 2); b ~ Posterior(\"runs/old\", widen = 2)";
    place.write("new.bnn", &net(prior, plain, "where g == 3"));
    let refused = place.run("check new.bnn");
    assert!(refused.status == 1 && refused.err.contains("R001"), "{}", refused.err);
    assert_eq!(place.run("fit old.bnn --steps 100 --set predict_draws=10").status, 0);
    let fitted = place.run("fit new.bnn --steps 100 --set predict_draws=10");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    // Another width: the weights of the old net do not fit.
    place.write("wide.bnn", &net(prior, plain, "where g == 3").replace("dense 3", "dense 4"));
    let refused = place.run("check wide.bnn");
    assert!(refused.status == 1 && refused.err.contains("T001"), "{}", refused.err);
    // A variable that the old run has not.
    place.write("named.bnn", &net(prior, plain, "where g == 3").replace("dense 3", "first: dense 3"));
    let refused = place.run("check named.bnn");
    assert!(refused.status == 1 && refused.err.contains("`f.first.w`"), "{}", refused.err);
}
