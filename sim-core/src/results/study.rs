//! A study of many replications: every number with a spread is an estimate.

use super::network::{LinkSummary, ProbeSummary};
use super::wrong::ListedWrong;
use super::{
    CallSeries, DeploySummary, EndpointSeries, Estimate, ExperimentSummary, FaultSpan, IncidentsSummary, Journal,
    Limit, LoadEvent, LoopSummary, ModesSummary, PrecisionSummary, PromiseSummary, RunbookSummary, ServiceSeries,
    Stopped, StoppedEarly, System, Tail, WentOn, Window, Words,
};
use crate::expression::Group;
use crate::units::Unit;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// How it went on after its first batch, which left a verdict inconclusive; `None` where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_on: Option<WentOn>,
    /// That it was stopped from outside before all its replications were run; `None` where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_early: Option<StoppedEarly>,
    /// How precise the answer was to be and became; `None` where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionSummary>,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Hash of the digests of all replications, 16 hexadecimal digits.
    pub digest: String,
    /// Measured time of one replication [s].
    pub simulated_s: f64,
    /// Warm-up, cut from all numbers [s].
    pub warm_up_s: f64,
    /// One request in so many was simulated: numbers and rates are theirs, and the bill is that of all; `None` where each was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<u64>,
    /// Replications that a bound stopped, and why.
    pub stopped: Vec<StoppedRun>,
    /// What was left out of replications because there was too much of it, where a number may depend on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitReached>,
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
    /// In the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentSummary>,
    /// Deploys of new versions, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deploys: Vec<DeploySummary>,
    /// What was done when alerts fired, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runbooks: Vec<RunbookSummary>,
    /// From each fault that an alert finds to its end, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loops: Vec<LoopSummary>,
    /// Incidents; `None` where nothing makes any of alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incidents: Option<IncidentsSummary>,
    /// The operating modes, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<ModesSummary>,
    /// The bill.
    pub cost: CostSummary,
    /// What was wrong, and what it costs.
    pub wrongness: WrongnessSummary,
    /// By direction of a named link, `direct.west->east`, and by route.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkSummary>,
    /// By direction of probes: `sites.north->south`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<String, ProbeSummary>,
    /// By name of the telemetry pipeline, where its records are counted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub telemetry: BTreeMap<String, TelemetrySummary>,
    /// By name of the alert.
    pub alerts: BTreeMap<String, AlertSummary>,
    /// By name of the scaler.
    pub scalers: BTreeMap<String, ScalerSummary>,
    /// Arithmetic beside simulation, where it can be done.
    pub arithmetic: Vec<ArithmeticRow>,
}

/// What became of the records of a telemetry pipeline, per replication.
#[derive(Debug, Clone, Serialize)]
pub struct TelemetrySummary {
    /// Records that the queue to its sink took and did not lose.
    pub records: Estimate,
    /// Records that were lost because the queue was full.
    pub dropped: Estimate,
    /// Records that left with what must never leave.
    pub leaked: Estimate,
    /// Records that have reached the sink.
    pub arrived: Estimate,
}

/// A bound of what results keep that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitReached {
    /// The bound that was reached.
    pub limit: Limit,
    /// In how many replications.
    pub replications: u32,
    /// How often in all.
    pub left_out: u64,
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
    /// Requests that ended or are unanswered, per replication.
    pub requests: Estimate,
    /// Requests by outcome, per replication.
    pub outcomes: BTreeMap<&'static str, Estimate>,
    /// Requests without a timeout that had waited too long for an answer when the run ended, per replication; they are in no outcome.
    pub unanswered: Estimate,
    /// Share of requests answered (ok or degraded); `None` without requests.
    pub availability: Option<Estimate>,
    /// Share of requests that the endpoint did not fail by itself: those at its own door (rejected, shed, waited too long for a worker), by
    /// faults, crashes and `fail` steps, and by the timeout of a caller. What failed because a call failed that the endpoint made is the
    /// callee's. `None` without requests.
    pub by_itself: Option<Estimate>,
    /// Answers (ok or degraded) that were not wrong, a second.
    pub goodput_per_s: Estimate,
    /// Replies that looked ok and were wrong, per replication.
    pub wrong: Estimate,
    /// Latency of answered requests; `None` without answers.
    pub latency_s: Option<LatencySummary>,
    /// Requests in flight at the end, per replication. But for those that are `unanswered`, they are counted in no share.
    pub in_flight: Estimate,
    /// Whether a load class calls it.
    pub entry: bool,
}

/// Latency [s].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatencySummary {
    /// Mean [s].
    pub mean: Estimate,
    /// Median [s].
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
    /// Whether it is a queue, in which messages wait.
    pub is_queue: bool,
    /// Whether it is a cache in the memory of its callers, which has no instances.
    #[serde(skip)]
    pub in_memory: bool,
    /// Endpoints that its endpoints call while they hold a worker.
    #[serde(skip)]
    pub holds_for: Vec<String>,
    /// Share of workers that are held; `None` where workers are unlimited.
    pub utilisation: Option<Estimate>,
    /// Share of the instances' cores that are busy; `None` where neither cores nor workers are limited.
    pub cpu: Option<Estimate>,
    /// Wait for a worker; `None` if nobody came.
    pub queue_wait_s: Option<WaitSummary>,
    /// Mean number waiting.
    pub queue_length: Estimate,
    /// Requests that had waited too long for a worker when the run ended, or messages of a queue that were not done and too old, per
    /// replication.
    pub unserved: Estimate,
    /// Mean number in the service.
    pub in_system: Estimate,
    /// Mean number of running instances.
    pub instances: Estimate,
    /// Attempts that came for each that no retry or hedge has caused; `None` where none came, and where none or all were caused so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree_amplification: Option<Estimate>,
    /// Share of the CPU time used that was spent for callers who had given up or were gone; `None` where none was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_for_nobody: Option<Estimate>,
    /// Share of lookups that found a value; `None` of what is no cache, or if nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_ratio: Option<Estimate>,
    /// What the families count at services, by the name of the counter: per replication, where it was counted in any.
    #[serde(flatten)]
    pub counters: BTreeMap<&'static str, Estimate>,
    /// Levels that left 0 in any replication.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<&'static str, LevelSummary>,
}

/// Wait [s].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WaitSummary {
    /// Mean [s].
    pub mean: Estimate,
    /// 99th percentile.
    pub p99: Estimate,
}

/// A level: what goes up and down.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LevelSummary {
    /// Its average over time.
    pub average: Estimate,
    /// The highest of a replication.
    pub most: Estimate,
}

/// Of one call, all call sites of that name together.
#[derive(Debug, Clone, Serialize)]
pub struct CallSummary {
    /// The endpoint that is called: `service.endpoint`.
    #[serde(skip)]
    pub callee: String,
    /// Whether a timeout, of an attempt or of the whole call, bounds the wait at every call site of that name.
    #[serde(skip)]
    pub bounded: bool,
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
    /// Attempts that are hedges; `None` where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedges: Option<Estimate>,
    /// Calls that a hedge answered first; `None` where there were no hedges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hedge_wins: Option<Estimate>,
    /// Attempts for each call that was let through; `None` without calls.
    pub amplification: Option<Estimate>,
    /// What else the families count of calls, by the name of the counter: per replication, where it was counted in any.
    #[serde(flatten)]
    pub counters: BTreeMap<&'static str, Estimate>,
    /// The parts that were timed before attempts were sent, by the name of the part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub times_s: BTreeMap<&'static str, WaitSummary>,
    /// Levels of the state that the call shares, which left 0 in any replication.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<&'static str, LevelSummary>,
}

impl Summary {
    /// All that a gate judges: promises, hypotheses of experiments and clauses, but for promises that a clause says are not held, and
    /// hypotheses that a clause speaks of. Of those the clause is judged.
    pub fn judged(&self) -> impl Iterator<Item = &PromiseSummary> {
        let hypotheses = self.experiments.iter().map(|experiment| &experiment.judgement);
        let own = self.promises.iter().chain(hypotheses).filter(|promise| promise.denied_by.is_none());
        own.chain(&self.expectations)
    }
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
    /// Infrastructure for a terabyte that load classes send and are answered; `None` where their calls have no size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_terabyte: Option<Estimate>,
    /// Infrastructure a month for each user; `None` where no load class says how many it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_user: Option<Estimate>,
    /// The items, in the order of the file.
    pub items: Vec<CostItemSummary>,
}

/// One item of the bill.
#[derive(Debug, Clone, Serialize)]
pub struct CostItemSummary {
    /// As the user wrote it.
    pub name: String,
    /// infrastructure, sales, wrongness or penalties.
    pub group: Group,
    /// How it is priced: `4 x $0.17/h`.
    pub priced_as: String,
    /// What was metered, scaled to a month, in `metered_unit`.
    pub metered_per_month: Estimate,
    /// h, GB, GiB, things.
    pub metered_unit: String,
    /// Money in a month of 730 h without the faults.
    pub per_month: Estimate,
    /// A year: twelve months without the faults, and what those of a year add.
    pub per_year: Estimate,
    /// Money of a run for the cores that worked for callers who had given up or were gone; `None` where there were none, and where the item
    /// meters no instances with cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent_for_nobody: Option<Estimate>,
    /// For failures, slow answers and wrong replies: what one occurrence of each fault adds to the same run without it; `None` for the rest.
    pub per_incident: Option<Estimate>,
}

/// What was wrong.
#[derive(Debug, Clone, Serialize)]
pub struct WrongnessSummary {
    /// Incidents by kind, per replication.
    pub incidents: BTreeMap<&'static str, Estimate>,
    /// The same by kind and cause, only what happened.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub causes: BTreeMap<&'static str, BTreeMap<&'static str, Estimate>>,
    /// The first hundred and the first ten of each kind and cause, in the order of replication and time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<ListedWrong>,
    /// Price of all wrong outcomes a year.
    pub cost_per_year: Estimate,
    /// Price of all wrong outcomes and lost requests that one occurrence of each fault adds to the same run without it; `None` without
    /// a priced fault.
    pub cost_per_incident: Option<Estimate>,
    /// The same by fault, in the order of the file.
    pub by_fault: Vec<FaultPrice>,
    /// What is lost in a year, as a distribution; `None` where nothing that is lost has a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<LossYears>,
    /// Replications that were simulated again without the faults, to tell what these add.
    pub runs_without_incidents: u32,
}

/// What lost and wrong requests and broken promises cost in a year, over many years that are put together of what was simulated.
#[derive(Debug, Clone, Serialize)]
pub struct LossYears {
    /// Years that were put together.
    pub years: u32,
    /// Mean of them.
    pub mean: f64,
    /// One year in twenty loses less.
    pub p5: f64,
    /// Half of them lose less.
    pub p50: f64,
    /// One year in twenty loses more.
    pub value_at_risk_95: f64,
    /// One year in a hundred loses more.
    pub value_at_risk_99: f64,
    /// Mean of the worst twentieth.
    pub shortfall_95: f64,
    /// What broken promises cost, where these years and the bill differ in it; `None` elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_promises: Option<BrokenPromises>,
    /// Losses from the least to the most, with the share of years that lose more.
    #[serde(skip)]
    pub exceeded: Vec<(f64, f64)>,
}

/// What broken promises cost in a year, reckoned in two ways that differ: the bill takes the incidents of one replication for all of a year, and a
/// year that is put together has those of many. Where only some replications' incidents break a promise, and more often than it has periods, the
/// bill has these break the same periods again and again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BrokenPromises {
    /// Mean of the years that were put together.
    pub of_years: f64,
    /// Mean of the replications' bills.
    pub billed: f64,
}

/// What a fault costs in lost and wrong requests.
#[derive(Debug, Clone, Serialize)]
pub struct FaultPrice {
    /// Its name.
    pub fault: String,
    /// Money that one occurrence adds to the same run without any.
    pub adds: Estimate,
    /// How often it happens in life, a year; `None` where the file does not say, so that it counts in no year.
    pub per_year: Option<f64>,
}

/// Of one alert.
#[derive(Debug, Clone, Serialize)]
pub struct AlertSummary {
    /// The fault that it is there to find; `None` where the file names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finds: Option<String>,
    /// From 1 to 5, 5 is worst.
    pub severity: u8,
    /// Firings, per replication.
    pub fired: Estimate,
    /// From the start of a fault to the first firing [s]; `None` where it never fired in a fault.
    pub time_to_detect_s: Option<Estimate>,
    /// From time 0 to the first firing [s], of the replications in which it fired; `None` where it never fired.
    pub first_fired_s: Option<Estimate>,
    /// Firings outside of the fault that it is there to find, per replication; `None` where the file names no fault for it.
    pub false_alarms: Option<Estimate>,
    /// Share of its evaluations at which it had no data and so could not fire; `None` where it was never evaluated.
    pub without_data: Option<Estimate>,
    /// What it has found, and how often it fires without any fault; `None` where the file names no fault for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection: Option<Detection>,
    /// What it would have done with other numbers; `None` where it finds no fault, and where it compares no metric with a number above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<DetectorCurve>,
}

/// A detector judged: by the runs with the fault that it is there to find, and by the same runs without any fault.
#[derive(Debug, Clone, Serialize)]
pub struct Detection {
    /// Strikes of the fault, of all replications.
    pub strikes: u32,
    /// Those that were found: a firing began while they lasted. Share of all, with its Wilson interval.
    pub found: Option<Estimate>,
    /// Median time from the begin of the strikes that were found to the first firing [s]; `None` where none was.
    pub found_after_s: Option<f64>,
    /// Firings per day in the runs without any fault; `None` where there are none.
    pub false_a_day: Option<Estimate>,
    /// The length of these runs [days].
    pub days: f64,
}

/// A detector at other thresholds.
#[derive(Debug, Clone, Serialize)]
pub struct DetectorCurve {
    /// The fault that it is there to find.
    pub finds: String,
    /// What is compared, as written.
    pub of: Words,
    /// Its unit.
    pub unit: Unit,
    /// Whether it fires above a threshold (`true`) or below it.
    pub above: bool,
    /// The threshold that the file has.
    pub set: f64,
    /// The length of the runs without any fault in which false alarms are counted [days].
    pub days: f64,
    /// From the lowest to the highest.
    pub points: Vec<DetectorPoint>,
}

/// A detector at one threshold.
#[derive(Debug, Clone, Serialize)]
pub struct DetectorPoint {
    /// The threshold, in the unit of the curve.
    pub threshold: f64,
    /// Strikes of the fault that were found: a firing began while it lasted. Share of all, with its Wilson interval.
    pub found: Option<Estimate>,
    /// Median time from the begin of the strikes that were found to the first firing [s]; `None` where none was.
    pub found_after_s: Option<f64>,
    /// Firings per day in the runs without any fault; `None` where there are none.
    pub false_a_day: Option<Estimate>,
    /// Share of the time of these runs in which it fired: one that never stops has few firings. `None` without any time.
    pub in_alarm: Option<f64>,
}

/// Of one scaler.
#[derive(Debug, Clone, Serialize)]
pub struct ScalerSummary {
    /// The service whose instances it changes.
    pub of: String,
    /// What it changes: `instances`, or `nodes` behind them.
    pub moves: &'static str,
    /// Never fewer of them.
    pub min: u32,
    /// Never more of them.
    pub max: u32,
    /// Steps to more instances, per replication.
    pub steps_up: Estimate,
    /// Steps to fewer instances, per replication.
    pub steps_down: Estimate,
    /// Steps in the other direction than the step before, per replication: many of them are an oscillation.
    pub turns: Estimate,
    /// Instances that these steps added or took away, in all, per replication.
    pub moved: Estimate,
    /// Share of its looks from time 0 on that changed nothing, by the reason; reasons that never were one are left out.
    pub held: BTreeMap<&'static str, Estimate>,
    /// What its forecasts missed, as a share of what was observed; `None` without forecasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast_error: Option<Estimate>,
    /// Share of its decisions for which it had no data and so changed nothing; `None` where it never decided.
    pub without_data: Option<Estimate>,
}

/// One row of arithmetic beside simulation.
#[derive(Debug, Clone, Serialize)]
pub struct ArithmeticRow {
    /// What is compared: `availability of gateway.checkout`.
    pub of: Words,
    /// By arithmetic.
    pub arithmetic: f64,
    /// The value in the simulation.
    pub simulated: Estimate,
    /// Unit of both.
    pub unit: Unit,
    /// Why they differ, a sentence; may be empty.
    pub why: Words,
}

/// All that a report of one scenario is made of.
#[derive(Debug, Clone)]
pub struct StudyResult {
    /// `results.json`.
    pub summary: Summary,
    /// The system that was simulated.
    pub system: System,
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
    /// Journals of experiments, by name of the experiment and replication: of the first 1,000 replications.
    pub journals: Vec<(String, Journal)>,
}

impl StudyResult {
    /// The endpoint of a load that suffers most: of those that are asked the one that answers the smallest share of requests, and of several that
    /// answer as many the slowest by its p99. `None` where no load calls an endpoint.
    pub fn most_harmed(&self) -> Option<&EndpointSeries> {
        let of = |series: &EndpointSeries| {
            let endpoint = self.summary.endpoints.get(&series.name);
            let answered = endpoint.and_then(|one| one.availability).map_or(2.0, |share| share.mean);
            let p99 = endpoint.and_then(|one| one.latency_s.as_ref()).map_or(0.0, |latency| latency.p99.mean);
            (answered, -p99)
        };
        let less = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
        self.endpoint_series
            .iter()
            .map(|series| (of(series), series))
            .min_by(|a, b| less(&a.0, &b.0))
            .map(|(_, series)| series)
    }
}
