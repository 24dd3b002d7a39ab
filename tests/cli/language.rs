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
    let [by_hand, in_units, sd] = standardised_twice(&place, data, "");
    // 36 rows, each density divided by sd: log p(z) = log p(v) − log sd
    assert!((by_hand - in_units - 36.0 * sd.ln()).abs() < 0.05, "{by_hand} {in_units} {sd}");
}

/// ELBOs of a target standardised by hand and by `standardize`, and its sd.
fn standardised_twice(place: &Place, data: &str, suffix: &str) -> [f64; 3] {
    let elbo = |name: &str, target: &str| {
        let model = format!("{data}v = {target}\nmu ~ Normal(0, 1)\nv ~ Normal(mu, 1) {suffix}\n");
        place.write(&format!("{name}.bnn"), &model);
        let fitted = place.run(&format!("fit {name}.bnn --set predict_draws=10"));
        assert_eq!(fitted.status, 0, "{}", fitted.err);
        place.json(&format!("runs/{name}/metrics.json"))["elbo"].as_f64().unwrap()
    };
    let (by_hand, in_units) = (elbo("a", "center(z) / sd(z)"), elbo("b", "standardize(z)"));
    let sd = place.json("runs/b/manifest.json")["preprocessing"][1]["scale"][0].as_f64().unwrap();
    [by_hand, in_units, sd]
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

#[test]
fn data_may_differ_between_alternatives() {
    let place = with_rows();
    place.write("more.csv", "a,b\n1,2.5\n2,4.5\n3,7\n4,8.5\n");
    let text = r#"choose rows {
  here: { data "rows.csv" { x, z : real; missing = drop } }
  there: {
    data "more.csv" { x : real from "a"; z : real from "b" }
    shift ~ Normal(0, 1)
  }
}
choose shape {
  line: { mean = b * x }
  wave: { mean = b * sin(x) }
}
b ~ Normal(0, 3)
z ~ Normal(mean, 1)
"#;
    place.write("m.bnn", text);
    let rows = |options: &str| {
        let fitted = place.run(&format!("fit m.bnn --force --set predict_draws=10 {options}"));
        assert_eq!(fitted.status, 0, "{}", fitted.err);
        let choices = place.json("runs/m/manifest.json")["choices"].clone();
        (place.json("runs/m/metrics.json")["splits"]["train"]["rows"].as_u64(), choices["rows"].clone())
    };
    assert_eq!(rows(""), (Some(36), "here".into()));
    assert_eq!(rows("--choose rows=there --choose shape=wave"), (Some(4), "there".into()));
    // What is wrong or unused in another way to choose the data is said with its name.
    let found = place.run("check m.bnn").err;
    assert!(found.contains("N005") && found.contains("rows = there"), "{found}");
    place.write("m.bnn", &text.replace("from \"b\"", "from \"bb\""));
    let found = place.run("check m.bnn");
    assert!(
        found.status == 1 && found.err.contains("D001") && found.err.contains("rows = there"),
        "{}",
        found.err
    );
    // Two blocks at once are two.
    place.write("m.bnn", &format!("data \"more.csv\" {{ a : real }}\n{text}"));
    assert!(place.run("check m.bnn").err.contains("N011"));
    place.write("m.bnn", text);
    let found = place.run("check m.bnn --choose rows=nowhere");
    assert!(found.status == 1 && found.err.contains("O003"), "{}", found.err);
}

#[test]
fn a_walk_runs_along_a_count_from_its_smallest_to_its_largest_value() {
    let place = Place::new();
    // No row of 1993: the walk goes through it.
    let years = [1990, 1991, 1992, 1994, 1995];
    let rows: String = years.iter().map(|y| format!("{y},{}\n", f64::from(y - 1990) * 2.0)).collect();
    place.write("rows.csv", &format!("year,y\n{rows}"));
    let text = "data \"rows.csv\" { year : count; y : real }\nlevel[year] ~ RandomWalk(3)\ny ~ Normal(level[year], 0.1)\n\
                report of_1992 = level[\"1992\"]\n";
    place.write("m.bnn", text);
    let fitted = place.run("fit m.bnn --set predict_draws=10");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let summary = place.read("runs/m/summary.csv");
    let mean = |name: &str| -> f64 {
        let line = summary
            .lines()
            .find(|l| l.starts_with(&format!("{name},")))
            .unwrap_or_else(|| panic!("{summary}"));
        line.split(',').nth(1).and_then(|m| m.parse().ok()).expect("a mean")
    };
    for (name, wanted) in
        [("level[1990]", 0.0), ("level[1993]", 6.0), ("level[1995]", 10.0), ("of_1992", 4.0)]
    {
        assert!((mean(name) - wanted).abs() < 0.1, "{name}: {} for {wanted}", mean(name));
    }
}

#[test]
fn the_elbo_of_a_weighted_standardised_target_counts_its_weights() {
    let place = Place::new();
    let rows: String = (0..12).map(|i| format!("{},{}\n", f64::from(i * 5 % 7) * 3.0, i % 3)).collect();
    place.write("rows.csv", &format!("z,n\n{rows}"));
    let data = "data \"rows.csv\" { z : real; n : count }\n";
    let [by_hand, in_units, sd] = standardised_twice(&place, data, "weighted by n");
    // The weights sum to 12: log p(z) = log p(v) − log sd for each.
    assert!((by_hand - in_units - 12.0 * sd.ln()).abs() < 0.05, "{by_hand} {in_units} {sd}");
}

/// Example f of the language as written, on small pictures: bars that stand for digits, those below 5 first.
#[test]
fn a_convolutional_net_starts_from_a_net_of_other_digits() {
    let place = Place::new();
    let (mut images, mut labels) = (vec![], vec![]);
    for row in 0..40u8 {
        let digit = row % 10;
        labels.push(digit);
        let bright = |r: usize, c: usize| {
            (r + usize::from(row) / 10) % 28 / 5 == usize::from(digit) % 5 && (c > 13) == (digit > 4)
        };
        images.extend((0..28 * 28).map(|i| if bright(i / 28, i % 28) { 200u8 } else { (i % 7) as u8 }));
    }
    let idx = |sizes: &[u32], bytes: &[u8]| {
        let mut file = vec![0, 0, 8, sizes.len() as u8];
        sizes.iter().for_each(|n| file.extend(n.to_be_bytes()));
        file.extend(bytes);
        file
    };
    std::fs::write(place.path("images.idx"), idx(&[40, 28, 28], &images)).expect("written");
    std::fs::write(place.path("labels.idx"), idx(&[40], &labels)).expect("written");
    let model = |which: &str, each: &str, last: &str| {
        format!(
            "data idx(\"images.idx\", \"labels.idx\") {{ x : image(28, 28); y : class; where y {which} }}\nnet f(x) {{\n{each}\n  \
             conv 32 5x5 tanh; maxpool 2; conv 32 5x5 tanh; maxpool 2; dense 64 tanh\n  {last}\n}}\ny ~ Categorical(logits = f(x))\n"
        )
    };
    place.write("mnist.bnn", &model("< 5", "", "dense 5"));
    let each =
        "each layer { w ~ Posterior(\"runs/mnist\", widen = 2); b ~ Posterior(\"runs/mnist\", widen = 2) }";
    let last = "dense 5 { w ~ Normal(0, 1/sqrt(fan_in)); b ~ Normal(0, 1) }";
    place.write("digits.bnn", &model("> 4", each, last));
    for name in ["mnist", "digits"] {
        let fitted = place.run(&format!("fit {name}.bnn --steps 6 --set predict_draws=4 --set batch=16"));
        assert_eq!(fitted.status, 0, "{}", fitted.err);
    }
    let means = |run: &str| place.json(&format!("runs/{run}/manifest.json"));
    assert_eq!(means("digits")["targets"][0]["levels"], serde_json::json!(["5", "6", "7", "8", "9"]));
    // Each number of the first layer has the old posterior for its prior; the last layer starts afresh.
    let emitted = place.run("check digits.bnn --emit model").out;
    assert!(emitted.contains("runs/mnist: mean of f.1.w") && !emitted.contains("mean of f.4.w"), "{emitted}");
}

/// Ones in an array are shifted like any other constant, and an intercept that was meant is gone: that is told. So is
/// what neither a net nor a sum reads, and what is made of columns.
#[test]
fn what_standardize_shifts_is_told_wherever_it_stands() {
    let place = Place::new();
    let rows = |second: &str| -> String {
        let row = |i: i32| {
            let t = f64::from(i) / 10.0 - 2.0;
            format!("{t},{second},{},{}\n", (3.0 * t).sin(), 2.0 * t + 0.3 * (9.0 * t).cos())
        };
        "x1,x2,x3,y\n".to_owned() + &(0..40).map(row).collect::<String>()
    };
    place.write("ones.csv", &rows("1"));
    place.write("sevens.csv", &rows("7"));
    let ones = "`standardize` shifts ones to 0 like any other constant";
    for (data, columns, value, says, notes_ones) in [
        ("ones", "x : real[3]", "dot(b, standardize(x))", "element 2 of `x` is constant", true),
        ("ones", "x : real[3]", "dot(b, x)", "", false),
        ("ones", "x1, x2, x3 : real", "dot(b, standardize([x1, x2, x3]))", "column `x2` is constant", true),
        ("sevens", "x : real[3]", "dot(b, standardize(x)) ^ 2", "element 2 of `x` is constant", false),
        ("sevens", "x : real[3]", "dot(b, standardize(log(x^2 + 1)))", "element 2 of", false),
        ("sevens", "x1, x2, x3 : real", "dot(b, standardize([x1, x2^2, x3]))", "D008]: this value is", false),
    ] {
        place.write(
            "m.bnn",
            &format!(
                "data \"{data}.csv\" {{ {columns}; y : real }}\nb[3] ~ Normal(0, 1)\ns ~ HalfNormal(1)\n\
                 y ~ Normal({value}, s)\n"
            ),
        );
        let checked = place.run("check m.bnn");
        assert_eq!(checked.status, 0, "{value}: {}", checked.err);
        let count = checked.err.matches("warning[D008]").count();
        assert_eq!(count, usize::from(!says.is_empty()), "{value}: {}", checked.err);
        assert!(checked.err.contains(says), "{value}: {}", checked.err);
        assert_eq!(checked.err.contains(ones), notes_ones, "{value}: {}", checked.err);
    }
}

/// An image has one mean and one sd per channel: a channel that never varies is no column of a file.
#[test]
fn a_channel_that_never_varies_is_told_as_one() {
    let place = Place::new();
    let image = |i: usize| {
        let pixel = move |k: usize| if k < 2048 { (i * 37 + k * 11) as u8 } else { 7 };
        std::iter::once((i % 2) as u8).chain((0..3072).map(pixel))
    };
    for batch in 1..=5 {
        let rows: Vec<u8> = (0..4).flat_map(|i| image(4 * batch + i)).collect();
        std::fs::write(place.path(&format!("data_batch_{batch}.bin")), rows).unwrap();
    }
    place.write(
        "m.bnn",
        "data cifar(\".\") { x : image(32, 32, 3); y : class(10) }\nnet f(v) { dense 10 softmax }\n\
         y ~ Categorical(probs = f(standardize(x)))\n",
    );
    let checked = place.run("check m.bnn");
    assert_eq!(checked.status, 0, "{}", checked.err);
    let told = "warning[D008]: channel 3 of `x` is constant in the training rows: it carries no signal";
    assert!(checked.err.contains(told), "{}", checked.err);
    assert!(checked.err.contains("write the images without such channels"), "{}", checked.err);
    assert!(!checked.err.contains("columns"), "{}", checked.err);
}

/// A column of an array that never varies costs no edit of the file: it is told, shifted to 0, and keeps its prior.
#[test]
fn standardize_shifts_the_constant_columns_of_an_array_and_says_so() {
    let place = Place::new();
    let rows: String = (0..40)
        .map(|i| {
            let t = f64::from(i) / 10.0 - 2.0;
            format!("{t},288.15,{},0,{},7\n", (3.0 * t).sin(), 2.0 * t + 0.3 * (9.0 * t).cos())
        })
        .collect();
    place.write("rows.csv", &format!("x1,x2,x3,x4,y1,y2\n{rows}"));
    let line = "data \"rows.csv\" { x : real[4]; y1 : real }\nb[4] ~ Normal(0, 1)\ns ~ HalfNormal(1)\n\
                y1 ~ Normal(dot(b, standardize(x)), s)\n";
    place.write("line.bnn", line);
    place.write(
        "net.bnn",
        &line
            .replace("b[4] ~ Normal(0, 1)\n", "net f(v) { dense 3 tanh; dense 1 }\n")
            .replace("dot(b, standardize(x))", "f(standardize(x))"),
    );
    for model in ["line", "net"] {
        let checked = place.run(&format!("check {model}.bnn"));
        assert_eq!(checked.status, 0, "{}", checked.err);
        let told =
            "warning[D008]: elements 2 and 4 of `x` are constant in the training rows: they carry no signal";
        assert!(checked.err.contains(told), "{}", checked.err);
        assert!(checked.err.contains("every training row has 288.15, 0"), "{}", checked.err);
    }
    let fitted = place.run("fit line.bnn");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let summary = place.read("runs/line/summary.csv");
    let mut rows = csv::Reader::from_reader(summary.as_bytes());
    let head = rows.headers().unwrap().clone();
    let of = |row: &csv::StringRecord, name: &str| -> f64 {
        row[head.iter().position(|h| h == name).unwrap()].parse().unwrap()
    };
    let mut priors = 0;
    for row in rows.records().map(Result::unwrap) {
        if ["b[2]", "b[4]"].contains(&&row[0]) {
            // The summary is of draws: 0.05 is some five of its errors.
            assert!(of(&row, "mean").abs() < 0.05 && (of(&row, "sd") - 1.0).abs() < 0.05, "{row:?}");
            priors += 1;
        }
    }
    assert_eq!(priors, 2, "{summary}");
    // What divides by hand, what predicts nothing else, and targets are refused, with the element.
    let refused = [
        ("dot(b, x / sd(x))", "", "the sd of elements 2 and 4 of `x` over the training rows is 0"),
        (
            "dot(b, x)",
            "c = standardize(y)\nc ~ Normal(0, 1)\n",
            "the sd of element 2 of `y` over the training rows is 0",
        ),
    ];
    for (predictor, more, says) in refused {
        let text = line.replace("dot(b, standardize(x))", predictor);
        let text =
            if more.is_empty() { text } else { format!("data \"rows.csv\" {{ y : real[2] }}\n{more}") };
        place.write("wrong.bnn", &text);
        let checked = place.run("check wrong.bnn");
        assert!(
            checked.status == 1 && checked.err.contains(&format!("error[T011]: {says}")),
            "{}",
            checked.err
        );
    }
}
