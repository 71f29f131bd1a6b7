//! What is compared: what the user asks for, what promises are about, what callers of the entry endpoints see, and money.

use super::super::sites::entries;
use super::{AskedMetric, Candidate};
use sim_core::expression::{Metric, Tree, Value};
use sim_core::faults::Schedule;
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::promise::{Promise, PromiseKind};
use sim_core::results::compare::RowKind;

/// All values, each once, the most asked for first.
pub fn all(candidates: &[Candidate], show: &[Value]) -> Vec<AskedMetric> {
    let mut all: Vec<AskedMetric> = Vec::new();
    let mut ask = |kind: RowKind, text: &str| {
        let known = all.iter().any(|asked| asked.value.to_string() == text);
        // What cannot be asked of these names, such as of a name that has a blank, is left out.
        if let (false, Ok(value)) = (known, Value::parse(text)) {
            all.push(AskedMetric { value, kind });
        }
    };
    show.iter().for_each(|value| ask(RowKind::Asked, &value.to_string()));
    for model in candidates.iter().map(|c| &c.loaded.model) {
        model.promises.iter().filter_map(|p| of_promise(model, p)).for_each(|text| ask(RowKind::Promise, &text));
    }
    for model in candidates.iter().map(|c| &c.loaded.model) {
        for endpoint in entries(model).into_iter().map(|e| &model.endpoints[e].name) {
            for metric in ["availability", "p50", "p99", "goodput"] {
                ask(RowKind::Endpoint, &format!("{metric}({endpoint})"));
            }
            for fault in ended(model) {
                ask(RowKind::Endpoint, &format!("recovery({endpoint}) after {fault}"));
            }
        }
    }
    for group in ["infrastructure", "sales", "wrongness"] {
        ask(RowKind::Money, &format!("cost({group})"));
    }
    all
}

/// Faults that strike at a set time and end within the run.
fn ended(model: &Model) -> impl Iterator<Item = &str> {
    let end = model.run.duration.ns() as i64;
    let ends = move |schedule: &Schedule| {
        matches!(schedule, Schedule::Fixed { .. }) && schedule.spans(end).last().is_some_and(|span| span.to_ns < end)
    };
    model.faults.iter().filter(move |fault| ends(&fault.schedule)).map(|fault| fault.name.as_str())
}

/// The value that a promise is about, as an expression; `None` where there is none.
fn of_promise(model: &Model, promise: &Promise) -> Option<String> {
    let endpoint = |of: &sim_core::ids::EndpointId| model.endpoints[of.index()].name.as_str();
    Some(match &promise.kind {
        PromiseKind::Availability { of, .. } => format!("availability({})", endpoint(of)),
        PromiseKind::Latency { of, percentile, .. } => format!("{percentile}({})", endpoint(of)),
        PromiseKind::Recovery { of, after, .. } => {
            // The expression is read again, so that it needs the name of the file and not the one that is shown.
            let fault = model.faults.get(after.index()).map(|fault| fault.name.clone());
            format!("recovery({}) after {}", endpoint(of), fault.unwrap_or_else(|| model.shown_name(*after)))
        }
        PromiseKind::Goodput { of, .. } => format!("goodput({})", endpoint(of)),
        PromiseKind::Age { of, percentile, .. } => {
            format!("{percentile}({}.age)", model.services[of.index()].name)
        }
        PromiseKind::Cost { .. } => "cost(infrastructure)".to_owned(),
        PromiseKind::Wrongness { of, kind, .. } => {
            format!("{}({})", kind.one()?.name(), endpoint(of.as_ref()?))
        }
    })
}

/// Whether less of a value is better; `None` where neither is, or where it is made of several.
pub fn less_is_better(value: &Value) -> Option<bool> {
    let Tree::Metric(metric) = value.tree() else { return None };
    match metric.metric {
        Metric::Availability
        | Metric::Goodput
        | Metric::Throughput
        | Metric::HitRatio
        | Metric::BudgetLeft
        | Metric::Held
        | Metric::Up
        | Metric::Share(Outcome::Ok)
        | Metric::TimeToOutage
        | Metric::TimeToCascade
        | Metric::ProductAvailability => Some(false),
        Metric::ErrorRate
        | Metric::Mean
        | Metric::Percentile(_)
        | Metric::Longest
        | Metric::Share(_)
        | Metric::Wrong(_)
        | Metric::Amplification
        | Metric::TreeAmplification
        | Metric::Abandoned
        | Metric::CpuForNobody
        | Metric::CpuTimeForNobody
        | Metric::CostForNobody
        | Metric::QueueLength
        | Metric::Waited
        | Metric::BurnRate
        | Metric::BudgetSpent
        | Metric::Cost
        | Metric::Spent
        | Metric::CostPerMillionRequests
        | Metric::CostPerTerabyte
        | Metric::CostPerUser
        | Metric::TimeToDetect
        | Metric::TimeToMend
        | Metric::TimeToOpen
        | Metric::TimeToEject
        | Metric::Recovery
        | Metric::Drained
        | Metric::Missed
        | Metric::FalseAlarms
        | Metric::ProbesLost
        | Metric::MessagesLost
        | Metric::LinkBacklog
        | Metric::RouteChanges
        | Metric::OneWayFailures
        | Metric::RecordsDropped
        | Metric::Leaked
        | Metric::Outages => Some(true),
        // How busy, how many, how often something was tried: neither is better by itself.
        _ => None,
    }
}
