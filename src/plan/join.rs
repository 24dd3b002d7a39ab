//! Concatenations of global values whose parts are computed in their places, so that nothing is copied.

use super::Section;
use super::buffers::accumulates;
use super::kernel::Kernel;
use super::select::Choice;
use crate::tape::{Slot, Tape, switches};
use crate::ty::Kind;
use std::collections::HashSet;

/// As `BNNC_WITHOUT` names it, and what it does.
pub const NAME: &str = "join_in_place";
pub const EFFECT: &str = "parts of a concatenation of global values are computed in their places";

/// The parts of each concatenation that is joined, and where a part lies: in which concatenation, from which number on.
pub struct Joined {
    /// By slot of the concatenation.
    pub parts: Vec<Vec<Slot>>,
    /// By slot of the part.
    pub part_of: Vec<Option<(Slot, usize)>>,
}

/// Joins what can be: global parts that steps of their own make, in the section of the concatenation or sums over rows,
/// each in no other. What cannot lie there (an input, a constant that is there twice) is copied by a step that is left.
pub fn join(tape: &Tape, choices: &mut [Choice], sections: &[Section]) -> Joined {
    let count = tape.instructions.len();
    let mut joined = Joined { parts: vec![vec![]; count], part_of: vec![None; count] };
    if switches::is_off(NAME) {
        return joined;
    }
    for i in 0..count {
        let Choice::Run { kernel: Kernel::Concat, args, .. } = &choices[i] else { continue };
        if tape.instructions[i].kind != Kind::Global {
            continue;
        }
        let args = args.clone();
        // What is there twice, or looked at by a view among the parts, would be copied from inside.
        let mut seen = HashSet::new();
        let mut copied: HashSet<Slot> = args.iter().filter_map(|a| viewed(choices, *a)).collect();
        copied.extend(args.iter().filter(|a| !seen.insert(**a)));
        let (mut start, mut left) = (0, (vec![], vec![]));
        for part in &args {
            let p = part.0 as usize;
            let is_here = match &choices[p] {
                Choice::Run { .. } => sections[p] == sections[i] || accumulates(choices, *part),
                Choice::Second { .. } => accumulates(choices, *part),
                _ => false,
            };
            let is_apart = !copied.contains(part) && joined.parts[p].is_empty();
            if is_here && is_apart && joined.part_of[p].is_none() {
                joined.part_of[p] = Some((Slot(i as u32), start));
                joined.parts[i].push(*part);
            } else {
                left.0.push(start);
                left.1.push(*part);
            }
            start += tape.get(*part).shape.len();
        }
        choices[i] = match (joined.parts[i].is_empty(), left) {
            (true, _) => continue,
            (_, (_, args)) if args.is_empty() => Choice::Joined,
            (_, (starts, args)) => Choice::run(Kernel::Place(starts), args),
        };
    }
    joined
}

/// The step whose result a view looks at.
fn viewed(choices: &[Choice], slot: Slot) -> Option<Slot> {
    match &choices[slot.0 as usize] {
        Choice::View { of, .. } => Some(viewed(choices, *of).unwrap_or(*of)),
        _ => None,
    }
}
