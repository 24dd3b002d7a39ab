//! The text form of a model, for `--emit model` and snapshots.
