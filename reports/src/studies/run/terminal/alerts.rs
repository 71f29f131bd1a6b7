//! The block on alerts in the summary of a run: the most severe first, how often each fired, when, and how often falsely.

use crate::studies::run::listed::{ALERT_HEADS, alert_cells, alerts};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{AlertSummary, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, alert): (&String, &AlertSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: alert_cells(alert).to_vec(),
    };
    let rows = alerts(study).into_iter().map(row).collect();
    TextTable { title: "Alerts", lead: 0, heads: &ALERT_HEADS, rows }.write(style, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use crate::terminal::table::cells_of;
    use sim_core::results::{Detection, Estimate};

    #[test]
    fn the_most_severe_alert_comes_first_and_says_when_it_fired_and_how_often_falsely() {
        let mut study = sample::study();
        let one = Estimate::exact(1.0);
        let ticket = AlertSummary {
            finds: None,
            severity: 2,
            fired: Estimate::exact(0.0),
            time_to_detect_s: None,
            first_fired_s: None,
            false_alarms: None,
            without_data: None,
            detection: None,
            curve: None,
        };
        let page = AlertSummary {
            finds: None,
            severity: 5,
            fired: Estimate::exact(3.0),
            time_to_detect_s: Some(Estimate::exact(41.0)),
            first_fired_s: Some(Estimate::exact(341.0)),
            false_alarms: Some(one),
            without_data: None,
            detection: Some(Detection {
                strikes: 2,
                found: Some(Estimate::exact(0.5)),
                found_after_s: Some(41.0),
                false_a_day: Some(one),
                days: 2.5,
            }),
            curve: None,
        };
        study.summary.alerts.insert("a-ticket".into(), ticket);
        study.summary.alerts.insert("page".into(), page);
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        let lines: Vec<Vec<&str>> = out.trim().lines().map(cells_of).collect();
        assert_eq!(lines[0][..2], ["Alerts", "severity"], "{out}");
        assert_eq!(lines[1], ["page", "5", "3", "5:41", "50\u{a0}%", "41\u{a0}s", "1", "2.5"], "{out}");
        assert_eq!(lines[2], ["a-ticket", "2", "0", "never", "-", "-", "-", "-"], "{out}");
    }
}
