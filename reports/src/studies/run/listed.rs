//! Services, caches, scalers, alerts, runbooks and modes of a run as its report and its summary list them: their order, and what stands in their
//! columns.

use crate::numbers::{clock, estimate, grouped, optional, plain};
use sim_core::data::cache::{COALESCED, HITS, MISSES, REGENERATIONS, SERVED_EXPIRED};
use sim_core::metrics::Counter;
use sim_core::results::{
    AlertSummary, Estimate, FaultSpan, Held, IncidentsSummary, LinkSummary, LoopStage, ModeSummary, ProbeSummary,
    RunbookSummary, ScalerSummary, ServiceSummary, StudyResult, Unit,
};
use std::collections::BTreeMap;

/// Heads of the columns after the name of a service.
pub const SERVICE_HEADS: [&str; 6] = ["instances", "utilisation", "CPU", "mean wait", "p99 wait", "queue length"];
/// Heads of the columns after the name of a scaler.
pub const SCALER_HEADS: [&str; 5] = ["service", "range", "wanted", "scalings a run", "reversals a run"];

/// Heads of the columns after a kind of wrongness.
pub const WRONG_HEADS: [&str; 4] = ["a run", "cause", "first at", "call"];

/// That answers are wrong which count as answered; `None` where none is.
pub fn wrong_says(study: &StudyResult) -> Option<String> {
    let all: f64 = study.summary.wrongness.causes.values().flat_map(|causes| causes.values()).map(|e| e.mean).sum();
    let kinds: Vec<&str> = study.summary.wrongness.causes.keys().copied().collect();
    let number = if all < 10.0 { format!("{all:.1}") } else { grouped(all, 0) };
    (all > 0.0).then(|| {
        format!("WRONG: {number} times a run something is wrong that nobody is told of ({}).", kinds.join(", "))
    })
}

/// Wrong answers by kind and cause, the most frequent first: kind, how many in a run, cause, the first of them and the call of which it is the
/// answer.
pub fn wrong_rows(study: &StudyResult) -> Vec<[String; 5]> {
    let wrongness = &study.summary.wrongness;
    let mut all: Vec<(&str, &str, &Estimate)> = wrongness
        .causes
        .iter()
        .flat_map(|(kind, causes)| causes.iter().map(move |(cause, number)| (*kind, *cause, number)))
        .collect();
    all.sort_by(|a, b| b.2.mean.total_cmp(&a.2.mean));
    let row = |(kind, cause, number): (&str, &str, &Estimate)| {
        let first = wrongness.first.iter().find(|wrong| wrong.kind == kind && wrong.cause == cause);
        let (at, call) =
            first.map_or(("later".to_owned(), String::new()), |wrong| (clock(wrong.at_s), wrong.call.clone()));
        [kind.to_owned(), estimate(number, Unit::Count), cause.to_owned(), at, call]
    };
    all.into_iter().map(row).collect()
}

/// Services by name: those whose requests wait the longest first, then those with the highest utilisation.
pub fn services(study: &StudyResult) -> Vec<(&String, &ServiceSummary)> {
    // What lies in the memory of its callers has no instances and no workers: it stands among the caches.
    let mut all: Vec<_> = study.summary.services.iter().filter(|(_, service)| !service.in_memory).collect();
    let wait = |s: &ServiceSummary| s.queue_wait_s.map_or(0.0, |wait| wait.p99.mean);
    let held = |s: &ServiceSummary| s.utilisation.map_or(0.0, |held| held.mean);
    all.sort_by(|(_, a), (_, b)| wait(b).total_cmp(&wait(a)).then(held(b).total_cmp(&held(a))));
    all
}

/// What stands in the columns of a service; `write` writes a number with or without its interval.
pub fn service_cells(service: &ServiceSummary, write: fn(&Estimate, Unit) -> String) -> [String; 6] {
    let or_dash = |e: Option<Estimate>, unit| optional_cell(e, unit, write);
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

/// Heads of the columns after the name of a cache.
pub const CACHE_HEADS: [&str; 5] = ["hit ratio", "lookups", "regenerations", "waited for another", "given expired"];

/// Caches in which somebody has looked something up, by name.
pub fn caches(study: &StudyResult) -> Vec<(&String, &ServiceSummary)> {
    study.summary.services.iter().filter(|(_, service)| service.hit_ratio.is_some()).collect()
}

/// What stands in the columns of a cache, but for the share of hits a run; `write` writes a number with or without its interval.
pub fn cache_cells(cache: &ServiceSummary, write: fn(&Estimate, Unit) -> String) -> [String; 5] {
    let none = Estimate::exact(0.0);
    let counted = |counter: &Counter| *cache.counters.get(counter.name).unwrap_or(&none);
    let (hits, misses) = (counted(&HITS), counted(&MISSES));
    // Of a sum only the mean is known for sure from the intervals of its parts.
    let lookups = grouped(hits.mean + misses.mean, 0);
    let of = |counter: &Counter| write(&counted(counter), Unit::Count);
    [
        optional_cell(cache.hit_ratio, Unit::Share, write),
        lookups,
        of(&REGENERATIONS),
        of(&COALESCED),
        of(&SERVED_EXPIRED),
    ]
}

fn optional_cell(value: Option<Estimate>, unit: Unit, write: fn(&Estimate, Unit) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), |value| write(&value, unit))
}

/// What stands in the columns of a scaler.
pub fn scaler_cells(study: &StudyResult, scaler: &ScalerSummary) -> [String; 5] {
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
        if scaler.moves == "instances" { scaler.of.clone() } else { format!("{}, {}", scaler.of, scaler.moves) },
        range(scaler.min.to_string(), scaler.max.to_string()),
        if scaler.moves != "instances" {
            "-".to_owned()
        } else if least.is_finite() {
            range(grouped(least, 0), grouped(most, 0))
        } else {
            "no data".to_owned()
        },
        estimate(&up_and_down, Unit::Count),
        estimate(&scaler.turns, Unit::Count),
    ]
}

/// Why a scaler changed nothing, the most frequent reasons first; `None` where it changed something at each look.
pub fn reasons(scaler: &ScalerSummary) -> Vec<(&'static str, Estimate)> {
    let all = Held::ALL.into_iter();
    let mut all: Vec<_> = all.filter_map(|held| Some((held.says(), *scaler.held.get(held.name())?))).collect();
    all.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    all
}

/// A share that is worth no decimals.
fn about(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.5 => "less than 1\u{a0}%".to_owned(),
        percent => format!("{}\u{a0}%", grouped(percent, 0)),
    }
}

/// The same as a sentence, and how good its forecasts are; `None` where nothing but having what it wants kept it.
pub fn why_nothing(name: &str, scaler: &ScalerSummary) -> Option<String> {
    let reasons = reasons(scaler);
    let forecast = scaler.forecast_error.map(|error| format!(" Its forecasts miss by {}.", about(error.mean)));
    if forecast.is_none() && reasons.iter().all(|(says, _)| *says == Held::OnTarget.says()) {
        return None;
    }
    let idle: f64 = reasons.iter().map(|(_, share)| share.mean).sum();
    let parts: Vec<String> = reasons.iter().map(|(says, share)| format!("{says} {}", about(share.mean))).collect();
    let looks = match parts.len() {
        0 => format!("{name} changed something at each look."),
        _ => format!("{name} changed nothing at {} of its looks: {}.", about(idle), parts.join(", ")),
    };
    Some(looks + &forecast.unwrap_or_default())
}

/// Heads of the columns after the name of an alert.
pub const ALERT_HEADS: [&str; 7] =
    ["severity", "fired a run", "first at", "found", "found after", "false a day", "healthy days"];

/// Alerts by name, the most severe first.
pub fn alerts(study: &StudyResult) -> Vec<(&String, &AlertSummary)> {
    let mut all: Vec<_> = study.summary.alerts.iter().collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse(alert.severity));
    all
}

/// What stands in the columns of an alert.
pub fn alert_cells(alert: &AlertSummary) -> [String; 7] {
    let first = alert.first_fired_s.map_or_else(|| "never".to_owned(), |first| clock(first.mean));
    // An alert that the file gives no fault to find is neither late nor false.
    let judged = match &alert.detection {
        Some(detection) => [
            optional(detection.found.as_ref(), Unit::Share),
            detection.found_after_s.map_or_else(|| "never".to_owned(), |after| plain(after, Unit::Seconds)),
            optional(detection.false_a_day.as_ref(), Unit::Count),
            plain(detection.days, Unit::Count),
        ],
        None => ["-", "-", "-", "-"].map(str::to_owned),
    };
    let [found, after, falsely, days] = judged;
    [alert.severity.to_string(), estimate(&alert.fired, Unit::Count), first, found, after, falsely, days]
}

/// How many faults strike beyond those that are listed: `and 37 more`; `None` where all are.
pub fn more_faults(struck: &[&FaultSpan], listed: usize) -> Option<String> {
    let more = struck.len().checked_sub(listed).filter(|more| *more > 0)?;
    let mut spans = BTreeMap::new();
    struck.iter().for_each(|fault| *spans.entry(&fault.name).or_insert(0) += 1);
    // Of a fault of which as many are kept as can be, there may be more.
    let at_least = if spans.values().any(|of| *of >= FaultSpan::MOST) { "at least " } else { "" };
    Some(format!("and {at_least}{} more", grouped(more as f64, 0)))
}

/// Heads of the columns after the name of a direction of a link.
pub const LINK_HEADS: [&str; 8] = ["messages", "lost", "changes", "busy", "waiting", "p50", "p99", "sent"];

/// What stands in the columns of a direction of a link, or of a route.
pub fn link_cells(link: &LinkSummary) -> [String; 8] {
    let or_none = |of: &Option<Estimate>, unit| of.as_ref().map_or_else(|| "-".to_owned(), |of| estimate(of, unit));
    let times = link.way_s.as_ref();
    [
        estimate(&link.carried, Unit::Count),
        estimate(&link.lost, Unit::Count),
        or_none(&link.route_changes, Unit::Count),
        or_none(&link.utilisation, Unit::Share),
        or_none(&link.backlog_bytes, Unit::Bytes),
        optional(times.map(|times| &times.p50), Unit::Seconds),
        optional(times.map(|times| &times.p99), Unit::Seconds),
        estimate(&link.bytes, Unit::Bytes),
    ]
}

/// Heads of the columns after the name of a direction of probes.
pub const PROBE_HEADS: [&str; 5] = ["sent a run", "lost a run", "one way a run", "p50", "p99"];

/// What stands in the columns of a direction of probes.
pub fn probe_cells(probe: &ProbeSummary) -> [String; 5] {
    let count = |number| estimate(number, Unit::Count);
    let times = probe.way_s.as_ref();
    [
        count(&probe.sent),
        count(&probe.lost),
        count(&probe.one_way_failures),
        optional(times.map(|times| &times.p50), Unit::Seconds),
        optional(times.map(|times| &times.p99), Unit::Seconds),
    ]
}

/// Heads of the columns after the name of a stage.
pub const LOOP_HEADS: [&str; 3] = ["after the fault", "in runs", "a minute less saves"];

/// What stands in the columns of a stage, of a fault that struck in so many runs.
pub fn loop_cells(stage: &LoopStage, runs: u32) -> [String; 3] {
    let after = stage.after_s.as_ref().map_or_else(|| "never".to_owned(), |after| estimate(after, Unit::Seconds));
    let saves = stage.minute_saves.as_ref().map_or_else(|| "-".to_owned(), |saves| estimate(saves, Unit::Money));
    [after, format!("{} of {runs}", stage.runs), saves]
}

/// Heads of the columns of incidents.
pub const INCIDENT_HEADS: [&str; 8] =
    ["alerts", "incidents", "severity", "told", "not told", "escalations", "acknowledged", "silent again"];

/// What stands in the columns of incidents.
pub fn incident_cells(all: &IncidentsSummary) -> [String; 8] {
    let count = |count: &Estimate| estimate(count, Unit::Count);
    let time = |time: &Option<Estimate>| {
        time.as_ref().map_or_else(|| "never".to_owned(), |time| estimate(time, Unit::Seconds))
    };
    [
        count(&all.raised),
        count(&all.incidents),
        all.severity.as_ref().map_or_else(|| "none".to_owned(), count),
        count(&all.notifications),
        count(&all.suppressed),
        count(&all.escalations),
        time(&all.acknowledged_after_s),
        time(&all.lasted_s),
    ]
}

/// The same words with a capital first letter.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Heads of the columns after the name of an operating mode.
pub const MODE_HEADS: [&str; 3] = ["share of time", "entered a run", "stays"];

/// What stands in the columns of an operating mode.
pub fn mode_cells(mode: &ModeSummary) -> [String; 3] {
    [
        estimate(&mode.share, Unit::Share),
        estimate(&mode.entered, Unit::Count),
        mode.stays_s.as_ref().map_or_else(|| "never".to_owned(), |time| estimate(time, Unit::Seconds)),
    ]
}

/// Heads of the columns after the name of a runbook.
pub const RUNBOOK_HEADS: [&str; 4] = ["by", "begun a run", "acts after", "done after"];

/// What stands in the columns of a runbook.
pub fn runbook_cells(runbook: &RunbookSummary) -> [String; 4] {
    let time = |time: &Option<Estimate>| {
        time.as_ref().map_or_else(|| "never".to_owned(), |time| estimate(time, Unit::Seconds))
    };
    [
        runbook.by.clone().unwrap_or_else(|| "automation".to_owned()),
        estimate(&runbook.begun, Unit::Count),
        time(&runbook.acts_after_s),
        time(&runbook.done_after_s),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn faults_beyond_those_listed_are_counted_as_far_as_they_are_known() {
        let fault = sample::study().faults.remove(0);
        let text = |number: usize| more_faults(&vec![&fault; number], 3);
        assert_eq!(text(3), None);
        assert_eq!(text(40).unwrap(), "and 37 more");
        assert_eq!(text(FaultSpan::MOST).unwrap(), "and at least 47 more");
    }
}
