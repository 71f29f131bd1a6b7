//! When the first fault was found, when somebody acted, and when the mending was done: moments in a figure of what users see.

use super::svg::{Svg, colour};
use crate::numbers::clock;
use sim_core::results::StudyResult;

/// Room that a label takes from its moment on, in the units of a drawing.
const LABEL: f64 = 84.0;

/// A moment of the response to a fault [s], and what happened.
type Moment = (f64, &'static str);

/// The moments of the response to the first fault, means over the replications in which they came; nothing where no alert has found it.
pub(super) fn moments(study: &StudyResult) -> Vec<Moment> {
    let Some(fault) = study.faults.iter().find(|fault| fault.scheduled && fault.from_s > 0.0) else {
        return Vec::new();
    };
    let found = study.summary.alerts.iter().filter_map(|(name, alert)| {
        let after = alert.time_to_detect_s.filter(|_| alert.finds.as_deref() == Some(&fault.name))?;
        Some((fault.from_s + after.mean, name)).filter(|(at, _)| at.is_finite())
    });
    let Some((found_at, alert)) = found.min_by(|a, b| a.0.total_cmp(&b.0)) else { return Vec::new() };
    let runbooks = || study.summary.runbooks.iter().filter(|runbook| &runbook.alert == alert);
    let after = |times: Vec<f64>| times.into_iter().filter(|time| time.is_finite()).reduce(f64::min);
    let acted = after(runbooks().filter_map(|runbook| Some(runbook.acts_after_s?.mean)).collect());
    let done = after(runbooks().filter_map(|runbook| Some(runbook.done_after_s?.mean)).collect());
    let later = |after: Option<f64>, what| after.map(|after| (found_at + after, what));
    let all = [Some((found_at, "found")), later(acted, "acts"), later(done, "done")];
    let end = study.windows.last().map_or(0.0, |window| window.to_s);
    all.into_iter().flatten().filter(|(at, _)| *at <= end).collect()
}

/// Draws the moments across a plot over time: a line each, with its word and time at the foot.
pub(super) fn draw(svg: &mut Svg, study: &StudyResult) {
    let mut rows: Vec<f64> = Vec::new();
    for (at, what) in moments(study) {
        let x = svg.x_of(study, at);
        svg.line(x, svg.top, x, svg.bottom, colour::INK2, 1.0, "2 3");
        // The lowest row whose last label ends before this one.
        let (begin, anchor) = if x + LABEL > svg.right { (x - 4.0 - LABEL, "end") } else { (x, "start") };
        let row = rows.iter().position(|end| *end < begin).unwrap_or(rows.len());
        rows.resize(rows.len().max(row + 1), 0.0);
        rows[row] = begin + LABEL;
        let y = svg.bottom - 7.0 - 15.0 * row as f64;
        let text_x = if anchor == "end" { x - 4.0 } else { x + 4.0 };
        svg.text_over(text_x, y, &format!("{what} {}", clock(at)), colour::INK2, anchor, false);
    }
}

/// What the caption says of the moments; empty where there are none.
pub(super) fn says(study: &StudyResult) -> &'static str {
    if moments(study).is_empty() {
        return "";
    }
    " Dotted: when an alert first found the fault, when its runbook began to act, and when that was done, on average."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{AlertSummary, Estimate};

    #[test]
    fn the_response_is_that_to_the_fault_which_an_alert_finds() {
        let mut study = sample::study();
        let fault = study.faults.iter().find(|fault| fault.from_s > 0.0).unwrap().clone();
        let alert = AlertSummary {
            finds: None,
            severity: 2,
            fired: Estimate::exact(1.0),
            time_to_detect_s: Some(Estimate::exact(20.0)),
            first_fired_s: None,
            false_alarms: None,
            detection: None,
            without_data: None,
            curve: None,
        };
        study.summary.alerts.insert("slow".into(), alert);
        assert!(moments(&study).is_empty() && says(&study).is_empty(), "no alert is there to find it");
        study.summary.alerts.get_mut("slow").unwrap().finds = Some(fault.name.clone());
        assert_eq!(moments(&study), [(fault.from_s + 20.0, "found")]);
        study.summary.alerts.get_mut("slow").unwrap().time_to_detect_s = Some(Estimate::exact(f64::INFINITY));
        assert!(moments(&study).is_empty(), "it was never found");
    }
}
