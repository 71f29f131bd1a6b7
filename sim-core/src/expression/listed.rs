//! The list of metrics: their names, what each is, in which unit, of what.

use super::doc::{MetricDoc, doc};
use super::intended::INTENDED;
use super::links::LINKS;
use super::measure::Measure;
use super::metric::{Metric, SubjectKind};
use crate::call::breaker::State;
use crate::counters::{CALL_SITE, SERVICE};
use crate::metrics::Counter;
use crate::units::Unit;
use SubjectKind::{
    Alert, Cost, Edge, Endpoint, Fault, Level, Link, Load, Nothing, Pipeline, Probe, Promise, Recorded, Service, Timed,
};

/// All that calls and is called.
pub(super) const CALLED: &[SubjectKind] = &[Endpoint, Service, Load, Edge];

/// All that takes time.
pub(super) const TIMED: &[SubjectKind] = &[Endpoint, Service, Load, Edge, Timed, Probe, Link];

/// All metrics with a name of their own, the counters of the families among them; percentiles, outcomes and kinds of wrongness come on top
/// ([`Metric::names`]).
pub const METRICS: &[MetricDoc] =
    &joined::<{ LISTED.len() + LINKS.len() + INTENDED.len() + CALL_SITE.len() + SERVICE.len() }>();

const fn joined<const N: usize>() -> [MetricDoc; N] {
    let mut all = [LISTED[0]; N];
    let (mut next, mut at) = (0, 0);
    while at < LISTED.len() {
        all[next] = LISTED[at];
        (next, at) = (next + 1, at + 1);
    }
    at = 0;
    while at < LINKS.len() {
        all[next] = LINKS[at];
        (next, at) = (next + 1, at + 1);
    }
    at = 0;
    while at < INTENDED.len() {
        all[next] = INTENDED[at];
        (next, at) = (next + 1, at + 1);
    }
    at = 0;
    while at < CALL_SITE.len() {
        let of: &[SubjectKind] = match &CALL_SITE[at] {
            counter if counter.is_of_users => &[Load],
            counter if counter.is_of_links => &[Edge, Link],
            _ => &[Edge],
        };
        all[next] = counted(&CALL_SITE[at], of);
        (next, at) = (next + 1, at + 1);
    }
    at = 0;
    while at < SERVICE.len() {
        all[next] = counted(&SERVICE[at], &[Service]);
        (next, at) = (next + 1, at + 1);
    }
    all
}

const fn counted(counter: &'static Counter, subjects: &'static [SubjectKind]) -> MetricDoc {
    let measure = if matches!(counter.unit, Unit::Bytes) { Measure::BYTES } else { Measure::NUMBER };
    doc(Metric::Counted(counter), counter.name, measure, subjects, counter.is_delivered, counter.says)
}

/// The metrics that are no plain counters.
const LISTED: &[MetricDoc] = &[
    doc(
        Metric::Availability,
        "availability",
        Measure::Share,
        CALLED,
        true,
        "share of requests answered, ok or degraded",
    ),
    doc(Metric::ErrorRate, "error_rate", Measure::Share, CALLED, true, "share of requests not answered"),
    doc(
        Metric::Unanswered,
        "unanswered",
        Measure::Share,
        CALLED,
        false,
        "share of requests without timeout that had waited too long for an answer when the run ended",
    ),
    doc(Metric::Goodput, "goodput", Measure::RATE, CALLED, true, "answers that were not wrong, a second"),
    doc(
        Metric::Rps,
        "rps",
        Measure::RATE,
        CALLED,
        true,
        "requests that came, a second; of a call from a queue, deliveries",
    ),
    doc(
        Metric::Mean,
        "mean",
        Measure::TIME,
        TIMED,
        true,
        "mean latency of answers, in which unanswered requests count with what they have waited; or mean of a timed part, or of the time of probes or of the messages of a link on their way",
    ),
    doc(
        Metric::Longest,
        "longest",
        Measure::TIME,
        TIMED,
        false,
        "the longest time of a run; over several runs their mean, where a percentile is that of all runs together",
    ),
    doc(
        Metric::Average,
        "average",
        Measure::NUMBER,
        &[Level],
        true,
        "average of a level over time; in an alert or scaler without a window, the level at the latest scrape",
    ),
    doc(
        Metric::Most,
        "most",
        Measure::NUMBER,
        &[Level],
        false,
        "the highest that a level was; where a call has several states, such as a pool for each of its policies, that of one of them",
    ),
    doc(
        Metric::Amplification,
        "amplification",
        Measure::NUMBER,
        &[Edge],
        true,
        "attempts for each call of which one was sent; of a call from a queue, deliveries for each message",
    ),
    doc(
        Metric::TreeAmplification,
        "tree_amplification",
        Measure::NUMBER,
        &[Endpoint, Service, Edge],
        true,
        "retry amplification of the whole tree of calls: attempts for each that no retry or hedge has caused, of its own call or of one above; no data where all are caused so",
    ),
    doc(
        Metric::Abandoned,
        "abandoned",
        Measure::Share,
        &[Endpoint, Edge],
        true,
        "share of ended attempts that the caller gave up and that went on working",
    ),
    doc(
        Metric::Hedged,
        "hedged",
        Measure::Share,
        &[Edge],
        true,
        "hedges sent for each call: the extra load of a hedge",
    ),
    doc(
        Metric::BreakerState(State::Closed),
        "breaker_state_closed",
        Measure::Share,
        &[Edge],
        true,
        "share of the time of caller instances in which their breaker is closed",
    ),
    doc(
        Metric::BreakerState(State::Open),
        "breaker_state_open",
        Measure::Share,
        &[Edge],
        true,
        "share of the time of caller instances in which their breaker is open, before the first probe",
    ),
    doc(
        Metric::BreakerState(State::HalfOpen),
        "breaker_state_half_open",
        Measure::Share,
        &[Edge],
        true,
        "share of the time of caller instances in which their breaker is half-open",
    ),
    doc(
        Metric::BreakerState(State::ForcedOpen),
        "breaker_state_forced_open",
        Measure::Share,
        &[Edge],
        true,
        "share of the time of caller instances in which their breaker is forced open",
    ),
    doc(
        Metric::BreakerState(State::Disabled),
        "breaker_state_disabled",
        Measure::Share,
        &[Edge],
        true,
        "share of the time of caller instances in which their breaker is disabled",
    ),
    doc(Metric::HedgeWins, "hedge_wins", Measure::Share, &[Edge], true, "share of hedges that answered first"),
    doc(
        Metric::Utilisation,
        "utilisation",
        Measure::Share,
        &[Service, Link],
        true,
        "share of workers held; of a link with a bandwidth, share of time in which it sends, of several directions that of the busiest",
    ),
    doc(
        Metric::Cpu,
        "cpu",
        Measure::Share,
        &[Service],
        true,
        "share of cores busy with work; above 100 % where background steps and branches work beside workers that have a core each",
    ),
    doc(
        Metric::CpuForNobody,
        "cpu_for_nobody",
        Measure::Share,
        &[Service],
        true,
        "share of the CPU time used that was spent on requests whose caller, or a caller above it, had given up or was gone; background steps, values for caches, messages, and branches that a join has enough without count as wanted",
    ),
    doc(
        Metric::CpuTimeForNobody,
        "cpu_time_for_nobody",
        Measure::TIME,
        &[Service],
        true,
        "CPU time of all instances that was spent on such requests",
    ),
    doc(
        Metric::Memory,
        "memory",
        Measure::Share,
        &[Service],
        true,
        "share of the memory of running instances that is used, of a service that says how much its machines have",
    ),
    doc(
        Metric::QueueLength,
        "queue_length",
        Measure::NUMBER,
        &[Service],
        true,
        "mean number of requests or messages that wait",
    ),
    doc(
        Metric::InSystem,
        "in_system",
        Measure::NUMBER,
        &[Service],
        true,
        "mean number of requests in the service; of a queue, of messages that wait",
    ),
    doc(Metric::Instances, "instances", Measure::NUMBER, &[Service], true, "mean number of running instances"),
    doc(
        Metric::Waited,
        "waited",
        Measure::Share,
        &[Service],
        true,
        "share of requests let in that found no worker free, and so had to wait",
    ),
    doc(
        Metric::HitRatio,
        "hit_ratio",
        Measure::Share,
        &[Service],
        true,
        "share of lookups that found a value in a cache, expired ones that it still gives among them",
    ),
    doc(Metric::Throughput, "throughput", Measure::RATE, &[Service], true, "requests that left, a second"),
    doc(
        Metric::BurnRate,
        "burn_rate",
        Measure::NUMBER,
        &[Promise],
        true,
        "how fast the error budget is spent; 1 spends it exactly in the period",
    ),
    doc(
        Metric::BudgetLeft,
        "budget_left",
        Measure::Share,
        &[Promise],
        true,
        "share of the period's error budget that the run leaves; in an alert or a mode, that is left by what was delivered of the last period",
    ),
    doc(
        Metric::BudgetSpent,
        "budget_spent",
        Measure::Share,
        &[Promise],
        true,
        "share of the period's error budget that the run spends; in an alert or a mode, what was delivered of the last period has spent",
    ),
    doc(
        Metric::Age,
        "age",
        Measure::TIME,
        &[Pipeline],
        true,
        "how old the newest reading is that another telemetry pipeline has delivered, at the latest scrape of the one that is read; for control alone",
    ),
    doc(
        Metric::Records,
        "records",
        Measure::NUMBER,
        &[Recorded],
        false,
        "records that the queue to the sink of a telemetry pipeline has taken and not lost",
    ),
    doc(
        Metric::RecordsDropped,
        "records_dropped",
        Measure::NUMBER,
        &[Recorded],
        false,
        "records that were lost because the queue to the sink of a telemetry pipeline was full",
    ),
    doc(
        Metric::Leaked,
        "leaked",
        Measure::NUMBER,
        &[Recorded],
        false,
        "records of a telemetry pipeline that left with what must never leave (`sensitive`), because nothing redacts them or redaction missed it",
    ),
    doc(
        Metric::ZScore,
        "zscore",
        Measure::NUMBER,
        &[SubjectKind::Metric],
        true,
        "how many standard deviations the latest reading of a metric is away from the mean of its readings in the time before, which `over` names; above every number while there are fewer than 10 of them, or where it differs and they are all the same; for control alone",
    ),
    doc(Metric::Held, "held", Measure::Truth, &[Promise], false, "whether the promise is kept"),
    doc(
        Metric::Cost,
        "cost",
        Measure::COST,
        &[Cost, Nothing],
        true,
        "money over time as in the bill, or in a stretch what was spent in it over its time; of nothing, all infrastructure",
    ),
    doc(
        Metric::Spent,
        "spent",
        Measure::MONEY,
        &[Cost, Nothing],
        false,
        "money in the run; of nothing, all infrastructure",
    ),
    doc(
        Metric::CostForNobody,
        "cost_for_nobody",
        Measure::COST,
        &[Cost, Nothing],
        false,
        "money over time for the cores that worked for requests whose callers had given up or were gone, at the price of the instances that have them; of nothing, all items that meter instances",
    ),
    doc(
        Metric::CostPerMillionRequests,
        "cost_per_million_requests",
        Measure::MONEY,
        &[Nothing],
        false,
        "money for the infrastructure that a million requests of the load classes take",
    ),
    doc(
        Metric::CostPerTerabyte,
        "cost_per_terabyte",
        Measure::MONEY,
        &[Nothing],
        false,
        "money for the infrastructure that a terabyte takes which load classes send and are answered; without data where their calls have no size",
    ),
    doc(
        Metric::CostPerUser,
        "cost_per_user",
        Measure::MONEY,
        &[Nothing],
        false,
        "money a month for the infrastructure that one user of the load classes takes: of those that say how many they have (population), or are closed",
    ),
    doc(
        Metric::TimeToDetect,
        "time_to_detect",
        Measure::TIME,
        &[Fault],
        false,
        "from the start of the fault to the first alert that finds it",
    ),
    doc(
        Metric::TimeToRespond,
        "time_to_respond",
        Measure::TIME,
        &[Fault],
        false,
        "from the first alert that finds the fault to the first action of a runbook that such an alert has begun",
    ),
    doc(
        Metric::TimeToMend,
        "time_to_mend",
        Measure::TIME,
        &[Fault],
        false,
        "from the first start of the fault to the end of its effect, by its time or because it was mended",
    ),
    doc(
        Metric::TimeToCascade,
        "time_to_cascade",
        Measure::TIME,
        &[Fault],
        false,
        "from the first start of the fault to the first slice of the run in which a service that it does not strike answers half a point more of its requests with an error than before the fault, and more than chance explains; never, where none does",
    ),
    doc(
        Metric::TimeToOpen,
        "time_to_open",
        Measure::TIME,
        &[Edge],
        false,
        "from the start of a fault (after NAME) to the first opening of the breaker",
    ),
    doc(
        Metric::TimeToEject,
        "time_to_eject",
        Measure::TIME,
        &[Service],
        false,
        "from the start of a fault (after NAME) to the first time that a caller's outlier ejection takes an instance out which the fault strikes",
    ),
    doc(
        Metric::Recovery,
        "recovery",
        Measure::TIME,
        &[Endpoint],
        false,
        "from the end of a fault (after NAME) until the endpoint keeps its promises for 30 s",
    ),
    doc(
        Metric::Drained,
        "drained",
        Measure::TIME,
        &[Service],
        false,
        "from the end of a fault (after NAME) until no more requests or messages wait than on average before it, or fewer than one: the begin of the \
         first window of the time series of which that holds",
    ),
    doc(
        Metric::Missed,
        "missed",
        Measure::NUMBER,
        &[Alert],
        false,
        "share of the occurrences of its fault in which the alert did not begin to fire, as a number",
    ),
    doc(
        Metric::FalseAlarms,
        "false_alarms",
        Measure::NUMBER,
        &[Alert],
        false,
        "firings that do not begin while the fault lasts that the alert finds, counted in the runs with the fault; the table of alerts counts runs \
         without one",
    ),
    doc(Metric::Fired, "fired", Measure::NUMBER, &[Alert], false, "firings"),
    doc(
        Metric::Precision,
        "precision",
        Measure::Share,
        &[Alert],
        false,
        "share of the alert's firings that begin while the fault lasts that it finds; no data where it does not fire",
    ),
    doc(
        Metric::Recall,
        "recall",
        Measure::Share,
        &[Alert],
        false,
        "share of the occurrences of its fault in which the alert begins to fire",
    ),
    doc(Metric::Incidents, "incidents", Measure::NUMBER, &[Nothing], false, "incidents that were opened"),
    doc(
        Metric::Notifications,
        "notifications",
        Measure::NUMBER,
        &[Nothing],
        false,
        "times that people were told of incidents",
    ),
    doc(
        Metric::TimeToAcknowledge,
        "time_to_acknowledge",
        Measure::TIME,
        &[Fault],
        false,
        "from the first time that somebody is told of an incident with an alert that finds the fault until somebody acknowledges",
    ),
    doc(
        Metric::BudgetAtDetection,
        "budget_at_detection",
        Measure::Share,
        &[Promise],
        false,
        "share of the period's error budget that was spent from the start of a fault (after NAME) until an alert found it",
    ),
    doc(
        Metric::UsersAffected,
        "users_affected",
        Measure::Share,
        &[Load, Nothing],
        true,
        "share of the users who came that saw a failure, of load classes that say how many users they have (population), each of whom is as likely to come as any other; of nothing, all such classes",
    ),
    doc(
        Metric::ProbesSent,
        "probes_sent",
        Measure::NUMBER,
        &[Probe],
        true,
        "probes whose fate is known, each direction by itself",
    ),
    doc(
        Metric::ProbesLost,
        "probes_lost",
        Measure::NUMBER,
        &[Probe],
        true,
        "probes that did not arrive before their timeout; in an alert without a window, those of the latest round",
    ),
    doc(
        Metric::OneWayFailures,
        "one_way_failures",
        Measure::NUMBER,
        &[Probe],
        true,
        "probes that did not arrive before their timeout while that of the same round the other way did; in an alert without a window, those of the latest round",
    ),
    doc(
        Metric::OneWayRatio,
        "one_way_ratio",
        Measure::NUMBER,
        &[Probe],
        true,
        "mean time of probes on the way there by that on the way back; of several pairs, that furthest from 1; in an alert without a window, of the latest round",
    ),
    doc(
        Metric::Up,
        "up",
        Measure::Share,
        &[Endpoint, Service],
        false,
        "share of time in which a service has the running instances that it needs, or an endpoint all services that it cannot do without",
    ),
    doc(Metric::Outages, "outages", Measure::NUMBER, &[Endpoint, Service], false, "how often it stopped being up"),
    doc(
        Metric::TimeToOutage,
        "time_to_outage",
        Measure::TIME,
        &[Endpoint, Service],
        false,
        "from time 0 to the first moment in which it was not up",
    ),
    doc(
        Metric::ProductAvailability,
        "product_availability",
        Measure::Share,
        &[Endpoint, Service],
        false,
        "what up would be by arithmetic, if all instances failed independently of each other",
    ),
];
