//! A fixed number of jobs shared out to threads that are started once.
//!
//! Job j always does the same work on the same memory; threads only decide who does it. Results are therefore the
//! same for any number of threads.

use super::gate::Gate;
use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Jobs with their memory.
pub struct Team<J> {
    jobs: Vec<Mutex<J>>,
    threads: usize,
}

impl<J: Send> Team<J> {
    /// Takes the jobs' memory; at most one thread a job is used.
    pub fn new(jobs: Vec<J>, threads: usize) -> Self {
        let threads = threads.clamp(1, jobs.len().max(1));
        Team { jobs: jobs.into_iter().map(Mutex::new).collect(), threads }
    }

    /// One job's memory, between rounds.
    pub fn job(&self, index: usize) -> MutexGuard<'_, J> {
        // A poisoned lock means that a worker panicked; its panic is what should be seen, so go on here.
        self.jobs[index].lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Runs `lead` on this thread; whenever it calls the function it is given, `work` runs once on every job.
    pub fn run<R>(&self, work: impl Fn(usize, &mut J) + Sync, lead: impl FnOnce(&mut dyn FnMut()) -> R) -> R {
        if self.threads == 1 {
            return lead(&mut || {
                for i in 0..self.jobs.len() {
                    work(i, &mut self.job(i));
                }
            });
        }
        let (start, done) = (Gate::new(self.threads), Gate::new(self.threads));
        let next = AtomicUsize::new(0);
        let is_over = AtomicBool::new(false);
        let share = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= self.jobs.len() {
                    break;
                }
                work(i, &mut self.job(i));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| {
                    loop {
                        start.wait();
                        if is_over.load(Ordering::Acquire) {
                            break;
                        }
                        share();
                        done.wait();
                    }
                });
            }
            let result = lead(&mut || {
                next.store(0, Ordering::Relaxed);
                start.wait();
                share();
                done.wait();
            });
            is_over.store(true, Ordering::Release);
            start.wait();
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_runs_once_a_round_for_any_number_of_threads() {
        for threads in 1..5 {
            let team = Team::new(vec![0usize; 3], threads);
            team.run(|i, n| *n += i + 1, |round| (0..10).for_each(|_| round()));
            let sums: Vec<usize> = (0..team.len()).map(|i| *team.job(i)).collect();
            assert_eq!(sums, [10, 20, 30]);
        }
    }
}
