//! Runs a [`Program`](crate::plan::Program): what is hoisted, prologue, body over shards of rows, epilogue.
//!
//! An [`Executor`] owns the memory of one program and runs it on one thread, or its long global values on all threads of
//! a [`Team`]. Parallelism is several executors, each with draws of its own, or several [`Lane`]s of one executor that
//! read its global values: each sums the shards it is given, in order; [`Executor::add_sums_by`] adds their sums in a
//! fixed order. Which lane gets which shard never depends on the number of threads, so results are the same bits for any
//! number. What one thread would do between the rounds of the lanes a team's [`Lead`] shares out by ranges of numbers, of
//! which the same holds.

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
mod strips;
mod team;

pub use execute::scratch_len;
pub use executor::{BadValue, Executor, Lane, NoiseKey};
pub use profile::{Line, Measured, Profiler, Tally};
pub use shard::{RowSource, Shard};
pub use team::{Lead, PART, Team};
