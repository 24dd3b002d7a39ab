//! The driver: one line per stage.
