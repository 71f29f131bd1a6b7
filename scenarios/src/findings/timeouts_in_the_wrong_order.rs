//! A caller that gives up before its callee's own calls can be over.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use super::waits::{course, patience_ns};
use sim_core::ids::{Caller, EdgeId, EndpointId};
use sim_core::problem::Severity;
use sim_core::topology::Edge;

/// A caller, a user too, that waits for a shorter time than one call of its callee may take with its attempts and the waits between them.
///
/// # When it speaks
/// The patience of the caller is its `timeout`, or `total_timeout` or `deadline` where that is shorter. A call of the callee takes at most n timeouts
/// and n - 1 longest waits, with the waits at its own rate limit, limit and pool, and no longer than its `total_timeout`. It speaks where that is
/// more than the patience, and names the call that takes the longest, the attempts of it that end too late, and how long the callee goes on for
/// nobody where `cancel` is false.
///
/// # When it is silent
/// For calls that the reply does not wait for; for calls without any timeout, and timeouts that are drawn; and where calls take too long only
/// together, one after the other, for they are seldom slow at the same time. Where less than a tenth of one attempt is cut off. A retry that does
/// not try timeouts again is no part of it.
///
/// # Source
/// Google, *Site Reliability Engineering*, chapter 22, "Latency and Deadlines"; Amazon Builders' Library, "Timeouts, retries, and backoff with
/// jitter".
pub const KIND: Kind = Kind {
    name: "timeouts-in-the-wrong-order",
    severity: Severity::Warning,
    says: "A caller gives up before a call of its callee, with its attempts and the waits between them, can be over.",
    source: include_str!("timeouts_in_the_wrong_order.rs"),
    look,
};

/// An excess of less than this part of an attempt cuts hardly anything off it.
const HARDLY: f64 = 0.1;

/// A caller, how long it waits [ns], the slowest call of its callee, and how long that takes at most [ns].
struct Pair<'a> {
    outer: (EdgeId, &'a Edge),
    patience: f64,
    inner: &'a Edge,
    longest: f64,
    /// What the callee's calls are given by those above [ns].
    deadline: f64,
}

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let deadlines = scene.model.longest_deadlines_ns();
    let all = deadlines.iter().enumerate();
    let slowest: Vec<Option<(&Edge, f64)>> = all.map(|(place, deadline)| slowest(scene, place, *deadline)).collect();
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for outer in scene.edges().filter(|(_, edge)| !matches!(edge.caller, Caller::Queue(_))) {
        let (Some(patience), Some((inner, longest))) = (patience_ns(outer.1), slowest[outer.1.callee.index()]) else {
            continue;
        };
        let attempt = patience_ns(inner).unwrap_or(longest);
        if longest > patience + HARDLY * attempt {
            pairs.push(Pair { outer, patience, inner, longest, deadline: deadlines[outer.1.callee.index()] });
        }
    }
    // Of those that are written at the same place the worst is told.
    pairs.sort_by(|a, b| (b.longest / b.patience).total_cmp(&(a.longest / a.patience)));
    pairs.iter().for_each(|pair| tell(scene, told, pair));
}

/// The call of an endpoint that may take the longest of those that its reply waits for, and how long [ns].
fn slowest<'a>(scene: &Scene<'a>, endpoint: usize, deadline: f64) -> Option<(&'a Edge, f64)> {
    let calls = scene.waited_calls(EndpointId::from(endpoint)).into_iter().map(|inner| scene.edge(inner));
    let slow = calls.filter_map(|inner| Some((inner, course(scene.model, inner)?.by(deadline).longest_ns())));
    slow.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn tell(scene: &Scene<'_>, told: &mut Told<'_>, pair: &Pair<'_>) {
    let Pair { outer: (id, outer), patience, inner, longest, deadline } = *pair;
    let Some(course) = course(scene.model, inner).map(|course| course.by(deadline)) else { return };
    let (callee, called) = (scene.endpoint(outer.callee), scene.endpoint(inner.callee));
    let (patience_s, longest_s) = (time(patience), time(longest));
    let ends = [("total_timeout", outer.total_timeout), ("deadline", outer.deadline)];
    let whole = ends.into_iter().find(|(_, end)| end.is_some_and(|end| end.ns() as f64 <= patience));
    let path = scene.key(id, whole.map_or("timeout", |(key, _)| key));
    let possible = course.possible();
    let late = possible - course.over_by(patience).min(possible);
    let attempts = if possible == 1 {
        format!("one attempt of {}", time(course.attempt_ns))
    } else {
        let waits = time(course.waits_ns());
        let ends = if late == 1 { "ends" } else { "end" };
        format!(
            "{possible} attempts of {} and waits of {waits}, of which {late} {ends} too late",
            time(course.attempt_ns)
        )
    };
    let nobody = if outer.cancel {
        "cancel ends what is left".to_owned()
    } else {
        format!("up to {} of it for nobody, as cancel is false", time(longest - patience))
    };
    told.tell(
        path,
        format!(
            "{} gives up after {patience_s}, while the call of {callee} to {called} may take {longest_s}",
            outer.name
        ),
        format!("{attempts}; {nobody}"),
        format!(
            "wait longer than {longest_s} here, or write a total_timeout below {patience_s} at the call to {called}"
        ),
    );
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    /// Users who wait `users`, an edge, and a call of it to api with these keys.
    fn found(users: &str, call: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: edge.page, arrive: {{poisson: {{rate: 1/s}}}}, {users}}}}}
services:
  edge: {{workers: 4, endpoints: {{page: {{steps: [{{call: {{to: api.get, {call}}}}}]}}}}}}
  api: {{workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
"
        );
        told("timeouts-in-the-wrong-order", &text)
    }

    const RETRY: &str = "timeout: 2s, retry: {max_attempts: 3, backoff: {exponential: {base: 100ms, cap: 2s}}}";

    #[test]
    fn attempts_and_waits_that_outlast_the_caller_are_told() {
        assert_eq!(
            found("timeout: 5s", RETRY),
            [
                "3:72 5s: users->edge.page gives up after 5s, while the call of edge.page to api.get may take 6.3s; 3 attempts of 2s and waits of 300ms, of which 1 ends \
              too late; up to 1.3s of it for nobody, as cancel is false"
            ]
        );
        assert_eq!(found("timeout: 6100ms", RETRY), [""; 0], "less than a tenth of an attempt");
        assert_eq!(found("timeout: 6099ms", RETRY).len(), 1);
        let cut = found("timeout: 1s, cancel: true", "timeout: 2s");
        assert!(cut[0].ends_with("one attempt of 2s; cancel ends what is left"), "{cut:?}");
    }

    #[test]
    fn totals_count_on_both_sides() {
        assert_eq!(found("timeout: 5s", &format!("{RETRY}, total_timeout: 5s")), [""; 0]);
        assert_eq!(found("timeout: 2s", "timeout: 1900ms"), [""; 0]);
        let pool = found("timeout: 2s", "timeout: 1900ms, pool: {connections: 2, max_wait: 10s}");
        assert!(pool[0].contains("may take 11.9s"), "{pool:?}");
        assert_eq!(found("timeout: 5s, deadline: 5s", RETRY), [""; 0], "a deadline is handed on to the calls below");
        assert_eq!(found("timeout: 2s, deadline: 5s", RETRY).len(), 1);
        assert_eq!(found("timeout: 9s, total_timeout: 3s", &format!("{RETRY}, total_timeout: 4s")).len(), 1);
    }

    #[test]
    fn what_is_not_bounded_or_not_waited_for_is_not_told() {
        assert_eq!(found("timeout: 5s", "retry: {max_attempts: 3}"), [""; 0]);
        assert_eq!(found("timeout: {exponential: {mean: 1s}}", RETRY), [""; 0]);
        assert_eq!(found("timeout: 5s", &RETRY.replace("retry: {", "retry: {outcomes: [error], ")), [""; 0]);
        let text = "load: {u: {to: a.x, arrive: {poisson: {rate: 1/s}}, timeout: 1s}}
services:
  a: {workers: 1, endpoints: {x: {steps: [{reply: {}}, {call: {to: b.x, timeout: 9s}}]}}}
  b: {workers: 1, endpoints: {x: {steps: [{work: 1ms}]}}}
";
        assert_eq!(told("timeouts-in-the-wrong-order", text), [""; 0]);
        assert_eq!(told("timeouts-in-the-wrong-order", &text.replace("{reply: {}}, ", "")).len(), 1);
    }
}
