//! Text form of a tape: `%2 = mul %1 %0 : row [3]  # theta`, one line an instruction, results last.

use super::{Slot, Tape, ops};
use std::fmt;

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, x) in self.instructions.iter().enumerate() {
            write!(f, "%{i} = {}", ops::name(&x.op))?;
            for a in &x.args {
                write!(f, " {a}")?;
            }
            write!(f, " : {}", x.kind.name())?;
            if !x.shape.is_scalar() {
                write!(f, " {}", x.shape)?;
            }
            if let Some(name) = &x.name {
                write!(f, "  # {name}")?;
            }
            writeln!(f)?;
        }
        for (name, slot) in &self.outputs {
            writeln!(f, "output {name} = {slot}")?;
        }
        Ok(())
    }
}
