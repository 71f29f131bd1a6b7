//! Which promise breaks first, and how far away that is.

use super::{factor, heaviest, rate};
use sim_core::results::{Knees, PromiseKnee, Verdict};

/// The answer.
pub fn answer(knees: &Knees) -> String {
    [Some(first(knees)), stopped(knees)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// That bounds have stopped replications; `None` where they have not.
fn stopped(knees: &Knees) -> Option<String> {
    let stopped: u32 = knees.points.iter().map(|point| point.stopped).sum();
    let at = knees.points.iter().position(|point| point.stopped > 0)?;
    Some(format!(
        "From {} of the file's load on, the bounds of the run stopped {stopped} of {} replications: these are judged by the time until then.",
        factor(knees, Some(at)),
        knees.spent
    ))
}

/// The first load at which nothing is known of a promise, though it is not broken at a lighter one; `None` where all are decided.
fn inconclusive(knees: &Knees, promise: usize) -> Option<usize> {
    let verdict = |at: usize| knees.points[at].promises[promise].verdict;
    let below = knees.promises[promise].breaks_at.unwrap_or(knees.points.len());
    (0..below).find(|at| verdict(*at) == Verdict::Inconclusive && knees.points[*at].promises[promise].judged > 0)
}

fn first(knees: &Knees) -> String {
    let whose = knees.load.as_ref().map_or_else(String::new, |load| format!(" of {load}"));
    let Some(first) = knees.first else {
        let last = heaviest(knees);
        let mut text = format!(
            "No promise breaks up to {}{whose}, which is {} of the file's load.",
            rate(knees, last),
            factor(knees, last)
        );
        for (place, promise) in knees.promises.iter().enumerate() {
            if let Some(from) = inconclusive(knees, place) {
                text.push_str(&format!(" {} is inconclusive from {} on.", promise.judge.name, rate(knees, Some(from))));
            }
        }
        return text;
    };
    let promise = &knees.promises[first];
    let what = if promise.judge.invariant { "invariant" } else { "promise" };
    let mut text = match promise.holds_to {
        Some(holds) => format!(
            "{} is the first {what} to break, at {}{whose}: {} of the file's load. It holds up to {}.",
            promise.judge.name,
            rate(knees, promise.breaks_at),
            factor(knees, promise.breaks_at),
            rate(knees, Some(holds))
        ),
        None if promise.breaks_at == Some(0) => format!(
            "{} is broken at every load that was looked at, from {}{whose} on.",
            promise.judge.name,
            rate(knees, Some(0))
        ),
        None => format!(
            "{} is the first {what} to break, at {}{whose}: {} of the file's load. At no load that was looked at is it held: it is inconclusive from {} on.",
            promise.judge.name,
            rate(knees, promise.breaks_at),
            factor(knees, promise.breaks_at),
            rate(knees, inconclusive(knees, first).or(Some(0)))
        ),
    };
    let later = |one: &&PromiseKnee| one.judge.name != promise.judge.name;
    let mut others: Vec<&PromiseKnee> = knees.promises.iter().filter(later).collect();
    others.sort_by_key(|one| one.breaks_at.unwrap_or(usize::MAX));
    for other in others.iter().take(3) {
        text.push_str(&match other.breaks_at {
            Some(_) => format!(" {} breaks at {}.", other.judge.name, rate(knees, other.breaks_at)),
            None => format!(" {} does not break up to {}.", other.judge.name, rate(knees, heaviest(knees))),
        });
    }
    text
}
