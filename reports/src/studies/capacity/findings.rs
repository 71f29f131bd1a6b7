//! What a search for capacity found, in sentences: the answer, what binds it, what the next cheaper setting breaks, and how far it carries.

use crate::numbers::{estimate, grouped, kept, plain};
use crate::page::finding::Finding;
use crate::words::WHEN_AN_INVARIANT_HOLDS;
use sim_core::results::{
    CapacityLevel, CapacityResult, Case, Judge, Judgement, KneePoint, Setting, Tried, Unit, Verdict,
};

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
        let open = level.tried.iter().filter(|t| t.verdict == Verdict::Inconclusive).count();
        return match open {
            0 => format!("No setting that was searched keeps every promise{survive}{load}."),
            1 => format!(
                "No setting that was searched keeps every promise for certain{survive}{load}; one is inconclusive."
            ),
            n => format!(
                "No setting that was searched keeps every promise for certain{survive}{load}; {n} are inconclusive."
            ),
        };
    };
    let which = if capacity.priced { "the cheapest" } else { "the smallest" };
    let does = if level.rises { "that does" } else { "of those tried" };
    let mut text = format!(
        "{} {} every promise{survive}{load}, at {confidence}: {which} {does}",
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

/// What was seen of a promise; of an invariant, in how many runs it is kept.
fn seen(judge: &Judge, judgement: &Judgement) -> String {
    if judge.invariant {
        return format!("kept in {} of {} runs", judgement.kept, judgement.judged);
    }
    judgement.observed.map_or_else(|| "no data".to_owned(), |e| estimate(&e, judge.unit))
}

/// In how many runs all that has to be kept is kept, a sentence; and what that means for an invariant.
fn all_kept(capacity: &CapacityResult, share: &str) -> String {
    if capacity.promises.iter().any(|judge| judge.invariant) {
        return format!("All promises and invariants are kept in {share} of runs. {WHEN_AN_INVARIANT_HOLDS}");
    }
    format!("All promises are kept in {share} of runs.")
}

/// Where a case is about: the whole system, or what is left of it.
fn without(case: &Case) -> String {
    case.lost.as_ref().map_or_else(String::new, |zone| format!(" with zone {zone} lost"))
}

/// What binds an answer: the promise that the next cheaper setting breaks, in the answer's own case of the same loss; where no cheaper
/// one is broken, the promise that has used most of what it allows.
pub fn binds_answer<'a>(
    capacity: &'a CapacityResult,
    level: &'a CapacityLevel,
) -> Option<(&'a Case, &'a Judge, usize)> {
    let tried = answer_of(level)?;
    let own = binding(capacity, tried);
    let Some(cheaper) = level.cheaper.and_then(|at| level.tried.get(at)) else { return own };
    let (broken, judge, place) = binding(capacity, cheaper)?;
    let case = tried.cases.iter().find(|case| case.lost == broken.lost);
    Some((case.or(own.map(|own| own.0))?, judge, place))
}

fn binds(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let (case, judge, place) = binds_answer(capacity, level)?;
    let judgement = case.promises.get(place)?;
    let share = case.probability.as_ref().map_or_else(String::new, |p| format!(" {}", all_kept(capacity, &kept(p))));
    if judge.invariant {
        let what = format!("What binds is {}: {}{}.", judge.name, seen(judge, judgement), without(case));
        return Some(finding(what, format!("{}.{share}", judge.says), "ladder-1"));
    }
    let (observed, promised) = (judgement.observed?, judgement.promised?);
    let most = if judge.at_most { "most" } else { "least" };
    let bound = plain(promised, judge.unit);
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

/// Where nothing is held: what the largest setting breaks, or that it is inconclusive.
fn beyond(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let largest = level.tried.first().filter(|_| level.answer.is_none())?;
    let (case, judge, place) = binding(capacity, largest)?;
    let observed = seen(judge, case.promises.get(place)?);
    let share = case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
    let name = settings(capacity, &largest.settings);
    if largest.verdict == Verdict::Inconclusive {
        return Some(finding(
            format!(
                "Even {name} is inconclusive{}: all promises are kept in {} of {} runs.",
                without(case),
                case.kept,
                case.judged
            ),
            format!(
                "That is {share}, and {:.0}\u{a0}% are needed. A larger --budget decides.",
                capacity.needed * 100.0
            ),
            "ladder-1",
        ));
    }
    Some(finding(
        format!("Even {name} breaks {}{}: {observed}.", judge.name, without(case)),
        format!("{}. {}", judge.says, all_kept(capacity, &share)),
        "ladder-1",
    ))
}

fn cheaper(capacity: &CapacityResult, level: &CapacityLevel) -> Option<Finding> {
    let tried = level.tried.get(level.cheaper?)?;
    let (case, judge, place) = binding(capacity, tried)?;
    let judgement = case.promises.get(place)?;
    let observed = seen(judge, judgement);
    let promised = judgement.promised.filter(|_| !judge.invariant);
    let promised = promised.map_or_else(String::new, |p| format!(", against {}", plain(p, judge.unit)));
    let share = case.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
    Some(finding(
        format!(
            "The next cheaper, {}, breaks {}{}: {observed}{promised}.",
            settings(capacity, &tried.settings),
            judge.name,
            without(case)
        ),
        if judge.invariant {
            all_kept(capacity, &share)
        } else {
            format!("It keeps all promises in {share} of runs, and {:.0}\u{a0}% are needed.", capacity.needed * 100.0)
        },
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
        format!("{} is inconclusive after {} replications.", all.join("; "), capacity.budget),
        share.trim_start().to_owned(),
        "ladder-1",
    ))
}

/// The offered load of a point, as people say it.
pub fn offered(point: &KneePoint) -> String {
    format!("{} requests/s", rate(point.offered_per_s.mean, 0))
}

/// A rate with so many digits behind the point, without zeros at the end.
fn rate(per_s: f64, digits: usize) -> String {
    let text = grouped(per_s, digits);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The offered loads of two points, with as many digits as tell them apart; `None` where their intervals do not.
pub fn offered_apart(a: &KneePoint, b: &KneePoint) -> Option<(String, String)> {
    let (low, high) = if a.offered_per_s.mean <= b.offered_per_s.mean { (a, b) } else { (b, a) };
    if low.offered_per_s.high >= high.offered_per_s.low {
        return None;
    }
    let text = |point: &KneePoint, digits| rate(point.offered_per_s.mean, digits);
    let digits = (0..4).find(|digits| text(a, *digits) != text(b, *digits))?;
    Some((format!("{} requests/s", text(a, digits)), format!("{} requests/s", text(b, digits))))
}

fn knee(capacity: &CapacityResult) -> Option<Finding> {
    let knee = capacity.knee.as_ref()?;
    let point = |load: f64| knee.points.iter().find(|p| (p.load - load).abs() < 1e-9);
    let holds = knee.holds_to.and_then(point);
    let breaks = knee.breaks_at.and_then(point);
    let first = knee.breaks_first.and_then(|i| capacity.promises.get(i));
    let name = first.map_or_else(|| "a promise".to_owned(), |judge| judge.name.clone());
    let from = knee.holds_from.map_or_else(String::new, |load| format!(", from {} on", factor(load)));
    let what = match (holds, breaks) {
        (Some(held), Some(broken)) => match offered_apart(held, broken) {
            Some((carries, loses)) => format!(
                "It carries {carries} ({} of the load{from}); at {loses} ({}) {name} is the first to break.",
                factor(held.load),
                factor(broken.load)
            ),
            None => format!(
                "It carries {} of the load{from}; at {} {name} is the first to break, with {} offered at both.",
                factor(held.load),
                factor(broken.load),
                offered(held)
            ),
        },
        (Some(held), None) => {
            let open = knee.points.iter().find(|p| p.load > held.load);
            let more = open.map_or_else(
                || ", the most that was tried".to_owned(),
                |p| format!("; {} is inconclusive, and nothing that was tried is broken", factor(p.load)),
            );
            format!("It carries {} ({} of the load{from}){more}.", offered(held), factor(held.load))
        }
        (None, Some(broken)) => format!("{name} breaks at {} ({}).", offered(broken), factor(broken.load)),
        (None, None) => return None,
    };
    let headroom = holds.map_or_else(String::new, |held| match (held.load - 1.0) * 100.0 {
        room if room >= 0.5 => format!("The headroom is {room:.0}\u{a0}% of the load."),
        _ => "There is no headroom above the load of the file.".to_owned(),
    });
    Some(finding(what, headroom, "load-kept"))
}

fn scalability(capacity: &CapacityResult) -> Option<Finding> {
    let fit = capacity.knee.as_ref()?.scalability.as_ref()?;
    let points = &capacity.knee.as_ref()?.points;
    let most = points.iter().max_by(|a, b| a.concurrency.mean.total_cmp(&b.concurrency.mean))?;
    let what = match (fit.peak_concurrency, fit.peak_per_s) {
        (Some(n), Some(x)) => format!(
            "By the Universal Scalability Law throughput is highest, {}/s, with {} requests under way.",
            rate(x, 1),
            rate(n, 1)
        ),
        _ => format!(
            "The law has no highest throughput within what was seen, up to {} requests under way and {}/s.",
            rate(most.concurrency.mean, 1),
            rate(points.iter().map(|p| p.goodput_per_s.mean).fold(0.0, f64::max), 1)
        ),
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
    let same = first.settings == most.settings;
    if same {
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

#[cfg(test)]
mod tests {
    use super::super::sample::search;
    use super::*;

    #[test]
    fn an_invariant_that_breaks_is_said_in_runs_and_by_its_own_rule() {
        let mut capacity = search();
        capacity.promises[0].invariant = true;
        let level = capacity.levels[0].clone();
        let case = Case { binding: Some(0), ..level.tried[level.cheaper.unwrap()].cases[0].clone() };
        let Judgement { kept, judged, .. } = case.promises[0];
        let tried = Tried { cases: vec![case], verdict: Verdict::Broken, ..level.tried[0].clone() };
        let level = CapacityLevel { tried: vec![tried], answer: None, cheaper: None, ..level };
        let says = beyond(&capacity, &level).unwrap();
        assert!(
            says.what.ends_with(&format!("breaks {}: kept in {kept} of {judged} runs.", capacity.promises[0].name)),
            "{}",
            says.what
        );
        assert!(says.why.ends_with(WHEN_AN_INVARIANT_HOLDS), "{}", says.why);
    }
}
