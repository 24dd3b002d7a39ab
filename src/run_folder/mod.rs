//! A fitted model as a folder of files, complete in itself: [`write`](write()) makes one, [`read`](read()) takes one apart.
//!
//! ```text
//! Run ─write→ runs/moons/ { manifest.json  model.bnn  model.resolved.txt  posterior.safetensors  metrics.json
//!                           trace.csv  summary.csv  predictions/<split>.csv  pictures.json  … } ─read→ Run
//! ```
//!
//! The names of the files and of what is in them are a contract (`docs/cli.md`): scripts depend on them.
//! A folder is written under a temporary name beside its place and renamed when it is whole, so a half-written
//! one is never taken for a run. Reading never trusts a folder: what is missing, damaged, foreign or newer than
//! this program is a finding with code R001. Start at [`Run`].

mod checkpoint;
mod compiled;
mod error;
mod manifest;
mod metrics;
mod partial;
mod pictures;
mod predictions;
mod read;
mod sweep;
mod tables;
mod tensors;
mod write;

#[cfg(test)]
mod tests;

pub use checkpoint::{CHECKPOINT_FORMAT, Checkpoint, Header, difference};
pub use compiled::{ColumnRecord, Compiled, CompiledOptions, EarlierRecord, Numbers};
pub use error::Fault;
pub use manifest::{
    DataRecord, FORMAT, Manifest, Preprocessing, RungRecord, TargetRecord, VariableRecord, sha256,
};
pub use metrics::{MetricsFile, Objective, SplitMetrics, TargetMetrics};
pub use partial::{Left, Partial};
pub use pictures::{ClassMap, Gallery, Image, MapPoint, Pictures, Pit, ProbabilityMap, Unlike};
pub use predictions::columns as prediction_columns;
pub use predictions::{
    Cells, ClassPredictions, RealPredictions, SplitPredictions, TargetPredictions, TargetValues,
};
pub use read::{read, read_held_out, read_manifest, read_metrics};
pub use sweep::{
    CellResult, CellState, Dimension, SweepCell, SweepPlan, forget_failure, is_sweep, metric_columns, put,
    read_cell, read_plan, remove_sweep, sweep_up, write_failure, write_plan, write_table,
};
pub use tables::{LooRow, Moments, SummaryRow, TraceRow};
pub use tensors::{Tensor, TensorValues};
pub use write::{Extra, check_place, rewrite_extras, write};

/// Everything a run folder holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// `manifest.json`: what was fitted, how, on what, for how long, and what to think of it.
    pub manifest: Manifest,
    /// `model.bnn`: the source that was fitted, byte for byte.
    pub model_text: String,
    /// `model.resolved.txt`: the same model with nothing implied, as `--emit model` prints it.
    pub resolved_model: String,
    /// `metrics.json`.
    pub metrics: MetricsFile,
    /// `trace.csv`: how the objective grew.
    pub trace: Vec<TraceRow>,
    /// `summary.csv`: the unknowns in their own units, one row per scalar.
    pub summary: Vec<SummaryRow>,
    /// `loo.csv`: the training rows, each left out; absent where draws cannot say that.
    pub left_out: Vec<LooRow>,
    /// `predictions/<split>.csv`: one table per held-out split.
    pub predictions: Vec<SplitPredictions>,
    /// `posterior.safetensors`: the variational parameters by variable.
    pub tensors: Vec<Tensor>,
    /// `pictures.json`: what maps and galleries of the report are drawn from.
    pub pictures: Pictures,
    /// `compiled.json`: what compiling the model again needs; absent from folders of the first versions.
    pub compiled: Option<Compiled>,
}
