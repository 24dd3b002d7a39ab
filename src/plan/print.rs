//! Text form of a program, for `--emit plan`.

use super::{Operand, Program, Space, Step};
use std::fmt;

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.space {
            Space::Global => write!(f, "g{}+{}", self.start, self.len),
            Space::Row => write!(f, "r{}+{}", self.start, self.len),
            Space::Index => write!(f, "i{}+{}", self.start, self.len),
            Space::Column(c) => write!(f, "column{c}"),
            Space::Weight => f.write_str("row_weight"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "shards of {} rows; {} numbers global, {} per shard, {} winners",
            self.capacity, self.global_len, self.row_len, self.index_len
        )?;
        let sections: [(&str, &[Step]); 4] = [
            ("setup", &self.setup),
            ("prologue", &self.prologue),
            ("body", &self.body),
            ("epilogue", &self.epilogue),
        ];
        for (name, steps) in sections {
            writeln!(f, "{name}:")?;
            for step in steps {
                write!(f, "  {} ← {}", step.out, kernel(step))?;
                for a in &step.args {
                    write!(f, " {a}")?;
                }
                writeln!(f, "  # {}", step.slot)?;
            }
        }
        for output in &self.outputs {
            writeln!(f, "output {} = {}", output.name, output.place)?;
        }
        Ok(())
    }
}

/// The kernel's name, long literals cut.
fn kernel(step: &Step) -> String {
    let text = format!("{:?}", step.kernel);
    if text.chars().count() > 96 { text.chars().take(95).chain(['…']).collect() } else { text }
}
