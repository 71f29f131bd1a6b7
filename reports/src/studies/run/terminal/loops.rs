//! The block on loops in the summary of a run: from each fault to its end, stage by stage, and what a minute less of each would save.

use crate::studies::run::listed::{LOOP_HEADS, loop_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{LoopStage, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    for all in &study.summary.loops {
        let row = |stage: &LoopStage| TextRow {
            lead: String::new(),
            name: stage.name.to_owned(),
            cells: loop_cells(stage, all.runs).to_vec(),
        };
        let title = format!("Loop of {}", all.fault);
        let rows = all.stages.iter().map(row).collect();
        TextTable { title: &title, lead: 0, heads: &LOOP_HEADS, rows }.write(style, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, LoopSummary, STAGES};

    #[test]
    fn each_stage_says_when_it_was_reached_and_what_a_minute_of_it_costs() {
        let mut study = sample::study();
        let stage = |(place, name): (usize, &&'static str)| LoopStage {
            name,
            runs: if place == 3 { 0 } else { 8 },
            after_s: (place != 3).then(|| Estimate::exact(30.0 * place as f64)),
            minute_saves: (place == 2).then(|| Estimate::exact(1200.0)),
        };
        let stages = STAGES.iter().enumerate().map(stage).collect();
        study.summary.loops = vec![LoopSummary { fault: "db-out".into(), runs: 8, stages }];
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        assert!(out.contains("Loop of db-out"), "{out}");
        let line =
            |name: &str| out.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned();
        assert!(line("alert").contains("60\u{a0}s") && line("alert").contains("$1,200"), "{out}");
        assert!(line("page").contains("never"), "{out}");
    }
}
