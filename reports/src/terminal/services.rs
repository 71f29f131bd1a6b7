//! The services of a run, the busiest first, and the scalers.

use super::table::{Row, Table};
use super::{Style, wrap};
use crate::numbers::{estimate, grouped, short};
use sim_core::results::{Estimate, ScalerSummary, ServiceSummary, StudyResult, Unit};

/// Services that are listed; the rest is in the report.
const MOST: usize = 6;

/// Heads of the columns after the name of a service.
pub(crate) const HEADS: [&str; 6] = ["instances", "utilisation", "CPU", "mean wait", "p99 wait", "queue length"];
/// Heads of the columns after the name of a scaler.
pub(crate) const SCALER_HEADS: [&str; 5] = ["service", "range", "wanted", "scalings a run", "reversals a run"];

/// Services by name: those whose requests wait the longest first, then those with the highest utilisation.
pub(crate) fn worst_first(study: &StudyResult) -> Vec<(&String, &ServiceSummary)> {
    let mut all: Vec<_> = study.summary.services.iter().collect();
    let wait = |s: &ServiceSummary| s.queue_wait_s.map_or(0.0, |wait| wait.p99.mean);
    let held = |s: &ServiceSummary| s.utilisation.map_or(0.0, |held| held.mean);
    all.sort_by(|(_, a), (_, b)| wait(b).total_cmp(&wait(a)).then(held(b).total_cmp(&held(a))));
    all
}

/// What stands in the columns of a service; `write` writes a number with or without its interval.
pub(crate) fn cells(service: &ServiceSummary, write: fn(&Estimate, Unit) -> String) -> [String; 6] {
    let or_dash = |e: Option<Estimate>, unit| e.map_or_else(|| "-".to_owned(), |e| write(&e, unit));
    let wait = service.queue_wait_s;
    let instances = Some(service.instances).filter(|_| !service.is_queue);
    [
        or_dash(instances, Unit::Count),
        or_dash(service.utilisation, Unit::Share),
        or_dash(service.cpu, Unit::Share),
        or_dash(wait.map(|w| w.mean), Unit::Seconds),
        or_dash(wait.map(|w| w.p99), Unit::Seconds),
        write(&service.queue_length, Unit::Count),
    ]
}

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = worst_first(study);
    let row = |(name, service): &(&String, &ServiceSummary)| Row {
        lead: String::new(),
        name: (*name).clone(),
        cells: cells(service, short).to_vec(),
    };
    let rows = all.iter().take(MOST).map(row).collect();
    Table { title: "Services", lead: 0, heads: &HEADS, rows }.write(style, out);
    let more = all.len().saturating_sub(MOST);
    if more > 0 {
        let which = if more == 1 { "1 more service is".to_owned() } else { format!("{more} more services are") };
        out.push_str(&wrap(&format!("{which} in the report."), "", style.sentence_width()));
    }
}

/// What stands in the columns of a scaler.
pub(crate) fn scaler_cells(study: &StudyResult, scaler: &ScalerSummary) -> [String; 5] {
    let series = study.service_series.iter().find(|series| series.name == scaler.of);
    let wanted = || series.into_iter().flat_map(|series| &series.wanted).map(|e| e.mean);
    let (least, most) = (wanted().fold(f64::INFINITY, f64::min), wanted().fold(0.0, f64::max));
    let up_and_down = Estimate {
        mean: scaler.steps_up.mean + scaler.steps_down.mean,
        low: scaler.steps_up.low + scaler.steps_down.low,
        high: scaler.steps_up.high + scaler.steps_down.high,
    };
    let range = |from: String, to: String| if from == to { from } else { format!("{from}–{to}") };
    [
        scaler.of.clone(),
        range(scaler.min.to_string(), scaler.max.to_string()),
        if least.is_finite() { range(grouped(least, 0), grouped(most, 0)) } else { "no data".to_owned() },
        estimate(&up_and_down, Unit::Count),
        estimate(&scaler.turns, Unit::Count),
    ]
}

pub(super) fn scalers(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, scaler): (&String, &ScalerSummary)| Row {
        lead: String::new(),
        name: name.clone(),
        cells: scaler_cells(study, scaler).to_vec(),
    };
    let rows = study.summary.scalers.iter().map(row).collect();
    Table { title: "Scalers", lead: 0, heads: &SCALER_HEADS, rows }.write(style, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const PLAIN: Style = Style { colour: false, plain: true, width: 100 };

    #[test]
    fn the_services_with_the_longest_waits_come_first_and_the_rest_is_counted() {
        let mut study = sample::study();
        let gateway = study.summary.services["gateway"].clone();
        for place in 0..8 {
            let mut other = gateway.clone();
            other.queue_wait_s = None;
            study.summary.services.insert(format!("idle-{place}"), other);
        }
        let mut out = String::new();
        block(&study, PLAIN, &mut out);
        let lines: Vec<&str> = out.trim().lines().collect();
        assert!(lines[0].starts_with("Services") && lines[1].starts_with("gateway"), "{out}");
        assert_eq!(*lines.last().unwrap(), "3 more services are in the report.");
        assert_eq!(lines.len(), MOST + 2);
    }

    #[test]
    fn a_scaler_says_its_range_what_it_wanted_and_how_often_it_scaled() {
        let mut study = sample::study();
        let steps = Estimate::exact(2.0);
        let scaler = ScalerSummary {
            of: "gateway".into(),
            min: 2,
            max: 20,
            steps_up: steps,
            steps_down: steps,
            turns: Estimate::exact(1.0),
            without_data: None,
        };
        study.summary.scalers.insert("by-cpu".into(), scaler);
        let mut out = String::new();
        scalers(&study, PLAIN, &mut out);
        let last = out.lines().last().unwrap();
        assert_eq!(super::super::table::cells_of(last), ["by-cpu", "gateway", "2–20", "4–8", "4", "1"], "{out}");
    }
}
