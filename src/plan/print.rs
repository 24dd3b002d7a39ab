//! Text form of a program, for `--emit plan`: its memory, and every step with what a run of it costs.

use super::{Operand, Program, Section, Space, Step};
use std::fmt;

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.space {
            Space::Global => write!(f, "g{}+{}", self.start, self.len),
            Space::Row => write!(f, "r{}+{}", self.start, self.len),
            Space::Sum => write!(f, "s{}+{}", self.start, self.len),
            Space::Strip => write!(f, "t{}+{}", self.start, self.len),
            Space::Index => write!(f, "i{}+{}", self.start, self.len),
            Space::Column(c) => write!(f, "column{c}"),
            Space::Weight => f.write_str("row_weight"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.out)?;
        self.second.iter().try_for_each(|(second, _)| write!(f, ", {second}"))?;
        write!(f, " ← {}", kernel(self))?;
        self.args.iter().try_for_each(|a| write!(f, " {a}"))
    }
}

impl Step {
    /// What it computes and how many numbers it makes, without places: for tables.
    pub fn label(&self) -> String {
        let second = self.second.map_or(String::new(), |(second, _)| format!(" and {}", second.len));
        format!("{} → {}{second}", kernel(self), self.out.len)
    }
}

impl Program {
    /// The program with sizes and costs for numbers of `number` bytes.
    pub fn schedule(&self, number: usize) -> Schedule<'_> {
        Schedule { program: self, number }
    }
}

/// A program as text.
pub struct Schedule<'p> {
    program: &'p Program,
    number: usize,
}

impl fmt::Display for Schedule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Schedule { program, number } = *self;
        writeln!(
            f,
            "shards of {} rows; {} numbers global, {} in sums over rows, {} per shard, {} winners",
            program.capacity, program.global_len, program.sum_len, program.row_len, program.index_len
        )?;
        let memory = program.footprint(number);
        writeln!(
            f,
            "memory, in bytes ({number} a number): {} global; a lane: {} sums + {} per row + {} winners + {} columns + {} to turn rows = {}",
            memory.global,
            memory.sums,
            memory.row,
            memory.index,
            memory.shard,
            memory.turned,
            memory.lane()
        )?;
        for section in Section::ALL {
            let total = program.cost(section, number);
            writeln!(f, "{}:  # {} flops, {} bytes", section.name(), total.flops, total.bytes)?;
            for (run, chain) in program.runs(section) {
                let indent = if chain.is_some() { "    " } else { "  " };
                if let Some(chain) = chain {
                    let strips = program.chains[chain].1.strips().count();
                    let steps = if run.len() == 1 { "step" } else { "steps" };
                    writeln!(f, "  {} {steps} in {strips} strips:", run.len())?;
                }
                for step in &program.steps(section)[run] {
                    let cost = step.cost(program.capacity, number);
                    writeln!(
                        f,
                        "{indent}{step}  # {}, {} flops, {} bytes",
                        step.slot, cost.flops, cost.bytes
                    )?;
                }
            }
        }
        for output in &program.outputs {
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
