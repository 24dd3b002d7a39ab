//! Any bytes as `.parquet`: rows or findings, and no memory for what a footer only claims.
#![no_main]

use bnnc_fuzz::look_at_data;
use libfuzzer_sys::fuzz_target;

// The columns are those of the seeds: every type and every packing is asked for by one of the models.
const MODELS: &[&str] = &[
    "data \"a.parquet\" { f8, f4, f2, i1, i4, u4, u8, price, wide : real; missing = drop }\nb ~ Normal(0, 1)\nf8 ~ Normal(b + f4 * i1 + f2 * u4 + i4 * price + u8 * wide, 1)",
    "data \"a.parquet\" { i8 : real; words, group : factor; missing = drop }\nb[words] ~ Normal(0, 1)\nc[group] ~ Normal(0, 1)\ni8 ~ Normal(b[words] + c[group], 1)",
    "data \"a.parquet\" { truth : bool; f8 : real; missing = predict }\nm ~ Normal(0, 1)\ntruth ~ Bernoulli(logit = m * f8)",
    "data \"a.parquet\" { day, moment : factor; i8 : real }\nb[day] ~ Normal(0, 1)\nc[moment] ~ Normal(0, 1)\ni8 ~ Normal(b[day] + c[moment], 1)",
    "data \"a.parquet\" { x : real; y : count; take 20 per y }\nb ~ Normal(0, 1)\ny ~ Poisson(log_rate = b * x)",
];

fuzz_target!(|input: &[u8]| look_at_data(MODELS, "a.parquet", input));
