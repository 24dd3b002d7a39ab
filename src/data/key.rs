//! Noise for data: a generator that is a pure function of a seed and a purpose.
//!
//! Two purposes never share numbers, so that (say) adding a split does not change the rows a generator makes.
//! ChaCha is specified bit by bit, hence the same rows on every machine.

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// Returns the generator of random numbers for one purpose (`split valid`, `moons noise`) under a seed.
pub fn keyed(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// Returns the numbers 0…n−1 in a random order (Fisher–Yates).
pub fn permutation(n: usize, seed: u64, purpose: &str) -> Vec<usize> {
    let mut rng = keyed(seed, purpose);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.random_range(0..=i as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_holds_every_number_once_and_depends_on_its_key_only() {
        let order = permutation(100, 3, "a");
        assert_eq!(order, permutation(100, 3, "a"));
        assert_ne!(order, permutation(100, 3, "b"));
        assert_ne!(order, permutation(100, 4, "a"));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_ne!(order, sorted);
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        let mut counts = std::collections::HashMap::new();
        for seed in 0..6000 {
            *counts.entry(permutation(3, seed, "three")).or_insert(0) += 1;
        }
        // Each of the 6 orders is Binomial(6000, 1/6): sd 29, so 150 is beyond five of them.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n: &i32| (n - 1000).abs() < 150), "{counts:?}");
    }
}
