//! Many fits in one process: the memory that it holds stays flat.

use bnnc::compile::{Options, Session, fit};
use bnnc::infer::progress::Silent;
use std::path::Path;

/// What allocators keep, in MiB, and what the machine's other work adds.
const SLACK: u64 = 16;

/// Memory that this process holds, in MiB, where the system tells.
fn held() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? >> 10)
}

#[test]
#[ignore = "slow: a few hundred fits"]
fn memory_stays_flat_over_many_fits() {
    let fits: usize = std::env::var("BNNC_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let place = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/linear.bnn"));
    let mut seen = vec![];
    for i in 0..fits {
        let options =
            Options { seed: Some(i as u64), steps: Some(600), threads: Some(2), ..Options::default() };
        let session = Session::open(place, options).unwrap_or_else(|d| panic!("{d:?}"));
        fit(&session, &mut Silent).unwrap_or_else(|f| panic!("{f:?}"));
        if i % (fits / 10).max(1) == 0 {
            seen.extend(held());
        }
    }
    println!("MiB held over {fits} fits: {seen:?}");
    if let [_, rest @ ..] = seen.as_slice() {
        let (first, last) = (rest[rest.len() / 4], rest[rest.len() - 1]);
        assert!(last <= first + SLACK, "it grows: {seen:?}");
    }
}
