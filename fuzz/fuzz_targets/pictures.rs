//! Any bytes as two PNG or JPEG files of a folder.
#![no_main]

use bnnc_fuzz::{Memory, look};
use libfuzzer_sys::fuzz_target;

const MODEL: &str = "data images(\"p\") { x : image(4, 4, 3); y : class }
net f(x) { dense (levels(y)) softmax }
y ~ Categorical(probs = f(x))";

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let (one, two) = bytes.split_at(usize::from(*first).min(bytes.len()));
    look(MODEL, &Memory(vec![("p/a/1.png", one.to_vec()), ("p/b/2.jpg", two.to_vec())]));
    look(MODEL, &Memory(vec![("p/a/1.jpg", bytes.to_vec()), ("p/b/2.png", bytes.to_vec())]));
});
