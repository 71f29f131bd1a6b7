//! The counts of a stretch of time: of a call site, of a service, of what is up.
//!
//! A field says by the word before it how it is added up. The counters that families declare are one field, `counters`.

use crate::call::{hedge, retry};
use crate::counters::{CALL_SITE_COUNTERS, SERVICE_COUNTERS, place};
use crate::metrics::{Counter, CounterPlace, HOLDING, Tally, TimedSums};
use crate::units::Cores;

/// Defines a struct of counts with `add`, `since` and `take_out`, field by field.
macro_rules! counts {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$doc:meta])* $rule:ident $field:ident: $of:ty,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: $of,)+
        }

        impl $name {
            /// Adds the next stretch of time, or another subject; gauges are replaced.
            pub fn add(&mut self, next: &Self) {
                $($rule::add(&mut self.$field, next.$field);)+
            }

            /// What was counted since an earlier state of the same sums; gauges are those of now.
            #[must_use]
            pub fn since(&self, before: &Self) -> Self {
                Self { $($field: $rule::since(self.$field, before.$field),)+ }
            }

            /// Takes out a stretch of time that was added before; gauges stay.
            pub fn take_out(&mut self, first: &Self) {
                $($rule::take_out(&mut self.$field, first.$field);)+
            }
        }
    };
}

counts! {
    /// Counts of one call site: in this order because the first of them are counted at every attempt, and lie together; but no two neighbours are
    /// changed in the same place, which the compiler would do by one wide number that has to wait for the narrow ones before it.
    #[repr(C)]
    pub struct EdgeCounts {
        /// Attempts sent to the callee.
        sum attempts: u64,
        /// Sum of the latency of answered attempts, and of what unanswered ones have waited until the end of the run [ns].
        wrapping latency_sum_ns: u64,
        /// Calls begun.
        sum calls: u64,
        /// Attempts ended, by outcome as the caller saw it.
        sum outcomes: [u64; 8],
        /// Calls ended, by outcome as the caller saw it in the end (after retries and fallback).
        sum call_outcomes: [u64; 8],
        /// Attempts that failed, or are unanswered, because a call failed that the callee made and could not do without. A timeout of the
        /// attempt itself is none of these, whatever the callee was doing.
        sum failed_below: u64,
        /// Attempts without an outcome: stopped because nobody waited for them, or their caller crashed.
        sum withdrawn: u64,
        /// Attempts that a breaker, a throttle, a limit or a pool turned away before they were sent.
        sum rejected: u64,
        /// Attempts of callers without a timeout that had waited too long for an answer when the run ended: neither available nor within any
        /// percentile. They are in flight, and in no outcome.
        sum unanswered: u64,
        /// Calls that were unanswered in the same way.
        sum call_unanswered: u64,
        /// Attempts that were given up by the caller and went on working.
        sum abandoned: u64,
        /// Attempts whose reply looked ok and was wrong.
        sum wrong: u64,
        /// Sum of the latency of answered calls of load classes, with their retries [ns].
        wrapping call_latency_sum_ns: u64,
        /// Bytes sent, both ways.
        sum bytes: u64,
        /// Bytes of these that crossed zones, and regions, and that were answered to those who are in no zone.
        sum bytes_across: [u64; 3],
        /// What the families count.
        sum counters: Tally<CALL_SITE_COUNTERS>,
    }
}

counts! {
    /// Counts and integrals of one service. Integrals over time are wide: a thousand workers for a year are more than 64 bits of
    /// nanoseconds. While a run goes on they are running sums modulo 2^64, of which [`ServiceCounts::since`] makes true differences.
    pub struct ServiceCounts {
        /// Integral of running instances over time [ns].
        integral instances_ns: u128,
        /// Integral of instances that are paid for (ordered, starting, running, draining) [ns].
        integral paid_ns: u128,
        /// Integral of those of them that are more than the bill says are reserved [ns].
        integral above_reserved_ns: u128,
        /// Integral of instances that are starting [ns].
        integral starting_ns: u128,
        /// Integral of workers that are held [ns]; of unlimited ones too.
        integral busy_ns: u128,
        /// Integral of workers that exist on running instances [ns]; 0 where unlimited.
        integral workers_ns: u128,
        /// Integral of CPU time used [ns of one core].
        integral cpu_ns: u128,
        /// Integral of requests waiting for a worker [ns].
        integral queue_ns: u128,
        /// Integral of requests in the service, waiting, at work or awaiting a callee [ns].
        integral in_system_ns: u128,
        /// Requests that entered; of a queue, messages that began to wait: a message that comes back enters again.
        sum entered: u64,
        /// Requests that left (also those whose caller had given up); of a queue, messages that were handed over.
        sum left: u64,
        /// Requests that entered and found no worker free.
        sum waited: u64,
        /// Requests that got a worker, and so have a wait.
        sum started: u64,
        /// Sum of these waits [ns].
        integral wait_sum_ns: u128,
        /// Requests that had waited too long for a worker when the run ended, or messages that still waited; they have no wait.
        sum unserved: u64,
        /// What these had waited until the end of the run [ns].
        integral unserved_ns: u128,
        /// Instances that ran at the end of the slice; of several slices, the sum.
        look looked_at: u64,
        /// Of these, how many had at least 1, 2, ... requests in them.
        look holding: [u64; HOLDING],
        /// Gauge at the end of the slice: waiting.
        gauge queue_now: u64,
        /// Gauge at the end of the slice: in the service.
        gauge in_system_now: u64,
        /// Gauge at the end of the slice: running instances.
        gauge instances_now: u64,
        /// Gauge at the end of the slice: instances that a scaler wants.
        gauge wanted_now: u64,
        /// Gauge at the end of the slice: instances that the metrics of a scaler ask for, whatever holds that back.
        gauge desired_now: u64,
        /// What the families count.
        sum counters: Tally<SERVICE_COUNTERS>,
    }
}

counts! {
    /// How long something was up: a service with enough running instances, or an endpoint with all that it cannot do without.
    pub struct UpCounts {
        /// Time in which it was up [ns].
        wrapping up_ns: u64,
        /// How often it went down.
        sum outages: u64,
    }
}

impl EdgeCounts {
    /// What a counter of call sites has counted.
    pub fn of(&self, counter: &Counter) -> u64 {
        self[place(counter)]
    }

    /// Attempts of which it is known whether they were answered: with an outcome, or unanswered.
    pub fn settled(&self) -> u64 {
        self.outcomes.iter().sum::<u64>() + self.unanswered
    }

    /// Settled attempts that the callee did not fail by its own doing: answered, or failed by a call that it made.
    pub fn not_failed_by_callee(&self) -> u64 {
        self.outcomes[0] + self.outcomes[1] + self.failed_below
    }

    /// Calls of which it is known whether they were answered.
    pub fn calls_settled(&self) -> u64 {
        self.call_outcomes.iter().sum::<u64>() + self.call_unanswered
    }

    /// Calls of which an attempt was sent: one is the first of each, whatever was turned away before or after it.
    pub fn calls_sent(&self) -> u64 {
        self.attempts.saturating_sub(self.of(&retry::RETRIES) + self.of(&hedge::HEDGES))
    }

    /// Attempts that ended, with those that were stopped.
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum::<u64>() + self.withdrawn
    }
}

impl ServiceCounts {
    /// What a counter of services has counted.
    pub fn of(&self, counter: &Counter) -> u64 {
        self[place(counter)]
    }

    /// How long requests waited for a worker, or messages for a consumer.
    pub fn waits(&self) -> TimedSums {
        TimedSums { count: self.started, sum_ns: self.wait_sum_ns, never: self.unserved, never_ns: self.unserved_ns }
    }

    /// Integral of the cores of running instances over time [ns of one core]. Without `cores` a worker has one for itself; 0 where workers
    /// are unlimited, too.
    pub fn cores_ns(&self, cores: Option<Cores>) -> u128 {
        cores.map_or(self.workers_ns, |cores| cores.times(self.instances_ns))
    }
}

/// A family's count is reached by its place.
macro_rules! counted {
    ($name:ident) => {
        impl std::ops::Index<CounterPlace> for $name {
            type Output = u64;

            #[inline(always)]
            fn index(&self, place: CounterPlace) -> &u64 {
                &self.counters[place]
            }
        }

        impl std::ops::IndexMut<CounterPlace> for $name {
            #[inline(always)]
            fn index_mut(&mut self, place: CounterPlace) -> &mut u64 {
                &mut self.counters[place]
            }
        }
    };
}

counted!(EdgeCounts);
counted!(ServiceCounts);

/// One number, or several that are counted side by side.
trait Numbers: Copy {
    fn each(&mut self, other: Self, change: impl Fn(&mut u64, u64));
}

impl Numbers for u64 {
    fn each(&mut self, other: Self, change: impl Fn(&mut u64, u64)) {
        change(self, other);
    }
}

impl<const N: usize> Numbers for [u64; N] {
    fn each(&mut self, other: Self, change: impl Fn(&mut u64, u64)) {
        self.iter_mut().zip(other).for_each(|(one, other)| change(one, other));
    }
}

impl<const N: usize> Numbers for Tally<N> {
    fn each(&mut self, other: Self, change: impl Fn(&mut u64, u64)) {
        self.all_mut().each(*other.all(), change);
    }
}

/// Counts: differences of what only grows.
mod sum {
    use super::Numbers;

    pub(super) fn add<T: Numbers>(sum: &mut T, next: T) {
        sum.each(next, |sum, next| *sum += next);
    }

    pub(super) fn since<T: Numbers>(mut now: T, before: T) -> T {
        take_out(&mut now, before);
        now
    }

    pub(super) fn take_out<T: Numbers>(sum: &mut T, first: T) {
        sum.each(first, |sum, first| *sum -= first);
    }
}

/// Sums modulo 2^64 of times that are long.
mod wrapping {
    pub(super) use super::sum::add;

    pub(super) fn since(now: u64, before: u64) -> u64 {
        now.wrapping_sub(before)
    }

    pub(super) fn take_out(sum: &mut u64, first: u64) {
        *sum = sum.wrapping_sub(first);
    }
}

/// Integrals over time, which run modulo 2^64, and whose differences are true and wide.
mod integral {
    pub(super) fn add(sum: &mut u128, next: u128) {
        *sum += next;
    }

    pub(super) fn since(now: u128, before: u128) -> u128 {
        u128::from((now as u64).wrapping_sub(before as u64))
    }

    pub(super) fn take_out(sum: &mut u128, first: u128) {
        *sum -= first;
    }
}

/// What was seen when the stretch ended: of several stretches, the sum of what was seen.
mod look {
    pub(super) use super::sum::{add, take_out};

    pub(super) fn since<T>(now: T, _before: T) -> T {
        now
    }
}

/// What is there when the stretch ends.
mod gauge {
    pub(super) fn add(last: &mut u64, next: u64) {
        *last = next;
    }

    pub(super) fn since(now: u64, _before: u64) -> u64 {
        now
    }

    pub(super) fn take_out(_last: &mut u64, _first: u64) {}
}
