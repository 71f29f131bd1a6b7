//! The time series, tidy: one row a window, subject and metric.

use sim_core::call::breaker::State;
use sim_core::outcome::Outcome;
use sim_core::results::{Estimate, StudyResult};
use std::fmt::Write;

/// One number of the time series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRow {
    /// Begin of the window, from time 0 [s].
    pub from_s: f64,
    /// End of the window [s].
    pub to_s: f64,
    /// Endpoint, service, call or item of the bill.
    pub subject: String,
    /// What is measured, with its unit.
    pub metric: String,
    /// Mean, or quantile of all replications; `None` without data.
    pub mean: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
}

/// All rows, in the order of subject, metric and window.
pub fn rows(study: &StudyResult) -> Vec<SeriesRow> {
    let mut rows = Vec::new();
    let mut add = |subject: &str, metric: &str, values: Vec<Option<Estimate>>| {
        for (window, value) in study.windows.iter().zip(values) {
            rows.push(SeriesRow {
                from_s: window.from_s,
                to_s: window.to_s,
                subject: subject.to_owned(),
                metric: metric.to_owned(),
                mean: value.map(|e| e.mean),
                low: value.map(|e| e.low),
                high: value.map(|e| e.high),
            });
        }
    };
    let all = |values: &[Estimate]| values.iter().copied().map(Some).collect::<Vec<_>>();
    for s in &study.endpoint_series {
        add(&s.name, "availability", s.availability.clone());
        add(&s.name, "in_full", s.in_full.clone());
        if s.wrong.iter().flatten().any(|share| share.mean > 0.0) {
            add(&s.name, "wrong", s.wrong.clone());
        }
        add(&s.name, "offered_per_s", all(&s.offered_per_s));
        for outcome in Outcome::ALL {
            add(&s.name, &format!("{}_per_s", outcome.name()), all(&s.outcomes_per_s[outcome as usize]));
        }
        add(&s.name, "latency_p50_s", s.p50_s.clone());
        add(&s.name, "latency_p99_s", s.p99_s.clone());
        add(&s.name, "latency_p99.9_s", s.p99_9_s.clone());
    }
    for s in &study.service_series {
        add(&s.name, "instances", all(&s.instances));
        add(&s.name, "wanted", all(&s.wanted));
        if s.scaled {
            add(&s.name, "desired", all(&s.desired));
            add(&s.name, "starting", all(&s.starting));
        }
        add(&s.name, "entered_per_s", all(&s.offered_per_s));
        add(&s.name, "queue_length", all(&s.queue_length));
        add(&s.name, "utilisation", s.utilisation.clone());
        for (place, size) in s.sizes.iter().enumerate() {
            add(&s.name, &format!("running_at_size_{}", place + 1), all(&size.running));
        }
        if !s.tree_amplification.is_empty() {
            add(&s.name, "tree_amplification", s.tree_amplification.clone());
        }
    }
    for s in &study.call_series {
        add(&s.name, "attempts_per_s", all(&s.attempts_per_s));
        add(&s.name, "retries_per_s", all(&s.retries_per_s));
        add(&s.name, "rejected_per_s", all(&s.rejected_per_s));
        for (state, shares) in State::ALL.iter().zip(s.breaker_states.iter().flat_map(|breakers| &breakers.windows)) {
            add(&s.name, &format!("breaker_state_{}", state.name()), shares.clone());
        }
    }
    for (item, values) in study.summary.cost.items.iter().zip(&study.cost_series) {
        add(&item.name, "cost", all(values));
    }
    rows
}

/// The series as CSV.
pub fn csv(study: &StudyResult) -> String {
    let mut out = String::from("from_s,to_s,subject,metric,mean,low,high\n");
    let cell = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
    for row in rows(study) {
        // Names have no comma or quote: the language does not allow them.
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{}",
            row.from_s,
            row.to_s,
            row.subject,
            row.metric,
            cell(row.mean),
            cell(row.low),
            cell(row.high)
        );
    }
    out
}
