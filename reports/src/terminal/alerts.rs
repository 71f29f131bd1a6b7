//! The block on alerts in the summary of a run: the most severe first, how often each fired, when, and how often falsely.

use super::Style;
use super::table::{Row, Table};
use crate::numbers::{clock, estimate, optional};
use sim_core::results::{AlertSummary, StudyResult, Unit};

/// Heads of the columns after the name.
pub(crate) const HEADS: [&str; 5] = ["severity", "fired a run", "first at", "after the fault", "false a run"];

/// Alerts by name, the most severe first.
pub(crate) fn worst_first(study: &StudyResult) -> Vec<(&String, &AlertSummary)> {
    let mut all: Vec<_> = study.summary.alerts.iter().collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse(alert.severity));
    all
}

/// What stands in the columns.
pub(crate) fn cells(alert: &AlertSummary) -> [String; 5] {
    let first = alert.first_fired_s.map_or_else(|| "never".to_owned(), |first| clock(first.mean));
    // An alert that the file gives no fault to find is neither late nor false.
    let (soon, falsely) = match &alert.false_alarms {
        Some(count) => (optional(alert.time_to_detect_s.as_ref(), Unit::Seconds), estimate(count, Unit::Count)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    [alert.severity.to_string(), estimate(&alert.fired, Unit::Count), first, soon, falsely]
}

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, alert): (&String, &AlertSummary)| Row {
        lead: String::new(),
        name: name.clone(),
        cells: cells(alert).to_vec(),
    };
    let rows = worst_first(study).into_iter().map(row).collect();
    Table { title: "Alerts", lead: 0, heads: &HEADS, rows }.write(style, out);
}

#[cfg(test)]
mod tests {
    use super::super::table::cells_of;
    use super::*;
    use crate::sample;
    use sim_core::results::Estimate;

    #[test]
    fn the_most_severe_alert_comes_first_and_says_when_it_fired_and_how_often_falsely() {
        let mut study = sample::study();
        let one = Estimate::exact(1.0);
        let ticket = AlertSummary {
            severity: 2,
            fired: Estimate::exact(0.0),
            time_to_detect_s: None,
            first_fired_s: None,
            false_alarms: None,
            without_data: None,
        };
        let page = AlertSummary {
            severity: 5,
            fired: Estimate::exact(3.0),
            time_to_detect_s: Some(Estimate::exact(41.0)),
            first_fired_s: Some(Estimate::exact(341.0)),
            false_alarms: Some(one),
            without_data: None,
        };
        study.summary.alerts.insert("a-ticket".into(), ticket);
        study.summary.alerts.insert("page".into(), page);
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        let lines: Vec<Vec<&str>> = out.trim().lines().map(cells_of).collect();
        assert_eq!(lines[0][..2], ["Alerts", "severity"], "{out}");
        assert_eq!(lines[1], ["page", "5", "3", "5:41", "41\u{a0}s", "1"], "{out}");
        assert_eq!(lines[2], ["a-ticket", "2", "0", "never", "-", "-"], "{out}");
    }
}
