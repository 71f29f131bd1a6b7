//! The block on alerts in the summary of a run: the most severe first, how often each fired, and how soon after its fault.

use super::{Style, pad, pad_left, widest};
use crate::numbers::{estimate, optional};
use sim_core::results::{AlertSummary, StudyResult, Unit};
use std::fmt::Write;

/// Heads of the columns after the name.
pub(crate) const HEADS: [&str; 3] = ["severity", "fired a run", "first after the fault"];

/// Alerts by name, the most severe first.
pub(crate) fn worst_first(study: &StudyResult) -> Vec<(&String, &AlertSummary)> {
    let mut all: Vec<_> = study.summary.alerts.iter().collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse(alert.severity));
    all
}

/// What stands in the columns.
pub(crate) fn cells(alert: &AlertSummary) -> [String; 3] {
    let soon = optional(alert.time_to_detect_s.as_ref(), Unit::Seconds);
    [alert.severity.to_string(), estimate(&alert.fired, Unit::Count), soon]
}

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = worst_first(study);
    if all.is_empty() {
        return;
    }
    let cells: Vec<[String; 3]> = all.iter().map(|(_, alert)| cells(alert)).collect();
    let name = widest(all.iter().map(|(name, _)| *name), "Alerts");
    let widths: Vec<usize> = (0..3).map(|i| widest(cells.iter().map(|c| &c[i]), HEADS[i])).collect();
    let row = |cells: &[String]| -> String {
        cells.iter().zip(&widths).fold(String::new(), |line, (c, w)| line + "   " + &pad_left(c, *w))
    };
    let head = row(&HEADS.map(str::to_owned));
    let _ = writeln!(out, "\n{}{}", style.bold(&pad("Alerts", name)), style.dim(&head));
    for ((alert, _), cells) in all.iter().zip(&cells) {
        let _ = writeln!(out, "{}{}", pad(alert, name), row(cells));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_most_severe_alert_comes_first_and_says_its_severity() {
        let mut study = sample::study();
        let fired = study.summary.wrongness.cost_per_year;
        let alert = |severity| AlertSummary { severity, fired, time_to_detect_s: None, without_data: None };
        study.summary.alerts.insert("a-ticket".into(), alert(2));
        study.summary.alerts.insert("page".into(), alert(5));
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        let lines: Vec<&str> = out.trim().lines().collect();
        assert!(lines[0].starts_with("Alerts") && lines[0].contains("severity"), "{out}");
        assert!(lines[1].starts_with("page") && lines[1].contains(" 5 "), "{out}");
        assert!(lines[2].starts_with("a-ticket") && lines[2].contains(" 2 "), "{out}");
    }
}
