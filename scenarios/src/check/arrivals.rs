//! Loads of which nothing comes while the run lasts.

use crate::compile::Compiled;
use crate::written::Written;
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::workload::{Arrival, ArriveSettings, Replay};

/// Users who begin before the end, on average, below which the load is warned of.
const NOBODY: f64 = 0.5;

/// Warns of loads that begin after the end of the run.
pub fn check(compiled: &Compiled, written: &Written, problems: &mut Problems) {
    for load in &compiled.model.loads {
        let closed = match written.load.get(&load.name).map(|load| &load.arrive) {
            Some(ArriveSettings::Closed(settings)) => Some(settings),
            _ => None,
        };
        let first = if closed.is_some_and(|closed| closed.first.is_some()) { "first" } else { "think" };
        if let Some((key, what)) = late(&load.arrival, &compiled.model, first) {
            let path = format!("load.{}.arrive.{key}", load.name);
            let number = if closed.is_some() { "hardly a" } else { "no" };
            let says = format!("{number} request of {} comes while the run lasts", load.name);
            let problem = Problem::warning(path, says);
            problems.push(problem.label(what).hint("write an earlier time, or a longer run: {duration: ...}"));
        }
    }
}

/// Where it is written that nothing comes before the end, and what is said there; `None` if something comes.
fn late(arrival: &Arrival, model: &Model, first_key: &str) -> Option<(String, String)> {
    let (warm_up, duration) = (model.run.warm_up, model.run.duration);
    match arrival {
        Arrival::Closed { users, first, .. } => {
            let share = first.build().cdf(warm_up.ns() as f64 + duration.ns() as f64);
            let begin = f64::from(*users) * share;
            let what =
                || format!("{users} users begin after this time: {begin:.2} of them, on average, before the run ends");
            (begin < NOBODY).then(|| (format!("closed.{first_key}"), what()))
        }
        Arrival::Burst(bursts) if bursts.at_ns >= duration.ns() => {
            Some(("burst.at".into(), format!("the run ends after {duration}")))
        }
        Arrival::Replay(Replay::Times(times)) if times.first().is_some_and(|first| *first >= duration.ns()) => {
            Some(("replay".into(), format!("the first request of the file comes after the end, {duration}")))
        }
        _ => None,
    }
}
