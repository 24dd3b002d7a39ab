//! The data that starter models come with: made here, the same every time, and small.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma, Normal, Poisson};

/// A file to write beside the model: what follows its stem, and its bytes.
pub(super) type File = (&'static str, Vec<u8>);

type Random = rand::rngs::ChaCha8Rng;

fn random() -> Random {
    Random::seed_from_u64(1)
}

/// One number of a normal distribution.
fn normal(random: &mut Random, mean: f64, sd: f64) -> f64 {
    Normal::new(mean, sd).map_or(mean, |d| d.sample(random))
}

/// y = 1 + 2 x with noise of sd 0.5.
pub(super) fn regression() -> Vec<File> {
    let mut random = random();
    let mut text = "x,y\n".to_owned();
    for _ in 0..100 {
        let x = normal(&mut random, 0.0, 1.0);
        let y = normal(&mut random, 1.0 + 2.0 * x, 0.5);
        text += &format!("{x:.3},{y:.3}\n");
    }
    vec![(".csv", text.into_bytes())]
}

/// Eight groups around 1 with sd 1, three to twelve rows each with noise of sd 0.5.
pub(super) fn hierarchical() -> Vec<File> {
    let mut random = random();
    let mut text = "group,y\n".to_owned();
    for group in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        let level = normal(&mut random, 1.0, 1.0);
        for _ in 0..random.random_range(3..=12) {
            text += &format!("{group},{:.3}\n", normal(&mut random, level, 0.5));
        }
    }
    vec![(".csv", text.into_bytes())]
}

/// Rates exp(0.5 + 0.7 x) an hour, shape 2.
pub(super) fn counts() -> Vec<File> {
    let mut random = random();
    let mut text = "hours,x,events\n".to_owned();
    for _ in 0..150 {
        let (hours, x) = (random.random_range(1..=8) as f64 / 2.0, normal(&mut random, 0.0, 1.0));
        let mean = hours * (0.5 + 0.7 * x).exp();
        let rate = Gamma::new(2.0, mean / 2.0).map_or(mean, |d| d.sample(&mut random));
        let events = Poisson::new(rate.max(1e-9)).map_or(0.0, |d| d.sample(&mut random));
        text += &format!("{hours},{x:.3},{events}\n");
    }
    vec![(".csv", text.into_bytes())]
}

/// 200 pictures of 8 × 8 with one bar of three pixels that lies (0) or stands (1), and grey noise.
pub(super) fn images() -> Vec<File> {
    const COUNT: u32 = 200;
    let mut random = random();
    let head = |magic: u32, sizes: &[u32]| -> Vec<u8> {
        [magic].iter().chain(sizes).flat_map(|n| n.to_be_bytes()).collect()
    };
    let (mut pictures, mut labels) = (head(0x803, &[COUNT, 8, 8]), head(0x801, &[COUNT]));
    for i in 0..COUNT {
        let stands = i % 2 == 1;
        let (along, across) = (random.random_range(0..6usize), random.random_range(0..8usize));
        for pixel in 0..64usize {
            let (row, column) = (pixel / 8, pixel % 8);
            let (a, b) = if stands { (row, column) } else { (column, row) };
            let is_bar = b == across && (along..along + 3).contains(&a);
            let grey: u8 = random.random_range(0..60);
            pictures.push(if is_bar { 255 - grey } else { grey });
        }
        labels.push(u8::from(stands));
    }
    vec![(".images.idx", pictures), (".labels.idx", labels)]
}
