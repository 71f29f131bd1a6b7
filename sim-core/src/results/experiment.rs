//! Experiments: what was observed and when, in one replication and over all of them.
//!
//! A replication leaves an [`ExperimentRun`] with its journal; a study makes an [`ExperimentSummary`] of them. All is plain data. What
//! is said in a sentence is a condition as the author wrote it, or what an action does; what is measured stands beside it.

use super::{Estimate, PromiseSummary, Span, Unit, Words};
use serde::Serialize;

/// What became of an experiment in one replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// The run ended before it was to begin.
    NotReached,
    /// A check before it did not hold, or had no data.
    NotRun,
    /// It was ended before its time and rolled back.
    Aborted,
    /// It ran for its time.
    Completed,
    /// The run ended while it ran.
    CutShort,
}

impl Course {
    /// In words: `not run`.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotReached => "not reached",
            Self::NotRun => "not run",
            Self::Aborted => "aborted",
            Self::Completed => "completed",
            Self::CutShort => "cut short",
        }
    }

    /// Whether it has begun.
    pub fn has_run(self) -> bool {
        matches!(self, Self::Aborted | Self::Completed | Self::CutShort)
    }
}

/// What an entry of a journal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalKind {
    /// A condition of the steady state, looked at before.
    SteadyState,
    /// A safety check, looked at before.
    Safety,
    /// It is not run, and why.
    NotRun,
    /// It begins.
    Begin,
    /// The alert that begins a runbook fires.
    Alert,
    /// An incident is opened, or becomes worse.
    Incident,
    /// Somebody is told of an incident, or is not.
    Page,
    /// Who does a runbook reacts, and begins with it.
    Reaction,
    /// An action is done, or a fault of it ends.
    Action,
    /// A condition to abort, looked at while it runs.
    Observation,
    /// It is aborted, and why.
    Abort,
    /// A rollout is halted, and why.
    Halt,
    /// Its time is over.
    End,
    /// A step of the rollback is done.
    Rollback,
    /// A clause of the hypothesis, judged by the truth of the run.
    Hypothesis,
    /// Entries were left out, for there were too many.
    LeftOut,
}

impl JournalKind {
    /// In words: `steady state`.
    pub fn words(self) -> &'static str {
        match self {
            Self::SteadyState => "steady state",
            Self::Safety => "safety",
            Self::NotRun => "not run",
            Self::Begin => "begin",
            Self::Alert => "alert",
            Self::Incident => "incident",
            Self::Page => "page",
            Self::Reaction => "reaction",
            Self::Action => "action",
            Self::Observation => "observation",
            Self::Abort => "abort",
            Self::Halt => "halt",
            Self::End => "end",
            Self::Rollback => "rollback",
            Self::Hypothesis => "hypothesis",
            Self::LeftOut => "left out",
        }
    }
}

/// One value that was observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalValue {
    /// What was measured, as the author wrote it: `p99(payment.charge) over 1m`.
    pub of: Words,
    /// The value, in `unit`; `None` without data.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
}

/// What a condition compares one of its values with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JournalBound {
    /// The value, by its place in [`JournalEntry::values`].
    pub value: usize,
    /// Whether the condition is true below the bound (`true`) or above it.
    pub below: bool,
    /// The bound, in the unit of the value.
    pub bound: f64,
}

/// What was observed or done at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalEntry {
    /// When, from time 0 [s].
    pub at_s: f64,
    /// What it is about.
    pub kind: JournalKind,
    /// The condition as written, or what was done or happened, in words.
    pub text: Words,
    /// Whether the condition holds; `None` without data, and for what is no condition.
    pub holds: Option<bool>,
    /// What was measured for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<JournalValue>,
    /// What its condition compares them with.
    #[serde(skip)]
    pub bounds: Vec<JournalBound>,
}

/// Entries of a journal beyond this many are only counted.
const MOST_ENTRIES: usize = 200;

/// A journal while it is written: the first 200 entries, and how many were left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JournalWriter {
    entries: Vec<JournalEntry>,
    left_out: u64,
}

impl JournalWriter {
    /// Writes an entry down, or counts it.
    pub fn write(&mut self, entry: JournalEntry) {
        if self.entries.len() < MOST_ENTRIES {
            self.entries.push(entry);
        } else {
            self.left_out += 1;
        }
    }

    /// All that was written, in the order of time; the last entry says how many were left out, if any were.
    pub fn finish(mut self) -> Vec<JournalEntry> {
        // What came nearest to a bound is written down when that is known, which is later.
        self.entries.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        if self.left_out > 0 {
            let at_s = self.entries.last().map_or(0.0, |last| last.at_s);
            let text = format!("{} more entries", self.left_out).into();
            let kind = JournalKind::LeftOut;
            self.entries.push(JournalEntry { at_s, kind, text, holds: None, values: Vec::new(), bounds: Vec::new() });
        }
        self.entries
    }
}

/// An experiment in one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentRun {
    /// What became of it.
    pub course: Course,
    /// From its begin until its faults ended; empty where it has not begun, one span else.
    pub spans: Vec<Span>,
    /// Conditions that kept it from running, or that aborted it, as written; in their order.
    pub because: Vec<Words>,
    /// What was observed and done, in the order of time.
    pub journal: Vec<JournalEntry>,
}

/// The journal of one replication.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Journal {
    /// Number of the replication, from 0.
    pub replication: u32,
    /// What became of the experiment in it.
    pub course: Course,
    /// Whether its hypothesis held in it: an aborted one's never does; `None` without data, as where it was not run.
    pub held: Option<bool>,
    /// What was observed and done, in the order of time.
    pub entries: Vec<JournalEntry>,
}

/// In how many replications a condition was the reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The condition, as written.
    pub condition: Words,
    /// Replications in which this was the reason.
    pub runs: u32,
}

/// An experiment over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct ExperimentSummary {
    /// The verdict on its hypothesis, in the form of a promise: `name` is that of the experiment, `kept` of `judged` runs are those
    /// in which the hypothesis held, `probability` is their share with its Wilson interval. Runs in which the experiment was not
    /// run have no judgement; in aborted ones the hypothesis does not hold. `denied_by` is the clause of `expect` that speaks of the
    /// hypothesis and is judged in its place.
    #[serde(flatten)]
    pub judgement: PromiseSummary,
    /// When it was to begin, from time 0 [s].
    pub at_s: f64,
    /// How long it was to last [s].
    pub for_s: f64,
    /// What its actions do, in words, in the order of the file.
    pub actions: Vec<Words>,
    /// Replications in which it began.
    pub ran: u32,
    /// Replications in which it was not run.
    pub not_run: u32,
    /// Why it was not run: conditions before it that did not hold or had no data, with how often; several may have been at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_run_because: Vec<Reason>,
    /// Replications in which it was aborted.
    pub aborted: u32,
    /// Share of the replications in which it began that aborted it, with its Wilson interval; `None` where it never began.
    pub aborted_share: Option<Estimate>,
    /// Why it was aborted, with how often; several conditions may have been at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aborted_because: Vec<Reason>,
    /// From its begin until it was aborted [s]; `None` where it never was.
    pub aborted_after_s: Option<Estimate>,
    /// The clauses of the hypothesis, in the order of the file, each with its own share of runs and what was observed. Of aborted
    /// runs too: what was measured until then.
    pub clauses: Vec<PromiseSummary>,
    /// Journals of the first replication, of the first that was aborted and of the first in which the hypothesis did not hold, each
    /// once, in the order of their replications.
    pub journals: Vec<Journal>,
}
