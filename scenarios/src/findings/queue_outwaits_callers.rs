//! A queue in which requests wait longer than anybody waits for their answer.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use super::waits::patience_ns;
use sim_core::ids::{Caller, ServiceId};
use sim_core::problem::Severity;

/// A service whose `queue.max_wait` is longer than the timeout of every caller of it.
///
/// # When it speaks
/// `max_wait` > the longest timeout among all calls to the service, none of which has `cancel: true`: a request that has waited for that long is
/// worked on for nobody, and in an overload each of them is.
///
/// # When it is silent
/// Where `max_wait` is not written or is drawn, where a call to the service has no timeout or one that is drawn, and where one of them cancels.
///
/// # Source
/// Google, *Site Reliability Engineering*, chapter 22, "Queue Management" and "Missing Deadlines".
pub const KIND: Kind = Kind {
    name: "queue-outwaits-callers",
    severity: Severity::Warning,
    says: "Requests may wait in a service's queue for longer than any of its callers waits for the answer.",
    source: include_str!("queue_outwaits_callers.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for (place, service) in scene.model.services.iter().enumerate() {
        let Some(longest_wait) = service.max_wait.as_ref().and_then(|wait| wait.build().is_constant()) else {
            continue;
        };
        let id = ServiceId::from(place);
        let calls: Vec<_> = scene.edges_to(id).collect();
        if calls.iter().any(|edge| edge.cancel || matches!(edge.caller, Caller::Queue(_))) {
            continue;
        }
        let patience: Option<Vec<f64>> = calls.iter().map(|edge| patience_ns(edge)).collect();
        let Some(longest) = patience.unwrap_or_default().into_iter().reduce(f64::max) else { continue };
        let wait = longest_wait as f64;
        if wait > longest {
            let (name, wait, longest) = (&service.name, time(wait), time(longest));
            told.tell(
                format!("{}.queue.max_wait", scene.service_path(id)),
                format!("requests wait at {name} for longer than any of its callers waits"),
                format!("max_wait {wait}, and the most patient caller gives up after {longest}"),
                format!("write a max_wait below {longest}, or cancel: true at the calls"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(wait: &str, call: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}, {call}}}}}
services: {{web: {{workers: 4, queue: {{max_wait: {wait}}}, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("queue-outwaits-callers", &text)
    }

    #[test]
    fn a_wait_that_no_caller_shares_is_told() {
        assert_eq!(
            found("5s", "timeout: 2s"),
            [
                "4:48 5s: requests wait at web for longer than any of its callers waits; max_wait 5s, and the most patient caller gives up after 2s"
            ]
        );
    }

    #[test]
    fn a_wait_that_is_shorter_or_ended_is_not() {
        assert_eq!(found("2s", "timeout: 2s"), [""; 0]);
        assert_eq!(found("5s", "timeout: 2s, cancel: true"), [""; 0]);
        assert_eq!(found("5s", "priority: critical"), [""; 0]);
    }
}
