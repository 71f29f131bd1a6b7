//! Which promise breaks first, and how far away that is.

use super::{factor, rate};
use sim_core::results::{Knees, PromiseKnee};

/// The answer.
pub fn answer(knees: &Knees) -> String {
    let whose = knees.load.as_ref().map_or_else(String::new, |load| format!(" of {load}"));
    let Some(first) = knees.first else {
        let last = knees.points.len().checked_sub(1);
        return format!(
            "No promise breaks up to {}{whose}, which is {} of the file's load.",
            rate(knees, last),
            factor(knees, last)
        );
    };
    let promise = &knees.promises[first];
    let mut text = match promise.holds_to {
        Some(holds) => format!(
            "{} is the first promise to break, at {}{whose}: {} of the file's load. It holds up to {}.",
            promise.judge.name,
            rate(knees, promise.breaks_at),
            factor(knees, promise.breaks_at),
            rate(knees, Some(holds))
        ),
        None => format!(
            "{} is broken at every load that was looked at, from {}{whose} on.",
            promise.judge.name,
            rate(knees, Some(0))
        ),
    };
    let later = |one: &&PromiseKnee| one.judge.name != promise.judge.name;
    let mut others: Vec<&PromiseKnee> = knees.promises.iter().filter(later).collect();
    others.sort_by_key(|one| one.breaks_at.unwrap_or(usize::MAX));
    for other in others.iter().take(3) {
        text.push_str(&match other.breaks_at {
            Some(_) => format!(" {} breaks at {}.", other.judge.name, rate(knees, other.breaks_at)),
            None => format!(
                " {} does not break up to {}.",
                other.judge.name,
                rate(knees, knees.points.len().checked_sub(1))
            ),
        });
    }
    text
}
