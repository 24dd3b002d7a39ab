//! The streams: same bits however cut, the right distribution, no relation between keys.

use super::*;
use crate::kernels::dispatch::on_every_instruction_set;
use crate::kernels::special::normal_cdf;

const N: usize = 200_000;

fn draw<T: Real>(key: Key) -> Vec<f64> {
    let mut out = vec![T::ZERO; N];
    normals(&mut out, key, 0);
    out.iter().map(|x| x.to_f64()).collect()
}

/// The largest distance between the empirical distribution function and `cdf`, times √n.
fn kolmogorov(mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    x.sort_by(f64::total_cmp);
    let n = x.len() as f64;
    let gap = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i + 1) as f64 / n).abs());
    x.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

fn mean(x: impl Iterator<Item = f64>) -> f64 {
    x.sum::<f64>() / N as f64
}

fn check_cuts<T: Real>() {
    let key = key(7, 3, 1, 0);
    let kinds: [fn(&mut [T], Key, u64); 3] = [normals, uniforms, signs];
    for kind in kinds {
        let mut whole = vec![T::ZERO; 300];
        kind(&mut whole, key, 0);
        for (start, length) in [(0, 1), (1, 1), (5, 100), (31, 2), (32, 32), (33, 64), (64, 96), (97, 203)] {
            let mut part = vec![T::ZERO; length];
            kind(&mut part, key, start as u64);
            assert_eq!(part, whole[start..start + length], "from {start}");
        }
        kind(&mut whole, key, u64::MAX - 100);
    }
}

#[test]
fn an_element_depends_on_its_index_only() {
    on_every_instruction_set(|| {
        check_cuts::<f32>();
        check_cuts::<f64>();
    });
}

/// Critical value of the Kolmogorov distribution at one in ten thousand; the keys are fixed, so the test is too.
const KOLMOGOROV: f64 = 2.23;

#[test]
fn normals_are_normal() {
    on_every_instruction_set(|| {
        for x in [draw::<f32>(key(1, 2, 3, 4)), draw::<f64>(key(1, 2, 3, 4)), draw::<f32>(key(0, 0, 0, 0))] {
            // Standard errors of the first four moments: 1, √2, √15, √96 over √n.
            let error = 4.0 / (N as f64).sqrt();
            assert!(mean(x.iter().copied()).abs() < error);
            assert!((mean(x.iter().map(|x| x * x)) - 1.0).abs() < error * 2f64.sqrt());
            assert!(mean(x.iter().map(|x| x.powi(3))).abs() < error * 15f64.sqrt());
            assert!((mean(x.iter().map(|x| x.powi(4))) - 3.0).abs() < error * 96f64.sqrt());
            assert!(kolmogorov(x, normal_cdf) < KOLMOGOROV);
        }
    });
}

/// Words of the generator have no rounding: every instruction set gives the same ones, from whatever counter.
#[test]
fn words_are_the_same_on_every_instruction_set() {
    for (key, offset) in
        [(key(7, 3, 1, 0), 0), (key(1, 2, 3, 4), (1 << 37) - 40), (key(0, 0, 0, 0), u64::MAX - 500)]
    {
        let mut found = vec![];
        on_every_instruction_set(|| {
            let (mut uniform, mut sign) = (vec![0.0f64; 300], vec![0.0f32; 300]);
            uniforms(&mut uniform, key, offset);
            signs(&mut sign, key, offset);
            found.push((uniform, sign));
        });
        assert!(found.windows(2).all(|w| w[0] == w[1]), "{key:?} from {offset}");
    }
}

#[test]
fn uniforms_are_uniform_and_signs_are_fair() {
    let mut x = vec![0.0f32; N];
    uniforms(&mut x, key(5, 0, 0, 0), 0);
    assert!(kolmogorov(x.iter().map(|&x| f64::from(x)).collect(), |x| x) < KOLMOGOROV);
    let mut x = vec![0.0f64; N];
    uniforms(&mut x, key(5, 0, 0, 0), 0);
    assert!(kolmogorov(x.clone(), |x| x) < KOLMOGOROV);
    signs(&mut x, key(6, 0, 0, 0), 0);
    assert!(x.iter().all(|x| x.abs() == 1.0));
    assert!(mean(x.iter().copied()).abs() < 4.0 / (N as f64).sqrt());
}

#[test]
fn streams_and_neighbours_are_independent() {
    on_every_instruction_set(|| {
        let base = draw::<f32>(key(1, 2, 3, 4));
        let error = 4.5 / (N as f64).sqrt();
        let others = [key(2, 2, 3, 4), key(1, 3, 3, 4), key(1, 2, 4, 4), key(1, 2, 3, 5), key(3, 2, 1, 4)];
        for other in others {
            let other = draw::<f32>(other);
            assert!(mean(base.iter().zip(&other).map(|(a, b)| a * b)).abs() < error);
            assert!(
                mean(base.iter().zip(&other).map(|(a, b)| (a * a - 1.0) * (b * b - 1.0))).abs() < 2.0 * error
            );
        }
        for lag in [1, 8, 16, 32] {
            assert!(mean(base.iter().zip(&base[lag..]).map(|(a, b)| a * b)).abs() < error, "lag {lag}");
            let squares = base.iter().zip(&base[lag..]).map(|(a, b)| (a * a - 1.0) * (b * b - 1.0));
            assert!(mean(squares).abs() < 2.0 * error, "lag {lag}");
        }
    });
}

#[test]
fn keys_of_different_words_differ() {
    let mut all = std::collections::HashSet::new();
    for seed in 0..8 {
        for step in 0..8 {
            for variable in 0..8 {
                for draw in 0..8 {
                    assert!(all.insert(key(seed, step, variable, draw)));
                }
            }
        }
    }
}

/// What was drawn when the generator was written; a change breaks every seed that a user has noted down.
#[test]
fn the_bits_of_a_stream_do_not_change() {
    let mut words = [0.0f64; 3];
    uniforms(&mut words, key(42, 1, 2, 3), 1_000_000);
    assert_eq!(words.map(f64::to_bits), [4603891458640537817, 4581376389753354592, 4603677445116819969]);
}

#[test]
fn permutations_are_permutations_and_uniform() {
    for n in [0, 1, 2, 3, 17, 1000] {
        let mut order = vec![0; n];
        permutation(&mut order, key(1, 0, 0, n as u64));
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &x)| i == x as usize));
    }
    // All 24 orders of four things, 500 times each on average; chi-square with 23 degrees, one in ten thousand: 57.
    let mut counts = std::collections::HashMap::new();
    for draw in 0..12_000 {
        let mut order = [0; 4];
        permutation(&mut order, key(9, 0, 0, draw));
        *counts.entry(order).or_insert(0.0) += 1.0;
    }
    assert_eq!(counts.len(), 24);
    assert!(counts.values().map(|n: &f64| (n - 500.0).powi(2) / 500.0).sum::<f64>() < 57.0);
}

#[test]
fn numbers_below_a_bound_cover_it() {
    let mut counts = [0; 7];
    for i in 0..7_000 {
        counts[below(7, key(1, 1, 1, 1), i) as usize] += 1;
    }
    assert!(counts.iter().all(|n| (880..1120).contains(n)), "{counts:?}");
}
