//! The one test binary: each module is one kind of test.

/// densities, bijections and samplers against tables of other programs
mod oracles;
