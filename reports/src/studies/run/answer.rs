//! The answer in one sentence: yes, no or inconclusive, the promise that decides it, and what it costs.

use super::experiment;
use super::findings::backlog::growing;
use crate::numbers::{estimate, grouped, observed, plain};
use crate::page::sentence::Piece;
use sim_core::results::{About, BrokenIn, EndpointSummary, PromiseSummary, StudyResult, Unit, Verdict};

/// The answer, in pieces.
pub fn answer(study: &StudyResult) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut say = |strong, text: String| {
        let spaced = !pieces.is_empty() && !text.starts_with([',', ';']);
        pieces.push(Piece { strong, text, spaced });
    };
    // Each run has to keep an invariant: where one is broken, promises that are held make no yes.
    let is_one_broken = broken_invariants(study).next().is_some();
    let word = |verdict: Verdict| match verdict {
        _ if is_one_broken => "No:",
        Verdict::Held => "Yes:",
        Verdict::Broken => "No:",
        Verdict::Inconclusive => "Inconclusive:",
    };
    // Who experiments asks of the experiment, whatever else is promised.
    match (experiment::worst(study), worst_first(study).first()) {
        (Some(experiment), _) => {
            say(true, word(experiment.judgement.verdict).to_owned());
            say(false, experiment::sentence(experiment));
            invariants(study, "; ", &mut say);
        }
        // What decides comes first.
        (None, Some(promise)) if is_one_broken && promise.verdict == Verdict::Held => {
            say(true, word(promise.verdict).to_owned());
            invariants(study, "", &mut say);
            decided(promise, "; ", &mut say);
        }
        (None, Some(promise)) => {
            say(true, word(promise.verdict).to_owned());
            decided(promise, "", &mut say);
            invariants(study, "; ", &mut say);
        }
        (None, None) => {
            nothing_promised(study, &mut say);
            invariants(study, "; ", &mut say);
        }
    }
    not_done(study, &mut say);
    wrong(study, &mut say);
    cost(study, &mut say);
    if let Some(last) = pieces.last_mut() {
        last.text.push('.');
    }
    pieces
}

/// Promises, worst first.
pub fn worst_first(study: &StudyResult) -> Vec<&PromiseSummary> {
    let mut all: Vec<&PromiseSummary> = study.summary.promises.iter().collect();
    all.sort_by_key(|p| std::cmp::Reverse(p.verdict));
    all
}

fn broken_invariants(study: &StudyResult) -> impl Iterator<Item = (&PromiseSummary, &BrokenIn)> {
    study.summary.expectations.iter().filter_map(|clause| Some((clause, clause.broken_in.as_ref()?)))
}

/// The invariants that some run breaks; `lead` stands before the first.
fn invariants(study: &StudyResult, lead: &str, say: &mut impl FnMut(bool, String)) {
    for (place, (clause, broken)) in broken_invariants(study).enumerate() {
        let name = clause.path.trim_start_matches("invariants.");
        let lead = if place == 0 { lead } else { "; " };
        say(false, format!("{lead}the invariant {name} is"));
        say(true, format!("broken in {} of {} runs", broken.runs, broken.of));
    }
}

/// Messages that nobody has done, where no promise says so.
fn not_done(study: &StudyResult, say: &mut impl FnMut(bool, String)) {
    for (name, queue) in study.summary.services.iter().filter(|(_, s)| s.is_queue && s.unserved.mean >= 0.5) {
        say(false, "; at the end".to_owned());
        say(true, format!("{} messages", estimate(&queue.unserved, Unit::Count)));
        say(false, format!("wait too long in {name}"));
    }
    let is_told = |name: &str| study.summary.services.get(name).is_some_and(|queue| queue.unserved.mean >= 0.5);
    if let Some(backlog) = growing(study).filter(|backlog| !is_told(backlog.name)) {
        say(false, "; at the end".to_owned());
        say(true, format!("{} messages", grouped(backlog.end, 0)));
        say(false, format!("wait in {}, and ever more", backlog.name));
    }
}

fn nothing_promised(study: &StudyResult, say: &mut impl FnMut(bool, String)) {
    let entries = || study.summary.endpoints.iter().filter(|(_, e)| e.entry);
    let harmed = study.most_harmed().and_then(|series| entries().find(|(name, _)| **name == series.name));
    let Some((name, entry)) = harmed.or_else(|| entries().next()) else {
        return say(false, "Nothing is promised, and no load calls an endpoint".to_owned());
    };
    let answered = |e: &EndpointSummary| e.availability.map(|share| share.mean);
    let name = if entries().any(|(_, other)| answered(other) > answered(entry)) {
        format!("{name}, which of {} endpoints answers least,", entries().count())
    } else {
        name.clone()
    };
    match (&entry.availability, &entry.latency_s) {
        (Some(share), Some(latency)) => {
            say(false, format!("Nothing is promised; {name} answers"));
            say(true, estimate(share, Unit::Share));
            say(false, "of requests, 99\u{a0}% of these within".to_owned());
            say(true, estimate(&latency.p99, Unit::Seconds));
        }
        _ => say(false, format!("Nothing is promised, and {name} answers no request")),
    }
}

/// The sentence about the promise that decides; `lead` stands before it.
fn decided(promise: &PromiseSummary, lead: &str, say: &mut impl FnMut(bool, String)) {
    if promise.observed.is_none() {
        return say(false, format!("{lead}there is no data on whether {}", promise.says));
    }
    let (before, behind) = around(promise);
    say(false, format!("{lead}{before}"));
    say(true, observed(promise));
    if !behind.is_empty() {
        say(false, behind);
    }
    let bound = promise.promised.map(|p| plain(p, promise.unit)).unwrap_or_default();
    let promised = format!("against a promise of at {} {bound}", if promise.at_most { "most" } else { "least" });
    let (kept, judged) = (promise.kept, promise.judged);
    say(
        false,
        match promise.verdict {
            Verdict::Held if kept == judged => format!("{promised}, kept in all {judged} runs"),
            Verdict::Held => format!("{promised}, kept in {kept} of {judged} runs"),
            Verdict::Broken if kept == 0 => format!("{promised}, kept in none of {judged} runs"),
            Verdict::Broken => format!("{promised}, kept in {kept} of {judged} runs only"),
            Verdict::Inconclusive => format!("{promised}, kept in {kept} of {judged} runs: too few to tell"),
        },
    );
}

/// What stands before and behind the observed number.
fn around(promise: &PromiseSummary) -> (String, String) {
    let (before, behind) = match &promise.about {
        About::Availability { of } => (format!("{of} answers"), "of requests"),
        About::Goodput { of } => (format!("{of} gives"), "good answers"),
        About::Recovery { of, after } => (format!("after {after}, {of} is back in"), ""),
        About::Wrongness { of: None, kind } => (format!("{} happens to", kind.name()), "of requests"),
        About::Wrongness { of: Some(of), kind } => {
            return (format!("{} happens to", kind.name()), format!("of requests to {of}"));
        }
        About::Cost => ("the infrastructure costs".to_owned(), ""),
        About::Latency { of, percentile } => (format!("{percentile} of {of} is"), ""),
        About::Age { of, percentile } => (format!("{percentile} of the age of messages in {of} is"), ""),
        About::Hypothesis { .. } | About::Metric { .. } | About::Condition => (format!("{} is", promise.name), ""),
    };
    (before, behind.to_owned())
}

/// Answers from which on wrong ones are worth a word, as a share of all answers.
const WRONG: f64 = 1e-3;

/// How many of the answers, which count as answered, are wrong; where the promise that decides has not said so.
fn wrong(study: &StudyResult, say: &mut impl FnMut(bool, String)) {
    if worst_first(study).first().is_some_and(|p| matches!(p.about, About::Wrongness { .. })) {
        return;
    }
    let answered =
        |e: &EndpointSummary| ["ok", "degraded"].iter().filter_map(|o| e.outcomes.get(o)).map(|e| e.mean).sum();
    let entries = study.summary.endpoints.iter().filter(|(_, e)| e.entry);
    let shares = entries.map(|(name, e)| (name, e.wrong.mean, answered(e)));
    let worst = shares.filter(|(_, wrong, of)| *wrong >= WRONG * of && *wrong > 0.0);
    let Some((name, wrong, of)) = worst.max_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2))) else { return };
    let kinds: Vec<&str> =
        study.summary.wrongness.incidents.iter().filter(|(_, e)| e.mean > 0.0).map(|(kind, _)| *kind).collect();
    let how = if let [kind] = kinds.as_slice() { format!(" ({kind})") } else { String::new() };
    say(false, ";".to_owned());
    say(true, format!("{} of {} answers", grouped(wrong, 0), grouped(of, 0)));
    say(false, format!("of {name} in a run are wrong{how}"));
}

fn cost(study: &StudyResult, say: &mut impl FnMut(bool, String)) {
    let month = study.summary.cost.per_month;
    let about_cost = worst_first(study).first().is_some_and(|p| p.about == About::Cost);
    if month.mean > 0.0 && !about_cost {
        say(false, "; the infrastructure costs".to_owned());
        say(true, estimate(&month, Unit::MoneyPerMonth));
    }
    let faults = study.summary.wrongness.by_fault.iter().filter(|price| price.adds.mean > 0.0);
    if let Some(dearest) = faults.max_by(|a, b| a.adds.mean.total_cmp(&b.adds.mean)) {
        say(false, format!(", and each {}", dearest.fault));
        say(true, estimate(&dearest.adds, Unit::Money));
        say(false, "in lost and wrong requests".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sentence::join;
    use crate::studies::run::sample;

    #[test]
    fn the_answer_is_one_sentence_about_the_worst_promise() {
        let text = join(&answer(&sample::study())).replace('\u{a0}', " ");
        assert_eq!(
            text,
            "No: gateway.checkout answers 98.31 % (98.29–98.33) of requests against a promise of at least 99.5 %, kept in none of \
             64 runs; 771 of 730,000 answers of gateway.checkout in a run are wrong; the infrastructure costs $3,410 a month (3,402–3,418), and each brownout $89,500 (89,000–90,000) in lost and \
             wrong requests."
        );
    }

    #[test]
    fn a_broken_invariant_is_in_the_headline_and_makes_it_no_yes() {
        let mut study = sample::study();
        let said = |study: &StudyResult| join(&answer(study)).replace('\u{a0}', " ");
        study.summary.promises.retain(|p| p.verdict == Verdict::Held);
        assert!(said(&study).starts_with("Yes:"), "{}", said(&study));
        study.summary.expectations.push(sample::broken_invariant());
        let text = said(&study);
        assert!(text.starts_with("No: the invariant money is broken in 2 of 64 runs; p99 of"), "{text}");
        study.summary.promises.clear();
        let text = said(&study);
        assert!(text.starts_with("Nothing is promised; gateway.checkout answers"), "{text}");
        assert!(text.contains("; the invariant money is broken in 2 of 64 runs;"), "{text}");
    }

    #[test]
    fn answers_that_are_wrong_are_in_the_headline_where_they_matter() {
        let mut study = sample::study();
        let (of, said) = ("gateway.checkout", |study: &StudyResult| join(&answer(study)).replace('\u{a0}', " "));
        study.summary.wrongness.incidents.values_mut().for_each(|e| *e = e.scale(0.0));
        study.summary.wrongness.incidents.insert("stale_read", sim_core::results::Estimate::exact(720_000.0));
        study.summary.endpoints.get_mut(of).unwrap().wrong = sim_core::results::Estimate::exact(720_000.0);
        let text = said(&study);
        assert!(
            text.contains("; 720,000 of 730,000 answers of gateway.checkout in a run are wrong (stale_read);"),
            "{text}"
        );
        study.summary.endpoints.get_mut(of).unwrap().wrong = sim_core::results::Estimate::exact(0.0);
        assert!(!said(&study).contains("are wrong"));
    }

    #[test]
    fn wrongness_is_said_of_the_requests_that_it_happens_to() {
        let mut study = sample::study();
        study.summary.promises.truncate(1);
        let of = Some("profile.read".to_owned());
        study.summary.promises[0].about = About::Wrongness { of, kind: sim_core::data::WrongnessKind::StaleRead };
        let text = join(&answer(&study));
        assert!(text.starts_with("No: stale_read happens to 98.31"), "{text}");
        assert!(text.contains("of requests to profile.read against a promise"), "{text}");
    }
}
