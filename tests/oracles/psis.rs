//! k̂ and smoothed weights beside ArviZ (`psis.csv`).

use bnnc::metrics::psis::smooth;

#[test]
fn weights_are_smoothed_as_arviz_does() {
    let lines = include_str!("psis.csv").lines().skip(2);
    assert!(lines.clone().count() >= 5);
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers =
            |text: &str| -> Vec<f64> { text.split(' ').map(|x| x.parse().expect("a number")).collect() };
        let wanted_k: f64 = fields[1].parse().expect("a number");
        let (wanted, mut weights) = (numbers(fields[2]), numbers(fields[3]));
        let k = smooth(&mut weights);
        assert!((k - wanted_k).abs() < 1e-9, "{}: {k} for {wanted_k}", fields[0]);
        for (found, wanted) in weights.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-9, "{}: {found} for {wanted}", fields[0]);
        }
    }
}

#[test]
fn weights_that_say_nothing_are_not_judged() {
    assert!(smooth(&mut [f64::NAN, 0.0]).is_nan() && smooth(&mut []).is_nan());
    let mut equal = [3.0; 100];
    assert_eq!(smooth(&mut equal), f64::INFINITY, "no tail");
    assert!(equal.iter().all(|w| (w - (0.01f64).ln()).abs() < 1e-12));
}
