//! Runs replications on several threads and merges them in the order of their number.
//!
//! Threads take the next number, run it, and put the result down; the thread that holds the lock merges all that is next in line. So what is
//! merged, and in which order, does not depend on the number of threads. A thread that is too far ahead of the merge waits: at
//! most `AHEAD` results a thread are in memory. These are the only threads that simulate.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Results that one thread may be ahead of the merge.
pub(super) const AHEAD: u32 = 4;

/// The study was stopped from outside before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped before the last replication was done")
    }
}

impl std::error::Error for Interrupted {}

/// What the threads share.
struct MergeQueue<R, M> {
    /// The next number to be taken.
    next: u32,
    /// Numbers below this one are merged.
    merged: u32,
    /// Done, but not yet next in line.
    waiting: BTreeMap<u32, R>,
    /// No more is to be done: interrupted, or a thread has panicked.
    stopped: bool,
    merge: M,
}

/// Runs `run(0)` to `run(replications - 1)` on `threads` threads (0: one) and calls `merge(number, result)` in the order of the numbers.
/// After each merge, and after each result that waits for its turn, `progress(merged, replications)` is called, which may stop the rest.
///
/// # Errors
/// If `progress` stopped it.
///
/// # Panics
/// If `run` or `merge` does.
pub fn replicate<R: Send>(
    replications: u32,
    threads: usize,
    run: impl Fn(u32) -> R + Sync,
    merge: impl FnMut(u32, R) + Send,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<(), Interrupted> {
    let threads = threads.clamp(1, 1024).min(replications.max(1) as usize);
    let line = Mutex::new(MergeQueue { next: 0, merged: 0, waiting: BTreeMap::new(), stopped: false, merge });
    let moved = Condvar::new();
    let ahead = AHEAD * threads as u32;
    let work = || {
        let _wake = WakeOnPanic { line: &line, moved: &moved };
        while let Some(number) = take(&line, &moved, replications, ahead) {
            let result = run(number);
            put(&line, &moved, number, result, replications, progress);
        }
    };
    if threads == 1 {
        work();
    } else {
        match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) => drop(pool.broadcast(|_| work())),
            // Without threads the same numbers come out, later.
            Err(_) => work(),
        }
    }
    let line = lock(&line);
    if line.merged < replications { Err(Interrupted) } else { Ok(()) }
}

/// The next number to run; waits while it is too far ahead of the merge. `None` when there is none left.
fn take<R, M>(line: &Mutex<MergeQueue<R, M>>, moved: &Condvar, replications: u32, ahead: u32) -> Option<u32> {
    let mut line = lock(line);
    loop {
        if line.stopped || line.next >= replications {
            return None;
        }
        if line.next < line.merged + ahead {
            line.next += 1;
            return Some(line.next - 1);
        }
        line = moved.wait(line).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Puts a result down and merges all that is next in line.
fn put<R, M: FnMut(u32, R)>(
    line: &Mutex<MergeQueue<R, M>>,
    moved: &Condvar,
    number: u32,
    result: R,
    replications: u32,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) {
    let mut line = lock(line);
    line.waiting.insert(number, result);
    let before = line.merged;
    while !line.stopped {
        let at = line.merged;
        let Some(result) = line.waiting.remove(&at) else { break };
        (line.merge)(at, result);
        line.merged += 1;
        if line.merged < replications && progress(line.merged, replications).is_break() {
            line.stopped = true;
        } else if line.merged == replications {
            let _ = progress(line.merged, replications);
        }
    }
    if !line.stopped && line.merged == before && progress(before, replications).is_break() {
        line.stopped = true;
    }
    moved.notify_all();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets nobody wait for a thread that has panicked.
struct WakeOnPanic<'a, R, M> {
    line: &'a Mutex<MergeQueue<R, M>>,
    moved: &'a Condvar,
}

impl<R, M> Drop for WakeOnPanic<'_, R, M> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.line).stopped = true;
            self.moved.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn go_on(_: u32, _: u32) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Work whose length differs from number to number.
    fn spin(number: u32) -> u64 {
        let mut x = u64::from(number) + 1;
        for _ in 0..(number * 7919 % 50) * 2000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        }
        x
    }

    #[test]
    fn merged_in_order_whatever_the_threads() {
        let expected: Vec<(u32, u64)> = (0..100).map(|i| (i, spin(i))).collect();
        for threads in [0, 1, 2, 3, 8, 200] {
            let mut merged = Vec::new();
            replicate(100, threads, spin, |i, r| merged.push((i, r)), &go_on).unwrap();
            assert_eq!(merged, expected, "{threads} threads");
        }
    }

    #[test]
    fn memory_is_bounded_when_the_first_is_the_slowest() {
        let (begun, most) = (AtomicU32::new(0), AtomicU32::new(0));
        let merged = AtomicU32::new(0);
        let run = |i: u32| {
            let ahead = begun.fetch_add(1, Ordering::SeqCst) + 1 - merged.load(Ordering::SeqCst);
            most.fetch_max(ahead, Ordering::SeqCst);
            if i == 0 {
                std::hint::black_box((0..2_000_000u64).fold(0, |a, b| a ^ b));
            }
        };
        replicate(
            200,
            2,
            run,
            |_, ()| {
                merged.fetch_add(1, Ordering::SeqCst);
            },
            &go_on,
        )
        .unwrap();
        assert!(most.load(Ordering::SeqCst) <= 2 * AHEAD + 2, "{most:?} in memory");
    }

    #[test]
    fn progress_counts_up_and_can_stop() {
        let seen = Mutex::new(Vec::new());
        let progress = |done, of| {
            seen.lock().unwrap().push((done, of));
            if done == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut merged = 0;
        assert_eq!(replicate(50, 2, spin, |_, _| merged += 1, &progress), Err(Interrupted));
        assert_eq!(merged, 5);
        // One that ends before its turn is told of too, and then the count is what it was.
        let mut seen = seen.into_inner().unwrap();
        seen.dedup();
        assert_eq!(seen, [(1, 50), (2, 50), (3, 50), (4, 50), (5, 50)]);
    }

    #[test]
    fn panicking_run_ends_the_study() {
        let run = |i: u32| assert!(i != 3, "replication 3 fails");
        let outcome = std::panic::catch_unwind(|| replicate(100, 2, run, |_, ()| {}, &go_on));
        assert!(outcome.is_err());
    }

    #[test]
    fn no_replications_are_done_at_once() {
        assert_eq!(replicate(0, 4, spin, |_, _| panic!("nothing to merge"), &go_on), Ok(()));
    }
}
