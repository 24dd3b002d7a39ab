//! A step to what it costs: floating-point operations, bytes read and written.
//!
//! Counted for one run on a full shard, from the kernel and the lengths of its operands. A multiplication and an
//! addition are one operation each, and so are a comparison and a function of one number: `exp` costs the hardware
//! some twenty times what the table says, so a step far below the machine's peak is not slow for that reason alone.
//! Bytes are those of the operands, each once: what a step moves where nothing of it lies in a cache. Scratch is not
//! counted.

use super::kernel::{Activation, Geometry, Kernel, Step};
use super::{Operand, Program, Section, Space};

/// Rows that go to lanes together: a register of any instruction set, and few enough to stay in a cache.
pub const AT_ONCE: usize = 16;

/// What one run of a step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes read and written.
    pub bytes: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.flops += other.flops;
        self.bytes += other.bytes;
    }
}

impl Step {
    /// What a run on `capacity` rows costs with numbers of `number` bytes.
    pub fn cost(&self, capacity: usize, number: usize) -> Cost {
        let is_sum = self.kernel.accumulates();
        let read: usize = self.args.iter().map(|a| bytes(*a, number)).sum();
        let written = match self.kernel {
            Kernel::Place(_) => read,
            _ => self.results().map(|(o, _)| bytes(o, number)).sum::<usize>() * if is_sum { 2 } else { 1 },
        };
        let winners = self.winners.map_or(0, |w| w.len);
        Cost { flops: flops(self, capacity) as u64, bytes: (read + written + winners) as u64 }
    }
}

fn bytes(operand: Operand, number: usize) -> usize {
    let each = match operand.space {
        Space::Index => 1,
        // Stays in a cache.
        Space::Strip => 0,
        _ => number,
    };
    operand.len * each
}

fn flops(step: &Step, rows: usize) -> usize {
    let out = step.out.len;
    let arg = |i: usize| step.args.get(i).map_or(0, |a| a.len);
    // Of a layer: its bias, where it has one, and its activation.
    let after = |activation: Activation| {
        out * (usize::from(step.args.len() > 2) + usize::from(activation != Activation::Linear))
    };
    match &step.kernel {
        Kernel::Fill(_)
        | Kernel::Literal(_)
        | Kernel::Concat
        | Kernel::Place(_)
        | Kernel::Pad(_)
        | Kernel::Take(_)
        | Kernel::RepeatLanes
        | Kernel::RepeatImage
        | Kernel::Tile
        | Kernel::SpreadImageRow
        | Kernel::SpreadImageChannel
        | Kernel::Gather
        | Kernel::Pick
        | Kernel::OneHot
        | Kernel::ImageToLanes
        | Kernel::LanesToImage => 0,
        Kernel::Noise(_)
        | Kernel::RowNoise { .. }
        | Kernel::RowSigns { .. }
        | Kernel::Unary(_)
        | Kernel::Binary { .. }
        | Kernel::Select
        | Kernel::OuterGlobal => out,
        Kernel::Put(_)
        | Kernel::SumGlobal
        | Kernel::SumFeatures
        | Kernel::SumImage
        | Kernel::SumTiles
        | Kernel::SumImageChannel
        | Kernel::SumRows
        | Kernel::SumRowsImage
        | Kernel::MaxGlobal
        | Kernel::MaxFeatures
        | Kernel::Scatter
        | Kernel::MaxPool(_)
        | Kernel::AvgPool(_) => arg(0),
        // max, x − max, exp, sum
        Kernel::LogSumExp { .. } => 4 * arg(0),
        // and a division, or a difference
        Kernel::Softmax { .. } | Kernel::LogSoftmax { .. } => 5 * out,
        // max, x − max, exp, sum, and which is the class
        Kernel::ClassLogDensity => 5 * arg(0),
        // and a product and a difference
        Kernel::ClassGradient => 7 * out,
        Kernel::ClassLikelihood => 7 * arg(0) + out,
        Kernel::DotRows => 2 * arg(0),
        Kernel::DotGlobal { .. } => 2 * arg(1),
        Kernel::Dense { activation } => 2 * arg(1) * rows + after(*activation),
        Kernel::DenseInput { before } => {
            2 * arg(1) * rows + if *before == Activation::Linear { 0 } else { 3 * out }
        }
        Kernel::DenseWeight => 2 * out * rows + step.second.map_or(0, |(sum, _)| sum.len * rows),
        // f′ from y, times g
        Kernel::ActivationGradient(_) => 3 * out,
        Kernel::ConvInput(g) | Kernel::ConvKernel(g) => 2 * g.outputs() * g.taps() * rows,
        Kernel::Conv(activation, g) => 2 * g.outputs() * g.taps() * rows + after(*activation),
        Kernel::ConvPool(activation, g, _) => (2 * g.taps() + 1) * g.outputs() * rows + after(*activation),
        // Only the winners have a gradient.
        Kernel::ConvPoolInput(g, _) => 2 * arg(0) * g.taps(),
        Kernel::ConvPoolKernel(g, _) => 2 * arg(1) * g.taps(),
        Kernel::MaxPoolInput(_) => arg(0),
        Kernel::AvgPoolInput(_) => out,
    }
}

impl Geometry {
    /// Numbers of the convolution's result, a row.
    fn outputs(&self) -> usize {
        self.output.iter().product()
    }

    /// Multiply-adds of each of them.
    fn taps(&self) -> usize {
        self.window.size.iter().product::<usize>() * self.input[2]
    }
}

/// Memory that running a program takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Footprint {
    /// values that are not per row
    pub global: usize,
    /// those of them that live while a strip goes by
    pub strip: usize,
    /// sums over rows
    pub sums: usize,
    /// per-row values of a shard
    pub row: usize,
    /// winners of fused pools
    pub index: usize,
    /// a shard's columns and row weights
    pub shard: usize,
    /// rows that are turned to lanes at once, wherever shards are filled
    pub turned: usize,
}

impl Footprint {
    /// A lane with the shard it works on; global values may be shared by lanes.
    pub fn lane(&self) -> usize {
        self.sums + self.row + self.index + self.shard + self.turned
    }
}

impl Program {
    /// What an executor holds with numbers of `number` bytes; its kernels' scratch is not in it.
    pub fn footprint(&self, number: usize) -> Footprint {
        let widths: usize = self.columns.iter().map(|c| c.width).sum();
        Footprint {
            global: self.global_len * number,
            strip: self.strip_len * number,
            sums: self.sum_len * number,
            row: self.row_len * number,
            index: self.index_len,
            shard: (widths + 1) * self.capacity * number,
            turned: self.turned() * number,
        }
    }

    /// Numbers of as many rows of the widest column as are turned to lanes at once; 0 where none are.
    pub fn turned(&self) -> usize {
        let turned = self.columns.iter().filter(|c| !c.is_image && c.width > 1);
        AT_ONCE * turned.map(|c| c.width).max().unwrap_or(0)
    }

    /// What one run of a section costs.
    pub fn cost(&self, section: Section, number: usize) -> Cost {
        let mut total = Cost::default();
        for step in self.steps(section) {
            total += step.cost(self.capacity, number);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Slot;

    fn at(space: Space, len: usize) -> Operand {
        Operand { space, start: 0, len }
    }

    #[test]
    fn a_dense_layer_costs_its_products_bias_and_activation() {
        let (inputs, outputs, rows) = (3, 5, 16);
        let step = Step {
            kernel: Kernel::Dense { activation: Activation::Tanh },
            args: vec![
                at(Space::Row, inputs * rows),
                at(Space::Global, inputs * outputs),
                at(Space::Global, outputs),
            ],
            out: at(Space::Row, outputs * rows),
            second: None,
            winners: None,
            slot: Slot(0),
        };
        let Cost { flops, bytes } = step.cost(rows, 4);
        assert_eq!(flops, (2 * 3 * 5 + 5 + 5) * 16);
        assert_eq!(bytes, 4 * (3 * 16 + 15 + 5 + 5 * 16));
    }

    #[test]
    fn sums_over_rows_read_what_they_add_to() {
        let step = Step {
            kernel: Kernel::SumRows,
            args: vec![at(Space::Row, 32)],
            out: at(Space::Global, 2),
            second: None,
            winners: None,
            slot: Slot(0),
        };
        assert_eq!(step.cost(16, 8), Cost { flops: 32, bytes: 8 * (32 + 2 + 2) });
    }
}
