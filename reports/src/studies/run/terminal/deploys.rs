//! The block on deploys in the summary of a run: how often each came to stay and was halted, and what happened in one run.

use super::experiments::lines_of;
use crate::numbers::{estimate, kept};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{DeploySummary, StudyResult, Unit};
use std::fmt::Write as _;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = &study.summary.deploys;
    if all.is_empty() {
        return;
    }
    let row = |deploy: &DeploySummary| TextRow {
        lead: String::new(),
        name: deploy.name.clone(),
        cells: cells(deploy).to_vec(),
    };
    let heads = ["came to stay", "halted", "after", "back in"];
    TextTable { title: "Deploys", lead: 0, heads: &heads, rows: all.iter().map(row).collect() }.write(style, out);
    for deploy in all {
        if deploy.blind > 0 {
            let (blind, ran, halt) = (deploy.blind, deploy.ran, &deploy.halt_when);
            let _ = writeln!(
                out,
                "In {blind} of {ran} runs \"{halt}\" never had data, so that nothing could halt {}.",
                deploy.name
            );
        }
        // What halts it tells more than the first of those that are not halted.
        if let Some(journal) = deploy.journals.last() {
            // An experiment and its deploys have one name.
            lines_of(&format!("Rollout of {} by {}", deploy.version, deploy.name), journal, style, out);
        }
    }
}

fn cells(deploy: &DeploySummary) -> [String; 4] {
    let time = |time: &Option<sim_core::results::Estimate>| {
        time.as_ref().map_or_else(|| "–".to_owned(), |time| estimate(time, Unit::Seconds))
    };
    let halted = deploy.halted_share.as_ref().map_or_else(|| "no data".to_owned(), kept);
    [
        format!("{} of {}", deploy.completed, deploy.ran),
        halted,
        time(&deploy.halted_after_s),
        time(&deploy.back_after_s),
    ]
}
