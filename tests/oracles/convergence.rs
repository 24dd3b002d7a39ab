//! R̂, effective sample sizes and the error of a mean beside ArviZ (`convergence.csv`).

use bnnc::metrics::convergence::convergence;

#[test]
fn chains_are_judged_as_arviz_does() {
    let lines = include_str!("convergence.csv").lines().skip(2);
    assert!(lines.clone().count() >= 8);
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers: Vec<f64> = fields[1..6].iter().map(|x| x.parse().expect("a number")).collect();
        let draws: Vec<f64> = fields[6].split(' ').map(|x| x.parse().expect("a draw")).collect();
        let found = convergence(&draws, numbers[0] as usize);
        let pairs = [
            ("rhat", found.rhat, numbers[1]),
            ("ess_bulk", found.ess_bulk, numbers[2]),
            ("ess_tail", found.ess_tail, numbers[3]),
            ("mcse", found.mcse, numbers[4]),
        ];
        for (what, found, wanted) in pairs {
            // ArviZ gives a single chain no R̂.
            if !wanted.is_nan() {
                let error = (found / wanted - 1.0).abs();
                assert!(error < 1e-9, "{}: {what} {found} for {wanted}", fields[0]);
            }
        }
    }
}

#[test]
fn what_cannot_be_judged_has_no_number() {
    assert!(convergence(&[1.0, 2.0, 3.0], 1).rhat.is_nan());
    assert!(convergence(&[f64::NAN; 40], 4).ess_bulk.is_nan());
    let still = convergence(&[2.0; 40], 4);
    assert_eq!((still.rhat, still.ess_bulk, still.mcse), (1.0, 40.0, 0.0));
}
