//! What can be measured: the metrics, what each measures and of what, and the scope of a measurement, as written.
//!
//! A metric that is not built yet has no name here, and so is an error with the nearest name that there is.

use super::measure::Measure;
use crate::call::breaker::State;
use crate::counters::LEVELS;
use crate::data::Wrongness;
use crate::metrics::{Counter, Level};
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::{Percentile, SimDuration, Unit};

/// What a metric may be asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// `service.endpoint`.
    Endpoint,
    /// A service, store or queue.
    Service,
    /// A load class.
    Load,
    /// `caller->service.endpoint`.
    Edge,
    /// A timed part: `api.queue_wait`, `jobs.age`, `web->api.limit_wait`.
    Timed,
    /// A level: `web->api.places_taken`.
    Level,
    /// Probes, or one direction of them.
    Probe,
    /// A named link or a route, or one direction of it.
    Link,
    /// A route.
    Route,
    /// A fault.
    Fault,
    /// An alert.
    Alert,
    /// A promise.
    Promise,
    /// A telemetry pipeline.
    Pipeline,
    /// A telemetry pipeline whose records are counted.
    Recorded,
    /// Another metric.
    Metric,
    /// A cost item or a group of them.
    Cost,
    /// An experiment.
    Experiment,
    /// An operating mode.
    Mode,
    /// Nothing: the metric stands alone.
    Nothing,
}

impl SubjectKind {
    /// With its article and an example.
    pub fn words(self) -> &'static str {
        match self {
            Self::Endpoint => "an endpoint (api.get)",
            Self::Service => "a service (api)",
            Self::Load => "a load class (shoppers)",
            Self::Edge => "a call (web->api.get)",
            Self::Timed => "a timed part (api.queue_wait, jobs.age, web->api.limit_wait)",
            Self::Level => "a level (web->api.places_taken)",
            Self::Probe => "a probe matrix (sites, sites.north->south)",
            Self::Link => "a named link or route (direct, direct.west->east)",
            Self::Route => "a route",
            Self::Fault => "a fault",
            Self::Alert => "an alert",
            Self::Promise => "a promise",
            Self::Pipeline => "a telemetry pipeline",
            Self::Recorded => "a telemetry pipeline with sink, redact or sensitive",
            Self::Metric => "another metric (rps(api.get))",
            Self::Cost => "a cost item, or infrastructure, sales, wrongness or penalties",
            Self::Experiment => "an experiment",
            Self::Mode => "an operating mode",
            Self::Nothing => "nothing",
        }
    }
}

/// What is measured of a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Share of requests that were answered.
    Availability,
    /// Share of requests that were not answered.
    ErrorRate,
    /// `unanswered`
    Unanswered,
    /// Answers that were not wrong, a second.
    Goodput,
    /// Requests a second.
    Rps,
    /// Mean time.
    Mean,
    /// A percentile of time.
    Percentile(Percentile),
    /// The longest time of a run.
    Longest,
    /// Share of requests that ended so.
    Share(Outcome),
    /// Share of requests that were wrong in this way.
    Wrong(Wrongness),
    /// Attempts for each call that was let through.
    Amplification,
    /// Attempts for each that no retry or hedge has caused.
    TreeAmplification,
    /// Share of attempts that were given up by the caller and went on working.
    Abandoned,
    /// Hedges for each call.
    Hedged,
    /// Share of hedges that answered first.
    HedgeWins,
    /// Share of the time of breakers in which they are in this state.
    BreakerState(State),
    /// The average of a level over time.
    Average,
    /// The highest of a level.
    Most,
    /// What a counter has counted.
    Counted(&'static Counter),
    /// Share of workers held.
    Utilisation,
    /// Share of the instances' cores used.
    Cpu,
    /// Share of the CPU time used that was spent for nobody who waits.
    CpuForNobody,
    /// CPU time that was spent for nobody who waits.
    CpuTimeForNobody,
    /// Share of the running instances' memory used.
    Memory,
    /// Mean number of requests that wait.
    QueueLength,
    /// Mean number of requests in the service.
    InSystem,
    /// Mean number of running instances.
    Instances,
    /// Share of requests that found no worker free.
    Waited,
    /// Share of instances with at least so many requests in them.
    Holding(u8),
    /// Requests that left, a second.
    Throughput,
    /// Share of lookups that found a value in a cache.
    HitRatio,
    /// How fast the error budget is spent: 1 spends it exactly by the end of the period.
    BurnRate,
    /// Share of the error budget that is left.
    BudgetLeft,
    /// Share of the error budget that is spent.
    BudgetSpent,
    /// Whether the promise is kept.
    Held,
    /// How old the newest reading is that a pipeline has delivered.
    Age,
    /// Records that a telemetry pipeline has taken.
    Records,
    /// Records that a telemetry pipeline has lost.
    RecordsDropped,
    /// Records that left with what must never leave.
    Leaked,
    /// How unusual another metric is. As read, it is that metric with a baseline in its scope: no [`MetricRef`] has this one.
    ZScore,
    /// Money over time, scaled as in the bill.
    Cost,
    /// Money in the run.
    Spent,
    /// Money over time for CPU time that was spent for nobody who waits, scaled as in the bill.
    CostForNobody,
    /// Infrastructure for a million requests of load classes.
    CostPerMillionRequests,
    /// Infrastructure for a terabyte that load classes send and are answered.
    CostPerTerabyte,
    /// Infrastructure a month for each user of load classes.
    CostPerUser,
    /// From the start of a fault to the first alert that finds it.
    TimeToDetect,
    /// From the first alert that finds a fault to the first action because of it.
    TimeToRespond,
    /// From the start of a fault to its end.
    TimeToMend,
    /// From the first start of a fault to the first errors in a service that it does not strike; infinite where there are none.
    TimeToCascade,
    /// From the start of a fault to the first opening of a breaker.
    TimeToOpen,
    /// From the start of a fault to the first ejection of an instance that it strikes.
    TimeToEject,
    /// From the end of a fault until promises are kept again.
    Recovery,
    /// From the end of a fault until no more wait than before it.
    Drained,
    /// Share of a fault's occurrences that the alert missed.
    Missed,
    /// Firings outside of the fault that the alert finds.
    FalseAlarms,
    /// How often an alert fires in a run.
    Fired,
    /// Share of an alert's firings that begin while its fault lasts.
    Precision,
    /// Share of a fault's occurrences in which the alert begins to fire.
    Recall,
    /// Incidents that were opened.
    Incidents,
    /// Times that people were told of incidents.
    Notifications,
    /// From the first time that somebody is told because of a fault until somebody acknowledges.
    TimeToAcknowledge,
    /// Share of the error budget that a fault has spent when it is detected.
    BudgetAtDetection,
    /// Share of the users who came that saw a failure.
    UsersAffected,
    /// Probes whose fate is known.
    ProbesSent,
    /// Probes that did not arrive in time.
    ProbesLost,
    /// Probes that did not arrive in time while that of the other way did.
    OneWayFailures,
    /// Mean time of probes on the way there by that on the way back.
    OneWayRatio,
    /// Messages that arrived over a link.
    MessagesCarried,
    /// Messages that were lost on a link.
    MessagesLost,
    /// What was sent over a link.
    BytesCarried,
    /// The same, a second.
    BandwidthUsed,
    /// Average of what waited for a link or was being sent.
    LinkBacklog,
    /// The most messages that set out within 10 ms.
    Starts,
    /// Changes of the links that a route uses.
    RouteChanges,
    /// Whether an experiment's hypothesis held.
    Hypothesis,
    /// Whether an experiment was aborted.
    Aborted,
    /// Whether an experiment was run.
    Ran,
    /// Whether an operating mode was left.
    Left,
    /// How long an operating mode was in force.
    TimeIn,
    /// Changes of the operating mode.
    ModeChanges,
    /// Share of time in which it has all that it needs to answer.
    Up,
    /// How often it went down.
    Outages,
    /// From time 0 to the first moment in which it was not up.
    TimeToOutage,
    /// What `up` would be if all instances failed independently.
    ProductAvailability,
}

/// How much of the latest is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last stretch of time.
    Over(SimDuration),
    /// The last so many.
    Last(u64),
}

/// When, of whom and in which variant is measured, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// `over 1m`, `over last 1000`.
    pub window: Option<Window>,
    /// `during FAULT`.
    pub during: Option<String>,
    /// `after FAULT`.
    pub after: Option<String>,
    /// `before FAULT`.
    pub before: Option<String>,
    /// `from 5m to 8m`, from time 0 [ns].
    pub from_to: Option<(i64, i64)>,
    /// `offset 7d`: as it was so long ago.
    pub offset: Option<SimDuration>,
    /// Of `zscore(METRIC) over 1h`, the time with which the metric is compared.
    pub baseline: Option<SimDuration>,
    /// `of LOAD`, or `of VERSION`.
    pub of: Option<String>,
    /// `in VARIANT`.
    pub variant: Option<String>,
}

/// A metric with subject and scope, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRef {
    /// What is measured.
    pub metric: Metric,
    /// Of what.
    pub subject: Option<String>,
    /// Over which stretches of the run, of whose calls, in which variant.
    pub scope: Scope,
}

impl MetricRef {
    /// What it measures: of a level, what that counts.
    pub fn measure(&self) -> Measure {
        if self.scope.baseline.is_some() {
            return Measure::NUMBER;
        }
        self.measure_of_metric()
    }

    fn measure_of_metric(&self) -> Measure {
        let name = self.subject.as_deref().and_then(|subject| subject.rsplit('.').next());
        let is_of_bytes = |level: &Level| Some(level.name) == name && level.unit == Unit::Bytes;
        match self.metric {
            Metric::Average | Metric::Most if LEVELS.iter().any(is_of_bytes) => Measure::BYTES,
            metric => metric.measure(),
        }
    }

    /// As written, without its scope.
    pub fn text(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}({subject})", self.metric.name()),
            None => self.metric.name(),
        }
    }

    /// As written, with its scope.
    pub fn words(&self) -> String {
        let scope = &self.scope;
        if let Some(baseline) = scope.baseline {
            let inner = Self { scope: Scope { baseline: None, ..scope.clone() }, ..self.clone() };
            return format!("zscore({}) over {baseline}", inner.words());
        }
        let mut text = self.text();
        let mut say = |word: &str, what: &str| {
            text.push_str(word);
            text.push_str(what);
        };
        match scope.window {
            Some(Window::Over(time)) => say(" over ", &time.to_string()),
            Some(Window::Last(count)) => say(" over last ", &count.to_string()),
            None => {}
        }
        if let Some(offset) = scope.offset {
            say(" offset ", &offset.to_string());
        }
        for (word, name) in [
            (" during ", &scope.during),
            (" after ", &scope.after),
            (" before ", &scope.before),
            (" of ", &scope.of),
            (" in ", &scope.variant),
        ] {
            if let Some(name) = name {
                say(word, name);
            }
        }
        if let Some((from_ns, to_ns)) = scope.from_to {
            let time = |ns: i64| SimDuration::from_ns(ns.max(0).unsigned_abs()).to_string();
            say(" from ", &time(from_ns));
            say(" to ", &time(to_ns));
        }
        text
    }

    /// What control alone sees is no truth of a run.
    pub fn check_truth(&self, problems: &mut Problems) {
        let (what, hint) = match (self.metric, &self.scope) {
            (Metric::Age, _) => ("age", "write it into an alert, and ask missed(ALERT) here"),
            (_, Scope { baseline: Some(_), .. }) => ("zscore", "write it into an alert, and ask fired(ALERT) here"),
            (_, Scope { offset: Some(_), .. }) => ("`offset`", "name both stretches: from 0s to 1h"),
            _ => return,
        };
        problems.error("", format!("{what} is for what control sees, and here a run is judged by the truth")).hint =
            Some(hint.into());
    }

    /// What acts sees only what telemetry delivers, and no fault, future or variant. `knows` is what it knows besides.
    pub fn check_delivered(&self, knows: &[Metric], problems: &mut Problems) -> Option<()> {
        let scope = &self.scope;
        if !self.metric.is_delivered() && !knows.contains(&self.metric) {
            problems.error("", format!("telemetry does not deliver {}", self.metric.name())).hint =
                Some("what alerts and scalers see are requests, latency, workers and queues".into());
            return None;
        }
        let known = [
            ("during", scope.during.is_some()),
            ("after", scope.after.is_some()),
            ("before", scope.before.is_some()),
            ("from", scope.from_to.is_some()),
            ("in", scope.variant.is_some()),
        ];
        if let Some((word, _)) = known.into_iter().find(|(_, given)| *given) {
            problems.error("", format!("`{word}` needs to know the truth, and here only telemetry is seen")).hint =
                Some("say how much of the latest is looked at: over 1m".into());
            return None;
        }
        Some(())
    }
}
