//! What became of an experiment, in words: one sentence, and the lines of a journal that decide.

use crate::numbers::{clock, estimate, length, plain};
use sim_core::results::{ExperimentSummary, Journal, JournalEntry, JournalKind, StudyResult, Verdict};

/// The experiment whose verdict is the worst; `None` where there is none.
pub fn worst(study: &StudyResult) -> Option<&ExperimentSummary> {
    let all = &study.summary.experiments;
    let worst = all.iter().map(|experiment| experiment.judgement.verdict).max()?;
    all.iter().find(|experiment| experiment.judgement.verdict == worst)
}

/// What became of it, as a sentence without a full stop.
pub fn sentence(experiment: &ExperimentSummary) -> String {
    let judged = &experiment.judgement;
    let (name, all) = (&judged.name, experiment.ran + experiment.not_run);
    if experiment.ran == 0 {
        let why = experiment.not_run_because.first();
        return match why {
            Some(reason) => {
                format!(
                    "{name} is not run in any of {all} runs, because {} did not hold before it began",
                    reason.condition
                )
            }
            None => format!("every run ends before {name}"),
        };
    }
    if experiment.aborted * 2 > experiment.ran {
        let why = experiment.aborted_because.first().map_or_else(String::new, |r| format!(", by {}", r.condition));
        let after =
            experiment.aborted_after_s.map_or_else(String::new, |s| format!(", {} after its begin", length(s.mean)));
        return format!("{name} is aborted in {} of {} runs{after}{why}", experiment.aborted, experiment.ran);
    }
    let holds = match (judged.kept, judged.judged) {
        (kept, of) if kept == of => format!("the hypothesis of {name} holds in all {of} runs"),
        (0, of) => format!("the hypothesis of {name} holds in none of {of} runs"),
        (kept, of) => format!("the hypothesis of {name} holds in {kept} of {of} runs"),
    };
    match judged.verdict {
        Verdict::Inconclusive => format!("{holds}: too few to tell"),
        Verdict::Held => holds,
        Verdict::Broken => format!("{holds}{}", first_broken(experiment)),
    }
}

/// The first clause that is broken, and what is seen instead.
fn first_broken(experiment: &ExperimentSummary) -> String {
    let broken = experiment.clauses.iter().find(|clause| clause.verdict == Verdict::Broken);
    let Some(clause) = broken else { return String::new() };
    match &clause.observed {
        Some(observed) if !clause.measured.is_empty() => {
            let seen = estimate(observed, clause.unit);
            format!("; {} is {seen}, and its hypothesis says {}", clause.measured, clause.expected)
        }
        _ => format!("; {} does not", clause.name),
    }
}

/// The lines of a journal that decide, each with its time: what did not hold before, what was done, what aborted it, the rollback.
pub fn decisive(journal: &Journal) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let checks: Vec<&JournalEntry> = journal.entries.iter().filter(|entry| is_check(entry)).collect();
    if let Some(first) = checks.first()
        && checks.iter().all(|check| check.holds == Some(true))
    {
        let count = |kind: JournalKind| checks.iter().filter(|check| check.kind == kind).count();
        lines.push((clock(first.at_s), all_hold(count(JournalKind::SteadyState), count(JournalKind::Safety))));
    }
    for entry in &journal.entries {
        lines.extend(line(entry).map(|text| (clock(entry.at_s), text)));
    }
    lines
}

fn is_check(entry: &JournalEntry) -> bool {
    matches!(entry.kind, JournalKind::SteadyState | JournalKind::Safety)
}

fn all_hold(steady: usize, safety: usize) -> String {
    let conditions = if steady == 1 {
        "the steady state holds".to_owned()
    } else {
        format!("{steady} conditions of the steady state hold")
    };
    let checks = if safety == 1 { "1 safety check".to_owned() } else { format!("{safety} safety checks") };
    match (steady, safety) {
        (_, 0) => conditions,
        (0, 1) => format!("{checks} holds"),
        (0, _) => format!("{checks} hold"),
        (1, _) => format!("the steady state and {checks} hold"),
        (_, _) => format!("{steady} conditions of the steady state and {checks} hold"),
    }
}

/// What is said of an entry that decides; `None` for the others.
fn line(entry: &JournalEntry) -> Option<String> {
    match entry.kind {
        JournalKind::SteadyState | JournalKind::Safety if entry.holds != Some(true) => {
            let how = if entry.holds.is_none() { "has no data" } else { "does not hold" };
            Some(format!("{} {how}{}", entry.text, values(entry)))
        }
        JournalKind::Observation if entry.holds == Some(true) => Some(format!("{}{}", entry.text, values(entry))),
        JournalKind::NotRun => Some("not run".to_owned()),
        JournalKind::Alert
        | JournalKind::Incident
        | JournalKind::Page
        | JournalKind::Reaction
        | JournalKind::Action
        | JournalKind::End
        | JournalKind::LeftOut => Some(entry.text.to_string()),
        JournalKind::Abort => Some("aborted".to_owned()),
        JournalKind::Halt => Some("halted".to_owned()),
        JournalKind::Rollback => Some(format!("rollback: {}", entry.text)),
        _ => None,
    }
}

/// What was measured: `: 697 ms`.
fn values(entry: &JournalEntry) -> String {
    let each = entry.values.iter().map(|v| v.value.map_or_else(|| "no data".to_owned(), |value| plain(value, v.unit)));
    let all: Vec<String> = each.collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use sim_core::results::{About, Course, Estimate, JournalValue, Made, PromiseSummary, Reason, Unit, Words};

    fn judged(name: &str, verdict: Verdict, kept: u32, judged: u32) -> PromiseSummary {
        let share = (judged > 0).then(|| Estimate::exact(f64::from(kept) / f64::from(judged)));
        PromiseSummary {
            name: name.into(),
            says: Words::default(),
            about: About::Hypothesis { of: name.into() },
            made: Made::Hypothesis,
            verdict,
            probability: share,
            kept,
            judged,
            measured: Words::default(),
            expected: Words::default(),
            comparisons: Vec::new(),
            of_promise: None,
            band: None,
            never: 0,
            where_it_happened: None,
            observed: share,
            promised: Some(0.9),
            tolerance: None,
            at_most: false,
            unit: Unit::Share,
            note: Words::default(),
            would_settle: None,
            path: format!("experiments.{name}"),
            denied_by: None,
            period_s: None,
            broken_in: None,
        }
    }

    fn entry(at_s: f64, kind: JournalKind, text: &str, holds: Option<bool>, value: Option<f64>) -> JournalEntry {
        let of = if kind == JournalKind::Observation { "error_rate(a.b)" } else { "p99(a.b)" };
        let values = value.map(|value| JournalValue { of: of.into(), value: Some(value), unit: Unit::Share });
        JournalEntry { at_s, kind, text: text.into(), holds, values: values.into_iter().collect(), bounds: Vec::new() }
    }

    /// An experiment of 40 runs, in so many of which it was run, aborted, and its hypothesis held.
    pub(crate) fn experiment(ran: u32, aborted: u32, held: u32, verdict: Verdict) -> ExperimentSummary {
        let reason = |runs: u32, condition: &str| {
            let reason = Reason { condition: condition.into(), runs };
            if runs > 0 { vec![reason] } else { vec![] }
        };
        let mut clause = judged("p99(a.b) < 1s", verdict, held, ran);
        (clause.measured, clause.expected) = ("p99(a.b)".into(), "< 1s".into());
        (clause.says, clause.made) = ("p99(a.b) < 1s".into(), Made::ClauseByRuns);
        (clause.unit, clause.observed) = (Unit::Seconds, Some(Estimate::exact(2.0)));
        ExperimentSummary {
            judgement: judged("kill", verdict, held, ran),
            at_s: 40.0,
            for_s: 60.0,
            actions: vec!["30% of a down".into()],
            ran,
            not_run: 40 - ran,
            not_run_because: reason(40 - ran, "rps(a) > 10/s"),
            aborted,
            aborted_share: None,
            aborted_because: reason(aborted, "error_rate(a.b) > 10%"),
            aborted_after_s: (aborted > 0).then(|| Estimate::exact(10.0)),
            clauses: vec![clause],
            journals: vec![Journal {
                replication: 0,
                course: Course::Aborted,
                held: Some(false),
                entries: vec![
                    entry(40.0, JournalKind::SteadyState, "p99(a.b) < 1s", Some(true), Some(0.1)),
                    entry(40.0, JournalKind::Safety, "instances(a) > 3", Some(true), None),
                    entry(40.0, JournalKind::Begin, "kill", None, None),
                    entry(40.0, JournalKind::Action, "30% of a down: a/1, a/2", None, None),
                    entry(45.0, JournalKind::Observation, "error_rate(a.b) > 10%", Some(false), Some(0.04)),
                    entry(50.0, JournalKind::Observation, "error_rate(a.b) > 10%", Some(true), Some(0.25)),
                    entry(50.0, JournalKind::Abort, "error_rate(a.b) > 10%", None, None),
                    entry(70.0, JournalKind::Rollback, "a restarted", None, None),
                    entry(180.0, JournalKind::Hypothesis, "p99(a.b) < 1s", Some(false), Some(2.0)),
                ],
            }],
        }
    }

    #[test]
    fn sentences_say_what_became_of_it() {
        let check = |ran, aborted, held, verdict, expected: &str| {
            assert_eq!(sentence(&experiment(ran, aborted, held, verdict)).replace('\u{a0}', " "), expected);
        };
        check(40, 0, 40, Verdict::Held, "the hypothesis of kill holds in all 40 runs");
        check(
            40,
            0,
            0,
            Verdict::Broken,
            "the hypothesis of kill holds in none of 40 runs; p99(a.b) is 2 s, and its hypothesis says < 1s",
        );
        check(40, 0, 36, Verdict::Inconclusive, "the hypothesis of kill holds in 36 of 40 runs: too few to tell");
        check(
            40,
            39,
            0,
            Verdict::Broken,
            "kill is aborted in 39 of 40 runs, 10 s after its begin, by error_rate(a.b) > 10%",
        );
        check(
            0,
            0,
            0,
            Verdict::Inconclusive,
            "kill is not run in any of 40 runs, because rps(a) > 10/s did not hold before it began",
        );
    }

    #[test]
    fn a_journal_is_told_by_its_decisive_lines() {
        let lines = decisive(&experiment(40, 40, 0, Verdict::Broken).journals[0]);
        let lines: Vec<String> = lines.iter().map(|(at, text)| format!("{at} {text}").replace('\u{a0}', " ")).collect();
        assert_eq!(
            lines,
            [
                "0:40 the steady state and 1 safety check hold",
                "0:40 30% of a down: a/1, a/2",
                "0:50 error_rate(a.b) > 10%: 25 %",
                "0:50 aborted",
                "1:10 rollback: a restarted",
            ]
        );
    }

    #[test]
    fn the_answer_of_an_experiment_comes_first() {
        let mut study = crate::studies::run::sample::study();
        study.summary.experiments = vec![experiment(40, 0, 40, Verdict::Held)];
        let text = crate::page::sentence::join(&super::super::answer::answer(&study));
        assert!(text.starts_with("Yes: the hypothesis of kill holds in all 40 runs"), "{text}");
    }

    #[test]
    fn journals_are_rows() {
        let mut study = crate::studies::run::sample::study();
        let journal = experiment(40, 40, 0, Verdict::Broken).journals.remove(0);
        study.journals = vec![("kill".into(), journal)];
        let csv = super::super::tables::journal::csv(&study);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[1], "kill,0,aborted,false,40,steady state,p99(a.b) < 1s,true,p99(a.b),0.1,share");
        assert_eq!(lines[4], "kill,0,aborted,false,40,action,\"30% of a down: a/1, a/2\",,,,");
    }

    #[test]
    fn the_terminal_shows_each_experiment_and_its_first_journal() {
        let mut study = crate::studies::run::sample::study();
        study.summary.experiments = vec![experiment(40, 40, 0, Verdict::Broken)];
        let style = crate::terminal::Style { colour: false, plain: true, width: 100 };
        let text = super::super::terminal::summary(&study, &crate::studies::run::sample::source(), &style);
        let from = text.find("\nExperiments").unwrap_or_else(|| panic!("{text}"));
        let block: Vec<&str> = text[from + 1..].lines().take(12).map(str::trim_end).collect();
        assert_eq!(
            block,
            [
                "Experiments            run in   aborted in   held in runs",
                "BROKEN        kill   40 of 40     40 of 40      0 % (0–0)",
                "",
                "Hypothesis of kill",
                "BROKEN        p99(a.b) < 1s: 2 s, held in 0 % (0–0)",
                "",
                "Journal of kill, replication 0",
                "0:40  the steady state and 1 safety check hold",
                "0:40  30% of a down: a/1, a/2",
                "0:50  error_rate(a.b) > 10%: 25 %",
                "0:50  aborted",
                "1:10  rollback: a restarted",
            ]
        );
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }
}
