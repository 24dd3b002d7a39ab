//! Any bytes as a binary file of CIFAR, of ten classes or of a hundred. Pictures are of 3,073 or 3,074 bytes, so a
//! short input is repeated until it fills two.
#![no_main]

use bnnc_fuzz::{Memory, look};
use libfuzzer_sys::fuzz_target;

const MODEL: &str = "data cifar(\"c\") { x : image(32, 32, 3); y : class(10) }
net f(x) { globalpool; dense 10 softmax }
y ~ Categorical(probs = f(x))";

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let length = usize::from(*first) * 25;
    let long: Vec<u8> = bytes.iter().copied().cycle().take(if bytes.is_empty() { 0 } else { length }).collect();
    let name = if first % 2 == 0 { "c/train.bin" } else { "c/data_batch_1.bin" };
    let mut files = vec![(name, long.clone())];
    for other in ["c/data_batch_2.bin", "c/data_batch_3.bin", "c/data_batch_4.bin", "c/data_batch_5.bin"] {
        files.push((other, bytes.to_vec()));
    }
    look(MODEL, &Memory(files));
});
