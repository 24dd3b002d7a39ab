//! A tape without what no output needs.

use super::{Slot, Tape};

/// Keeps what the outputs reach, in the same order.
pub fn without_unused(tape: &Tape) -> Tape {
    let mut is_needed = vec![false; tape.instructions.len()];
    for (_, slot) in &tape.outputs {
        is_needed[slot.0 as usize] = true;
    }
    for i in (0..tape.instructions.len()).rev() {
        if is_needed[i] {
            for a in &tape.instructions[i].args {
                is_needed[a.0 as usize] = true;
            }
        }
    }
    let mut place = vec![Slot(0); tape.instructions.len()];
    let mut out = Tape::default();
    for (i, x) in tape.instructions.iter().enumerate().filter(|(i, _)| is_needed[*i]) {
        place[i] = Slot(out.instructions.len() as u32);
        let mut x = x.clone();
        for a in &mut x.args {
            *a = place[a.0 as usize];
        }
        out.instructions.push(x);
    }
    out.outputs = tape.outputs.iter().map(|(n, s)| (n.clone(), place[s.0 as usize])).collect();
    out
}
