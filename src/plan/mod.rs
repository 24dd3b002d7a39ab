//! Tape to [`Program`]: kernels with fixed sizes in three sections, every buffer placed once.
//!
//! ```text
//! setup      constants, once per executor
//! prologue   global, once per draw: noise, weights
//! body       per row, once per shard of rows; sums over rows add up in an arena of their own
//! epilogue   global, once per draw: what depends on those sums
//! ```
//!
//! Layouts: a per-row value of F elements on a shard of R rows is `[element][row]`, except images (`[H, W, C]`), which
//! are `[row][h][w][c]`; a reshape between the two is a transposition. Global values are row-major. Slices and
//! reshapes of one layout are views. R is [`Program::capacity`], a multiple of 16; a shard with fewer rows repeats its
//! last one with row weight 0.

mod buffers;
mod cost;
mod fusions;
mod join;
mod kernel;
mod legalise;
mod print;
mod select;
mod strips;

pub use cost::{AT_ONCE, Cost, Footprint};
pub use fusions::{FUSIONS, Fusion};
pub use kernel::{Activation, Geometry, Kernel, Mode, Operand, Space, Step};
pub use strips::{Chain, STRIP, Strip};

/// What the planner does beside choosing kernels: as `BNNC_WITHOUT` names it, and its effect in a line.
pub const ARRANGEMENTS: [(&str, &str); 3] = [
    (legalise::FLAT_IMAGES, legalise::FLAT_IMAGES_EFFECT),
    (join::NAME, join::EFFECT),
    (strips::NAME, strips::EFFECT),
];

use crate::tape::Tape;
use crate::ty::Shape;

/// A scheduled tape.
#[derive(Debug, Clone)]
pub struct Program {
    /// Run once per executor.
    pub setup: Vec<Step>,
    /// Run once per setting of the inputs: global values that need no noise, where others do.
    pub hoisted: Vec<Step>,
    /// Run once per draw, before the rows.
    pub prologue: Vec<Step>,
    /// Run once per shard.
    pub body: Vec<Step>,
    /// Run once per draw, after the rows.
    pub epilogue: Vec<Step>,
    /// Rows of a full shard.
    pub capacity: usize,
    /// Numbers in the global arena.
    pub global_len: usize,
    /// Numbers in the arena of strips.
    pub strip_len: usize,
    /// Steps that go by strips together.
    pub chains: Vec<(Section, Chain)>,
    /// Numbers in the arena of sums over rows.
    pub sum_len: usize,
    /// Numbers in the row arena.
    pub row_len: usize,
    /// Winners of fused pools: numbers in the index arena.
    pub index_len: usize,
    /// Global inputs by name.
    pub inputs: Vec<(String, Operand)>,
    /// Columns read: position in the model, elements a row, whether an image.
    pub columns: Vec<ColumnUse>,
    /// Named results.
    pub outputs: Vec<Output>,
    /// The tape that was planned: what a step's slot stands for.
    pub tape: Tape,
}

/// When a step runs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// once per executor
    Setup,
    /// once per setting of the inputs
    Hoisted,
    /// once per draw, before the rows
    Prologue,
    /// once per shard
    Body,
    /// once per draw, after the rows
    Epilogue,
}

impl Section {
    /// All of them, in the order in which they run.
    pub const ALL: [Section; 5] =
        [Section::Setup, Section::Hoisted, Section::Prologue, Section::Body, Section::Epilogue];

    /// As `--emit plan` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Section::Setup => "setup",
            Section::Hoisted => "hoisted",
            Section::Prologue => "prologue",
            Section::Body => "body",
            Section::Epilogue => "epilogue",
        }
    }
}

impl Program {
    /// The steps of a section.
    pub fn steps(&self, section: Section) -> &[Step] {
        match section {
            Section::Setup => &self.setup,
            Section::Hoisted => &self.hoisted,
            Section::Prologue => &self.prologue,
            Section::Body => &self.body,
            Section::Epilogue => &self.epilogue,
        }
    }
}

/// A data column as the program wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// Position in the model.
    pub column: u32,
    /// Elements a row.
    pub width: usize,
    /// `[row][h][w][c]` rather than `[element][row]`.
    pub is_image: bool,
}

/// A named result.
#[derive(Debug, Clone)]
pub struct Output {
    /// As on the tape.
    pub name: String,
    /// Where it lies.
    pub place: Operand,
    /// Shape without rows.
    pub shape: Shape,
}

/// Schedules a tape for shards of `capacity` rows (rounded up to a multiple of 16).
///
/// # Errors
/// Says in words which combination the engine cannot run.
pub fn plan(tape: &Tape, capacity: usize) -> Result<Program, String> {
    let capacity = capacity.max(1).div_ceil(16) * 16;
    let tape = legalise::legalise(tape);
    let selected = select::select(&tape)?;
    buffers::place(&tape, selected, capacity)
}
