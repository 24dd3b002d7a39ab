//! Any bytes as `.npy` or `.npz`: rows or findings, and no memory for what a header only claims.
#![no_main]

use bnnc_fuzz::look_at_data;
use libfuzzer_sys::fuzz_target;

const ONE: &[&str] = &[
    "data \"a.npy\" { x : real }\nm ~ Normal(0, 1)\nx ~ Normal(m, 1)",
    "data \"a.npy\" { x : real[3] }\nm ~ Normal(0, 1)\nx ~ Normal(m, 1)",
    "data \"a.npy\" { x : image(2, 2) }\nm ~ Normal(0, 1)\nz = mean(x)\nz ~ Normal(m, 1)",
];
const SEVERAL: &[&str] = &[
    "data \"a.npz\" { x : real[2]; y : class(3) }\nb[2] ~ Normal(0, 1)\ny ~ Categorical(logits = [0, dot(x, b), 1])",
    "data \"a.npz\" { x : image(2, 2); y : count }\nr ~ HalfNormal(1)\ny ~ Poisson(r)\nreport m = mean(x)",
];

fuzz_target!(|input: &[u8]| match input.split_first() {
    Some((kind, rest)) if kind % 2 == 0 => look_at_data(ONE, "a.npy", rest),
    Some((_, rest)) => look_at_data(SEVERAL, "a.npz", rest),
    None => {}
});
