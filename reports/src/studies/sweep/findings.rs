//! What a sweep found, in sentences: how many settings hold, how far, where a promise is left, what is cheapest, which knob matters.

use crate::numbers::{estimate, grouped, kept, plain};
use crate::page::finding::Finding;
use sim_core::engine::math;
use sim_core::results::{Design, Judge, Point, RankMethod, Ranking, SweepResult, Unit, Verdict};

/// A knob with less of the spread than this is not worth a word.
const LITTLE: f64 = 0.01;
/// Lines of settings of which it is said how far they hold.
const MOST_REACHES: usize = 8;

/// The answer in one sentence.
pub fn answer(sweep: &SweepResult) -> String {
    let of = |verdict| sweep.points.iter().filter(|p| p.verdict == Some(verdict)).count();
    let (held, broken, open) = (of(Verdict::Held), of(Verdict::Broken), of(Verdict::Inconclusive));
    let all = sweep.points.len();
    if held + broken + open == 0 {
        return spread(sweep)
            .unwrap_or_else(|| format!("{all} settings were simulated, and nothing is promised of them."));
    }
    let what = what_counts(sweep);
    let inconclusive = || {
        let (verb, each) = (if open == 1 { "is" } else { "are" }, replications(sweep));
        format!("{open} {verb} inconclusive after {each}")
    };
    match (held, broken, open) {
        (_, 0, 0) => format!("All {all} settings keep {what}."),
        (0, _, 0) => format!("None of {all} settings keeps {what}."),
        (0, 0, _) => format!("All {all} settings are inconclusive after {}.", replications(sweep)),
        (0, _, _) => {
            format!("No setting of {all} keeps {what} for certain: {broken} {}, {}.", do_not(broken), inconclusive())
        }
        (_, 0, _) => format!("{held} of {all} settings {} {what}, {}.", keep(held), inconclusive()),
        (_, _, 0) => format!("{held} of {all} settings {} {what}, {broken} {}.", keep(held), do_not(broken)),
        _ => {
            format!("{held} of {all} settings {} {what}, {broken} {}, {}.", keep(held), do_not(broken), inconclusive())
        }
    }
}

fn keep(count: usize) -> &'static str {
    if count == 1 { "keeps" } else { "keep" }
}

fn do_not(count: usize) -> &'static str {
    if count == 1 { "does not" } else { "do not" }
}

/// How many replications each point has, in words.
pub fn replications(sweep: &SweepResult) -> String {
    let count = sweep.replications;
    format!("{count} replication{}", if count == 1 { "" } else { "s" })
}

/// What the verdict on a point is about.
fn what_counts(sweep: &SweepResult) -> String {
    let counting: Vec<&str> = sweep.judged.iter().filter(|j| j.counts).map(|j| j.name.as_str()).collect();
    let promises = sweep.judged.iter().any(|j| j.counts && j.promise);
    let invariants = sweep.judged.iter().any(|j| j.counts && j.invariant);
    match (counting.as_slice(), promises) {
        ([one], _) if invariants => format!("the invariant {one}"),
        (_, true) if invariants => "every promise and invariant".into(),
        ([one], true) => format!("the promise {one}"),
        ([one], false) => format!("what is expected, {one}"),
        (_, true) => "every promise".into(),
        (_, false) => "all that is expected".into(),
    }
}

/// From where to where the first metric goes.
fn spread(sweep: &SweepResult) -> Option<String> {
    let shown = sweep.shown.first()?;
    let known = || sweep.points.iter().filter_map(|p| Some((p, p.shown[0]?)));
    let least = known().min_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    let most = known().max_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    Some(format!(
        "{} goes from {} at {} to {} at {}.",
        shown.name,
        estimate(&least.1, shown.unit),
        settings(sweep, least.0),
        estimate(&most.1, shown.unit),
        settings(sweep, most.0)
    ))
}

/// The settings of a point, as `path=value, ..`.
pub fn settings(sweep: &SweepResult, point: &Point) -> String {
    let pairs = sweep.knobs.iter().zip(&point.settings);
    pairs.map(|(knob, setting)| format!("{}={}", knob.path, setting.text)).collect::<Vec<_>>().join(", ")
}

/// The findings, the weightiest first.
pub fn find(sweep: &SweepResult) -> Vec<String> {
    let mut found = settled(sweep);
    found.extend(sweep.rankings.iter().map(ranking));
    found.extend(sweep.rankings.iter().filter_map(together));
    found
}

/// What was found of the settings, without the rankings of the knobs.
pub fn settled(sweep: &SweepResult) -> Vec<String> {
    let mut found = reaches(sweep);
    found.extend(crossings(sweep).into_iter().map(|crossing| crossing.says));
    found.extend(cheapest(sweep));
    found
}

/// The findings as the report tells them: those of one kind stand together, with the figure where they are seen.
pub fn told(sweep: &SweepResult) -> Vec<Finding> {
    let tell = |sentences: Vec<String>, figure: String| {
        let mut all = sentences.into_iter();
        let what = all.next()?;
        let why = all.collect::<Vec<_>>().join(" ");
        Some(Finding { what, why, command: None, figure: Some(figure.into()), weight: 0.0 })
    };
    let reaches = reaches(sweep);
    let crossings = crossings(sweep);
    let judge = crossings.first().map(|crossing| &sweep.judged[crossing.judge]);
    let same = |judge: &Judge| sweep.shown.iter().position(|shown| shown.about == judge.about);
    let alike = |judge: &Judge| sweep.shown.iter().position(|shown| shown.unit == judge.unit);
    let metric = judge.and_then(|judge| same(judge).or_else(|| alike(judge)));
    let metric = metric.map_or_else(|| "kept".to_owned(), |at| format!("metric-{}", at + 1));
    let crossings = crossings.into_iter().map(|crossing| crossing.says).collect();
    let cheapest = cheapest(sweep).into_iter().collect();
    let first = [tell(reaches, "kept".into()), tell(crossings, metric), tell(cheapest, "front".into())];
    let rankings = sweep.rankings.iter().enumerate().filter_map(|(at, r)| {
        tell([ranking(r)].into_iter().chain(together(r)).collect(), format!("importance-{}", at + 1))
    });
    first.into_iter().flatten().chain(rankings).collect()
}

/// Points that differ in one knob only, in the order of its values: the settings of the others, and the points.
fn lines(sweep: &SweepResult, knob: usize) -> Vec<(String, Vec<&Point>)> {
    let mut lines: Vec<(String, Vec<&Point>)> = Vec::new();
    for point in &sweep.points {
        let others = sweep.knobs.iter().zip(&point.settings).enumerate().filter(|(place, _)| *place != knob);
        let key: Vec<String> = others.map(|(_, (k, s))| format!("{}={}", k.path, s.text)).collect();
        let key = key.join(", ");
        match lines.iter_mut().find(|line| line.0 == key) {
            Some(line) => line.1.push(point),
            None => lines.push((key, vec![point])),
        }
    }
    lines
}

/// The knob along which lines are read: the first with the most values that are numbers.
fn main_knob(sweep: &SweepResult) -> Option<usize> {
    let numbers = |place: &usize| sweep.knobs[*place].numbers.is_some() && sweep.knobs[*place].values.len() > 2;
    let fits = (0..sweep.knobs.len()).filter(numbers);
    if sweep.design == Design::Grid { fits.rev().max_by_key(|place| sweep.knobs[*place].values.len()) } else { None }
}

/// How far each line holds, in one sentence: that of a knob to which a line of settings belongs names its path once.
fn reaches(sweep: &SweepResult) -> Vec<String> {
    let Some(knob) = main_knob(sweep) else { return Vec::new() };
    let path = &sweep.knobs[knob].path;
    let (mut says, mut other_named): (Vec<String>, bool) = (Vec::new(), false);
    for (others, points) in lines(sweep, knob) {
        let held: Vec<bool> = points.iter().map(|p| p.verdict == Some(Verdict::Held)).collect();
        let count = held.iter().filter(|h| **h).count();
        if count == 0 || count == held.len() || points.iter().any(|p| p.verdict.is_none()) {
            continue;
        }
        let named = if says.is_empty() { format!("{path}=") } else { String::new() };
        let text = |at: usize| format!("{named}{}", points[at].settings[knob].text);
        let reach = if held[..count].iter().all(|h| *h) {
            format!("up to {}", text(count - 1))
        } else if held[held.len() - count..].iter().all(|h| *h) {
            format!("from {} on", text(held.len() - count))
        } else {
            continue;
        };
        let with = match sweep.knobs.len() {
            0 | 1 => String::new(),
            // Of a single other knob the value is enough, once its path is known.
            2 if other_named => format!(" with {}", points[0].settings[1 - knob].text),
            _ => format!(" with {others}"),
        };
        other_named = true;
        says.push(reach + &with);
    }
    let more = says.len().saturating_sub(MOST_REACHES);
    says.truncate(MOST_REACHES);
    if more > 0 {
        says.push(format!("and so on for {more} more"));
    }
    if says.is_empty() { says } else { vec![format!("Held {}.", says.join(", "))] }
}

/// A place on a line at which a promise is left or comes back.
struct Crossing {
    /// The promise or clause, by its place in [`SweepResult::judged`].
    judge: usize,
    says: String,
}

/// Where promises are left along a line: between which settings, and where a straight line between them crosses.
fn crossings(sweep: &SweepResult) -> Vec<Crossing> {
    let Some(knob) = main_knob(sweep) else { return Vec::new() };
    let unit = sweep.knobs[knob].unit;
    let whole = sweep.knobs[knob].numbers.iter().flatten().all(|number| number.fract() == 0.0) && unit == Unit::Count;
    if whole && sweep.judged.iter().filter(|judge| judge.counts).count() == 1 {
        // How far each line holds has said it all: between whole numbers there is nothing.
        return Vec::new();
    }
    let mut says = Vec::new();
    for (others, points) in lines(sweep, knob).into_iter().take(4) {
        // An invariant is broken by single runs, and not where a mean crosses something.
        for (place, judge) in sweep.judged.iter().enumerate().filter(|(_, judge)| judge.counts && !judge.invariant) {
            let room = |point: &Point| {
                let judgement = point.judged[place];
                let room = judgement.promised? - judgement.observed?.mean;
                Some(if judge.at_most { room } else { -room })
            };
            for pair in points.windows(2) {
                let (Some(before), Some(after)) = (room(pair[0]), room(pair[1])) else { continue };
                let (Some(from), Some(to)) = (pair[0].settings[knob].number, pair[1].settings[knob].number) else {
                    continue;
                };
                if (before >= 0.0) == (after >= 0.0) {
                    continue;
                }
                let at = from + (to - from) * before / (before - after);
                let with = if others.is_empty() { String::new() } else { format!(" with {others}") };
                let (path, name) = (&sweep.knobs[knob].path, &judge.name);
                let (low, high) = (&pair[0].settings[knob].text, &pair[1].settings[knob].text);
                let is_lost = before >= 0.0;
                // Half an instance is none.
                let text = match (whole, is_lost) {
                    (true, true) => format!("{name} holds up to {path}={low}{with}, and is broken from {high} on."),
                    (true, false) => format!("{name} is broken up to {path}={low}{with}, and holds from {high} on."),
                    (false, _) => {
                        let verb = if is_lost { "breaks" } else { "holds again" };
                        let about = plain(coarse(at, to - from), unit);
                        format!("{name} {verb} at about {path}={about}{with}, between {low} and {high}.")
                    }
                };
                says.push(Crossing { judge: place, says: text });
            }
        }
    }
    says.truncate(4);
    says
}

/// What lies between two points of a sweep is known to a tenth of their distance at best.
fn coarse(at: f64, step: f64) -> f64 {
    let tenth = math::pow(10.0, (math::ln(step.abs()) / math::ln(10.0)).floor() - 1.0);
    (at / tenth).round() * tenth
}

/// The cheapest setting that holds, where settings differ in cost. Nobody chooses the load: where it is varied, the cheapest that
/// carries the most of it.
fn cheapest(sweep: &SweepResult) -> Option<String> {
    let held = || sweep.points.iter().filter(|p| p.verdict == Some(Verdict::Held));
    let load = sweep.knobs.iter().position(|knob| knob.path.starts_with("load.") && knob.numbers.is_some());
    if load.is_some() && sweep.knobs.len() == 1 {
        return None;
    }
    let load_of = |point: &Point| load.and_then(|knob| point.settings[knob].number).unwrap_or(0.0);
    let most_load = held().map(load_of).fold(f64::NEG_INFINITY, f64::max);
    let cost = |point: &Point| point.cost_per_month.mean;
    let least = held().filter(|p| load_of(p) >= most_load).min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    let differs = sweep.points.iter().any(|p| (cost(p) - cost(least)).abs() > cost(least).abs() * 0.001);
    differs.then(|| {
        format!(
            "The cheapest setting that holds{} is {}, at {}{}.",
            if load.is_some() { " at the highest load" } else { "" },
            settings(sweep, least),
            estimate(&least.cost_per_month, Unit::MoneyPerMonth),
            least.kept_all.map_or_else(String::new, |e| format!(", kept in {} of runs", kept(&e)))
        )
    })
}

/// Which knob matters for a metric.
fn ranking(ranking: &Ranking) -> String {
    let of = &ranking.of;
    if ranking.method == RankMethod::Morris {
        let each = ranking.knobs.iter().take(4).map(|knob| {
            let effect = knob.total;
            format!("{} by {}", knob.path, estimate(&effect, ranking.unit))
        });
        return format!("Over its whole range a knob moves {of}: {}.", each.collect::<Vec<_>>().join("; "));
    }
    let share = |knob: &sim_core::results::RankedKnob| estimate(&knob.total, Unit::Share);
    let mut knobs = ranking.knobs.iter();
    let Some(first) = knobs.next() else { return String::new() };
    let rest: Vec<String> =
        knobs.take(3).filter(|k| k.total.high >= LITTLE).map(|k| format!("{} in {}", k.path, share(k))).collect();
    let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join("; ")) };
    format!("{} has a part in {} of the spread of {of}{rest}.", first.path, share(first))
}

/// How much of the spread no knob explains alone.
fn together(ranking: &Ranking) -> Option<String> {
    if ranking.method == RankMethod::Morris {
        return None;
    }
    let alone: f64 = ranking.knobs.iter().filter_map(|knob| knob.alone).map(|e| e.mean).sum();
    let rest = 1.0 - alone;
    (rest > 0.1).then(|| {
        let part = grouped(rest * 100.0, 0);
        format!("{part}\u{a0}% of the spread of {} comes from knobs that act together.", ranking.of)
    })
}
