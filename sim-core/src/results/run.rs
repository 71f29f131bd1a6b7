//! One replication: counts between instants, histograms between marks.

use super::counts::{EdgeCounts, ServiceCounts, UpCounts};
use super::deploy::DeployRun;
use super::experiment::ExperimentRun;
use super::held::HeldCounts;
use super::incident::IncidentsRun;
use super::modes::ModesRun;
use super::runbook::RunbookRun;
use super::span::Span;
use super::wrong::WrongRun;
use crate::counters::WAIT;
use crate::ids::{EdgeId, FaultId, ServiceId};
use crate::metrics::{
    ByLevel, ByPart, ByVersion, Histogram, LevelAt, LevelSums, PartAt, SparseHistogram, TimedSums, VersionCounts,
};
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
    /// When each alert would have fired with each of the numbers that are tried in its comparison, by its place and theirs
    /// ([`crate::control::Thresholds`]); nothing of an alert without.
    pub tried: Vec<Vec<Vec<Span>>>,
    /// How often each scaler decided, by its place.
    pub scaler_looks: Vec<Looks>,
    /// How often each scaler changed the number of instances, by its place.
    pub scaler_steps: Vec<Steps>,
    /// How often each scaler changed nothing, and why.
    pub scaler_held: Vec<HeldCounts>,
    /// What the forecasts of each scaler missed, and what they were about, in the unit of its metric.
    pub scaler_forecasts: Vec<(f64, f64)>,
    /// What became of each experiment, by its place.
    pub experiments: Vec<ExperimentRun>,
    /// What became of each runbook, by its place.
    pub runbooks: Vec<RunbookRun>,
    /// All incidents.
    pub incidents: IncidentsRun,
    /// What became of the operating modes.
    pub modes: ModesRun,
    /// Wrong answers one by one, and by cause.
    pub wrong: WrongRun,
    /// What became of each deploy that has begun, in the order in which they began.
    pub deploys: Vec<DeployRun>,
    /// Breaker openings: call site and time from 0 [ns]; of each call site the first since time 0, and since each fault or experiment first
    /// began.
    pub openings: Vec<(EdgeId, i64)>,
    /// Ejections of instances while a fault struck them: fault, service and time from 0 [ns]; of each fault and service the first since time 0, and
    /// since each fault or experiment first began.
    pub ejections: Vec<(FaultId, ServiceId, i64)>,
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
    /// The first 10,000 incidents are kept.
    Incidents,
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
            Self::Incidents => {
                "Alerts open more than 10,000 incidents. Beyond that none is opened, and nobody is told of what would open one."
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
    /// Instances that these steps added or took away, in all.
    pub moved: u64,
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
    /// Timed parts, but for the wait for a worker, at the services and call sites at which anything was timed.
    pub times: ByPart<TimedSums>,
    /// How high levels stood that have ever left 0.
    pub levels: ByLevel<LevelSums>,
    /// Wrong replies by call site and kind ([`crate::data::Wrongness`] as its number), only those that happened.
    pub wrong: Vec<(EdgeId, u8, WrongCounts)>,
    /// What callers saw of each version of services that have versions.
    pub versions: ByVersion<VersionCounts>,
    /// What telemetry pipelines recorded, by their place in the model; nothing where none counts that.
    pub pipelines: Vec<PipelineCounts>,
    /// Latency of the answered attempts of call sites of load classes, by their place in `RunResult::entry_edges` order.
    pub entry_latency: Vec<(EdgeId, SparseHistogram)>,
}

/// What became of the records of a telemetry pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PipelineCounts {
    /// Records that were taken into the queue to the sink and not lost.
    pub records: u64,
    /// Records that were lost because it was full.
    pub dropped: u64,
    /// Records that left with what must never leave.
    pub leaked: u64,
    /// Records that have reached the sink.
    pub arrived: u64,
}

impl PipelineCounts {
    /// Adds what was counted in another stretch of time.
    pub fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.dropped += other.dropped;
        self.leaked += other.leaked;
        self.arrived += other.arrived;
    }

    /// Takes away what was counted in another stretch of time.
    pub fn take_out(&mut self, other: &Self) {
        *self = self.since(*other);
    }

    /// What was counted by each of several since they were last looked at. What was foreseen then and has not come is not taken back.
    pub fn between(now: Vec<Self>, before: &mut Vec<Self>) -> Vec<Self> {
        before.resize(now.len(), Self::default());
        let between = |(now, before): (Self, &mut Self)| {
            let now = now.at_least(*before);
            now.since(std::mem::replace(before, now))
        };
        now.into_iter().zip(before).map(between).collect()
    }

    /// What was counted, and no less than at an earlier look.
    #[must_use]
    fn at_least(self, before: Self) -> Self {
        Self {
            records: self.records.max(before.records),
            dropped: self.dropped.max(before.dropped),
            leaked: self.leaked.max(before.leaked),
            arrived: self.arrived.max(before.arrived),
        }
    }

    /// What was counted since an earlier look.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            records: self.records - before.records,
            dropped: self.dropped - before.dropped,
            leaked: self.leaked - before.leaked,
            arrived: self.arrived - before.arrived,
        }
    }
}

/// Replies to the calls of one call site that looked ok and were wrong in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrongCounts {
    /// By what happened at the callee itself, whoever heard the reply; also effects that were one too many, and messages that were lost.
    pub arose: u64,
    /// By replies that the callee had got from those that it called.
    pub passed_on: u64,
}

impl WrongCounts {
    /// All wrong replies.
    pub fn replies(&self) -> u64 {
        self.arose + self.passed_on
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
    /// All other timed parts, at the services and call sites at which anything was timed.
    pub times: ByPart<SparseHistogram>,
    /// Latency of answered calls with their retries, for load classes with a policy, by call site (empty where it equals `latency`).
    pub call_latency: Vec<SparseHistogram>,
    /// Latency of answered attempts by version, of services that have versions.
    pub versions: ByVersion<SparseHistogram>,
}

/// What has timed nothing.
static NO_TIMES: SparseHistogram = SparseHistogram { buckets: Vec::new() };

impl Period {
    /// The times of a part.
    pub fn timed(&self, of: PartAt) -> &SparseHistogram {
        if of.part() == WAIT {
            return &self.wait[of.index()];
        }
        self.times.get(&of).unwrap_or(&NO_TIMES)
    }
}

impl Slice {
    /// How often a part was timed, and how long it took.
    pub fn timed(&self, of: PartAt) -> TimedSums {
        if of.part() == WAIT {
            return self.services[of.index()].waits();
        }
        self.times.get(&of).copied().unwrap_or_default()
    }

    /// How high a level stood.
    pub fn level(&self, of: LevelAt) -> LevelSums {
        self.levels.get(&of).copied().unwrap_or_default()
    }
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

    /// How often a part was timed between two times [ns from 0], and how long it took.
    pub fn timed(&self, of: PartAt, span: Span) -> TimedSums {
        let mut sum = TimedSums::default();
        self.slices_in(span).for_each(|slice| sum.add(&slice.timed(of)));
        sum
    }

    /// How high a level stood between two times [ns from 0].
    pub fn level(&self, of: LevelAt, span: Span) -> LevelSums {
        let mut sum = LevelSums::default();
        self.slices_in(span).for_each(|slice| sum.add(&slice.level(of)));
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
