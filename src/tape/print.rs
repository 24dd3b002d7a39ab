//! Text form of a tape.
