//! Many fits in one process: the memory that it holds stays flat.

use bnnc::{Fit, Fitted, Model};
use std::path::Path;
use std::time::{Duration, Instant};

/// What allocators keep, in MiB, and what the machine's other work adds.
const SLACK: u64 = 16;

/// A model, the method of its fit, its steps, and what else keeps the fit short.
type Case = (&'static str, &'static str, u64, &'static [(&'static str, &'static str)]);

const FITS: [Case; 4] = [
    ("models/linear.bnn", "advi", 300, &[]),
    ("models/moons.bnn", "advi", 200, &[("predict_draws", "5"), ("restarts", "1")]),
    ("models/eight_schools.bnn", "nuts", 100, &[("draws", "50")]),
    ("models/logistic.bnn", "laplace", 200, &[]),
];

/// Memory that this process holds, in MiB, where the system tells.
fn held() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? >> 10)
}

/// One fit, written, read again, and forgotten.
fn fit(which: usize, seed: u64, place: &Path) {
    let (model, method, steps, set) = FITS[which % FITS.len()];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let how = Fit::default().seed(seed).method(method).steps(steps).threads(2);
    let how = set.iter().fold(how, |how, (name, value)| how.set(name, value));
    let fitted = Model::open(path).and_then(|m| m.fit(&how)).unwrap_or_else(|e| panic!("{model}: {e}"));
    fitted.save(place, true).unwrap_or_else(|e| panic!("{model}: {e}"));
    let read = Fitted::load(place).unwrap_or_else(|e| panic!("{model}: {e}"));
    assert_eq!(read.summary(), fitted.summary(), "{model}");
}

#[test]
#[ignore = "slow: BNNC_SECONDS of fits, else a minute"]
fn memory_stays_flat_over_many_fits() {
    let seconds = std::env::var("BNNC_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let place = std::env::temp_dir().join(format!("bnnc-soak-{}", std::process::id()));
    let (start, span) = (Instant::now(), Duration::from_secs(seconds));
    let (mut fits, mut seen) = (0, vec![]);
    while start.elapsed() < span || fits < FITS.len() {
        fit(fits, fits as u64, &place);
        fits += 1;
        if start.elapsed() >= span * u32::try_from(seen.len()).expect("few") / 12 {
            seen.extend(held());
        }
    }
    std::fs::remove_dir_all(&place).expect("the last fit is there");
    println!("MiB held over {fits} fits in {seconds} s: {seen:?}");
    if let [_, rest @ ..] = seen.as_slice() {
        let (first, last) = (rest[rest.len() / 4], rest[rest.len() - 1]);
        assert!(last <= first + SLACK, "it grows: {seen:?}");
    }
}
