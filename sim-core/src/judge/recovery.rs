//! Recovery: how soon after a fault an endpoint keeps its promises again.

use crate::ids::{EndpointId, FaultId};
use crate::model::Model;
use crate::promise::Promise;
use crate::promise::is_about;
use crate::results::{RunResult, Span};

/// A window in which promises are looked at [ns].
const WINDOW_NS: i64 = 10_000_000_000;
/// How long they have to be kept [ns].
const STEADY_NS: i64 = 30_000_000_000;

/// Whether and when an endpoint was back after a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recovery {
    /// Back after so many seconds from the fault's end.
    After(f64),
    /// Not back in the time that was seen; so many seconds were.
    NotSeen(f64),
}

/// When `of` was back after the fault `after`: the slowest of all times that it struck. `None` where the fault never ended in the
/// run, or where the endpoint has no availability or latency promise that it could keep.
pub fn recovery(run: &RunResult, model: &Model, of: EndpointId, after: FaultId) -> Option<Recovery> {
    let promises: Vec<&Promise> = model.promises.iter().filter(|promise| is_about(promise, of)).collect();
    if promises.is_empty() {
        return None;
    }
    let end_ns = run.whole().to_ns;
    let ended = run.struck(after).iter().filter(|span| span.to_ns >= 0 && span.to_ns < end_ns);
    ended.map(|span| from(run, model, &promises, span.to_ns)).reduce(slower)
}

fn slower(a: Recovery, b: Recovery) -> Recovery {
    match (a, b) {
        (Recovery::After(a), Recovery::After(b)) => Recovery::After(a.max(b)),
        (Recovery::NotSeen(a), Recovery::NotSeen(b)) => Recovery::NotSeen(a.max(b)),
        (not @ Recovery::NotSeen(_), _) | (_, not) => not,
    }
}

/// Windows from a time on: whole slices, together at least 10 s long.
fn windows(run: &RunResult, from_ns: i64) -> Vec<Span> {
    let mut windows: Vec<Span> = Vec::new();
    let mut open: Option<Span> = None;
    for slice in run.slices.iter().filter(|slice| slice.from_ns as i64 >= from_ns) {
        let begin = open.map_or(slice.from_ns as i64, |span| span.from_ns);
        let span = Span { from_ns: begin, to_ns: slice.to_ns as i64 };
        open = if span.to_ns - span.from_ns >= WINDOW_NS {
            windows.push(span);
            None
        } else {
            Some(span)
        };
    }
    windows
}

fn from(run: &RunResult, model: &Model, promises: &[&Promise], end_ns: i64) -> Recovery {
    match good_again(run, end_ns, end_ns, |span| are_kept(promises, run, model, span)) {
        Ok(begin_ns) => Recovery::After((begin_ns - end_ns) as f64 / 1e9),
        Err(seen_ns) => Recovery::NotSeen((seen_ns - end_ns) as f64 / 1e9),
    }
}

/// Whether in a stretch none of these promises is broken, and any of them is kept.
pub fn are_kept(promises: &[&Promise], run: &RunResult, model: &Model, span: Span) -> bool {
    let kept: Vec<Option<bool>> = promises.iter().map(|promise| promise.kept_between(run, model, span)).collect();
    kept.iter().all(|kept| *kept != Some(false)) && kept.contains(&Some(true))
}

/// The first time from `from_ns` on from which all windows are good, for 30 s and at least until `until_ns` [ns]. As an error, until when it was
/// looked in vain: what was good at the end of the run may have been the beginning of 30 good seconds.
pub fn good_again(run: &RunResult, from_ns: i64, until_ns: i64, is_good: impl Fn(Span) -> bool) -> Result<i64, i64> {
    let mut since: Option<i64> = None;
    for span in windows(run, from_ns) {
        if !is_good(span) {
            since = None;
            continue;
        }
        let begin_ns = *since.get_or_insert(span.from_ns);
        if span.to_ns - begin_ns >= STEADY_NS && span.to_ns >= until_ns {
            return Ok(begin_ns);
        }
    }
    Err(since.unwrap_or(run.whole().to_ns))
}

#[cfg(test)]
mod tests {
    use crate::judge::testing::{SECOND, System, calls, times};
    use serde_json::json;

    /// Judges a promise to be back within 60 s of a fault that ends at 100 s; `good` says which slices of 5 s from then on are.
    fn check(run_s: u64, good: impl Fn(u64) -> bool, expect: Option<(f64, bool)>) {
        let mut system = System::new(run_s);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        let users = system.load("users", get);
        system.fault("cut", 50, 50, None);
        system.promise("works", json!({"keep": {"availability": "99%"}, "of": "api.get"}));
        system.promise("quick", json!({"keep": {"latency": {"p99": "100ms"}}, "of": "api.get"}));
        let back = json!({"keep": {"recovery": {"after": "cut", "within": "60s"}}, "of": "api.get"});
        system.promise("back", back);
        let mut run = system.run(5);
        for (place, slice) in run.slices.iter_mut().enumerate() {
            let is_good = good((place as u64 * 5).saturating_sub(100)) || slice.from_ns < 50 * SECOND;
            slice.edges[users.index()] = if is_good { calls(100, 0) } else { calls(50, 50) };
            slice.entry_latency = vec![(users, times(50, 10_000_000))];
        }
        let judged = system.model.promises[2].judge(&run, &system.model);
        assert_eq!(judged.map(|judged| (judged.value, judged.kept)), expect);
    }

    #[test]
    fn back_to_nothing_is_an_error() {
        let mut system = System::new(10);
        let api = system.service("api", 1);
        system.endpoint(api, "get");
        system.fault("cut", 5, 1, None);
        let back = json!({"keep": {"recovery": {"after": "cut", "within": "60s"}}, "of": "api.get"});
        system.promise("back", back);
        let mut problems = crate::problem::Problems::new();
        crate::promise::check_recoveries(&system.model.promises, &mut problems);
        assert_eq!(problems.into_vec()[0].path, "back.keep");
    }

    #[test]
    fn back_at_once() {
        check(300, |_| true, Some((0.0, true)));
    }

    #[test]
    fn back_after_forty_seconds() {
        check(300, |s| s >= 40, Some((40.0, true)));
    }

    #[test]
    fn a_good_moment_of_less_than_thirty_seconds_does_not_count() {
        check(300, |s| (10..30).contains(&s) || s >= 80, Some((80.0, false)));
    }

    #[test]
    fn never_back_is_broken_and_too_short_a_run_is_not_judged() {
        check(300, |_| false, Some((f64::INFINITY, false)));
        check(150, |_| false, None);
        check(100, |_| true, None);
    }
}
