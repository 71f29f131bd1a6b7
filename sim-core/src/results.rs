//! Plain data: all that leaves the engine, and what studies make of it.
//!
//! A [`RunResult`] is one replication, in counts and histograms. A study merges many, in the order of their index, to one
//! [`StudyResult`], in which every number with a spread is an [`Estimate`]. Of that, [`Summary`] is `results.json`: its keys are a
//! contract. Nothing here depends on the machine or the clock.

use crate::metrics::{Histogram, SparseHistogram};
use crate::model::{EdgeId, ServiceId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A mean with its 95 % interval. Without spread (one replication, or a constant) `low == mean == high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Mean over the replications, or the quantile of the merged histogram.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Estimate {
    /// A number without spread: set by the file, or arithmetic.
    pub fn exact(value: f64) -> Self {
        Self { mean: value, low: value, high: value }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The same in another unit.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        Self { mean: self.mean * factor, low: self.low * factor, high: self.high * factor }
    }
}

// ------------------------------------------------------------------------------------------------ one replication

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
    /// More events happened than `run.bounds.events` allows.
    Events {
        /// When, in nanoseconds from time 0.
        at_ns: i64,
    },
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
    /// When each fault struck, by its id.
    pub faults: Vec<Vec<Span>>,
    /// When each alert fired, by its place.
    pub alerts: Vec<Vec<Span>>,
    /// Breaker openings: call site and time from 0 [ns], the first 10,000.
    pub openings: Vec<(EdgeId, i64)>,
    /// Attempts in flight at time 0, by call site: `attempts` of all slices and these end in `outcomes` or in `in_flight`.
    pub in_flight_at_zero: Vec<u64>,
    /// Attempts in flight at the end, by call site.
    pub in_flight: Vec<u64>,
}

/// From when to when, in nanoseconds from time 0 (the warm-up is negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Begin.
    pub from_ns: i64,
    /// End.
    pub to_ns: i64,
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
    /// Attempts that are retries.
    pub retries: u64,
    /// Calls that an open breaker turned away.
    pub rejected: u64,
    /// Openings of the breaker.
    pub breaker_opened: u64,
    /// Retries that a budget did not allow.
    pub budget_exhausted: u64,
    /// Attempts that were given up by the caller and went on working.
    pub abandoned: u64,
    /// Attempts whose reply looked ok and was wrong.
    pub wrong: u64,
    /// Sum of the latency of answered attempts [ns].
    pub latency_sum_ns: u64,
    /// Bytes sent, both ways.
    pub bytes: u64,
    /// Bytes of these that crossed zones, and regions.
    pub bytes_across: [u64; 2],
}

/// Counts and integrals of one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Integral of running instances over time [ns].
    pub instances_ns: u64,
    /// Integral of instances that are paid for (ordered, starting, running, draining) [ns].
    pub paid_ns: u64,
    /// Integral of workers that are held [ns]; of unlimited ones too.
    pub busy_ns: u64,
    /// Integral of workers that exist on running instances [ns]; 0 where unlimited.
    pub workers_ns: u64,
    /// Integral of CPU time used [ns of one core].
    pub cpu_ns: u64,
    /// Integral of requests waiting for a worker [ns].
    pub queue_ns: u64,
    /// Integral of requests in the service, waiting, at work or awaiting a callee [ns].
    pub in_system_ns: u64,
    /// Requests that entered.
    pub entered: u64,
    /// Requests that left (also those whose caller had given up).
    pub left: u64,
    /// Requests that got a worker, and so have a wait.
    pub started: u64,
    /// Sum of these waits [ns].
    pub wait_sum_ns: u64,
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

/// Histograms between two marks.
#[derive(Debug, Clone)]
pub struct Period {
    /// Begin, from time 0 [ns].
    pub from_ns: u64,
    /// End [ns].
    pub to_ns: u64,
    /// Latency of answered attempts, by call site.
    pub latency: Vec<SparseHistogram>,
    /// Wait for a worker, by service (for queues: age of a message when it is done).
    pub wait: Vec<SparseHistogram>,
    /// Latency of answered calls with their retries, for load classes with a policy, by call site (empty where it equals `latency`).
    pub call_latency: Vec<SparseHistogram>,
}

impl RunResult {
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
        self.retries += other.retries;
        self.rejected += other.rejected;
        self.breaker_opened += other.breaker_opened;
        self.budget_exhausted += other.budget_exhausted;
        self.abandoned += other.abandoned;
        self.wrong += other.wrong;
        self.latency_sum_ns += other.latency_sum_ns;
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
            retries: self.retries - before.retries,
            rejected: self.rejected - before.rejected,
            breaker_opened: self.breaker_opened - before.breaker_opened,
            budget_exhausted: self.budget_exhausted - before.budget_exhausted,
            abandoned: self.abandoned - before.abandoned,
            wrong: self.wrong - before.wrong,
            latency_sum_ns: self.latency_sum_ns.wrapping_sub(before.latency_sum_ns),
            bytes: self.bytes - before.bytes,
            bytes_across: std::array::from_fn(|i| self.bytes_across[i] - before.bytes_across[i]),
        }
    }

    /// Attempts that ended.
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

impl ServiceCounts {
    /// What was counted since an earlier state of the same sums; gauges are those of now.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            instances_ns: self.instances_ns.wrapping_sub(before.instances_ns),
            paid_ns: self.paid_ns.wrapping_sub(before.paid_ns),
            busy_ns: self.busy_ns.wrapping_sub(before.busy_ns),
            workers_ns: self.workers_ns.wrapping_sub(before.workers_ns),
            cpu_ns: self.cpu_ns.wrapping_sub(before.cpu_ns),
            queue_ns: self.queue_ns.wrapping_sub(before.queue_ns),
            in_system_ns: self.in_system_ns.wrapping_sub(before.in_system_ns),
            entered: self.entered - before.entered,
            left: self.left - before.left,
            started: self.started - before.started,
            wait_sum_ns: self.wait_sum_ns.wrapping_sub(before.wait_sum_ns),
            messages_lost: self.messages_lost - before.messages_lost,
            consensus_bytes: self.consensus_bytes - before.consensus_bytes,
            duplicates: self.duplicates - before.duplicates,
            ..*self
        }
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
        self.left += next.left;
        self.started += next.started;
        self.wait_sum_ns += next.wait_sum_ns;
        self.messages_lost += next.messages_lost;
        self.consensus_bytes += next.consensus_bytes;
        self.duplicates += next.duplicates;
        self.queue_now = next.queue_now;
        self.in_system_now = next.in_system_now;
        self.instances_now = next.instances_now;
        self.wanted_now = next.wanted_now;
    }
}

// ------------------------------------------------------------------------------------------------ a study of many

/// What `results.json` holds. Estimates are `{mean, low, high}`, units stand in the keys. `None` is "no data".
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Seed of the study.
    pub seed: u64,
    /// Replications merged.
    pub replications: u32,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Hash of the digests of all replications, 16 hexadecimal digits.
    pub digest: String,
    /// Measured time of one replication [s].
    pub simulated_s: f64,
    /// Warm-up, cut from all numbers [s].
    pub warm_up_s: f64,
    /// Replications that a bound stopped, and why.
    pub stopped: Vec<StoppedRun>,
    /// By `service.endpoint`.
    pub endpoints: BTreeMap<String, EndpointSummary>,
    /// By name of the service, store or queue.
    pub services: BTreeMap<String, ServiceSummary>,
    /// By `caller->service.endpoint`.
    pub calls: BTreeMap<String, CallSummary>,
    /// In the order of the file.
    pub promises: Vec<PromiseSummary>,
    /// The clauses of `expect`, in the order of the file.
    pub expectations: Vec<PromiseSummary>,
    /// The bill.
    pub cost: CostSummary,
    /// What was wrong, and what it costs.
    pub wrongness: WrongnessSummary,
    /// By name of the alert.
    pub alerts: BTreeMap<String, AlertSummary>,
    /// Arithmetic beside simulation, where it can be done.
    pub arithmetic: Vec<ArithmeticRow>,
}

/// A replication that ended early.
#[derive(Debug, Clone, Serialize)]
pub struct StoppedRun {
    /// Its number.
    pub replication: u32,
    /// Why and when.
    pub why: Stopped,
}

/// Of one endpoint, as its callers saw it, attempt by attempt.
#[derive(Debug, Clone, Serialize)]
pub struct EndpointSummary {
    /// Requests that ended, per replication.
    pub requests: Estimate,
    /// Requests by outcome, per replication.
    pub outcomes: BTreeMap<&'static str, Estimate>,
    /// Share of requests answered (ok or degraded); `None` without requests.
    pub availability: Option<Estimate>,
    /// Answers (ok or degraded) that were not wrong, a second.
    pub goodput_per_s: Estimate,
    /// Replies that looked ok and were wrong, per replication.
    pub wrong: Estimate,
    /// Latency of answered requests; `None` without answers.
    pub latency_s: Option<LatencySummary>,
    /// Requests in flight at the end, per replication, which are counted in no share.
    pub in_flight: Estimate,
    /// Whether a load class calls it.
    pub entry: bool,
}

/// Latency [s].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatencySummary {
    /// Mean.
    pub mean: Estimate,
    /// Median.
    pub p50: Estimate,
    /// 90th percentile.
    pub p90: Estimate,
    /// 95th percentile.
    pub p95: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
    /// 99.9th percentile.
    #[serde(rename = "p99.9")]
    pub p99_9: Estimate,
}

/// Of one service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceSummary {
    /// Share of workers that are held; `None` where workers are unlimited.
    pub utilisation: Option<Estimate>,
    /// Wait for a worker; `None` if nobody came.
    pub queue_wait_s: Option<WaitSummary>,
    /// Mean number waiting.
    pub queue_length: Estimate,
    /// Mean number in the service.
    pub in_system: Estimate,
    /// Mean number of running instances.
    pub instances: Estimate,
}

/// Wait [s].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WaitSummary {
    /// Mean.
    pub mean: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
}

/// Of one call, all call sites of that name together.
#[derive(Debug, Clone, Serialize)]
pub struct CallSummary {
    /// Calls begun, per replication.
    pub calls: Estimate,
    /// Attempts sent.
    pub attempts: Estimate,
    /// Attempts that are retries.
    pub retries: Estimate,
    /// Calls turned away by an open breaker.
    pub rejected: Estimate,
    /// Openings of the breakers of all caller instances.
    pub breaker_opened: Estimate,
    /// Attempts that timed out.
    pub timeouts: Estimate,
    /// Retries that a budget did not allow.
    pub budget_exhausted: Estimate,
    /// Attempts given up by the caller that went on working.
    pub abandoned: Estimate,
    /// Attempts for each call that was let through; `None` without calls.
    pub amplification: Option<Estimate>,
}

/// The judgement of a promise or a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Kept, at the confidence asked for.
    Held,
    /// The data does not decide, or there is none.
    Inconclusive,
    /// Not kept.
    Broken,
}

/// A promise or clause and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseSummary {
    /// Its name; for a clause its text.
    pub name: String,
    /// What is promised, as a sentence: `gateway.checkout answers at least 99.5% of requests`.
    pub says: String,
    /// Held, broken or inconclusive.
    pub verdict: Verdict,
    /// Share of replications that keep it, with its Wilson interval; `None` without data.
    pub probability: Option<Estimate>,
    /// Replications that keep it.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// The value that was judged, in `unit`; `None` without data.
    pub observed: Option<Estimate>,
    /// What it is judged against, in `unit`.
    pub promised: Option<f64>,
    /// Whether the observed value has to be at most (`true`) or at least (`false`) the promised one.
    pub at_most: bool,
    /// Unit of `observed` and `promised`.
    pub unit: Unit,
    /// What to know beside it, one sentence; may be empty.
    pub note: String,
    /// How many replications would settle it, if the share stays; only for the inconclusive.
    pub would_settle: Option<u32>,
    /// Path of the promise in the scenario, for annotations: `promises.works`, `expect.3`.
    pub path: String,
}

/// The unit of a number, which decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share from 0 to 1, written in percent.
    Share,
    /// Per second.
    PerSecond,
    /// Money.
    Money,
    /// Money a month.
    MoneyPerMonth,
    /// Money a year.
    MoneyPerYear,
    /// Bytes.
    Bytes,
    /// A number.
    Count,
}

/// The bill.
#[derive(Debug, Clone, Serialize)]
pub struct CostSummary {
    /// Infrastructure a month of 730 h, without what faults cause.
    pub per_month: Estimate,
    /// Twelve months.
    pub per_year: Estimate,
    /// Infrastructure for a million requests of all load classes; `None` without load.
    pub per_million_requests: Option<Estimate>,
    /// The items, in the order of the file.
    pub items: Vec<CostItemSummary>,
}

/// One item of the bill.
#[derive(Debug, Clone, Serialize)]
pub struct CostItemSummary {
    /// As the user wrote it.
    pub name: String,
    /// infrastructure, sales, wrongness or penalties.
    pub group: String,
    /// How it is priced: `4 x $0.17/h`.
    pub priced_as: String,
    /// What was metered, scaled to a month, in `metered_unit`.
    pub metered_per_month: Estimate,
    /// h, GB, GiB, things.
    pub metered_unit: String,
    /// A month.
    pub per_month: Estimate,
    /// A year: twelve months, or what the faults of a year cause.
    pub per_year: Estimate,
    /// For what is caused by faults: the cost of one; `None` for the rest.
    pub per_incident: Option<Estimate>,
}

/// What was wrong.
#[derive(Debug, Clone, Serialize)]
pub struct WrongnessSummary {
    /// Incidents by kind, per replication.
    pub incidents: BTreeMap<&'static str, Estimate>,
    /// Price of all wrong outcomes a year.
    pub cost_per_year: Estimate,
    /// Price of all wrong outcomes and lost requests of one occurrence of the faults; `None` without a priced fault.
    pub cost_per_incident: Option<Estimate>,
}

/// Of one alert.
#[derive(Debug, Clone, Serialize)]
pub struct AlertSummary {
    /// Firings, per replication.
    pub fired: Estimate,
    /// From the start of a fault to the first firing [s]; `None` where it never fired in a fault.
    pub time_to_detect_s: Option<Estimate>,
}

/// One row of arithmetic beside simulation.
#[derive(Debug, Clone, Serialize)]
pub struct ArithmeticRow {
    /// What is compared: `availability of gateway.checkout`.
    pub of: String,
    /// By arithmetic.
    pub arithmetic: f64,
    /// Simulated.
    pub simulated: Estimate,
    /// Unit of both.
    pub unit: Unit,
    /// Why they differ, a sentence; may be empty.
    pub why: String,
}

/// All that a report of one scenario is made of.
#[derive(Debug, Clone)]
pub struct StudyResult {
    /// `results.json`.
    pub summary: Summary,
    /// Windows of the time series, from time 0.
    pub windows: Vec<Window>,
    /// Time series by endpoint (only endpoints that a load calls).
    pub endpoint_series: Vec<EndpointSeries>,
    /// Time series by service.
    pub service_series: Vec<ServiceSeries>,
    /// Time series by call, only of calls with a policy (retry, breaker or timeout).
    pub call_series: Vec<CallSeries>,
    /// Cost by item and window: `[item][window]`, money in that window.
    pub cost_series: Vec<Vec<Estimate>>,
    /// Latency tail by endpoint that a load calls.
    pub tails: Vec<Tail>,
    /// When faults struck (scheduled ones, or the first replication's for random ones).
    pub faults: Vec<FaultSpan>,
    /// How the load changes: what the author wrote of spikes and steps.
    pub load_events: Vec<LoadEvent>,
    /// Values of each replication that promises are judged by: `[promise][replication]`; `None` without data.
    pub promise_values: Vec<Vec<Option<f64>>>,
    /// Mean availability of the first entry endpoint over the first n replications: (n, estimate).
    pub convergence: Vec<(u32, Estimate)>,
    /// Time from the begin of a fault to the first opening of a breaker: (call, fault, seconds).
    pub time_to_open: Vec<(String, String, Estimate)>,
    /// Requests of all load classes judged, over all replications.
    pub requests_judged: u64,
    /// Requests in flight at the end, mean per replication.
    pub in_flight: f64,
}

/// A window of the time series.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Begin, from time 0 [s].
    pub from_s: f64,
    /// End [s].
    pub to_s: f64,
}

/// One endpoint over time; each list has one entry a window.
#[derive(Debug, Clone)]
pub struct EndpointSeries {
    /// `service.endpoint`.
    pub name: String,
    /// Share answered.
    pub availability: Vec<Option<Estimate>>,
    /// Share answered in full (ok).
    pub in_full: Vec<Option<Estimate>>,
    /// Ended requests a second, by outcome in the order of [`crate::model::Outcome::ALL`].
    pub outcomes_per_s: [Vec<Estimate>; 8],
    /// Offered requests a second.
    pub offered_per_s: Vec<Estimate>,
    /// Median latency of answers [s].
    pub p50_s: Vec<Option<Estimate>>,
    /// 99th percentile [s].
    pub p99_s: Vec<Option<Estimate>>,
    /// 99.9th percentile [s].
    pub p99_9_s: Vec<Option<Estimate>>,
}

/// One service over time.
#[derive(Debug, Clone)]
pub struct ServiceSeries {
    /// As the user wrote it.
    pub name: String,
    /// Running instances, mean of the window.
    pub instances: Vec<Estimate>,
    /// Fewest and most running instances in any replication at the end of the window.
    pub instances_range: Vec<(f64, f64)>,
    /// Instances that a scaler wants at the end of the window; equal to `instances` without a scaler.
    pub wanted: Vec<Estimate>,
    /// Requests that entered, a second.
    pub offered_per_s: Vec<Estimate>,
    /// Mean number waiting.
    pub queue_length: Vec<Estimate>,
    /// Share of workers held.
    pub utilisation: Vec<Option<Estimate>>,
    /// Whether a scaler moves it.
    pub scaled: bool,
}

/// One call over time.
#[derive(Debug, Clone)]
pub struct CallSeries {
    /// `caller->service.endpoint`.
    pub name: String,
    /// Attempts a second.
    pub attempts_per_s: Vec<Estimate>,
    /// Retries a second.
    pub retries_per_s: Vec<Estimate>,
    /// Turned away by an open breaker, a second.
    pub rejected_per_s: Vec<Estimate>,
}

/// Share of answers slower than a latency, in up to three stretches of time.
#[derive(Debug, Clone)]
pub struct Tail {
    /// `service.endpoint`.
    pub name: String,
    /// Whole run, or before, during and after the first scheduled fault.
    pub curves: Vec<TailCurve>,
}

/// One curve of a tail.
#[derive(Debug, Clone)]
pub struct TailCurve {
    /// `whole run`, `before`, `during`, `after`.
    pub label: String,
    /// From when to when [s].
    pub span_s: (f64, f64),
    /// Answers in it, all replications together.
    pub answers: u64,
    /// (latency [s], share of answers that are slower), by latency.
    pub points: Vec<(f64, f64)>,
    /// 99th percentile [s] with its interval; `None` without answers.
    pub p99_s: Option<Estimate>,
}

/// When a fault was there.
#[derive(Debug, Clone)]
pub struct FaultSpan {
    /// As the user wrote it.
    pub name: String,
    /// What it does: `payment 10 times slower`.
    pub says: String,
    /// Begin [s].
    pub from_s: f64,
    /// End [s].
    pub to_s: f64,
    /// Times a year in life, if the file says so.
    pub per_year: Option<f64>,
    /// Whether the times are the same in all replications.
    pub scheduled: bool,
}

/// A change of the load that the author wrote.
#[derive(Debug, Clone)]
pub struct LoadEvent {
    /// The load class.
    pub load: String,
    /// What happens: `load times 1.5`.
    pub says: String,
    /// Begin [s].
    pub from_s: f64,
    /// End [s]; `None` until the end.
    pub to_s: Option<f64>,
}
