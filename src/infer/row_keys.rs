//! What the noise of a prediction is keyed by: what its row holds, not where it stands.
//!
//! So a row has the same prediction in whatever file, order or part of a file it comes, and rows that hold the same
//! have the same. The target is no part of it: it may be absent.

use crate::engine::RowSource;
use crate::infer::problem::Number;
use crate::lower::LogJoint;
use crate::tape::{Op, Slot};

/// The columns that predictions are computed from, ascending: those that the targets' distributions read.
pub fn columns(joint: &LogJoint) -> Vec<u32> {
    reached(joint, &|name| name.starts_with("arg:"))
}

/// The columns that some outputs of the log joint read, ascending.
pub fn reached(joint: &LogJoint, wanted: &dyn Fn(&str) -> bool) -> Vec<u32> {
    let tape = &joint.tape;
    let mut seen = vec![false; tape.instructions.len()];
    let mut open: Vec<Slot> = tape.outputs.iter().filter(|(name, _)| wanted(name)).map(|(_, s)| *s).collect();
    let mut found = vec![];
    while let Some(slot) = open.pop() {
        if std::mem::replace(&mut seen[slot.0 as usize], true) {
            continue;
        }
        let instruction = tape.get(slot);
        if let Op::Column(c) = instruction.op {
            found.push(c);
        }
        open.extend(&instruction.args);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A key for each row; `width` says how many numbers a column has in a row.
pub fn keys<T: Number>(
    columns: &[u32],
    width: &dyn Fn(u32) -> usize,
    source: &dyn RowSource<T>,
    rows: &[u32],
) -> Vec<u64> {
    let mut values: Vec<T> = vec![];
    let of = |row: &u32| {
        let mut key = 0x9e37_79b9_7f4a_7c15;
        for c in columns {
            values.clear();
            values.resize(width(*c), T::ZERO);
            source.copy_row(*c, *row, &mut values);
            for x in &values {
                // A zero has no sign here.
                key = mixed(key ^ (x.to_f64() + 0.0).to_bits());
            }
        }
        key
    };
    rows.iter().map(of).collect()
}

/// SplitMix64's finaliser (Steele, Lea and Flood 2014): every bit of the input reaches every bit of the result.
pub fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
