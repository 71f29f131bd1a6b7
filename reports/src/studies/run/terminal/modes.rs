//! The block on operating modes in the summary of a run.

use super::experiments::lines_of;
use crate::studies::run::listed::{MODE_HEADS, mode_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{ModeSummary, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let Some(modes) = &study.summary.modes else { return };
    let row =
        |mode: &ModeSummary| TextRow { lead: String::new(), name: mode.name.clone(), cells: mode_cells(mode).to_vec() };
    TextTable { title: "Modes", lead: 0, heads: &MODE_HEADS, rows: modes.modes.iter().map(row).collect() }
        .write(style, out);
    if let Some(journal) = &modes.journal {
        lines_of("Modes", journal, style, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use crate::terminal::table::cells_of;
    use sim_core::results::{Estimate, ModesSummary};

    #[test]
    fn modes_say_how_much_of_the_time_they_are_in_force() {
        let mut study = sample::study();
        let mut out = String::new();
        let style = Style { colour: false, plain: true, width: 100 };
        block(&study, style, &mut out);
        assert_eq!(out, "", "nothing is said without modes");
        let mode = |name: &str, share: f64, stays_s: Option<f64>| ModeSummary {
            name: name.into(),
            entered: Estimate::exact(f64::from(u8::from(stays_s.is_some()))),
            share: Estimate::exact(share),
            stays_s: stays_s.map(Estimate::exact),
            actions: Vec::new(),
        };
        study.summary.modes = Some(ModesSummary {
            modes: vec![
                mode("target", 0.75, Some(270.0)),
                mode("degraded", 0.25, Some(90.0)),
                mode("floor", 0.0, None),
            ],
            changes: Estimate::exact(2.0),
            rollbacks: Estimate::exact(0.0),
            journal: None,
        });
        block(&study, style, &mut out);
        let lines: Vec<&str> = out.trim().lines().collect();
        assert_eq!(cells_of(lines[0])[..3], ["Modes", "share of time", "entered a run"], "{out}");
        assert_eq!(cells_of(lines[2])[..2], ["degraded", "25\u{a0}%"], "{out}");
        assert_eq!(cells_of(lines[3]).last(), Some(&"never"), "{out}");
    }
}
