//! A system that does not come back when all that disturbed it is over.

use super::answered;
use crate::Source;
use crate::numbers::{grouped, length, plain};
use crate::page::finding::Finding;
use sim_core::results::{Estimate, StudyResult, Unit};

/// From the first disturbance to the end of the last, which has a name [s].
struct Disturbed {
    from_s: f64,
    to_s: f64,
    last: String,
}

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let series = study.most_harmed()?;
    let Disturbed { from_s, to_s, last } = disturbed(study)?;
    let end = study.windows.last()?.to_s;
    let window = study.windows.first().map_or(1.0, |w| w.to_s - w.from_s);
    if from_s <= 0.0 || end - to_s < 3.0 * window {
        return None;
    }
    let stretch = (end - ((end - to_s) / 4.0).max(window), end);
    let before = answered(study, series, (0.0, from_s))?;
    let at_end = answered(study, series, stretch)?;
    let share = |x: f64| plain((x * 1e3).round() / 1e3, Unit::Share);
    (1.0 - at_end > 5.0 * (1.0 - before) + 0.02).then(|| Finding {
        what: format!(
            "{} does not come back: {} after the end of {last} it answers {} of requests, and {} before.",
            series.name,
            length((end - to_s).round()),
            share(at_end),
            share(before)
        ),
        why: seen(study, stretch),
        command: None,
        figure: Some("availability".into()),
        weight: 40.0,
    })
}

/// When the system is disturbed; `None` where it never is, where a disturbance lasts to the end, or where it comes at random, so that other
/// runs have it at other times.
fn disturbed(study: &StudyResult) -> Option<Disturbed> {
    let end = study.windows.last()?.to_s;
    // What is there all the time was there before, too.
    let faults = study.faults.iter().filter(|f| f.from_s > 0.0 || f.to_s < end);
    if faults.clone().any(|f| !f.scheduled) {
        return None;
    }
    let faults = faults.map(|f| (f.from_s, f.to_s, f.name.clone()));
    let until =
        |e: &sim_core::results::LoadEvent| if e.stays { f64::INFINITY } else { e.to_s.unwrap_or(f64::INFINITY) };
    let surges = study.load_events.iter().map(|e| (e.from_s, until(e), "the surge".to_owned()));
    let all: Vec<(f64, f64, String)> = faults.chain(surges).collect();
    let from_s = all.iter().map(|d| d.0).fold(f64::INFINITY, f64::min);
    let (_, to_s, last) = all.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (to_s < end).then_some(Disturbed { from_s, to_s, last })
}

/// What is counted in the stretch at the end: calls that a breaker turns away, or requests that wait.
fn seen(study: &StudyResult, (from, to): (f64, f64)) -> String {
    let mean = |series: &[Estimate]| {
        let within = |w: &sim_core::results::Window| (w.to_s.min(to) - w.from_s.max(from)).max(0.0);
        study.windows.iter().zip(series).map(|(w, e)| within(w) * e.mean).sum::<f64>() / (to - from)
    };
    let opens = |name: &str| study.summary.calls.get(name).is_some_and(|call| call.breaker_opened.mean > 0.0);
    let turned = study.call_series.iter().filter(|call| opens(&call.name)).map(|call| {
        let rejected = mean(&call.rejected_per_s);
        (call, rejected, rejected / (rejected + mean(&call.attempts_per_s)).max(1e-9))
    });
    if let Some((call, _, share)) = turned.filter(|t| t.2 > 0.5).max_by(|a, b| a.1.total_cmp(&b.1)) {
        let share = plain((share * 1e3).round() / 1e3, Unit::Share);
        return format!("The breaker of {} still turns away {share} of its calls.", call.name);
    }
    let queues = study.service_series.iter().map(|service| (service, mean(&service.queue_length)));
    match queues.max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((service, waiting)) if waiting > 1.0 => {
            format!("In {} {} requests wait, with no fault and no surge any more.", service.name, grouped(waiting, 0))
        }
        _ => "No fault is on any more, and no surge.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// The sample, in which nothing is answered from a moment on.
    fn down_from(seconds: f64) -> StudyResult {
        let mut study = sample::study();
        let late: Vec<bool> = study.windows.iter().map(|w| w.from_s >= seconds).collect();
        for (outcome, series) in study.endpoint_series[0].outcomes_per_s.iter_mut().enumerate() {
            for (e, _) in series.iter_mut().zip(&late).filter(|(_, late)| **late) {
                *e = Estimate::exact(if outcome == 2 { 800.0 } else { 0.0 });
            }
        }
        study
    }

    fn found(study: &StudyResult) -> Option<Finding> {
        look(study, &sample::source())
    }

    #[test]
    fn says_that_it_stays_down_and_what_is_counted_then() {
        let mut study = down_from(300.0);
        study.load_events.clear();
        for call in &mut study.call_series {
            call.rejected_per_s.fill(Estimate::exact(0.0));
        }
        let waits = study.windows.len() - 1;
        study.service_series[0].queue_length[waits / 2..].fill(Estimate::exact(500.0));
        let text = found(&study).unwrap();
        assert!(text.what.contains("does not come back"), "{}", text.what);
        assert!(text.why.contains("500 requests wait"), "{}", text.why);
        let call = study.call_series.iter_mut().find(|c| c.name == "gateway->payment.charge").unwrap();
        call.rejected_per_s.fill(Estimate::exact(700.0));
        call.attempts_per_s.fill(Estimate::exact(0.0));
        let text = found(&study).unwrap();
        assert_eq!(
            text.why.replace('\u{a0}', " "),
            "The breaker of gateway->payment.charge still turns away 100 % of its calls."
        );
    }

    #[test]
    fn is_silent_where_it_comes_back_or_something_is_still_on() {
        assert!(found(&sample::study()).is_none());
        let end = sample::study().windows.last().unwrap().to_s;
        // Another fault, after the first, lasts to the end.
        let mut other = down_from(600.0);
        other.load_events.clear();
        let second =
            sim_core::results::FaultSpan { name: "second".into(), from_s: 600.0, to_s: end, ..other.faults[0].clone() };
        other.faults.push(second);
        assert!(found(&other).is_none());
        // Faults that come at random.
        let mut random = down_from(300.0);
        random.faults[0].scheduled = false;
        assert!(found(&random).is_none());
        // The load grows, and stays.
        let mut grown = down_from(300.0);
        grown.load_events.iter_mut().for_each(|event| event.stays = true);
        assert!(!grown.load_events.is_empty() && found(&grown).is_none());
    }
}
