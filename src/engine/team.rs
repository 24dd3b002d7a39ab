//! A fixed number of jobs shared out to threads that are started once, and what one thread would do between their rounds
//! shared out among them all.
//!
//! Job j always does the same work on the same memory; threads only decide who does it. Results are therefore the
//! same for any number of threads. A share keeps to that too: its items are apart, and who gets one changes nothing.

use super::gate::Gate;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Numbers of a part of a long slice that is shared out: 64 KiB of `f32`, some microseconds.
pub const PART: usize = 1 << 14;
/// So many numbers are not worth a share: waiting for the others takes as long as the work.
const FEW: usize = 2 * PART;

/// Jobs with their memory.
pub struct Team<J> {
    jobs: Vec<Mutex<J>>,
    threads: usize,
}

/// What whoever leads a team may ask of its threads, its own among them. Each call comes back when all is done.
pub struct Lead<'t> {
    threads: usize,
    ask: &'t mut dyn FnMut(Errand<'_>),
}

/// What all threads do together.
#[derive(Clone, Copy)]
enum Errand<'e> {
    /// `work` on each job.
    Round,
    /// The same call on each thread.
    Share(&'e (dyn Fn() + Sync)),
}

impl Lead<'_> {
    /// Runs the team's work once on every job.
    pub fn round(&mut self) {
        (self.ask)(Errand::Round);
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Does the work on every item, on whichever thread is free; on this one if all items together are of few numbers.
    pub fn share<I>(&mut self, numbers: usize, items: I, work: impl Fn(I::Item) + Sync)
    where
        I: Iterator<Item: Send> + Send,
    {
        if self.threads == 1 || numbers <= FEW {
            return items.for_each(work);
        }
        let items = Mutex::new(items);
        (self.ask)(Errand::Share(&|| {
            let next = || held(&items).next();
            while let Some(item) = next() {
                work(item);
            }
        }));
    }
}

/// A poisoned lock means that a thread panicked; its panic is what should be seen, so go on here.
fn held<T: ?Sized>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<J: Send> Team<J> {
    /// Takes the jobs' memory; at most one thread a job is used.
    pub fn new(jobs: Vec<J>, threads: usize) -> Self {
        let threads = threads.clamp(1, jobs.len().max(1));
        Team { jobs: jobs.into_iter().map(Mutex::new).collect(), threads }
    }

    /// One job's memory, between rounds.
    pub fn job(&self, index: usize) -> MutexGuard<'_, J> {
        held(&self.jobs[index])
    }

    /// How many jobs there are.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// How many threads it will have.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `lead` on this thread; whenever it asks for a round, `work` runs once on every job.
    pub fn run<R>(&self, work: impl Fn(usize, &mut J) + Sync, lead: impl FnOnce(&mut Lead<'_>) -> R) -> R {
        if self.threads == 1 {
            let ask = &mut |errand: Errand<'_>| match errand {
                Errand::Round => (0..self.jobs.len()).for_each(|i| work(i, &mut self.job(i))),
                Errand::Share(call) => call(),
            };
            return lead(&mut Lead { threads: 1, ask });
        }
        let next = AtomicUsize::new(0);
        let take_jobs = || {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= self.jobs.len() {
                    break;
                }
                work(i, &mut self.job(i));
            }
        };
        let crew = Crew::new(self.threads);
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| crew.follow(&take_jobs));
            }
            // However the leader ends, the others are let go.
            let _end = End(&crew);
            let ask = &mut |errand: Errand<'_>| {
                next.store(0, Ordering::Relaxed);
                crew.lead(errand, &take_jobs);
            };
            lead(&mut Lead { threads: self.threads, ask })
        })
    }
}

/// Where threads meet.
struct Crew {
    start: Gate,
    done: Gate,
    /// What is to be done between the gates; none: a round.
    call: Mutex<Option<Call>>,
    is_over: AtomicBool,
    /// The first panic on the way.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A closure of the leader, without the lifetime of what it borrows.
#[derive(Clone, Copy)]
struct Call(*const (dyn Fn() + Sync));

// SAFETY: what it points to may be called on any thread; that it is there is the concern of `Crew`.
unsafe impl Send for Call {}

impl Crew {
    fn new(threads: usize) -> Crew {
        Crew {
            start: Gate::new(threads),
            done: Gate::new(threads),
            call: Mutex::new(None),
            is_over: AtomicBool::new(false),
            panic: Mutex::new(None),
        }
    }

    /// What every thread but the leader does.
    fn follow(&self, round: &dyn Fn()) {
        loop {
            self.start.wait();
            if self.is_over.load(Ordering::Acquire) {
                break;
            }
            let call = *held(&self.call);
            self.take_part(round, call);
        }
    }

    /// Gives an errand to all threads and comes back when all are done with it.
    fn lead(&self, errand: Errand<'_>, round: &dyn Fn()) {
        let call = match errand {
            Errand::Round => None,
            Errand::Share(call) => {
                // SAFETY: only the lifetime is changed. Threads read the pointer between the two gates, and this
                // function returns or unwinds only behind the second one, until when its caller holds the closure.
                Some(Call(unsafe {
                    std::mem::transmute::<*const (dyn Fn() + Sync), *const (dyn Fn() + Sync)>(call)
                }))
            }
        };
        *held(&self.call) = call;
        self.start.wait();
        self.take_part(round, call);
        *held(&self.call) = None;
        if let Some(panic) = held(&self.panic).take() {
            resume_unwind(panic);
        }
    }

    /// Does a thread's part and waits for the others. Panics are kept: a thread that left would be waited for for ever.
    fn take_part(&self, round: &dyn Fn(), call: Option<Call>) {
        let part = || match call {
            None => round(),
            // SAFETY: the leader holds the closure until all have come to the second gate.
            Some(Call(call)) => unsafe { (*call)() },
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(part)) {
            held(&self.panic).get_or_insert(panic);
        }
        self.done.wait();
    }
}

/// Lets the threads of a crew go when it is dropped.
struct End<'c>(&'c Crew);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
        self.0.start.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_runs_once_a_round_for_any_number_of_threads() {
        for threads in 1..5 {
            let team = Team::new(vec![0usize; 3], threads);
            team.run(|i, n| *n += i + 1, |lead| (0..10).for_each(|_| lead.round()));
            let sums: Vec<usize> = (0..team.len()).map(|i| *team.job(i)).collect();
            assert_eq!(sums, [10, 20, 30]);
        }
    }

    /// Shares between rounds, of slices that the leader owns.
    #[test]
    fn every_item_of_a_share_is_done_once() {
        for threads in [1, 2, 3, 5] {
            let team = Team::new(vec![0usize; 5], threads);
            let mut numbers = vec![0usize; 1000];
            team.run(
                |_, n| *n += 1,
                |lead| {
                    for round in 1..=20 {
                        lead.share(usize::MAX, numbers.chunks_mut(7).enumerate(), |(i, part)| {
                            part.iter_mut().for_each(|x| *x += i);
                        });
                        lead.round();
                        assert!((0..1000).all(|k| numbers[k] == round * (k / 7)), "{threads} threads");
                    }
                },
            );
            assert!((0..5).all(|i| *team.job(i) == 20));
        }
    }

    /// A panic on any thread, in a round or a share, is that of the whole: nobody waits for ever.
    #[test]
    fn a_panic_comes_out() {
        for is_share in [false, true] {
            let team = Team::new(vec![(); 3], 3);
            let work = |i: usize, _: &mut ()| assert!(is_share || i != 2, "a job");
            let run = || {
                team.run(work, |lead| match is_share {
                    true => lead.share(usize::MAX, 0..100, |i| assert!(i != 50, "an item")),
                    false => lead.round(),
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("one of the threads panics");
            let words = panic.downcast_ref::<&str>().expect("a panic has its message");
            assert_eq!(*words, if is_share { "an item" } else { "a job" });
        }
    }
}
