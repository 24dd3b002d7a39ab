//! Runs a [`Program`](crate::plan::Program): what is hoisted, prologue, body over shards of rows, epilogue.
//!
//! An [`Executor`] owns the memory of one program and runs it on one thread. Parallelism is several executors, each with
//! draws of its own, or several [`Lane`]s of one executor that read its global values: each sums the shards it is given,
//! in order; [`Executor::add_sums`] adds their sums in a fixed order. Which lane gets which shard never depends on the
//! number of threads, so results are the same bits for any number.

mod arena;
#[cfg(test)]
mod draws_tests;
mod execute;
mod executor;
mod gate;
mod loops;
mod memory;
mod profile;
mod ready;
mod shard;
mod team;

pub use execute::scratch_len;
pub use executor::{BadValue, Executor, Lane, NoiseKey};
pub use profile::{Line, Measured, Profiler, Tally};
pub use shard::{RowSource, Shard};
pub use team::Team;
