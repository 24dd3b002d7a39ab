//! What the machine's multiply-adds reach on registers alone: the roof that rates are compared with.

use std::time::Instant;

/// Multiply-adds a second of all threads, f32: the best of a few short loops.
pub fn peak_macs(threads: usize) -> f64 {
    let mut best = 0f64;
    for _ in 0..5 {
        let begun = Instant::now();
        let total: f64 = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(busy)).collect();
            handles.into_iter().filter_map(|h| h.join().ok()).sum()
        });
        best = best.max(total / begun.elapsed().as_secs_f64());
    }
    best
}

const ROUNDS: usize = 4_000_000;

fn busy() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features.
            return unsafe { busy_avx512() };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features.
            return unsafe { busy_avx2() };
        }
    }
    multiply_add::<4>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn busy_avx512() -> f64 {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let mut sums = [_mm512_set1_ps(1.0); 12];
    let (a, b) = (_mm512_set1_ps(std::hint::black_box(0.999_9)), _mm512_set1_ps(std::hint::black_box(1e-4)));
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, a, b);
        }
    }
    std::hint::black_box(sums);
    (ROUNDS * 12 * 16) as f64
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn busy_avx2() -> f64 {
    multiply_add::<8>()
}

#[inline(always)]
fn multiply_add<const N: usize>() -> f64 {
    let mut sums = [[1.0f32; N]; 12];
    let (a, b) = (std::hint::black_box([0.999_9f32; N]), std::hint::black_box([1e-4f32; N]));
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            for i in 0..N {
                sum[i] = sum[i].mul_add(a[i], b[i]);
            }
        }
    }
    std::hint::black_box(sums);
    (ROUNDS * 12 * N) as f64
}
