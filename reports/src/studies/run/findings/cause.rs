//! Where harm begins: a service that calls nobody and is slower though hardly more is asked of it, and what its callers make of that.

use crate::Source;
use crate::numbers::{clock, grouped};
use crate::page::finding::Finding;
use sim_core::results::{Estimate, NodeKind, ServiceSeries, StudyResult};

/// Users are harmed where so many points fewer of their requests are answered than at first.
const HARM: f64 = 0.05;
/// A service is slower where its workers are busier by this factor and by so many points, ...
const BUSIER: (f64, f64) = (1.5, 0.2);
/// ... while it is asked for at most so many times as much.
const ASKED: f64 = 1.2;
/// So many attempts for each request, and so many times as many instances, are worth a word.
const WORTH: f64 = 1.5;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let harmed = study.endpoint_series.iter().filter_map(|series| first_harm(&series.availability)).min()?;
    if harmed == 0 {
        return None;
    }
    let all = study.service_series.iter().filter(|series| waits_for_nobody(study, &series.name));
    let slow = all.filter_map(|series| slower(series, harmed).map(|(window, busy)| (window, series, busy)));
    let (window, origin, (before, after)) = slow.min_by_key(|(window, ..)| *window)?;
    let percent = |share: f64| format!("{}\u{a0}%", grouped(share * 100.0, 0));
    let mut why = Vec::new();
    // Attempts by retries that are seen at the origin, or at whoever calls it.
    let concerned = |name: &str| name == origin.name || calls(study, name, &origin.name);
    let stormed = study.service_series.iter().filter(|series| concerned(&series.name)).filter_map(|series| {
        let of =
            |range: &mut dyn Iterator<Item = &Option<Estimate>>| range.flatten().map(|e| e.mean).fold(1.0, f64::max);
        let usual = of(&mut series.tree_amplification.iter().take(window));
        let most = of(&mut series.tree_amplification.iter().skip(window));
        (most >= WORTH * usual).then_some((&series.name, most))
    });
    if let Some((name, most)) = stormed.max_by(|a, b| a.1.total_cmp(&b.1)) {
        why.push(format!("From then on retries bring up to {} attempts for each request to {name}.", grouped(most, 1)));
    }
    let grown = study.service_series.iter().filter(|series| series.scaled && concerned(&series.name));
    let grown = grown.filter_map(|series| {
        let (first, most) = (mean_before(&series.instances, window), most_after(&series.instances, window));
        (first > 0.0 && most >= WORTH * first).then_some((&series.name, first, most))
    });
    if let Some((name, first, most)) = grown.max_by(|a, b| (a.2 / a.1).total_cmp(&(b.2 / b.1))) {
        why.push(format!("The scaler of {name} goes from {} to {} instances.", grouped(first, 0), grouped(most, 0)));
    }
    Some(Finding {
        what: format!(
            "The harm begins at {}: from {} on its workers are {} busy instead of {}, though it gets at most {} more requests than before.",
            origin.name,
            clock(study.windows[window].from_s),
            percent(after),
            percent(before),
            percent(ASKED - 1.0)
        ),
        why: why.join(" "),
        command: None,
        figure: Some("outcomes".into()),
        weight: 55.0,
    })
}

/// Whether a service is as slow as it is by itself: it calls nobody, and all its requests are of one kind, so that as many of them are as much work.
fn waits_for_nobody(study: &StudyResult, name: &str) -> bool {
    let Some(place) = place(study, name) else { return false };
    study.system.nodes[place].endpoints == 1 && study.system.calls.iter().all(|call| call.from != place)
}

/// The place of a service in the drawing of the system.
fn place(study: &StudyResult, name: &str) -> Option<usize> {
    study.system.nodes.iter().position(|node| node.name == name && node.kind != NodeKind::Load)
}

/// Whether one service calls another, through others or not.
fn calls(study: &StudyResult, from: &str, to: &str) -> bool {
    let (Some(from), Some(to)) = (place(study, from), place(study, to)) else { return false };
    let (mut seen, mut open) = (vec![false; study.system.nodes.len()], vec![from]);
    while let Some(at) = open.pop() {
        for callee in study.system.calls.iter().filter(|call| call.from == at).map(|call| call.to) {
            if callee == to {
                return true;
            }
            if !std::mem::replace(&mut seen[callee], true) {
                open.push(callee);
            }
        }
    }
    false
}

/// The first window in which fewer are answered than in the first.
fn first_harm(availability: &[Option<Estimate>]) -> Option<usize> {
    let usual = availability.iter().flatten().next()?.mean;
    availability.iter().position(|share| share.is_some_and(|share| share.mean < usual - HARM))
}

/// The first window, up to the one after users are harmed, in which a service is busier than before without being asked for more; and how busy it
/// was before and is then.
fn slower(series: &ServiceSeries, harmed: usize) -> Option<(usize, (f64, f64))> {
    let busy = |window: usize| series.utilisation.get(window).copied().flatten().map(|share| share.mean);
    let last = (harmed + 1).min(series.utilisation.len().saturating_sub(1));
    (1..=last).find_map(|window| {
        let earlier: Vec<f64> = (0..window).filter_map(busy).collect();
        let before = earlier.iter().sum::<f64>() / earlier.len().max(1) as f64;
        let now = busy(window)?;
        let asked = mean_before(&series.offered_per_s, window);
        let is_slower = before > 0.0 && now >= BUSIER.0 * before && now >= before + BUSIER.1;
        let is_asked_for_more = series.offered_per_s.get(window)?.mean > ASKED * asked;
        (is_slower && !is_asked_for_more).then_some((window, (before, now)))
    })
}

fn mean_before(values: &[Estimate], window: usize) -> f64 {
    values.iter().take(window).map(|e| e.mean).sum::<f64>() / window.max(1) as f64
}

fn most_after(values: &[Estimate], window: usize) -> f64 {
    values.iter().skip(window).map(|e| e.mean).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// A study in which users are harmed from the fifth window on, and a service is so busy, and asked so often, from then on.
    fn said(is_harmed: bool, busy: f64, asked: f64) -> Option<Finding> {
        let study = slowed(is_harmed, busy, asked);
        look(&study, &sample::source())
    }

    /// Of the two services the gateway calls payment, which calls nobody.
    fn slowed(is_harmed: bool, busy: f64, asked: f64) -> StudyResult {
        let mut study = sample::study();
        study.system.calls.retain(|call| call.from < 2);
        let exact = Estimate::exact;
        let count = study.windows.len();
        assert!(count > 6);
        let from = |window: usize, before: f64, after: f64| exact(if window < 5 { before } else { after });
        for series in &mut study.endpoint_series {
            series.availability = (0..count).map(|w| Some(from(w, 1.0, if is_harmed { 0.8 } else { 1.0 }))).collect();
        }
        for series in &mut study.service_series {
            series.utilisation = vec![Some(exact(0.3)); count];
            series.tree_amplification = Vec::new();
            series.offered_per_s = vec![exact(100.0); count];
            series.instances = vec![exact(4.0); count];
        }
        let slow = study.service_series.last_mut().unwrap();
        slow.utilisation = (0..count).map(|w| Some(from(w, 0.3, busy))).collect();
        slow.offered_per_s = (0..count).map(|w| from(w, 100.0, asked)).collect();
        let first = &mut study.service_series[0];
        first.tree_amplification = (0..count).map(|w| Some(from(w, 1.0, 3.0))).collect();
        (first.scaled, first.instances) = (true, (0..count).map(|w| from(w, 4.0, 20.0)).collect());
        study
    }

    #[test]
    fn a_slow_service_is_told_with_what_its_callers_make_of_it() {
        let found = said(true, 0.9, 100.0).unwrap();
        assert!(
            found.what.starts_with("The harm begins at payment: ")
                && found.what.contains("90\u{a0}% busy instead of 30\u{a0}%"),
            "{found:?}"
        );
        assert!(
            found.why.contains("up to 3.0 attempts") && found.why.contains("goes from 4 to 20 instances"),
            "{found:?}"
        );
    }

    #[test]
    fn more_users_or_no_harm_have_no_such_cause() {
        assert!(said(false, 0.9, 100.0).is_none(), "nobody is harmed");
        assert!(said(true, 0.9, 300.0).is_none(), "three times as much is asked of it");
        assert!(said(true, 0.35, 100.0).is_none(), "it is hardly busier");
    }

    #[test]
    fn who_waits_for_another_is_no_cause_and_neither_are_retries_that_were_there_before() {
        // What payment calls, or the way to it, may be what is slow.
        let mut study = slowed(true, 0.9, 100.0);
        study.system.calls.push(study.system.calls[1].clone());
        let last = study.system.calls.len() - 1;
        (study.system.calls[last].from, study.system.calls[last].to) = (2, 4);
        assert!(look(&study, &sample::source()).is_none());
        // Of two endpoints the dear one may be asked for more.
        let mut study = slowed(true, 0.9, 100.0);
        study.system.nodes[2].endpoints = 2;
        assert!(look(&study, &sample::source()).is_none());
        let mut study = slowed(true, 0.9, 100.0);
        study.service_series[0].tree_amplification.fill(Some(Estimate::exact(3.0)));
        let found = look(&study, &sample::source()).unwrap();
        assert!(!found.why.contains("retries"), "{found:?}");
    }
}
