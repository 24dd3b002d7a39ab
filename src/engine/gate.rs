//! Where a fixed number of threads wait for each other, again and again.
//!
//! Threads that wait spin first and sleep then: handing over to one that spins takes a microsecond, to one that sleeps
//! some fifty, which is more than a step of a small net takes. On a machine whose cores are taken by others a spin is
//! in vain and costs little.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Looks at the gate before sleeping: some 50 µs.
const SPINS: u32 = 2_000;

/// Opens when all have come.
pub(super) struct Gate {
    threads: usize,
    come: AtomicUsize,
    /// How often it has opened.
    opened: AtomicU64,
    asleep: Mutex<()>,
    wake: Condvar,
}

impl Gate {
    /// For so many threads.
    pub(super) fn new(threads: usize) -> Gate {
        Gate {
            threads,
            come: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            asleep: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// Comes back when all threads have called it; what each did before is seen by all after.
    pub(super) fn wait(&self) {
        let before = self.opened.load(Ordering::Acquire);
        if self.come.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.come.store(0, Ordering::Relaxed);
            // Opening under the lock: whoever has seen it shut and holds the lock sleeps before this wakes all.
            let _held = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
            self.opened.store(before + 1, Ordering::Release);
            self.wake.notify_all();
            return;
        }
        for _ in 0..SPINS {
            if self.opened.load(Ordering::Acquire) != before {
                return;
            }
            std::hint::spin_loop();
        }
        let mut held = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        while self.opened.load(Ordering::Acquire) == before {
            held = self.wake.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Threads that come at once, and one that comes so late that the others sleep.
    #[test]
    fn nobody_passes_before_all_have_come() {
        for (threads, late) in [(2, 0), (4, 0), (3, 2)] {
            let (gate, come) = (Gate::new(threads), AtomicUsize::new(0));
            let rounds = if late == 0 { 500 } else { 5 };
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    let (gate, come) = (&gate, &come);
                    scope.spawn(move || {
                        for round in 1..=rounds {
                            if thread == 0 {
                                std::thread::sleep(Duration::from_millis(late));
                            }
                            come.fetch_add(1, Ordering::Relaxed);
                            gate.wait();
                            assert!(come.load(Ordering::Relaxed) >= round * threads);
                            gate.wait();
                        }
                    });
                }
            });
            assert_eq!(come.into_inner(), rounds * threads);
        }
    }
}
