//! `predict --unknown-level global`: groups that the fit did not know are drawn from the prior, given the rest.

use super::Place;

const GROUPS: &str = r#"data "groups.csv" { x, y : real; part : factor }
m ~ Normal(0, 3)
t ~ HalfNormal(1)
a[part] ~ Normal(m, t)
b ~ Normal(0, 3)
s ~ HalfNormal(1)
y ~ Normal(a[part] + b * x, s)
"#;

/// Twelve groups of ten rows: group g lies at 2 + 0.8 sin g.
fn place(model: &str) -> Place {
    let place = Place::with_line();
    let row = |i: usize| {
        let (g, x) = (i % 12, (i as f64 * 0.37).sin());
        let y = 2.0 + 0.8 * (g as f64 * 1.9).sin() + 0.5 * x + 0.2 * (i as f64 * 2.3).cos();
        format!("{x:.4},{y:.4},g{g}\n")
    };
    place.write("groups.csv", &format!("x,y,part\n{}", (0..120).map(row).collect::<String>()));
    place.write("groups.bnn", model);
    place.write("new.csv", "x,part\n0,g3\n0,other\n0,g11\n0,another\n");
    place
}

/// The numbers of a column.
fn column(table: &str, name: &str) -> Vec<f64> {
    let at = table.lines().next().unwrap().split(',').position(|c| c == name).unwrap();
    table.lines().skip(1).map(|l| l.split(',').nth(at).unwrap().parse().unwrap()).collect()
}

/// Mean and sd of an unknown.
fn of(summary: &str, name: &str) -> (f64, f64) {
    let line = summary.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap();
    let cells: Vec<f64> = line.split(',').skip(1).map(|c| c.parse().unwrap_or(f64::NAN)).collect();
    (cells[0], cells[1])
}

#[test]
fn a_new_group_is_a_draw_of_the_prior_given_the_rest() {
    let place = place(GROUPS);
    for options in ["", "--method nuts --set samples=500 --set tune=500"] {
        let fit = place.run(&format!("fit groups.bnn --out run --force --quiet {options}"));
        assert_eq!(fit.status, 0, "{}", fit.err);
        let refused = place.run("predict run --data new.csv --quiet");
        assert!(
            refused.status == 1
                && refused.err.contains("level other")
                && refused.err.contains("--unknown-level global"),
            "{}",
            refused.err
        );
        let shown =
            place.run("predict run --data new.csv --quiet --unknown-level global --predict-draws 2000");
        assert_eq!(shown.status, 0, "{}", shown.err);
        let (means, sds) = (column(&shown.out, "mean"), column(&shown.out, "epistemic_sd"));
        let summary = place.read("run/summary.csv");
        let ((m, m_sd), (t, t_sd)) = (of(&summary, "m"), of(&summary, "t"));
        // Law of total variance: Var a = Var m + E t², and the slope's part is none at x = 0.
        let wanted = (m_sd * m_sd + t * t + t_sd * t_sd).sqrt();
        for new in [1, 3] {
            assert!((means[new] - m).abs() < 5.0 * wanted / 2000f64.sqrt(), "{} is not {m}", means[new]);
            assert!((sds[new] / wanted - 1.0).abs() < 0.12, "{options}: {} is not {wanted}", sds[new]);
        }
        assert_ne!(means[1], means[3], "each level has its own draws");
        // What is known of the other groups does not change.
        place.write("known.csv", "x,part\n0,g3\n0,g11\n");
        let known = place.run("predict run --data known.csv --quiet --predict-draws 2000");
        let known = column(&known.out, "mean");
        assert!(
            (known[0] - means[0]).abs() < 1e-9 && (known[1] - means[2]).abs() < 1e-9,
            "{known:?} {means:?}"
        );
        let same =
            place.run("predict run --data known.csv --quiet --predict-draws 2000 --unknown-level global");
        assert_eq!(column(&same.out, "mean"), known, "without new levels nothing is drawn anew");
    }
}

#[test]
fn two_factors_may_have_new_levels_in_the_same_rows() {
    let place = place(
        "data \"groups.csv\" { y : real; part, site : factor }\nm ~ Normal(0, 3)\na[part] ~ Normal(0, 1)\n\
         c[site] ~ Normal(0, 1)\ny ~ Normal(m + a[part] + c[site], 0.5)\n",
    );
    let row = |i: usize| format!("{},p{},s{}\n", (i as f64 * 0.7).sin(), i % 4, i % 3);
    place.write("groups.csv", &format!("y,part,site\n{}", (0..36).map(row).collect::<String>()));
    let fit = place.run("fit groups.bnn --out run --quiet");
    assert_eq!(fit.status, 0, "{}", fit.err);
    place.write("new.csv", "part,site\np1,s1\np9,s9\np1,s9\n");
    let shown = place.run("predict run --data new.csv --quiet --unknown-level global --predict-draws 500");
    assert_eq!(shown.status, 0, "{}", shown.err);
    let sds = column(&shown.out, "epistemic_sd");
    // One sd of 1 from a new site, two of them from a new site and a new part.
    assert!(sds[0] < 0.8 && sds[2] > 0.8 && sds[1] > 1.1, "{sds:?}");
}

#[test]
fn where_a_level_has_no_copy_of_its_own_it_is_said() {
    let cases = [
        (
            "net f(z) {\n  each layer { w ~ Normal(0, 1) }\n  dense 3 tanh\n  dense 1\n}\ns ~ HalfNormal(1)\n\
             y ~ Normal(f([x, part]), s)\n",
            "X001",
        ),
        ("a[part] ~ Normal(0, 1)\ns ~ HalfNormal(1)\ny ~ Normal(a[part] - sum(a), s)\n", "read together"),
        ("a[part] ~ Flat\ns ~ HalfNormal(1)\ny ~ Normal(a[part], s)\n", "Flat"),
    ];
    for (rest, says) in cases {
        let place = place(&format!("data \"groups.csv\" {{ x, y : real; part : factor }}\n{rest}"));
        let fit = place.run("fit groups.bnn --out run --quiet --steps 20 --set predict_draws=5");
        assert_eq!(fit.status, 0, "{}", fit.err);
        let shown = place.run("predict run --data new.csv --quiet --unknown-level global");
        assert!(shown.status == 1 && shown.err.contains(says), "{says}: {}{}", shown.out, shown.err);
    }
}
