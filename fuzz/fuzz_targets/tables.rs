//! Any bytes as `.csv`, `.tsv` or packed: rows or findings. A file that is packed says so itself.
#![no_main]

use bnnc_fuzz::look_at_data;
use libfuzzer_sys::fuzz_target;

const MODELS: &[&str] = &[
    "data \"a.csv\" { x : real; y : real }\nb ~ Normal(0, 1)\ny ~ Normal(b * x, 1)",
    "data \"a.csv\" { g : factor; y : class; split valid = 0.3 }\nb[g] ~ Normal(0, 1)\np[3] ~ Dirichlet(1)\ny ~ Categorical(logits = [0, b[g]])",
    "data \"a.csv\" { x : real from others; y : count; missing = drop }\nr ~ HalfNormal(1)\ny ~ Poisson(r)\nreport s = sum(x)",
    "data \"a.csv\" { x : real[2]; y : bool; split by s }\nb[2] ~ Normal(0, 1)\ny ~ Bernoulli(logit = dot(x, b))",
    "data \"a.csv\" { x : real from \"f*\"; y : unit; where y > 0.1; take 3 per y }\nb ~ Beta(1, 1)\ny ~ Beta(b, 2)\nreport m = mean(x)",
    "data \"a.csv\" { x, y : real; missing = predict; split valid = last 2 }\nb ~ Normal(0, 1)\ny ~ Normal(b * lag(y, 1) + standardize(x), 1)",
];

fuzz_target!(|input: &[u8]| look_at_data(MODELS, "a.csv", input));
