//! `bnnc export`: what other programs open, against closed forms and against what ArviZ saw in it.

use super::Place;
use serde_json::Value;
use std::path::Path;

/// Two targets, a factor, a vector, a report.
const BOTH: &str = r#"data "both.csv" { x : real; school : factor; n : count; y : real }
a[school] ~ Normal(0, 1)
b[2] ~ Normal(0, 1)
s ~ HalfNormal(1)
y ~ Normal(a[school] + b[1] * x, s)
n ~ Poisson(exp(b[2]))
report twice = 2 * s
"#;

/// A folder with a fit of two short chains.
fn chains() -> Place {
    let place = Place::new();
    let row = |i: usize| {
        let x = i as f64 / 6.0 - 1.0;
        format!(
            "{x},{},{},{:.2}\n",
            ["North", "South"][i % 2],
            i % 4,
            0.5 + 1.5 * x + [0.3, -0.4, 0.1][i % 3]
        )
    };
    place.write("both.csv", &format!("x,school,n,y\n{}", (0..12).map(row).collect::<String>()));
    place.write("both.bnn", BOTH);
    let fit = place
        .run("fit both.bnn --method nuts --seed 3 --quiet --set chains=2 --set samples=50 --set tune=100");
    assert_eq!(fit.status, 0, "{}", fit.err);
    place
}

/// An array of a store, with its sizes.
fn array(store: &Path, name: &str) -> (Vec<usize>, Vec<f64>) {
    let header: Value =
        serde_json::from_slice(&std::fs::read(store.join(name).join(".zarray")).unwrap()).unwrap();
    let sizes = |key: &str| -> Vec<usize> {
        header[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
    };
    let (shape, chunk) = (sizes("shape"), sizes("chunks"));
    let mut values = vec![0.0; shape.iter().product()];
    let counts: Vec<usize> = shape.iter().zip(&chunk).map(|(n, c)| n.div_ceil(*c)).collect();
    for c in 0..counts.iter().product() {
        let at = place_of(c, &counts);
        let key = at.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        let bytes = std::fs::read(store.join(name).join(if key.is_empty() { "0" } else { &key })).unwrap();
        let bytes = match header["compressor"].is_null() {
            true => bytes,
            false => {
                let mut plain = vec![];
                std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&bytes[..]), &mut plain)
                    .unwrap();
                plain
            }
        };
        let of = |i: usize| match header["dtype"].as_str().unwrap() {
            "<f8" => f64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().unwrap()),
            "<i8" => i64::from_le_bytes(bytes[8 * i..8 * i + 8].try_into().unwrap()) as f64,
            "|b1" => f64::from(bytes[i]),
            other => panic!("{other}"),
        };
        for i in 0..chunk.iter().product() {
            let inside = place_of(i, &chunk);
            let whole: Vec<usize> = (0..shape.len()).map(|k| at[k] * chunk[k] + inside[k]).collect();
            if whole.iter().zip(&shape).all(|(a, n)| a < n) {
                values[whole.iter().zip(&shape).fold(0, |p, (a, n)| p * n + a)] = of(i);
            }
        }
    }
    (shape, values)
}

/// The place of an element, row-major.
fn place_of(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut at: Vec<usize> = shape.iter().rev().map(|n| (i % n, i /= n).0).collect();
    at.reverse();
    at
}

/// Structure as `tests/oracles/make_arviz_table.py` tells it: group → array → (dims, type).
fn structure(metadata: &Value) -> Value {
    let mut groups = serde_json::Map::new();
    for (key, header) in metadata["metadata"].as_object().unwrap() {
        let Some(path) = key.strip_suffix("/.zarray") else { continue };
        let (group, name) = path.split_once('/').unwrap();
        let own = groups.entry(group).or_insert_with(|| serde_json::json!({}));
        own[name] = serde_json::json!({
            "dims": metadata["metadata"][format!("{path}/.zattrs")]["_ARRAY_DIMENSIONS"],
            "shape": header["shape"],
        });
    }
    Value::Object(groups)
}

#[test]
fn a_store_has_the_groups_dims_and_numbers_that_arviz_sees() {
    let place = chains();
    let shown = place.run("export runs/both --to arviz --out both.zarr --data both.csv");
    assert_eq!(shown.status, 0, "{}", shown.err);
    let store = place.path("both.zarr");
    let known: Value = serde_json::from_str(include_str!("../oracles/arviz.json")).unwrap();
    assert_eq!(structure(&place.json("both.zarr/.zmetadata")), known["groups"]);
    // The log likelihood of every draw and row in closed form, from the exported draws alone.
    let (shape, ll) = array(&store, "log_likelihood/y");
    assert_eq!(shape, [2, 50, 12]);
    let [(_, a), (_, b), (_, s), (_, twice)] =
        ["a", "b", "s", "twice"].map(|name| array(&store, &format!("posterior/{name}")));
    let ((_, x), (_, y), (_, n)) = (
        array(&store, "constant_data/x"),
        array(&store, "observed_data/y"),
        array(&store, "observed_data/n"),
    );
    let (_, counts) = array(&store, "log_likelihood/n");
    for d in 0..100 {
        assert_eq!(twice[d], 2.0 * s[d]);
        for row in 0..12 {
            let z = (y[row] - a[2 * d + row % 2] - b[2 * d] * x[row]) / s[d];
            let normal = -0.5 * z * z - s[d].ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
            assert!((ll[d * 12 + row] - normal).abs() < 1e-9, "{d} {row}: {} {normal}", ll[d * 12 + row]);
            let factorial: f64 = (1..=n[row] as u32).map(|k| f64::from(k).ln()).sum();
            let poisson = n[row] * b[2 * d + 1] - b[2 * d + 1].exp() - factorial;
            assert!((counts[d * 12 + row] - poisson).abs() < 1e-9);
        }
    }
    // The sampler's log joint differs from what is computed here by the same Jacobian and priors for equal draws.
    let (_, lp) = array(&store, "sample_stats/lp");
    let (_, drawn) = array(&store, "posterior_predictive/y");
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let joint = |d: usize| {
        let unit = |x: f64| -0.5 * x * x - 0.5 * (2.0 * std::f64::consts::PI).ln();
        let priors = unit(a[2 * d]) + unit(a[2 * d + 1]) + unit(b[2 * d]) + unit(b[2 * d + 1]);
        let half = unit(s[d]) + 2f64.ln() + s[d].ln();
        let rows: f64 = ll[d * 12..(d + 1) * 12].iter().chain(&counts[d * 12..(d + 1) * 12]).sum();
        priors + half + rows
    };
    for d in 0..100 {
        assert!((lp[d] - joint(d)).abs() < 1e-8, "{d}: {} {}", lp[d], joint(d));
    }
    // 1,200 values drawn around the rows: their mean is that of the targets, to a few standard errors.
    assert!((mean(&drawn) - mean(&y)).abs() < 0.3, "{} {}", mean(&drawn), mean(&y));
}

#[test]
fn every_format_has_the_same_draws() {
    let place = chains();
    for (format, file) in
        [("arviz", "d.zarr"), ("csv", "d.csv"), ("npz", "d.npz"), ("json", "d.json"), ("safetensors", "d.st")]
    {
        let shown = place.run(&format!("export runs/both --to {format} --out {file} --draws 10 --json"));
        assert_eq!(shown.status, 0, "{}", shown.err);
        let said: Value = serde_json::from_str(&shown.out).unwrap();
        assert_eq!((&said["chains"], &said["draws"]), (&Value::from(2), &Value::from(10)), "{format}");
    }
    let (shape, b) = array(&place.path("d.zarr"), "posterior/b");
    assert_eq!(shape, [2, 10, 2]);
    let table = place.read("d.csv");
    let mut lines = table.lines();
    let head = "chain,draw,a[North],a[South],b[1],b[2],s,twice,sample_stats/diverging,sample_stats/n_steps";
    assert_eq!(lines.next(), Some(head));
    let column = |line: &str, c: usize| line.split(',').nth(c).unwrap().parse::<f64>().unwrap();
    for (d, line) in lines.enumerate() {
        assert_eq!([column(line, 0), column(line, 1)], [(d / 10) as f64, (d % 10) as f64]);
        assert_eq!([column(line, 4), column(line, 5)], [b[2 * d], b[2 * d + 1]]);
    }
    let json = place.json("d.json");
    assert_eq!(json["posterior"]["b"][1][9][1], b[39]);
    assert_eq!(json["dims"]["a"], serde_json::json!(["school"]));
    assert_eq!(json["coords"]["school"], serde_json::json!(["North", "South"]));
    let bytes = std::fs::read(place.path("d.st")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let last: [u8; 8] = tensors.tensor("b").unwrap().data()[39 * 8..].try_into().unwrap();
    assert_eq!(f64::from_le_bytes(last), b[39]);
    assert!(std::fs::read(place.path("d.npz")).unwrap().starts_with(b"PK"));
    // Without --out a format of one file goes to standard output, the same bytes.
    assert_eq!(place.run("export runs/both --to csv --draws 10").out, table);
}

#[test]
fn what_cannot_be_exported_is_refused_and_nothing_is_left() {
    let place = chains();
    place.write("other.csv", "x,school,n,y\n1,North,2,3\n2,South,1,1\n");
    place.write("taken", "mine");
    assert_eq!(place.run("export runs/both --to arviz --out both.zarr").status, 0);
    let before = place.read("both.zarr/.zmetadata");
    for (line, code) in [
        ("export runs/both --to arviz --out new.zarr --data other.csv", "R006"),
        ("export runs/both --to arviz --out new.zarr --data nothing.csv", "D015"),
        ("export runs/both --to arviz --out both.zarr", "R002"),
        ("export runs/both --to arviz --out taken --force", "R002"),
        ("export runs/both --to csv --out taken", "R002"),
        ("export runs/both --to json --out new.json --max-size 1k", "R005"),
        ("export runs/none --to csv", "R001"),
        ("export runs/both --to csv --out nowhere/new.csv", "D015"),
    ] {
        let shown = place.run(line);
        assert_eq!(shown.status, 1, "{line}: {}", shown.err);
        assert!(shown.err.contains(&format!("error[{code}]")), "{line}: {}", shown.err);
    }
    assert_eq!(place.run("export runs/both --to arviz").status, 2, "a store is a folder, so it needs a name");
    assert_eq!(place.read("taken"), "mine");
    assert_eq!(place.read("both.zarr/.zmetadata"), before);
    assert_eq!(place.run("export runs/both --to arviz --out both.zarr --draws 7 --force").status, 0);
    assert_ne!(place.read("both.zarr/.zmetadata"), before);
    let names = std::fs::read_dir(place.path("")).unwrap().map(|e| e.unwrap().file_name());
    let left: Vec<_> = names.filter(|n| n.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "nothing is left under a temporary name: {left:?}");
}

/// log N(x | mean, 1)
fn normal(x: f64, mean: f64) -> f64 {
    -0.5 * ((x - mean).powi(2) + std::f64::consts::TAU.ln())
}

/// A likelihood in closed form: unknowns of a draw by their names in `summary.csv`, and a row's cells.
type LogDensity = fn(&dyn Fn(&str) -> f64, &[f64]) -> f64;

#[test]
fn log_likelihoods_are_those_of_the_rows_in_closed_form() {
    let cases: [(&str, &str, LogDensity); 4] = [
        (
            "{ y : class(3); c : bool; w : positive }\na[3] ~ Normal(0, 1)\ny ~ Categorical(logits = a)\n",
            "a class",
            |of, row| {
                let a = [of("a[1]"), of("a[2]"), of("a[3]")];
                a[row[0] as usize] - a.iter().map(|x| x.exp()).sum::<f64>().ln()
            },
        ),
        (
            "{ y : positive; c : bool; w : positive }\nr ~ HalfNormal(1)\ny ~ Exponential(rate = r) censored by c\n",
            "censoring",
            |of, row| if row[1] == 1.0 { -of("r") * row[0] } else { of("r").ln() - of("r") * row[0] },
        ),
        (
            "{ y : real; c : bool; w : positive }\nm ~ Normal(0, 1)\ny ~ Normal(m, 1) weighted by w\n",
            "weights, by which a row's log density is multiplied",
            |of, row| row[2] * normal(row[0], of("m")),
        ),
        (
            "{ y : real; c : bool; w : positive }\nm ~ Normal(0, 1)\ny ~ Mixture([0.3, 0.7], Normal([m, 2], 1))\n",
            "a mixture",
            |of, row| (0.3 * normal(row[0], of("m")).exp() + 0.7 * normal(row[0], 2.0).exp()).ln(),
        ),
    ];
    for (text, what, log_density) in cases {
        let place = Place::new();
        let cells = |i: usize| [(i % 3) as f64, f64::from(u8::from(i % 4 == 1)), 0.5 + i as f64];
        // What is positive has no zero among its rows.
        let shift = if text.contains("y : positive") { 0.25 } else { 0.0 };
        let row = |i: usize| {
            let [y, c, w] = cells(i);
            format!("{},{c},{w}\n", y + shift)
        };
        place.write("rows.csv", &format!("y,c,w\n{}", (0..9).map(row).collect::<String>()));
        place.write("rows.bnn", &format!("data \"rows.csv\" {text}"));
        let fit = place.run("fit rows.bnn --quiet --steps 300");
        assert_eq!(fit.status, 0, "{what}: {}", fit.err);
        let out = place.run("export runs/rows --to csv --draws 7 --out all.csv --data rows.csv --quiet");
        assert_eq!(out.status, 0, "{what}: {}", out.err);
        let table = place.read("all.csv");
        let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
        let mut seen = 0;
        for line in table.lines().skip(1) {
            let numbers: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
            let of = |name: &str| numbers[header.iter().position(|h| *h == name).expect("it is a column")];
            for i in 0..9 {
                let [y, c, w] = cells(i);
                let wanted = log_density(&of, &[y + shift, c, w]);
                let found = of(&format!("log_likelihood/y[{}]", i + 1));
                assert!(
                    (found - wanted).abs() < 1e-9 * (1.0 + wanted.abs()),
                    "{what}, row {i}: {found} {wanted}"
                );
                seen += 1;
            }
        }
        assert_eq!(seen, 7 * 9, "{what}");
    }
}
