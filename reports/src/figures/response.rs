//! When the first fault was found, when somebody acted, and when users no longer felt it: moments in a figure of what users see.

use super::svg::{Svg, colour};
use crate::numbers::clock;
use sim_core::results::StudyResult;

/// Room that a label takes from its moment on, in the units of a drawing.
const LABEL: f64 = 84.0;

/// A moment of the response to a fault [s], and what happened.
type Moment = (f64, &'static str);

/// The moments of the response to the first fault that an alert is there to find: medians over the replications in which they came, as in the table
/// of its loop. Nothing where no alert has found it.
pub(super) fn moments(study: &StudyResult) -> Vec<Moment> {
    let scheduled = || study.faults.iter().filter(|fault| fault.scheduled && fault.from_s > 0.0);
    let of = |name: &str| study.summary.loops.iter().find(|one| one.fault == name);
    let Some((fault, one)) = scheduled().find_map(|fault| Some((fault, of(&fault.name)?))) else {
        return found_alone(study);
    };
    let after = |stage: &str| {
        let stage = one.stages.iter().find(|other| other.name == stage)?;
        stage.after_s.map(|after| after.mean).filter(|after| after.is_finite())
    };
    let Some(found_after) = after("alert") else { return Vec::new() };
    let words = [(Some(found_after), "found"), (after("action"), "acts"), (after("recovery"), "over")];
    let end = study.windows.last().map_or(0.0, |window| window.to_s);
    let all = words.into_iter().filter_map(|(after, what)| Some((fault.from_s + after?, what)));
    all.filter(|(at, _)| *at <= end).collect()
}

/// When the first fault was found, where nobody acts and so nothing closes a loop: the mean of the alert that is soonest.
fn found_alone(study: &StudyResult) -> Vec<Moment> {
    let Some(fault) = study.faults.iter().find(|fault| fault.scheduled && fault.from_s > 0.0) else {
        return Vec::new();
    };
    let finds = study.summary.alerts.values().filter(|alert| alert.finds.as_deref() == Some(&fault.name));
    let after = finds.filter_map(|alert| alert.time_to_detect_s).map(|after| after.mean);
    let end = study.windows.last().map_or(0.0, |window| window.to_s);
    let at = after.map(|after| fault.from_s + after).filter(|at| *at <= end);
    at.min_by(f64::total_cmp).map(|at| (at, "found")).into_iter().collect()
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
    " Dotted: when an alert first found the fault and, where somebody acts, when the first action was done and from when on users no longer felt it, as \
     in the table of what followed it."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{AlertSummary, Estimate, LoopStage, LoopSummary};

    #[test]
    fn the_response_is_that_to_the_first_fault_that_an_alert_may_find() {
        let mut study = sample::study();
        study.summary.loops.clear();
        assert!(moments(&study).is_empty() && says(&study).is_empty(), "no alert is there to find it");
        let fault = study.faults.iter().find(|fault| fault.from_s > 0.0).unwrap().clone();
        let stage = |name: &'static str, after: Option<f64>| LoopStage {
            name,
            runs: 1,
            after_s: after.map(Estimate::exact),
            minute_saves: None,
        };
        let stages = vec![stage("alert", Some(20.0)), stage("page", None), stage("action", Some(35.0))];
        study.summary.loops.push(LoopSummary { fault: fault.name.clone(), runs: 1, stages });
        assert_eq!(moments(&study), [(fault.from_s + 20.0, "found"), (fault.from_s + 35.0, "acts")]);
        study.summary.loops[0].stages.push(stage("recovery", Some(90.0)));
        assert_eq!(moments(&study)[2..], [(fault.from_s + 90.0, "over")]);
        study.summary.loops[0].stages[0].after_s = None;
        assert!(moments(&study).is_empty(), "it was never found");
    }

    #[test]
    fn where_nobody_acts_it_is_said_when_the_fault_was_found() {
        let mut study = sample::study();
        study.summary.loops.clear();
        let fault = study.faults.iter().find(|fault| fault.from_s > 0.0).unwrap().clone();
        let alert = AlertSummary {
            finds: Some(fault.name.clone()),
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
        assert_eq!(moments(&study), [(fault.from_s + 20.0, "found")]);
        study.summary.alerts.get_mut("slow").unwrap().time_to_detect_s = Some(Estimate::exact(f64::INFINITY));
        assert!(moments(&study).is_empty(), "it was never found");
    }
}
