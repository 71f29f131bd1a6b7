//! The report of a run with experiments: that of the run, and before it what became of each experiment: its hypothesis, what was done and
//! when, and what was observed.

use super::experiment::sentence;
use super::page::judgement;
use crate::Source;
use crate::figures::{DataTable, Figure, phases};
use crate::numbers::{clock, estimate, kept, length, plain};
use crate::page::section::section;
use crate::page::{Block, Fact, Judged, Page, Section};
use sim_core::results::{Course, ExperimentSummary, Journal, JournalEntry, JournalKind, Reason, StudyResult, Unit};

/// The page of a run with experiments.
pub fn page(study: &StudyResult, source: &Source) -> Page {
    let mut page = super::page::page(study, source);
    let all = &study.summary.experiments;
    let sections: Vec<Section> = all.iter().enumerate().map(|(i, e)| experiment(i, e, all.len() == 1)).collect();
    page.kind = "experiment report";
    let after = page.sections.iter().take_while(|section| section.id == "system").count();
    page.sections.splice(after..after, sections);
    page
}

fn experiment(place: usize, experiment: &ExperimentSummary, alone: bool) -> Section {
    let name = &experiment.judgement.name;
    let contents = if alone { "The experiment".to_owned() } else { format!("Experiment {name}") };
    let head = capital(&sentence(experiment));
    let mut blocks = vec![
        Block::Lede(
            "A hypothesis counts as held when, at 95\u{a0}% confidence, it holds in at least 90\u{a0}% of the runs in which the experiment \
             began; where it was aborted it does not hold."
                .into(),
        ),
        Block::Verdicts(verdicts(experiment)),
        Block::Facts(facts(experiment)),
    ];
    let figures = experiment.journals.iter().enumerate().filter(|(_, journal)| !journal.entries.is_empty());
    blocks.extend(figures.map(|(i, journal)| {
        Block::Figure(Box::new(course(format!("experiment-{}-{}", place + 1, i + 1), title(name, journal), journal)))
    }));
    let mut section = section("", "", &head, blocks);
    section.id = format!("experiment-{}", place + 1).into();
    section.contents = contents.into();
    section
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The hypothesis as a whole, and each of its clauses.
fn verdicts(experiment: &ExperimentSummary) -> Vec<Judged> {
    let mut whole = judgement(&experiment.judgement);
    whole.says = format!("The hypothesis of {}", experiment.judgement.name);
    whole.name = String::new();
    let ran = experiment.ran + experiment.not_run;
    whole.facts = vec![
        ("Begun".into(), format!("in {} of {ran} runs", experiment.ran)),
        ("Aborted".into(), format!("in {} of {} runs", experiment.aborted, experiment.ran)),
    ];
    std::iter::once(whole).chain(experiment.clauses.iter().map(judgement)).collect()
}

fn reasons(all: &[Reason]) -> String {
    all.iter().map(|r| format!("{} in {} runs", r.condition, r.runs)).collect::<Vec<_>>().join("; ")
}

fn facts(experiment: &ExperimentSummary) -> Vec<Fact> {
    let (from, to) = (experiment.at_s, experiment.at_s + experiment.for_s);
    let mut facts =
        vec![Fact::new("Planned", format!("{} to {}, {}", clock(from), clock(to), length(experiment.for_s)))];
    facts.extend(experiment.actions.iter().map(|action| Fact::new("Action", action.to_string())));
    if !experiment.not_run_because.is_empty() {
        facts.push(Fact::new("Not run because", reasons(&experiment.not_run_because)));
    }
    if let Some(share) = experiment.aborted_share.filter(|_| experiment.aborted > 0) {
        facts.push(Fact::new("Aborted", format!("in {} of the runs in which it began", kept(&share))));
    }
    if !experiment.aborted_because.is_empty() {
        facts.push(Fact::new("Aborted because", reasons(&experiment.aborted_because)));
    }
    if let Some(after) = &experiment.aborted_after_s {
        facts.push(Fact::new("Aborted after", format!("{}, from its begin", estimate(after, Unit::Seconds))));
    }
    facts.push(Fact::new("Every journal", "in journal.csv, a row for each entry"));
    facts
}

fn title(name: &str, journal: &Journal) -> String {
    let at = |kind: JournalKind| journal.entries.iter().find(|e| e.kind == kind).map(|e| clock(e.at_s));
    let rolled = journal.entries.iter().rev().find(|e| e.kind == JournalKind::Rollback).map(|e| clock(e.at_s));
    let held = match journal.held {
        Some(true) => ", and its hypothesis holds",
        Some(false) => ", and its hypothesis does not hold",
        None => "",
    };
    let what = match (journal.course, at(JournalKind::Abort), rolled) {
        (Course::Aborted, Some(at), Some(until)) => format!("is aborted at {at} and rolled back by {until}"),
        (Course::Aborted, Some(at), None) => format!("is aborted at {at}"),
        (Course::NotRun, ..) => "is not run".to_owned(),
        (Course::NotReached, ..) => "is not reached".to_owned(),
        (Course::CutShort, ..) => format!("is cut short by the end of the run{held}"),
        _ => format!("runs for its time{held}"),
    };
    format!("In replication {}, {name} {what}", journal.replication)
}

/// What happened in one replication.
pub(super) fn course(id: String, title: String, journal: &Journal) -> Figure {
    let rows = journal.entries.iter().map(row);
    Figure {
        id: id.into(),
        panels: phases::draw(&title, journal),
        title,
        caption: (
            "What was done and observed".into(),
            "in one replication, so without intervals. Dotted: what aborts it; upright: the abort.".into(),
        ),
        tables: vec![DataTable {
            says: format!("the journal of replication {}", journal.replication),
            heads: ["When", "What", "Holds", "Condition or act", "Observed"].map(String::from).into(),
            rows: rows.collect(),
        }],
        readings: Vec::new(),
        format: "",
    }
}

fn row(entry: &JournalEntry) -> Vec<String> {
    let holds = match entry.holds {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    };
    let value =
        |v: &sim_core::results::JournalValue| v.value.map_or_else(|| "no data".to_owned(), |x| plain(x, v.unit));
    let values: Vec<String> = entry.values.iter().map(value).collect();
    let observed = if values.is_empty() { "–".to_owned() } else { values.join(", ") };
    vec![clock(entry.at_s), entry.kind.words().to_owned(), holds.to_owned(), entry.text.to_string(), observed]
}
