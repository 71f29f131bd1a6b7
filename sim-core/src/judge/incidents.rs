//! Metrics of alerts and incidents: how often alerts are right, how many incidents were opened, how often people were told, and how soon somebody
//! answered.

use crate::expression::Metric;
use crate::ids::FaultId;
use crate::model::Model;
use crate::results::{RunResult, Span};

/// Incidents or notifications in stretches of a run; `None` where nothing makes incidents of alerts.
pub fn counted(metric: Metric, model: &Model, run: &RunResult, spans: &[Span]) -> Option<f64> {
    model.incidents.as_ref()?;
    let is_within = |at_ns: i64| spans.iter().any(|span| span.from_ns <= at_ns && at_ns < span.to_ns);
    let all = &run.incidents;
    let count = match metric {
        Metric::Incidents => all.all.iter().filter(|incident| is_within(incident.opened_ns)).count(),
        _ => all.notified_ns.iter().filter(|at_ns| is_within(**at_ns)).count(),
    };
    Some(count as f64)
}

/// From the first time that somebody was told because of a fault until somebody acknowledged [s]: of the first incident with an alert that finds it.
/// `None` where nobody was told, and infinite where nobody acknowledged.
pub fn time_to_acknowledge(model: &Model, run: &RunResult, fault: FaultId) -> Option<f64> {
    let begin_ns = run.struck(fault).first()?.from_ns;
    let finds = |alert: &usize| model.alerts[*alert].finds == Some(fault);
    let told = run.incidents.all.iter().filter(|incident| incident.alerts.iter().any(finds));
    let (told_ns, acked_ns) = told
        .filter_map(|incident| Some((incident.paged_ns.filter(|ns| *ns >= begin_ns)?, incident.acked_ns)))
        .min_by_key(|(told_ns, _)| *told_ns)?;
    Some(acked_ns.map_or(f64::INFINITY, |acked_ns| (acked_ns - told_ns) as f64 / 1e9))
}

/// What is known of an alert in stretches of the run, which firings and strikes belong to that reach into them.
pub fn of_alert(metric: Metric, place: usize, model: &Model, run: &RunResult, spans: &[Span]) -> Option<f64> {
    let is_within = |span: &&Span| spans.iter().any(|stretch| span.meets(stretch));
    let firings = run.alerts.get(place)?.iter().filter(is_within);
    if metric == Metric::Fired {
        return Some(firings.count() as f64);
    }
    let struck = run.struck(model.alerts.get(place)?.finds?);
    match metric {
        Metric::FalseAlarms => {
            Some(firings.filter(|firing| !struck.iter().any(|s| firing.begins_in(s))).count() as f64)
        }
        Metric::Precision => {
            let all = firings.clone().count();
            let right = firings.filter(|firing| struck.iter().any(|s| firing.begins_in(s))).count();
            (all > 0).then(|| right as f64 / all as f64)
        }
        _ => {
            let all = &run.alerts[place];
            // What struck in the warm-up belongs to the whole run.
            let whole = spans == [run.whole()];
            let struck: Vec<&Span> = struck.iter().filter(|span| whole || is_within(span)).collect();
            let missed = struck.iter().filter(|span| !all.iter().any(|firing| firing.begins_in(span))).count();
            let missed = (!struck.is_empty()).then(|| missed as f64 / struck.len() as f64);
            if metric == Metric::Recall { missed.map(|missed| 1.0 - missed) } else { missed }
        }
    }
}
