//! Any bytes as the images and the labels of IDX files, packed or not.
#![no_main]

use bnnc_fuzz::{Memory, look};
use libfuzzer_sys::fuzz_target;

const MODEL: &str = "data idx(\"i\", \"l\") { x : image(2, 2); y : class(3); split valid = last 1 }
net f(x) { dense 3 softmax }
y ~ Categorical(probs = f(x))";

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let (images, labels) = bytes.split_at(usize::from(*first).min(bytes.len()));
    look(MODEL, &Memory(vec![("i", images.to_vec()), ("l", labels.to_vec())]));
});
