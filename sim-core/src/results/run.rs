//! One replication: counts between instants, histograms between marks.

use super::experiment::ExperimentRun;
use super::span::Span;
use crate::ids::{EdgeId, FaultId, ServiceId};
use crate::metrics::{HOLDING, Histogram, SparseHistogram};
use serde::Serialize;

/// Why a run ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// More requests waited than `run.bounds.backlog` allows.
    Backlog {
        /// When, in nanoseconds from time 0.
        at_ns: i64,
        /// The service with the longest queue.
        service: String,
    },
    /// More events would have happened than `run.bounds.events` allows.
    Events {
        /// When, in nanoseconds from time 0.
        at_ns: i64,
    },
    /// More attempts were in flight than `run.bounds.in_flight` allows.
    InFlight {
        /// When, in nanoseconds from time 0.
        at_ns: i64,
        /// The service that most of them called.
        service: String,
    },
    /// More than 33 million events or steps happened at one instant: steps that take no time, without end.
    TimeStandsStill {
        /// When, in nanoseconds from time 0.
        at_ns: i64,
    },
}

impl Stopped {
    /// When, in nanoseconds from time 0.
    pub fn at_ns(&self) -> i64 {
        match self {
            Self::Backlog { at_ns, .. }
            | Self::Events { at_ns }
            | Self::InFlight { at_ns, .. }
            | Self::TimeStandsStill { at_ns } => *at_ns,
        }
    }
}

/// One replication.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// Its number, from 0.
    pub replication: u32,
    /// Hash of all events in their order.
    pub digest: u64,
    /// Events processed, the warm-up's too.
    pub events: u64,
    /// Measured time: `run.duration`, or less where the run was stopped [ns].
    pub measured_ns: u64,
    /// Why the run ended early.
    pub stopped: Option<Stopped>,
    /// What happened between two instants, in order and without gap from time 0 to `measured_ns`. Windows of the time series
    /// begin and end at slices; a fault that begins or ends within a window cuts it in two.
    pub slices: Vec<Slice>,
    /// Latency and waits between two marks (time 0, begin and end of each fault, the end), in order and without gap.
    pub periods: Vec<Period>,
    /// When each fault struck, by its id: in the order in which it began, the first 100,000.
    pub faults: Vec<Vec<Span>>,
    /// When each alert fired, by its place.
    pub alerts: Vec<Vec<Span>>,
    /// How often each alert was evaluated, by its place.
    pub alert_looks: Vec<Looks>,
    /// How often each scaler decided, by its place.
    pub scaler_looks: Vec<Looks>,
    /// How often each scaler changed the number of instances, by its place.
    pub scaler_steps: Vec<Steps>,
    /// What became of each experiment, by its place.
    pub experiments: Vec<ExperimentRun>,
    /// Breaker openings: call site and time from 0 [ns]; of each call site the first since time 0, and since each fault or experiment first
    /// began.
    pub openings: Vec<(EdgeId, i64)>,
    /// From time 0 to the first moment in which each service, and then each endpoint, was not up [ns]; `None` if it never was.
    pub first_outages: Vec<Option<u64>>,
    /// Attempts in flight at time 0, by call site: `attempts` of all slices and these end in `outcomes` or in `in_flight`.
    pub in_flight_at_zero: Vec<u64>,
    /// Attempts in flight at the end, by call site.
    pub in_flight: Vec<u64>,
    /// What was left out because there was too much of it, and how often.
    pub limits: Vec<(Limit, u64)>,
}

/// A bound of what results keep. What lies beyond may move a number a little; the results say where one was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Counts are cut exactly at the first 256 begins and ends of faults, and beyond at the windows of the time series.
    Marks,
    /// When a fault struck is kept for its first 100,000 strikes.
    Strikes,
}

impl Limit {
    /// What it does, as a sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::Marks => {
                "Faults begin and end more than 256 times. Beyond that, windows of faults are taken at the windows of the time series."
            }
            Self::Strikes => {
                "A fault strikes more than 100,000 times. Windows of faults, and promises of recovery, look at the first 100,000."
            }
        }
    }
}

/// How often something looked at what telemetry delivers, in the warm-up too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looks {
    /// How often it looked.
    pub all: u64,
    /// How often there was no data, so that it did nothing.
    pub without_data: u64,
}

/// Changes of a number of instances by a scaler, from time 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steps {
    /// Steps to more instances.
    pub up: u64,
    /// Steps to fewer instances.
    pub down: u64,
    /// Steps in the other direction than the step before: many of them are an oscillation.
    pub turns: u64,
}

/// What happened in one stretch of time.
#[derive(Debug, Clone, Default)]
pub struct Slice {
    /// Begin, from time 0 [ns].
    pub from_ns: u64,
    /// End [ns].
    pub to_ns: u64,
    /// Which window of the time series it belongs to.
    pub window: u32,
    /// Counts by call site.
    pub edges: Vec<EdgeCounts>,
    /// Counts by service.
    pub services: Vec<ServiceCounts>,
    /// How long each service, and then each endpoint, was up.
    pub up: Vec<UpCounts>,
    /// Wrong replies by endpoint and kind ([`crate::data::Wrongness`] as its number): (endpoint, kind, count), only those that happened.
    pub wrong: Vec<(u32, u8, u64)>,
    /// Latency of the answered attempts of call sites of load classes, by their place in `RunResult::entry_edges` order.
    pub entry_latency: Vec<(EdgeId, SparseHistogram)>,
}

/// Counts of one call site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeCounts {
    /// Calls begun.
    pub calls: u64,
    /// Calls ended, by outcome as the caller saw it in the end (after retries and fallback).
    pub call_outcomes: [u64; 8],
    /// Attempts sent to the callee.
    pub attempts: u64,
    /// Attempts ended, by outcome as the caller saw it.
    pub outcomes: [u64; 8],
    /// Attempts that failed, or are unanswered, because a call failed that the callee made and could not do without. A timeout of the
    /// attempt itself is none of these, whatever the callee was doing.
    pub failed_below: u64,
    /// Attempts that are retries.
    pub retries: u64,
    /// Attempts that are the first of a copy of a hedged call beside the first.
    pub hedges: u64,
    /// Calls that such a copy answered.
    pub hedge_wins: u64,
    /// Ejections of instances.
    pub ejections: u64,
    /// Attempts without an outcome: stopped because nobody waited for them, or their caller crashed.
    pub withdrawn: u64,
    /// Calls that an open breaker or a throttle turned away.
    pub rejected: u64,
    /// Openings of the breaker.
    pub breaker_opened: u64,
    /// Attempts of callers without a timeout that had waited too long for an answer when the run ended: neither available nor within any
    /// percentile. They are in flight, and in no outcome.
    pub unanswered: u64,
    /// Calls that were unanswered in the same way.
    pub call_unanswered: u64,
    /// Retries that a budget did not allow.
    pub budget_exhausted: u64,
    /// Attempts that were given up by the caller and went on working.
    pub abandoned: u64,
    /// Attempts whose reply looked ok and was wrong.
    pub wrong: u64,
    /// Sum of the latency of answered attempts, and of what unanswered ones have waited until the end of the run [ns].
    pub latency_sum_ns: u64,
    /// Sum of the latency of answered calls of load classes, with their retries [ns].
    pub call_latency_sum_ns: u64,
    /// Bytes sent, both ways.
    pub bytes: u64,
    /// Bytes of these that crossed zones, and regions.
    pub bytes_across: [u64; 2],
}

/// Counts and integrals of one service. Integrals over time are wide: a thousand workers for a year are more than 64 bits of
/// nanoseconds. While a run goes on they are running sums modulo 2^64, of which [`ServiceCounts::since`] makes true differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Integral of running instances over time [ns].
    pub instances_ns: u128,
    /// Integral of instances that are paid for (ordered, starting, running, draining) [ns].
    pub paid_ns: u128,
    /// Integral of workers that are held [ns]; of unlimited ones too.
    pub busy_ns: u128,
    /// Integral of workers that exist on running instances [ns]; 0 where unlimited.
    pub workers_ns: u128,
    /// Integral of CPU time used [ns of one core].
    pub cpu_ns: u128,
    /// Integral of requests waiting for a worker [ns].
    pub queue_ns: u128,
    /// Integral of requests in the service, waiting, at work or awaiting a callee [ns].
    pub in_system_ns: u128,
    /// Requests that entered; of a queue, messages that began to wait: a message that comes back enters again.
    pub entered: u64,
    /// Requests that left (also those whose caller had given up); of a queue, messages that were handed over.
    pub left: u64,
    /// Requests that entered and found no worker free.
    pub waited: u64,
    /// Requests that got a worker, and so have a wait.
    pub started: u64,
    /// Sum of these waits [ns].
    pub wait_sum_ns: u128,
    /// Requests that had waited too long for a worker when the run ended, or messages that still waited; they have no wait.
    pub unserved: u64,
    /// What these had waited until the end of the run [ns].
    pub unserved_ns: u128,
    /// Queues: messages that were not done and too old when the run ended; they have no age.
    pub undone: u64,
    /// What these had waited until the end of the run [ns].
    pub undone_ns: u128,
    /// Queues: messages that a consumer has done.
    pub done: u64,
    /// Sum of the times from sending these messages until they were done [ns].
    pub age_sum_ns: u128,
    /// Instances that ran at the end of the slice; of several slices, the sum.
    pub looked_at: u64,
    /// Of these, how many had at least 1, 2, ... requests in them.
    pub holding: [u64; HOLDING],
    /// Gauge at the end of the slice: waiting.
    pub queue_now: u64,
    /// Gauge at the end of the slice: in the service.
    pub in_system_now: u64,
    /// Gauge at the end of the slice: running instances.
    pub instances_now: u64,
    /// Gauge at the end of the slice: instances that a scaler wants.
    pub wanted_now: u64,
    /// Queues: messages lost after their last delivery; dead-lettered ones are not lost.
    pub messages_lost: u64,
    /// Stores: bytes sent to agree on writes, across regions.
    pub consensus_bytes: u64,
    /// Effects applied more than once.
    pub duplicates: u64,
}

/// How long something was up: a service with enough running instances, or an endpoint with all that it cannot do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpCounts {
    /// Time in which it was up [ns].
    pub up_ns: u64,
    /// How often it went down.
    pub outages: u64,
}

impl UpCounts {
    /// What was counted since an earlier state of the same sums.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { up_ns: self.up_ns.wrapping_sub(before.up_ns), outages: self.outages - before.outages }
    }
}

/// Histograms between two marks.
#[derive(Debug, Clone)]
pub struct Period {
    /// Begin, from time 0 [ns].
    pub from_ns: u64,
    /// End [ns].
    pub to_ns: u64,
    /// Latency of answered attempts, by call site.
    pub latency: Vec<SparseHistogram>,
    /// Wait for a worker, by service; of queues, the wait of a message until it is handed over.
    pub wait: Vec<SparseHistogram>,
    /// Of queues, the age of a message when it is done, by service; empty for all others.
    pub age: Vec<SparseHistogram>,
    /// Latency of answered calls with their retries, for load classes with a policy, by call site (empty where it equals `latency`).
    pub call_latency: Vec<SparseHistogram>,
}

impl RunResult {
    /// When a fault struck or, of an id behind all faults, when an experiment ran.
    pub fn struck(&self, fault: FaultId) -> &[Span] {
        let place = fault.index();
        match place.checked_sub(self.faults.len()) {
            None => &self.faults[place],
            Some(experiment) => self.experiments.get(experiment).map_or(&[], |experiment| &experiment.spans),
        }
    }

    /// The counts of a call site between two times [ns from 0]; slices that begin in between count.
    pub fn edge(&self, edge: EdgeId, span: Span) -> EdgeCounts {
        let mut sum = EdgeCounts::default();
        for slice in self.slices_in(span) {
            sum.add(&slice.edges[edge.index()]);
        }
        sum
    }

    /// The counts of a service between two times [ns from 0]; gauges are those at the end.
    pub fn service(&self, service: ServiceId, span: Span) -> ServiceCounts {
        let mut sum = ServiceCounts::default();
        for slice in self.slices_in(span) {
            sum.add(&slice.services[service.index()]);
        }
        sum
    }

    /// Slices that begin within the span.
    pub fn slices_in(&self, span: Span) -> impl Iterator<Item = &Slice> {
        self.slices.iter().filter(move |s| {
            let from = i64::try_from(s.from_ns).unwrap_or(i64::MAX);
            from >= span.from_ns && from < span.to_ns
        })
    }

    /// Merged histogram of periods that begin within the span, of whichever histogram `pick` picks.
    pub fn histogram<'a>(&'a self, span: Span, pick: impl Fn(&'a Period) -> &'a SparseHistogram) -> Histogram {
        let mut sum = Histogram::new();
        for period in &self.periods {
            let from = i64::try_from(period.from_ns).unwrap_or(i64::MAX);
            if from >= span.from_ns && from < span.to_ns {
                sum.add_sparse(pick(period));
            }
        }
        sum
    }

    /// The measured time as a span.
    pub fn whole(&self) -> Span {
        Span { from_ns: 0, to_ns: i64::try_from(self.measured_ns).unwrap_or(i64::MAX) }
    }
}

impl EdgeCounts {
    /// Adds another stretch of time, or another call site.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.attempts += other.attempts;
        for i in 0..8 {
            self.call_outcomes[i] += other.call_outcomes[i];
            self.outcomes[i] += other.outcomes[i];
        }
        self.failed_below += other.failed_below;
        self.retries += other.retries;
        self.hedges += other.hedges;
        self.hedge_wins += other.hedge_wins;
        self.ejections += other.ejections;
        self.withdrawn += other.withdrawn;
        self.rejected += other.rejected;
        self.breaker_opened += other.breaker_opened;
        self.unanswered += other.unanswered;
        self.call_unanswered += other.call_unanswered;
        self.budget_exhausted += other.budget_exhausted;
        self.abandoned += other.abandoned;
        self.wrong += other.wrong;
        self.latency_sum_ns += other.latency_sum_ns;
        self.call_latency_sum_ns += other.call_latency_sum_ns;
        self.bytes += other.bytes;
        for i in 0..2 {
            self.bytes_across[i] += other.bytes_across[i];
        }
    }

    /// What was counted since an earlier state of the same counts.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let each = |now: [u64; 8], then: [u64; 8]| std::array::from_fn(|i| now[i] - then[i]);
        Self {
            calls: self.calls - before.calls,
            call_outcomes: each(self.call_outcomes, before.call_outcomes),
            attempts: self.attempts - before.attempts,
            outcomes: each(self.outcomes, before.outcomes),
            failed_below: self.failed_below - before.failed_below,
            retries: self.retries - before.retries,
            hedges: self.hedges - before.hedges,
            hedge_wins: self.hedge_wins - before.hedge_wins,
            ejections: self.ejections - before.ejections,
            withdrawn: self.withdrawn - before.withdrawn,
            rejected: self.rejected - before.rejected,
            breaker_opened: self.breaker_opened - before.breaker_opened,
            unanswered: self.unanswered - before.unanswered,
            call_unanswered: self.call_unanswered - before.call_unanswered,
            budget_exhausted: self.budget_exhausted - before.budget_exhausted,
            abandoned: self.abandoned - before.abandoned,
            wrong: self.wrong - before.wrong,
            latency_sum_ns: self.latency_sum_ns.wrapping_sub(before.latency_sum_ns),
            call_latency_sum_ns: self.call_latency_sum_ns.wrapping_sub(before.call_latency_sum_ns),
            bytes: self.bytes - before.bytes,
            bytes_across: std::array::from_fn(|i| self.bytes_across[i] - before.bytes_across[i]),
        }
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

    /// Attempts that ended, with those that were stopped.
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum::<u64>() + self.withdrawn
    }
}

/// What a running sum modulo 2^64 has grown by.
fn passed(now: u128, before: u128) -> u128 {
    u128::from((now as u64).wrapping_sub(before as u64))
}

impl ServiceCounts {
    /// Integral of the cores of running instances over time [ns of one core]. Without `cores` a worker has one for itself; 0 where workers
    /// are unlimited, too.
    pub fn cores_ns(&self, cores: Option<u32>) -> u128 {
        cores.map_or(self.workers_ns, |cores| self.instances_ns * u128::from(cores))
    }

    /// What was counted since an earlier state of the same sums; gauges are those of now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            instances_ns: passed(self.instances_ns, before.instances_ns),
            paid_ns: passed(self.paid_ns, before.paid_ns),
            busy_ns: passed(self.busy_ns, before.busy_ns),
            workers_ns: passed(self.workers_ns, before.workers_ns),
            cpu_ns: passed(self.cpu_ns, before.cpu_ns),
            queue_ns: passed(self.queue_ns, before.queue_ns),
            in_system_ns: passed(self.in_system_ns, before.in_system_ns),
            entered: self.entered - before.entered,
            waited: self.waited - before.waited,
            left: self.left - before.left,
            started: self.started - before.started,
            wait_sum_ns: passed(self.wait_sum_ns, before.wait_sum_ns),
            unserved: self.unserved - before.unserved,
            unserved_ns: passed(self.unserved_ns, before.unserved_ns),
            undone: self.undone - before.undone,
            undone_ns: passed(self.undone_ns, before.undone_ns),
            done: self.done - before.done,
            age_sum_ns: passed(self.age_sum_ns, before.age_sum_ns),
            messages_lost: self.messages_lost - before.messages_lost,
            consensus_bytes: self.consensus_bytes - before.consensus_bytes,
            duplicates: self.duplicates - before.duplicates,
            ..*self
        }
    }

    /// Takes out a stretch of time that was added before; gauges stay.
    pub fn take_out(&mut self, first: &Self) {
        self.instances_ns -= first.instances_ns;
        self.paid_ns -= first.paid_ns;
        self.busy_ns -= first.busy_ns;
        self.workers_ns -= first.workers_ns;
        self.cpu_ns -= first.cpu_ns;
        self.queue_ns -= first.queue_ns;
        self.in_system_ns -= first.in_system_ns;
        self.entered -= first.entered;
        self.waited -= first.waited;
        self.looked_at -= first.looked_at;
        self.holding.iter_mut().zip(first.holding).for_each(|(sum, n)| *sum -= n);
        self.left -= first.left;
        self.started -= first.started;
        self.wait_sum_ns -= first.wait_sum_ns;
        self.done -= first.done;
        self.age_sum_ns -= first.age_sum_ns;
        self.undone -= first.undone;
        self.undone_ns -= first.undone_ns;
        self.unserved -= first.unserved;
        self.unserved_ns -= first.unserved_ns;
        self.messages_lost -= first.messages_lost;
        self.consensus_bytes -= first.consensus_bytes;
        self.duplicates -= first.duplicates;
    }

    /// Adds the next stretch of time; gauges are replaced.
    pub fn add(&mut self, next: &Self) {
        self.instances_ns += next.instances_ns;
        self.paid_ns += next.paid_ns;
        self.busy_ns += next.busy_ns;
        self.workers_ns += next.workers_ns;
        self.cpu_ns += next.cpu_ns;
        self.queue_ns += next.queue_ns;
        self.in_system_ns += next.in_system_ns;
        self.entered += next.entered;
        self.waited += next.waited;
        self.undone += next.undone;
        self.undone_ns += next.undone_ns;
        self.unserved += next.unserved;
        self.unserved_ns += next.unserved_ns;
        self.looked_at += next.looked_at;
        self.holding.iter_mut().zip(next.holding).for_each(|(sum, n)| *sum += n);
        self.left += next.left;
        self.started += next.started;
        self.wait_sum_ns += next.wait_sum_ns;
        self.done += next.done;
        self.age_sum_ns += next.age_sum_ns;
        self.messages_lost += next.messages_lost;
        self.consensus_bytes += next.consensus_bytes;
        self.duplicates += next.duplicates;
        self.queue_now = next.queue_now;
        self.in_system_now = next.in_system_now;
        self.instances_now = next.instances_now;
        self.wanted_now = next.wanted_now;
    }
}
