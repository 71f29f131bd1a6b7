//! Processor time as people buy it: a quota in each period, as the kernel's control groups give it to a container.

use crate::metrics::counters;
use crate::units::{Cores, SimDuration};

counters! {
    Service {
        CPU_PERIODS = "cpu_periods", "periods of the CPU limit in which an instance had work to do, by all instances";
        CPU_THROTTLED_PERIODS = "cpu_throttled_periods", "periods of the CPU limit in which an instance had work to do and stood still, because its quota was spent, by all instances";
        CPU_THROTTLED_MS = "cpu_throttled_ms", "milliseconds for which instances with work to do stood still because their quota was spent, by all instances";
        CPU_FOR_NOBODY_NS = "cpu_for_nobody_ns", "nanoseconds of CPU time that all instances spent on requests whose caller, or a caller above it, had given up or was gone", unlisted;
    }
}

/// The limit of an instance's processor time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuLimit {
    /// How many cores it may use on average over a period.
    pub cores: Cores,
    /// The length of a period.
    pub period: SimDuration,
}

impl CpuLimit {
    /// The period of the kernel and of Kubernetes: 100 ms.
    pub const PERIOD: SimDuration = SimDuration::from_ns(100_000_000);
}

/// What was seen of a quota since the last look.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Throttled {
    /// Periods in which there was work to do.
    pub periods: u64,
    /// Those of them in which the quota was spent before the work was done.
    pub throttled: u64,
    /// Time for which work stood still [ns].
    pub still_ns: f64,
}

/// A quota of processor time at work.
///
/// In each period all threads together may use so much. What is left at its end is lost. When it is spent all of them stand still until the next
/// period begins: eight threads spend it in an eighth of the time. Nothing here is an event: what passes is reckoned from one look to the next, and
/// between two looks the number of running threads does not change.
#[derive(Debug, Clone)]
pub struct Quota {
    /// Processor time in a period [ns].
    quota_ns: f64,
    period_ns: u64,
    /// When the present period ends [ns].
    ends_ns: u64,
    /// What is left of its quota [ns].
    left_ns: f64,
    /// Whether there was work in the present period, and whether it stood still.
    is_used: bool,
    is_spent: bool,
    seen: Throttled,
}

/// Time that rounding to whole nanoseconds makes, and that is no time at all [ns].
const ROUNDING: f64 = 0.5;

impl Quota {
    /// A quota of which nothing is spent. A period ends at `phase_ns`, from 1 to the length of a period, and after every further period.
    pub fn new(limit: CpuLimit, phase_ns: u64) -> Self {
        let period_ns = limit.period.ns().max(1);
        let quota_ns = limit.cores.get() * period_ns as f64;
        Self {
            quota_ns,
            period_ns,
            ends_ns: phase_ns.clamp(1, period_ns),
            left_ns: quota_ns,
            is_used: false,
            is_spent: false,
            seen: Throttled::default(),
        }
    }

    /// So many threads had work to do from one time to another. Tells for how long of it they ran, all at once [ns].
    pub fn run(&mut self, from_ns: u64, to_ns: u64, threads: f64) -> f64 {
        let (mut at, mut ran) = (from_ns, 0.0);
        if threads > 0.0 {
            if to_ns < self.ends_ns {
                return self.run_within((to_ns - at) as f64, threads);
            }
            ran = self.run_within((self.ends_ns - at) as f64, threads);
        } else if to_ns < self.ends_ns {
            return 0.0;
        }
        at = self.ends_ns;
        let whole = (to_ns - at) / self.period_ns;
        self.ends_ns = at + (whole + 1) * self.period_ns;
        at += whole * self.period_ns;
        if threads > 0.0 {
            ran += self.run_whole(whole, threads);
        }
        (self.left_ns, self.is_used, self.is_spent) = (self.quota_ns, false, false);
        if threads > 0.0 && to_ns > at {
            ran += self.run_within((to_ns - at) as f64, threads);
        }
        ran
    }

    /// Threads have work to do for a time that lies in the present period.
    fn run_within(&mut self, wanted_ns: f64, threads: f64) -> f64 {
        if wanted_ns > 0.0 && !self.is_used {
            self.is_used = true;
            self.seen.periods += 1;
        }
        let can_ns = self.left_ns / threads;
        if wanted_ns <= can_ns {
            self.left_ns -= wanted_ns * threads;
            return wanted_ns;
        }
        self.left_ns = 0.0;
        self.stands_still(wanted_ns - can_ns);
        can_ns
    }

    fn stands_still(&mut self, still_ns: f64) {
        if still_ns <= ROUNDING {
            return;
        }
        self.seen.still_ns += still_ns;
        if !self.is_spent {
            self.is_spent = true;
            self.seen.throttled += 1;
        }
    }

    /// Threads have work to do for so many whole periods.
    fn run_whole(&mut self, periods: u64, threads: f64) -> f64 {
        let each_ns = self.each_period(threads);
        let still_ns = self.period_ns as f64 - each_ns;
        self.seen.periods += periods;
        if still_ns > ROUNDING {
            self.seen.throttled += periods;
            self.seen.still_ns += still_ns * periods as f64;
        }
        each_ns * periods as f64
    }

    /// For how long of a whole period so many threads run [ns].
    fn each_period(&self, threads: f64) -> f64 {
        (self.quota_ns / threads).min(self.period_ns as f64)
    }

    /// How long it takes from now on until so many threads have run for so long [ns].
    pub fn takes(&self, now_ns: u64, runs_ns: f64, threads: f64) -> f64 {
        let to_end_ns = (self.ends_ns - now_ns) as f64;
        let here_ns = (self.left_ns / threads).min(to_end_ns);
        if runs_ns <= here_ns + ROUNDING {
            return runs_ns;
        }
        let (rest_ns, each_ns) = (runs_ns - here_ns, self.each_period(threads));
        // What is done at the very end of a quota is done in its period, and not at the begin of the next.
        let whole = ((rest_ns - ROUNDING) / each_ns).floor().max(0.0);
        to_end_ns + whole * self.period_ns as f64 + (rest_ns - whole * each_ns)
    }

    /// For how long nothing can run from now on, because the quota of the present period is spent [ns].
    pub fn stands_still_for(&self, now_ns: u64) -> u64 {
        if self.left_ns > ROUNDING { 0 } else { self.ends_ns.saturating_sub(now_ns) }
    }

    /// The machine is a new one: nothing of its quota is spent. What was seen of the old one stays seen.
    pub fn begins_anew(&mut self) {
        (self.left_ns, self.is_used, self.is_spent) = (self.quota_ns, false, false);
    }

    /// What was seen since the last look. Time is taken in whole milliseconds: what is left of one counts in the next look.
    pub fn take_seen(&mut self) -> Throttled {
        let still_ns = self.seen.still_ns % 1e6;
        let seen = std::mem::replace(&mut self.seen, Throttled { still_ns, ..Throttled::default() });
        Throttled { still_ns: seen.still_ns - still_ns, ..seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// A quota of so much in 100 ms, whose periods begin at 0.
    fn quota(cores: &str) -> Quota {
        Quota::new(CpuLimit { cores: Cores::parse(cores).unwrap(), period: CpuLimit::PERIOD }, 100 * MS)
    }

    /// When work that begins at 0 is done, of threads that each have so much to do [ms].
    fn done_ms(cores: &str, work_ms: u64, threads: f64) -> f64 {
        quota(cores).takes(0, (work_ms * MS) as f64, threads) / 1e6
    }

    /// The documentation of cpu.max: a quota of 50 ms each 100 ms lets one thread run for half of the time. One thread with work W takes
    /// floor(W / q) whole periods, less one where nothing is left over, and then what is left.
    #[test]
    fn work_of_one_thread_takes_whole_periods_and_the_rest() {
        for (work_ms, done) in [(20, 20.0), (50, 50.0), (60, 110.0), (100, 150.0), (120, 220.0), (1000, 1950.0)] {
            assert_eq!(done_ms("500m", work_ms, 1.0), done, "{work_ms} ms");
        }
        assert_eq!(done_ms("1", 730, 1.0), 730.0, "a whole core never stands still");
        assert_eq!(done_ms("100m", 35, 1.0), 305.0);
    }

    /// Eight threads spend 50 ms in 6.25 ms, and stand still for 93.75 ms.
    #[test]
    fn threads_spend_a_quota_together() {
        assert_eq!(done_ms("500m", 5, 8.0), 5.0);
        assert_eq!(done_ms("500m", 10, 8.0), 103.75);
        assert_eq!(done_ms("2", 100, 8.0), 325.0);
        let mut all = quota("500m");
        assert_eq!(all.run(0, 100 * MS, 8.0), 6.25e6);
        assert_eq!(all.take_seen(), Throttled { periods: 1, throttled: 1, still_ns: 93e6 });
        // The rest of a millisecond is not lost.
        assert_eq!(all.run(100 * MS, 200 * MS, 8.0), 6.25e6);
        assert_eq!(all.take_seen(), Throttled { periods: 1, throttled: 1, still_ns: 94e6 });
    }

    #[test]
    fn looks_in_between_change_nothing() {
        for (cores, threads) in [("500m", 1.0), ("500m", 8.0), ("300m", 3.0), ("1500m", 2.0), ("2", 1.0)] {
            let (mut once, mut often) = (quota(cores), quota(cores));
            let all = once.run(0, 1234 * MS, threads);
            let parts: f64 = (0..1234).map(|ms| often.run(ms * MS, (ms + 1) * MS, threads)).sum();
            assert!((all - parts).abs() < 1.0, "{cores} {threads}: {all} {parts}");
            let (a, b) = (once.take_seen(), often.take_seen());
            assert_eq!((a.periods, a.throttled), (b.periods, b.throttled), "{cores} {threads}");
            assert!((a.still_ns - b.still_ns).abs() <= 1e6, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_is_not_used_is_lost() {
        let mut one = quota("500m");
        assert_eq!(one.run(0, 950 * MS, 0.0), 0.0);
        assert_eq!(one.takes(950 * MS, 50e6, 1.0), 50e6);
        assert_eq!(one.takes(950 * MS, 110e6, 1.0), 160e6);
        assert_eq!(one.run(950 * MS, 1050 * MS, 1.0), 100e6);
        assert_eq!(one.take_seen(), Throttled { periods: 2, throttled: 0, still_ns: 0.0 });
        assert_eq!(one.run(1050 * MS, 1070 * MS, 1.0), 0.0);
        assert_eq!(one.take_seen(), Throttled { periods: 0, throttled: 1, still_ns: 20e6 });
    }

    #[test]
    fn takes_and_run_agree() {
        for threads in [1.0, 3.0, 7.0] {
            for work in [1e6, 33e6, 50e6, 51e6, 400e6] {
                let mut at = quota("350m");
                at.run(0, 40 * MS, 1.0);
                let done = at.takes(40 * MS, work, threads).ceil() as u64;
                let ran = at.run(40 * MS, 40 * MS + done, threads);
                assert!((ran - work).abs() <= 1.5, "{threads} threads, {work} ns: {ran}");
            }
        }
    }
}
