//! Tape to smaller or faster tape: one file a pass, one line in [`ALL`], run in that order.
//!
//! A pass keeps every output's value (up to rounding). It never needs to know what the tape computes.

mod drop_unused;
pub mod of_data;
mod pack_sums;
mod pool_before_activation;
mod share_common;

use crate::tape::{Slot, Tape, build::Builder, switches, verify::verify};

/// One entry of the table.
pub struct Pass {
    /// As printed, and as `BNNC_WITHOUT` names it.
    pub name: &'static str,
    /// What it does, one line.
    pub effect: &'static str,
    /// The rewrite.
    pub run: fn(&Tape) -> Tape,
}

/// Every pass, in order.
pub const ALL: &[Pass] = &[
    Pass {
        name: "pool_before_activation",
        effect: "max_pool(f(x + b)) becomes f(max_pool(x) + b) for an increasing f",
        run: pool_before_activation::pool_before_activation,
    },
    Pass {
        name: "share_common",
        effect: "equal instructions are computed once",
        run: share_common::share_common,
    },
    Pass { name: "drop_unused", effect: "what no output needs is left out", run: drop_unused::drop_unused },
    Pass {
        name: "pack_sums",
        effect: "terms of a sum that are alike in neighbouring parts of a vector are one",
        run: pack_sums::pack_sums,
    },
];

/// Runs every pass; `report` hears of each that changed the tape.
pub fn optimise(tape: &Tape, report: &mut dyn FnMut(&Pass, usize, usize)) -> Tape {
    let mut tape = tape.clone();
    for pass in ALL.iter().filter(|p| !switches::is_off(p.name)) {
        let after = (pass.run)(&tape);
        debug_assert_eq!(verify(&after), Ok(()), "after {}", pass.name);
        if after != tape {
            report(pass, tape.instructions.len(), after.instructions.len());
        }
        tape = after;
    }
    tape
}

/// How often each slot is used, and by which instruction last.
fn uses(tape: &Tape) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut uses = vec![0; tape.instructions.len()];
    let mut user = vec![None; tape.instructions.len()];
    for (i, x) in tape.instructions.iter().enumerate() {
        for a in &x.args {
            uses[a.0 as usize] += 1;
            user[a.0 as usize] = Some(i);
        }
    }
    for (_, slot) in &tape.outputs {
        uses[slot.0 as usize] += 1;
        user[slot.0 as usize] = None;
    }
    (uses, user)
}

/// Copies a tape instruction by instruction; `rewrite` may return another slot for one.
fn rebuild(tape: &Tape, mut rewrite: impl FnMut(&mut Builder, usize, &[Slot]) -> Option<Slot>) -> Tape {
    let mut b = Builder::with_room(tape.instructions.len());
    let mut map: Vec<Slot> = Vec::with_capacity(tape.instructions.len());
    for (i, x) in tape.instructions.iter().enumerate() {
        b.origin = x.origin;
        let args: Vec<Slot> = x.args.iter().map(|a| map[a.0 as usize]).collect();
        let slot = rewrite(&mut b, i, &args).unwrap_or_else(|| b.again(x, args));
        if let Some(name) = &x.name {
            b.name(slot, name);
        }
        map.push(slot);
    }
    for (name, slot) in &tape.outputs {
        b.output(name.clone(), map[slot.0 as usize]);
    }
    b.finish()
}
