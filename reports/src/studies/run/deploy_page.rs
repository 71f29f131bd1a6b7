//! Deploys in the report of a run: how often each came to stay or was halted, and what was done and observed in one run.

use super::experiment_page::{capital, course};
use crate::numbers::{clock, estimate, kept};
use crate::page::section::section;
use crate::page::{Block, Fact, Page, Section};
use sim_core::results::{Course, DeploySummary, Journal, JournalKind, StudyResult, Unit};

/// Puts a section for each deploy behind those of the system and of experiments.
pub fn add(page: &mut Page, study: &StudyResult) {
    let all = &study.summary.deploys;
    let is_before = |section: &&Section| section.id == "system" || section.id.starts_with("experiment-");
    let after = page.sections.iter().take_while(is_before).count();
    page.sections.splice(after..after, all.iter().enumerate().map(|(place, deploy)| of(place, deploy)));
}

/// What became of it, as a sentence without a full stop.
pub fn sentence(deploy: &DeploySummary) -> String {
    let (name, says, ran) = (&deploy.name, &deploy.says, deploy.ran);
    if ran == 0 {
        return format!("every run ends before {name} begins");
    }
    if deploy.halted == 0 {
        return format!("{name} takes {says}, and nothing halts it in {ran} runs");
    }
    let after = deploy
        .halted_after_s
        .map_or_else(String::new, |s| format!(", {} after its begin", estimate(&s, Unit::Seconds)));
    format!("{name} is halted in {} of {ran} runs{after}", deploy.halted)
}

fn of(place: usize, deploy: &DeploySummary) -> Section {
    let mut blocks = vec![Block::Facts(facts(deploy))];
    let told = deploy.journals.iter().enumerate().filter(|(_, journal)| !journal.entries.is_empty());
    blocks.extend(told.map(|(number, journal)| {
        let id = format!("deploy-{}-{}", place + 1, number + 1);
        Block::Figure(Box::new(course(id, title(&deploy.name, journal), journal)))
    }));
    let mut section = section("", "", &capital(&sentence(deploy)), blocks);
    section.id = format!("deploy-{}", place + 1).into();
    section.contents = format!("Deploy {}", deploy.name).into();
    section
}

fn facts(deploy: &DeploySummary) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("What it does", deploy.says.to_string()),
        Fact::new("Came to stay", format!("in {} of {} runs", deploy.completed, deploy.ran)),
    ];
    if !deploy.halt_when.is_empty() {
        facts.push(Fact::new("Halted when", deploy.halt_when.to_string()));
    }
    if deploy.blind > 0 {
        facts.push(Fact::new(
            "Without data",
            format!("in {} of {} runs, in which nothing could halt it", deploy.blind, deploy.ran),
        ));
    }
    if let Some(share) = deploy.halted_share.as_ref().filter(|_| deploy.halted > 0) {
        facts.push(Fact::new("Halted", format!("in {} of the runs in which it began", kept(share))));
    }
    if let Some(after) = &deploy.halted_after_s {
        facts.push(Fact::new("Halted after", format!("{}, from its begin", estimate(after, Unit::Seconds))));
    }
    if let Some(after) = &deploy.back_after_s {
        facts.push(Fact::new("Rolled back in", format!("{}, from the halt", estimate(after, Unit::Seconds))));
    }
    facts.push(Fact::new("Every journal", "in journal.csv, a row for each entry"));
    facts
}

fn title(name: &str, journal: &Journal) -> String {
    let at = |kind: JournalKind| journal.entries.iter().rev().find(|e| e.kind == kind).map(|e| clock(e.at_s));
    let what = match (journal.course, at(JournalKind::Halt), at(JournalKind::Rollback)) {
        (Course::Aborted, Some(at), Some(until)) => format!("is halted at {at} and rolled back by {until}"),
        (Course::Aborted, Some(at), None) => format!("is halted at {at}, and the run ends before all is rolled back"),
        (Course::Completed, ..) => "comes to stay".to_owned(),
        _ => "is under way when the run ends".to_owned(),
    };
    format!("In replication {}, {name} {what}", journal.replication)
}
