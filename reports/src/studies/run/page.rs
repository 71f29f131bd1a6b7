//! The report of a run, in the order of the look: question, answer, promises, what to look at next, what is known without a run, figures with
//! their tables, calls, money, arithmetic, how sure we are, the scenario.

use super::answer::{answer, worst_first};
use super::course;
use super::findings::find;
use super::known;
use super::listed;
use crate::Source;
use crate::arrows::arrows;
use crate::figures::{self, Chapter, DataTable};
use crate::numbers::{clock, estimate, grouped, length, plain};
use crate::page::section::{scenario, section, some};
use crate::page::{Block, CellForm, Fact, Judged, LoneTable, Page, Section, Windows};
use crate::words::{NEEDED, WHEN_AN_INVARIANT_HOLDS, WHEN_HELD, broken_in, margin, observed, word_of};
use sim_core::counters::{self, LEVELS, TIMED};
use sim_core::results::{CallSummary, Estimate, LevelSummary, PromiseSummary, StudyResult, Unit, Verdict, WaitSummary};
use sim_core::units::Probability;
use std::collections::BTreeMap;

/// The page of a run.
pub fn page(study: &StudyResult, source: &Source) -> Page {
    let figures = figures::all(study);
    let placed = |place: Chapter| {
        let there = figures.iter().filter(|(p, _)| *p == place);
        there.map(|(_, f)| Block::Figure(Box::new(f.clone()))).collect::<Vec<_>>()
    };
    let sections = [
        some("system", "The system", "The system", placed(Chapter::System)),
        Some(section("promises", "Promises", &promises_head(study), promises(study))),
        next(study, source),
        known::section(&source.known),
        Some(section("over-time", "Over time", "Over time", over_time(placed(Chapter::OverTime)))),
        services(study),
        Some(section(
            "calls",
            "Calls",
            "Calls",
            std::iter::once(Block::Table(calls(study)))
                .chain(counted_at_calls(study))
                .chain(timed_at_calls(study))
                .chain(levels(study.summary.calls.iter().map(|(name, call)| (name, &call.levels))))
                .collect(),
        )),
        alerts(study),
        some("money", "Money", "Money", placed(Chapter::Money)),
        arithmetic(study),
        Some(section("sure", "How sure we are", "How sure we are", sure(study, source, placed(Chapter::Sure)))),
        Some(scenario(source)),
    ];
    Page {
        kind: "run report",
        title: study.summary.scenario.clone(),
        question: source.question.clone(),
        answer: answer(study),
        meta: meta(study),
        sections: sections.into_iter().flatten().collect(),
        time: windows(study),
    }
}

fn windows(study: &StudyResult) -> Option<Windows> {
    let first = study.windows.first()?;
    let from_s = study.windows.iter().map(|w| w.from_s).collect();
    Some(Windows { from_s, length_s: first.to_s - first.from_s })
}

fn meta(study: &StudyResult) -> String {
    let s = &study.summary;
    let stopped = course::stopped_early(s).map_or_else(String::new, |says| format!("{says} "));
    format!(
        "{stopped}{} replications of {}, intervals of 95\u{a0}%, warm-up of {} cut, {} requests judged. Every figure below is the mean or the merged quantile of all {}.",
        s.replications,
        length(s.simulated_s),
        length(s.warm_up_s),
        grouped(study.requests_judged as f64, 0),
        s.replications
    )
}

fn promises_head(study: &StudyResult) -> String {
    let promises: Vec<Verdict> = study.summary.promises.iter().map(|p| p.verdict).collect();
    let invariants = study.summary.expectations.iter().filter(|clause| clause.is_invariant());
    let invariants: Vec<Verdict> = invariants.map(|clause| clause.verdict).collect();
    let count = |what: &str, all: &[Verdict]| {
        let words = [(Verdict::Broken, "broken"), (Verdict::Inconclusive, "inconclusive"), (Verdict::Held, "held")];
        let of = |verdict| all.iter().filter(|v| **v == verdict).count();
        let parts = words.iter().filter(|(v, _)| of(*v) > 0).map(|(v, word)| format!("{} {word}", of(*v)));
        (!all.is_empty()).then(|| format!("{what}: {}", parts.collect::<Vec<_>>().join(", ")))
    };
    let heads: Vec<String> =
        [count("Promises", &promises), count("Invariants", &invariants)].into_iter().flatten().collect();
    if heads.is_empty() { "No promise is made".into() } else { heads.join("; ") }
}

fn promises(study: &StudyResult) -> Vec<Block> {
    let judged = worst_first(study);
    let mut blocks = Vec::new();
    if !judged.is_empty() {
        blocks.push(Block::Lede(WHEN_HELD.into()));
        blocks.push(Block::Verdicts(judged.into_iter().map(judgement).collect()));
    }
    let (clauses, invariants): (Vec<_>, Vec<_>) =
        study.summary.expectations.iter().partition(|clause| clause.is_expectation());
    if !invariants.is_empty() {
        blocks.push(Block::Lede(WHEN_AN_INVARIANT_HOLDS.into()));
        blocks.push(Block::Verdicts(invariants.into_iter().map(judgement).collect()));
    }
    if !clauses.is_empty() {
        let says = format!("Expected: {} clauses, which `check` judges too", clauses.len());
        blocks.push(Block::Folded(says, vec![Block::Verdicts(clauses.into_iter().map(judgement).collect())]));
    }
    blocks
}

/// A promise or clause as pages show it.
pub fn judgement(p: &PromiseSummary) -> Judged {
    let settle = p.would_settle.map(|n| format!("Run {n} replications to decide."));
    Judged {
        verdict: p.verdict,
        word: word_of(p),
        says: p.says.to_string(),
        name: if p.made.is_clause() { String::new() } else { p.name.clone() },
        facts: facts_of(p),
        note: settle.or_else(|| p.broken_in.as_ref().map(broken_in)).unwrap_or_else(|| p.note.to_string()),
        kept: (p.kept, p.judged),
        share: p.probability,
        needed: if p.is_invariant() { 1.0 } else { NEEDED },
    }
}

/// What was observed, and how far it is from what is promised.
fn facts_of(p: &PromiseSummary) -> Vec<(String, String)> {
    let seen = observed(p).map(|seen| ("Observed".to_owned(), seen));
    seen.into_iter().flat_map(|seen| [seen, ("Margin".to_owned(), margin(p))]).collect()
}

fn next(study: &StudyResult, source: &Source) -> Option<Section> {
    let mut found = find(study, source);
    found.truncate(5);
    let mut blocks = Vec::new();
    if !found.is_empty() {
        blocks.push(Block::Findings(found));
    }
    if let Some(expected) = &source.answer {
        blocks.push(Block::Remark(format!("The author expected: {expected}")));
    }
    some("next", "What to look at next", "What to look at next", blocks)
}

fn over_time(figures: Vec<Block>) -> Vec<Block> {
    let usage = "Point at a figure, or focus it and use the arrow keys: all figures over time read out the same window. Drag across \
                 one, or press + and \u{2212}, to look closer in all of them; Escape or a double click shows the whole run again.";
    [Block::Usage(usage.into())].into_iter().chain(figures).collect()
}

fn calls(study: &StudyResult) -> LoneTable {
    let heads = [
        "Edge",
        "Calls",
        "Attempts",
        "Retries",
        "Amplifi\u{ad}cation",
        "Timeouts",
        "Turned away",
        "Breaker openings",
        "Aban\u{ad}doned",
    ];
    let caption = "mean per run. Amplification is attempts sent for each call that was let through. Calls are turned away by a breaker, a \
                   throttle, a limit or a pool; openings count all caller instances; abandoned attempts went on working after their caller \
                   had given up.";
    LoneTable {
        title: Some((calls_title(study), ("Every call edge".into(), caption.into()))),
        cells: CellForm::Calls,
        table: DataTable {
            says: "Call edges".into(),
            heads: heads.map(String::from).into(),
            rows: study.summary.calls.iter().map(|(name, c)| call(name, c)).collect(),
        },
    }
}

fn call(name: &str, c: &CallSummary) -> Vec<String> {
    let count = |e: &Estimate| if e.mean == 0.0 { "0".to_owned() } else { plain(e.mean, Unit::Count) };
    vec![
        name.to_owned(),
        count(&c.calls),
        count(&c.attempts),
        count(&c.retries),
        c.amplification.map_or_else(|| "–".into(), |a| grouped(a.mean, 3)),
        count(&c.timeouts),
        count(&c.rejected),
        count(&c.breaker_opened),
        count(&c.abandoned),
    ]
}

/// What the families count at calls, where it was counted.
fn counted_at_calls(study: &StudyResult) -> Option<Block> {
    counted(study.summary.calls.iter().map(|(name, call)| (name, &call.counters)))
}

/// What is timed before attempts are sent, where it was.
fn timed_at_calls(study: &StudyResult) -> Option<Block> {
    let row = |(call, name, wait): (&String, &str, &WaitSummary)| {
        let part = TIMED.iter().find(|part| part.name == name)?;
        let (mean, p99) = (estimate(&wait.mean, Unit::Seconds), estimate(&wait.p99, Unit::Seconds));
        Some(vec![format!("{call}.{name}"), mean, p99, part.says.to_owned()])
    };
    let timed = study.summary.calls.iter().flat_map(|(call, of)| of.times_s.iter().map(move |(n, w)| (call, *n, w)));
    standing("Timed parts", ["Part", "Mean", "p99", "Is"], timed.filter_map(row).collect())
}

/// Levels of subjects, each as an expression writes it.
fn levels<'a>(subjects: impl Iterator<Item = (&'a String, &'a BTreeMap<&'static str, LevelSummary>)>) -> Option<Block> {
    let row = |(subject, name, stood): (&String, &str, &LevelSummary)| {
        let level = LEVELS.iter().find(|level| level.name == name)?;
        let (average, most) = (estimate(&stood.average, level.unit), estimate(&stood.most, level.unit));
        Some(vec![format!("{subject}.{name}"), average, most, level.says.to_owned()])
    };
    let all = subjects.flat_map(|(subject, levels)| levels.iter().map(move |(name, stood)| (subject, *name, stood)));
    standing("Levels", ["Level", "Average", "Most", "Is"], all.filter_map(row).collect())
}

/// A table of what stands in expressions; none without rows.
fn standing(says: &str, heads: [&str; 4], rows: Vec<Vec<String>>) -> Option<Block> {
    let table = DataTable { says: says.into(), heads: heads.map(String::from).into(), rows };
    (!table.rows.is_empty()).then_some(Block::Table(LoneTable { title: None, cells: CellForm::Reasons, table }))
}

/// The counters of subjects, each as an expression writes it.
fn counted<'a>(subjects: impl Iterator<Item = (&'a String, &'a BTreeMap<&'static str, Estimate>)>) -> Option<Block> {
    let row = |subject: &str, name: &str, number: &Estimate| {
        let counter = counters::all().find(|counter| counter.name == name)?;
        let says = counter.says.to_owned();
        Some(vec![format!("{name}({subject})"), estimate(number, counter.unit), says])
    };
    let rows: Vec<Vec<String>> = subjects
        .flat_map(|(subject, counters)| counters.iter().filter_map(move |(name, number)| row(subject, name, number)))
        .collect();
    let table = DataTable {
        says: "Counters".into(),
        heads: ["Counter", "Mean per run", "Counts"].map(String::from).into(),
        rows,
    };
    (!table.rows.is_empty()).then_some(Block::Table(LoneTable { title: None, cells: CellForm::Reasons, table }))
}

fn calls_title(study: &StudyResult) -> String {
    let of = |c: &CallSummary| c.amplification.map_or(1.0, |a| a.mean);
    match study.summary.calls.iter().max_by(|a, b| of(a.1).total_cmp(&of(b.1))) {
        Some((name, c)) if of(c) > 1.001 => {
            let more = (of(c) - 1.0) * 100.0;
            arrows(&format!("Retries add {more:.1}\u{a0}% to the attempts of {name}, more than to any other"))
        }
        _ => "No call is retried to speak of".into(),
    }
}

/// The services, and what scales them.
fn services(study: &StudyResult) -> Option<Section> {
    let rows: Vec<Vec<String>> = listed::services(study)
        .into_iter()
        .map(|(name, service)| std::iter::once(name.clone()).chain(listed::service_cells(service, estimate)).collect())
        .collect();
    let lede = "Services whose requests wait the longest for a worker come first. Utilisation is the share of workers that are held, CPU the \
                share of cores that are busy, queue length the mean number of requests that wait, all over the whole run.";
    let heads = ["Service", "Instances", "Utilisation", "CPU", "Mean wait", "p99 wait", "Queue length"];
    let table = DataTable { says: "Services".into(), heads: heads.map(String::from).into(), rows };
    if table.rows.is_empty() {
        return None;
    }
    let standing = |table| Block::Table(LoneTable { title: None, cells: CellForm::Calls, table });
    let mut blocks = vec![Block::Lede(lede.into()), standing(table)];
    blocks.extend(counted(study.summary.services.iter().map(|(name, service)| (name, &service.counters))));
    blocks.extend(levels(study.summary.services.iter().map(|(name, service)| (name, &service.levels))));
    let rows: Vec<Vec<String>> = listed::caches(study)
        .into_iter()
        .map(|(name, cache)| std::iter::once(name.clone()).chain(listed::cache_cells(cache, estimate)).collect())
        .collect();
    if !rows.is_empty() {
        let heads = ["Cache", "Hit ratio", "Lookups", "Regenerations", "Waited for another", "Given expired"];
        let table = DataTable { says: "Caches".into(), heads: heads.map(String::from).into(), rows };
        let caption = "the share of lookups that found a value, and counts a run: lookups, values that were made anew, lookups that waited \
                       for the value of another, and those that got an expired value.";
        let title = Some(("Caches".to_owned(), ("Caches".into(), caption.into())));
        blocks.push(Block::Table(LoneTable { title, cells: CellForm::Calls, table }));
    }
    let scalers = study.summary.scalers.iter();
    let rows: Vec<Vec<String>> = scalers
        .map(|(name, scaler)| std::iter::once(name.clone()).chain(listed::scaler_cells(study, scaler)).collect())
        .collect();
    if !rows.is_empty() {
        let heads = ["Scaler", "Service", "Range", "Wanted", "Scalings a run", "Reversals a run"];
        let table = DataTable { says: "Scalers".into(), heads: heads.map(String::from).into(), rows };
        let caption = "the instances that each may set, the least and the most that it wanted, and how often it changed them. A reversal is \
                       a change in the other direction than the one before: many of them are an oscillation.";
        let title = Some(("Scalers".to_owned(), ("Scalers".into(), caption.into())));
        blocks.push(Block::Table(LoneTable { title, cells: CellForm::Calls, table }));
    }
    blocks.extend(why_nothing(study));
    Some(section("services", "Services", "Services", blocks))
}

/// Why scalers changed nothing.
fn why_nothing(study: &StudyResult) -> Option<Block> {
    let all = || study.summary.scalers.iter().map(|(name, scaler)| (name, listed::reasons(scaler)));
    let rows: Vec<Vec<String>> = all()
        .flat_map(|(name, reasons)| {
            reasons.into_iter().map(|(says, share)| vec![name.clone(), says.to_owned(), estimate(&share, Unit::Share)])
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let errors = study.summary.scalers.iter().filter_map(|(name, scaler)| Some((name, scaler.forecast_error?)));
    let errors: String = errors
        .map(|(name, error)| format!(" The forecasts of {name} miss by {}.", estimate(&error, Unit::Share)))
        .collect();
    let heads = ["Scaler", "Changed nothing because", "Share of its looks"];
    let table = DataTable { says: "Why scalers changed nothing".into(), heads: heads.map(String::from).into(), rows };
    let caption = format!(
        "the shares of the looks at which each scaler changed nothing, by the reason; at the others it changed the number of instances.{errors}"
    );
    let title = Some(("Why scalers changed nothing".to_owned(), ("Why scalers changed nothing".into(), caption)));
    Some(Block::Table(LoneTable { title, cells: CellForm::Calls, table }))
}

fn alerts(study: &StudyResult) -> Option<Section> {
    let rows: Vec<Vec<String>> = listed::alerts(study)
        .into_iter()
        .map(|(name, alert)| std::iter::once(name.clone()).chain(listed::alert_cells(alert)).collect())
        .collect();
    let heads = ["Alert", "Severity", "Fired a run", "First at", "Found", "Found after", "False a day", "Healthy days"];
    let table = DataTable { says: "Alerts".into(), heads: heads.map(String::from).into(), rows };
    (!table.rows.is_empty()).then(|| {
        let lede = "The most severe first, from 5 down to 1. Found is the share of strikes of the alert's fault during which it began to fire; \
                    strikes less than 5 min apart count as one. Found after is the median time from the begin of such a strike to that firing. \
                    False a day counts firings in the same runs simulated without any fault; healthy days is how long these are in all.";
        let table = Block::Table(LoneTable { title: None, cells: CellForm::Calls, table });
        let mut blocks = vec![Block::Lede(lede.into()), table];
        let curves = listed::alerts(study).into_iter().filter_map(|(name, alert)| Some((name, alert.curve.as_ref()?)));
        blocks.extend(curves.enumerate().map(|(place, (name, curve))| {
            Block::Figure(Box::new(figures::detector::draw(place + 1, name, curve)))
        }));
        section("alerts", "Alerts", "Alerts", blocks)
    })
}

fn arithmetic(study: &StudyResult) -> Option<Section> {
    let rows: Vec<Vec<String>> = study
        .summary
        .arithmetic
        .iter()
        .map(|row| {
            let simulated = estimate(&row.simulated, row.unit);
            vec![row.of.to_string(), plain(row.arithmetic, row.unit), simulated, row.why.to_string()]
        })
        .collect();
    let table = DataTable {
        says: "Arithmetic against simulation".into(),
        heads: ["Of", "Arithmetic", "Simulated", "Why they differ"].map(String::from).into(),
        rows,
    };
    (!table.rows.is_empty()).then(|| {
        let table = Block::Table(LoneTable { title: None, cells: CellForm::Reasons, table });
        section("slo", "Arithmetic", "Arithmetic against simulation", vec![table])
    })
}

fn sure(study: &StudyResult, source: &Source, mut figures: Vec<Block>) -> Vec<Block> {
    figures.push(Block::Facts(facts(study, source)));
    figures
}

/// The command that gives the same results.
fn repeat(study: &StudyResult, source: &Source) -> String {
    let s = &study.summary;
    let command = format!("{} --seed {}", source.command("run"), s.seed);
    // What went on by itself goes on again.
    if s.went_on.is_some() && s.stopped_early.is_none() {
        return command;
    }
    let Some(precision) = &s.precision else { return format!("{command} --replications {}", s.replications) };
    let (batch, cap) = (precision.batch, precision.cap);
    let within = Probability::new(precision.within).unwrap_or_default();
    let named = precision.of.iter().filter(|p| p.path.starts_with("run."));
    let of: String = named.map(|p| format!(" --precision-of '{}'", p.name)).collect();
    format!("{command} --replications {batch} --precision {within}{of} --precision-cap {cap}")
}

fn facts(study: &StudyResult, source: &Source) -> Vec<Fact> {
    let s = &study.summary;
    let digest: Vec<String> = s.digest.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let mut facts = vec![
        Fact::new("Replications", format!("{}, of {} simulated each", s.replications, length(s.simulated_s))),
        Fact::new("Requests judged", grouped(study.requests_judged as f64, 0)),
        Fact::new("Warm-up", format!("{}, cut from every number", length(s.warm_up_s))),
        Fact::new("In flight at the end", format!("{} a run, counted in no share", grouped(study.in_flight, 0))),
        Fact::new("Seed", format!("{}, replications 0 to {}", s.seed, s.replications.saturating_sub(1))),
        Fact::new(
            "Intervals",
            "95 %: Student\u{2019}s t on means, Woodruff on percentiles, ratio estimates on shares, Wilson on shares of runs",
        ),
        Fact::new("Version", format!("windtunnel {}", s.version)),
        Fact::code("Digest of the results", digest.join(" ")),
        Fact::code("To repeat it, byte for byte", repeat(study, source)),
    ];
    for (name, says) in [("Went on ", course::went_on(s)), ("Stopped early, ", course::stopped_early(s))] {
        let name_of = name.trim_end_matches([' ', ',']);
        facts.extend(
            says.map(|says| Fact::new(name_of, says.trim_start_matches(name).trim_end_matches('.').to_owned())),
        );
    }
    if s.went_on.is_some() {
        let says = "95 %, at any time: the study was looked at while it ran (docs/METHOD.md)";
        facts.push(Fact::new("Intervals of promises and clauses", says));
    }
    if let Some(precision) = &s.precision {
        let within = plain(precision.within, Unit::Share);
        let says = if precision.reached { "reached" } else { "not reached" };
        facts.push(Fact::new("Precision asked for", format!("{within} of each estimate, {says}")));
    }
    if s.wrongness.runs_without_incidents > 0 {
        let says = "simulated a second time without the faults, on the same random numbers: what a fault costs is what it adds";
        facts.push(Fact::new(
            "Price of a fault",
            format!("{} of the replications were {says}", s.wrongness.runs_without_incidents),
        ));
    }
    if !s.stopped.is_empty() {
        facts.push(Fact::new("Stopped by a bound", format!("{} of {} runs", s.stopped.len(), s.replications)));
    }
    let struck: Vec<_> = study.faults.iter().filter(|f| f.from_s > 0.0).collect();
    for fault in struck.iter().take(3) {
        let when = format!("{}, {} to {}: {}", fault.name, clock(fault.from_s), clock(fault.to_s), fault.says);
        facts.push(Fact::new("Fault", when));
    }
    facts.extend(listed::more_faults(&struck, 3).map(|more| Fact::new("Faults", more)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn an_invariant_is_judged_against_every_run_and_counted_in_the_head() {
        let mut study = sample::study();
        study.summary.promises.clear();
        study.summary.expectations.clear();
        assert_eq!(promises_head(&study), "No promise is made");
        let broken = sample::broken_invariant();
        assert_eq!(judgement(&broken).needed, 1.0);
        let held = PromiseSummary { verdict: Verdict::Held, broken_in: None, ..broken.clone() };
        study.summary.expectations = vec![broken, held];
        assert_eq!(promises_head(&study), "Invariants: 1 broken, 1 held");
        study.summary.promises = sample::study().summary.promises;
        assert!(promises_head(&study).ends_with("; Invariants: 1 broken, 1 held"), "{}", promises_head(&study));
        assert_eq!(judgement(&study.summary.promises[0]).needed, NEEDED);
    }

    #[test]
    fn faults_that_are_not_listed_are_counted() {
        let mut study = sample::study();
        let fault = study.faults.iter().find(|f| f.from_s > 0.0).unwrap().clone();
        let said = |study: &StudyResult| facts(study, &sample::source()).iter().any(|f| f.value == "and 37 more");
        study.faults = vec![fault.clone(); 3];
        assert!(!said(&study));
        study.faults = vec![fault; 40];
        assert!(said(&study));
    }
}
