//! What `check` has to say in all its forms: which promises, clauses and numbers need somebody to look, and in which words.

use crate::numbers::{estimate, grouped, kept, plain, signed};
use crate::words::{WHEN_AN_INVARIANT_HOLDS, bound, broken_in, observed, seen, word_of};
use sim_core::results::gate::{Against, Checked, CheckedFile, Ended, FilePlace, Number, Standing, Trouble};
use sim_core::results::{Made, PromiseSummary, Unit, Verdict};

/// Something that somebody should look at: a promise or clause that is not held, a number worse than the baseline's, a file that cannot run.
pub struct Notice<'a> {
    /// What kind of thing it is; the same for all of a kind.
    pub rule: Rule,
    /// Whether it fails the check.
    pub broken: bool,
    /// What became of what.
    pub title: String,
    /// Name of the promise, text of the clause, or the file.
    pub name: String,
    /// One sentence or two.
    pub text: String,
    /// Where it is written; else the file as a whole is meant.
    pub place: Option<&'a FilePlace>,
    /// The scenario file.
    pub file: &'a str,
    /// Path in the scenario.
    pub path: &'a str,
}

/// Kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A promise is not held.
    Promise,
    /// The hypothesis of an experiment is not held.
    Experiment,
    /// A clause of `expect` is not held.
    Clause,
    /// A number is worse than the baseline's, or has no data any more.
    Baseline,
    /// A scenario cannot be run.
    Scenario,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Promise, Self::Experiment, Self::Clause, Self::Baseline, Self::Scenario];

    /// A name that stays.
    pub fn id(self) -> &'static str {
        match self {
            Self::Promise => "windtunnel/promise",
            Self::Experiment => "windtunnel/experiment",
            Self::Clause => "windtunnel/expect",
            Self::Baseline => "windtunnel/baseline",
            Self::Scenario => "windtunnel/scenario",
        }
    }

    /// What it means.
    pub fn says(self) -> &'static str {
        match self {
            Self::Promise => "A promise of the scenario is not held at the confidence that is asked for.",
            Self::Experiment => "The hypothesis of an experiment is not held at the confidence that is asked for.",
            Self::Clause => {
                "A clause of expect is not held at the confidence that is asked for, or a run breaks an invariant."
            }
            Self::Baseline => "A number that promises or clauses are judged by is worse than in the baseline.",
            Self::Scenario => "The scenario cannot be run.",
        }
    }
}

/// All that somebody should look at, file by file, in the order of the scenario.
pub fn notices(files: &[CheckedFile]) -> Vec<Notice<'_>> {
    files.iter().flat_map(of_file).collect()
}

fn of_file(file: &CheckedFile) -> Vec<Notice<'_>> {
    let name = file.file.as_str();
    match &file.outcome {
        Err(troubles) => {
            let notice = |trouble: &'_ Trouble| {
                let hint = trouble.hint.as_ref().map_or_else(String::new, |hint| format!(" Hint: {hint}."));
                format!("{}.{hint}", trouble.message)
            };
            let all = troubles.iter().map(|trouble| Notice {
                rule: Rule::Scenario,
                broken: true,
                title: "The scenario cannot be run".into(),
                name: name.to_owned(),
                text: notice(trouble),
                place: trouble.place.as_ref(),
                file: name,
                path: "",
            });
            all.collect()
        }
        Ok(checked) => {
            let open = checked.judged().filter(|p| p.verdict != Verdict::Held);
            let of_promises = open.map(|p| Notice {
                rule: rule_of(p.made),
                broken: p.verdict == Verdict::Broken,
                title: format!("{}: {}", word_of(p), name_of(p)),
                name: p.name.clone(),
                text: sentence(&checked.promises, p),
                place: checked.places.get(&p.path),
                file: name,
                path: &p.path,
            });
            let of_baseline = checked.against.iter().filter(|a| is_told(a)).map(|a| Notice {
                rule: Rule::Baseline,
                broken: a.standing != Standing::WithoutData,
                title: format!("{}: {}", told_as(a), against_name(a)),
                name: against_name(a),
                text: format!("{}.", against_text(a)),
                place: checked.places.get(&a.path),
                file: name,
                path: &a.path,
            });
            let of_nothing = checked.judged().next().is_none().then(|| Notice {
                rule: Rule::Scenario,
                broken: true,
                title: "Nothing is judged".into(),
                name: name.to_owned(),
                text: format!("{NOTHING}."),
                place: None,
                file: name,
                path: "",
            });
            of_promises.chain(of_baseline).chain(of_nothing).collect()
        }
    }
}

fn rule_of(made: Made) -> Rule {
    match made {
        Made::Promise => Rule::Promise,
        Made::Hypothesis => Rule::Experiment,
        Made::ClauseByRuns | Made::ClauseByMeans => Rule::Clause,
    }
}

/// Whether it changes what comes out of the check.
pub fn is_told(against: &Against) -> bool {
    use sim_core::results::compare::Change;
    matches!(against.standing, Standing::Compared(Change::Worse) | Standing::WithoutData | Standing::Gone)
}

/// What is said of a scenario in which nothing can be judged, without a full stop.
pub const NOTHING: &str = "nothing is promised or expected, so nothing was judged";

/// What stands before the name of a number that changes what comes out of the check.
pub fn told_as(against: &Against) -> &'static str {
    match against.standing {
        Standing::WithoutData => "No data any more",
        Standing::Gone => "Not judged any more",
        _ => "Worse than the baseline",
    }
}

/// What is measured, as people name it: `works`, `works, share of runs that keep it`, a clause.
pub fn against_name(against: &Against) -> String {
    match &against.number {
        Number::Of(promise) => promise.clone(),
        Number::Runs(promise) => format!("{promise}, runs that keep it"),
        Number::Clause => against.name.clone(),
    }
}

/// How a number stands against the baseline, without a full stop.
pub fn against_text(against: &Against) -> String {
    let plain_of = |value: Option<f64>| value.map_or_else(|| "no data".to_owned(), |v| plain(v, against.unit));
    let was = format!("{}, was {}", plain_of(against.now), plain_of(against.before));
    match (against.standing, against.difference) {
        (Standing::Gone, _) => {
            format!("the baseline has it with {}, and the scenario has it no more", plain_of(against.before))
        }
        (Standing::Compared(_), Some(difference)) => format!("{}: {was}", signed(&difference, against.unit)),
        _ => was,
    }
}

/// What is named where something is judged: the name of a promise, what a clause expects.
pub fn name_of(promise: &PromiseSummary) -> String {
    if promise.is_expectation() { promise.says.to_string() } else { promise.name.clone() }
}

/// What was observed of a promise or clause, and what was promised, without a full stop. `promises` are those of its scenario.
pub fn judgement(promises: &[PromiseSummary], promise: &PromiseSummary) -> String {
    if promise.is_expectation() {
        return seen(promises, promise);
    }
    let mut parts: Vec<String> = observed(promise).into_iter().collect();
    if let Some(broken) = &promise.broken_in {
        parts.push(broken_in(broken));
        return parts.join(", ");
    }
    // A clause is its own text and says what is asked for.
    if !promise.made.is_clause() {
        parts.push(format!("promised {}", bound(promise)));
    }
    parts.extend(promise.probability.map(|e| format!("kept in {}", kept(&e))));
    parts.join(", ")
}

/// How many replications decide, without a full stop.
pub fn settling(promise: &PromiseSummary) -> Option<String> {
    let n = promise.would_settle?;
    Some(format!("Run {} replications to decide", grouped(f64::from(n), 0)))
}

fn sentence(promises: &[PromiseSummary], promise: &PromiseSummary) -> String {
    let mut text = judgement(promises, promise);
    if !promise.made.is_clause() {
        text = format!("{}: {text}", promise.says);
    }
    text.push('.');
    if let Some(settling) = settling(promise) {
        text.push_str(&format!(" {settling}."));
    }
    if !promise.note.is_empty() {
        text.push_str(&format!(" {}", promise.note));
    }
    text
}

/// Why the study of a scenario ended, a sentence.
pub fn why_ended(checked: &Checked) -> String {
    let (n, most) = (grouped(f64::from(checked.replications), 0), grouped(f64::from(checked.most), 0));
    let confidence = plain(checked.confidence, Unit::Share);
    match checked.ended {
        Ended::Certain => {
            format!("Certain after {n} of {most} replications, at {confidence}, whenever it is looked at.")
        }
        Ended::Spent => format!("The budget of {most} replications is spent, and not all is certain at {confidence}."),
        Ended::Complete => format!("{n} replications were run, {confidence} intervals."),
    }
}

/// What is said of a scenario in a few words.
pub fn in_short(checked: &Checked) -> String {
    let all: Vec<&PromiseSummary> = checked.judged().collect();
    let count = |v: Verdict| all.iter().filter(|p| p.verdict == v).count();
    let (broken, open) = (count(Verdict::Broken), count(Verdict::Inconclusive));
    let n = all.len();
    let promises = |n: usize| format!("{n} {}", judged_are(&all));
    let mut says = match (broken, open) {
        (0, 0) if n == 0 => NOTHING.to_owned(),
        (0, 0) => nearest(&all).map_or_else(|| promises(n), |near| format!("{}, nearest: {near}", promises(n))),
        (0, open) => format!("{open} of {} inconclusive", promises(n)),
        (broken, 0) => format!("{broken} of {} broken", promises(n)),
        (broken, open) => format!("{broken} of {} broken, {open} inconclusive", promises(n)),
    };
    let worse = checked.worse().count();
    if worse > 0 {
        says = format!("{worse} number{} worse than the baseline; {says}", if worse == 1 { "" } else { "s" });
    }
    let gone = checked.gone().count();
    if gone > 0 {
        says = format!("{gone} number{} of the baseline not judged; {says}", if gone == 1 { "" } else { "s" });
    }
    says
}

/// What is judged, by its nouns: `promises and clauses`, `clause`.
fn judged_are(all: &[&PromiseSummary]) -> String {
    let nouns = [
        ("promise", all.iter().filter(|p| p.made == Made::Promise).count()),
        ("experiment", all.iter().filter(|p| p.made == Made::Hypothesis).count()),
        ("clause", all.iter().filter(|p| p.made.is_clause()).count()),
    ];
    let s = if all.len() == 1 { "" } else { "s" };
    let there: Vec<String> = nouns.iter().filter(|(_, n)| *n > 0).map(|(noun, _)| format!("{noun}{s}")).collect();
    match there.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// The held promise that came nearest to its bound.
fn nearest(all: &[&PromiseSummary]) -> Option<String> {
    let room = |p: &&&PromiseSummary| {
        let (observed, promised) = (p.observed?.mean, p.promised?);
        // Shares near one are compared by what is left to one.
        let near_one = p.unit == Unit::Share && promised > 0.5;
        let (a, b) = if near_one { (1.0 - observed, 1.0 - promised) } else { (observed, promised) };
        Some(((a - b) / b.abs().max(1e-12)).abs())
    };
    // What has no spread does not drift, and is named only where there is nothing else.
    let spread = |p: &PromiseSummary| p.observed.is_some_and(|e| e.half_width() > 0.0);
    let any = all.iter().any(|p| spread(p) && room(&p).is_some());
    let near = all
        .iter()
        .filter(|p| room(p).is_some() && (spread(p) || !any))
        .min_by(|a, b| room(a).unwrap_or(f64::MAX).total_cmp(&room(b).unwrap_or(f64::MAX)))?;
    let observed = estimate(&near.observed?, near.unit);
    let what = match near.about.percentile() {
        Some(percentile) if !near.made.is_clause() => percentile.to_string(),
        _ if near.measured.is_empty() => near.name.clone(),
        _ => near.measured.to_string(),
    };
    Some(format!("{what} {observed} of {}", plain(near.promised?, near.unit)))
}

/// The verdict on a file; `None` where it could not be run, or was not judged whole.
pub fn verdict(file: &CheckedFile) -> Option<Verdict> {
    file.outcome.as_ref().ok().filter(|checked| checked.is_judged()).map(Checked::verdict)
}

/// The word where there is no verdict.
pub fn without_verdict(file: &CheckedFile) -> &'static str {
    if file.outcome.is_ok() { "Not judged" } else { "Not run" }
}

/// How much was judged: `Judged: 2 files with 3 promises, 1 hypothesis and 4 clauses of expect.`
pub fn judged(files: &[CheckedFile]) -> String {
    let all: Vec<&Checked> = files.iter().filter_map(|f| f.outcome.as_ref().ok()).collect();
    let all: Vec<&Checked> = all.into_iter().filter(|c| c.judged().next().is_some()).collect();
    let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let promises: usize = all.iter().map(|c| c.promises.len()).sum();
    let hypotheses: usize = all.iter().map(|c| c.experiments.len()).sum();
    let invariants: usize = all.iter().map(|c| c.expectations.iter().filter(|p| p.is_invariant()).count()).sum();
    let clauses = all.iter().map(|c| c.expectations.len()).sum::<usize>() - invariants;
    let invariants =
        if invariants == 0 { String::new() } else { format!(", {}", plural(invariants, "invariant", "invariants")) };
    let hypotheses =
        if hypotheses == 0 { String::new() } else { format!(", {}", plural(hypotheses, "hypothesis", "hypotheses")) };
    format!(
        "Judged: {} with {}{hypotheses}{invariants} and {} of expect.",
        plural(all.len(), "file", "files"),
        plural(promises, "promise", "promises"),
        plural(clauses, "clause", "clauses"),
    )
}

/// How many scenarios came to what: `5 scenarios: 1 broken, 1 inconclusive, 3 held.`
pub fn totals(files: &[CheckedFile]) -> String {
    let word = |file: &CheckedFile| match verdict(file) {
        None => without_verdict(file),
        Some(Verdict::Broken) => "Broken",
        Some(Verdict::Inconclusive) => "Inconclusive",
        Some(Verdict::Held) => "Held",
    };
    let count = |wanted: &str| files.iter().filter(|f| word(f) == wanted).count();
    let parts: Vec<String> = ["Not run", "Not judged", "Broken", "Inconclusive", "Held"]
        .iter()
        .filter(|word| count(word) > 0)
        .map(|word| format!("{} {}", count(word), word.to_lowercase()))
        .collect();
    let n = files.len();
    format!("{n} scenario{}: {}.", if n == 1 { "" } else { "s" }, parts.join(", "))
}

/// How many replications were spent, and why studies ended.
pub fn spent(files: &[CheckedFile]) -> Option<String> {
    let all: Vec<&Checked> = files.iter().filter_map(|f| f.outcome.as_ref().ok()).collect();
    let sum = |of: fn(&Checked) -> u32| all.iter().map(|c| u64::from(of(c))).sum::<u64>() as f64;
    let (run, most) = (sum(|c| c.replications), sum(|c| c.most));
    if all.is_empty() {
        return None;
    }
    let count = |ended: Ended| all.iter().filter(|c| c.ended == ended).count();
    let (certain, out) = (count(Ended::Certain), count(Ended::Spent));
    let scenarios = |n: usize| if n == 1 { "1 scenario was".to_owned() } else { format!("{n} scenarios were") };
    let mut text = format!("{} of {} replications were run", grouped(run, 0), grouped(most, 0));
    if certain > 0 {
        text.push_str(&format!("; {} certain before the last", scenarios(certain)));
    }
    if out > 0 {
        text.push_str(&format!("; {out} spent the budget before all was certain"));
    }
    Some(text + ".")
}

/// What held means here.
pub fn rule(files: &[CheckedFile]) -> Option<String> {
    let all = files.iter().filter_map(|f| f.outcome.as_ref().ok()).map(|c| c.confidence);
    let confidence = plain(all.reduce(f64::min)?, Unit::Share);
    let mut text = format!("A promise is held when, at {confidence} confidence, at least 90 % of runs keep it.");
    let clauses = files.iter().filter_map(|f| f.outcome.as_ref().ok()).flat_map(|c| &c.expectations);
    if clauses.into_iter().any(PromiseSummary::is_invariant) {
        text.push_str(&format!(" {WHEN_AN_INVARIANT_HOLDS}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::sample::checked;
    use super::*;
    use sim_core::results::BrokenIn;

    #[test]
    fn an_invariant_says_in_which_runs_it_breaks_and_by_which_rule() {
        let mut checked = checked();
        let mut money = checked.promises[0].clone();
        (money.name, money.path, money.made) = ("money".into(), "invariants.money".into(), Made::ClauseByRuns);
        (money.verdict, money.note) = (Verdict::Broken, "".into());
        money.broken_in = Some(BrokenIn { runs: 2, of: 8, replications: vec![3, 5], seed: 9 });
        let file = |checked| CheckedFile { file: "a.yaml".into(), outcome: Ok(checked) };
        let without = rule(&[file(checked.clone())]).unwrap();
        assert!(!without.contains("invariant"), "{without}");
        checked.expectations.push(money);
        let files = [file(checked)];
        let notice = notices(&files).into_iter().find(|notice| notice.path == "invariants.money").unwrap();
        assert!(
            notice.broken && notice.text.ends_with("broken in 2 of 8 runs: replications 3, 5 with seed 9."),
            "{}",
            notice.text
        );
        assert!(!notice.text.contains("kept in"), "{}", notice.text);
        assert!(rule(&files).unwrap().ends_with(WHEN_AN_INVARIANT_HOLDS));
    }
}
