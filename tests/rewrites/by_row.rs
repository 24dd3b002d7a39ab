//! Noise per row: a function of the row's number, whatever shard and place it comes in; vectors and images.

use bnnc::engine::{Executor, NoiseKey, RowSource, Shard};
use bnnc::plan::plan;
use bnnc::tape::{Slot, build::Builder};
use std::sync::Arc;

const ROWS: u32 = 37;

struct Nothing;

impl RowSource<f32> for Nothing {
    fn copy_row(&self, _: u32, _: u32, out: &mut [f32]) {
        out.fill(1.0);
    }
}

/// What makes the noise.
type Build = fn(&mut Builder) -> Slot;

/// Every row's numbers, row by row, from shards that hold the rows given.
fn numbers(build: Build, len: usize, shards: &[Vec<u32>], step: u64) -> Vec<Vec<f32>> {
    let mut b = Builder::new();
    let noise = build(&mut b);
    let flat = b.reshape(noise, &[len].into());
    b.output("noise", flat);
    let program = Arc::new(plan(&b.finish(), 16).expect("the engine runs it"));
    let mut executor = Executor::<f32>::new(program.clone());
    let key = NoiseKey { seed: 5, step, draw: 1, ..NoiseKey::default() };
    let mut rows = vec![vec![]; ROWS as usize];
    for ids in shards {
        let mut shard = Shard::new(&program);
        shard.fill(&program, &Nothing, ids, 1.0);
        executor.begin(key);
        executor.rows(&shard, key);
        let values = executor.output_of_rows("noise", &shard).expect("named above");
        for (r, id) in ids.iter().enumerate() {
            rows[*id as usize] = (0..len).map(|f| values[f * program.capacity + r]).collect();
        }
    }
    rows
}

#[test]
fn a_row_has_the_same_noise_in_any_shard() {
    let forward: Vec<Vec<u32>> = (0..ROWS).collect::<Vec<_>>().chunks(16).map(<[u32]>::to_vec).collect();
    let backward: Vec<Vec<u32>> =
        (0..ROWS).rev().collect::<Vec<_>>().chunks(5).map(<[u32]>::to_vec).collect();
    let kinds: [(Build, usize, bool); 4] = [
        (|b| b.row_noise(7, [3].into()), 3, false),
        (|b| b.row_noise(7, [2, 3, 4].into()), 24, false),
        (|b| b.row_signs(8, [40].into()), 40, true),
        (|b| b.row_signs(8, [2, 2, 9].into()), 36, true),
    ];
    for (build, len, is_sign) in kinds {
        let (one, other) = (numbers(build, len, &forward, 2), numbers(build, len, &backward, 2));
        assert_eq!(one, other);
        assert_ne!(one, numbers(build, len, &forward, 3), "another step");
        let all: Vec<f32> = one.concat();
        assert_eq!(all.len(), ROWS as usize * len);
        let n = all.len() as f32;
        let (mean, square) = (all.iter().sum::<f32>() / n, all.iter().map(|x| x * x).sum::<f32>() / n);
        // Five standard errors of a mean, and of a mean of squares whose variance is 2.
        assert!(mean.abs() < 5.0 / n.sqrt(), "{mean}");
        if is_sign {
            assert!(all.iter().all(|x| x.abs() == 1.0));
        } else {
            assert!((square - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{square}");
        }
        assert_ne!(one[0], one[1], "rows differ");
    }
}
