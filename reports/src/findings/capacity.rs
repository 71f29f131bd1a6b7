//! What a search for capacity found, in sentences: the answer, what binds it, what the next cheaper setting breaks, and how far it carries.

use super::Finding;
use crate::numbers::{estimate, grouped, kept, plain};
use sim_core::results::{CapacityLevel, CapacityResult, Case, Judge, KneePoint, Setting, Tried, Unit, Verdict};

/// What the law says of so many times the concurrency that was seen is no finding.
pub const FAR: f64 = 3.0;

/// Settings as `path=value and path=value`.
pub fn settings(capacity: &CapacityResult, settings: &[Setting]) -> String {
    let pairs = capacity.knobs.iter().zip(settings);
    let all: Vec<String> = pairs.map(|(knob, setting)| format!("{}={}", knob.path, setting.text)).collect();
    match all.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

/// `keeps` or `keep`, by the number of knobs.
fn verb(capacity: &CapacityResult, one: &'static str, many: &'static str) -> &'static str {
    if capacity.knobs.len() == 1 { one } else { many }
}

/// The setting that answers a level.
pub fn answer_of(level: &CapacityLevel) -> Option<&Tried> {
    level.tried.get(level.answer?)
}

/// Where a setting is nearest to breaking: of its worst case, the promise that binds.
pub fn binding<'a>(capacity: &'a CapacityResult, tried: &'a Tried) -> Option<(&'a Case, &'a Judge, usize)> {
    let rank = |case: &&Case| (case.verdict, std::cmp::Reverse(case.probability.map_or(0, |p| (p.mean * 1e9) as u64)));
    // Of cases that are alike, the first: the whole system.
    let case = tried.cases.iter().rev().max_by_key(rank)?;
    let place = case.binding?;
    Some((case, capacity.promises.get(place)?, place))
}

/// The load of a level in words: `at x2 of the load`; nothing for the load of the file.
fn at_load(level: &CapacityLevel) -> String {
    if (level.load - 1.0).abs() < 1e-9 { String::new() } else { format!(" at {} of the load", factor(level.load)) }
}

/// A factor: `x1.5`.
pub fn factor(load: f64) -> String {
    let text = grouped(load, 2);
    format!("x{}", if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text })
}

/// The answer in one or two sentences.
pub fn answer(capacity: &CapacityResult) -> String {
    let Some(level) = capacity.levels.first() else { return "No load was looked at.".into() };
    let confidence = format!("{:.0}\u{a0}% confidence", capacity.confidence * 100.0);
    let survive = if capacity.survive.is_empty() { "" } else { ", also with any one zone lost" };
    let load = at_load(level);
    let Some(tried) = answer_of(level) else {
        let open = level.tried.iter().any(|t| t.verdict == Verdict::Inconclusive);
        let why = if open { "is held, and some are not decided" } else { "keeps every promise" };
        return format!("No setting that was searched {why}{survive}{load}.");
    };
    let which = if capacity.priced { "the cheapest" } else { "the smallest" };
    let mut text = format!(
        "{} {} every promise{survive}{load}, at {confidence}: {which} that does",
        settings(capacity, &tried.settings),
        verb(capacity, "keeps", "keep")
    );
    if capacity.priced {
        text.push_str(&format!(". It costs {}", estimate(&tried.cost_per_month, Unit::MoneyPerMonth)));
        text.push_str(&against_now(capacity, level, tried));
    }
    text + "."
}

/// What it costs more or less than what stands in the file, where that was tried.
fn against_now(capacity: &CapacityResult, level: &CapacityLevel, tried: &Tried) -> String {
    let now = |t: &&Tried| {
        let pairs = capacity.knobs.iter().zip(&t.settings);
        pairs.into_iter().all(|(knob, s)| knob.now.as_ref().is_some_and(|now| now.text == s.text))
    };
    let Some(now) = level.tried.iter().find(now) else { return String::new() };
    let more = tried.cost_per_month.mean - now.cost_per_month.mean;
    match more {
        m if m > 0.5 => format!(", {} more than now", plain(m, Unit::Money)),
        m if m < -0.5 => format!(", {} less than now", plain(-m, Unit::Money)),
        _ => ", as now".into(),
    }
}

/// The findings, in the order of the report.
pub fn told(capacity: &CapacityResult) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(level) = capacity.levels.first() {
        found.extend(beyond(capacity, level));
        found.extend(binds(capacity, level));
        found.extend(cheaper(capacity, level));
        found.extend(undecided(capacity, level));
    }
    found.extend(knee(capacity));
    found.extend(scalability(capacity));
    found.extend(grows(capacity));
    found
}

fn finding(what: String, why: String, figure: &'static str) -> Finding {
    Finding { what, why, command: None, figure: Some(figure.into()), weight: 0.0 }
}

/// Where a case is about: the whole system, or what is left of it.
fn without(case: &Case) -> String {
    case.lost.as_ref().map_or_else(String::new, |zone| format!(" with zone {zone} lost"))
}

fn binds(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let tried = answer_of(level)?;
    let (case, judge, place) = binding(capacity, tried)?;
    let judgement = case.promises.get(place)?;
    let (observed, promised) = (judgement.observed?, judgement.promised?);
    let most = if judge.at_most { "most" } else { "least" };
    let bound = plain(promised, judge.unit);
    let share = case
        .probability
        .as_ref()
        .map_or_else(String::new, |p| format!(" All promises are kept in {} of runs.", kept(p)));
    Some(finding(
        format!(
            "What binds is {}: {}{}, against at {most} {bound}.",
            judge.name,
            estimate(&observed, judge.unit),
            without(case)
        ),
        format!("{}.{share}", judge.says),
        "ladder-1",
    ))
}

/// Where nothing holds: what the largest setting breaks.
fn beyond(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let largest = level.tried.first().filter(|_| level.answer.is_none())?;
    let (case, judge, place) = binding(capacity, largest)?;
    let observed =
        case.promises.get(place)?.observed.map_or_else(|| "no data".to_owned(), |e| estimate(&e, judge.unit));
    let share = case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
    Some(finding(
        format!("Even {} breaks {}{}: {observed}.", settings(capacity, &largest.settings), judge.name, without(case)),
        format!("{}. All promises are kept in {share} of runs.", judge.says),
        "ladder-1",
    ))
}

fn cheaper(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let tried = level.tried.get(level.cheaper?)?;
    let (case, judge, place) = binding(capacity, tried)?;
    let judgement = case.promises.get(place)?;
    let observed = judgement.observed.map_or_else(|| "no data".to_owned(), |e| estimate(&e, judge.unit));
    let promised = judgement.promised.map_or_else(String::new, |p| format!(", against {}", plain(p, judge.unit)));
    let share = case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
    Some(finding(
        format!(
            "The next cheaper, {}, breaks {}{}: {observed}{promised}.",
            settings(capacity, &tried.settings),
            judge.name,
            without(case)
        ),
        format!("It keeps all promises in {share} of runs, and {:.0}\u{a0}% are needed.", capacity.needed * 100.0),
        "ladder-1",
    ))
}

fn undecided(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let open: Vec<&Tried> = level.undecided.iter().filter_map(|i| level.tried.get(*i)).collect();
    let first = open.first()?;
    let all: Vec<String> = open.iter().map(|t| settings(capacity, &t.settings)).collect();
    let share = first.cases.iter().find(|c| c.verdict == Verdict::Inconclusive).and_then(|c| c.probability);
    let share = share.as_ref().map_or_else(String::new, |p| format!(" It keeps all promises in {} of runs.", kept(p)));
    Some(finding(
        format!("{} might do too: {} replications do not decide it.", all.join("; "), capacity.budget),
        share.trim_start().to_owned(),
        "ladder-1",
    ))
}

/// The offered load of a point, as people say it.
pub fn offered(point: &KneePoint) -> String {
    format!("{} requests/s", grouped(point.offered_per_s.mean, 0))
}

fn knee(capacity: &CapacityResult) -> Option<Finding> {
    let knee = capacity.knee.as_ref()?;
    let point = |load: f64| knee.points.iter().find(|p| (p.load - load).abs() < 1e-9);
    let holds = knee.holds_to.and_then(|load| Some((load, point(load)?)));
    let breaks = knee.breaks_at.and_then(|load| Some((load, point(load)?)));
    let first = knee.breaks_first.and_then(|i| capacity.promises.get(i));
    let name = first.map_or_else(|| "a promise".to_owned(), |judge| judge.name.clone());
    let what = match (holds, breaks) {
        (Some((_, held)), Some((load, broken))) => format!(
            "It carries {} ({} of the load); at {} ({}) {name} is the first to break.",
            offered(held),
            factor(held.load),
            offered(broken),
            factor(load)
        ),
        (Some((load, held)), None) => {
            format!("It carries {} ({} of the load), the most that was tried.", offered(held), factor(load))
        }
        (None, Some((load, broken))) => format!("{name} breaks at {} ({}).", offered(broken), factor(load)),
        (None, None) => return None,
    };
    let headroom = holds.map_or_else(String::new, |(load, _)| match (load - 1.0) * 100.0 {
        room if room >= 0.5 => format!("The headroom is {room:.0}\u{a0}% of the load."),
        _ => "There is no headroom above the load of the file.".to_owned(),
    });
    Some(finding(what, headroom, "load-kept"))
}

fn scalability(capacity: &CapacityResult) -> Option<Finding> {
    let fit = capacity.knee.as_ref()?.scalability.as_ref()?;
    let most = capacity.knee.as_ref()?.points.iter().map(|p| p.concurrency.mean).fold(0.0, f64::max);
    let what = match (fit.peak_concurrency, fit.peak_per_s) {
        (Some(n), _) if n > FAR * most => format!(
            "Throughput grows nearly in proportion to the requests under way, up to the most that were seen, {}.",
            grouped(most, 0)
        ),
        (Some(n), Some(x)) => format!(
            "By the Universal Scalability Law throughput is highest, {}/s, with {} requests under way.",
            grouped(x, 0),
            grouped(n, 0)
        ),
        (None, Some(x)) => format!("By the Universal Scalability Law throughput never exceeds {}/s.", grouped(x, 0)),
        _ => "By the Universal Scalability Law throughput grows for ever.".to_owned(),
    };
    let why = format!(
        "Contention is {}, coherency {}; the law explains {:.1}\u{a0}% of what was measured.",
        estimate(&fit.sigma, Unit::Share),
        small(&fit.kappa),
        fit.r2 * 100.0
    );
    Some(finding(what, why, "scalability"))
}

/// A small number with its interval: in millionths, where it has no digit else.
pub fn small(e: &sim_core::results::Estimate) -> String {
    if e.mean.abs().max(e.high.abs()) < 0.01 {
        format!("{} millionths", estimate(&e.scale(1e6), Unit::Count))
    } else {
        estimate(e, Unit::Count)
    }
}

/// How the cost grows with the load.
fn grows(capacity: &CapacityResult) -> Option<Finding> {
    let first = answer_of(capacity.levels.first()?)?;
    let last = capacity.levels.iter().rev().find(|l| l.answer.is_some())?;
    let most = answer_of(last)?;
    let (from, to) = (first.cost_per_month.mean, most.cost_per_month.mean);
    if !capacity.priced || from <= 0.0 || (last.load - capacity.levels[0].load).abs() < 1e-9 {
        return None;
    }
    if (to / from - 1.0).abs() < 0.005 {
        let what = format!(
            "{} of the load needs nothing more: {} still does.",
            factor(last.load),
            settings(capacity, &most.settings)
        );
        return Some(finding(what, String::new(), "ladder-1"));
    }
    let more = last.load / capacity.levels[0].load;
    Some(finding(
        format!(
            "{} of the load needs {} and {} times the cost.",
            factor(last.load),
            settings(capacity, &most.settings),
            grouped(to / from, 2)
        ),
        format!("That is {:.0}\u{a0}% of what it would be in proportion.", to / from / more * 100.0),
        "ladder-1",
    ))
}
