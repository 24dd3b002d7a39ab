//! Chains and populations, handed out to threads: each is a function of its number, so who runs it changes no bit.

use super::error::FitError;
use super::progress::Progress;
use crate::diagnostic::Diagnostic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

/// Says how far a job is: its number and how much of it is done.
pub type Done = Sender<(usize, usize)>;

/// Runs jobs 0 to `jobs` on some threads and returns what they gave, in order. Each thread has memory of its own, which
/// `memory` makes here; `each` is how much there is to do in one job.
///
/// # Errors
/// That of the first job that failed, or X001 where one panicked.
pub fn hand_out<M: Send, R: Send>(
    (threads, jobs, each): (usize, usize, usize),
    progress: &mut dyn Progress,
    memory: impl Fn() -> M,
    run: impl Fn(&mut M, usize, &Done) -> Result<R, FitError> + Sync,
) -> Result<Vec<R>, FitError> {
    let next = AtomicUsize::new(0);
    let (send, receive) = channel();
    let mut given: Vec<Option<Result<R, FitError>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.clamp(1, jobs.max(1)))
            .map(|_| {
                let (send, next, run, mut memory) = (send.clone(), &next, &run, memory());
                scope.spawn(move || {
                    let mut mine = vec![];
                    loop {
                        let job = next.fetch_add(1, Ordering::Relaxed);
                        if job >= jobs {
                            return mine;
                        }
                        mine.push((job, run(&mut memory, job, &send)));
                    }
                })
            })
            .collect();
        drop(send);
        let mut done = vec![0; jobs];
        while let Ok((job, n)) = receive.recv() {
            done[job] = n;
            progress.advance_each(&done, each);
        }
        let mut given: Vec<Option<_>> = (0..jobs).map(|_| None).collect();
        for worker in workers {
            let Ok(mine) = worker.join() else { continue };
            for (job, result) in mine {
                given[job] = Some(result);
            }
        }
        given
    });
    progress.end();
    let lost =
        || FitError::Refused(Diagnostic::new("X001", "a chain or population ended by itself".to_owned()));
    given.iter_mut().map(|result| result.take().unwrap_or_else(|| Err(lost()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::progress::Silent;

    #[test]
    fn results_stand_in_the_order_of_jobs_whatever_the_threads() {
        for threads in [1, 2, 5] {
            let given = hand_out(
                (threads, 7, 1),
                &mut Silent,
                || 10,
                |m, job, done| {
                    let _ = done.send((job, 1));
                    Ok(*m * job)
                },
            );
            assert_eq!(given.ok(), Some((0..7).map(|i| 10 * i).collect()));
        }
    }

    #[test]
    fn a_panic_and_an_error_are_told() {
        let of = |bad: usize| {
            hand_out(
                (2, 4, 1),
                &mut Silent,
                || (),
                move |(), job, _| {
                    assert!(job != bad, "as asked");
                    if job == 2 {
                        return Err(FitError::Refused(Diagnostic::new("G008", "two".to_owned())));
                    }
                    Ok(job)
                },
            )
        };
        let code = |e: FitError| match e {
            FitError::Refused(d) => d.code.id(),
            _ => "another",
        };
        assert_eq!(of(9).map_err(code), Err("G008"));
        assert_eq!(of(1).map_err(code), Err("X001"));
    }
}
